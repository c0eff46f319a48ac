#ifndef FIND_SORT_H
#define FIND_SORT_H

/*
 * The order of hits: keys, what stands for documents without a value, and where a page goes on.
 *
 * Times compare by the millisecond; a list by its least value, or its greatest when descending;
 * equal documents stand in the order of arrival.
 *
 * Ownership: everything lives in the arena given.
 * Threads:   any once made.
 */

#include "find/error.h"
#include "find/field.h"
#include "query/zone.h"

/* Keys that may be asked for, and one that the end of a page of many is known by. */
#define FIND_SORT_ASKED 32
#define FIND_SORT_MAX (FIND_SORT_ASKED + 1)

struct find_sort_key {
    struct find_field field;
    bool descending;
    bool missing_first;
    bool has_missing; /* documents without a value have this one */
    bool greatest;    /* of a list */
    struct event_value missing;
    const char *format; /* of times, or NULL */
};

struct find_sort {
    struct find_sort_key *keys;
    size_t n;    /* 0: by arrival, and nobody asked */
    bool scored; /* _score is among them, or nothing is */
};

/* v: a key or an array of keys; NULL is fine. There is room for one key more. */
enum err find_sort_parse(const struct format_node *v, struct arena *arena, struct find_sort *out,
                         struct find_error *error) ERR_MUST_CHECK;

/* Adds the order of arrival, so that no two events stand in one place, unless it is there. */
bool find_sort_end_ties(struct find_sort *s, struct arena *arena);

/* The values of search_after; *out NULL when there is none. */
enum err find_sort_after(const struct find_sort *s, const struct format_node *v,
                         struct arena *arena, struct event_value **out,
                         struct find_error *error) ERR_MUST_CHECK;

/* A value that a person wrote, as one of the field; false when it is none. */
bool find_sort_read(const struct find_field *f, const char *format, const struct format_node *v,
                    struct arena *arena, struct event_value *out);

/* A document's value for a key; type EVENT_NULL: it has none. May point into the document. */
void find_sort_value(const struct find_sort_key *key, const struct find_doc *doc,
                     struct event_value *out, struct find_room *room);

/* Which comes first, keys only. */
int find_sort_compare(const struct find_sort *s, const struct event_value *a,
                      const struct event_value *b);

/* As it stands in a hit's `sort`, so that search_after understands it. */
void find_sort_write(const struct find_sort_key *key, const struct event_value *v,
                     struct format_writer *w);

#endif
