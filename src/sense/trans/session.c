/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/mem.h"
#include "proto/detect.h"
#include "trans/trans_priv.h"

struct trans_session *trans_session_new(struct trans_listener *l)
{
    struct trans_session *s = l->free_sessions;
    if (s != NULL) {
        l->free_sessions = s->older;
    } else {
        s = mem_alloc(sizeof(*s));
        if (s == NULL) {
            l->counters.no_memory++;
            return NULL;
        }
        l->session_made++;
    }
    s->l = l;
    s->f = NULL;
    s->kind = TRANS_UNDECIDED;
    s->serial = ++l->serial;
    s->charged = 0;
    s->http = NULL;
    s->first_request = s->last_request = NULL;
    s->request_bytes = 0;
    for (unsigned i = 0; i < 2; i++) {
        s->side[i].session = s;
        s->side[i].side = (enum flow_side)i;
        s->side[i].dns = NULL;
        s->side[i].first_n = 0;
    }
    s->newer = NULL;
    s->older = l->newest;
    if (l->newest != NULL)
        l->newest->newer = s;
    else
        l->oldest = s;
    l->newest = s;
    return s;
}

/* Frees what the parser holds. */
static void drop(struct trans_session *s)
{
    switch (s->kind) {
    case TRANS_DNS:
        trans_dns_drop(s);
        break;
    case TRANS_HTTP:
        trans_http_drop(s);
        break;
    case TRANS_TLS:
        trans_tls_drop(s);
        break;
    case TRANS_UNDECIDED:
    case TRANS_DEAD:
        break;
    }
    budget_return(&s->l->budget, s->charged);
    s->charged = 0;
    s->kind = TRANS_DEAD;
}

void trans_session_free(struct trans_session *s)
{
    struct trans_listener *l = s->l;
    drop(s);
    if (s->older != NULL)
        s->older->newer = s->newer;
    else
        l->oldest = s->newer;
    if (s->newer != NULL)
        s->newer->older = s->older;
    else
        l->newest = s->older;
    s->older = l->free_sessions;
    l->free_sessions = s;
}

void trans_session_release(struct trans_listener *l)
{
    while (l->free_sessions != NULL) {
        struct trans_session *s = l->free_sessions;
        l->free_sessions = s->older;
        mem_free(s);
    }
}

static uint64_t held(const struct trans_session *s)
{
    switch (s->kind) {
    case TRANS_DNS:
        return trans_dns_bytes(s);
    case TRANS_HTTP:
        return trans_http_bytes(s);
    case TRANS_TLS:
        return trans_tls_bytes(s);
    case TRANS_UNDECIDED:
    case TRANS_DEAD:
        break;
    }
    return 0;
}

/* Settles the budget; the oldest sessions that hold anything make room. False: this one had to. */
static bool charge(struct trans_session *s)
{
    struct trans_listener *l = s->l;
    uint64_t now = held(s);
    if (now <= s->charged) {
        budget_return(&l->budget, s->charged - now);
        s->charged = now;
        return true;
    }
    while (!budget_charge(&l->budget, now - s->charged)) {
        struct trans_session *o = l->oldest;
        while (o != NULL && o->charged == 0 && o != s)
            o = o->newer;
        l->counters.over_budget++;
        if (o == NULL || o == s)
            return false;
        drop(o);
    }
    s->charged = now;
    return true;
}

static enum trans_kind kind_of(enum proto_kind kind)
{
    switch (kind) {
    case PROTO_KIND_DNS:
        return TRANS_DNS;
    case PROTO_KIND_HTTP:
        return TRANS_HTTP;
    case PROTO_KIND_TLS:
        return TRANS_TLS;
    case PROTO_KIND_MORE:
        return TRANS_UNDECIDED;
    default:
        return TRANS_DEAD;
    }
}

