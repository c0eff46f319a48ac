/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"
#include "detect/estimate.h"

#include "help.h"

#include <stdlib.h>

#define FEW 300
#define MANY 2000

struct trial {
    const char *detectors;
    const char *influencers;
    unsigned a, b; /* values of the fields */
    unsigned each; /* values of b that come with each of a, one after another */
};

static const struct trial trials[] = {
    {"{\"function\":\"count\",\"partition_field_name\":\"a\"}", "", MANY, 1, 1},
    {"{\"function\":\"mean\",\"field_name\":\"v\",\"by_field_name\":\"a\"}", "", MANY, 1, 1},
    {"{\"function\":\"metric\",\"field_name\":\"v\",\"by_field_name\":\"a\"}", "", 700, 1, 1},
    {"{\"function\":\"sum\",\"field_name\":\"v\",\"over_field_name\":\"a\"}", "", 10 * MANY, 1, 1},
    {"{\"function\":\"rare\",\"by_field_name\":\"a\"}", "", 10 * MANY, 1, 1},
    {"{\"function\":\"freq_rare\",\"by_field_name\":\"b\",\"over_field_name\":\"a\"}", "", MANY, 50,
     8},
    {"{\"function\":\"time_of_day\",\"by_field_name\":\"a\"}", "", MANY, 1, 1},
    {"{\"function\":\"high_count\",\"partition_field_name\":\"a\"},{\"function\":\"rare\","
     "\"by_field_name\":\"b\"}",
     "\"a\",\"b\"", MANY, FEW, 1},
    {"{\"function\":\"sum\",\"field_name\":\"v\",\"over_field_name\":\"a\"}", "\"b\"", 5 * MANY,
     FEW, 1},
};

static struct detect_job *job_of(const struct trial *t, uint64_t limit)
{
    char text[1024];
    snprintf(
        text, sizeof(text),
        "{\"analysis_config\":{\"bucket_span\":\"1h\",\"detectors\":[%s],\"influencers\":[%s]},"
        "\"analysis_limits\":{\"model_memory_limit\":\"%llub\"}}",
        t->detectors, t->influencers, (unsigned long long)limit);
    return help_job(text);
}

/* Whether memory is, or will be once the series know their seasons, short after a run in which each
 * bucket has all values. */
static bool is_short(const struct trial *t, uint64_t limit)
{
    static const char *const columns[] = {"time", "a", "b", "v"};
    struct detect_size_stats size;
    struct buf out;
    buf_init(&out);
    struct detect_job *job = job_of(t, limit);
    struct detect *d = help_engine(job, &out, NULL, columns, 4);
    for (int b = 0; b < 4; b++) {
        unsigned n = t->a * t->each;
        for (unsigned i = 0; i < n; i++) {
            struct help_row row = {.time = b * TIME_HOUR + i * TIME_HOUR / n};
            snprintf(row.text[0], 48, "host-%u.example.org", i % t->a);
            snprintf(row.text[1], 48, "user-%u", (i + i / t->a) % t->b);
            snprintf(row.text[2], 48, "%u", 100 + i * 7 % 13);
            help_feed(d, &row, 1, 3);
        }
    }
    detect_size(d, &size);
    double grown = (double)detect_memory(d);
    for (size_t i = 0; i < detect_table_slots(d->table, DETECT_CLASS_METRIC); i++) {
        const void *e = detect_table_at(d->table, DETECT_CLASS_METRIC, i);
        const struct detect_metric *m = e;
        if (m != NULL && m->bytes < DETECT_GROWN_BYTES)
            grown += (double)(DETECT_GROWN_BYTES - m->bytes);
    }
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
    return size.allocation_failures != 0 || size.status != DETECT_MEMORY_OK ||
           grown > DETECT_SOFT * (double)limit;
}

/* What is estimated is enough, and two thirds of it are not. */
static void test_enough_and_not_much_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        const struct trial *t = &trials[i];
        const struct detect_cardinality list[] = {{"a", t->a, t->a}, {"b", t->b, t->b}};
        struct detect_job *job = job_of(t, 1 << 30);
        struct err_text why;
        uint64_t bytes = 0;
        assert_int_equal(detect_estimate(job, list, 2, &bytes, &why), ERR_NONE);
        assert_int_equal(bytes % (1 << 20), 0);
        if (is_short(t, bytes))
            fail_msg("%s: %llu MB are too little", t->detectors, (unsigned long long)bytes >> 20);
        if (!is_short(t, bytes * 2 / 3))
            fail_msg("%s: %llu MB are too much", t->detectors, (unsigned long long)bytes >> 20);
        detect_job_free(job);
    }
}

/* Categories of messages need not be said; they take what they take. */
static void test_messages(void **state)
{
    (void)state;
    static const char form[] =
        "{\"analysis_config\":{%s\"detectors\":[{\"function\":\"count\",\"by_field_name\":\"%s\"}],"
        "\"influencers\":[\"%s\"]}}";
    const struct detect_cardinality known[] = {{"b", 500, 500}};
    struct err_text why;
    uint64_t bytes[2];
    for (int i = 0; i < 2; i++) {
        char text[400];
        const char *field = i == 0 ? "b" : "mlcategory";
        snprintf(text, sizeof(text), form, i == 0 ? "" : "\"categorization_field_name\":\"m\",",
                 field, field);
        struct detect_job *job = help_job(text);
        assert_int_equal(detect_estimate(job, known, 1 - i, &bytes[i], &why), ERR_NONE);
        detect_job_free(job);
    }
    assert_in_range(bytes[1] - bytes[0], 1 << 20, 3 << 20);
}

static void test_what_is_not_said(void **state)
{
    (void)state;
    const struct trial t = {
        "{\"function\":\"count\",\"partition_field_name\":\"a\",\"by_field_name\":"
        "\"b\"}",
        "\"c\"", 1, 1, 1};
    struct detect_cardinality list[] = {{"a", 10, 0}, {"b", 20, 0}, {"c", 0, 30}};
    struct detect_job *job = job_of(&t, 1 << 30);
    struct err_text why;
    uint64_t small;
    uint64_t large;
    assert_int_equal(detect_estimate(job, list, 1, &small, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "--max-bucket-cardinality c=N"));
    list[1].field = "c";
    list[1].bucket = 5;
    assert_int_equal(detect_estimate(job, list, 2, &small, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "--cardinality b=N"));
    list[1] = (struct detect_cardinality){"b", 20, 0};
    assert_int_equal(detect_estimate(job, list, 3, &small, &why), ERR_NONE);
    list[0].overall = 100000;
    assert_int_equal(detect_estimate(job, list, 3, &large, &why), ERR_NONE);
    assert_true(large > 1000 * small);
    list[0].overall = list[1].overall = UINT64_MAX;
    assert_int_equal(detect_estimate(job, list, 3, &large, &why), ERR_NONE);
    assert_true(large > (uint64_t)1 << 40);
    detect_job_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_enough_and_not_much_more),
                                       cmocka_unit_test(test_messages),
                                       cmocka_unit_test(test_what_is_not_said)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
