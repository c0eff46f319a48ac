#ifndef INGEST_FILE_H
#define INGEST_FILE_H

/*
 * A file at rest, from its name to events: unpacking, lines, the format found out, events.
 *
 * Ownership: ingest_file_close() ends it. Events are borrowed until the sink returns.
 * Threads:   one owner.
 */

#include "base/bytes.h"
#include "ingest/parser.h"

struct ingest_file;

/*
 * Opens a file ("-" is standard input). With format AUTO the first bytes tell what it holds:
 * ingest_file_format() then says ECS, ZEEK, or what this room does not read (PCAP, UNKNOWN), for
 * which ingest_file_run() must not be called. ERR_NOT_FOUND, ERR_DENIED, ERR_IO, ERR_INVALID,
 * ERR_MEMORY.
 */
enum err ingest_file_open(const char *path, const struct ingest_settings *settings,
                          struct ingest_file **out, struct err_text *why) ERR_MUST_CHECK;
void ingest_file_close(struct ingest_file *f); /* NULL is fine */

enum ingest_format ingest_file_format(const struct ingest_file *f);

/*
 * For a format that this room does not read, from a file that cannot be opened twice: the
 * descriptor and the bytes that were read from it, which both stay the file's. ERR_LIMIT when it
 * took so many bytes to tell the format that they are not all kept.
 */
enum err ingest_file_head(const struct ingest_file *f, int *out_fd,
                          struct bytes *out) ERR_MUST_CHECK;

/*
 * Reads at most max_lines more lines (0: all) and gives their events to the sink. ERR_NONE: there
 * is more; ERR_END: all was read; ERR_IO, ERR_MEMORY with a sentence. Damaged packed data ends the
 * file and is counted.
 */
enum err ingest_file_run(struct ingest_file *f, uint64_t max_lines, event_sink_fn sink, void *ctx,
                         struct err_text *why) ERR_MUST_CHECK;

const struct ingest_counts *ingest_file_counts(const struct ingest_file *f);
/* Bytes of the file read so far, and its size or 0: for progress. */
uint64_t ingest_file_position(const struct ingest_file *f, uint64_t *out_size);

#endif
