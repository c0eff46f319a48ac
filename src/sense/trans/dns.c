/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dns.h"

#include "base/ip.h"
#include "trans/trans_priv.h"

#define ANSWERS_MAX 64 /* of each section, put in an event; the counts tell how many there were */

static struct event_value text_of(struct proto_dns_text t)
{
    return event_value_str(t.s, t.n); /* lives in the arena of the event */
}

/* A name from one of proto's tables, or made up in buf. */
static struct event_value name_of(struct event *e, const char *name, const char *buf)
{
    size_t n = strlen(name);
    if (name != buf)
        return event_value_str(name, n);
    const char *copy = arena_strndup(e->arena, name, n);
    if (copy == NULL)
        e->failed = true;
    return event_value_str(copy != NULL ? copy : "", n);
}

static struct event_value number_of(struct event *e, unsigned v)
{
    char text[10];
    unsigned at = sizeof(text);
    do
        text[--at] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    size_t n = sizeof(text) - at;
    const char *copy = arena_strndup(e->arena, text + at, n);
    if (copy == NULL)
        e->failed = true;
    return event_value_str(copy != NULL ? copy : "", copy != NULL ? n : 0);
}

/* Fields that every DNS event has, after the common ones. */
enum dns_slot {
    SLOT_ID = TRANS_SLOT_DNS,
    SLOT_OP_CODE,
    SLOT_METHOD,
    SLOT_AUTHORITATIVE,
    SLOT_TRUNCATED,
    SLOT_RECURSION_DESIRED,
    SLOT_RECURSION_AVAILABLE,
    SLOT_AUTHENTIC_DATA,
    SLOT_CHECKING_DISABLED,
    SLOT_ANSWERS,
    SLOT_AUTHORITIES,
    SLOT_ADDITIONALS,
    SLOT_KIND,
    SLOT_STATUS,
    SLOT_OUTCOME,
    SLOTS
};

