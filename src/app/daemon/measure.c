/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/measure.h"

#include "base/buf.h"
#include "daemon/intake.h"
#include "deliver/notify.h"
#include "engine/pipeline.h"
#include "request/data.h"
#include "store/state.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void daemon_measure_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void daemon_measure_value(struct buf *out, const char *name, const char *labels, double value)
{
    buf_str(out, name);
    if (labels[0] != '\0')
        buf_format(out, "{%s}", labels);
    buf_char(out, ' ');
    buf_f64(out, value);
    buf_char(out, '\n');
}

void daemon_measure_one(struct buf *out, const char *name, const char *type, const char *help,
                        double value)
{
    daemon_measure_head(out, name, type, help);
    daemon_measure_value(out, name, "", value);
}

static void measure_store(struct buf *out, struct store *store)
{
    struct store_stats s;
    store_stats(store, &s);
    daemon_measure_one(out, "weir_store_appended_total", "counter",
                       "Events taken in since the start.", (double)s.appended);
    daemon_measure_one(out, "weir_store_refused_total", "counter",
                       "Events refused: too large, or without a time.", (double)s.refused);
    daemon_measure_one(out, "weir_store_repeated_total", "counter",
                       "Events that were sent again under an _id they have, and not kept twice.",
                       (double)s.repeated);
    daemon_measure_one(out, "weir_store_ids", "gauge",
                       "Names of events, given by their senders, that are known.", (double)s.ids);
    daemon_measure_one(out, "weir_store_ids_forgotten_total", "counter",
                       "Names forgotten for want of room (store.ids) before their events.",
                       (double)s.ids_forgotten);
    daemon_measure_one(out, "weir_store_commits_total", "counter", "Writes to the journal.",
                       (double)s.commits);
    daemon_measure_head(out, "weir_store_events", "gauge", "Events kept.");
    daemon_measure_value(out, "weir_store_events", "kind=\"hot\"", (double)s.hot_rows);
    daemon_measure_value(out, "weir_store_events", "kind=\"sealed\"", (double)s.piece_rows);
    daemon_measure_head(out, "weir_store_bytes", "gauge", "Bytes that they take on the disk.");
    daemon_measure_value(out, "weir_store_bytes", "kind=\"hot\"", (double)s.hot_bytes);
    daemon_measure_value(out, "weir_store_bytes", "kind=\"sealed\"", (double)s.piece_bytes);
    daemon_measure_one(out, "weir_store_pieces", "gauge", "Files of sealed events.",
                       (double)s.pieces);
    daemon_measure_one(out, "weir_store_removed_total", "counter",
                       "Events removed by age or size since the start.", (double)s.dropped_rows);
}

static void measure_engine(struct buf *out, struct request_data *data, ts_ns now)
{
    struct engine_pipeline_totals t = {0};
    ts_ns engine = TIME_NONE;
    bool behind = false;
    pthread_mutex_lock(&data->lock);
    if (data->pipeline != NULL) {
        engine_pipeline_totals(data->pipeline, &t);
        engine = engine_pipeline_now(data->pipeline);
        behind = engine_pipeline_is_behind(data->pipeline);
    }
    pthread_mutex_unlock(&data->lock);
    daemon_measure_one(out, "weir_engine_events_total", "counter",
                       "Events that passed the pipeline.", (double)t.events);
    if (engine != TIME_NONE)
        daemon_measure_one(out, "weir_engine_lag_seconds", "gauge",
                           "How far engine time is behind the wall clock.",
                           (double)(now - engine) / (double)TIME_S);
    daemon_measure_one(out, "weir_engine_behind", "gauge", "1 while jobs are given what is stored.",
                       behind);
    daemon_measure_one(out, "weir_jobs_taken_total", "counter",
                       "Events that jobs took, once for each job.", (double)t.jobs.taken);
    daemon_measure_one(out, "weir_jobs_late_total", "counter",
                       "Events that came too late for their bucket, once for each job.",
                       (double)t.jobs.late);
    daemon_measure_one(out, "weir_jobs_lost_total", "counter",
                       "Events of intervals whose aggregations did not fit, once for each job.",
                       (double)t.jobs.lost);
    daemon_measure_one(out, "weir_jobs_records_total", "counter", "Anomaly records written.",
                       (double)t.jobs.records);
    daemon_measure_one(out, "weir_jobs_results_total", "counter", "Result documents written.",
                       (double)t.jobs.results);
    daemon_measure_one(out, "weir_model_bytes", "gauge", "Memory of all models.",
                       (double)t.jobs.model_bytes);
    daemon_measure_one(out, "weir_rows_bytes", "gauge",
                       "What open intervals of datafeeds with aggregations take.",
                       (double)t.jobs.rows_bytes);
    daemon_measure_one(out, "weir_posted_bytes", "gauge",
                       "What was posted to jobs and is kept until they are saved, about.",
                       (double)t.jobs.kept_bytes);
    daemon_measure_one(out, "weir_alerts_total", "counter", "Alerts raised since the start.",
                       (double)t.alerts);
}

