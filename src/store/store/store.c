/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "store/store_priv.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "event/event.h"
#include "query/index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY_DEFAULT ((uint64_t)512 << 20)
#define THREADS_DEFAULT 2
#define HOT_ROWS_DEFAULT 200000

static char *join(const char *dir, const char *name)
{
    struct buf b;
    size_t n;
    buf_init(&b);
    buf_str(&b, dir);
    buf_char(&b, '/');
    buf_str(&b, name);
    char *text = buf_take(&b, &n);
    buf_release(&b);
    return text;
}

char *store_piece_path(const struct store *s, int64_t id, const char *suffix)
{
    char name[64];
    snprintf(name, sizeof(name), "%010" PRId64 ".%s", id, suffix);
    return join(s->folder, name);
}

/* Makes a folder when it is missing. */
static enum err make_folder(const char *path, struct err_text *why)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        struct stat st;
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            return ERR_NONE;
        return err_set_at(why, ERR_INVALID, path, 0, "a directory was expected here");
    }
    return err_set_at(why, err_from_errno(errno), path, 0, "cannot make the directory: %s",
                      strerror(errno));
}

/* The lock is held by the open file and so ends with the process, however it ends. */
static enum err take_lock(struct store *s, struct err_text *why)
{
    char text[32] = "";
    char *path = join(s->dir, "lock");
    if (path == NULL)
        return err_set(why, ERR_MEMORY, "no memory to open the store");
    enum err rc = ERR_NONE;
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0) {
        rc = err_set_at(why, err_from_errno(errno), path, 0, "cannot open the lock file: %s",
                        strerror(errno));
    } else if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t n = read(s->lock_fd, text, sizeof(text) - 1);
        long pid = n > 0 ? strtol(text, NULL, 10) : 0;
        rc = errno == EWOULDBLOCK || pid != 0
                 ? err_set_at(why, ERR_BUSY, s->dir, 0,
                              "another Weir (process %ld) uses this data directory", pid)
                 : err_set_at(why, ERR_IO, path, 0, "cannot lock the file: %s", strerror(errno));
    } else {
        int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
        if (ftruncate(s->lock_fd, 0) != 0 || pwrite(s->lock_fd, text, (size_t)n, 0) != n)
            rc = err_set_at(why, err_from_errno(errno), path, 0, "cannot write the lock file: %s",
                            strerror(errno));
    }
    mem_free(path);
    return rc;
}

static enum err check_piece(struct store *s, const struct store_piece *p, struct err_text *why)
{
    struct stat st;
    char *path = store_piece_path(s, p->id, "parquet");
    if (path == NULL)
        return err_set(why, ERR_MEMORY, "no memory to open the store");
    enum err rc = ERR_NONE;
    if (stat(path, &st) != 0)
        rc = err_set_at(why, ERR_FORMAT, path, 0,
                        "this file of events is missing: put it back, or restore a backup");
    else if ((uint64_t)st.st_size != p->bytes)
        rc = err_set_at(why, ERR_FORMAT, path, 0,
                        "this file of events is damaged (%lld bytes, %llu were written): restore "
                        "a backup",
                        (long long)st.st_size, (unsigned long long)p->bytes);
    mem_free(path);
    return rc;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Removes files that no row names: what a crash left between two steps. */
static void remove_orphans(struct store *s, const int64_t *ids, size_t n)
{
    DIR *dir = opendir(s->folder);
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        char *end;
        int64_t id = strtoll(e->d_name, &end, 10);
        bool ours = end != e->d_name && (strcmp(end, ".parquet") == 0 || strcmp(end, ".tmp") == 0);
        if (!ours || (strcmp(end, ".parquet") == 0 &&
                      bsearch(&id, ids, n, sizeof(*ids), compare_ids) != NULL))
            continue;
        if (unlinkat(dirfd(dir), e->d_name, 0) == 0)
            s->stats.orphans++;
    }
    if (dir != NULL)
        closedir(dir);
}

/* Every piece that is named is there and whole; every other file goes. */
static enum err take_stock(struct store *s, struct err_text *why)
{
    struct store_snapshot_view view;
    struct store_view_filter all = {.first = INT64_MIN, .last = TIME_MAX, .with_pieces = true};
    enum err rc = store_journal_view(s->journal, &all, &view, why);
    if (rc != ERR_NONE)
        return rc;
    int64_t *ids = mem_alloc((view.pieces_n + 1) * sizeof(*ids));
    if (ids == NULL)
        rc = err_set(why, ERR_MEMORY, "no memory to open the store");
    for (size_t i = 0; rc == ERR_NONE && i < view.pieces_n; i++) {
        const struct store_piece *p = &view.pieces[i];
        rc = check_piece(s, p, why);
        ids[i] = p->id;
        store_count_piece(s, 1, p->rows, p->bytes);
    }
    if (rc == ERR_NONE) {
        qsort(ids, view.pieces_n, sizeof(*ids), compare_ids);
        remove_orphans(s, ids, view.pieces_n);
    }
    mem_free(ids);
    store_journal_view_release(&view);
    struct arena arena;
    struct store_hot_total *totals;
    size_t n = 0;
    arena_init(&arena, 0);
    if (rc == ERR_NONE) {
        rc = store_journal_hot_totals(s->journal, &arena, &totals, &n);
        if (rc != ERR_NONE)
            err_set(why, rc, "cannot read the event journal: %s", err_name(rc));
    }
    for (size_t i = 0; rc == ERR_NONE && i < n; i++)
        store_count_hot(s, (int64_t)totals[i].rows, (int64_t)totals[i].bytes);
    arena_release(&arena);
    return rc;
}

