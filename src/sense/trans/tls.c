/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tls.h"

#include "trans/trans_priv.h"

bool trans_tls_open(struct trans_session *s)
{
    s->tls = proto_tls_conn_new();
    if (s->tls == NULL)
        s->l->counters.no_memory++;
    return s->tls != NULL;
}

static void set(struct event *e, event_field f, const char *s)
{
    if (s != NULL && s[0] != '\0')
        event_set_text(e, f, s);
}

static void set_time(struct event *e, event_field f, ts_ns t)
{
    if (t != TIME_NONE)
        event_set_time(e, f, t);
}

static void describe_server_certificate(struct event *e, const struct proto_tls_certificate *c)
{
    set(e, EVENT_F_TLS_SERVER_SUBJECT, c->subject);
    set(e, EVENT_F_TLS_SERVER_ISSUER, c->issuer);
    set(e, EVENT_F_TLS_SERVER_HASH_MD5, c->hash.md5);
    set(e, EVENT_F_TLS_SERVER_HASH_SHA1, c->hash.sha1);
    set(e, EVENT_F_TLS_SERVER_HASH_SHA256, c->hash.sha256);
    set_time(e, EVENT_F_TLS_SERVER_NOT_BEFORE, c->not_before);
    set_time(e, EVENT_F_TLS_SERVER_NOT_AFTER, c->not_after);
    set(e, EVENT_F_TLS_SERVER_X509_SUBJECT_COMMON_NAME, c->common_name);
    set(e, EVENT_F_TLS_SERVER_X509_ISSUER_COMMON_NAME, c->issuer_common_name);
    set(e, EVENT_F_TLS_SERVER_X509_SERIAL_NUMBER, c->serial);
    set(e, EVENT_F_TLS_SERVER_X509_PUBLIC_KEY_ALGORITHM, c->public_key_algorithm);
    set(e, EVENT_F_TLS_SERVER_X509_SIGNATURE_ALGORITHM, c->signature_algorithm);
    for (size_t i = 0; i < c->name_n; i++)
        event_add_str(e, EVENT_F_TLS_SERVER_X509_ALTERNATIVE_NAMES, c->names[i],
                      strlen(c->names[i]));
    event_add_str(e, EVENT_F_RELATED_HASH, c->hash.sha256, strlen(c->hash.sha256));
}

static void describe_client_certificate(struct event *e, const struct proto_tls_certificate *c)
{
    set(e, EVENT_F_TLS_CLIENT_SUBJECT, c->subject);
    set(e, EVENT_F_TLS_CLIENT_ISSUER, c->issuer);
    set(e, EVENT_F_TLS_CLIENT_HASH_MD5, c->hash.md5);
    set(e, EVENT_F_TLS_CLIENT_HASH_SHA1, c->hash.sha1);
    set(e, EVENT_F_TLS_CLIENT_HASH_SHA256, c->hash.sha256);
    set_time(e, EVENT_F_TLS_CLIENT_NOT_BEFORE, c->not_before);
    set_time(e, EVENT_F_TLS_CLIENT_NOT_AFTER, c->not_after);
    set(e, EVENT_F_TLS_CLIENT_X509_SUBJECT_COMMON_NAME, c->common_name);
    set(e, EVENT_F_TLS_CLIENT_X509_ISSUER_COMMON_NAME, c->issuer_common_name);
    for (size_t i = 0; i < c->name_n; i++)
        event_add_str(e, EVENT_F_TLS_CLIENT_X509_ALTERNATIVE_NAMES, c->names[i],
                      strlen(c->names[i]));
    event_add_str(e, EVENT_F_RELATED_HASH, c->hash.sha256, strlen(c->hash.sha256));
}

static void describe_hellos(struct event *e, const struct proto_tls_info *i)
{
    char buf[PROTO_TLS_NAME_SIZE];
    if (i->client_hello.seen) {
        set(e, EVENT_F_TLS_CLIENT_JA3, i->client_hello.ja3);
        event_add_str(e, EVENT_F_RELATED_HASH, i->client_hello.ja3, strlen(i->client_hello.ja3));
        for (size_t k = 0; k < i->client_cipher_n; k++) {
            const char *name = proto_tls_cipher_name(i->client_ciphers[k], buf);
            event_add_str(e, EVENT_F_TLS_CLIENT_SUPPORTED_CIPHERS, name, strlen(name));
        }
        set(e, EVENT_F_TLS_CLIENT_SERVER_NAME, i->server_name);
        set(e, EVENT_F_RESOURCE, i->server_name);
    }
    if (i->server_hello.seen) {
        set(e, EVENT_F_TLS_SERVER_JA3S, i->server_hello.ja3);
        event_add_str(e, EVENT_F_RELATED_HASH, i->server_hello.ja3, strlen(i->server_hello.ja3));
        set(e, EVENT_F_TLS_CIPHER, proto_tls_cipher_name(i->cipher, buf));
        if (i->curve != 0)
            set(e, EVENT_F_TLS_CURVE, proto_tls_curve_name(i->curve, buf));
        set(e, EVENT_F_TLS_NEXT_PROTOCOL, i->next_protocol);
        set(e, EVENT_F_TLS_VERSION, proto_tls_version_number(i->server_hello.version));
        set(e, EVENT_F_TLS_VERSION_PROTOCOL, proto_tls_version_protocol(i->server_hello.version));
    }
}

