#ifndef FIND_FIELD_H
#define FIND_FIELD_H

/*
 * A field as a search means it, and its values as things that compare, group and add.
 *
 * Values are made to be of the field's type; one that is not is no value. A field that is not in
 * the field table has the values as they are. docs/method/find.md, "Fields and types".
 *
 * Ownership: names live in the arena given; values are borrowed from the document.
 * Threads:   any.
 */

#include "base/arena.h"
#include "event/event.h"
#include "query/index.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIND_KIND_UNKNOWN 255
#define FIND_FIELD_NAME_MOST 1000 /* bytes */

struct format_writer;

enum find_meta {
    FIND_META_NONE,
    FIND_META_TIME,  /* @timestamp */
    FIND_META_INDEX, /* _index */
    FIND_META_ID,    /* _id */
    FIND_META_ORDER, /* _doc, _shard_doc, _seq_no: by arrival */
    FIND_META_SCORE, /* _score */
};

struct find_field {
    const char *name; /* as written */
    const char *path; /* where the values are */
    uint32_t path_len;
    event_field id;
    uint8_t kind; /* enum event_kind, or FIND_KIND_UNKNOWN */
    uint8_t meta; /* enum find_meta */
};

/* False: no memory, or the name is empty or longer than 1,000 bytes. */
bool find_field_init(struct find_field *f, const char *name, size_t n, struct arena *arena);

bool find_field_is_number(const struct find_field *f); /* LONG, DOUBLE, BOOLEAN, or not known */
bool find_field_is_date(const struct find_field *f);
/* Analysed text, which cannot be grouped or sorted by. */
bool find_field_is_text(const struct find_field *f);

/* A document: an event, or what state.db keeps, as one. */
struct find_doc {
    const struct event *e;
    const char *index; /* NULL: an event's own */
    const char *id;    /* NULL: an event's own */
    const char *json;  /* as it is kept; NULL: made from the event */
    size_t json_n;
    uint64_t stamp; /* not 0, another for each document */
};

/* The values of a field as they are; *one and name are room for what must be made. */
struct find_values {
    const struct event_value *v;
    uint32_t n;
    struct event_value one;
    char text[QUERY_INDEX_NAME_SIZE];
};

void find_field_values(const struct find_field *f, const struct find_doc *doc,
                       struct find_values *out);

/*
 * A value as one of the field's type; false when it is none. Texts and addresses are borrowed, but
 * what must be written for it goes to room.
 */
struct find_room {
    struct ip ip;
    char text[EVENT_TEXT_SIZE];
};
bool find_field_value(const struct find_field *f, const struct event_value *v,
                      struct event_value *out, struct find_room *room);

/* Order of two values: of one type as it compares; of two by type. Nothing comes last. */
int find_value_compare(const struct event_value *a, const struct event_value *b);
/* A copy whose text or address is allocated (find_value_free). False: no memory. */
bool find_value_copy(struct event_value *out, const struct event_value *v);
void find_value_free(struct event_value *v);
/* Bytes that say which value it is, for hashing; returns how many. Text stays where it is. */
struct bytes find_value_bytes(const struct event_value *v, uint8_t room[17]);

/* The number that metrics add: times in whole milliseconds, truth as 0 and 1. */
bool find_value_number(const struct event_value *v, double *out);

/* Milliseconds since 1970, rounded down. */
int64_t find_ms(ts_ns t);
/* Back; clipped to what ts_ns holds. */
ts_ns find_ns(int64_t ms);

/* As a member of `key`, `sort`, `fields`: numbers as numbers, times in milliseconds. */
void find_value_write(struct format_writer *w, const struct event_value *v);

#endif
