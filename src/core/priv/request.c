/* SPDX-License-Identifier: Apache-2.0 */
#include "priv/request.h"

#include "base/buf.h"

#include <stdbool.h>
#include <string.h>

#define VERB_OPEN 1

/* A file directly in a folder, or nothing. */
static bool name_ok(const uint8_t *p, size_t n)
{
    if (n >= PRIV_REQUEST_NAME_SIZE || memchr(p, '/', n) != NULL || memchr(p, '\0', n) != NULL)
        return false;
    return !(n == 1 && p[0] == '.') && !(n == 2 && p[0] == '.' && p[1] == '.');
}

enum err priv_request_write(const struct priv_request *r, struct buf *out)
{
    size_t n = strnlen(r->name, sizeof(r->name));
    if (!name_ok((const uint8_t *)r->name, n))
        return ERR_INVALID;
    buf_char(out, VERB_OPEN);
    buf_le32(out, r->index);
    buf_char(out, (char)n);
    buf_add(out, r->name, n);
    return buf_ok(out) ? ERR_NONE : ERR_MEMORY;
}

enum err priv_request_read(struct bytes b, struct priv_request *out)
{
    struct cursor c = cursor_of(b);
    uint8_t verb = cursor_u8(&c);
    uint32_t index = cursor_le32(&c);
    size_t n = cursor_u8(&c);
    struct bytes name = cursor_take(&c, n);
    if (!cursor_ok(&c) || c.left > 0 || verb != VERB_OPEN || !name_ok(name.p, n))
        return ERR_FORMAT;
    *out = (struct priv_request){.index = index};
    memcpy(out->name, name.p, n);
    return ERR_NONE;
}
