/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "proto/dns.h"

#include <string.h>

#define HEADER_SIZE 12

struct proto_dns_stream {
    proto_dns_message_fn message;
    void *ctx;
    uint8_t *held; /* the beginning of a message, with its length prefix */
    size_t n;
    size_t cap;
    bool known; /* one message was DNS: the stream is */
    bool lost;
};

struct proto_dns_stream *proto_dns_stream_new(proto_dns_message_fn message, void *ctx)
{
    struct proto_dns_stream *s = mem_zero(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->message = message;
    s->ctx = ctx;
    return s;
}

void proto_dns_stream_free(struct proto_dns_stream *s)
{
    if (s == NULL)
        return;
    mem_free(s->held);
    mem_free(s);
}

static void lose(struct proto_dns_stream *s)
{
    s->lost = true;
    mem_free(s->held);
    s->held = NULL;
    s->n = s->cap = 0;
}

/* Length of the message that starts here with its prefix; 0 when it cannot be DNS. */
static size_t whole_length(const uint8_t *p)
{
    size_t n = (size_t)p[0] << 8 | p[1];
    return n < HEADER_SIZE ? 0 : n + 2;
}

static bool give(struct proto_dns_stream *s, ts_ns ts, const uint8_t *p, size_t whole)
{
    struct bytes message = bytes_make(p + 2, whole - 2);
    if (!s->known && !proto_dns_plausible(message)) {
        lose(s);
        return false;
    }
    s->known = true;
    s->message(s->ctx, ts, message);
    return true;
}

/* Moves bytes from *data behind those that are held until need are there; false when short. */
static bool hold(struct proto_dns_stream *s, struct bytes *data, size_t need)
{
    size_t n = need - s->n < data->n ? need - s->n : data->n;
    if (mem_grow((void **)&s->held, &s->cap, s->n + n, 1) != 0) {
        lose(s);
        return false;
    }
    memcpy(s->held + s->n, data->p, n);
    s->n += n;
    *data = bytes_make(data->p + n, data->n - n);
    return s->n == need;
}

bool proto_dns_stream_feed(struct proto_dns_stream *s, ts_ns ts, struct bytes data)
{
    while (!s->lost && data.n > 0) {
        if (s->n == 0 && data.n >= 2) {
            size_t whole = whole_length(data.p);
            if (whole == 0) {
                lose(s);
                break;
            }
            if (data.n >= whole) { /* all here: no copy */
                if (!give(s, ts, data.p, whole))
                    break;
                data = bytes_make(data.p + whole, data.n - whole);
                continue;
            }
        }
        if (s->n < 2 && !hold(s, &data, 2))
            break;
        size_t whole = whole_length(s->held);
        if (whole == 0) {
            lose(s);
            break;
        }
        if (!hold(s, &data, whole))
            break;
        if (!give(s, ts, s->held, whole))
            break;
        s->n = 0;
    }
    return !s->lost;
}

void proto_dns_stream_gap(struct proto_dns_stream *s, uint64_t missing)
{
    if (missing > 0)
        lose(s);
}

size_t proto_dns_stream_bytes(const struct proto_dns_stream *s)
{
    return sizeof(*s) + s->cap;
}
