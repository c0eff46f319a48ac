/* SPDX-License-Identifier: Apache-2.0 */
/* Events to JSON: order, nesting, lists, and names that get in each other's way. */
#include "event/json.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena arena;
    struct event e;
    struct buf out;
};

static int setup(void **state)
{
    static struct fixture f;
    arena_init(&f.arena, 0);
    event_init(&f.e, &f.arena, 1700000000123000000);
    buf_init(&f.out);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    buf_release(&f->out);
    arena_release(&f->arena);
    return 0;
}

static void named(struct event *e, const char *name, const char *value)
{
    struct event_value v = {.type = EVENT_STR, .len = (uint32_t)strlen(value), .s = value};
    event_add_named(e, name, strlen(name), &v);
}

static void expect(struct fixture *f, const char *text)
{
    event_json_write(&f->e, &f->out);
    assert_true(buf_ok(&f->out));
    assert_string_equal(buf_text(&f->out), text);
}

static void names_nest_in_order(void **state)
{
    struct fixture *f = *state;
    struct ip a;
    assert_true(ip_parse("10.0.0.1", 8, &a));
    event_set_i64(&f->e, EVENT_F_SOURCE_PORT, 53);
    event_set_text(&f->e, EVENT_F_EVENT_DATASET, "network_traffic.flow");
    named(&f->e, "source.custom.x", "u");
    event_set_ip(&f->e, EVENT_F_SOURCE_IP, &a);
    event_set_bool(&f->e, EVENT_F_FLOW_FINAL, true);
    event_set_time(&f->e, EVENT_F_EVENT_START, 1700000000000000000);
    named(&f->e, "zz", "last");
    named(&f->e, "aa.b", "first");
    expect(f, "{\"@timestamp\":\"2023-11-14T22:13:20.123Z\",\"aa\":{\"b\":\"first\"},"
              "\"event\":{\"dataset\":\"network_traffic.flow\","
              "\"start\":\"2023-11-14T22:13:20.000Z\"},\"flow\":{\"final\":true},"
              "\"source\":{\"custom\":{\"x\":\"u\"},\"ip\":\"10.0.0.1\",\"port\":53},"
              "\"zz\":\"last\"}");
}

static void lists_are_arrays(void **state)
{
    struct fixture *f = *state;
    event_set_text(&f->e, EVENT_F_EVENT_CATEGORY, "network");
    event_set_text(&f->e, EVENT_F_URL_PATH, "/a");
    event_add_str(&f->e, EVENT_F_URL_PATH, "/b", 2);
    event_set_f64(&f->e, EVENT_F_ZEEK_DNS_RTT, 2.0);
    expect(f, "{\"@timestamp\":\"2023-11-14T22:13:20.123Z\",\"event\":{\"category\":[\"network\"]},"
              "\"url\":{\"path\":[\"/a\",\"/b\"]},\"zeek\":{\"dns\":{\"rtt\":2.0}}}");
}

static void answers_become_objects_again(void **state)
{
    struct fixture *f = *state;
    f->e.time = TIME_NONE;
    event_add_str(&f->e, EVENT_F_DNS_ANSWERS_NAME, "a.example", 9);
    event_add_str(&f->e, EVENT_F_DNS_ANSWERS_NAME, "b.example", 9);
    event_add_i64(&f->e, EVENT_F_DNS_ANSWERS_TTL, 60);
    event_add_i64(&f->e, EVENT_F_DNS_ANSWERS_TTL, 30);
    event_set_text(&f->e, EVENT_F_DNS_TYPE, "answer");
    expect(f, "{\"dns\":{\"answers\":[{\"name\":\"a.example\",\"ttl\":60},"
              "{\"name\":\"b.example\",\"ttl\":30}],\"type\":\"answer\"}}");
}

static void unequal_lists_stay_lists(void **state)
{
    struct fixture *f = *state;
    f->e.time = TIME_NONE;
    event_add_str(&f->e, EVENT_F_DNS_ANSWERS_NAME, "a", 1);
    event_add_str(&f->e, EVENT_F_DNS_ANSWERS_NAME, "b", 1);
    event_add_i64(&f->e, EVENT_F_DNS_ANSWERS_TTL, 60);
    expect(f, "{\"dns\":{\"answers\":{\"name\":[\"a\",\"b\"],\"ttl\":[60]}}}");
}

static void a_value_above_an_object_keeps_dots_below(void **state)
{
    struct fixture *f = *state;
    f->e.time = TIME_NONE;
    named(&f->e, "a.b.c", "3");
    named(&f->e, "a-x", "2");
    named(&f->e, "a", "1");
    named(&f->e, "b.c", "1");
    named(&f->e, "b.c.d.e", "2");
    named(&f->e, "b.f", "3");
    named(&f->e, "..", "dots");
    expect(f, "{\"\":{\"\":{\"\":\"dots\"}},\"a\":\"1\",\"a-x\":\"2\",\"a.b.c\":\"3\","
              "\"b\":{\"c\":\"1\",\"c.d.e\":\"2\",\"f\":\"3\"}}");
}

static void deep_names_keep_their_dots(void **state)
{
    struct fixture *f = *state;
    char name[400];
    for (int i = 0; i < 100; i++)
        memcpy(name + 2 * i, "a.", 2);
    name[199] = '\0';
    named(&f->e, name, "x");
    event_json_write(&f->e, &f->out);
    unsigned open = 0;
    for (size_t i = 0; i < f->out.n; i++)
        open += f->out.p[i] == '{';
    assert_in_range(open, 10, 40);
}

static void many_fields_are_sorted(void **state)
{
    struct fixture *f = *state;
    f->e.time = TIME_NONE;
    for (int i = 0; i < 500; i++) {
        char name[20];
        snprintf(name, sizeof(name), "k%03d", (i * 77) % 500);
        named(&f->e, name, "");
    }
    event_json_write(&f->e, &f->out);
    const char *at = buf_text(&f->out);
    for (int i = 0; i < 500; i++) {
        char key[20];
        snprintf(key, sizeof(key), "\"k%03d\":", i);
        at = strstr(at, key);
        assert_non_null(at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_nest_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_are_arrays, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_become_objects_again, setup, teardown),
        cmocka_unit_test_setup_teardown(unequal_lists_stay_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_above_an_object_keeps_dots_below, setup, teardown),
        cmocka_unit_test_setup_teardown(deep_names_keep_their_dots, setup, teardown),
        cmocka_unit_test_setup_teardown(many_fields_are_sorted, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
