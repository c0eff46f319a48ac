#ifndef CAPTURE_SORT_H
#define CAPTURE_SORT_H

/*
 * The packets of a capture file in order of time, when the file itself is not.
 *
 * Files merged by hand, or written by several threads, hold packets that go back in time, by
 * minutes or more; a flow table wants them in order. capture_sort_needed() reads a file once and
 * says whether its times ever go back; only then is a sorter worth its cost. It reads all packets,
 * keeps what fits its memory, writes sorted runs to unnamed temporary files beyond that, and merges
 * them. Packets of one time stay in the order of the file.
 *
 * Method: external merge sort; the runs are merged with a heap.
 *
 * Ownership: capture_sort_new() makes it and borrows the file; packets are views that die at the
 *            next call.
 * Threads:   one owner.
 */

#include "capture/file.h"

#include <stddef.h>

struct capture_sort;

#define CAPTURE_SORT_MEMORY ((size_t)256 << 20)

/*
 * Whether the packets of the file at path go back in time. What is no regular file (standard input,
 * a pipe) cannot be read twice and is taken as it comes. Fails as capture_file_open() does.
 */
enum err capture_sort_needed(const char *path, const char *filter, struct err_text *why,
                             bool *out) ERR_MUST_CHECK;

/* Reads f to its end. memory 0: CAPTURE_SORT_MEMORY. ERR_MEMORY, ERR_IO, ERR_FULL. */
enum err capture_sort_new(struct capture_file *f, size_t memory, struct err_text *why,
                          struct capture_sort **out) ERR_MUST_CHECK;
void capture_sort_free(struct capture_sort *s); /* NULL is fine */

/* The next packet in order of time. ERR_END, ERR_IO. */
enum err capture_sort_next(struct capture_sort *s, struct err_text *why,
                           struct capture_packet *out) ERR_MUST_CHECK;

/* Temporary files written. */
size_t capture_sort_runs(const struct capture_sort *s);

#endif
