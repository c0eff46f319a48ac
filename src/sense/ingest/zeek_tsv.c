/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "ingest/zeek_tsv.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "event/json.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 256
#define VALUES_MAX 4096 /* of one set or vector */
#define TOKEN_MAX 32

enum type { TYPE_TEXT, TYPE_TIME, TYPE_INTERVAL, TYPE_COUNT, TYPE_DOUBLE, TYPE_BOOL };

struct column {
    const struct ingest_zeek_plan *plan;
    enum type type;
    bool list;
};

struct token {
    char p[TOKEN_MAX];
    size_t n;
};

struct ingest_zeek_tsv {
    struct ingest_zeek *z;
    struct ingest_counts *counts;
    char separator;
    struct token set_separator, empty, unset;
    bool has_columns;
    bool assumed; /* columns are the log's usual ones: there was no header */
    bool row;
    uint32_t n;
    struct column columns[COLUMNS_MAX];
};

/* The columns that Zeek writes unless it is told otherwise: newest first, each with its count. */
static const struct usual {
    const char *log;
    const char *names;
} usual[] = {
    {"conn", "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes "
             "resp_bytes conn_state local_orig local_resp missed_bytes history orig_pkts "
             "orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents ip_proto"},
    {"conn", "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes "
             "resp_bytes conn_state local_orig local_resp missed_bytes history orig_pkts "
             "orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents"},
    {"conn", "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes "
             "resp_bytes conn_state local_orig missed_bytes history orig_pkts orig_ip_bytes "
             "resp_pkts resp_ip_bytes tunnel_parents"},
    {"dns", "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto trans_id rtt query qclass "
            "qclass_name qtype qtype_name rcode rcode_name AA TC RD RA Z answers TTLs rejected"},
    {"dns", "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto trans_id query qclass "
            "qclass_name qtype qtype_name rcode rcode_name AA TC RD RA Z answers TTLs rejected"},
    {"http", "ts uid id.orig_h id.orig_p id.resp_h id.resp_p trans_depth method host uri referrer "
             "version user_agent origin request_body_len response_body_len status_code status_msg "
             "info_code info_msg tags username password proxied orig_fuids orig_filenames "
             "orig_mime_types resp_fuids resp_filenames resp_mime_types"},
    {"http", "ts uid id.orig_h id.orig_p id.resp_h id.resp_p trans_depth method host uri referrer "
             "version user_agent request_body_len response_body_len status_code status_msg "
             "info_code info_msg tags username password proxied orig_fuids orig_filenames "
             "orig_mime_types resp_fuids resp_filenames resp_mime_types"},
    {"ssl", "ts uid id.orig_h id.orig_p id.resp_h id.resp_p version cipher curve server_name "
            "resumed last_alert next_protocol established ssl_history cert_chain_fps "
            "client_cert_chain_fps sni_matches_cert"},
    {"ssl", "ts uid id.orig_h id.orig_p id.resp_h id.resp_p version cipher curve server_name "
            "resumed last_alert next_protocol established cert_chain_fuids "
            "client_cert_chain_fuids subject issuer client_subject client_issuer "
            "validation_status"},
};

/* Types of usual columns, as far as they matter when no #types line names them. */
static enum type usual_type(const char *name, size_t n, bool *out_list)
{
    static const char *const lists[] = {"tunnel_parents",
                                        "answers",
                                        "TTLs",
                                        "tags",
                                        "proxied",
                                        "orig_fuids",
                                        "orig_filenames",
                                        "orig_mime_types",
                                        "resp_fuids",
                                        "resp_filenames",
                                        "resp_mime_types",
                                        "cert_chain_fuids",
                                        "client_cert_chain_fuids",
                                        "cert_chain_fps",
                                        "client_cert_chain_fps"};
    static const char *const bools[] = {
        "local_orig", "local_resp", "AA",      "TC",          "RD",
        "RA",         "rejected",   "resumed", "established", "sni_matches_cert"};
    *out_list = false;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if (strlen(lists[i]) == n && memcmp(lists[i], name, n) == 0)
            *out_list = true;
    for (size_t i = 0; i < sizeof(bools) / sizeof(bools[0]); i++)
        if (strlen(bools[i]) == n && memcmp(bools[i], name, n) == 0)
            return TYPE_BOOL;
    return TYPE_TEXT;
}

