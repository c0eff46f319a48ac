#ifndef REQUEST_DATA_H
#define REQUEST_DATA_H

/*
 * A data directory, opened: its events, its state, and the lock that says so.
 *
 * Ownership: request_data_close(); it owns store and state.
 * Threads:   store and state have rules of their own; the pipeline belongs to whoever holds lock.
 */

#include "base/err.h"
#include "base/time.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct deliver_notify;
struct engine_pipeline;
struct request_posts;
struct store;
struct store_options;
struct store_state;

#define REQUEST_DATA_SERVER_SIZE 96

struct request_data {
    char *dir;
    struct store *store;
    struct store_state *state;
    /* Guards the pipeline and all changes of jobs and rules. */
    pthread_mutex_t lock;
    struct engine_pipeline *pipeline;      /* NULL: nothing runs on this directory */
    struct request_posts *posts;           /* to jobs, that wait for the lock */
    struct deliver_notify *notify;         /* NULL: nothing is sent from here; has its own locks */
    char server[REQUEST_DATA_SERVER_SIZE]; /* where it answers; "": nowhere; lock guards it */
    bool previews;                         /* a job is previewed; lock guards it */
    int64_t forecast;                      /* number of the newest one's id; lock guards it */
    /* Somebody changed something by a request; called with the lock held. NULL: nobody wants to
     * know. */
    void (*on_change)(void *ctx, const char *command, const char *verb, const char *id);
    void *change_ctx;
    ts_ns (*now)(void); /* the wall clock */
};

/* The directory to use: dir, or when that is empty the usual one (weir.toml(5): data_dir).
 * ERR_INVALID when it does not fit, or there is no home. */
#define REQUEST_DATA_DIR_SIZE 4096
enum err request_data_dir(const char *dir, char out[REQUEST_DATA_DIR_SIZE],
                          struct err_text *why) ERR_MUST_CHECK;

/* Makes the directory, with those above it. ERR_DENIED, ERR_FULL, ERR_IO, ERR_INVALID. */
enum err request_data_make(const char *dir, struct err_text *why) ERR_MUST_CHECK;

/* Makes the directory when it is not there. ERR_BUSY: a daemon runs on it. */
enum err request_data_open(const char *dir, const struct store_options *options,
                           struct request_data **out, struct err_text *why) ERR_MUST_CHECK;
void request_data_close(struct request_data *d); /* NULL is fine */

#endif
