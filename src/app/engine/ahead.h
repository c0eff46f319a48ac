#ifndef ENGINE_AHEAD_H
#define ENGINE_AHEAD_H

/*
 * A clock that nothing but events moves, and that no single wrong date carries away.
 *
 * Where a file is read from its beginning to its end, an event dated far ahead would make all that
 * follow it too late. Such an event waits: when others that come after it agree, time has leapt,
 * and all of them are given in order; when one of the present comes, it is set aside and counted.
 * docs/method/rows.md, "Where nothing but events tells the time".
 *
 * Ownership: engine_ahead_free(). What waits is a copy.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdint.h>

struct engine_ahead;
struct event;

/* Anything but ERR_NONE ends the call that gives the event, and is returned by it. */
typedef enum err (*engine_ahead_fn)(void *ctx, struct event *e);

/* NULL without memory. */
struct engine_ahead *engine_ahead_new(engine_ahead_fn fn, void *ctx);
void engine_ahead_free(struct engine_ahead *a); /* NULL is fine */

/* Gives fn the event, or has it wait. ERR_MEMORY. */
enum err engine_ahead_event(struct engine_ahead *a, struct event *e) ERR_MUST_CHECK;
/* There are no more: several that wait agree, one alone is given in proportion to what came before.
 */
enum err engine_ahead_end(struct engine_ahead *a) ERR_MUST_CHECK;

/* How many were set aside. */
uint64_t engine_ahead_count(const struct engine_ahead *a);

#endif
