#ifndef HTTP_LANE_H
#define HTTP_LANE_H

/*
 * Which request a thread of the pool takes next, so that long ones do not hold up short ones.
 *
 * Each lane has a queue of its own, and a share of the threads: at least so many, which the others
 * leave free for it, and at most so many. Of the lanes that may have one thread more the first goes
 * first. Within a lane somebody who has many requests holds up his own: the next thread goes to
 * whoever has the fewest, the last one to nobody who has another, and nobody has more than half of
 * the queue. docs/method/server.md has the shares.
 *
 * Ownership: http_lane_free(); items belong to whoever took them last.
 * Threads:   any number push and pop; locks inside.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_lane {
    HTTP_LANE_SHORT, /* is answered as soon as a thread has it */
    HTTP_LANE_TURN,  /* goes on one at a time: more threads would only wait for each other */
    HTTP_LANE_WRITE, /* waits for the disk */
    HTTP_LANE_LONG,  /* takes as long as there is much to look at, or somebody else takes */
};
#define HTTP_LANES 4

struct http_lanes;

/* For so many threads, with so many places in each queue; NULL when memory is short. */
struct http_lanes *http_lane_new(unsigned threads, size_t places);
void http_lane_free(struct http_lanes *l); /* NULL is fine; nobody may wait */

struct http_lane_place {
    enum http_lane lane;
    uint64_t who; /* a number of whoever asks; 0: nobody knows, and there is no share */
};

/* False: closed, the lane's queue is full, or his half of it is. */
bool http_lane_push(struct http_lanes *l, struct http_lane_place place, void *item);
/* Waits; NULL when closed and empty. The thread is the place's until it says that it is done. */
void *http_lane_pop(struct http_lanes *l, struct http_lane_place *out);
void http_lane_done(struct http_lanes *l, struct http_lane_place place);
/* Wakes everybody. What is queued can still be taken, whatever the shares. */
void http_lane_close(struct http_lanes *l);

struct http_lane_counts {
    size_t waiting;
    size_t running;
};
void http_lane_count(struct http_lanes *l, struct http_lane_counts out[HTTP_LANES]);

#endif
