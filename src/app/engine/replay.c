/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "engine/calendars.h"
#include "engine/exceptions.h"
#include "engine/filters.h"
#include "engine/install.h"
#include "engine/pipeline.h"
#include "engine/place.h"
#include "enrich/enrich.h"
#include "event/event.h"
#include "except/set.h"
#include "feed/enricher.h"
#include "feed/inputs.h"
#include "format/node.h"
#include "ingest/sort.h"
#include "package/package.h"
#include "query/query.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "store/state.h"
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Events between two looks at stop() and progress(). */
#define LOOK_EVERY 16384
#define PACKAGES_MAX 64

/* The name of the place under which the state and the store keep theirs. */
#define PLACE "replay"
/* How often what was learned is saved, in passing time, when there is a data directory. */
#define SAVE_EVERY (30 * TIME_S)

struct engine_replay {
    struct engine_replay_settings settings;
    struct feed_inputs *inputs;
    struct enrich *enrich;
    struct ingest_sort *sort;
    struct package *shipped[PACKAGES_MAX];
    uint64_t hits[PACKAGES_MAX];
    size_t shipped_n;
    bool recognise;
    char temp_dir[64];    /* "" when a data directory was named */
    struct store *store;  /* of the data directory; NULL: none was named */
    struct store *events; /* for rules that search events when none was named; else NULL */
    struct store_state *state;
    struct thread_team *team;
    struct engine_pipeline *pipeline;
    ts_ns first;            /* time of the earliest event: when jobs and rules are set up */
    ts_ns last;             /* time of the latest */
    uint64_t sorted;        /* events that went into the sort */
    uint64_t played;        /* events that came out */
    struct engine_place at; /* the newest event played, by this run or an earlier one */
    bool placed;            /* at is known */
    bool nothing_new;       /* an earlier run has seen all of the input */
    ts_ns saved;            /* passing time of the last save */
    enum err failed;
    struct err_text why;
};

static void remark(struct engine_replay *r, const char *sentence)
{
    if (r->settings.remark != NULL)
        r->settings.remark(r->settings.ctx, sentence);
}

static bool inputs_stop(void *ctx)
{
    const struct engine_replay *r = ctx;
    return r->failed != ERR_NONE || (r->settings.stop != NULL && r->settings.stop(r->settings.ctx));
}

static void inputs_progress(void *ctx, double share, uint64_t events)
{
    const struct engine_replay *r = ctx;
    if (r->settings.progress != NULL)
        r->settings.progress(r->settings.ctx, 0, share, events);
}

static void inputs_remark(void *ctx, const char *sentence)
{
    remark(ctx, sentence);
}

/* First pass: an event as it was read. */
static void gather(void *ctx, struct event *e)
{
    struct engine_replay *r = ctx;
    enrich_event(r->enrich, e);
    if (r->recognise)
        for (size_t i = 0; i < r->shipped_n; i++)
            if (query_match(package_query(r->shipped[i]), e))
                r->hits[i]++;
    if (r->sorted++ == 0 || e->time < r->first)
        r->first = e->time;
    if (r->sorted == 1 || e->time > r->last)
        r->last = e->time;
    if (r->failed == ERR_NONE && (r->failed = ingest_sort_add(r->sort, e)) != ERR_NONE)
        err_set(&r->why, r->failed, "events cannot be put in order: %s", err_name(r->failed));
}

static enum err open_inputs(struct engine_replay *r, struct err_text *why)
{
    const struct feed_inputs_settings inputs = {
        .format = r->settings.format,
        .filter = r->settings.filter,
        .sensor = r->settings.sensor,
        .stop = inputs_stop,
        .progress = inputs_progress,
        .remark = inputs_remark,
        .ctx = r,
        .sink = gather,
        .sink_ctx = r,
    };
    enum err err =
        feed_inputs_new(&inputs, r->settings.paths, r->settings.paths_n, &r->inputs, why);
    if (err == ERR_NONE)
        err = feed_enricher_new(r->settings.home, r->settings.home_n, r->settings.geoip,
                                r->settings.geoip_n, &r->enrich, why);
    if (err == ERR_NONE && (r->sort = ingest_sort_new(0, NULL)) == NULL)
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    return err;
}

