#ifndef STORE_ROW_H
#define STORE_ROW_H

/*
 * Events as compact rows, gathered into batches.
 *
 * A batch is what the journal keeps, what goes to the query worker and what comes back from it:
 * field names once, then rows of varints (docs/format/store.md, "A batch"). Reading trusts nothing.
 *
 * Ownership: a writer and a batch own their memory; rows and events read from a batch point into
 *            it and die with it.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"
#include "event/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_BATCH_MAX ((size_t)64 << 20) /* unpacked body */
#define STORE_ROW_MAX ((size_t)16 << 20)
#define STORE_NAMES_MAX 65535 /* names in one batch */

struct map;

/* Rows being gathered. */
struct store_rows {
    struct buf rows;
    struct buf names;   /* as they stand in the body */
    struct buf row;     /* the row being made */
    struct map *others; /* unknown names → number + 1 */
    uint16_t *known;    /* by event_field: number + 1 */
    uint32_t names_n;
    uint32_t rows_n;
    ts_ns base; /* time of the first row */
    ts_ns min_time;
    ts_ns max_time;
};

enum err store_rows_init(struct store_rows *r) ERR_MUST_CHECK;
void store_rows_release(struct store_rows *r);
void store_rows_clear(struct store_rows *r); /* empty again, memory kept */

/* Bytes of the body so far. */
size_t store_rows_size(const struct store_rows *r);

/*
 * ERR_LIMIT: the row would be too large, or the batch has too many bytes or names for it (rows_n is
 * then not 0: pack and try again). ERR_MEMORY. Nothing was added then.
 */
enum err store_rows_add(struct store_rows *r, const struct event *e) ERR_MUST_CHECK;

/* Adds the batch to out: compressed at a zstd level, or as it is at level 0. */
enum err store_rows_pack(const struct store_rows *r, int level, struct buf *out) ERR_MUST_CHECK;

/* A batch being read. */
struct store_batch_name {
    const char *name; /* NUL-terminated */
    uint32_t len;
    event_field field; /* EVENT_F_NONE: not in the table */
};

struct store_batch {
    uint8_t *body; /* when it had to be unpacked */
    struct store_batch_name *names;
    uint32_t names_n;
    uint32_t rows_n;
    uint32_t rows_left;
    ts_ns base;
    struct cursor rest; /* rows not yet read */
    bool bad;           /* a row broke a rule */
    bool checked;       /* set by who has walked all fields of all rows: texts are not read again */
};

/*
 * Reads the head and the names. The bytes must live as long as the batch. ERR_FORMAT, ERR_VERSION,
 * ERR_LIMIT, ERR_MEMORY; the batch is then not to be released.
 */
enum err store_batch_open(struct bytes bytes, struct store_batch *out) ERR_MUST_CHECK;
void store_batch_release(struct store_batch *b);

struct store_row {
    ts_ns time;
    uint64_t sequence;
    uint32_t source;
    uint32_t fields_n;
    struct bytes fields;
};

/* The next row; false at the end, and when b->bad was set. */
bool store_batch_next(struct store_batch *b, struct store_row *out);

/* A field of a row. */
struct store_cell {
    const struct store_batch_name *name;
    uint32_t n;         /* values, at least 1 */
    bool list;          /* each value has its type before it */
    uint8_t type;       /* of the one value when it is no list */
    struct cursor rest; /* at the next value */
    ts_ns time;         /* of the row */
};

/*
 * Walks the fields of a row: start with *at = cursor_of(row->fields). False at the end or when bad;
 * *bad is then set. Each cell's values are checked and skipped.
 */
bool store_row_next(const struct store_batch *b, const struct store_row *row, struct cursor *at,
                    struct store_cell *out, bool *bad);
/* The next value of a cell. Texts point into the batch; an address is put in *ip. */
void store_cell_value(struct store_cell *cell, struct event_value *out, struct ip *ip);

/*
 * The row as an event whose texts point into the batch. ERR_FORMAT: the row broke a rule;
 * ERR_MEMORY.
 */
enum err store_row_event(const struct store_batch *b, const struct store_row *row,
                         struct arena *arena, struct event *out) ERR_MUST_CHECK;

#endif
