/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http_priv.h"

#include <string.h>

#define METHOD_MAX 24
#define LENGTH_MAX ((uint64_t)1 << 60)

static bool is_method_char(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

size_t proto_http_skip_blank(struct bytes b)
{
    size_t n = 0;
    while (n < b.n && (b.p[n] == '\r' || b.p[n] == '\n' || b.p[n] == ' ' || b.p[n] == '\t'))
        n++;
    return n;
}

enum http_guess proto_http_guess(struct bytes b)
{
    static const char version[] = "HTTP/1.";
    size_t n = b.n < sizeof(version) - 1 ? b.n : sizeof(version) - 1;
    if (n > 0 && memcmp(b.p, version, n) == 0)
        return n == sizeof(version) - 1 ? HTTP_GUESS_RESPONSE : HTTP_GUESS_MORE;
    for (size_t i = 0; i < b.n && i <= METHOD_MAX; i++) {
        if (b.p[i] == ' ')
            return i >= 3 && !(i == 3 && memcmp(b.p, "PRI", 3) == 0) ? HTTP_GUESS_REQUEST
                                                                     : HTTP_GUESS_NO;
        if (!is_method_char(b.p[i]))
            return HTTP_GUESS_NO;
    }
    return b.n <= METHOD_MAX ? HTTP_GUESS_MORE : HTTP_GUESS_NO;
}

static struct bytes trim(struct bytes b)
{
    while (b.n > 0 && (b.p[0] == ' ' || b.p[0] == '\t')) {
        b.p++;
        b.n--;
    }
    while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t' || b.p[b.n - 1] == '\r'))
        b.n--;
    return b;
}

/* The next line without its end; the cursor moves past it. */
static struct bytes take_line(struct cursor *c)
{
    const uint8_t *end = c->left > 0 ? memchr(c->p, '\n', c->left) : NULL;
    if (end == NULL)
        return cursor_take(c, c->left);
    struct bytes line = cursor_take(c, (size_t)(end - c->p));
    cursor_skip(c, 1);
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static bool read_version(struct bytes b, uint8_t *out_minor)
{
    if (b.n != 8 || memcmp(b.p, "HTTP/1.", 7) != 0 || b.p[7] < '0' || b.p[7] > '9')
        return false;
    *out_minor = (uint8_t)(b.p[7] - '0');
    return true;
}

static bool read_request_line(struct bytes line, struct proto_http_message *m)
{
    const uint8_t *blank = memchr(line.p, ' ', line.n);
    line = trim(line);
    if (blank == NULL || line.n < 9 || line.p[line.n - 9] != ' ' ||
        !read_version(bytes_make(line.p + line.n - 8, 8), &m->version_minor))
        return false;
    m->method = bytes_make(line.p, (size_t)(blank - line.p));
    size_t skipped = m->method.n + 1;
    if (skipped > line.n - 9) /* "GET HTTP/1.1": broken, and answered all the same */
        m->target = bytes_make(line.p + line.n - 9, 0);
    else
        m->target = trim(bytes_make(line.p + skipped, line.n - 9 - skipped));
    return true;
}

static bool read_status_line(struct bytes line, struct proto_http_message *m)
{
    if (line.n < 12 || !read_version(bytes_make(line.p, 8), &m->version_minor) || line.p[8] != ' ')
        return false;
    unsigned status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (line.p[i] < '0' || line.p[i] > '9')
            return false;
        status = status * 10 + (line.p[i] - '0');
    }
    if (status < 100 || (line.n > 12 && line.p[12] != ' '))
        return false;
    m->response = true;
    m->status = (uint16_t)status;
    m->reason = trim(bytes_make(line.p + 12, line.n - 12));
    return true;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool is_name(struct bytes name, const char *wanted)
{
    for (size_t i = 0; i < name.n; i++)
        if (lower(name.p[i]) != (uint8_t)wanted[i])
            return false;
    return wanted[name.n] == '\0';
}

static void read_content_length(struct bytes value, struct proto_http_message *m)
{
    uint64_t v = 0;
    /* Several equal lengths may be joined by commas (RFC 9112, 6.3): the first one speaks. */
    size_t i = 0;
    for (; i < value.n && value.p[i] >= '0' && value.p[i] <= '9'; i++) {
        v = v * 10 + (value.p[i] - '0');
        if (v > LENGTH_MAX)
            return;
    }
    if (i == 0 || m->has_content_length)
        return;
    m->has_content_length = true;
    m->content_length = v;
}

static void keep_first(struct bytes *to, struct bytes value)
{
    if (to->p == NULL)
        *to = value;
}

static void read_header(struct bytes line, struct proto_http_message *m)
{
    const uint8_t *colon = memchr(line.p, ':', line.n);
    if (colon == NULL)
        return;
    struct bytes name = trim(bytes_make(line.p, (size_t)(colon - line.p)));
    struct bytes value = trim(bytes_make(colon + 1, line.n - (size_t)(colon + 1 - line.p)));
    switch (name.n) {
    case 4:
        if (is_name(name, "host"))
            keep_first(&m->host, value);
        break;
    case 6:
        if (is_name(name, "server"))
            keep_first(&m->server, value);
        break;
    case 7:
        if (is_name(name, "referer"))
            keep_first(&m->referer, value);
        break;
    case 8:
        if (is_name(name, "location"))
            keep_first(&m->location, value);
        break;
    case 10:
        if (is_name(name, "user-agent"))
            keep_first(&m->user_agent, value);
        break;
    case 12:
        if (is_name(name, "content-type"))
            keep_first(&m->content_type, value);
        break;
    case 13:
        if (is_name(name, "authorization")) {
            const uint8_t *end = value.n > 0 ? memchr(value.p, ' ', value.n) : NULL;
            if (end != NULL) /* a bare value may be the secret itself */
                keep_first(&m->authorization_scheme, bytes_make(value.p, (size_t)(end - value.p)));
        }
        break;
    case 14:
        if (is_name(name, "content-length"))
            read_content_length(value, m);
        break;
    case 15:
        if (is_name(name, "x-forwarded-for"))
            keep_first(&m->x_forwarded_for, value);
        break;
    case 16:
        if (is_name(name, "content-encoding"))
            keep_first(&m->content_encoding, value);
        break;
    case 17:
        if (is_name(name, "transfer-encoding") && value.n >= 7 &&
            is_name(bytes_make(value.p + value.n - 7, 7), "chunked"))
            m->chunked = true;
        break;
    default:
        break;
    }
}

bool proto_http_read_head(struct bytes head, struct proto_http_message *m)
{
    struct cursor c = cursor_of(head);
    struct bytes line = take_line(&c);
    if (line.n == 0)
        return false;
    if (!read_status_line(line, m) && !read_request_line(line, m))
        return false;
    while (c.left > 0) {
        line = take_line(&c);
        if (line.n == 0)
            break;
        /* A line that begins with a blank goes on with the last header; nobody sends it any more.
         */
        if (line.p[0] != ' ' && line.p[0] != '\t')
            read_header(line, m);
    }
    return true;
}
