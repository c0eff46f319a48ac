#ifndef DAEMON_SERVE_PRIV_H
#define DAEMON_SERVE_PRIV_H

/*
 * The inside of `weir serve`, for those who put it together (serve.c) and run it (serve_loop.c).
 */

#include "base/err.h"
#include "base/time.h"
#include "daemon/serve.h"
#include "ingest/truth.h"
#include "request/data.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { DAEMON_SOURCE_WIRE, DAEMON_SOURCE_TAIL, DAEMON_SOURCES, DAEMON_SOURCE_API = DAEMON_SOURCES };

struct daemon_serving {
    const struct daemon_serve_settings *settings;
    char dir[REQUEST_DATA_DIR_SIZE];
    struct request_data *data;
    struct engine_pipeline *pipeline;
    struct thread_team *team;
    struct enrich *enrich;
    struct ring *ring;
    struct feed_wire *wire;
    struct feed_tail *tail;
    struct request_control *control;
    struct daemon_keeper *keeper;
    struct daemon_intake *intake;    /* events that come through the server */
    struct ingest_delta *delta;      /* of their running totals */
    struct ingest_counts counts;     /* of their corrections */
    struct daemon_web *web;          /* NULL: there is no server */
    struct deliver_courier *courier; /* NULL: nothing may be sent */
    struct deliver_notify *notify;
    struct daemon_live *live;    /* what its listeners are told; NULL without one */
    int service;                 /* to the manager of services */
    bool active[DAEMON_SOURCES]; /* began, and has not ended */
    ts_ns watermark[DAEMON_SOURCES];
    ts_ns begun;            /* before any source was opened */
    ts_ns committed, saved; /* passing time of the last commit and save */
    atomic_bool full;       /* the disk was full at the last turn, and that was told */
    bool behind;            /* jobs get stored events, a slice at a time */
    bool feeding;           /* and searches of rules, piece by piece */
    unsigned slices_failed; /* one after the other, the last one at slice_failed */
    ts_ns slice_failed;
    bool stopping;
    enum err ended; /* why a source ended that was not asked to; the first one */
    struct err_text ended_why;
};

/* A line of the log. */
void daemon_serve_tell(const struct daemon_serving *s, int level, const char *sentence);

/* serve_loop.c: what happens once a second, when there is something to do, and more seldom. A full
 * disk is no failure: it is told once, and tried again each second. */
enum err daemon_serve_turn(struct daemon_serving *s, struct err_text *why) ERR_MUST_CHECK;
/* Until all sources have ended or somebody asks to stop. */
enum err daemon_serve_loop(struct daemon_serving *s, struct err_text *why) ERR_MUST_CHECK;
/* What came is kept, then what was learned of it: never the other way round. */
enum err daemon_serve_keep(struct daemon_serving *s, struct err_text *why) ERR_MUST_CHECK;

#endif
