/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/aggs.h"

#include "base/mem.h"
#include "detect/job.h"
#include "detect/read_priv.h"
#include "format/node.h"

#include <string.h>

#define DEPTH_MAX 20
#define NAMES_MAX 200
#define COUNT "doc_count"

#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum err try_err = (call);                                                                 \
        if (try_err != ERR_NONE)                                                                   \
            return try_err;                                                                        \
    } while (0)

/* What an aggregation is to a row. */
enum role {
    ROLE_NONE,
    ROLE_TIMES,     /* cuts time into intervals */
    ROLE_COMPOSITE, /* the same, with keys beside */
    ROLE_KEY,       /* a field, and a row for each of its values */
    ROLE_CHOICE,    /* leaves events out */
    ROLE_NUMBER,    /* a field */
};

static const struct {
    const char *name;
    enum role role;
} kinds[] = {
    {"date_histogram", ROLE_TIMES}, {"composite", ROLE_COMPOSITE}, {"terms", ROLE_KEY},
    {"filter", ROLE_CHOICE},        {"missing", ROLE_CHOICE},      {"sum", ROLE_NUMBER},
    {"avg", ROLE_NUMBER},           {"min", ROLE_NUMBER},          {"max", ROLE_NUMBER},
    {"value_count", ROLE_NUMBER},   {"cardinality", ROLE_NUMBER},  {"percentiles", ROLE_NUMBER},
};

struct reader {
    struct detect_aggs *out;
    struct err_text *why;
    bool has_time; /* the max that is the time of the rows */
};

void detect_aggs_free(struct detect_aggs *a)
{
    if (a == NULL)
        return;
    detect_read_strings_free(a->names, a->n_names);
    mem_free(a->time_field);
    mem_free(a->text);
    mem_free(a);
}

bool detect_aggs_has(const struct detect_aggs *a, const char *name)
{
    for (size_t i = 0; i < a->n_names; i++)
        if (strcmp(a->names[i], name) == 0)
            return true;
    return false;
}

/* What lies below an aggregation, or the list of a datafeed; NULL: nothing. */
static const struct format_node *below(const struct format_node *v)
{
    const struct format_node *sub = format_node_get(v, "aggregations");
    return sub != NULL ? sub : format_node_get(v, "aggs");
}

/* The member that says what an aggregation is, and its role. */
static enum err find_kind(struct reader *r, const struct format_node *v,
                          const struct format_node **out, enum role *out_role)
{
    *out = NULL;
    if (format_node_type(v) != FORMAT_OBJECT)
        return format_node_err(v, r->why, ERR_INVALID, "the aggregation %.60s must be an object",
                               format_node_key(v));
    if (format_node_get(v, "aggs") != NULL && format_node_get(v, "aggregations") != NULL)
        return format_node_err(v, r->why, ERR_INVALID,
                               "the aggregation %.60s has either aggregations or aggs, which are "
                               "the same",
                               format_node_key(v));
    for (size_t i = 0; i < format_node_count(v); i++) {
        const struct format_node *one = format_node_at(v, i);
        const char *key = format_node_key(one);
        if (strcmp(key, "aggs") == 0 || strcmp(key, "aggregations") == 0 ||
            strcmp(key, "meta") == 0)
            continue;
        if (*out != NULL || format_node_type(one) != FORMAT_OBJECT)
            return format_node_err(one, r->why, ERR_INVALID,
                                   "the aggregation %.60s must have one object that says what it "
                                   "is, such as {\"avg\": {\"field\": \"bytes\"}}",
                                   format_node_key(v));
        *out = one;
    }
    *out_role = ROLE_NONE;
    for (size_t i = 0; *out != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, format_node_key(*out)) == 0)
            *out_role = kinds[i].role;
    if (*out == NULL)
        return format_node_err(v, r->why, ERR_INVALID,
                               "the aggregation %.60s does not say what it is", format_node_key(v));
    if (*out_role == ROLE_NONE)
        return format_node_err(*out, r->why, ERR_UNSUPPORTED,
                               "the aggregation %.60s is a %.60s, which a datafeed does not "
                               "support; expected date_histogram or composite with terms, filter, "
                               "missing, sum, avg, min, max, value_count, cardinality or "
                               "percentiles below",
                               format_node_key(v), format_node_key(*out));
    return ERR_NONE;
}

