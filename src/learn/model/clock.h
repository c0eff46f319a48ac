#ifndef MODEL_CLOCK_H
#define MODEL_CLOCK_H

/*
 * At which times of the day, or of the week, something happens.
 *
 * The cycle is cut into slots; each holds the faded number of days (weeks) on which something
 * happened in it. A time is unusual when few of all visits fell at times as sparsely visited, near
 * times counting by a kernel. Method: docs/method/time.md.
 *
 * Use, once a bucket: model_clock_judge() for each slot that had events, then model_clock_learn()
 * for each.
 *
 * Ownership: a value of the caller; no memory behind it.
 * Threads:   one owner; judging only reads.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>

#define MODEL_CLOCK_SLOTS 168

enum model_clock_cycle {
    MODEL_CLOCK_DAY,  /* 96 slots of a quarter of an hour */
    MODEL_CLOCK_WEEK, /* 168 of an hour, from Thursday 00:00 UTC on, where epoch weeks begin */
};

struct model_clock {
    uint8_t cycle; /* enum model_clock_cycle */
    ts_ns first;   /* start of the first bucket learned; TIME_NONE before */
    ts_ns last;    /* of the last one, to which weights are faded */
    double total;  /* faded number of visits */
    float seen[MODEL_CLOCK_SLOTS];
    int64_t newest; /* the slot visited last, counted from the epoch; each counts once */
};

struct model_clock_judgement {
    double log_p; /* ln probability; 0 when nothing can be said */
    bool judged;
    double actual;  /* seconds in the cycle: the middle of the slot */
    double typical; /* the nearest usual time */
    double lower;   /* of the typical time's slot */
    double upper;
};

/* Slots in a cycle, and a time's slot in it: 0 to slots - 1. */
size_t model_clock_slots(enum model_clock_cycle cycle);
size_t model_clock_slot(enum model_clock_cycle cycle, ts_ns time);

void model_clock_init(struct model_clock *c, enum model_clock_cycle cycle);

/* bucket: its start. */
void model_clock_judge(const struct model_clock *c, ts_ns bucket, size_t slot,
                       struct model_clock_judgement *out);
void model_clock_learn(struct model_clock *c, ts_ns bucket, size_t slot);

/* From now on what used to come at a time comes `by` earlier; to the nearest slot. */
void model_clock_shift(struct model_clock *c, ts_ns by);

void model_clock_save(const struct model_clock *c, struct buf *out);
/* ERR_FORMAT for bytes that no clock of this cycle wrote, ERR_VERSION for a newer form. */
ERR_MUST_CHECK enum err model_clock_load(struct cursor *in, enum model_clock_cycle cycle,
                                         struct model_clock *out);

#endif
