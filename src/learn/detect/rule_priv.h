#ifndef DETECT_RULE_PRIV_H
#define DETECT_RULE_PRIV_H

/*
 * A detector's custom rules: read from a job, and applied to a judged value.
 *
 * Rules are ORed; within a rule all conditions and scopes must hold. For rare, a condition may only
 * look at the time.
 *
 * Ownership: the rules belong to the job.
 * Threads:   constant once read.
 */

#include "base/bytes.h"
#include "detect/job.h"
#include "detect/read_priv.h"

void detect_rules_free(struct detect_rule *rules, size_t n);

/* Reads custom_rules of the detector at v into d. */
enum err detect_rules_read(const struct format_node *v, struct detect_detector *d,
                           struct detect_filter *const *filters, size_t n_filters,
                           const struct detect_notes *notes, struct err_text *why) ERR_MUST_CHECK;

struct detect_rule_facts {
    double actual;
    double typical;
    ts_ns time; /* start of the bucket */
    struct bytes by;
    struct bytes over;
    struct bytes partition;
};

struct detect_rule_verdict {
    bool skip_result;
    bool skip_model_update;
};

struct detect_rule_verdict detect_rules_apply(const struct detect_detector *d,
                                              const struct detect_rule_facts *facts);

/* Where after the bucket `from`, but not after `to`, the verdict may change for want of anything
 * but the time: the start of a bucket, or to. */
ts_ns detect_rules_until(const struct detect_detector *d, ts_ns span, ts_ns from, ts_ns to);

#endif
