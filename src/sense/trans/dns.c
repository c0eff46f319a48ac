/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dns.h"

#include "trans/trans_priv.h"

#include <stdio.h>

#define DATASET "network_traffic.dns"
#define ANSWERS_MAX 64 /* of each section, put in an event; the counts tell how many there were */

static void set_text(struct event *e, event_field f, struct proto_dns_text t)
{
    event_set_str(e, f, t.s, t.n);
}

static void add_name(struct event *e, event_field f, const char *name)
{
    event_add_str(e, f, name, strlen(name));
}

static void add_number(struct event *e, event_field f, unsigned long v)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%lu", v);
    event_add_str(e, f, text, (size_t)n);
}

static void describe_flags(struct event *e, const struct proto_dns_message *m)
{
    const struct {
        bool on;
        event_field field;
        const char *name;
    } flags[] = {
        {m->authoritative, EVENT_F_DNS_FLAGS_AUTHORITATIVE, "AA"},
        {m->truncated, EVENT_F_DNS_FLAGS_TRUNCATED_RESPONSE, "TC"},
        {m->recursion_desired, EVENT_F_DNS_FLAGS_RECURSION_DESIRED, "RD"},
        {m->recursion_available, EVENT_F_DNS_FLAGS_RECURSION_AVAILABLE, "RA"},
        {m->authentic_data, EVENT_F_DNS_FLAGS_AUTHENTIC_DATA, "AD"},
        {m->checking_disabled, EVENT_F_DNS_FLAGS_CHECKING_DISABLED, "CD"},
    };
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        event_set_bool(e, flags[i].field, flags[i].on);
        if (flags[i].on)
            event_add_str(e, EVENT_F_DNS_HEADER_FLAGS, flags[i].name, 2);
    }
}

static void describe_question(struct event *e, const struct proto_dns_message *m, const char *op)
{
    char buf[PROTO_DNS_NAME_SIZE];
    event_set_str(e, EVENT_F_METHOD, op, strlen(op));
    if (m->question_n == 0)
        return;
    const struct proto_dns_question *q = &m->questions[0];
    set_text(e, EVENT_F_DNS_QUESTION_NAME, q->name);
    set_text(e, EVENT_F_RESOURCE, q->name);
    event_add_str(e, EVENT_F_RELATED_HOSTS, q->name.s, q->name.n);
    const char *type = proto_dns_type_name(q->type, buf);
    event_set_text(e, EVENT_F_DNS_QUESTION_TYPE, type);
    char class_buf[PROTO_DNS_NAME_SIZE];
    const char *class = proto_dns_class_name(q->class, class_buf);
    event_set_text(e, EVENT_F_DNS_QUESTION_CLASS, class);
}

static uint16_t at_most(uint16_t n)
{
    return n < ANSWERS_MAX ? n : ANSWERS_MAX;
}

static void describe_answers(struct event *e, const struct proto_dns_message *m)
{
    char buf[PROTO_DNS_NAME_SIZE];
    for (uint16_t i = 0; i < at_most(m->answer_n); i++) {
        const struct proto_dns_record *r = &m->answers[i];
        event_add_str(e, EVENT_F_DNS_ANSWERS_NAME, r->name.s, r->name.n);
        add_name(e, EVENT_F_DNS_ANSWERS_TYPE, proto_dns_type_name(r->type, buf));
        add_name(e, EVENT_F_DNS_ANSWERS_CLASS, proto_dns_class_name(r->class, buf));
        event_add_i64(e, EVENT_F_DNS_ANSWERS_TTL, r->ttl);
        event_add_str(e, EVENT_F_DNS_ANSWERS_DATA, r->data.s, r->data.n);
        if (r->has_ip) {
            event_add_ip(e, EVENT_F_DNS_RESOLVED_IP, &r->ip);
            event_add_ip(e, EVENT_F_RELATED_IP, &r->ip);
        }
    }
    for (uint16_t i = 0; i < at_most(m->authority_n); i++) {
        const struct proto_dns_record *r = &m->authorities[i];
        event_add_str(e, EVENT_F_DNS_AUTHORITIES_NAME, r->name.s, r->name.n);
        add_name(e, EVENT_F_DNS_AUTHORITIES_TYPE, proto_dns_type_name(r->type, buf));
        add_name(e, EVENT_F_DNS_AUTHORITIES_CLASS, proto_dns_class_name(r->class, buf));
    }
    for (uint16_t i = 0; i < at_most(m->additional_n); i++) {
        const struct proto_dns_record *r = &m->additionals[i];
        event_add_str(e, EVENT_F_DNS_ADDITIONALS_NAME, r->name.s, r->name.n);
        add_name(e, EVENT_F_DNS_ADDITIONALS_TYPE, proto_dns_type_name(r->type, buf));
        add_name(e, EVENT_F_DNS_ADDITIONALS_CLASS, proto_dns_class_name(r->class, buf));
        event_add_i64(e, EVENT_F_DNS_ADDITIONALS_TTL, r->ttl);
        event_add_str(e, EVENT_F_DNS_ADDITIONALS_DATA, r->data.s, r->data.n);
    }
}

