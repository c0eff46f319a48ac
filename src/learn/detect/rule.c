/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "detect/filter.h"
#include "detect/rule_priv.h"
#include "format/node.h"

#include <math.h>
#include <string.h>

#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum err try_err = (call);                                                                 \
        if (try_err != ERR_NONE)                                                                   \
            return try_err;                                                                        \
    } while (0)

void detect_rules_free(struct detect_rule *rules, size_t n)
{
    for (size_t i = 0; rules != NULL && i < n; i++) {
        for (size_t k = 0; k < rules[i].n_scopes; k++) {
            mem_free(rules[i].scopes[k].field);
            detect_filter_unref(rules[i].scopes[k].filter);
        }
        mem_free(rules[i].scopes);
        mem_free(rules[i].conditions);
    }
    mem_free(rules);
}

/* Index of text among n names, or −1. */
static int name_index(const char *text, const char *const *names, int n)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(text, names[i]) == 0)
            return i;
    }
    return -1;
}

static enum err read_condition(const struct format_node *v, const struct detect_detector *d,
                               struct detect_condition *c, const struct detect_notes *notes,
                               struct err_text *why)
{
    static const char *const applies[] = {"actual", "typical", "diff_from_typical", "time"};
    static const char *const ops[] = {"lt", "lte", "gt", "gte"};
    int a = name_index(format_node_str(format_node_get(v, "applies_to"), ""), applies, 4);
    int o = name_index(format_node_str(format_node_get(v, "operator"), ""), ops, 4);
    const struct format_node *value = format_node_get(v, "value");
    enum format_type type = format_node_type(value);
    if (a < 0)
        return format_node_err(v, why, ERR_INVALID,
                               "a condition needs applies_to: \"actual\", \"typical\", "
                               "\"diff_from_typical\" or \"time\"");
    if (o < 0)
        return format_node_err(v, why, ERR_INVALID,
                               "a condition needs operator: \"lt\", \"lte\", \"gt\" or \"gte\"");
    if (type != FORMAT_INT && type != FORMAT_FLOAT)
        return format_node_err(v, why, ERR_INVALID, "a condition needs value, a number");
    if ((detect_kind_rare(d->function->kind) || d->function->kind == DETECT_METRIC ||
         d->function->kind == DETECT_LAT_LONG) &&
        a != DETECT_APPLIES_TIME)
        return format_node_err(v, why, ERR_INVALID,
                               "a condition of the function %s may only apply to \"time\"",
                               d->function->name);
    c->applies = (uint8_t)a;
    c->op = (uint8_t)o;
    c->value = format_node_num(value, 0);
    return detect_read_unknown(v, "a condition", notes);
}

static enum err read_conditions(const struct format_node *v, const struct detect_detector *d,
                                struct detect_rule *r, const struct detect_notes *notes,
                                struct err_text *why)
{
    const struct format_node *list = format_node_get(v, "conditions");
    if (list == NULL || format_node_type(list) == FORMAT_NULL)
        return ERR_NONE;
    if (format_node_type(list) != FORMAT_ARRAY)
        return format_node_err(list, why, ERR_INVALID, "conditions must be a list of objects");
    size_t n = format_node_count(list);
    r->conditions = mem_zero(n > 0 ? n : 1, sizeof(*r->conditions));
    if (r->conditions == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct format_node *c = format_node_at(list, i);
        if (format_node_type(c) != FORMAT_OBJECT)
            return format_node_err(c, why, ERR_INVALID, "conditions must be a list of objects");
        TRY(read_condition(c, d, &r->conditions[i], notes, why));
        r->n_conditions = i + 1;
    }
    return ERR_NONE;
}

