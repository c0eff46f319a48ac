/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/job.h"

#include "base/buf.h"
#include "base/mem.h"
#include "categorize/analyzer.h"
#include "categorize/categorize.h"
#include "detect/read_priv.h"
#include "detect/rule_priv.h"
#include "detect/validate_priv.h"
#include "format/node.h"

#include <string.h>

#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum err try_err = (call);                                                                 \
        if (try_err != ERR_NONE)                                                                   \
            return try_err;                                                                        \
    } while (0)

#define SPAN_MAX (366 * TIME_DAY)
#define LATENCY_BUCKETS_MAX 1000
/* Of each category, unless the job says otherwise. */
#define EXAMPLES 4

static bool alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool detect_job_id_valid(const char *id)
{
    size_t n = strlen(id);
    if (n == 0 || n > DETECT_JOB_ID_MAX || !alnum(id[0]) || !alnum(id[n - 1]))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!alnum(id[i]) && id[i] != '-' && id[i] != '_')
            return false;
    }
    return true;
}

bool detect_job_set_id(struct detect_job *job, const char *id)
{
    if (!detect_job_id_valid(id))
        return false;
    memcpy(job->id, id, strlen(id) + 1);
    return true;
}

size_t detect_job_base_id(const char *id, char out[DETECT_JOB_ID_MAX + 1])
{
    static const char *const endings[] = {"_ea", "_euid"};
    size_t n = strlen(id);
    if (n > DETECT_JOB_ID_MAX)
        n = DETECT_JOB_ID_MAX;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t m = strlen(endings[i]);
        if (n > m && memcmp(id + n - m, endings[i], m) == 0) {
            n -= m;
            break;
        }
    }
    memmove(out, id, n);
    out[n] = '\0';
    return n;
}

bool detect_job_bytes(const char *s, size_t n, uint64_t *out)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = {{"b", 0},  {"k", 10},  {"kb", 10}, {"m", 20},  {"mb", 20},
                 {"g", 30}, {"gb", 30}, {"t", 40},  {"tb", 40}, {"", 0}};
    uint64_t v = 0;
    size_t i = 0;
    while (i < n && s[i] >= '0' && s[i] <= '9') {
        if (v > UINT64_MAX / 10 - 1)
            return false;
        v = v * 10 + (uint64_t)(s[i++] - '0');
    }
    if (i == 0)
        return false;
    char unit[3] = "";
    if (n - i > 2)
        return false;
    for (size_t k = 0; k < n - i; k++)
        unit[k] = s[i + k] >= 'A' && s[i + k] <= 'Z' ? (char)(s[i + k] + 32) : s[i + k];
    for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
        if (strcmp(unit, units[k].unit) == 0) {
            if (units[k].shift > 0 && v >> (63 - units[k].shift) != 0)
                return false;
            *out = v << units[k].shift;
            return true;
        }
    }
    return false;
}

static void detector_release(struct detect_detector *d)
{
    mem_free(d->field);
    mem_free(d->by);
    mem_free(d->over);
    mem_free(d->partition);
    mem_free(d->description);
    detect_rules_free(d->rules, d->n_rules);
}

void detect_job_free(struct detect_job *job)
{
    if (job == NULL)
        return;
    for (size_t i = 0; i < job->n_detectors; i++)
        detector_release(&job->detectors[i]);
    mem_free(job->detectors);
    detect_read_strings_free(job->groups, job->n_groups);
    detect_read_strings_free(job->influencers, job->n_influencers);
    detect_read_strings_free(job->notes, job->n_notes);
    mem_free(job->description);
    mem_free(job->summary_count_field);
    mem_free(job->category_field);
    categorize_analyzer_free(job->analyzer);
    mem_free(job->time_field);
    mem_free(job->model_plot_terms);
    mem_free(job->results_index);
    mem_free(job->custom_settings);
    mem_free(job->source);
    mem_free(job);
}

/* "high_sum(source.bytes) by x over y partitionfield=z", as Elastic's default has it. */
static char *describe(const struct detect_detector *d)
{
    struct buf b;
    buf_init(&b);
    buf_str(&b, d->function->full);
    if (d->field != NULL)
        buf_format(&b, "(%s)", d->field);
    if (d->by != NULL)
        buf_format(&b, " by %s", d->by);
    if (d->over != NULL)
        buf_format(&b, " over %s", d->over);
    if (d->partition != NULL)
        buf_format(&b, " partitionfield=%s", d->partition);
    static const char *const excludes[] = {"none", "by", "over", "all"};
    if (d->exclude != DETECT_EXCLUDE_NONE)
        buf_format(&b, " excludefrequent=%s", excludes[d->exclude]);
    if (d->use_null)
        buf_str(&b, " usenull=true");
    if (!buf_ok(&b)) {
        buf_release(&b);
        return NULL;
    }
    return buf_take(&b, NULL);
}

