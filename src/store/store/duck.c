/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include "store/duck.h"

#include "store/store.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void store_library_path(char out[STORE_LIBRARY_PATH_SIZE])
{
    static const char beside[] = "/lib/weir/libduckdb.so";
    char exe[STORE_LIBRARY_PATH_SIZE - sizeof(beside)];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    exe[n > 0 ? n : 0] = '\0';
    /* The program's name goes, then that of its folder. */
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(exe, '/');
        if (slash != NULL)
            *slash = '\0';
    }
    snprintf(out, STORE_LIBRARY_PATH_SIZE, "%s%s", exe, beside);
    if (n <= 0 || access(out, R_OK) != 0)
        snprintf(out, STORE_LIBRARY_PATH_SIZE, "%s", WEIR_DUCKDB_LIBRARY);
}

enum err store_duck_load(struct store_duck *out, struct err_text *why)
{
    static const struct {
        const char *symbol;
        size_t offset;
    } table[] = {
#define X(name) {"duckdb_" #name, offsetof(struct store_duck, name)},
        STORE_DUCK_FUNCTIONS(X)
#undef X
    };
    char own[STORE_LIBRARY_PATH_SIZE];
    store_library_path(own);
    const char *const places[] = {own, "libduckdb.so"};
    void *library = NULL;
    for (size_t i = 0; library == NULL && i < sizeof(places) / sizeof(places[0]); i++)
        library = dlopen(places[i], RTLD_NOW | RTLD_GLOBAL);
    if (library == NULL)
        return err_set(why, ERR_UNSUPPORTED,
                       "sealed events need DuckDB's library, which was found neither at %s nor "
                       "among the system's libraries: run tools/setup, or install libduckdb",
                       places[0]);
    struct store_duck duck;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        void *symbol = dlsym(library, table[i].symbol);
        if (symbol == NULL) {
            dlclose(library);
            return err_set(why, ERR_UNSUPPORTED,
                           "the DuckDB library found lacks %s; version 1.4 or later is needed",
                           table[i].symbol);
        }
        /* Data and function pointers have one representation where dlsym() exists. */
        memcpy((char *)&duck + table[i].offset, &symbol, sizeof(symbol));
    }
    *out = duck;
    return ERR_NONE;
}

typedef void *(*extra_fn)(void *info);

/* Looked up at each call: a callback is called once a statement or once 2,048 rows. */
static void *extra(const char *symbol, void *info)
{
    extra_fn fn = NULL;
    void *found = dlsym(RTLD_DEFAULT, symbol);
    memcpy(&fn, &found, sizeof(fn));
    return fn != NULL ? fn(info) : NULL;
}

void *store_duck_bind_extra(duckdb_bind_info info)
{
    return extra("duckdb_bind_get_extra_info", info);
}

void *store_duck_function_extra(duckdb_function_info info)
{
    return extra("duckdb_function_get_extra_info", info);
}

void *store_duck_scalar_extra(duckdb_function_info info)
{
    return extra("duckdb_scalar_function_get_extra_info", info);
}
