#ifndef FIND_HIT_H
#define FIND_HIT_H

/*
 * What of a document a hit shows: its source or a part of it, single fields, the values it was
 * sorted by.
 *
 * Ownership: everything lives in the arena given.
 * Threads:   any once made.
 */

#include "find/sort.h"

struct find_wanted {
    const char *pattern;
    const char *format; /* of times, or NULL */
};

struct find_hits {
    uint64_t from;
    uint64_t size;
    struct find_sort sort;
    struct event_value *after; /* or NULL */
    bool no_source;
    bool no_names; /* stored_fields _none_: without _id */
    bool version;
    bool seq_no;
    const char **includes;
    size_t includes_n;
    const char **excludes;
    size_t excludes_n;
    struct find_wanted *fields; /* fields and docvalue_fields */
    size_t fields_n;
};

/*
 * Reads what search bodies and top_hits have in common: from, size, sort, _source, fields,
 * docvalue_fields, stored_fields, version, seq_no_primary_term; asks for no other key.
 */
enum err find_hits_parse(struct format_node *v, uint64_t size, struct arena *arena,
                         struct find_hits *out, struct find_error *error) ERR_MUST_CHECK;

/* One hit. values: what it was sorted by, one for each key of sort. ERR_MEMORY, ERR_FORMAT. */
enum err find_hit_write(const struct find_hits *what, const struct find_doc *doc,
                        const struct event_value *values, struct format_writer *w) ERR_MUST_CHECK;

#endif