static enum err read_detector(const struct format_node *v, size_t index,
                              struct detect_filter *const *filters, size_t n_filters,
                              struct detect_detector *d, const struct detect_notes *notes,
                              struct err_text *why)
{
    if (format_node_type(v) != FORMAT_OBJECT)
        return format_node_err(v, why, ERR_INVALID, "a detector must be an object");
    const struct format_node *fn = format_node_get(v, "function");
    const char *name = format_node_str(fn, NULL);
    if (name == NULL)
        return format_node_err(fn != NULL ? fn : v, why, ERR_INVALID,
                               "a detector needs a function, one of %s", detect_function_names());
    d->function = detect_function_find(name, format_node_str_len(fn));
    if (d->function == NULL)
        return format_node_err(fn, why, ERR_INVALID,
                               "the function \"%.60s\" is not known; expected one of %s", name,
                               detect_function_names());
    if (!d->function->supported)
        return format_node_err(fn, why, ERR_UNSUPPORTED,
                               "the function %s is not supported; supported are %s",
                               d->function->name, detect_function_names());
    TRY(detect_read_str(v, "field_name", &d->field, why));
    TRY(detect_read_str(v, "by_field_name", &d->by, why));
    TRY(detect_read_str(v, "over_field_name", &d->over, why));
    TRY(detect_read_str(v, "partition_field_name", &d->partition, why));
    TRY(detect_read_str(v, "detector_description", &d->description, why));
    TRY(detect_read_bool(v, "use_null", &d->use_null, why));
    TRY(detect_validate_fields(v, d, why));
    TRY(detect_validate_exclude(v, d, notes, why));
    int64_t at = (int64_t)index;
    TRY(detect_read_int(v, "detector_index", 0, DETECT_DETECTORS_MAX, &at, why));
    if (at != (int64_t)index)
        return format_node_err(format_node_get(v, "detector_index"), why, ERR_INVALID,
                               "detector_index must count from 0 in the order of the list; "
                               "expected %zu",
                               index);
    TRY(detect_rules_read(v, d, filters, n_filters, notes, why));
    if (d->description == NULL || d->description[0] == '\0') {
        mem_free(d->description);
        d->description = describe(d);
        if (d->description == NULL)
            return ERR_MEMORY;
    }
    return detect_read_unknown(v, "a detector", notes);
}

/* Further measures share the texts and rules of the detector that they belong to. */
static void add_measures(struct detect_job *job)
{
    job->n_measures = job->n_detectors;
    for (size_t i = 0; i < job->n_detectors; i++) {
        struct detect_detector *d = &job->detectors[i];
        const struct detect_function *whole = d->function;
        d->index = (uint8_t)i;
        d->function = detect_function_part(whole, 0);
        for (size_t k = 1; detect_function_part(whole, k) != NULL; k++) {
            struct detect_detector *more = &job->detectors[job->n_measures++];
            *more = *d;
            more->function = detect_function_part(whole, k);
        }
    }
}

static enum err read_detectors(const struct format_node *ac, struct detect_job *job,
                               struct detect_filter *const *filters, size_t n_filters,
                               const struct detect_notes *notes, struct err_text *why)
{
    const struct format_node *list = format_node_get(ac, "detectors");
    size_t n = format_node_count(list);
    if (list == NULL || format_node_type(list) != FORMAT_ARRAY || n == 0)
        return format_node_err(list != NULL ? list : ac, why, ERR_INVALID,
                               "analysis_config needs detectors, a list of at least one");
    if (n > DETECT_DETECTORS_MAX)
        return format_node_err(list, why, ERR_INVALID, "a job may have at most %d detectors",
                               DETECT_DETECTORS_MAX);
    job->detectors = mem_zero(n * DETECT_PARTS_MAX, sizeof(*job->detectors));
    if (job->detectors == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct format_node *v = format_node_at(list, i);
        job->n_detectors = i + 1;
        TRY(read_detector(v, i, filters, n_filters, &job->detectors[i], notes, why));
        TRY(detect_validate_detector(v, job, why));
    }
    add_measures(job);
    return ERR_NONE;
}

