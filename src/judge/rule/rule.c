/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/rule.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "format/node.h"
#include "hunt/spec.h"
#include "query/datemath.h"
#include "rule/digest.h"
#include "rule/job_id.h"
#include "rule/keys.h"
#include "rule/schema.h"

#include <stdio.h>
#include <string.h>

static const char *const type_names[RULE_TYPES] = {
    "query",     "saved_query",  "eql",       "esql",
    "threshold", "threat_match", "new_terms", "machine_learning",
};

static const char *const severity_names[] = {"low", "medium", "high", "critical"};

/* What the rooms outside see, and what keeps it alive. */
struct owned {
    struct rule rule; /* first: rule_unref() casts back */
    unsigned refs;
    struct arena arena;
    struct format_node *root;
};

const char *rule_type_name(enum rule_type type)
{
    return type_names[type];
}

const char *rule_severity_name(enum rule_severity s)
{
    return severity_names[s];
}

bool rule_runs(const struct rule *r)
{
    return r->type == RULE_MACHINE_LEARNING || r->hunt != NULL;
}

const char *rule_idle_reason(const struct rule *r)
{
    return r->type == RULE_ESQL
               ? "rules of type esql are kept and not yet run"
               : "the saved query is not here: the rule is kept and does not run without a query";
}

bool rule_uses_job(const struct rule *r, const char *id)
{
    for (size_t i = 0; i < r->jobs_n; i++) {
        if (rule_job_id_same(r->jobs[i], id))
            return true;
    }
    return false;
}

struct rule *rule_ref(struct rule *r)
{
    ((struct owned *)(void *)r)->refs++;
    return r;
}

static void owned_free(struct owned *o)
{
    hunt_spec_free(o->rule.hunt);
    format_node_free(o->root);
    arena_release(&o->arena);
    mem_free(o);
}

void rule_unref(struct rule *r)
{
    if (r == NULL)
        return;
    struct owned *o = (struct owned *)(void *)r;
    if (--o->refs == 0)
        owned_free(o);
}

static void warn_at(const struct rule_listener *l, const struct format_node *v, const char *message)
{
    if (l->warn == NULL)
        return;
    struct err_text text = {0};
    (void)format_node_err(v, &text, ERR_INVALID, "%s", message);
    l->warn(l->ctx, &text);
}

static enum err read_type(const struct format_node *rule, enum rule_type *out, struct err_text *why)
{
    const struct format_node *v = format_node_get(rule, "type");
    const char *s = format_node_str(v, "");
    for (unsigned t = 0; t < RULE_TYPES; t++) {
        if (strcmp(s, type_names[t]) == 0) {
            *out = (enum rule_type)t;
            return ERR_NONE;
        }
    }
    if (format_node_type(v) == FORMAT_NULL)
        return format_node_err(rule, why, ERR_INVALID, "a rule must have the key type");
    return format_node_err(v, why, ERR_INVALID,
                           "type must be machine_learning, query, saved_query, eql, esql, "
                           "threshold, threat_match or new_terms");
}

static enum err check(const struct format_node *root, enum rule_form form,
                      const struct rule_listener *listener, const struct format_node **out_rule,
                      enum rule_type *out_type, struct err_text *why)
{
    const struct format_node *rule = root;
    if (form == RULE_FORM_FILE) {
        if (format_node_get(root, "exceptions") != NULL || format_node_get(root, "actions") != NULL)
            return format_node_err(root, why, ERR_INVALID,
                                   "this document holds exceptions or actions; a rule with "
                                   "[metadata] and [rule] is expected");
        rule = format_node_get(root, "rule");
        if (format_node_type(rule) != FORMAT_OBJECT)
            return format_node_err(root, why, ERR_INVALID,
                                   "a rule file must have the tables [metadata] and [rule]");
    } else if (format_node_type(root) != FORMAT_OBJECT) {
        return format_node_err(root, why, ERR_INVALID, "a rule must be an object");
    }
    enum err code = read_type(rule, out_type, why);
    if (code != ERR_NONE)
        return code;
    struct rule_listener copy = *listener;
    struct rule_check with = {.form = form,
                              .type = *out_type,
                              .typed = true,
                              .unknown = rule_schema_stray,
                              .unknown_ctx = &copy};
    code = rule_schema_check(root, form == RULE_FORM_FILE ? rule_keys_file() : rule_keys_rule(),
                             &with, why);
    if (code != ERR_NONE)
        return code;
    bool query = *out_type == RULE_QUERY || *out_type == RULE_EQL || *out_type == RULE_ESQL;
    if ((*out_type == RULE_EQL || *out_type == RULE_ESQL) &&
        format_node_str_len(format_node_get(rule, "query")) == 0)
        return format_node_err(rule, why, ERR_INVALID, "a rule of type %s must have a query",
                               type_names[*out_type]);
    if (query && form == RULE_FORM_FILE && format_node_get(rule, "language") == NULL)
        return format_node_err(rule, why, ERR_INVALID, "a rule of type %s must have a language",
                               type_names[*out_type]);
    *out_rule = rule;
    return ERR_NONE;
}

