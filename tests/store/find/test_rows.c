/* SPDX-License-Identifier: Apache-2.0 */
#include "find/rows.h"

#include "base/buf.h"
#include "cmocka_head.h"
#include "event/json.h"
#include "find/field.h"
#include "format/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES "\"date_histogram\":{\"field\":\"@timestamp\",\"fixed_interval\":\"1m\"}"
#define NEWEST "\"@timestamp\":{\"max\":{\"field\":\"@timestamp\"}}"

static struct find_rows *make_in(struct find_rows_pool *pool, const char *aggs, size_t memory)
{
    const struct find_rows_options options = {.memory = memory, .seed = 5, .pool = pool};
    struct find_rows *r = NULL;
    struct err_text why;
    if (find_rows_new(aggs, strlen(aggs), TIME_MIN, &options, &r, &why) != ERR_NONE)
        fail_msg("%s: %s", aggs, why.message);
    return r;
}

static struct find_rows *make(const char *aggs, size_t memory)
{
    return make_in(NULL, aggs, memory);
}

static void add(struct find_rows *r, const char *json)
{
    struct arena arena;
    struct event e;
    struct event_json *reader = event_json_new();
    arena_init(&arena, 0);
    assert_int_equal(event_json_read(reader, json, strlen(json), false, &arena, &e, NULL),
                     ERR_NONE);
    e.time = strtoll(strchr(json, ':') + 1, NULL, 10) * TIME_MS; /* it stands first */
    assert_int_equal(find_rows_add(r, &e), ERR_NONE);
    arena_release(&arena);
    event_json_free(reader);
}

struct shown {
    struct find_rows *rows;
    struct buf out;
};

/* "seconds*docs field=value …" a line. */
static enum err show(void *ctx, const struct find_row *row)
{
    struct shown *s = ctx;
    size_t n;
    const char *const *names = find_rows_names(s->rows, &n);
    buf_format(&s->out, "%lld*%llu", (long long)(row->time / TIME_S),
               (unsigned long long)row->docs);
    for (size_t i = 0; i < n; i++) {
        struct format_writer w;
        if (row->values[i].type == EVENT_NULL)
            continue;
        buf_format(&s->out, " %s=", names[i]);
        format_write_init(&w, &s->out);
        find_value_write(&w, &row->values[i]);
    }
    buf_char(&s->out, '\n');
    return ERR_NONE;
}

static void assert_rows(struct find_rows *r, ts_ns to, const char *expected)
{
    struct shown s = {.rows = r};
    buf_init(&s.out);
    assert_int_equal(find_rows_take(r, to, show, &s), ERR_NONE);
    assert_string_equal(buf_text(&s.out), expected);
    buf_release(&s.out);
}

/* Events in any order; an interval is taken once, whole, oldest first. */
static void test_intervals(void **state)
{
    (void)state;
    struct find_rows *r = make("{\"b\":{" TIMES ",\"aggs\":{" NEWEST
                               ",\"sum\":{\"sum\":{\"field\":\"source.bytes\"}},\"mean\":{\"avg\":{"
                               "\"field\":\"source.bytes\"}}}}}",
                               0);
    ts_ns first, last;
    assert_false(find_rows_open(r, &first, &last));
    add(r, "{\"@timestamp\":130000,\"source\":{\"bytes\":5}}");
    add(r, "{\"@timestamp\":61000,\"source\":{\"bytes\":3}}");
    add(r, "{\"@timestamp\":119000,\"source\":{\"bytes\":6}}");
    add(r, "{\"@timestamp\":59999}");
    assert_true(find_rows_open(r, &first, &last));
    assert_int_equal(first, 0);
    assert_int_equal(last, 2 * TIME_MIN);
    assert_rows(r, 59 * TIME_S, "");
    assert_rows(r, 2 * TIME_MIN, "59*1 sum=0\n119*2 sum=9 mean=4.5\n");
    assert_rows(r, 3 * TIME_MIN - 1, "");
    add(r, "{\"@timestamp\":179999,\"source\":{\"bytes\":5}}");
    assert_rows(r, TIME_MAX, "179*2 sum=10 mean=5\n");
    assert_false(find_rows_open(r, &first, &last));
    assert_int_equal(find_rows_tell_lost(r).intervals, 0);
    find_rows_free(r);
}

