#ifndef FIND_CONTEXT_H
#define FIND_CONTEXT_H

/*
 * Searches that are gone on with: points in time and scrolls, each under a name that its owner
 * alone can use, until it was left alone for as long as it is to be kept. They live in memory and
 * end with the program.
 *
 * A point in time is a number of arrival: events from it on are not seen. A scroll is besides it a
 * search and the place where its last page ended.
 *
 * Bounds: FIND_CONTEXTS_MAX in all, FIND_CONTEXTS_OWN of one owner, FIND_CONTEXTS_BYTES of text.
 *
 * Ownership: find_contexts_free(), when none is taken. What is opened is copied.
 * Threads:   any; locks inside. What find_context_take() gives is the taker's until it gives it
 *            back; of a scroll's taker there is one, and he alone changes it.
 */

#include "base/err.h"
#include "base/time.h"
#include "event/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIND_CONTEXTS_MAX 500
#define FIND_CONTEXTS_OWN 100
#define FIND_CONTEXTS_BYTES ((size_t)16 << 20)
#define FIND_CONTEXT_NAME_SIZE 40
#define FIND_CONTEXT_KEEP_MOST TIME_DAY

struct find_contexts;

enum find_context_kind {
    FIND_CONTEXT_MOMENT,
    FIND_CONTEXT_SCROLL,
};

struct find_context {
    enum find_context_kind kind;
    const char *index; /* NULL: all events */
    uint64_t before;   /* the number of arrival from which on events are not seen */
    bool lenient;
    /* Of a scroll alone. */
    const char *body; /* JSON; NULL: none */
    size_t body_n;
    ts_ns now;      /* of its dates */
    bool later;     /* a page was given */
    uint64_t total; /* of hits, from the first page on */
    struct event_value *after;
    size_t after_n; /* find_context_place(): where the last page ended; 0: nowhere yet */
    char name[FIND_CONTEXT_NAME_SIZE];
};

/* seed: names of another run are no names of this one. NULL without memory. */
struct find_contexts *find_contexts_new(uint64_t seed);
void find_contexts_free(struct find_contexts *t); /* NULL is fine */

/* steady is passing time. It is taken already. ERR_LIMIT, ERR_MEMORY. */
enum err find_context_open(struct find_contexts *t, const struct find_context *what,
                           const char *owner, ts_ns keep, ts_ns steady,
                           struct find_context **out) ERR_MUST_CHECK;
/*
 * The context of that name, kept for as long as keep from now on (0: as long as before).
 * ERR_NOT_FOUND: there is none of that kind and owner; ERR_BUSY: somebody has the scroll.
 */
enum err find_context_take(struct find_contexts *t, enum find_context_kind kind, const char *name,
                           const char *owner, ts_ns keep, ts_ns steady,
                           struct find_context **out) ERR_MUST_CHECK;
void find_context_give(struct find_contexts *t, struct find_context *c, ts_ns steady);
/* Where a scroll's page ended: a copy. ERR_LIMIT: more than 64 KiB; ERR_MEMORY. */
enum err find_context_place(struct find_context *c, const struct event_value *values,
                            size_t n) ERR_MUST_CHECK;
/* Ends those of that owner and kind whose names are listed, in any order, or all of them (names is
 * NULL); returns how many. Sorts the list: others wait for as long as there are contexts, not
 * names. */
size_t find_context_close(struct find_contexts *t, enum find_context_kind kind, const char **names,
                          size_t n, const char *owner);
/* How many there are. */
size_t find_context_count(struct find_contexts *t, ts_ns steady);

#endif
