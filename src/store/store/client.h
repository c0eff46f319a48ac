#ifndef STORE_CLIENT_H
#define STORE_CLIENT_H

/*
 * The store's side of a query worker: starts the process when it is needed, speaks the wire, ends
 * it when it does not answer in time or nobody waits for its answer any more.
 *
 * Ownership: store_client_free() ends the process.
 * Threads:   one request at a time: store_client_lock() before, _unlock() after.
 */

#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"
#include "store/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_cancel;
struct store_client;

struct store_client_options {
    const char *exe;    /* NULL: this program */
    const char *arg;    /* its hidden argument */
    const char *folder; /* of the pieces, an absolute path */
    uint64_t memory;
    unsigned threads;
};

enum err store_client_new(const struct store_client_options *options,
                          struct store_client **out) ERR_MUST_CHECK;
void store_client_free(struct store_client *c); /* NULL is fine */

void store_client_lock(struct store_client *c);
/*
 * The same for requests that can be cancelled, while they wait for their turn and until _unlock().
 * ERR_STOPPED: cancelled before its turn came, nothing is locked.
 */
enum err store_client_lock_unless(struct store_client *c, const struct store_cancel *cancel,
                                  struct err_text *why) ERR_MUST_CHECK;
void store_client_unlock(struct store_client *c);

/*
 * Sends batches and a request and waits for its first answer, which store_client_answer() shows.
 * A worker that had ended is started again. An answer of type error comes back as its code with why
 * filled. timeout_ns 0: no limit. ERR_UNSUPPORTED: no worker can be started; ERR_STOPPED: out of
 * time or cancelled, the worker was ended; ERR_IO: the worker failed.
 */
enum err store_client_request(struct store_client *c, const struct bytes *batches, size_t batches_n,
                              enum store_frame_type type, const struct buf *payload,
                              ts_ns timeout_ns, struct err_text *why) ERR_MUST_CHECK;
/* The next answer of the same request, within the same time. */
enum err store_client_next(struct store_client *c, struct err_text *why) ERR_MUST_CHECK;
/* The answer at hand; dies at the next call. */
const struct store_frame *store_client_answer(const struct store_client *c);
/* Ends a request whose answers are no longer wanted, and reads it to its end. */
void store_client_stop(struct store_client *c);
/* Ends the process; the next request starts another. */
void store_client_end(struct store_client *c);

/* Takes leave of a worker that has ended by itself. Call now and then, without the lock. */
void store_client_tidy(struct store_client *c);

/*
 * Removes what workers spilled to the disk and left: folder/spill-PID of that one, or of all (0).
 * Their owners are gone.
 */
void store_client_clean(const char *folder, long pid);

#endif
