/* SPDX-License-Identifier: Apache-2.0 */
#include "http/text.h"

#include "base/utf8.h"

#include <string.h>
#include <strings.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* To out, which holds n + 1 bytes. False: an escape that is none, or no UTF-8 without NUL. */
static bool decode(const char *s, size_t n, bool plus, char *out, size_t *out_n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c == '%') {
            int high = i + 2 < n ? hex(s[i + 1]) : -1;
            int low = i + 2 < n ? hex(s[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        out[k++] = c;
    }
    out[k] = '\0';
    *out_n = k;
    return utf8_valid(out, k);
}

static bool has_control(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return true;
    return false;
}

/* Whether "." or ".." stands between slashes of either kind. */
static bool has_dots(const char *s)
{
    while (true) {
        size_t n = strcspn(s, "/\\");
        if ((n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
            return true;
        if (s[n] == '\0')
            return false;
        s += n + 1;
    }
}

static enum err refuse(const char *sentence, const char **out_sentence)
{
    *out_sentence = sentence;
    return ERR_INVALID;
}

static enum err read_path(struct arena *arena, const char *s, size_t n, struct http_path *out,
                          const char **out_sentence)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += s[i] == '/';
    if (count > HTTP_TEXT_SEGMENTS_MAX) {
        *out_sentence = "The path has more segments than the server reads.";
        return ERR_LIMIT;
    }
    const char **segments = arena_alloc(arena, count * sizeof(*segments));
    char *whole = arena_alloc(arena, n + 1);
    char *parts = arena_alloc(arena, n + 1);
    if (segments == NULL || whole == NULL || parts == NULL)
        return ERR_MEMORY;
    size_t at = 0;
    size_t k = 0;
    for (size_t i = 0; i < count; i++) {
        const char *from = s + at + 1; /* behind the slash */
        const char *end = memchr(from, '/', n - at - 1);
        size_t length = end != NULL ? (size_t)(end - from) : n - at - 1;
        size_t decoded;
        if (length == 0 && i + 1 < count)
            return refuse("The path has an empty segment.", out_sentence);
        if (!decode(from, length, false, parts, &decoded))
            return refuse("The path is not percent-encoded UTF-8.", out_sentence);
        if (has_control(parts, decoded))
            return refuse("The path has control characters.", out_sentence);
        if (has_dots(parts))
            return refuse("The path has a segment \".\" or \"..\".", out_sentence);
        whole[k++] = '/';
        memcpy(whole + k, parts, decoded);
        k += decoded;
        segments[i] = parts;
        parts += decoded + 1;
        at += length + 1;
    }
    whole[k] = '\0';
    *out = (struct http_path){whole, segments, count};
    return ERR_NONE;
}

static enum err read_params(struct arena *arena, const char *s, size_t n, struct http_params *out,
                            const char **out_sentence)
{
    size_t count = 0;
    struct cursor c = cursor_make(s, n);
    *out = (struct http_params){NULL, 0};
    if (n == 0)
        return ERR_NONE;
    for (size_t i = 0; i < n; i++)
        count += s[i] == '&';
    if (count >= HTTP_TEXT_PARAMS_MAX) {
        *out_sentence = "The query has more parameters than the server reads.";
        return ERR_LIMIT;
    }
    struct http_param *list = arena_alloc(arena, (count + 1) * sizeof(*list));
    char *text = arena_alloc(arena, n + 2);
    if (list == NULL || text == NULL)
        return ERR_MEMORY;
    size_t k = 0;
    while (c.left > 0) {
        const char *end = memchr(c.p, '&', c.left);
        struct bytes pair =
            cursor_take(&c, end != NULL ? (size_t)(end - (const char *)c.p) : c.left);
        if (end != NULL)
            cursor_skip(&c, 1);
        if (pair.n == 0)
            continue;
        const char *name = (const char *)pair.p;
        const char *equals = memchr(name, '=', pair.n);
        size_t name_n = equals != NULL ? (size_t)(equals - name) : pair.n;
        size_t decoded;
        list[k] = (struct http_param){text, ""};
        if (!decode(name, name_n, true, text, &decoded))
            return refuse("A parameter is not percent-encoded UTF-8.", out_sentence);
        text += decoded + 1;
        if (equals != NULL) {
            list[k].value = text;
            if (!decode(equals + 1, pair.n - name_n - 1, true, text, &decoded))
                return refuse("A parameter is not percent-encoded UTF-8.", out_sentence);
            text += decoded + 1;
        }
        k++;
    }
    *out = (struct http_params){list, k};
    return ERR_NONE;
}

enum err http_text_target(struct arena *arena, const char *s, size_t n, struct http_target *out,
                          const char **out_sentence)
{
    struct http_target target;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] <= 0x20 || s[i] == 0x7f || s[i] == '#')
            return refuse("The request's target has characters that must be escaped.",
                          out_sentence);
    /* With scheme and host, as to a proxy: servers must take that too. */
    size_t scheme = n > 7 && strncasecmp(s, "http://", 7) == 0    ? 7
                    : n > 8 && strncasecmp(s, "https://", 8) == 0 ? 8
                                                                  : 0;
    if (scheme != 0) {
        size_t host = scheme;
        while (host < n && s[host] != '/' && s[host] != '?')
            host++;
        s += host;
        n -= host;
    }
    if (n == 0 || s[0] != '/')
        return refuse("The request's target does not begin with a slash.", out_sentence);
    const char *mark = memchr(s, '?', n);
    size_t path_n = mark != NULL ? (size_t)(mark - s) : n;
    enum err rc = read_path(arena, s, path_n, &target.path, out_sentence);
    if (rc == ERR_NONE)
        rc = read_params(arena, mark != NULL ? mark + 1 : s, mark != NULL ? n - path_n - 1 : 0,
                         &target.params, out_sentence);
    if (rc == ERR_NONE)
        *out = target;
    return rc;
}

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t");
}

