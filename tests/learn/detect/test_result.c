/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/result.h"

#include "format/node.h"
#include "help.h"

#include <math.h>

static struct bytes text(const char *s)
{
    return bytes_make(s, strlen(s));
}

static struct detect_result record(void)
{
    struct detect_result r = {.type = DETECT_RESULT_RECORD,
                              .job_id = "j",
                              .time = 1700000000 * TIME_S,
                              .span_ns = 900 * TIME_S};
    r.record = (struct detect_record){.detector = 2,
                                      .function = "high_sum",
                                      .description = "sum",
                                      .field_name = "b",
                                      .over_name = "port",
                                      .over = text("4444"),
                                      .probability = 0,
                                      .score = 130,
                                      .initial_score = (double)NAN,
                                      .multi_bucket_impact = -9,
                                      .has_values = true,
                                      .typical = HUGE_VAL,
                                      .actual = (double)NAN};
    return r;
}

/* Whatever the numbers are, the document stays in bounds and is JSON. */
static void test_numbers_are_bounded(void **state)
{
    (void)state;
    struct detect_result r = record();
    struct buf out;
    buf_init(&out);
    detect_result_write(&r, &out);
    assert_non_null(strstr(buf_text(&out), "\"record_score\":100,"));
    assert_non_null(strstr(buf_text(&out), "\"initial_record_score\":0,"));
    assert_non_null(strstr(buf_text(&out), "\"multi_bucket_impact\":-5,"));
    assert_non_null(strstr(buf_text(&out), "\"probability\":2.2250738585072014e-308,"));
    assert_non_null(strstr(buf_text(&out), "\"typical\":[1.7976931348623157e+308]"));
    assert_non_null(strstr(buf_text(&out), "\"actual\":[0]"));
    assert_non_null(strstr(buf_text(&out), "\"port\":[\"4444\"]"));
    assert_non_null(strstr(buf_text(&out), "\"timestamp\":1700000000000,"));
    assert_null(strstr(buf_text(&out), "by_field"));
    buf_release(&out);
}

/* A bucket names the scheduled events that concern it, and says nothing of none. */
static void test_scheduled_events(void **state)
{
    (void)state;
    const char *const names[] = {"upgrade", "a \"test\""};
    struct detect_result r = {.type = DETECT_RESULT_BUCKET, .job_id = "j", .span_ns = TIME_MIN};
    struct buf out;
    buf_init(&out);
    detect_result_write(&r, &out);
    assert_null(strstr(buf_text(&out), "scheduled_events"));
    r.bucket.scheduled = names;
    r.bucket.n_scheduled = 2;
    buf_clear(&out);
    detect_result_write(&r, &out);
    assert_non_null(
        strstr(buf_text(&out), "\"scheduled_events\":[\"upgrade\",\"a \\\"test\\\"\"]"));
    buf_release(&out);
}

static void test_influencers_at_top_level(void **state)
{
    (void)state;
    struct detect_result r = record();
    struct bytes values[] = {text("4444"), text("80")};
    struct bytes hosts[] = {text("a\"b")};
    struct detect_influence list[] = {
        {"port", values, 2}, {"host.name", hosts, 1}, {"actual", hosts, 1}};
    r.record.influences = list;
    r.record.n_influences = 3;
    struct buf out;
    buf_init(&out);
    detect_result_write(&r, &out);
    const char *s = buf_text(&out);
    assert_non_null(strstr(s, "\"influencers\":[{\"influencer_field_name\":\"port\","
                              "\"influencer_field_values\":[\"4444\",\"80\"]},"));
    assert_non_null(strstr(s, "\"port\":[\"4444\",\"80\"],\"host.name\":[\"a\\\"b\"]}"));
    assert_null(strstr(s, "\"actual\":[\"a"));
    buf_release(&out);
}

