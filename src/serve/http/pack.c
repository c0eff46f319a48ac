/* SPDX-License-Identifier: Apache-2.0 */
#include "http/pack.h"

#include "base/assert.h"
#include "base/mem.h"

#include <limits.h>
#include <string.h>
#include <strings.h>
#define ZLIB_CONST
#include <zlib.h>

/* Below it the head of the answer is what costs. */
#define WORTH_MIN 1400
/* JSON gets seven times smaller; level 4 gains a twelfth of that for two thirds more time. */
#define LEVEL 1

struct http_unpack {
    z_stream z;
    bool ended; /* a member is complete, and nothing of another has come */
};

static voidpf zlib_alloc(voidpf ctx, uInt items, uInt size)
{
    (void)ctx;
    return mem_zero(items, size);
}

static void zlib_free(voidpf ctx, voidpf p)
{
    (void)ctx;
    mem_free(p);
}

struct http_unpack *http_unpack_new(void)
{
    struct http_unpack *u = mem_zero(1, sizeof(*u));
    if (u == NULL)
        return NULL;
    u->z.zalloc = zlib_alloc;
    u->z.zfree = zlib_free;
    /* 32: zlib tells gzip from deflate by the first bytes. */
    if (inflateInit2(&u->z, 15 + 32) != Z_OK) {
        mem_free(u);
        return NULL;
    }
    return u;
}

void http_unpack_free(struct http_unpack *u)
{
    if (u == NULL)
        return;
    (void)inflateEnd(&u->z);
    mem_free(u);
}

bool http_unpack_knows(const char *coding)
{
    return strcasecmp(coding, "gzip") == 0 || strcasecmp(coding, "x-gzip") == 0 ||
           strcasecmp(coding, "deflate") == 0;
}

enum http_unpack_verdict http_unpack_feed(struct http_unpack *u, const char **in, size_t *in_n,
                                          char *out, size_t out_max, size_t *out_made)
{
    enum http_unpack_verdict verdict = HTTP_UNPACK_MORE;
    ASSERT(*in_n <= UINT_MAX && out_max <= UINT_MAX);
    u->z.next_in = (z_const Bytef *)*in;
    u->z.avail_in = (uInt)*in_n;
    u->z.next_out = (Bytef *)out;
    u->z.avail_out = (uInt)out_max;
    while (u->z.avail_in > 0 || !u->ended) {
        /* gzip may hold several members, one behind the other. */
        if (u->ended && inflateReset2(&u->z, 15 + 16) != Z_OK) {
            verdict = HTTP_UNPACK_BAD;
            break;
        }
        u->ended = false;
        int rc = inflate(&u->z, Z_NO_FLUSH);
        u->ended = rc == Z_STREAM_END;
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
            verdict = HTTP_UNPACK_BAD;
            break;
        }
        if (u->z.avail_out == 0 && !u->ended) {
            verdict = HTTP_UNPACK_FULL;
            break;
        }
        if (u->z.avail_in == 0)
            break;
        if (u->z.avail_out == 0) {
            verdict = HTTP_UNPACK_FULL;
            break;
        }
    }
    *in += *in_n - u->z.avail_in;
    *in_n = u->z.avail_in;
    *out_made = out_max - u->z.avail_out;
    return verdict;
}

bool http_unpack_whole(const struct http_unpack *u)
{
    return u->ended;
}

bool http_pack_pays(const char *content_type, size_t n)
{
    static const char *const kinds[] = {"text/",
                                        "application/json",
                                        "application/x-ndjson",
                                        "application/vnd.elasticsearch+",
                                        "application/ndjson",
                                        "application/javascript",
                                        "application/openmetrics-text",
                                        "image/svg+xml"};
    if (n < WORTH_MIN || content_type == NULL)
        return false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strncasecmp(content_type, kinds[i], strlen(kinds[i])) == 0)
            return true;
    return false;
}

bool http_pack(const void *p, size_t n, struct buf *out)
{
    z_stream z = {.zalloc = zlib_alloc, .zfree = zlib_free};
    if (n > UINT_MAX / 2 ||
        deflateInit2(&z, LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    /* What does not get smaller by a tenth is sent as it is. */
    size_t max = n - n / 10;
    char *to = buf_reserve(out, max);
    int rc = Z_MEM_ERROR;
    if (to != NULL) {
        z.next_in = (z_const Bytef *)p;
        z.avail_in = (uInt)n;
        z.next_out = (Bytef *)to;
        z.avail_out = (uInt)max;
        rc = deflate(&z, Z_FINISH);
        if (rc == Z_STREAM_END)
            out->n += max - z.avail_out;
    }
    (void)deflateEnd(&z);
    return rc == Z_STREAM_END;
}
