#ifndef STORE_JOURNAL_PRIV_H
#define STORE_JOURNAL_PRIV_H

/*
 * The inside of the journal, for those who fill it: journal.c, and journal_name.c for events that
 * have names.
 *
 * Threads: as journal.h says; two locks.
 */

#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"
#include "store/row.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct store_db;
struct store_ids;

#define JOURNAL_DATASETS 64

/* Rows of one dataset being gathered. */
struct journal_gathering {
    char *dataset;
    struct store_rows rows;
};

/* A batch packed and not yet committed. */
struct journal_packed {
    const char *dataset; /* of its gathering, which outlives it */
    ts_ns min_time;
    ts_ns max_time;
    uint32_t rows;
    struct buf data;
};

struct journal_moved {
    char *source;
    struct buf offset;
};

struct store_journal {
    char *path;
    struct store_db *db;
    pthread_mutex_t lock; /* db, next_piece */
    int64_t next_piece;
    struct journal_gathering list[JOURNAL_DATASETS + 1]; /* the last one is "other" */
    size_t list_n;
    size_t recent;    /* the one used last */
    uint64_t arrived; /* the number of the event appended last */
    uint64_t kept;    /* and of the last one committed; lock */
    struct journal_packed *packed;
    size_t packed_n;
    size_t packed_cap;
    struct journal_moved *moved; /* offsets since the last commit */
    size_t moved_n;
    size_t moved_cap;
    bool is_marked;          /* what was appended since can be taken back */
    size_t marked;           /* batches packed at the mark */
    uint64_t marked_arrived; /* arrived at the mark */
    struct store_ids *ids;   /* reads and writes db under lock, too */
    size_t marked_ids;       /* those in memory at the mark */
    uint64_t repeated;       /* events not appended, as they were there */
    uint64_t marked_repeated;
    pthread_mutex_t writer; /* list to marked_repeated; taken before lock */
};

/* store_journal_append() of one who holds the lock `writer`. */
enum err store_journal_add(struct store_journal *j, struct event *e) ERR_MUST_CHECK;

#endif