static enum err add_name(struct reader *r, const struct format_node *at, const char *name)
{
    struct detect_aggs *a = r->out;
    if (detect_aggs_has(a, name))
        return format_node_err(at, r->why, ERR_INVALID, "two fields of a row are called %.100s",
                               name);
    if (a->n_names == NAMES_MAX)
        return format_node_err(at, r->why, ERR_INVALID, "a row has at most %d fields", NAMES_MAX);
    return detect_read_strings_add(&a->names, &a->n_names, name);
}

/* The interval of a histogram, as what lasts always the same. */
static enum err read_interval(struct reader *r, const struct format_node *v)
{
    static const struct {
        const char *name;
        ts_ns span;
    } calendar[] = {{"minute", TIME_MIN}, {"1m", TIME_MIN},  {"hour", TIME_HOUR},
                    {"1h", TIME_HOUR},    {"day", TIME_DAY}, {"1d", TIME_DAY}};
    const struct format_node *fixed = format_node_get(v, "fixed_interval");
    const struct format_node *other = format_node_get(v, "calendar_interval");
    ts_ns *span = &r->out->interval_ns;
    if ((fixed == NULL) == (other == NULL))
        return format_node_err(v, r->why, ERR_INVALID,
                               "the date_histogram of a datafeed needs fixed_interval or "
                               "calendar_interval");
    if (fixed != NULL) {
        TRY(detect_read_span(v, "fixed_interval", TIME_MS, 366 * TIME_DAY, span, r->why));
        return *span > 0 ? ERR_NONE
                         : format_node_err(fixed, r->why, ERR_INVALID,
                                           "fixed_interval must be a span of time");
    }
    for (size_t i = 0; i < sizeof(calendar) / sizeof(calendar[0]); i++)
        if (strcmp(format_node_str(other, ""), calendar[i].name) == 0)
            *span = calendar[i].span;
    return *span > 0 ? ERR_NONE
                     : format_node_err(other, r->why, ERR_INVALID,
                                       "calendar_interval of a datafeed must be minute, hour or "
                                       "day: the others are not always of one length");
}

/* A histogram of times, by itself or as a source: its field and its intervals. */
static enum err read_times(struct reader *r, const struct format_node *v)
{
    static const char *const moved[] = {"offset", "hard_bounds", "extended_bounds"};
    const char *zone = format_node_str(format_node_get(v, "time_zone"), "UTC");
    TRY(detect_read_str(v, "field", &r->out->time_field, r->why));
    if (r->out->time_field == NULL)
        return format_node_err(v, r->why, ERR_INVALID,
                               "the date_histogram of a datafeed needs a field");
    if (strcmp(r->out->time_field, "@timestamp") != 0)
        return format_node_err(v, r->why, ERR_UNSUPPORTED,
                               "the date_histogram of a datafeed over %.100s is not supported; "
                               "expected the field @timestamp",
                               r->out->time_field);
    if (strcmp(zone, "UTC") != 0 && strcmp(zone, "Z") != 0 && strcmp(zone, "+00:00") != 0)
        return format_node_err(v, r->why, ERR_INVALID,
                               "time_zone of a datafeed's date_histogram must be UTC");
    for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++)
        if (format_node_get(v, moved[i]) != NULL)
            return format_node_err(v, r->why, ERR_UNSUPPORTED,
                                   "%s of a datafeed's date_histogram is not supported", moved[i]);
    return read_interval(r, v);
}

static enum err read_percents(struct reader *r, const struct format_node *v)
{
    const struct format_node *list = format_node_get(v, "percents");
    if (format_node_type(list) == FORMAT_ARRAY && format_node_count(list) == 1)
        return ERR_NONE;
    return format_node_err(v, r->why, ERR_INVALID,
                           "percentiles of a datafeed must have one of percents: a field of a row "
                           "has one value");
}

