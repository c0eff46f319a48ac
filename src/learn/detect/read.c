/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/mem.h"
#include "detect/read_priv.h"
#include "format/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool absent(const struct format_node *v)
{
    return v == NULL || format_node_type(v) == FORMAT_NULL;
}

enum err detect_read_str(const struct format_node *obj, const char *key, char **out,
                         struct err_text *why)
{
    const struct format_node *v = format_node_get(obj, key);
    if (absent(v))
        return ERR_NONE;
    if (format_node_type(v) != FORMAT_STRING)
        return format_node_err(v, why, ERR_INVALID, "%s must be a string", key);
    const char *text = format_node_str(v, "");
    if (strlen(text) != format_node_str_len(v))
        return format_node_err(v, why, ERR_INVALID, "%s must not hold a NUL", key);
    char *copy = mem_strdup(text);
    if (copy == NULL)
        return ERR_MEMORY;
    mem_free(*out);
    *out = copy;
    return ERR_NONE;
}

enum err detect_read_bool(const struct format_node *obj, const char *key, bool *out,
                          struct err_text *why)
{
    const struct format_node *v = format_node_get(obj, key);
    if (absent(v))
        return ERR_NONE;
    if (format_node_type(v) != FORMAT_BOOL)
        return format_node_err(v, why, ERR_INVALID, "%s must be true or false", key);
    *out = format_node_bool(v, false);
    return ERR_NONE;
}

enum err detect_read_int(const struct format_node *obj, const char *key, int64_t least,
                         int64_t most, int64_t *out, struct err_text *why)
{
    const struct format_node *v = format_node_get(obj, key);
    if (absent(v))
        return ERR_NONE;
    int64_t n = format_node_int(v, 0);
    if (format_node_type(v) != FORMAT_INT || n < least || n > most)
        return format_node_err(v, why, ERR_INVALID, "%s must be a whole number from %lld to %lld",
                               key, (long long)least, (long long)most);
    *out = n;
    return ERR_NONE;
}

enum err detect_read_span(const struct format_node *obj, const char *key, ts_ns least, ts_ns most,
                          ts_ns *out, struct err_text *why)
{
    const struct format_node *v = format_node_get(obj, key);
    if (absent(v))
        return ERR_NONE;
    ts_ns span = 0;
    char low[TIME_TEXT_SIZE];
    char high[TIME_TEXT_SIZE];
    bool ok = format_node_type(v) == FORMAT_STRING &&
              time_parse_span(format_node_str(v, ""), format_node_str_len(v), &span);
    /* A bare 0 needs no unit. */
    if (format_node_type(v) == FORMAT_INT && format_node_int(v, -1) == 0)
        ok = true;
    if (!ok || span < least || span > most) {
        time_format_span(least, low);
        time_format_span(most, high);
        return format_node_err(v, why, ERR_INVALID,
                               "%s must be a time such as \"15m\", from %s to %s", key, low, high);
    }
    *out = span;
    return ERR_NONE;
}

enum err detect_read_strings_add(char ***list, size_t *n, const char *text)
{
    char **grown = mem_resize(*list, *n + 1, sizeof(*grown));
    if (grown == NULL)
        return ERR_MEMORY;
    *list = grown;
    grown[*n] = mem_strdup(text);
    if (grown[*n] == NULL)
        return ERR_MEMORY;
    ++*n;
    return ERR_NONE;
}

void detect_read_strings_free(char **list, size_t n)
{
    for (size_t i = 0; list != NULL && i < n; i++)
        mem_free(list[i]);
    mem_free(list);
}

