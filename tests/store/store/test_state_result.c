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

static bool seen(void *ctx, const struct store_result *r)
{
    assert_int_equal(strlen(r->doc), r->doc_len);
    buf_format(ctx, "%s/%s ", r->job_id, r->id);
    return true;
}

static bool first_only(void *ctx, const struct store_result *r)
{
    buf_format(ctx, "%s ", r->doc);
    return false;
}

static void put(struct store_state *st, const char *job, const char *type, const char *id,
                ts_ns time, double score, bool interim)
{
    char doc[64];
    snprintf(doc, sizeof(doc), "{\"score\":%g}", score);
    struct store_result r = {.job_id = job,
                             .type = type,
                             .id = id,
                             .doc = doc,
                             .time = time,
                             .score = score,
                             .is_interim = interim};
    assert_int_equal(store_state_result_put(st, &r), ERR_NONE);
}

static const char *list(struct store_state *st, struct store_result_filter f, struct buf *b,
                        uint64_t *total)
{
    buf_clear(b);
    assert_int_equal(store_state_result_list(st, &f, seen, b, total), ERR_NONE);
    return buf_text(b);
}

static void test_results(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct buf b;
    uint64_t total = 0;
    const char *both[] = {"a", "b"};
    buf_init(&b);
    put(st, "a", "record", "r1", 100, 50, false);
    put(st, "a", "record", "r2", 200, 80, false);
    put(st, "a", "record", "r3", 300, 80, false);
    put(st, "a", "record", "r4", 400, 10, true);
    put(st, "b", "record", "r1", 100, 90, false);
    put(st, "a", "bucket", "k1", 100, 50, false);
    put(st, "a", "record", "r1", 100, 60, false); /* the same again, changed */
    struct store_result_filter f = {.type = "record",
                                    .from = 100,
                                    .to = 300,
                                    .min_score = 60,
                                    .interim = STORE_INTERIM_NO,
                                    .sort = STORE_RESULT_BY_SCORE};
    assert_string_equal(list(st, f, &b, &total), "b/r1 a/r2 a/r3 a/r1 ");
    assert_int_equal(total, 4);
    f.limit = 2;
    f.skip = 1;
    assert_string_equal(list(st, f, &b, &total), "a/r2 a/r3 ");
    assert_int_equal(total, 4);
    f.jobs = both;
    f.jobs_n = 1;
    f.skip = 0;
    assert_string_equal(list(st, f, &b, NULL), "a/r2 a/r3 ");
    f.jobs_n = 0; /* no job at all */
    assert_string_equal(list(st, f, &b, NULL), "");
    struct store_result_filter all = {.from = INT64_MIN, .to = INT64_MAX};
    assert_string_equal(list(st, all, &b, NULL), "b/r1 a/r1 a/k1 a/r2 a/r3 a/r4 ");
    all.sort = STORE_RESULT_NEWEST;
    all.type = "record";
    all.interim = STORE_INTERIM_ONLY;
    assert_string_equal(list(st, all, &b, NULL), "a/r4 ");
    all.interim = STORE_INTERIM_ANY;
    all.sort = STORE_RESULT_LOWEST;
    assert_string_equal(list(st, all, &b, NULL), "a/r4 a/r1 a/r2 a/r3 b/r1 ");
    all.sort = STORE_RESULT_NEWEST;
    all.id = "r1";
    assert_string_equal(list(st, all, &b, NULL), "b/r1 a/r1 ");
    /* The sink may stop; a rescored document is another. */
    assert_int_equal(store_state_result_rescore(st, "a", "r1", 5, "{\"score\":5}"), ERR_NONE);
    assert_int_equal(store_state_result_rescore(st, "a", "no", 5, "{}"), ERR_NOT_FOUND);
    all.jobs = both;
    all.jobs_n = 1;
    buf_clear(&b);
    assert_int_equal(store_state_result_list(st, &all, first_only, &b, NULL), ERR_NONE);
    assert_string_equal(buf_text(&b), "{\"score\":5} ");
    /* Interim ones go first, then a span. */
    struct store_result_filter a = {.jobs = both, .jobs_n = 1, .from = INT64_MIN, .to = INT64_MAX};
    assert_int_equal(store_state_result_delete(st, "a", INT64_MIN, INT64_MAX, true), ERR_NONE);
    assert_string_equal(list(st, a, &b, NULL), "a/k1 a/r1 a/r2 a/r3 ");
    assert_int_equal(store_state_result_delete(st, "a", 100, 300, false), ERR_NONE);
    assert_string_equal(list(st, a, &b, NULL), "a/r3 ");
    /* What a category is belongs to no time. */
    const struct store_result category = {
        .job_id = "a", .id = "c", .type = "category_definition", .doc = "{}", .time = 200};
    assert_int_equal(store_state_result_put(st, &category), ERR_NONE);
    assert_int_equal(store_state_result_delete(st, "a", INT64_MIN, INT64_MAX, false), ERR_NONE);
    assert_string_equal(list(st, a, &b, NULL), "a/c ");
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

/* By id, and by how ids begin; other jobs and what sorts beside them stay. */
static void test_delete_ids(void **state)
{
    (void)state;
    static const char *const ids[] = {"f_1", "f_1_a", "f_1_b", "f_10_a", "f_2", "F_1_a", "f"};
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct buf b;
    buf_init(&b);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        put(st, "a", "x", ids[i], (ts_ns)i, 0, false);
        put(st, "b", "x", ids[i], (ts_ns)i, 0, false);
    }
    const char *a = "a";
    const struct store_result_filter of_a = {.jobs = &a, .jobs_n = 1, .to = INT64_MAX};
    assert_int_equal(store_state_result_delete_ids(st, "a", "f_1_"), ERR_NONE);
    assert_string_equal(list(st, of_a, &b, NULL), "a/f_1 a/f_10_a a/f_2 a/F_1_a a/f ");
    assert_int_equal(store_state_result_delete_ids(st, "a", "f_1_"), ERR_NOT_FOUND);
    assert_int_equal(store_state_result_delete_id(st, "a", "f_1"), ERR_NONE);
    assert_int_equal(store_state_result_delete_id(st, "a", "f_1"), ERR_NOT_FOUND);
    assert_string_equal(list(st, of_a, &b, NULL), "a/f_10_a a/f_2 a/F_1_a a/f ");
    assert_int_equal(store_state_result_delete_ids(st, "a", "f"), ERR_NONE);
    assert_string_equal(list(st, of_a, &b, NULL), "a/F_1_a ");
    const struct store_result_filter all = {.to = INT64_MAX};
    uint64_t total;
    list(st, all, &b, &total);
    assert_int_equal(total, 8);
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_delete_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
