/* SPDX-License-Identifier: Apache-2.0 */
/* JSON to events: spellings, times, repair; and what is written is read back the same. */
#include "event/json.h"

#include "base/buf.h"
#include "base/rng.h"
#include "format/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena arena;
    struct event_json *reader;
    struct event e;
};

static int setup(void **state)
{
    static struct fixture f;
    arena_init(&f.arena, 0);
    f.reader = event_json_new();
    *state = &f;
    return f.reader == NULL;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    event_json_free(f->reader);
    arena_release(&f->arena);
    return 0;
}

static struct event *read_text(struct fixture *f, const char *text)
{
    struct format_json_bad bad;
    enum err code = event_json_read(f->reader, text, strlen(text), false, &f->arena, &f->e, &bad);
    if (code != ERR_NONE)
        fail_msg("%s at %zu: %s", text, bad.offset, bad.expected);
    return &f->e;
}

static void keys_are_nested_or_dotted(void **state)
{
    struct event *e = read_text(
        *state, "{\"source\":{\"ip\":\"10.0.0.1\",\"port\":\"443\"},\"source.bytes\":12.0,"
                "\"destination\":{\"geo.country_iso_code\":\"DE\",\"port\":[80,\"x\"]},"
                "\"x\":{\"y\":[{\"z\":1},{\"z\":null},{\"w\":true,\"z\":[2,[3]]}]},"
                "\"a\":null,\"b\":[],\"c\":{},\"event\":{\"start\":1700000000123}}");
    assert_int_equal(e->time, TIME_NONE);
    struct ip a;
    assert_true(ip_parse("10.0.0.1", 8, &a));
    assert_true(ip_equal(event_ip(e, EVENT_F_SOURCE_IP), &a));
    assert_int_equal(event_i64(e, EVENT_F_SOURCE_PORT, 0), 443);
    assert_int_equal(event_i64(e, EVENT_F_SOURCE_BYTES, 0), 12);
    assert_string_equal(event_str(e, EVENT_F_DESTINATION_GEO_COUNTRY_ISO_CODE, ""), "DE");
    const struct event_item *port = event_get(e, EVENT_F_DESTINATION_PORT);
    assert_int_equal(port->n, 2);
    assert_int_equal(event_values(port)[1].type, EVENT_STR);
    const struct event_item *z = event_find(e, "x.y.z", 5);
    assert_int_equal(z->n, 3);
    assert_int_equal(event_values(z)[2].i, 3);
    assert_int_equal(event_values(event_find(e, "x.y.w", 5))->type, EVENT_BOOL);
    assert_int_equal(event_values(event_get(e, EVENT_F_EVENT_START))->t, 1700000000123000000);
    assert_int_equal(e->n, 8);
}