/* A key that asks for something this engine has not; false, "" and null ask for nothing. */
static enum err refuse(const struct format_node *obj, const char *key, struct err_text *why)
{
    const struct format_node *v = format_node_get(obj, key);
    if (v == NULL)
        return ERR_NONE;
    enum format_type type = format_node_type(v);
    if (type == FORMAT_NULL || (type == FORMAT_BOOL && !format_node_bool(v, true)))
        return ERR_NONE;
    return format_node_err(v, why, ERR_UNSUPPORTED, "%s is not supported", key);
}

/* How the texts of a field become categories. */
static enum err read_categories(const struct format_node *ac, struct detect_job *job,
                                struct err_text *why)
{
    const struct format_node *apart = NULL;
    TRY(detect_read_str(ac, "categorization_field_name", &job->category_field, why));
    TRY(detect_read_object(ac, "per_partition_categorization", &apart, why));
    if (apart != NULL) {
        TRY(detect_read_bool(apart, "enabled", &job->categories_apart, why));
        TRY(detect_read_bool(apart, "stop_on_warn", &job->stop_on_warn, why));
        const struct format_node *more = format_node_unknown(apart);
        if (more != NULL)
            return format_node_err(more, why, ERR_INVALID,
                                   "per_partition_categorization has enabled and stop_on_warn");
    }
    const struct format_node *filters = format_node_get(ac, "categorization_filters");
    const struct format_node *analyzer = format_node_get(ac, "categorization_analyzer");
    if (job->category_field != NULL)
        return categorize_analyzer_new(filters, analyzer, &job->analyzer, why);
    if (format_node_count(filters) > 0)
        return format_node_err(filters, why, ERR_INVALID,
                               "categorization_filters needs categorization_field_name");
    if (analyzer != NULL && format_node_type(analyzer) != FORMAT_NULL)
        return format_node_err(analyzer, why, ERR_INVALID,
                               "categorization_analyzer needs categorization_field_name");
    return ERR_NONE;
}

static enum err read_analysis(const struct format_node *root, struct detect_job *job,
                              struct detect_filter *const *filters, size_t n_filters,
                              const struct detect_notes *notes, struct err_text *why)
{
    const struct format_node *ac = NULL;
    TRY(detect_read_object(root, "analysis_config", &ac, why));
    if (ac == NULL)
        return format_node_err(root, why, ERR_INVALID, "a job needs analysis_config, an object");
    job->bucket_span_ns = 5 * TIME_MIN;
    TRY(detect_read_span(ac, "bucket_span", TIME_S, SPAN_MAX, &job->bucket_span_ns, why));
    if (job->bucket_span_ns % TIME_S != 0)
        return format_node_err(format_node_get(ac, "bucket_span"), why, ERR_INVALID,
                               "bucket_span must be whole seconds");
    TRY(detect_read_span(ac, "latency", 0, SPAN_MAX, &job->latency_ns, why));
    if (job->latency_ns / job->bucket_span_ns > LATENCY_BUCKETS_MAX)
        return format_node_err(format_node_get(ac, "latency"), why, ERR_INVALID,
                               "latency may be at most %d bucket spans", LATENCY_BUCKETS_MAX);
    job->prune_window_ns =
        job->bucket_span_ns > 30 * TIME_DAY / 20 ? 20 * job->bucket_span_ns : 30 * TIME_DAY;
    TRY(detect_read_span(ac, "model_prune_window", 2 * job->bucket_span_ns, 100 * SPAN_MAX,
                         &job->prune_window_ns, why));
    TRY(refuse(ac, "multivariate_by_fields", why));
    TRY(read_categories(ac, job, why));
    TRY(detect_read_str(ac, "summary_count_field_name", &job->summary_count_field, why));
    if (job->summary_count_field != NULL && job->summary_count_field[0] == '\0')
        return format_node_err(ac, why, ERR_INVALID, "summary_count_field_name must not be empty");
    TRY(detect_read_strings(ac, "influencers", DETECT_INFLUENCERS_MAX, &job->influencers,
                            &job->n_influencers, why));
    for (size_t i = 0; i < job->n_influencers; i++) {
        if (job->influencers[i][0] == '\0')
            return format_node_err(ac, why, ERR_INVALID, "an influencer must name a field");
        for (size_t k = 0; k < i; k++) {
            if (strcmp(job->influencers[i], job->influencers[k]) == 0)
                return format_node_err(ac, why, ERR_INVALID, "the influencer %.100s is named twice",
                                       job->influencers[i]);
        }
    }
    TRY(read_detectors(ac, job, filters, n_filters, notes, why));
    TRY(detect_validate_categories(ac, job, why));
    return detect_read_unknown(ac, "analysis_config", notes);
}