static enum err read_number(struct reader *r, const struct format_node *v,
                            const struct format_node *kind, bool top)
{
    const char *name = format_node_key(v);
    if (strcmp(format_node_key(kind), "percentiles") == 0)
        TRY(read_percents(r, kind));
    if (!top || strcmp(name, r->out->time_field) != 0)
        return add_name(r, v, name);
    if (strcmp(format_node_key(kind), "max") != 0 ||
        strcmp(format_node_str(format_node_get(kind, "field"), ""), name) != 0)
        return format_node_err(v, r->why, ERR_INVALID,
                               "%.100s below the date_histogram must be the max of %.100s", name,
                               name);
    r->has_time = true;
    return ERR_NONE;
}

/* All that lies below a bucket; top: right below the histogram. *keys counts those that make rows.
 */
static enum err read_level(struct reader *r, const struct format_node *list, bool top, int *keys,
                           unsigned depth)
{
    if (list == NULL)
        return ERR_NONE;
    if (format_node_type(list) != FORMAT_OBJECT)
        return format_node_err(list, r->why, ERR_INVALID, "aggregations must be an object");
    if (depth > DEPTH_MAX)
        return format_node_err(list, r->why, ERR_INVALID, "aggregations are nested at most %d deep",
                               DEPTH_MAX);
    for (size_t i = 0; i < format_node_count(list); i++) {
        const struct format_node *one = format_node_at(list, i);
        const struct format_node *kind;
        enum role role;
        int inner = 0;
        TRY(find_kind(r, one, &kind, &role));
        if (role == ROLE_NUMBER) {
            TRY(read_number(r, one, kind, top));
        } else if (role == ROLE_CHOICE) {
            TRY(read_level(r, below(one), false, keys, depth + 1));
        } else if (role == ROLE_KEY && ++*keys == 1) {
            TRY(add_name(r, one, format_node_key(one)));
            TRY(read_level(r, below(one), false, &inner, depth + 1));
        } else {
            return format_node_err(one, r->why, ERR_INVALID,
                                   role == ROLE_KEY
                                       ? "two terms beside each other, the second is %.60s: a row "
                                         "has one value of each; expected one below the other"
                                       : "the datafeed has a second histogram, %.60s; expected "
                                         "one alone",
                                   format_node_key(one));
        }
    }
    return ERR_NONE;
}

/* The sources: one is the time, the others are fields. */
static enum err read_sources(struct reader *r, const struct format_node *v)
{
    const struct format_node *list = format_node_get(v, "sources");
    if (format_node_get(v, "after") != NULL)
        return format_node_err(v, r->why, ERR_INVALID,
                               "a datafeed's composite must not have after: all of it is read");
    for (size_t i = 0; i < format_node_count(list); i++) {
        const struct format_node *named = format_node_at(format_node_at(list, i), 0);
        const struct format_node *kind = format_node_at(named, 0);
        const char *name = named != NULL ? format_node_key(named) : NULL;
        const char *type = kind != NULL ? format_node_key(kind) : NULL;
        if (name == NULL || type == NULL)
            return format_node_err(v, r->why, ERR_INVALID,
                                   "a source of a composite is such as {\"name\": {\"terms\": "
                                   "{\"field\": \"host.name\"}}}");
        if (strcmp(type, "date_histogram") != 0) {
            TRY(add_name(r, named, name));
            continue;
        }
        if (r->out->interval_ns > 0)
            return format_node_err(named, r->why, ERR_INVALID,
                                   "the composite has a second date_histogram, %.60s; expected "
                                   "one alone",
                                   name);
        TRY(read_times(r, kind));
    }
    return r->out->interval_ns > 0
               ? ERR_NONE
               : format_node_err(v, r->why, ERR_INVALID,
                                 "a datafeed's composite needs a source that is a date_histogram "
                                 "of the time field");
}

