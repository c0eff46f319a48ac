#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H

/*
 * A tar archive of regular files in a zstd frame, written and read as a stream; each file's SHA-256
 * is computed on the way. docs/format/backup.md.
 *
 * Ownership: _free() takes NULL. Threads: one owner.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_ARCHIVE_NAME 101 /* with NUL */
#define STORE_ARCHIVE_DIGEST 32

struct store_archive_writer;
struct store_archive_reader;

/* False: no more can be written. */
typedef bool (*store_archive_write_fn)(void *ctx, const void *p, size_t n);

/* NULL without memory. */
struct store_archive_writer *store_archive_writer_new(store_archive_write_fn write, void *ctx);
void store_archive_writer_free(struct store_archive_writer *w);

/* A file of exactly size bytes, to be put in pieces. ERR_STOPPED: the sink took no more. */
enum err store_archive_begin(struct store_archive_writer *w, const char *name,
                             uint64_t size) ERR_MUST_CHECK;
enum err store_archive_put(struct store_archive_writer *w, const void *p, size_t n) ERR_MUST_CHECK;
enum err store_archive_end(struct store_archive_writer *w,
                           uint8_t out_digest[STORE_ARCHIVE_DIGEST]) ERR_MUST_CHECK;
/* Ends the archive. */
enum err store_archive_finish(struct store_archive_writer *w) ERR_MUST_CHECK;

/* Bytes read, 0 at the end; −1: failed, errno says why. */
typedef ptrdiff_t (*store_archive_read_fn)(void *ctx, void *p, size_t n);

struct store_archive_reader *store_archive_reader_new(store_archive_read_fn read, void *ctx);
void store_archive_reader_free(struct store_archive_reader *r);

struct store_archive_entry {
    char name[STORE_ARCHIVE_NAME];
    uint64_t size;
};

/* The next file; what was not read of the one before must have been. ERR_END after the last one;
 * ERR_FORMAT: no such archive, damaged, cut; ERR_IO. */
enum err store_archive_next(struct store_archive_reader *r,
                            struct store_archive_entry *out) ERR_MUST_CHECK;
/* *out_n is 0 when the file has been read; then the digest is that of its bytes. */
enum err store_archive_get(struct store_archive_reader *r, void *p, size_t n, size_t *out_n,
                           uint8_t out_digest[STORE_ARCHIVE_DIGEST]) ERR_MUST_CHECK;

#endif
