/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/install.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "detect/feed.h"
#include "detect/job.h"
#include "engine/filters.h"
#include "engine/rows.h"
#include "engine/rules.h"
#include "format/node.h"
#include "format/write.h"
#include "package/package.h"
#include "rule/export.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "store/state.h"

#include <string.h>

static enum err failed(struct err_text *why, enum err err, const char *what)
{
    return err_set(why, err, "%s cannot be written: %s", what, err_name(err));
}

/* Ends a transaction: all of it or nothing. */
static enum err settle(struct store_state *state, enum err err, struct err_text *why)
{
    if (err == ERR_NONE)
        return store_state_commit(state, why);
    store_state_rollback(state);
    return err;
}

enum err engine_install_job(struct store_state *state, const char *job, size_t job_n,
                            const char *job_file, const char *feed, size_t feed_n,
                            const char *feed_file, const char *package, ts_ns now, ts_ns start,
                            struct err_text *why)
{
    struct detect_job *parsed = NULL;
    struct detect_feed *parsed_feed = NULL;
    struct detect_filters filters = {0};
    enum err err = engine_filters_read(state, &filters, why);
    if (err == ERR_NONE)
        err = detect_job_parse(job, job_n, job_file, filters.list, filters.n, &parsed, why);
    detect_filters_release(&filters);
    if (err == ERR_NONE && feed != NULL)
        err = detect_feed_parse(feed, feed_n, feed_file, &parsed_feed, why);
    if (err == ERR_NONE && feed != NULL)
        err = detect_feed_fits(parsed_feed, parsed, why);
    if (err == ERR_NONE && feed != NULL)
        err = engine_rows_check(parsed_feed, why);
    if (err == ERR_NONE && parsed->id[0] == '\0')
        err = err_set_at(why, ERR_INVALID, job_file, 1, "a job needs a job_id");
    if (err == ERR_NONE) {
        struct arena arena;
        struct store_job old;
        char *text = mem_strndup(job, job_n);
        char *feed_text = feed != NULL ? mem_strndup(feed, feed_n) : NULL;
        arena_init(&arena, 0);
        const struct store_job row = {
            .id = parsed->id,
            .config = text,
            .datafeed = feed_text,
            .package = package,
            .state = "closed",
            .datafeed_state = "started",
            .created = now,
            .start = start,
            .end = TIME_NONE,
            .position = TIME_NONE,
        };
        if (text == NULL || (feed != NULL && feed_text == NULL))
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        else if (store_state_job_get(state, parsed->id, &arena, &old) == ERR_NONE)
            err = err_set(why, ERR_EXISTS, "there is a job '%s' already", parsed->id);
        else if ((err = store_state_job_put(state, &row)) != ERR_NONE)
            failed(why, err, "the job");
        arena_release(&arena);
        mem_free(text);
        mem_free(feed_text);
    }
    detect_job_free(parsed);
    detect_feed_free(parsed_feed);
    return err;
}

void engine_install_notes(struct store_state *state, const char *job, size_t job_n,
                          const char *job_file, const char *feed, size_t feed_n,
                          const char *feed_file, void (*note)(void *ctx, const char *sentence),
                          void *ctx)
{
    struct detect_job *parsed;
    struct detect_feed *parsed_feed;
    struct detect_filters filters = {0};
    struct err_text why;
    if (engine_filters_read(state, &filters, &why) == ERR_NONE &&
        detect_job_parse(job, job_n, job_file, filters.list, filters.n, &parsed, &why) ==
            ERR_NONE) {
        for (size_t i = 0; i < parsed->n_notes; i++)
            note(ctx, parsed->notes[i]);
        detect_job_free(parsed);
    }
    detect_filters_release(&filters);
    if (feed != NULL &&
        detect_feed_parse(feed, feed_n, feed_file, &parsed_feed, &why) == ERR_NONE) {
        for (size_t i = 0; i < parsed_feed->n_notes; i++)
            note(ctx, parsed_feed->notes[i]);
        detect_feed_free(parsed_feed);
    }
}

static enum err install_package_job(struct store_state *state, const struct package *p,
                                    const struct package_job *job, ts_ns now, struct err_text *why)
{
    return engine_install_job(state, job->job, job->job_n, job->file, job->datafeed,
                              job->datafeed_n, job->datafeed_file, package_id(p), now, TIME_NONE,
                              why);
}

