#ifndef EVENT_FIELD_H
#define EVENT_FIELD_H

/*
 * The field table: every ECS field that Weir makes or that public jobs and rules read, with its
 * type. docs/fields.md is made from it; every event that a test makes is held against it.
 *
 * A field's id is EVENT_F_ and its name in capitals with '_' for '.' and '@': EVENT_F_SOURCE_IP.
 * Ids are for one build only; files and state use names.
 *
 * Threads: any; the table is constant.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint16_t event_field;

/* Elasticsearch's mapping types, as far as they occur. */
enum event_kind {
    EVENT_KIND_KEYWORD,
    EVENT_KIND_TEXT,     /* analysed: match and match_phrase work on words */
    EVENT_KIND_WILDCARD, /* keyword in all that matters here */
    EVENT_KIND_LONG,
    EVENT_KIND_DOUBLE,
    EVENT_KIND_BOOLEAN,
    EVENT_KIND_IP,
    EVENT_KIND_DATE,
    EVENT_KIND_GEO_POINT,
};

enum event_field_id {
#define FIELD(id, name, kind) EVENT_F_##id,
#include "event/field_list.h"
#undef FIELD
    EVENT_F_COUNT
};

#define EVENT_F_NONE ((event_field)0xffff)

struct event_field_def {
    const char *name;
    uint16_t name_len;
    uint8_t kind; /* enum event_kind */
};

/* f < EVENT_F_COUNT. */
const struct event_field_def *event_field_def(event_field f);

/* EVENT_F_NONE when the name is not in the table. */
event_field event_field_by_name(const char *name, size_t n);

/* "keyword", "long" …: the name Elasticsearch uses. */
const char *event_kind_name(enum event_kind kind);

/* Whether ECS defines the field as a list, so that JSON always shows an array. f < EVENT_F_COUNT.
 */
bool event_field_is_list(event_field f);

/*
 * Whether name is the path of an array of objects whose members are kept as parallel lists, such
 * as dns.answers: JSON output puts them together again when their lists are of one length.
 */
bool event_field_object_array(const char *name, size_t n);

#endif