static enum err make_workers(struct store *s, struct err_text *why)
{
    struct store_client_options o = {
        .exe = s->options.worker_exe,
        .arg = s->options.worker_arg,
        .folder = s->folder,
        .memory = s->options.worker_memory,
        .threads = s->options.worker_threads,
    };
    if (store_client_new(&o, &s->finder) != ERR_NONE ||
        store_client_new(&o, &s->reader) != ERR_NONE ||
        store_client_new(&o, &s->sealer) != ERR_NONE)
        return err_set(why, ERR_MEMORY, "no memory to open the store");
    return ERR_NONE;
}

static void apply_defaults(struct store_options *o)
{
    if (o->worker_arg == NULL)
        o->worker_arg = "--query-worker";
    if (o->worker_memory == 0)
        o->worker_memory = MEMORY_DEFAULT;
    if (o->worker_threads == 0)
        o->worker_threads = THREADS_DEFAULT;
    if (o->hot_rows == 0)
        o->hot_rows = HOT_ROWS_DEFAULT;
}

static enum err open_parts(struct store *s, const char *dir, struct err_text *why)
{
    enum err rc = make_folder(dir, why);
    if (rc != ERR_NONE)
        return rc;
    char resolved[PATH_MAX];
    if (realpath(dir, resolved) == NULL)
        return err_set_at(why, err_from_errno(errno), dir, 0, "cannot open the directory: %s",
                          strerror(errno));
    s->dir = mem_strdup(resolved);
    s->folder = s->dir != NULL ? join(s->dir, "pieces") : NULL;
    char *path = s->dir != NULL ? join(s->dir, "events.db") : NULL;
    if (s->folder == NULL || path == NULL) {
        mem_free(path);
        return err_set(why, ERR_MEMORY, "no memory to open the store");
    }
    rc = take_lock(s, why);
    if (rc == ERR_NONE) {
        store_backup_clean(s->dir);
        rc = store_journal_open(path, s->options.ids, &s->journal, why);
    }
    mem_free(path);
    if (rc == ERR_NONE)
        rc = make_folder(s->folder, why);
    if (rc == ERR_NONE) {
        store_client_clean(s->folder, 0);
        rc = take_stock(s, why);
    }
    if (rc == ERR_NONE && !s->options.no_worker)
        rc = make_workers(s, why);
    return rc;
}

enum err store_open(const char *dir, const struct store_options *options, struct store **out,
                    struct err_text *why)
{
    struct store *s = mem_zero(1, sizeof(*s));
    if (s == NULL)
        return err_set(why, ERR_MEMORY, "no memory to open the store");
    s->lock_fd = -1;
    s->stats.dropped_until = TIME_NONE;
    if (options != NULL)
        s->options = *options;
    apply_defaults(&s->options);
    s->seal_at = s->options.hot_rows;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->maintain, NULL);
    pthread_cond_init(&s->changed, NULL);
    enum err rc = open_parts(s, dir, why);
    if (rc != ERR_NONE) {
        store_close(s);
        return rc;
    }
    *out = s;
    return ERR_NONE;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    if (s->journal != NULL)
        (void)!store_commit(s, NULL);
    store_sealing_end(s);
    store_client_free(s->finder);
    store_client_free(s->reader);
    store_client_free(s->sealer);
    store_journal_close(s->journal);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->maintain);
    pthread_cond_destroy(&s->changed);
    mem_free(s->doomed);
    mem_free(s->dir);
    mem_free(s->folder);
    mem_free(s);
}

static bool is_sound(const struct event *e)
{
    return !e->failed && e->time != TIME_NONE && e->time != TIME_MAX;
}

static enum err count_appended(struct store *s, struct event *e, enum err rc)
{
    if (rc != ERR_NONE)
        e->sequence = 0;
    pthread_mutex_lock(&s->lock);
    if (rc == ERR_NONE)
        s->stats.appended++;
    else if (rc == ERR_LIMIT)
        s->stats.refused++;
    pthread_mutex_unlock(&s->lock);
    return rc;
}

enum err store_append(struct store *s, struct event *e)
{
    return count_appended(s, e, is_sound(e) ? store_journal_append(s->journal, e) : ERR_LIMIT);
}

