#ifndef DETECT_READ_PRIV_H
#define DETECT_READ_PRIV_H

/*
 * What reading a job and reading a datafeed share: typed members of an object, with a sentence for
 * a person when one is of the wrong kind, and notes on the keys nobody asked for.
 *
 * Ownership: strings and lists written out are the caller's.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct format_node;

struct detect_notes {
    char ***list;
    size_t *n;
};

/* Members; a missing or null one leaves *out as it was. */
enum err detect_read_str(const struct format_node *obj, const char *key, char **out,
                         struct err_text *why) ERR_MUST_CHECK;
enum err detect_read_bool(const struct format_node *obj, const char *key, bool *out,
                          struct err_text *why) ERR_MUST_CHECK;
enum err detect_read_int(const struct format_node *obj, const char *key, int64_t least,
                         int64_t most, int64_t *out, struct err_text *why) ERR_MUST_CHECK;
/* "15m"; least and most in nanoseconds. */
enum err detect_read_span(const struct format_node *obj, const char *key, ts_ns least, ts_ns most,
                          ts_ns *out, struct err_text *why) ERR_MUST_CHECK;
/* A string, or a list of strings. */
enum err detect_read_strings(const struct format_node *obj, const char *key, size_t most,
                             char ***out, size_t *out_n, struct err_text *why) ERR_MUST_CHECK;
void detect_read_strings_free(char **list, size_t n);
/* Adds a copy. ERR_MEMORY. */
enum err detect_read_strings_add(char ***list, size_t *n, const char *text) ERR_MUST_CHECK;

/* The member must be an object (or missing: *out is NULL then). */
enum err detect_read_object(const struct format_node *obj, const char *key,
                            const struct format_node **out, struct err_text *why) ERR_MUST_CHECK;

enum err detect_read_note(const struct detect_notes *notes, const char *format, ...)
    __attribute__((format(printf, 2, 3))) ERR_MUST_CHECK;
/* Notes every member that was not asked for; what names the object: "analysis_config". */
enum err detect_read_unknown(const struct format_node *obj, const char *what,
                             const struct detect_notes *notes) ERR_MUST_CHECK;

/* Marks members that are known and have no effect here; notes nothing. */
void detect_read_ignore(const struct format_node *obj, const char *const *keys, size_t n);

typedef enum err (*detect_read_item_fn)(void *ctx, const struct format_node *item,
                                        struct err_text *why);
/*
 * Documents as APIs give and take them: one item, a list of at most so many, or {"items": [...]};
 * items is that key. Stops at the first that fn refuses.
 */
enum err detect_read_listed(const struct format_node *root, const char *items, size_t most,
                            const struct detect_notes *notes, detect_read_item_fn fn, void *ctx,
                            struct err_text *why) ERR_MUST_CHECK;

/* The node as compact JSON; NULL when memory is short. */
char *detect_read_json(const struct format_node *node);

#endif
