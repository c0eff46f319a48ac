#ifndef HUNT_KEEP_H
#define HUNT_KEEP_H

/*
 * Documents kept in the order of their time, as JSON.
 *
 * Ownership: hunt_keep_release() frees all documents; hunt_doc_new() makes one for its caller.
 * Threads:   one owner.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct event;
struct event_json;
struct hunt_source;

struct hunt_doc {
    ts_ns time;  /* that the rule goes by */
    ts_ns stamp; /* @timestamp */
    uint64_t sequence;
    uint32_t source;
    uint32_t json_n;
    uint32_t bytes; /* what it takes */
    bool dealt;     /* it has its alert */
    const char *id;
    const char *index;
    const char *version;
    const char *json;
    void *more; /* the type's own */
    char text[];
};

/* A copy. NULL when memory is short. scratch is overwritten. */
struct hunt_doc *hunt_doc_new(const struct hunt_source *s, ts_ns time, struct buf *scratch);
void hunt_doc_free(struct hunt_doc *d); /* NULL is fine */
/* The event again; what it holds lives as the arena and until the reader reads again. ERR_MEMORY,
 * ERR_FORMAT. */
enum err hunt_doc_event(const struct hunt_doc *d, struct event_json *reader, struct arena *arena,
                        struct event *out) ERR_MUST_CHECK;

struct hunt_keep {
    struct hunt_doc **at; /* by time, then id */
    size_t first;
    size_t n; /* at[first] to at[first + n - 1] */
    size_t cap;
};

/* Takes the document; false when memory is short: it stays the caller's. */
bool hunt_keep_take(struct hunt_keep *k, struct hunt_doc *d);
void hunt_keep_release(struct hunt_keep *k);
/* The i-th, oldest first; i < n. */
struct hunt_doc *hunt_keep_at(const struct hunt_keep *k, size_t i);
/* How many are before that time. */
size_t hunt_keep_before(const struct hunt_keep *k, ts_ns time);
/* Gives up the oldest, which is the caller's then; NULL: there is none. */
struct hunt_doc *hunt_keep_pop(struct hunt_keep *k);
/* Whether a document of that time and id is kept. */
bool hunt_keep_has(const struct hunt_keep *k, ts_ns time, const char *id);

#endif
