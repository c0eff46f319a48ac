/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/engine.h"

#include "base/budget.h"
#include "base/mem.h"
#include "event/event.h"
#include "hunt/hunt.h"
#include "hunt/tap.h"
#include "rule/job_id.h"
#include "rule/rule.h"
#include "rule/run.h"
#include "rule/schedule.h"
#include "rule/status.h"

#include <stdbool.h>
#include <string.h>

/* What all searches together may keep; each has a bound of its own, too. */
#define HUNTS_BYTES ((uint64_t)256 << 20)
/* Rules that look back no further are fed in a pass of their own. */
#define SHORT_LOOK_BACK (2 * TIME_HOUR)
/* How long a piece of the store, read for searches that are new, is to keep all others waiting; how
 * many documents it has at most, and how much of the past. */
#define PIECE_SOON (10 * TIME_MS)
#define PIECE_LATE (40 * TIME_MS)
#define PIECE_DOCUMENTS 20000
#define PIECE_MOST TIME_DAY

struct entry {
    struct rule *rule;
    struct hunt *hunt; /* of a rule that searches events; else NULL */
    ts_ns since;       /* when it was taken up */
    ts_ns previous;    /* start of the last run; TIME_NONE: never */
    ts_ns regular;     /* the next multiple of the interval */
    ts_ns *direct;     /* times at which results ask for a run; ascending, each once */
    size_t direct_n;
    size_t direct_cap;
    ts_ns stirred; /* when results last changed; TIME_NONE: nothing since the start */
    bool ran;      /* since it was taken up, and not only for results of before */
    bool whole;    /* feeding its search in pieces failed */
    bool left_out; /* the last run that counts as made was not */
    bool settled;  /* the last run saw all that qualified: until results change, others find
                      nothing new */
};

struct rule_engine {
    const struct rule_ports *ports;
    struct hunt_tap *tap;
    struct hunt_feeding *feeding; /* in pieces; or NULL */
    ts_ns piece;                  /* how much of the past the next one holds */
    bool unfed;                   /* there may be searches that were never fed */
    ts_ns clock;                  /* where engine time stands; TIME_NONE: nobody knows */
    ts_ns ahead;                  /* rules that have not run yet were taken up at or before this */
    struct budget bytes;          /* that searches may keep */
    bool failed;                  /* memory was short for a time to run at */
    /* The result told last: a bucket's records come one after the other, all at one time. */
    char last_job[RULE_JOB_ID_SIZE];
    ts_ns last_at;
    struct entry *entries; /* in the order of rule_id, always */
    size_t n;
    size_t cap;
};

struct rule_engine *rule_engine_new(const struct rule_ports *ports)
{
    struct rule_engine *e = mem_zero(1, sizeof(*e));
    if (e == NULL)
        return NULL;
    e->ports = ports;
    e->ahead = e->clock = TIME_NONE;
    e->piece = TIME_HOUR;
    e->tap = hunt_tap_new();
    budget_init(&e->bytes, HUNTS_BYTES);
    if (e->tap == NULL) {
        mem_free(e);
        return NULL;
    }
    return e;
}

static void end_hunt(struct rule_engine *e, struct hunt *h)
{
    if (h != NULL)
        hunt_tap_remove(e->tap, h);
    if (h != NULL && e->feeding != NULL)
        hunt_feeding_drop(e->feeding, h);
    hunt_free(h);
}

/* *out stays NULL for a rule that searches no events. */
static enum err begin_hunt(struct rule_engine *e, struct rule *r, struct hunt **out,
                           struct err_text *why)
{
    if (r->hunt == NULL)
        return ERR_NONE;
    if (e->ports->events == NULL)
        return err_set(why, ERR_UNSUPPORTED, "no events are at hand for rules of type %s",
                       rule_type_name(r->type));
    struct hunt *h = hunt_new(r->hunt, e->ports->events, r->rule_id, &e->bytes);
    if (h == NULL || hunt_tap_add(e->tap, h, HUNT_EVENT | HUNT_INDICATOR) != ERR_NONE) {
        hunt_free(h);
        return err_set(why, ERR_MEMORY, "no memory is left to run another rule");
    }
    *out = h;
    return ERR_NONE;
}

static void entry_release(struct rule_engine *e, struct entry *x)
{
    end_hunt(e, x->hunt);
    rule_unref(x->rule);
    mem_free(x->direct);
}