/* Whether the job is there and started; else a reason. */
static bool job_runs(struct store_state *state, const char *id, struct buf *reason)
{
    struct arena arena;
    struct store_job row;
    arena_init(&arena, 0);
    enum err err = store_state_job_get(state, id, &arena, &row);
    bool runs = err == ERR_NONE && strcmp(row.datafeed_state, "started") == 0;
    if (err != ERR_NONE)
        buf_format(reason, "%sjob '%s' is not installed", reason->n > 0 ? "; " : "", id);
    else if (!runs)
        buf_format(reason, "%sjob '%s' is stopped%s%s", reason->n > 0 ? "; " : "", id,
                   row.message != NULL && row.message[0] != '\0' ? ": " : "",
                   row.message != NULL ? row.message : "");
    arena_release(&arena);
    return runs;
}

/* Installs the job from the shipped package that has it; those of ded come with the package only,
 * as with Elastic. */
static enum err install_shipped_job(struct store_state *state, const char *id, ts_ns now,
                                    struct err_text *why)
{
    for (size_t i = 0; i < package_shipped_count(); i++) {
        struct package *p;
        if (strcmp(package_shipped_name(i), "ded") == 0)
            continue;
        enum err err = package_open(package_shipped_name(i), NULL, &p, why);
        if (err != ERR_NONE)
            return err;
        for (size_t k = 0; k < package_jobs(p); k++)
            if (strcmp(package_job_at(p, k)->id, id) == 0) {
                err = install_package_job(state, p, package_job_at(p, k), now, why);
                package_free(p);
                return err;
            }
        package_free(p);
    }
    return ERR_NOT_FOUND;
}

/* Sees that the rule's jobs run; what fails becomes the rule's status, not an error. */
static enum err start_jobs(struct store_state *state, const struct rule *rule, ts_ns now,
                           struct err_text *why)
{
    struct buf reason;
    buf_init(&reason);
    enum err err = ERR_NONE;
    for (size_t i = 0; i < rule->jobs_n && err == ERR_NONE; i++) {
        const char *id = rule->jobs[i];
        struct arena arena;
        struct store_job row;
        arena_init(&arena, 0);
        enum err there = store_state_job_get(state, id, &arena, &row);
        bool stopped = there == ERR_NONE && strcmp(row.datafeed_state, "started") != 0;
        arena_release(&arena);
        if (there == ERR_NOT_FOUND) {
            struct err_text sentence;
            enum err got = install_shipped_job(state, id, now, &sentence);
            if (got == ERR_MEMORY || got == ERR_IO || got == ERR_FULL) {
                *why = sentence;
                err = got;
            } else if (got != ERR_NONE && got != ERR_NOT_FOUND) {
                buf_format(&reason, "%s%s", reason.n > 0 ? "; " : "", sentence.message);
            }
        } else if (there == ERR_NONE && stopped) {
            err = store_state_job_set_state(state, id, NULL, "started", "");
            if (err != ERR_NONE)
                failed(why, err, "the job");
        } else if (there != ERR_NONE) {
            err = failed(why, there, "the rule");
        }
        if (err == ERR_NONE)
            job_runs(state, id, &reason);
    }
    if (err == ERR_NONE && reason.n > 0) {
        const struct store_run run = {
            .rule_id = rule->rule_id,
            .time = now,
            .from = TIME_NONE,
            .to = TIME_NONE,
            .status = "partial failure",
            .message = buf_text(&reason),
        };
        err = store_state_run_put(state, &run);
        if (err != ERR_NONE)
            failed(why, err, "the rule's status");
    }
    buf_release(&reason);
    return err;
}

enum err engine_install_rule(struct store_state *state, const struct rule *rule,
                             const char *package, bool enable, ts_ns now, struct err_text *why)
{
    struct buf doc;
    struct format_writer w;
    buf_init(&doc);
    format_write_init(&w, &doc);
    rule_export_object(rule, &w);
    const struct store_rule row = {
        .id = rule->rule_id,
        .doc = buf_text(&doc),
        .package = package,
        .enabled = enable,
        .created = now,
        .updated = now,
        .last_run = TIME_NONE,
    };
    enum err err = buf_ok(&doc) ? store_state_rule_put(state, &row) : ERR_MEMORY;
    buf_release(&doc);
    if (err != ERR_NONE)
        return failed(why, err, "the rule");
    return enable && rule_runs(rule) ? start_jobs(state, rule, now, why) : ERR_NONE;
}

