/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem, strcasestr */
#include "kibana/multipart.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HEAD_MAX 4096
#define BOUNDARY_MAX 70 /* RFC 2046 */

/* boundary=x or boundary="x" of a media type. */
static bool read_boundary(const char *type, char out[BOUNDARY_MAX + 5])
{
    const char *p = strcasestr(type, "boundary=");
    if (p == NULL)
        return false;
    p += strlen("boundary=");
    bool quoted = *p == '"';
    p += quoted;
    size_t n = strcspn(p, quoted ? "\"" : "; \t");
    if (n == 0 || n > BOUNDARY_MAX)
        return false;
    snprintf(out, BOUNDARY_MAX + 5, "--%.*s", (int)n, p);
    return true;
}

/* key="value" of the Content-Disposition in a head, into out; false when it is not there. */
static bool read_word(const char *head, const char *key, char *out, size_t size)
{
    const char *line = strcasestr(head, "content-disposition:");
    size_t n = strlen(key);
    if (line == NULL)
        return false;
    const char *end = line + strcspn(line, "\r\n");
    for (const char *p = line; (p = memmem(p, (size_t)(end - p), key, n)) != NULL; p += n) {
        if (p[n] != '=' || (p[-1] != ' ' && p[-1] != ';' && p[-1] != '\t'))
            continue;
        p += n + 1;
        bool quoted = *p == '"';
        p += quoted;
        size_t k = strcspn(p, quoted ? "\"\r\n" : "; \t\r\n");
        if (k >= size)
            return false;
        memcpy(out, p, k);
        out[k] = '\0';
        return true;
    }
    return false;
}

/* One part: its head and what follows. False: the head does not end, or is too long. */
static bool split(struct bytes part, char head[HEAD_MAX], struct bytes *content)
{
    const char *p = (const char *)part.p;
    const char *empty = memmem(p, part.n, "\r\n\r\n", 4);
    size_t gap = 4;
    if (empty == NULL) {
        empty = memmem(p, part.n, "\n\n", 2);
        gap = 2;
    }
    if (empty == NULL || (size_t)(empty - p) >= HEAD_MAX || memchr(p, '\0', (size_t)(empty - p)))
        return false;
    memcpy(head, p, (size_t)(empty - p));
    head[empty - p] = '\0';
    *content = bytes_make(empty + gap, part.n - (size_t)(empty - p) - gap);
    return true;
}

/* The next line that begins with the boundary, from at on; NULL: none. */
static const char *find_line(struct bytes body, const char *at, const char *boundary)
{
    const char *begin = (const char *)body.p, *end = begin + body.n;
    size_t n = strlen(boundary);
    for (; at < end && (at = memmem(at, (size_t)(end - at), boundary, n)) != NULL; at++)
        if (at == begin || at[-1] == '\n')
            return at;
    return NULL;
}

enum err kibana_multipart_find(const char *content_type, struct bytes body, const char *name,
                               struct kibana_file *out, struct err_text *why)
{
    char boundary[BOUNDARY_MAX + 5], head[HEAD_MAX], word[KIBANA_FILE_NAME_SIZE];
    struct kibana_file file = {.content = body};
    if (content_type == NULL || strncasecmp(content_type, "multipart/", 10) != 0) {
        *out = file;
        return ERR_NONE;
    }
    if (!read_boundary(content_type, boundary))
        return err_set(why, ERR_INVALID, "a multipart body needs a boundary of at most %d bytes",
                       BOUNDARY_MAX);
    size_t n = strlen(boundary);
    const char *at = find_line(body, (const char *)body.p, boundary);
    while (at != NULL) {
        const char *next = find_line(body, at + n, boundary);
        if (next == NULL)
            break;
        const char *begin = memchr(at, '\n', (size_t)(next - at));
        struct bytes part = bytes_make(begin + 1, (size_t)(next - begin - 1));
        if (part.n > 0 && part.p[part.n - 1] == '\n')
            part.n--;
        if (part.n > 0 && part.p[part.n - 1] == '\r')
            part.n--;
        if (split(part, head, &file.content) && read_word(head, "name", word, sizeof(word)) &&
            strcmp(word, name) == 0) {
            if (!read_word(head, "filename", file.name, sizeof(file.name)))
                file.name[0] = '\0';
            *out = file;
            return ERR_NONE;
        }
        at = next;
    }
    return err_set(why, ERR_INVALID, "expected a part named \"%s\", closed by its boundary", name);
}