static enum err read_limits(const struct format_node *root, struct detect_job *job,
                            const struct detect_notes *notes, struct err_text *why)
{
    job->annotations = true;
    job->memory_limit = (uint64_t)1 << 30;
    job->category_examples = EXAMPLES;
    const struct format_node *al = NULL;
    TRY(detect_read_object(root, "analysis_limits", &al, why));
    if (al == NULL)
        return ERR_NONE;
    const struct format_node *v = format_node_get(al, "model_memory_limit");
    if (v != NULL && format_node_type(v) != FORMAT_NULL) {
        /* A bare number is in megabytes, as in Elastic's first versions. */
        uint64_t limit = 0;
        int64_t n = format_node_int(v, 0);
        bool ok = format_node_type(v) == FORMAT_INT && n > 0 && n < (int64_t)1 << 32;
        if (ok)
            limit = (uint64_t)n << 20;
        else if (format_node_type(v) == FORMAT_STRING)
            ok = detect_job_bytes(format_node_str(v, ""), format_node_str_len(v), &limit);
        if (!ok || limit < (uint64_t)1 << 20)
            return format_node_err(v, why, ERR_INVALID,
                                   "model_memory_limit must be a size such as \"32mb\", at least "
                                   "1mb");
        job->memory_limit = limit;
    }
    int64_t examples = EXAMPLES;
    TRY(detect_read_int(al, "categorization_examples_limit", 0, CATEGORIZE_EXAMPLES_MOST, &examples,
                        why));
    job->category_examples = (size_t)examples;
    return detect_read_unknown(al, "analysis_limits", notes);
}

static enum err read_time(const struct format_node *root, struct detect_job *job,
                          const struct detect_notes *notes, struct err_text *why)
{
    const struct format_node *dd = NULL;
    TRY(detect_read_object(root, "data_description", &dd, why));
    job->time_format = DETECT_TIME_EPOCH_S;
    if (dd != NULL) {
        TRY(detect_read_str(dd, "time_field", &job->time_field, why));
        const struct format_node *f = format_node_get(dd, "time_format");
        const char *text = format_node_str(f, f != NULL ? "" : "epoch");
        if (strcmp(text, "epoch") == 0)
            job->time_format = DETECT_TIME_EPOCH_S;
        else if (strcmp(text, "epoch_ms") == 0)
            job->time_format = DETECT_TIME_EPOCH_MS;
        else if (strncmp(text, "yyyy-MM-dd", 10) == 0 || strncmp(text, "uuuu-MM-dd", 10) == 0 ||
                 strcmp(text, "iso8601") == 0)
            job->time_format = DETECT_TIME_ISO;
        else
            return format_node_err(
                f, why, ERR_UNSUPPORTED,
                "time_format must be \"epoch\", \"epoch_ms\" or a pattern of ISO "
                "8601 that begins with yyyy-MM-dd");
        static const char *const idle[] = {"format", "field_delimiter", "quote_character"};
        detect_read_ignore(dd, idle, sizeof(idle) / sizeof(idle[0]));
        TRY(detect_read_unknown(dd, "data_description", notes));
    }
    if (job->time_field == NULL)
        job->time_field = mem_strdup("time");
    if (job->time_field == NULL)
        return ERR_MEMORY;
    if (job->time_field[0] == '\0')
        return format_node_err(dd, why, ERR_INVALID, "time_field must not be empty");
    return ERR_NONE;
}

static enum err read_plot(const struct format_node *root, struct detect_job *job,
                          const struct detect_notes *notes, struct err_text *why)
{
    const struct format_node *mp = NULL;
    TRY(detect_read_object(root, "model_plot_config", &mp, why));
    if (mp == NULL)
        return ERR_NONE;
    job->model_plot = true;
    TRY(detect_read_bool(mp, "enabled", &job->model_plot, why));
    TRY(detect_read_bool(mp, "annotations_enabled", &job->annotations, why));
    TRY(detect_read_str(mp, "terms", &job->model_plot_terms, why));
    if (job->model_plot_terms != NULL && job->model_plot_terms[0] == '\0') {
        mem_free(job->model_plot_terms);
        job->model_plot_terms = NULL;
    }
    return detect_read_unknown(mp, "model_plot_config", notes);
}