static enum err install_rules(struct store_state *state, const struct rule_set *set,
                              const char *package, bool enable, ts_ns now,
                              struct engine_install_totals *totals, struct err_text *why)
{
    for (size_t i = 0; i < rule_set_count(set); i++) {
        const struct rule *rule = rule_set_at(set, i);
        struct arena arena;
        struct store_rule old;
        bool on = enable && rule->enabled;
        arena_init(&arena, 0);
        /* A package that comes again does not switch on what somebody switched off. */
        if (package != NULL && store_state_rule_get(state, rule->rule_id, &arena, &old) == ERR_NONE)
            on = old.enabled;
        arena_release(&arena);
        enum err err = engine_install_rule(state, rule, package, on, now, why);
        if (err != ERR_NONE)
            return err;
        totals->rules++;
    }
    return ERR_NONE;
}

enum err engine_install_rules(struct store_state *state, const struct rule_set *set,
                              const char *package, bool enable, ts_ns now,
                              struct engine_install_totals *totals, struct err_text *why)
{
    enum err err = store_state_begin(state);
    if (err != ERR_NONE)
        return failed(why, err, "the rules");
    err = install_rules(state, set, package, enable, now, totals, why);
    return settle(state, err, why);
}

/* The package's rules: rule_set_free(). */
static enum err read_rules(const struct package *p, struct rule_set **out, struct err_text *why)
{
    struct rule_set *set = rule_set_new();
    enum err err = set != NULL ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (size_t i = 0; err == ERR_NONE && i < package_rules(p); i++) {
        const struct package_rule *r = package_rule_at(p, i);
        err = rule_load_text(set, r->text, r->text_n, r->file, why);
    }
    for (size_t i = 0; err == ERR_NONE && i < rule_set_problems(set); i++)
        if (rule_set_problem(set, i)->fatal) {
            *why = rule_set_problem(set, i)->text;
            err = ERR_INVALID;
        }
    if (err == ERR_NONE)
        *out = set;
    else
        rule_set_free(set);
    return err;
}

static enum err install_package(struct store_state *state, const struct package *p, ts_ns now,
                                struct engine_install_totals *totals, struct err_text *why)
{
    for (size_t i = 0; i < package_jobs(p); i++) {
        enum err err = install_package_job(state, p, package_job_at(p, i), now, why);
        if (err == ERR_EXISTS)
            totals->there++;
        else if (err != ERR_NONE)
            return err;
        else
            totals->jobs++;
    }
    struct rule_set *set = NULL;
    enum err err = read_rules(p, &set, why);
    if (err == ERR_NONE)
        err = engine_install_rules(state, set, package_id(p), true, now, totals, why);
    if (err == ERR_NONE) {
        const struct store_package row = {.name = package_id(p), .installed = now};
        err = store_state_package_put(state, &row);
        if (err != ERR_NONE)
            failed(why, err, "the package");
    }
    rule_set_free(set);
    return err;
}

enum err engine_install_package(struct store_state *state, const struct package *p, ts_ns now,
                                struct engine_install_totals *totals, struct err_text *why)
{
    enum err err = store_state_begin(state);
    if (err != ERR_NONE)
        return failed(why, err, "the package");
    err = install_package(state, p, now, totals, why);
    return settle(state, err, why);
}

/* Those rules of a package that are not there, switched off. */
static enum err install_missing(struct store_state *state, const struct package *p, ts_ns now,
                                struct engine_install_totals *totals, struct err_text *why)
{
    struct rule_set *set = NULL;
    enum err err = read_rules(p, &set, why);
    for (size_t i = 0; err == ERR_NONE && i < rule_set_count(set); i++) {
        const struct rule *rule = rule_set_at(set, i);
        struct arena arena;
        struct store_rule old;
        arena_init(&arena, 0);
        enum err there = store_state_rule_get(state, rule->rule_id, &arena, &old);
        arena_release(&arena);
        if (there == ERR_NONE)
            totals->there++;
        else if (there != ERR_NOT_FOUND)
            err = failed(why, there, "the rules");
        else
            err = engine_install_rule(state, rule, package_id(p), false, now, why);
        totals->rules += err == ERR_NONE && there == ERR_NOT_FOUND;
    }
    rule_set_free(set);
    return err;
}

enum err engine_install_shipped_rules(struct store_state *state, ts_ns now,
                                      struct engine_install_totals *totals, struct err_text *why)
{
    const struct package_options options = {.now = now};
    enum err err = store_state_begin(state);
    if (err != ERR_NONE)
        return failed(why, err, "the rules");
    for (size_t i = 0; i < package_shipped_count() && err == ERR_NONE; i++) {
        struct package *p;
        err = package_open(package_shipped_name(i), &options, &p, why);
        if (err == ERR_NONE) {
            err = install_missing(state, p, now, totals, why);
            package_free(p);
        }
    }
    return settle(state, err, why);
}

