/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of Elastic may ask for is taken, what none may is refused with a sentence that names
 * it. The tables here are written by hand from what Elastic's documentation says of functions and
 * fields, not from the engine's own table. */
#include "detect/validate_priv.h"

#include "detect/filter.h"
#include "help.h"

static enum err parse(const char *text, struct err_text *why, size_t *notes)
{
    struct detect_job *job = NULL;
    struct detect_filters filters = {0};
    static const char filter[] = "{\"filter_id\":\"f\",\"items\":[\"x\"]}";
    assert_int_equal(detect_filters_parse(&filters, filter, strlen(filter), "f", why), ERR_NONE);
    enum err e =
        detect_job_parse(text, strlen(text), "job.json", filters.list, filters.n, &job, why);
    if (e == ERR_NONE && notes != NULL)
        *notes = job->n_notes;
    detect_job_free(job);
    detect_filters_release(&filters);
    return e;
}

/* ---- each function with each combination of fields ---- */

/* - must not be there, o may, r must: field, by, over. */
static const struct {
    const char *names;
    const char *rule;
} functions[] = {
    {"count high_count low_count c high_c low_c", "-oo"},
    {"non_zero_count high_non_zero_count low_non_zero_count nzc high_nzc low_nzc", "-o-"},
    {"distinct_count high_distinct_count low_distinct_count dc high_dc low_dc", "roo"},
    {"rare rare_count rnzc rare_non_zero_count", "-ro"},
    {"freq_rare fr frc freq_rare_count", "-rr"},
    {"info_content high_info_content low_info_content", "roo"},
    {"min max metric lat_long", "roo"},
    {"median high_median low_median", "roo"},
    {"mean high_mean low_mean avg high_avg low_avg", "roo"},
    {"varp high_varp low_varp", "roo"},
    {"sum high_sum low_sum", "roo"},
    {"non_null_sum high_non_null_sum low_non_null_sum nns high_nns low_nns", "ro-"},
    {"time_of_day time_of_week", "-oo"},
};
static const char *const keys[] = {"field_name", "by_field_name", "over_field_name",
                                   "partition_field_name"};

static void check_combination(const char *name, const char *rule, unsigned given)
{
    char text[512];
    struct err_text why = {0};
    struct buf b;
    const char *wrong = NULL;
    buf_init(&b);
    buf_format(&b, "{\"analysis_config\":{\"detectors\":[{\"function\":\"%s\"", name);
    for (unsigned i = 0; i < 4; i++) {
        bool there = (given >> i & 1) != 0;
        if (there)
            buf_format(&b, ",\"%s\":\"f%u\"", keys[i], i);
        if (wrong == NULL && i < 3 && ((there && rule[i] == '-') || (!there && rule[i] == 'r')))
            wrong = keys[i];
    }
    buf_str(&b, "}]}}");
    snprintf(text, sizeof(text), "%s", buf_text(&b));
    buf_release(&b);
    enum err e = parse(text, &why, NULL);
    if (e != (wrong == NULL ? ERR_NONE : ERR_INVALID))
        fail_msg("%s: %s", text, why.message);
    if (wrong != NULL && (strstr(why.message, wrong) == NULL || strstr(why.message, name) == NULL))
        fail_msg("%s: \"%s\" names not %s and %s", text, why.message, wrong, name);
}

static void test_functions(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        char names[128];
        char *rest = NULL;
        snprintf(names, sizeof(names), "%s", functions[i].names);
        for (char *name = strtok_r(names, " ", &rest); name != NULL;
             name = strtok_r(NULL, " ", &rest), n++) {
            for (unsigned given = 0; given < 16; given++)
                check_combination(name, functions[i].rule, given);
        }
    }
    assert_int_equal(n, 56);
}

/* ---- detectors ---- */

#define RULE(applies)                                                                              \
    ",\"custom_rules\":[{\"conditions\":[{\"applies_to\":\"" applies                               \
    "\",\"operator\":\"gt\",\"value\":1}]}]"
