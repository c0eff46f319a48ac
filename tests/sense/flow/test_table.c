/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/table.h"

#include "base/rng.h"
#include "flow_packets.h"

#include "cmocka_head.h"
#include <stdio.h>

#define A "10.0.0.1"
#define B "192.0.2.7"

static struct flow_table *make(struct kept *k, uint32_t max_flows)
{
    struct flow_table_settings s = flow_table_settings_default();
    s.max_flows = max_flows;
    s.seed = (struct hash_key){3, 4};
    struct flow_table *t;
    assert_int_equal(flow_table_new(&s, kept_add, k, NULL, &t), ERR_NONE);
    return t;
}

static void udp(struct flow_table *t, ts_ns ts, const char *src, uint16_t sport, const char *dst,
                uint16_t dport, size_t n)
{
    static const uint8_t zeros[2000];
    struct decode_packet p = packet_udp(ts, src, sport, dst, dport, zeros, n);
    flow_table_packet(t, &p);
}

static void both_directions_are_one_flow(void **state)
{
    (void)state;
    struct kept *k = kept_new();
    struct flow_table *t = make(k, 100);
    udp(t, T0, A, 5000, B, 53, 30);
    udp(t, T0 + TIME_MS, B, 53, A, 5000, 100);
    udp(t, T0 + 2 * TIME_MS, A, 5000, B, 53, 30);
    assert_int_equal(flow_table_count(t), 1);
    flow_table_flush(t);
    assert_int_equal(flow_table_count(t), 0);
    assert_int_equal(k->n, 1);
    const struct event *e = &k->events[0];
    struct ip a = packet_ip(A), b = packet_ip(B);
    assert_true(ip_equal(event_ip(e, EVENT_F_SOURCE_IP), &a));
    assert_true(ip_equal(event_ip(e, EVENT_F_DESTINATION_IP), &b));
    assert_int_equal(event_i64(e, EVENT_F_SOURCE_PORT, 0), 5000);
    assert_int_equal(event_i64(e, EVENT_F_DESTINATION_PORT, 0), 53);
    assert_int_equal(event_i64(e, EVENT_F_SOURCE_PACKETS, -1), 2);
    assert_int_equal(event_i64(e, EVENT_F_SOURCE_BYTES, -1), 2 * 58);
    assert_int_equal(event_i64(e, EVENT_F_DESTINATION_PACKETS, -1), 1);
    assert_int_equal(event_i64(e, EVENT_F_DESTINATION_BYTES, -1), 128);
    assert_int_equal(event_i64(e, EVENT_F_NETWORK_BYTES, -1), 2 * 58 + 128);
    assert_int_equal(event_i64(e, EVENT_F_EVENT_DURATION, -1), 2 * TIME_MS);
    assert_true(kept_has(e, EVENT_F_FLOW_FINAL, "true"));
    assert_true(kept_has(e, EVENT_F_EVENT_TYPE, "start"));
    assert_true(kept_has(e, EVENT_F_EVENT_TYPE, "end"));
    flow_table_free(t);
    kept_free(k);
}

/* Reports hold differences, come on whole minutes after the beginning, and add up to the totals. */
static void long_flows_report_each_minute(void **state)
{
    (void)state;
    struct kept *k = kept_new();
    struct flow_table *t = make(k, 100);
    for (int i = 0; i < 200; i++)
        udp(t, T0 + i * TIME_S + TIME_MS, A, 1, B, 2, 100);
    flow_table_advance(t, T0 + TIME_HOUR);
    assert_int_equal(k->n, 5);
    int64_t bytes = 0;
    for (size_t i = 0; i < 5; i++) {
        bytes += event_i64(&k->events[i], EVENT_F_SOURCE_BYTES, 0);
        assert_int_equal(event_i64(&k->events[i], EVENT_F_WEIR_FLOW_SOURCE_BYTES_TOTAL, 0), bytes);
        assert_int_equal(event_i64(&k->events[i], EVENT_F_WEIR_FLOW_REPORTS, 0), i + 1);
        assert_int_equal(kept_has(&k->events[i], EVENT_F_FLOW_FINAL, "true"), i == 4);
        assert_string_equal(event_str(&k->events[i], EVENT_F_FLOW_ID, ""),
                            event_str(&k->events[0], EVENT_F_FLOW_ID, "?"));
    }
    assert_int_equal(bytes, 200 * 128);
    assert_int_equal(k->events[0].time, T0 + 60 * TIME_S);
    assert_int_equal(event_i64(&k->events[0], EVENT_F_SOURCE_PACKETS, 0), 60);
    assert_int_equal(k->events[1].time, T0 + 120 * TIME_S);
    assert_int_equal(k->events[4].time, T0 + (199 + 61) * TIME_S);
    assert_string_equal(event_str(&k->events[4], EVENT_F_WEIR_FLOW_END_REASON, ""), "idle");
    flow_table_free(t);
    kept_free(k);
}

