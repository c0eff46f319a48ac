#ifndef EQL_GROUP_PRIV_H
#define EQL_GROUP_PRIV_H

/*
 * What a matcher keeps: events, pending sequences and, for each value of the join keys, a group of
 * them. All of it is charged to the matcher's budget.
 *
 * A pending sequence stands in its group, in a slot or among those that wait, and in the list of
 * all by age. A group goes when nothing is left in it.
 *
 * Ownership: the matcher owns all.
 * Threads:   one owner.
 */

#include "base/budget.h"
#include "base/map.h"
#include "eql/key_priv.h"
#include "eql/matcher.h"

/* An event that something refers to. */
struct eql_kept {
    uint32_t refs;
    uint32_t n;
    ts_ns time;
    uint8_t document[];
};

struct eql_group;

/* A sequence that is not complete, or waits until nothing can refute it any more. */
struct eql_partial {
    struct eql_partial *older; /* in the list of all, by first event */
    struct eql_partial *younger;
    struct eql_partial *next; /* among the group's waiting */
    struct eql_partial *before;
    struct eql_group *group;
    ts_ns first;
    ts_ns lead;      /* the last event before it that must be missing, or TIME_NONE */
    uint64_t joined; /* the number of its last event */
    uint32_t n;      /* events it has; in slot n - 1 unless it waits */
    bool waits;
    struct eql_kept *event[];
};

struct eql_group {
    struct eql_group *older; /* in the list of groups that are kept for themselves, by time */
    struct eql_group *younger;
    bool listed;
    bool done;   /* sample: reported */
    ts_ns time;  /* of the last event that must be missing before a sequence; of a sample's first */
    size_t cost; /* charged */
    uint32_t held; /* partials, and hands on it: it stays */
    struct eql_partial *waiting;
    uint32_t key_n;
    uint8_t *key;
    void *slot[]; /* partials by state; a sample's events by item */
};

struct eql_held; /* what a tail keeps, pipe.c */

/* An item at each of its places; see matcher.c. */
struct eql_place {
    uint32_t item;
    bool missing;
    uint32_t before; /* present places before it */
};

struct eql_matcher {
    const struct eql *q;
    struct eql_matcher_options options;
    struct budget budget;
    struct eql_counts counts;
    struct map *groups;
    struct arena scratch;
    ts_ns now;
    uint64_t number; /* of the event at hand */
    uint32_t n_places;
    uint32_t n_present;
    uint32_t n_slots;
    struct eql_place *places;
    bool trailing; /* the last place is missing */

    /* By item, until last: of the event at hand. */
    bool *met;
    struct eql_key_set *sets;

    uint64_t *pending; /* by state */
    uint64_t waiting;
    struct eql_partial *oldest;
    struct eql_partial *youngest;
    struct eql_group *oldest_group;
    struct eql_group *youngest_group;

    /* For the sink. */
    struct eql_event *events;
    struct eql_key *keys;

    uint64_t taken[EQL_PIPES_MAX];
    struct eql_held *first_held;
    struct eql_held *last_held;
    uint64_t n_held;
};

/* Room for so many bytes, by giving up what is oldest. */
bool eql_group_room(struct eql_matcher *m, size_t bytes);
/* Charged memory, or NULL; nothing is given up. */
void *eql_group_alloc(struct eql_matcher *m, size_t size);
void eql_group_free(struct eql_matcher *m, void *p, size_t size);

/* An event with one reference; may give up what is oldest. NULL and counted when refused. */
struct eql_kept *eql_group_keep(struct eql_matcher *m, ts_ns time, struct bytes document);
struct eql_kept *eql_group_share(struct eql_kept *k);
void eql_group_drop(struct eql_matcher *m, struct eql_kept *k); /* NULL is fine */

/* What a group with a key of so many bytes costs. */
size_t eql_group_cost(const struct eql_matcher *m, size_t key_n);
struct eql_group *eql_group_find(struct eql_matcher *m, struct bytes key);
/* Finds or makes; NULL when memory is short. */
struct eql_group *eql_group_make(struct eql_matcher *m, struct bytes key);
/* Puts it at the young end of the list of groups that stay for themselves, or takes it out. */
void eql_group_list(struct eql_matcher *m, struct eql_group *g, ts_ns time);
void eql_group_unlist(struct eql_matcher *m, struct eql_group *g);
/* Frees it when nothing is in it. */
void eql_group_settle(struct eql_matcher *m, struct eql_group *g);

size_t eql_group_partial_cost(const struct eql_matcher *m);
/* A pending sequence of no events yet, the youngest of all; NULL when memory is short. */
struct eql_partial *eql_group_begin(struct eql_matcher *m, struct eql_group *g, ts_ns time);
/* Frees it, and its group when that is empty then. */
void eql_group_end(struct eql_matcher *m, struct eql_partial *p);

/* Frees everything. */
void eql_group_clear(struct eql_matcher *m);

/* pipe.c: what was found goes on its way to the sink. m->events are those of the sequence. */
void eql_pipe_put(struct eql_matcher *m, struct bytes key);
void eql_pipe_finish(struct eql_matcher *m);
bool eql_pipe_done(const struct eql_matcher *m);
void eql_pipe_clear(struct eql_matcher *m);

/* sample.c: the event at hand has met some items. */
void eql_sample_feed(struct eql_matcher *m, ts_ns time, struct bytes document);
void eql_sample_clear(struct eql_matcher *m, struct eql_group *g);

#endif
