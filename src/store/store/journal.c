/* SPDX-License-Identifier: Apache-2.0 */
#include "store/journal.h"

#include "store/db.h"
#include "store/ids.h"
#include "store/journal_priv.h"

#include "base/buf.h"
#include "base/mem.h"
#include "event/event.h"

#include <stdio.h>
#include <string.h>

#define JOURNAL_APPLICATION 0x57656972
#define BATCH_BYTES ((size_t)1 << 20) /* a batch is packed when its body is this large */
#define BATCH_LEVEL 1                 /* zstd: the journal is written often and read once */
#define DATASET_LEN 200

static const char *const steps[] = {
    "CREATE TABLE batch (id INTEGER PRIMARY KEY AUTOINCREMENT, dataset TEXT NOT NULL,"
    " min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, rows INTEGER NOT NULL,"
    " data BLOB NOT NULL);"
    "CREATE INDEX batch_dataset ON batch (dataset, id);"
    "CREATE TABLE origin (source TEXT PRIMARY KEY, offset BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE piece (id INTEGER PRIMARY KEY AUTOINCREMENT, dataset TEXT NOT NULL,"
    " level INTEGER NOT NULL, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL,"
    " rows INTEGER NOT NULL, bytes INTEGER NOT NULL, columns TEXT NOT NULL, rest TEXT NOT NULL);"
    "CREATE INDEX piece_time ON piece (min_time, max_time);",
    /* Events had the numbers of their sources before; those are below what is counted from. */
    "CREATE TABLE arrived (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL);"
    "INSERT INTO arrived SELECT 1, CASE WHEN EXISTS (SELECT 1 FROM batch)"
    " OR EXISTS (SELECT 1 FROM piece) THEN 1099511627776 ELSE 0 END;",
    "CREATE TABLE id_secret (one INTEGER PRIMARY KEY CHECK (one = 1), secret BLOB NOT NULL);"
    "INSERT INTO id_secret VALUES (1, randomblob(32));"
    "CREATE TABLE id_run (run INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "CREATE TABLE id_generation (generation INTEGER PRIMARY KEY, names INTEGER NOT NULL,"
    " max_time INTEGER NOT NULL, page_bits INTEGER NOT NULL, filter BLOB NOT NULL);"
    "CREATE TABLE id_page (page INTEGER PRIMARY KEY, data BLOB NOT NULL);",
};

static const struct store_db_kind journal_kind = {
    .what = "the event journal",
    .application_id = JOURNAL_APPLICATION,
    .step = steps,
    .version = sizeof(steps) / sizeof(steps[0]),
};

static enum err load_next_piece(struct store_journal *j)
{
    struct sqlite3_stmt *stmt =
        store_db_prepare(j->db, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence"
                                " WHERE name = 'piece'");
    if (stmt == NULL)
        return store_db_error(j->db);
    enum err rc = store_db_step(j->db, stmt);
    if (rc == ERR_NONE) {
        j->next_piece = store_db_i64(stmt, 0) + 1;
        store_db_reset(stmt);
    }
    return rc;
}

static enum err load_arrived(struct store_journal *j)
{
    struct sqlite3_stmt *stmt = store_db_prepare(j->db, "SELECT last FROM arrived");
    enum err rc = stmt != NULL ? store_db_step(j->db, stmt) : store_db_error(j->db);
    if (rc == ERR_NONE) {
        j->arrived = j->kept = (uint64_t)store_db_i64(stmt, 0);
        store_db_reset(stmt);
    }
    return rc == ERR_END ? ERR_FORMAT : rc;
}

enum err store_journal_open(const char *path, uint64_t ids_most, struct store_journal **out,
                            struct err_text *why)
{
    struct store_journal *j = mem_zero(1, sizeof(*j));
    if (j == NULL || (j->path = mem_strdup(path)) == NULL ||
        pthread_mutex_init(&j->lock, NULL) != 0 || pthread_mutex_init(&j->writer, NULL) != 0) {
        if (j != NULL)
            mem_free(j->path);
        mem_free(j);
        return err_set(why, ERR_MEMORY, "no memory for the event journal");
    }
    enum err rc = store_db_open(path, &journal_kind, &j->db, why);
    if (rc == ERR_NONE) {
        rc = load_next_piece(j);
        if (rc == ERR_NONE)
            rc = load_arrived(j);
        if (rc == ERR_NONE)
            rc = store_ids_open(j->db, ids_most, &j->ids);
        if (rc != ERR_NONE)
            err_set_at(why, rc, path, 0, "cannot read the event journal: %s",
                       store_db_message(j->db));
    }
    if (rc != ERR_NONE) {
        store_journal_close(j);
        return rc;
    }
    *out = j;
    return ERR_NONE;
}

/* The first n. */
static void forget_packed(struct store_journal *j, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_release(&j->packed[i].data);
    j->packed_n -= n;
    for (size_t i = 0; i < j->packed_n; i++)
        j->packed[i] = j->packed[n + i];
}

static void forget_moved(struct store_journal *j)
{
    for (size_t i = 0; i < j->moved_n; i++) {
        mem_free(j->moved[i].source);
        buf_release(&j->moved[i].offset);
    }
    j->moved_n = 0;
}

void store_journal_close(struct store_journal *j)
{
    if (j == NULL)
        return;
    forget_packed(j, j->packed_n);
    forget_moved(j);
    for (size_t i = 0; i < j->list_n; i++) {
        mem_free(j->list[i].dataset);
        store_rows_release(&j->list[i].rows);
    }
    mem_free(j->packed);
    mem_free(j->moved);
    store_ids_close(j->ids);
    store_db_close(j->db);
    pthread_mutex_destroy(&j->writer);
    pthread_mutex_destroy(&j->lock);
    mem_free(j->path);
    mem_free(j);
}

static const char *dataset_of(const struct event *e, size_t *out_n)
{
    static const event_field fields[] = {EVENT_F_DATA_STREAM_DATASET, EVENT_F_EVENT_DATASET};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const struct event_item *item = event_get(e, fields[i]);
        const struct event_value *v = item != NULL ? event_values(item) : NULL;
        if (v != NULL && v->type == EVENT_STR && v->len > 0 && v->len <= DATASET_LEN) {
            *out_n = v->len;
            return v->s;
        }
    }
    *out_n = strlen("generic");
    return "generic";
}

