/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server_priv.h"

#define UNPACK_STEP 65536

static void refuse(struct http_request *r, unsigned status, const char *sentence)
{
    if (r->refusal.sentence == NULL)
        r->refusal = (struct http_refusal){status, sentence};
    http_body_drop(r);
}

void http_body_drop(struct http_request *r)
{
    http_server_return(r->server, r->body_share, r->body_charged);
    r->body_charged = 0;
    buf_release(&r->body);
    http_unpack_free(r->unpack);
    r->unpack = NULL;
}

/* Room for n more bytes, charged to the budget; NULL: refused. */
static char *room(struct http_request *r, size_t n)
{
    char *p = buf_reserve(&r->body, n);
    if (p == NULL) {
        refuse(r, 503, "There is no memory for the body now.");
        return NULL;
    }
    uint64_t more = http_server_price(r->body.cap) - r->body_charged;
    if (r->body_charged == 0)
        r->body_share = http_pool_who(r) % HTTP_SHARES;
    if (!http_server_charge(r->server, r->body_share, more)) {
        atomic_fetch_add(&r->server->counts.refused_busy, 1);
        refuse(r, 503, "The memory for bodies is in use; try again later.");
        return NULL;
    }
    r->body_charged += more;
    return p;
}

static void too_large(struct http_request *r)
{
    if (r->body_max == 0)
        refuse(r, 400, "This route takes no body.");
    else
        refuse(r, 413, "The body is larger than this route takes.");
}

static void take_packed(struct http_request *r, const char *p, size_t n)
{
    enum http_unpack_verdict verdict = HTTP_UNPACK_FULL;
    while (verdict == HTTP_UNPACK_FULL) {
        size_t made = 0;
        /* One byte more than allowed tells what is too large from what just fits. */
        uint64_t left = r->body_max - r->body.n + 1;
        size_t step = left < UNPACK_STEP ? (size_t)left : UNPACK_STEP;
        char *out = room(r, step);
        if (out == NULL)
            return;
        verdict = http_unpack_feed(r->unpack, &p, &n, out, step, &made);
        r->body.n += made;
        if (r->body.n > r->body_max) {
            too_large(r);
            return;
        }
    }
    if (verdict == HTTP_UNPACK_BAD)
        refuse(r, 400, "The body is not packed as its Content-Encoding says.");
}

bool http_body_take(struct http_request *r, const char *p, size_t n)
{
    r->received += n;
    atomic_fetch_add(&r->server->counts.received, n);
    /* What comes after a refusal is thrown away, within reason, so that the answer is read. */
    if (r->refusal.sentence != NULL)
        return r->received <= r->body_max + HTTP_MIB;
    if (r->unpack != NULL) {
        if (r->received > r->body_max)
            too_large(r);
        else
            take_packed(r, p, n);
    } else if (n > r->body_max - r->body.n) {
        too_large(r);
    } else if (room(r, n) != NULL) {
        buf_add(&r->body, p, n);
    }
    return true;
}

void http_body_end(struct http_request *r)
{
    if (r->unpack != NULL && r->received > 0 && !http_unpack_whole(r->unpack))
        refuse(r, 400, "The packed body is cut short.");
    http_unpack_free(r->unpack);
    r->unpack = NULL;
}