struct looking {
    const char *name;
    bool there;
};

static bool look_at(void *ctx, const struct store_package *row)
{
    struct looking *l = ctx;
    if (strcmp(row->name, l->name) == 0)
        l->there = true;
    return !l->there;
}

enum err engine_install_is_there(struct store_state *state, const char *package, bool *out,
                                 struct err_text *why)
{
    struct looking l = {.name = package};
    enum err err = store_state_package_list(state, look_at, &l);
    if (err != ERR_NONE)
        return err_set(why, err, "packages cannot be read: %s", err_name(err));
    *out = l.there;
    return ERR_NONE;
}

struct belonging {
    const char *package;
    struct arena arena;
    const char **ids;
    size_t n, cap;
    bool failed;
};

static bool keep_id(struct belonging *b, const char *package, const char *id)
{
    if (package == NULL || strcmp(package, b->package) != 0)
        return true;
    char *copy = arena_strndup(&b->arena, id, strlen(id));
    if (copy == NULL || mem_grow((void **)&b->ids, &b->cap, b->n + 1, sizeof(*b->ids)) != 0) {
        b->failed = true;
        return false;
    }
    b->ids[b->n++] = copy;
    return true;
}

static bool keep_job(void *ctx, const struct store_job *row)
{
    return keep_id(ctx, row->package, row->id);
}

static bool keep_rule(void *ctx, const struct store_rule *row)
{
    return keep_id(ctx, row->package, row->id);
}

enum err engine_install_remove(struct store_state *state, const char *package,
                               struct engine_install_totals *totals, struct err_text *why)
{
    struct belonging jobs = {.package = package}, rules = {.package = package};
    enum err err = store_state_begin(state);
    if (err != ERR_NONE)
        return failed(why, err, "the package");
    arena_init(&jobs.arena, 0);
    arena_init(&rules.arena, 0);
    err = store_state_package_delete(state, package);
    bool there = err != ERR_NOT_FOUND;
    if (err == ERR_NONE)
        err = store_state_job_list(state, keep_job, &jobs);
    if (err == ERR_NONE)
        err = store_state_rule_list(state, keep_rule, &rules);
    if (err == ERR_NONE && (jobs.failed || rules.failed))
        err = ERR_MEMORY;
    for (size_t i = 0; err == ERR_NONE && i < jobs.n; i++, totals->jobs++)
        err = store_state_job_delete(state, jobs.ids[i]);
    for (size_t i = 0; err == ERR_NONE && i < rules.n; i++, totals->rules++)
        err = store_state_rule_delete(state, rules.ids[i]);
    if (err == ERR_NONE) {
        err = store_state_commit(state, why);
    } else {
        store_state_rollback(state);
        if (there)
            err_set(why, err, "the package '%s' cannot be removed: %s", package, err_name(err));
        else
            err_set(why, err, "the package '%s' is not installed", package);
    }
    mem_free(jobs.ids);
    mem_free(rules.ids);
    arena_release(&jobs.arena);
    arena_release(&rules.arena);
    return err;
}

static enum err switch_rule(struct store_state *state, const char *rule_id, bool enable, ts_ns now,
                            struct err_text *why)
{
    struct arena arena;
    struct store_rule row;
    arena_init(&arena, 0);
    enum err err = store_state_rule_get(state, rule_id, &arena, &row);
    if (err == ERR_NOT_FOUND)
        err_set(why, err, "there is no rule '%s'; weir rule list shows them", rule_id);
    else if (err != ERR_NONE ||
             (err = store_state_rule_enable(state, rule_id, enable, now)) != ERR_NONE)
        failed(why, err, "the rule");
    if (err == ERR_NONE && enable) {
        struct rule *rule = NULL;
        err = engine_rules_read(&row, &rule, why);
        if (err == ERR_NONE && rule_runs(rule))
            err = start_jobs(state, rule, now, why);
        rule_unref(rule);
    }
    arena_release(&arena);
    return err;
}

enum err engine_install_enable(struct store_state *state, const char *rule_id, bool enable,
                               ts_ns now, struct err_text *why)
{
    enum err err = store_state_begin(state);
    if (err != ERR_NONE)
        return failed(why, err, "the rule");
    err = switch_rule(state, rule_id, enable, now, why);
    return settle(state, err, why);
}