/* From the list of a datafeed down to the histogram. */
static enum err read_top(struct reader *r, const struct format_node *list, unsigned depth)
{
    const struct format_node *kind;
    enum role role;
    int keys = 0;
    if (format_node_type(list) != FORMAT_OBJECT || format_node_count(list) != 1)
        return format_node_err(list, r->why, ERR_INVALID,
                               "a datafeed's aggregations must begin with one, a date_histogram or "
                               "a composite");
    if (depth > DEPTH_MAX)
        return format_node_err(list, r->why, ERR_INVALID, "aggregations are nested at most %d deep",
                               DEPTH_MAX);
    const struct format_node *one = format_node_at(list, 0);
    TRY(find_kind(r, one, &kind, &role));
    if (role == ROLE_CHOICE)
        return read_top(r, below(one), depth + 1);
    if (role != ROLE_TIMES && role != ROLE_COMPOSITE)
        return format_node_err(one, r->why, ERR_INVALID,
                               "%.60s stands above the date_histogram; only filter and missing may",
                               format_node_key(one));
    TRY(role == ROLE_TIMES ? read_times(r, kind) : read_sources(r, kind));
    if (!detect_aggs_has(r->out, r->out->time_field))
        TRY(add_name(r, one, r->out->time_field));
    TRY(add_name(r, one, COUNT));
    TRY(read_level(r, below(one), true, &keys, depth + 1));
    return r->has_time ? ERR_NONE
                       : format_node_err(one, r->why, ERR_INVALID,
                                         "below the date_histogram is no max of %.100s that is "
                                         "called %.100s: the time of the rows",
                                         r->out->time_field, r->out->time_field);
}

enum err detect_aggs_read(const struct format_node *node, struct detect_aggs **out,
                          struct err_text *why)
{
    struct detect_aggs *a = mem_zero(1, sizeof(*a));
    if (a == NULL)
        return ERR_MEMORY;
    struct reader r = {.out = a, .why = why};
    enum err err = read_top(&r, node, 0);
    if (err == ERR_NONE && (a->text = detect_read_json(node)) == NULL)
        err = ERR_MEMORY;
    if (err != ERR_NONE) {
        detect_aggs_free(a);
        return err;
    }
    format_node_mark(node);
    *out = a;
    return ERR_NONE;
}

/* Whether rows have what a job asks for; the category of a message is made of another field. */
static bool is_given(const struct detect_aggs *a, const char *name)
{
    return name == NULL || strcmp(name, DETECT_CATEGORY_FIELD) == 0 || detect_aggs_has(a, name);
}

static enum err fit_detectors(const struct detect_aggs *a, const struct detect_job *job,
                              struct err_text *why)
{
    for (size_t i = 0; i < job->n_detectors; i++) {
        const struct detect_detector *d = &job->detectors[i];
        const char *const fields[] = {d->field, d->by, d->over, d->partition};
        static const char *const keys[] = {"field_name", "by_field_name", "over_field_name",
                                           "partition_field_name"};
        for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
            if (!is_given(a, fields[k]))
                return err_set(why, ERR_INVALID,
                               "%s of detector %zu, %.100s, is none of the datafeed's "
                               "aggregations: each field of a detector must be called as one of "
                               "them",
                               keys[k], i, fields[k]);
    }
    if (is_given(a, job->category_field))
        return ERR_NONE;
    return err_set(why, ERR_INVALID,
                   "categorization_field_name, %.100s, is none of the datafeed's aggregations",
                   job->category_field);
}

enum err detect_aggs_fit(const struct detect_aggs *a, ts_ns frequency, const struct detect_job *job,
                         struct err_text *why)
{
    char interval[TIME_TEXT_SIZE], span[TIME_TEXT_SIZE];
    time_format_span(a->interval_ns, interval);
    if (job->summary_count_field == NULL)
        return err_set(why, ERR_INVALID,
                       "a datafeed with aggregations needs a job with summary_count_field_name, "
                       "as a rule " COUNT);
    if (!detect_aggs_has(a, job->summary_count_field))
        return err_set(why, ERR_INVALID,
                       "summary_count_field_name, %.100s, is neither " COUNT
                       " nor one of the datafeed's aggregations",
                       job->summary_count_field);
    if (strcmp(job->time_field, a->time_field) != 0)
        return err_set(why, ERR_INVALID,
                       "the date_histogram of the datafeed is over %.100s, the job's time_field "
                       "is %.100s: expected the same",
                       a->time_field, job->time_field);
    time_format_span(job->bucket_span_ns, span);
    if (job->bucket_span_ns % a->interval_ns != 0)
        return err_set(why, ERR_INVALID,
                       "the date_histogram's interval, %s, must divide the job's bucket_span, %s",
                       interval, span);
    time_format_span(frequency, span);
    if (frequency % a->interval_ns != 0)
        return err_set(why, ERR_INVALID,
                       "frequency, %s, must be a multiple of the date_histogram's interval, %s",
                       span, interval);
    return fit_detectors(a, job, why);
}
