/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/fragment.h"

#include "base/rng.h"

#include "cmocka_head.h"
#include "sense/frames.h"

struct lost {
    unsigned n;
    uint64_t packets;
    uint64_t wire_len;
    struct decode_packet last;
};

static void count_lost(void *ctx, const struct decode_packet *p)
{
    struct lost *l = ctx;
    assert_true(p->incomplete);
    assert_int_equal(p->payload.n, 0);
    l->n++;
    l->packets += p->packets;
    l->wire_len += p->wire_len;
    l->last = *p;
}

static struct decode_counters counters;
static struct lost lost;
static uint8_t payload[65536];

static struct decode_fragment_table *make_table(size_t limit)
{
    struct decode_fragment_table *t;
    memset(&counters, 0, sizeof(counters));
    memset(&lost, 0, sizeof(lost));
    struct hash_key seed = {1, 2};
    assert_int_equal(
        decode_fragment_table_new(limit, 30 * TIME_S, seed, &counters, count_lost, &lost, &t),
        ERR_NONE);
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (uint8_t)(i * 7 + i / 256);
    return t;
}

/* Adds payload[from, to) as a fragment of packet id. */
static enum decode_fragment_result add(struct decode_fragment_table *t, ts_ns ts, uint32_t id,
                                       uint32_t from, uint32_t to, bool more,
                                       struct decode_packet *out, struct bytes *data, uint64_t *len)
{
    struct decode_packet p = {.ts = ts,
                              .packets = 1,
                              .wire_len = 34 + to - from,
                              .ip_len = 20 + to - from,
                              .ip_version = 4,
                              .proto = 17,
                              .ttl = from == 0 ? 64 : 63};
    p.src.b[15] = 1;
    p.dst.b[15] = 2;
    struct bytes copy = frame_copy(payload + from, to - from);
    struct decode_fragment f = {
        .id = id, .offset = from, .more = more, .data = copy, .len = to - from};
    enum decode_fragment_result r = decode_fragment_table_add(t, &p, &f, out, data, len);
    frame_drop(copy);
    return r;
}

static enum decode_fragment_result add_plain(struct decode_fragment_table *t, ts_ns ts, uint32_t id,
                                             uint32_t from, uint32_t to, bool more)
{
    struct decode_packet out;
    struct bytes data;
    uint64_t len;
    return add(t, ts, id, from, to, more, &out, &data, &len);
}

static void any_order_gives_the_packet(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 7);
    struct decode_fragment_table *t = make_table((size_t)1 << 22);
    for (uint32_t round = 0; round < 200; round++) {
        uint32_t step = 8 * (1 + (uint32_t)rng_below(&rng, 180));
        uint32_t n = 1 + (uint32_t)rng_below(&rng, 20);
        uint32_t end = (n + 1) * step - (uint32_t)rng_below(&rng, step);
        unsigned order[21];
        for (unsigned i = 0; i <= n; i++)
            order[i] = i;
        for (unsigned i = n; i > 0; i--) {
            unsigned k = (unsigned)rng_below(&rng, i + 1);
            unsigned swap = order[i];
            order[i] = order[k];
            order[k] = swap;
        }
        for (unsigned i = 0; i <= n; i++) {
            uint32_t from = order[i] * step;
            uint32_t to = order[i] == n ? end : from + step;
            struct decode_packet out;
            struct bytes data;
            uint64_t len;
            enum decode_fragment_result r =
                add(t, round, round, from, to, order[i] != n, &out, &data, &len);
            assert_int_equal(r, i == n ? DECODE_FRAGMENT_WHOLE : DECODE_FRAGMENT_WAITS);
            if (r == DECODE_FRAGMENT_WHOLE) {
                assert_int_equal(len, end);
                assert_int_equal(data.n, end);
                assert_memory_equal(data.p, payload, end);
                assert_int_equal(out.packets, n + 1);
                assert_int_equal(out.wire_len, end + 34 * (n + 1));
                assert_int_equal(out.ttl, 64); /* the first fragment's */
                assert_false(out.incomplete);
            }
        }
        assert_int_equal(decode_fragment_table_count(t), 0);
    }
    decode_fragment_table_forget(t);
    assert_int_equal(decode_fragment_table_bytes(t), 0);
    assert_int_equal(lost.n, 0);
    assert_int_equal(counters.reassembled, 200);
    decode_fragment_table_free(t);
}

