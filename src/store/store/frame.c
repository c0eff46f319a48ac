/* SPDX-License-Identifier: Apache-2.0 */
#include "store/frame.h"

#include "base/clock.h"
#include "event/event.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define FRAME_HEAD 5
#define FRAME_STEP ((size_t)1 << 20)

/* Waits until the descriptor is ready for events, or its other end is gone. */
static enum err wait_for(int fd, short events, ts_ns deadline)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        int timeout = -1;
        if (deadline != TIME_MAX) {
            ts_ns left = deadline - clock_steady();
            if (left <= 0)
                return ERR_STOPPED;
            left = (left + TIME_MS - 1) / TIME_MS;
            timeout = left > 1000000 ? 1000000 : (int)left;
        }
        int n = poll(&p, 1, timeout);
        if (n > 0)
            return ERR_NONE;
        if (n < 0 && errno != EINTR)
            return ERR_IO;
    }
}

static enum err send_all(int fd, const void *p, size_t n, int flags, ts_ns deadline)
{
    const char *at = p;
    while (n > 0) {
        ssize_t sent = send(fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT | flags);
        if (sent >= 0) {
            at += sent;
            n -= (size_t)sent;
            continue;
        }
        if (errno == EPIPE || errno == ECONNRESET)
            return ERR_END;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return ERR_IO;
        enum err rc = wait_for(fd, POLLOUT, deadline);
        if (rc != ERR_NONE)
            return rc;
    }
    return ERR_NONE;
}

enum err store_frame_send(int fd, enum store_frame_type type, const void *p, size_t n,
                          ts_ns steady_deadline)
{
    if (n > STORE_FRAME_MAX)
        return ERR_LIMIT;
    uint8_t head[FRAME_HEAD] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16),
                                (uint8_t)(n >> 24), (uint8_t)type};
    enum err rc = send_all(fd, head, sizeof(head), n > 0 ? MSG_MORE : 0, steady_deadline);
    return rc == ERR_NONE ? send_all(fd, p, n, 0, steady_deadline) : rc;
}

/* *any: whether a byte had come before the end. */
static enum err receive_all(int fd, void *p, size_t n, ts_ns deadline, bool *any)
{
    char *at = p;
    while (n > 0) {
        ssize_t got = recv(fd, at, n, MSG_DONTWAIT);
        if (got > 0) {
            at += got;
            n -= (size_t)got;
            *any = true;
            continue;
        }
        if (got == 0 || errno == ECONNRESET)
            return ERR_END;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return ERR_IO;
        enum err rc = wait_for(fd, POLLIN, deadline);
        if (rc != ERR_NONE)
            return rc;
    }
    return ERR_NONE;
}

enum err store_frame_receive(int fd, struct store_frame *f, ts_ns steady_deadline)
{
    uint8_t head[FRAME_HEAD];
    bool any = false;
    enum err rc = receive_all(fd, head, sizeof(head), steady_deadline, &any);
    if (rc != ERR_NONE)
        return rc == ERR_END && any ? ERR_FORMAT : rc;
    struct cursor c = cursor_make(head, sizeof(head));
    uint32_t n = cursor_le32(&c);
    if (n > STORE_FRAME_MAX)
        return ERR_FORMAT;
    f->type = cursor_u8(&c);
    buf_clear(&f->body);
    /* Memory follows what has come, not what was promised. */
    while (f->body.n < n) {
        size_t some = n - f->body.n < FRAME_STEP ? n - f->body.n : FRAME_STEP;
        char *to = buf_reserve(&f->body, some + 1);
        if (to == NULL)
            return ERR_MEMORY;
        rc = receive_all(fd, to, some, steady_deadline, &any);
        if (rc != ERR_NONE)
            return rc == ERR_END ? ERR_FORMAT : rc;
        f->body.n += some;
        to[some] = '\0';
    }
    return ERR_NONE;
}

bool store_frame_waiting(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

void store_frame_put_text(struct buf *b, const char *s, size_t n)
{
    buf_le32(b, (uint32_t)n);
    buf_add(b, s, n);
}

struct bytes store_frame_text(struct cursor *c)
{
    return cursor_take(c, cursor_le32(c));
}

void store_frame_put_value(struct buf *b, const struct event_value *v)
{
    buf_char(b, (char)v->type);
    switch ((enum event_type)v->type) {
    case EVENT_STR:
        store_frame_put_text(b, v->s, v->len);
        return;
    case EVENT_I64:
    case EVENT_TIME:
        buf_le64(b, (uint64_t)v->i);
        return;
    case EVENT_F64:
        buf_double(b, v->f);
        return;
    case EVENT_BOOL:
        buf_char(b, v->b);
        return;
    case EVENT_IP:
    case EVENT_NULL:
        return;
    }
}

void store_frame_value(struct cursor *c, struct event_value *out)
{
    struct event_value v = {.type = cursor_u8(c)};
    struct bytes text;
    uint64_t bits;
    switch ((enum event_type)v.type) {
    case EVENT_STR:
        text = store_frame_text(c);
        v.s = (const char *)text.p;
        v.len = (uint32_t)text.n;
        break;
    case EVENT_I64:
    case EVENT_TIME:
        v.i = (int64_t)cursor_le64(c);
        break;
    case EVENT_F64:
        bits = cursor_le64(c);
        memcpy(&v.f, &bits, sizeof(v.f));
        break;
    case EVENT_BOOL:
        v.b = cursor_u8(c) != 0;
        break;
    case EVENT_NULL:
        break;
    case EVENT_IP:
    default:
        c->failed = true;
        break;
    }
    *out = v;
}

void store_frame_put_piece(struct buf *b, const char *path, const char *columns, const char *rest)
{
    store_frame_put_text(b, path, strlen(path));
    store_frame_put_text(b, columns, strlen(columns));
    store_frame_put_text(b, rest, strlen(rest));
}

bool store_frame_piece(struct cursor *c, struct store_frame_piece *out)
{
    out->path = store_frame_text(c);
    out->columns = store_frame_text(c);
    out->rest = store_frame_text(c);
    return cursor_ok(c);
}
