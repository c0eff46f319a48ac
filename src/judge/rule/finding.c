/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/finding.h"

#include "format/node.h"

#include <string.h>

size_t rule_entity_count(const struct rule_entity *e)
{
    return e->one != NULL ? 1 : format_node_count(e->list);
}

const char *rule_entity_value(const struct rule_entity *e, size_t i)
{
    return e->one != NULL ? e->one : format_node_str(format_node_at(e->list, i), "");
}

const struct rule_entity *rule_finding_entity(const struct rule_finding *f, const char *field)
{
    for (size_t i = 0; i < f->entities; i++) {
        if (strcmp(f->entity[i].field, field) == 0)
            return &f->entity[i];
    }
    return NULL;
}

bool rule_finding_wire(const struct rule_finding *f)
{
    return rule_finding_entity(f, "user.name") == NULL &&
           rule_finding_entity(f, "process.name") == NULL;
}

static void add_entity(struct rule_finding *f, struct rule_entity e)
{
    if (f->entities < RULE_ENTITIES_MAX && rule_finding_entity(f, e.field) == NULL)
        f->entity[f->entities++] = e;
}

static void read_split(struct rule_finding *f, const char *name_key, const char *value_key)
{
    const char *name = format_node_str(format_node_get(f->root, name_key), NULL);
    const char *value = format_node_str(format_node_get(f->root, value_key), NULL);
    if (name != NULL && value != NULL)
        add_entity(f, (struct rule_entity){.field = name, .one = value});
}

static bool all_strings(const struct format_node *list)
{
    for (size_t i = 0; i < format_node_count(list); i++) {
        if (format_node_type(format_node_at(list, i)) != FORMAT_STRING)
            return false;
    }
    return format_node_count(list) > 0;
}

static void read_influencers(struct rule_finding *f)
{
    const struct format_node *list = format_node_get(f->root, "influencers");
    for (size_t i = 0; i < format_node_count(list); i++) {
        const struct format_node *at = format_node_at(list, i);
        const char *name = format_node_str(format_node_get(at, "influencer_field_name"), NULL);
        const struct format_node *values = format_node_get(at, "influencer_field_values");
        if (name != NULL && format_node_type(values) == FORMAT_ARRAY && all_strings(values))
            add_entity(f, (struct rule_entity){.field = name, .list = values, .influencer = true});
    }
}

static bool first_number(const struct format_node *v, const char *key, double *out)
{
    const struct format_node *at = format_node_get(v, key);
    if (format_node_type(at) == FORMAT_ARRAY)
        at = format_node_at(at, 0);
    if (format_node_type(at) != FORMAT_INT && format_node_type(at) != FORMAT_FLOAT)
        return false;
    *out = format_node_num(at, 0);
    return true;
}

/* Population records may tell the values with their strongest cause only. */
static void read_values(struct rule_finding *f)
{
    const struct format_node *cause = format_node_at(format_node_get(f->root, "causes"), 0);
    const struct format_node *places = format_node_get(f->root, "geo_results");
    if (places == NULL)
        places = format_node_get(cause, "geo_results");
    f->place = format_node_str(format_node_get(places, "actual_point"), NULL);
    f->usual_place = format_node_str(format_node_get(places, "typical_point"), NULL);
    if (f->place != NULL)
        return;
    f->has_values = first_number(f->root, "actual", &f->actual) &&
                    first_number(f->root, "typical", &f->typical);
    if (!f->has_values)
        f->has_values = first_number(cause, "actual", &f->actual) &&
                        first_number(cause, "typical", &f->typical);
}

static const char *without_side(const char *function)
{
    static const char *const sides[] = {"high_", "low_"};
    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
        size_t n = strlen(sides[i]);
        if (strncmp(function, sides[i], n) == 0)
            return function + n;
    }
    return function;
}

/* Beyond these a time in milliseconds does not fit ts_ns. */
#define MS_MAX (TIME_MAX / TIME_MS)
#define SPAN_MAX_S (TIME_MAX / TIME_S / 4)

static enum err read_frame(struct rule_finding *f, struct err_text *why)
{
    const struct format_node *root = f->root;
    const char *type = format_node_str(format_node_get(root, "result_type"), "");
    const struct format_node *time = format_node_get(root, "timestamp");
    const struct format_node *score = format_node_get(root, "record_score");
    f->job_id = format_node_str(format_node_get(root, "job_id"), NULL);
    f->function = format_node_str(format_node_get(root, "function"), NULL);
    int64_t ms = format_node_int(time, INT64_MIN);
    int64_t span = format_node_int(format_node_get(root, "bucket_span"), 0);
    if (strcmp(type, "record") != 0)
        return format_node_err(root, why, ERR_FORMAT,
                               "a result document of type record is expected");
    if (f->job_id == NULL || f->function == NULL)
        return format_node_err(root, why, ERR_FORMAT, "a record must name its job and function");
    if (format_node_type(time) != FORMAT_INT || ms > MS_MAX || ms < -MS_MAX)
        return format_node_err(root, why, ERR_FORMAT,
                               "a record's timestamp must be milliseconds since 1970");
    if (format_node_type(score) != FORMAT_INT && format_node_type(score) != FORMAT_FLOAT)
        return format_node_err(root, why, ERR_FORMAT, "a record must have a record_score");
    if (span < 0 || span > SPAN_MAX_S || ms > MS_MAX - span * 1000)
        return format_node_err(root, why, ERR_FORMAT,
                               "a record's bucket_span must be a number of seconds");
    f->start = ms * TIME_MS;
    f->span_ns = span * TIME_S;
    f->score = format_node_num(score, 0);
    f->measure = without_side(f->function);
    f->field = format_node_str(format_node_get(root, "field_name"), NULL);
    return ERR_NONE;
}

enum err rule_finding_read(struct bytes json, const char *name, struct rule_finding *out,
                           struct err_text *why)
{
    struct rule_finding f = {0};
    enum err code = format_node_json((const char *)json.p, json.n, name, &f.root, why);
    if (code != ERR_NONE)
        return code;
    code = read_frame(&f, why);
    if (code != ERR_NONE) {
        format_node_free(f.root);
        return code;
    }
    read_split(&f, "by_field_name", "by_field_value");
    read_split(&f, "over_field_name", "over_field_value");
    read_split(&f, "partition_field_name", "partition_field_value");
    read_influencers(&f);
    read_values(&f);
    f.terms = format_node_str(format_node_at(format_node_get(f.root, "mlcategory_terms"), 0), NULL);
    const struct format_node *said = format_node_get(f.root, "anomaly_score_explanation");
    f.first = format_node_bool(format_node_get(said, "by_field_first_occurrence"), false);
    *out = f;
    return ERR_NONE;
}

void rule_finding_release(struct rule_finding *f)
{
    format_node_free(f->root);
    f->root = NULL;
}
