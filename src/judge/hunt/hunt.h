#ifndef HUNT_HUNT_H
#define HUNT_HUNT_H

/*
 * The search of one rule, at work: fed with events as they arrive, asked in each run for what it
 * found in a span of time.
 *
 * What matches is kept in memory as its type needs it, no longer than the rule looks back and
 * within a budget. Where that does not suffice (at first, for spans of the past, when the budget
 * ran out) the same code is fed from the store, through a port. docs/method/hunt.md.
 *
 * Ownership: hunt_free(); borrows spec and ports, which must outlive it.
 * Threads:   one owner.
 */

#include "base/budget.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct hunt;
struct hunt_spec;
struct query;
struct query_index;

/* A document somebody keeps. All borrowed. */
struct hunt_source {
    const char *index;
    const char *id;
    const char *version;
    const struct event *event;
};

/* As what a document arrives; one may be both. */
enum hunt_role {
    HUNT_EVENT = 1,
    HUNT_INDICATOR = 2,
};

/* False: no more, please. */
typedef bool (*hunt_source_fn)(void *ctx, const struct hunt_source *source);

struct hunt_search {
    const struct query *query;       /* NULL: all */
    const struct query_index *index; /* which indices */
    ts_ns from;                      /* from <= @timestamp < to; TIME_NONE, TIME_MAX: open */
    ts_ns to;
    uint64_t limit; /* 0: all */
    bool hidden;    /* of indices whose names begin with '.' too: alerts, anomaly records */
};

/* Calls back with what an alert that a rule raised says of itself. */
typedef void (*hunt_told_fn)(void *ctx, struct bytes alert_json);

/* All take ctx first. A failure is told in why, one sentence. */
struct hunt_ports {
    void *ctx;
    /* Documents that are kept, oldest first. NULL: none are kept. */
    enum err (*find)(void *ctx, const struct hunt_search *search, hunt_source_fn fn, void *fn_ctx,
                     struct err_text *why);
    /* The alerts of a rule raised at or after from. */
    enum err (*told)(void *ctx, const char *rule_id, ts_ns from, hunt_told_fn fn, void *fn_ctx,
                     struct err_text *why);
};

/*
 * shared: the bytes that all searches together may keep; NULL: no bound but the hunt's own. With no
 * ports->find what arrives from now on is all there is. NULL when memory is short.
 */
struct hunt *hunt_new(struct hunt_spec *spec, const struct hunt_ports *ports, const char *rule_id,
                      struct budget *shared);
void hunt_free(struct hunt *h); /* NULL is fine */

/* As what the search wants documents of an index: roles, 0 for not at all. */
unsigned hunt_roles(const struct hunt *h, const char *index, size_t n);

/* A document arrived, in one role. Nothing is kept before the search was first fed from the store.
 */
void hunt_feed(struct hunt *h, enum hunt_role role, const struct hunt_source *source);

/* Whether an exception takes an event out. */
typedef bool (*hunt_except_fn)(void *ctx, const struct event *e);

struct hunt_span {
    ts_ns from; /* both inclusive, of the time the rule goes by */
    ts_ns to;
    ts_ns until; /* what is of this time or later is not seen yet */
    ts_ns now;   /* for date math */
    bool own;    /* the run's own span; else one of the past, of which nothing is remembered */
    hunt_except_fn except; /* NULL: none. Events taken out are as if they had never come */
    void *except_ctx;
};

/* One of several documents that make a hit together. */
struct hunt_part {
    const char *index;
    const char *id;
    const char *version;
    const struct event *event;
};

/* Something found: a document, or (threshold) what stands for many. Dies when the call returns. */
struct hunt_hit {
    const char *index;
    const char *id;
    const char *version;
    ts_ns time;     /* @timestamp of the document, of the latest of many */
    ts_ns since;    /* of the earliest */
    uint64_t count; /* of how many it tells; 0: it is one */
    const struct event *event;
    struct bytes also; /* tells hits of one document apart; empty: there is one */
    struct bytes more; /* members of the alert that the type adds, as JSON without braces */
    void *origin;      /* for hunt_dealt(); NULL: nothing to be remembered */
    const struct hunt_part *parts; /* the events of a sequence; event holds what they share */
    size_t parts_n;
};

enum hunt_verdict {
    HUNT_TAKEN,  /* it may become an alert: hunt_dealt() says when it has */
    HUNT_KNOWN,  /* there is an alert of it */
    HUNT_LEFT,   /* not taken: it comes up again */
    HUNT_ENOUGH, /* not taken, and no more, please */
};

typedef enum hunt_verdict (*hunt_hit_fn)(void *ctx, const struct hunt_hit *hit);

/*
 * Calls fn with what was found in the span. *out_lost: something may be missing, for the budget ran
 * out and nothing is stored. ERR_MEMORY, ERR_INVALID (date math), or what the store fails with.
 */
enum err hunt_look(struct hunt *h, const struct hunt_span *span, hunt_hit_fn fn, void *ctx,
                   bool *out_lost, struct err_text *why) ERR_MUST_CHECK;
/* The hit has its alert for good; before the next look. */
void hunt_dealt(struct hunt *h, void *origin);
/* The next look must look again at what was found: an alert could not be written. */
void hunt_again(struct hunt *h);

/* Whether a look at the span would find nothing new. */
bool hunt_is_idle(const struct hunt *h, const struct hunt_span *span);
/* Whether no look at whatever later span would find anything, until something arrives. */
bool hunt_is_still(const struct hunt *h);

/* Whether the search was never fed from the store and is to be. */
bool hunt_is_new(const struct hunt *h);
/*
 * Feeds new searches in one pass over what is stored: cheaper than one by one for many that look
 * back a short while. When it fails they stay new, and their next look feeds each.
 */
struct hunt_first {
    struct hunt *hunt;
    struct hunt_span span; /* its next */
};
enum err hunt_feed_first(const struct hunt_first *list, size_t n, const struct hunt_ports *ports,
                         struct err_text *why) ERR_MUST_CHECK;

/*
 * The same pass piece by piece, in the order of time. Meanwhile an event that arrives is taken when
 * it lies where the pass has been; what lies before it the pass must find in the store. None of the
 * searches may be looked at until hunt_feeding_go_on() came to TIME_MAX.
 */
struct hunt_feeding;
enum err hunt_feeding_begin(const struct hunt_first *list, size_t n, const struct hunt_ports *ports,
                            struct hunt_feeding **out, struct err_text *why) ERR_MUST_CHECK;
/* Where it has come to. */
ts_ns hunt_feeding_at(const struct hunt_feeding *f);
/* Up to before that time, and no further than about limit documents (0: all). After a failure it is
 * to be freed. */
enum err hunt_feeding_go_on(struct hunt_feeding *f, ts_ns to, uint64_t limit,
                            struct err_text *why) ERR_MUST_CHECK;
/* The search is about to be freed. */
void hunt_feeding_drop(struct hunt_feeding *f, const struct hunt *h);
/* Searches that have not got all are new again. NULL is fine. */
void hunt_feeding_free(struct hunt_feeding *f);
/* Whether such a pass has begun with the search and not come to its end. */
bool hunt_is_between(const struct hunt *h);

struct hunt_stats {
    uint64_t kept;    /* bytes */
    uint64_t matched; /* documents */
    uint64_t dropped; /* for want of room */
    uint64_t asked;   /* searches of the store */
};
void hunt_stats(const struct hunt *h, struct hunt_stats *out);

#endif
