/* SPDX-License-Identifier: Apache-2.0 */
/* time_of_day and time_of_week: events at unusual times. docs/method/time.md. */
#include "detect/engine_priv.h"

enum model_clock_cycle detect_clock_cycle(const struct detect_detector *det)
{
    return det->function->kind == DETECT_TIME_OF_WEEK ? MODEL_CLOCK_WEEK : MODEL_CLOCK_DAY;
}

static bool has_slot(const struct detect_cell *c, size_t slot)
{
    return (c->gather.slots[slot / 64] >> slot % 64 & 1) != 0;
}

/* Slots are walked from the bucket's own on, as time did. */
static size_t first_slot(const struct detect *d, const struct detect_cell *c, ts_ns start)
{
    return model_clock_slot(detect_clock_cycle(&d->job->detectors[c->detector]), start);
}

bool detect_clock_judge(const struct detect *d, struct detect_cell *c, ts_ns start,
                        struct detect_candidate *x)
{
    void *e = c->entity;
    if (e == NULL)
        return false;
    const struct model_clock *clock = &((struct detect_clock *)e)->model;
    size_t n = model_clock_slots(clock->cycle);
    size_t from = first_slot(d, c, start);
    struct model_clock_judgement worst = {.log_p = 1};
    for (size_t i = 0; i < n; i++) {
        struct model_clock_judgement j;
        size_t slot = (from + i) % n;
        if (!has_slot(c, slot))
            continue;
        model_clock_judge(clock, start, slot, &j);
        if (j.log_p < worst.log_p)
            worst = j;
    }
    if (worst.log_p > 0)
        return false;
    c->value = worst.actual;
    x->value = worst.actual;
    x->has_values = true;
    x->high = true; /* what came at that time is more than usual then */
    x->typical = worst.typical;
    x->lower = worst.lower;
    x->upper = worst.upper;
    x->log_p = worst.log_p;
    x->single_log_p = worst.log_p;
    x->multi_bucket = -5;
    return worst.judged;
}

void detect_clock_learn(const struct detect *d, const struct detect_cell *c, ts_ns start)
{
    void *e = c->entity;
    struct model_clock *clock = &((struct detect_clock *)e)->model;
    size_t n = model_clock_slots(clock->cycle);
    size_t from = first_slot(d, c, start);
    for (size_t i = 0; i < n; i++) {
        size_t slot = (from + i) % n;
        if (has_slot(c, slot))
            model_clock_learn(clock, start, slot);
    }
}