/* How long [s, end) is without blanks behind. */
static size_t trimmed(const char *s, size_t n)
{
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    return n;
}

bool http_text_cookie(const char *header, const char *name, struct bytes *out)
{
    size_t name_n = strlen(name);
    for (const char *at = header; *at != '\0';) {
        at = skip_blanks(at);
        size_t n = strcspn(at, ";");
        if (n > name_n && at[name_n] == '=' && memcmp(at, name, name_n) == 0) {
            const char *value = at + name_n + 1;
            *out = bytes_make(value, trimmed(value, n - name_n - 1));
            return true;
        }
        at += n + (at[n] == ';');
    }
    return false;
}

/* "0.5" and the like, in thousandths; 0 for what is none. */
static unsigned read_quality(const char *s, size_t n)
{
    unsigned value = 0;
    unsigned digit = 100;
    if (n == 0 || (s[0] != '0' && s[0] != '1') || (n > 1 && s[1] != '.'))
        return 0;
    if (s[0] == '1')
        return 1000;
    for (size_t i = 2; i < n && i < 5; i++, digit /= 10) {
        if (s[i] < '0' || s[i] > '9')
            return 0;
        value += (unsigned)(s[i] - '0') * digit;
    }
    return value;
}

/* The quality among the parameters ";q=0.5" of an element of a list. */
static unsigned quality_of(const char *s, size_t n)
{
    const char *end = s + n;
    while (s < end) {
        const char *next = memchr(s, ';', (size_t)(end - s));
        const char *stop = next != NULL ? next : end;
        s = skip_blanks(s);
        if (stop > s + 2 && (s[0] == 'q' || s[0] == 'Q') && s[1] == '=')
            return read_quality(s + 2, trimmed(s + 2, (size_t)(stop - s - 2)));
        s = stop + 1;
    }
    return 1000;
}

unsigned http_text_quality(const char *header, const char *coding)
{
    size_t coding_n = strlen(coding);
    unsigned any = 0;
    for (const char *at = header; *at != '\0';) {
        at = skip_blanks(at);
        size_t n = strcspn(at, ",");
        const char *semicolon = memchr(at, ';', n);
        size_t name_n = trimmed(at, semicolon != NULL ? (size_t)(semicolon - at) : n);
        unsigned q =
            semicolon != NULL ? quality_of(semicolon + 1, n - (size_t)(semicolon + 1 - at)) : 1000;
        if (name_n == coding_n && strncasecmp(at, coding, coding_n) == 0)
            return q;
        if (name_n == 1 && at[0] == '*')
            any = q;
        at += n + (at[n] == ',');
    }
    return any;
}

static const char *opaque_tag(const char *tag)
{
    return tag[0] == 'W' && tag[1] == '/' ? tag + 2 : tag;
}

bool http_text_tag_matches(const char *header, const char *tag)
{
    tag = opaque_tag(tag);
    size_t tag_n = strlen(tag);
    for (const char *at = header; *at != '\0';) {
        at = opaque_tag(skip_blanks(at));
        if (*at == '*')
            return true;
        /* Commas may stand between the quotes. */
        const char *quote = *at == '"' ? strchr(at + 1, '"') : NULL;
        size_t n = quote != NULL ? (size_t)(quote + 1 - at) : strcspn(at, ",");
        if (n == tag_n && memcmp(at, tag, n) == 0)
            return true;
        at += n;
        at += strcspn(at, ",");
        at += *at == ',';
    }
    return false;
}

bool http_text_is_token(const char *s)
{
    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++) {
        bool alpha = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');
        if (!alpha && !(*s >= '0' && *s <= '9') && strchr("!#$%&'*+-.^_`|~", *s) == NULL)
            return false;
    }
    return true;
}

bool http_text_is_value(const char *s)
{
    for (; *s != '\0'; s++)
        if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
            return false;
    return true;
}

bool http_text_length(const char *s, uint64_t *out)
{
    uint64_t v = 0;
    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++) {
        unsigned digit = (unsigned)(*s - '0');
        if (*s < '0' || *s > '9' || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

void http_text_escape(const char *s, size_t max, struct buf *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < max && s[i] != '\0'; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c > 0x20 && c < 0x7f && c != '\\') {
            buf_char(out, s[i]);
        } else {
            const char code[4] = {'\\', 'x', digits[c >> 4], digits[c & 15]};
            buf_add(out, code, sizeof(code));
        }
    }
}
