#ifndef HUNT_ANCHOR_H
#define HUNT_ANCHOR_H

/*
 * A value that every event a query wants must have: what searches are looked up by.
 *
 * Ownership: an anchor is a view of its query.
 * Threads:   any.
 */

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct query;
struct query_node;

struct hunt_anchor {
    const char *field;             /* full dotted name, in the field table */
    uint16_t id;                   /* event_field */
    const struct query_node *node; /* a leaf, or an OR of leaves, about that field */
};

/* False: the query demands no such value, or too many different ones. */
bool hunt_anchor_find(const struct query *q, struct hunt_anchor *out);

/* Calls fn with each of the values, as event_value_text() writes them. */
typedef void (*hunt_anchor_fn)(void *ctx, struct bytes value);
void hunt_anchor_each(const struct hunt_anchor *a, hunt_anchor_fn fn, void *ctx);

#endif
