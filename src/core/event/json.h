#ifndef EVENT_JSON_H
#define EVENT_JSON_H

/*
 * Events as JSON documents, both ways. docs/format/event-json.md says it in full.
 *
 * Out: one object without line breaks; "@timestamp" first, then the fields in the byte order of
 * their full names, dotted names nested. A field that ECS defines as a list is always an array;
 * others are arrays when they have more than one value. dns.answers and its like are put together
 * again to arrays of objects when their lists have one length.
 *
 * In: nested, dotted and mixed keys; null, [] and {} are nothing; arrays of objects become parallel
 * lists; values are coerced by the field table where that loses nothing; unknown fields are kept
 * under their full names.
 *
 * Ownership: event_json_new() makes the reader; strings of an event that was read belong to the
 *            reader and die at its next read.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "event/event.h"

struct buf;
struct format_json_bad;
struct format_json_tape;
struct format_writer;

/* Appends the document to out, whose failure is sticky. */
void event_json_write(const struct event *e, struct buf *out);

/* A field's values as the next value of a document that is being written: one, or an array. */
void event_json_write_values(const struct event_item *item, struct format_writer *w);

struct event_json;

struct event_json *event_json_new(void); /* NULL when memory is short */
void event_json_free(struct event_json *r);

struct event_json_counts {
    uint64_t repaired_bytes; /* that were no UTF-8, escaped */
    uint64_t dropped_fields; /* names above 1,000 bytes, or too many of them, or of fields */
};

/*
 * Reads one document into out, which is initialised in the arena; its time is TIME_NONE when there
 * is no "@timestamp" that can be read. With padded, 64 bytes can be read after the text. Foreign
 * bytes that are no UTF-8 are escaped and counted. ERR_FORMAT: no JSON, or no object; *bad says
 * where (NULL is fine). ERR_MEMORY, ERR_LIMIT.
 */
enum err event_json_read(struct event_json *r, const char *text, size_t n, bool padded,
                         struct arena *arena, struct event *out,
                         struct format_json_bad *bad) ERR_MUST_CHECK;

const struct event_json_counts *event_json_counts(const struct event_json *r);

/*
 * For readers of other JSON dialects: a document is parsed, its tape walked, and the fields of one
 * of its objects added to an event as if that object were the document.
 */
enum err event_json_parse(struct event_json *r, const char *text, size_t n, bool padded,
                          struct format_json_bad *bad) ERR_MUST_CHECK;
void event_json_tape(const struct event_json *r, struct format_json_tape *out);
void event_json_add(struct event_json *r, struct event *e, uint32_t at);

/*
 * A moment as loggers write it: ISO 8601 text, or a number as text; numbers count seconds below
 * 10^11, milliseconds below 10^14, microseconds below 10^17, else nanoseconds. Digits are exact.
 */
bool event_json_time_text(const char *s, size_t n, ts_ns *out);
/* The same of a double, which is exact to the microsecond. */
bool event_json_time_number(double v, ts_ns *out);
/* Digits with an optional sign and fraction, exactly: whole part and billionths, of one sign. */
bool event_json_decimal(const char *s, size_t n, int64_t *out_whole, int64_t *out_nano);

#endif
