#ifndef BASE_BUF_H
#define BASE_BUF_H

/*
 * A growing buffer of bytes or text.
 *
 * Running out of memory is sticky: later additions do nothing and buf_ok() is false, so that a
 * writer asks once at the end. The text is always NUL-terminated after the last byte when ok.
 *
 * Ownership: buf_release() frees; buf_take() hands the memory to the caller.
 * Threads:   one owner.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *p; /* NULL while empty */
    size_t n;
    size_t cap;
    bool failed;
};

void buf_init(struct buf *b);
void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* empty again, memory kept, failure forgotten */
bool buf_ok(const struct buf *b);

/* The text so far, "" when empty. Dies at the next addition. */
const char *buf_text(const struct buf *b);

/* The memory (mem_free), or NULL after a failure; the buffer is empty afterwards. */
char *buf_take(struct buf *b, size_t *out_n);

/* Room for n more bytes at b->p + b->n, or NULL; the caller adds what it wrote to b->n. */
char *buf_reserve(struct buf *b, size_t n);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_char(struct buf *b, char c);
void buf_str(struct buf *b, const char *s);
void buf_u64(struct buf *b, uint64_t v);
void buf_i64(struct buf *b, int64_t v);
/* Shortest text that reads back as the same number; "null" for NaN and infinities. */
void buf_f64(struct buf *b, double v);
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Little-endian numbers, for state and files; read back with cursor_le*(). */
void buf_le16(struct buf *b, uint16_t v);
void buf_le32(struct buf *b, uint32_t v);
void buf_le64(struct buf *b, uint64_t v);
void buf_double(struct buf *b, double v); /* its 64 bits, little-endian */

#endif
