/* SPDX-License-Identifier: Apache-2.0 */
#include "api/media.h"

#include "base/buf.h"
#include "format/json.h"
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
        "multipart/form-data",               /* uploaded files */
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

bool api_media_name_fits(const char *pattern, size_t pattern_n, const char *name, size_t n)
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
            if (api_media_name_fits(at.p, first, name, n)) {
                if (dot == NULL)
                    return true;
                put(out, dot + 1, at.n - first - 1);
            }
            break;
        }
    }
    return false;
}

/* Writes a scalar of the tape as it was. */
static void write_scalar(struct format_writer *w, const struct format_json_tape *t, uint32_t at)
{
    size_t n;
    switch (format_json_type(t, at)) {
    case FORMAT_STRING: {
        const char *s = format_json_str(t, at, &n);
        format_write_str_n(w, s, n);
        break;
    }
    case FORMAT_INT:
        format_write_i64(w, format_json_i64(t, at));
        break;
    case FORMAT_FLOAT:
        format_write_f64(w, format_json_f64(t, at));
        break;
    case FORMAT_BOOL:
        format_write_bool(w, format_json_bool(t, at));
        break;
    default:
        format_write_null(w);
        break;
    }
}

/*
 * Writes what is left of a value: all of it but for what leave names when all is set, else what
 * take names. False: nothing was, and what had been begun for it is taken back.
 */
static bool walk(struct format_writer *w, const struct format_json_tape *t, uint32_t at,
                 const struct paths *take, const struct paths *leave, bool all)
{
    enum format_type type = format_json_type(t, at);
    if (type != FORMAT_OBJECT && type != FORMAT_ARRAY) {
        if (all)
            write_scalar(w, t, at);
        return all;
    }
    bool object = type == FORMAT_OBJECT;
    uint32_t end = format_json_end(t, at);
    bool any = all && at + 1 == end;
    if (object)
        format_write_begin_object(w);
    else
        format_write_begin_array(w);
    for (uint32_t i = at + 1; i < end;) {
        uint32_t value = object ? i + 1 : i;
        struct format_writer before = *w;
        size_t bytes = w->out->n;
        struct paths take_below, leave_below;
        const struct paths *taken = take, *left = leave;
        bool whole = all, skip = false;
        if (object) {
            size_t n;
            const char *name = format_json_str(t, i, &n);
            skip = leave->n > 0 && below(leave, name, n, &leave_below);
            left = leave->n > 0 ? &leave_below : leave;
            if (!all) {
                whole = below(take, name, n, &take_below);
                taken = &take_below;
            }
            skip |= !whole && taken->n == 0;
            if (!skip)
                format_write_key_n(w, name, n);
        }
        i = format_json_next(t, value);
        if (!skip && walk(w, t, value, taken, left, whole)) {
            any = true;
        } else if (!skip) {
            *w = before;
            w->out->n = bytes;
        }
    }
    if (object)
        format_write_end_object(w);
    else
        format_write_end_array(w);
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

/* The whole document, of which an empty object may be all that is left. */
static enum err filter(const char *text, const struct buf *in, struct buf *out,
                       struct err_text *why)
{
    struct paths take = {.n = 0}, leave = {.n = 0};
    struct format_json *json = format_json_new();
    struct format_json_tape t;
    struct format_writer w;
    enum err err = json != NULL ? format_json_parse(json, buf_text(in), in->n, NULL) : ERR_MEMORY;
    if (err == ERR_NONE) {
        split(text, &take, &leave);
        format_json_view(json, &t);
        format_write_init(&w, out);
        walk(&w, &t, FORMAT_JSON_ROOT, &take, &leave, take.n == 0);
    }
    format_json_free(json);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "the answer cannot be filtered: %s", err_name(err));
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
    const char *paths = http_request_param(r, "filter_path");
    const char *pretty = http_request_param(r, "pretty");
    struct buf shaped;
    buf_init(&shaped);
    if (paths != NULL && paths[0] != '\0' && body->n > 0) {
        enum err err = filter(paths, body, &shaped, why);
        if (err != ERR_NONE) {
            buf_release(&shaped);
            return err;
        }
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
