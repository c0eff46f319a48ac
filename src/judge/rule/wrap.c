/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/wrap.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

static bool is_plain(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return false;
    if (c == 0x200e || c == 0x200f || c == 0x061c || c == 0xfeff)
        return false;
    return !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

/* The columns of the next character, as it is shown. */
static size_t next_columns(const char *s, size_t n, size_t *out_n)
{
    uint32_t c = utf8_next(s, n, out_n);
    return is_plain(c) ? utf8_columns(c) : 1;
}

size_t rule_wrap_columns(const char *s, size_t n)
{
    size_t columns = 0;
    size_t step;
    for (size_t i = 0; i < n; i += step)
        columns += next_columns(s + i, n - i, &step);
    return columns;
}

/* A beginning of a text: its bytes, its columns, and the same up to the last space in it. */
struct beginning {
    size_t n, columns;
    size_t words_n, words_columns; /* 0 when there is no space */
};

/* The longest one that takes at most room columns. */
static struct beginning longest(const char *s, size_t n, size_t room)
{
    struct beginning b = {0};
    while (b.n < n) {
        size_t step;
        size_t columns = next_columns(s + b.n, n - b.n, &step);
        if (s[b.n] == ' ') {
            b.words_n = b.n;
            b.words_columns = b.columns;
        }
        if (b.columns + columns > room)
            break;
        b.n += step;
        b.columns += columns;
    }
    return b;
}

size_t rule_wrap_cut(const char *s, size_t n, size_t room)
{
    struct beginning b = longest(s, n, room > 0 ? room - 1 : 0);
    return b.words_columns >= room / 2 ? b.words_n : b.n;
}

void rule_wrap_plain(const char *s, size_t n, struct buf *out)
{
    size_t step;
    for (size_t i = 0; i < n; i += step) {
        if (is_plain(utf8_next(s + i, n - i, &step)))
            buf_add(out, s + i, step);
        else
            buf_char(out, '?');
    }
}

static void new_line(size_t indent, struct buf *out)
{
    buf_char(out, '\n');
    for (size_t i = 0; i < indent; i++)
        buf_char(out, ' ');
}

void rule_wrap_flow(const char *s, size_t at, size_t indent, size_t width, struct buf *out)
{
    size_t n = strlen(s);
    while (n > 0) {
        size_t room = width > at ? width - at : 0;
        struct beginning b = longest(s, n, width == 0 ? SIZE_MAX : room);
        size_t take = b.n == n ? n : b.words_n;
        if (take == 0 && at <= indent) {
            /* A word that is longer than a line; however short that is, reading goes on. */
            size_t least;
            (void)utf8_next(s, n, &least);
            take = b.n > least ? b.n : least;
        }
        rule_wrap_plain(s, take, out);
        for (s += take, n -= take; n > 0 && *s == ' '; s++)
            n--;
        if (n > 0)
            new_line(indent, out);
        at = indent;
    }
}
