#ifndef TESTS_JUDGE_HUNT_SUPPORT_H
#define TESTS_JUDGE_HUNT_SUPPORT_H

/*
 * A store in memory for searches, and what they found, as text.
 *
 * Ownership: field_release(); searches made here are the test's.
 */

#include "base/arena.h"
#include "base/buf.h"
#include "hunt/hunt.h"
#include "hunt/spec.h"

#include <stdbool.h>
#include <stddef.h>

#define FIELD_EVENTS 8192
#define NOON (1700000000 / 86400 * 86400 * TIME_S + 12 * TIME_HOUR)

struct field {
    struct arena arena;
    struct event *events[FIELD_EVENTS];
    size_t n;
    size_t searches;
    bool broken;
    const char *told; /* the alert that was told before, or NULL */
    struct hunt_ports ports;

    struct buf found; /* a line a hit: "time id more\n", time in seconds after NOON */
    size_t hits;
    size_t max; /* hits that are taken; what is beyond is enough */
    void *origins[FIELD_EVENTS];
    size_t origins_n;
    bool known; /* every hit has its alert */
    bool lost;
};

void field_init(struct field *f);
void field_release(struct field *f);

/* An event from JSON, kept, and fed to the searches (NULL-terminated list, or NULL: none). */
void field_event(struct field *f, struct hunt *const *hunts, ts_ns time, const char *json);

/* A search of a rule given as JSON members of the rule API, beside type and the like. */
struct hunt_spec *field_spec(enum hunt_type type, const char *members);
/* It must be refused, with these words. */
void field_refused(enum hunt_type type, const char *members, const char *words);

/* Looks at [from, to] at now = to, and marks as dealt what was taken; the text is in f->found. */
const char *field_look(struct field *f, struct hunt *h, ts_ns from, ts_ns to);
/* The same without marking, with everything else of the caller's. */
const char *field_look_span(struct field *f, struct hunt *h, const struct hunt_span *span);

#endif
