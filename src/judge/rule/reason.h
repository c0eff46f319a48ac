#ifndef RULE_REASON_H
#define RULE_REASON_H

/*
 * A record in words: who sent to whom over what, how much came and how much was expected.
 *
 * Texts are cut to a length that a person reads; the alert's fields hold the whole.
 *
 * Ownership: rule_story_release() ends a story.
 * Threads:   any.
 */

#include "base/buf.h"

#include <stdbool.h>

struct rule;
struct rule_finding;

struct rule_story {
    struct buf who;      /* "192.0.2.5"; "" when the record does not say */
    struct buf whom;     /* "203.0.113.9" */
    struct buf what;     /* "port 4444", "DNS names under example.com" */
    struct buf came;     /* "48.3 MB", "1,240 events"; "" when nothing was measured */
    struct buf expected; /* "120 kB" */
    const char *unit;    /* "bytes", "events", "values", "" */
};

void rule_story_init(struct rule_story *s);
void rule_story_release(struct rule_story *s);
/* Fills an initialised story; the buffers' buf_ok tells. */
void rule_story_make(const struct rule_finding *f, struct rule_story *s);
bool rule_story_ok(const struct rule_story *s);

/* When, and what happened: "2023-11-15 00:00 to 03:00 UTC: 192.0.2.5 sent 48.3 MB to …, against 120
 * kB expected". */
void rule_reason_what(const struct rule_finding *f, const struct rule_story *s, struct buf *out);

/* The sentence of kibana.alert.reason: that, and by which rule and score. */
void rule_reason_write(const struct rule *r, const struct rule_finding *f,
                       const struct rule_story *s, struct buf *out);

/* "1,240", "12.5": a number for people. */
void rule_reason_number(double v, struct buf *out);
/* "48.3 MB": powers of 1,000. */
void rule_reason_bytes(double v, struct buf *out);

#endif