static void test_ids(void **state)
{
    (void)state;
    struct detect_result r = record();
    struct buf a;
    struct buf b;
    buf_init(&a);
    buf_init(&b);
    detect_result_id(&r, &a);
    assert_int_equal(strncmp(buf_text(&a), "j_record_1700000000000_900_2_", 29), 0);
    assert_string_equal(buf_text(&a) + a.n - 2, "_4");
    struct detect_result_key k = detect_result_key(&r);
    detect_result_key_id("j", 900 * TIME_S, &k, &b);
    assert_string_equal(buf_text(&a), buf_text(&b));
    /* The same text in another place is another record. */
    r.record.by_name = "port";
    r.record.by = r.record.over;
    r.record.over = bytes_make(NULL, 0);
    buf_clear(&b);
    detect_result_id(&r, &b);
    assert_string_not_equal(buf_text(&a), buf_text(&b));
    struct detect_result bucket = {
        .type = DETECT_RESULT_BUCKET, .job_id = "j", .time = -1, .span_ns = 300 * TIME_S};
    buf_clear(&b);
    detect_result_id(&bucket, &b);
    assert_string_equal(buf_text(&b), "j_bucket_-1_300");
    buf_release(&a);
    buf_release(&b);
}

static void test_size_and_snapshot(void **state)
{
    (void)state;
    struct detect_result r = {.type = DETECT_RESULT_MODEL_SNAPSHOT, .job_id = "j", .time = 0};
    r.snapshot = (struct detect_snapshot){.id = "j-1",
                                          .description = "d",
                                          .latest_record = TIME_NONE,
                                          .latest_result = 5 * TIME_S,
                                          .doc_count = 1};
    r.snapshot.size.status = DETECT_MEMORY_HARD;
    struct buf out;
    buf_init(&out);
    detect_result_write(&r, &out);
    assert_non_null(strstr(buf_text(&out), "\"memory_status\":\"hard_limit\""));
    assert_non_null(strstr(buf_text(&out), "\"latest_result_time_stamp\":5000"));
    assert_null(strstr(buf_text(&out), "latest_record_time_stamp"));
    buf_release(&out);
}

static void test_categories(void **state)
{
    (void)state;
    static const char *const examples[] = {"a \"b\"", "c"};
    static const uint32_t preferred[] = {4, 9};
    struct buf out;
    buf_init(&out);
    struct detect_result r = {.type = DETECT_RESULT_CATEGORY, .job_id = "j", .time = 7 * TIME_S};
    r.category = (struct detect_category){.id = 12,
                                          .partition_name = "host",
                                          .partition = bytes_make("web", 3),
                                          .terms = bytes_make("a b", 3),
                                          .regex = bytes_make(".*?a.+?b.*", 10),
                                          .examples = examples,
                                          .n_examples = 2,
                                          .longest = 33,
                                          .matches = 5,
                                          .preferred_to = preferred,
                                          .n_preferred = 2};
    detect_result_id(&r, &out);
    assert_string_equal(buf_text(&out), "j_category_definition_12");
    buf_clear(&out);
    detect_result_write(&r, &out);
    assert_string_equal(
        buf_text(&out),
        "{\"job_id\":\"j\",\"result_type\":\"category_definition\",\"category_id\":12,\"terms\":"
        "\"a b\",\"regex\":\".*?a.+?b.*\",\"max_matching_length\":33,\"examples\":[\"a \\\"b\\\"\","
        "\"c\"],\"num_matches\":5,\"preferred_to_categories\":[4,9],\"partition_field_name\":"
        "\"host\",\"partition_field_value\":\"web\",\"mlcategory\":\"12\",\"host\":\"web\"}");
    /* A partition field that has the name of a key is not said twice. */
    r.category.partition_name = "terms";
    buf_clear(&out);
    detect_result_write(&r, &out);
    assert_non_null(strstr(buf_text(&out), "\"mlcategory\":\"12\"}"));
    r = (struct detect_result){
        .type = DETECT_RESULT_CATEGORIZER_STATS, .job_id = "j", .time = 7 * TIME_S};
    r.categorizer.counts = (struct detect_category_counts){1, 2, 3, 4, 5, 6, true};
    buf_clear(&out);
    detect_result_write(&r, &out);
    assert_string_equal(buf_text(&out),
                        "{\"job_id\":\"j\",\"result_type\":\"categorizer_stats\","
                        "\"categorization_status\":\"warn\",\"categorized_doc_count\":1,"
                        "\"total_category_count\":2,\"frequent_category_count\":3,"
                        "\"rare_category_count\":4,\"dead_category_count\":5,"
                        "\"failed_category_count\":6,\"timestamp\":7000,\"log_time\":7000}");
    buf_clear(&out);
    detect_result_id(&r, &out);
    assert_memory_equal(buf_text(&out), "j_categorizer_stats_7000_", 25);
    buf_release(&out);
}

