#ifndef RULE_FINDING_H
#define RULE_FINDING_H

/*
 * A record document, read: what was measured, for whom, when, and how odd it was.
 *
 * Ownership: rule_finding_release() frees the document that all texts are views of.
 * Threads:   one owner.
 */

#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

struct format_node;

/* A field with its values: of the by, over or partition field, or of an influencer. */
struct rule_entity {
    const char *field;
    const char *one;                /* the value when there is exactly one, else NULL */
    const struct format_node *list; /* the values otherwise, all strings */
    bool influencer;                /* no by, over or partition field */
};

#define RULE_ENTITIES_MAX 40

struct rule_finding {
    struct format_node *root;
    const char *job_id;
    const char *function; /* "high_sum" */
    const char *measure;  /* without its side: "sum" */
    const char *field;    /* NULL: none */
    ts_ns start;          /* of the bucket */
    ts_ns span_ns;
    double score;
    bool has_values;
    double actual;
    double typical;
    const char *place; /* "lat,lon" of lat_long, which has no values; NULL: none */
    const char *usual_place;
    const char *terms; /* what messages of the category have in common; NULL: none is meant */
    bool first;        /* the by value was never seen before */
    struct rule_entity entity[RULE_ENTITIES_MAX];
    size_t entities;
};

/* ERR_FORMAT when it is no record document; ERR_MEMORY. */
enum err rule_finding_read(struct bytes json, const char *name, struct rule_finding *out,
                           struct err_text *why) ERR_MUST_CHECK;
void rule_finding_release(struct rule_finding *f);

/* NULL when the record names no value of that field. */
const struct rule_entity *rule_finding_entity(const struct rule_finding *f, const char *field);
/* Nobody tells a user or process: the events come from the wire, and host.name is the sensor's. */
bool rule_finding_wire(const struct rule_finding *f);
size_t rule_entity_count(const struct rule_entity *e);
const char *rule_entity_value(const struct rule_entity *e, size_t i);

#endif