static void equal_overlaps_are_fine(void **state)
{
    (void)state;
    struct decode_fragment_table *t = make_table((size_t)1 << 20);
    assert_int_equal(add_plain(t, 0, 1, 0, 800, true), DECODE_FRAGMENT_WAITS);
    assert_int_equal(add_plain(t, 0, 1, 0, 800, true), DECODE_FRAGMENT_WAITS);
    assert_int_equal(counters.fragment_duplicates, 1);
    assert_int_equal(add_plain(t, 0, 1, 400, 1600, true), DECODE_FRAGMENT_WAITS);
    struct decode_packet out;
    struct bytes data;
    uint64_t len;
    assert_int_equal(add(t, 0, 1, 1600, 1700, false, &out, &data, &len), DECODE_FRAGMENT_WHOLE);
    assert_int_equal(len, 1700);
    assert_memory_equal(data.p, payload, 1700);
    assert_int_equal(out.packets, 4);
    decode_fragment_table_free(t);
}

static void contradictions_give_the_packet_up(void **state)
{
    (void)state;
    struct decode_fragment_table *t = make_table((size_t)1 << 20);
    assert_int_equal(add_plain(t, 0, 1, 0, 800, true), DECODE_FRAGMENT_WAITS);
    payload[700] ^= 1;
    assert_int_equal(add_plain(t, 0, 1, 640, 1600, true), DECODE_FRAGMENT_WAITS);
    assert_int_equal(counters.fragment_overlaps, 1);
    payload[700] ^= 1;
    /* The rest comes, and is counted, but nothing is put together. */
    assert_int_equal(add_plain(t, 0, 1, 800, 1600, true), DECODE_FRAGMENT_WAITS);
    assert_int_equal(add_plain(t, 0, 1, 1600, 1700, false), DECODE_FRAGMENT_WAITS);
    decode_fragment_table_expire(t, 31 * TIME_S);
    assert_int_equal(lost.n, 1);
    assert_int_equal(lost.packets, 4);
    assert_int_equal(lost.wire_len, 4 * 34 + 800 + 960 + 800 + 100);

    /* Two different ends. */
    assert_int_equal(add_plain(t, 0, 2, 800, 1000, false), DECODE_FRAGMENT_WAITS);
    assert_int_equal(add_plain(t, 0, 2, 800, 1008, false), DECODE_FRAGMENT_WAITS);
    assert_int_equal(counters.fragment_overlaps, 2);
    /* Something behind the end. */
    assert_int_equal(add_plain(t, 0, 3, 800, 1000, false), DECODE_FRAGMENT_WAITS);
    assert_int_equal(add_plain(t, 0, 3, 1000, 1008, true), DECODE_FRAGMENT_WAITS);
    assert_int_equal(counters.fragment_overlaps, 3);
    decode_fragment_table_flush(t);
    assert_int_equal(lost.n, 3);
    assert_int_equal(decode_fragment_table_bytes(t), 0);
    decode_fragment_table_free(t);
}