#define F(name) "\"function\":\"" name "\""
#define FIELD ",\"field_name\":\"a\""
#define BY ",\"by_field_name\":\"b\""
#define OVER ",\"over_field_name\":\"c\""
#define PART ",\"partition_field_name\":\"d\""
#define EXCLUDE(what) ",\"exclude_frequent\":" what
#define SCOPE(field, filter)                                                                       \
    ",\"custom_rules\":[{\"scope\":{\"" field "\":{\"filter_id\":\"" filter "\"}}}]"

static const struct {
    const char *detector;
    enum err code;
    const char *says;
} detectors[] = {
    /* names */
    {"\"field_name\":\"a\"", ERR_INVALID, "needs a function, one of count"},
    {"\"function\":7", ERR_INVALID, "needs a function"},
    {F("cuont"), ERR_INVALID, "\"cuont\" is not known; expected one of count"},
    {F("high_min") FIELD, ERR_INVALID, "high_min"},
    {F("low_rare") BY, ERR_INVALID, "low_rare"},
    {F("max_velocity") FIELD, ERR_UNSUPPORTED, "max_velocity is not supported; supported are"},
    {F("min_velocity") FIELD, ERR_UNSUPPORTED, "min_velocity is not supported"},
    {F("mean_velocity") FIELD, ERR_UNSUPPORTED, "mean_velocity is not supported"},
    {F("sum_velocity") FIELD, ERR_UNSUPPORTED, "sum_velocity is not supported"},
    /* fields */
    {F("sum") ",\"field_name\":\"\"", ERR_INVALID, "field_name must not be empty"},
    {F("sum") ",\"field_name\":7", ERR_INVALID, "field_name must be a string"},
    {F("sum") ",\"field_name\":\"a\\\"b\"", ERR_INVALID, "field_name must not hold a double quote"},
    {F("sum") ",\"field_name\":\"a\\\\b\"", ERR_INVALID, "backslash"},
    {F("count") ",\"by_field_name\":\"a\\\\b\"", ERR_INVALID, "by_field_name must not hold"},
    {F("count") ",\"over_field_name\":\"a\\\"\"", ERR_INVALID, "over_field_name must not hold"},
    {F("count") ",\"partition_field_name\":\"\\\\\"", ERR_INVALID, "partition_field_name must not"},
    {F("count") ",\"by_field_name\":\"\"", ERR_INVALID, "by_field_name must not be empty"},
    {F("count") BY ",\"over_field_name\":\"b\"", ERR_INVALID,
     "by_field_name and over_field_name must be different"},
    {F("count") BY ",\"partition_field_name\":\"b\"", ERR_INVALID,
     "by_field_name and partition_field_name must be different"},
    {F("count") OVER ",\"partition_field_name\":\"c\"", ERR_INVALID,
     "over_field_name and partition_field_name must be different"},
    {F("distinct_count") ",\"field_name\":\"b\"" BY, ERR_NONE, ""},
    {F("count") ",\"by_field_name\":\"mlcategory\"", ERR_INVALID,
     "mlcategory needs categorization_field_name"},
    {F("distinct_count") ",\"field_name\":\"mlcategory\"", ERR_INVALID,
     "field_name must be a field of the events"},
    {F("count") ",\"by_field_name\":null", ERR_NONE, ""},
    /* use_null, texts, places */
    {F("count") BY ",\"use_null\":true", ERR_NONE, ""},
    {F("count") ",\"use_null\":\"yes\"", ERR_INVALID, "use_null must be true or false"},
    {F("count") ",\"detector_description\":7", ERR_INVALID,
     "detector_description must be a string"},
    {F("count") ",\"detector_index\":0", ERR_NONE, ""},
    {F("count") ",\"detector_index\":3", ERR_INVALID, "detector_index must count from 0"},
    /* exclude_frequent */
    {F("count") BY EXCLUDE("\"by\""), ERR_NONE, ""},
    {F("count") OVER EXCLUDE("\"over\""), ERR_NONE, ""},
    {F("count") BY EXCLUDE("\"all\""), ERR_NONE, ""},
    {F("count") OVER EXCLUDE("\"all\""), ERR_NONE, ""},
    {F("sum") FIELD BY OVER EXCLUDE("\"by\""), ERR_NONE, ""},
    {F("count") EXCLUDE("\"none\""), ERR_NONE, ""},
    {F("count") EXCLUDE("null"), ERR_NONE, ""},
    {F("rare") BY EXCLUDE("\"none\""), ERR_NONE, ""},
    {F("time_of_day") BY EXCLUDE("\"by\""), ERR_NONE, ""},
    {F("time_of_week") OVER EXCLUDE("\"over\""), ERR_NONE, ""},
    {F("lat_long") FIELD OVER EXCLUDE("\"all\""), ERR_NONE, ""},
    {F("count") EXCLUDE("\"all\""), ERR_INVALID, "needs by_field_name or over_field_name"},
    {F("count") PART EXCLUDE("\"by\""), ERR_INVALID, "needs by_field_name or over_field_name"},
    {F("count") OVER EXCLUDE("\"by\""), ERR_INVALID, "\"by\" needs by_field_name"},
    {F("count") BY EXCLUDE("\"over\""), ERR_INVALID, "\"over\" needs over_field_name"},
    {F("count") BY EXCLUDE("\"some\""), ERR_INVALID,
     "exclude_frequent must be \"all\", \"none\", \"by\" or \"over\""},
    {F("count") BY EXCLUDE("true"), ERR_INVALID, "exclude_frequent must be"},
    {F("rare") BY EXCLUDE("\"by\""), ERR_INVALID, "rare takes no exclude_frequent"},
    {F("fr") BY OVER EXCLUDE("\"all\""), ERR_INVALID, "fr takes no exclude_frequent"},
    /* conditions */
    {F("count") RULE("actual"), ERR_NONE, ""},
    {F("count") RULE("typical"), ERR_NONE, ""},
    {F("count") RULE("diff_from_typical"), ERR_NONE, ""},
    {F("time_of_day") RULE("actual"), ERR_NONE, ""},
    {F("rare") BY RULE("time"), ERR_NONE, ""},
    {F("lat_long") FIELD RULE("time"), ERR_NONE, ""},
    {F("metric") FIELD RULE("time"), ERR_NONE, ""},
    {F("rare") BY RULE("actual"), ERR_INVALID, "rare may only apply to \"time\""},
    {F("freq_rare") BY OVER RULE("typical"), ERR_INVALID, "freq_rare may only apply to \"time\""},
    {F("metric") FIELD RULE("actual"), ERR_INVALID, "metric may only apply to \"time\""},
    {F("lat_long") FIELD RULE("diff_from_typical"), ERR_INVALID,
     "lat_long may only apply to \"time\""},
    {F("count") RULE("score"), ERR_INVALID, "applies_to: \"actual\", \"typical\""},
    {F("count") ",\"custom_rules\":[{\"conditions\":[{\"applies_to\":\"actual\",\"operator\":"
                "\"eq\","
                "\"value\":1}]}]",
     ERR_INVALID, "operator: \"lt\", \"lte\", \"gt\" or \"gte\""},
    {F("count") ",\"custom_rules\":[{\"conditions\":[{\"applies_to\":\"actual\",\"operator\":"
                "\"lt\","
                "\"value\":\"1\"}]}]",
     ERR_INVALID, "value, a number"},
    {F("count") ",\"custom_rules\":[{\"conditions\":{}}]", ERR_INVALID,
     "conditions must be a list"},
    {F("count") ",\"custom_rules\":[{\"conditions\":[7]}]", ERR_INVALID,
     "conditions must be a list"},
    {F("count") ",\"custom_rules\":[{\"conditions\":[]}]", ERR_INVALID,
     "needs a condition or a scope"},
    {F("count") ",\"custom_rules\":{}", ERR_INVALID, "custom_rules must be a list"},
    {F("count") ",\"custom_rules\":[7]", ERR_INVALID, "custom_rules must be a list"},
    {F("count") ",\"custom_rules\":[]", ERR_NONE, ""},
    {F("count") ",\"custom_rules\":[{\"actions\":[\"skip\"],\"conditions\":[{\"applies_to\":"
                "\"actual\",\"operator\":\"lt\",\"value\":1}]}]",
     ERR_INVALID, "\"skip_result\" or \"skip_model_update\""},
    {F("count") ",\"custom_rules\":[{\"actions\":[]}]", ERR_INVALID, "actions must be a list"},
    /* scopes */
    {F("count") BY SCOPE("b", "f"), ERR_NONE, ""},
    {F("count") OVER SCOPE("c", "f"), ERR_NONE, ""},
    {F("rare") BY PART SCOPE("d", "f"), ERR_NONE, ""},
    {F("sum") FIELD BY SCOPE("a", "f"), ERR_INVALID, "by, over or partition field, which \"a\""},
    {F("count") SCOPE("b", "f"), ERR_INVALID, "by, over or partition field, which \"b\""},
    {F("count") BY SCOPE("b", "g"), ERR_UNSUPPORTED, "filter \"g\""},
    {F("count") BY ",\"custom_rules\":[{\"scope\":{\"b\":\"f\"}}]", ERR_INVALID,
     "an object with a filter_id"},
    {F("count") BY ",\"custom_rules\":[{\"scope\":{\"b\":{}}}]", ERR_INVALID, "needs a filter_id"},
    {F("count") BY ",\"custom_rules\":[{\"scope\":[]}]", ERR_INVALID, "scope must be an object"},
    {F("count") BY ",\"custom_rules\":[{\"scope\":{}}]", ERR_INVALID, "a condition or a scope"},
    {F("count") BY ",\"custom_rules\":[{\"scope\":{\"b\":{\"filter_id\":\"f\",\"filter_type\":"
                   "\"only\"}}}]",
     ERR_INVALID, "\"include\" or \"exclude\""},
};

