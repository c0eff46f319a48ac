/* SPDX-License-Identifier: Apache-2.0 */
#include "event/event.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct event_value str(const char *s)
{
    return (struct event_value){.type = EVENT_STR, .len = (uint32_t)strlen(s), .s = s};
}

static void sets_and_gets(void **state)
{
    (void)state;
    struct arena a;
    struct event e;
    arena_init(&a, 0);
    event_init(&e, &a, 42);
    event_set_text(&e, EVENT_F_HOST_NAME, "gate");
    event_set_i64(&e, EVENT_F_SOURCE_BYTES, 7);
    event_set_i64(&e, EVENT_F_SOURCE_BYTES, 8);
    struct ip ip;
    assert_true(ip_parse("10.0.0.1", 8, &ip));
    event_set_ip(&e, EVENT_F_SOURCE_IP, &ip);
    assert_string_equal(event_str(&e, EVENT_F_HOST_NAME, ""), "gate");
    assert_int_equal(event_i64(&e, EVENT_F_SOURCE_BYTES, -1), 8);
    assert_int_equal(event_i64(&e, EVENT_F_DESTINATION_BYTES, -1), -1);
    assert_true(ip_equal(event_ip(&e, EVENT_F_SOURCE_IP), &ip));
    assert_int_equal(e.n, 3);
    event_remove(&e, EVENT_F_HOST_NAME);
    assert_null(event_get(&e, EVENT_F_HOST_NAME));
    assert_int_equal(event_i64(&e, EVENT_F_SOURCE_BYTES, -1), 8);
    arena_release(&a);
}

