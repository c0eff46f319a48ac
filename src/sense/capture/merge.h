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

/*
 * A file by its path ("-" is standard input); or one that is open already, with the bytes that were
 * read of it to see what it is. What cannot be read twice comes so, and packets of such a file are
 * taken in the order they stand.
 */
struct capture_merge_input {
    const char *path; /* when it is open: its name for messages */
    bool open;
    int fd; /* stays the caller's: the merge reads on from a copy of it */
    struct bytes head;
};

/* n ≥ 1 files. Fails as capture_file_open() does, for the first file that fails. */
enum err capture_merge_open(const struct capture_merge_input *inputs, size_t n, const char *filter,
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
