/* SPDX-License-Identifier: Apache-2.0 */
#include "series.h"

#include "base/clock.h"
#include "base/rng.h"
#include "job.h"
#include "stats/dist.h"
#include "study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Buckets that a leak, an outage may last. */
#define LEAK_LEAST 24
#define LEAK_MORE 25
#define OUTAGE_LEAST 6
#define OUTAGE_MORE 91
/* Deviations: the sum of twelve is then below 1e-8 and 1e-15. */
#define LEAK_LOW 1.62
#define LEAK_HIGH 2.3
/* A change is adopted when the model has come this part of the way, three hours in a row. A clock
 * moves the hours of a day by more or less: three days in a row, which begin at any hour; who comes
 * all the way at once comes this part of a day before a third of it is over. */
#define ADOPTED 0.67
#define ADOPTED_STEPS 3
#define FOLLOWED_DAYS 14
#define KNOWN 9.21 /* ln 10^4: evidence by which one who knows both laws knows of a change */

struct answer {
    double score;
    double actual;
    double typical;
    double probability;
    double multi;
    double lower; /* of the model plot */
    double median;
    double upper;
};

struct series {
    struct quality_plan plan;
    struct rng rng;
    char name[24];
    struct quality_law law; /* of this bucket */
    struct answer answer;
    double value;
    double log_p; /* true, of what was put in */
    double delta; /* of a leak */
    double best;
    enum quality_kind kind;
    int left; /* buckets of the anomaly after this one */
    int age;
    int first_50;
    int quiet; /* buckets still after it */
    /* After a change: sums over each hour. */
    float along[24 * FOLLOWED_DAYS];
    float square[24 * FOLLOWED_DAYS];
    int hours;
    double evidence;
    bool known;
    bool adopted;
};

struct run {
    const struct quality_family *family;
    const struct quality_run *options;
    struct quality_job *job;
    struct series *series;
    size_t n;
    struct quality_tally *tally;
    struct quality_study *study; /* NULL: no learner is asked */
    ts_ns time;
};

uint64_t quality_run_seed(const struct quality_run *run, const char *family, uint64_t index)
{
    uint64_t h = 0xcbf29ce484222325; /* FNV-1a */
    for (const char *c = family; *c != '\0'; c++)
        h = (h ^ (uint8_t)*c) * 0x100000001b3;
    return h + index * 0x9e3779b97f4a7c15 + run->seed * 0xd1342543de82ef95 +
           (run->held_out ? 0x632be59bd9b4e019 : 0);
}

static void on_result(void *ctx, const struct detect_result *r)
{
    struct run *run = ctx;
    bool plot = r->type == DETECT_RESULT_MODEL_PLOT;
    if (!plot && r->type != DETECT_RESULT_RECORD)
        return;
    long i = quality_job_number(plot ? r->plot.partition : r->record.partition);
    if (i < 0 || (size_t)i >= run->n)
        return;
    struct answer *a = &run->series[i].answer;
    if (plot) {
        a->lower = r->plot.lower;
        a->median = r->plot.median;
        a->upper = r->plot.upper;
    } else if (r->record.initial_score > a->score) {
        a->score = r->record.initial_score;
        a->actual = r->record.actual;
        a->typical = r->record.typical;
        a->probability = r->record.probability;
        a->multi = r->record.multi_bucket_impact;
    }
}

static void say(const struct run *run, const char *what, const struct series *s)
{
    const struct answer *a = &s->answer;
    if (!run->options->verbose)
        return;
    double high = quality_law_tail(&s->law, s->value, true);
    double low = quality_law_tail(&s->law, s->value, false);
    fprintf(stderr,
            "%s %s %s day %.3f value %g law centre %g spread %g true 1e%.1f %s score %.1f "
            "typical %g probability 1e%.1f multi %.1f rate %g size %g change %.2f\n",
            what, run->family->name, s->name, (double)run->time / (double)TIME_DAY, s->value,
            quality_law_centre(&s->law), s->law.b, fmin(high, low) / M_LN10,
            high < low ? "high" : "low", a->score, a->typical,
            a->score > 0 ? log10(a->probability) : 0, a->multi, s->plan.rate, s->plan.size,
            s->plan.change_at == TIME_MAX
                ? 0
                : (double)(run->time - s->plan.change_at) / (double)TIME_DAY);
}

