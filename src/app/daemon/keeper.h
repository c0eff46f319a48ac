#ifndef DAEMON_KEEPER_H
#define DAEMON_KEEPER_H

/*
 * The thread that keeps the store in order: seals events once a minute, merges pieces, removes what
 * is too old or too much, and tells what it removed; and gives idle memory back to the system.
 *
 * Ownership: daemon_keeper_stop() ends the thread and frees; borrows the store.
 * Threads:   start and stop from one thread; log is called from the keeper's.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>

struct daemon_keeper;
struct store;

typedef void (*daemon_log_fn)(void *ctx, int level, const char *sentence);

enum err daemon_keeper_start(struct store *store, daemon_log_fn log, void *ctx,
                             struct daemon_keeper **out, struct err_text *why) ERR_MUST_CHECK;
void daemon_keeper_stop(struct daemon_keeper *k); /* NULL is fine */

/*
 * What the thread does each minute, at wall-clock time now. *troubled: the last time failed, begins
 * false; a trouble that lasts is told once.
 */
void daemon_keeper_tidy(struct store *store, ts_ns now, daemon_log_fn log, void *ctx,
                        bool *troubled);

#endif