static void describe_message(struct event *e, const struct proto_dns_message *m)
{
    char buf[PROTO_DNS_NAME_SIZE];
    add_number(e, EVENT_F_DNS_ID, m->id);
    const char *op = proto_dns_opcode_name(m->opcode, buf);
    event_set_text(e, EVENT_F_DNS_OP_CODE, op);
    describe_question(e, m, op);
    describe_flags(e, m);
    event_set_i64(e, EVENT_F_DNS_ANSWERS_COUNT, m->answer_count);
    event_set_i64(e, EVENT_F_DNS_AUTHORITIES_COUNT, m->authority_count);
    event_set_i64(e, EVENT_F_DNS_ADDITIONALS_COUNT, m->additional_count);
    if (m->opt.present) {
        event_set_bool(e, EVENT_F_DNS_OPT_DO, m->opt.dnssec_ok);
        event_set_i64(e, EVENT_F_DNS_OPT_UDP_SIZE, m->opt.udp_size);
        add_number(e, EVENT_F_DNS_OPT_VERSION, m->opt.version);
    }
}

/*
 * A response, with its question (w; NULL: it was not seen). m was parsed into the listener's arena.
 */
static void give_answer(struct trans_listener *l, const struct trans_origin *o,
                        const struct trans_waiting *w, ts_ns ts, struct proto_dns_message *m)
{
    struct event e;
    char buf[PROTO_DNS_NAME_SIZE];
    trans_event_begin(l, &e, o, DATASET, "dns", w != NULL ? w->ts : ts, ts);
    if (w != NULL && m->question_n == 0) { /* the response does not repeat the question */
        struct proto_dns_message q;
        if (proto_dns_parse(bytes_make(w->data, w->data_n), &l->arena, &q) != PROTO_DNS_SHORT) {
            m->questions = q.questions;
            m->question_n = q.question_n;
        }
    }
    describe_message(&e, m);
    describe_answers(&e, m);
    TRANS_TEXT(&e, EVENT_F_DNS_TYPE, "answer");
    const char *rcode = proto_dns_rcode_name(m->rcode, buf);
    event_set_text(&e, EVENT_F_DNS_RESPONSE_CODE, rcode);
    if (m->rcode == 0) {
        TRANS_TEXT(&e, EVENT_F_STATUS, "OK");
        TRANS_TEXT(&e, EVENT_F_EVENT_OUTCOME, "success");
    } else {
        TRANS_TEXT(&e, EVENT_F_STATUS, "Error");
        TRANS_TEXT(&e, EVENT_F_EVENT_OUTCOME, "failure");
    }
    if (w != NULL)
        event_set_i64(&e, EVENT_F_WEIR_REQUEST_BYTES, w->wire_n);
    else
        l->counters.unasked++;
    event_set_i64(&e, EVENT_F_WEIR_RESPONSE_BYTES, m->wire_len);
    l->counters.dns++;
    trans_event_give(l, &e, ts);
}

