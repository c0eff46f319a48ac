/* SPDX-License-Identifier: Apache-2.0 */
/* The mapper's frame: logs, the plan of each column, and a row from begin to end. */
#include "ingest/zeek.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "event/json.h"
#include "ingest/zeek_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define PLANS_MAX 8192 /* columns of all logs together; more are dropped and counted */

#define CONN (1U << ZEEK_LOG_CONN)
#define DNS (1U << ZEEK_LOG_DNS)
#define HTTP (1U << ZEEK_LOG_HTTP)
#define SSL (1U << ZEEK_LOG_SSL)
#define ANY 0xffU

#define SPECIAL(logs, name, column)                                                                \
    {                                                                                              \
        logs, ZEEK_SPECIAL, column, 0, name                                                        \
    }
#define FIELD(logs, name, field)                                                                   \
    {                                                                                              \
        logs, ZEEK_FIELD, 0, EVENT_F_##field, name                                                 \
    }
#define DROP(logs, name)                                                                           \
    {                                                                                              \
        logs, ZEEK_DROP, 0, 0, name                                                                \
    }

static const struct known {
    uint8_t logs;
    uint8_t action;
    uint8_t column;
    event_field field;
    const char *name;
} known[] = {
    SPECIAL(ANY, "ts", ZEEK_TS),
    SPECIAL(ANY, "uid", ZEEK_UID),
    SPECIAL(ANY, "id.orig_h", ZEEK_ORIG_H),
    SPECIAL(ANY, "id.orig_p", ZEEK_ORIG_P),
    SPECIAL(ANY, "id.resp_h", ZEEK_RESP_H),
    SPECIAL(ANY, "id.resp_p", ZEEK_RESP_P),
    SPECIAL(ANY, "proto", ZEEK_PROTO),
    FIELD(ANY, "community_id", NETWORK_COMMUNITY_ID),
    FIELD(ANY, "_system_name", OBSERVER_NAME),
    FIELD(ANY, "@system", OBSERVER_NAME),
    DROP(ANY, "_path"),
    DROP(ANY, "_write_ts"),
    DROP(ANY, "@stream"),
    DROP(ANY, "@path"),
    DROP(ANY, "@proc"),

    SPECIAL(CONN, "service", ZEEK_SERVICE),
    SPECIAL(CONN, "duration", ZEEK_DURATION),
    SPECIAL(CONN, "orig_bytes", ZEEK_ORIG_BYTES),
    SPECIAL(CONN, "resp_bytes", ZEEK_RESP_BYTES),
    SPECIAL(CONN, "conn_state", ZEEK_CONN_STATE),
    SPECIAL(CONN, "local_orig", ZEEK_LOCAL_ORIG),
    SPECIAL(CONN, "local_resp", ZEEK_LOCAL_RESP),
    SPECIAL(CONN, "history", ZEEK_HISTORY),
    SPECIAL(CONN, "orig_pkts", ZEEK_ORIG_PKTS),
    SPECIAL(CONN, "resp_pkts", ZEEK_RESP_PKTS),
    SPECIAL(CONN, "orig_ip_bytes", ZEEK_ORIG_IP_BYTES),
    SPECIAL(CONN, "resp_ip_bytes", ZEEK_RESP_IP_BYTES),
    FIELD(CONN, "missed_bytes", ZEEK_CONNECTION_MISSED_BYTES),
    FIELD(CONN, "vlan", NETWORK_VLAN_ID),
    FIELD(CONN, "inner_vlan", NETWORK_INNER_VLAN_ID),

    FIELD(DNS, "trans_id", DNS_ID),
    FIELD(DNS, "query", DNS_QUESTION_NAME),
    FIELD(DNS, "qclass", ZEEK_DNS_QCLASS),
    FIELD(DNS, "qtype", ZEEK_DNS_QTYPE),
    FIELD(DNS, "rcode", ZEEK_DNS_RCODE),
    SPECIAL(DNS, "qclass_name", ZEEK_QCLASS_NAME),
    SPECIAL(DNS, "qtype_name", ZEEK_QTYPE_NAME),
    SPECIAL(DNS, "rcode_name", ZEEK_RCODE_NAME),
    SPECIAL(DNS, "rejected", ZEEK_REJECTED),
    SPECIAL(DNS, "rtt", ZEEK_RTT),
    SPECIAL(DNS, "answers", ZEEK_ANSWERS),
    SPECIAL(DNS, "TTLs", ZEEK_TTLS),
    SPECIAL(DNS, "AA", ZEEK_FLAG_AA),
    SPECIAL(DNS, "TC", ZEEK_FLAG_TC),
    SPECIAL(DNS, "RD", ZEEK_FLAG_RD),
    SPECIAL(DNS, "RA", ZEEK_FLAG_RA),

    SPECIAL(HTTP, "host", ZEEK_HOST),
    SPECIAL(HTTP, "uri", ZEEK_URI),
    SPECIAL(HTTP, "status_code", ZEEK_STATUS_CODE),
    FIELD(HTTP, "method", HTTP_REQUEST_METHOD),
    FIELD(HTTP, "referrer", HTTP_REQUEST_REFERRER),
    FIELD(HTTP, "version", HTTP_VERSION),
    FIELD(HTTP, "user_agent", USER_AGENT_ORIGINAL),
    FIELD(HTTP, "request_body_len", HTTP_REQUEST_BODY_BYTES),
    FIELD(HTTP, "response_body_len", HTTP_RESPONSE_BODY_BYTES),
    FIELD(HTTP, "status_msg", HTTP_RESPONSE_STATUS_PHRASE),
    FIELD(HTTP, "username", URL_USERNAME),
    FIELD(HTTP, "password", URL_PASSWORD),
    FIELD(HTTP, "orig_mime_types", HTTP_REQUEST_MIME_TYPE),
    FIELD(HTTP, "resp_mime_types", HTTP_RESPONSE_MIME_TYPE),
    FIELD(HTTP, "tags", ZEEK_HTTP_TAGS),
    FIELD(HTTP, "trans_depth", ZEEK_HTTP_TRANS_DEPTH),

    SPECIAL(SSL, "version", ZEEK_SSL_VERSION),
    SPECIAL(SSL, "server_name", ZEEK_SERVER_NAME),
    SPECIAL(SSL, "established", ZEEK_ESTABLISHED),
    FIELD(SSL, "cipher", TLS_CIPHER),
    FIELD(SSL, "curve", TLS_CURVE),
    FIELD(SSL, "resumed", TLS_RESUMED),
    FIELD(SSL, "next_protocol", TLS_NEXT_PROTOCOL),
    FIELD(SSL, "subject", TLS_SERVER_SUBJECT),
    FIELD(SSL, "issuer", TLS_SERVER_ISSUER),
    FIELD(SSL, "client_subject", TLS_CLIENT_SUBJECT),
    FIELD(SSL, "client_issuer", TLS_CLIENT_ISSUER),
    FIELD(SSL, "validation_status", ZEEK_SSL_VALIDATION_STATUS),
    FIELD(SSL, "ja3", TLS_CLIENT_JA3),
    FIELD(SSL, "ja3s", TLS_SERVER_JA3S),
};

