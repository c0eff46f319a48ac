/* SPDX-License-Identifier: Apache-2.0 */
/* Series in their first bucket, judged by how others began. docs/method/newcomers.md. */
#include "detect/engine_priv.h"

#include <stdlib.h>

bool detect_newcomers_wanted(const struct detect_detector *det)
{
    enum detect_kind kind = (enum detect_kind)det->function->kind;
    bool split = det->by != NULL || det->partition != NULL;
    return split && det->over == NULL && !detect_kind_rare(kind) && !detect_kind_shared(kind) &&
           det->function->side != DETECT_LOW;
}

/* By values begin in their partition; partitions, where there are no others, in the job. */
static uint32_t home(const struct detect *d, const struct detect_cell *c)
{
    return d->job->detectors[c->detector].by != NULL ? c->partition : 0;
}

static struct detect_newcomers *find(const struct detect *d, const struct detect_cell *c)
{
    void *e = detect_table_find(d->table, DETECT_CLASS_NEWCOMERS, c->detector, home(d, c), 0, 0);
    return e;
}

bool detect_newcomers_judge(const struct detect *d, const struct detect_cell *c,
                            const struct model_observation *o, struct detect_candidate *x)
{
    const struct detect_newcomers *e = find(d, c);
    struct model_judgement j = {.multi_bucket = -5};
    if (e != NULL)
        model_newcomers_judge(&e->model, o, &j);
    detect_candidate_judged(x, &j);
    x->newcomer = true;
    x->home = home(d, c);
    return j.judged;
}

/* Those of one model next to each other, the strongest first. */
static int by_home(const void *x, const void *y)
{
    const struct detect_candidate *a = x;
    const struct detect_candidate *b = y;
    if (a->detector != b->detector)
        return a->detector < b->detector ? -1 : 1;
    if (a->home != b->home)
        return a->home < b->home ? -1 : 1;
    if (a->log_p != b->log_p)
        return a->log_p < b->log_p ? -1 : 1;
    return a->hash < b->hash ? -1 : a->hash > b->hash;
}

void detect_newcomers_crowd(struct detect_candidates *fresh)
{
    if (fresh->n > 1)
        qsort(fresh->list, fresh->n, sizeof(*fresh->list), by_home);
    size_t kept = 0;
    size_t k = 0;
    for (size_t i = 0; i < fresh->n; i++) {
        struct detect_candidate x = fresh->list[i];
        bool same =
            i > 0 && fresh->list[i - 1].detector == x.detector && fresh->list[i - 1].home == x.home;
        k = same ? k + 1 : 1;
        x.log_p /= (double)k;
        x.single_log_p /= (double)k;
        if (x.log_p < DETECT_CANDIDATE_LOG_P)
            fresh->list[kept++] = x;
    }
    fresh->n = kept;
}

/* The model of a newcomer that teaches; it is begun if memory allows. */
static struct detect_newcomers *teaches(struct detect *d, const struct detect_cell *c, bool make)
{
    unsigned wanted = DETECT_CELL_NEWCOMER | DETECT_CELL_VALUE;
    if ((c->flags & (wanted | DETECT_CELL_SKIP_LEARN)) != wanted || c->entity == NULL ||
        !detect_newcomers_wanted(&d->job->detectors[c->detector]))
        return NULL;
    struct detect_newcomers *m = find(d, c);
    if (m == NULL && make) {
        void *e = detect_admit(d, DETECT_CLASS_NEWCOMERS, c->detector, home(d, c), 0, 0, 0);
        m = e;
        struct model_params params = detect_params(d, c->detector);
        if (m != NULL)
            model_newcomers_init(&m->model, &params);
    }
    return m != NULL && model_newcomers_takes(&m->model, c->value) ? m : NULL;
}

void detect_newcomers_learn(struct detect *d, struct detect_cell *const *cells, size_t n,
                            ts_ns start)
{
    for (size_t i = 0; i < n; i++) {
        struct detect_newcomers *m = teaches(d, cells[i], true);
        if (m != NULL)
            m->fresh++;
    }
    for (size_t i = 0; i < n; i++) {
        struct detect_newcomers *m = teaches(d, cells[i], false);
        if (m == NULL)
            continue;
        struct model_observation o = {
            .time = start, .value = cells[i]->value, .weight = 1, .fraction = 1};
        if (m->fresh > 0)
            model_newcomers_open(&m->model, start, m->fresh);
        m->fresh = 0;
        model_newcomers_learn(&m->model, &o);
    }
}
