/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/state.h"

static struct store_state *open_state(const char *dir)
{
    struct err_text why;
    struct store_state *st;
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    return st;
}

static bool job_seen(void *ctx, const struct store_job *job)
{
    buf_format(ctx, "%s %s/%s;", job->id, job->state, job->datafeed_state);
    return true;
}

static bool snapshot_seen(void *ctx, const struct store_snapshot *s)
{
    buf_format(ctx, "%s:%llu;", s->id, (unsigned long long)s->size);
    return true;
}

static bool result_seen(void *ctx, const struct store_result *r)
{
    (void)r;
    ++*(int *)ctx;
    return true;
}

static void test_jobs(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct arena arena;
    struct buf b;
    struct store_job found;
    arena_init(&arena, 0);
    buf_init(&b);
    struct store_job job = {.id = "high_count",
                            .config = "{\"analysis_config\":{}}",
                            .datafeed = "{}",
                            .package = "security_network",
                            .created = 7,
                            .start = TIME_NONE,
                            .end = TIME_NONE,
                            .position = TIME_NONE};
    assert_int_equal(store_state_job_get(st, job.id, &arena, &found), ERR_NOT_FOUND);
    assert_int_equal(store_state_job_put(st, &job), ERR_NONE);
    job.id = "a_rare";
    job.datafeed = NULL;
    assert_int_equal(store_state_job_put(st, &job), ERR_NONE);
    assert_int_equal(store_state_job_list(st, job_seen, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "a_rare closed/stopped;high_count closed/stopped;");
    assert_int_equal(store_state_job_set_state(st, "high_count", "opened", NULL, "why not"),
                     ERR_NONE);
    assert_int_equal(store_state_job_set_state(st, "high_count", NULL, "started", NULL), ERR_NONE);
    assert_int_equal(store_state_job_set_state(st, "nobody", NULL, "started", NULL), ERR_NOT_FOUND);
    assert_int_equal(store_state_job_set_position(st, "high_count", 99, "{\"n\":1}"), ERR_NONE);
    assert_int_equal(store_state_job_set_position(st, "high_count", 100, NULL), ERR_NONE);
    store_state_close(st);
    st = open_state(dir);
    assert_int_equal(store_state_job_get(st, "high_count", &arena, &found), ERR_NONE);
    assert_string_equal(found.state, "opened");
    assert_string_equal(found.datafeed_state, "started");
    assert_string_equal(found.message, "why not");
    assert_string_equal(found.counts, "{\"n\":1}");
    assert_int_equal(found.position, 100);
    assert_int_equal(found.start, TIME_NONE);
    assert_int_equal(store_state_job_set_state(st, "high_count", NULL, NULL, ""), ERR_NONE);
    assert_int_equal(store_state_job_get(st, "high_count", &arena, &found), ERR_NONE);
    assert_null(found.message);
    assert_int_equal(store_state_job_get(st, "a_rare", &arena, &found), ERR_NONE);
    assert_null(found.datafeed);
    arena_release(&arena);
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

static void put_snapshot(struct store_state *st, const char *id, ts_ns time, const char *bytes,
                         bool retain)
{
    struct store_snapshot s = {
        .job_id = "job", .id = id, .doc = "{}", .time = time, .position = time, .retain = retain};
    assert_int_equal(store_state_snapshot_put(st, &s, bytes, strlen(bytes)), ERR_NONE);
}

/* A job that is deleted takes its snapshots and results along, and nobody else's. */
static void test_delete(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct store_job job = {.id = "job", .config = "{}"};
    assert_int_equal(store_state_job_put(st, &job), ERR_NONE);
    put_snapshot(st, "1", 10, "one", true);
    const char *owners[] = {"job", "other"};
    for (int i = 0; i < 2; i++) {
        struct store_result r = {
            .job_id = owners[i], .type = "record", .id = "r", .doc = "{}", .time = 5};
        assert_int_equal(store_state_result_put(st, &r), ERR_NONE);
    }
    assert_int_equal(store_state_job_delete(st, "job"), ERR_NONE);
    assert_int_equal(store_state_job_delete(st, "job"), ERR_NOT_FOUND);
    int n = 0;
    struct store_result_filter all = {.from = INT64_MIN, .to = INT64_MAX};
    assert_int_equal(store_state_result_list(st, &all, result_seen, &n, NULL), ERR_NONE);
    assert_int_equal(n, 1);
    struct buf b;
    buf_init(&b);
    assert_int_equal(store_state_snapshot_list(st, "job", snapshot_seen, &b), ERR_NONE);
    assert_int_equal(b.n, 0);
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

static void test_upgrade(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct store_state *st;
    bool on = true;
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    assert_int_equal(store_state_upgrade_get(st, &on), ERR_NONE);
    assert_false(on);
    assert_int_equal(store_state_upgrade_put(st, true), ERR_NONE);
    store_state_close(st);
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    assert_int_equal(store_state_upgrade_get(st, &on), ERR_NONE);
    assert_true(on);
    assert_int_equal(store_state_upgrade_put(st, false), ERR_NONE);
    assert_int_equal(store_state_upgrade_get(st, &on), ERR_NONE);
    assert_false(on);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jobs),
        cmocka_unit_test(test_delete),
        cmocka_unit_test(test_upgrade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