struct ingest_zeek *ingest_zeek_new(const struct ingest_zeek_options *options,
                                    struct ingest_counts *counts)
{
    struct ingest_zeek *z = mem_zero(1, sizeof(*z));
    if (z == NULL)
        return NULL;
    z->options = *options;
    z->counts = counts;
    z->written = TIME_NONE;
    arena_init(&z->plan_arena, 4096);
    /* Column names come from files: few, but chosen by strangers. */
    z->plans = map_new((struct hash_key){0x7a65656b2d636f6cU, (uint64_t)(uintptr_t)z});
    if (z->plans == NULL) {
        ingest_zeek_free(z);
        return NULL;
    }
    ingest_zeek_select(z, "", 0);
    return z;
}

void ingest_zeek_free(struct ingest_zeek *z)
{
    if (z == NULL)
        return;
    map_free(z->plans);
    arena_release(&z->plan_arena);
    mem_free(z);
}

bool ingest_zeek_log_of(const char *file_name, char out[32])
{
    const char *slash = strrchr(file_name, '/');
    const char *p = slash != NULL ? slash + 1 : file_name;
    size_t n = strcspn(p, ".");
    if (n == 0 || n > 31 || p[n] == '\0')
        return false;
    /* labeled-conn.log, UTICA-A_dns.log, conn_top.log: one of the words is the log. */
    static const char *const logs[] = {"conn", "dns", "http", "ssl"};
    for (size_t end = n; end > 0;) {
        size_t from = end;
        while (from > 0 && isalnum((unsigned char)p[from - 1]))
            from--;
        for (size_t i = 0; i < 4; i++) {
            if (strlen(logs[i]) == end - from && memcmp(p + from, logs[i], end - from) == 0) {
                memcpy(out, logs[i], end - from);
                out[end - from] = '\0';
                return true;
            }
        }
        end = from > 0 ? from - 1 : 0;
    }
    memcpy(out, p, n);
    out[n] = '\0';
    return true;
}