enum err detect_read_strings(const struct format_node *obj, const char *key, size_t most,
                             char ***out, size_t *out_n, struct err_text *why)
{
    const struct format_node *v = format_node_get(obj, key);
    if (absent(v))
        return ERR_NONE;
    bool single = format_node_type(v) == FORMAT_STRING;
    if (!single && format_node_type(v) != FORMAT_ARRAY)
        return format_node_err(v, why, ERR_INVALID, "%s must be a list of strings", key);
    size_t n = single ? 1 : format_node_count(v);
    if (n > most)
        return format_node_err(v, why, ERR_INVALID, "%s may hold at most %zu strings", key, most);
    char **list = mem_zero(n > 0 ? n : 1, sizeof(*list));
    if (list == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct format_node *item = single ? v : format_node_at(v, i);
        const char *text = format_node_str(item, NULL);
        if (text == NULL || strlen(text) != format_node_str_len(item)) {
            detect_read_strings_free(list, n);
            return format_node_err(item, why, ERR_INVALID, "%s must be a list of strings", key);
        }
        list[i] = mem_strdup(text);
        if (list[i] == NULL) {
            detect_read_strings_free(list, n);
            return ERR_MEMORY;
        }
    }
    detect_read_strings_free(*out, *out_n);
    *out = list;
    *out_n = n;
    return ERR_NONE;
}

enum err detect_read_object(const struct format_node *obj, const char *key,
                            const struct format_node **out, struct err_text *why)
{
    const struct format_node *v = format_node_get(obj, key);
    if (absent(v)) {
        *out = NULL;
        return ERR_NONE;
    }
    if (format_node_type(v) != FORMAT_OBJECT)
        return format_node_err(v, why, ERR_INVALID, "%s must be an object", key);
    *out = v;
    return ERR_NONE;
}

enum err detect_read_note(const struct detect_notes *notes, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    char **list = mem_resize(*notes->list, *notes->n + 1, sizeof(*list));
    if (list == NULL)
        return ERR_MEMORY;
    *notes->list = list;
    list[*notes->n] = mem_strdup(text);
    if (list[*notes->n] == NULL)
        return ERR_MEMORY;
    (*notes->n)++;
    return ERR_NONE;
}

enum err detect_read_unknown(const struct format_node *obj, const char *what,
                             const struct detect_notes *notes)
{
    const struct format_node *v;
    while ((v = format_node_unknown(obj)) != NULL) {
        enum err e = detect_read_note(
            notes, "%s:%u: the key %.100s of %s is not known and has no effect",
            format_node_file_name(v), format_node_line(v), format_node_key(v), what);
        if (e != ERR_NONE)
            return e;
        format_node_mark(v);
    }
    return ERR_NONE;
}

void detect_read_ignore(const struct format_node *obj, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct format_node *v = format_node_get(obj, keys[i]);
        if (v != NULL)
            format_node_mark(v);
    }
}

enum err detect_read_listed(const struct format_node *root, const char *items, size_t most,
                            const struct detect_notes *notes, detect_read_item_fn fn, void *ctx,
                            struct err_text *why)
{
    const struct format_node *list = root;
    if (format_node_type(root) == FORMAT_OBJECT && format_node_get(root, items) != NULL) {
        static const char *const idle[] = {"count"};
        char what[64];
        list = format_node_get(root, items);
        if (format_node_type(list) != FORMAT_ARRAY)
            return format_node_err(list, why, ERR_INVALID, "%s must be a list of %s", items, items);
        detect_read_ignore(root, idle, 1);
        snprintf(what, sizeof(what), "the list of %s", items);
        enum err e = detect_read_unknown(root, what, notes);
        if (e != ERR_NONE)
            return e;
    }
    if (format_node_type(list) != FORMAT_ARRAY)
        return fn(ctx, list, why);
    if (format_node_count(list) > most)
        return format_node_err(list, why, ERR_INVALID, "a list may hold at most %zu %s", most,
                               items);
    for (size_t i = 0; i < format_node_count(list); i++) {
        enum err e = fn(ctx, format_node_at(list, i), why);
        if (e != ERR_NONE)
            return e;
    }
    return ERR_NONE;
}

char *detect_read_json(const struct format_node *node)
{
    struct buf b;
    buf_init(&b);
    format_node_write(node, &b);
    if (!buf_ok(&b)) {
        buf_release(&b);
        return NULL;
    }
    return buf_take(&b, NULL);
}
