/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once, in every part of a job's life: an error comes back, or a counted
 * gap; nothing crashes or leaks. */
#include "detect/calendar.h"
#include "detect/filter.h"
#include "detect/forecast.h"
#include "detect/schedule.h"
#include "fault_memory.h"
#include "help.h"

static const char job_text[] =
    "{\"job_id\":\"f\",\"description\":\"d\",\"groups\":[\"a\"],\"analysis_config\":{\"bucket_"
    "span\":"
    "\"15m\",\"categorization_field_name\":\"b\",\"categorization_filters\":[\"x+\"],"
    "\"detectors\":[{\"function\":\"count\",\"by_field_name\":\"mlcategory\"},{\"function\":"
    "\"count\",\"partition_field_name\":\"a\"},{\"function\":"
    "\"high_sum\",\"field_name\":\"v\",\"over_field_name\":\"b\"},{\"function\":\"rare\","
    "\"by_field_name\":\"b\",\"over_field_name\":\"a\"},{\"function\":\"freq_rare\","
    "\"by_field_name\":\"v\",\"over_field_name\":\"b\"},{\"function\":\"median\","
    "\"field_name\":\"v\"},{\"function\":\"lat_long\",\"field_name\":\"g\",\"by_field_name\":\"a\"}"
    ","
    "{\"function\":\"varp\",\"field_name\":\"v\",\"by_field_name\":\"a\"},"
    "{\"function\":\"metric\",\"field_name\":\"v\",\"over_field_name\":\"b\"},"
    "{\"function\":\"time_of_day\",\"by_field_name\":\"a\"},{\"function\":\"time_of_week\"},"
    "{\"function\":\"distinct_count\",\"field_name\":\"b\"},"
    "{\"function\":\"info_content\","
    "\"field_name\":\"b\",\"custom_rules\":[{\"conditions\":[{\"applies_to\":\"actual\","
    "\"operator\":"
    "\"gt\",\"value\":1e9}]}]}],\"influencers\":[\"a\",\"b\"]},\"unknown\":1,"
    "\"model_plot_config\":{}}";
static const char filters_text[] = "[{\"filter_id\":\"e\"},{\"filter_id\":\"f\",\"items\":[\"x\","
                                   "\"*a9\",\"a8*\",\"*a7*\"],\"odd\":1}]";
static const char calendars_text[] =
    "[{\"calendar_id\":\"c\",\"job_ids\":[\"f\"],\"odd\":1,\"events\":[{\"description\":\"x\","
    "\"start_time\":600000,\"end_time\":700000},{\"description\":\"y\",\"start_time\":600000,"
    "\"end_time\":1800000,\"skip_result\":false}]},{\"calendar_id\":\"d\"}]";
static const char more_events[] =
    "{\"events\":[{\"description\":\"z\",\"start_time\":0,\"end_time\":1,\"skip_result\":false}]}";
static const char feed_text[] =
    "{\"datafeed_id\":\"x\",\"indices\":[\"a\",\"b\"],\"query\":{\"term\":{\"a\":1}},"
    "\"runtime_mappings\":{\"file_directory\":{\"type\":\"keyword\"}},\"odd\":1}";

static const char rows_text[] =
    "{\"datafeed_id\":\"y\",\"aggs\":{\"b\":{\"date_histogram\":{\"field\":\"@timestamp\","
    "\"fixed_interval\":\"1m\"},\"aggs\":{\"@timestamp\":{\"max\":{\"field\":\"@timestamp\"}},"
    "\"a\":{"
    "\"terms\":{\"field\":\"a\"},\"aggs\":{\"v\":{\"sum\":{\"field\":\"v\"}}}}}}}}";

/* The engine goes by what of the calendars could be read. */
static void schedule(struct detect *d, const struct detect_job *job)
{
    struct detect_calendars set = {0};
    struct detect_schedule *s = NULL;
    struct err_text why;
    (void)!detect_calendars_parse(&set, calendars_text, strlen(calendars_text), "", &why);
    if (set.n > 0)
        (void)!detect_calendar_add(set.list[0], more_events, strlen(more_events), "", &set, &why);
    (void)!detect_schedule_new(&set, job, &s);
    detect_take_schedule(d, s);
    detect_calendars_release(&set);
}

