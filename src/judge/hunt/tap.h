#ifndef HUNT_TAP_H
#define HUNT_TAP_H

/*
 * Arriving events, offered to the searches that may want them and to no other.
 *
 * Searches are looked up by the index name of the event; among those of one name, by a value that
 * their query demands of some field, where it demands one.
 *
 * Ownership: hunt_tap_free(); borrows the searches.
 * Threads:   one owner.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct hunt;
struct hunt_source;
struct hunt_tap;

struct hunt_tap *hunt_tap_new(void);    /* NULL when memory is short */
void hunt_tap_free(struct hunt_tap *t); /* NULL is fine */

/* In which roles (hunt/hunt.h) it is to be offered documents, as a sum. ERR_MEMORY. */
enum err hunt_tap_add(struct hunt_tap *t, struct hunt *h, unsigned roles) ERR_MUST_CHECK;
void hunt_tap_remove(struct hunt_tap *t, const struct hunt *h);
size_t hunt_tap_count(const struct hunt_tap *t);

/*
 * Offers a document; ctx is the tap. Always true, so that it can be the sink of a search. Without
 * memory for its tables it offers the document to all that want its index.
 */
bool hunt_tap_feed(void *ctx, const struct hunt_source *source);

#endif