static bool between_changes(const struct series *s, ts_ns time)
{
    if (s->plan.change_at == TIME_MAX)
        return true;
    return time < s->plan.change_at - TIME_DAY || time >= s->plan.change_at + 2 * TIME_DAY;
}

/* Chooses an anomaly for the series; it may be for this bucket only. */
static void begin(const struct run *run, struct series *s)
{
    static const unsigned kinds[] = {QUALITY_SPIKE, QUALITY_DIP, QUALITY_LEAK, QUALITY_OUTAGE};
    unsigned kind;
    do
        kind = kinds[rng_below(&s->rng, 4)];
    while ((run->family->kinds & kind) == 0);
    s->best = 0;
    s->age = 0;
    s->first_50 = -1;
    s->left = 1;
    if (kind == QUALITY_LEAK) {
        s->kind = QUALITY_LEAKS;
        s->left = LEAK_LEAST + (int)rng_below(&s->rng, LEAK_MORE);
        s->delta = LEAK_LOW + (LEAK_HIGH - LEAK_LOW) * rng_f64(&s->rng);
    } else if (kind == QUALITY_OUTAGE) {
        s->kind = QUALITY_OUTAGES;
        s->left = OUTAGE_LEAST + (int)rng_below(&s->rng, OUTAGE_MORE);
    } else {
        s->kind = rng_below(&s->rng, 2) == 0 ? QUALITY_WEAK : QUALITY_PLAIN;
        double digits =
            s->kind == QUALITY_WEAK ? 5 + 3 * rng_f64(&s->rng) : 8 + 6 * rng_f64(&s->rng);
        s->log_p = -digits * M_LN10 - M_LN2; /* either side would do */
        bool dips = kind == QUALITY_DIP &&
                    quality_family_at(run->family, &s->plan, &s->law, s->log_p, false, &s->value);
        /* No strings are no value, not a small one. */
        if (!dips || (run->family->feed == QUALITY_FEED_STRINGS && s->value < 1))
            quality_family_at(run->family, &s->plan, &s->law, s->log_p, true, &s->value);
    }
}

/* The value of this bucket, with or without an anomaly. */
static void make(const struct run *run, struct series *s)
{
    bool changed = run->time >= s->plan.change_at;
    quality_family_law(run->family, &s->plan, run->time, changed, &s->law);
    if (s->left == 0 && s->quiet == 0 && run->time >= QUALITY_LEARN &&
        run->time < QUALITY_END - TIME_DAY && between_changes(s, run->time) &&
        rng_below(&s->rng, run->options->every) == 0)
        begin(run, s);
    if (s->left > 0 && (s->kind == QUALITY_WEAK || s->kind == QUALITY_PLAIN))
        return;
    if (run->family->bursts) {
        quality_plan_wander(&s->plan, &s->rng);
        quality_family_law(run->family, &s->plan, run->time, changed, &s->law);
    }
    s->value = quality_law_draw(&s->law, &s->rng);
    if (s->left > 0 && s->kind == QUALITY_OUTAGES)
        s->value = 0;
    if (s->left > 0 && s->kind == QUALITY_LEAKS) {
        double z = s->delta + rng_normal(&s->rng);
        struct stats_tails t = stats_dist_normal(z, 0, 1);
        quality_law_at(&s->law, z > 0 ? t.upper : t.lower, z > 0, &s->value);
    }
}

static void feed(struct run *run, struct series *s)
{
    struct bytes name = bytes_make(s->name, strlen(s->name));
    struct bytes none = {NULL, 0};
    struct quality_job *j = run->job;
    ts_ns time = run->time + run->family->span / 2;
    char text[24];
    run->tally->records++;
    switch (run->family->feed) {
    case QUALITY_FEED_COUNT:
        if (s->value > 0)
            quality_job_record(j, time, s->value, name, none, none, 0);
        return;
    case QUALITY_FEED_VALUE:
        if (s->value != 0 || run->family->zero <= 0)
            quality_job_record(j, time, s->plan.n, name, none, none, s->value);
        return;
    case QUALITY_FEED_VARIANCE:
        quality_job_record(j, time, s->plan.n / 2, name, none, none, 100 + sqrt(s->value));
        quality_job_record(j, time, s->plan.n / 2, name, none, none, 100 - sqrt(s->value));
        run->tally->records++;
        return;
    case QUALITY_FEED_STRINGS:
        for (int i = 0; i < (int)s->value; i++) {
            int n = snprintf(text, sizeof(text), "%016llx", (unsigned long long)rng_u64(&s->rng));
            quality_job_record(j, time, 1, name, bytes_make(text, (size_t)n), none, 0);
        }
        run->tally->records += s->value - 1;
        return;
    }
}

