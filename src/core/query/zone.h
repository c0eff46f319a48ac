#ifndef QUERY_ZONE_H
#define QUERY_ZONE_H

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

struct query_zone_change {
    int64_t at; /* seconds since 1970 */
    int32_t offset_s;
};

/* All zero is UTC. */
struct query_zone {
    int32_t first_s; /* before all changes; seconds east of UTC */
    size_t n;        /* 0: fixed */
    const struct query_zone_change *changes;
};

/* Z, +hh, +hhmm or +hh:mm at the start of a text: how many bytes it takes; 0: there is none. */
size_t query_zone_read_offset(const char *s, size_t n, int *out_s);
/* "+01:00", "UTC", "Europe/Berlin". ERR_INVALID: no such zone; ERR_MEMORY. */
enum err query_zone_load(const char *s, size_t n, struct arena *arena, struct query_zone *out,
                         struct err_text *why) ERR_MUST_CHECK;
/* The content of a zone file. ERR_FORMAT, ERR_MEMORY. */
enum err query_zone_read(const void *p, size_t n, struct arena *arena,
                         struct query_zone *out) ERR_MUST_CHECK;

/* How far local time is ahead at an instant. */
ts_ns query_zone_offset(const struct query_zone *z, ts_ns t);
/* What the clock shows at an instant. */
ts_ns query_zone_local(const struct query_zone *z, ts_ns t);
/* The last change of the clock that is not after an instant; TIME_NONE: there was none. */
ts_ns query_zone_change(const struct query_zone *z, ts_ns t);
/*
 * The instant of a local time, the first where there are two; where there is none, that of the
 * change.
 */
ts_ns query_zone_instant(const struct query_zone *z, ts_ns local);
/* The same as java.time has it: where there is none, as much after the change as the text is. */
ts_ns query_zone_date(const struct query_zone *z, ts_ns local);
/* The same, but where there are two the one that is that far ahead. */
ts_ns query_zone_near(const struct query_zone *z, ts_ns local, ts_ns offset);

#endif
