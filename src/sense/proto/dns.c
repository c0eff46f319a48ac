/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dns.h"

#include "proto/dns_priv.h"

#include <string.h>

#define HEADER_SIZE 12
#define QUESTION_SIZE_MIN 5
#define RECORD_SIZE_MIN 11
#define TYPE_A 1
#define TYPE_AAAA 28
#define TYPE_OPT 41
#define CLASS_IN 1
#define CLASS_MASK 0x7fff /* multicast DNS: unicast wanted, or cache to be flushed */
#define KNOWN_NAMES 8

/* A name that was read already, by the offset it starts at: most names point to one. */
struct known_name {
    size_t offset;
    struct proto_dns_text text;
};

struct reader {
    struct bytes message;
    struct cursor c;
    struct arena *arena;
    size_t text_left;
    size_t records_left;
    enum proto_dns_verdict verdict; /* the first that was not OK */
    unsigned known_n;
    struct known_name known[KNOWN_NAMES];
};

static void complain(struct reader *r, enum proto_dns_verdict v)
{
    if (r->verdict == PROTO_DNS_OK)
        r->verdict = v;
}

static bool keep_text(struct reader *r, const char *s, size_t n, struct proto_dns_text *out)
{
    if (n > r->text_left) {
        complain(r, PROTO_DNS_TOO_MUCH);
        return false;
    }
    const char *copy = arena_strndup(r->arena, s, n);
    if (copy == NULL) {
        r->verdict = PROTO_DNS_NO_MEMORY;
        return false;
    }
    r->text_left -= n;
    *out = (struct proto_dns_text){copy, n};
    return true;
}

static const struct proto_dns_text *find_known(const struct reader *r, size_t offset)
{
    for (unsigned i = 0; i < r->known_n; i++)
        if (r->known[i].offset == offset)
            return &r->known[i].text;
    return NULL;
}

static bool read_name(struct reader *r, struct proto_dns_text *out)
{
    size_t start = (size_t)(r->c.p - r->message.p);
    if (r->c.left >= 2 && r->c.p[0] >= 0xc0) {
        const struct proto_dns_text *known =
            find_known(r, (size_t)(r->c.p[0] & 0x3f) << 8 | r->c.p[1]);
        if (known != NULL) {
            cursor_skip(&r->c, 2);
            *out = *known;
            return true;
        }
    }
    char text[DNS_NAME_TEXT_MAX];
    size_t n;
    enum proto_dns_verdict v = proto_dns_read_name(r->message, &r->c, text, &n);
    if (v != PROTO_DNS_OK) {
        complain(r, v);
        return false;
    }
    if (!keep_text(r, text, n, out))
        return false;
    if (r->known_n < KNOWN_NAMES)
        r->known[r->known_n++] = (struct known_name){start, *out};
    return true;
}

/* How many items of at least size_min bytes there can be: never what the header merely claims. */
static size_t room_for(struct reader *r, uint16_t claimed, size_t size_min)
{
    size_t n = r->c.left / size_min;
    if (n > claimed)
        n = claimed;
    if (n > r->records_left) {
        n = r->records_left;
        complain(r, PROTO_DNS_TOO_MUCH);
    }
    r->records_left -= n;
    return n;
}

static void read_questions(struct reader *r, struct proto_dns_message *m)
{
    size_t n = room_for(r, m->question_count, QUESTION_SIZE_MIN);
    if (n == 0) {
        if (m->question_count > 0)
            complain(r, PROTO_DNS_CUT);
        return;
    }
    struct proto_dns_question *q = arena_alloc(r->arena, n * sizeof(*q));
    if (q == NULL) {
        r->verdict = PROTO_DNS_NO_MEMORY;
        return;
    }
    m->questions = q;
    for (size_t i = 0; i < m->question_count; i++) {
        if (i == n) {
            complain(r, PROTO_DNS_CUT);
            return;
        }
        if (!read_name(r, &q[i].name))
            return;
        q[i].type = cursor_be16(&r->c);
        q[i].class = cursor_be16(&r->c) & CLASS_MASK;
        if (!cursor_ok(&r->c)) {
            complain(r, PROTO_DNS_CUT);
            return;
        }
        m->question_n++;
    }
}

static void read_opt(struct proto_dns_message *m, uint16_t class, uint32_t ttl)
{
    m->opt = (struct proto_dns_opt){
        .present = true,
        .dnssec_ok = (ttl & 0x8000) != 0,
        .version = (uint8_t)(ttl >> 16),
        .extended_rcode = (uint8_t)(ttl >> 24),
        .udp_size = class,
    };
    m->rcode |= (uint16_t)(m->opt.extended_rcode << 4);
}

static bool read_data(struct reader *r, struct bytes data, struct proto_dns_record *out)
{
    if (out->class == CLASS_IN &&
        ((out->type == TYPE_A && data.n == 4) || (out->type == TYPE_AAAA && data.n == 16))) {
        char text[IP_TEXT_SIZE];
        out->has_ip = true;
        out->ip = data.n == 4 ? ip_from_v4(data.p) : ip_from_v6(data.p);
        return keep_text(r, text, ip_format(&out->ip, text), &out->data);
    }
    struct dns_text_buf text;
    text.n = 0;
    text.full = false;
    /* Updates have records without data (RFC 2136), which say something all the same. */
    if (data.n > 0 && !proto_dns_put_data(r->message, out->type, data, &text)) {
        complain(r, PROTO_DNS_RECORD_BAD);
        text.n = 0;
        text.full = false;
        proto_dns_put_generic(data, &text);
    }
    return keep_text(r, text.s, text.n, &out->data);
}

