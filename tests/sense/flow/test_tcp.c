/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/table.h"

#include "flow_packets.h"

#include "cmocka_head.h"

#define C "10.0.0.1"
#define S "192.0.2.7"
#define SYN DECODE_TCP_SYN
#define ACK DECODE_TCP_ACK
#define FIN DECODE_TCP_FIN
#define RST DECODE_TCP_RST

/* One packet of a story: c or s speaks, after so many ms. */
struct step {
    char who;
    uint8_t flags;
    uint32_t seq;
    int after_ms;
    const char *data;
};

struct story {
    const char *name;
    uint16_t client_port, server_port;
    struct step steps[8];
    size_t flows;      /* events at the end */
    char source;       /* of the first */
    const char *state; /* of the last */
    const char *origin;
    const char *end; /* of the first */
};

static const struct story stories[] = {
    {"plain",
     40000,
     443,
     {{'c', SYN, 1, 0, ""},
      {'s', SYN | ACK, 9, 1, ""},
      {'c', ACK, 2, 1, "x"},
      {'c', FIN | ACK, 3, 1, ""},
      {'s', FIN | ACK, 10, 1, ""},
      {'c', ACK, 4, 1, ""}},
     1,
     'c',
     "closed",
     "syn",
     "fin"},
    {"refused",
     40000,
     443,
     {{'c', SYN, 1, 0, ""}, {'s', RST | ACK, 0, 1, ""}},
     1,
     'c',
     "reset",
     "syn",
     "rst"},
    {"unanswered",
     40000,
     443,
     {{'c', SYN, 1, 0, ""}, {'c', SYN, 1, 1000, ""}},
     1,
     'c',
     "syn",
     "syn",
     "flushed"},
    {"answer first",
     40000,
     443,
     {{'s', SYN | ACK, 9, 0, ""}, {'c', ACK, 2, 1, ""}},
     1,
     'c',
     "open",
     "syn_ack",
     "flushed"},
    {"middle, server heard first",
     40000,
     443,
     {{'s', ACK, 9, 0, "x"}, {'c', ACK, 2, 1, ""}},
     1,
     'c',
     "open",
     "port",
     "flushed"},
    {"middle, no known port",
     40000,
     8443,
     {{'s', ACK, 9, 0, "x"}, {'c', ACK, 2, 1, ""}},
     1,
     's',
     "open",
     "first_packet",
     "flushed"},
    {"SYN overtaken",
     40000,
     8443,
     {{'s', ACK, 9, 0, "x"}, {'c', SYN, 1, 1, ""}},
     1,
     'c',
     "open",
     "syn",
     "flushed"},
    {"half closed",
     40000,
     443,
     {{'c', SYN, 1, 0, ""}, {'s', SYN | ACK, 9, 1, ""}, {'c', FIN | ACK, 2, 1, ""}},
     1,
     'c',
     "half_closed",
     "syn",
     "flushed"},
    {"port used again after FIN",
     40000,
     443,
     {{'c', SYN, 1, 0, ""},
      {'s', SYN | ACK, 9, 1, ""},
      {'c', FIN | ACK, 2, 1, ""},
      {'s', FIN | ACK, 10, 1, ""},
      {'c', SYN, 5000, 1, ""}},
     2,
     'c',
     "syn",
     "syn",
     "fin"},
    {"port used again without an end",
     40000,
     443,
     {{'c', SYN, 1, 0, ""},
      {'s', SYN | ACK, 9, 1, ""},
      {'c', ACK, 2, 1, "x"},
      {'c', SYN, 5000, 1, ""}},
     2,
     'c',
     "syn",
     "syn",
     "reused"},
    {"SYN sent again late",
     40000,
     443,
     {{'c', SYN, 1, 0, ""},
      {'s', SYN | ACK, 9, 1, ""},
      {'c', ACK, 2, 1, "x"},
      {'c', SYN, 1, 1, ""}},
     1,
     'c',
     "open",
     "syn",
     "flushed"},
    {"both at once",
     5000,
     5001,
     {{'c', SYN, 1, 0, ""}, {'s', SYN, 9, 1, ""}, {'c', ACK, 2, 1, ""}},
     1,
     'c',
     "open",
     "syn",
     "flushed"},
    {"stragglers do not begin anew",
     40000,
     443,
     {{'c', SYN, 1, 0, ""},
      {'s', RST | ACK, 0, 1, ""},
      {'c', ACK, 2, 4000, ""},
      {'c', ACK, 2, 4000, ""}},
     1,
     'c',
     "reset",
     "syn",
     "rst"},
    {"after the linger it is another flow",
     40000,
     443,
     {{'c', SYN, 1, 0, ""}, {'s', RST | ACK, 0, 1, ""}, {'c', ACK, 2, 8000, "x"}},
     2,
     'c',
     "open",
     "syn",
     "rst"},
};

