#ifndef DETECT_TABLE_H
#define DETECT_TABLE_H

/*
 * Everything a job has learned, one entity for each thing that has a model.
 *
 * Classes: a metric series; a population and its members; a pool of rare values and its values; the
 * scale of a partition (the history of its scores); the times and the places at which a series
 * has events; how the series of a detector begin. An entity is known by its class, detector and
 * names, and found by them. Entities of a class lie in slabs and are walked in a fixed order of
 * slots; what is shown or learned does not depend on that order.
 *
 * Ownership: detect_table_new() makes it; entities are its own, and hold references to names.
 * Threads:   one owner; different entities may be changed by different threads at once.
 */

#include "base/err.h"
#include "detect/names.h"
#include "model/clock.h"
#include "model/geo.h"
#include "model/history.h"
#include "model/newcomers.h"
#include "model/population.h"
#include "model/rare.h"
#include "model/series.h"
#include "stats/distinct.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum detect_class {
    DETECT_CLASS_METRIC,
    DETECT_CLASS_POPULATION,
    DETECT_CLASS_MEMBER,
    DETECT_CLASS_POOL,
    DETECT_CLASS_VALUE,
    DETECT_CLASS_SCALE,
    DETECT_CLASS_CLOCK,
    DETECT_CLASS_GEO,
    DETECT_CLASS_NEWCOMERS,
    DETECT_CLASSES,
};

#define DETECT_MARK_DATA 1  /* had data, or a score */
#define DETECT_MARK_LEARN 2 /* was silent, and the silence is to be learned */

struct detect_entity {
    uint32_t partition; /* names; 0 where the class has none */
    uint32_t over;
    uint32_t by;
    uint8_t detector;
    uint8_t class;
    bool used;    /* the slot is in use */
    uint8_t mark; /* while a bucket is closed: DETECT_MARK_… */
};

/* A run of buckets in which one series stood out. */
struct detect_episode {
    ts_ns last;   /* the newest of them; 0 with run 0: none yet */
    float peak;   /* highest anchor score */
    uint32_t run; /* buckets before the newest one; starts anew when things get worse */
    struct model_history_own own; /* those before */
};

struct detect_metric {
    struct detect_entity head;
    struct detect_episode episode;
    uint32_t seen;    /* buckets with data */
    uint32_t bytes;   /* of the series, as last charged */
    ts_ns first_seen; /* bucket in which it was made */
    ts_ns last_seen;  /* last bucket with data */
    struct model_series *series;
};

struct detect_population {
    struct detect_entity head;
    struct model_population model;
};

struct detect_member {
    struct detect_entity head;
    struct detect_episode episode;
    struct model_member model;
};

struct detect_pool {
    struct detect_entity head;
    struct model_rare model;
    struct stats_distinct members; /* with over: all members */
    double of;                     /* how many they are, while a bucket is closed */
};

struct detect_rare_value {
    struct detect_entity head;
    struct model_rare_value model;
};

/* For rare with over, a value with its members; the class's slabs then hold this larger form. */
struct detect_rare_value_over {
    struct detect_rare_value value;
    struct stats_distinct members;
};

struct detect_scale {
    struct detect_entity head;
    ts_ns last_score; /* last bucket that had a score */
    struct model_history history;
};

/* Times of the day or week; the members of a population share one. */
struct detect_clock {
    struct detect_entity head;
    struct model_clock model;
};

/* Places; likewise. */
struct detect_geo {
    struct detect_entity head;
    struct model_geo model;
};

/* How series begin: of a detector, or with by values of one of its partitions. */
struct detect_newcomers {
    struct detect_entity head;
    uint32_t fresh; /* newcomers of the bucket that is learned */
    struct model_newcomers model;
};

struct detect_table;

/* values_over: some detector is rare with over. NULL when memory is short. */
struct detect_table *detect_table_new(struct detect_names *names, bool values_over);
void detect_table_free(struct detect_table *t); /* NULL is fine */

/* NULL when it is not there. */
struct detect_entity *detect_table_find(const struct detect_table *t, enum detect_class class,
                                        uint8_t detector, uint32_t partition, uint32_t over,
                                        uint32_t by);
/*
 * An entity will be looked for soon: the processor's cache may begin to fetch its place in the
 * index, and some look-ups later the entity itself, by what the first call returned. Returns where
 * it probably is, not to be read yet; NULL when it is not there.
 */
uint64_t detect_table_expect(const struct detect_table *t, enum detect_class class,
                             uint8_t detector, uint32_t partition, uint32_t over, uint32_t by);
const struct detect_entity *detect_table_approach(const struct detect_table *t, uint64_t expected);
/* A new entity, zero but for its head; the caller knows that it is not there. NULL: no memory. */
struct detect_entity *detect_table_add(struct detect_table *t, enum detect_class class,
                                       uint8_t detector, uint32_t partition, uint32_t over,
                                       uint32_t by);
/* Ends the entity and what it holds. */
void detect_table_remove(struct detect_table *t, struct detect_entity *e);

/* After many removals: gives back what they left free. Entities move: pointers to them are void. */
void detect_table_pack(struct detect_table *t);

/* Slots of a class, used or not: 0 … count − 1. NULL where the slot is free. */
size_t detect_table_slots(const struct detect_table *t, enum detect_class class);
struct detect_entity *detect_table_at(const struct detect_table *t, enum detect_class class,
                                      size_t slot);
/* Entities in use. */
size_t detect_table_count(const struct detect_table *t, enum detect_class class);
size_t detect_table_bytes(const struct detect_table *t);
/* What one more entity of a class costs, its share of the index included. */
size_t detect_table_cost(const struct detect_table *t, enum detect_class class);

static inline struct stats_distinct *detect_table_value_members(struct detect_rare_value *v)
{
    return &((struct detect_rare_value_over *)(void *)v)->members;
}

#endif
