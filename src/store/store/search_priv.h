#ifndef STORE_SEARCH_PRIV_H
#define STORE_SEARCH_PRIV_H

/*
 * What searches share: search.c (events in order of time), look.c (groups, tops, single events),
 * select.c (people's SQL).
 *
 * Ownership: store_searching_release().
 * Threads:   one owner.
 */

#include "base/arena.h"
#include "base/buf.h"
#include "store/column.h"
#include "store/journal.h"
#include "store/row.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_client;

/* A hot row that matches. */
struct store_hot_place {
    ts_ns time;
    uint64_t sequence;
    uint32_t source;
    uint32_t batch;
    struct store_row row;
};

struct store_searching {
    struct store *store;
    const struct store_search *what;
    ts_ns first; /* inclusive both */
    ts_ns last;
    ts_ns deadline; /* steady clock */
    store_event_fn sink;
    void *ctx;
    uint64_t given;
    uint64_t read; /* rows the worker sent */
    ts_ns span;    /* of the next window */
    bool enough;   /* by limit, the sink's word, or cancelled */
    uint64_t seen; /* rows looked at here */
    ts_ns asked;   /* when it was last asked whether it is cancelled, steady clock */
    bool cancelled;
    struct buf also; /* a further condition of SQL, or nothing */
    struct arena arena;
    struct store_snapshot_view view;
    struct store_batch *batches; /* by hot batch; names NULL when it was released */
    struct store_hot_place *hot;
    size_t hot_n;
    size_t hot_cap;
    size_t hot_next;
    struct err_text *why;
};

/* Takes the view of one moment. what must outlive it. */
enum err store_searching_init(struct store_searching *s, struct store *store,
                              const struct store_search *what, struct err_text *why) ERR_MUST_CHECK;
void store_searching_release(struct store_searching *s);

/* Finds the hot events that match. */
enum err store_searching_hot(struct store_searching *s) ERR_MUST_CHECK;
/* The next hot event that matches, to the sink. */
enum err store_searching_give_hot(struct store_searching *s) ERR_MUST_CHECK;
/* The events of pieces to the sink, hot ones that were not given between them. */
enum err store_searching_pieces(struct store_searching *s) ERR_MUST_CHECK;
/* The same of the pieces between two times, by one request. */
enum err store_searching_window(struct store_searching *s, ts_ns first, ts_ns last) ERR_MUST_CHECK;
/* How many were found, hot and in pieces: exactly below enough; else no fewer than enough. */
enum err store_searching_count(struct store_searching *s, uint64_t enough,
                               uint64_t *out) ERR_MUST_CHECK;

enum err store_searching_cancelled(struct store_searching *s);
enum err store_searching_no_worker(struct err_text *why);
struct store_client *store_searching_client(const struct store_searching *s);
/* For a request: 0 is no limit. */
ts_ns store_searching_time_left(const struct store_searching *s);

/* What a request asks of some pieces. */
struct store_request {
    struct arena arena;
    struct store_columns columns;
    struct buf sql;
    bool exact;
};

/* Learns the columns of the pieces between two times. Not to be released after a failure. */
enum err store_request_init(struct store_searching *s, struct store_request *r, ts_ns first,
                            ts_ns last) ERR_MUST_CHECK;
void store_request_release(struct store_request *r);
/* Adds FROM the pieces between two times WHERE time and query; sets exact. */
enum err store_request_source(struct store_searching *s, struct store_request *r, ts_ns first,
                              ts_ns last) ERR_MUST_CHECK;

#endif
