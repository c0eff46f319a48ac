/* SPDX-License-Identifier: Apache-2.0 */
/* What datafeeds would give their jobs. */
#include "serve/ml/ml_help.h"

#include "base/arena.h"
#include "event/event.h"
#include "store/store.h"

#define FEED "/_ml/datafeeds/{datafeed_id}"
#define PREVIEW "/_ml/datafeeds/_preview"

static const struct api_row *const tables[] = {ml_preview_rows};

static void events(void **state)
{
    (void)state;
    static const char body[] =
        "{\"datafeed_config\":{\"indices\":[\"*\"],\"scroll_size\":1},\"job_config\":"
        "{\"analysis_config\":{\"detectors\":[{\"function\":\"count\",\"by_field_name\":\"user."
        "name\"}]},"
        "\"data_description\":{\"time_field\":\"@timestamp\"}}}";
    struct fake_world w;
    struct err_text why;
    struct arena arena;
    struct event e;
    fake_open_store(&w, tables, 1);
    arena_init(&arena, 0);
    for (int i = 0; i < 2; i++) {
        event_init(&e, &arena, FAKE_NOW + i);
        e.sequence = (uint64_t)i + 1;
        event_set_text(&e, EVENT_F_USER_NAME, "v");
        event_set_text(&e, EVENT_F_HOST_NAME, "w");
        event_set_text(&e, EVENT_F_MESSAGE, "m");
        assert_int_equal(store_append(w.store, &e), ERR_NONE);
    }
    assert_int_equal(store_commit(w.store, &why), ERR_NONE);
    ASK("POST", "/_ml/datafeeds/_preview", NULL, NULL, body, 200,
        "[{\"@timestamp\":1700000000000,\"user.name\":\"v\"}]");
    ASK("POST", "/_ml/datafeeds/_preview", NULL, NULL,
        "{\"datafeed_config\":{\"indices\":[\"*\"],\"scroll_size\":1},\"job_config\":"
        "{\"analysis_config\":{\"categorization_field_name\":\"message\",\"detectors\":"
        "[{\"function\":\"count\",\"by_field_name\":\"mlcategory\"}]},"
        "\"data_description\":{\"time_field\":\"@timestamp\"}}}",
        200, "[{\"@timestamp\":1700000000000,\"message\":\"m\"}]");
    ASK("POST", "/_ml/datafeeds/_preview", NULL, "end=1000000", body, 200, "[]");
    ASK("POST", "/_ml/datafeeds/_preview", NULL, NULL, "{}", 400, "[datafeed_config]");
    ASK("GET", FEED "/_preview", "datafeed_id=f", NULL, NULL, 404, "No datafeed with id [f]");
    arena_release(&arena);
    fake_close(&w);
}

static void add(struct fake_world *w, int64_t seconds, const char *host, int64_t bytes)
{
    static uint64_t sequence;
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, FAKE_NOW + seconds * TIME_S);
    e.sequence = ++sequence;
    event_set_text(&e, EVENT_F_HOST_NAME, host);
    event_set_i64(&e, EVENT_F_SOURCE_BYTES, bytes);
    assert_int_equal(store_append(w->store, &e), ERR_NONE);
    arena_release(&arena);
}

