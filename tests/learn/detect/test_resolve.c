/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

#include "base/mem.h"
#include "help.h"

static const char *const columns[] = {"time", "a", "b"};

/* An engine with one open bucket that has a record of each of n values of a. */
static struct detect *open_bucket(const struct detect_job *job, struct buf *out, int n)
{
    struct detect *d = help_engine(job, out, NULL, columns, 3);
    for (int i = 0; i < n; i++) {
        struct help_row row = {.time = TIME_HOUR, .text = {"", "b"}};
        snprintf(row.text[0], sizeof(row.text[0]), "a%d", i);
        help_feed(d, &row, 1, 2);
    }
    assert_int_equal(d->n_open, 1);
    return d;
}

static const struct {
    const char *detector;
    enum detect_class own, parent; /* the same: none */
} cases[] = {
    {"{\"function\":\"count\",\"partition_field_name\":\"a\"}", DETECT_CLASS_METRIC,
     DETECT_CLASS_METRIC},
    {"{\"function\":\"count\",\"over_field_name\":\"a\"}", DETECT_CLASS_MEMBER,
     DETECT_CLASS_POPULATION},
    {"{\"function\":\"rare\",\"by_field_name\":\"a\"}", DETECT_CLASS_VALUE, DETECT_CLASS_POOL},
    {"{\"function\":\"rare\",\"by_field_name\":\"a\",\"over_field_name\":\"b\"}",
     DETECT_CLASS_VALUE, DETECT_CLASS_POOL},
    {"{\"function\":\"time_of_day\",\"by_field_name\":\"a\"}", DETECT_CLASS_CLOCK,
     DETECT_CLASS_CLOCK},
};

/* Nothing is begun unless asked for; then once, and found again. */
static void test_kinds(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        char text[256];
        struct buf out;
        buf_init(&out);
        snprintf(text, sizeof(text), "{\"analysis_config\":{\"detectors\":[%s]}}",
                 cases[k].detector);
        struct detect_job *job = help_job(text);
        struct detect *d = open_bucket(job, &out, 5);
        struct detect_cell **cells = detect_bucket_sorted(d->open[0]);
        assert_non_null(cells);
        bool parent = cases[k].own != cases[k].parent;
        detect_resolve(d, cells, 5, false, TIME_HOUR);
        assert_int_equal(detect_table_count(d->table, cases[k].own), 0);
        for (int i = 0; i < 5; i++)
            assert_null(cells[i]->entity);
        detect_resolve(d, cells, 5, true, TIME_HOUR);
        struct detect_entity *first[5];
        for (int i = 0; i < 5; i++) {
            first[i] = cells[i]->entity;
            assert_non_null(first[i]);
            assert_int_equal(first[i]->class, cases[k].own);
            assert_int_equal(cells[i]->parent != NULL, parent);
            assert_ptr_equal(cells[i]->parent, cells[0]->parent);
        }
        detect_resolve(d, cells, 5, true, TIME_HOUR);
        for (int i = 0; i < 5; i++)
            assert_ptr_equal(cells[i]->entity, first[i]);
        assert_int_equal(detect_table_count(d->table, cases[k].own), 5);
        if (parent)
            assert_int_equal(detect_table_count(d->table, cases[k].parent), 1);
        mem_free(cells);
        detect_free(d);
        detect_job_free(job);
        buf_release(&out);
    }
}

/* What memory has no room for is refused and counted. */
static void test_refused(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"detectors\":[{\"function\":\"count\",\"partition_field_name\":"
        "\"a\"}]},\"analysis_limits\":{\"model_memory_limit\":\"1mb\"}}");
    struct detect *d = open_bucket(job, &out, 1000);
    struct detect_cell **cells = detect_bucket_sorted(d->open[0]);
    size_t n = d->open[0]->n_cells;
    uint64_t before = d->failures;
    assert_non_null(cells);
    detect_resolve(d, cells, n, true, TIME_HOUR);
    size_t begun = detect_table_count(d->table, DETECT_CLASS_METRIC);
    assert_true(begun > 0 && begun < n);
    assert_int_equal(d->failures - before, n - begun);
    assert_true(detect_memory(d) <= job->memory_limit);
    mem_free(cells);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