static bool is_dataset(const struct journal_gathering *g, const char *name, size_t n)
{
    return strlen(g->dataset) == n && memcmp(g->dataset, name, n) == 0;
}

/* The gathering of an event's dataset, made when it is new; NULL without memory. */
static struct journal_gathering *gathering_of(struct store_journal *j, const struct event *e)
{
    size_t n;
    const char *name = dataset_of(e, &n);
    if (j->recent < j->list_n && is_dataset(&j->list[j->recent], name, n))
        return &j->list[j->recent];
    if (j->list_n >= JOURNAL_DATASETS) {
        size_t i;
        for (i = 0; i < j->list_n && !is_dataset(&j->list[i], name, n); i++)
            continue;
        if (i == j->list_n) {
            name = "other";
            n = strlen(name);
        }
    }
    for (size_t i = 0; i < j->list_n; i++) {
        if (is_dataset(&j->list[i], name, n)) {
            j->recent = i;
            return &j->list[i];
        }
    }
    struct journal_gathering *g = &j->list[j->list_n];
    g->dataset = mem_strndup(name, n);
    if (g->dataset == NULL || store_rows_init(&g->rows) != ERR_NONE) {
        mem_free(g->dataset);
        return NULL;
    }
    j->recent = j->list_n++;
    return g;
}

static enum err pack(struct store_journal *j, struct journal_gathering *g)
{
    void *grown = j->packed;
    if (g->rows.rows_n == 0)
        return ERR_NONE;
    if (mem_grow(&grown, &j->packed_cap, j->packed_n + 1, sizeof(*j->packed)) != 0)
        return ERR_MEMORY;
    j->packed = grown;
    struct journal_packed p = {.dataset = g->dataset,
                               .min_time = g->rows.min_time,
                               .max_time = g->rows.max_time,
                               .rows = g->rows.rows_n};
    buf_init(&p.data);
    enum err rc = store_rows_pack(&g->rows, BATCH_LEVEL, &p.data);
    if (rc != ERR_NONE) {
        buf_release(&p.data);
        return rc;
    }
    j->packed[j->packed_n++] = p;
    store_rows_clear(&g->rows);
    return ERR_NONE;
}

