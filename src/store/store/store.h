#ifndef STORE_STORE_H
#define STORE_STORE_H

/*
 * Events kept and found again.
 *
 * Appended events gather in memory by dataset and are committed together with the offsets of the
 * sources they came from, so that after a crash a source goes on exactly where its last kept event
 * ended. Committed ("hot") events are searched in this process. store_maintain() seals them into
 * Parquet files ("pieces"), merges small pieces by the hour, and removes what is too old or too
 * much. Pieces are written and read by a query worker (store/worker.h), a process of its own.
 * docs/format/store.md has the files, their order of writing, and recovery.
 *
 * An event is found once it is committed. Events come back whole: every field, known or not,
 * source, and as sequence the number of its arrival; order is (time, source, sequence).
 *
 * Ownership: store_close() commits what was appended, ends workers and frees.
 * Threads:   appending and committing by one thread; store_maintain() by one (the same or another);
 *            store_settle(), searching, counting, SQL and reading offsets by any number, all at the
 * same time.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct event;
struct query;
struct store;

struct store_options {
    const char *worker_exe;  /* program that runs store_worker_main(); NULL: this program */
    const char *worker_arg;  /* its hidden argument; NULL: "--query-worker" */
    uint64_t worker_memory;  /* bytes DuckDB may use; 0: 512 MiB */
    unsigned worker_threads; /* 0: 2 */
    uint64_t hot_rows;       /* hot rows from which a commit has them sealed; 0: 200,000 */
    ts_ns keep_age_ns;       /* pieces whose events are older, and came longer ago, are removed;
                                0: kept for ever */
    uint64_t keep_bytes;     /* oldest pieces are removed above this; 0: no limit */
    uint64_t ids;            /* names of events that are kept (struct store_name); 0: 8,388,608 */
    bool no_worker;          /* hot events only: nothing is sealed, sealed events are not read */
};

/*
 * Opens or makes the store in a directory, which is made when its parent exists. options may be
 * NULL. ERR_BUSY: another process holds it. ERR_VERSION, ERR_FORMAT: its files are newer or broken;
 * nothing was changed. ERR_IO, ERR_DENIED, ERR_FULL, ERR_MEMORY. why is filled for all of them.
 */
enum err store_open(const char *dir, const struct store_options *options, struct store **out,
                    struct err_text *why) ERR_MUST_CHECK;
void store_close(struct store *s); /* NULL is fine */

/*
 * Takes a copy; nothing is on disk yet. The event's sequence becomes the number of its arrival: it
 * rises over all sources and times for as long as the store lives, so that "all events up to a
 * number" is something that can be said. ERR_MEMORY; ERR_LIMIT when the event is larger than 16
 * MiB, has failed for want of memory, or has no time (TIME_NONE, TIME_MAX): it is counted and left
 * out, and its sequence is 0.
 */
enum err store_append(struct store *s, struct event *e) ERR_MUST_CHECK;

/*
 * An event whose sender named it (weir.id): who sends it again is told that it is there. A name is
 * kept with its event, in one transaction, and taken back with it; the newest names are kept, up to
 * a number (store_options), and those of removed events are forgotten by and by.
 */
enum store_name_state {
    STORE_NAME_FREE,  /* no event has the name */
    STORE_NAME_SAME,  /* an event of this document has it, or had before another got it */
    STORE_NAME_OLDER, /* one of another document: whoever is appended gets the name */
    STORE_NAME_TAKEN, /* an event has it, and only a new one was wanted */
};

struct store_name {
    uint64_t document; /* hash of what was sent */
    bool create;       /* only when the name is free */
    uint8_t state;     /* enum store_name_state */
    uint32_t version;  /* of the event that is there: 1 for the first of its name; 0: none is */
    uint64_t sequence; /* its number of arrival */
};

/*
 * Says what is known of the event's name in its index: all of *name but document and create. By the
 * thread that appends. ERR_IO, ERR_FORMAT, ERR_MEMORY.
 */
enum err store_name_look(struct store *s, const struct event *e,
                         struct store_name *name) ERR_MUST_CHECK;
/* Whether there is nothing to append. */
static inline bool store_name_is_there(const struct store_name *name)
{
    return name->state == STORE_NAME_SAME || name->state == STORE_NAME_TAKEN;
}
/* store_append() of an event that store_name_look() has just called free or older: it has the name
 * then, and version and sequence are its own. */
enum err store_append_named(struct store *s, struct event *e,
                            struct store_name *name) ERR_MUST_CHECK;
/* Where the event is that has a name in an index, the latest that came. Any thread. ERR_NOT_FOUND:
 * it has no such name, or is no longer known by it. */
enum err store_name_find(struct store *s, const char *index, const char *id, ts_ns *out_time,
                         uint64_t *out_sequence) ERR_MUST_CHECK;

/*
 * What is appended from here on can be taken back by store_rewind() until it is committed: for
 * events of those who are told when they were not kept, and will send them again. Their numbers
 * are not given again; offsets stay. By the thread that appends. ERR_MEMORY: nothing is marked.
 */
enum err store_mark(struct store *s) ERR_MUST_CHECK;
void store_rewind(struct store *s);

/* Where a source stands after the events appended so far: any bytes. Kept by the next commit. */
enum err store_offset_set(struct store *s, const char *source, const void *p,
                          size_t n) ERR_MUST_CHECK;
/* The number of arrival up to which all events are committed. */
uint64_t store_arrived(struct store *s);
/* Adds the committed offset to out. ERR_NOT_FOUND when the source has none. */
enum err store_offset_get(struct store *s, const char *source, struct buf *out) ERR_MUST_CHECK;

