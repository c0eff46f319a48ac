#ifndef EVENT_SINK_H
#define EVENT_SINK_H

/*
 * Where events go. A source calls its sink once an event, in the order of its own sequence; the
 * sink may add fields.
 *
 * Ownership: the event is borrowed until the call returns.
 * Threads:   that of the source.
 */

struct event;

typedef void (*event_sink_fn)(void *ctx, struct event *e);

#endif