static bool feed(struct trans_session *s, enum flow_side side, ts_ns ts, struct bytes data)
{
    switch (s->kind) {
    case TRANS_DNS:
        return trans_dns_feed(s, side, ts, data);
    case TRANS_HTTP:
        return trans_http_feed(s, side, ts, data);
    case TRANS_TLS:
        return trans_tls_feed(s, side, ts, data);
    case TRANS_UNDECIDED:
    case TRANS_DEAD:
        break;
    }
    return false;
}

/* Decides what the conversation speaks, and feeds what was kept until now. */
static bool decide(struct trans_session *s, enum flow_side side, ts_ns ts, struct bytes data)
{
    struct trans_side *d = &s->side[side];
    struct flow_ends ends;
    flow_ends_get(s->f, &ends);
    struct bytes first = data;
    uint8_t joined[2 * TRANS_FIRST_BYTES];
    if (d->first_n > 0) {
        size_t n = data.n < TRANS_FIRST_BYTES ? data.n : TRANS_FIRST_BYTES;
        memcpy(joined, d->first, d->first_n);
        memcpy(joined + d->first_n, data.p, n);
        first = bytes_make(joined, d->first_n + n);
    }
    s->kind = kind_of(proto_detect_stream(first, ends.port[side], ends.port[trans_other(side)]));
    if (s->kind == TRANS_UNDECIDED) {
        if (d->first_n + data.n > TRANS_FIRST_BYTES)
            return false;
        memcpy(d->first + d->first_n, data.p, data.n);
        d->first_n = (uint8_t)(d->first_n + data.n);
        return true;
    }
    if ((s->kind == TRANS_HTTP && !trans_http_open(s)) ||
        (s->kind == TRANS_TLS && !trans_tls_open(s)))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        unsigned other_first = i == 0 ? trans_other(side) : side;
        struct trans_side *k = &s->side[other_first];
        if (k->first_n > 0 &&
            !feed(s, (enum flow_side)other_first, ts, bytes_make(k->first, k->first_n)))
            return false;
        k->first_n = 0;
    }
    return feed(s, side, ts, data);
}

static bool settle(struct trans_session *s, bool more)
{
    if (more && s->kind != TRANS_DEAD && charge(s)) {
        s->f = NULL;
        return true;
    }
    trans_session_free(s);
    return false;
}

bool trans_session_data(struct trans_session *s, const struct flow *f, enum flow_side side,
                        ts_ns ts, struct bytes data)
{
    s->f = f;
    if (s->kind == TRANS_UNDECIDED)
        return settle(s, decide(s, side, ts, data));
    return settle(s, feed(s, side, ts, data));
}

bool trans_session_gap(struct trans_session *s, const struct flow *f, enum flow_side side, ts_ns ts,
                       uint64_t missing)
{
    bool more = false;
    s->f = f;
    if (s->kind == TRANS_DNS)
        more = trans_dns_gap(s, side, missing);
    else if (s->kind == TRANS_HTTP)
        more = trans_http_gap(s, side, ts, missing);
    else if (s->kind == TRANS_TLS)
        more = trans_tls_gap(s, side, ts, missing);
    else if (s->kind == TRANS_UNDECIDED)
        s->l->counters.lost++;
    return settle(s, more);
}

bool trans_session_close(struct trans_session *s, const struct flow *f, enum flow_side side,
                         ts_ns ts)
{
    s->f = f;
    if (s->kind == TRANS_HTTP)
        trans_http_close(s, side, ts);
    return settle(s, true);
}

void trans_session_end(struct trans_session *s, const struct flow *f, ts_ns ts)
{
    s->f = f;
    if (s->kind == TRANS_HTTP) {
        for (unsigned i = 0; i < 2; i++)
            trans_http_close(s, (enum flow_side)i, ts);
        trans_http_end(s, ts);
    } else if (s->kind == TRANS_TLS) {
        trans_tls_end(s, ts);
    }
    trans_session_free(s);
}
