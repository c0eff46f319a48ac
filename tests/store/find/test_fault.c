/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th allocation of a search fails, for every n: no crash, no leak, an error that says so, and
 * nothing in the answer's buffer.
 */
#include "store/find/find_help.h"

#include "find/rows.h"

#include "fault_memory.h"
#include "store/state.h"

static const char *const bodies[] = {
    "{\"size\":3,\"_source\":[\"host.*\"],\"fields\":[\"*\"],\"sort\":[{\"host.name\":\"desc\"},\"_"
    "doc\"]}",
    "{\"size\":0,\"aggs\":{\"t\":{\"terms\":{\"field\":\"tags\",\"include\":\"[a-z]+\",\"order\":{"
    "\"s\":\"asc\"}},"
    "\"aggs\":{\"s\":{\"sum\":{\"field\":\"source.bytes\"}},\"h\":{\"date_histogram\":{\"field\":"
    "\"@timestamp\","
    "\"fixed_interval\":\"1h\"},\"aggs\":{\"d\":{\"cardinality\":{\"field\":\"source.ip\"}}}}}}}}",
    "{\"size\":1,\"aggs\":{\"f\":{\"filters\":{\"other_bucket\":true,\"filters\":{\"a\":{\"term\":{"
    "\"host.name\":"
    "\"a\"}}}},\"aggs\":{\"top\":{\"top_hits\":{}}}},\"c\":{\"composite\":{\"sources\":[{\"h\":{"
    "\"terms\":{"
    "\"field\":\"host.name\"}}}]}},\"p\":{\"percentiles\":{\"field\":\"source.bytes\"}},\"r\":{"
    "\"range\":{"
    "\"field\":\"source.bytes\",\"ranges\":[{\"from\":3}]}}}}",
};

static struct store *fill_events(const char *dir)
{
    const struct store_options options = {.no_worker = true};
    struct err_text why;
    struct store *s;
    help_good(store_open(dir, &options, &s, &why), &why);
    for (unsigned i = 0; i < 6; i++) {
        char json[300];
        snprintf(json, sizeof(json),
                 "{\"@timestamp\":\"2023-11-14T22:0%u:00Z\",\"host\":{\"name\":\"%c\"},\"source\":{"
                 "\"ip\":"
                 "\"10.0.0.%u\",\"bytes\":%u},\"tags\":[\"x\",\"y\"]}",
                 i, 'a' + (char)(i % 2), i, i);
        help_add(s, json);
    }
    help_good(store_commit(s, &why), &why);
    return s;
}

static struct store_state *fill_alerts(const char *dir)
{
    struct err_text why;
    struct store_state *st;
    help_good(store_state_open(dir, &st, &why), &why);
    const struct store_alert alert = {
        .id = "a",
        .rule_id = "r",
        .doc = "{\"@timestamp\":\"2023-11-14T22:00:00Z\",\"host.name\":\"a\",\"tags\":[\"x\"]}",
        .time = HELP_BASE,
        .start = HELP_BASE};
    assert_int_equal(store_state_alert_create(st, &alert, NULL), ERR_NONE);
    return st;
}

static void fail_each(struct find *f, const char *body)
{
    struct format_node *node;
    struct err_text why;
    struct buf whole;
    bool hit = true;
    buf_init(&whole);
    for (uint64_t n = 1; hit; n++) {
        struct find_error error = {0};
        struct buf out;
        buf_init(&out);
        help_good(format_node_json(body, strlen(body), "body", &node, &why), &why);
        const struct find_request r = {
            .index = "logs-*,.alerts-*", .body = node, .now = FIND_NOW, .lenient = true};
        fault_arm(n);
        enum err rc = find_search(f, &r, &out, &error);
        hit = fault_disarm();
        format_node_free(node);
        if (rc != ERR_NONE) {
            assert_true(hit);
            assert_non_null(error.type);
            assert_int_equal(out.n, 0);
        } else {
            assert_true(buf_ok(&out));
            help_untime(&out);
            if (!hit)
                buf_add(&whole, out.p, out.n);
        }
        buf_release(&out);
    }
    assert_non_null(strstr(buf_text(&whole), "\"total\":{\"value\":7,"));
    buf_release(&whole);
}

static void test_searches(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store *s = fill_events(dir);
    struct store_state *st = fill_alerts(dir);
    struct find *f = find_new(&(struct find_options){.store = s, .state = st});
    assert_non_null(f);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        fail_each(f, bodies[i]);
    find_free(f);
    store_state_close(st);
    store_close(s);
    help_rmdir(dir);
}