enum err store_journal_add(struct store_journal *j, struct event *e)
{
    struct journal_gathering *g = gathering_of(j, e);
    if (g == NULL)
        return ERR_MEMORY;
    e->sequence = j->arrived + 1;
    enum err rc = store_rows_add(&g->rows, e);
    if (rc == ERR_LIMIT && g->rows.rows_n > 0) {
        rc = pack(j, g);
        if (rc == ERR_NONE)
            rc = store_rows_add(&g->rows, e);
    }
    if (rc == ERR_NONE)
        j->arrived++;
    /* A batch that cannot be packed now is packed at the commit. */
    if (rc == ERR_NONE && store_rows_size(&g->rows) >= BATCH_BYTES)
        (void)!pack(j, g);
    return rc;
}

enum err store_journal_append(struct store_journal *j, struct event *e)
{
    pthread_mutex_lock(&j->writer);
    enum err rc = store_journal_add(j, e);
    pthread_mutex_unlock(&j->writer);
    return rc;
}

static enum err set_offset(struct store_journal *j, const char *source, const void *p, size_t n)
{
    struct buf value;
    buf_init(&value);
    buf_add(&value, p, n);
    if (!buf_ok(&value))
        return ERR_MEMORY;
    for (size_t i = 0; i < j->moved_n; i++) {
        if (strcmp(j->moved[i].source, source) == 0) {
            buf_release(&j->moved[i].offset);
            j->moved[i].offset = value;
            return ERR_NONE;
        }
    }
    void *grown = j->moved;
    char *copy = mem_strdup(source);
    if (copy == NULL || mem_grow(&grown, &j->moved_cap, j->moved_n + 1, sizeof(*j->moved)) != 0) {
        mem_free(copy);
        buf_release(&value);
        return ERR_MEMORY;
    }
    j->moved = grown;
    j->moved[j->moved_n++] = (struct journal_moved){copy, value};
    return ERR_NONE;
}

enum err store_journal_offset_set(struct store_journal *j, const char *source, const void *p,
                                  size_t n)
{
    pthread_mutex_lock(&j->writer);
    enum err rc = set_offset(j, source, p, n);
    pthread_mutex_unlock(&j->writer);
    return rc;
}

enum err store_journal_offset_get(struct store_journal *j, const char *source, struct buf *out)
{
    pthread_mutex_lock(&j->lock);
    struct sqlite3_stmt *stmt =
        store_db_prepare(j->db, "SELECT offset FROM origin WHERE source = ?");
    enum err rc = store_db_error(j->db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, source);
        rc = store_db_step(j->db, stmt);
        if (rc == ERR_NONE) {
            struct bytes value = store_db_bytes(stmt, 0);
            buf_add(out, value.p, value.n);
            rc = buf_ok(out) ? ERR_NONE : ERR_MEMORY;
            store_db_reset(stmt);
        }
    }
    pthread_mutex_unlock(&j->lock);
    return rc == ERR_END ? ERR_NOT_FOUND : rc;
}

static enum err insert_batch(struct store_journal *j, const struct journal_packed *p)
{
    struct sqlite3_stmt *stmt = store_db_prepare(
        j->db,
        "INSERT INTO batch (dataset, min_time, max_time, rows, data) VALUES (?, ?, ?, ?, ?)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, p->dataset);
        store_db_bind_i64(stmt, 2, p->min_time);
        store_db_bind_i64(stmt, 3, p->max_time);
        store_db_bind_i64(stmt, 4, p->rows);
        store_db_bind_bytes(stmt, 5, p->data.p, p->data.n);
    }
    return store_db_exec(j->db, stmt);
}

