/* SPDX-License-Identifier: Apache-2.0 */
#include "trans/listener.h"

#include "base/rng.h"
#include "cmocka_head.h"
#include "trans_talk.h"

static void settings_are_checked(void **state)
{
    (void)state;
    struct trans_listener *l = NULL;
    struct trans_listener_settings s = trans_listener_settings_default();
    s.timeout_ns = TIME_MS;
    assert_int_equal(trans_listener_new(&s, kept_add, NULL, &l), ERR_INVALID);
    s = trans_listener_settings_default();
    s.max_waiting = 0;
    assert_int_equal(trans_listener_new(&s, kept_add, NULL, &l), ERR_INVALID);
    assert_null(l);
    trans_listener_free(NULL);
}

/* Deadlines lie on whole seconds of engine time, whenever somebody looks. */
static void waiting_ends_on_whole_seconds(void **state)
{
    (void)state;
    static const uint8_t query[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};
    for (int often = 0; often < 2; often++) {
        struct talk t = talk_new(53, 100);
        t.now = T0 + 300 * TIME_MS;
        talk_udp(&t, true, query, sizeof(query));
        for (ts_ns now = T0; often && now < T0 + TIME_MIN; now += 130 * TIME_MS)
            flow_table_advance(t.table, now);
        flow_table_advance(t.table, T0 + TIME_MIN);
        assert_int_equal(t.events->n, 1);
        assert_int_equal(t.events->events[0].time, T0 + 11 * TIME_S);
        talk_free(&t);
    }
}

/* Random conversations made of pieces of the protocols: every event is well-formed, memory holds.
 */
static void pieces_in_any_order(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "GET / HTTP/1.1\r\n",
        "Host: h\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n",
        "\x16\x03\x01\x00\x05\x01",
        "\x16\x03\x03\x00\x02\x02\x28",
        "\x12\x34\x01",
        "abcd",
        "POST /\xff HTTP/1.0\r\nContent-Length: 99999999\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "\x80\x81\x82\x83",
    };
    struct rng r;
    rng_init(&r, 4);
    for (int round = 0; round < 20; round++) {
        struct talk t = talk_new((uint16_t[]){53, 80, 443, 8080}[round % 4], 16);
        for (int i = 0; i < 400 && t.events->n < KEPT_MAX; i++) {
            if (rng_below(&r, 20) == 0)
                talk_open(&t);
            const char *p = pieces[rng_below(&r, sizeof(pieces) / sizeof(pieces[0]))];
            if (rng_below(&r, 4) == 0)
                talk_udp(&t, rng_below(&r, 2) == 0, p, strlen(p));
            else
                talk_say(&t, rng_below(&r, 2) == 0, p);
            if (rng_below(&r, 30) == 0)
                talk_close(&t);
            if (rng_below(&r, 30) == 0)
                t.seq[rng_below(&r, 2)] += 10;
            t.now += (ts_ns)rng_below(&r, TIME_S);
        }
        assert_true(trans_listener_bytes(t.listener) < 2u << 20);
        talk_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(waiting_ends_on_whole_seconds),
        cmocka_unit_test(pieces_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