/* Whether the model has come the part of the way, three times so many hours from one on. */
static bool has_come(const struct series *s, int first, int hours)
{
    for (int i = 0; i < ADOPTED_STEPS; i++) {
        double along = 0;
        double square = 0;
        for (int h = first + i * hours; h < first + (i + 1) * hours; h++) {
            along += (double)s->along[h];
            square += (double)s->square[h];
        }
        if (along < ADOPTED * square)
            return false;
    }
    return true;
}

/* When who knows both laws would know of the change. */
static void know(const struct run *run, struct series *s, const struct quality_law *old)
{
    ts_ns hours = (run->time - s->plan.change_at) / TIME_HOUR;
    if (s->known || s->left > 0)
        return;
    s->evidence += quality_law_log_ratio(&s->law, old, s->value);
    s->known = s->evidence >= KNOWN;
    if (s->known)
        run->tally->known[hours + 1 < QUALITY_STEPS ? hours + 1 : QUALITY_STEPS - 1]++;
}

/* How far the model has come from the old law to the new one. */
static void follow(const struct run *run, struct series *s)
{
    enum quality_change change = run->family->change;
    ts_ns since = run->time - s->plan.change_at;
    int window = change == QUALITY_CLOCK ? 24 : 1;
    ts_ns most = change == QUALITY_CLOCK ? FOLLOWED_DAYS * TIME_DAY : 7 * TIME_DAY;
    struct quality_law old;
    if (since < 0 || since >= most)
        return;
    quality_family_law(run->family, &s->plan, run->time, false, &old);
    know(run, s, &old);
    bool last = since + run->family->span >= most;
    run->tally->known[QUALITY_STEPS - 1] += last && !s->known;
    if (s->adopted)
        return;
    double from = change == QUALITY_SCALE ? old.b : quality_law_centre(&old);
    double to = change == QUALITY_SCALE ? s->law.b : quality_law_centre(&s->law);
    double is =
        change == QUALITY_SCALE ? (s->answer.upper - s->answer.lower) / 3.92 : s->answer.median;
    double way = log(to / from);
    s->along[s->hours] += (float)(way * log(fmax(is, 1e-3 * from) / from));
    s->square[s->hours] += (float)(way * way);
    if ((since + run->family->span) % TIME_HOUR != 0)
        return;
    s->hours++;
    int first = s->hours - ADOPTED_STEPS * window;
    s->adopted = first >= 0 && has_come(s, first, window);
    if (s->adopted)
        run->tally->adoption[first + (window > 1 ? window / 3 : 1)]++;
    else if (last)
        run->tally->adoption[QUALITY_STEPS - 1]++;
}

/* A change of level is news: its first bucket begins an anomaly that lasts a day for the tally. */
static bool in_change(struct run *run, struct series *s)
{
    enum quality_change change = run->family->change;
    ts_ns since = run->time - s->plan.change_at;
    if (since < 0 || since >= TIME_DAY || (change != QUALITY_SHIFT && change != QUALITY_SCALE))
        return false;
    if (change == QUALITY_SCALE)
        return true;
    if (since == 0) {
        s->best = 0;
        s->first_50 = -1;
    }
    s->best = fmax(s->best, s->answer.score);
    if (s->first_50 < 0 && s->answer.score >= 50)
        s->first_50 = (int)(since / run->family->span);
    if (since + run->family->span >= TIME_DAY)
        quality_tally_found(run->tally, QUALITY_CHANGES, s->best, s->first_50);
    return true;
}