void ingest_zeek_select(struct ingest_zeek *z, const char *log, size_t n)
{
    char clean[32];
    size_t len = 0;
    for (size_t i = 0; i < n && len < sizeof(clean) - 1; i++) {
        unsigned char c = (unsigned char)log[i];
        clean[len++] = isalnum(c) || c == '_' ? (char)tolower(c) : '_';
    }
    clean[len] = '\0';
    if (len == 0)
        memcpy(clean, "unknown", 8);
    if (strcmp(clean, "conn_red") == 0)
        memcpy(clean, "conn", 5); /* connections that Corelight keeps out of its conn.log */
    if (strcmp(clean, z->log) == 0)
        return;
    memcpy(z->log, clean, sizeof(clean));
    z->kind = strcmp(clean, "conn") == 0   ? ZEEK_LOG_CONN
              : strcmp(clean, "dns") == 0  ? ZEEK_LOG_DNS
              : strcmp(clean, "http") == 0 ? ZEEK_LOG_HTTP
              : strcmp(clean, "ssl") == 0  ? ZEEK_LOG_SSL
                                           : ZEEK_LOG_OTHER;
    z->dataset_len = (uint32_t)snprintf(z->dataset, sizeof(z->dataset), "zeek.%s",
                                        z->kind == ZEEK_LOG_CONN ? "connection" : z->log);
}

const char *ingest_zeek_selected(const struct ingest_zeek *z)
{
    return z->log;
}

static struct ingest_zeek_plan *make_plan(struct ingest_zeek *z, const char *column, size_t n)
{
    size_t log_n = strlen(z->log) + 1;
    struct ingest_zeek_plan *plan = arena_zero(&z->plan_arena, sizeof(*plan));
    char *key = arena_alloc(&z->plan_arena, log_n + n);
    if (plan == NULL || key == NULL)
        return NULL;
    memcpy(key, z->log, log_n);
    memcpy(key + log_n, column, n);
    plan->key = key;
    plan->key_len = (uint32_t)(log_n + n);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if ((known[i].logs >> z->kind & 1) != 0 && strlen(known[i].name) == n &&
            memcmp(known[i].name, column, n) == 0) {
            plan->action = known[i].action;
            plan->column = known[i].column;
            plan->field = known[i].field;
            return plan;
        }
    }
    char *name = arena_alloc(&z->plan_arena, z->dataset_len + 1 + utf8_escape_bound(n) + 1);
    if (name == NULL)
        return NULL;
    memcpy(name, z->dataset, z->dataset_len);
    name[z->dataset_len] = '.';
    char *column_at = name + z->dataset_len + 1;
    plan->name = name;
    plan->name_len = (uint32_t)(z->dataset_len + 1 + utf8_escape(column, n, column_at, NULL));
    plan->action = ZEEK_NAMED;
    plan->field = event_field_by_name(name, plan->name_len);
    if (plan->field != EVENT_F_NONE)
        plan->action = ZEEK_FIELD;
    return plan;
}