static enum err read_jobs(struct owned *o, const struct format_node *rule)
{
    const struct format_node *v = format_node_get(rule, "machine_learning_job_id");
    bool one = format_node_type(v) == FORMAT_STRING;
    size_t n = one ? 1 : format_node_count(v);
    const char **plain = arena_alloc(&o->arena, n * sizeof(*plain));
    const char **written = arena_alloc(&o->arena, n * sizeof(*written));
    if (plain == NULL || written == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        char id[RULE_JOB_ID_SIZE];
        written[i] = format_node_str(one ? v : format_node_at(v, i), "");
        /* The form of ids was checked, so they fit. */
        if (!rule_job_id_plain(written[i], strlen(written[i]), id))
            return ERR_INVALID;
        plain[i] = arena_strndup(&o->arena, id, strlen(id));
        if (plain[i] == NULL)
            return ERR_MEMORY;
    }
    o->rule.jobs = plain;
    o->rule.jobs_written = written;
    o->rule.jobs_n = n;
    return ERR_NONE;
}

/* A longer time is as good as for ever. */
#define SUPPRESSION_MAX (36500 * TIME_DAY)

static enum err read_suppression(struct owned *o, const struct format_node *rule)
{
    struct rule_suppression *s = &o->rule.suppression;
    const struct format_node *v = format_node_get(rule, "alert_suppression");
    bool threshold = o->rule.type == RULE_THRESHOLD;
    if (format_node_type(v) != FORMAT_OBJECT)
        return ERR_NONE;
    const struct format_node *fields =
        threshold ? format_node_get(format_node_get(rule, "threshold"), "field")
                  : format_node_get(v, "group_by");
    bool one = format_node_type(fields) == FORMAT_STRING;
    size_t n = one ? format_node_str_len(fields) > 0 : format_node_count(fields);
    const char **names = arena_alloc(&o->arena, (n + 1) * sizeof(*names));
    if (names == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++)
        names[i] = format_node_str(one ? fields : format_node_at(fields, i), "");
    const struct format_node *duration = format_node_get(v, "duration");
    const char *unit = format_node_str(format_node_get(duration, "unit"), "s");
    int64_t value = format_node_int(format_node_get(duration, "value"), 0);
    ts_ns each = unit[0] == 'h' ? TIME_HOUR : unit[0] == 'm' ? TIME_MIN : TIME_S;
    s->on = true;
    s->fields = names;
    s->fields_n = n;
    s->duration_ns = value > SUPPRESSION_MAX / each ? SUPPRESSION_MAX : value * each;
    s->missing_apart =
        strcmp(format_node_str(format_node_get(v, "missing_fields_strategy"), "suppress"),
               "doNotSuppress") == 0;
    return ERR_NONE;
}

/* A rule without an id gets one that depends on what it says, so that a second import finds it. */
static enum err invent_id(struct owned *o, const struct format_node *rule, const char **out)
{
    struct buf text;
    buf_init(&text);
    format_node_write(rule, &text);
    enum err code = ERR_MEMORY;
    if (buf_ok(&text)) {
        char uuid[RULE_UUID_SIZE];
        rule_digest_uuid(text.p, text.n, uuid);
        *out = arena_strndup(&o->arena, uuid, strlen(uuid));
        code = *out != NULL ? ERR_NONE : ERR_MEMORY;
    }
    buf_release(&text);
    return code;
}

/* What rules of the types that search events look for. A saved query that is not here is no mistake
 * of the rule's. */
static enum err read_search(struct owned *o, const struct format_node *rule, struct err_text *why)
{
    static const int hunts[RULE_TYPES] = {
        [RULE_QUERY] = HUNT_QUERY,
        [RULE_SAVED_QUERY] = HUNT_QUERY,
        [RULE_EQL] = HUNT_EQL,
        [RULE_ESQL] = -1,
        [RULE_THRESHOLD] = HUNT_THRESHOLD,
        [RULE_THREAT_MATCH] = HUNT_THREAT_MATCH,
        [RULE_NEW_TERMS] = HUNT_NEW_TERMS,
        [RULE_MACHINE_LEARNING] = -1,
    };
    enum rule_type type = o->rule.type;
    bool here = type != RULE_SAVED_QUERY || format_node_get(rule, "query") != NULL;
    if (hunts[type] < 0 || !here)
        return ERR_NONE;
    return hunt_spec_new(rule, (enum hunt_type)hunts[type], &o->rule.hunt, why);
}

