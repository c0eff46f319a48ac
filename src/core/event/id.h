#ifndef EVENT_ID_H
#define EVENT_ID_H

/*
 * The lasting name of a kept event, its _id: time, source and number of arrival as 27 characters
 * that stand in a URL as they are. Names are in the order of time, and tell where to look.
 *
 * Threads: any.
 */

#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;

#define EVENT_ID_SIZE 28

void event_id_write(const struct event *e, char out[EVENT_ID_SIZE]);
/* The _id that is shown: the one the sender gave (weir.id), else the lasting name, in scratch. */
const char *event_id_of(const struct event *e, char scratch[EVENT_ID_SIZE]);
/* False: no name that event_id_write() made. */
bool event_id_read(const char *s, size_t n, ts_ns *out_time, uint32_t *out_source,
                   uint64_t *out_sequence);

#endif
