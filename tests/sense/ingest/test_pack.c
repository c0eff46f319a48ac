/* SPDX-License-Identifier: Apache-2.0 */
/* Packed events come back; damaged ones are refused. */
#include "ingest/pack.h"

#include "base/buf.h"
#include "base/rng.h"
#include "event/event.h"
#include "event/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void make(struct event *e, struct arena *arena, struct rng *r)
{
    struct ip a;
    event_init(e, arena, (ts_ns)(rng_u64(r) >> 1));
    e->sequence = rng_u64(r);
    e->source = (uint32_t)rng_below(r, 9);
    for (size_t i = 0; i < 16; i++)
        a.b[i] = (uint8_t)rng_below(r, 256);
    event_set_ip(e, EVENT_F_SOURCE_IP, &a);
    event_add_ip(e, EVENT_F_RELATED_IP, &a);
    event_add_ip(e, EVENT_F_RELATED_IP, &a);
    event_set_i64(e, EVENT_F_SOURCE_BYTES, (int64_t)rng_u64(r));
    event_set_f64(e, EVENT_F_ZEEK_DNS_RTT, rng_normal(r));
    event_set_bool(e, EVENT_F_FLOW_FINAL, rng_below(r, 2) == 0);
    event_set_time(e, EVENT_F_EVENT_START, (ts_ns)(rng_u64(r) >> 1));
    event_set_text(e, EVENT_F_MESSAGE, "text");
    struct event_value v = {.type = EVENT_STR, .len = 1, .s = "u"};
    event_add_named(e, "un.known", 8, &v);
}

static void what_is_packed_comes_back(void **state)
{
    (void)state;
    struct arena arena;
    struct rng r;
    arena_init(&arena, 0);
    rng_init(&r, 4);
    for (int i = 0; i < 500; i++) {
        struct event e;
        struct event again;
        struct buf packed, first, second;
        buf_init(&packed);
        buf_init(&first);
        buf_init(&second);
        make(&e, &arena, &r);
        ingest_pack_put(&packed, &e);
        assert_true(ingest_pack_get(bytes_make(packed.p, packed.n), &arena, &again));
        assert_int_equal(again.sequence, e.sequence);
        assert_int_equal(again.source, e.source);
        event_json_write(&e, &first);
        event_json_write(&again, &second);
        assert_string_equal(buf_text(&first), buf_text(&second));
        for (size_t n = 0; n < packed.n; n++)
            assert_false(ingest_pack_get(bytes_make(packed.p, n), &arena, &again));
        buf_release(&packed);
        buf_release(&first);
        buf_release(&second);
        arena_clear(&arena);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_packed_comes_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