static enum err insert_offset(struct store_journal *j, const struct journal_moved *m)
{
    struct sqlite3_stmt *stmt = store_db_prepare(j->db, "REPLACE INTO origin VALUES (?, ?)");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, m->source);
        store_db_bind_bytes(stmt, 2, m->offset.p, m->offset.n);
    }
    return store_db_exec(j->db, stmt);
}

static enum err update_arrived(struct store_journal *j, uint64_t arrived)
{
    struct sqlite3_stmt *stmt = store_db_prepare(j->db, "UPDATE arrived SET last = ?");
    if (stmt != NULL)
        store_db_bind_i64(stmt, 1, (int64_t)arrived);
    return store_db_exec(j->db, stmt);
}

/* Gatherings that had nothing since the last commit make room for other datasets. */
static void forget_idle(struct store_journal *j, const bool *used)
{
    size_t kept = 0;
    if (j->list_n < JOURNAL_DATASETS / 2)
        return;
    for (size_t i = 0; i < j->list_n; i++) {
        if (used[i]) {
            j->list[kept++] = j->list[i];
        } else {
            mem_free(j->list[i].dataset);
            store_rows_release(&j->list[i].rows);
        }
    }
    j->list_n = kept;
    j->recent = 0;
}

/* No gathering has rows any more. */
static enum err pack_all(struct store_journal *j)
{
    enum err rc = ERR_NONE;
    for (size_t i = 0; rc == ERR_NONE && i < j->list_n; i++)
        rc = pack(j, &j->list[i]);
    return rc;
}

enum err store_journal_mark(struct store_journal *j)
{
    pthread_mutex_lock(&j->writer);
    enum err rc = pack_all(j);
    j->is_marked = rc == ERR_NONE;
    j->marked = j->packed_n;
    j->marked_arrived = j->arrived;
    j->marked_ids = store_ids_count(j->ids);
    j->marked_repeated = j->repeated;
    pthread_mutex_unlock(&j->writer);
    return rc;
}

uint64_t store_journal_rewind(struct store_journal *j)
{
    uint64_t rows = 0;
    pthread_mutex_lock(&j->writer);
    for (; j->is_marked && j->packed_n > j->marked; j->packed_n--) {
        rows += j->packed[j->packed_n - 1].rows;
        buf_release(&j->packed[j->packed_n - 1].data);
    }
    for (size_t i = 0; j->is_marked && i < j->list_n; i++) {
        rows += j->list[i].rows.rows_n;
        store_rows_clear(&j->list[i].rows);
    }
    if (j->is_marked) {
        store_ids_rewind(j->ids, j->marked_ids);
        j->repeated = j->marked_repeated;
    }
    j->is_marked = false;
    pthread_mutex_unlock(&j->writer);
    return rows;
}

/* With all, what can be taken back, too: then it no longer can. */
static enum err commit(struct store_journal *j, bool all, uint64_t *out_rows, uint64_t *out_bytes,
                       struct err_text *why)
{
    bool used[JOURNAL_DATASETS + 1] = {false};
    uint64_t rows = 0;
    uint64_t bytes = 0;
    all = all || !j->is_marked;
    enum err rc = all ? pack_all(j) : ERR_NONE;
    if (rc != ERR_NONE)
        return err_set(why, rc, "no memory to pack the events");
    size_t n = all ? j->packed_n : j->marked;
    uint64_t arrived = all ? j->arrived : j->marked_arrived;
    *out_rows = *out_bytes = 0;
    if (n == 0 && j->moved_n == 0) {
        j->is_marked = j->is_marked && !all;
        return ERR_NONE;
    }
    pthread_mutex_lock(&j->lock);
    rc = store_db_begin(j->db);
    for (size_t i = 0; rc == ERR_NONE && i < n; i++) {
        rc = insert_batch(j, &j->packed[i]);
        rows += j->packed[i].rows;
        bytes += j->packed[i].data.n;
        for (size_t k = 0; k < j->list_n; k++)
            used[k] = used[k] || j->list[k].dataset == j->packed[i].dataset;
    }
    for (size_t i = 0; rc == ERR_NONE && i < j->moved_n; i++)
        rc = insert_offset(j, &j->moved[i]);
    if (rc == ERR_NONE && rows > 0)
        rc = update_arrived(j, arrived);
    if (rc == ERR_NONE)
        rc = store_ids_write(j->ids, all ? store_ids_count(j->ids) : j->marked_ids);
    if (rc == ERR_NONE)
        rc = store_db_commit(j->db);
    if (rc != ERR_NONE) {
        err_set_at(why, rc, j->path, 0, "cannot write events: %s", store_db_message(j->db));
        store_db_rollback(j->db);
        store_ids_unwritten(j->ids);
    } else {
        j->kept = arrived;
        store_ids_written(j->ids);
    }
    pthread_mutex_unlock(&j->lock);
    if (rc != ERR_NONE)
        return rc;
    forget_packed(j, n);
    forget_moved(j);
    if (all)
        forget_idle(j, used);
    j->is_marked = j->is_marked && !all;
    j->marked = 0;
    if (j->marked_ids > store_ids_count(j->ids))
        j->marked_ids = store_ids_count(j->ids);
    *out_rows = rows;
    *out_bytes = bytes;
    return ERR_NONE;
}

