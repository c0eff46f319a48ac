/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/sort.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What stands before the bytes of a packet, in memory and in a run. */
struct head {
    ts_ns ts;
    uint64_t place; /* in the file */
    uint32_t link;
    uint32_t interface;
    uint32_t wire_len;
    uint32_t n;
};

struct entry {
    ts_ns ts;
    uint64_t place;
    size_t at; /* of the head in the buffer */
};

struct run {
    FILE *file;  /* NULL: the packets in memory */
    size_t next; /* of the entries, in memory */
    struct head head;
    struct buf data; /* of head's packet, from a file */
};

struct capture_sort {
    struct buf bytes;
    struct entry *entries;
    size_t n, cap;
    struct run *runs; /* those in files, then the one in memory */
    size_t runs_n, runs_cap;
    struct run **heap;
    size_t heap_n;
    struct run *given; /* its packet was given out and is to be replaced */
};

enum err capture_sort_needed(const char *path, const char *filter, struct err_text *why, bool *out)
{
    struct stat st;
    struct capture_file *f;
    struct capture_packet p;
    ts_ns last = INT64_MIN;
    *out = false;
    if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_NONE;
    enum err err = capture_file_open(path, filter, why, &f);
    if (err != ERR_NONE)
        return err;
    while (!*out && (err = capture_file_next(f, why, &p)) == ERR_NONE) {
        *out = p.ts < last;
        last = p.ts;
    }
    capture_file_close(f);
    return err == ERR_END ? ERR_NONE : err;
}

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->ts != y->ts)
        return x->ts < y->ts ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static enum err temporary_failed(struct err_text *why)
{
    int number = errno;
    return err_set(why, err_from_errno(number),
                   "packets cannot be put in order, a temporary file fails: %s", strerror(number));
}

static struct run *add_run(struct capture_sort *s)
{
    if (mem_grow((void **)&s->runs, &s->runs_cap, s->runs_n + 1, sizeof(*s->runs)) != 0)
        return NULL;
    s->runs[s->runs_n] = (struct run){0};
    return &s->runs[s->runs_n++];
}

