/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/run.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "rule/alert.h"
#include "rule/job_id.h"
#include "rule/rule.h"
#include "rule/status.h"

#include <stdio.h>
#include <string.h>

#define MESSAGE_SIZE 1024

/* The records of one window, kept while the search that found them is over. */
struct catch
{
    struct arena arena;
    struct rule_record *at;
    size_t n;
    size_t cap;
    size_t max;
    bool failed;
};

static void keep_record(void *ctx, const struct rule_record *record)
{
    struct catch *c = ctx;
    if (c->failed || c->n == c->max)
        return;
    struct rule_record copy;
    copy.id = arena_strndup(&c->arena, record->id, strlen(record->id));
    copy.index = arena_strndup(&c->arena, record->index, strlen(record->index));
    copy.json = bytes_make(arena_copy(&c->arena, record->json.p, record->json.n), record->json.n);
    if (copy.id == NULL || copy.index == NULL || copy.json.p == NULL ||
        mem_grow((void **)&c->at, &c->cap, c->n + 1, sizeof(*c->at)) != 0) {
        c->failed = true;
        return;
    }
    c->at[c->n++] = copy;
}

struct run {
    const struct rule *rule;
    const struct rule_ports *ports;
    struct rule_status *status;
    ts_ns now;
    size_t max;
    struct rule_job job; /* of the records now written */
    const char *job_id;  /* NULL: none asked for yet */
};

static ts_ns elapsed(const struct run *run)
{
    return run->ports->elapsed != NULL ? run->ports->elapsed(run->ports->ctx) : 0;
}

static bool is_started(const char *state)
{
    return state != NULL && (strcmp(state, "opened") == 0 || strcmp(state, "started") == 0);
}

static void warn_of_job(struct run *run, const char *id, const struct rule_job *job)
{
    char text[MESSAGE_SIZE];
    if (!job->installed) {
        snprintf(text, sizeof(text), "job %s is not installed, so the rule can find nothing", id);
        rule_status_warn(run->status, text);
        return;
    }
    if (is_started(job->job_state) && is_started(job->datafeed_state))
        return;
    snprintf(text, sizeof(text),
             "job %s%s%s%s is not started: the job is %s, its datafeed is %s%s%s", id,
             job->name != NULL ? " (" : "", job->name != NULL ? job->name : "",
             job->name != NULL ? ")" : "", job->job_state != NULL ? job->job_state : "closed",
             job->datafeed_state != NULL ? job->datafeed_state : "not there",
             job->reason != NULL ? "; " : "", job->reason != NULL ? job->reason : "");
    rule_status_warn(run->status, text);
}

static void check_jobs(struct run *run)
{
    for (size_t i = 0; i < run->rule->jobs_n; i++) {
        const char *id = run->rule->jobs[i];
        struct rule_job job = {0};
        struct err_text why = {0};
        if (run->ports->job(run->ports->ctx, id, &job, &why) == ERR_NONE) {
            warn_of_job(run, id, &job);
        } else {
            char text[MESSAGE_SIZE];
            snprintf(text, sizeof(text), "the state of job %s is not known: %s", id, why.message);
            rule_status_warn(run->status, text);
        }
    }
}

static void tell_gap(struct run *run, const struct rule_plan *plan)
{
    if (plan->remaining <= 0)
        return;
    run->status->gap = plan->remaining;
    run->status->gap_range = plan->lost;
    char span[RULE_SPAN_SIZE];
    char text[MESSAGE_SIZE];
    rule_schedule_span(plan->remaining, span);
    snprintf(text, sizeof(text),
             "%s since the run before were not looked at, so alerts may be missing; a longer "
             "look-back in \"from\" covers such a pause",
             span);
    rule_status_error(run->status, text);
}

/* The job of a record; NULL when it cannot be told. Its texts live until the next call. */
static const struct rule_job *job_of(struct run *run, const struct rule_record *record)
{
    /* Rules with one job need not look into the record. */
    const char *id = run->rule->jobs[0];
    for (size_t i = 0; run->rule->jobs_n > 1 && i < run->rule->jobs_n; i++) {
        const char *candidate = run->rule->jobs[i];
        size_t n = strlen(candidate);
        if (strncmp(record->id, candidate, n) == 0 && record->id[n] == '_') {
            /* x_y_record_… begins with x too: the longest name is it. */
            if (strlen(id) < n || strncmp(record->id, id, strlen(id)) != 0)
                id = candidate;
        }
    }
    if (run->job_id == id)
        return &run->job;
    run->job_id = NULL;
    memset(&run->job, 0, sizeof(run->job));
    if (run->ports->job(run->ports->ctx, id, &run->job, NULL) != ERR_NONE || !run->job.installed)
        return NULL;
    run->job_id = id;
    return &run->job;
}