void rule_engine_free(struct rule_engine *e)
{
    if (e == NULL)
        return;
    for (size_t i = 0; i < e->n; i++)
        entry_release(e, &e->entries[i]);
    mem_free(e->entries);
    hunt_feeding_free(e->feeding);
    hunt_tap_free(e->tap);
    mem_free(e);
}

size_t rule_engine_count(const struct rule_engine *e)
{
    return e->n;
}

/* Where the rule is, or where it would have to go. */
static size_t place_of(const struct rule_engine *e, const char *rule_id, bool *out_there)
{
    size_t low = 0;
    size_t high = e->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = strcmp(e->entries[mid].rule->rule_id, rule_id);
        if (c == 0) {
            *out_there = true;
            return mid;
        }
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *out_there = false;
    return low;
}

/* What was told before does not hold for what comes now. */
static void forget_last(struct rule_engine *e)
{
    e->last_job[0] = '\0';
}

enum err rule_engine_put(struct rule_engine *e, struct rule *r, ts_ns now, ts_ns previous,
                         struct err_text *why)
{
    struct hunt *hunt = NULL;
    bool there;
    if (!rule_runs(r))
        return err_set(why, ERR_UNSUPPORTED, "%s", rule_idle_reason(r));
    enum err code = begin_hunt(e, r, &hunt, why);
    if (code != ERR_NONE)
        return code;
    size_t at = place_of(e, r->rule_id, &there);
    forget_last(e);
    if (there) {
        rule_ref(r);
        entry_release(e, &e->entries[at]);
    } else {
        if (mem_grow((void **)&e->entries, &e->cap, e->n + 1, sizeof(*e->entries)) != 0) {
            end_hunt(e, hunt);
            return err_set(why, ERR_MEMORY, "no memory is left to run another rule");
        }
        memmove(&e->entries[at + 1], &e->entries[at], (e->n - at) * sizeof(*e->entries));
        e->n++;
        rule_ref(r);
    }
    e->entries[at] = (struct entry){.rule = r,
                                    .hunt = hunt,
                                    .since = now,
                                    .previous = previous,
                                    .regular = rule_schedule_next(r, now - 1),
                                    .stirred = now};
    e->unfed |= hunt != NULL;
    if (now > e->ahead)
        e->ahead = now;
    return ERR_NONE;
}

enum err rule_engine_remove(struct rule_engine *e, const char *rule_id)
{
    bool there;
    size_t at = place_of(e, rule_id, &there);
    if (!there)
        return ERR_NOT_FOUND;
    entry_release(e, &e->entries[at]);
    e->n--;
    memmove(&e->entries[at], &e->entries[at + 1], (e->n - at) * sizeof(*e->entries));
    return ERR_NONE;
}

/* Times come in order but for the odd one; false when memory is short. */
static bool add_direct(struct entry *x, ts_ns when)
{
    size_t at = x->direct_n;
    while (at > 0 && x->direct[at - 1] > when)
        at--;
    if (at > 0 && x->direct[at - 1] == when)
        return true;
    if (mem_grow((void **)&x->direct, &x->direct_cap, x->direct_n + 1, sizeof(*x->direct)) != 0)
        return false;
    memmove(&x->direct[at + 1], &x->direct[at], (x->direct_n - at) * sizeof(*x->direct));
    x->direct[at] = when;
    x->direct_n++;
    return true;
}

static void drop_direct(struct entry *x, ts_ns now)
{
    size_t n = 0;
    while (n < x->direct_n && x->direct[n] <= now)
        n++;
    if (n == 0)
        return;
    x->direct_n -= n;
    memmove(x->direct, x->direct + n, x->direct_n * sizeof(*x->direct));
}

static ts_ns first_direct(const struct entry *x)
{
    return x->direct_n > 0 ? x->direct[0] : TIME_MAX;
}

static bool names_job(const struct rule *r, const char *plain)
{
    for (size_t i = 0; i < r->jobs_n; i++) {
        if (strcmp(r->jobs[i], plain) == 0)
            return true;
    }
    return false;
}

void rule_engine_result(struct rule_engine *e, const char *job_id, ts_ns at)
{
    char plain[RULE_JOB_ID_SIZE];
    if (!rule_job_id_plain(job_id, strlen(job_id), plain))
        return; /* too long for any rule to name */
    if (at == e->last_at && strcmp(plain, e->last_job) == 0)
        return;
    memcpy(e->last_job, plain, strlen(plain) + 1);
    e->last_at = at;
    for (size_t i = 0; i < e->n; i++) {
        struct entry *x = &e->entries[i];
        if (!names_job(x->rule, plain))
            continue;
        x->settled = false;
        if (at > x->stirred)
            x->stirred = at;
        if (!add_direct(x, at))
            e->failed = true;
    }
}