static void count(struct run *run, struct series *s)
{
    double score = s->answer.score;
    struct quality_tally *t = run->tally;
    if (run->family->change != QUALITY_STEADY)
        follow(run, s);
    if (s->left > 0) {
        s->best = fmax(s->best, score);
        if (s->first_50 < 0 && score >= 50)
            s->first_50 = s->age;
        s->age++;
        s->left--;
        if (s->left > 0)
            return;
        quality_tally_found(t, s->kind, s->best, s->first_50);
        if (s->best < (s->kind == QUALITY_PLAIN || s->kind == QUALITY_OUTAGES ? 75 : 50))
            say(run, "missed", s);
        s->quiet = QUALITY_AFTER;
        return;
    }
    if (s->quiet > 0) {
        s->quiet--;
        t->after++;
        t->after_75 += score >= 75;
        if (score >= 75)
            say(run, "after", s);
        return;
    }
    if (run->time < QUALITY_LEARN || in_change(run, s))
        return;
    quality_tally_quiet(t, score);
    ts_ns since = run->time - s->plan.change_at;
    if (since >= 0 && since < 7 * TIME_DAY) {
        t->week++;
        for (int i = 0; i < 3; i++)
            t->week_at[i] += score >= 25 * (i + 1);
    }
    if (score >= 75)
        say(run, "false", s);
}

/* To the learners. */
static void teach(struct run *run, size_t i)
{
    const struct series *s = &run->series[i];
    ts_ns since = run->time - s->plan.change_at;
    enum quality_kind kind = QUALITY_NONE;
    if (run->study == NULL)
        return;
    if (s->left > 0)
        kind = s->kind;
    else if (since >= 0 && since < TIME_DAY)
        kind = QUALITY_CHANGES;
    else if (s->quiet > 0 || run->time < QUALITY_LEARN)
        kind = QUALITY_LEAKS;
    quality_study_value(run->study, i, run->time, s->value, kind, s->answer.score);
}

void quality_series_run(const struct quality_family *f, const struct quality_run *options,
                        struct quality_tally *out)
{
    char detector[256];
    struct run run = {.family = f, .options = options, .tally = out};
    double each = (double)((QUALITY_END - QUALITY_LEARN) / f->span);
    run.n = (size_t)fmax(4, ceil(options->buckets / each));
    run.series = calloc(run.n, sizeof(*run.series));
    if (run.series == NULL)
        return;
    snprintf(detector, sizeof(detector), "\"function\":\"%s\",\"partition_field_name\":\"a\"%s",
             f->function,
             f->feed == QUALITY_FEED_COUNT     ? ""
             : f->feed == QUALITY_FEED_STRINGS ? ",\"field_name\":\"b\""
                                               : ",\"field_name\":\"v\"");
    struct quality_job_options o = {.span = f->span,
                                    .detector = detector,
                                    .model_plot = f->change != QUALITY_STEADY,
                                    .result = on_result,
                                    .ctx = &run};
    run.job = quality_job_open(&o);
    for (size_t i = 0; i < run.n; i++) {
        struct series *s = &run.series[i];
        rng_init(&s->rng, quality_run_seed(options, f->name, i));
        quality_plan_draw(f, &s->rng, options->held_out, &s->plan);
        snprintf(s->name, sizeof(s->name), "s%zu", i);
    }
    if (options->learner)
        run.study = quality_study_new(f, options, run.n);
    ts_ns begin_cpu = clock_cpu();
    out->series = (double)run.n;
    out->changes = f->change != QUALITY_STEADY;
    for (run.time = 0; run.time < QUALITY_END; run.time += f->span) {
        for (size_t i = 0; i < run.n; i++) {
            run.series[i].answer = (struct answer){0};
            make(&run, &run.series[i]);
            feed(&run, &run.series[i]);
        }
        quality_job_close(run.job, run.time + f->span);
        for (size_t i = 0; i < run.n; i++) {
            teach(&run, i);
            count(&run, &run.series[i]);
        }
    }
    out->seconds = (double)(clock_cpu() - begin_cpu) / (double)TIME_S;
    out->bytes = quality_job_bytes(run.job);
    if (run.study != NULL)
        quality_study_print(stdout, run.study);
    quality_study_free(run.study);
    quality_job_free(run.job);
    free(run.series);
}
