#ifndef FIND_FIND_H
#define FIND_FIND_H

/*
 * Searches as Elasticsearch's clients write them: a body in, the answer's JSON out.
 *
 * Events come from the store, alerts and results of jobs from state.db, chosen by index patterns.
 * docs/method/find.md says what is supported, how exact it is, and what bounds it.
 *
 * Ownership: find_free(). Store and state are borrowed.
 * Threads:   any number of searches at the same time.
 */

#include "find/error.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct find;
struct format_node;
struct store;
struct store_state;

struct find_options {
    struct store *store;       /* NULL: there are no events */
    struct store_state *state; /* NULL: there are no alerts and results */
    size_t memory;             /* bytes that one search may take; 0: 256 MiB */
    uint64_t seed;             /* of the hashes by which values are told apart */
};

/* NULL without memory. */
struct find *find_new(const struct find_options *options);
void find_free(struct find *f); /* NULL is fine */

struct find_request {
    const char *index;        /* names and patterns, comma-separated; NULL: all events */
    struct format_node *body; /* NULL: none. Keys are marked as known while it is read */
    ts_ns now;                /* for dates such as now-1h */
    ts_ns timeout_ns;         /* 0: what the body says, else none */
    struct store_cancel cancel;
    const char *owner; /* whose points in time and scrolls are meant */
    ts_ns keep;        /* how long one is kept when nobody asks for it; 0: as long as before */
    bool lenient;      /* ignore_unavailable: an index that is named need not be there */
    bool typed_keys;   /* aggregations are named type#name */
    bool total_as_int; /* rest_total_hits_as_int */
};

/*
 * _search: adds the answer to out. error (NULL is fine) has type, status and sentence of a failure;
 * out is then as it was. ERR_INVALID, ERR_UNSUPPORTED: the body is wrong; ERR_LIMIT; ERR_NOT_FOUND:
 * no such index; ERR_STOPPED: cancelled (out of time is an answer with timed_out). Others as of
 * store_search().
 */
enum err find_search(struct find *f, const struct find_request *r, struct buf *out,
                     struct find_error *error) ERR_MUST_CHECK;

/*
 * Searches that are gone on with (find/context.h; docs/method/find.md, "Pages"). ERR_NOT_FOUND:
 * there is none of that name; ERR_LIMIT: there are too many. find_search() takes a point in time as
 * `pit` of the body.
 */
/* <index>/_pit: {"id": …}. */
enum err find_moment_open(struct find *f, const struct find_request *r, struct buf *out,
                          struct find_error *error) ERR_MUST_CHECK;
/* The first page of a scroll, which has its name as _scroll_id, and the next one. Of the second
 * call's request only owner, keep, cancel and total_as_int count. */
enum err find_scroll_begin(struct find *f, const struct find_request *r, struct buf *out,
                           struct find_error *error) ERR_MUST_CHECK;
enum err find_scroll_next(struct find *f, const struct find_request *r, const char *name,
                          struct buf *out, struct find_error *error) ERR_MUST_CHECK;
/* Ends those of the owner's that are listed, or all (NULL); returns how many. Sorts the list. */
size_t find_moment_close(struct find *f, const char *owner, const char **names, size_t n);
size_t find_scroll_close(struct find *f, const char *owner, const char **names, size_t n);
/* How many points in time and scrolls there are. */
size_t find_open_count(struct find *f);
/* "5m" as keep. ERR_INVALID: no time, or more than a day. */
enum err find_read_keep(const char *text, ts_ns *out, struct find_error *error) ERR_MUST_CHECK;

/* _count: {"count": …}. The body holds a query and nothing else. */
enum err find_count(struct find *f, const struct find_request *r, struct buf *out,
                    struct find_error *error) ERR_MUST_CHECK;
/*
 * <index>/_doc/<id>: the document with its source. ERR_NOT_FOUND: out has the answer all the same,
 * whose `found` is false.
 */
enum err find_get(struct find *f, const struct find_request *r, const char *id, struct buf *out,
                  struct find_error *error) ERR_MUST_CHECK;

/* An index as searches show it in _index. */
struct find_index {
    const char *name;
    uint64_t docs;
    uint64_t bytes; /* its documents' part of what their dataset takes */
};
typedef void (*find_index_fn)(void *ctx, const struct find_index *index);
/* The indices of the events that r->index chooses, by name, at most 10,000; of r the body does not
 * count. Bytes are right when all are chosen. Fails as find_search(). */
enum err find_indices(struct find *f, const struct find_request *r, find_index_fn fn, void *ctx,
                      struct find_error *error) ERR_MUST_CHECK;

/* _field_caps: patterns is comma-separated, NULL: the body's `fields`, else all. */
enum err find_field_caps(struct find *f, const struct find_request *r, const char *patterns,
                         struct buf *out, struct find_error *error) ERR_MUST_CHECK;
/* <index>/_mapping: the fields that occur, with their types. */
enum err find_mapping(struct find *f, const struct find_request *r, struct buf *out,
                      struct find_error *error) ERR_MUST_CHECK;

#endif
