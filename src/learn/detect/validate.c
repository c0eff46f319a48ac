/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/validate_priv.h"

#include "format/node.h"

#include <string.h>

enum err detect_validate_fields(const struct format_node *v, const struct detect_detector *d,
                                struct err_text *why)
{
    const struct detect_function *f = d->function;
    const struct {
        const char *key;
        const char *value;
        uint8_t need;
    } fields[] = {{"field_name", d->field, f->field},
                  {"by_field_name", d->by, f->by},
                  {"over_field_name", d->over, f->over},
                  {"partition_field_name", d->partition, DETECT_NEED_OPTIONAL}};
    const size_t n = sizeof(fields) / sizeof(fields[0]);
    for (size_t i = 0; i < n; i++) {
        if (fields[i].value == NULL) {
            if (fields[i].need == DETECT_NEED_REQUIRED)
                return format_node_err(v, why, ERR_INVALID, "the function %s needs %s", f->name,
                                       fields[i].key);
            continue;
        }
        if (fields[i].need == DETECT_NEED_NONE)
            return format_node_err(v, why, ERR_INVALID, "the function %s takes no %s", f->name,
                                   fields[i].key);
        if (fields[i].value[0] == '\0')
            return format_node_err(v, why, ERR_INVALID, "%s must not be empty", fields[i].key);
        if (strpbrk(fields[i].value, "\"\\") != NULL)
            return format_node_err(v, why, ERR_INVALID,
                                   "%s must not hold a double quote or a backslash", fields[i].key);
        if (i == 0 && strcmp(fields[i].value, DETECT_CATEGORY_FIELD) == 0)
            return format_node_err(v, why, ERR_INVALID,
                                   "field_name must be a field of the events; the categories of "
                                   "texts, %s, may be by, over or partition field",
                                   DETECT_CATEGORY_FIELD);
        for (size_t k = 1; k < i; k++) {
            if (fields[k].value != NULL && strcmp(fields[k].value, fields[i].value) == 0)
                return format_node_err(v, why, ERR_INVALID, "%s and %s must be different fields",
                                       fields[k].key, fields[i].key);
        }
    }
    return ERR_NONE;
}

enum err detect_validate_exclude(const struct format_node *v, struct detect_detector *d,
                                 const struct detect_notes *notes, struct err_text *why)
{
    static const struct {
        const char *name;
        uint8_t value;
    } names[] = {{"none", DETECT_EXCLUDE_NONE},
                 {"by", DETECT_EXCLUDE_BY},
                 {"over", DETECT_EXCLUDE_OVER},
                 {"all", DETECT_EXCLUDE_ALL}};
    const struct format_node *x = format_node_get(v, "exclude_frequent");
    if (x == NULL || format_node_type(x) == FORMAT_NULL)
        return ERR_NONE;
    const char *text = format_node_str(x, "");
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(text, names[i].name) != 0)
            continue;
        d->exclude = names[i].value;
        if (d->exclude == DETECT_EXCLUDE_NONE)
            return ERR_NONE;
        if (detect_kind_rare(d->function->kind))
            return format_node_err(x, why, ERR_INVALID, "the function %s takes no exclude_frequent",
                                   d->function->name);
        if (d->by == NULL && d->over == NULL)
            return format_node_err(x, why, ERR_INVALID,
                                   "exclude_frequent \"%s\" needs by_field_name or over_field_name",
                                   text);
        if (d->exclude == DETECT_EXCLUDE_BY && d->by == NULL)
            return format_node_err(
                x, why, ERR_INVALID,
                "exclude_frequent \"by\" needs by_field_name; \"over\" is allowed");
        if (d->exclude == DETECT_EXCLUDE_OVER && d->over == NULL)
            return format_node_err(
                x, why, ERR_INVALID,
                "exclude_frequent \"over\" needs over_field_name; \"by\" is allowed");
        if (detect_kind_shared(d->function->kind))
            return detect_read_note(notes,
                                    "%s:%u: exclude_frequent has no effect on the function %s, "
                                    "which knows no frequency of values",
                                    format_node_file_name(x), format_node_line(x),
                                    d->function->name);
        return ERR_NONE;
    }
    return format_node_err(x, why, ERR_INVALID,
                           "exclude_frequent must be \"all\", \"none\", \"by\" or \"over\"");
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL ? b == NULL : b != NULL && strcmp(a, b) == 0;
}

static bool same_detector(const struct detect_detector *a, const struct detect_detector *b)
{
    return strcmp(a->function->full, b->function->full) == 0 && same_text(a->field, b->field) &&
           same_text(a->by, b->by) && same_text(a->over, b->over) &&
           same_text(a->partition, b->partition);
}