static enum err read_scope(const struct format_node *v, const char *field,
                           struct detect_filter *const *filters, size_t n_filters,
                           struct detect_scope *s, const struct detect_notes *notes,
                           struct err_text *why)
{
    if (format_node_type(v) != FORMAT_OBJECT)
        return format_node_err(v, why, ERR_INVALID, "a scope must be an object with a filter_id");
    const char *id = format_node_str(format_node_get(v, "filter_id"), NULL);
    if (id == NULL)
        return format_node_err(v, why, ERR_INVALID, "a scope needs a filter_id");
    const char *type = format_node_str(format_node_get(v, "filter_type"), "include");
    s->include = strcmp(type, "include") == 0;
    if (!s->include && strcmp(type, "exclude") != 0)
        return format_node_err(v, why, ERR_INVALID,
                               "filter_type must be \"include\" or \"exclude\"");
    TRY(detect_read_unknown(v, "a scope", notes));
    for (size_t i = 0; i < n_filters && s->filter == NULL; i++) {
        if (strcmp(detect_filter_id(filters[i]), id) == 0)
            s->filter = detect_filter_ref(filters[i]);
    }
    if (s->filter == NULL)
        return format_node_err(v, why, ERR_UNSUPPORTED,
                               "the scope names the filter \"%.100s\", and no filter of that id is "
                               "given",
                               id);
    s->field = mem_strdup(field);
    return s->field != NULL ? ERR_NONE : ERR_MEMORY;
}

static enum err read_scopes(const struct format_node *v, const struct detect_detector *d,
                            struct detect_filter *const *filters, size_t n_filters,
                            struct detect_rule *r, const struct detect_notes *notes,
                            struct err_text *why)
{
    const struct format_node *obj = NULL;
    TRY(detect_read_object(v, "scope", &obj, why));
    size_t n = format_node_count(obj);
    if (n == 0)
        return ERR_NONE;
    r->scopes = mem_zero(n, sizeof(*r->scopes));
    if (r->scopes == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const char *field = format_node_key(format_node_at(obj, i));
        const struct format_node *s = format_node_get(obj, field);
        if ((d->by == NULL || strcmp(d->by, field) != 0) &&
            (d->over == NULL || strcmp(d->over, field) != 0) &&
            (d->partition == NULL || strcmp(d->partition, field) != 0))
            return format_node_err(s, why, ERR_INVALID,
                                   "a scope must name the detector's by, over or partition field, "
                                   "which \"%.100s\" is not",
                                   field);
        r->n_scopes = i + 1;
        TRY(read_scope(s, field, filters, n_filters, &r->scopes[i], notes, why));
    }
    return ERR_NONE;
}

static enum err read_actions(const struct format_node *v, struct detect_rule *r,
                             struct err_text *why)
{
    const struct format_node *list = format_node_get(v, "actions");
    if (list == NULL || format_node_type(list) == FORMAT_NULL) {
        r->skip_result = true;
        return ERR_NONE;
    }
    size_t n = format_node_count(list);
    if (format_node_type(list) != FORMAT_ARRAY || n == 0)
        return format_node_err(list, why, ERR_INVALID,
                               "actions must be a list of \"skip_result\" and "
                               "\"skip_model_update\"");
    for (size_t i = 0; i < n; i++) {
        const char *name = format_node_str(format_node_at(list, i), "");
        if (strcmp(name, "skip_result") == 0)
            r->skip_result = true;
        else if (strcmp(name, "skip_model_update") == 0)
            r->skip_model_update = true;
        else
            return format_node_err(format_node_at(list, i), why, ERR_INVALID,
                                   "an action must be \"skip_result\" or \"skip_model_update\"");
    }
    return ERR_NONE;
}

enum err detect_rules_read(const struct format_node *v, struct detect_detector *d,
                           struct detect_filter *const *filters, size_t n_filters,
                           const struct detect_notes *notes, struct err_text *why)
{
    const struct format_node *list = format_node_get(v, "custom_rules");
    if (list == NULL || format_node_type(list) == FORMAT_NULL)
        return ERR_NONE;
    if (format_node_type(list) != FORMAT_ARRAY)
        return format_node_err(list, why, ERR_INVALID, "custom_rules must be a list of objects");
    size_t n = format_node_count(list);
    if (n == 0)
        return ERR_NONE;
    d->rules = mem_zero(n, sizeof(*d->rules));
    if (d->rules == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct format_node *rule = format_node_at(list, i);
        if (format_node_type(rule) != FORMAT_OBJECT)
            return format_node_err(rule, why, ERR_INVALID,
                                   "custom_rules must be a list of objects");
        d->n_rules = i + 1;
        TRY(read_actions(rule, &d->rules[i], why));
        TRY(read_conditions(rule, d, &d->rules[i], notes, why));
        TRY(read_scopes(rule, d, filters, n_filters, &d->rules[i], notes, why));
        TRY(detect_read_unknown(rule, "a custom rule", notes));
        if (d->rules[i].n_conditions == 0 && d->rules[i].n_scopes == 0)
            return format_node_err(rule, why, ERR_INVALID,
                                   "a custom rule needs a condition or a scope");
    }
    return ERR_NONE;
}