void trans_dns_prepare(struct event *pattern)
{
    static const event_field fields[SLOTS - TRANS_SLOT_DNS] = {
        [SLOT_ID - TRANS_SLOT_DNS] = EVENT_F_DNS_ID,
        [SLOT_OP_CODE - TRANS_SLOT_DNS] = EVENT_F_DNS_OP_CODE,
        [SLOT_METHOD - TRANS_SLOT_DNS] = EVENT_F_METHOD,
        [SLOT_AUTHORITATIVE - TRANS_SLOT_DNS] = EVENT_F_DNS_FLAGS_AUTHORITATIVE,
        [SLOT_TRUNCATED - TRANS_SLOT_DNS] = EVENT_F_DNS_FLAGS_TRUNCATED_RESPONSE,
        [SLOT_RECURSION_DESIRED - TRANS_SLOT_DNS] = EVENT_F_DNS_FLAGS_RECURSION_DESIRED,
        [SLOT_RECURSION_AVAILABLE - TRANS_SLOT_DNS] = EVENT_F_DNS_FLAGS_RECURSION_AVAILABLE,
        [SLOT_AUTHENTIC_DATA - TRANS_SLOT_DNS] = EVENT_F_DNS_FLAGS_AUTHENTIC_DATA,
        [SLOT_CHECKING_DISABLED - TRANS_SLOT_DNS] = EVENT_F_DNS_FLAGS_CHECKING_DISABLED,
        [SLOT_ANSWERS - TRANS_SLOT_DNS] = EVENT_F_DNS_ANSWERS_COUNT,
        [SLOT_AUTHORITIES - TRANS_SLOT_DNS] = EVENT_F_DNS_AUTHORITIES_COUNT,
        [SLOT_ADDITIONALS - TRANS_SLOT_DNS] = EVENT_F_DNS_ADDITIONALS_COUNT,
        [SLOT_KIND - TRANS_SLOT_DNS] = EVENT_F_DNS_TYPE,
        [SLOT_STATUS - TRANS_SLOT_DNS] = EVENT_F_STATUS,
        [SLOT_OUTCOME - TRANS_SLOT_DNS] = EVENT_F_EVENT_OUTCOME,
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        event_slot(pattern, fields[i]);
}

static void describe_flags(struct event *e, const struct proto_dns_message *m, uint32_t slot)
{
    const struct {
        bool on;
        uint32_t slot;
        const char *name;
    } flags[] = {
        {m->authoritative, SLOT_AUTHORITATIVE, "AA"},
        {m->truncated, SLOT_TRUNCATED, "TC"},
        {m->recursion_desired, SLOT_RECURSION_DESIRED, "RD"},
        {m->recursion_available, SLOT_RECURSION_AVAILABLE, "RA"},
        {m->authentic_data, SLOT_AUTHENTIC_DATA, "AD"},
        {m->checking_disabled, SLOT_CHECKING_DISABLED, "CD"},
    };
    const size_t n = sizeof(flags) / sizeof(flags[0]);
    uint32_t on = 0;
    for (size_t i = 0; i < n; i++) {
        on += flags[i].on;
        event_fill(e, slot + flags[i].slot, event_value_bool(flags[i].on));
    }
    struct event_value *list = on > 0 ? event_put_list(e, EVENT_F_DNS_HEADER_FLAGS, on) : NULL;
    for (size_t i = 0; i < n && list != NULL; i++)
        if (flags[i].on)
            *list++ = event_value_str(flags[i].name, 2);
}

static void describe_question(struct event *e, const struct proto_dns_message *m)
{
    char buf[PROTO_DNS_NAME_SIZE];
    if (m->question_n == 0)
        return;
    const struct proto_dns_question *q = &m->questions[0];
    struct event_value name = text_of(q->name);
    event_put(e, EVENT_F_DNS_QUESTION_NAME, name);
    event_put(e, EVENT_F_RESOURCE, name);
    event_put(e, EVENT_F_RELATED_HOSTS, name);
    event_put(e, EVENT_F_DNS_QUESTION_TYPE, name_of(e, proto_dns_type_name(q->type, buf), buf));
    event_put(e, EVENT_F_DNS_QUESTION_CLASS, name_of(e, proto_dns_class_name(q->class, buf), buf));
}

static uint16_t at_most(uint16_t n)
{
    return n < ANSWERS_MAX ? n : ANSWERS_MAX;
}

/* The fields that a section of records fills; EVENT_F_NONE for those it has not. */
struct section {
    event_field name, type, class, ttl, data;
};

static void describe_records(struct event *e, const struct section *s,
                             const struct proto_dns_record *records, uint16_t n)
{
    char buf[PROTO_DNS_NAME_SIZE];
    if (n == 0)
        return;
    struct event_value *name = event_put_list(e, s->name, n);
    struct event_value *type = event_put_list(e, s->type, n);
    struct event_value *class = event_put_list(e, s->class, n);
    struct event_value *ttl = s->ttl != EVENT_F_NONE ? event_put_list(e, s->ttl, n) : NULL;
    struct event_value *data = s->data != EVENT_F_NONE ? event_put_list(e, s->data, n) : NULL;
    if (e->failed)
        return;
    for (uint16_t i = 0; i < n; i++) {
        const struct proto_dns_record *r = &records[i];
        name[i] = text_of(r->name);
        type[i] = name_of(e, proto_dns_type_name(r->type, buf), buf);
        class[i] = name_of(e, proto_dns_class_name(r->class, buf), buf);
        if (ttl != NULL)
            ttl[i] = event_value_i64(r->ttl);
        if (data != NULL)
            data[i] = text_of(r->data);
    }
}

static void describe_answers(struct event *e, const struct trans_origin *o,
                             const struct proto_dns_message *m)
{
    static const struct section answers = {EVENT_F_DNS_ANSWERS_NAME, EVENT_F_DNS_ANSWERS_TYPE,
                                           EVENT_F_DNS_ANSWERS_CLASS, EVENT_F_DNS_ANSWERS_TTL,
                                           EVENT_F_DNS_ANSWERS_DATA};
    static const struct section authorities = {
        EVENT_F_DNS_AUTHORITIES_NAME, EVENT_F_DNS_AUTHORITIES_TYPE, EVENT_F_DNS_AUTHORITIES_CLASS,
        EVENT_F_NONE, EVENT_F_NONE};
    static const struct section additionals = {
        EVENT_F_DNS_ADDITIONALS_NAME, EVENT_F_DNS_ADDITIONALS_TYPE, EVENT_F_DNS_ADDITIONALS_CLASS,
        EVENT_F_DNS_ADDITIONALS_TTL, EVENT_F_DNS_ADDITIONALS_DATA};
    uint16_t n = at_most(m->answer_n);
    describe_records(e, &answers, m->answers, n);
    describe_records(e, &authorities, m->authorities, at_most(m->authority_n));
    describe_records(e, &additionals, m->additionals, at_most(m->additional_n));
    uint32_t ips = 0;
    for (uint16_t i = 0; i < n; i++)
        ips += m->answers[i].has_ip;
    struct event_value *related = trans_event_related(e, o, ips);
    struct event_value *resolved = ips > 0 ? event_put_list(e, EVENT_F_DNS_RESOLVED_IP, ips) : NULL;
    if (related == NULL || resolved == NULL)
        return;
    for (uint16_t i = 0; i < n; i++)
        if (m->answers[i].has_ip)
            *related++ = *resolved++ = event_value_ip(&m->answers[i].ip);
}

static void describe_message(struct event *e, const struct proto_dns_message *m, uint32_t slot)
{
    char buf[PROTO_DNS_NAME_SIZE];
    event_fill(e, slot + SLOT_ID, number_of(e, m->id));
    struct event_value op = name_of(e, proto_dns_opcode_name(m->opcode, buf), buf);
    event_fill(e, slot + SLOT_OP_CODE, op);
    event_fill(e, slot + SLOT_METHOD, op);
    describe_question(e, m);
    describe_flags(e, m, slot);
    event_fill(e, slot + SLOT_ANSWERS, event_value_i64(m->answer_count));
    event_fill(e, slot + SLOT_AUTHORITIES, event_value_i64(m->authority_count));
    event_fill(e, slot + SLOT_ADDITIONALS, event_value_i64(m->additional_count));
    if (m->opt.present) {
        event_put(e, EVENT_F_DNS_OPT_DO, event_value_bool(m->opt.dnssec_ok));
        event_put(e, EVENT_F_DNS_OPT_UDP_SIZE, event_value_i64(m->opt.udp_size));
        event_put(e, EVENT_F_DNS_OPT_VERSION, number_of(e, m->opt.version));
    }
}

static void describe_end(struct event *e, uint32_t slot, const char *kind, const char *status,
                         const char *outcome)
{
    event_fill(e, slot + SLOT_KIND, event_value_str(kind, strlen(kind)));
    event_fill(e, slot + SLOT_STATUS, event_value_str(status, strlen(status)));
    event_fill(e, slot + SLOT_OUTCOME, event_value_str(outcome, strlen(outcome)));
}

/*
 * A response, with its question (w; NULL: it was not seen). m was parsed into the listener's arena.
 */
static void give_answer(struct trans_listener *l, const struct trans_origin *o,
                        const struct trans_waiting *w, ts_ns ts, struct proto_dns_message *m)
{
    struct event e;
    uint32_t slot = l->first_slot[TRANS_PATTERN_DNS];
    char buf[PROTO_DNS_NAME_SIZE];
    trans_event_begin(l, &e, TRANS_PATTERN_DNS, o, w != NULL ? w->ts : ts, ts);
    if (w != NULL && m->question_n == 0) { /* the response does not repeat the question */
        struct proto_dns_message q;
        if (proto_dns_parse(bytes_make(w->data, w->data_n), &l->arena, &q) != PROTO_DNS_SHORT) {
            m->questions = q.questions;
            m->question_n = q.question_n;
        }
    }
    describe_message(&e, m, slot);
    describe_answers(&e, o, m);
    event_put(&e, EVENT_F_DNS_RESPONSE_CODE, name_of(&e, proto_dns_rcode_name(m->rcode, buf), buf));
    if (m->rcode == 0)
        describe_end(&e, slot, "answer", "OK", "success");
    else
        describe_end(&e, slot, "answer", "Error", "failure");
    if (w != NULL)
        event_put(&e, EVENT_F_WEIR_REQUEST_BYTES, event_value_i64(w->wire_n));
    else
        l->counters.unasked++;
    event_put(&e, EVENT_F_WEIR_RESPONSE_BYTES, event_value_i64(m->wire_len));
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
    uint32_t slot = l->first_slot[TRANS_PATTERN_DNS];
    trans_event_begin(l, &e, TRANS_PATTERN_DNS, &w->origin, w->ts, time);
    trans_event_related(&e, &w->origin, 0);
    describe_message(&e, &m, slot);
    describe_end(&e, slot, "query", "Error", "unknown");
    TRANS_TEXT(&e, EVENT_F_ERROR_MESSAGE, "no response was seen");
    event_put(&e, EVENT_F_WEIR_REQUEST_BYTES, event_value_i64(w->wire_n));
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
        trans_listener_answered(l, serial, id, side, message.n);
    } else if (trans_listener_was_answered(l, serial, id, side, message.n)) {
        l->counters.repeated++;
        arena_clear(&l->arena);
    } else {
        /* What is announced to a group comes from the one who announces; else from who was asked.
         */
        struct trans_origin o = trans_event_origin(f, trans_other(side));
        if (ip_is_multicast(&o.ends.ip[FLOW_SOURCE]))
            o = trans_event_origin(f, side);
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
