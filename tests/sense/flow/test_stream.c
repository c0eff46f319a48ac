/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/stream.h"

#include "base/rng.h"
#include "flow/table.h"
#include "flow_packets.h"

#include "cmocka_head.h"
#include <stdio.h>

#define C "10.0.0.1"
#define S "192.0.2.7"

/* What was heard, as text: "b" begin, "c:…" and "s:…" data, "g5", "C" closed, "e" end. */
struct heard {
    char text[4096];
    size_t n;
    bool refuse;
    unsigned stop_after; /* data calls; 0: never */
    unsigned data_calls;
    unsigned open; /* begun and not ended */
    int ticks;
};

static void note(struct heard *h, const char *what, const void *p, size_t n)
{
    if (h->n + strlen(what) + n + 1 >= sizeof(h->text))
        return;
    h->n += (size_t)sprintf(h->text + h->n, "%s", what);
    memcpy(h->text + h->n, p, n);
    h->n += n;
    h->text[h->n++] = ' ';
    h->text[h->n] = '\0';
}

static struct flow_interest begin(void *ctx, const struct flow *f, const struct decode_packet *p,
                                  enum flow_side side, bool first)
{
    struct heard *h = ctx;
    (void)f;
    assert_true(p->payload.n > 0);
    note(h, side == FLOW_SOURCE ? "bc" : "bs", first ? "" : "?", !first);
    h->open += !h->refuse;
    return (struct flow_interest){!h->refuse, "toy", h};
}

static bool data(void *ctx, void *user, const struct flow *f, enum flow_side side, ts_ns ts,
                 struct bytes bytes, const struct decode_packet *p)
{
    struct heard *h = ctx;
    (void)f;
    (void)ts;
    (void)p;
    assert_ptr_equal(user, ctx);
    assert_true(h->open > 0);
    note(h, side == FLOW_SOURCE ? "c:" : "s:", bytes.p, bytes.n);
    if (h->stop_after > 0 && ++h->data_calls >= h->stop_after) {
        h->open--;
        return false;
    }
    return true;
}

static bool gap(void *ctx, void *user, const struct flow *f, enum flow_side side, ts_ns ts,
                uint64_t missing)
{
    char text[24];
    (void)user;
    (void)f;
    (void)ts;
    note(ctx, side == FLOW_SOURCE ? "gc" : "gs", text,
         (size_t)sprintf(text, "%llu", (unsigned long long)missing));
    return true;
}

static bool close_side(void *ctx, void *user, const struct flow *f, enum flow_side side, ts_ns ts)
{
    (void)user;
    (void)f;
    (void)ts;
    note(ctx, side == FLOW_SOURCE ? "C" : "S", "", 0);
    return true;
}

static void tick(void *ctx, ts_ns now)
{
    struct heard *h = ctx;
    assert_int_equal(now % TIME_S, 0);
    h->ticks++;
}

static void end(void *ctx, void *user, const struct flow *f, enum flow_end why, ts_ns ts)
{
    struct heard *h = ctx;
    (void)user;
    (void)f;
    (void)ts;
    assert_true(h->open > 0);
    h->open--;
    note(h, "e:", flow_end_name(why), strlen(flow_end_name(why)));
}

static void ignore(void *ctx, struct event *e)
{
    (void)ctx;
    (void)e;
}

static struct flow_table *make(struct heard *h, uint32_t max_streams)
{
    struct flow_listener l = {h, begin, data, gap, close_side, tick, end};
    struct flow_table_settings s = flow_table_settings_default();
    s.max_streams = max_streams;
    s.stream_bytes_each = 4096;
    s.stream_bytes = 16384;
    struct flow_table *t;
    assert_int_equal(flow_table_new(&s, ignore, NULL, &l, &t), ERR_NONE);
    return t;
}

static void tcp(struct flow_table *t, ts_ns ts, char who, uint8_t flags, uint32_t seq, uint32_t ack,
                const char *text)
{
    bool c = who == 'c';
    struct decode_packet p =
        packet_tcp(ts, c ? C : S, c ? 40000 : 80, c ? S : C, c ? 80 : 40000, flags, seq, ack, text);
    flow_table_packet(t, &p);
}

#define SYN DECODE_TCP_SYN
#define ACK DECODE_TCP_ACK
#define FIN DECODE_TCP_FIN

static void a_conversation_in_order(void **state)
{
    (void)state;
    struct heard h = {.n = 0};
    struct flow_table *t = make(&h, 10);
    tcp(t, T0, 'c', SYN, 99, 0, "");
    tcp(t, T0, 's', SYN | ACK, 499, 100, "");
    tcp(t, T0, 'c', ACK, 103, 500, "de"); /* overtook the one before */
    tcp(t, T0, 'c', ACK, 100, 500, "abc");
    tcp(t, T0, 's', ACK, 500, 105, "xyz");
    tcp(t, T0, 'c', ACK, 100, 503, "abcde"); /* again */
    tcp(t, T0, 'c', ACK | FIN, 105, 503, "");
    tcp(t, T0, 's', ACK | FIN, 503, 106, "bye");
    tcp(t, T0, 's', ACK | FIN, 503, 106, "bye");
    assert_string_equal(h.text, "bc? c:abc c:de s:xyz C s:bye S e:fin ");
    flow_table_flush(t);
    assert_string_equal(h.text, "bc? c:abc c:de s:xyz C s:bye S e:fin ");
    flow_table_free(t);
}