#define STATES 4
static const char *const job_states[STATES] = {"opened", "closed", "failed", "other"};
static const char *const rule_states[STATES] = {"succeeded", "partial failure", "failed", "never"};

static size_t index_of(const char *const states[STATES], const char *state)
{
    size_t i = 0;
    while (i < STATES - 1 && (state == NULL || strcmp(states[i], state) != 0))
        i++;
    return i;
}

static bool count_job(void *ctx, const struct store_job *job)
{
    ((uint64_t *)ctx)[index_of(job_states, job->state)]++;
    return true;
}

static bool count_rule(void *ctx, const struct store_rule *rule)
{
    if (rule->enabled)
        ((uint64_t *)ctx)[index_of(rule_states, rule->status)]++;
    return true;
}

static void write_states(struct buf *out, const char *name, const char *help,
                         const char *const states[STATES], const uint64_t counts[STATES])
{
    daemon_measure_head(out, name, "gauge", help);
    for (size_t i = 0; i < STATES; i++) {
        char label[64];
        snprintf(label, sizeof(label), "state=\"%s\"", states[i]);
        daemon_measure_value(out, name, label, (double)counts[i]);
    }
}

static void measure_state(struct buf *out, struct store_state *state)
{
    uint64_t jobs[STATES] = {0}, rules[STATES] = {0};
    if (store_state_job_list(state, count_job, jobs) == ERR_NONE)
        write_states(out, "weir_jobs", "Jobs by state.", job_states, jobs);
    if (store_state_rule_list(state, count_rule, rules) == ERR_NONE)
        write_states(out, "weir_rules", "Rules that are switched on, by how they last ran.",
                     rule_states, rules);
}

static double resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%*d %ld", &pages) != 1)
        pages = 0;
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

void daemon_measure_data(struct buf *out, struct request_data *data, struct daemon_intake *intake,
                         ts_ns now)
{
    measure_store(out, data->store);
    measure_engine(out, data, now);
    measure_state(out, data->state);
    if (intake != NULL) {
        struct daemon_intake_totals t;
        daemon_intake_totals(intake, &t);
        daemon_measure_one(out, "weir_intake_events_total", "counter",
                           "Events that came through the API.", (double)t.events);
        daemon_measure_one(out, "weir_intake_refused_total", "counter",
                           "Requests with events refused for want of room.", (double)t.refused);
        daemon_measure_one(out, "weir_intake_waiting_bytes", "gauge",
                           "Memory of events that wait to be written.", (double)t.waiting_bytes);
    }
    daemon_measure_one(out, "process_resident_memory_bytes", "gauge", "Resident memory.",
                       resident_bytes());
}

void daemon_measure_notify(struct buf *out, struct deliver_notify *notify)
{
    struct deliver_notify_totals t;
    deliver_notify_count(notify, &t);
    if (t.waiting >= 0)
        daemon_measure_one(out, "weir_notify_waiting", "gauge", "Messages that wait to be sent.",
                           (double)t.waiting);
    if (t.waiting >= 0)
        daemon_measure_one(out, "weir_notify_undelivered", "gauge",
                           "Messages that were given up and that nobody has seen to.",
                           (double)t.undelivered);
    daemon_measure_one(out, "weir_notify_sent_total", "counter", "Messages sent.", (double)t.sent);
    daemon_measure_one(out, "weir_notify_failed_total", "counter", "Attempts that failed.",
                       (double)t.failed);
    daemon_measure_one(out, "weir_notify_given_up_total", "counter", "Messages given up.",
                       (double)t.given_up);
    daemon_measure_one(out, "weir_notify_dropped_total", "counter",
                       "Messages dropped because too many wait.", (double)t.dropped);
}
