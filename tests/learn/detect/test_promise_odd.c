/* SPDX-License-Identifier: Apache-2.0 */
/* No input makes a job with every function crash, hang, or say what is no number, no probability,
 * no score; and nothing is found in what never changes. */
#include "promise.h"

#include "base/clock.h"
#include "format/node.h"

#include <stdlib.h>

#define START (1700000000 / 3600 * TIME_HOUR)
#define BUCKETS 120

static const char job_text[] =
    "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[" PROMISE_DETECTORS
    "],\"influencers\":[\"host\",\"user\"]},\"model_plot_config\":{}}";
static const char table_head[] = "time,host,user,v,name,place\n";

static void check_value(const struct format_node *v, const char *line)
{
    const char *key = format_node_key(v);
    if (format_node_type(v) == FORMAT_NULL)
        fail_msg("a null in %s", line);
    for (size_t i = 0; i < format_node_count(v); i++)
        check_value(format_node_at(v, i), line);
    if (key == NULL)
        return;
    size_t n = strlen(key);
    double x = format_node_num(v, 0);
    if (strcmp(key, "probability") == 0 && !(x >= 0 && x <= 1))
        fail_msg("no probability in %s", line);
    if (n > 6 && strcmp(key + n - 6, "_score") == 0 && !(x >= 0 && x <= 100))
        fail_msg("no score in %s", line);
}

/* Each result is a document of sound numbers; returns how many records there are. */
static size_t check_all(char *text)
{
    size_t records = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        struct format_node *root = NULL;
        struct err_text why;
        if (strncmp(line, "update ", 7) == 0)
            continue;
        const char *doc = strchr(line, '{');
        assert_non_null(doc);
        assert_int_equal(format_node_json(doc, strlen(doc), "", &root, &why), ERR_NONE);
        check_value(root, line);
        const char *type = format_node_str(format_node_get(root, "result_type"), "");
        records += strcmp(type, "record") == 0;
        format_node_free(root);
    }
    return records;
}

static enum err on_header(void *ctx, const struct bytes *names, size_t n)
{
    return detect_columns(ctx, names, n, NULL);
}

static bool on_row(void *ctx, const struct detect_csv_row *row)
{
    assert_int_equal(detect_row(ctx, row->fields), ERR_NONE);
    return true;
}

/* Runs a table through a job; out_counts may be NULL. Returns the number of records found. */
static size_t run(const char *job_json, const struct buf *table, struct detect_counts *out_counts)
{
    struct detect *d = NULL;
    struct buf out;
    buf_init(&out);
    struct detect_job *job = help_job(job_json);
    struct detect_options o = help_options(&out, NULL);
    assert_int_equal(detect_new(job, &o, &d), ERR_NONE);
    struct detect_csv *csv = detect_csv_new(on_header, on_row, d);
    assert_non_null(csv);
    assert_int_equal(detect_csv_feed(csv, buf_text(table), table->n), ERR_NONE);
    assert_int_equal(detect_csv_end(csv), ERR_NONE);
    assert_int_equal(detect_interim(d), ERR_NONE);
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_renormalize(d);
    detect_report_size(d);
    if (out_counts != NULL)
        *out_counts = *detect_counts(d);
    detect_csv_free(csv);
    detect_free(d);
    detect_job_free(job);
    assert_true(buf_ok(&out));
    char *text = buf_take(&out, NULL);
    size_t records = check_all(text);
    free(text);
    return records;
}

/* One row of two hosts and users, every field at hand. */
static void add_row(struct buf *table, ts_ns time, unsigned k, const char *v, const char *place)
{
    buf_format(table, "%lld,h%u,u%u,%s,n%u,\"%s\"\n", (long long)(time / TIME_S), k % 2, k % 3, v,
               k % 4, place);
}

/* The same in every bucket, or nothing but the same: no news. */
static void test_constant(void **state)
{
    (void)state;
    static const char *const values[] = {"7", "0", "1e18", "-3", "1e-300", "123456789.5"};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct buf table;
        struct detect_counts counts;
        buf_init(&table);
        buf_str(&table, table_head);
        for (unsigned b = 0; b < BUCKETS; b++)
            for (unsigned k = 0; k < 12; k++)
                add_row(&table, START + b * 15 * TIME_MIN + k * TIME_MIN, k, values[i], "0,0");
        size_t records = run(job_text, &table, &counts);
        if (records != 0)
            fail_msg("%zu records where every bucket has 12 times %s", records, values[i]);
        assert_int_equal(counts.processed, BUCKETS * 12);
        assert_int_equal(counts.buckets, BUCKETS);
        buf_release(&table);
    }
}

