#ifndef HUNT_HUNT_PRIV_H
#define HUNT_HUNT_PRIV_H

/*
 * What the types of searches share: hunt.c leads, query.c, threshold.c, terms.c, threat.c and eql.c
 * do what one type does.
 */

#include "hunt/hunt.h"
#include "hunt/keep.h"
#include "hunt/key.h"
#include "hunt/spec.h"

#include "base/buf.h"
#include "base/hash.h"

struct event_json;
struct map;

/* Bytes that one search keeps at most; indicators have a room of their own. */
#define HUNT_BYTES ((uint64_t)32 << 20)
#define HUNT_INDICATOR_BYTES ((uint64_t)64 << 20)

/* One look, for the type that does it. */
struct hunt_looking {
    ts_ns from;
    ts_ns to; /* exclusive */
    ts_ns now;
    hunt_hit_fn fn;
    void *ctx;
    struct err_text *why;
    hunt_except_fn except; /* of what is shown; NULL: none */
    void *except_ctx;
    struct bytes also; /* of the hit that is shown next */
    bool enough;       /* fn wants no more: something is left */
    bool again;        /* an exception took something out, and may expire */
};

/* Times of events that were dropped: from <= time < to. */
struct hunt_hole {
    ts_ns from;
    ts_ns to;
};
#define HUNT_HOLES 4

struct hunt {
    struct hunt_spec *spec;
    const struct hunt_ports *ports;
    const struct hunt_type_ops *ops;
    void *own; /* what the type keeps */
    char *rule_id;
    hunt_except_fn except; /* of what it is fed with; NULL: none */
    void *except_ctx;
    struct budget *shared;
    struct budget bytes;
    struct hash_key
        seed; /* of tables whose keys strangers choose: their own, and no one's to know */
    struct event_json *reader;
    struct buf key;  /* scratch of hunt_key_each() */
    struct buf text; /* scratch for documents */
    ts_ns covered;   /* what is of this time or later was all fed; TIME_MAX: never fed yet */
    struct hunt_hole holes[HUNT_HOLES + 1]; /* in what was fed, in no order */
    size_t holes_n;                         /* HUNT_HOLES at most */
    ts_ns reached; /* events from then on a pass over the store is still to give; TIME_MAX: none */
    ts_ns fresh;   /* nothing arrived before this that was not looked at; TIME_MAX: nothing */
    ts_ns now;     /* of the look that is made, or was last */
    ts_ns latest;  /* time of what was fed */
    bool past;     /* for one look at a span of the past */
    bool lost;     /* something was dropped since the last look, and nothing is stored */
    struct hunt_stats stats;
};

struct hunt_type_ops {
    bool counts; /* what it finds depends on several events: exceptions must keep them all out */
    bool (*open)(struct hunt *h); /* makes own; false without memory */
    void (*close)(struct hunt *h);
    /* False: it could not be kept, for want of memory or budget. */
    bool (*feed)(struct hunt *h, enum hunt_role role, const struct hunt_source *s, ts_ns time);
    enum err (*look)(struct hunt *h, struct hunt_looking *l);
    void (*dealt)(struct hunt *h, void *origin);
    /* What is before that time is in no span any more. */
    void (*forget)(struct hunt *h, ts_ns before);
    /* How far before from it must be fed; NULL: from. */
    enum err (*reach)(struct hunt *h, ts_ns from, ts_ns now, ts_ns *out, struct err_text *why);
    /* Whether something becomes new by now (TIME_MAX: ever) without anything arriving; NULL: never.
     */
    bool (*ripens)(const struct hunt *h, ts_ns now);
    /* Feeds what the first feeding needs besides events; NULL: nothing. */
    enum err (*prepare)(struct hunt *h, ts_ns from, struct err_text *why);
};

extern const struct hunt_type_ops hunt_query_ops;
extern const struct hunt_type_ops hunt_threshold_ops;
extern const struct hunt_type_ops hunt_terms_ops;
extern const struct hunt_type_ops hunt_threat_ops;
extern const struct hunt_type_ops hunt_eql_ops;

/* The time the rule goes by; false: it has none. */
bool hunt_time(const struct hunt_spec *spec, const struct event *e, ts_ns *out);

/* Takes bytes from the budgets; false when they are not there. */
bool hunt_charge(struct hunt *h, uint64_t n);
void hunt_return(struct hunt *h, uint64_t n);

/* What a new search needs before events come (*out_from: those from then on); from then on it takes
 * them. */
enum err hunt_begin_feeding(struct hunt *h, const struct hunt_span *span, ts_ns *out_from,
                            struct err_text *why) ERR_MUST_CHECK;
/* What was fed is forgotten: the search is new. ERR_MEMORY. */
enum err hunt_start_again(struct hunt *h) ERR_MUST_CHECK;

/* The query for the indices of a role alone; *out NULL: this cannot be said, or is of no use.
 * ERR_MEMORY. */
enum err hunt_narrow(const struct hunt_spec *spec, enum hunt_role role, const struct query *query,
                     ts_ns now, struct query **out) ERR_MUST_CHECK;

/* A search of the store in one role, fed into the hunt. */
enum err hunt_feed_stored(struct hunt *h, enum hunt_role role, const struct query *query,
                          ts_ns from, ts_ns to, struct err_text *why) ERR_MUST_CHECK;

/* Shows a kept document unless an exception takes it out; *out_verdict is what fn said, and else as
 * it was. ERR_MEMORY. */
enum err hunt_show(struct hunt *h, struct hunt_looking *l, struct hunt_doc *doc, struct bytes more,
                   void *origin, enum hunt_verdict *out_verdict) ERR_MUST_CHECK;

#endif
