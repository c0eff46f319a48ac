/* SPDX-License-Identifier: Apache-2.0 */
#include "trans/url.h"

#include <ctype.h>
#include <string.h>

#define EXTENSION_MAX 16 /* longer than any in use; else a dot in a name */

static struct bytes part(struct bytes b, size_t from, size_t to)
{
    return to > from ? bytes_make(b.p + from, to - from) : bytes_make(NULL, 0);
}

/* Where c is first found at or after from, or b.n. */
static size_t find(struct bytes b, size_t from, char c)
{
    for (size_t i = from; i < b.n; i++)
        if (b.p[i] == (uint8_t)c)
            return i;
    return b.n;
}

static void split_authority(struct bytes a, struct trans_url *out)
{
    size_t at = a.n; /* after the last '@' */
    while (at > 0 && a.p[at - 1] != '@')
        at--;
    if (at > 0) {
        size_t colon = find(a, 0, ':');
        out->user = part(a, 0, colon < at - 1 ? colon : at - 1);
    }
    struct bytes host = part(a, at, a.n);
    size_t end;
    size_t rest;
    if (host.n > 0 && host.p[0] == '[') {
        end = find(host, 0, ']');
        out->host = part(host, 1, end);
        rest = end < host.n ? end + 1 : host.n;
    } else {
        end = find(host, 0, ':');
        out->host = part(host, 0, end);
        rest = end;
    }
    if (rest >= host.n || host.p[rest] != ':')
        return;
    uint32_t port = 0;
    size_t i = rest + 1;
    for (; i < host.n && i < rest + 6 && isdigit(host.p[i]); i++)
        port = port * 10 + (uint32_t)(host.p[i] - '0');
    if (i == host.n && i > rest + 1 && port <= UINT16_MAX) {
        out->has_port = true;
        out->port = (uint16_t)port;
    }
}

static void split_path(struct bytes t, struct trans_url *out)
{
    size_t hash = find(t, 0, '#');
    out->fragment = part(t, hash + 1, t.n);
    t = part(t, 0, hash);
    size_t mark = find(t, 0, '?');
    out->query = part(t, mark + 1, t.n);
    out->path = part(t, 0, mark);
    size_t i = out->path.n;
    while (i > 0 && isalnum(out->path.p[i - 1]))
        i--;
    size_t n = out->path.n - i;
    if (i > 1 && n > 0 && n <= EXTENSION_MAX && out->path.p[i - 1] == '.' &&
        out->path.p[i - 2] != '/')
        out->extension = part(out->path, i, out->path.n);
}

void trans_url_split(struct bytes target, struct bytes host, bool authority_form,
                     struct trans_url *out)
{
    *out = (struct trans_url){.absolute = false};
    if (authority_form) {
        split_authority(target, out);
        return;
    }
    size_t colon = find(target, 0, ':');
    if (target.n > 0 && target.p[0] != '/' && colon + 2 < target.n && target.p[colon + 1] == '/' &&
        target.p[colon + 2] == '/') {
        out->absolute = true;
        out->scheme = part(target, 0, colon);
        size_t start = colon + 3;
        size_t end = start;
        while (end < target.n && target.p[end] != '/' && target.p[end] != '?' &&
               target.p[end] != '#')
            end++;
        split_authority(part(target, start, end), out);
        target = part(target, end, target.n);
    } else {
        split_authority(host, out);
    }
    split_path(target, out);
}
