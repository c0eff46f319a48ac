#ifndef QUALITY_FAMILY_H
#define QUALITY_FAMILY_H

/*
 * Families of series with a known law in every bucket: the job they are run by, how a series of the
 * family is laid out, its law at a time, and which anomalies are put into it.
 *
 * The held-out set has other shapes of the day, other ranges of the parameters and other seeds;
 * nothing is ever tried out on it.
 *
 * Threads: constant tables; plans belong to the caller.
 */

#include "base/time.h"
#include "law.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QUALITY_SPIKE = 1,  /* one bucket */
    QUALITY_DIP = 2,    /* one bucket */
    QUALITY_LEAK = 4,   /* a slight raise for hours */
    QUALITY_OUTAGE = 8, /* nothing for hours */
};

enum quality_change {
    QUALITY_STEADY,
    QUALITY_SHIFT, /* the level, by a factor */
    QUALITY_SCALE, /* the spread, by a factor */
    QUALITY_CLOCK, /* the day's pattern, by an hour */
};

enum quality_shape {
    QUALITY_FLAT,
    QUALITY_DAY,
    QUALITY_WEEK,    /* days, and quieter weekends */
    QUALITY_CYCLE,   /* of the family's own period */
    QUALITY_OFFICE,  /* working hours of five days in seven, little else */
    QUALITY_NIGHTLY, /* flat, but for half an hour each night */
};

/* How a bucket's value is handed to the job. */
enum quality_feed {
    QUALITY_FEED_COUNT,    /* one record of that many events */
    QUALITY_FEED_VALUE,    /* one record with the value, of n events */
    QUALITY_FEED_VARIANCE, /* two values with that variance */
    QUALITY_FEED_STRINGS,  /* that many different strings */
};

struct quality_family {
    const char *name;
    const char *function;
    enum quality_feed feed;
    ts_ns span;
    enum quality_shape shape;
    enum quality_law_kind law;
    unsigned kinds; /* QUALITY_SPIKE | … */
    enum quality_change change;
    ts_ns period;      /* of QUALITY_CYCLE */
    double least_rate; /* of counts */
    double zero;
    bool trend;
    bool loud_hours; /* the spread follows the day, the level does not */
    bool bursts;     /* the level wanders: an autoregression of the logarithm */
    const char *what;
};

extern const struct quality_family quality_families[];
extern const size_t quality_families_n;

/* Changes come on one of these days of a series; the clocks all change on the first. */
#define QUALITY_CHANGE_FIRST 25
#define QUALITY_CHANGE_DAYS 6

/* One series: drawn once. */
struct quality_plan {
    double rate; /* level, or for values the scale of things */
    double size; /* of the negative binomial; else the deviation */
    double amplitude;
    double phase; /* of a cycle */
    double phase_week;
    double weekend;
    double slope; /* a week, of the logarithm */
    double n;     /* values a bucket */
    double far;   /* of the other mode, in deviations */
    double factor;
    ts_ns change_at; /* TIME_MAX: never */
    double wander;   /* of bursts: what the level is raised by, the logarithm */
    bool held_out;
};

void quality_plan_draw(const struct quality_family *f, struct rng *r, bool held_out,
                       struct quality_plan *out);

/* Moves the wandering level on by a bucket. */
void quality_plan_wander(struct quality_plan *p, struct rng *r);

/* The law of the bucket at time, as if the change had come already or not. */
void quality_family_law(const struct quality_family *f, const struct quality_plan *p, ts_ns time,
                        bool changed, struct quality_law *out);

/*
 * What an anomaly of the bucket at time is measured by. Where the level wanders that is the law as
 * known a bucket before, or that of all times, whichever has the higher value.
 */
bool quality_family_at(const struct quality_family *f, const struct quality_plan *before,
                       const struct quality_law *law, double log_p, bool high, double *out);

#endif
