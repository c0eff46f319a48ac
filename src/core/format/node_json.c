/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree from JSON: values come from the tape, places from a walk over the text beside it, since
 * both hold the same tokens in the same order.
 */
#include "format/json.h"
#include "format/node.h"
#include "format/node_priv.h"

#include <string.h>

struct reader {
    struct format_json_tape tape;
    struct format_tree *tree;
    struct err_text *why;
    const char *p; /* the text, up to where places are known */
    const char *end;
    unsigned line;
    const char *line_start;
};

/* To the next token that is a key, a value or an opening bracket. */
static void seek(struct reader *r)
{
    for (; r->p < r->end; r->p++) {
        if (*r->p == '\n') {
            r->line++;
            r->line_start = r->p + 1;
        } else if (strchr(" \t\r,:]}", *r->p) == NULL) {
            return;
        }
    }
}

/* Past the key, string, number or word where seek() stopped; no line ends within. */
static void pass(struct reader *r)
{
    if (*r->p == '"') {
        for (r->p++; r->p < r->end && *r->p != '"'; r->p++) {
            if (*r->p == '\\')
                r->p++;
        }
        r->p++;
        return;
    }
    while (r->p < r->end && strchr(" \t\r\n,:]}", *r->p) == NULL)
        r->p++;
}

static enum err read_value(struct reader *r, struct format_node *parent, const char *key,
                           size_t key_len, uint32_t at)
{
    enum format_type type = format_json_type(&r->tape, at);
    struct format_node *v;
    seek(r);
    enum err code = format_tree_add(r->tree, parent, type, key, key_len, &v);
    if (code != ERR_NONE)
        return code;
    v->line = r->line;
    v->column = (unsigned)(r->p - r->line_start) + 1;
    if (type == FORMAT_OBJECT || type == FORMAT_ARRAY) {
        r->p++;
        uint32_t end = format_json_end(&r->tape, at);
        for (uint32_t i = at + 1; i < end && code == ERR_NONE;) {
            const char *name = NULL;
            size_t n = 0;
            if (type == FORMAT_OBJECT) {
                name = format_json_str(&r->tape, i++, &n);
                seek(r);
                pass(r);
            }
            code = read_value(r, v, name, n, i);
            i = format_json_next(&r->tape, i);
        }
        return code == ERR_NONE ? format_tree_close(v, r->why) : code;
    }
    pass(r);
    switch (type) {
    case FORMAT_STRING: {
        size_t n;
        const char *s = format_json_str(&r->tape, at, &n);
        return format_tree_set_str(v, s, n);
    }
    case FORMAT_INT:
        v->as.i = format_json_i64(&r->tape, at);
        break;
    case FORMAT_FLOAT:
        v->as.f = format_json_f64(&r->tape, at);
        break;
    case FORMAT_BOOL:
        v->as.b = format_json_bool(&r->tape, at);
        break;
    default:
        break;
    }
    return ERR_NONE;
}

static enum err tell(const char *text, size_t n, const char *file,
                     const struct format_json_bad *bad, struct err_text *why)
{
    unsigned line = 1;
    size_t start = 0;
    size_t to = bad->offset < n ? bad->offset : n;
    for (size_t i = 0; i < to; i++) {
        if (text[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    err_set_at(why, ERR_FORMAT, file, line, "this is no JSON: %s", bad->expected);
    if (why != NULL)
        why->column = (unsigned)(bad->offset - start) + 1;
    return ERR_FORMAT;
}

static enum err parse(struct format_json *parser, const char *text, size_t n, const char *file,
                      struct format_node **out, struct err_text *why)
{
    struct format_json_bad bad;
    enum err code = format_json_parse(parser, text, n, &bad);
    if (code == ERR_FORMAT)
        return tell(text, n, file, &bad, why);
    if (code != ERR_NONE)
        return err_set_at(why, code, file, 0, "this document cannot be read: %s", err_name(code));
    struct reader r = {.why = why, .p = text, .end = text + n, .line = 1, .line_start = text};
    format_json_view(parser, &r.tape);
    r.tree = format_tree_new(file);
    if (r.tree == NULL)
        return err_set_at(why, ERR_MEMORY, file, 0, "no memory is left to read this document");
    code = read_value(&r, NULL, NULL, 0, FORMAT_JSON_ROOT);
    if (code == ERR_LIMIT)
        err_set_at(why, code, file, r.line, "a document may hold at most 4 million values");
    else if (code == ERR_MEMORY)
        err_set_at(why, code, file, 0, "no memory is left to read this document");
    if (code != ERR_NONE) {
        format_tree_free(r.tree);
        return code;
    }
    *out = format_tree_root(r.tree);
    return ERR_NONE;
}

enum err format_node_json(const char *text, size_t n, const char *file, struct format_node **out,
                          struct err_text *why)
{
    if (file == NULL)
        file = "";
    if (n > FORMAT_NODE_MAX_TEXT)
        return err_set_at(why, ERR_LIMIT, file, 0, "a document may hold at most 64 MiB");
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        n -= 3;
    }
    struct format_json *parser = format_json_new();
    if (parser == NULL)
        return err_set_at(why, ERR_MEMORY, file, 0, "no memory is left to read this document");
    enum err code = parse(parser, text, n, file, out, why);
    format_json_free(parser);
    return code;
}