/* ERR_FORMAT of a record is a warning; all else ends the run. */
static enum err raise_alert(struct run *run, const struct rule_record *record, struct buf *doc,
                            struct err_text *why)
{
    char id[RULE_ALERT_ID_SIZE];
    rule_alert_id(run->rule, record, id);
    bool exists = false;
    enum err code = run->ports->alert_exists(run->ports->ctx, id, &exists, why);
    if (code != ERR_NONE)
        return code;
    if (exists) {
        run->status->existed++;
        return ERR_NONE;
    }
    buf_clear(doc);
    struct err_text odd = {0};
    code = rule_alert_write(run->rule, record, job_of(run, record), run->now, doc, &odd);
    if (code != ERR_NONE) {
        if (code == ERR_MEMORY)
            return err_set(why, code, "%s", odd.message);
        char text[MESSAGE_SIZE];
        snprintf(text, sizeof(text), "no alert could be made of the record %.200s: %s", record->id,
                 odd.message);
        rule_status_warn(run->status, text);
        return ERR_NONE;
    }
    struct rule_alert alert = {id, run->rule->rule_id, run->now, bytes_make(doc->p, doc->n)};
    code = run->ports->alert_create(run->ports->ctx, &alert, why);
    if (code == ERR_EXISTS) {
        run->status->existed++;
        return ERR_NONE;
    }
    if (code == ERR_NONE)
        run->status->created++;
    return code;
}

static enum err write_alerts(struct run *run, const struct catch *found, struct err_text *why)
{
    struct buf doc;
    buf_init(&doc);
    ts_ns before = elapsed(run);
    enum err code = ERR_NONE;
    for (size_t i = 0; i < found->n && code == ERR_NONE; i++)
        code = raise_alert(run, &found->at[i], &doc, why);
    run->status->write_ns += elapsed(run) - before;
    buf_release(&doc);
    return code;
}

static enum err search(struct run *run, struct rule_range range, bool own, struct catch *found,
                       struct err_text *why)
{
    const struct rule_find find = {.jobs = run->rule->jobs,
                                   .jobs_n = run->rule->jobs_n,
                                   .from = range.from,
                                   .to = range.to,
                                   .now = run->now,
                                   .min_score = run->rule->anomaly_threshold,
                                   .max = run->max};
    uint64_t total = 0;
    ts_ns before = elapsed(run);
    enum err code =
        run->ports->find_records(run->ports->ctx, &find, keep_record, found, &total, why);
    run->status->search_ns += elapsed(run) - before;
    if (code == ERR_NONE && found->failed)
        code = err_set(why, ERR_MEMORY, "no memory is left for the records of a rule");
    if (code != ERR_NONE)
        return code;
    if (own)
        run->status->found = total;
    if (total > run->max) {
        char text[MESSAGE_SIZE];
        snprintf(text, sizeof(text),
                 "more than %zu records qualify, which is the most one run may raise; those with "
                 "the highest scores were taken",
                 run->max);
        rule_status_warn(run->status, text);
    }
    return ERR_NONE;
}

static enum err look_at(struct run *run, struct rule_range range, bool own, bool *out_failed,
                        struct err_text *why)
{
    struct catch found = {.max = run->max};
    arena_init(&found.arena, 0);
    struct err_text told = {0};
    enum err code = search(run, range, own, &found, &told);
    if (code != ERR_NONE && code != ERR_MEMORY) {
        /* A search that fails is the rule's failure, told in its status; the next run looks again.
         */
        char text[MESSAGE_SIZE];
        snprintf(text, sizeof(text), "the job's results could not be searched: %s", told.message);
        rule_status_error(run->status, text);
        *out_failed = true;
        code = ERR_NONE;
    } else if (code == ERR_NONE) {
        code = write_alerts(run, &found, &told);
        if (code != ERR_NONE && code != ERR_MEMORY) {
            char text[MESSAGE_SIZE];
            snprintf(text, sizeof(text), "alerts could not be written: %s", told.message);
            rule_status_error(run->status, text);
        }
    }
    mem_free(found.at);
    arena_release(&found.arena);
    if (code != ERR_NONE && why != NULL)
        *why = told;
    return code;
}

enum err rule_run(const struct rule *r, const struct rule_ports *ports, ts_ns now, ts_ns previous,
                  struct rule_status *status, struct err_text *why)
{
    ASSERT(rule_runs(r));
    struct run run = {
        .rule = r, .ports = ports, .status = status, .now = now, .max = r->max_signals};
    status->timed = ports->elapsed != NULL;
    if (run.max > RULE_RUN_ALERTS_MAX) {
        char text[MESSAGE_SIZE];
        run.max = RULE_RUN_ALERTS_MAX;
        snprintf(text, sizeof(text), "max_signals is %u; a run raises at most %d alerts",
                 r->max_signals, RULE_RUN_ALERTS_MAX);
        rule_status_warn(status, text);
    }
    struct rule_plan plan;
    struct err_text told = {0};
    if (rule_schedule_plan(r, now, previous, &plan, &told) != ERR_NONE) {
        char text[MESSAGE_SIZE];
        snprintf(text, sizeof(text), "the rule's from and to could not be read: %s", told.message);
        rule_status_error(status, text);
        return ERR_NONE;
    }
    tell_gap(&run, &plan);
    check_jobs(&run);
    enum err code = ERR_NONE;
    bool failed = false;
    for (size_t i = 0; i < plan.n && code == ERR_NONE && !failed; i++)
        code = look_at(&run, plan.range[i], i + 1 == plan.n, &failed, why);
    return code;
}
