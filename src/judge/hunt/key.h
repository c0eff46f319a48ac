#ifndef HUNT_KEY_H
#define HUNT_KEY_H

/*
 * The values that an event has in some fields, as one byte string: what groups are told apart by.
 *
 * An event with several values in a field has several keys, one for each combination; one without a
 * value in any of the fields has none. Values are texts as JSON writes them, without quotes; in a
 * key each stands with its length before it, so that different values make different keys.
 *
 * Threads: any.
 */

#include "hunt/spec.h"

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct event;

/* More combinations of one event are not looked at. */
#define HUNT_KEYS_MAX 1024

/* False: no more, please. The key dies with the call. */
typedef bool (*hunt_key_fn)(void *ctx, const void *key, size_t n);

/*
 * Calls fn with each key; lead (which may be empty) stands before all of them. scratch is
 * overwritten; its buf_ok() tells. No fields: one key, the lead.
 */
void hunt_key_each(const struct event *e, const struct hunt_field *fields, size_t n,
                   struct bytes lead, struct buf *scratch, hunt_key_fn fn, void *ctx);

/* The i-th value of a key made without lead; false: there is none. */
bool hunt_key_value(const void *key, size_t n, size_t i, struct bytes *out);

/* Calls fn with the text of each value of the field; @timestamp is a field too. */
void hunt_key_values(const struct event *e, const struct hunt_field *field, hunt_key_fn fn,
                     void *ctx);
/* Whether one of the field's values is this text. */
bool hunt_key_has(const struct event *e, const struct hunt_field *field, struct bytes text);

#endif