static void read_records(struct reader *r, uint16_t claimed, struct proto_dns_message *m,
                         const struct proto_dns_record **out, uint16_t *out_n)
{
    if (claimed == 0 || r->verdict == PROTO_DNS_NO_MEMORY || !cursor_ok(&r->c))
        return;
    size_t n = room_for(r, claimed, RECORD_SIZE_MIN);
    if (n == 0) {
        complain(r, PROTO_DNS_CUT);
        return;
    }
    struct proto_dns_record *records = arena_alloc(r->arena, n * sizeof(*records));
    if (records == NULL) {
        r->verdict = PROTO_DNS_NO_MEMORY;
        return;
    }
    *out = records;
    for (size_t i = 0; i < claimed; i++) {
        if (i == n) {
            complain(r, PROTO_DNS_CUT);
            r->c.failed = true;
            return;
        }
        struct proto_dns_record *rec = &records[*out_n];
        rec->has_ip = false;
        if (!read_name(r, &rec->name)) {
            r->c.failed = true;
            return;
        }
        rec->type = cursor_be16(&r->c);
        uint16_t class = cursor_be16(&r->c);
        rec->class = class & CLASS_MASK;
        rec->ttl = cursor_be32(&r->c);
        struct bytes data = cursor_take(&r->c, cursor_be16(&r->c));
        if (!cursor_ok(&r->c)) {
            complain(r, PROTO_DNS_CUT);
            return;
        }
        if (rec->type == TYPE_OPT) {
            read_opt(m, class, rec->ttl);
            continue;
        }
        if (!read_data(r, data, rec)) {
            r->c.failed = true;
            return;
        }
        (*out_n)++;
    }
}

static void read_header(struct cursor *c, struct proto_dns_message *m)
{
    m->id = cursor_be16(c);
    uint16_t flags = cursor_be16(c);
    m->response = (flags & 0x8000) != 0;
    m->opcode = (flags >> 11) & 0x0f;
    m->authoritative = (flags & 0x0400) != 0;
    m->truncated = (flags & 0x0200) != 0;
    m->recursion_desired = (flags & 0x0100) != 0;
    m->recursion_available = (flags & 0x0080) != 0;
    m->authentic_data = (flags & 0x0020) != 0;
    m->checking_disabled = (flags & 0x0010) != 0;
    m->rcode = flags & 0x0f;
    m->question_count = cursor_be16(c);
    m->answer_count = cursor_be16(c);
    m->authority_count = cursor_be16(c);
    m->additional_count = cursor_be16(c);
}

enum proto_dns_verdict proto_dns_parse(struct bytes message, struct arena *arena,
                                       struct proto_dns_message *out)
{
    if (message.n < HEADER_SIZE)
        return PROTO_DNS_SHORT;
    struct reader r;
    r.message = message;
    r.c = cursor_of(message);
    r.arena = arena;
    r.text_left = PROTO_DNS_TEXT_MAX;
    r.records_left = PROTO_DNS_RECORDS_MAX;
    r.verdict = PROTO_DNS_OK;
    r.known_n = 0;
    struct proto_dns_message m = {.id = 0};
    read_header(&r.c, &m);
    read_questions(&r, &m);
    if (r.verdict == PROTO_DNS_OK) { /* else the records cannot be found */
        read_records(&r, m.answer_count, &m, &m.answers, &m.answer_n);
        read_records(&r, m.authority_count, &m, &m.authorities, &m.authority_n);
        read_records(&r, m.additional_count, &m, &m.additionals, &m.additional_n);
    }
    if (r.verdict == PROTO_DNS_NO_MEMORY)
        return r.verdict;
    m.wire_len = (uint32_t)(cursor_ok(&r.c) ? message.n - r.c.left : message.n);
    *out = m;
    return r.verdict;
}

bool proto_dns_plausible(struct bytes message)
{
    struct cursor c = cursor_of(message);
    struct proto_dns_message m = {.id = 0};
    read_header(&c, &m);
    if (!cursor_ok(&c) || m.opcode > 6 || m.question_count > 64)
        return false;
    if (m.question_count == 0 && m.answer_count == 0 && m.authority_count == 0 &&
        m.additional_count == 0)
        return m.response && message.n == HEADER_SIZE && m.rcode != 0;
    if (!m.response && m.opcode == 0 && m.question_count == 0)
        return false;
    char name[DNS_NAME_TEXT_MAX];
    size_t n;
    if (proto_dns_read_name(message, &c, name, &n) != PROTO_DNS_OK)
        return false;
    uint16_t type = cursor_be16(&c);
    uint16_t class = cursor_be16(&c) & CLASS_MASK;
    if (!cursor_ok(&c) || type == 0)
        return false;
    return type == TYPE_OPT || class == 1 || class == 3 || class == 4 || class >= 254;
}

const char *proto_dns_verdict_name(enum proto_dns_verdict v)
{
    static const char *const names[PROTO_DNS_VERDICTS] = {
        [PROTO_DNS_OK] = "ok",
        [PROTO_DNS_SHORT] = "short",
        [PROTO_DNS_CUT] = "cut",
        [PROTO_DNS_NAME_BAD] = "name_bad",
        [PROTO_DNS_NAME_LOOP] = "name_loop",
        [PROTO_DNS_RECORD_BAD] = "record_bad",
        [PROTO_DNS_TOO_MUCH] = "too_much",
        [PROTO_DNS_NO_MEMORY] = "no_memory",
    };
    return (unsigned)v < PROTO_DNS_VERDICTS ? names[v] : "unknown";
}