enum err store_journal_commit(struct store_journal *j, bool all, uint64_t *out_rows,
                              uint64_t *out_bytes, struct err_text *why)
{
    pthread_mutex_lock(&j->writer);
    enum err rc = commit(j, all, out_rows, out_bytes, why);
    pthread_mutex_unlock(&j->writer);
    return rc;
}

uint64_t store_journal_arrived(struct store_journal *j)
{
    pthread_mutex_lock(&j->lock);
    uint64_t kept = j->kept;
    pthread_mutex_unlock(&j->lock);
    return kept;
}

enum err store_journal_backup(struct store_journal *j, const char *path, struct err_text *why)
{
    return store_db_backup(j->db, path, why);
}

int store_journal_version(void)
{
    return journal_kind.version;
}

int64_t store_journal_next_piece(struct store_journal *j)
{
    pthread_mutex_lock(&j->lock);
    int64_t id = j->next_piece++;
    pthread_mutex_unlock(&j->lock);
    return id;
}

static enum err insert_piece(struct store_journal *j, const struct store_piece *p)
{
    struct sqlite3_stmt *stmt =
        store_db_prepare(j->db, "INSERT INTO piece VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, p->id);
        store_db_bind_text(stmt, 2, p->dataset);
        store_db_bind_i64(stmt, 3, p->level);
        store_db_bind_i64(stmt, 4, p->min_time);
        store_db_bind_i64(stmt, 5, p->max_time);
        store_db_bind_i64(stmt, 6, (int64_t)p->rows);
        store_db_bind_i64(stmt, 7, (int64_t)p->bytes);
        store_db_bind_text(stmt, 8, p->columns);
        store_db_bind_text(stmt, 9, p->rest);
    }
    return store_db_exec(j->db, stmt);
}

/* Ends a transaction: commits when all went well, else takes it back. */
static enum err settle(struct store_journal *j, enum err rc, struct err_text *why)
{
    if (rc == ERR_NONE)
        rc = store_db_commit(j->db);
    if (rc != ERR_NONE) {
        err_set_at(why, rc, j->path, 0, "cannot write the list of pieces: %s",
                   store_db_message(j->db));
        store_db_rollback(j->db);
    }
    return rc;
}

enum err store_journal_seal(struct store_journal *j, int64_t last_batch,
                            const struct store_piece *piece, struct err_text *why)
{
    pthread_mutex_lock(&j->lock);
    enum err rc = store_db_begin(j->db);
    if (rc == ERR_NONE) {
        struct sqlite3_stmt *stmt =
            store_db_prepare(j->db, "DELETE FROM batch WHERE dataset = ? AND id <= ?");
        if (stmt != NULL) {
            store_db_bind_text(stmt, 1, piece->dataset);
            store_db_bind_i64(stmt, 2, last_batch);
        }
        rc = store_db_exec(j->db, stmt);
    }
    if (rc == ERR_NONE)
        rc = insert_piece(j, piece);
    rc = settle(j, rc, why);
    pthread_mutex_unlock(&j->lock);
    return rc;
}

