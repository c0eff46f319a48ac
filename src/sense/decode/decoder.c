/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/decoder.h"

#include "decode/fragment.h"
#include "decode/ip.h"
#include "decode/link.h"
#include "decode/transport.h"
#include "decode/tunnel.h"

#include "base/mem.h"

#define TUNNELS_MAX 4
#define FRAGMENT_BYTES_MIN ((size_t)128 * 1024)

struct decode_decoder {
    struct decode_settings settings;
    decode_sink_fn sink;
    void *ctx;
    struct decode_counters counters;
    struct decode_fragment_table *fragments;
    ts_ns latest;
};

static enum decode_verdict read_payload(struct decode_decoder *d, struct decode_packet *p,
                                        struct decode_ip *ip);

/* From an IP header on. */
static enum decode_verdict read_ip(struct decode_decoder *d, enum decode_net net, struct bytes data,
                                   uint64_t wire_n, struct decode_packet *p)
{
    struct decode_ip ip;
    enum decode_verdict v = decode_ip_read(net, data, wire_n, p, &ip);
    if (v != DECODE_OK)
        return v;
    if (p->tunnels == 0) {
        p->outer_src = p->src;
        p->outer_dst = p->dst;
    }
    d->counters.no_length += ip.no_length;
    return read_payload(d, p, &ip);
}

/* A fragment without its others: counted, with ports where it has them. */
static enum decode_verdict give_fragment(struct decode_decoder *d, struct decode_packet *p,
                                         const struct decode_fragment *f)
{
    if (f->offset == 0)
        decode_transport_ports(f->data, p);
    p->incomplete = true;
    p->cut |= f->data.n < f->len;
    d->sink(d->ctx, p);
    return DECODE_FRAGMENT_DROPPED;
}

static enum decode_verdict read_fragment(struct decode_decoder *d, struct decode_packet *p,
                                         const struct decode_fragment *f)
{
    d->counters.fragments++;
    if (!d->settings.reassemble)
        return give_fragment(d, p, f);
    struct decode_packet whole;
    struct decode_ip ip = {.len = 0};
    switch (decode_fragment_table_add(d->fragments, p, f, &whole, &ip.data, &ip.len)) {
    case DECODE_FRAGMENT_WAITS:
        return DECODE_FRAGMENT_KEPT;
    case DECODE_FRAGMENT_BROKEN:
        return DECODE_FRAGMENT_BAD;
    case DECODE_FRAGMENT_REFUSED:
        return give_fragment(d, p, f);
    case DECODE_FRAGMENT_WHOLE:
        break;
    }
    /* The ports were read for the case that the rest would not come; they are read again. */
    whole.has_ports = false;
    if (whole.ip_version == 6) {
        enum decode_verdict v = decode_ip_extensions(&whole, &ip);
        if (v != DECODE_OK)
            return v;
        if (ip.fragmented) /* fragments of fragments: nobody honest makes them */
            return DECODE_FRAGMENT_BAD;
    }
    return read_payload(d, &whole, &ip);
}

/*
 * What a tunnel carries. When that is not IP, or broken, the outer packet is what there is: its
 * bytes were sent whatever they mean.
 */
static enum decode_verdict read_tunnel(struct decode_decoder *d, const struct decode_packet *p,
                                       const struct decode_ip *ip)
{
    struct decode_packet inner = *p;
    struct cursor c = cursor_of(ip->data);
    enum decode_net net;
    enum decode_verdict v = decode_tunnel_read(p->proto, &c, &inner, &net);
    if (v != DECODE_OK)
        return v;
    inner.tunnels++;
    inner.cut |= ip->data.n < ip->len;
    return read_ip(d, net, cursor_rest(&c), ip->len - (ip->data.n - c.left), &inner);
}

static enum decode_verdict read_payload(struct decode_decoder *d, struct decode_packet *p,
                                        struct decode_ip *ip)
{
    if (ip->fragmented)
        return read_fragment(d, p, &ip->fragment);
    if (d->settings.tunnels && decode_tunnel_is(p->proto) && p->tunnels < TUNNELS_MAX) {
        enum decode_verdict v = read_tunnel(d, p, ip);
        if (v == DECODE_OK || v == DECODE_FRAGMENT_KEPT || v == DECODE_FRAGMENT_DROPPED)
            return v;
    }
    enum decode_verdict v = decode_transport_read(ip->data, ip->len, p);
    if (v != DECODE_OK)
        return v;
    d->counters.cut += p->cut;
    d->counters.tunnelled += p->tunnels > 0;
    d->sink(d->ctx, p);
    return DECODE_OK;
}

struct decode_settings decode_settings_default(void)
{
    return (struct decode_settings){.tunnels = true,
                                    .reassemble = true,
                                    .fragment_bytes = (size_t)4 * 1024 * 1024,
                                    .fragment_timeout_ns = 30 * TIME_S};
}

enum err decode_decoder_new(const struct decode_settings *settings, decode_sink_fn sink, void *ctx,
                            struct decode_decoder **out)
{
    struct decode_decoder *d = mem_zero(1, sizeof(*d));
    if (d == NULL)
        return ERR_MEMORY;
    d->settings = *settings;
    if (d->settings.fragment_bytes < FRAGMENT_BYTES_MIN)
        d->settings.fragment_bytes = FRAGMENT_BYTES_MIN;
    d->sink = sink;
    d->ctx = ctx;
    d->latest = TIME_NONE;
    enum err err =
        decode_fragment_table_new(d->settings.fragment_bytes, d->settings.fragment_timeout_ns,
                                  d->settings.seed, &d->counters, sink, ctx, &d->fragments);
    if (err != ERR_NONE) {
        mem_free(d);
        return err;
    }
    *out = d;
    return ERR_NONE;
}

void decode_decoder_free(struct decode_decoder *d)
{
    if (d == NULL)
        return;
    decode_fragment_table_free(d->fragments);
    mem_free(d);
}

enum decode_verdict decode_decoder_feed(struct decode_decoder *d, const struct decode_input *in)
{
    uint32_t wire_n = in->wire_len < in->data.n ? (uint32_t)in->data.n : in->wire_len;
    d->counters.packets++;
    d->counters.bytes += wire_n;
    decode_fragment_table_forget(d->fragments);
    if (in->ts > d->latest)
        decode_decoder_advance(d, in->ts);

    struct decode_packet p = {
        .ts = in->ts, .interface = in->interface, .packets = 1, .wire_len = wire_n};
    struct cursor c = cursor_of(in->data);
    enum decode_net net;
    enum decode_verdict v = decode_link_read(in->link, &c, &p, &net);
    if (v == DECODE_OK)
        v = read_ip(d, net, cursor_rest(&c), wire_n - (in->data.n - c.left), &p);
    d->counters.by_verdict[v]++;
    return v;
}

void decode_decoder_advance(struct decode_decoder *d, ts_ns now)
{
    if (now > d->latest)
        d->latest = now;
    decode_fragment_table_expire(d->fragments, d->latest);
}

void decode_decoder_flush(struct decode_decoder *d)
{
    decode_fragment_table_flush(d->fragments);
}

const struct decode_counters *decode_decoder_counters(const struct decode_decoder *d)
{
    return &d->counters;
}