void rule_engine_set_clock(struct rule_engine *e, ts_ns now)
{
    e->clock = now;
}

enum err rule_engine_ask(struct rule_engine *e, const char *rule_id, ts_ns at)
{
    bool there;
    size_t i = place_of(e, rule_id, &there);
    if (!there)
        return ERR_NOT_FOUND;
    return add_direct(&e->entries[i], at) ? ERR_NONE : ERR_MEMORY;
}

static ts_ns due_of(const struct entry *x)
{
    return first_direct(x) < x->regular ? first_direct(x) : x->regular;
}

/* It does not run before its search is fed, in pieces. */
static bool is_held(const struct rule_engine *e, const struct entry *x)
{
    return e->ports->in_pieces && x->hunt != NULL && !x->whole &&
           (hunt_is_new(x->hunt) || hunt_is_between(x->hunt));
}

static ts_ns run_of(const struct rule_engine *e, const struct entry *x)
{
    return is_held(e, x) ? TIME_MAX : due_of(x);
}

ts_ns rule_engine_next(const struct rule_engine *e)
{
    ts_ns next = TIME_MAX;
    for (size_t i = 0; i < e->n; i++) {
        ts_ns due = run_of(e, &e->entries[i]);
        next = due < next ? due : next;
    }
    return next;
}

ts_ns rule_engine_previous(const struct rule_engine *e, const char *rule_id)
{
    bool there;
    size_t at = place_of(e, rule_id, &there);
    return there ? e->entries[at].previous : TIME_NONE;
}

static struct hunt_span span_of(const struct rule_plan *plan, ts_ns now)
{
    return (struct hunt_span){.from = plan->range[plan->n - 1].from,
                              .to = plan->range[plan->n - 1].to,
                              .until = now,
                              .now = now,
                              .own = true};
}

/*
 * Whether runs of this rule can raise nothing until results change: the last one saw everything, or
 * so much time went by that no result is left in its window.
 */
static bool is_idle(const struct entry *x, ts_ns now)
{
    if (x->settled)
        return true;
    struct rule_plan plan;
    if (rule_schedule_plan(x->rule, now, TIME_NONE, &plan, NULL) != ERR_NONE)
        return true;
    if (x->hunt != NULL) {
        const struct hunt_span span = span_of(&plan, now);
        return hunt_is_idle(x->hunt, &span);
    }
    ts_ns width = plan.range[0].to - plan.range[0].from;
    return x->previous != TIME_NONE && x->stirred != TIME_NONE && now - x->stirred > width &&
           now - x->previous <= width;
}

/* Before the rule was taken up, or before its last run: of a job that reads what was stored. */
static bool is_past(const struct entry *x, ts_ns now)
{
    return now < x->since || (x->previous != TIME_NONE && now < x->previous);
}

/* What the schedule knows of a run, and who wants to know of it. */
static enum err keep_run(struct rule_engine *e, struct entry *x, ts_ns now,
                         const struct rule_status *status, enum err code, struct err_text *why)
{
    struct err_text told = {0};
    /* Exceptions expire and are changed: what they took out may come back. */
    x->settled = x->hunt == NULL && code == ERR_NONE && rule_status_state(status) != RULE_FAILED &&
                 status->excepted == 0 && status->found <= x->rule->max_signals &&
                 status->found <= RULE_RUN_ALERTS_MAX;
    x->previous = now;
    x->left_out = false;
    enum err kept = e->ports->status != NULL
                        ? e->ports->status(e->ports->ctx, x->rule, status, &told)
                        : ERR_NONE;
    if (kept == ERR_NONE || code != ERR_NONE)
        return code;
    if (why != NULL)
        *why = told;
    return kept;
}

/* A time of the past is made up for now. Whoever found nothing new leaves no trace. */
static enum err make_up(struct rule_engine *e, struct entry *x, ts_ns at,
                        struct rule_status *status, struct err_text *why)
{
    enum err code = rule_run_past(x->rule, e->ports, e->clock, at, status, why);
    if (code == ERR_NONE && status->created > 0 && e->ports->made_up != NULL)
        code = e->ports->made_up(e->ports->ctx, x->rule, status, why);
    return code;
}

