/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slow road beside simdjson: a plain scanner that runs only when a text was refused, finds the
 * place and says what was expected there, or rewrites the text.
 */
#include "format/json.h"

#include "base/buf.h"
#include "base/mem.h"
#include "format/json_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct scan {
    const unsigned char *start;
    const unsigned char *p;
    const unsigned char *end;
    const char *expected; /* set with p at the place that is wrong */
};

static bool wrong(struct scan *s, const char *expected)
{
    s->expected = expected;
    return false;
}

/* Bytes of the valid UTF-8 sequence at p, 0 when there is none. */
static size_t sequence(const unsigned char *p, const unsigned char *end)
{
    size_t left = (size_t)(end - p);
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool beyond = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
    return overlong || beyond ? 0 : n;
}

static void blanks(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
        s->p++;
}

static bool digit(const struct scan *s)
{
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

/* Four hexadecimal digits at p + at. */
static bool hex4(const struct scan *s, size_t at, unsigned *out)
{
    unsigned value = 0;
    if ((size_t)(s->end - s->p) < at + 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        unsigned char c = s->p[at + i];
        unsigned d = c >= '0' && c <= '9'   ? c - (unsigned)'0'
                     : c >= 'a' && c <= 'f' ? c - 'a' + 10U
                     : c >= 'A' && c <= 'F' ? c - 'A' + 10U
                                            : 16U;
        if (d == 16)
            return false;
        value = value << 4 | d;
    }
    *out = value;
    return true;
}

/* At a backslash. */
static bool escape(struct scan *s)
{
    unsigned code;
    if (s->end - s->p < 2)
        return wrong(s, "a string must end with a double quote");
    if (s->p[1] != 'u') {
        if (s->p[1] == 0 || strchr("\"\\/bfnrt", s->p[1]) == NULL)
            return wrong(s, "after a backslash one of \" \\ / b f n r t u is expected");
        s->p += 2;
        return true;
    }
    if (!hex4(s, 2, &code))
        return wrong(s, "after \\u four hexadecimal digits are expected");
    if (code >= 0xdc00 && code <= 0xdfff)
        return wrong(s, "this is the second half of a surrogate pair without its first half");
    if (code < 0xd800 || code > 0xdfff) {
        s->p += 6;
        return true;
    }
    unsigned low;
    if (s->end - s->p < 12 || s->p[6] != '\\' || s->p[7] != 'u' || !hex4(s, 8, &low) ||
        low < 0xdc00 || low > 0xdfff)
        return wrong(s, "this half of a surrogate pair wants its second half after it");
    s->p += 12;
    return true;
}

static bool string(struct scan *s)
{
    const unsigned char *from = s->p++;
    while (s->p < s->end && *s->p != '"') {
        if (*s->p == '\\') {
            if (!escape(s))
                return false;
        } else if (*s->p < 0x20) {
            return wrong(s, "a control character in a string must be escaped");
        } else {
            size_t n = sequence(s->p, s->end);
            if (n == 0)
                return wrong(s, "this byte is no UTF-8");
            s->p += n;
        }
    }
    if (s->p == s->end) {
        s->p = from;
        return wrong(s, "the string that begins here has no closing double quote");
    }
    s->p++;
    return true;
}

static bool number(struct scan *s)
{
    const unsigned char *from = s->p;
    if (*s->p == '-')
        s->p++;
    if (!digit(s))
        return wrong(s, "a number needs a digit here");
    bool zero = *s->p++ == '0';
    if (zero && digit(s))
        return wrong(s, "a number must not begin with 0");
    while (digit(s))
        s->p++;
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if (!digit(s))
            return wrong(s, "a digit is expected after the decimal point");
        while (digit(s))
            s->p++;
    }
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
            s->p++;
        if (!digit(s))
            return wrong(s, "a digit is expected in the exponent");
        while (digit(s))
            s->p++;
    }
    /* strtod() wants a terminator; a number of some hundred digits is settled by its head. */
    char head[400];
    size_t n = (size_t)(s->p - from);
    if (n < sizeof(head)) {
        memcpy(head, from, n);
        head[n] = '\0';
        if (isinf(strtod(head, NULL))) {
            s->p = from;
            return wrong(s, "this number is too large");
        }
    }
    return true;
}

static bool word(struct scan *s, const char *w)
{
    size_t n = strlen(w);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, w, n) != 0)
        return wrong(s, "a value is expected: an object, array, string, number, true, false, null");
    s->p += n;
    return true;
}

static bool value(struct scan *s, unsigned depth);