/* What is in memory becomes a run in a file. */
static enum err spill(struct capture_sort *s, struct err_text *why)
{
    struct run *r = add_run(s);
    if (r == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    qsort(s->entries, s->n, sizeof(*s->entries), compare);
    r->file = tmpfile();
    if (r->file == NULL)
        return temporary_failed(why);
    for (size_t i = 0; i < s->n; i++) {
        struct head h;
        const char *from = s->bytes.p + s->entries[i].at;
        memcpy(&h, from, sizeof(h));
        if (fwrite(from, 1, sizeof(h) + h.n, r->file) != sizeof(h) + h.n)
            return temporary_failed(why);
    }
    if (fflush(r->file) != 0)
        return temporary_failed(why);
    rewind(r->file);
    s->n = 0;
    buf_clear(&s->bytes);
    return ERR_NONE;
}

static enum err read_all(struct capture_sort *s, struct capture_file *f, size_t memory,
                         struct err_text *why)
{
    struct capture_packet p;
    enum err err;
    for (uint64_t place = 0; (err = capture_file_next(f, why, &p)) == ERR_NONE; place++) {
        const struct head h = {p.ts, place, p.link, p.interface, p.wire_len, (uint32_t)p.data.n};
        if (s->n > 0 && s->bytes.n + s->n * sizeof(struct entry) + p.data.n > memory &&
            (err = spill(s, why)) != ERR_NONE)
            return err;
        if (mem_grow((void **)&s->entries, &s->cap, s->n + 1, sizeof(*s->entries)) != 0)
            return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        s->entries[s->n++] = (struct entry){p.ts, place, s->bytes.n};
        buf_add(&s->bytes, &h, sizeof(h));
        buf_add(&s->bytes, p.data.p, p.data.n);
        if (!buf_ok(&s->bytes))
            return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    return err == ERR_END ? ERR_NONE : err;
}

/* The run's next packet into its head; ERR_END when it has none. */
static enum err step(struct capture_sort *s, struct run *r, struct err_text *why)
{
    if (r->file == NULL) {
        if (r->next == s->n)
            return ERR_END;
        memcpy(&r->head, s->bytes.p + s->entries[r->next++].at, sizeof(r->head));
        return ERR_NONE;
    }
    size_t got = fread(&r->head, 1, sizeof(r->head), r->file);
    if (got == 0 && feof(r->file))
        return ERR_END;
    buf_clear(&r->data);
    char *to = got == sizeof(r->head) ? buf_reserve(&r->data, r->head.n) : NULL;
    if (to == NULL || fread(to, 1, r->head.n, r->file) != r->head.n)
        return temporary_failed(why);
    r->data.n = r->head.n;
    return ERR_NONE;
}

static bool comes_before(const struct run *a, const struct run *b)
{
    return a->head.ts != b->head.ts ? a->head.ts < b->head.ts : a->head.place < b->head.place;
}

static void settle_top(struct capture_sort *s)
{
    struct run *moving = s->heap[0];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < s->heap_n; i = child) {
        if (child + 1 < s->heap_n && comes_before(s->heap[child + 1], s->heap[child]))
            child++;
        if (!comes_before(s->heap[child], moving))
            break;
        s->heap[i] = s->heap[child];
    }
    s->heap[i] = moving;
}

static enum err begin_merge(struct capture_sort *s, struct err_text *why)
{
    qsort(s->entries, s->n, sizeof(*s->entries), compare);
    if (add_run(s) == NULL || (s->heap = mem_zero(s->runs_n, sizeof(struct run *))) == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (size_t i = 0; i < s->runs_n; i++) {
        enum err err = step(s, &s->runs[i], why);
        if (err == ERR_END)
            continue;
        if (err != ERR_NONE)
            return err;
        size_t at = s->heap_n++;
        while (at > 0 && comes_before(&s->runs[i], s->heap[(at - 1) / 2])) {
            s->heap[at] = s->heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        s->heap[at] = &s->runs[i];
    }
    return ERR_NONE;
}

enum err capture_sort_new(struct capture_file *f, size_t memory, struct err_text *why,
                          struct capture_sort **out)
{
    struct capture_sort *s = mem_zero(1, sizeof(*s));
    if (s == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    enum err err = read_all(s, f, memory > 0 ? memory : CAPTURE_SORT_MEMORY, why);
    if (err == ERR_NONE)
        err = begin_merge(s, why);
    if (err != ERR_NONE) {
        capture_sort_free(s);
        return err;
    }
    *out = s;
    return ERR_NONE;
}

void capture_sort_free(struct capture_sort *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->runs_n; i++) {
        if (s->runs[i].file != NULL)
            fclose(s->runs[i].file);
        buf_release(&s->runs[i].data);
    }
    mem_free(s->runs);
    mem_free(s->heap);
    mem_free(s->entries);
    buf_release(&s->bytes);
    mem_free(s);
}

enum err capture_sort_next(struct capture_sort *s, struct err_text *why, struct capture_packet *out)
{
    if (s->given != NULL) {
        enum err err = step(s, s->given, why);
        if (err == ERR_END)
            s->heap[0] = s->heap[--s->heap_n];
        else if (err != ERR_NONE)
            return err;
        s->given = NULL;
        if (s->heap_n > 1)
            settle_top(s);
    }
    if (s->heap_n == 0)
        return ERR_END;
    struct run *r = s->heap[0];
    const void *data = r->file != NULL ? (const void *)buf_text(&r->data)
                                       : s->bytes.p + s->entries[r->next - 1].at + sizeof(r->head);
    *out = (struct capture_packet){
        .ts = r->head.ts,
        .link = r->head.link,
        .interface = r->head.interface,
        .wire_len = r->head.wire_len,
        .data = bytes_make(data, r->head.n),
    };
    s->given = r;
    return ERR_NONE;
}

size_t capture_sort_runs(const struct capture_sort *s)
{
    return s->runs_n - 1;
}