static void check(const char *text, enum err code, const char *says)
{
    struct err_text why = {0};
    enum err e = parse(text, &why, NULL);
    if (e != code || strstr(why.message, says) == NULL)
        fail_msg("%s: expected %d \"%s\", got %d \"%s\"", text, code, says, e, why.message);
    if (e != ERR_NONE)
        assert_string_equal(why.file, "job.json");
    if (e != ERR_NONE)
        assert_true(why.line > 0);
}

static void test_detectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(detectors) / sizeof(detectors[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), "{\"analysis_config\":{\"detectors\":[{%s}]}}",
                 detectors[i].detector);
        check(text, detectors[i].code, detectors[i].says);
    }
}

/* What is taken without effect is said. */
static void test_noted(void **state)
{
    (void)state;
    struct err_text why;
    size_t notes = 0;
    assert_int_equal(parse("{\"analysis_config\":{\"detectors\":[{" F("time_of_day")
                               BY EXCLUDE("\"by\"") "}]}}",
                           &why, &notes),
                     ERR_NONE);
    assert_int_equal(notes, 1);
    assert_int_equal(parse("{\"analysis_config\":{\"detectors\":[{" F("count")
                               BY EXCLUDE("\"by\"") "}]"
                                                    "}}",
                           &why, &notes),
                     ERR_NONE);
    assert_int_equal(notes, 0);
}

