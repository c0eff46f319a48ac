/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"
#include "sense/proto/certificate.h"
#include "sense/proto/hellos.h"
#include "trans_talk.h"

static struct frame body;
static struct frame record;

/* Sends what is in body as one handshake message in a record. */
static void send_message(struct talk *t, bool client, unsigned type)
{
    record.n = 0;
    put_hex(&record, "16 0303");
    put16(&record, (unsigned)body.n + 4);
    put8(&record, type);
    put8(&record, 0);
    put16(&record, (unsigned)body.n);
    put_bytes(&record, body.b, body.n);
    talk_tcp(t, client, DECODE_TCP_ACK, record.b, record.n);
}

static void send_hex(struct talk *t, bool client, const char *hex)
{
    record.n = 0;
    put_hex(&record, hex);
    talk_tcp(t, client, DECODE_TCP_ACK, record.b, record.n);
}

static void send_client_hello(struct talk *t)
{
    body.n = 0;
    put_client_start(&body, 0x0303, "", "c02f 1301");
    size_t list = begin16(&body);
    put_extension(&body, 0, "0009 00 0006 612e74657374"); /* a.test */
    put_extension(&body, 16, "0003 02 6832");             /* h2 */
    end16(&body, list);
    send_message(t, true, 1);
}

static void send_server_hello(struct talk *t)
{
    body.n = 0;
    put_server_start(&body, 0x0303, "0102", 0xc02f);
    size_t list = begin16(&body);
    put_extension(&body, 16, "0003 02 6832");
    end16(&body, list);
    send_message(t, false, 2);
}

static void send_certificate(struct talk *t)
{
    static struct frame der;
    der.n = 0;
    put_hex(&der, certificate_hex);
    body.n = 0;
    put8(&body, 0);
    put16(&body, (unsigned)der.n + 3);
    put8(&body, 0);
    put16(&body, (unsigned)der.n);
    put_bytes(&body, der.b, der.n);
    send_message(t, false, 11);
}

static void a_handshake_is_one_event(void **state)
{
    (void)state;
    struct talk t = talk_new(443, 10);
    talk_open(&t);
    send_client_hello(&t);
    send_server_hello(&t);
    send_certificate(&t);
    send_hex(&t, false, "16 0303 000c 0c000008 03001d01aa040100");
    send_hex(&t, false, "16 0303 0004 0e000000");
    send_hex(&t, true, "16 0303 0007 10000003020102 14 0303 0001 01 16 0303 0004 99112233");
    send_hex(&t, false, "14 0303 0001 01 16 0303 0004 99112233");
    send_hex(&t, true, "17 0303 0004 99112233");
    send_hex(&t, false, "17 0303 0004 99112233");
    talk_close(&t);
    assert_int_equal(t.events->n, 1);
    const struct event *e = &t.events->events[0];
    assert_string_equal(event_str(e, EVENT_F_EVENT_DATASET, ""), "network_traffic.tls");
    assert_string_equal(event_str(e, EVENT_F_TLS_CLIENT_SERVER_NAME, ""), "a.test");
    assert_string_equal(event_str(e, EVENT_F_SERVER_DOMAIN, ""), "a.test");
    assert_string_equal(event_str(e, EVENT_F_TLS_VERSION, ""), "1.2");
    assert_string_equal(event_str(e, EVENT_F_TLS_VERSION_PROTOCOL, ""), "tls");
    assert_string_equal(event_str(e, EVENT_F_TLS_CIPHER, ""),
                        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    assert_string_equal(event_str(e, EVENT_F_TLS_NEXT_PROTOCOL, ""), "h2");
    assert_int_equal(strlen(event_str(e, EVENT_F_TLS_CLIENT_JA3, "")), 32);
    assert_int_equal(strlen(event_str(e, EVENT_F_TLS_SERVER_JA3S, "")), 32);
    assert_string_equal(event_str(e, EVENT_F_TLS_SERVER_X509_SUBJECT_COMMON_NAME, ""),
                        "weir.example");
    assert_true(kept_has(e, EVENT_F_TLS_SERVER_X509_ALTERNATIVE_NAMES, "*.weir.example"));
    assert_true(kept_has(e, EVENT_F_TLS_ESTABLISHED, "true"));
    assert_int_equal(kept_values(e, EVENT_F_TLS_CLIENT_SUPPORTED_CIPHERS), 2);
    assert_string_equal(event_str(e, EVENT_F_EVENT_OUTCOME, ""), "success");
    assert_true(kept_has(e, EVENT_F_SOURCE_IP, CLIENT));
    talk_free(&t);
}

static void an_unanswered_hello_comes_at_the_end(void **state)
{
    (void)state;
    struct talk t = talk_new(8443, 10);
    talk_open(&t);
    send_client_hello(&t);
    assert_int_equal(t.events->n, 0);
    flow_table_advance(t.table, t.now + TIME_HOUR);
    assert_int_equal(t.events->n, 1);
    assert_true(kept_has(&t.events->events[0], EVENT_F_TLS_ESTABLISHED, "false"));
    assert_string_equal(event_str(&t.events->events[0], EVENT_F_EVENT_OUTCOME, ""), "unknown");
    assert_int_equal(trans_listener_counters(t.listener).unanswered, 1);
    talk_free(&t);
}

static void an_alert_is_a_failure(void **state)
{
    (void)state;
    struct talk t = talk_new(443, 10);
    talk_open(&t);
    send_client_hello(&t);
    send_hex(&t, false, "15 0303 0002 0228");
    talk_close(&t);
    assert_int_equal(t.events->n, 1);
    assert_true(
        kept_has(&t.events->events[0], EVENT_F_TLS_DETAILED_ALERT_TYPES, "handshake_failure"));
    assert_string_equal(event_str(&t.events->events[0], EVENT_F_EVENT_OUTCOME, ""), "failure");
    talk_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_is_one_event),
        cmocka_unit_test(an_unanswered_hello_comes_at_the_end),
        cmocka_unit_test(an_alert_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
