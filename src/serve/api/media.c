/* SPDX-License-Identifier: Apache-2.0 */
#include "api/media.h"

#include "base/buf.h"
#include "format/node.h"
#include "format/write.h"
#include "http/request.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define OWN_PREFIX "application/vnd.elasticsearch+"
#define PATHS_MAX 64

const char *api_media_type(const struct http_request *r, enum api_form form)
{
    const char *accept = http_request_header(r, "Accept");
    if (form == API_FORM_ELASTIC && accept != NULL && strstr(accept, OWN_PREFIX) != NULL)
        return strstr(accept, "compatible-with=9") != NULL ? OWN_PREFIX "json;compatible-with=9"
                                                           : OWN_PREFIX "json;compatible-with=8";
    return form == API_FORM_ELASTIC ? "application/json" : "application/json; charset=utf-8";
}

bool api_media_reads(const char *content_type)
{
    static const char *const known[] = {
        "application/json",
        "application/x-ndjson",
        "application/ndjson",
        OWN_PREFIX "json",
        OWN_PREFIX "x-ndjson",
        "text/plain",
        "application/x-www-form-urlencoded", /* what curl -d says when it is told nothing */
    };
    if (content_type == NULL || content_type[0] == '\0')
        return true;
    size_t n = strcspn(content_type, "; \t");
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i]) == n && strncasecmp(known[i], content_type, n) == 0)
            return true;
    return false;
}

/* The rest of a path of filter_path, from the name to be matched next. */
struct path {
    const char *p;
    size_t n;
};

struct paths {
    struct path item[PATHS_MAX];
    size_t n;
};

static bool name_fits(const char *pattern, size_t pattern_n, const char *name, size_t n)
{
    size_t star = SIZE_MAX, mark = 0, p = 0, i = 0;
    while (i < n) {
        if (p < pattern_n && pattern[p] == '*') {
            star = p++;
            mark = i;
        } else if (p < pattern_n && pattern[p] == name[i]) {
            p++;
            i++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            i = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern_n && pattern[p] == '*')
        p++;
    return p == pattern_n;
}

static void put(struct paths *to, const char *p, size_t n)
{
    for (size_t i = 0; i < to->n; i++)
        if (to->item[i].p == p && to->item[i].n == n)
            return;
    if (to->n < PATHS_MAX)
        to->item[to->n++] = (struct path){p, n};
}

/* What is left of the paths below a member of that name; true: all of it is meant. */
static bool below(const struct paths *from, const char *name, size_t n, struct paths *out)
{
    out->n = 0;
    for (size_t i = 0; i < from->n; i++) {
        struct path at = from->item[i];
        for (;;) {
            const char *dot = memchr(at.p, '.', at.n);
            size_t first = dot != NULL ? (size_t)(dot - at.p) : at.n;
            bool deep = first == 2 && memcmp(at.p, "**", 2) == 0;
            if (deep) {
                put(out, at.p, at.n); /* it may reach further down */
                if (dot == NULL)
                    return true;
                at = (struct path){dot + 1, at.n - first - 1}; /* or no further at all */
                continue;
            }
            if (name_fits(at.p, first, name, n)) {
                if (dot == NULL)
                    return true;
                put(out, dot + 1, at.n - first - 1);
            }
            break;
        }
    }
    return false;
}

/* Whether anything of the value is left; writes it when write is set. */
static bool walk(struct format_writer *w, const struct format_node *v, const struct paths *take,
                 const struct paths *leave, bool all, const char *key, bool write)
{
    enum format_type type = format_node_type(v);
    if (type != FORMAT_OBJECT && type != FORMAT_ARRAY) {
        if (all && write) {
            if (key != NULL)
                format_write_key(w, key);
            format_node_write_value(v, w);
        }
        return all;
    }
    bool any = all && format_node_count(v) == 0;
    if (write) {
        if (key != NULL)
            format_write_key(w, key);
        if (type == FORMAT_OBJECT)
            format_write_begin_object(w);
        else
            format_write_begin_array(w);
    }
    for (size_t i = 0; i < format_node_count(v); i++) {
        const struct format_node *m = format_node_at(v, i);
        struct paths take_below = *take, leave_below = *leave;
        bool whole = all;
        if (type == FORMAT_OBJECT) {
            const char *name = format_node_key(m);
            size_t n = format_node_key_len(m);
            if (below(leave, name, n, &leave_below))
                continue;
            whole = all || below(take, name, n, &take_below);
        }
        const char *name = type == FORMAT_OBJECT ? format_node_key(m) : NULL;
        if (!walk(w, m, &take_below, &leave_below, whole, name, false))
            continue;
        any = true;
        if (!write)
            return true;
        walk(w, m, &take_below, &leave_below, whole, name, true);
    }
    if (write) {
        if (type == FORMAT_OBJECT)
            format_write_end_object(w);
        else
            format_write_end_array(w);
    }
    return any;
}

static void split(const char *text, struct paths *take, struct paths *leave)
{
    while (*text != '\0') {
        size_t n = strcspn(text, ",");
        if (n > 1 && text[0] == '-')
            put(leave, text + 1, n - 1);
        else if (n > 0 && text[0] != '-')
            put(take, text, n);
        text += n + (text[n] == ',');
    }
}

/* Compact JSON with line breaks and two spaces a level. */
static void spread(const struct buf *in, struct buf *out)
{
    unsigned depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < in->n; i++) {
        char c = in->p[i];
        bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
        if (quoted) {
            buf_char(out, c);
            if (c == '\\' && i + 1 < in->n)
                buf_char(out, in->p[++i]);
            else if (c == '"')
                quoted = false;
            continue;
        }
        if (closes) {
            depth--;
            if (i > 0 && in->p[i - 1] != '{' && in->p[i - 1] != '[')
                buf_format(out, "\n%*s", (int)(2 * depth), "");
        }
        buf_char(out, c);
        quoted = c == '"';
        if (opens)
            depth++;
        bool empty = opens && i + 1 < in->n && (in->p[i + 1] == '}' || in->p[i + 1] == ']');
        if ((opens && !empty) || c == ',')
            buf_format(out, "\n%*s", (int)(2 * depth), "");
        else if (c == ':')
            buf_str(out, " ");
    }
    buf_str(out, "\n");
}

static void swap(struct buf *a, struct buf *b)
{
    struct buf t = *a;
    *a = *b;
    *b = t;
}

enum err api_media_shape(const struct http_request *r, struct buf *body, struct err_text *why)
{
    const char *filter = http_request_param(r, "filter_path");
    const char *pretty = http_request_param(r, "pretty");
    struct buf shaped;
    buf_init(&shaped);
    if (filter != NULL && filter[0] != '\0' && body->n > 0) {
        struct format_node *root;
        struct paths take = {.n = 0}, leave = {.n = 0};
        struct format_writer w;
        enum err err = format_node_json(buf_text(body), body->n, "answer", &root, why);
        if (err != ERR_NONE)
            return err;
        split(filter, &take, &leave);
        format_write_init(&w, &shaped);
        walk(&w, root, &take, &leave, take.n == 0, NULL, true);
        format_node_free(root);
        swap(body, &shaped);
        buf_clear(&shaped);
    }
    if (pretty != NULL && strcmp(pretty, "false") != 0 && body->n > 0) {
        spread(body, &shaped);
        swap(body, &shaped);
    }
    buf_release(&shaped);
    return buf_ok(body) ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}
