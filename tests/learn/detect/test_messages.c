/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/detect.h"

#include "detect/engine_priv.h"
#include "detect/filter.h"
#include "help.h"

#define JOB(more, detectors)                                                                       \
    "{\"job_id\":\"logs\",\"analysis_config\":{\"bucket_span\":\"15m\","                           \
    "\"categorization_field_name\":\"m\",\"detectors\":[" detectors "],\"influencers\":["          \
    "\"mlcategory\"]" more "},\"data_description\":{\"time_field\":\"time\"}}"
#define COUNT "{\"function\":\"count\",\"by_field_name\":\"mlcategory\"}"
#define RARE "{\"function\":\"rare\",\"by_field_name\":\"mlcategory\"}"
#define APART                                                                                      \
    "{\"function\":\"count\",\"by_field_name\":\"mlcategory\",\"partition_field_name\":\"host\"}"

static const char *const columns[] = {"time", "m", "host"};

static struct detect *engine(struct detect_job *job, struct buf *out)
{
    return help_engine(job, out, NULL, columns, 3);
}

static void put(struct detect *d, ts_ns time, const char *message, const char *host)
{
    struct bytes fields[] = {
        {NULL, 0}, bytes_make(message, strlen(message)), bytes_make(host, strlen(host))};
    assert_int_equal(detect_record(d, time, fields), ERR_NONE);
}

/* A day of logins, then an hour of failures. */
static void day(struct detect *d, int from, int to)
{
    static const char *const users[] = {"root", "alice", "bob", "carol"};
    char text[100];
    for (int i = from; i < to; i++) {
        ts_ns t = i * TIME_MIN;
        snprintf(text, sizeof(text), "Accepted password for %s from 10.0.0.%d port %d ssh2",
                 users[i % 4], i % 200, 1024 + i);
        put(d, t, text, "a");
        if (i % 7 == 0)
            put(d, t, "Connection closed by 10.0.0.7 port 22", "a");
        for (int k = 0; i >= 1440 && k < 40; k++) {
            snprintf(text, sizeof(text), "Failed password for %s from 10.9.9.9 port %d ssh2",
                     users[k % 4], k);
            put(d, t, text, "b");
        }
    }
}

static size_t occurs(const struct buf *out, const char *text)
{
    size_t n = 0;
    for (const char *p = buf_text(out); (p = strstr(p, text)) != NULL; p++)
        n++;
    return n;
}

static void has(const struct buf *out, const char *text)
{
    if (occurs(out, text) == 0)
        fail_msg("%s is missing", text);
}

static void test_documents(void **state)
{
    (void)state;
    struct buf out, terms;
    struct detect_size_stats size;
    struct detect_job *job = help_job(JOB("", COUNT "," RARE));
    buf_init(&out);
    buf_init(&terms);
    struct detect *d = engine(job, &out);
    day(d, 0, 1500);
    assert_int_equal(detect_finish(d), ERR_NONE);
    has(&out, "logs_category_definition_1 {\"job_id\":\"logs\",\"result_type\":"
              "\"category_definition\",\"category_id\":1,\"terms\":\"Accepted password for from "
              "port ssh2\"");
    has(&out, "\"terms\":\"Accepted password for from port ssh2\",\"regex\":\".*?Accepted.+?"
              "password.+?for.+?from.+?port.+?ssh2.*\",\"max_matching_length\":");
    has(&out, "\"num_matches\":1500,\"preferred_to_categories\":[],\"mlcategory\":\"1\"}");
    has(&out, "\"terms\":\"Failed password for from port ssh2\"");
    /* Not one for each message. */
    assert_in_range(occurs(&out, "\"result_type\":\"category_definition\""), 3, 60);
    /* Whoever reads a record has read what its category is. */
    const char *record = strstr(buf_text(&out), "\"by_field_value\":\"3\"");
    const char *category = strstr(buf_text(&out), "logs_category_definition_3 ");
    assert_true(record != NULL && category != NULL && category < record);
    has(&out, "\"by_field_name\":\"mlcategory\",\"by_field_value\":\"3\"");
    has(&out, "\"mlcategory\":[\"3\"]");
    has(&out, "\"mlcategory_terms\":[\"Failed password for from port ssh2\"]");
    detect_size(d, &size);
    assert_int_equal(size.categories.total, 3);
    assert_int_equal(size.categories.documents, detect_counts(d)->processed);
    assert_int_equal(size.categories.frequent, 3);
    assert_int_equal(size.by_fields, 6);
    assert_true(detect_category_terms(d, bytes_make("3", 1), &terms));
    assert_string_equal(buf_text(&terms), "Failed password for from port ssh2");
    assert_false(detect_category_terms(d, bytes_make("4", 1), &terms));
    assert_false(detect_category_terms(d, bytes_make("x", 1), &terms));
    assert_false(detect_category_terms(d, bytes_make("", 0), &terms));
    buf_clear(&out);
    assert_int_equal(detect_report_categories(d, false), ERR_NONE);
    assert_int_equal(out.n, 0);
    assert_int_equal(detect_report_categories(d, true), ERR_NONE);
    assert_int_equal(occurs(&out, "_category_definition_"), 3);
    detect_free(d);
    detect_job_free(job);
    buf_release(&terms);
    buf_release(&out);
}