static bool members(struct scan *s, unsigned depth, unsigned char close)
{
    s->p++;
    blanks(s);
    if (s->p < s->end && *s->p == close) {
        s->p++;
        return true;
    }
    if (depth == FORMAT_JSON_DEPTH)
        return wrong(s, "brackets may be nested 64 deep");
    for (;;) {
        if (close == '}') {
            blanks(s);
            if (s->p == s->end || *s->p != '"')
                return wrong(s, "a key in double quotes is expected");
            if (!string(s))
                return false;
            blanks(s);
            if (s->p == s->end || *s->p != ':')
                return wrong(s, "a colon is expected after the key");
            s->p++;
        }
        if (!value(s, depth + 1))
            return false;
        blanks(s);
        if (s->p < s->end && *s->p == close) {
            s->p++;
            return true;
        }
        if (s->p == s->end || *s->p != ',')
            return wrong(s, close == '}' ? "a comma or } is expected" : "a comma or ] is expected");
        s->p++;
    }
}

/* Recursion is bounded by the depth that is taken. */
static bool value(struct scan *s, unsigned depth)
{
    blanks(s);
    if (s->p == s->end)
        return wrong(s, "a value is expected, and the text ends here");
    switch (*s->p) {
    case '{':
        return members(s, depth, '}');
    case '[':
        return members(s, depth, ']');
    case '"':
        return string(s);
    case 't':
        return word(s, "true");
    case 'f':
        return word(s, "false");
    case 'n':
        return word(s, "null");
    default:
        if (*s->p == '-' || digit(s))
            return number(s);
        return word(s, "null");
    }
}

bool format_json_where(const char *text, size_t n, struct format_json_bad *out)
{
    struct scan s = {.start = (const unsigned char *)text};
    s.p = s.start;
    s.end = s.start + n;
    bool fine = value(&s, 0);
    if (fine) {
        blanks(&s);
        fine = s.p == s.end || wrong(&s, "nothing more is expected after the document");
    }
    if (!fine)
        *out = (struct format_json_bad){(size_t)(s.p - s.start), s.expected};
    return !fine;
}

static char *padded(struct buf *b, size_t *out_n)
{
    char *pad = buf_reserve(b, FORMAT_JSON_PADDING);
    if (pad != NULL)
        memset(pad, 0, FORMAT_JSON_PADDING);
    return buf_take(b, out_n);
}

/* Whether these digits, after that sign, are too many for 64 bits as simdjson reads them. */
static bool too_wide(const char *digits, size_t n, bool negative)
{
    unsigned __int128 value = 0;
    if (n > 20)
        return true;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (unsigned)(digits[i] - '0');
    return value > (negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX);
}

char *format_json_widen(const char *text, size_t n, size_t *out_n)
{
    struct buf b;
    buf_init(&b);
    bool quoted = false;
    for (size_t i = 0; i < n;) {
        char c = text[i];
        if (quoted && c == '\\' && i + 1 < n) {
            buf_add(&b, text + i, 2);
            i += 2;
            continue;
        }
        if (c == '"')
            quoted = !quoted;
        if (quoted || c < '0' || c > '9') {
            buf_char(&b, c);
            i++;
            continue;
        }
        size_t end = i;
        while (end < n && text[end] >= '0' && text[end] <= '9')
            end++;
        buf_add(&b, text + i, end - i);
        bool part = i > 0 && strchr("+.eE", text[i - 1]) != NULL && text[i - 1] != '\0';
        bool negative = i > 0 && text[i - 1] == '-';
        bool more = end < n && (text[end] == '.' || text[end] == 'e' || text[end] == 'E');
        if (!part && !more && too_wide(text + i, end - i, negative))
            buf_add(&b, ".0", 2);
        i = end;
    }
    return padded(&b, out_n);
}

char *format_json_repair(const char *text, size_t n, size_t *out_n, size_t *out_repaired)
{
    const unsigned char *p = (const unsigned char *)text;
    const unsigned char *end = p + n;
    struct buf b;
    buf_init(&b);
    size_t repaired = 0;
    bool quoted = false;
    while (p < end) {
        size_t len = sequence(p, end);
        if (len == 0) {
            buf_format(&b, "\\\\x%02x", (unsigned)*p++);
            repaired++;
        } else if (quoted && *p < 0x20) {
            buf_format(&b, "\\u%04x", (unsigned)*p++);
            repaired++;
        } else if (quoted && *p == '\\' && end - p > 1 && p[1] < 0x80) {
            buf_add(&b, p, 2);
            p += 2;
        } else {
            if (*p == '"')
                quoted = !quoted;
            buf_add(&b, p, len);
            p += len;
        }
    }
    char *out = padded(&b, out_n);
    if (out != NULL)
        *out_repaired = repaired;
    return out;
}

void format_json_drop(char *text)
{
    mem_free(text);
}
