/* SPDX-License-Identifier: Apache-2.0 */
#include "find/name.h"

#include "base/arena.h"
#include "base/buf.h"
#include "find/date.h"
#include "query/datemath.h"
#include "query/zone.h"

#include <string.h>

#define USUAL_FORMAT "yyyy.MM.dd"
#define PART_MOST 200 /* bytes of a date's parts */

/* What stands between the braces of a date. */
struct date {
    const char *math;
    size_t math_n;
    const char *format; /* NULL: the usual one */
    size_t format_n;
    const char *zone; /* NULL: UTC */
    size_t zone_n;
};

static enum err wrong(const char *name, size_t n, const char *what, struct err_text *why)
{
    return err_set(why, ERR_INVALID, "invalid date in the index name [%.*s]: %s",
                   n < 100 ? (int)n : 100, name, what);
}

/* From behind the first brace to before the last: math, and in braces of its own format|zone. */
static bool cut(const char *s, size_t n, struct date *out)
{
    const char *open = memchr(s, '{', n);
    *out = (struct date){.math = s, .math_n = open != NULL ? (size_t)(open - s) : n};
    if (open == NULL)
        return memchr(s, '}', n) == NULL;
    const char *format = open + 1, *end = s + n - 1;
    if (format >= end || *end != '}')
        return false;
    const char *bar = memchr(format, '|', (size_t)(end - format));
    out->format = format;
    out->format_n = (size_t)((bar != NULL ? bar : end) - format);
    if (bar != NULL) {
        out->zone = bar + 1;
        out->zone_n = (size_t)(end - out->zone);
    }
    return out->format_n > 0 && memchr(format, '{', (size_t)(end - format)) == NULL &&
           memchr(format, '}', (size_t)(end - format)) == NULL;
}

static enum err write_date(const char *name, size_t n, const struct date *d, ts_ns now,
                           struct arena *arena, struct buf *out, struct err_text *why)
{
    struct query_zone zone = {0};
    struct datemath_span span;
    const char *format = USUAL_FORMAT;
    if (d->format_n > PART_MOST || d->zone_n > PART_MOST || d->math_n > PART_MOST)
        return wrong(name, n, "a part of it is too long", why);
    enum err err =
        d->zone != NULL ? query_zone_load(d->zone, d->zone_n, arena, &zone, why) : ERR_NONE;
    if (err == ERR_NONE && d->format != NULL) {
        format = arena_strndup(arena, d->format, d->format_n);
        err = format != NULL ? find_date_check(format, why) : ERR_MEMORY;
    }
    const struct datemath_options options = {.now = now, .zone = &zone};
    if (err == ERR_NONE)
        err = query_datemath_parse(d->math, d->math_n, &options, &span, why);
    if (err == ERR_NONE)
        find_date_write(format, &zone, span.from, out);
    return err == ERR_UNSUPPORTED ? ERR_INVALID : err;
}

/* Where the brace that stands at s is closed; NULL: nowhere. */
static const char *closing(const char *s, const char *end)
{
    int depth = 0;
    for (; s < end; s++) {
        depth += *s == '{';
        depth -= *s == '}';
        if (depth == 0)
            return s;
    }
    return NULL;
}

/* One name, with its < and >. */
static enum err resolve_one(const char *name, size_t n, ts_ns now, struct arena *arena,
                            struct buf *out, struct err_text *why)
{
    const char *end = name + n - 1;
    enum err err = ERR_NONE;
    if (n < 3 || *end != '>')
        return wrong(name, n, "it must end with >", why);
    for (const char *s = name + 1; err == ERR_NONE && s < end; s++) {
        struct date d;
        if (*s == '\\' && s + 1 < end) {
            buf_char(out, *++s);
            continue;
        }
        if (*s == '}')
            return wrong(name, n, "a } closes no {", why);
        if (*s != '{') {
            buf_char(out, *s);
            continue;
        }
        const char *close = closing(s, end);
        if (close == NULL)
            return wrong(name, n, "a { is not closed", why);
        if (!cut(s + 1, (size_t)(close - s) - 1, &d) || d.math_n == 0)
            return wrong(name, n, "expected {now/d} or {now/d{yyyy.MM.dd|+01:00}}", why);
        err = write_date(name, n, &d, now, arena, out, why);
        s = close;
    }
    return err;
}

enum err find_name_resolve(const char *names, size_t n, ts_ns now, struct arena *arena,
                           const char **out, size_t *out_n, struct err_text *why)
{
    struct buf text;
    enum err err = ERR_NONE;
    if (n == 0 || memchr(names, '<', n) == NULL) {
        *out = names;
        *out_n = n;
        return ERR_NONE;
    }
    buf_init(&text);
    for (size_t at = 0; err == ERR_NONE && at <= n;) {
        const char *s = names + at;
        const char *comma = memchr(s, ',', n - at);
        size_t len = comma != NULL ? (size_t)(comma - s) : n - at;
        size_t minus = len > 1 && s[0] == '-' && s[1] == '<';
        if (at > 0)
            buf_char(&text, ',');
        buf_add(&text, s, minus);
        if (len > minus && s[minus] == '<')
            err = resolve_one(s + minus, len - minus, now, arena, &text, why);
        else
            buf_add(&text, s + minus, len - minus);
        at += len + 1;
    }
    const char *copy = NULL;
    if (err == ERR_NONE && buf_ok(&text))
        copy = arena_strndup(arena, buf_text(&text), text.n);
    if (err == ERR_NONE && copy != NULL) {
        *out = copy;
        *out_n = text.n;
    } else if (err == ERR_NONE || err == ERR_MEMORY) {
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    buf_release(&text);
    return err;
}
