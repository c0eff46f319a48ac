#ifndef DETECT_FUNCTION_H
#define DETECT_FUNCTION_H

/*
 * The detector functions of Elastic's jobs: what each needs and what it measures.
 *
 * One table holds every name, full, sided and abbreviated. A function has a kind (what is
 * measured), a side (which deviations count), and rules about its fields.
 *
 * Threads: any; the table is constant.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum detect_kind {
    DETECT_COUNT,
    DETECT_NON_ZERO_COUNT,
    DETECT_SUM,
    DETECT_NON_NULL_SUM,
    DETECT_MEAN,
    DETECT_MIN,
    DETECT_MAX,
    DETECT_DISTINCT_COUNT,
    DETECT_INFO_CONTENT,
    DETECT_RARE,
    DETECT_FREQ_RARE,
    DETECT_MEDIAN,
    DETECT_VARP,
    DETECT_METRIC, /* stands for its parts */
    DETECT_TIME_OF_DAY,
    DETECT_TIME_OF_WEEK,
    DETECT_LAT_LONG,
};

enum detect_side {
    DETECT_BOTH = 0,
    DETECT_HIGH = 1,
    DETECT_LOW = -1,
};

enum detect_need {
    DETECT_NEED_NONE, /* must not be there */
    DETECT_NEED_OPTIONAL,
    DETECT_NEED_REQUIRED,
};

struct detect_function {
    const char *name;        /* as a job writes it */
    const char *full;        /* the name that results show: "high_sum" */
    const char *description; /* function_description of results: "sum" */
    uint8_t kind;            /* enum detect_kind */
    int8_t side;             /* enum detect_side */
    uint8_t field;           /* enum detect_need */
    uint8_t by;
    uint8_t over;
    bool supported;
    bool zero_when_empty; /* a bucket without events is a bucket with the value 0 */
};

/* Whether by values are judged by how rare they are: they are kept in a pool, each with its
 * members. */
static inline bool detect_kind_rare(enum detect_kind kind)
{
    return kind == DETECT_RARE || kind == DETECT_FREQ_RARE;
}

static inline bool detect_kind_clock(enum detect_kind kind)
{
    return kind == DETECT_TIME_OF_DAY || kind == DETECT_TIME_OF_WEEK;
}

/* Whether the members of a population share what is learned, and have no model of their own. */
static inline bool detect_kind_shared(enum detect_kind kind)
{
    return detect_kind_clock(kind) || kind == DETECT_LAT_LONG;
}

/* NULL when no function has that name. */
const struct detect_function *detect_function_find(const char *name, size_t n);

/* What a function measures, each to be judged by itself: metric its mean, min and max, and every
 * other function itself. NULL when there is no k-th part. */
#define DETECT_PARTS_MAX 3
const struct detect_function *detect_function_part(const struct detect_function *f, size_t k);

/* "count, high_count, …": the full names of all supported functions, for messages. */
const char *detect_function_names(void);

#endif
