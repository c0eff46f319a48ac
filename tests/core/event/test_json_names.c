/* SPDX-License-Identifier: Apache-2.0 */
/* Names by steps: the guess and the look-up agree, and there are bounds. */
#include "event/json_names.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint32_t step(struct event_json_names *t, uint32_t parent, uint32_t before, const char *key)
{
    return event_json_names_step(t, parent, before, key, strlen(key));
}

static void names_are_put_together(void **state)
{
    (void)state;
    struct event_json_names *t = event_json_names_new();
    uint32_t source = step(t, EVENT_JSON_NAMES_ROOT, 0, "source");
    uint32_t ip = step(t, source, 0, "ip");
    assert_string_equal(event_json_names_at(t, ip)->text, "source.ip");
    assert_int_equal(event_json_names_at(t, ip)->field, EVENT_F_SOURCE_IP);
    uint32_t dotted = step(t, EVENT_JSON_NAMES_ROOT, source, "source.ip");
    assert_int_equal(event_json_names_at(t, dotted)->field, EVENT_F_SOURCE_IP);
    uint32_t time = step(t, EVENT_JSON_NAMES_ROOT, dotted, "@timestamp");
    assert_true(event_json_names_at(t, time)->is_time);
    assert_int_equal(step(t, EVENT_JSON_NAMES_ROOT, 0, "source"), source);
    assert_int_equal(step(t, EVENT_JSON_NAMES_ROOT, 0, "sourc"), time + 1);
    assert_int_equal(event_json_names_at(t, time + 1)->field, EVENT_F_NONE);
    uint32_t empty = step(t, source, ip, "");
    assert_string_equal(event_json_names_at(t, empty)->text, "source.");
    event_json_names_free(t);
}

static void any_order_finds_the_same(void **state)
{
    (void)state;
    struct event_json_names *t = event_json_names_new();
    struct rng r;
    uint32_t known[50];
    rng_init(&r, 6);
    uint32_t before = 0;
    for (int i = 0; i < 50; i++) {
        char key[20];
        snprintf(key, sizeof(key), "key%d", i);
        known[i] = before = step(t, EVENT_JSON_NAMES_ROOT, before, key);
    }
    before = 0;
    for (int i = 0; i < 20000; i++) {
        char key[20];
        int k = (int)rng_below(&r, 50);
        snprintf(key, sizeof(key), "key%d", k);
        before = step(t, EVENT_JSON_NAMES_ROOT, rng_below(&r, 3) == 0 ? 0 : before, key);
        assert_int_equal(before, known[k]);
    }
    event_json_names_free(t);
}

static void there_are_bounds(void **state)
{
    (void)state;
    struct event_json_names *t = event_json_names_new();
    char key[1100];
    memset(key, 'k', sizeof(key));
    assert_int_equal(event_json_names_step(t, EVENT_JSON_NAMES_ROOT, 0, key, 1001), 0);
    uint32_t longest = event_json_names_step(t, EVENT_JSON_NAMES_ROOT, 0, key, 999);
    assert_int_not_equal(longest, 0);
    assert_int_equal(step(t, longest, 0, "x"), 0);
    assert_int_not_equal(step(t, longest, 0, ""), 0);
    int made = 0;
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof(key), "n%d", i);
        made += step(t, EVENT_JSON_NAMES_ROOT, 0, key) != 0;
    }
    assert_in_range(made, EVENT_JSON_NAMES_MAX - 10, EVENT_JSON_NAMES_MAX);
    event_json_names_trim(t);
    assert_int_not_equal(step(t, EVENT_JSON_NAMES_ROOT, 0, "after"), 0);
    assert_string_equal(event_json_names_at(t, 1)->text, "after");
    event_json_names_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_put_together),
        cmocka_unit_test(any_order_finds_the_same),
        cmocka_unit_test(there_are_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
