#ifndef FORMAT_WRITE_H
#define FORMAT_WRITE_H

/*
 * JSON out, without a tree: values are written in order into a buffer.
 *
 * Commas and quoting are seen to; nesting is the caller's to keep right (ASSERT). Values written at
 * the top level follow each other without a comma.
 * Strings must be valid UTF-8 (they are written as they are but for what JSON wants escaped).
 * Not-a-number and infinities are written as null. Memory shortage is the buffer's sticky failure.
 *
 * Ownership: borrows the buffer.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct format_writer {
    struct buf *out;
    unsigned depth; /* open brackets */
    bool comma;     /* a value stands before */
    bool after_key;
};

void format_write_init(struct format_writer *w, struct buf *out);

void format_write_begin_object(struct format_writer *w);
void format_write_end_object(struct format_writer *w);
void format_write_begin_array(struct format_writer *w);
void format_write_end_array(struct format_writer *w);
void format_write_key(struct format_writer *w, const char *key);
void format_write_key_n(struct format_writer *w, const char *key, size_t n);

void format_write_str(struct format_writer *w, const char *s); /* NULL writes null */
void format_write_str_n(struct format_writer *w, const char *s, size_t n);
void format_write_i64(struct format_writer *w, int64_t v);
void format_write_u64(struct format_writer *w, uint64_t v);
void format_write_f64(struct format_writer *w, double v);
void format_write_bool(struct format_writer *w, bool v);
void format_write_null(struct format_writer *w);
void format_write_time(struct format_writer *w, ts_ns t);                   /* ISO 8601 text */
void format_write_raw(struct format_writer *w, const char *json, size_t n); /* JSON as it is */

/* key and value in one line */
void format_write_field_str(struct format_writer *w, const char *key, const char *s);
void format_write_field_i64(struct format_writer *w, const char *key, int64_t v);
void format_write_field_f64(struct format_writer *w, const char *key, double v);
void format_write_field_bool(struct format_writer *w, const char *key, bool v);

#endif
