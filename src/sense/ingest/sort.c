/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* O_TMPFILE */
#include "ingest/sort.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "event/event.h"
#include "ingest/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_MIN ((size_t)64 << 10)
#define WRITE_SIZE ((size_t)256 << 10)
#define READ_SIZE ((size_t)128 << 10)
#define RUNS_MAX 512 /* merged at once; more than that are first merged into one */

/* Where an event stands in the order, and where its bytes are. */
struct place {
    ts_ns time;
    uint64_t sequence;
    uint32_t source;
    uint32_t n;
    size_t at;
};

struct run {
    int fd;
    uint64_t size, read;
    char *p; /* what was read and not yet taken */
    size_t at, n, cap;
    struct place head; /* of the next event; head.n bytes at p + at */
};

struct ingest_sort {
    size_t memory;
    char *dir;
    struct buf bytes;
    struct place *places;
    size_t n, cap;
    bool in_order; /* places are */
    struct run *runs;
    size_t run_n, run_cap;
    unsigned written;
    uint64_t written_bytes;
    uint64_t count;
};

struct ingest_sort *ingest_sort_new(size_t memory, const char *dir)
{
    struct ingest_sort *s = mem_zero(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->memory = memory == 0 ? INGEST_SORT_MEMORY : memory < MEMORY_MIN ? MEMORY_MIN : memory;
    s->in_order = true;
    buf_init(&s->bytes);
    if (dir == NULL)
        dir = getenv("TMPDIR");
    s->dir = mem_strdup(dir != NULL && *dir != '\0' ? dir : "/tmp");
    if (s->dir == NULL) {
        ingest_sort_free(s);
        return NULL;
    }
    return s;
}

static void close_run(struct run *r)
{
    if (r->fd >= 0)
        close(r->fd);
    mem_free(r->p);
    *r = (struct run){.fd = -1};
}

void ingest_sort_free(struct ingest_sort *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->run_n; i++)
        close_run(&s->runs[i]);
    mem_free(s->runs);
    mem_free(s->places);
    mem_free(s->dir);
    buf_release(&s->bytes);
    mem_free(s);
}

uint64_t ingest_sort_count(const struct ingest_sort *s)
{
    return s->count;
}

unsigned ingest_sort_runs(const struct ingest_sort *s, uint64_t *out_bytes)
{
    *out_bytes = s->written_bytes;
    return s->written;
}

/* By time, source, sequence; then by the order added, so that equal ones stay. */
static int compare(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    if (x->sequence != y->sequence)
        return x->sequence < y->sequence ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static void settle(struct ingest_sort *s)
{
    if (!s->in_order)
        qsort(s->places, s->n, sizeof(s->places[0]), compare);
    s->in_order = true;
}

static int open_temporary(const char *dir)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    /* Not every file system can; a name that is gone at once does the same. */
    char path[4096];
    if ((size_t)snprintf(path, sizeof(path), "%s/weir-sort-XXXXXX", dir) >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static enum err write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
        p += done;
        n -= (size_t)done;
    }
    return ERR_NONE;
}

/* Writes with a buffer; n 0 empties it. */
static enum err put(struct ingest_sort *s, int fd, struct buf *out, const char *p, size_t n)
{
    if (n > 0) {
        buf_le32(out, (uint32_t)n);
        buf_add(out, p, n);
    }
    if (!buf_ok(out))
        return ERR_MEMORY;
    if (n > 0 && out->n < WRITE_SIZE)
        return ERR_NONE;
    enum err code = write_all(fd, buf_text(out), out->n);
    s->written_bytes += out->n;
    buf_clear(out);
    return code;
}

static enum err add_run(struct ingest_sort *s, int fd, uint64_t size)
{
    void *runs = s->runs;
    if (mem_grow(&runs, &s->run_cap, s->run_n + 1, sizeof(s->runs[0])) != 0)
        return ERR_MEMORY;
    s->runs = runs;
    s->runs[s->run_n++] = (struct run){.fd = fd, .size = size};
    s->written++;
    return ERR_NONE;
}