/* A run of the past looks at the window it would have had; what was the last run stays it. */
static enum err run_once(struct rule_engine *e, struct entry *x, ts_ns now, bool at_end,
                         struct err_text *why)
{
    struct rule_status status;
    /* Searches are fed by the clock; only results lie behind it. */
    bool behind = x->hunt == NULL && now < e->clock;
    bool past = behind || is_past(x, now);
    rule_status_init(&status, now);
    /* Runs that a result asked for come early, never late: they make no gap. */
    enum err code = behind ? make_up(e, x, now, &status, why)
                           : rule_run_with(x->rule, x->hunt, at_end, e->ports, now,
                                           past ? TIME_NONE : x->previous, &status, why);
    drop_direct(x, now);
    /* In the past too: time goes over what an earlier process had done and not kept. */
    if (x->regular <= now)
        x->regular = rule_schedule_next(x->rule, now);
    x->ran |= !past || x->hunt != NULL;
    if (!past)
        code = keep_run(e, x, now, &status, code, why);
    rule_status_release(&status);
    return code;
}

/* Leaves out the runs before now that could find nothing; the last one at or before now is made. */
static void skip_idle(struct entry *x, ts_ns now)
{
    ts_ns last = rule_schedule_last(x->rule, now);
    if (x->regular >= last || x->previous == TIME_NONE)
        return;
    ts_ns until = first_direct(x) < last ? first_direct(x) : last;
    ts_ns to = rule_schedule_next(x->rule, until - 1);
    if (to > last)
        to = last;
    bool idle = x->hunt != NULL ? hunt_is_still(x->hunt) : is_idle(x, x->regular);
    if (to <= x->regular || !idle)
        return;
    x->regular = to;
    x->previous = to - x->rule->interval_ns;
}

/* Takes a regular run that can find nothing for made. */
static bool leave_out(struct entry *x, ts_ns at)
{
    if (first_direct(x) <= at || x->previous == TIME_NONE || is_past(x, at) || !is_idle(x, at))
        return false;
    x->previous = at;
    x->left_out = true;
    x->regular = rule_schedule_next(x->rule, at);
    return true;
}

/* Searches that were never fed, of rules that are due: those that look back far (a history, too),
 * or those that do not. The caller frees the list. */
static size_t unfed(struct rule_engine *e, ts_ns at, bool far, struct hunt_first **out)
{
    struct hunt_first *list = NULL;
    size_t n = 0;
    size_t cap = 0;
    for (size_t i = 0; i < e->n; i++) {
        struct entry *x = &e->entries[i];
        struct rule_plan plan;
        if (x->hunt == NULL || x->whole || !hunt_is_new(x->hunt) || due_of(x) > at ||
            rule_schedule_plan(x->rule, due_of(x), TIME_NONE, &plan, NULL) != ERR_NONE)
            continue;
        const struct hunt_first first = {x->hunt, span_of(&plan, due_of(x))};
        bool looks_far =
            x->rule->type == RULE_NEW_TERMS || first.span.from < due_of(x) - SHORT_LOOK_BACK;
        if (looks_far == far && mem_grow((void **)&list, &cap, n + 1, sizeof(*list)) == 0)
            list[n++] = first;
    }
    *out = list;
    return n;
}

/* Some of them together. When that fails each is fed alone, and says so when that fails too. */
static void feed_some(struct rule_engine *e, ts_ns at, bool far)
{
    struct hunt_first *list;
    size_t n = unfed(e, at, far, &list);
    if (n > 1)
        (void)!hunt_feed_first(list, n, e->ports->events, NULL);
    mem_free(list);
}

bool rule_engine_wants_feeding(const struct rule_engine *e, ts_ns now)
{
    for (size_t i = 0; i < e->n && e->unfed; i++)
        if (is_held(e, &e->entries[i]) && due_of(&e->entries[i]) <= now)
            return true;
    return e->feeding != NULL;
}

/* Rules that are due and still held are run as if there were no pieces. */
static void feed_whole(struct rule_engine *e, ts_ns now)
{
    for (size_t i = 0; i < e->n; i++) {
        struct entry *x = &e->entries[i];
        x->whole |= is_held(e, x) && (hunt_is_between(x->hunt) || due_of(x) <= now);
    }
    hunt_feeding_free(e->feeding);
    e->feeding = NULL;
}

/* The pass over the store for those that are due at now, begun. */
static void begin_pieces(struct rule_engine *e, ts_ns now)
{
    struct hunt_first *list;
    size_t n = unfed(e, now, false, &list);
    if (n == 0) {
        mem_free(list);
        n = unfed(e, now, true, &list);
    }
    if (n == 0 || hunt_feeding_begin(list, n, e->ports->events, &e->feeding, NULL) != ERR_NONE)
        feed_whole(e, now);
    mem_free(list);
}