/* Opens what ships and can be recognised, unless somebody said what to run. */
static enum err open_shipped(struct engine_replay *r, struct err_text *why)
{
    r->recognise = r->settings.packages_n + r->settings.jobs_n + r->settings.rules_n == 0;
    for (size_t i = 0; r->recognise && i < package_shipped_count() && i < PACKAGES_MAX; i++) {
        struct package *p;
        enum err err = package_open(package_shipped_name(i), NULL, &p, why);
        if (err != ERR_NONE)
            return err;
        if (package_query(p) != NULL)
            r->shipped[r->shipped_n++] = p;
        else
            package_free(p);
    }
    return ERR_NONE;
}

static enum err open_state(struct engine_replay *r, struct err_text *why)
{
    const char *dir = r->settings.data_dir;
    if (dir != NULL) {
        if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
            int number = errno;
            return err_set(why, err_from_errno(number), "cannot make the directory '%s': %s", dir,
                           strerror(number));
        }
        enum err err = store_open(dir, NULL, &r->store, why);
        if (err != ERR_NONE)
            return err;
    } else {
        const char *tmp = getenv("TMPDIR");
        int n = snprintf(r->temp_dir, sizeof(r->temp_dir), "%s/weir-XXXXXX",
                         tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
        if (n < 0 || mkdtemp(r->temp_dir) == NULL) {
            int number = errno;
            r->temp_dir[0] = '\0';
            return err_set(why, err_from_errno(number), "cannot make a temporary directory: %s",
                           strerror(number));
        }
        dir = r->temp_dir;
    }
    enum err err = store_state_open(dir, &r->state, why);
    if (err == ERR_NONE && r->temp_dir[0] != '\0' &&
        (err = store_state_relax(r->state)) != ERR_NONE)
        err_set(why, err, "the temporary state cannot be used: %s", err_name(err));
    return err;
}

static enum err tell_store(struct engine_replay *r, struct err_text *why);

/* What came so far becomes something that can be searched for. */
static enum err settle(void *ctx, struct err_text *why)
{
    struct engine_replay *r = ctx;
    if (r->events != NULL)
        return store_commit(r->events, why);
    enum err err = tell_store(r, why);
    return err == ERR_NONE ? store_commit(r->store, why) : err;
}

static enum err make_pipeline(struct engine_replay *r, struct err_text *why)
{
    const struct engine_pipeline_options options = {
        .store = r->store != NULL ? r->store : r->events,
        .state = r->state,
        .team = r->team,
        .at_rest = true,
        .settle = settle,
        .settle_ctx = r,
        .cancel = {r->settings.stop, r->settings.ctx},
        .on_alert = r->settings.on_alert,
        .ctx = r->settings.alert_ctx,
    };
    return engine_pipeline_new(&options, &r->pipeline, why);
}