static void lists_grow_in_order(void **state)
{
    (void)state;
    struct arena a;
    struct event e;
    arena_init(&a, 256);
    event_init(&e, &a, 0);
    for (int i = 0; i < 100; i++)
        event_add_i64(&e, EVENT_F_DNS_ANSWERS_TTL, i);
    const struct event_item *item = event_get(&e, EVENT_F_DNS_ANSWERS_TTL);
    assert_int_equal(item->n, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(event_values(item)[i].i, i);
    arena_release(&a);
}

static void many_fields_fit(void **state)
{
    (void)state;
    struct arena a;
    struct event e;
    arena_init(&a, 0);
    event_init(&e, &a, 0);
    for (int i = 0; i < 500; i++) {
        char name[32];
        snprintf(name, sizeof(name), "custom.field%d", i);
        struct event_value v = {.type = EVENT_I64, .i = i};
        event_add_named(&e, name, strlen(name), &v);
    }
    assert_int_equal(e.n, 500);
    assert_int_equal(event_values(event_find(&e, "custom.field77", 14))->i, 77);
    event_remove_named(&e, "custom.field77", 14);
    assert_null(event_find(&e, "custom.field77", 14));
    assert_non_null(event_find(&e, "custom.field499", 15));
    arena_release(&a);
}

static void names_coerce_to_the_table(void **state)
{
    (void)state;
    struct arena a;
    struct event e;
    arena_init(&a, 0);
    event_init(&e, &a, 0);
    struct event_value v = str("10.1.2.3");
    event_add_named(&e, "source.ip", 9, &v);
    assert_non_null(event_ip(&e, EVENT_F_SOURCE_IP));
    v = str("443");
    event_add_named(&e, "destination.port", 16, &v);
    assert_int_equal(event_i64(&e, EVENT_F_DESTINATION_PORT, 0), 443);
    v = (struct event_value){.type = EVENT_F64, .f = 12.0};
    event_add_named(&e, "source.bytes", 12, &v);
    assert_int_equal(event_i64(&e, EVENT_F_SOURCE_BYTES, 0), 12);
    v = (struct event_value){.type = EVENT_I64, .i = 17};
    event_add_named(&e, "dns.id", 6, &v);
    assert_string_equal(event_str(&e, EVENT_F_DNS_ID, ""), "17");
    v = str("2024-05-01T00:00:00Z");
    event_add_named(&e, "event.start", 11, &v);
    assert_int_equal(event_values(event_get(&e, EVENT_F_EVENT_START))->t, 1714521600 * TIME_S);
    v = str("not an address");
    event_add_named(&e, "destination.ip", 14, &v);
    assert_string_equal(event_str(&e, EVENT_F_DESTINATION_IP, ""), "not an address");
    v = (struct event_value){.type = EVENT_F64, .f = (double)NAN};
    event_add_named(&e, "custom.x", 8, &v);
    assert_null(event_find(&e, "custom.x", 8));
    arena_release(&a);
}

static void foreign_bytes_are_escaped(void **state)
{
    (void)state;
    struct arena a;
    struct event e;
    arena_init(&a, 0);
    event_init(&e, &a, 0);
    assert_int_equal(event_set_foreign(&e, EVENT_F_DNS_QUESTION_NAME, "a\xff.b\0c", 6), 2);
    assert_string_equal(event_str(&e, EVENT_F_DNS_QUESTION_NAME, ""), "a\\xff.b\\x00c");
    arena_release(&a);
}

static void copies_stand_alone(void **state)
{
    (void)state;
    struct arena a, b;
    struct event e, copy;
    arena_init(&a, 0);
    arena_init(&b, 0);
    event_init(&e, &a, 5);
    event_add_str(&e, EVENT_F_EVENT_CATEGORY, "network", 7);
    event_add_str(&e, EVENT_F_EVENT_CATEGORY, "web", 3);
    struct event_value v = str("kept");
    event_add_named(&e, "odd.name", 8, &v);
    event_copy(&copy, &b, &e);
    arena_release(&a);
    assert_int_equal(copy.time, 5);
    const struct event_item *item = event_get(&copy, EVENT_F_EVENT_CATEGORY);
    assert_int_equal(item->n, 2);
    assert_string_equal(event_values(item)[1].s, "web");
    assert_string_equal(event_values(event_find(&copy, "odd.name", 8))->s, "kept");
    arena_release(&b);
}

static void events_like_a_pattern(void **state)
{
    (void)state;
    struct arena a, b;
    struct event pattern, e;
    arena_init(&a, 0);
    arena_init(&b, 0);
    event_init(&pattern, &a, 0);
    event_set_text(&pattern, EVENT_F_HOST_NAME, "gate");
    event_add_str(&pattern, EVENT_F_EVENT_CATEGORY, "network", 7);
    event_add_str(&pattern, EVENT_F_EVENT_CATEGORY, "web", 3);
    uint32_t slot = event_slot(&pattern, EVENT_F_SOURCE_PACKETS);
    for (int round = 0; round < 2; round++) {
        event_init_like(&e, &b, 9, &pattern);
        assert_int_equal(e.time, 9);
        assert_string_equal(event_str(&e, EVENT_F_HOST_NAME, ""), "gate");
        event_add_str(&e, EVENT_F_EVENT_CATEGORY, "file", 4);
        event_set_text(&e, EVENT_F_HOST_NAME, "other");
        event_put(&e, EVENT_F_SOURCE_BYTES, event_value_i64(3));
        event_fill(&e, slot, event_value_i64(70 + round));
        assert_int_equal(event_i64(&e, EVENT_F_SOURCE_PACKETS, 0), 70 + round);
        struct event_value *list = event_put_list(&e, EVENT_F_RELATED_HOSTS, 2);
        assert_non_null(list);
        list[0] = event_value_str("x", 1);
        list[1] = event_value_str("y", 1);
        event_add_str(&e, EVENT_F_RELATED_HOSTS, "z", 1);
        list = event_put_list(&e, EVENT_F_RELATED_USER, 1);
        list[0] = event_value_str("u", 1);
        assert_int_equal(event_get(&e, EVENT_F_EVENT_CATEGORY)->n, 3);
        assert_int_equal(event_get(&e, EVENT_F_RELATED_HOSTS)->n, 3);
        assert_string_equal(event_values(event_get(&e, EVENT_F_RELATED_HOSTS))[1].s, "y");
        assert_string_equal(event_str(&e, EVENT_F_RELATED_USER, ""), "u");
        assert_int_equal(event_i64(&e, EVENT_F_SOURCE_BYTES, 0), 3);
        arena_clear(&b);
    }
    assert_int_equal(pattern.n, 3);
    assert_int_equal(event_get(&pattern, EVENT_F_EVENT_CATEGORY)->n, 2);
    assert_string_equal(event_str(&pattern, EVENT_F_HOST_NAME, ""), "gate");
    arena_release(&a);
    arena_release(&b);
}

/* Ids are compared several at a time: there is room for them beyond the last field. */
static void test_reserve(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 20; n++) {
        struct arena arena;
        arena_init(&arena, 0);
        struct event e = {.arena = &arena};
        assert_true(event_reserve(&e, n));
        assert_true(e.cap >= n && e.cap % 8 == 0);
        for (uint32_t i = 0; i < e.cap; i++)
            assert_int_equal(e.ids[i], EVENT_F_NONE);
        assert_int_equal(e.n, 0);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_and_gets),
        cmocka_unit_test(lists_grow_in_order),
        cmocka_unit_test(many_fields_fit),
        cmocka_unit_test(names_coerce_to_the_table),
        cmocka_unit_test(foreign_bytes_are_escaped),
        cmocka_unit_test(copies_stand_alone),
        cmocka_unit_test(events_like_a_pattern),
        cmocka_unit_test(test_reserve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
