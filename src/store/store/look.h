#ifndef STORE_LOOK_H
#define STORE_LOOK_H

/*
 * Several questions to the events of one moment: how many there are in groups, which come first by
 * some fields, and single events whole.
 *
 * Hot events are given one by one, and so are the odd ones among the sealed: those that have a
 * field of `asked` beside its column (docs/format/store.md, column `rest`), or all of them when
 * the query needs query_match(). All others the worker groups and orders by itself, at the speed
 * of columns. So hot + odd + groups is every event exactly once. docs/method/find.md.
 *
 * Ownership: store_look_close(). The query and the fields must outlive the look.
 * Threads:   one owner; sinks must not call back into the store.
 */

#include "base/err.h"
#include "base/time.h"
#include "event/event.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct query;
struct store_look;

struct store_look_options {
    const struct query *const *also; /* conditions that groups will ask besides the query */
    size_t also_n;
    const char *const *asked; /* what groups and tops will ask about; NULL: what->fields */
    size_t asked_n;
    bool one_by_one; /* all are odd: nothing will be asked of the worker but events */
};

/*
 * Takes the view of one moment. what->fields are what sinks want of an event; what->order and limit
 * are not looked at; what->timeout_ns runs from here. Errors as of store_search().
 */
enum err store_look_open(struct store *s, const struct store_search *what,
                         const struct store_look_options *options, struct store_look **out,
                         struct err_text *why) ERR_MUST_CHECK;
void store_look_close(struct store_look *l); /* NULL is fine */

/* The hot events that match, and the odd ones among the sealed, each in order of time. */
enum err store_look_hot(struct store_look *l, store_event_fn sink, void *ctx,
                        struct err_text *why) ERR_MUST_CHECK;
enum err store_look_odd(struct store_look *l, store_event_fn sink, void *ctx,
                        struct err_text *why) ERR_MUST_CHECK;
/* A part of the look's time, and how it is walked. */
struct store_span {
    ts_ns from; /* from <= time < to, within the look's own bounds */
    ts_ns to;
    bool newest;       /* newest first */
    uint64_t expected; /* about how many will be taken; 0: all */
};
/* All sealed events that match, odd or not, in order of time. */
enum err store_look_ordered(struct store_look *l, const struct store_span *span,
                            store_event_fn sink, void *ctx, struct err_text *why) ERR_MUST_CHECK;
/* How many events match: exactly when they are fewer than enough; else no fewer than enough. */
enum err store_look_count(struct store_look *l, uint64_t enough, uint64_t *out,
                          struct err_text *why) ERR_MUST_CHECK;

/* One key of a group. A list gives a group for each of its different values. */
struct store_group_key {
    const char *field; /* dotted, "@timestamp", or "_index": the name of query_index_name() */
    bool step;         /* not the value, but the number of the step it lies in */
    bool repeat;       /* each value of a list, also equal ones */
    int64_t step_ns;   /* of times: floor((t - offset_ns) / step_ns), an integer */
    int64_t offset_ns;
    double width; /* of numbers: floor((x - offset) / width), a number */
    double offset;
};

/* What is measured of a field's values; each costs. */
struct store_measure {
    const char *field;
    const struct event_value *missing; /* what events without a value count as; NULL: nothing */
    bool count;
    bool sum;
    bool least;
    bool greatest;
};

/*
 * One key of an order: times by the millisecond, truth as 0 and 1, addresses as
 * store_address_write() has them; of a list its least, or its greatest.
 */
struct store_top_key {
    const char *field;                 /* "_sequence": by arrival; "_index" */
    const struct event_value *missing; /* what events without a value have; NULL: nothing */
    bool descending;
    bool missing_first;
    bool greatest; /* of a list */
    bool address;  /* texts are addresses */
};

struct store_top {
    const struct store_top_key *keys;
    size_t keys_n;
    const struct event_value *after; /* keys_n: only what comes after these; NULL: all */
    uint64_t limit;
};

struct store_groups {
    const struct query *const *also; /* each must have been named at opening */
    size_t also_n;
    const struct store_group_key *keys;
    size_t keys_n;
    const struct store_measure *measures;
    size_t measures_n;
    /* Only groups whose key `within` is one of these; NULL: all. */
    size_t within;
    const struct event_value *only;
    size_t only_n;
    /* Not a row a group, but one for each of its first events; NULL: groups. */
    const struct store_top *first;
};

/*
 * One group: its keys (type EVENT_NULL: no value; addresses as text), then how many events, then
 * for each measure four: how many values, their sum, least and greatest as numbers (times in
 * milliseconds; NULL for what is no number, of no values, and not asked for). With `first` instead,
 * for each of the first events of a group: its keys, then what store_look_top() gives. The values
 * die with the call. False: no more, please.
 */
typedef bool (*store_group_fn)(void *ctx, const struct event_value *v, size_t n);

enum err store_look_groups(struct store_look *l, const struct store_groups *what, store_group_fn fn,
                           void *ctx, struct err_text *why) ERR_MUST_CHECK;

/* Gives (time, source, sequence, keys…) of the first events, in order. */
enum err store_look_top(struct store_look *l, const struct store_top *what, store_group_fn fn,
                        void *ctx, struct err_text *why) ERR_MUST_CHECK;

/* Where an event is found again. */
struct store_place {
    ts_ns time;
    uint64_t sequence;
};

/* The events at these places, whole, in any order; those that are no longer there are left out. */
enum err store_look_fetch(struct store_look *l, const struct store_place *places, size_t n,
                          store_event_fn sink, void *ctx, struct err_text *why) ERR_MUST_CHECK;

/* The fields that occur between the times of the look, without the query. The name dies. */
typedef void (*store_field_fn)(void *ctx, const char *name, size_t n, event_field field);
enum err store_look_fields(struct store_look *l, store_field_fn fn, void *ctx,
                           struct err_text *why) ERR_MUST_CHECK;

#endif