enum err engine_replay_new(const struct engine_replay_settings *settings,
                           struct engine_replay **out, struct err_text *why)
{
    struct engine_replay *r = mem_zero(1, sizeof(*r));
    if (r == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    r->settings = *settings;
    enum err err = open_inputs(r, why);
    if (err == ERR_NONE)
        err = open_shipped(r, why);
    if (err == ERR_NONE)
        err = open_state(r, why);
    if (err == ERR_NONE) {
        r->team = thread_team_new(settings->threads);
        if (r->team == NULL)
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    if (err == ERR_NONE)
        err = make_pipeline(r, why);
    if (err != ERR_NONE) {
        engine_replay_free(r);
        return err;
    }
    *out = r;
    return ERR_NONE;
}

static void remove_files(const char *dir)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        closedir(d);
    rmdir(dir);
}

/* The files of state and, where rules searched events, of a store. */
static void remove_temp(const char *dir)
{
    char pieces[sizeof(((struct engine_replay *)NULL)->temp_dir) + sizeof("/pieces")];
    snprintf(pieces, sizeof(pieces), "%s/pieces", dir);
    remove_files(pieces);
    remove_files(dir);
}

void engine_replay_free(struct engine_replay *r)
{
    if (r == NULL)
        return;
    engine_pipeline_free(r->pipeline);
    thread_team_free(r->team);
    store_state_close(r->state);
    store_close(r->store);
    store_close(r->events);
    if (r->temp_dir[0] != '\0')
        remove_temp(r->temp_dir);
    for (size_t i = 0; i < r->shipped_n; i++)
        package_free(r->shipped[i]);
    ingest_sort_free(r->sort);
    enrich_free(r->enrich);
    feed_inputs_free(r->inputs);
    mem_free(r);
}

/* The datafeed among the files whose job_id is the job's, as text; NULL when there is none. */
static enum err find_feed(struct engine_replay *r, const char *job_id, struct buf *out,
                          const char **out_file, struct err_text *why)
{
    *out_file = NULL;
    for (size_t i = 0; i < r->settings.feeds_n; i++) {
        struct format_node *feed;
        enum err err = format_node_file(r->settings.feeds[i], &feed, why);
        if (err != ERR_NONE)
            return err;
        const char *id = format_node_str(format_node_get(feed, "job_id"), "");
        /* A single pair needs no ids to find each other. */
        bool pair = r->settings.feeds_n == 1 && r->settings.jobs_n == 1;
        if (pair || strcmp(id, job_id) == 0) {
            format_node_write(feed, out);
            *out_file = r->settings.feeds[i];
        }
        format_node_free(feed);
        if (*out_file != NULL)
            break;
    }
    return ERR_NONE;
}

static void on_note(void *ctx, const char *sentence)
{
    remark(ctx, sentence);
}

static enum err install_filters(struct engine_replay *r, struct err_text *why)
{
    struct detect_filters filters = {0};
    enum err err = ERR_NONE;
    for (size_t i = 0; i < r->settings.filters_n && err == ERR_NONE; i++) {
        struct format_node *root = NULL;
        err = format_node_file(r->settings.filters[i], &root, why);
        if (err == ERR_NONE)
            err = detect_filters_from_node(&filters, root, why);
        format_node_free(root);
    }
    for (size_t i = 0; i < filters.n_notes; i++)
        remark(r, filters.notes[i]);
    if (err == ERR_NONE)
        err = engine_filters_put(r->state, NULL, &filters, why);
    detect_filters_release(&filters);
    return err;
}

static enum err install_calendars(struct engine_replay *r, struct err_text *why)
{
    struct detect_calendars calendars = {0};
    enum err err = ERR_NONE;
    for (size_t i = 0; i < r->settings.calendars_n && err == ERR_NONE; i++) {
        struct format_node *root = NULL;
        err = format_node_file(r->settings.calendars[i], &root, why);
        if (err == ERR_NONE)
            err = detect_calendars_from_node(&calendars, root, why);
        format_node_free(root);
    }
    for (size_t i = 0; i < calendars.n_notes; i++)
        remark(r, calendars.notes[i]);
    if (err == ERR_NONE)
        err = engine_calendars_put(r->state, NULL, &calendars, why);
    detect_calendars_release(&calendars);
    return err;
}

static enum err install_job(struct engine_replay *r, const char *path, struct err_text *why)
{
    struct format_node *job;
    struct buf text, feed;
    const char *feed_file;
    enum err err = format_node_file(path, &job, why);
    if (err != ERR_NONE)
        return err;
    buf_init(&text);
    buf_init(&feed);
    format_node_write(job, &text);
    err = find_feed(r, format_node_str(format_node_get(job, "job_id"), ""), &feed, &feed_file, why);
    if (err == ERR_NONE)
        engine_install_notes(r->state, buf_text(&text), text.n, path,
                             feed_file != NULL ? buf_text(&feed) : NULL, feed.n, feed_file, on_note,
                             r);
    if (err == ERR_NONE)
        err = engine_install_job(r->state, buf_text(&text), text.n, path,
                                 feed_file != NULL ? buf_text(&feed) : NULL, feed.n, feed_file,
                                 NULL, r->first, TIME_NONE, why);
    if (err == ERR_EXISTS)
        err = ERR_NONE; /* a data directory that knows it goes on with it */
    buf_release(&text);
    buf_release(&feed);
    format_node_free(job);
    return err;
}

/* The exceptions that stood among the rules. */
static enum err install_exceptions(struct engine_replay *r, const struct rule_set *rules,
                                   struct err_text *why)
{
    struct except_set *set = except_set_new();
    enum err err = set != NULL ? engine_exceptions_read(rules, set, why)
                               : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (size_t i = 0; err == ERR_NONE && i < except_set_problems(set); i++) {
        const struct except_problem *problem = except_set_problem(set, i);
        char line[900];
        if (problem->fatal) {
            *why = problem->text;
            err = ERR_INVALID;
        } else {
            remark(r, err_format(&problem->text, line, sizeof(line)));
        }
    }
    if (err == ERR_NONE)
        err = engine_exceptions_put(r->state, set, why);
    except_set_free(set);
    return err;
}

static enum err install_rules(struct engine_replay *r, struct err_text *why)
{
    struct engine_install_totals totals = {0};
    struct rule_set *set = rule_set_new();
    enum err err = set != NULL ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (size_t i = 0; i < r->settings.rules_n && err == ERR_NONE; i++)
        err = rule_load_path(set, r->settings.rules[i], why);
    for (size_t i = 0; err == ERR_NONE && i < rule_set_problems(set); i++) {
        const struct rule_problem *problem = rule_set_problem(set, i);
        char line[900];
        if (problem->fatal) {
            *why = problem->text;
            err = ERR_INVALID;
        } else {
            remark(r, err_format(&problem->text, line, sizeof(line)));
        }
    }
    if (err == ERR_NONE)
        err = install_exceptions(r, set, why);
    if (err == ERR_NONE)
        err = engine_install_rules(r->state, set, NULL, true, r->first, &totals, why);
    rule_set_free(set);
    return err;
}

static enum err install_package(struct engine_replay *r, const struct package *p, uint64_t hits,
                                struct err_text *why)
{
    struct engine_install_totals totals = {0};
    char line[256];
    enum err err = engine_install_package(r->state, p, r->first, &totals, why);
    if (err != ERR_NONE)
        return err;
    if (hits > 0)
        snprintf(line, sizeof(line), "package %s applies to %llu events: %zu jobs, %zu rules",
                 package_id(p), (unsigned long long)hits, package_jobs(p), package_rules(p));
    else if (package_jobs(p) == 0 && package_rules(p) == 0)
        snprintf(line, sizeof(line), "package %s only names data: it has no jobs and no rules",
                 package_id(p));
    else
        snprintf(line, sizeof(line), "package %s: %zu jobs, %zu rules", package_id(p),
                 package_jobs(p), package_rules(p));
    if (hits == 0 || package_jobs(p) > 0 || package_rules(p) > 0)
        remark(r, line);
    return ERR_NONE;
}

static bool searches_events(void *ctx, const struct store_rule *row)
{
    bool *any = ctx;
    struct rule *rule;
    struct err_text why;
    if (engine_rules_read(row, &rule, &why) != ERR_NONE)
        return true;
    *any = rule->hunt != NULL;
    rule_unref(rule);
    return !*any;
}

/* Rules that search events may want those that came before: without a data directory these are kept
 * as long as the replay. */
static enum err keep_events(struct engine_replay *r, struct err_text *why)
{
    bool any = false;
    if (r->store != NULL)
        return ERR_NONE;
    enum err err = store_state_rule_list(r->state, searches_events, &any);
    if (err != ERR_NONE)
        return err_set(why, err, "rules cannot be read: %s", err_name(err));
    if (!any)
        return ERR_NONE;
    err = store_open(r->temp_dir, NULL, &r->events, why);
    if (err != ERR_NONE)
        return err;
    engine_pipeline_free(r->pipeline);
    r->pipeline = NULL;
    return make_pipeline(r, why);
}

static enum err set_up(struct engine_replay *r, struct err_text *why)
{
    enum err err = install_filters(r, why);
    if (err == ERR_NONE)
        err = install_calendars(r, why);
    for (size_t i = 0; i < r->shipped_n && err == ERR_NONE; i++)
        if (r->hits[i] > 0)
            err = install_package(r, r->shipped[i], r->hits[i], why);
    for (size_t i = 0; i < r->settings.packages_n && err == ERR_NONE; i++) {
        struct package *p;
        err = package_open(r->settings.packages[i], NULL, &p, why);
        if (err == ERR_NONE) {
            err = install_package(r, p, 0, why);
            package_free(p);
        }
    }
    for (size_t i = 0; i < r->settings.jobs_n && err == ERR_NONE; i++)
        err = install_job(r, r->settings.jobs[i], why);
    if (err == ERR_NONE && r->settings.rules_n > 0)
        err = install_rules(r, why);
    return err == ERR_NONE ? keep_events(r, why) : err;
}

static void place_write(const struct engine_place *p, struct buf *out)
{
    buf_le64(out, (uint64_t)p->time);
    buf_le32(out, p->source);
    buf_le64(out, p->sequence);
}

static void place_read(const struct buf *from, struct engine_place *out)
{
    struct cursor c = cursor_make(from->p, from->n);
    struct engine_place p = {.time = (ts_ns)cursor_le64(&c)};
    p.source = cursor_le32(&c);
    p.sequence = cursor_le64(&c);
    if (cursor_ok(&c))
        *out = p;
}

/*
 * Where an earlier run on the data directory came to. What it kept and did not learn of, because it
 * was killed, the jobs get from the store.
 */
static enum err find_place(struct engine_replay *r, struct err_text *why)
{
    struct buf place;
    buf_init(&place);
    r->at = ENGINE_PLACE_NONE;
    enum err err = r->store != NULL ? store_offset_get(r->store, PLACE, &place) : ERR_NOT_FOUND;
    if (err == ERR_NONE)
        place_read(&place, &r->at);
    buf_release(&place);
    if (err != ERR_NONE && err != ERR_NOT_FOUND)
        return err_set(why, err, "the data directory cannot be read: %s", err_name(err));
    r->nothing_new = r->sorted > 0 && r->at.time >= r->last;
    r->placed = true;
    return ERR_NONE;
}

static enum err tell_store(struct engine_replay *r, struct err_text *why)
{
    struct buf place;
    buf_init(&place);
    place_write(&r->at, &place);
    enum err err =
        buf_ok(&place) ? store_offset_set(r->store, PLACE, place.p, place.n) : ERR_MEMORY;
    buf_release(&place);
    return err == ERR_NONE ? err
                           : err_set(why, err, "the store cannot be written: %s", err_name(err));
}

/* Events first, then what was learned of them. */
static enum err keep_place(struct engine_replay *r, struct err_text *why)
{
    enum err err = tell_store(r, why);
    if (err == ERR_NONE)
        err = store_commit(r->store, why);
    if (err == ERR_NONE)
        err = engine_pipeline_save(r->pipeline, why);
    r->saved = clock_steady();
    return err;
}

/* Jobs and rules as the first event finds them, with what is stored of an earlier run. */
static enum err begin_play(struct engine_replay *r, ts_ns now)
{
    bool behind;
    enum err err = engine_pipeline_load(r->pipeline, now, &r->why);
    return err == ERR_NONE ? engine_pipeline_catch_up(r->pipeline, 0, &behind, &r->why) : err;
}

/* Second pass: an event in its place in time. */
static void play(void *ctx, struct event *e)
{
    struct engine_replay *r = ctx;
    if (r->failed != ERR_NONE)
        return;
    if (r->played == 0)
        r->failed = begin_play(r, e->time);
    const struct engine_place place = engine_place_of(e);
    if (r->failed == ERR_NONE && engine_place_is_after(place, r->at)) {
        r->failed = engine_pipeline_event(r->pipeline, e, true, &r->why);
        if (r->failed == ERR_NONE)
            r->at = place;
    }
    if (++r->played % LOOK_EVERY != 0)
        return;
    if (r->settings.progress != NULL)
        r->settings.progress(r->settings.ctx, 1, (double)r->played / (double)r->sorted, r->played);
    if (r->failed == ERR_NONE && r->settings.stop != NULL && r->settings.stop(r->settings.ctx))
        r->failed = err_set(&r->why, ERR_STOPPED, "stopped before the end of the input");
    if (r->failed == ERR_NONE && r->events != NULL)
        r->failed = store_commit(r->events, &r->why);
    if (r->failed == ERR_NONE && r->store != NULL && clock_steady() - r->saved >= SAVE_EVERY)
        r->failed = keep_place(r, &r->why);
}

/* Silence has reasons too. */
static void tell_silence(struct engine_replay *r)
{
    struct engine_pipeline_totals totals;
    char line[256], from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];
    engine_pipeline_totals(r->pipeline, &totals);
    if (totals.alerts > 0)
        return;
    if (r->nothing_new) {
        remark(r,
               "an earlier run on this data directory has seen all these events: nothing is new");
        return;
    }
    if (r->sorted == 0) {
        remark(r, "no events in the input");
        return;
    }
    time_format_iso(r->first, from);
    time_format_iso(r->last, to);
    from[19] = to[19] = '\0'; /* to the second */
    if (r->events != NULL)
        snprintf(line, sizeof(line), "%llu events from %s to %s, no alert",
                 (unsigned long long)r->sorted, from, to);
    else if (engine_jobs_count(engine_pipeline_jobs(r->pipeline)) == 0)
        snprintf(line, sizeof(line),
                 "%llu events from %s to %s, and no job ran on them: --package or --job names some",
                 (unsigned long long)r->sorted, from, to);
    else
        snprintf(line, sizeof(line),
                 "%llu events from %s to %s, no alert; jobs must learn what is normal before they "
                 "judge, and a short input teaches little",
                 (unsigned long long)r->sorted, from, to);
    remark(r, line);
}

