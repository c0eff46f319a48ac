#ifndef INGEST_DELTA_H
#define INGEST_DELTA_H

/*
 * Running totals of a flow turned into what passed since its previous report.
 *
 * Packetbeat reports an open flow every ten seconds with its totals so far; whoever adds up such
 * documents counts a long flow many times. Here the totals of each flow.id are kept, per agent, and
 * taken off the next report; the totals move to weir.flow.*_total. A report that is older than the
 * last one adds nothing. An agent whose totals fall from one report to the next reports differences
 * already, and from then on its numbers stand as they are.
 *
 * The table is bounded: the flow that was silent longest gives way, and is counted; should it
 * report again, it counts from zero.
 *
 * Ownership: ingest_delta_new() makes it.
 * Threads:   one owner.
 */

#include "base/hash.h"
#include "ingest/counts.h"

#include <stdbool.h>
#include <stddef.h>

struct event;
struct ingest_delta;

/* NULL when memory is short. flows ≥ 1. counts is borrowed. */
struct ingest_delta *ingest_delta_new(size_t flows, struct hash_key seed,
                                      struct ingest_counts *counts);
void ingest_delta_free(struct ingest_delta *d); /* NULL is fine */

/*
 * Changes the event when it is a flow report of Packetbeat with totals; events of all other kinds,
 * and Weir's own, pass as they are. Returns whether it was changed.
 */
bool ingest_delta_apply(struct ingest_delta *d, struct event *e);

/*
 * Reports from here on may turn out not to be kept, and then come again: ingest_delta_rewind()
 * forgets them. Flows that gave way meanwhile stay forgotten.
 */
void ingest_delta_mark(struct ingest_delta *d);
void ingest_delta_rewind(struct ingest_delta *d);
/* They were kept. */
void ingest_delta_keep(struct ingest_delta *d);

#endif
