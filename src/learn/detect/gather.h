#ifndef DETECT_GATHER_H
#define DETECT_GATHER_H

/*
 * The statistic of one series in one bucket: what came, in a form that merges.
 *
 * Counts are exact; sums do not depend on order (stats/sum.h), nor do variances, made of two of
 * them (docs/method/varp.md); medians, distinct values information content and places are the
 * sketches of stats/median.h, stats/distinct.h, stats/info.h and stats/places.h. Gathering the
 * halves of a bucket and merging them gives the same bytes as gathering the whole.
 * docs/method/detect.md.
 *
 * Ownership: a value of the caller with memory behind it for median, distinct_count,
 * info_content and lat_long: detect_gather_release(). A gather may be allocated short:
 * detect_gather_size() bytes. Threads:   one owner; reading a value only reads.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "detect/function.h"
#include "stats/distinct.h"
#include "stats/info.h"
#include "stats/median.h"
#include "stats/places.h"
#include "stats/sum.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct detect_gather {
    uint64_t count; /* events */
    union {
        struct stats_sum sum; /* sum, mean */
        struct {
            struct stats_sum values;
            struct stats_sum squares;
        } moments; /* varp */
        struct stats_median median;
        uint64_t slots[3]; /* time_of_day, time_of_week: a bit for each slot that had events */
        struct stats_places places; /* lat_long */
        double extreme;             /* min, max */
        struct stats_distinct distinct;
        struct stats_info info;
    };
};

/* Bytes that a gather of this kind needs, the header included. */
size_t detect_gather_size(enum detect_kind kind);

void detect_gather_init(struct detect_gather *g, enum detect_kind kind);
void detect_gather_release(struct detect_gather *g, enum detect_kind kind);
/* Beyond detect_gather_size(). */
size_t detect_gather_memory(const struct detect_gather *g, enum detect_kind kind);

/*
 * weight events (1, or what a summary count says; a sum counts the value once, the others weight
 * times).
 * False when memory was short and the value is missed in part.
 */
bool detect_gather_number(struct detect_gather *g, enum detect_kind kind, double value,
                          uint64_t weight);
bool detect_gather_text(struct detect_gather *g, enum detect_kind kind, uint64_t hash,
                        struct bytes value, uint64_t weight);

/* An event in a slot of the day or week (model/clock.h). */
void detect_gather_slot(struct detect_gather *g, size_t slot, uint64_t weight);

/* Adds another half of the same bucket, made with the same hash key. False: memory was short. */
bool detect_gather_merge(struct detect_gather *into, enum detect_kind kind,
                         const struct detect_gather *from);

/* The bucket's value; false when there is none, because nothing came. */
bool detect_gather_value(const struct detect_gather *g, enum detect_kind kind, double *out);

/* Bytes for snapshots and for a bus. ERR_FORMAT, ERR_MEMORY. */
void detect_gather_save(const struct detect_gather *g, enum detect_kind kind, struct buf *out);
enum err detect_gather_load(struct cursor *in, enum detect_kind kind,
                            struct detect_gather *out) ERR_MUST_CHECK;

#endif