/* ---- what a job writes, key by key ---- */

/* Whether a line of that result_type has a key, "causes/" and "explanation/" for those inside. */
struct wanted {
    const char *type;
    const char *keys[32];
};

static const struct format_node *inside(const struct format_node *doc, const char *key)
{
    if (strncmp(key, "causes/", 7) == 0)
        return format_node_at(format_node_get(doc, "causes"), 0);
    if (strncmp(key, "explanation/", 12) == 0)
        return format_node_get(doc, "anomaly_score_explanation");
    if (strncmp(key, "influencers/", 12) == 0)
        return format_node_at(format_node_get(doc, "influencers"), 0);
    if (strncmp(key, "bucket_influencers/", 19) == 0)
        return format_node_at(format_node_get(doc, "bucket_influencers"), 0);
    return doc;
}

static bool has_all(const struct format_node *doc, const struct wanted *w, const char **out_missing)
{
    for (size_t i = 0; w->keys[i] != NULL; i++) {
        const char *slash = strchr(w->keys[i], '/');
        const struct format_node *in = inside(doc, w->keys[i]);
        *out_missing = w->keys[i];
        if (in == NULL || format_node_get(in, slash != NULL ? slash + 1 : w->keys[i]) == NULL)
            return false;
    }
    return true;
}

/* Some document of the type has all of the keys. */
static void expect_keys(const struct buf *out, const struct wanted *w)
{
    const char *missing = "a document";
    for (const char *line = buf_text(out); *line != '\0';) {
        const char *doc = strchr(line, ' ') + 1;
        const char *end = strchr(doc, '\n');
        struct format_node *node;
        struct err_text why;
        bool found = false;
        if (doc[0] == '{') { /* else an update */
            assert_int_equal(format_node_json(doc, (size_t)(end - doc), "", &node, &why), ERR_NONE);
            if (strcmp(format_node_str(format_node_get(node, "result_type"), ""), w->type) == 0)
                found = has_all(node, w, &missing);
            format_node_free(node);
        }
        if (found)
            return;
        line = end + 1;
    }
    fail_msg("no %s with %s", w->type, missing);
}

/* Twelve hosts on two ports, one of which floods; a port that none ever had. */
static void run_flood(const char *detectors, struct buf *out)
{
    char text[700];
    snprintf(text, sizeof(text),
             "{\"job_id\":\"k\",\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[%s],"
             "\"influencers\":[\"host\",\"peer\"]}}",
             detectors);
    static const char *const columns[] = {"time", "host", "port", "peer", "bytes", "site"};
    struct detect_job *job = help_job(text);
    struct detect *d = help_engine(job, out, NULL, columns, 6);
    for (int b = 0; b < 150; b++)
        for (int k = 0; k < 12 * 8; k++) {
            struct help_row row = {.time = (1000000 + b) * 15 * TIME_MIN};
            bool flood = b == 140 && k % 12 == 3;
            snprintf(row.text[0], sizeof(row.text[0]), "h%d", k % 12);
            snprintf(row.text[1], sizeof(row.text[1]), "%s",
                     flood && k > 80 ? "4444"
                     : k < 48        ? "80"
                                     : "443");
            snprintf(row.text[2], sizeof(row.text[2]), "%s", flood ? "evil" : "good");
            snprintf(row.text[3], sizeof(row.text[3]), "%d",
                     (flood ? 1000000 : 1000) + k * 37 % 91);
            snprintf(row.text[4], sizeof(row.text[4]), "one");
            help_feed(d, &row, 1, 5);
        }
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_free(d);
    detect_job_free(job);
}

#define EXPLAINED                                                                                  \
    "explanation/anomaly_type", "explanation/anomaly_length", "explanation/single_bucket_impact",  \
        "explanation/multi_bucket_impact", "explanation/anomaly_characteristics_impact",           \
        "explanation/lower_confidence_bound", "explanation/typical_value",                         \
        "explanation/upper_confidence_bound", "explanation/high_variance_penalty",                 \
        "explanation/incomplete_bucket_penalty", "explanation/multimodal_distribution"