/* What is told by one engine, and by one that is saved and restored at some moment. */
static void test_saved(void **state)
{
    (void)state;
    struct detect_job *job = help_job(JOB("", COUNT));
    for (int at = 1; at < 1500; at += 301) {
        struct buf whole, halves, saved;
        buf_init(&whole);
        buf_init(&halves);
        buf_init(&saved);
        struct detect *d = engine(job, &whole);
        day(d, 0, 1500);
        assert_int_equal(detect_finish(d), ERR_NONE);
        detect_report_size(d);
        size_t memory = detect_memory(d);
        detect_free(d);
        d = engine(job, &halves);
        day(d, 0, at);
        detect_save(d, &saved);
        detect_free(d);
        const struct detect_options o = help_options(&halves, NULL);
        struct err_text why;
        struct bytes names[] = {bytes_make("time", 4), bytes_make("m", 1), bytes_make("host", 4)};
        assert_int_equal(detect_restore(job, &o, saved.p, saved.n, &d, &why), ERR_NONE);
        assert_int_equal(detect_columns(d, names, 3, &why), ERR_NONE);
        day(d, at, 1500);
        assert_int_equal(detect_finish(d), ERR_NONE);
        detect_report_size(d);
        assert_int_equal(detect_memory(d), memory);
        assert_string_equal(buf_text(&whole), buf_text(&halves));
        detect_free(d);
        buf_release(&whole);
        buf_release(&halves);
        buf_release(&saved);
    }
    detect_job_free(job);
}

static void test_threads(void **state)
{
    (void)state;
    struct detect_job *job = help_job(JOB("", COUNT "," RARE));
    struct buf out[2];
    for (int i = 0; i < 2; i++) {
        struct thread_team *team = i == 0 ? NULL : thread_team_new(3);
        buf_init(&out[i]);
        struct detect *d = help_engine(job, &out[i], team, columns, 3);
        day(d, 0, 1500);
        assert_int_equal(detect_finish(d), ERR_NONE);
        detect_free(d);
        thread_team_free(team);
    }
    assert_string_equal(buf_text(&out[0]), buf_text(&out[1]));
    buf_release(&out[0]);
    buf_release(&out[1]);
    detect_job_free(job);
}