/* Values that change as nothing real does, and places off the earth. */
static void test_wild(void **state)
{
    (void)state;
    static const char *const values[] = {"1e18",  "-1e18", "0",   "9e307", "-9e307", "4.9e-324",
                                         "1e30",  "-0",    "1",   "2",     "1e15",   "0.1",
                                         "-1e-9", "1e17",  "3e5", "-5"};
    static const char *const places[] = {"90,180", "-90,-180", "0,0", "89.999999,-179.999999",
                                         "91,0",   "0,181",    "x",   ""};
    struct buf table;
    struct rng r;
    buf_init(&table);
    rng_init(&r, 3);
    buf_str(&table, table_head);
    for (unsigned b = 0; b < BUCKETS; b++)
        for (unsigned k = 0; k < 8; k++)
            add_row(&table, START + b * 15 * TIME_MIN, (unsigned)rng_below(&r, 6),
                    values[rng_below(&r, 16)], places[rng_below(&r, 8)]);
    (void)run(job_text, &table, NULL);
    buf_release(&table);
}

/* Texts that are no numbers are missing values, whatever a C library makes of them. */
static void test_no_numbers(void **state)
{
    (void)state;
    static const char *const texts[] = {"NaN",   "nan", "inf", "-inf", "Infinity", "-Infinity",
                                        "1e400", "",    "abc", "1 2",  "--1",      "nan(7)"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct buf table;
        struct detect_counts counts;
        buf_init(&table);
        buf_str(&table, table_head);
        for (unsigned b = 0; b < 40; b++)
            for (unsigned k = 0; k < 6; k++)
                add_row(&table, START + b * 15 * TIME_MIN, k, k == 5 ? texts[i] : "4", texts[i]);
        (void)run(job_text, &table, &counts);
        assert_int_equal(counts.processed, 240);
        if (counts.missing_fields == 0)
            fail_msg("'%s' was taken for a number", texts[i]);
        buf_release(&table);
    }
}

/* One event a year; then a day of many, in a year that lies before the first; then the epoch. */
static void test_rare_times(void **state)
{
    (void)state;
    struct buf table;
    struct detect_counts counts;
    buf_init(&table);
    buf_str(&table, table_head);
    for (unsigned y = 0; y < 40; y++)
        add_row(&table, y * 365 * TIME_DAY, y, "5", "1,1");
    for (unsigned k = 0; k < 500; k++)
        add_row(&table, 20 * 365 * TIME_DAY + k * TIME_MIN, k, "6", "1,1");
    ts_ns begun = clock_cpu();
    (void)run(job_text, &table, &counts);
    assert_true(clock_cpu() - begun < 5 * TIME_S);
    assert_int_equal(counts.earliest_record, 0);
    assert_int_equal(counts.processed, 40);
    assert_int_equal(counts.out_of_order, 500);
    assert_int_equal(counts.buckets, 39 * 365 * 96 + 1);
    buf_release(&table);
}

/* A timestamp a million times, and then one an hour later. */
static void test_one_timestamp(void **state)
{
    (void)state;
    static const char job[] =
        "{\"analysis_config\":{\"bucket_span\":\"5m\",\"detectors\":[{\"function\":\"count\"},{"
        "\"function\":\"sum\",\"field_name\":\"v\",\"over_field_name\":\"user\"},{\"function\":"
        "\"distinct_count\",\"field_name\":\"name\"}]}}";
    struct buf table;
    struct detect_counts counts;
    buf_init(&table);
    buf_str(&table, table_head);
    for (unsigned k = 0; k < 1000000; k++)
        add_row(&table, 0, k, "1e18", "0,0");
    add_row(&table, TIME_HOUR, 0, "1", "0,0");
    (void)run(job, &table, &counts);
    assert_int_equal(counts.processed, 1000001);
    assert_int_equal(counts.buckets, 13);
    buf_release(&table);
}

/* Ten million buckets of a second with nothing in them, under a second, whatever the function. */
static void test_emptiness(void **state)
{
    (void)state;
    static const char job[] =
        "{\"analysis_config\":{\"bucket_span\":\"1s\",\"detectors\":[" PROMISE_DETECTORS
        "],\"influencers\":[\"host\",\"user\"]}}";
    struct detect *d = NULL;
    struct buf out;
    static const char *const columns[] = {"time", "host", "user", "v", "name", "place"};
    struct help_row row = {.text = {"h0", "u0", "5", "n0", "1,1"}};
    buf_init(&out);
    struct detect_job *j = help_job(job);
    d = help_engine(j, &out, NULL, columns, 6);
    for (unsigned i = 0; i < 2000; i++) {
        row.time = START + i * TIME_S / 4;
        snprintf(row.text[0], 48, "h%u", i % 20);
        snprintf(row.text[1], 48, "u%u", i % 30);
        help_feed(d, &row, 1, 5);
    }
    ts_ns begun = clock_cpu();
    row.time = START + 10000000 * TIME_S;
    help_feed(d, &row, 1, 5);
    assert_true(clock_cpu() - begun < TIME_S);
    assert_true(detect_counts(d)->empty_buckets > 9999000);
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_free(d);
    detect_job_free(j);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant),      cmocka_unit_test(test_wild),
        cmocka_unit_test(test_no_numbers),    cmocka_unit_test(test_rare_times),
        cmocka_unit_test(test_one_timestamp), cmocka_unit_test(test_emptiness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