enum err store_journal_replace(struct store_journal *j, const int64_t *old, size_t old_n,
                               const struct store_piece *piece, struct err_text *why)
{
    pthread_mutex_lock(&j->lock);
    enum err rc = store_db_begin(j->db);
    for (size_t i = 0; rc == ERR_NONE && i < old_n; i++) {
        struct sqlite3_stmt *stmt = store_db_prepare(j->db, "DELETE FROM piece WHERE id = ?");
        if (stmt != NULL)
            store_db_bind_i64(stmt, 1, old[i]);
        rc = store_db_exec(j->db, stmt);
    }
    if (rc == ERR_NONE && piece != NULL)
        rc = insert_piece(j, piece);
    rc = settle(j, rc, why);
    pthread_mutex_unlock(&j->lock);
    return rc;
}

static enum err read_pieces(struct store_db *db, const struct store_view_filter *f,
                            struct store_snapshot_view *view)
{
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT id, dataset, level, min_time, max_time, rows, bytes, columns, rest FROM piece"
            " WHERE max_time >= ? AND min_time <= ? ORDER BY min_time, id");
    size_t cap = 0;
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, f->first);
        store_db_bind_i64(stmt, 2, f->last);
    }
    while (rc == ERR_NONE && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        void *grown = view->pieces;
        if (mem_grow(&grown, &cap, view->pieces_n + 1, sizeof(*view->pieces)) != 0) {
            rc = ERR_MEMORY;
            break;
        }
        view->pieces = grown;
        struct store_piece p = {
            .id = store_db_i64(stmt, 0),
            .level = (int)store_db_i64(stmt, 2),
            .min_time = store_db_i64(stmt, 3),
            .max_time = store_db_i64(stmt, 4),
            .rows = (uint64_t)store_db_i64(stmt, 5),
            .bytes = (uint64_t)store_db_i64(stmt, 6),
        };
        const char **texts[] = {&p.dataset, &p.columns, &p.rest};
        const int columns[] = {1, 7, 8};
        for (size_t i = 0; rc == ERR_NONE && i < 3; i++) {
            struct bytes b = store_db_bytes(stmt, columns[i]);
            *texts[i] = arena_strndup(&view->arena, (const char *)b.p, b.n);
            if (*texts[i] == NULL)
                rc = ERR_MEMORY;
        }
        if (rc == ERR_NONE)
            view->pieces[view->pieces_n++] = p;
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    return rc == ERR_END ? ERR_NONE : rc;
}

