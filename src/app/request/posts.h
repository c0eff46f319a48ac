#ifndef REQUEST_POSTS_H
#define REQUEST_POSTS_H

/*
 * Posts to jobs that wait for the directory's lock: whoever gets it does what waits besides, so
 * that all of it shares one wait for the disk.
 *
 * Ownership: request_posts_free(), when nobody waits.
 * Threads:   any.
 */

struct request_data;
struct engine_post;
struct request_posts;

struct request_posts *request_posts_new(void);    /* NULL when memory is short */
void request_posts_free(struct request_posts *p); /* NULL is fine */

/* Returns when the post says what became of it (engine_jobs_post); nobody holds the lock. ERR_BUSY
 * also when no daemon runs. */
void request_posts_do(struct request_data *d, struct engine_post *post);

#endif
