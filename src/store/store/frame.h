#ifndef STORE_FRAME_H
#define STORE_FRAME_H

/*
 * The wire between the store and its query worker: length, type, payload.
 * docs/format/store.md, "The worker's wire".
 *
 * Ownership: a frame owns its body, which is used again by the next receive.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_FRAME_MAX ((size_t)256 << 20)
#define STORE_WIRE_VERSION 1

enum store_frame_type {
    STORE_FRAME_HELLO = 1,
    STORE_FRAME_BATCH = 2,
    STORE_FRAME_SEAL = 3,
    STORE_FRAME_MERGE = 4,
    STORE_FRAME_FIND = 5,
    STORE_FRAME_SELECT = 6,
    STORE_FRAME_STOP = 7,
    STORE_FRAME_COUNT = 8,
    STORE_FRAME_TABLE = 9,
    STORE_FRAME_FOUND = 17,
    STORE_FRAME_ROWS = 18,
    STORE_FRAME_SEALED = 19,
    STORE_FRAME_DONE = 20,
    STORE_FRAME_ERROR = 21,
    STORE_FRAME_VALUES = 22,
};

struct store_frame {
    uint8_t type;
    struct buf body;
};

/*
 * Sends a whole frame. steady_deadline: on the steady clock, TIME_MAX waits for ever. ERR_END: the
 * other side is gone; ERR_STOPPED: out of time; ERR_LIMIT: too long; ERR_IO.
 */
enum err store_frame_send(int fd, enum store_frame_type type, const void *p, size_t n,
                          ts_ns steady_deadline) ERR_MUST_CHECK;

/* Receives a whole frame; also ERR_FORMAT when its length is impossible, ERR_MEMORY. */
enum err store_frame_receive(int fd, struct store_frame *f, ts_ns steady_deadline) ERR_MUST_CHECK;
/* Whether something can be received now. */
bool store_frame_waiting(int fd);

/* A text in a payload. */
void store_frame_put_text(struct buf *b, const char *s, size_t n);
/* NUL-terminated in arena memory is not needed: the view ends at out->n. Fails the cursor. */
struct bytes store_frame_text(struct cursor *c);

/*
 * A value of a table: a byte with the type (enum event_type; an address is sent as text) and what
 * it holds. The text of one that is read points into the frame. Fails the cursor.
 */
struct event_value;
void store_frame_put_value(struct buf *b, const struct event_value *v);
void store_frame_value(struct cursor *c, struct event_value *out);

/* A read request for pieces: the list that merge and select carry. */
struct store_frame_piece {
    struct bytes path;
    struct bytes columns;
    struct bytes rest;
};

void store_frame_put_piece(struct buf *b, const char *path, const char *columns, const char *rest);
bool store_frame_piece(struct cursor *c, struct store_frame_piece *out);

#endif
