#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

/*
 * One record in the Elastic Common Schema: a time and a list of fields with their values.
 *
 * A field is known (it stands in the field table, event/field.h, and has an id and a type) or
 * unknown (kept under its name). Each field has a list of one or more values; a field without
 * values is not there: missing, null and the empty list are the same. Arrays of objects are
 * flattened into parallel lists (dns.answers.name, dns.answers.data …).
 *
 * Strings are valid UTF-8; whoever makes an event sees to it (base/utf8.h). Addresses and times are
 * binary here and text in JSON.
 *
 * Ownership: an event lives in the arena it was initialised with; event_set_… copies what it is
 *            given, event_set_str_view borrows.
 * Threads:   one owner at a time.
 */

#include "base/arena.h"
#include "base/ip.h"
#include "base/time.h"
#include "event/field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_type {
    EVENT_NULL, /* no value */
    EVENT_STR,
    EVENT_I64,
    EVENT_F64,
    EVENT_BOOL,
    EVENT_IP,
    EVENT_TIME,
};

struct event_value {
    uint8_t type; /* enum event_type */
    uint32_t len; /* bytes of a string */
    union {
        const char *s; /* NUL-terminated too */
        int64_t i;
        double f;
        bool b;
        const struct ip *ip;
        ts_ns t;
    };
};

/* A field of an event. values is never empty. */
struct event_item {
    event_field field; /* EVENT_F_NONE for an unknown field */
    uint32_t n;
    const char *name; /* full dotted name */
    uint32_t name_len;
    uint32_t cap;
    struct event_value one;
    struct event_value *many; /* NULL while n is 1 */
};

struct event {
    ts_ns time;        /* @timestamp */
    uint64_t sequence; /* order among the events of one source */
    uint32_t source;   /* which source of the process it came from */
    uint32_t n;        /* fields */
    uint32_t cap;
    event_field *ids; /* ids[i] == items[i].field, packed for quick search */
    struct event_item *items;
    struct arena *arena;
    bool failed; /* memory was short: a field is missing; whoever passes the event on drops it */
    uint64_t has[(EVENT_F_COUNT + 63) / 64]; /* a bit for each known field that is there */
};

/* Whether a known field is there. */
static inline bool event_has(const struct event *e, event_field f)
{
    return f < EVENT_F_COUNT && (e->has[f / 64] >> f % 64 & 1) != 0;
}

/* An empty event with room for a usual number of fields. */
void event_init(struct event *e, struct arena *arena, ts_ns time);

/* Room for cap fields, for those who fill ids and items themselves; e->arena must be set. False,
 * and the event has failed, when memory is short. */
bool event_reserve(struct event *e, uint32_t cap);

/*
 * For sources that make millions: an event with the fields of a pattern. Their values are borrowed:
 * the pattern must live as long as the event.
 */
void event_init_like(struct event *e, struct arena *arena, ts_ns time, const struct event *pattern);

/* A value whose string or address is borrowed: as for event_set_str_view(). */
static inline struct event_value event_value_str(const char *s, size_t n)
{
    return (struct event_value){.type = EVENT_STR, .len = (uint32_t)n, .s = s};
}

static inline struct event_value event_value_i64(int64_t v)
{
    return (struct event_value){.type = EVENT_I64, .i = v};
}

static inline struct event_value event_value_bool(bool v)
{
    return (struct event_value){.type = EVENT_BOOL, .b = v};
}

static inline struct event_value event_value_time(ts_ns t)
{
    return (struct event_value){.type = EVENT_TIME, .t = t};
}

static inline struct event_value event_value_ip(const struct ip *a)
{
    return (struct event_value){.type = EVENT_IP, .ip = a};
}

/*
 * A pattern may have fields whose values each event sets: event_slot() makes room for one and says
 * where, event_fill() sets it. Every event like the pattern must fill it or remove the field.
 */
uint32_t event_slot(struct event *pattern, event_field f);
static inline void event_fill(struct event *e, uint32_t slot, struct event_value v)
{
    e->items[slot].one = v;
}

/* Sets a known field that is not there yet: for makers of events, who know. */
void event_put(struct event *e, event_field f, struct event_value v);
/* The same with a list of n ≥ 1 values, which the caller fills. NULL when memory is short. */
struct event_value *event_put_list(struct event *e, event_field f, uint32_t n);

/* Replace the values of a known field. @timestamp is e->time and no item. */
void event_set_str(struct event *e, event_field f, const char *s, size_t n);
void event_set_text(struct event *e, event_field f, const char *s); /* NUL-terminated */
/* Borrows s, which must live as long as the event, be NUL-terminated and valid UTF-8. */
void event_set_str_view(struct event *e, event_field f, const char *s, size_t n);
void event_set_i64(struct event *e, event_field f, int64_t v);
void event_set_f64(struct event *e, event_field f, double v); /* not a number: left out */
void event_set_bool(struct event *e, event_field f, bool v);
void event_set_ip(struct event *e, event_field f, const struct ip *a);
void event_set_time(struct event *e, event_field f, ts_ns t);
/* Foreign bytes: escaped to valid UTF-8 where needed; returns how many bytes were escaped. */
size_t event_set_foreign(struct event *e, event_field f, const void *p, size_t n);

/* Add one value to a known field's list. */
void event_add_str(struct event *e, event_field f, const char *s, size_t n);
void event_add_i64(struct event *e, event_field f, int64_t v);
void event_add_ip(struct event *e, event_field f, const struct ip *a);
size_t event_add_foreign(struct event *e, event_field f, const void *p, size_t n);
/* Adds a copy of any value, coerced to the field's type where that loses nothing. */
void event_add_value(struct event *e, event_field f, const struct event_value *v);
/* The same by name, known or not. The name is looked up in the field table first. */
void event_add_named(struct event *e, const char *name, size_t n, const struct event_value *v);

/* The same, but strings are borrowed: as for event_set_str_view(). */
void event_add_value_view(struct event *e, event_field f, const struct event_value *v);
void event_add_named_view(struct event *e, const char *name, size_t n, const struct event_value *v);
/* A name that is known not to be in the table; it is borrowed too, and NUL-terminated. */
void event_add_unknown_view(struct event *e, const char *name, size_t n,
                            const struct event_value *v);

void event_remove(struct event *e, event_field f);
void event_remove_named(struct event *e, const char *name, size_t n);

/* NULL when the event does not have it. Dies when the event changes. */
const struct event_item *event_get(const struct event *e, event_field f);
const struct event_item *event_find(const struct event *e, const char *name, size_t n);

static inline const struct event_value *event_values(const struct event_item *item)
{
    return item->many != NULL ? item->many : &item->one;
}

/* The first value, or the default when the field is missing or of another type. */
const char *event_str(const struct event *e, event_field f, const char *otherwise);
int64_t event_i64(const struct event *e, event_field f, int64_t otherwise);
const struct ip *event_ip(const struct event *e, event_field f); /* NULL when missing */

/* Text of a value as in JSON without quotes; strings are returned as they are. At most
 * EVENT_TEXT_SIZE bytes are written to scratch. Returns the text; *out_n its length. */
#define EVENT_TEXT_SIZE 64
const char *event_value_text(const struct event_value *v, char scratch[EVENT_TEXT_SIZE],
                             size_t *out_n);

/* The number a value stands for: integers, doubles, booleans, times in ms, numeric strings. */
bool event_value_number(const struct event_value *v, double *out);

/* A deep copy into another arena. */
void event_copy(struct event *out, struct arena *arena, const struct event *e);

#endif
