#ifndef TESTS_JUDGE_EXCEPT_SUPPORT_H
#define TESTS_JUDGE_EXCEPT_SUPPORT_H

/*
 * One exception list "l" and some value lists in memory, and events from JSON.
 *
 * Ownership: shelf_release(); events live in the shelf's arena.
 */

#include "base/arena.h"
#include "event/event.h"
#include "event/json.h"
#include "except/filter.h"
#include "except/values.h"

#define SHELF_VALUES 8

struct shelf {
    const char *items; /* NDJSON */
    struct {
        const char *id;
        struct except_values *values;
    } values[SHELF_VALUES];
    size_t values_n;
    struct arena arena;
    struct event_json *reader;
    struct except_source source;
};

void shelf_init(struct shelf *s, const char *items);
void shelf_release(struct shelf *s);

/* Values one a line. */
void shelf_values(struct shelf *s, const char *id, const char *type, const char *lines);

/* The filter of list "l", which must come about. */
struct except_filter *shelf_filter(struct shelf *s, ts_ns now);

const struct event *shelf_event(struct shelf *s, const char *json);

#endif
