/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backup.h"

#include "store/db.h"
#include "store/journal.h"
#include "store/state.h"
#include "store/store_priv.h"

#include "base/buf.h"
#include "base/mem.h"
#include "format/write.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES ((size_t)1 << 17)

/* A backup being written. */
struct writing {
    struct store *store;
    struct store_archive_writer *archive;
    struct buf files; /* the list of the manifest */
    struct format_writer w;
    struct store_backup_totals totals;
    char *bytes; /* COPY_BYTES */
};

static const char *const copies[] = {"state.db",         "state.db-wal",     "state.db-shm",
                                     "state.db-journal", "events.db",        "events.db-wal",
                                     "events.db-shm",    "events.db-journal"};

void store_backup_clean(const char *dir)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++)
        if ((size_t)snprintf(path, sizeof(path), "%s/backup/%s", dir, copies[i]) < sizeof(path))
            unlink(path);
    if ((size_t)snprintf(path, sizeof(path), "%s/backup", dir) < sizeof(path))
        rmdir(path);
}

static enum err not_written(enum err err, const char *name, struct err_text *why)
{
    return err == ERR_STOPPED ? err_set(why, err, "nobody takes the backup any more")
                              : err_set(why, err, "%s cannot be packed: %s", name, err_name(err));
}

static void list_file(struct writing *b, const char *name, uint64_t size,
                      const uint8_t digest[STORE_ARCHIVE_DIGEST])
{
    char hex[2 * STORE_ARCHIVE_DIGEST + 1];
    for (size_t i = 0; i < STORE_ARCHIVE_DIGEST; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    format_write_begin_object(&b->w);
    format_write_field_str(&b->w, "name", name);
    format_write_field_i64(&b->w, "size", (int64_t)size);
    format_write_field_str(&b->w, "sha256", hex);
    format_write_end_object(&b->w);
    b->totals.files++;
    b->totals.bytes += size;
}

static enum err add_open_file(struct writing *b, int fd, const char *path, const char *name,
                              struct err_text *why)
{
    struct stat st;
    uint8_t digest[STORE_ARCHIVE_DIGEST];
    if (fstat(fd, &st) != 0)
        return err_set_at(why, err_from_errno(errno), path, 0, "cannot be read: %s",
                          strerror(errno));
    uint64_t left = (uint64_t)st.st_size;
    enum err err = store_archive_begin(b->archive, name, left);
    while (err == ERR_NONE && left > 0) {
        ssize_t got = read(fd, b->bytes, left < COPY_BYTES ? (size_t)left : COPY_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_set_at(why, ERR_IO, path, 0, "cannot be read: %s",
                              got < 0 ? strerror(errno) : "it became shorter");
        left -= (uint64_t)got;
        err = store_archive_put(b->archive, b->bytes, (size_t)got);
    }
    if (err == ERR_NONE)
        err = store_archive_end(b->archive, digest);
    if (err != ERR_NONE)
        return not_written(err, name, why);
    list_file(b, name, (uint64_t)st.st_size, digest);
    return ERR_NONE;
}

static enum err add_file(struct writing *b, const char *path, const char *name,
                         struct err_text *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set_at(why, err_from_errno(errno), path, 0, "cannot be read: %s",
                          strerror(errno));
    enum err err = add_open_file(b, fd, path, name, why);
    close(fd);
    return err;
}

/* The pieces that the copied list names. They are there: nothing is removed meanwhile. */
static enum err add_pieces(struct writing *b, const char *events, struct err_text *why)
{
    struct store_db *db;
    enum err err = store_db_open_reader(events, &db, why);
    if (err != ERR_NONE)
        return err;
    struct sqlite3_stmt *stmt = store_db_prepare(db, "SELECT id FROM piece ORDER BY id");
    err = stmt != NULL ? store_db_step(db, stmt) : store_db_error(db);
    if (err != ERR_NONE && err != ERR_END)
        err_set_at(why, err, events, 0, "cannot be read: %s", store_db_message(db));
    while (err == ERR_NONE) {
        char name[STORE_ARCHIVE_NAME];
        int64_t id = store_db_i64(stmt, 0);
        char *path = store_piece_path(b->store, id, "parquet");
        snprintf(name, sizeof(name), "pieces/%010" PRId64 ".parquet", id);
        err = path != NULL ? add_file(b, path, name, why)
                           : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        mem_free(path);
        if (err == ERR_NONE && (err = store_db_step(db, stmt)) != ERR_NONE && err != ERR_END)
            err_set_at(why, err, events, 0, "cannot be read: %s", store_db_message(db));
    }
    store_db_close(db);
    return err == ERR_END ? ERR_NONE : err;
}

static enum err add_manifest(struct writing *b, ts_ns now, struct err_text *why)
{
    struct buf text;
    struct format_writer w;
    uint8_t digest[STORE_ARCHIVE_DIGEST];
    buf_init(&text);
    format_write_init(&w, &text);
    format_write_begin_object(&w);
    format_write_field_i64(&w, "format", 1);
    format_write_field_str(&w, "weir", WEIR_VERSION);
    format_write_key(&w, "created");
    format_write_time(&w, now);
    format_write_field_i64(&w, "state_version", store_state_version());
    format_write_field_i64(&w, "events_version", store_journal_version());
    buf_str(&text, ",\"files\":");
    format_write_end_array(&b->w);
    buf_add(&text, buf_text(&b->files), b->files.n);
    buf_str(&text, "}\n");
    enum err err = buf_ok(&text) && buf_ok(&b->files) ? ERR_NONE : ERR_MEMORY;
    if (err == ERR_NONE)
        err = store_archive_begin(b->archive, "manifest.json", text.n);
    if (err == ERR_NONE)
        err = store_archive_put(b->archive, text.p, text.n);
    if (err == ERR_NONE)
        err = store_archive_end(b->archive, digest);
    if (err == ERR_NONE)
        err = store_archive_finish(b->archive);
    buf_release(&text);
    return err == ERR_NONE ? ERR_NONE : not_written(err, "manifest.json", why);
}

/* The state first: events may be newer than what was learned of them, never the other way round. */
static enum err write_all(struct writing *b, struct store_state *state, ts_ns now,
                          struct err_text *why)
{
    char path[PATH_MAX];
    struct store *s = b->store;
    if ((size_t)snprintf(path, sizeof(path), "%s/backup/state.db", s->dir) >= sizeof(path) - 8)
        return err_set(why, ERR_INVALID, "the name of the data directory is too long");
    enum err err = store_state_backup(state, path, why);
    if (err == ERR_NONE)
        err = add_file(b, path, "state.db", why);
    store_backup_clean(s->dir); /* its space may be needed by the other copy */
    snprintf(path, sizeof(path), "%s/backup", s->dir);
    if (err == ERR_NONE && mkdir(path, 0700) != 0)
        err =
            err_set_at(why, err_from_errno(errno), path, 0, "cannot be made: %s", strerror(errno));
    snprintf(path, sizeof(path), "%s/backup/events.db", s->dir);
    if (err == ERR_NONE)
        err = store_journal_backup(s->journal, path, why);
    if (err == ERR_NONE)
        err = add_file(b, path, "events.db", why);
    if (err == ERR_NONE)
        err = add_pieces(b, path, why);
    return err == ERR_NONE ? add_manifest(b, now, why) : err;
}

static enum err begin(struct store *s, struct err_text *why)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/backup", s->dir);
    if (mkdir(path, 0700) == 0)
        return ERR_NONE;
    return errno == EEXIST ? err_set(why, ERR_BUSY, "another backup is being made")
                           : err_set_at(why, err_from_errno(errno), path, 0, "cannot be made: %s",
                                        strerror(errno));
}

enum err store_backup(struct store *s, struct store_state *state, ts_ns now,
                      const struct store_backup_sink *sink, struct store_backup_totals *out,
                      struct err_text *why)
{
    struct writing b = {.store = s};
    enum err err = begin(s, why);
    if (err != ERR_NONE)
        return err;
    store_readers_enter(s);
    b.archive = store_archive_writer_new(sink->write, sink->ctx);
    b.bytes = mem_alloc(COPY_BYTES);
    buf_init(&b.files);
    format_write_init(&b.w, &b.files);
    format_write_begin_array(&b.w);
    err = b.archive != NULL && b.bytes != NULL
              ? write_all(&b, state, now, why)
              : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    store_backup_clean(s->dir);
    store_readers_leave(s);
    store_archive_writer_free(b.archive);
    buf_release(&b.files);
    mem_free(b.bytes);
    if (err == ERR_NONE)
        *out = b.totals;
    return err;
}
