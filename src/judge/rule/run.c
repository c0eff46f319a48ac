/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/run.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/map.h"
#include "hunt/hunt.h"
#include "rule/alert.h"
#include "rule/rule.h"
#include "rule/run_priv.h"
#include "rule/status.h"

#include <stdio.h>
#include <string.h>

ts_ns rule_run_elapsed(const struct rule_running *run)
{
    return run->ports->elapsed != NULL ? run->ports->elapsed(run->ports->ctx) : 0;
}

bool rule_run_excepted(struct rule_running *run, const struct event *e)
{
    if (run->except.match == NULL || !run->except.match(run->except.ctx, e))
        return false;
    run->status->excepted++;
    return true;
}

/* A rule whose exceptions cannot be read does not run: it would tell of what nobody wants told. */
static bool ask_exceptions(struct rule_running *run)
{
    struct err_text told = {0};
    if (run->ports->exceptions == NULL)
        return true;
    if (run->ports->exceptions(run->ports->ctx, run->rule, run->now, &run->except, &told) !=
        ERR_NONE) {
        char text[RULE_RUN_MESSAGE];
        snprintf(text, sizeof(text), "the rule's exceptions could not be read: %s", told.message);
        rule_status_error(run->status, text);
        return false;
    }
    if (run->except.warning != NULL)
        rule_status_warn(run->status, run->except.warning);
    return true;
}

static void tell_gap(struct rule_running *run, const struct rule_plan *plan)
{
    if (plan->remaining <= 0)
        return;
    run->status->gap = plan->remaining;
    run->status->gap_range = plan->lost;
    char span[RULE_SPAN_SIZE];
    char text[RULE_RUN_MESSAGE];
    rule_schedule_span(plan->remaining, span);
    snprintf(text, sizeof(text),
             "%s since the run before were not looked at, so alerts may be missing; a longer "
             "look-back in \"from\" covers such a pause",
             span);
    rule_status_error(run->status, text);
}

/* Most changes that a document is made with. */
#define CHANGES_MAX 8

/* What a manual run says of itself, and changes of the caller's, made to the document in doc. */
static enum err change_document(const struct rule_running *run,
                                const struct rule_amendment *changes, size_t n, struct buf *doc,
                                struct err_text *why)
{
    struct rule_amendment all[CHANGES_MAX];
    struct buf changed;
    ASSERT(n + 2 <= CHANGES_MAX);
    if (n > 0)
        memcpy(all, changes, n * sizeof(*all));
    if (run->manual) {
        all[n++] =
            (struct rule_amendment){.key = "kibana.alert.intended_timestamp", .time = run->at};
        all[n++] =
            (struct rule_amendment){.key = "kibana.alert.rule.execution.type", .text = "manual"};
    }
    if (n == 0)
        return ERR_NONE;
    buf_init(&changed);
    enum err code = rule_amend(bytes_make(doc->p, doc->n), all, n, &changed, why);
    if (code == ERR_NONE) {
        buf_release(doc);
        *doc = changed;
        return ERR_NONE;
    }
    buf_release(&changed);
    return code;
}

static enum err write_document(struct rule_running *run, const struct rule_candidate *from,
                               const struct rule_amendment *changes, size_t n, struct buf *doc,
                               struct err_text *why)
{
    const struct rule_job *job = run->hunt == NULL ? rule_records_job(run, from->id) : NULL;
    enum err code = rule_alert_write(run->rule, from, job, run->now, doc, why);
    return code == ERR_NONE ? change_document(run, changes, n, doc, why) : code;
}

/* The events of a sequence have alerts of their own, beside the sequence's. */
static enum err create_blocks(struct rule_running *run, const struct rule_candidate *from,
                              const char *sequence, struct err_text *why)
{
    enum err code = ERR_NONE;
    for (size_t i = 0; i < from->parts_n && code == ERR_NONE; i++) {
        char id[RULE_ALERT_ID_SIZE];
        struct buf doc;
        buf_init(&doc);
        rule_alert_block_id(sequence, i, id);
        code = rule_alert_write_block(run->rule, from, i, run->now, &doc, why);
        if (code == ERR_NONE)
            code = change_document(run, NULL, 0, &doc, why);
        if (code == ERR_NONE) {
            const struct rule_alert alert = {id, run->rule->rule_id, run->now,
                                             bytes_make(doc.p, doc.n), NULL};
            code = run->ports->alert_create(run->ports->ctx, &alert, why);
        }
        if (code == ERR_EXISTS)
            code = ERR_NONE;
        buf_release(&doc);
    }
    return code;
}

