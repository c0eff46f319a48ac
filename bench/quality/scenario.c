/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Fewer bring too few anomalies to say anything. */
#define BUCKETS_LEAST 2.5e5

static void *more(void *old, size_t n, size_t each)
{
    void *grown = realloc(old, n * each);
    if (grown == NULL) {
        fprintf(stderr, "quality: memory is short\n");
        exit(1);
    }
    return grown;
}

void *quality_memory(size_t n, size_t each)
{
    void *made = calloc(n, each);
    if (made == NULL) {
        fprintf(stderr, "quality: memory is short\n");
        exit(1);
    }
    return made;
}

size_t quality_world_add(struct quality_world *w)
{
    if (w->n == w->cap) {
        w->cap = 2 * w->cap + 1024;
        w->entity = more(w->entity, w->cap, sizeof(*w->entity));
        w->seen = more(w->seen, w->cap, sizeof(*w->seen));
    }
    w->entity[w->n] = (struct quality_entity){.value = -1, .kind = QUALITY_NONE};
    return w->n++;
}

void quality_world_judge(struct quality_world *w, size_t entity)
{
    if (!w->entity[entity].judged)
        w->seen[w->n_seen++] = entity;
    w->entity[entity].judged = true;
}

bool quality_world_due(struct quality_world *w)
{
    return w->learned &&
           rng_below(&w->rng, w->run->every > QUALITY_SELDOM ? w->run->every : QUALITY_SELDOM) == 0;
}

void quality_world_mark(struct quality_world *w, size_t entity, enum quality_kind kind, long value)
{
    quality_world_judge(w, entity);
    w->entity[entity].kind = kind;
    w->entity[entity].value = value;
}

struct bytes quality_text(char to[24], char letter, size_t number)
{
    int n = snprintf(to, 24, "%c%zu", letter, number);
    return bytes_make(to, (size_t)n);
}

static void on_result(void *ctx, const struct detect_result *r)
{
    struct quality_world *w = ctx;
    if (r->type != DETECT_RESULT_RECORD)
        return;
    const struct detect_record *x = &r->record;
    enum quality_subject subject = w->scenario->subject;
    long i = quality_job_number(subject == QUALITY_BY_OVER ? x->over
                                : subject == QUALITY_BY_BY ? x->by
                                                           : x->partition);
    if (i < 0 || (size_t)i >= w->n)
        return;
    struct quality_entity *e = &w->entity[i];
    bool named = e->value < 0 || quality_job_number(x->by) == e->value;
    double *score = e->kind != QUALITY_NONE && named ? &e->hit : &e->score;
    if (score == &e->hit && x->initial_score > *score)
        e->probability = x->probability;
    *score = fmax(*score, x->initial_score);
    if (!w->run->verbose)
        return;
    bool is = e->kind != QUALITY_NONE && named;
    if (!is && w->learned && x->initial_score >= 75)
        fprintf(
            stderr,
            "false %s entity %ld by %.*s day %.3f actual %g typical %g probability 1e%.1f score "
            "%.1f\n",
            w->scenario->name, i, (int)x->by.n, (const char *)x->by.p,
            (double)w->time / (double)TIME_DAY, x->actual, x->typical, log10(x->probability),
            x->initial_score);
}

static void count(struct quality_world *w)
{
    struct quality_tally *t = w->tally;
    double best = 0;
    for (size_t i = 0; i < w->n_seen; i++)
        best = fmax(best, w->entity[w->seen[i]].score);
    for (size_t i = 0; i < w->n_seen; i++) {
        struct quality_entity *e = &w->entity[w->seen[i]];
        if (e->kind != QUALITY_NONE) {
            quality_tally_found(t, e->kind, e->hit, -1);
            t->first += e->kind == QUALITY_NEW && e->hit > 0 && e->hit >= best;
            if (w->run->verbose && e->hit < (e->kind == QUALITY_PLAIN ? 75 : 50))
                fprintf(
                    stderr,
                    "missed %s world %zu entity %zu kind %d day %.3f score %.1f probability %g\n",
                    w->scenario->name, w->number, w->seen[i], (int)e->kind,
                    (double)w->time / (double)TIME_DAY, e->hit, e->probability);
        } else if (w->learned) {
            t->largest_75 += e->largest && e->score >= 75;
            quality_tally_quiet(t, e->score);
        }
        *e = (struct quality_entity){.value = -1, .kind = QUALITY_NONE, .largest = e->largest};
    }
    w->n_seen = 0;
}

static void run_world(const struct quality_scenario *s, const struct quality_run *run,
                      size_t number, struct quality_tally *out)
{
    struct quality_world w = {.scenario = s, .run = run, .tally = out, .number = number};
    struct quality_job_options o = {
        .span = s->span, .detector = s->detector, .result = on_result, .ctx = &w};
    rng_init(&w.rng, quality_run_seed(run, s->draws, number));
    w.job = quality_job_open(&o);
    s->begin(&w);
    out->series += (double)w.n;
    for (size_t i = 0; i < w.n; i++)
        out->largest_asked = out->largest_asked || w.entity[i].largest;
    for (w.time = 0; w.time < QUALITY_END; w.time += s->span) {
        w.learned = w.time >= QUALITY_LEARN;
        s->bucket(&w);
        quality_job_close(w.job, w.time + s->span);
        count(&w);
    }
    out->bytes = fmax(out->bytes, quality_job_bytes(w.job));
    quality_job_free(w.job);
    if (s->end_world != NULL)
        s->end_world(&w);
    free(w.own);
    free(w.entity);
    free(w.seen);
}

void quality_scenario_run(const struct quality_scenario *s, const struct quality_run *run,
                          struct quality_tally *out)
{
    ts_ns begin_cpu = clock_cpu();
    out->first_asked = s->first;
    for (size_t i = 0; i < 2 || out->buckets < fmax(run->buckets, BUCKETS_LEAST); i++)
        run_world(s, run, i, out);
    out->seconds = (double)(clock_cpu() - begin_cpu) / (double)TIME_S;
}