static void describe_outcome(struct event *e, const struct proto_tls_info *i)
{
    bool broken_off = i->client_alert != 0 || i->server_alert != 0;
    event_set_bool(e, EVENT_F_TLS_ESTABLISHED, i->established);
    event_set_bool(e, EVENT_F_TLS_RESUMED, i->resumed);
    event_set_bool(e, EVENT_F_TLS_DETAILED_CLIENT_CERTIFICATE_REQUESTED,
                   i->client_certificate_requested);
    const uint8_t alerts[] = {i->client_alert, i->server_alert};
    for (unsigned k = 0; k < 2; k++) {
        const char *name = alerts[k] != 0 ? proto_tls_alert_name(alerts[k] - 1) : NULL;
        if (name != NULL)
            event_add_str(e, EVENT_F_TLS_DETAILED_ALERT_TYPES, name, strlen(name));
    }
    if (i->established) {
        TRANS_TEXT(e, EVENT_F_STATUS, "OK");
        TRANS_TEXT(e, EVENT_F_EVENT_OUTCOME, "success");
    } else {
        TRANS_TEXT(e, EVENT_F_STATUS, "Error");
        if (broken_off)
            TRANS_TEXT(e, EVENT_F_EVENT_OUTCOME, "failure");
        else
            TRANS_TEXT(e, EVENT_F_EVENT_OUTCOME, "unknown");
    }
}

/* One event for the handshake, if there was any. time: when this is known. */
static void give(struct trans_session *s, ts_ns time)
{
    struct trans_listener *l = s->l;
    const struct proto_tls_info *i = proto_tls_conn_info(s->tls);
    if (!i->client_hello.seen && !i->server_hello.seen) {
        l->counters.lost++;
        return;
    }
    struct trans_origin o = trans_event_origin(s->f, trans_side_of(i->client));
    if (!i->client_hello.seen) /* the side that says ServerHello is not the client */
        o = trans_event_origin(s->f, FLOW_SOURCE);
    ts_ns start = i->client_hello.seen ? i->client_hello.ts : i->server_hello.ts;
    ts_ns end = i->established ? i->established_ts : i->last_ts;
    struct event e;
    trans_event_begin(l, &e, TRANS_PATTERN_TLS, &o, start, end);
    trans_event_related(&e, &o, 0);
    describe_hellos(&e, i);
    if (i->server_name != NULL)
        trans_event_server(l, &e, bytes_make(i->server_name, strlen(i->server_name)));
    if (i->server_chain_n > 0)
        describe_server_certificate(&e, &i->server_chain[0]);
    if (i->client_chain_n > 0)
        describe_client_certificate(&e, &i->client_chain[0]);
    describe_outcome(&e, i);
    l->counters.tls++;
    if (!i->server_hello.seen)
        l->counters.unanswered++;
    if (!i->client_hello.seen)
        l->counters.unasked++;
    trans_event_give(l, &e, time);
}

static bool go_on(struct trans_session *s, enum proto_tls_state state, ts_ns ts)
{
    if (state == PROTO_TLS_MORE)
        return true;
    if (state == PROTO_TLS_BROKEN)
        s->l->counters.broken++;
    give(s, ts);
    return false;
}

bool trans_tls_feed(struct trans_session *s, enum flow_side side, ts_ns ts, struct bytes data)
{
    return go_on(s, proto_tls_conn_feed(s->tls, trans_dir(side), ts, data), ts);
}

bool trans_tls_gap(struct trans_session *s, enum flow_side side, ts_ns ts, uint64_t missing)
{
    return go_on(s, proto_tls_conn_gap(s->tls, trans_dir(side), missing), ts);
}

void trans_tls_end(struct trans_session *s, ts_ns ts)
{
    give(s, ts);
}

void trans_tls_drop(struct trans_session *s)
{
    proto_tls_conn_free(s->tls);
    s->tls = NULL;
}

uint64_t trans_tls_bytes(const struct trans_session *s)
{
    return s->tls != NULL ? proto_tls_conn_bytes(s->tls) : 0;
}