static void set_token(struct token *t, const char *s, size_t n)
{
    t->n = n < TOKEN_MAX ? n : TOKEN_MAX;
    memcpy(t->p, s, t->n);
}

static bool token_is(const struct token *t, const char *s, size_t n)
{
    return t->n == n && memcmp(t->p, s, n) == 0;
}

struct ingest_zeek_tsv *ingest_zeek_tsv_new(struct ingest_zeek *z, struct ingest_counts *counts,
                                            const char *log_hint)
{
    struct ingest_zeek_tsv *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    t->z = z;
    t->counts = counts;
    t->separator = '\t';
    set_token(&t->set_separator, ",", 1);
    set_token(&t->empty, "(empty)", 7);
    set_token(&t->unset, "-", 1);
    if (log_hint != NULL)
        ingest_zeek_select(z, log_hint, strlen(log_hint));
    return t;
}

void ingest_zeek_tsv_free(struct ingest_zeek_tsv *t)
{
    mem_free(t);
}

bool ingest_zeek_tsv_was_row(const struct ingest_zeek_tsv *t)
{
    return t->row;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Undoes \xhh and \\; to may be s. Returns the length. */
static size_t unescape(const char *s, size_t n, char *to)
{
    size_t k = 0;
    for (size_t i = 0; i < n;) {
        if (s[i] == '\\' && i + 3 < n && s[i + 1] == 'x' && hex(s[i + 2]) >= 0 &&
            hex(s[i + 3]) >= 0) {
            to[k++] = (char)(hex(s[i + 2]) << 4 | hex(s[i + 3]));
            i += 4;
        } else if (s[i] == '\\' && i + 1 < n && s[i + 1] == '\\') {
            to[k++] = '\\';
            i += 2;
        } else {
            to[k++] = s[i++];
        }
    }
    return k;
}

/*
 * The next column of a line. Where a label was appended with blanks, three or more of them
 * separate too.
 */
static bool next_field(const char **p, const char *end, char separator, bool blanks,
                       const char **out, size_t *out_n)
{
    if (*p == NULL)
        return false;
    const char *from = *p;
    const char *stop = memchr(from, separator, (size_t)(end - from));
    const char *next = stop != NULL ? stop + 1 : NULL;
    if (stop == NULL)
        stop = end;
    if (blanks) {
        for (const char *q = from; stop - q >= 3; q++) {
            if (q[0] == ' ' && q[1] == ' ' && q[2] == ' ') {
                stop = q;
                while (q < end && *q == ' ')
                    q++;
                next = q;
                break;
            }
        }
    }
    *out = from;
    *out_n = (size_t)(stop - from);
    *p = next;
    return true;
}

static void read_fields(struct ingest_zeek_tsv *t, const char *p, size_t n)
{
    t->n = 0;
    t->has_columns = false;
    t->assumed = false;
    const char *end = p + n;
    const char *name;
    size_t len;
    while (t->n < COLUMNS_MAX && next_field(&p, end, t->separator, true, &name, &len)) {
        t->columns[t->n].plan = ingest_zeek_plan(t->z, name, len);
        t->columns[t->n].type = usual_type(name, len, &t->columns[t->n].list);
        t->n++;
    }
    t->has_columns = t->n > 0;
}

static void read_types(struct ingest_zeek_tsv *t, const char *p, size_t n)
{
    static const struct {
        const char *name;
        enum type type;
    } types[] = {{"time", TYPE_TIME},     {"interval", TYPE_INTERVAL}, {"count", TYPE_COUNT},
                 {"int", TYPE_COUNT},     {"port", TYPE_COUNT},        {"double", TYPE_DOUBLE},
                 {"counter", TYPE_COUNT}, {"bool", TYPE_BOOL}};
    const char *end = p + n;
    const char *s;
    size_t len;
    for (uint32_t i = 0; i < t->n && next_field(&p, end, t->separator, true, &s, &len); i++) {
        struct column *c = &t->columns[i];
        const char *open = memchr(s, '[', len);
        size_t outer = open != NULL ? (size_t)(open - s) : 0;
        c->list = outer >= 3 && (memcmp(s, "set", 3) == 0 || memcmp(s, "vec", 3) == 0 ||
                                 memcmp(s, "tab", 3) == 0);
        if (c->list) {
            s = open + 1;
            len -= outer + 1;
            len -= len > 0 && s[len - 1] == ']';
        }
        c->type = TYPE_TEXT;
        for (size_t k = 0; k < sizeof(types) / sizeof(types[0]); k++)
            if (strlen(types[k].name) == len && memcmp(types[k].name, s, len) == 0)
                c->type = types[k].type;
    }
}

/* What follows a header's key and one separator, a blank or the log's own; false: another header.
 */
static bool header_value(const struct ingest_zeek_tsv *t, const char *line, size_t n,
                         const char *key, const char **out, size_t *out_n)
{
    size_t len = strlen(key);
    if (n < len || memcmp(line, key, len) != 0)
        return false;
    if (n > len && line[len] != t->separator && line[len] != ' ' && line[len] != '\t')
        return false;
    *out = n > len ? line + len + 1 : line + n;
    *out_n = n > len ? n - len - 1 : 0;
    return true;
}

static void read_header(struct ingest_zeek_tsv *t, const char *line, size_t n)
{
    const char *v;
    size_t len;
    char text[TOKEN_MAX];
    if (header_value(t, line, n, "#separator", &v, &len)) {
        size_t k = len <= TOKEN_MAX ? unescape(v, len, text) : 0;
        if (k == 1)
            t->separator = text[0];
    } else if (header_value(t, line, n, "#set_separator", &v, &len) && len > 0 &&
               len <= TOKEN_MAX) {
        set_token(&t->set_separator, text, unescape(v, len, text));
    } else if (header_value(t, line, n, "#empty_field", &v, &len) && len <= TOKEN_MAX) {
        set_token(&t->empty, text, unescape(v, len, text));
    } else if (header_value(t, line, n, "#unset_field", &v, &len) && len <= TOKEN_MAX) {
        set_token(&t->unset, text, unescape(v, len, text));
    } else if (header_value(t, line, n, "#path", &v, &len)) {
        ingest_zeek_select(t->z, v, len);
    } else if (header_value(t, line, n, "#fields", &v, &len)) {
        read_fields(t, v, len);
    } else if (header_value(t, line, n, "#types", &v, &len)) {
        read_types(t, v, len);
    }
}

/* No header: the columns are the usual ones of this log that have this many. */
static bool assume_columns(struct ingest_zeek_tsv *t, uint32_t n)
{
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (strcmp(usual[i].log, ingest_zeek_selected(t->z)) != 0)
            continue;
        uint32_t count = 1;
        for (const char *p = usual[i].names; *p != '\0'; p++)
            count += *p == ' ';
        if (count != n)
            continue;
        char separator = t->separator;
        t->separator = ' ';
        read_fields(t, usual[i].names, strlen(usual[i].names));
        t->separator = separator;
        t->assumed = true;
        return true;
    }
    return false;
}

