/* SPDX-License-Identifier: Apache-2.0 */
/* freq_rare: which members of a population meet rare by values often. docs/method/freq_rare.md. */
#include "detect/engine_priv.h"

#include "base/mem.h"

#include <stdlib.h>

/* A value that this share of the members has, or more, is not rare at all. */
#define RARE_SHARE 0.05
/* Of fewer members, one is not few. */
#define MEMBERS_MIN 10

/* A cell in the order of its member, with what it counts for. */
struct item {
    uint64_t over_hash;
    struct detect_cell *cell;
};

bool detect_freq_population(const struct detect_detector *det, enum detect_class class)
{
    return det->function->kind == DETECT_FREQ_RARE && class == DETECT_CLASS_POPULATION;
}

struct detect_entity *detect_freq_find(const struct detect *d, const struct detect_cell *c,
                                       enum detect_class class)
{
    uint32_t over = class == DETECT_CLASS_MEMBER ? c->over : 0;
    return detect_table_find(d->table, class, c->detector, c->partition, over, 0);
}

/* 1 for a value that one member alone has, 0 for one that RARE_SHARE of them have. */
static double rarity(const struct detect_cell *c)
{
    void *pool = c->parent;
    void *value = c->entity;
    double of = ((struct detect_pool *)pool)->of;
    if (of < MEMBERS_MIN)
        return 0;
    double members = value != NULL ? stats_distinct_count(detect_table_value_members(value)) : 1;
    double left = 1 - (members - 1) / (RARE_SHARE * of);
    return left < 0 ? 0 : left > 1 ? 1 : left;
}

/* Members by the hash of their texts; of one member the heaviest cell first. */
static int by_member(const void *x, const void *y)
{
    const struct item *a = x;
    const struct item *b = y;
    if (a->over_hash != b->over_hash)
        return a->over_hash < b->over_hash ? -1 : 1;
    if (a->cell->value != b->cell->value)
        return a->cell->value > b->cell->value ? -1 : 1;
    return a->cell->hash < b->cell->hash ? -1 : a->cell->hash > b->cell->hash;
}

/* The cells in the order of their members, all cells of one next to each other. NULL: no memory. */
static struct item *group(const struct detect *d, struct detect_cell **cells, size_t n)
{
    struct item *list = mem_alloc(n * sizeof(*list));
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        list[i] = (struct item){detect_names_hash(d->names, cells[i]->over), cells[i]};
    qsort(list, n, sizeof(*list), by_member);
    return list;
}

static size_t member_length(const struct item *list, size_t n)
{
    size_t k = 1;
    while (k < n && list[k].cell->over == list[0].cell->over)
        k++;
    return k;
}

/* A member's events with rare values, those left out that a rule says to skip. */
static double rare_events(const struct item *list, size_t n, uint8_t skip)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (list[i].cell->flags & skip) == 0 ? list[i].cell->value : 0;
    return sum;
}

/* Whether the pool knows which values are rare: before, every value is new. */
static bool settled(const struct detect_cell *c)
{
    void *pool = c->parent;
    return pool != NULL && ((struct detect_pool *)pool)->model.buckets >= MODEL_RARE_LEARN;
}

static struct detect_candidate candidate(const struct detect_cell *c, struct detect_cell *cell)
{
    return (struct detect_candidate){.cell = cell,
                                     .hash = c->hash,
                                     .partition = c->partition,
                                     .over = c->over,
                                     .by = c->by,
                                     .detector = c->detector};
}

/* The member's record: the heaviest value first, then the others that had a part in it. */
static void found_member(struct detect_candidate x, const struct item *list, size_t n,
                         struct detect_candidates *found)
{
    double log_p = x.log_p;
    size_t causes = 0;
    for (size_t i = 0; i < n && causes < DETECT_CAUSES_MAX; i++) {
        struct detect_cell *c = list[i].cell;
        if ((c->flags & DETECT_CELL_SKIP_RESULT) != 0 || !(c->value > 0))
            continue;
        x.cell = c;
        x.by = c->by;
        x.hash = c->hash;
        x.log_p = causes == 0 ? log_p : log_p * c->value / x.value;
        detect_candidates_keep(found, &x);
        causes++;
    }
}

static bool judge_member(const struct detect *d, const struct detect_closing *cl,
                         const struct item *list, size_t n, struct detect_candidates *found)
{
    const struct detect_cell *c = list[0].cell;
    void *population = detect_freq_find(d, c, DETECT_CLASS_POPULATION);
    struct detect_entity *e = detect_freq_find(d, c, DETECT_CLASS_MEMBER);
    void *whole = e;
    struct detect_member fresh;
    struct detect_member *m = whole;
    if (population == NULL)
        return false;
    if (m == NULL) {
        model_member_init(&fresh.model);
        m = &fresh;
    }
    struct detect_candidate x = candidate(c, list[0].cell);
    x.entity = e;
    x.value = rare_events(list, n, DETECT_CELL_SKIP_RESULT);
    struct model_observation o = {
        .time = cl->bucket->start, .value = x.value, .weight = 1, .fraction = cl->fraction};
    struct model_judgement j;
    model_population_judge(&((struct detect_population *)population)->model, &m->model, &o, &j);
    double burst = model_population_burst_log_p(&((struct detect_population *)population)->model,
                                                &m->model, x.value);
    if (burst > j.log_p)
        j.log_p = j.single_log_p = burst;
    detect_candidate_judged(&x, &j);
    if (j.judged && x.high && x.log_p < DETECT_CANDIDATE_LOG_P)
        found_member(x, list, n, found);
    return j.judged;
}

size_t detect_freq_judge(const struct detect *d, const struct detect_closing *cl,
                         struct detect_cell **cells, size_t n, struct detect_candidates *found)
{
    size_t judged = 0;
    if (cells[0]->parent == NULL)
        return 0;
    for (size_t i = 0; i < n; i++) {
        cells[i]->flags |= DETECT_CELL_VALUE;
        cells[i]->value = rarity(cells[i]) * (double)cells[i]->gather.count;
        detect_cell_rules(d, cells[i], 0, cl->bucket->start);
    }
    if (!settled(cells[0]))
        return 0;
    struct item *list = group(d, cells, n);
    if (list == NULL) {
        found->failed = true;
        return 0;
    }
    for (size_t i = 0; i < n;) {
        size_t k = member_length(&list[i], n - i);
        judged += judge_member(d, cl, &list[i], k, found);
        i += k;
    }
    mem_free(list);
    return judged;
}

void detect_freq_learn(const struct detect *d, struct detect_cell **cells, size_t n, ts_ns start)
{
    void *whole = detect_freq_find(d, cells[0], DETECT_CLASS_POPULATION);
    if (whole == NULL || !settled(cells[0]))
        return;
    struct model_population *population = &((struct detect_population *)whole)->model;
    struct item *list = group(d, cells, n);
    if (list == NULL)
        return; /* this bucket teaches nothing, which the judging has reported */
    for (size_t i = 0; i < n;) {
        size_t k = member_length(&list[i], n - i);
        void *m = detect_freq_find(d, list[i].cell, DETECT_CLASS_MEMBER);
        struct model_observation o = {.time = start,
                                      .value = rare_events(&list[i], k, DETECT_CELL_SKIP_LEARN),
                                      .weight = 1,
                                      .fraction = 1};
        if (m != NULL)
            model_population_learn(population, &((struct detect_member *)m)->model, &o);
        i += k;
    }
    model_population_close(population, start);
    mem_free(list);
}