static void stories_end_as_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
        const struct story *s = &stories[i];
        struct kept *k = kept_new();
        struct flow_table_settings settings = flow_table_settings_default();
        struct flow_table *t;
        assert_int_equal(flow_table_new(&settings, kept_add, k, NULL, &t), ERR_NONE);
        ts_ns now = T0;
        for (const struct step *p = s->steps; p->who != 0; p++) {
            bool client = p->who == 'c';
            now += p->after_ms * TIME_MS;
            struct decode_packet packet = packet_tcp(
                now, client ? C : S, client ? s->client_port : s->server_port, client ? S : C,
                client ? s->server_port : s->client_port, p->flags, p->seq, 0, p->data);
            flow_table_packet(t, &packet);
        }
        flow_table_flush(t);
        print_message("%s\n", s->name);
        assert_int_equal(k->n, s->flows);
        const struct event *first = &k->events[0], *last = &k->events[k->n - 1];
        assert_true(kept_has(first, EVENT_F_SOURCE_IP, s->source == 'c' ? C : S));
        assert_string_equal(event_str(last, EVENT_F_WEIR_FLOW_TCP_STATE, ""), s->state);
        assert_string_equal(event_str(first, EVENT_F_WEIR_FLOW_INITIATOR, ""), s->origin);
        assert_string_equal(event_str(first, EVENT_F_WEIR_FLOW_END_REASON, ""), s->end);
        if (k->n == 2)
            assert_string_not_equal(event_str(first, EVENT_F_FLOW_ID, ""),
                                    event_str(last, EVENT_F_FLOW_ID, ""));
        flow_table_free(t);
        kept_free(k);
    }
}

static void copies_of_a_mirror_port_are_seen(void **state)
{
    (void)state;
    struct kept *k = kept_new();
    struct flow_table_settings settings = flow_table_settings_default();
    struct flow_table *t;
    assert_int_equal(flow_table_new(&settings, kept_add, k, NULL, &t), ERR_NONE);
    for (uint32_t i = 0; i < 10; i++) {
        ts_ns ts = T0 + i * 10 * TIME_MS;
        struct decode_packet p = packet_tcp(ts, C, 40000, S, 443, ACK, i * 4, 7, "data");
        flow_table_packet(t, &p);
        p.ts += 20 * TIME_US; /* the copy */
        flow_table_packet(t, &p);
        p.ts += 5 * TIME_MS; /* sent again */
        flow_table_packet(t, &p);
    }
    assert_int_equal(flow_table_counters(t).duplicates, 10);
    flow_table_flush(t);
    assert_int_equal(event_i64(&k->events[0], EVENT_F_WEIR_FLOW_DUPLICATE_PACKETS, 0), 10);
    assert_int_equal(event_i64(&k->events[0], EVENT_F_SOURCE_PACKETS, 0), 30); /* all count */
    flow_table_free(t);
    kept_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stories_end_as_told),
        cmocka_unit_test(copies_of_a_mirror_port_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
