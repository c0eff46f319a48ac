#ifndef BASE_THREAD_H
#define BASE_THREAD_H

/*
 * A fixed team of threads that shares out numbered pieces of work and waits for all of them.
 *
 * With one worker the pieces run in the caller, in order. Results must not depend on which worker
 * ran a piece.
 *
 * Ownership: thread_team_free() ends the threads.
 * Threads:   thread_team_run() from one thread at a time.
 */

#include <stddef.h>

struct thread_team;

/* workers ≥ 1, the caller included. NULL when threads or memory are short. */
struct thread_team *thread_team_new(unsigned workers);
void thread_team_free(struct thread_team *t); /* NULL is fine */
unsigned thread_team_workers(const struct thread_team *t);

/* Calls work(ctx, piece) for piece 0 … pieces−1 and returns when all are done. */
void thread_team_run(struct thread_team *t, size_t pieces, void (*work)(void *ctx, size_t piece),
                     void *ctx);

#endif
