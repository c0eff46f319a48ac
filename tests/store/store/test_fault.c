/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th allocation fails, for every n: no crash, no leak, and whatever was said to be done is
 * done, whatever was refused is not.
 */
#include "store/store/store_help.h"

#include "fault_memory.h"
#include "query/query.h"
#include "store/state.h"

#define EVENTS 20

static struct event events[EVENTS];

static void make_events(struct arena *arena)
{
    struct rng rng;
    rng_init(&rng, 1);
    for (uint64_t i = 0; i < EVENTS; i++)
        help_flow(&events[i], arena, &rng, HELP_BASE + (ts_ns)i, i);
}

static bool count_one(void *ctx, struct event *e)
{
    (void)e;
    ++*(uint64_t *)ctx;
    return true;
}

/* Opens, appends, commits, searches; how many events are then surely there. */
static uint64_t use_store(const char *dir, const struct query *q)
{
    struct store_options options = {.no_worker = true};
    struct err_text why;
    struct store *s;
    uint64_t appended = 0;
    uint64_t found = 0;
    if (store_open(dir, &options, &s, &why) != ERR_NONE)
        return 0;
    for (uint64_t i = 0; i < EVENTS; i++)
        appended += store_append(s, &events[i]) == ERR_NONE;
    bool offset = store_offset_set(s, "x", "y", 1) == ERR_NONE;
    bool committed = offset && store_commit(s, &why) == ERR_NONE;
    struct store_search what = {.query = q, .from = TIME_NONE, .to = TIME_MAX};
    if (store_search(s, &what, count_one, &found, &why) == ERR_NONE && committed)
        assert_int_equal(found, appended);
    store_close(s);
    return committed ? appended : 0;
}

static void test_store(void **state)
{
    (void)state;
    struct arena arena;
    struct query *q;
    struct err_text why;
    bool hit = true;
    arena_init(&arena, 0);
    make_events(&arena);
    assert_int_equal(query_parse_kql("network.transport: tcp", 22, 0, &q, &why), ERR_NONE);
    uint64_t n = 1;
    for (; hit; n++) {
        char *dir = help_mkdir();
        fault_arm(n);
        uint64_t sure = use_store(dir, q);
        hit = fault_disarm();
        /* Opened again in good health: at least what was sure, and each event whole. */
        struct store_options options = {.no_worker = true};
        struct store_search what = {.query = q, .from = TIME_NONE, .to = TIME_MAX};
        struct store *s;
        uint64_t found = 0;
        enum err rc = store_open(dir, &options, &s, &why);
        if (rc != ERR_NONE)
            fail_msg("allocation %llu: %s", (unsigned long long)n, why.message);
        assert_int_equal(store_search(s, &what, count_one, &found, &why), ERR_NONE);
        assert_true(found >= sure && found <= EVENTS);
        store_close(s);
        help_rmdir(dir);
    }
    assert_true(n > 20);
    query_free(q);
    arena_release(&arena);
}

#define NAMES 30

/* Names while memory fails: an event that was acknowledged has its name, another has none. */
static void use_names(const char *dir, bool *sure)
{
    struct store_options options = {.no_worker = true, .ids = 320}; /* generations of twenty-one */
    struct err_text why;
    struct store *s;
    struct arena arena;
    char id[16];
    if (store_open(dir, &options, &s, &why) != ERR_NONE)
        return;
    arena_init(&arena, 0);
    for (unsigned i = 0; i < NAMES; i++) {
        struct store_name name = {.document = i, .create = true};
        struct event e;
        event_init(&e, &arena, HELP_BASE + (ts_ns)i);
        snprintf(id, sizeof(id), "%u", i);
        event_set_text(&e, EVENT_F_WEIR_ID, id);
        enum err rc = e.failed ? ERR_MEMORY : store_mark(s);
        if (rc == ERR_NONE)
            rc = store_name_look(s, &e, &name);
        if (rc == ERR_NONE)
            rc = store_append_named(s, &e, &name);
        if (rc == ERR_NONE)
            rc = store_commit(s, &why);
        if (rc != ERR_NONE)
            store_rewind(s);
        sure[i] = rc == ERR_NONE;
    }
    arena_release(&arena);
    store_close(s);
}

static void test_names(void **state)
{
    (void)state;
    bool hit = true;
    uint64_t n = 1;
    for (; hit; n++) {
        char *dir = help_mkdir();
        bool sure[NAMES] = {false};
        struct store_options options = {.no_worker = true};
        struct store_search what = {.from = TIME_NONE, .to = TIME_MAX};
        struct err_text why;
        struct store *s;
        uint64_t found = 0, known = 0;
        char id[16];
        fault_arm(n);
        use_names(dir, sure);
        hit = fault_disarm();
        assert_int_equal(store_open(dir, &options, &s, &why), ERR_NONE);
        assert_int_equal(store_search(s, &what, count_one, &found, &why), ERR_NONE);
        for (unsigned i = 0; i < NAMES; i++) {
            snprintf(id, sizeof(id), "%u", i);
            bool there = help_named(s, id, i, true, HELP_BASE) == STORE_NAME_TAKEN;
            assert_int_equal(there, sure[i]);
            known += there;
        }
        assert_int_equal(found, known);
        store_close(s);
        help_rmdir(dir);
    }
    assert_true(n > 20);
}

/* A pair of changes in a transaction: both or none. */
static bool use_state(const char *dir)
{
    struct err_text why;
    struct store_state *st;
    struct arena arena;
    bool done = false;
    arena_init(&arena, 0);
    if (store_state_open(dir, &st, &why) != ERR_NONE)
        return false;
    struct store_job job = {.id = "job", .config = "{}"};
    struct store_rule rule = {.id = "rule", .doc = "{}"};
    if (store_state_begin(st) == ERR_NONE) {
        if (store_state_job_put(st, &job) == ERR_NONE &&
            store_state_rule_put(st, &rule) == ERR_NONE)
            done = store_state_commit(st, &why) == ERR_NONE;
        else
            store_state_rollback(st);
    }
    (void)!store_state_job_get(st, "job", &arena, &job);
    store_state_close(st);
    arena_release(&arena);
    return done;
}

static void test_state(void **state)
{
    (void)state;
    struct err_text why;
    bool hit = true;
    uint64_t n = 1;
    for (; hit; n++) {
        char *dir = help_mkdir();
        struct arena arena;
        struct store_state *st;
        struct store_job job;
        struct store_rule rule;
        fault_arm(n);
        bool done = use_state(dir);
        hit = fault_disarm();
        arena_init(&arena, 0);
        enum err rc = store_state_open(dir, &st, &why);
        if (rc != ERR_NONE)
            fail_msg("allocation %llu: %s", (unsigned long long)n, why.message);
        enum err has_job = store_state_job_get(st, "job", &arena, &job);
        enum err has_rule = store_state_rule_get(st, "rule", &arena, &rule);
        assert_int_equal(has_job, has_rule);
        assert_int_equal(has_job, done ? ERR_NONE : ERR_NOT_FOUND);
        store_state_close(st);
        arena_release(&arena);
        help_rmdir(dir);
    }
    assert_true(n > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
