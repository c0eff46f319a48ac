#ifndef DETECT_BUCKET_H
#define DETECT_BUCKET_H

/*
 * One open bucket: a cell for each series that something came for, and who contributed how much.
 *
 * A cell is known by its detector and the names of its partition, over and by values. Each value of
 * an influencer field that came with a cell's records has a contribution; when their memory is used
 * up, the light ones of each cell give way and are counted.
 *
 * Ownership: detect_bucket_new() makes it; cells live in its arena until detect_bucket_free().
 * Threads:   one owner while it fills; cells may be read and judged by many threads, one each.
 */

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"
#include "detect/gather.h"
#include "detect/names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct detect_entity;

/*
 * What is counted for each, slots included, which are a third to two thirds full and are there
 * twice while they grow: a cell also has its place in two lists and in the sorting at the bucket's
 * end.
 */
#define DETECT_AROUND_CELL 80
#define DETECT_PART_COST (sizeof(struct detect_part) + 24)
#define DETECT_PAIR_COST 24

#define DETECT_CELL_SKIP_RESULT 1 /* custom rules */
#define DETECT_CELL_SKIP_LEARN 2
#define DETECT_CELL_JUDGED 4
#define DETECT_CELL_VALUE 8     /* value holds the bucket's value */
#define DETECT_CELL_LEARNED 16  /* with its judgement */
#define DETECT_CELL_NEWCOMER 32 /* its series has no past */

struct detect_cell {
    uint64_t hash;        /* of its values' texts and its detector: order and shard */
    uint64_t parent_hash; /* of the entity that its model belongs to */
    uint32_t partition;   /* names */
    uint32_t over;
    uint32_t by;
    uint32_t index;     /* in the order of arrival */
    uint32_t influence; /* head of its contributions, 0: none */
    uint8_t detector;
    uint8_t flags;
    uint8_t kind;
    struct detect_entity *entity; /* while the bucket is judged */
    struct detect_entity *parent;
    double value;
    struct detect_gather gather; /* last: allocated as long as the kind needs */
};

/* What came with one value of an influencer field. */
struct detect_part {
    uint32_t cell;
    uint32_t name;
    uint32_t next; /* of the same cell; 0 ends */
    uint8_t field; /* index into the job's influencers */
    float count;   /* events */
    double weight; /* what the statistic got: events, sum, distinct strings, or the extreme */
};

struct detect_open {
    ts_ns start;
    uint32_t generation; /* of the names when it opened */
    uint64_t events;
    struct arena arena;
    struct detect_cell **cells;
    size_t n_cells;
    size_t cap_cells;
    uint32_t *slots; /* cell index + 1 */
    size_t mask;
    struct detect_part *parts; /* [0] is none */
    size_t n_parts;
    size_t cap_parts;
    uint32_t *part_slots;
    size_t part_mask;
    size_t parts_max;
    uint32_t keep; /* contributions of a field of a cell that pruning leaves; 0: no more pruning */
    uint64_t *pairs; /* (cell, field, value, string or place) seen */
    size_t n_pairs;
    size_t pair_mask;
    size_t pairs_max;
    size_t cell_bytes;
    size_t sketch_bytes;
    uint64_t parts_dropped;
    bool failed; /* memory was short: something is missing */
};

/* influence_bytes bounds the contributions. NULL when memory is short. */
struct detect_open *detect_bucket_new(ts_ns start, uint32_t generation, size_t influence_bytes);
void detect_bucket_free(struct detect_open *b); /* NULL is fine */
size_t detect_bucket_bytes(const struct detect_open *b);

/*
 * The cell, made when it is new and `make` says so; NULL when it is not there or memory is short.
 * parent: which of the cell's values name its parent (bit 0 partition, bit 1 over, bit 2 by).
 */
struct detect_cell *detect_bucket_cell(struct detect_open *b, const struct detect_names *names,
                                       uint8_t detector, enum detect_kind kind, uint32_t partition,
                                       uint32_t over, uint32_t by, unsigned parent, bool make);

/*
 * weight came with value `name` of influencer `field`, in count events. For min and max the weight
 * is the value, and the extreme stays. Without room only what has a contribution already gets more.
 */
void detect_bucket_contribute(struct detect_open *b, struct detect_cell *c, unsigned field,
                              uint32_t name, double weight, double count, bool room,
                              const struct detect_names *names);
/* For strings: true the first time that this string came with this value in this cell, and always
 * when there is no room to remember it. */
bool detect_bucket_pair(struct detect_open *b, const struct detect_cell *c, unsigned field,
                        uint64_t name_hash, uint64_t string_hash, bool room);

/* Whether that is remembered. */
bool detect_bucket_paired(const struct detect_open *b, const struct detect_cell *c, unsigned field,
                          uint64_t name_hash, uint64_t string_hash);

/* A hash of a detector and texts, by their own hashes: the same in every process with one seed. */
uint64_t detect_bucket_hash(uint8_t detector, uint64_t partition, uint64_t over, uint64_t by);

/* Cells by parent hash, then hash (both hold the detector): an order that arrival does not
 * change. The caller frees the list with mem_free(); NULL when memory is short. */
struct detect_cell **detect_bucket_sorted(const struct detect_open *b);

/* State of an open bucket; names are written as numbers. */
void detect_bucket_save(const struct detect_open *b, struct buf *out);

/* What loading needs to know: saved name numbers stand for new ones. */
struct detect_loading {
    const struct detect_names *names;
    const uint32_t *ids; /* by saved number; 0: no such name */
    size_t n_ids;
    size_t n_detectors;
    size_t n_influencers;
    const uint8_t *kinds;   /* enum detect_kind, one a detector */
    const uint8_t *parents; /* as detect_bucket_cell() takes them */
};

/* False when the number was not saved. 0 stays 0. */
static inline bool detect_loading_name(const struct detect_loading *l, uint32_t saved,
                                       uint32_t *out)
{
    if (saved != 0 && (saved >= l->n_ids || l->ids[saved] == 0))
        return false;
    *out = saved == 0 ? 0 : l->ids[saved];
    return true;
}

/* A saved double; NaN and infinities are 0 and make the cursor fail. */
double detect_loading_double(struct cursor *in);

/* Into a new, empty bucket. ERR_FORMAT, ERR_MEMORY. */
enum err detect_bucket_load(struct detect_open *b, struct cursor *in,
                            const struct detect_loading *l) ERR_MUST_CHECK;

#endif