enum err engine_replay_run(struct engine_replay *r, struct err_text *why)
{
    enum err err = feed_inputs_run(r->inputs, why);
    if (r->failed != ERR_NONE) {
        *why = r->why;
        return r->failed;
    }
    if (err == ERR_NONE)
        err = set_up(r, why);
    if (err == ERR_NONE)
        err = find_place(r, why);
    r->saved = clock_steady();
    if (err == ERR_NONE && (err = ingest_sort_drain(r->sort, play, r)) != ERR_NONE)
        err_set(why, err, "the events in order cannot be read: %s", err_name(err));
    if (err == ERR_NONE && r->failed != ERR_NONE) {
        *why = r->why;
        err = r->failed;
    }
    if (err == ERR_NONE)
        err = engine_pipeline_finish(r->pipeline, why);
    if (err == ERR_NONE)
        tell_silence(r);
    if (r->store == NULL || !r->placed)
        return err;
    struct err_text late;
    /* After a failure nothing is learned for good, but closing the store keeps the events. */
    enum err saved =
        err == ERR_NONE || err == ERR_STOPPED ? keep_place(r, &late) : tell_store(r, &late);
    if (saved != ERR_NONE && err == ERR_NONE) {
        *why = late;
        err = saved;
    }
    return err;
}

const struct feed_inputs *engine_replay_inputs(const struct engine_replay *r)
{
    return r->inputs;
}

const struct engine_pipeline *engine_replay_pipeline(const struct engine_replay *r)
{
    return r->pipeline;
}

struct store_state *engine_replay_state(struct engine_replay *r)
{
    return r->state;
}
