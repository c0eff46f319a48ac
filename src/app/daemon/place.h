#ifndef DAEMON_PLACE_H
#define DAEMON_PLACE_H

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

struct daemon_place {
    ts_ns time;
    uint32_t source;
    uint64_t sequence;
};

/* Before every event. */
#define DAEMON_PLACE_NONE ((struct daemon_place){.time = TIME_NONE})

struct daemon_place daemon_place_of(const struct event *e);
bool daemon_place_is_after(struct daemon_place a, struct daemon_place b);

#endif