/* A single value, typed where that is safe for everyone; text of special columns stays text. */
static struct event_value value_of(struct ingest_zeek_tsv *t, const struct column *c,
                                   struct arena *arena, const char *s, size_t n)
{
    struct event_value v = {.type = EVENT_NULL};
    int64_t whole;
    int64_t nano;
    ts_ns time;
    if (c->type == TYPE_BOOL && n == 1 && (*s == 'T' || *s == 'F'))
        return (struct event_value){.type = EVENT_BOOL, .b = *s == 'T'};
    bool typed = c->plan == NULL || c->plan->action != ZEEK_SPECIAL;
    if (typed && c->type == TYPE_COUNT && event_json_decimal(s, n, &whole, &nano) && nano == 0)
        return (struct event_value){.type = EVENT_I64, .i = whole};
    if (typed && (c->type == TYPE_DOUBLE || c->type == TYPE_INTERVAL) && n > 0 && n < 60) {
        char text[64];
        char *end;
        memcpy(text, s, n);
        text[n] = '\0';
        double d = strtod(text, &end);
        if (*end == '\0' && strchr("0123456789-.", text[0]) != NULL)
            return (struct event_value){.type = EVENT_F64, .f = d};
    }
    if (typed && c->type == TYPE_TIME && event_json_time_text(s, n, &time))
        return (struct event_value){.type = EVENT_TIME, .t = time};
    char *copy = arena_alloc(arena, n + 1);
    if (copy == NULL)
        return v;
    size_t len = memchr(s, '\\', n) != NULL ? unescape(s, n, copy) : n;
    if (len == n)
        memcpy(copy, s, n);
    copy[len] = '\0';
    if (len > 0 && !utf8_valid(copy, len)) {
        size_t bad = 0;
        char *clean = arena_alloc(arena, utf8_escape_bound(len) + 1);
        if (clean == NULL)
            return v;
        len = utf8_escape(copy, len, clean, &bad);
        t->counts->repaired_bytes += bad;
        copy = clean;
    }
    return (struct event_value){.type = EVENT_STR, .len = (uint32_t)len, .s = copy};
}