/* Sorts what is in memory and writes it as a run. */
static enum err spill(struct ingest_sort *s)
{
    struct buf out;
    settle(s);
    int fd = open_temporary(s->dir);
    if (fd < 0)
        return ERR_IO;
    buf_init(&out);
    uint64_t before = s->written_bytes;
    enum err code = ERR_NONE;
    for (size_t i = 0; i < s->n && code == ERR_NONE; i++)
        code = put(s, fd, &out, s->bytes.p + s->places[i].at, s->places[i].n);
    if (code == ERR_NONE)
        code = put(s, fd, &out, NULL, 0);
    if (code == ERR_NONE)
        code = add_run(s, fd, s->written_bytes - before);
    int saved = errno;
    buf_release(&out);
    if (code != ERR_NONE)
        close(fd);
    errno = saved;
    if (code == ERR_NONE) {
        buf_clear(&s->bytes);
        s->n = 0;
    }
    return code;
}

/* Bytes that are there from at on, read on until there are n; false: there are not so many. */
static enum err need(struct run *r, size_t n)
{
    if (r->n - r->at >= n)
        return ERR_NONE;
    if (r->at > 0)
        memmove(r->p, r->p + r->at, r->n - r->at);
    r->n -= r->at;
    r->at = 0;
    size_t want = n > READ_SIZE ? n : READ_SIZE;
    if (want > r->cap) {
        char *p = mem_resize(r->p, 1, want);
        if (p == NULL)
            return ERR_MEMORY;
        r->p = p;
        r->cap = want;
    }
    while (r->n < n) {
        ssize_t got = pread(r->fd, r->p + r->n, r->cap - r->n, (off_t)r->read);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        if (got == 0)
            return ERR_FORMAT;
        r->n += (size_t)got;
        r->read += (uint64_t)got;
    }
    return ERR_NONE;
}

/* The head of the next event; head.n is 0 at the end. */
static enum err next(struct run *r)
{
    r->at += r->head.n;
    r->head.n = 0;
    if (r->read == r->size && r->at == r->n)
        return ERR_NONE;
    enum err code = need(r, 4);
    if (code != ERR_NONE)
        return code;
    struct cursor c = cursor_make(r->p + r->at, 4);
    uint32_t n = cursor_le32(&c);
    r->at += 4;
    if (n < 24)
        return ERR_FORMAT;
    code = need(r, n);
    if (code != ERR_NONE)
        return code;
    c = cursor_make(r->p + r->at, n);
    r->head.time = (ts_ns)cursor_le64(&c);
    r->head.sequence = cursor_le64(&c);
    r->head.source = cursor_le32(&c);
    r->head.n = n;
    return ERR_NONE;
}

struct merge {
    struct run **heap; /* the run with the first event on top */
    size_t n;
};

/* Runs were written one after the other, so a run's place breaks ties as the order added does. */
static bool before(const struct run *a, const struct run *b)
{
    struct place x = a->head;
    struct place y = b->head;
    x.at = y.at = 0;
    int c = compare(&x, &y);
    return c != 0 ? c < 0 : a < b;
}

static void sift(struct merge *m, size_t i)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= m->n)
            return;
        if (child + 1 < m->n && before(m->heap[child + 1], m->heap[child]))
            child++;
        if (before(m->heap[i], m->heap[child]))
            return;
        struct run *t = m->heap[i];
        m->heap[i] = m->heap[child];
        m->heap[child] = t;
        i = child;
    }
}

/* All events of the runs in order, as bytes. */
static enum err merge_runs(struct ingest_sort *s, struct run *runs, size_t n,
                           enum err (*give)(struct ingest_sort *, void *, const char *, size_t),
                           void *ctx)
{
    struct merge m = {.heap = mem_zero(n, sizeof(struct run *))};
    enum err code = m.heap != NULL ? ERR_NONE : ERR_MEMORY;
    for (size_t i = 0; i < n && code == ERR_NONE; i++) {
        code = next(&runs[i]);
        if (code == ERR_NONE && runs[i].head.n > 0)
            m.heap[m.n++] = &runs[i];
    }
    for (size_t i = m.n / 2; i-- > 0 && code == ERR_NONE;)
        sift(&m, i);
    while (m.n > 0 && code == ERR_NONE) {
        struct run *r = m.heap[0];
        code = give(s, ctx, r->p + r->at, r->head.n);
        if (code == ERR_NONE)
            code = next(r);
        if (r->head.n == 0)
            m.heap[0] = m.heap[--m.n];
        sift(&m, 0);
    }
    mem_free(m.heap);
    return code;
}

