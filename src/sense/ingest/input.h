#ifndef INGEST_INPUT_H
#define INGEST_INPUT_H

/*
 * A file as a stream of lines, whatever it is packed in: plain, gzip (also several members in one
 * file) or zstd, told by its first bytes; "-" is standard input.
 *
 * Lines end with LF or CR LF; the last needs no end. A line of more than 16 MiB is skipped as a
 * whole. A UTF-8 byte order mark at the beginning is skipped.
 *
 * Ownership: ingest_input_close() ends it; lines are views that die at the next call.
 * Threads:   one owner.
 */

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INGEST_INPUT_PADDING 64 /* bytes that can be read after every line */
#define INGEST_INPUT_LINE_MAX ((size_t)16 << 20)
#define INGEST_INPUT_HEAD_MAX ((size_t)256 << 10)

struct ingest_input;

/* ERR_NOT_FOUND, ERR_DENIED, ERR_IO, ERR_MEMORY, with a sentence in why. */
enum err ingest_input_open(const char *path, struct ingest_input **out,
                           struct err_text *why) ERR_MUST_CHECK;
/* The same from a descriptor, which is the input's from then on, also on failure. */
enum err ingest_input_adopt(int fd, const char *path, struct ingest_input **out,
                            struct err_text *why) ERR_MUST_CHECK;
void ingest_input_close(struct ingest_input *in); /* NULL is fine */

/*
 * The next line without its end. ERR_END when there is none; ERR_LIMIT when a line was too long and
 * was skipped; ERR_FORMAT when packed data is damaged or breaks off, after which the end follows;
 * ERR_IO, ERR_MEMORY.
 */
enum err ingest_input_line(struct ingest_input *in, const char **out, size_t *out_n) ERR_MUST_CHECK;

/* The first bytes, unpacked, without taking them: up to want, fewer at the end of the input. */
enum err ingest_input_peek(struct ingest_input *in, size_t want, const char **out,
                           size_t *out_n) ERR_MUST_CHECK;

/*
 * For whoever reads on in another way: the descriptor and all bytes read from it so far, packed as
 * they are; both stay the input's. ERR_LIMIT when there are more than the first
 * INGEST_INPUT_HEAD_MAX of them, which are not all kept.
 */
enum err ingest_input_head(const struct ingest_input *in, int *out_fd,
                           struct bytes *out) ERR_MUST_CHECK;

/* Lines taken so far, skipped ones included: the number of the last line. */
uint64_t ingest_input_line_number(const struct ingest_input *in);
/* Bytes after unpacking that were taken. */
uint64_t ingest_input_bytes(const struct ingest_input *in);
/* Bytes of the file itself that were read, and its size (0 when it has none): for progress. */
uint64_t ingest_input_position(const struct ingest_input *in, uint64_t *out_size);

#endif
