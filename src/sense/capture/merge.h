#ifndef CAPTURE_MERGE_H
#define CAPTURE_MERGE_H

/*
 * Several capture files as one source, in order of time.
 *
 * Each call gives the packet with the least time among the next packets of all files; packets of
 * the same time come in the order the files were named. A file whose own packets go back in time is
 * put in order first (capture/sort.h).
 *
 * Ownership: capture_merge_open() opens the files and owns them.
 * Threads:   one owner.
 */

#include "capture/file.h"

#include <stddef.h>

struct capture_merge;

/* n ≥ 1 paths. Fails as capture_file_open() does, for the first file that fails. */
enum err capture_merge_open(const char *const *paths, size_t n, const char *filter,
                            struct err_text *why, struct capture_merge **out) ERR_MUST_CHECK;
void capture_merge_close(struct capture_merge *m); /* NULL is fine */

/*
 * As capture_file_next(). out->interface is one number for each pair of file and interface, counted
 * from 0 in order of first packet.
 */
enum err capture_merge_next(struct capture_merge *m, struct err_text *why,
                            struct capture_packet *out) ERR_MUST_CHECK;

size_t capture_merge_count(const struct capture_merge *m);
const struct capture_file *capture_merge_file(const struct capture_merge *m, size_t i);

#endif
