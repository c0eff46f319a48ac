/* SPDX-License-Identifier: Apache-2.0 */
#include "format/write.h"

#include "base/assert.h"

#include <math.h>
#include <string.h>

void format_write_init(struct format_writer *w, struct buf *out)
{
    *w = (struct format_writer){.out = out};
}

/* What comes before a value or a key: a comma, unless it is the first or follows its key. */
static void separate(struct format_writer *w)
{
    if (w->comma && !w->after_key && w->depth > 0)
        buf_char(w->out, ',');
    w->after_key = false;
    w->comma = true;
}

static void begin(struct format_writer *w, char c)
{
    separate(w);
    buf_char(w->out, c);
    w->depth++;
    w->comma = false;
}

static void end(struct format_writer *w, char c)
{
    ASSERT(w->depth > 0 && !w->after_key);
    w->depth--;
    buf_char(w->out, c);
    w->comma = true;
}

void format_write_begin_object(struct format_writer *w)
{
    begin(w, '{');
}

void format_write_end_object(struct format_writer *w)
{
    end(w, '}');
}

void format_write_begin_array(struct format_writer *w)
{
    begin(w, '[');
}

void format_write_end_array(struct format_writer *w)
{
    end(w, ']');
}

/* Which of eight bytes need escaping: below 0x20, '"' or '\'. Bit 7 of such a byte is set. */
static uint64_t wants_escape(uint64_t x)
{
    const uint64_t ones = 0x0101010101010101U;
    const uint64_t high = 0x8080808080808080U;
    uint64_t quote = x ^ (ones * '"');
    uint64_t slash = x ^ (ones * '\\');
    uint64_t low = (x - ones * 0x20) & ~x;
    return (low | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & high;
}

static char *escape(char *p, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    static const char names[] = "btn\0fr"; /* 0x08 to 0x0d */
    *p++ = '\\';
    if (c == '"' || c == '\\') {
        *p++ = (char)c;
    } else if (c >= 0x08 && c <= 0x0d && names[c - 0x08] != '\0') {
        *p++ = names[c - 0x08];
    } else {
        memcpy(p, "u00", 3);
        p[3] = digits[c >> 4];
        p[4] = digits[c & 15];
        p += 5;
    }
    return p;
}

static void put_string(struct buf *out, const char *s, size_t n)
{
    char *start = n <= (SIZE_MAX - 16) / 6 ? buf_reserve(out, 6 * n + 16) : NULL;
    if (start == NULL) {
        out->failed = true;
        return;
    }
    char *p = start;
    *p++ = '"';
    while (n >= 8) {
        uint64_t x;
        memcpy(&x, s, 8);
        if (wants_escape(x) != 0) {
            for (size_t i = 0; i < 8; i++) {
                unsigned char c = (unsigned char)s[i];
                if (c < 0x20 || c == '"' || c == '\\')
                    p = escape(p, c);
                else
                    *p++ = (char)c;
            }
        } else {
            memcpy(p, &x, 8);
            p += 8;
        }
        s += 8;
        n -= 8;
    }
    for (; n > 0; n--, s++) {
        unsigned char c = (unsigned char)*s;
        if (c < 0x20 || c == '"' || c == '\\')
            p = escape(p, c);
        else
            *p++ = (char)c;
    }
    *p++ = '"';
    *p = '\0'; /* a buffer's text is terminated at any time */
    out->n += (size_t)(p - start);
}

void format_write_key_n(struct format_writer *w, const char *key, size_t n)
{
    ASSERT(w->depth > 0 && !w->after_key);
    separate(w);
    put_string(w->out, key, n);
    buf_char(w->out, ':');
    w->after_key = true;
}

void format_write_key(struct format_writer *w, const char *key)
{
    format_write_key_n(w, key, strlen(key));
}

void format_write_str_n(struct format_writer *w, const char *s, size_t n)
{
    separate(w);
    put_string(w->out, s, n);
}

void format_write_str(struct format_writer *w, const char *s)
{
    if (s != NULL)
        format_write_str_n(w, s, strlen(s));
    else
        format_write_null(w);
}

void format_write_i64(struct format_writer *w, int64_t v)
{
    separate(w);
    buf_i64(w->out, v);
}

void format_write_u64(struct format_writer *w, uint64_t v)
{
    separate(w);
    buf_u64(w->out, v);
}

void format_write_f64(struct format_writer *w, double v)
{
    separate(w);
    if (isfinite(v))
        buf_f64(w->out, v);
    else
        buf_add(w->out, "null", 4);
}

void format_write_bool(struct format_writer *w, bool v)
{
    separate(w);
    buf_str(w->out, v ? "true" : "false");
}

void format_write_null(struct format_writer *w)
{
    separate(w);
    buf_add(w->out, "null", 4);
}

void format_write_time(struct format_writer *w, ts_ns t)
{
    char text[TIME_TEXT_SIZE];
    size_t n = time_format_iso(t, text);
    format_write_str_n(w, text, n);
}

void format_write_raw(struct format_writer *w, const char *json, size_t n)
{
    separate(w);
    buf_add(w->out, json, n);
}

void format_write_field_str(struct format_writer *w, const char *key, const char *s)
{
    format_write_key(w, key);
    format_write_str(w, s);
}

void format_write_field_i64(struct format_writer *w, const char *key, int64_t v)
{
    format_write_key(w, key);
    format_write_i64(w, v);
}

void format_write_field_f64(struct format_writer *w, const char *key, double v)
{
    format_write_key(w, key);
    format_write_f64(w, v);
}

void format_write_field_bool(struct format_writer *w, const char *key, bool v)
{
    format_write_key(w, key);
    format_write_bool(w, v);
}
