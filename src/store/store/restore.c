/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backup.h"

#include "store/journal.h"
#include "store/state.h"

#include "base/buf.h"
#include "base/mem.h"
#include "format/node.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES ((size_t)1 << 17)
#define MANIFEST_MAX ((uint64_t)64 << 20)

struct listed {
    struct store_archive_entry entry;
    uint8_t digest[STORE_ARCHIVE_DIGEST];
};

struct reading {
    const char *file; /* for sentences */
    struct store_archive_reader *archive;
    char *bytes; /* COPY_BYTES */
    struct listed *list;
    size_t n, cap;
    struct store_backup_totals totals;
};

static enum err broken(const struct reading *r, enum err err, struct err_text *why)
{
    int number = errno;
    switch (err) {
    case ERR_FORMAT:
        return err_set_at(why, err, r->file, 0, "this is no backup of Weir's, or it is damaged");
    case ERR_IO:
        return err_set_at(why, err, r->file, 0, "cannot be read: %s", strerror(number));
    default:
        return err_set_at(why, err, r->file, 0, "%s", err_name(err));
    }
}

/* "pieces/", ten digits or more, ".parquet". */
static bool is_piece(const char *name)
{
    if (strncmp(name, "pieces/", 7) != 0)
        return false;
    size_t digits = strspn(name + 7, "0123456789");
    return digits >= 10 && digits <= 19 && strcmp(name + 7 + digits, ".parquet") == 0;
}

/* The names that may stand in the archive, in their order. */
static bool fits(const struct reading *r, const char *name)
{
    if (r->n < 2)
        return strcmp(name, r->n == 0 ? "state.db" : "events.db") == 0;
    if (!is_piece(name))
        return false;
    const char *before = r->list[r->n - 1].entry.name;
    size_t n = strlen(name), m = strlen(before);
    return r->n == 2 || n > m || (n == m && strcmp(name, before) > 0);
}

typedef enum err (*take_fn)(void *ctx, const char *p, size_t n, struct err_text *why);

/* The bytes of the file at hand to whoever takes them (NULL: nobody). */
static enum err pass(struct reading *r, take_fn take, void *ctx,
                     uint8_t digest[STORE_ARCHIVE_DIGEST], struct err_text *why)
{
    for (;;) {
        size_t n;
        enum err err = store_archive_get(r->archive, r->bytes, COPY_BYTES, &n, digest);
        if (err != ERR_NONE)
            return broken(r, err, why);
        if (n == 0)
            return ERR_NONE;
        err = take != NULL ? take(ctx, r->bytes, n, why) : ERR_NONE;
        if (err != ERR_NONE)
            return err;
    }
}

