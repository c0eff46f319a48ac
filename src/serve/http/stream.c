/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "http/stream.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "http/stream_priv.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define EVENTS 4096
#define BYTES ((uint64_t)4 * 1024 * 1024)
#define HEARTBEAT (15 * TIME_S)
#define LIFE (15 * TIME_MIN)
#define RESET_MAX 64 /* bytes of the event "reset" */

/* One event as it goes out; held by the ring and by those who are sending it. */
struct http_event {
    unsigned holders; /* stream's lock */
    size_t n;
    char text[];
};

struct http_stream {
    pthread_mutex_t lock; /* all below, and the listeners' fields */
    struct http_event **ring;
    size_t capacity;
    uint64_t bytes_max;
    ts_ns heartbeat_ns;
    ts_ns life_ns;
    uint64_t oldest; /* number of the oldest event in the ring */
    uint64_t next;   /* number of the next one */
    uint64_t first;
    uint64_t bytes; /* in the ring */
    struct http_listener *listeners;
    size_t listeners_n;
};

static struct http_event **slot(struct http_stream *s, uint64_t number)
{
    return &s->ring[number % s->capacity];
}

static void let_go(struct http_event *e)
{
    if (--e->holders == 0)
        mem_free(e);
}

struct http_stream *http_stream_new(const struct http_stream_options *options)
{
    struct http_stream *s = mem_zero(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    ASSERT(options->first > 0);
    s->capacity = options->events != 0 ? options->events : EVENTS;
    s->bytes_max = options->bytes != 0 ? options->bytes : BYTES;
    s->heartbeat_ns = options->heartbeat_ns != 0 ? options->heartbeat_ns : HEARTBEAT;
    s->life_ns = options->life_ns != 0 ? options->life_ns : LIFE;
    s->first = s->oldest = s->next = options->first;
    s->ring = mem_zero(s->capacity, sizeof(*s->ring));
    if (s->ring == NULL || pthread_mutex_init(&s->lock, NULL) != 0) {
        mem_free(s->ring);
        mem_free(s);
        return NULL;
    }
    return s;
}

static void drop_oldest(struct http_stream *s)
{
    struct http_event *e = *slot(s, s->oldest);
    s->bytes -= e->n;
    let_go(e);
    s->oldest++;
}

void http_stream_free(struct http_stream *s)
{
    if (s == NULL)
        return;
    ASSERT(s->listeners == NULL);
    while (s->oldest < s->next)
        drop_oldest(s);
    pthread_mutex_destroy(&s->lock);
    mem_free(s->ring);
    mem_free(s);
}

static void wake(struct http_listener *l)
{
    if (!l->suspended)
        return;
    l->suspended = false;
    MHD_resume_connection(l->mhd);
}

/* "id: 5\nevent: alert\ndata: {…}\n\n" */
static struct http_event *make_event(uint64_t number, const char *name, const char *data, size_t n)
{
    struct buf b;
    struct http_event *e = NULL;
    buf_init(&b);
    buf_format(&b, "id: %llu\nevent: %s\ndata: ", (unsigned long long)number, name);
    size_t head = b.n;
    if (buf_ok(&b))
        e = mem_alloc(sizeof(*e) + head + n + 2);
    if (e != NULL) {
        e->holders = 1;
        e->n = head + n + 2;
        memcpy(e->text, b.p, head);
        if (n > 0)
            memcpy(e->text + head, data, n);
        memcpy(e->text + head + n, "\n\n", 2);
    }
    buf_release(&b);
    return e;
}

enum err http_stream_publish(struct http_stream *s, const char *name, const char *data, size_t n)
{
    ASSERT(strpbrk(name, "\r\n") == NULL);
    if (memchr(data, '\n', n) != NULL || memchr(data, '\r', n) != NULL)
        return ERR_INVALID;
    pthread_mutex_lock(&s->lock);
    struct http_event *e = make_event(s->next, name, data, n);
    if (e == NULL) {
        pthread_mutex_unlock(&s->lock);
        return ERR_MEMORY;
    }
    if (e->n > s->bytes_max) {
        pthread_mutex_unlock(&s->lock);
        let_go(e);
        return ERR_LIMIT;
    }
    while (s->oldest < s->next &&
           (s->next - s->oldest == s->capacity || s->bytes + e->n > s->bytes_max))
        drop_oldest(s);
    *slot(s, s->next) = e;
    s->next++;
    s->bytes += e->n;
    for (struct http_listener *l = s->listeners; l != NULL; l = l->next)
        wake(l);
    pthread_mutex_unlock(&s->lock);
    return ERR_NONE;
}

size_t http_stream_listeners(struct http_stream *s)
{
    pthread_mutex_lock(&s->lock);
    size_t n = s->listeners_n;
    pthread_mutex_unlock(&s->lock);
    return n;
}

uint64_t http_stream_newest(struct http_stream *s)
{
    pthread_mutex_lock(&s->lock);
    uint64_t number = s->next > s->first ? s->next - 1 : 0;
    pthread_mutex_unlock(&s->lock);
    return number;
}

struct http_listener *http_listener_new(struct http_stream *s, struct MHD_Connection *mhd,
                                        uint64_t after, ts_ns (*steady)(void))
{
    struct http_listener *l = mem_zero(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    l->stream = s;
    l->mhd = mhd;
    l->fd = -1;
    l->steady = steady;
    l->began = steady();
    pthread_mutex_lock(&s->lock);
    l->next_number = s->next;
    if (after != 0 && after < s->next && after + 1 >= s->oldest)
        l->next_number = after + 1;
    else
        l->reset = after != 0;
    l->next = s->listeners;
    if (s->listeners != NULL)
        s->listeners->prev = l;
    s->listeners = l;
    s->listeners_n++;
    pthread_mutex_unlock(&s->lock);
    return l;
}

void http_listener_free(struct http_listener *l)
{
    struct http_stream *s = l->stream;
    pthread_mutex_lock(&s->lock);
    if (l->prev != NULL)
        l->prev->next = l->next;
    else
        s->listeners = l->next;
    if (l->next != NULL)
        l->next->prev = l->prev;
    s->listeners_n--;
    if (l->current != NULL)
        let_go(l->current);
    pthread_mutex_unlock(&s->lock);
    mem_free(l);
}

/* What was begun is finished, then what is next is begun; how many bytes came of it. */
static size_t copy_current(struct http_listener *l, char *out, size_t max)
{
    size_t n = l->current->n - l->current_at;
    if (n > max)
        n = max;
    memcpy(out, l->current->text + l->current_at, n);
    l->current_at += n;
    if (l->current_at == l->current->n) {
        let_go(l->current);
        l->current = NULL;
    }
    return n;
}

static size_t copy_text(const char *text, char *out, size_t max)
{
    size_t n = strlen(text);
    ASSERT(n <= max);
    memcpy(out, text, n);
    return n;
}

/* "Read everything anew", under the number of the newest event. */
static size_t copy_reset(struct http_listener *l, char *out, size_t max)
{
    char text[RESET_MAX];
    l->next_number = l->stream->next;
    l->reset = false;
    snprintf(text, sizeof(text), "id: %llu\nevent: reset\ndata: {}\n\n",
             (unsigned long long)(l->next_number - 1));
    return copy_text(text, out, max);
}

static size_t fill(struct http_listener *l, char *out, size_t max)
{
    struct http_stream *s = l->stream;
    size_t n = 0;
    if (l->current == NULL && !l->greeted) {
        /* Something to see at once, so that the client knows that it is connected. */
        n = copy_text(":\n\n", out, max);
        l->greeted = true;
    }
    while (n < max) {
        if (l->current != NULL) {
            n += copy_current(l, out + n, max - n);
            continue;
        }
        if (l->next_number < s->oldest)
            l->reset = true;
        if (l->reset) {
            if (max - n < RESET_MAX)
                break;
            n += copy_reset(l, out + n, max - n);
            continue;
        }
        if (l->next_number == s->next)
            break;
        l->current = *slot(s, l->next_number++);
        l->current->holders++;
        l->current_at = 0;
    }
    return n;
}

ssize_t http_listener_read(void *listener, uint64_t position, char *out, size_t max)
{
    struct http_listener *l = listener;
    struct http_stream *s = l->stream;
    ts_ns now = l->steady();
    (void)position;
    pthread_mutex_lock(&s->lock);
    if (l->ended) {
        pthread_mutex_unlock(&s->lock);
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    size_t n = fill(l, out, max);
    if (n == 0 && now - l->sent >= s->heartbeat_ns)
        n = copy_text(":\n\n", out, max);
    if (n > 0) {
        l->sent = now;
        if (l->streamed != NULL)
            atomic_fetch_add(l->streamed, n);
    } else {
        l->suspended = true;
        MHD_suspend_connection(l->mhd);
    }
    pthread_mutex_unlock(&s->lock);
    return (ssize_t)n;
}

void http_listener_tick(struct http_listener *l, ts_ns now)
{
    struct pollfd p = {.fd = l->fd, .events = POLLRDHUP};
    pthread_mutex_lock(&l->stream->lock);
    /* A connection that is suspended does not notice that its client has gone. */
    if (l->suspended && l->fd >= 0 && poll(&p, 1, 0) > 0)
        l->ended = true;
    /* Between two events: none is cut. */
    if (l->current == NULL && now - l->began >= l->stream->life_ns)
        l->ended = true;
    if (l->ended || now - l->sent >= l->stream->heartbeat_ns)
        wake(l);
    pthread_mutex_unlock(&l->stream->lock);
}

void http_listener_end(struct http_listener *l)
{
    pthread_mutex_lock(&l->stream->lock);
    l->ended = true;
    wake(l);
    pthread_mutex_unlock(&l->stream->lock);
}
