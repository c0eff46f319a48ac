#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

/*
 * All that is kept as one file, made while events come in; and a data directory made of such a
 * file. docs/format/backup.md says what is in it and in which order things happen.
 *
 * Threads: store_backup() any, one at a time; store_restore() any.
 */

#include "base/err.h"
#include "base/time.h"
#include "store/archive.h"

#include <stddef.h>
#include <stdint.h>

struct store;
struct store_state;

struct store_backup_sink {
    store_archive_write_fn write; /* false: no more can be written */
    void *ctx;
};

struct store_backup_totals {
    size_t files;
    uint64_t bytes; /* of the files, unpacked */
};

/*
 * Writes the archive of a store and the state beside it. ERR_BUSY: another backup is being made;
 * ERR_STOPPED: the sink took no more; ERR_FULL, ERR_IO, ERR_MEMORY.
 */
enum err store_backup(struct store *s, struct store_state *state, ts_ns now,
                      const struct store_backup_sink *sink, struct store_backup_totals *out,
                      struct err_text *why) ERR_MUST_CHECK;

/*
 * Makes a data directory of a file. ERR_FORMAT: no backup, or damaged; ERR_VERSION: of a newer
 * program; ERR_EXISTS: the directory is not empty; ERR_BUSY: somebody uses it. In all of these
 * nothing was changed. ERR_FULL, ERR_IO, ERR_DENIED: what was begun is removed.
 */
enum err store_restore(const char *file, const char *dir, struct store_backup_totals *out,
                       struct err_text *why) ERR_MUST_CHECK;

/* The same of an open file, which is read from its beginning; name: for sentences. ERR_INVALID when
 * it cannot be read twice. It stays the caller's. */
enum err store_restore_from(int fd, const char *name, const char *dir,
                            struct store_backup_totals *out, struct err_text *why) ERR_MUST_CHECK;

/* Only reads the archive through and checks it, as store_restore() does first. */
enum err store_restore_check(store_archive_read_fn read, void *ctx, const char *name,
                             struct store_backup_totals *out, struct err_text *why) ERR_MUST_CHECK;

#endif
