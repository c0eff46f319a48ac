#ifndef STORE_DUCK_H
#define STORE_DUCK_H

/*
 * DuckDB's C functions, looked up at run time: the program starts, and does all but sealing and
 * reading sealed events, without libduckdb. Only the query worker loads it.
 *
 * Ownership: store_duck_load() opens the library, which stays loaded.
 * Threads:   the table is constant once loaded.
 */

#include "base/err.h"

#include <duckdb.h>

#define STORE_DUCK_FUNCTIONS(X)                                                                    \
    X(library_version)                                                                             \
    X(create_config)                                                                               \
    X(set_config)                                                                                  \
    X(destroy_config)                                                                              \
    X(open_ext)                                                                                    \
    X(close)                                                                                       \
    X(connect)                                                                                     \
    X(disconnect)                                                                                  \
    X(free)                                                                                        \
    X(query)                                                                                       \
    X(destroy_result)                                                                              \
    X(result_error)                                                                                \
    X(result_error_type)                                                                           \
    X(extract_statements)                                                                          \
    X(extract_statements_error)                                                                    \
    X(destroy_extracted)                                                                           \
    X(prepare_extracted_statement)                                                                 \
    X(prepare)                                                                                     \
    X(prepare_error)                                                                               \
    X(prepared_statement_type)                                                                     \
    X(destroy_prepare)                                                                             \
    X(pending_prepared_streaming)                                                                  \
    X(pending_error)                                                                               \
    X(destroy_pending)                                                                             \
    X(execute_pending)                                                                             \
    X(fetch_chunk)                                                                                 \
    X(column_count)                                                                                \
    X(destroy_data_chunk)                                                                          \
    X(data_chunk_get_size)                                                                         \
    X(data_chunk_set_size)                                                                         \
    X(data_chunk_get_vector)                                                                       \
    X(data_chunk_get_column_count)                                                                 \
    X(vector_get_column_type)                                                                      \
    X(vector_get_data)                                                                             \
    X(vector_get_validity)                                                                         \
    X(vector_ensure_validity_writable)                                                             \
    X(vector_assign_string_element_len)                                                            \
    X(list_vector_get_child)                                                                       \
    X(list_vector_reserve)                                                                         \
    X(list_vector_set_size)                                                                        \
    X(list_vector_get_size)                                                                        \
    X(create_logical_type)                                                                         \
    X(create_list_type)                                                                            \
    X(list_type_child_type)                                                                        \
    X(get_type_id)                                                                                 \
    X(destroy_logical_type)                                                                        \
    X(create_scalar_function)                                                                      \
    X(scalar_function_set_name)                                                                    \
    X(scalar_function_add_parameter)                                                               \
    X(scalar_function_set_return_type)                                                             \
    X(scalar_function_set_special_handling)                                                        \
    X(scalar_function_set_extra_info)                                                              \
    X(scalar_function_set_function)                                                                \
    X(scalar_function_set_error)                                                                   \
    X(register_scalar_function)                                                                    \
    X(destroy_scalar_function)                                                                     \
    X(create_table_function)                                                                       \
    X(table_function_set_name)                                                                     \
    X(table_function_set_extra_info)                                                               \
    X(table_function_set_bind)                                                                     \
    X(table_function_set_init)                                                                     \
    X(table_function_set_function)                                                                 \
    X(register_table_function)                                                                     \
    X(destroy_table_function)                                                                      \
    X(bind_add_result_column)                                                                      \
    X(init_set_max_threads)                                                                        \
    X(function_set_error)

struct store_duck {
#define X(name) __typeof__(&duckdb_##name) name;
    STORE_DUCK_FUNCTIONS(X)
#undef X
};

/*
 * From the path the build found it at, else from where the system keeps libraries.
 * ERR_UNSUPPORTED: not there, or without a function that is needed; why says what to do.
 */
enum err store_duck_load(struct store_duck *out, struct err_text *why) ERR_MUST_CHECK;

/*
 * What a callback of DuckDB was registered with. They find the library by themselves, for a
 * callback has nothing else to begin with. NULL when it is not loaded.
 */
void *store_duck_bind_extra(duckdb_bind_info info);         /* of a table function */
void *store_duck_function_extra(duckdb_function_info info); /* of a table function */
void *store_duck_scalar_extra(duckdb_function_info info);   /* of a scalar function */

#endif
