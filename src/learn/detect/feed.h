#ifndef DETECT_FEED_H
#define DETECT_FEED_H

/*
 * A datafeed in Elastic's JSON: which events a job reads, and how far behind real time.
 *
 * indices may still hold INDEX_PATTERN_NAME and job_id JOB_ID, as module files do: whoever installs
 * the feed resolves them. Runtime and script fields are known by name (detect/runtime.h); any other
 * is refused with ERR_UNSUPPORTED.
 *
 * Ownership: detect_feed_parse() makes a feed, detect_feed_free() ends it.
 * Threads:   constant once made; matching is safe from many threads.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct detect_aggs;
struct detect_job;
struct event;
struct format_node;
struct query;

struct detect_feed {
    char *id;     /* "" when the document names none */
    char *job_id; /* "" likewise */
    char **indices;
    size_t n_indices;
    struct query *query;      /* NULL: every event */
    char *query_text;         /* the query as compact JSON */
    ts_ns query_delay_ns;     /* 60 s unless given */
    ts_ns frequency_ns;       /* 0: by the bucket span */
    struct detect_aggs *aggs; /* NULL: events are given as they are */
    char **runtime;           /* names of the runtime and script fields it asks for */
    size_t n_runtime;
    int64_t max_empty_searches; /* 0: never stops */
    int64_t scroll_size;
    bool check_delayed;    /* whether somebody is to be told of events that came too late */
    ts_ns check_window_ns; /* how far back; 0: the greater of 2 h and 8 bucket spans */
    char **notes;
    size_t n_notes;
};

enum err detect_feed_parse(const char *text, size_t n, const char *file, struct detect_feed **out,
                           struct err_text *why) ERR_MUST_CHECK;
enum err detect_feed_from_node(const struct format_node *node, struct detect_feed **out,
                               struct err_text *why) ERR_MUST_CHECK;
void detect_feed_free(struct detect_feed *feed); /* NULL is fine */

/* What the feed asks for and the job cannot do. ERR_INVALID. */
enum err detect_feed_fits(const struct detect_feed *feed, const struct detect_job *job,
                          struct err_text *why) ERR_MUST_CHECK;

/* How far back late events are looked for; 0: they are not. feed NULL is one that says nothing. */
ts_ns detect_feed_check_window(const struct detect_feed *feed, ts_ns bucket_span_ns);

/* How often a real-time feed looks, as Elastic's defaults have it, when it does not say; with
 * aggregations whole intervals of them. */
ts_ns detect_feed_frequency(const struct detect_feed *feed, ts_ns bucket_span_ns);

/* Whether the feed's query takes the event. feed NULL takes every event. */
bool detect_feed_match(const struct detect_feed *feed, const struct event *e);

#endif