struct rewrite {
    int fd;
    struct buf out;
};

static enum err give_to_run(struct ingest_sort *s, void *ctx, const char *p, size_t n)
{
    struct rewrite *w = ctx;
    return put(s, w->fd, &w->out, p, n);
}

/* Too many runs for one merge: they become one. */
static enum err compact(struct ingest_sort *s)
{
    struct rewrite w = {.fd = open_temporary(s->dir)};
    if (w.fd < 0)
        return ERR_IO;
    buf_init(&w.out);
    uint64_t before_bytes = s->written_bytes;
    enum err code = merge_runs(s, s->runs, s->run_n, give_to_run, &w);
    if (code == ERR_NONE)
        code = put(s, w.fd, &w.out, NULL, 0);
    int saved = errno;
    buf_release(&w.out);
    if (code == ERR_NONE) {
        for (size_t i = 0; i < s->run_n; i++)
            close_run(&s->runs[i]);
        s->run_n = 0;
        code = add_run(s, w.fd, s->written_bytes - before_bytes);
    }
    if (code != ERR_NONE)
        close(w.fd);
    errno = saved;
    return code;
}

enum err ingest_sort_add(struct ingest_sort *s, const struct event *e)
{
    if (s->bytes.n + s->n * sizeof(s->places[0]) >= s->memory) {
        enum err code = spill(s);
        if (code == ERR_NONE && s->run_n >= RUNS_MAX)
            code = compact(s);
        if (code != ERR_NONE)
            return code;
    }
    /* All the memory at once: the system gives it page by page, and nothing is ever moved. */
    if (s->bytes.cap < s->memory && buf_reserve(&s->bytes, s->memory) == NULL)
        return ERR_MEMORY;
    void *places = s->places;
    if (mem_grow(&places, &s->cap, s->n + 1, sizeof(s->places[0])) != 0)
        return ERR_MEMORY;
    s->places = places;
    struct place p = {
        .time = e->time, .sequence = e->sequence, .source = e->source, .at = s->bytes.n};
    ingest_pack_put(&s->bytes, e);
    if (!buf_ok(&s->bytes) || s->bytes.n - p.at > UINT32_MAX) {
        size_t n = p.at;
        s->bytes.failed = false;
        s->bytes.n = n;
        return ERR_MEMORY;
    }
    p.n = (uint32_t)(s->bytes.n - p.at);
    if (s->n > 0 && compare(&s->places[s->n - 1], &p) > 0)
        s->in_order = false;
    s->places[s->n++] = p;
    s->count++;
    return ERR_NONE;
}

struct drain {
    struct arena arena;
    event_sink_fn sink;
    void *ctx;
};

static enum err give_to_sink(struct ingest_sort *s, void *ctx, const char *p, size_t n)
{
    struct drain *d = ctx;
    struct event e;
    (void)s;
    if (!ingest_pack_get(bytes_make(p, n), &d->arena, &e))
        return ERR_FORMAT;
    d->sink(d->ctx, &e);
    arena_clear(&d->arena);
    return ERR_NONE;
}

enum err ingest_sort_drain(struct ingest_sort *s, event_sink_fn sink, void *ctx)
{
    struct drain d = {.sink = sink, .ctx = ctx};
    enum err code = ERR_NONE;
    arena_init(&d.arena, 0);
    if (s->run_n > 0) {
        code = spill(s);
        if (code == ERR_NONE)
            code = merge_runs(s, s->runs, s->run_n, give_to_sink, &d);
    } else {
        settle(s);
        for (size_t i = 0; i < s->n && code == ERR_NONE; i++)
            code = give_to_sink(s, &d, s->bytes.p + s->places[i].at, s->places[i].n);
    }
    int saved = errno;
    arena_release(&d.arena);
    errno = saved;
    return code;
}