static void test_apart(void **state)
{
    (void)state;
    struct buf out;
    struct detect_job *job = help_job(
        JOB(",\"per_partition_categorization\":{\"enabled\":true,\"stop_on_warn\":true}", APART));
    buf_init(&out);
    struct detect *d = engine(job, &out);
    for (int i = 0; i < 400; i++) {
        char text[64];
        snprintf(text, sizeof(text), "q%cz%cq w%cord", 'a' + i % 26, 'a' + i / 26, 'a' + i % 20);
        put(d, i * 15 * TIME_S, text, "noise");
        put(d, i * 15 * TIME_S, i % 2 == 0 ? "disk opened" : "disk closed", "calm");
        put(d, i * 15 * TIME_S, "of nobody", "");
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_report_size(d);
    has(&out, "\"terms\":\"disk opened\"");
    has(&out, "\"partition_field_name\":\"host\",\"partition_field_value\":\"calm\",\"mlcategory\":"
              "\"2\",\"host\":\"calm\"}");
    assert_int_equal(occurs(&out, "of nobody"), 0);
    /* The noise is given up when its first bucket with enough messages closes. */
    struct detect_size_stats size;
    detect_size(d, &size);
    assert_true(size.categories.warn);
    assert_in_range(size.categories.documents, 400 + 100, 400 + 240);
    has(&out, "\"result_type\":\"categorizer_stats\",\"partition_field_name\":\"host\","
              "\"partition_field_value\":\"noise\",\"categorization_status\":\"warn\"");
    has(&out, "\"partition_field_value\":\"calm\",\"categorization_status\":\"ok\","
              "\"categorized_doc_count\":400,\"total_category_count\":2");
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

/* A category that finds no room is counted, and its records count for nobody. */
static void test_memory(void **state)
{
    (void)state;
    struct buf out;
    struct detect_size_stats size;
    struct detect_job *job = help_job(
        "{\"job_id\":\"logs\",\"analysis_config\":{\"bucket_span\":\"15m\","
        "\"categorization_field_name\":\"m\",\"detectors\":[" COUNT "]},\"analysis_limits\":{"
        "\"model_memory_limit\":\"1mb\"},\"data_description\":{\"time_field\":\"time\"}}");
    buf_init(&out);
    struct detect *d = engine(job, &out);
    for (int i = 0; i < 20000; i++) {
        char text[80];
        snprintf(text, sizeof(text), "q%cz%cqx%c said q%cp%c", 'a' + i % 26, 'a' + i / 26 % 26,
                 'a' + i / 676, 'a' + i / 26 % 26, 'a' + i % 26);
        put(d, i * TIME_S, text, "");
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_size(d, &size);
    assert_true(size.categories.failed > 0);
    assert_true(size.allocation_failures >= size.categories.failed);
    assert_true(size.peak_model_bytes <= size.memory_limit);
    assert_int_equal(size.categories.failed + size.categories.documents, 20000);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

/* What came too late is in no category; several messages of a record have one each. */
static void test_which_records(void **state)
{
    (void)state;
    struct buf out;
    struct event e;
    struct arena arena;
    struct detect_size_stats size;
    struct detect_job *job =
        help_job("{\"job_id\":\"logs\",\"analysis_config\":{\"bucket_span\":\"15m\","
                 "\"categorization_field_name\":\"message\",\"detectors\":[" COUNT "]},"
                 "\"data_description\":{\"time_field\":\"@timestamp\"}}");
    buf_init(&out);
    arena_init(&arena, 0);
    const struct detect_options o = help_options(&out, NULL);
    struct detect *d = NULL;
    assert_int_equal(detect_new(job, &o, &d), ERR_NONE);
    event_init(&e, &arena, TIME_HOUR);
    event_set_text(&e, EVENT_F_MESSAGE, "disk opened");
    event_add_str(&e, EVENT_F_MESSAGE, "disk closed", 11);
    event_add_str(&e, EVENT_F_MESSAGE, "disk closed 7", 13);
    assert_int_equal(detect_event(d, &e), ERR_NONE);
    detect_size(d, &size);
    assert_int_equal(size.categories.total, 2);
    assert_int_equal(size.categories.documents, 3);
    event_init(&e, &arena, 3 * TIME_HOUR);
    assert_int_equal(detect_event(d, &e), ERR_NONE);
    assert_int_equal(detect_counts(d)->missing_fields, 1);
    e.time = TIME_HOUR;
    event_set_text(&e, EVENT_F_MESSAGE, "something else");
    assert_int_equal(detect_event(d, &e), ERR_NONE);
    detect_size(d, &size);
    assert_int_equal(size.categories.documents, 3);
    detect_free(d);
    detect_job_free(job);
    arena_release(&arena);
    buf_release(&out);
}

/* Custom rules know a category by its number. */
static void test_rules(void **state)
{
    (void)state;
    static const char lists[] = "{\"filter_id\":\"known\",\"items\":[\"3\"]}";
    struct detect_filters set = {0};
    struct err_text why;
    assert_int_equal(detect_filters_parse(&set, lists, sizeof(lists) - 1, "f", &why), ERR_NONE);
    for (int ruled = 0; ruled < 2; ruled++) {
        struct buf out;
        struct detect_job *job = NULL;
        const char *text =
            ruled ? JOB("", "{\"function\":\"rare\",\"by_field_name\":\"mlcategory\","
                            "\"custom_rules\":[{\"scope\":{\"mlcategory\":{\"filter_id\":"
                            "\"known\"}}}]}")
                  : JOB("", RARE);
        buf_init(&out);
        assert_int_equal(detect_job_parse(text, strlen(text), "job", set.list, set.n, &job, &why),
                         ERR_NONE);
        struct detect *d = engine(job, &out);
        day(d, 0, 1500);
        assert_int_equal(detect_finish(d), ERR_NONE);
        assert_int_equal(occurs(&out, "\"by_field_value\":\"3\"") > 0, !ruled);
        detect_free(d);
        detect_job_free(job);
        buf_release(&out);
    }
    detect_filters_release(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents), cmocka_unit_test(test_saved),
        cmocka_unit_test(test_threads),   cmocka_unit_test(test_apart),
        cmocka_unit_test(test_memory),    cmocka_unit_test(test_which_records),
        cmocka_unit_test(test_rules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