/* The same packets, with time advanced often or only by packets: the same events. */
static void advancing_often_changes_nothing(void **state)
{
    (void)state;
    struct kept *k[2] = {kept_new(), kept_new()};
    for (int often = 0; often < 2; often++) {
        struct flow_table *t = make(k[often], 100);
        struct rng r;
        rng_init(&r, 11);
        ts_ns now = T0;
        for (int i = 0; i < 1000; i++) {
            ts_ns next = now + (ts_ns)rng_below(&r, 3 * TIME_S);
            while (often && now < next) {
                flow_table_advance(t, now);
                now += 100 * TIME_MS;
            }
            now = next;
            udp(t, now, A, (uint16_t)rng_below(&r, 20), B, (uint16_t)rng_below(&r, 3), 10);
        }
        flow_table_advance(t, now + TIME_DAY);
        assert_int_equal(flow_table_count(t), 0);
        flow_table_free(t);
    }
    assert_int_equal(k[0]->n, k[1]->n);
    assert_true(k[0]->n > 60);
    for (size_t i = 0; i < k[0]->n; i++) {
        const struct event *a = &k[0]->events[i], *b = &k[1]->events[i];
        assert_int_equal(a->time, b->time);
        assert_string_equal(event_str(a, EVENT_F_FLOW_ID, ""), event_str(b, EVENT_F_FLOW_ID, "?"));
        assert_int_equal(event_i64(a, EVENT_F_NETWORK_BYTES, -1),
                         event_i64(b, EVENT_F_NETWORK_BYTES, -2));
    }
    kept_free(k[0]);
    kept_free(k[1]);
}

struct total {
    int64_t packets, bytes, events;
};

static void add_up(void *ctx, struct event *e)
{
    struct total *sum = ctx;
    sum->packets += event_i64(e, EVENT_F_NETWORK_PACKETS, 0);
    sum->bytes += event_i64(e, EVENT_F_NETWORK_BYTES, 0);
    sum->events++;
}

/* A flood costs evictions, never memory, and no packet goes uncounted; who talks stays. */
static void a_flood_evicts_itself(void **state)
{
    (void)state;
    struct flow_table_settings s = flow_table_settings_default();
    s.max_flows = 1000;
    struct total sum = {0};
    struct flow_table *t;
    assert_int_equal(flow_table_new(&s, add_up, &sum, NULL, &t), ERR_NONE);
    for (uint16_t i = 0; i < 100; i++) {
        udp(t, T0, A, i, B, 80, 10);
        udp(t, T0, B, 80, A, i, 10);
    }
    size_t before = 0;
    for (unsigned i = 0; i < 50000; i++) {
        char src[32];
        snprintf(src, sizeof(src), "10.1.%u.%u", i >> 8 & 255, i & 255);
        udp(t, T0 + i * TIME_US, src, (uint16_t)i, B, 80, 10);
        if (i == 2000)
            before = flow_table_bytes(t);
    }
    assert_int_equal(flow_table_count(t), 1000);
    assert_int_equal(flow_table_bytes(t), before);
    struct flow_counters c = flow_table_counters(t);
    assert_int_equal(c.ended[FLOW_END_EVICTED], 50100 - 1000);
    for (uint16_t i = 0; i < 100; i++)
        udp(t, T0 + TIME_S, A, i, B, 80, 10);
    assert_int_equal(flow_table_counters(t).flows, 50100); /* none of them had to begin anew */
    flow_table_flush(t);
    assert_int_equal(sum.packets, 200 + 50000 + 100);
    assert_int_equal(sum.events, 50100);
    assert_int_equal((uint64_t)sum.bytes, flow_table_counters(t).bytes);
    flow_table_free(t);
}

