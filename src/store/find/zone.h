#ifndef FIND_ZONE_H
#define FIND_ZONE_H

/*
 * Time zones: fixed offsets, and names such as Europe/Berlin from the system's zone files (TZif,
 * RFC 8536).
 *
 * Ownership: tables live in the arena given.
 * Threads:   any once loaded.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

#include <stddef.h>
#include <stdint.h>

struct find_zone_change {
    int64_t at; /* seconds since 1970 */
    int32_t offset_s;
};

/* All zero is UTC. */
struct find_zone {
    int32_t first_s; /* before all changes; seconds east of UTC */
    size_t n;        /* 0: fixed */
    const struct find_zone_change *changes;
};

/* "+01:00", "UTC", "Europe/Berlin". ERR_INVALID: no such zone; ERR_MEMORY. */
enum err find_zone_load(const char *s, size_t n, struct arena *arena, struct find_zone *out,
                        struct err_text *why) ERR_MUST_CHECK;
/* The content of a zone file. ERR_FORMAT, ERR_MEMORY. */
enum err find_zone_read(const void *p, size_t n, struct arena *arena,
                        struct find_zone *out) ERR_MUST_CHECK;

/* How far local time is ahead at an instant. */
ts_ns find_zone_offset(const struct find_zone *z, ts_ns t);
/* The last change of the clock that is not after an instant; TIME_NONE: there was none. */
ts_ns find_zone_change(const struct find_zone *z, ts_ns t);
/*
 * The instant of a local time, the first where there are two; where there is none, that of the
 * change.
 */
ts_ns find_zone_instant(const struct find_zone *z, ts_ns local);

#endif