/* Pages of a scroll: one that fails is given when it is asked for again. */
static void test_scrolls(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct find_error error;
    struct store *s = fill_events(dir);
    struct find *f = find_new(&(struct find_options){.store = s});
    bool hit = true;
    size_t failed = 0;
    assert_non_null(f);
    for (uint64_t n = 1; hit; n++) {
        static const char body[] = "{\"size\":4,\"sort\":[\"host.name\"]}";
        struct format_node *node;
        struct buf out;
        buf_init(&out);
        help_good(format_node_json(body, strlen(body), "body", &node, &why), &why);
        struct find_request r = {.body = node, .now = FIND_NOW, .owner = "a", .keep = TIME_MIN};
        fault_arm(n);
        enum err rc = find_scroll_begin(f, &r, &out, &error);
        hit = fault_disarm();
        assert_int_equal(find_open_count(f), rc == ERR_NONE);
        if (rc != ERR_NONE) {
            assert_true(hit);
            assert_int_equal(out.n, 0);
            buf_clear(&out);
            help_good(find_scroll_begin(f, &r, &out, &error), &error.text);
        }
        format_node_free(node);
        char *name = help_part(buf_text(&out), "_scroll_id");
        name[strlen(name) - 1] = '\0';
        r = (struct find_request){.owner = "a"};
        buf_clear(&out);
        fault_arm(n);
        rc = find_scroll_next(f, &r, name + 1, &out, &error);
        hit = fault_disarm() || hit;
        if (rc != ERR_NONE) {
            failed++;
            assert_int_equal(out.n, 0);
            buf_clear(&out);
            help_good(find_scroll_next(f, &r, name + 1, &out, &error), &error.text);
        }
        assert_null(strstr(buf_text(&out), "\"bytes\":0"));
        assert_non_null(strstr(buf_text(&out), "\"bytes\":3"));
        assert_non_null(strstr(buf_text(&out), "\"bytes\":5"));
        assert_int_equal(find_scroll_close(f, "a", NULL, 0), 1);
        free(name);
        buf_release(&out);
    }
    assert_true(failed > 10);
    find_free(f);
    store_close(s);
    help_rmdir(dir);
}

/* Fields with their types, and mappings: whole, or an error and nothing. */
static void test_fields(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store *s = fill_events(dir);
    struct store_state *st = fill_alerts(dir);
    struct find *f = find_new(&(struct find_options){.store = s, .state = st});
    struct err_text why;
    assert_non_null(f);
    help_add(s, "{\"@timestamp\":7,\"weir\":{\"index\":\"logs-own\"},\"own\":{\"x\":1}}");
    help_add(s, "{\"@timestamp\":8,\"event\":{\"dataset\":\"own\"},\"own\":{\"x\":\"y\"}}");
    help_good(store_commit(s, &why), &why);
    for (int mapping = 0; mapping < 2; mapping++) {
        bool hit = true;
        size_t failed = 0;
        for (uint64_t n = 1; hit; n++) {
            const struct find_request r = {
                .index = "logs-*,.alerts-*", .now = FIND_NOW, .lenient = true};
            struct find_error error = {0};
            struct buf out;
            buf_init(&out);
            fault_arm(n);
            enum err rc = mapping ? find_mapping(f, &r, &out, &error)
                                  : find_field_caps(f, &r, "own.*", &out, &error);
            hit = fault_disarm();
            failed += rc != ERR_NONE;
            assert_true(rc == ERR_NONE || (hit && out.n == 0 && error.type != NULL));
            if (!hit)
                assert_non_null(strstr(buf_text(&out), mapping ? "\"logs-own\":{\"mappings\""
                                                               : "\"indices\":[\"logs-own\"]"));
            buf_release(&out);
        }
        assert_true(failed > 10);
    }
    find_free(f);
    store_state_close(st);
    store_close(s);
    help_rmdir(dir);
}

static enum err count_row(void *ctx, const struct find_row *row)
{
    *(uint64_t *)ctx += row->docs;
    return ERR_NONE;
}

/* All rows of a few events, or an error. */
static enum err make_rows(uint64_t *out_docs)
{
    static const char aggs[] =
        "{\"b\":{\"date_histogram\":{\"field\":\"@timestamp\",\"fixed_interval\":\"1m\"},\"aggs\":{"
        "\"@timestamp\":{\"max\":{\"field\":\"@timestamp\"}},\"h\":{\"terms\":{\"field\":"
        "\"host.name\"},\"aggs\":{\"p\":{\"percentiles\":{\"field\":\"source.bytes\",\"percents\":["
        "50]}},"
        "\"u\":{\"cardinality\":{\"field\":\"source.bytes\"}}}}}}}";
    const struct find_rows_options options = {.seed = 3};
    struct find_rows *r = NULL;
    struct err_text why;
    struct arena arena;
    enum err err = find_rows_new(aggs, strlen(aggs), TIME_MIN, &options, &r, &why);
    arena_init(&arena, 0);
    for (int i = 0; i < 200 && err == ERR_NONE; i++) {
        struct event e;
        event_init(&e, &arena, i * TIME_S);
        event_set_text(&e, EVENT_F_HOST_NAME, i % 2 == 0 ? "a" : "b");
        event_set_i64(&e, EVENT_F_SOURCE_BYTES, i);
        err = e.failed ? ERR_MEMORY : find_rows_add(r, &e);
    }
    if (err == ERR_NONE)
        err = find_rows_take(r, TIME_MAX, count_row, out_docs);
    find_rows_free(r);
    arena_release(&arena);
    return err;
}

static void test_rows(void **state)
{
    (void)state;
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        uint64_t docs = 0;
        fault_arm(n);
        enum err err = make_rows(&docs);
        hit = fault_disarm();
        assert_int_equal(err, hit ? ERR_MEMORY : ERR_NONE);
        if (!hit)
            assert_int_equal(docs, 200);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_searches),
                                       cmocka_unit_test(test_scrolls),
                                       cmocka_unit_test(test_fields), cmocka_unit_test(test_rows)};
    help_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