static bool has_unfed(const struct rule_engine *e)
{
    for (size_t i = 0; i < e->n; i++) {
        if (e->entries[i].hunt != NULL && hunt_is_new(e->entries[i].hunt))
            return true;
    }
    return false;
}

void rule_engine_feed(struct rule_engine *e, ts_ns now)
{
    ts_ns (*elapsed)(void *) = e->ports->elapsed;
    if (e->feeding == NULL) {
        begin_pieces(e, now);
        return;
    }
    ts_ns at = hunt_feeding_at(e->feeding), to;
    ts_ns begun = elapsed != NULL ? elapsed(e->ports->ctx) : 0;
    if (__builtin_add_overflow(at, e->piece, &to) || to > now)
        to = TIME_MAX;
    if (hunt_feeding_go_on(e->feeding, to, PIECE_DOCUMENTS, NULL) != ERR_NONE) {
        feed_whole(e, now);
        return;
    }
    ts_ns took = elapsed != NULL ? elapsed(e->ports->ctx) - begun : 0;
    if (took < PIECE_SOON && e->piece < PIECE_MOST)
        e->piece *= 2;
    else if (took > PIECE_LATE && e->piece > TIME_S)
        e->piece /= 2;
    if (hunt_feeding_at(e->feeding) == TIME_MAX) {
        hunt_feeding_free(e->feeding);
        e->feeding = NULL;
        e->unfed = has_unfed(e);
    }
}

/*
 * The clock of the events may lie behind the one by which rules were taken up: a log that is
 * followed is judged in its own time. Rules that did not run yet begin with its first event.
 */
void rule_engine_begin(struct rule_engine *e, ts_ns time)
{
    ts_ns ahead = TIME_NONE;
    if (time >= e->ahead)
        return;
    for (size_t i = 0; i < e->n; i++) {
        struct entry *x = &e->entries[i];
        if (x->ran)
            continue;
        ts_ns begin = x->previous != TIME_NONE && x->previous > time ? x->previous : time;
        if (begin < x->since) {
            x->since = begin;
            x->regular = rule_schedule_next(x->rule, begin);
        }
        if (x->since > ahead)
            ahead = x->since;
    }
    e->ahead = ahead;
}

void rule_engine_event(struct rule_engine *e, const struct hunt_source *source)
{
    (void)hunt_tap_feed(e->tap, source);
}

bool rule_engine_wants_events(const struct rule_engine *e)
{
    return hunt_tap_count(e->tap) > 0;
}

enum err rule_engine_advance(struct rule_engine *e, ts_ns now, struct err_text *why)
{
    enum err first = ERR_NONE;
    forget_last(e);
    if (e->failed) {
        e->failed = false;
        first = err_set(why, ERR_MEMORY, "no memory is left to plan the runs of rules");
    }
    for (;;) {
        for (size_t i = 0; i < e->n; i++)
            if (!is_held(e, &e->entries[i]))
                skip_idle(&e->entries[i], now);
        ts_ns at = rule_engine_next(e);
        if (at > now)
            return first;
        if (e->unfed && !e->ports->in_pieces) {
            feed_some(e, at, false);
            feed_some(e, at, true);
            e->unfed = has_unfed(e);
        }
        for (size_t i = 0; i < e->n; i++) {
            struct entry *x = &e->entries[i];
            if (run_of(e, x) > at || (e->ports->at_rest && leave_out(x, at)))
                continue;
            struct err_text told = {0};
            enum err code = run_once(e, x, at, false, &told);
            if (code != ERR_NONE && first == ERR_NONE) {
                first = code;
                if (why != NULL)
                    *why = told;
            }
        }
    }
}

enum err rule_engine_finish(struct rule_engine *e, ts_ns now, struct err_text *why)
{
    enum err first = rule_engine_advance(e, now, why);
    for (size_t i = 0; i < e->n; i++) {
        struct entry *x = &e->entries[i];
        /* Events of this very moment were not seen yet. */
        if (x->previous == now && !x->left_out && x->hunt == NULL)
            continue;
        struct err_text told = {0};
        enum err code = run_once(e, x, now, true, &told);
        if (code != ERR_NONE && first == ERR_NONE) {
            first = code;
            if (why != NULL)
                *why = told;
        }
    }
    return first;
}