void trans_dns_unanswered(struct trans_listener *l, const struct trans_waiting *w, ts_ns time)
{
    struct proto_dns_message m;
    enum proto_dns_verdict v = proto_dns_parse(bytes_make(w->data, w->data_n), &l->arena, &m);
    if (v == PROTO_DNS_SHORT || v == PROTO_DNS_NO_MEMORY) {
        l->counters.broken++;
        arena_clear(&l->arena);
        return;
    }
    struct event e;
    trans_event_begin(l, &e, &w->origin, DATASET, "dns", w->ts, time);
    describe_message(&e, &m);
    TRANS_TEXT(&e, EVENT_F_DNS_TYPE, "query");
    TRANS_TEXT(&e, EVENT_F_STATUS, "Error");
    TRANS_TEXT(&e, EVENT_F_EVENT_OUTCOME, "unknown");
    TRANS_TEXT(&e, EVENT_F_ERROR_MESSAGE, "no response was seen");
    event_set_i64(&e, EVENT_F_WEIR_REQUEST_BYTES, w->wire_n);
    l->counters.dns++;
    l->counters.unanswered++;
    trans_event_give(l, &e, time);
}

static void question(struct trans_listener *l, uint64_t serial, const struct flow *f,
                     enum flow_side side, ts_ns ts, uint16_t id, struct bytes message)
{
    size_t keep = message.n < TRANS_PENDING_DATA ? message.n : TRANS_PENDING_DATA;
    struct trans_waiting *w = trans_pending_find(l->pending, serial, id, side);
    if (w != NULL) {
        if (w->wire_n == message.n && memcmp(w->data, message.p, keep) == 0) {
            l->counters.repeated++;
            return;
        }
        trans_dns_unanswered(l, w, l->now); /* the identifier is taken for another question */
        trans_pending_remove(l->pending, w);
    }
    w = trans_listener_wait(l, serial, id, side);
    if (w == NULL)
        return;
    w->dns = true;
    w->ts = ts;
    w->wire_n = (uint32_t)message.n;
    w->data_n = (uint16_t)keep;
    memcpy(w->data, message.p, keep);
    w->origin = trans_event_origin(f, side);
}

void trans_dns_message(struct trans_listener *l, uint64_t serial, const struct flow *f,
                       enum flow_side side, ts_ns ts, struct bytes message)
{
    struct cursor c = cursor_of(message);
    uint16_t id = cursor_be16(&c);
    uint16_t flags = cursor_be16(&c);
    cursor_skip(&c, 8);
    if (!cursor_ok(&c)) {
        l->counters.broken++;
        return;
    }
    bool response = (flags & 0x8000U) != 0;
    if (!response) {
        question(l, serial, f, side, ts, id, message);
        return;
    }
    struct proto_dns_message m;
    enum proto_dns_verdict v = proto_dns_parse(message, &l->arena, &m);
    if (v != PROTO_DNS_OK)
        l->counters.broken++;
    if (v == PROTO_DNS_SHORT || v == PROTO_DNS_NO_MEMORY) {
        arena_clear(&l->arena);
        return;
    }
    struct trans_waiting *w = trans_pending_find(l->pending, serial, id, trans_other(side));
    if (w != NULL) {
        give_answer(l, &w->origin, w, ts, &m);
        trans_pending_remove(l->pending, w);
    } else {
        struct trans_origin o = trans_event_origin(f, trans_other(side));
        give_answer(l, &o, NULL, ts, &m);
    }
}

/* --- over TCP --- */

static void stream_message(void *ctx, ts_ns ts, struct bytes message)
{
    struct trans_side *side = ctx;
    struct trans_session *s = side->session;
    trans_dns_message(s->l, s->serial, s->f, side->side, ts, message);
}

bool trans_dns_feed(struct trans_session *s, enum flow_side side, ts_ns ts, struct bytes data)
{
    struct trans_side *d = &s->side[side];
    if (d->dns == NULL)
        d->dns = proto_dns_stream_new(stream_message, d);
    if (d->dns == NULL) {
        s->l->counters.no_memory++;
        return false;
    }
    return proto_dns_stream_feed(d->dns, ts, data);
}

bool trans_dns_gap(struct trans_session *s, enum flow_side side, uint64_t missing)
{
    if (s->side[side].dns != NULL)
        proto_dns_stream_gap(s->side[side].dns, missing);
    return true;
}

void trans_dns_drop(struct trans_session *s)
{
    for (unsigned i = 0; i < 2; i++) {
        proto_dns_stream_free(s->side[i].dns);
        s->side[i].dns = NULL;
    }
}

uint64_t trans_dns_bytes(const struct trans_session *s)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < 2; i++)
        if (s->side[i].dns != NULL)
            n += proto_dns_stream_bytes(s->side[i].dns);
    return n;
}
