/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

#include "base/mem.h"

#include <stdlib.h>

static int by_strength(const void *x, const void *y)
{
    const struct detect_candidate *a = x;
    const struct detect_candidate *b = y;
    if (a->log_p != b->log_p)
        return a->log_p < b->log_p ? -1 : 1;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->detector < b->detector ? -1 : a->detector > b->detector;
}

void detect_candidates_cut(struct detect_candidates *list)
{
    if (list->n <= DETECT_CANDIDATES_MAX)
        return;
    qsort(list->list, list->n, sizeof(*list->list), by_strength);
    list->n = DETECT_CANDIDATES_MAX;
}

void detect_candidates_keep(struct detect_candidates *list, const struct detect_candidate *c)
{
    void *p = list->list;
    if (list->n == 2 * DETECT_CANDIDATES_MAX)
        detect_candidates_cut(list);
    if (mem_grow(&p, &list->cap, list->n + 1, sizeof(*list->list)) != 0) {
        list->failed = true;
        return;
    }
    list->list = p;
    list->list[list->n++] = *c;
}

void detect_candidates_join(struct detect_candidates *into, struct detect_candidates *from)
{
    for (size_t i = 0; i < from->n; i++)
        detect_candidates_keep(into, &from->list[i]);
    into->failed |= from->failed;
    mem_free(from->list);
    *from = (struct detect_candidates){0};
}

void detect_candidate_judged(struct detect_candidate *x, const struct model_judgement *j)
{
    x->has_values = true;
    x->high = j->high;
    x->high_variance = j->high_variance;
    x->multimodal = j->multimodal;
    x->typical = j->typical;
    x->lower = j->lower;
    x->upper = j->upper;
    x->log_p = j->log_p;
    x->single_log_p = j->single_log_p;
    x->multi_log_p = j->multi_log_p;
    x->multi_bucket = j->multi_bucket;
}