static void loss_is_announced(void **state)
{
    (void)state;
    struct heard h = {.n = 0};
    struct flow_table *t = make(&h, 10);
    tcp(t, T0, 'c', ACK, 100, 1, "ab"); /* picked up in the middle */
    tcp(t, T0, 'c', ACK, 105, 1, "fg");
    tcp(t, T0 + TIME_MS, 's', ACK, 1, 107, "ok"); /* the hole may still be filled */
    tcp(t, T0 + TIME_S, 's', ACK, 3, 107, "ok");
    assert_string_equal(h.text, "bc c:ab s:ok gc3 c:fg s:ok ");
    tcp(t, T0 + TIME_S, 'c', ACK, 110, 5, "z");
    flow_table_flush(t);
    assert_string_equal(h.text, "bc c:ab s:ok gc3 c:fg s:ok gc3 c:z e:flushed ");
    flow_table_free(t);
}

static void who_is_not_interested_costs_nothing(void **state)
{
    (void)state;
    struct heard h = {.refuse = true};
    struct flow_table *t = make(&h, 10);
    for (uint32_t i = 0; i < 10; i++)
        tcp(t, T0, 'c', ACK, 100 + 2 * i, 1, "ab");
    assert_string_equal(h.text, "bc "); /* asked once */
    assert_int_equal(flow_table_counters(t).streams, 0);
    flow_table_flush(t);
    assert_string_equal(h.text, "bc ");
    flow_table_free(t);

    struct heard stop = {.stop_after = 2};
    t = make(&stop, 10);
    for (uint32_t i = 0; i < 10; i++)
        tcp(t, T0, 'c', ACK, 100 + 2 * i, 1, "ab");
    flow_table_flush(t);
    assert_string_equal(stop.text, "bc c:ab c:ab ");
    flow_table_free(t);
}

static void datagrams_come_as_they_are(void **state)
{
    (void)state;
    struct heard h = {.n = 0};
    struct flow_table *t = make(&h, 10);
    struct decode_packet p = packet_udp(T0, C, 5000, S, 53, "question", 8);
    flow_table_packet(t, &p);
    p = packet_udp(T0, S, 53, C, 5000, "answer", 6);
    flow_table_packet(t, &p);
    flow_table_advance(t, T0 + TIME_MIN);
    assert_string_equal(h.text, "bc c:question s:answer e:idle ");
    assert_int_equal(h.ticks, 32); /* thirty-one seconds with a flow, and the leap after it */
    flow_table_free(t);
}

static void streams_are_bounded(void **state)
{
    (void)state;
    struct heard h = {.n = 0};
    struct flow_table *t = make(&h, 3);
    for (uint16_t i = 0; i < 10; i++) {
        struct decode_packet p = packet_tcp(T0, C, 1000 + i, S, 80, ACK, 1, 1, "x");
        flow_table_packet(t, &p);
    }
    assert_int_equal(flow_table_counters(t).streams, 3);
    assert_int_equal(flow_table_counters(t).streams_refused, 7);
    flow_table_flush(t);
    assert_int_equal(h.open, 0);
    flow_table_free(t);
}

/* Any packets: each begin has one end, and memory stays within the budgets. */
static void random_packets(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 9);
    struct heard h = {.n = 0};
    struct flow_table *t = make(&h, 20);
    for (int i = 0; i < 50000; i++) {
        struct decode_packet p = packet_tcp(
            T0 + i * 3 * TIME_MS, C, (uint16_t)rng_below(&r, 30), S, 80,
            (uint8_t)(rng_below(&r, 8) == 0 ? rng_below(&r, 32) : ACK),
            (uint32_t)rng_below(&r, 20000), (uint32_t)rng_below(&r, 20000), "some payload");
        if (rng_below(&r, 2) == 0) {
            struct ip swap = p.src;
            p.src = p.dst;
            p.dst = swap;
            p.dst_port = p.src_port;
            p.src_port = 80;
        }
        h.n = 0;
        flow_table_packet(t, &p);
        assert_true(flow_table_bytes(t) < 5u << 20);
        assert_true(h.open <= 20);
    }
    struct flow_counters c = flow_table_counters(t);
    assert_true(c.gaps > 100 && c.repeated_bytes > 100 && c.segments_kept > 100);
    flow_table_flush(t);
    assert_int_equal(h.open, 0);
    flow_table_free(t);
}

static void a_table_may_die_with_open_streams(void **state)
{
    (void)state;
    struct heard h = {.n = 0};
    struct flow_table *t = make(&h, 10);
    tcp(t, T0, 'c', ACK, 100, 1, "ab");
    tcp(t, T0, 'c', ACK, 105, 1, "fg");
    flow_table_free(t); /* the sanitizer build would see what leaks */
    assert_int_equal(h.open, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation_in_order),
        cmocka_unit_test(loss_is_announced),
        cmocka_unit_test(who_is_not_interested_costs_nothing),
        cmocka_unit_test(datagrams_come_as_they_are),
        cmocka_unit_test(streams_are_bounded),
        cmocka_unit_test(random_packets),
        cmocka_unit_test(a_table_may_die_with_open_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