/* Random packets against plain sums: nothing lost, nothing counted twice, whatever the clock does.
 */
static void sums_are_kept(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 5);
    for (int round = 0; round < 20; round++) {
        struct flow_table_settings s = flow_table_settings_default();
        s.max_flows = 1 + (uint32_t)rng_below(&r, 300);
        struct total sum = {0}, truth = {0};
        struct flow_table *t;
        assert_int_equal(flow_table_new(&s, add_up, &sum, NULL, &t), ERR_NONE);
        ts_ns now = T0;
        for (int i = 0; i < 3000; i++) {
            static const ts_ns steps[] = {0, TIME_US, TIME_S, -TIME_S, 70 * TIME_S, TIME_HOUR};
            if (rng_below(&r, 4) == 0)
                now += steps[rng_below(&r, 6)];
            const char *hosts[] = {A, B, "2001:db8::1", "10.0.0.2"};
            struct decode_packet p =
                packet_tcp(now, hosts[rng_below(&r, 4)], (uint16_t)rng_below(&r, 5),
                           hosts[rng_below(&r, 4)], (uint16_t)rng_below(&r, 5),
                           (uint8_t)rng_below(&r, 32), (uint32_t)rng_u64(&r), 0, "data");
            flow_table_packet(t, &p);
            truth.packets++;
            truth.bytes += (int64_t)p.ip_len;
            assert_true(flow_table_count(t) <= s.max_flows);
        }
        flow_table_flush(t);
        assert_int_equal(sum.packets, truth.packets);
        assert_int_equal(sum.bytes, truth.bytes);
        flow_table_free(t);
    }
}

static void jumps_cost_nothing(void **state)
{
    (void)state;
    struct kept *k = kept_new();
    struct flow_table *t = make(k, 100);
    udp(t, 0, A, 1, B, 2, 1);
    udp(t, TIME_HOUR, A, 1, B, 2, 1);
    udp(t, T0, A, 1, B, 2, 1);
    udp(t, T0 * 5, A, 1, B, 2, 1); /* the year 2239 */
    flow_table_flush(t);
    assert_int_equal(k->n, 4);
    assert_int_equal(k->events[0].time, 31 * TIME_S);
    flow_table_free(t);
    kept_free(k);
}

static void settings_are_checked(void **state)
{
    (void)state;
    struct flow_table *t = NULL;
    struct flow_table_settings s = flow_table_settings_default();
    s.max_flows = 0;
    assert_int_equal(flow_table_new(&s, kept_add, NULL, NULL, &t), ERR_INVALID);
    s = flow_table_settings_default();
    s.udp_ns = TIME_MS;
    assert_int_equal(flow_table_new(&s, kept_add, NULL, NULL, &t), ERR_INVALID);
    assert_null(t);
    flow_table_free(NULL);
}

static void a_million_flows_fit(void **state)
{
    (void)state;
    struct total sum = {0};
    struct flow_table_settings s = flow_table_settings_default();
    struct flow_table *t;
    assert_int_equal(flow_table_new(&s, add_up, &sum, NULL, &t), ERR_NONE);
    struct decode_packet p = packet_udp(T0, A, 1, B, 2, "", 0);
    for (unsigned i = 0; i < 1000000; i++) {
        p.src.b[13] = (uint8_t)(i >> 16);
        p.src.b[14] = (uint8_t)(i >> 8);
        p.src.b[15] = (uint8_t)i;
        flow_table_packet(t, &p);
    }
    assert_int_equal(flow_table_count(t), 1000000);
    assert_true(flow_table_bytes(t) < 300u << 20);
    flow_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions_are_one_flow),
        cmocka_unit_test(long_flows_report_each_minute),
        cmocka_unit_test(advancing_often_changes_nothing),
        cmocka_unit_test(a_flood_evicts_itself),
        cmocka_unit_test(sums_are_kept),
        cmocka_unit_test(jumps_cost_nothing),
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(a_million_flows_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
