/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "store/store_priv.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEAL_ROWS 200000   /* rows of one sealed piece, about */
#define HOT_FACTOR 3       /* a commit waits for sealing when so many times too much is hot */
#define MERGE_ROWS 4000000 /* a merged piece has no more */
#define MERGE_PIECES 256   /* nor is it made from more */
#define MERGE_LATE (5 * TIME_MIN) /* an hour's pieces are merged so long after its end */

/* Makes a written piece last: the file, its name, and the folder that holds it. */
static enum err settle_file(struct store *s, const char *from, const char *to, struct err_text *why)
{
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    int folder = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok =
        fd >= 0 && folder >= 0 && fsync(fd) == 0 && rename(from, to) == 0 && fsync(folder) == 0;
    enum err rc = ok ? ERR_NONE
                     : err_set_at(why, err_from_errno(errno), to, 0,
                                  "cannot keep the sealed events: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    return rc;
}

/* What the worker says of the piece it wrote. Texts live in the arena. */
static enum err read_sealed(struct store *s, struct arena *arena, struct store_piece *out,
                            struct err_text *why)
{
    const struct store_frame *f = store_client_answer(s->sealer);
    struct cursor c = cursor_make(f->body.p, f->body.n);
    out->rows = cursor_le64(&c);
    out->bytes = cursor_le64(&c);
    out->min_time = (ts_ns)cursor_le64(&c);
    out->max_time = (ts_ns)cursor_le64(&c);
    struct bytes columns = store_frame_text(&c);
    struct bytes rest = store_frame_text(&c);
    if (f->type != STORE_FRAME_SEALED || !cursor_ok(&c)) {
        store_client_end(s->sealer);
        return err_set(why, ERR_IO, "the query worker's answer cannot be read");
    }
    out->columns = arena_strndup(arena, (const char *)columns.p, columns.n);
    out->rest = arena_strndup(arena, (const char *)rest.p, rest.n);
    return out->columns != NULL && out->rest != NULL ? ERR_NONE
                                                     : err_set(why, ERR_MEMORY, "no memory");
}

/*
 * Has the worker write a piece (payload: what follows the path) and makes its file last. The piece
 * is not yet in the journal.
 */
static enum err write_piece(struct store *s, enum store_frame_type type,
                            const struct bytes *batches, size_t batches_n, const struct buf *more,
                            struct arena *arena, struct store_piece *piece, struct err_text *why)
{
    struct buf payload;
    piece->id = store_journal_next_piece(s->journal);
    char *from = store_piece_path(s, piece->id, "tmp");
    char *to = store_piece_path(s, piece->id, "parquet");
    buf_init(&payload);
    enum err rc = from != NULL && to != NULL ? ERR_NONE : ERR_MEMORY;
    if (rc == ERR_NONE) {
        store_frame_put_text(&payload, from, strlen(from));
        if (more != NULL)
            buf_add(&payload, more->p, more->n);
        rc = buf_ok(&payload) ? ERR_NONE : ERR_MEMORY;
    }
    if (rc != ERR_NONE) {
        err_set(why, rc, "no memory to seal events");
    } else {
        store_client_lock(s->sealer);
        rc = store_client_request(s->sealer, batches, batches_n, type, &payload, 0, why);
        if (rc == ERR_NONE)
            rc = read_sealed(s, arena, piece, why);
        store_client_unlock(s->sealer);
        if (rc == ERR_NONE)
            rc = settle_file(s, from, to, why);
        if (rc != ERR_NONE)
            (void)!unlink(from);
    }
    buf_release(&payload);
    mem_free(from);
    mem_free(to);
    return rc;
}

/* Seals the oldest batches of a dataset into one piece; *more: there may be more of them. */
static enum err seal_some(struct store *s, const char *dataset, bool *more, struct err_text *why)
{
    struct store_snapshot_view view;
    struct store_view_filter filter = {.first = INT64_MIN,
                                       .last = TIME_MAX,
                                       .dataset = dataset,
                                       .hot_rows = SEAL_ROWS,
                                       .with_hot = true};
    *more = false;
    enum err rc = store_journal_view(s->journal, &filter, &view, why);
    if (rc != ERR_NONE)
        return rc;
    struct store_piece piece = {.dataset = dataset, .level = 0};
    struct bytes *batches = mem_alloc((view.hot_n + 1) * sizeof(*batches));
    uint64_t bytes = 0;
    if (batches == NULL)
        rc = err_set(why, ERR_MEMORY, "no memory to seal events");
    for (size_t i = 0; rc == ERR_NONE && i < view.hot_n; i++) {
        batches[i] = view.hot[i].data;
        bytes += view.hot[i].data.n;
    }
    if (rc == ERR_NONE && view.hot_n > 0) {
        rc = write_piece(s, STORE_FRAME_SEAL, batches, view.hot_n, NULL, &view.arena, &piece, why);
        if (rc == ERR_NONE)
            rc = store_journal_seal(s->journal, view.hot[view.hot_n - 1].id, &piece, why);
        if (rc == ERR_NONE) {
            store_count_hot(s, -(int64_t)piece.rows, -(int64_t)bytes);
            store_count_piece(s, 1, piece.rows, piece.bytes);
            *more = piece.rows >= SEAL_ROWS;
        }
    }
    mem_free(batches);
    store_journal_view_release(&view);
    return rc;
}

static enum err seal_all(struct store *s, struct err_text *why)
{
    struct arena arena;
    struct store_hot_total *totals;
    size_t n = 0;
    arena_init(&arena, 0);
    enum err rc = store_journal_hot_totals(s->journal, &arena, &totals, &n);
    if (rc != ERR_NONE)
        err_set(why, rc, "cannot read the event journal: %s", err_name(rc));
    for (size_t i = 0; rc == ERR_NONE && i < n; i++) {
        bool more = true;
        while (rc == ERR_NONE && more)
            rc = seal_some(s, totals[i].dataset, &more, why);
    }
    arena_release(&arena);
    return rc;
}

enum err store_seal(struct store *s, struct err_text *why)
{
    if (s->sealer == NULL)
        return err_set(why, ERR_UNSUPPORTED, "this store was opened without a query worker");
    pthread_mutex_lock(&s->maintain);
    enum err rc = seal_all(s, why);
    pthread_mutex_unlock(&s->maintain);
    return rc;
}

/* Seals whenever a commit asks. The events are safe whether it works or not. */
static void *seal_when_asked(void *arg)
{
    struct store *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->closing) {
        if (!s->seal_wanted) {
            pthread_cond_wait(&s->changed, &s->lock);
            continue;
        }
        pthread_mutex_unlock(&s->lock);
        enum err rc = store_seal(s, NULL);
        pthread_mutex_lock(&s->lock);
        /* What fails is tried again when much more has come. */
        s->seal_at = s->options.hot_rows + (rc == ERR_NONE ? 0 : 2 * s->stats.hot_rows);
        s->seal_wanted = false;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

void store_sealing_ask(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    if (s->sealer != NULL && s->stats.hot_rows >= s->seal_at) {
        s->seal_wanted = true;
        if (!s->has_sealing)
            s->has_sealing = pthread_create(&s->sealing, NULL, seal_when_asked, s) == 0;
        pthread_cond_broadcast(&s->changed);
        while (s->has_sealing && s->seal_wanted && s->stats.hot_rows >= HOT_FACTOR * s->seal_at)
            pthread_cond_wait(&s->changed, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
}

void store_sealing_end(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (s->has_sealing)
        pthread_join(s->sealing, NULL);
}

/* Puts pieces in place of others, in the journal and in the numbers, and drops the files. */
static enum err replace(struct store *s, const struct store_piece *const *old, size_t n,
                        const struct store_piece *piece, struct err_text *why)
{
    int64_t *ids = mem_alloc((n + 1) * sizeof(*ids));
    if (ids == NULL)
        return err_set(why, ERR_MEMORY, "no memory to drop pieces");
    for (size_t i = 0; i < n; i++)
        ids[i] = old[i]->id;
    enum err rc = store_journal_replace(s->journal, ids, n, piece, why);
    if (rc == ERR_NONE) {
        for (size_t i = 0; i < n; i++)
            store_count_piece(s, -1, old[i]->rows, old[i]->bytes);
        if (piece != NULL)
            store_count_piece(s, 1, piece->rows, piece->bytes);
        store_doom(s, ids, n);
    }
    mem_free(ids);
    return rc;
}

static enum err merge(struct store *s, const struct store_piece *const *old, size_t n,
                      struct err_text *why)
{
    struct arena arena;
    struct buf list;
    struct store_piece piece = {.dataset = old[0]->dataset, .level = 1};
    uint64_t rows = 0;
    enum err rc = ERR_NONE;
    arena_init(&arena, 0);
    buf_init(&list);
    buf_le32(&list, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        char *path = store_piece_path(s, old[i]->id, "parquet");
        if (path == NULL)
            rc = err_set(why, ERR_MEMORY, "no memory to merge pieces");
        else
            store_frame_put_piece(&list, path, old[i]->columns, old[i]->rest);
        mem_free(path);
        rows += old[i]->rows;
    }
    if (rc == ERR_NONE && !buf_ok(&list))
        rc = err_set(why, ERR_MEMORY, "no memory to merge pieces");
    if (rc == ERR_NONE)
        rc = write_piece(s, STORE_FRAME_MERGE, NULL, 0, &list, &arena, &piece, why);
    if (rc == ERR_NONE && piece.rows != rows)
        rc = err_set(why, ERR_FORMAT,
                     "merging %llu events gave %llu: the pieces are kept as they "
                     "are",
                     (unsigned long long)rows, (unsigned long long)piece.rows);
    if (rc == ERR_NONE)
        rc = replace(s, old, n, &piece, why);
    else
        store_doom(s, &piece.id, 1);
    buf_release(&list);
    arena_release(&arena);
    return rc;
}

/* Whether a piece may be merged at that time, and with which hour's. */
static bool is_mergeable(const struct store_piece *p, ts_ns now, ts_ns *out_hour)
{
    *out_hour = time_floor(p->min_time, TIME_HOUR);
    return p->rows < MERGE_ROWS / 2 && *out_hour < now - TIME_HOUR - MERGE_LATE;
}

static enum err merge_hours(struct store *s, const struct store_snapshot_view *view, ts_ns now,
                            struct err_text *why)
{
    const struct store_piece *group[MERGE_PIECES];
    bool *done = mem_zero(view->pieces_n + 1, sizeof(*done));
    enum err rc = done != NULL ? ERR_NONE : err_set(why, ERR_MEMORY, "no memory to merge pieces");
    for (size_t i = 0; rc == ERR_NONE && i < view->pieces_n; i++) {
        ts_ns hour;
        size_t n = 0;
        uint64_t rows = 0;
        if (done[i] || !is_mergeable(&view->pieces[i], now, &hour))
            continue;
        /* Pieces are in order of their earliest event: an hour's stand together. */
        for (size_t k = i; k < view->pieces_n && n < MERGE_PIECES; k++) {
            const struct store_piece *p = &view->pieces[k];
            ts_ns other;
            bool fits = !done[k] && is_mergeable(p, now, &other) && other == hour &&
                        rows + p->rows <= MERGE_ROWS &&
                        strcmp(p->dataset, view->pieces[i].dataset) == 0;
            if (p->min_time >= hour + TIME_HOUR)
                break;
            if (fits) {
                group[n++] = p;
                rows += p->rows;
                done[k] = true;
            }
        }
        if (n > 1)
            rc = merge(s, group, n, why);
    }
    mem_free(done);
    return rc;
}

/* *until: the latest event that this housekeeping dropped so far. */
static enum err drop(struct store *s, const struct store_piece *p, bool by_age, ts_ns *until,
                     struct err_text *why)
{
    enum err rc = replace(s, &p, 1, NULL, why);
    if (rc == ERR_NONE) {
        if (p->max_time > *until)
            *until = p->max_time;
        pthread_mutex_lock(&s->lock);
        s->stats.dropped_pieces++;
        s->stats.dropped_rows += p->rows;
        s->stats.dropped_old_rows += by_age ? p->rows : 0;
        s->stats.dropped_until = *until;
        pthread_mutex_unlock(&s->lock);
    }
    return rc;
}

/*
 * Its events are from before a time, and came before it, too: whoever brings the past has just
 * brought it. A piece's file is written when its newest events have come.
 */
static bool is_old(const struct store *s, const struct store_piece *p, ts_ns before)
{
    struct stat st;
    if (p->max_time >= before)
        return false;
    char *path = store_piece_path(s, p->id, "parquet");
    /* Of a file that is not there nothing is left to keep; who cannot be asked now is later. */
    bool old = path != NULL &&
               (stat(path, &st) == 0 ? st.st_mtim.tv_sec < before / TIME_S : errno == ENOENT);
    mem_free(path);
    return old;
}

/* Drops what is too old, then the oldest of what is too much. */
static enum err keep_limits(struct store *s, const struct store_snapshot_view *view, ts_ns now,
                            struct err_text *why)
{
    bool *gone = mem_zero(view->pieces_n + 1, sizeof(*gone));
    uint64_t bytes = 0;
    ts_ns until = TIME_NONE;
    enum err rc = gone != NULL ? ERR_NONE : err_set(why, ERR_MEMORY, "no memory to drop pieces");
    for (size_t i = 0; rc == ERR_NONE && i < view->pieces_n; i++) {
        const struct store_piece *p = &view->pieces[i];
        gone[i] = s->options.keep_age_ns > 0 && is_old(s, p, now - s->options.keep_age_ns);
        if (gone[i])
            rc = drop(s, p, true, &until, why);
        else
            bytes += p->bytes;
    }
    while (rc == ERR_NONE && s->options.keep_bytes > 0 && bytes > s->options.keep_bytes) {
        size_t oldest = view->pieces_n;
        for (size_t i = 0; i < view->pieces_n; i++)
            if (!gone[i] && (oldest == view->pieces_n ||
                             view->pieces[i].max_time < view->pieces[oldest].max_time))
                oldest = i;
        if (oldest == view->pieces_n)
            break;
        gone[oldest] = true;
        bytes -= view->pieces[oldest].bytes;
        rc = drop(s, &view->pieces[oldest], false, &until, why);
    }
    mem_free(gone);
    return rc;
}

static enum err with_pieces(struct store *s, ts_ns now, struct err_text *why,
                            enum err (*work)(struct store *, const struct store_snapshot_view *,
                                             ts_ns, struct err_text *))
{
    struct store_snapshot_view view;
    struct store_view_filter all = {.first = INT64_MIN, .last = TIME_MAX, .with_pieces = true};
    enum err rc = store_journal_view(s->journal, &all, &view, why);
    if (rc != ERR_NONE)
        return rc;
    rc = work(s, &view, now, why);
    store_journal_view_release(&view);
    return rc;
}

enum err store_maintain(struct store *s, ts_ns now, struct err_text *why)
{
    pthread_mutex_lock(&s->maintain);
    /* Limits first: they need no worker, and what is dropped need not be merged. */
    enum err rc = with_pieces(s, now, why, keep_limits);
    if (rc == ERR_NONE)
        rc = store_journal_prune(s->journal, why);
    if (s->sealer != NULL) {
        if (rc == ERR_NONE)
            rc = seal_all(s, why);
        if (rc == ERR_NONE)
            rc = with_pieces(s, now, why, merge_hours);
        /* A minute's work is done; what the worker held in memory is given back. */
        store_client_lock(s->sealer);
        store_client_end(s->sealer);
        store_client_unlock(s->sealer);
        store_client_tidy(s->finder);
        store_client_tidy(s->reader);
    }
    pthread_mutex_unlock(&s->maintain);
    return rc;
}
