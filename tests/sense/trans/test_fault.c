/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once, from the making of table and listener to their end. */
#include "cmocka_head.h"
#include "fault_memory.h"
#include "sense/flow/flow_packets.h"

#include "flow/table.h"
#include "trans/listener.h"

static const uint8_t query[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};
static const uint8_t answer[] = {0, 1,    0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0,
                                 1, 0xc0, 12,   0,    1, 0, 1, 0, 0, 0, 9, 0, 4, 1,   2, 3, 4};

struct seen {
    uint64_t events;
    int64_t packets;
};

static void count(void *ctx, struct event *e)
{
    struct seen *s = ctx;
    s->events++;
    s->packets += event_i64(e, EVENT_F_NETWORK_PACKETS, 0);
    assert_false(e->failed);
}

static void say(struct flow_table *t, bool client, uint16_t port, uint32_t *seq, const char *text)
{
    struct decode_packet p = packet_tcp(T0, client ? "10.0.0.1" : "192.0.2.7", client ? 4000 : port,
                                        client ? "192.0.2.7" : "10.0.0.1", client ? port : 4000,
                                        DECODE_TCP_ACK, seq[!client], seq[client], text);
    flow_table_packet(t, &p);
    seq[!client] += (uint32_t)strlen(text);
}

static void talk(struct flow_table *t)
{
    struct decode_packet p =
        packet_udp(T0, "10.0.0.1", 5000, "192.0.2.7", 53, query, sizeof(query));
    flow_table_packet(t, &p);
    p = packet_udp(T0, "192.0.2.7", 53, "10.0.0.1", 5000, answer, sizeof(answer));
    flow_table_packet(t, &p);
    p = packet_udp(T0, "10.0.0.1", 5001, "192.0.2.7", 53, query, sizeof(query));
    flow_table_packet(t, &p); /* unanswered */
    uint32_t seq[2] = {100, 200};
    p = packet_tcp(T0, "192.0.2.7", 80, "10.0.0.1", 4000, DECODE_TCP_SYN | DECODE_TCP_ACK, 199, 100,
                   "");
    flow_table_packet(t, &p);
    say(t, true, 80, seq, "GET /x?y=1 HTTP/1.1\r\nHost: h.example\r\nUser-Agent: \xff\r\n\r\n");
    seq[1] += 3; /* a hole, filled later */
    say(t, false, 80, seq, "P/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    seq[1] = 200;
    say(t, false, 80, seq, "HTT");
    say(t, true, 80, seq, "GET /unanswered HTTP/1.1\r\n\r\n");
    uint32_t other[2] = {1, 1};
    say(t, true, 443, other, "\x16\x03\x01\x00\x05\x01");
    say(t, false, 443, other, "\x15\x03\x03\x00\x02\x02\x28");
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        assert_true(n < 5000);
        struct seen seen = {0, 0};
        struct trans_listener_settings ls = trans_listener_settings_default();
        struct flow_table_settings s = flow_table_settings_default();
        struct trans_listener *l = NULL;
        struct flow_table *t = NULL;
        fault_arm(n);
        enum err err = trans_listener_new(&ls, count, &seen, &l);
        if (err == ERR_NONE) {
            struct flow_listener face = trans_listener_face(l);
            err = flow_table_new(&s, count, &seen, &face, &t);
        }
        assert_true(err == ERR_NONE || err == ERR_MEMORY);
        if (t != NULL) {
            talk(t);
            flow_table_flush(t);
            trans_listener_flush(l);
        }
        flow_table_free(t);
        trans_listener_free(l);
        if (!fault_disarm()) { /* nothing was left to fail */
            assert_int_equal(seen.packets, 10);
            assert_int_equal(seen.events, 4 + 4);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_fails_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
