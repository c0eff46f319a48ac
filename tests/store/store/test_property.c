/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query room's own random queries and events through the store: sealed pieces and the hot tail
 * find what query_match() finds in memory. tests/core/query/random_tree.h makes them.
 */
#include "store/store/store_help.h"

#include "core/query/random_tree.h"
#include "event/json.h"
#include "query/query.h"

#define EVENTS 200
#define QUERIES 500
#define NOW ((ts_ns)1709209815 * TIME_S) /* 2024-02-29T12:30:15Z */

struct truth {
    struct event events[EVENTS];
    bool found[EVENTS];
};

static bool mark(void *ctx, struct event *e)
{
    struct truth *t = ctx;
    assert_true(e->sequence >= 1 && e->sequence <= EVENTS);
    assert_false(t->found[e->sequence - 1]);
    t->found[e->sequence - 1] = true;
    return true;
}

static void compare(struct store *s, struct truth *t, const char *json, size_t *hits)
{
    struct err_text why;
    struct query *q;
    struct store_search what = {.from = TIME_NONE, .to = TIME_MAX};
    if (query_parse_json(json, strlen(json), "random", NOW, &q, &why) != ERR_NONE)
        fail_msg("%s: %s", json, why.message);
    memset(t->found, 0, sizeof(t->found));
    what.query = q;
    if (store_search(s, &what, mark, t, &why) != ERR_NONE)
        fail_msg("%s: %s", json, why.message);
    for (size_t i = 0; i < EVENTS; i++) {
        bool match = query_match(q, &t->events[i]);
        *hits += match;
        if (match != t->found[i]) {
            struct buf b;
            buf_init(&b);
            event_json_write(&t->events[i], &b);
            fail_msg("%s\nin memory %d, in SQL %d for\n%s", json, match, t->found[i], buf_text(&b));
        }
    }
    query_free(q);
}

static void fill(struct store *s, struct truth *t, struct arena *arena, struct rng *rng)
{
    struct err_text why;
    struct event_json *reader = event_json_new();
    assert_non_null(reader);
    for (uint64_t i = 0; i < EVENTS; i++) {
        struct buf json;
        struct arena once;
        struct event e;
        buf_init(&json);
        arena_init(&once, 0);
        random_event(rng, &json);
        assert_int_equal(event_json_read(reader, json.p, json.n, false, &once, &e, NULL), ERR_NONE);
        event_copy(&t->events[i], arena, &e);
        assert_int_equal(store_append(s, &t->events[i]), ERR_NONE);
        if (i % 60 == 59) {
            assert_int_equal(store_commit(s, &why), ERR_NONE);
            if (store_seal(s, &why) != ERR_NONE)
                fail_msg("%s", why.message);
        }
        buf_release(&json);
        arena_release(&once);
    }
    assert_int_equal(store_commit(s, &why), ERR_NONE);
    event_json_free(reader);
}

static void test_random_trees(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct store *s;
    struct arena arena;
    struct rng rng;
    struct buf json;
    size_t hits = 0;
    struct truth *t = calloc(1, sizeof(*t));
    const char *seed = getenv("WEIR_TEST_SEED");
    assert_non_null(t);
    rng_init(&rng, seed != NULL ? strtoull(seed, NULL, 10) : 5);
    arena_init(&arena, 0);
    buf_init(&json);
    assert_int_equal(store_open(dir, NULL, &s, &why), ERR_NONE);
    fill(s, t, &arena, &rng);
    for (unsigned i = 0; i < QUERIES; i++) {
        buf_clear(&json);
        random_query(&rng, 2, &json);
        compare(s, t, buf_text(&json), &hits);
    }
    assert_true(hits > QUERIES * EVENTS / 8);
    store_close(s);
    buf_release(&json);
    arena_release(&arena);
    free(t);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_trees)};
    help_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