static void time_runs_out(void **state)
{
    (void)state;
    struct decode_fragment_table *t = make_table((size_t)1 << 20);
    add_plain(t, 0, 1, 0, 800, true);
    add_plain(t, 20 * TIME_S, 2, 0, 800, true);
    decode_fragment_table_expire(t, 30 * TIME_S);
    assert_int_equal(lost.n, 0);
    decode_fragment_table_expire(t, 30 * TIME_S + 1);
    assert_int_equal(lost.n, 1);
    assert_true(lost.last.has_ports); /* the first fragment was there */
    assert_int_equal(lost.last.src_port, (unsigned)payload[0] << 8 | payload[1]);
    add_plain(t, 31 * TIME_S, 1, 800, 808, false); /* too late: another packet now */
    assert_int_equal(decode_fragment_table_count(t), 2);
    decode_fragment_table_flush(t);
    assert_int_equal(lost.n, 3);
    assert_false(lost.last.has_ports);
    assert_int_equal(counters.fragment_timeouts, 1);
    decode_fragment_table_free(t);
}

static void a_flood_costs_the_oldest_not_memory(void **state)
{
    (void)state;
    size_t limit = 128 * 1024;
    struct decode_fragment_table *t = make_table(limit);
    uint64_t sent = 0;
    for (uint32_t id = 0; id < 5000; id++) {
        add_plain(t, id, id, 8, 1480, true);
        sent += 34 + 1472;
        assert_true(decode_fragment_table_bytes(t) <= limit);
    }
    assert_true(counters.fragment_evictions > 4000);
    decode_fragment_table_flush(t);
    assert_int_equal(lost.n, 5000);
    assert_int_equal(lost.wire_len, sent); /* no byte goes uncounted */
    decode_fragment_table_free(t);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct decode_fragment_table *t = make_table((size_t)1 << 20);
    assert_int_equal(add_plain(t, 0, 1, 0, 0, true), DECODE_FRAGMENT_BROKEN);
    assert_int_equal(add_plain(t, 0, 1, 0, 801, true), DECODE_FRAGMENT_BROKEN);
    assert_int_equal(add_plain(t, 0, 1, 65528, 65536, false), DECODE_FRAGMENT_BROKEN);
    assert_int_equal(add_plain(t, 0, 1, 65528, 65535, false), DECODE_FRAGMENT_WAITS);
    decode_fragment_table_free(t);
}

static void too_many_holes_only_count(void **state)
{
    (void)state;
    struct decode_fragment_table *t = make_table((size_t)1 << 20);
    for (uint32_t i = 0; i < 200; i++)
        assert_int_equal(add_plain(t, 0, 1, 16 * i, 16 * i + 8, true), DECODE_FRAGMENT_WAITS);
    decode_fragment_table_flush(t);
    assert_int_equal(lost.n, 1);
    assert_int_equal(lost.packets, 200);
    decode_fragment_table_free(t);
}

static void a_cut_fragment_ends_what_can_be_read(void **state)
{
    (void)state;
    struct decode_fragment_table *t = make_table((size_t)1 << 20);
    struct decode_packet p = {.packets = 1, .wire_len = 834, .ip_len = 820, .ip_version = 4};
    struct decode_fragment f = {.offset = 0, .more = true, .data = {payload, 96}, .len = 800};
    struct decode_packet out;
    struct bytes data;
    uint64_t len;
    assert_int_equal(decode_fragment_table_add(t, &p, &f, &out, &data, &len),
                     DECODE_FRAGMENT_WAITS);
    f = (struct decode_fragment){.offset = 800, .data = {payload + 800, 50}, .len = 50};
    assert_int_equal(decode_fragment_table_add(t, &p, &f, &out, &data, &len),
                     DECODE_FRAGMENT_WHOLE);
    assert_int_equal(len, 850);
    assert_int_equal(data.n, 96);
    assert_true(out.cut);
    decode_fragment_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_gives_the_packet),
        cmocka_unit_test(equal_overlaps_are_fine),
        cmocka_unit_test(contradictions_give_the_packet_up),
        cmocka_unit_test(time_runs_out),
        cmocka_unit_test(a_flood_costs_the_oldest_not_memory),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(too_many_holes_only_count),
        cmocka_unit_test(a_cut_fragment_ends_what_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