/* Rows of whole intervals, with the fields the job looks at. */
static void rows(void **state)
{
    (void)state;
#define BODY(size, interval)                                                                       \
    "{\"datafeed_config\":{\"indices\":[\"*\"],\"scroll_size\":" size                              \
    ",\"aggregations\":{\"buckets\":{"                                                             \
    "\"date_histogram\":{\"field\":\"@timestamp\",\"fixed_interval\":\"" interval "\"},\"aggs\":{" \
    "\"@timestamp\":{\"max\":{\"field\":\"@timestamp\"}},\"host\":{\"terms\":{\"field\":\"host."   \
    "name\"},"                                                                                     \
    "\"aggs\":{\"bytes\":{\"sum\":{\"field\":\"source.bytes\"}},\"least\":{\"min\":{\"field\":"    \
    "\"source.bytes\"}}}}}}}},\"job_config\":{\"analysis_config\":{\"bucket_span\":\"10m\","       \
    "\"summary_count_field_name\":\"doc_count\",\"detectors\":[{\"function\":\"sum\","             \
    "\"field_name\":\"bytes\",\"partition_field_name\":\"host\"}]},\"data_description\":{"         \
    "\"time_field\":\"@timestamp\"}}}"
    struct fake_world w;
    struct err_text why;
    fake_open_store(&w, tables, 1);
    add(&w, 40, "a", 7); /* FAKE_NOW is 20 seconds past a minute */
    add(&w, 41, "b", 1);
    add(&w, 59, "a", 5);
    add(&w, 100, "a", 9);
    assert_int_equal(store_commit(w.store, &why), ERR_NONE);
    ASK("POST", PREVIEW, NULL, NULL, BODY("100", "1m"), 200,
        "[{\"@timestamp\":1700000059000,\"host\":\"a\",\"bytes\":12,\"doc_count\":2},"
        "{\"@timestamp\":1700000059000,\"host\":\"b\",\"bytes\":1,\"doc_count\":1},"
        "{\"@timestamp\":1700000100000,\"host\":\"a\",\"bytes\":9,\"doc_count\":1}]");
    ASK("POST", PREVIEW, NULL, "start=1700000041000", BODY("100", "1m"), 200,
        "[{\"@timestamp\":1700000100000,\"host\":\"a\",\"bytes\":9,\"doc_count\":1}]");
    ASK("POST", PREVIEW, NULL, "end=1700000110000", BODY("1", "1m"), 200,
        "[{\"@timestamp\":1700000059000,\"host\":\"a\",\"bytes\":12,\"doc_count\":2}]");
    ASK("POST", PREVIEW, NULL, NULL, BODY("100", "7m"), 400, "must divide");
    fake_close(&w);
}

/* How many documents it answers with. gone: nobody waits for them. */
static size_t count_docs(struct fake_world *w, const char *body, bool gone)
{
    struct auth_guest guest = {.role = AUTH_ROLE_ADMIN, .means = AUTH_GUARD_KEY};
    struct http_request r = {.method = "POST",
                             .path = "/",
                             .body = body,
                             .route = fake_route(w, "POST", PREVIEW),
                             .gone = gone,
                             .guest = &guest};
    struct http_answer a;
    struct format_node *docs;
    struct err_text why;
    fake_ask(w, &r, &a);
    assert_int_equal(a.status, gone ? 503 : 200);
    assert_int_equal(format_node_json(a.body.p, a.body.n, "answer", &docs, &why), ERR_NONE);
    size_t n = format_node_count(docs);
    format_node_free(docs);
    buf_release(&a.body);
    return n;
}

/* However much is asked for, an answer fits into memory; nothing is read for nobody. */
static void much(void **state)
{
    (void)state;
#define ALL                                                                                        \
    "{\"datafeed_config\":{\"indices\":[\"*\"],\"scroll_size\":2147483647},\"job_config\":"        \
    "{\"analysis_config\":{\"categorization_field_name\":\"message\",\"detectors\":"               \
    "[{\"function\":\"count\",\"by_field_name\":\"mlcategory\"}]},"                                \
    "\"data_description\":{\"time_field\":\"@timestamp\"}}}"
    struct fake_world w;
    struct err_text why;
    fake_open_store(&w, tables, 1);
    for (int i = 0; i < 10100; i++)
        add(&w, i, "a", i);
    assert_int_equal(store_commit(w.store, &why), ERR_NONE);
    assert_int_equal(count_docs(&w, ALL, false), 10000);
    assert_int_equal(count_docs(&w, BODY("2147483647", "1s"), false), 10000);
    count_docs(&w, ALL, true);
    char *text = calloc(30001, 1);
    memset(text, 'x', 30000);
    for (int i = 0; i < 1000; i++) {
        struct arena arena;
        struct event e;
        arena_init(&arena, 0);
        event_init(&e, &arena, FAKE_NOW - TIME_HOUR + i);
        e.sequence = (uint64_t)(1000000 + i);
        event_set_text(&e, EVENT_F_MESSAGE, text);
        assert_int_equal(store_append(w.store, &e), ERR_NONE);
        arena_release(&arena);
    }
    free(text);
    assert_int_equal(store_commit(w.store, &why), ERR_NONE);
    assert_in_range(count_docs(&w, ALL, false), 200, 800); /* 16 MiB of them */
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(events), cmocka_unit_test(rows),
                                       cmocka_unit_test(much)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
