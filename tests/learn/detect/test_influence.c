/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

#include "help.h"

static const char *const columns[] = {"time", "v", "host", "user"};

/* An engine whose one open bucket has the rows. */
static struct detect *open_bucket(const struct detect_job *job, struct buf *out,
                                  const struct help_row *rows, size_t n)
{
    struct detect *d = help_engine(job, out, NULL, columns, 4);
    help_feed(d, rows, n, 3);
    assert_int_equal(d->n_open, 1);
    assert_int_equal(d->open[0]->n_cells, 1);
    return d;
}

static size_t shares_of(struct detect *d, double value, double typical, struct detect_share *list)
{
    struct detect_candidate c = {.cell = d->open[0]->cells[0],
                                 .has_values = true,
                                 .high = value > typical,
                                 .value = value,
                                 .typical = typical};
    return detect_influence_shares(d, d->open[0], &c, list);
}

static bool names(const struct detect *d, const struct detect_share *s, const char *text)
{
    struct bytes b = detect_names_text(d->names, s->name);
    return b.n == strlen(text) && memcmp(b.p, text, b.n) == 0;
}

static void test_sum(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"detectors\":[{\"function\":\"sum\",\"field_name\":\"v\"}],"
        "\"influencers\":[\"host\",\"user\"]}}");
    static const struct help_row rows[] = {{0, {"10", "a", "u"}},
                                           {0, {"12", "b", "u"}},
                                           {0, {"900", "evil", "u"}},
                                           {0, {"8", "c", ""}}};
    struct buf out;
    buf_init(&out);
    struct detect *d = open_bucket(job, &out, rows, 4);
    struct detect_share list[2 * DETECT_SHARES_MAX];
    assert_int_equal(shares_of(d, 930, 30, list), 2);
    assert_true(names(d, &list[0], "evil"));
    assert_int_equal(list[0].field, 0);
    assert_true(list[0].share > 0.95);
    assert_true(names(d, &list[1], "u"));
    /* A dip has no carriers. */
    assert_int_equal(shares_of(d, 930, 5000, list), 0);
    detect_free(d);
    buf_release(&out);
    detect_job_free(job);
}

static void test_max_and_mean(void **state)
{
    (void)state;
    static const char *const functions[] = {"max", "mean"};
    static const struct help_row rows[] = {{0, {"10", "a", "x"}},
                                           {0, {"10", "a", "x"}},
                                           {0, {"10", "b", "x"}},
                                           {0, {"500", "c", "y"}}};
    for (size_t i = 0; i < 2; i++) {
        char text[256];
        snprintf(text, sizeof(text),
                 "{\"analysis_config\":{\"detectors\":[{\"function\":\"%s\",\"field_name\":\"v\"}],"
                 "\"influencers\":[\"host\"]}}",
                 functions[i]);
        struct detect_job *job = help_job(text);
        struct buf out;
        buf_init(&out);
        struct detect *d = open_bucket(job, &out, rows, 4);
        struct detect_share list[DETECT_SHARES_MAX];
        assert_int_equal(shares_of(d, i == 0 ? 500 : 132.5, 10, list), 1);
        assert_true(names(d, &list[0], "c"));
        detect_free(d);
        buf_release(&out);
        detect_job_free(job);
    }
}

/* One port asked by many, many ports by one: who brought the distinct values counts. */
static void test_distinct(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"detectors\":[{\"function\":\"high_distinct_count\",\"field_name\":"
        "\"v\"}],\"influencers\":[\"host\"]}}");
    static struct help_row rows[600];
    for (int i = 0; i < 600; i++) {
        snprintf(rows[i].text[0], sizeof(rows[i].text[0]), "%d", i < 500 ? 443 : i);
        snprintf(rows[i].text[1], sizeof(rows[i].text[1]), "%s", i < 500 ? "busy" : "scanner");
    }
    struct buf out;
    buf_init(&out);
    struct detect *d = open_bucket(job, &out, rows, 600);
    struct detect_share list[DETECT_SHARES_MAX];
    assert_int_equal(shares_of(d, 101, 3, list), 1);
    assert_true(names(d, &list[0], "scanner"));
    detect_free(d);
    buf_release(&out);
    detect_job_free(job);
}

static void test_overlap(void **state)
{
    (void)state;
    const struct detect_share a[] = {{1, 0, 0.9}, {5, 1, 0.6}, {6, 1, 0.4}};
    const struct detect_share same_host[] = {{1, 0, 1}};
    const struct detect_share other_user[] = {{1, 0, 1}, {7, 1, 1}};
    const struct detect_share one_user[] = {{1, 0, 1}, {6, 1, 1}};
    assert_true(detect_influence_overlap(a, 3, same_host, 1) == 0.9);
    assert_true(detect_influence_overlap(a, 3, other_user, 2) == 0);
    assert_true(detect_influence_overlap(a, 3, one_user, 2) == 0.4);
    assert_true(detect_influence_overlap(a, 3, NULL, 0) == 0);
    assert_true(detect_influence_overlap(same_host, 1, a, 3) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sum), cmocka_unit_test(test_max_and_mean),
        cmocka_unit_test(test_distinct), cmocka_unit_test(test_overlap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
