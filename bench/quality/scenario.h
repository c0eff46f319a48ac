#ifndef QUALITY_SCENARIO_H
#define QUALITY_SCENARIO_H

/*
 * Families whose truth is about who or what, not how much: populations, rare values, unusual times.
 *
 * A scenario is a world of entities that bring records in each bucket, one job a world, as many
 * worlds as give the series-buckets wanted. What it says of an entity in a bucket (judged, or an
 * anomaly) is compared with the records that name the entity. However short a run is, anomalies are
 * no more frequent than one in QUALITY_SELDOM: what comes daily is no news in a small world.
 *
 * Ownership: quality_scenario_run() makes and ends everything.
 * Threads:   one owner.
 */

#include "base/rng.h"
#include "base/time.h"
#include "job.h"
#include "series.h"
#include "tally.h"

#include <stdbool.h>
#include <stddef.h>

#define QUALITY_SELDOM 5000

/* What a record's texts must be for it to be about an entity. */
enum quality_subject {
    QUALITY_BY_OVER,
    QUALITY_BY_BY,
    QUALITY_BY_PARTITION,
};

struct quality_entity {
    double score;       /* of this bucket's records about it */
    double hit;         /* of those that name `value` as what is rare */
    double probability; /* of the record with that score */
    long value;         /* -1: any */
    enum quality_kind kind;
    bool judged;
    bool largest; /* always */
};

struct quality_world {
    const struct quality_scenario *scenario;
    const struct quality_run *run;
    struct quality_tally *tally;
    struct quality_job *job;
    struct rng rng;
    ts_ns time;
    bool learned; /* anomalies may be put in */
    struct quality_entity *entity;
    size_t n;
    size_t cap;
    size_t *seen; /* the entities judged in this bucket */
    size_t n_seen;
    size_t number; /* of the world */
    void *own;     /* the scenario's, ended with the world */
};

struct quality_scenario {
    const char *name;
    const char *draws; /* scenarios of one text have the same worlds */
    const char *detector;
    enum quality_subject subject;
    ts_ns span;
    bool first; /* the anomaly must be the first of its bucket, for QUALITY_NEW */
    const char *what;
    void (*begin)(struct quality_world *w);
    void (*bucket)(struct quality_world *w);
    void (*end_world)(struct quality_world *w);
};

extern const struct quality_scenario quality_populations[];
extern const size_t quality_populations_n;
extern const struct quality_scenario quality_habits[];
extern const size_t quality_habits_n;

void quality_scenario_run(const struct quality_scenario *s, const struct quality_run *run,
                          struct quality_tally *out);

/* A new entity's number. */
size_t quality_world_add(struct quality_world *w);
/* The entity is judged in this bucket. */
void quality_world_judge(struct quality_world *w, size_t entity);
/* Whether an anomaly is to begin at this entity now. */
bool quality_world_due(struct quality_world *w);
/* An anomaly of the entity in this bucket; value is the rare one, or -1. */
void quality_world_mark(struct quality_world *w, size_t entity, enum quality_kind kind, long value);

/* Memory that is there, or the program's end. */
void *quality_memory(size_t n, size_t each);

/* "x123". Borrowed until to changes. */
struct bytes quality_text(char to[24], char letter, size_t number);

#endif