/*
 * Events and offsets on disk, in one transaction, when this returns. On failure (ERR_FULL, ERR_IO,
 * ERR_MEMORY) all of them wait for the next try. When much is hot a thread of the store's own is
 * told to seal it, and waited for when far too much is.
 */
enum err store_commit(struct store *s, struct err_text *why) ERR_MUST_CHECK;

/*
 * The same of what was appended so far, by any thread and without sealing: for who writes down what
 * was made of these events, which must not be ahead of them on disk. What can be taken back is left
 * out.
 */
enum err store_settle(struct store *s, struct err_text *why) ERR_MUST_CHECK;

/*
 * Housekeeping at wall-clock time now: call about once a minute. Seals what is committed, merges
 * pieces of past hours, applies the limits of age and size.
 */
enum err store_maintain(struct store *s, ts_ns now, struct err_text *why) ERR_MUST_CHECK;
/* Seals what is committed, whatever the time. */
enum err store_seal(struct store *s, struct err_text *why) ERR_MUST_CHECK;

/*
 * How a search that nobody waits for any more is ended: wanted() is asked by the thread that
 * searches, about ten times a second, and true ends the search with ERR_STOPPED. NULL: never asked.
 */
struct store_cancel {
    bool (*wanted)(void *ctx);
    void *ctx;
};

enum store_order {
    STORE_OLDEST_FIRST,
    STORE_NEWEST_FIRST,
};

struct store_search {
    const struct query *query; /* NULL: every event */
    ts_ns from;                /* from <= time < to; TIME_NONE: from the beginning */
    ts_ns to;                  /* TIME_MAX: to the end */
    enum store_order order;
    uint64_t limit;   /* 0: all */
    ts_ns timeout_ns; /* 0: no limit */
    bool apart;       /* by a worker of its own: waits for nobody's query, nor makes one wait */
    struct store_cancel cancel;
    uint64_t before;           /* events with no smaller number of arrival are left out; 0: none */
    const char *const *fields; /* all that is wanted of an event, it may have more; NULL: all */
    size_t fields_n;
};

/*
 * The event is borrowed until the call returns. False: no more, please. Must not call back into the
 * store.
 */
typedef bool (*store_event_fn)(void *ctx, struct event *e);

/*
 * Gives the events in order; ends early and well when the sink wants no more. Memory does not grow
 * with the number of events found. ERR_UNSUPPORTED: there are sealed events and no worker can be
 * started (why says what is missing); the hot ones were given all the same. ERR_STOPPED: out of
 * time, or cancelled. ERR_IO: the worker failed.
 */
enum err store_search(struct store *s, const struct store_search *what, store_event_fn sink,
                      void *ctx, struct err_text *why) ERR_MUST_CHECK;

/* How many events match; order and limit are not looked at. */
enum err store_count(struct store *s, const struct store_search *what, uint64_t *out,
                     struct err_text *why) ERR_MUST_CHECK;

struct store_sql_limits {
    uint64_t rows;    /* 0: 10,000 */
    ts_ns timeout_ns; /* 0: 30 s */
    struct store_cancel cancel;
};

struct store_sql_result {
    uint64_t rows;
    bool truncated; /* there were more */
};

/* One row as a JSON object, its columns in the order selected. False: no more, please. */
typedef bool (*store_row_fn)(void *ctx, const char *json, size_t n);

/*
 * One SELECT over the view `events`: a column for each field that occurs ("source.ip"; lists are
 * lists), `rest` with all other fields as JSON, `_source` and `_sequence`. Read-only and without
 * access to files or network. ERR_INVALID: the statement is wrong (why has DuckDB's words) or no
 * SELECT. ERR_STOPPED: out of time, or cancelled. ERR_LIMIT: out of memory. ERR_UNSUPPORTED: no
 * worker.
 */
enum err store_sql(struct store *s, const char *text, const struct store_sql_limits *limits,
                   store_row_fn sink, void *ctx, struct store_sql_result *out,
                   struct err_text *why) ERR_MUST_CHECK;

struct store_stats {
    uint64_t appended;      /* since opening */
    uint64_t refused;       /* too large, or failed */
    uint64_t repeated;      /* not appended, as their name was there (store_name_look) */
    uint64_t ids;           /* names kept */
    uint64_t ids_forgotten; /* since opening, for want of room, while their events were there */
    uint64_t commits;
    uint64_t hot_rows;  /* committed, not sealed */
    uint64_t hot_bytes; /* compressed */
    uint64_t pieces;
    uint64_t piece_rows;
    uint64_t piece_bytes;
    uint64_t dropped_pieces; /* by age or size, since opening */
    uint64_t dropped_rows;
    uint64_t dropped_old_rows; /* of these: by age */
    ts_ns dropped_until;       /* latest time of what was dropped last; TIME_NONE: nothing was */
    uint64_t orphans;          /* files removed at opening that no transaction knew */
    ts_ns first_time;          /* TIME_NONE when nothing is kept */
    ts_ns last_time;
};

void store_stats(struct store *s, struct store_stats *out);

/* The datasets kept, with how many events of each. The name dies with the call. */
typedef void (*store_dataset_fn)(void *ctx, const char *dataset, uint64_t rows, uint64_t bytes);
enum err store_datasets(struct store *s, store_dataset_fn fn, void *ctx) ERR_MUST_CHECK;

/*
 * The file of DuckDB's library that the query worker loads when it is there, else the system's:
 * ../lib/weir/libduckdb.so beside the program's folder, or where it was when the program was built.
 */
#define STORE_LIBRARY_PATH_SIZE 4096
void store_library_path(char out[STORE_LIBRARY_PATH_SIZE]);

#endif