static void feed(struct detect *d, int from, int to)
{
    for (int i = from; i < to; i++) {
        char v[4][24];
        snprintf(v[0], 24, "a%d", i % 3);
        snprintf(v[1], 24, "%d", i == 70 ? 90000000 : i * 37 % 101);
        static const char *const words[] = {"open", "closed", "full"};
        snprintf(v[2], 24, "b%d is %s", i == 70 ? 99 : i * 7 % 11, words[i % 3]);
        snprintf(v[3], 24, "%d,%d", i == 70 ? -40 : 40 + i % 3, i * 3 % 60);
        struct bytes fields[] = {bytes_make("0", 1), bytes_make(v[0], strlen(v[0])),
                                 bytes_make(v[1], strlen(v[1])), bytes_make(v[2], strlen(v[2])),
                                 bytes_make(v[3], strlen(v[3]))};
        if (detect_record(d, i * 5 * TIME_MIN, fields) != ERR_NONE)
            return;
    }
}

static void look_ahead(const struct detect *d, struct buf *out)
{
    struct detect_forecast_options o;
    struct detect_forecast *f = NULL;
    struct err_text why;
    if (detect_forecast_read("1h", NULL, NULL, &o, &why) != ERR_NONE)
        return;
    o.id = "f";
    o.created = 0;
    if (detect_forecast_new(d, &o, &f, &why) == ERR_NONE)
        detect_forecast_run(f, help_sink, NULL, out);
    detect_forecast_free(f);
}

/* A whole life of a job; any step may fail for lack of memory. */
static void live(struct buf *out)
{
    struct detect_job *job = NULL;
    struct detect_feed *datafeed = NULL, *rows = NULL;
    struct detect_filters filters = {0};
    struct detect *d = NULL;
    struct detect *copy = NULL;
    struct err_text why;
    struct buf saved;
    buf_init(&saved);
    struct detect_options o = help_options(out, NULL);
    struct bytes names[] = {bytes_make("time", 4), bytes_make("a", 1), bytes_make("v", 1),
                            bytes_make("b", 1), bytes_make("g", 1)};
    (void)!detect_feed_parse(feed_text, strlen(feed_text), "", &datafeed, &why);
    (void)!detect_feed_parse(rows_text, strlen(rows_text), "", &rows, &why);
    (void)!detect_filters_parse(&filters, filters_text, strlen(filters_text), "", &why);
    if (detect_job_parse(job_text, strlen(job_text), "", filters.list, filters.n, &job, &why) ==
            ERR_NONE &&
        detect_new(job, &o, &d) == ERR_NONE && detect_columns(d, names, 5, &why) == ERR_NONE) {
        schedule(d, job);
        feed(d, 0, 60);
        detect_save(d, &saved);
        if (buf_ok(&saved) && detect_restore(job, &o, saved.p, saved.n, &copy, &why) == ERR_NONE &&
            detect_columns(copy, names, 5, &why) == ERR_NONE) {
            feed(copy, 60, 80);
            (void)!detect_interim(copy);
            (void)!detect_finish(copy);
            detect_renormalize(copy);
            look_ahead(copy, out);
        }
    }
    buf_release(&saved);
    detect_free(copy);
    detect_free(d);
    detect_job_free(job);
    detect_feed_free(datafeed);
    detect_feed_free(rows);
    detect_filters_release(&filters);
}

static void test_each_allocation(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    for (uint64_t n = 1;; n += 1 + n / 200) {
        buf_release(&out);
        fault_arm(n);
        live(&out);
        if (!fault_disarm())
            break;
    }
    assert_non_null(strstr(buf_text(&out), "\"over_field_value\":\"b99 is closed\""));
    assert_non_null(strstr(buf_text(&out), "\"forecast_prediction\":"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
