#ifndef INGEST_FOLLOW_H
#define INGEST_FOLLOW_H

/*
 * Files that grow: a log, or a folder of logs, read as lines are added.
 *
 * A file is known by its device and inode, so that a renamed one is read on under its new name and
 * a new one under the old name begins anew; a file that became shorter is read from its beginning.
 * A line counts when its end is there; what a file that is gone leaves without one is read as its
 * last. In a folder, packed files, hidden ones and those of no known format are left alone, and
 * folders below it are not entered. Nothing waits: somebody polls.
 *
 * The positions can be saved and restored; a file is taken up again when its inode and its first
 * bytes are the same.
 *
 * Ownership: ingest_follow_close() ends it. Events are borrowed until the sink returns.
 * Threads:   one owner.
 */

#include "ingest/parser.h"

struct buf;
struct ingest_follow;

#define INGEST_FOLLOW_FILES 4096 /* open or remembered at once; more are counted and left alone */

/*
 * path is a file or a folder, which need not be there yet: what it is is seen when it comes.
 * ERR_INVALID when it is neither, ERR_MEMORY.
 */
enum err ingest_follow_open(const char *path, const struct ingest_settings *settings,
                            struct ingest_follow **out, struct err_text *why) ERR_MUST_CHECK;
void ingest_follow_close(struct ingest_follow *f); /* NULL is fine */

/*
 * Looks for new files and new lines, reads at most max_lines lines (0: all there are) and gives
 * their events to the sink. Files with more lines than that are read in turn, the one whose times
 * are earliest next, so that a folder's logs go through the past together. *out_lines (NULL is
 * fine) is how many lines were read: max_lines means that there may be more. Files that cannot be
 * read are counted and tried again at the next poll.
 */
enum err ingest_follow_poll(struct ingest_follow *f, uint64_t max_lines, ts_ns until,
                            event_sink_fn sink, void *ctx, uint64_t *out_lines) ERR_MUST_CHECK;

/*
 * Up to which time the files were read: the latest time that was met in the file that is farthest
 * behind; TIME_NONE when that is not known yet; TIME_MAX when all were read to their end.
 */
ts_ns ingest_follow_time(const struct ingest_follow *f);

/* What all files together gave, those that are gone included. */
void ingest_follow_counts(const struct ingest_follow *f, struct ingest_counts *out);

struct ingest_follow_state {
    uint64_t files;     /* read now */
    uint64_t rotated;   /* another file stood under the name, or the file went */
    uint64_t truncated; /* became shorter, read from the beginning */
    uint64_t ignored;   /* of no format that is read here */
    uint64_t refused;   /* above INGEST_FOLLOW_FILES */
    uint64_t failures;  /* could not be opened or read */
};
struct ingest_follow_state ingest_follow_state(const struct ingest_follow *f);

/* Appends the positions as a JSON object, to be kept with what was read up to here. */
void ingest_follow_save(const struct ingest_follow *f, struct buf *out);
/* Before the first poll. ERR_FORMAT, ERR_MEMORY. */
enum err ingest_follow_restore(struct ingest_follow *f, const char *text, size_t n,
                               struct err_text *why) ERR_MUST_CHECK;

#endif