/* Keys below each other, what is chosen, and what has no value. */
static void test_keys(void **state)
{
    (void)state;
    struct find_rows *r = make(
        "{\"outer\":{\"filter\":{\"term\":{\"event.kind\":\"event\"}},\"aggs\":{\"b\":{" TIMES
        ",\"aggs\":{" NEWEST ",\"all\":{\"value_count\":{\"field\":\"source.bytes\"}},\"host\":{"
        "\"terms\":{\"field\":\"host.name\",\"size\":2},\"aggs\":{\"large\":{\"filter\":{\"range\":"
        "{\"source.bytes\":{\"gte\":10}}},\"aggs\":{\"sum\":{\"sum\":{\"field\":\"source.bytes\"}},"
        "\"least\":{\"min\":{\"field\":\"source.bytes\"}}}},\"users\":{\"cardinality\":{\"field\":"
        "\"user.name\"}},\"half\":{\"percentiles\":{\"field\":\"source.bytes\",\"percents\":[50]}},"
        "\"port\":{\"terms\":{\"field\":\"destination.port\"}}}}}}}}}",
        0);
    add(r, "{\"@timestamp\":1000,\"event\":{\"kind\":\"event\"},\"host\":{\"name\":\"a\"},"
           "\"user\":{\"name\":\"u\"},\"source\":{\"bytes\":10},\"destination\":{\"port\":80}}");
    add(r, "{\"@timestamp\":2000,\"event\":{\"kind\":\"event\"},\"host\":{\"name\":\"a\"},"
           "\"user\":{\"name\":\"v\"},\"source\":{\"bytes\":20},\"destination\":{\"port\":443}}");
    add(r, "{\"@timestamp\":3000,\"event\":{\"kind\":\"event\"},\"host\":{\"name\":\"a\"},"
           "\"source\":{\"bytes\":30},\"destination\":{\"port\":443}}");
    add(r, "{\"@timestamp\":4000,\"event\":{\"kind\":\"event\"},\"host\":{\"name\":\"b\"},"
           "\"source\":{\"bytes\":1},\"destination\":{\"port\":22}}");
    add(r, "{\"@timestamp\":4500,\"event\":{\"kind\":\"event\"},\"host\":{\"name\":\"b\"}}");
    add(r, "{\"@timestamp\":5000,\"event\":{\"kind\":\"event\"},\"host\":{\"name\":\"z\"},"
           "\"destination\":{\"port\":22}}");
    add(r, "{\"@timestamp\":6000,\"event\":{\"kind\":\"alert\"},\"host\":{\"name\":\"b\"}}");
    assert_rows(r, TIME_MIN,
                "5*2 all=4 host=\"a\" sum=60 least=10 users=2 half=20 port=443\n"
                "5*1 all=4 host=\"a\" sum=60 least=10 users=2 half=20 port=80\n"
                "5*1 all=4 host=\"b\" sum=0 users=0 half=1 port=22\n");
    find_rows_free(r);
}

/* All of a composite, whatever its page; a source that is nothing. */
static void test_composite(void **state)
{
    (void)state;
    struct find_rows *r = make(
        "{\"b\":{\"composite\":{\"size\":1,\"sources\":[{\"t\":{\"date_histogram\":{\"field\":"
        "\"@timestamp\",\"fixed_interval\":\"1m\"}}},{\"host\":{\"terms\":{\"field\":\"host.name\","
        "\"missing_bucket\":true}}},{\"port\":{\"terms\":{\"field\":\"destination.port\"}}}]},"
        "\"aggs\":{" NEWEST ",\"sum\":{\"sum\":{\"field\":\"source.bytes\"}}}}}",
        0);
    add(r, "{\"@timestamp\":1000,\"host\":{\"name\":\"b\"},\"destination\":{\"port\":80}}");
    add(r, "{\"@timestamp\":2000,\"host\":{\"name\":\"a\"},\"destination\":{\"port\":[80,81]},"
           "\"source\":{\"bytes\":4}}");
    add(r, "{\"@timestamp\":3000,\"destination\":{\"port\":80}}");
    add(r, "{\"@timestamp\":63000,\"host\":{\"name\":\"a\"},\"destination\":{\"port\":80}}");
    assert_rows(r, TIME_MAX,
                "3*1 port=80 sum=0\n2*1 host=\"a\" port=80 sum=4\n2*1 host=\"a\" port=81 sum=4\n"
                "1*1 host=\"b\" port=80 sum=0\n63*1 host=\"a\" port=80 sum=0\n");
    find_rows_free(r);
}

/* An interval that does not fit is left out whole, and told; the next ones are not touched. */
static void test_memory(void **state)
{
    (void)state;
    struct find_rows *r = make("{\"b\":{" TIMES ",\"aggs\":{" NEWEST ",\"host\":{\"terms\":{"
                               "\"field\":\"host.name\",\"size\":100000}}}}}",
                               200000);
    char json[200];
    for (int i = 0; i < 3000; i++) {
        snprintf(json, sizeof(json), "{\"@timestamp\":%d,\"host\":{\"name\":\"h%d\"}}", 60000 + i,
                 i);
        add(r, json);
    }
    add(r, "{\"@timestamp\":121000,\"host\":{\"name\":\"h\"}}");
    assert_rows(r, TIME_MAX, "121*1 host=\"h\"\n");
    struct find_rows_lost lost = find_rows_tell_lost(r);
    assert_int_equal(lost.events, 3000);
    assert_int_equal(lost.intervals, 1);
    assert_int_equal(lost.newest, TIME_MIN);
    assert_int_equal(find_rows_tell_lost(r).intervals, 0);
    find_rows_free(r);
}