#define RECORD                                                                                     \
    "job_id", "probability", "multi_bucket_impact", "record_score", "initial_record_score",        \
        "bucket_span", "is_interim", "timestamp", "detector_index", "function",                    \
        "function_description"

static void test_every_key(void **state)
{
    (void)state;
    static const struct wanted series[] = {
        {"record",
         {RECORD, "field_name", "by_field_name", "by_field_value", "partition_field_name",
          "partition_field_value", "typical", "actual", "influencers",
          "influencers/influencer_field_name", "influencers/influencer_field_values", "host",
          "peer", "site", "port", NULL}},
        {"record", {EXPLAINED, NULL}},
        {"influencer",
         {"job_id", "influencer_field_name", "influencer_field_value", "influencer_score",
          "initial_influencer_score", "probability", "bucket_span", "is_interim", "timestamp",
          "host", NULL}},
        {"bucket_influencer",
         {"job_id", "influencer_field_name", "anomaly_score", "initial_anomaly_score",
          "raw_anomaly_score", "probability", "bucket_span", "is_interim", "timestamp", NULL}},
        {"bucket",
         {"job_id", "anomaly_score", "initial_anomaly_score", "event_count", "bucket_span",
          "is_interim", "timestamp", "processing_time_ms", "bucket_influencers",
          "bucket_influencers/anomaly_score", "bucket_influencers/result_type", NULL}},
    };
    static const struct wanted population[] = {
        {"record",
         {RECORD,
          "field_name",
          "over_field_name",
          "over_field_value",
          "partition_field_name",
          "partition_field_value",
          "causes",
          "causes/probability",
          "causes/by_field_name",
          "causes/by_field_value",
          "causes/over_field_name",
          "causes/over_field_value",
          "causes/partition_field_name",
          "causes/partition_field_value",
          "causes/function",
          "causes/function_description",
          "causes/field_name",
          "causes/typical",
          "causes/actual",
          "causes/influencers",
          NULL}},
        {"record", {EXPLAINED, NULL}},
    };
    static const struct wanted rare[] = {
        {"record",
         {RECORD, "by_field_name", "by_field_value", "explanation/by_field_first_occurrence",
          "explanation/by_field_relative_rarity", NULL}},
    };
    struct buf out;
    buf_init(&out);
    run_flood("{\"function\":\"high_sum\",\"field_name\":\"bytes\",\"by_field_name\":\"port\","
              "\"partition_field_name\":\"site\"}",
              &out);
    for (size_t i = 0; i < sizeof(series) / sizeof(series[0]); i++)
        expect_keys(&out, &series[i]);
    buf_clear(&out);
    run_flood("{\"function\":\"high_sum\",\"field_name\":\"bytes\",\"by_field_name\":\"port\","
              "\"over_field_name\":\"host\",\"partition_field_name\":\"site\"}",
              &out);
    for (size_t i = 0; i < sizeof(population) / sizeof(population[0]); i++)
        expect_keys(&out, &population[i]);
    /* Each cause names who carried it. */
    assert_non_null(strstr(buf_text(&out), "\"influencers\":[{\"influencer_field_name\":\"host\","
                                           "\"influencer_field_values\":[\"h3\"]},{\"influencer_"
                                           "field_name\":\"peer\",\"influencer_field_values\":["
                                           "\"evil\"]}]},{\"probability\":"));
    buf_clear(&out);
    run_flood("{\"function\":\"rare\",\"by_field_name\":\"port\"}", &out);
    for (size_t i = 0; i < sizeof(rare) / sizeof(rare[0]); i++)
        expect_keys(&out, &rare[i]);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers_are_bounded),
                                       cmocka_unit_test(test_scheduled_events),
                                       cmocka_unit_test(test_influencers_at_top_level),
                                       cmocka_unit_test(test_ids),
                                       cmocka_unit_test(test_size_and_snapshot),
                                       cmocka_unit_test(test_categories),
                                       cmocka_unit_test(test_every_key)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