const struct ingest_zeek_plan *ingest_zeek_plan(struct ingest_zeek *z, const char *column, size_t n)
{
    char key[32 + 512];
    size_t log_n = strlen(z->log) + 1;
    if (n == 0 || n > 500)
        return NULL;
    /* Records of one log have their columns in one order: most are guessed. */
    const struct ingest_zeek_plan *guess = z->last != NULL ? z->last->follow : NULL;
    if (guess != NULL && guess->key_len == log_n + n &&
        memcmp(guess->key + log_n, column, n) == 0 && memcmp(guess->key, z->log, log_n) == 0) {
        z->last = z->last->follow;
        return guess;
    }
    memcpy(key, z->log, log_n);
    memcpy(key + log_n, column, n);
    struct ingest_zeek_plan *plan;
    uint64_t *found = map_get(z->plans, key, log_n + n);
    if (found != NULL) {
        plan = (struct ingest_zeek_plan *)(uintptr_t)*found;
    } else {
        plan = map_count(z->plans) < PLANS_MAX ? make_plan(z, column, n) : NULL;
        uint64_t *place = plan != NULL ? map_put(z->plans, key, log_n + n, NULL) : NULL;
        if (place == NULL)
            return NULL;
        *place = (uint64_t)(uintptr_t)plan;
    }
    if (z->last != NULL && z->last != plan)
        z->last->follow = plan;
    z->last = plan;
    return plan;
}

void ingest_zeek_begin(struct ingest_zeek *z, struct arena *arena)
{
    event_init(&z->e, arena, TIME_NONE);
    for (int i = 0; i < ZEEK_COLUMNS; i++)
        z->special[i].n = 0;
}

void ingest_zeek_column(struct ingest_zeek *z, const struct ingest_zeek_plan *plan,
                        const struct ingest_zeek_cell *cell)
{
    const struct event_value *v = cell->many != NULL ? cell->many : &cell->one;
    if (plan == NULL) {
        z->counts->dropped_fields += cell->n > 0;
        return;
    }
    switch ((enum ingest_zeek_action)plan->action) {
    case ZEEK_FIELD:
        for (uint32_t i = 0; i < cell->n; i++)
            event_add_value_view(&z->e, plan->field, &v[i]);
        break;
    case ZEEK_NAMED:
        for (uint32_t i = 0; i < cell->n; i++)
            event_add_named_view(&z->e, plan->name, plan->name_len, &v[i]);
        break;
    case ZEEK_SPECIAL:
        z->special[plan->column] = *cell;
        break;
    case ZEEK_DROP:
        break;
    }
}

bool ingest_zeek_end(struct ingest_zeek *z, event_sink_fn sink, void *ctx)
{
    const struct event_value *ts = zeek_first(z, ZEEK_TS);
    ts_ns time;
    bool fine = false;
    if (ts != NULL && ts->type == EVENT_STR)
        fine = event_json_time_text(ts->s, ts->len, &time);
    else if (ts != NULL && ts->type == EVENT_F64)
        fine = event_json_time_number(ts->f, &time);
    else if (ts != NULL && ts->type == EVENT_I64)
        fine = event_json_time_number((double)ts->i, &time);
    if (!fine)
        return false;
    z->e.time = time;
    ingest_zeek_map_row(z);
    if (z->kind == ZEEK_LOG_CONN) {
        ingest_zeek_conn_fields(z);
        ingest_zeek_conn_give(z, sink, ctx);
    } else {
        sink(ctx, &z->e);
    }
    return true;
}
