#ifndef EVENT_JSON_NAMES_H
#define EVENT_JSON_NAMES_H

/*
 * Full names of fields, found from a JSON document's keys without putting them together each time.
 *
 * Documents of one source repeat their keys in one order. Names form a tree; each remembers which
 * key followed it last, so that the usual step is one comparison. Whatever comes otherwise is
 * looked up in a map.
 *
 * Ownership: names live until event_json_names_trim() or _free().
 * Threads:   one owner.
 */

#include "event/field.h"

#define EVENT_JSON_NAME_MAX 1000 /* bytes of a full name */
#define EVENT_JSON_NAMES_MAX 16384
#define EVENT_JSON_NAMES_KEPT 8192 /* from one document to the next */

struct event_json_name {
    const char *text; /* full dotted name, NUL-terminated */
    uint32_t len;
    uint32_t key_len; /* of its own key, at the end of text */
    event_field field;
    bool is_time;    /* it is "@timestamp" */
    uint32_t first;  /* the member that came first last time; 0: none */
    uint32_t follow; /* the member of the same object that followed last time; 0: none */
};

struct event_json_names;

#define EVENT_JSON_NAMES_ROOT 0

struct event_json_names *event_json_names_new(void);    /* NULL when memory is short */
void event_json_names_free(struct event_json_names *t); /* NULL is fine */

/* Between documents: forgets all when there are more than EVENT_JSON_NAMES_KEPT. */
void event_json_names_trim(struct event_json_names *t);

const struct event_json_name *event_json_names_at(const struct event_json_names *t, uint32_t name);

/*
 * The name of a key in the object parent, where before is the name of the key before it (0: it is
 * the first). 0 when the name would be too long, there are too many, or memory is short.
 */
uint32_t event_json_names_step(struct event_json_names *t, uint32_t parent, uint32_t before,
                               const char *key, size_t n);
/* Whether memory was short since it was last asked. */
bool event_json_names_starved(struct event_json_names *t);

#endif