enum err rule_run_create(struct rule_running *run, const struct rule_candidate *from,
                         const struct rule_amendment *changes, size_t n, const char *group,
                         struct err_text *why)
{
    char id[RULE_ALERT_ID_SIZE];
    struct buf doc;
    struct err_text odd = {0};
    rule_alert_id(run->rule, from, id);
    buf_init(&doc);
    enum err code = write_document(run, from, changes, n, &doc, &odd);
    if (code == ERR_NONE) {
        const struct rule_alert alert = {id, run->rule->rule_id, run->now, bytes_make(doc.p, doc.n),
                                         group};
        code = create_blocks(run, from, id, why);
        if (code == ERR_NONE)
            code = run->ports->alert_create(run->ports->ctx, &alert, why);
        if (code == ERR_NONE)
            run->status->created++;
    } else if (code == ERR_MEMORY) {
        err_set(why, code, "%s", odd.message);
    } else {
        char text[RULE_RUN_MESSAGE];
        snprintf(text, sizeof(text), "no alert could be made of the record %.200s: %s", from->id,
                 odd.message);
        rule_status_warn(run->status, text);
        code = ERR_FORMAT;
    }
    buf_release(&doc);
    return code;
}

enum err rule_run_raise(struct rule_running *run, const struct rule_candidate *from,
                        struct err_text *why)
{
    char id[RULE_ALERT_ID_SIZE];
    rule_alert_id(run->rule, from, id);
    bool exists = false;
    enum err code = run->ports->alert_exists(run->ports->ctx, id, &exists, why);
    if (code == ERR_NONE)
        code = exists ? ERR_EXISTS : rule_run_create(run, from, NULL, 0, NULL, why);
    if (code == ERR_EXISTS)
        run->status->existed++;
    return code == ERR_EXISTS || code == ERR_FORMAT ? ERR_NONE : code;
}

/* Candidates that are told of: by an alert of their own, of this run or before, or by another's. */
static uint64_t told_of(const struct rule_running *run)
{
    return run->status->created + run->status->existed + run->status->suppressed;
}

/* What has been told of need not come up again; when some was left, all of it does. */
static void settle(struct rule_running *run, const struct rule_candidates *found, bool all)
{
    for (size_t i = 0; all && i < found->n; i++)
        hunt_dealt(run->hunt, found->at[i].origin);
    if (!all)
        hunt_again(run->hunt);
}

static enum err write_alerts(struct rule_running *run, struct rule_candidates *found,
                             struct rule_range range, struct err_text *why)
{
    ts_ns before = rule_run_elapsed(run);
    uint64_t before_n = told_of(run);
    enum err code = ERR_NONE;
    if (run->rule->suppression.on)
        code = rule_suppress_write(run, found, range, why);
    for (size_t i = 0; !run->rule->suppression.on && i < found->n && code == ERR_NONE; i++)
        code = rule_run_raise(run, &found->at[i], why);
    if (run->hunt != NULL)
        settle(run, found, code == ERR_NONE && told_of(run) - before_n >= found->n);
    run->status->write_ns += rule_run_elapsed(run) - before;
    return code;
}

static enum err search(struct rule_running *run, struct rule_range range, bool own,
                       struct rule_candidates *found, struct err_text *why)
{
    ts_ns before = rule_run_elapsed(run);
    enum err code = run->hunt != NULL ? rule_hits_find(run, range, own, found, why)
                                      : rule_records_find(run, range, own, found, why);
    run->status->search_ns += rule_run_elapsed(run) - before;
    return code;
}