enum err store_name_look(struct store *s, const struct event *e, struct store_name *name)
{
    char index[QUERY_INDEX_NAME_SIZE];
    (void)query_index_name(e, index);
    return store_journal_look(s->journal, index, event_str(e, EVENT_F_WEIR_ID, ""), name);
}

enum err store_append_named(struct store *s, struct event *e, struct store_name *name)
{
    char index[QUERY_INDEX_NAME_SIZE];
    (void)query_index_name(e, index);
    enum err rc = is_sound(e) ? store_journal_append_named(s->journal, e, index,
                                                           event_str(e, EVENT_F_WEIR_ID, ""), name)
                              : ERR_LIMIT;
    return count_appended(s, e, rc);
}

enum err store_name_find(struct store *s, const char *index, const char *id, ts_ns *out_time,
                         uint64_t *out_sequence)
{
    return store_journal_named(s->journal, index, id, out_time, out_sequence);
}

enum err store_mark(struct store *s)
{
    return store_journal_mark(s->journal);
}

void store_rewind(struct store *s)
{
    uint64_t rows = store_journal_rewind(s->journal);
    pthread_mutex_lock(&s->lock);
    s->stats.appended -= rows;
    pthread_mutex_unlock(&s->lock);
}

enum err store_offset_set(struct store *s, const char *source, const void *p, size_t n)
{
    return store_journal_offset_set(s->journal, source, p, n);
}

uint64_t store_arrived(struct store *s)
{
    return store_journal_arrived(s->journal);
}

enum err store_offset_get(struct store *s, const char *source, struct buf *out)
{
    return store_journal_offset_get(s->journal, source, out);
}

static enum err commit(struct store *s, bool all, struct err_text *why)
{
    uint64_t rows;
    uint64_t bytes;
    enum err rc = store_journal_commit(s->journal, all, &rows, &bytes, why);
    if (rc != ERR_NONE)
        return rc;
    store_count_hot(s, (int64_t)rows, (int64_t)bytes);
    pthread_mutex_lock(&s->lock);
    s->stats.commits++;
    pthread_mutex_unlock(&s->lock);
    return ERR_NONE;
}

enum err store_settle(struct store *s, struct err_text *why)
{
    return commit(s, false, why);
}

enum err store_commit(struct store *s, struct err_text *why)
{
    enum err rc = commit(s, true, why);
    if (rc == ERR_NONE)
        store_sealing_ask(s);
    return rc;
}

void store_count_hot(struct store *s, int64_t rows, int64_t bytes)
{
    pthread_mutex_lock(&s->lock);
    s->stats.hot_rows += (uint64_t)rows;
    s->stats.hot_bytes += (uint64_t)bytes;
    pthread_mutex_unlock(&s->lock);
}

void store_count_piece(struct store *s, int sign, uint64_t rows, uint64_t bytes)
{
    pthread_mutex_lock(&s->lock);
    s->stats.pieces += (uint64_t)(int64_t)sign;
    s->stats.piece_rows += sign > 0 ? rows : -rows;
    s->stats.piece_bytes += sign > 0 ? bytes : -bytes;
    pthread_mutex_unlock(&s->lock);
}

void store_stats(struct store *s, struct store_stats *out)
{
    pthread_mutex_lock(&s->lock);
    struct store_stats stats = s->stats;
    pthread_mutex_unlock(&s->lock);
    struct store_journal_names names;
    store_journal_names(s->journal, &names);
    stats.repeated = names.repeated;
    stats.ids = names.kept;
    stats.ids_forgotten = names.forgotten;
    if (store_journal_span(s->journal, &stats.first_time, &stats.last_time) != ERR_NONE)
        stats.first_time = stats.last_time = TIME_NONE;
    *out = stats;
}

static void unlink_pieces(struct store *s, const int64_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *path = store_piece_path(s, ids[i], "parquet");
        /* What cannot be removed now is an orphan at the next opening. */
        if (path != NULL)
            (void)!unlink(path);
        mem_free(path);
    }
}

void store_readers_enter(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    s->readers++;
    pthread_mutex_unlock(&s->lock);
}

void store_readers_leave(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    if (--s->readers == 0) {
        unlink_pieces(s, s->doomed, s->doomed_n);
        s->doomed_n = 0;
    }
    pthread_mutex_unlock(&s->lock);
}

void store_doom(struct store *s, const int64_t *ids, size_t n)
{
    pthread_mutex_lock(&s->lock);
    void *grown = s->doomed;
    if (s->readers == 0) {
        unlink_pieces(s, ids, n);
    } else if (mem_grow(&grown, &s->doomed_cap, s->doomed_n + n, sizeof(*ids)) == 0) {
        s->doomed = grown;
        memcpy(s->doomed + s->doomed_n, ids, n * sizeof(*ids));
        s->doomed_n += n;
    }
    pthread_mutex_unlock(&s->lock);
}