enum err detect_validate_detector(const struct format_node *v, const struct detect_job *job,
                                  struct err_text *why)
{
    size_t last = job->n_detectors - 1;
    const struct detect_detector *d = &job->detectors[last];
    if (d->function->kind == DETECT_METRIC && job->summary_count_field != NULL)
        return format_node_err(v, why, ERR_INVALID,
                               "the function metric cannot be used with summary_count_field_name; "
                               "min, max and mean can");
    for (size_t k = 0; k < last; k++) {
        if (same_detector(&job->detectors[k], d))
            return format_node_err(v, why, ERR_INVALID,
                                   "detectors %zu and %zu have the same function and fields", k,
                                   last);
    }
    return ERR_NONE;
}

static bool is_category(const char *field)
{
    return field != NULL && strcmp(field, DETECT_CATEGORY_FIELD) == 0;
}

bool detect_validate_is_categorized(const struct detect_detector *d)
{
    return is_category(d->by) || is_category(d->over) || is_category(d->partition);
}

/* Categories of each partition want one field that says which partition it is. */
static enum err see_apart(const struct format_node *detectors, const struct detect_job *job,
                          struct err_text *why)
{
    const char *partition = NULL;
    for (size_t i = 0; i < job->n_detectors; i++) {
        const struct detect_detector *d = &job->detectors[i];
        const struct format_node *v = format_node_at(detectors, i);
        if (!detect_validate_is_categorized(d))
            continue;
        if (d->partition == NULL || is_category(d->partition))
            return format_node_err(v, why, ERR_INVALID,
                                   "with per_partition_categorization a detector that uses %s "
                                   "needs partition_field_name, another field",
                                   DETECT_CATEGORY_FIELD);
        if (partition != NULL && strcmp(partition, d->partition) != 0)
            return format_node_err(v, why, ERR_INVALID,
                                   "with per_partition_categorization all detectors that use %s "
                                   "need the same partition_field_name; there are %.100s and "
                                   "%.100s",
                                   DETECT_CATEGORY_FIELD, partition, d->partition);
        partition = d->partition;
    }
    return ERR_NONE;
}

enum err detect_validate_categories(const struct format_node *ac, const struct detect_job *job,
                                    struct err_text *why)
{
    const struct format_node *detectors = format_node_get(ac, "detectors");
    const struct format_node *field = format_node_get(ac, "categorization_field_name");
    const struct format_node *apart = format_node_get(ac, "per_partition_categorization");
    size_t used = job->n_detectors;
    bool influences = false;
    for (size_t i = 0; i < job->n_detectors && used == job->n_detectors; i++) {
        if (detect_validate_is_categorized(&job->detectors[i]))
            used = i;
    }
    for (size_t i = 0; i < job->n_influencers; i++)
        influences |= is_category(job->influencers[i]);
    if (job->stop_on_warn && !job->categories_apart)
        return format_node_err(apart, why, ERR_INVALID,
                               "stop_on_warn needs per_partition_categorization to be enabled");
    if (job->category_field == NULL) {
        if (used == job->n_detectors && !influences && !job->categories_apart)
            return ERR_NONE;
        const struct format_node *at =
            used < job->n_detectors ? format_node_at(detectors, used) : ac;
        return format_node_err(at, why, ERR_INVALID, "%s needs categorization_field_name",
                               used < job->n_detectors || influences
                                   ? DETECT_CATEGORY_FIELD
                                   : "per_partition_categorization");
    }
    if (job->category_field[0] == '\0' || is_category(job->category_field) ||
        strpbrk(job->category_field, "\"\\") != NULL)
        return format_node_err(field, why, ERR_INVALID,
                               "categorization_field_name must be a field of the events, without "
                               "double quote or backslash");
    if (used == job->n_detectors)
        return format_node_err(field, why, ERR_INVALID,
                               "categorization_field_name needs a detector that has %s as by, over "
                               "or partition field",
                               DETECT_CATEGORY_FIELD);
    return job->categories_apart ? see_apart(detectors, job, why) : ERR_NONE;
}

enum err detect_validate_names(const struct format_node *root, const struct detect_job *job,
                               struct err_text *why)
{
    const struct format_node *groups = format_node_get(root, "groups");
    for (size_t i = 0; i < job->n_groups; i++) {
        if (!detect_job_id_valid(job->groups[i]))
            return format_node_err(groups, why, ERR_INVALID,
                                   "groups must hold ids: at most %d of a-z, 0-9, '-' and '_', "
                                   "with a letter or digit at both ends; \"%.100s\" is none",
                                   DETECT_JOB_ID_MAX, job->groups[i]);
        if (strcmp(job->groups[i], job->id) == 0)
            return format_node_err(groups, why, ERR_INVALID,
                                   "groups must not hold the job's own id, \"%s\"", job->id);
    }
    if (!detect_job_id_valid(job->results_index))
        return format_node_err(format_node_get(root, "results_index_name"), why, ERR_INVALID,
                               "results_index_name must be at most %d of a-z, 0-9, '-' and '_', "
                               "with a letter or digit at both ends",
                               DETECT_JOB_ID_MAX);
    return ERR_NONE;
}