static void read_list(struct ingest_zeek_tsv *t, const struct column *c, struct arena *arena,
                      const char *s, size_t n, struct ingest_zeek_cell *out)
{
    const char *end = s + n;
    uint32_t count = 1;
    for (const char *p = s; p < end; p++)
        count += *p == t->set_separator.p[0];
    if (count > VALUES_MAX)
        count = VALUES_MAX;
    struct event_value *many = arena_alloc(arena, count * sizeof(*many));
    if (many == NULL)
        return;
    uint32_t k = 0;
    for (const char *p = s; k < count;) {
        const char *stop = memmem(p, (size_t)(end - p), t->set_separator.p, t->set_separator.n);
        size_t len = (size_t)((stop != NULL ? stop : end) - p);
        if (!token_is(&t->unset, p, len))
            many[k++] = token_is(&t->empty, p, len)
                            ? (struct event_value){.type = EVENT_STR, .s = ""}
                            : value_of(t, c, arena, p, len);
        if (stop == NULL)
            break;
        p = stop + t->set_separator.n;
    }
    out->n = k;
    out->many = many;
}

static bool row(struct ingest_zeek_tsv *t, const char *line, size_t n, struct arena *arena,
                event_sink_fn sink, void *ctx, enum ingest_drop *out_reason, const char **out_why)
{
    const char *p = line;
    const char *end = line + n;
    const char *s;
    size_t len;
    uint32_t columns = 1;
    for (const char *q = line; (q = memchr(q, t->separator, (size_t)(end - q))) != NULL; q++)
        columns++;
    if ((!t->has_columns || (t->assumed && t->n < columns)) && !assume_columns(t, columns)) {
        *out_reason = INGEST_DROP_HEADER;
        *out_why = "a line of a Zeek log without a #fields line before it";
        return false;
    }
    bool blanks = columns < t->n;
    ingest_zeek_begin(t->z, arena);
    uint32_t i = 0;
    for (; i < t->n && next_field(&p, end, t->separator, blanks, &s, &len); i++) {
        const struct column *c = &t->columns[i];
        struct ingest_zeek_cell cell = {.n = 0};
        if (token_is(&t->unset, s, len) || (c->plan != NULL && c->plan->action == ZEEK_DROP))
            continue;
        if (token_is(&t->empty, s, len) || len == 0)
            continue;
        if (c->list) {
            read_list(t, c, arena, s, len, &cell);
        } else {
            cell.one = value_of(t, c, arena, s, len);
            cell.n = cell.one.type != EVENT_NULL;
        }
        if (cell.n > 0)
            ingest_zeek_column(t->z, c->plan, &cell);
    }
    if (i < t->n) {
        *out_reason = INGEST_DROP_COLUMNS;
        *out_why = "this line has fewer columns than the #fields line names";
        return false;
    }
    if (!ingest_zeek_end(t->z, sink, ctx)) {
        *out_reason = INGEST_DROP_TIME;
        *out_why = "this record has no time in its column ts";
        return false;
    }
    return true;
}

bool ingest_zeek_tsv_line(struct ingest_zeek_tsv *t, const char *line, size_t n,
                          struct arena *arena, event_sink_fn sink, void *ctx,
                          enum ingest_drop *out_reason, const char **out_why)
{
    t->row = false;
    /* A header that somebody indented is a header still. */
    size_t at = 0;
    while (at < n && (line[at] == ' ' || line[at] == '\t'))
        at++;
    if (at == n)
        return true;
    if (line[at] == '#') {
        read_header(t, line + at, n - at);
        return true;
    }
    t->row = true;
    return row(t, line, n, arena, sink, ctx, out_reason, out_why);
}