static enum err fill(struct owned *o, const struct format_node *rule, enum rule_type type,
                     struct err_text *why)
{
    struct rule *r = &o->rule;
    r->node = rule;
    r->file = format_node_file_name(rule);
    r->line = format_node_line(rule);
    r->type = type;
    r->name = format_node_str(format_node_get(rule, "name"), "");
    r->description = format_node_str(format_node_get(rule, "description"), "");
    r->rule_id = format_node_str(format_node_get(rule, "rule_id"), NULL);
    if (r->rule_id == NULL) {
        enum err code = invent_id(o, rule, &r->rule_id);
        if (code != ERR_NONE)
            return code;
    }
    r->id = format_node_str(format_node_get(rule, "id"), r->rule_id);
    const char *severity = format_node_str(format_node_get(rule, "severity"), "low");
    for (unsigned s = RULE_LOW; s <= RULE_CRITICAL; s++) {
        if (strcmp(severity, severity_names[s]) == 0)
            r->severity = (enum rule_severity)s;
    }
    r->risk_score = (unsigned)format_node_int(format_node_get(rule, "risk_score"), 0);
    r->enabled = format_node_bool(format_node_get(rule, "enabled"), true);
    r->version = format_node_int(format_node_get(rule, "version"), 1);
    r->revision = format_node_int(format_node_get(rule, "revision"), 0);
    r->interval = format_node_str(format_node_get(rule, "interval"), RULE_DEFAULT_INTERVAL);
    if (!rule_keys_interval(r->interval, strlen(r->interval), &r->interval_ns))
        return ERR_INVALID;
    r->from = format_node_str(format_node_get(rule, "from"), RULE_DEFAULT_FROM);
    r->to = format_node_str(format_node_get(rule, "to"), RULE_DEFAULT_TO);
    r->max_signals =
        (unsigned)format_node_int(format_node_get(rule, "max_signals"), RULE_DEFAULT_MAX_SIGNALS);
    enum err code = read_suppression(o, rule);
    if (code != ERR_NONE)
        return code;
    if (type != RULE_MACHINE_LEARNING)
        return read_search(o, rule, why);
    r->anomaly_threshold = (unsigned)format_node_int(format_node_get(rule, "anomaly_threshold"), 0);
    return read_jobs(o, rule);
}

/* from must lie before to, whatever now is; a rule whose times are fixed is no matter of now. */
static enum err check_times(const struct rule *r, const struct format_node *rule,
                            ts_ns *out_lookback_ns, struct err_text *why)
{
    static const ts_ns some_now = 1700000000 * TIME_S;
    ts_ns from;
    ts_ns to;
    enum err code = query_datemath_rule(r->from, strlen(r->from), some_now, false, &from, why);
    if (code == ERR_NONE)
        code = query_datemath_rule(r->to, strlen(r->to), some_now, true, &to, why);
    if (code != ERR_NONE)
        return code;
    if (from < to) {
        *out_lookback_ns = some_now - from;
        return ERR_NONE;
    }
    const struct format_node *at = format_node_get(rule, "from");
    return format_node_err(at != NULL ? at : rule, why, ERR_INVALID,
                           "from must lie before to; %.60s does not lie before %.60s", r->from,
                           r->to);
}

static bool filled(const struct format_node *v)
{
    return v != NULL && format_node_count(v) > 0;
}

/* What is understood, kept, and has no effect yet is said, not swallowed. */
static void warn_of_idle_keys(const struct rule *r, ts_ns lookback_ns,
                              const struct rule_listener *l)
{
    const struct format_node *v = r->node;
    static const struct {
        const char *key;
        const char *message;
    } idle[] = {
        {"response_actions", "response_actions are kept and not carried out"},
    };
    for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++) {
        const struct format_node *at = format_node_get(v, idle[i].key);
        if (filled(at))
            warn_at(l, at, idle[i].message);
    }
    if (!rule_runs(r)) {
        struct err_text text = {0};
        (void)format_node_err(format_node_get(v, "type"), &text, ERR_UNSUPPORTED, "%s",
                              rule_idle_reason(r));
        if (l->warn != NULL)
            l->warn(l->ctx, &text);
        return;
    }
    if (lookback_ns < r->interval_ns)
        warn_at(l, format_node_get(v, "from"),
                "the rule looks back less far than its interval, so what lies between two runs is "
                "never looked at");
    if (r->max_signals > RULE_RUN_ALERTS_MAX)
        warn_at(l, format_node_get(v, "max_signals"),
                "max_signals is above 1000, which is what one run writes at most");
}

enum err rule_new_take(struct format_node *root, enum rule_form form, rule_warn_fn warn,
                       void *warn_ctx, struct rule **out, struct err_text *why)
{
    const struct rule_listener listener = {warn, warn_ctx};
    const struct format_node *rule = NULL;
    enum rule_type type = RULE_QUERY;
    enum err code = check(root, form, &listener, &rule, &type, why);
    if (code != ERR_NONE)
        return code;
    struct owned *o = mem_zero(1, sizeof(*o));
    if (o == NULL)
        return err_set(why, ERR_MEMORY, "no memory is left to keep this rule");
    ts_ns lookback_ns = 0;
    arena_init(&o->arena, 1024);
    o->refs = 1;
    code = fill(o, rule, type, why);
    if (code == ERR_MEMORY)
        err_set(why, ERR_MEMORY, "no memory is left to keep this rule");
    if (code == ERR_NONE)
        code = check_times(&o->rule, rule, &lookback_ns, why);
    if (code != ERR_NONE) {
        owned_free(o);
        return code;
    }
    o->root = root;
    warn_of_idle_keys(&o->rule, lookback_ns, &listener);
    *out = &o->rule;
    return ERR_NONE;
}