static void times_have_many_spellings(void **state)
{
    static const struct {
        const char *text;
        ts_ns time;
    } cases[] = {
        {"\"2023-11-14T22:13:20.123456789Z\"", 1700000000123456789},
        {"\"2023-11-14T23:13:20+01:00\"", 1700000000000000000},
        {"1700000000", 1700000000000000000},
        {"1700000000.25", 1700000000250000000},
        {"1425565514.419939", 1425565514419939000},
        {"\"1425565514.419939\"", 1425565514419939000},
        {"\"1425565514.419939123\"", 1425565514419939123},
        {"1700000000123", 1700000000123000000},
        {"\"1700000000123\"", 1700000000123000000},
        {"1700000000123456", 1700000000123456000},
        {"1700000000123456789", 1700000000123456789},
        {"\"1.7e9\"", 1700000000000000000},
        {"[1700000000]", 1700000000000000000},
        {"0", 0},
        {"-1.5", -1500000000},
        {"\"-1.5\"", -1500000000},
        {"\"yesterday\"", TIME_NONE},
        {"\"nan\"", TIME_NONE},
        {"1e300", TIME_NONE},
        {"\"\"", TIME_NONE},
        {"true", TIME_NONE},
        {"9223372036854775807", TIME_NONE},
        {"\"99999999999999999999\"", TIME_NONE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[100];
        snprintf(text, sizeof(text), "{\"@timestamp\":%s}", cases[i].text);
        struct event *e = read_text(*state, text);
        if (e->time != cases[i].time)
            fail_msg("%s: %lld", text, (long long)e->time);
        assert_int_equal(e->n, 0);
    }
}

static void bad_bytes_are_escaped_and_counted(void **state)
{
    struct fixture *f = *state;
    struct event *e = read_text(f, "{\"message\":\"x\xff\\u0000y\",\"k\xfe\":1}");
    assert_string_equal(event_str(e, EVENT_F_MESSAGE, ""), "x\\xff\\x00y");
    assert_non_null(event_find(e, "k\\xfe", 5));
    assert_int_equal(event_json_counts(f->reader)->repaired_bytes, 3);
}

static void what_is_no_object_is_refused(void **state)
{
    struct fixture *f = *state;
    struct format_json_bad bad;
    struct event e = {.n = 77};
    assert_int_equal(event_json_read(f->reader, "[1]", 3, false, &f->arena, &e, &bad), ERR_FORMAT);
    assert_int_equal(event_json_read(f->reader, "{\"a\":", 5, false, &f->arena, &e, &bad),
                     ERR_FORMAT);
    assert_int_equal(bad.offset, 5);
    assert_int_equal(e.n, 77);
}

static void limits_are_counted(void **state)
{
    struct fixture *f = *state;
    struct buf b;
    buf_init(&b);
    buf_char(&b, '{');
    for (int i = 0; i < 3000; i++)
        buf_format(&b, "\"k%d\":1,", i);
    buf_char(&b, '"');
    for (int i = 0; i < 2000; i++)
        buf_char(&b, 'n');
    buf_str(&b, "\":1}");
    struct event *e = read_text(f, buf_text(&b));
    assert_int_equal(e->n, 2000);
    assert_int_equal(event_json_counts(f->reader)->dropped_fields, 1001);
    buf_release(&b);
}

static void add_random_field(struct rng *r, struct event *e)
{
    static const char *const names[] = {"x",           "x.y",           "x.y.z",       "w.q",
                                        "source.more", "dns.answers.x", "dns.answers", "zeek.conn",
                                        "-",           "a\"b"};
    char text[24];
    size_t n = rng_below(r, sizeof(text));
    for (size_t i = 0; i < n; i++)
        text[i] = (char)(1 + rng_below(r, 127));
    struct event_value v = {.type = EVENT_STR, .len = (uint32_t)n, .s = text};
    if (rng_below(r, 3) == 0) {
        uint64_t kind = rng_below(r, 3);
        if (kind == 0)
            v = (struct event_value){.type = EVENT_I64, .i = (int64_t)rng_u64(r)};
        else if (kind == 1)
            v = (struct event_value){.type = EVENT_F64, .f = rng_normal(r) * 1e9};
        else
            v = (struct event_value){.type = EVENT_BOOL, .b = rng_below(r, 2) == 0};
        const char *name = names[rng_below(r, 10)];
        event_add_named(e, name, strlen(name), &v);
        return;
    }
    event_field field = (event_field)rng_below(r, EVENT_F_COUNT);
    switch ((enum event_kind)event_field_def(field)->kind) {
    case EVENT_KIND_LONG:
        v = (struct event_value){.type = EVENT_I64, .i = (int64_t)rng_u64(r)};
        break;
    case EVENT_KIND_DOUBLE:
        v = (struct event_value){.type = EVENT_F64, .f = (double)(int64_t)rng_below(r, 100)};
        break;
    case EVENT_KIND_BOOLEAN:
        v = (struct event_value){.type = EVENT_BOOL, .b = rng_below(r, 2) == 0};
        break;
    case EVENT_KIND_DATE:
        v = (struct event_value){.type = EVENT_TIME, .t = (ts_ns)(rng_u64(r) >> 2)};
        break;
    case EVENT_KIND_IP: {
        struct ip a;
        for (size_t i = 0; i < 16; i++)
            a.b[i] = (uint8_t)rng_below(r, 256);
        event_add_ip(e, field, &a);
        return;
    }
    default:
        break;
    }
    event_add_value(e, field, &v);
}

static void expect_same(const struct event *a, const struct event *b)
{
    assert_int_equal(a->time, b->time);
    assert_int_equal(a->n, b->n);
    for (uint32_t i = 0; i < a->n; i++) {
        const struct event_item *x = &a->items[i];
        const struct event_item *y = event_find(b, x->name, x->name_len);
        assert_non_null(y);
        assert_int_equal(x->n, y->n);
        for (uint32_t k = 0; k < x->n; k++) {
            const struct event_value *v = &event_values(x)[k];
            const struct event_value *w = &event_values(y)[k];
            assert_int_equal(v->type, w->type);
            char s[EVENT_TEXT_SIZE];
            char t[EVENT_TEXT_SIZE];
            size_t n;
            size_t m;
            const char *p = event_value_text(v, s, &n);
            const char *q = event_value_text(w, t, &m);
            assert_int_equal(n, m);
            assert_memory_equal(p, q, n);
        }
    }
}

static void what_is_written_is_read_back(void **state)
{
    struct fixture *f = *state;
    struct rng r;
    rng_init(&r, 5);
    for (int round = 0; round < 3000; round++) {
        struct arena arena;
        struct event e;
        struct buf first;
        struct buf second;
        arena_init(&arena, 0);
        buf_init(&first);
        buf_init(&second);
        event_init(&e, &arena, (ts_ns)(rng_u64(&r) >> 2));
        for (uint64_t n = rng_below(&r, 60); n > 0; n--)
            add_random_field(&r, &e);
        event_json_write(&e, &first);
        struct event *again = read_text(f, buf_text(&first));
        expect_same(&e, again);
        event_json_write(again, &second);
        assert_string_equal(buf_text(&first), buf_text(&second));
        buf_release(&first);
        buf_release(&second);
        arena_release(&arena);
        arena_clear(&f->arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_are_nested_or_dotted, setup, teardown),
        cmocka_unit_test_setup_teardown(times_have_many_spellings, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_bytes_are_escaped_and_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_object_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_written_is_read_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