static enum err take_text(void *ctx, const char *p, size_t n, struct err_text *why)
{
    struct buf *text = ctx;
    buf_add(text, p, n);
    return buf_ok(text) ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

static bool is_listed(const struct format_node *node, const struct listed *l)
{
    char hex[2 * STORE_ARCHIVE_DIGEST + 1];
    for (size_t i = 0; i < STORE_ARCHIVE_DIGEST; i++)
        snprintf(hex + 2 * i, 3, "%02x", l->digest[i]);
    return strcmp(format_node_str(format_node_get(node, "name"), ""), l->entry.name) == 0 &&
           format_node_int(format_node_get(node, "size"), -1) == (int64_t)l->entry.size &&
           strcmp(format_node_str(format_node_get(node, "sha256"), ""), hex) == 0;
}

static enum err check_versions(const struct reading *r, const struct format_node *manifest,
                               struct err_text *why)
{
    int64_t format = format_node_int(format_node_get(manifest, "format"), 0);
    int64_t state = format_node_int(format_node_get(manifest, "state_version"), 0);
    int64_t events = format_node_int(format_node_get(manifest, "events_version"), 0);
    if (format < 1 || state < 1 || events < 1)
        return broken(r, ERR_FORMAT, why);
    if (format > 1 || state > store_state_version() || events > store_journal_version())
        return err_set_at(why, ERR_VERSION, r->file, 0,
                          "this backup was made by a newer Weir (%.40s): use that one",
                          format_node_str(format_node_get(manifest, "weir"), "?"));
    return ERR_NONE;
}

static enum err check_manifest(struct reading *r, uint64_t size, struct err_text *why)
{
    struct buf text;
    struct format_node *manifest = NULL;
    uint8_t digest[STORE_ARCHIVE_DIGEST];
    buf_init(&text);
    enum err err =
        size <= MANIFEST_MAX ? pass(r, take_text, &text, digest, why) : broken(r, ERR_FORMAT, why);
    if (err == ERR_NONE &&
        format_node_json(buf_text(&text), text.n, "manifest.json", &manifest, why) != ERR_NONE)
        err = broken(r, ERR_FORMAT, why);
    if (err == ERR_NONE)
        err = check_versions(r, manifest, why);
    if (err == ERR_NONE) {
        const struct format_node *files = format_node_get(manifest, "files");
        bool same = format_node_count(files) == r->n && r->n >= 2;
        for (size_t i = 0; same && i < r->n; i++)
            same = is_listed(format_node_at(files, i), &r->list[i]);
        if (!same)
            err = err_set_at(why, ERR_FORMAT, r->file, 0,
                             "this backup is damaged: its files are not those that it lists");
    }
    format_node_free(manifest);
    buf_release(&text);
    return err;
}

static enum err note(struct reading *r, const struct store_archive_entry *entry,
                     struct err_text *why)
{
    void *grown = r->list;
    if (mem_grow(&grown, &r->cap, r->n + 1, sizeof(*r->list)) != 0)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    r->list = grown;
    struct listed *l = &r->list[r->n];
    l->entry = *entry;
    enum err err = pass(r, NULL, NULL, l->digest, why);
    if (err != ERR_NONE)
        return err;
    r->n++;
    r->totals.files++;
    r->totals.bytes += entry->size;
    return ERR_NONE;
}

/* The first reading: nothing is written, everything looked at. */
static enum err check_all(struct reading *r, struct err_text *why)
{
    struct store_archive_entry entry;
    for (;;) {
        enum err err = store_archive_next(r->archive, &entry);
        if (err != ERR_NONE) /* also its end: the manifest was to come */
            return broken(r, err == ERR_END ? ERR_FORMAT : err, why);
        if (strcmp(entry.name, "manifest.json") == 0)
            break;
        err = fits(r, entry.name) ? note(r, &entry, why) : broken(r, ERR_FORMAT, why);
        if (err != ERR_NONE)
            return err;
    }
    enum err err = check_manifest(r, entry.size, why);
    if (err == ERR_NONE && (err = store_archive_next(r->archive, &entry)) != ERR_END)
        return broken(r, err == ERR_NONE ? ERR_FORMAT : err, why);
    return err == ERR_END ? ERR_NONE : err;
}

static enum err open_archive(struct reading *r, store_archive_read_fn read, void *ctx,
                             struct err_text *why)
{
    store_archive_reader_free(r->archive);
    r->archive = store_archive_reader_new(read, ctx);
    if (r->bytes == NULL)
        r->bytes = mem_alloc(COPY_BYTES);
    return r->archive != NULL && r->bytes != NULL
               ? ERR_NONE
               : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

static void release(struct reading *r)
{
    store_archive_reader_free(r->archive);
    mem_free(r->bytes);
    mem_free(r->list);
}

enum err store_restore_check(store_archive_read_fn read, void *ctx, const char *name,
                             struct store_backup_totals *out, struct err_text *why)
{
    struct reading r = {.file = name};
    enum err err = open_archive(&r, read, ctx, why);
    if (err == ERR_NONE)
        err = check_all(&r, why);
    if (err == ERR_NONE)
        *out = r.totals;
    release(&r);
    return err;
}

static ptrdiff_t read_file(void *ctx, void *p, size_t n)
{
    const int *fd = ctx;
    ssize_t got;
    do
        got = read(*fd, p, n);
    while (got < 0 && errno == EINTR);
    return got;
}

/* The directory that is filled. */
struct target {
    const char *dir;
    int fd;      /* of the directory */
    int staging; /* of dir/restoring */
    int lock;
    bool made, staged;
    uid_t uid; /* whose the files become, when root restores */
    gid_t gid;
};

static enum err dir_error(const struct target *t, const char *what, struct err_text *why)
{
    int number = errno;
    return err_set_at(why, err_from_errno(number), t->dir, 0, "%s: %s", what, strerror(number));
}

/* Empty but for the lock, which somebody may have taken before us and gone. */
static enum err see_empty(const struct target *t, struct err_text *why)
{
    bool empty = true;
    int fd = openat(t->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        enum err err = dir_error(t, "cannot be read", why);
        if (fd >= 0)
            close(fd);
        return err;
    }
    for (const struct dirent *e; empty && (e = readdir(dir)) != NULL;)
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
                strcmp(e->d_name, "lock") == 0;
    closedir(dir);
    return empty ? ERR_NONE
                 : err_set_at(why, ERR_EXISTS, t->dir, 0,
                              "the directory is not empty: a backup is restored into an empty one");
}

static enum err open_target(struct target *t, struct err_text *why)
{
    struct stat st;
    t->made = mkdir(t->dir, 0700) == 0;
    t->fd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (t->fd < 0 || fstat(t->fd, &st) != 0)
        return dir_error(t, "cannot be opened", why);
    t->uid = st.st_uid;
    t->gid = st.st_gid;
    /* A lock that is there is asked before anything is made: its owner may run. */
    t->lock = openat(t->fd, "lock", O_RDWR | O_CLOEXEC);
    if (t->lock >= 0 && flock(t->lock, LOCK_EX | LOCK_NB) != 0)
        return err_set_at(why, ERR_BUSY, t->dir, 0, "a Weir uses this data directory");
    enum err err = see_empty(t, why);
    if (err == ERR_NONE && t->lock < 0) {
        t->lock = openat(t->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (t->lock < 0 || flock(t->lock, LOCK_EX | LOCK_NB) != 0)
            err = dir_error(t, "cannot be locked", why);
        else if (geteuid() == 0 && fchown(t->lock, t->uid, t->gid) != 0)
            err = dir_error(t, "its lock cannot be given to its owner", why);
    }
    return err;
}

/* A file or folder that was made: its owner's, when root restores. */
static bool give(const struct target *t, int fd)
{
    return geteuid() != 0 || fchown(fd, t->uid, t->gid) == 0;
}

static enum err make_staging(struct target *t, struct err_text *why)
{
    t->staged = mkdirat(t->fd, "restoring", 0700) == 0;
    t->staging = t->staged ? openat(t->fd, "restoring", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool ok = t->staging >= 0 && mkdirat(t->staging, "pieces", 0700) == 0;
    int pieces = ok ? openat(t->staging, "pieces", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    ok = pieces >= 0 && give(t, pieces);
    enum err err = ok ? ERR_NONE : dir_error(t, "cannot be written", why);
    if (pieces >= 0)
        close(pieces);
    return err;
}

static enum err take_bytes(void *ctx, const char *p, size_t n, struct err_text *why)
{
    const int *fd = ctx;
    while (n > 0) {
        ssize_t done = write(*fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            int number = errno;
            return err_set(why, err_from_errno(number), "the files cannot be written: %s",
                           strerror(number));
        }
        p += done;
        n -= (size_t)done;
    }
    return ERR_NONE;
}

/* The second reading of a file: to its place, and held to what the first one saw. */
static enum err write_file(struct reading *r, const struct target *t, const struct listed *l,
                           struct err_text *why)
{
    struct store_archive_entry entry;
    uint8_t digest[STORE_ARCHIVE_DIGEST];
    enum err err = store_archive_next(r->archive, &entry);
    if (err == ERR_END || (err == ERR_NONE && strcmp(entry.name, l->entry.name) != 0))
        err = ERR_FORMAT;
    if (err != ERR_NONE)
        return broken(r, err, why);
    int fd = openat(t->staging, entry.name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return dir_error(t, "cannot be written", why);
    err = pass(r, take_bytes, &fd, digest, why);
    if (err == ERR_NONE && memcmp(digest, l->digest, sizeof(digest)) != 0)
        err = err_set_at(why, ERR_FORMAT, r->file, 0, "the backup was changed while it was read");
    if (err == ERR_NONE && (!give(t, fd) || fsync(fd) != 0))
        err = dir_error(t, "cannot be written", why);
    close(fd);
    return err;
}

/* events.db comes last: without it what is there is nobody's. */
static enum err settle(const struct target *t, struct err_text *why)
{
    static const char *const parts[] = {"pieces", "state.db", "events.db"};
    int pieces = openat(t->staging, "pieces", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = pieces >= 0 && fsync(pieces) == 0 && fsync(t->staging) == 0;
    for (size_t i = 0; ok && i < sizeof(parts) / sizeof(parts[0]); i++)
        ok = renameat(t->staging, parts[i], t->fd, parts[i]) == 0 && fsync(t->fd) == 0;
    enum err err = ok ? ERR_NONE : dir_error(t, "cannot be written", why);
    if (pieces >= 0)
        close(pieces);
    return err;
}

/* What was begun goes: nothing else was in the directory. */
static void undo(const struct reading *r, const struct target *t)
{
    const int folders[] = {t->staging, t->fd};
    for (size_t k = 0; t->staged && k < 2; k++) {
        for (size_t i = 0; folders[k] >= 0 && i < r->n; i++)
            unlinkat(folders[k], r->list[i].entry.name, 0);
        if (folders[k] >= 0)
            unlinkat(folders[k], "pieces", AT_REMOVEDIR);
    }
}

static void close_target(struct target *t, bool done)
{
    if (t->staged)
        unlinkat(t->fd, "restoring", AT_REMOVEDIR);
    if (t->made && !done && t->fd >= 0) {
        unlinkat(t->fd, "lock", 0);
        rmdir(t->dir);
    }
    if (t->staging >= 0)
        close(t->staging);
    if (t->lock >= 0)
        close(t->lock);
    if (t->fd >= 0)
        close(t->fd);
}

static enum err fill(struct reading *r, const char *dir, struct err_text *why)
{
    struct target t = {.dir = dir, .fd = -1, .staging = -1, .lock = -1};
    enum err err = open_target(&t, why);
    if (err == ERR_NONE)
        err = make_staging(&t, why);
    for (size_t i = 0; err == ERR_NONE && i < r->n; i++)
        err = write_file(r, &t, &r->list[i], why);
    if (err == ERR_NONE)
        err = settle(&t, why);
    if (err != ERR_NONE)
        undo(r, &t);
    close_target(&t, err == ERR_NONE);
    return err;
}

enum err store_restore(const char *file, const char *dir, struct store_backup_totals *out,
                       struct err_text *why)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set_at(why, err_from_errno(errno), file, 0, "cannot be read: %s",
                          strerror(errno));
    enum err err = store_restore_from(fd, file, dir, out, why);
    close(fd);
    return err;
}

enum err store_restore_from(int fd, const char *name, const char *dir,
                            struct store_backup_totals *out, struct err_text *why)
{
    struct reading r = {.file = name};
    (void)lseek(fd, 0, SEEK_SET); /* what cannot go back is found out below */
    enum err err = open_archive(&r, read_file, &fd, why);
    if (err == ERR_NONE)
        err = check_all(&r, why);
    if (err == ERR_NONE && lseek(fd, 0, SEEK_SET) != 0)
        err = err_set_at(why, ERR_INVALID, name, 0,
                         "this cannot be read twice: a regular file is expected");
    if (err == ERR_NONE)
        err = open_archive(&r, read_file, &fd, why);
    if (err == ERR_NONE)
        err = fill(&r, dir, why);
    if (err == ERR_NONE)
        *out = r.totals;
    release(&r);
    return err;
}