/* Every scope of the job in turn; NULL after the last. */
static struct detect_scope *next_scope(const struct detect_job *job, size_t at[3])
{
    for (; at[0] < job->n_detectors; at[0]++, at[1] = 0) {
        const struct detect_detector *d = &job->detectors[at[0]];
        for (; at[1] < d->n_rules; at[1]++, at[2] = 0) {
            if (at[2] < d->rules[at[1]].n_scopes)
                return &d->rules[at[1]].scopes[at[2]++];
        }
    }
    return NULL;
}

size_t detect_job_set_filter(struct detect_job *job, struct detect_filter *filter)
{
    size_t at[3] = {0};
    size_t n = 0;
    for (struct detect_scope *s; (s = next_scope(job, at)) != NULL;) {
        if (strcmp(detect_filter_id(s->filter), detect_filter_id(filter)) != 0)
            continue;
        struct detect_filter *old = s->filter;
        s->filter = detect_filter_ref(filter);
        detect_filter_unref(old);
        n++;
    }
    return n;
}

bool detect_job_uses_filter(const struct detect_job *job, const char *filter_id)
{
    size_t at[3] = {0};
    for (const struct detect_scope *s; (s = next_scope(job, at)) != NULL;) {
        if (strcmp(detect_filter_id(s->filter), filter_id) == 0)
            return true;
    }
    return false;
}

static bool scope_holds(const struct detect_detector *d, const struct detect_scope *s,
                        const struct detect_rule_facts *f)
{
    struct bytes value = f->partition;
    if (d->by != NULL && strcmp(s->field, d->by) == 0)
        value = f->by;
    else if (d->over != NULL && strcmp(s->field, d->over) == 0)
        value = f->over;
    return (value.p != NULL && detect_filter_match(s->filter, value)) == s->include;
}

static bool condition_holds(const struct detect_condition *c, const struct detect_rule_facts *f)
{
    double x = f->actual;
    if (c->applies == DETECT_APPLIES_TYPICAL)
        x = f->typical;
    else if (c->applies == DETECT_APPLIES_DIFF)
        x = fabs(f->actual - f->typical);
    else if (c->applies == DETECT_APPLIES_TIME)
        x = (double)(f->time / TIME_S);
    switch (c->op) {
    case DETECT_LT:
        return x < c->value;
    case DETECT_LTE:
        return x <= c->value;
    case DETECT_GT:
        return x > c->value;
    default:
        return x >= c->value;
    }
}

static bool rule_holds(const struct detect_detector *d, const struct detect_rule *r,
                       const struct detect_rule_facts *f)
{
    for (size_t i = 0; i < r->n_scopes; i++) {
        if (!scope_holds(d, &r->scopes[i], f))
            return false;
    }
    for (size_t i = 0; i < r->n_conditions; i++) {
        if (!condition_holds(&r->conditions[i], f))
            return false;
    }
    return true;
}

struct detect_rule_verdict detect_rules_apply(const struct detect_detector *d,
                                              const struct detect_rule_facts *facts)
{
    struct detect_rule_verdict v = {false, false};
    for (size_t i = 0; i < d->n_rules; i++) {
        const struct detect_rule *r = &d->rules[i];
        if ((v.skip_result || !r->skip_result) && (v.skip_model_update || !r->skip_model_update))
            continue;
        if (!rule_holds(d, r, facts))
            continue;
        v.skip_result |= r->skip_result;
        v.skip_model_update |= r->skip_model_update;
    }
    return v;
}

ts_ns detect_rules_until(const struct detect_detector *d, ts_ns span, ts_ns from, ts_ns to)
{
    ts_ns until = to;
    for (size_t i = 0; i < d->n_rules; i++) {
        for (size_t k = 0; k < d->rules[i].n_conditions; k++) {
            const struct detect_condition *c = &d->rules[i].conditions[k];
            double at = c->value * (double)TIME_S;
            if (c->applies != DETECT_APPLIES_TIME || !(at >= (double)from && at < (double)to))
                continue;
            /* With the bucket that begins then, or with the next one. */
            ts_ns bucket = time_floor((ts_ns)at, span);
            bucket += bucket > from ? 0 : span;
            until = bucket < until ? bucket : until;
        }
    }
    return until;
}