static enum err read_job(const struct format_node *root, struct detect_job *job,
                         struct detect_filter *const *filters, size_t n_filters,
                         struct err_text *why)
{
    const struct detect_notes notes = {&job->notes, &job->n_notes};
    if (format_node_type(root) != FORMAT_OBJECT)
        return format_node_err(root, why, ERR_INVALID, "a job must be a JSON object");
    const struct format_node *id = format_node_get(root, "job_id");
    if (id != NULL && format_node_type(id) != FORMAT_NULL) {
        if (format_node_type(id) != FORMAT_STRING ||
            !detect_job_set_id(job, format_node_str(id, "")))
            return format_node_err(id, why, ERR_INVALID,
                                   "job_id must be at most %d of a-z, 0-9, '-' and '_', with a "
                                   "letter or digit at both ends",
                                   DETECT_JOB_ID_MAX);
    }
    const struct format_node *type = format_node_get(root, "job_type");
    if (type != NULL && strcmp(format_node_str(type, ""), "anomaly_detector") != 0)
        return format_node_err(type, why, ERR_UNSUPPORTED, "job_type must be \"anomaly_detector\"");
    TRY(read_analysis(root, job, filters, n_filters, &notes, why));
    TRY(read_limits(root, job, &notes, why));
    TRY(read_time(root, job, &notes, why));
    TRY(read_plot(root, job, &notes, why));
    TRY(detect_read_str(root, "description", &job->description, why));
    if (job->description == NULL && (job->description = mem_strdup("")) == NULL)
        return ERR_MEMORY;
    TRY(detect_read_strings(root, "groups", 1000, &job->groups, &job->n_groups, why));
    TRY(detect_read_str(root, "results_index_name", &job->results_index, why));
    if (job->results_index == NULL && (job->results_index = mem_strdup("shared")) == NULL)
        return ERR_MEMORY;
    TRY(detect_validate_names(root, job, why));
    TRY(detect_read_bool(root, "allow_lazy_open", &job->allow_lazy_open, why));
    job->snapshot_retention_days = 10;
    TRY(detect_read_int(root, "model_snapshot_retention_days", 0, 100000,
                        &job->snapshot_retention_days, why));
    job->daily_snapshot_retention_days =
        job->snapshot_retention_days < 1 ? job->snapshot_retention_days : 1;
    TRY(detect_read_int(root, "daily_model_snapshot_retention_after_days", 0,
                        job->snapshot_retention_days, &job->daily_snapshot_retention_days, why));
    TRY(detect_read_int(root, "renormalization_window_days", 0, 36500,
                        &job->renormalization_window_days, why));
    TRY(detect_read_int(root, "results_retention_days", 0, 100000, &job->results_retention_days,
                        why));
    TRY(detect_read_span(root, "background_persist_interval", TIME_HOUR, SPAN_MAX,
                         &job->persist_interval_ns, why));
    const struct format_node *custom = NULL;
    TRY(detect_read_object(root, "custom_settings", &custom, why));
    if (custom != NULL) {
        format_node_mark(custom);
        job->custom_settings = detect_read_json(custom);
        if (job->custom_settings == NULL)
            return ERR_MEMORY;
    }
    /* What get_jobs adds, and the datafeed that put_job may carry (detect/feed.h reads it). */
    static const char *const idle[] = {
        "create_time",       "finished_time",   "job_version", "blocked",
        "model_snapshot_id", "datafeed_config", "deleting",    "model_snapshot_min_version"};
    detect_read_ignore(root, idle, sizeof(idle) / sizeof(idle[0]));
    TRY(detect_read_unknown(root, "the job", &notes));
    job->source = detect_read_json(root);
    return job->source != NULL ? ERR_NONE : ERR_MEMORY;
}

enum err detect_job_from_node(const struct format_node *node, struct detect_filter *const *filters,
                              size_t n_filters, struct detect_job **out, struct err_text *why)
{
    struct detect_job *job = mem_zero(1, sizeof(*job));
    if (job == NULL)
        return err_set(why, ERR_MEMORY, "no memory for the job");
    enum err e = read_job(node, job, filters, n_filters, why);
    if (e != ERR_NONE) {
        if (e == ERR_MEMORY)
            err_set(why, e, "no memory for the job");
        detect_job_free(job);
        return e;
    }
    *out = job;
    return ERR_NONE;
}

enum err detect_job_parse(const char *text, size_t n, const char *file,
                          struct detect_filter *const *filters, size_t n_filters,
                          struct detect_job **out, struct err_text *why)
{
    struct format_node *root = NULL;
    enum err e = format_node_json(text, n, file, &root, why);
    if (e != ERR_NONE)
        return e;
    e = detect_job_from_node(root, filters, n_filters, out, why);
    format_node_free(root);
    return e;
}
