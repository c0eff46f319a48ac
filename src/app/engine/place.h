#ifndef ENGINE_PLACE_H
#define ENGINE_PLACE_H

/*
 * Where an event stands among others: by time, then by source, then by its number. The order in
 * which sorted inputs are played and in which the store gives events back.
 *
 * Threads: any.
 */

#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

struct event;

struct engine_place {
    ts_ns time;
    uint32_t source;
    uint64_t sequence;
};

/* Before every event. */
#define ENGINE_PLACE_NONE ((struct engine_place){.time = TIME_NONE})

struct engine_place engine_place_of(const struct event *e);
bool engine_place_is_after(struct engine_place a, struct engine_place b);

#endif