/* One window: candidates, then alerts. */
static enum err look_at(struct rule_running *run, struct rule_range range, bool own,
                        bool *out_failed, struct err_text *why)
{
    struct rule_candidates found;
    rule_candidates_init(&found);
    struct err_text told = {0};
    enum err code = search(run, range, own, &found, &told);
    if (code != ERR_NONE && code != ERR_MEMORY) {
        /* A search that fails is the rule's failure, told in its status; the next run looks again.
         */
        char text[RULE_RUN_MESSAGE];
        snprintf(text, sizeof(text), "the search failed: %s", told.message);
        rule_status_error(run->status, text);
        *out_failed = true;
        code = ERR_NONE;
    } else if (code == ERR_NONE) {
        code = write_alerts(run, &found, range, &told);
        if (code != ERR_NONE && code != ERR_MEMORY) {
            char text[RULE_RUN_MESSAGE];
            snprintf(text, sizeof(text), "alerts could not be written: %s", told.message);
            rule_status_error(run->status, text);
        }
    }
    rule_candidates_release(&found);
    if (code != ERR_NONE && why != NULL)
        *why = told;
    return code;
}

static enum err run_plan(struct rule_running *run, ts_ns previous, struct err_text *why)
{
    struct rule_plan plan;
    struct err_text told = {0};
    char text[RULE_RUN_MESSAGE];
    if (rule_schedule_plan(run->rule, run->at, previous, &plan, &told) != ERR_NONE) {
        snprintf(text, sizeof(text), "the rule's from and to could not be read: %s", told.message);
        rule_status_error(run->status, text);
        return ERR_NONE;
    }
    tell_gap(run, &plan);
    rule_records_check(run);
    enum err code = ERR_NONE;
    bool failed = !ask_exceptions(run);
    for (size_t i = 0; i < plan.n && code == ERR_NONE && !failed; i++)
        code = look_at(run, plan.range[i], i + 1 == plan.n, &failed, why);
    return code;
}

static enum err run_all(struct rule_running *run, ts_ns previous, struct err_text *why)
{
    const struct rule *r = run->rule;
    struct hunt *given = run->hunt;
    ASSERT(rule_runs(r));
    run->kept = given != NULL;
    run->max = r->max_signals;
    run->status->timed = run->ports->elapsed != NULL;
    if (run->max > RULE_RUN_ALERTS_MAX) {
        char text[RULE_RUN_MESSAGE];
        run->max = RULE_RUN_ALERTS_MAX;
        snprintf(text, sizeof(text), "max_signals is %u; a run raises at most %d alerts",
                 r->max_signals, RULE_RUN_ALERTS_MAX);
        rule_status_warn(run->status, text);
    }
    if (r->hunt != NULL && given == NULL) {
        ASSERT(run->ports->events != NULL);
        run->hunt = hunt_new(r->hunt, run->ports->events, r->rule_id, NULL);
        if (run->hunt == NULL)
            return err_set(why, ERR_MEMORY, "no memory is left to run a rule");
    }
    enum err code = run_plan(run, previous, why);
    if (given == NULL)
        hunt_free(run->hunt);
    map_free(run->seen);
    return code;
}

enum err rule_run_with(const struct rule *r, struct hunt *hunt, bool at_end,
                       const struct rule_ports *ports, ts_ns now, ts_ns previous,
                       struct rule_status *status, struct err_text *why)
{
    struct rule_running run = {.rule = r,
                               .ports = ports,
                               .status = status,
                               .now = now,
                               .at = now,
                               .hunt = hunt,
                               .at_end = at_end};
    return run_all(&run, previous, why);
}

enum err rule_run(const struct rule *r, const struct rule_ports *ports, ts_ns now, ts_ns previous,
                  struct rule_status *status, struct err_text *why)
{
    return rule_run_with(r, NULL, false, ports, now, previous, status, why);
}

enum err rule_run_past(const struct rule *r, const struct rule_ports *ports, ts_ns now, ts_ns at,
                       struct rule_status *status, struct err_text *why)
{
    struct rule_running run = {
        .rule = r, .ports = ports, .status = status, .now = now, .at = at, .manual = true};
    return run_all(&run, TIME_NONE, why);
}
