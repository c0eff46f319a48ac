/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/run_priv.h"

#include "rule/rule.h"
#include "rule/status.h"

#include <stdio.h>
#include <string.h>

static bool is_started(const char *state)
{
    return state != NULL && (strcmp(state, "opened") == 0 || strcmp(state, "started") == 0);
}

static void warn_of_job(struct rule_running *run, const char *id, const struct rule_job *job)
{
    char text[RULE_RUN_MESSAGE];
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

void rule_records_check(struct rule_running *run)
{
    for (size_t i = 0; i < run->rule->jobs_n; i++) {
        const char *id = run->rule->jobs[i];
        struct rule_job job = {0};
        struct err_text why = {0};
        if (run->ports->job(run->ports->ctx, id, &job, &why) == ERR_NONE) {
            warn_of_job(run, id, &job);
        } else {
            char text[RULE_RUN_MESSAGE];
            snprintf(text, sizeof(text), "the state of job %s is not known: %s", id, why.message);
            rule_status_warn(run->status, text);
        }
    }
}

const struct rule_job *rule_records_job(struct rule_running *run, const char *record_id)
{
    /* Rules with one job need not look into the record. */
    const char *id = run->rule->jobs[0];
    for (size_t i = 0; run->rule->jobs_n > 1 && i < run->rule->jobs_n; i++) {
        const char *candidate = run->rule->jobs[i];
        size_t n = strlen(candidate);
        if (strncmp(record_id, candidate, n) == 0 && record_id[n] == '_') {
            /* x_y_record_… begins with x too: the longest name is it. */
            if (strlen(id) < n || strncmp(record_id, id, strlen(id)) != 0)
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

/* The records of one window, kept while the search that found them is over. */
struct keeping {
    struct rule_running *run;
    struct rule_candidates *out;
    uint64_t told; /* by the search now made */
    bool failed;
};

static void keep_record(void *ctx, const struct rule_record *record)
{
    struct keeping *k = ctx;
    k->told++;
    if (k->failed || k->out->n == k->run->max)
        return;
    if (rule_candidates_add_record(k->out, record->id, record->index, record->json) != ERR_NONE)
        k->failed = true;
    else if (rule_run_excepted(k->run, k->out->at[k->out->n - 1].event))
        k->out->n--;
}

/* Searches on as long as exceptions leave room for more. */
enum err rule_records_find(struct rule_running *run, struct rule_range range, bool own,
                           struct rule_candidates *out, struct err_text *why)
{
    struct rule_find find = {.jobs = run->rule->jobs,
                             .jobs_n = run->rule->jobs_n,
                             .from = range.from,
                             .to = range.to,
                             .now = run->now,
                             .min_score = run->rule->anomaly_threshold,
                             .max = run->max};
    struct keeping keeping = {.run = run, .out = out};
    uint64_t excepted = run->status->excepted;
    uint64_t total = 0;
    do {
        keeping.told = 0;
        enum err code =
            run->ports->find_records(run->ports->ctx, &find, keep_record, &keeping, &total, why);
        if (code == ERR_NONE && keeping.failed)
            code = err_set(why, ERR_MEMORY, "no memory is left for the records of a rule");
        if (code != ERR_NONE)
            return code;
        find.skip += keeping.told;
    } while (keeping.told == find.max && find.skip < total && out->n < run->max);
    total -= run->status->excepted - excepted;
    if (own)
        run->status->found = total;
    if (total > run->max) {
        char text[RULE_RUN_MESSAGE];
        snprintf(text, sizeof(text),
                 "more than %zu records qualify, which is the most one run may raise; those with "
                 "the highest scores were taken",
                 run->max);
        rule_status_warn(run->status, text);
    }
    return ERR_NONE;
}