/* ---- jobs ---- */

#define DETECTORS "\"detectors\":[{\"function\":\"count\"}]"
#define ANALYSIS "\"analysis_config\":{" DETECTORS "}"
/* A job that counts categories: more of its detector, and of its analysis_config. */
#define CATEGORIES(detector, more)                                                                 \
    "{\"analysis_config\":{\"categorization_field_name\":\"m\",\"detectors\":[{\"function\":"      \
    "\"count\",\"by_field_name\":\"mlcategory\"" detector "}]" more "}}"
#define AC(more) "{\"analysis_config\":{" DETECTORS more "}}"
#define JOB(more) "{" ANALYSIS more "}"

static const struct {
    const char *job;
    enum err code;
    const char *says;
} jobs[] = {
    {"[]", ERR_INVALID, "a job must be a JSON object"},
    {"{", ERR_FORMAT, ""},
    {"{}", ERR_INVALID, "needs analysis_config"},
    {"{\"analysis_config\":[]}", ERR_INVALID, "analysis_config must be an object"},
    {"{\"analysis_config\":{}}", ERR_INVALID, "needs detectors, a list of at least one"},
    {"{\"analysis_config\":{\"detectors\":[]}}", ERR_INVALID, "a list of at least one"},
    {"{\"analysis_config\":{\"detectors\":{}}}", ERR_INVALID, "a list of at least one"},
    {"{\"analysis_config\":{\"detectors\":[7]}}", ERR_INVALID, "a detector must be an object"},
    /* the same twice, also under another name */
    {"{\"analysis_config\":{\"detectors\":[{" F("mean") FIELD "},{" F("avg") FIELD "}]}}",
     ERR_INVALID, "detectors 0 and 1 have the same function and fields"},
    {"{\"analysis_config\":{\"detectors\":[{" F("count") "},{" F("mean") FIELD
     "},{" F("c") ",\"use_null\":true}]}}",
     ERR_INVALID, "detectors 0 and 2"},
    {"{\"analysis_config\":{\"detectors\":[{" F("count") "},{" F("high_count") "},{" F("count") BY
     "}]}}",
     ERR_NONE, ""},
    /* bucket_span, latency, prune window */
    {AC(",\"bucket_span\":\"1s\""), ERR_NONE, ""},
    {AC(",\"bucket_span\":\"0s\""), ERR_INVALID, "bucket_span must be a time"},
    {AC(",\"bucket_span\":\"-5m\""), ERR_INVALID, "bucket_span must be a time"},
    {AC(",\"bucket_span\":\"500ms\""), ERR_INVALID, "bucket_span"},
    {AC(",\"bucket_span\":\"1500ms\""), ERR_INVALID, "bucket_span must be whole seconds"},
    {AC(",\"bucket_span\":\"5x\""), ERR_INVALID, "bucket_span must be a time such as \"15m\""},
    {AC(",\"bucket_span\":300"), ERR_INVALID, "bucket_span must be a time"},
    {AC(",\"bucket_span\":\"400d\""), ERR_INVALID, "to 366d"},
    {AC(",\"latency\":\"10m\""), ERR_NONE, ""},
    {AC(",\"latency\":0"), ERR_NONE, ""},
    {AC(",\"latency\":\"soon\""), ERR_INVALID, "latency must be a time"},
    {AC(",\"latency\":\"30d\""), ERR_INVALID, "latency may be at most 1000 bucket spans"},
    {AC(",\"model_prune_window\":\"30d\""), ERR_NONE, ""},
    {AC(",\"model_prune_window\":\"5m\""), ERR_INVALID, "model_prune_window must be a time"},
    /* influencers, summary count */
    {AC(",\"influencers\":[\"a\",\"b\"]"), ERR_NONE, ""},
    {AC(",\"influencers\":[\"\"]"), ERR_INVALID, "an influencer must name a field"},
    {AC(",\"influencers\":[\"a\",\"a\"]"), ERR_INVALID, "influencer a is named twice"},
    {AC(",\"influencers\":[7]"), ERR_INVALID, "influencers must be a list of strings"},
    {AC(",\"summary_count_field_name\":\"doc_count\""), ERR_NONE, ""},
    {AC(",\"summary_count_field_name\":\"\""), ERR_INVALID, "summary_count_field_name must not be"},
    {AC(",\"summary_count_field_name\":1"), ERR_INVALID,
     "summary_count_field_name must be a string"},
    {"{\"analysis_config\":{\"detectors\":[{" F("metric") FIELD
     "}],\"summary_count_field_name\":\"n\"}}",
     ERR_INVALID, "metric cannot be used with summary_count_field_name"},
    {"{\"analysis_config\":{\"detectors\":[{" F("mean") FIELD
     "}],\"summary_count_field_name\":\"n\"}}",
     ERR_NONE, ""},
    /* what this engine has not */
    {AC(",\"multivariate_by_fields\":true"), ERR_UNSUPPORTED, "multivariate_by_fields"},
    {AC(",\"multivariate_by_fields\":false"), ERR_NONE, ""},
    /* categories of messages */
    {AC(",\"categorization_field_name\":\"m\""), ERR_INVALID,
     "categorization_field_name needs a detector that has mlcategory"},
    {AC(",\"influencers\":[\"mlcategory\"]"), ERR_INVALID, "needs categorization_field_name"},
    {AC(",\"categorization_filters\":[\"x\"]"), ERR_INVALID,
     "categorization_filters needs categorization_field_name"},
    {AC(",\"categorization_filters\":[]"), ERR_NONE, ""},
    {AC(",\"categorization_analyzer\":{\"tokenizer\":\"ml_standard\"}"), ERR_INVALID,
     "categorization_analyzer needs categorization_field_name"},
    {AC(",\"per_partition_categorization\":{\"enabled\":false}"), ERR_NONE, ""},
    {AC(",\"per_partition_categorization\":{\"enabled\":true}"), ERR_INVALID,
     "per_partition_categorization needs categorization_field_name"},
    {AC(",\"per_partition_categorization\":{\"stop_on_warn\":true}"), ERR_INVALID,
     "stop_on_warn needs"},
    {AC(",\"per_partition_categorization\":{\"on\":true}"), ERR_INVALID, "has enabled and"},
    {AC(",\"per_partition_categorization\":true"), ERR_INVALID, "must be an object"},
    {CATEGORIES("", ""), ERR_NONE, ""},
    {CATEGORIES("", ",\"categorization_filters\":[\"\\\\[.*\\\\]\"]"), ERR_NONE, ""},
    {CATEGORIES("", ",\"categorization_filters\":[\"(\"]"), ERR_INVALID,
     "is no regular expression"},
    {CATEGORIES("", ",\"categorization_analyzer\":{\"tokenizer\":\"ml_classic\"}"), ERR_NONE, ""},
    {CATEGORIES("", ",\"categorization_analyzer\":{\"tokenizer\":\"edge_ngram\"}"), ERR_UNSUPPORTED,
     "tokenizer edge_ngram"},
    {CATEGORIES("", ",\"per_partition_categorization\":{\"enabled\":true}"), ERR_INVALID,
     "needs partition_field_name"},
    {CATEGORIES(",\"partition_field_name\":\"a\"",
                ",\"per_partition_categorization\":{\"enabled\":true,\"stop_on_warn\":true}"),
     ERR_NONE, ""},
    {CATEGORIES(",\"partition_field_name\":\"a\"},{\"function\":\"rare\",\"by_field_name\":"
                "\"mlcategory\",\"partition_field_name\":\"b\"",
                ",\"per_partition_categorization\":{\"enabled\":true}"),
     ERR_INVALID, "the same partition_field_name; there are a and b"},
    {"{\"analysis_config\":{\"categorization_field_name\":\"m\",\"detectors\":[{" F(
         "count") ",\"partition_field_name\":\"mlcategory\"}],\"per_partition_categorization\":{"
                  "\"enabled\":true}}}",
     ERR_INVALID, "needs partition_field_name, another field"},
    {"{\"analysis_config\":{\"categorization_field_name\":\"mlcategory\",\"detectors\":[{" F(
         "count") ",\"by_field_name\":\"mlcategory\"}]}}",
     ERR_INVALID, "categorization_field_name must be a field"},
    {JOB(",\"analysis_limits\":{\"categorization_examples_limit\":0}"), ERR_NONE, ""},
    {JOB(",\"analysis_limits\":{\"categorization_examples_limit\":-1}"), ERR_INVALID,
     "categorization_examples_limit"},
    /* memory */
    {JOB(",\"analysis_limits\":{\"model_memory_limit\":\"1mb\"}"), ERR_NONE, ""},
    {JOB(",\"analysis_limits\":{\"model_memory_limit\":512}"), ERR_NONE, ""},
    {JOB(",\"analysis_limits\":{\"model_memory_limit\":\"1023kb\"}"), ERR_INVALID,
     "model_memory_limit must be a size such as \"32mb\", at least 1mb"},
    {JOB(",\"analysis_limits\":{\"model_memory_limit\":\"much\"}"), ERR_INVALID,
     "model_memory_limit"},
    {JOB(",\"analysis_limits\":{\"model_memory_limit\":-1}"), ERR_INVALID, "model_memory_limit"},
    {JOB(",\"analysis_limits\":7"), ERR_INVALID, "analysis_limits must be an object"},
    /* ids */
    {JOB(",\"job_id\":\"a-b_9\""), ERR_NONE, ""},
    {JOB(",\"job_id\":\"A\""), ERR_INVALID, "job_id must be at most 64 of a-z"},
    {JOB(",\"job_id\":\"_a\""), ERR_INVALID, "letter or digit at both ends"},
    {JOB(",\"job_id\":\"a-\""), ERR_INVALID, "job_id"},
    {JOB(",\"job_id\":\"\""), ERR_INVALID, "job_id"},
    {JOB(",\"job_id\":7"), ERR_INVALID, "job_id"},
    {JOB(",\"job_id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""),
     ERR_INVALID, "at most 64"},
    {JOB(",\"groups\":[\"security\",\"a-b\"]"), ERR_NONE, ""},
    {JOB(",\"groups\":[\"Security\"]"), ERR_INVALID, "groups must hold ids"},
    {JOB(",\"groups\":7"), ERR_INVALID, "groups must be a list of strings"},
    {JOB(",\"job_id\":\"x\",\"groups\":[\"x\"]"), ERR_INVALID, "must not hold the job's own id"},
    {JOB(",\"results_index_name\":\"my-results\""), ERR_NONE, ""},
    {JOB(",\"results_index_name\":\"My Results\""), ERR_INVALID, "results_index_name must be"},
    {JOB(",\"job_type\":\"anomaly_detector\""), ERR_NONE, ""},
    {JOB(",\"job_type\":\"other\""), ERR_UNSUPPORTED, "job_type must be"},
    /* data_description */
    {JOB(",\"data_description\":{\"time_field\":\"@timestamp\",\"time_format\":\"epoch_ms\"}"),
     ERR_NONE, ""},
    {JOB(",\"data_description\":{\"time_format\":\"yyyy-MM-dd'T'HH:mm:ssX\"}"), ERR_NONE, ""},
    {JOB(",\"data_description\":{\"time_field\":\"\"}"), ERR_INVALID,
     "time_field must not be empty"},
    {JOB(",\"data_description\":{\"time_format\":\"dd/MM/yy\"}"), ERR_UNSUPPORTED,
     "time_format must be \"epoch\", \"epoch_ms\" or a pattern of ISO"},
    {JOB(",\"data_description\":\"csv\""), ERR_INVALID, "data_description must be an object"},
    /* the rest */
    {JOB(",\"model_plot_config\":{\"enabled\":\"yes\"}"), ERR_INVALID,
     "enabled must be true or false"},
    {JOB(",\"model_snapshot_retention_days\":-1"), ERR_INVALID, "model_snapshot_retention_days"},
    {JOB(",\"model_snapshot_retention_days\":3,\"daily_model_snapshot_retention_after_days\":4"),
     ERR_INVALID, "daily_model_snapshot_retention_after_days must be a whole number from 0 to 3"},
    {JOB(",\"renormalization_window_days\":1.5"), ERR_INVALID, "renormalization_window_days"},
    {JOB(",\"results_retention_days\":\"x\""), ERR_INVALID, "results_retention_days"},
    {JOB(",\"background_persist_interval\":\"59m\""), ERR_INVALID,
     "background_persist_interval must be a time such as \"15m\", from 1h"},
    {JOB(",\"background_persist_interval\":\"1h\""), ERR_NONE, ""},
    {JOB(",\"custom_settings\":[]"), ERR_INVALID, "custom_settings must be an object"},
    {JOB(",\"allow_lazy_open\":1"), ERR_INVALID, "allow_lazy_open must be true or false"},
    {JOB(",\"description\":{}"), ERR_INVALID, "description must be a string"},
};

static void test_jobs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
        check(jobs[i].job, jobs[i].code, jobs[i].says);
    struct buf b;
    buf_init(&b);
    buf_str(&b, "{\"analysis_config\":{\"detectors\":[");
    for (int i = 0; i <= DETECT_DETECTORS_MAX; i++)
        buf_format(&b, "%s{\"function\":\"sum\",\"field_name\":\"f%d\"}", i > 0 ? "," : "", i);
    buf_str(&b, "]}}");
    check(buf_text(&b), ERR_INVALID, "at most 64 detectors");
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_detectors),
        cmocka_unit_test(test_noted),
        cmocka_unit_test(test_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
