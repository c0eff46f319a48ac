#ifndef FORMAT_NODE_H
#define FORMAT_NODE_H

/*
 * What a person wrote, as a tree that remembers its lines: jobs, datafeeds, rules, manifests,
 * configuration and queries, from JSON or TOML.
 *
 * For documents of configuration size (at most 64 MiB); events go through format/json.h. Depth is
 * limited to 64, values to 4 million. A key given twice in one object is an error. Numbers keep
 * their exact integer where they have one. A UTF-8 byte order mark is skipped.
 *
 * Reading a document means asking for the keys that are known; format_node_unknown() then names
 * those that nobody asked for, so that none is swallowed.
 *
 * Ownership: format_node_free() on the root frees the tree; all else are views into it.
 * Threads:   one owner (asking for a key marks it as known).
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum format_type {
    FORMAT_NULL,
    FORMAT_BOOL,
    FORMAT_INT,   /* fits int64 */
    FORMAT_FLOAT, /* every other number */
    FORMAT_STRING,
    FORMAT_ARRAY,
    FORMAT_OBJECT,
};

struct format_node;

/* file is for messages only. Mistakes are ERR_FORMAT with line and column. */
enum err format_node_json(const char *text, size_t n, const char *file, struct format_node **out,
                          struct err_text *why) ERR_MUST_CHECK;
enum err format_node_toml(const char *text, size_t n, const char *file, struct format_node **out,
                          struct err_text *why) ERR_MUST_CHECK;
/* By the name's ending: .toml, else JSON. ERR_NOT_FOUND, ERR_IO, ERR_LIMIT, ERR_FORMAT. */
enum err format_node_file(const char *path, struct format_node **out,
                          struct err_text *why) ERR_MUST_CHECK;
void format_node_free(struct format_node *root); /* NULL is fine */

/* All take NULL: the type is then FORMAT_NULL, the rest empty. */
enum format_type format_node_type(const struct format_node *v);
unsigned format_node_line(const struct format_node *v);         /* 1-based; 0 when not known */
unsigned format_node_column(const struct format_node *v);       /* 1-based, in bytes */
const char *format_node_file_name(const struct format_node *v); /* as given at parse; "" at worst */
const char *format_node_key(const struct format_node *v);       /* its key in its object, or NULL */
size_t format_node_key_len(const struct format_node *v);

/* Of an object or array: how many members; the i-th in the order written. */
size_t format_node_count(const struct format_node *v);
struct format_node *format_node_at(const struct format_node *v, size_t i);
/* The member with that key, marked as known; NULL when it is missing (or v is no object). */
struct format_node *format_node_get(const struct format_node *v, const char *key);

/* The value, or the default when the node is NULL or of another type. */
const char *format_node_str(const struct format_node *v, const char *otherwise);
size_t format_node_str_len(const struct format_node *v);
int64_t format_node_int(const struct format_node *v, int64_t otherwise);
double format_node_num(const struct format_node *v, double otherwise); /* int or float */
bool format_node_bool(const struct format_node *v, bool otherwise);

/* First member of an object, in order, that format_node_get() was never asked for; NULL: none. */
const struct format_node *format_node_unknown(const struct format_node *object);
/* Marks this node and everything below as known (a free-form value that is kept as it is). */
void format_node_mark(const struct format_node *v);

/* Sets why to the node's place with a message; returns code. */
enum err format_node_err(const struct format_node *v, struct err_text *why, enum err code,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The tree as compact JSON, keys in the order written; NULL is null. */
struct buf;
void format_node_write(const struct format_node *v, struct buf *out);
/* The same as the next value of a document that is being written. */
struct format_writer;
void format_node_write_value(const struct format_node *v, struct format_writer *w);

#ifdef __cplusplus
}
#endif

#endif
