#ifndef ENGINE_REPLAY_H
#define ENGINE_REPLAY_H

/*
 * The whole chain in event time over files at rest.
 *
 * First all inputs are read, enriched and put in exact order of time (on disk where they do not fit
 * in memory); on the way the shipped packages see which of them apply. Then jobs and rules are set
 * up, and the events pass through the pipeline as fast as they can. Time ends when every open
 * bucket is final and every rule has run once more.
 *
 * With a data directory a replay that was stopped, or killed, goes on where it stood when it is
 * begun again with the same inputs: events that were kept are not kept twice, and what was learned
 * from them is not learned again.
 *
 * Ownership: borrows settings.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"
#include "engine/rules.h"

#include <stdbool.h>
#include <stddef.h>

struct feed_inputs;
struct engine_pipeline;
struct enrich;
struct store_state;

struct engine_replay_settings {
    const char *const *paths;
    size_t paths_n;
    const char *format;
    const char *filter;
    const char *sensor;
    const char *const *home;
    size_t home_n;
    const char *const *geoip;
    size_t geoip_n;
    const char *const *packages;
    size_t packages_n;
    const char *const *jobs;
    size_t jobs_n;
    const char *const *feeds;
    size_t feeds_n;
    const char *const *filters; /* files; kept before jobs are set up */
    size_t filters_n;
    const char *const *calendars; /* likewise */
    size_t calendars_n;
    const char *const *rules;
    size_t rules_n;
    const char *data_dir; /* NULL: nothing is kept */
    unsigned threads;
    bool (*stop)(void *ctx);
    /* phase 0 reading, 1 detecting; share 0 to 1. NULL: nobody wants to know. */
    void (*progress)(void *ctx, int phase, double share, uint64_t events);
    /* Remarks worth reading, a sentence each: packages that apply, warnings. NULL: nobody reads. */
    void (*remark)(void *ctx, const char *sentence);
    void *ctx;
    engine_alert_fn on_alert;
    void *alert_ctx;
};

struct engine_replay;

enum err engine_replay_new(const struct engine_replay_settings *settings,
                           struct engine_replay **out, struct err_text *why) ERR_MUST_CHECK;
void engine_replay_free(struct engine_replay *r); /* NULL is fine */

/* ERR_STOPPED when stop() said so: what was found until then stands. */
enum err engine_replay_run(struct engine_replay *r, struct err_text *why) ERR_MUST_CHECK;

/* After the run; both may be NULL when it did not come so far. */
const struct feed_inputs *engine_replay_inputs(const struct engine_replay *r);
const struct engine_pipeline *engine_replay_pipeline(const struct engine_replay *r);
struct store_state *engine_replay_state(struct engine_replay *r);

#endif
