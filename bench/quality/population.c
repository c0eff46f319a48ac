/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks of ports whose levels are Pareto's, one of them far above all others, with a trickle of
 * newcomers that carry little and go again. The same worlds are judged as populations, by `by` and
 * by `partition`.
 */
#include "scenario.h"

#include "law.h"
#include "stats/dist.h"

#include <math.h>
#include <stdlib.h>

#define MEMBERS_LEAST 20
#define MEMBERS_MORE 60
#define LARGEST_LEVEL 3e8
#define NEWCOMER_LEVEL 2e4
#define NEWCOMER_SPREAD 1.6 /* 2e8 is then at 10^-8.3 */
#define NEWCOMER_BYTES 2e8
/* A member's anomaly is one among all, too: more than nearly all ever carry. */
#define ANOMALY_LEAST 5e7
#define WIDE_SHARE 0.2 /* of the values, which have WIDE times the spread */
#define WIDE 2.5

struct port {
    size_t entity;
    double level; /* of the logarithm */
    double active;
};

struct network {
    struct port *port;
    size_t n;
    double spread;
    double newcomers; /* a bucket */
    double phase;
    struct port guest; /* the newcomer that is about */
    int guest_left;
    ts_ns intrusion; /* once: the first time is news, the tenth is not */
};

static double own_tail(const struct network *net, double z)
{
    double narrow = stats_dist_normal(z, 0, net->spread).upper;
    double wide = stats_dist_normal(z, 0, WIDE * net->spread).upper + log(WIDE_SHARE);
    return wide + log1p((1 - WIDE_SHARE) * exp(narrow - wide));
}

/* Deviation of the logarithm that a port exceeds with that probability. */
static double own_at(const struct network *net, double log_p)
{
    double low = 0;
    double high = 100 * net->spread;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        *(own_tail(net, middle) > log_p ? &low : &high) = middle;
    }
    return high;
}

static void begin(struct quality_world *w)
{
    struct network *net = quality_memory(1, sizeof(*net));
    w->own = net;
    net->n = MEMBERS_LEAST + rng_below(&w->rng, MEMBERS_MORE);
    net->port = quality_memory(net->n, sizeof(*net->port));
    net->spread = 0.3 + 0.6 * rng_f64(&w->rng) + (w->run->held_out ? 0.2 : 0);
    net->newcomers = 0.02 + 0.5 * rng_f64(&w->rng);
    net->phase = rng_f64(&w->rng);
    uint64_t buckets = (uint64_t)((QUALITY_END - QUALITY_LEARN) / w->scenario->span);
    net->intrusion = QUALITY_LEARN + (ts_ns)rng_below(&w->rng, buckets) * w->scenario->span;
    for (size_t i = 0; i < net->n; i++) {
        struct port *p = &net->port[i];
        p->entity = quality_world_add(w);
        w->entity[p->entity].largest = i == 0;
        p->active = i == 0 ? 1 : 0.2 + 0.8 * rng_f64(&w->rng);
        p->level = i == 0 ? log(LARGEST_LEVEL)
                          : fmin(log(NEWCOMER_LEVEL) - log(rng_f64(&w->rng) + 1e-9), log(1e8));
    }
}

static void end_world(struct quality_world *w)
{
    struct network *net = w->own;
    free(net->port);
}

static void send(struct quality_world *w, size_t entity, double bytes)
{
    char a[24];
    struct bytes none = {NULL, 0};
    quality_world_judge(w, entity);
    w->tally->records++;
    quality_job_record(w->job, w->time + w->scenario->span / 2, 1, quality_text(a, 'p', entity),
                       none, none, floor(bytes));
}

static void bucket(struct quality_world *w)
{
    struct network *net = w->own;
    double day = (double)(w->time % TIME_DAY) / (double)TIME_DAY - net->phase;
    double wave = log(1 + 0.5 * sin(2 * M_PI * day));
    for (size_t i = 0; i < net->n; i++) {
        struct port *p = &net->port[i];
        if (rng_f64(&w->rng) >= p->active)
            continue;
        double spread = net->spread * (rng_f64(&w->rng) < WIDE_SHARE ? WIDE : 1);
        double y = p->level + wave + spread * rng_normal(&w->rng);
        if (i > 0 && p->level < log(ANOMALY_LEAST) && quality_world_due(w)) {
            bool weak = rng_below(&w->rng, 2) == 0;
            double digits = weak ? 5 + 3 * rng_f64(&w->rng) : 8 + 6 * rng_f64(&w->rng);
            double z = own_at(net, -digits * M_LN10);
            y = fmax(p->level + wave + z, log(ANOMALY_LEAST));
            bool plain = own_tail(net, y - p->level - wave) < -8 * M_LN10;
            quality_world_mark(w, p->entity, plain ? QUALITY_PLAIN : QUALITY_WEAK, -1);
        }
        send(w, p->entity, exp(y));
    }
    if (net->guest_left == 0 && rng_f64(&w->rng) < net->newcomers) {
        net->guest.entity = quality_world_add(w);
        net->guest.level = log(NEWCOMER_LEVEL) + NEWCOMER_SPREAD * rng_normal(&w->rng);
        net->guest_left = 1 + (int)rng_below(&w->rng, 5);
    }
    if (net->guest_left > 0) {
        net->guest_left--;
        send(w, net->guest.entity, exp(net->guest.level + net->spread * rng_normal(&w->rng)) + 40);
    }
    if (w->time == net->intrusion) {
        /* Someone never seen before that carries as much as the largest do. */
        size_t entity = quality_world_add(w);
        quality_world_mark(w, entity, QUALITY_NEW, -1);
        send(w, entity, NEWCOMER_BYTES);
    }
}

#define SUM "\"function\":\"high_sum\",\"field_name\":\"v\","

const struct quality_scenario quality_populations[] = {
    {.name = "ports_over",
     .draws = "ports",
     .detector = SUM "\"over_field_name\":\"a\"",
     .subject = QUALITY_BY_OVER,
     .span = 15 * TIME_MIN,
     .first = true,
     .what = "Pareto-sized members with newcomers; a new one carries 200 MB",
     .begin = begin,
     .bucket = bucket,
     .end_world = end_world},
    {.name = "ports_by",
     .draws = "ports",
     .detector = SUM "\"by_field_name\":\"a\"",
     .subject = QUALITY_BY_BY,
     .span = 15 * TIME_MIN,
     .what = "the same, by",
     .begin = begin,
     .bucket = bucket,
     .end_world = end_world},
    {.name = "ports_partition",
     .draws = "ports",
     .detector = SUM "\"partition_field_name\":\"a\"",
     .subject = QUALITY_BY_PARTITION,
     .span = 15 * TIME_MIN,
     .what = "the same, each port a partition",
     .begin = begin,
     .bucket = bucket,
     .end_world = end_world},
};
const size_t quality_populations_n = sizeof(quality_populations) / sizeof(quality_populations[0]);