/* Times far ahead do not push out the present, however many there are. */
/* Several share a pool: whoever takes most gives way, and a small one beside it loses nothing. */
static void test_pool(void **state)
{
    (void)state;
    static const char *const aggs =
        "{\"b\":{" TIMES ",\"aggs\":{" NEWEST ",\"host\":{\"terms\":{\"field\":\"host.name\"}}}}}";
    struct find_rows_pool pool = {.memory = (size_t)256 << 10};
    struct find_rows *small = make_in(&pool, aggs, 0), *large = make_in(&pool, aggs, 0);
    char event[100];
    add(small, "{\"@timestamp\":1000,\"host\":{\"name\":\"a\"}}");
    size_t little = pool.used;
    assert_true(little > 0);
    for (unsigned i = 0; i < 4000; i++) {
        snprintf(event, sizeof(event), "{\"@timestamp\":%u,\"host\":{\"name\":\"%u\"}}",
                 i % 10 * 60000, i);
        add(large, event);
        assert_true(pool.used <= pool.memory);
    }
    add(small, "{\"@timestamp\":2000,\"host\":{\"name\":\"b\"}}");
    assert_rows(small, TIME_MAX, "2*1 host=\"a\"\n2*1 host=\"b\"\n");
    assert_int_equal(find_rows_tell_lost(small).intervals, 0);
    struct find_rows *third = make_in(&pool, aggs, 0);
    add(third, "{\"@timestamp\":1000,\"host\":{\"name\":\"a\"}}");
    find_rows_free(large);
    assert_true(pool.used > 0 && pool.used <= little);
    find_rows_free(third);
    assert_int_equal(pool.used, 0);
    find_rows_free(small);
    assert_null(pool.first);
}

static void test_far(void **state)
{
    (void)state;
    struct find_rows *r = make("{\"b\":{" TIMES ",\"aggs\":{" NEWEST ",\"host\":{\"terms\":{"
                               "\"field\":\"host.name\"}}}}}",
                               200000);
    char json[200];
    for (int i = 0; i < 20000; i++) {
        snprintf(json, sizeof(json), "{\"@timestamp\":%lld,\"host\":{\"name\":\"x\"}}",
                 60000LL * (1000 + i * 7919LL % 20000));
        add(r, json);
    }
    add(r, "{\"@timestamp\":1000,\"host\":{\"name\":\"a\"}}");
    add(r, "{\"@timestamp\":61000,\"host\":{\"name\":\"b\"}}");
    assert_rows(r, 2 * TIME_MIN, "1*1 host=\"a\"\n61*1 host=\"b\"\n");
    struct find_rows_lost lost = find_rows_tell_lost(r);
    assert_true(lost.events > 10000);
    /* The nearest of them are whole. */
    assert_rows(r, 1001 * TIME_MIN, "60000*1 host=\"x\"\n");
    find_rows_free(r);
}

static enum err refuse(void *ctx, const struct find_row *row)
{
    (void)row;
    ++*(int *)ctx;
    return ERR_IO;
}

static void test_failures(void **state)
{
    static const struct {
        const char *aggs, *says;
    } cases[] = {
        {"[]", "object"},
        {"{\"b\":{\"date_histogram\":{\"field\":\"@timestamp\"}}}", "interval"},
        {"{\"b\":{" TIMES ",\"aggs\":{\"x\":{\"sum\":{\"field\":\"host.name\"}}}}}", "host.name"},
        {"{\"b\":{" TIMES ",\"aggs\":{\"x\":{\"sum\":{\"field\":\"a\",\"script\":\"b\"}}}}}",
         "script"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct find_rows_options options = {.seed = 5};
        struct find_rows *r = NULL;
        struct err_text why = {0};
        assert_int_equal(
            find_rows_new(cases[i].aggs, strlen(cases[i].aggs), TIME_MIN, &options, &r, &why),
            ERR_INVALID);
        assert_null(r);
        if (strstr(why.message, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].aggs, why.message);
    }
    int calls = 0;
    struct find_rows *r = make("{\"b\":{" TIMES ",\"aggs\":{" NEWEST "}}}", 0);
    add(r, "{\"@timestamp\":1000}");
    add(r, "{\"@timestamp\":61000}");
    assert_int_equal(find_rows_take(r, TIME_MAX, refuse, &calls), ERR_IO);
    assert_int_equal(calls, 1);
    assert_rows(r, TIME_MAX, "61*1\n");
    find_rows_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intervals), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_composite), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_pool),      cmocka_unit_test(test_failures),
        cmocka_unit_test(test_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
