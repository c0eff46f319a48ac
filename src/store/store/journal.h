#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

/*
 * events.db: hot batches, source offsets, and the list of pieces; the only truth about which events
 * exist. docs/format/store.md.
 *
 * Ownership: store_journal_close().
 * Threads:   appending, marking and rewinding by one thread; committing by any; every function that
 *            writes to the file locks, so that another thread may exchange batches for pieces.
 *            Reading goes through snapshots.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct event;
struct store_journal;
struct store_name;

struct store_piece {
    int64_t id;
    const char *dataset;
    int level; /* 0 sealed from batches, 1 merged */
    ts_ns min_time;
    ts_ns max_time;
    uint64_t rows;
    uint64_t bytes;
    const char *columns;
    const char *rest;
};

/* ids_most: how many names of events are kept; 0: STORE_IDS_DEFAULT. */
enum err store_journal_open(const char *path, uint64_t ids_most, struct store_journal **out,
                            struct err_text *why) ERR_MUST_CHECK;
void store_journal_close(
    struct store_journal *j); /* NULL is fine; what was not committed is lost */

/* Numbers the event by its arrival (store_append). ERR_LIMIT: larger than a row may be. */
enum err store_journal_append(struct store_journal *j, struct event *e) ERR_MUST_CHECK;

/* Fills *name but for create and document (store_name_look). */
enum err store_journal_look(struct store_journal *j, const char *index, const char *id,
                            struct store_name *name) ERR_MUST_CHECK;
/* Appends an event, whose name _look() has just been asked for, and the name is the event's. */
enum err store_journal_append_named(struct store_journal *j, struct event *e, const char *index,
                                    const char *id, struct store_name *name) ERR_MUST_CHECK;
/* The event that has the name, committed or not. ERR_NOT_FOUND. */
enum err store_journal_named(struct store_journal *j, const char *index, const char *id,
                             ts_ns *out_time, uint64_t *out_sequence) ERR_MUST_CHECK;
/* Forgets names whose events are gone, many at once. */
enum err store_journal_prune(struct store_journal *j, struct err_text *why) ERR_MUST_CHECK;

struct store_journal_names {
    uint64_t kept;
    uint64_t forgotten; /* since opening, for want of room, while their events were there */
    uint64_t repeated;  /* since opening: events found to be there already */
};
void store_journal_names(struct store_journal *j, struct store_journal_names *out);

enum err store_journal_offset_set(struct store_journal *j, const char *source, const void *p,
                                  size_t n) ERR_MUST_CHECK;
enum err store_journal_offset_get(struct store_journal *j, const char *source,
                                  struct buf *out) ERR_MUST_CHECK;
/* What is appended from here on store_journal_rewind() takes out again. ERR_MEMORY: there is no
 * mark. */
enum err store_journal_mark(struct store_journal *j) ERR_MUST_CHECK;
/* Drops what was appended since the mark, if there is one; returns how many events. */
uint64_t store_journal_rewind(struct store_journal *j);

/*
 * All or nothing; what failed to be committed stays for the next try. all: what can be taken back,
 * too, which then no longer can. *out_rows, *out_bytes: new.
 */
enum err store_journal_commit(struct store_journal *j, bool all, uint64_t *out_rows,
                              uint64_t *out_bytes, struct err_text *why) ERR_MUST_CHECK;

/* The number of the event appended last before the newest commit. */
uint64_t store_journal_arrived(struct store_journal *j);

/* Copies the file as it is at one moment; nobody waits for it. */
enum err store_journal_backup(struct store_journal *j, const char *path,
                              struct err_text *why) ERR_MUST_CHECK;
/* Of the schema that this program writes. */
int store_journal_version(void);

/* The number for the next piece's file. */
int64_t store_journal_next_piece(struct store_journal *j);
/* One transaction: batches of the dataset up to an id become a piece. */
enum err store_journal_seal(struct store_journal *j, int64_t last_batch,
                            const struct store_piece *piece, struct err_text *why) ERR_MUST_CHECK;
/* One transaction: pieces become one (NULL: none). */
enum err store_journal_replace(struct store_journal *j, const int64_t *old, size_t old_n,
                               const struct store_piece *piece,
                               struct err_text *why) ERR_MUST_CHECK;

/* Pieces and hot batches of one moment. */
struct store_hot {
    int64_t id;
    const char *dataset;
    ts_ns min_time;
    ts_ns max_time;
    uint64_t rows;
    struct bytes data;
};

struct store_snapshot_view {
    struct arena arena;
    struct store_piece *pieces; /* in order of min_time */
    size_t pieces_n;
    struct store_hot *hot; /* in order of id */
    size_t hot_n;
};

struct store_view_filter {
    ts_ns first; /* what overlaps first <= time <= last */
    ts_ns last;
    const char *dataset; /* hot batches of one dataset only; NULL: all */
    uint64_t hot_rows;   /* no more hot batches once there are so many rows; 0: all */
    bool with_pieces;
    bool with_hot;
};

/* The pieces' and batches' memory is the view's. */
enum err store_journal_view(struct store_journal *j, const struct store_view_filter *filter,
                            struct store_snapshot_view *out, struct err_text *why) ERR_MUST_CHECK;
void store_journal_view_release(struct store_snapshot_view *view);

struct store_hot_total {
    const char *dataset;
    uint64_t rows;
    uint64_t bytes;
};

/* Rows and bytes of hot batches by dataset; the list lives in the arena. */
enum err store_journal_hot_totals(struct store_journal *j, struct arena *arena,
                                  struct store_hot_total **out, size_t *out_n) ERR_MUST_CHECK;
/* Earliest and latest time of all batches and pieces; TIME_NONE when there is nothing. */
enum err store_journal_span(struct store_journal *j, ts_ns *out_min, ts_ns *out_max) ERR_MUST_CHECK;

#endif
