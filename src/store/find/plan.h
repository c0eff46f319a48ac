#ifndef FIND_PLAN_H
#define FIND_PLAN_H

/*
 * What aggregations ask of the store: which fields, which conditions, and group by group from the
 * root down. docs/method/find.md, "Aggregations".
 *
 * Ownership: find_plan_release(); names and conditions are borrowed.
 * Threads:   one owner.
 */

#include "find/agg.h"
#include "find/tally.h"
#include "store/look.h"

/* Names of fields, each once. */
struct find_names {
    const char **list;
    size_t n;
    size_t cap;
    bool failed;
};

void find_names_add(struct find_names *names, const char *name);
void find_names_release(struct find_names *names);

/* What a search asks of events. */
struct find_plan {
    struct find_names asked;
    const struct query **also; /* conditions of aggregations */
    size_t also_n;
    size_t also_cap;
    bool one_by_one; /* the worker cannot say it */
    bool failed;
};

void find_plan_release(struct find_plan *p);
/* Adds what the aggregations below a definition ask. */
void find_plan_add(struct find_plan *p, const struct find_agg *a);
/* Adds what an order of hits asks. */
void find_plan_sort(struct find_plan *p, const struct find_sort *s);

/* An order as the worker takes it: keys but _score. *out_keys: room for sort->n. */
size_t find_plan_keys(const struct find_sort *s, struct store_top_key *out_keys);
/* The values of such keys as an order has them, all of sort->n, with room for as many addresses. */
void find_plan_values(const struct find_sort *s, const struct event_value *given,
                      struct event_value *out, struct ip *room);
/* Values of search_after, without those of _score. */
void find_plan_after(const struct find_sort *s, const struct event_value *after,
                     struct event_value *out);

/* Has the worker count all plain events into the tally. */
enum err find_plan_run(const struct find_aggs *aggs, struct find_tally *t, struct store_look *look,
                       struct err_text *why) ERR_MUST_CHECK;

#endif
