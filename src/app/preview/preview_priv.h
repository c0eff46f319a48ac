#ifndef PREVIEW_PREVIEW_PRIV_H
#define PREVIEW_PREVIEW_PRIV_H

/*
 * What the run (preview.c) counts and the report (preview_write.c) tells.
 *
 * Threads: see preview.h.
 */

#include "detect/detect.h"
#include "preview/preview.h"

#include <stdint.h>

#define PREVIEW_WORST 5
#define PREVIEW_SCORES 101 /* whole scores: 0 to 100 */

struct query_index;

/* Counts of one part of the time. */
struct preview_tally {
    uint64_t records[PREVIEW_SCORES];  /* by their score, rounded down */
    uint64_t buckets[PREVIEW_SCORES];  /* with a record of at least so much */
    uint64_t episodes[PREVIEW_SCORES]; /* runs of such buckets */
    ts_ns last[PREVIEW_SCORES];        /* start of the newest such bucket */
};

struct preview_record {
    double score;
    ts_ns time;
    char *doc;
    size_t n;
};

struct preview {
    struct detect_job *job;
    struct detect_feed *feed;
    struct query_index *index;
    struct detect *engine;
    struct engine_rows *rows; /* what the datafeed aggregates; NULL: it gives events */
    ts_ns from;
    ts_ns to;
    double per_day;
    ts_ns expected;    /* up to when events come; TIME_NONE: not known */
    ts_ns first;       /* start of the first bucket; TIME_NONE before it */
    ts_ns learn_until; /* where learning time ends */
    ts_ns end;         /* up to when buckets were judged */
    uint64_t events;
    int most; /* the highest score of the bucket whose records come, rounded down; -1: none */
    struct preview_tally judged;
    struct preview_tally learning;
    struct preview_record worst[PREVIEW_WORST]; /* of the time judged, highest score first */
    size_t n_worst;
    enum err failed;
};

/* Records of at least that score. */
uint64_t preview_alerts(const struct preview_tally *t, unsigned threshold);
/* Days judged, learning time left out. */
double preview_days(const struct preview *p);
/* The least threshold of at least 1 that keeps within per_day alerts a day; 0: none does. */
unsigned preview_wished(const struct preview *p);

#endif
