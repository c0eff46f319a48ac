#ifndef RULE_RULE_H
#define RULE_RULE_H

/*
 * One detection rule, in Elastic's words.
 *
 * A rule comes from a TOML file of the public rules repository ([metadata] and [rule]) or from the
 * JSON object of the rule API, which is also a line of an exported NDJSON file. Every known key is
 * checked for its type, range and form (docs/format/rule.md). What is wrong refuses the rule, with
 * the line and what was expected. A key that nobody knows is warned of, unless it is so close to a
 * known one that it is a slip of the pen: then the rule is refused. What is understood but has no
 * effect yet (type esql, response_actions) is kept, written out again, and warned of.
 *
 * Ownership: counted references; texts and nodes in struct rule live as long as the rule.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"
#include "rule/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct format_node;
struct hunt_spec;

enum rule_type {
    RULE_QUERY,
    RULE_SAVED_QUERY,
    RULE_EQL,
    RULE_ESQL,
    RULE_THRESHOLD,
    RULE_THREAT_MATCH,
    RULE_NEW_TERMS,
    RULE_MACHINE_LEARNING,
    RULE_TYPES,
};

enum rule_severity {
    RULE_LOW,
    RULE_MEDIUM,
    RULE_HIGH,
    RULE_CRITICAL,
};

/* What public rules and Kibana use when a key is missing. */
#define RULE_DEFAULT_INTERVAL "5m"
#define RULE_DEFAULT_FROM "now-6m"
#define RULE_DEFAULT_TO "now"
#define RULE_DEFAULT_MAX_SIGNALS 100
/* More alerts than this are not written in one run, whatever the rule says. */
#define RULE_RUN_ALERTS_MAX 1000

/* alert_suppression: alerts that are alike in some fields become one. */
struct rule_suppression {
    bool on;
    size_t fields_n; /* of threshold rules: those of the threshold */
    const char *const *fields;
    ts_ns duration_ns;  /* 0: within each run */
    bool missing_apart; /* what lacks a field is an alert of its own */
};

struct rule {
    const char *rule_id; /* the rule's lasting name, a UUID in public rules */
    const char *id;      /* of the installed object; rule_id when the file has none */
    const char *name;
    const char *description;
    enum rule_type type;
    enum rule_severity severity;
    unsigned risk_score; /* 0 to 100 */
    bool enabled;        /* true when the file does not say; the owner may change it */
    int64_t version;
    int64_t revision;

    const char *interval; /* as written */
    ts_ns interval_ns;    /* at least a second */
    const char *from;     /* date math */
    const char *to;
    unsigned max_signals;
    struct rule_suppression suppression;

    /* machine_learning only */
    unsigned anomaly_threshold;      /* 0 to 100 */
    size_t jobs_n;                   /* at least 1 */
    const char *const *jobs;         /* installed names: without _ea and _euid (rule/job_id.h) */
    const char *const *jobs_written; /* as in the file */

    struct hunt_spec *hunt; /* what it searches events for; NULL: it does not, or does not run */

    const struct format_node *node; /* the rule's object as written */
    const char *file;               /* where it came from, and the line */
    unsigned line;
};

enum rule_form {
    RULE_FORM_FILE, /* a TOML file: an object with metadata, rule, transform */
    RULE_FORM_API,  /* the rule API's object, or an exported line */
};

/*
 * Makes a rule from a parsed document, which belongs to the rule on success and stays the caller's
 * on failure. warn may be NULL. ERR_INVALID, ERR_MEMORY.
 */
enum err rule_new_take(struct format_node *root, enum rule_form form, rule_warn_fn warn,
                       void *warn_ctx, struct rule **out, struct err_text *why) ERR_MUST_CHECK;
struct rule *rule_ref(struct rule *r);
void rule_unref(struct rule *r); /* NULL is fine */

const char *rule_type_name(enum rule_type type);          /* "machine_learning" */
const char *rule_severity_name(enum rule_severity s);     /* "low" */
bool rule_runs(const struct rule *r);                     /* whether it can run */
const char *rule_idle_reason(const struct rule *r);       /* why it cannot: a sentence */
bool rule_uses_job(const struct rule *r, const char *id); /* id in any spelling */

#endif