static enum err read_hot(struct store_db *db, const struct store_view_filter *f,
                         struct store_snapshot_view *view)
{
    struct sqlite3_stmt *stmt = store_db_prepare(
        db,
        "SELECT id, dataset, min_time, max_time, rows, data FROM batch"
        " WHERE max_time >= ?1 AND min_time <= ?2 AND (?3 IS NULL OR dataset = ?3) ORDER BY id");
    size_t cap = 0;
    uint64_t rows = 0;
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, f->first);
        store_db_bind_i64(stmt, 2, f->last);
        store_db_bind_text(stmt, 3, f->dataset);
    }
    while (rc == ERR_NONE && (f->hot_rows == 0 || rows < f->hot_rows) &&
           (rc = store_db_step(db, stmt)) == ERR_NONE) {
        void *grown = view->hot;
        struct bytes data = store_db_bytes(stmt, 5);
        const char *dataset = store_db_text(stmt, 1);
        struct store_hot h = {
            .id = store_db_i64(stmt, 0),
            .dataset = arena_strndup(&view->arena, dataset, strlen(dataset)),
            .min_time = store_db_i64(stmt, 2),
            .max_time = store_db_i64(stmt, 3),
            .rows = (uint64_t)store_db_i64(stmt, 4),
            .data = {arena_copy(&view->arena, data.p, data.n), data.n},
        };
        if (h.dataset == NULL || h.data.p == NULL ||
            mem_grow(&grown, &cap, view->hot_n + 1, sizeof(*view->hot)) != 0) {
            rc = ERR_MEMORY;
            break;
        }
        view->hot = grown;
        view->hot[view->hot_n++] = h;
        rows += h.rows;
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_journal_view(struct store_journal *j, const struct store_view_filter *filter,
                            struct store_snapshot_view *out, struct err_text *why)
{
    struct store_db *db;
    struct store_snapshot_view view = {0};
    enum err rc = store_db_open_reader(j->path, &db, why);
    if (rc != ERR_NONE)
        return rc;
    arena_init(&view.arena, 0);
    /* One read transaction: an event is seen in its batch or in its piece, never in both. */
    rc = store_db_run(db, "BEGIN");
    if (rc == ERR_NONE && filter->with_pieces)
        rc = read_pieces(db, filter, &view);
    if (rc == ERR_NONE && filter->with_hot)
        rc = read_hot(db, filter, &view);
    if (rc != ERR_NONE) {
        err_set_at(why, rc, j->path, 0, "cannot read the event journal: %s", store_db_message(db));
        store_journal_view_release(&view);
    } else {
        *out = view;
    }
    store_db_rollback(db);
    store_db_close(db);
    return rc;
}

void store_journal_view_release(struct store_snapshot_view *view)
{
    mem_free(view->pieces);
    mem_free(view->hot);
    arena_release(&view->arena);
    memset(view, 0, sizeof(*view));
}

enum err store_journal_hot_totals(struct store_journal *j, struct arena *arena,
                                  struct store_hot_total **out, size_t *out_n)
{
    struct store_hot_total *list = NULL;
    size_t n = 0;
    size_t cap = 0;
    pthread_mutex_lock(&j->lock);
    struct sqlite3_stmt *stmt = store_db_prepare(
        j->db, "SELECT dataset, sum(rows), sum(length(data)) FROM batch GROUP BY dataset");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(j->db);
    while (rc == ERR_NONE && (rc = store_db_step(j->db, stmt)) == ERR_NONE) {
        const char *dataset = store_db_text(stmt, 0);
        void *grown = list;
        if (mem_grow(&grown, &cap, n + 1, sizeof(*list)) != 0) {
            rc = ERR_MEMORY;
            break;
        }
        list = grown;
        list[n].dataset = arena_strndup(arena, dataset, strlen(dataset));
        list[n].rows = (uint64_t)store_db_i64(stmt, 1);
        list[n].bytes = (uint64_t)store_db_i64(stmt, 2);
        if (list[n].dataset == NULL) {
            rc = ERR_MEMORY;
            break;
        }
        n++;
    }
    if (stmt != NULL)
        store_db_reset(stmt);
    pthread_mutex_unlock(&j->lock);
    if (rc == ERR_END)
        rc = ERR_NONE;
    struct store_hot_total *copy =
        rc == ERR_NONE ? arena_copy(arena, list, (n + (n == 0)) * sizeof(*list) * (n > 0)) : NULL;
    mem_free(list);
    if (rc != ERR_NONE || (n > 0 && copy == NULL))
        return rc != ERR_NONE ? rc : ERR_MEMORY;
    *out = copy;
    *out_n = n;
    return ERR_NONE;
}

enum err store_journal_span(struct store_journal *j, ts_ns *out_min, ts_ns *out_max)
{
    pthread_mutex_lock(&j->lock);
    struct sqlite3_stmt *stmt = store_db_prepare(
        j->db,
        "SELECT min(a), max(b) FROM (SELECT min(min_time) AS a, max(max_time) AS b FROM piece"
        " UNION ALL SELECT min(min_time), max(max_time) FROM batch)");
    enum err rc = stmt != NULL ? store_db_step(j->db, stmt) : store_db_error(j->db);
    if (rc == ERR_NONE) {
        bool any = store_db_text(stmt, 0) != NULL;
        *out_min = any ? store_db_i64(stmt, 0) : TIME_NONE;
        *out_max = any ? store_db_i64(stmt, 1) : TIME_NONE;
        store_db_reset(stmt);
    }
    pthread_mutex_unlock(&j->lock);
    return rc;
}
