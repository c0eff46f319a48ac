#ifndef ENGINE_JOBS_PRIV_H
#define ENGINE_JOBS_PRIV_H

/*
 * What the files of the running jobs share: jobs.c (the list, events, the clock), jobs_backfill.c
 * (stored events), jobs_category.c (how messages become categories), jobs_forecast.c (what comes),
 * jobs_kept.c (what was posted and is not saved yet), jobs_late.c (what came too late),
 * jobs_lists.c (filters, calendars), jobs_message.c (sentences for people), jobs_post.c (records
 * that are posted), jobs_result.c (results to state.db), jobs_rows.c (datafeeds with aggregations),
 * jobs_save.c (learning to state.db and back).
 */

#include "base/arena.h"
#include "base/buf.h"
#include "detect/detect.h"
#include "engine/jobs.h"
#include "engine/place.h"
#include "engine/rows.h"
#include "find/rows.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct query_index;

/* How long closing buckets took; measured, so kept out of everything that must be the same twice.
 */
struct engine_timing {
    uint64_t buckets;
    double total_ms;
    double least_ms;
    double most_ms;
    double mean_ms;  /* exponentially faded */
    double hour_ms;  /* in the hour of engine time that goes on */
    double hours_ms; /* of an hour, exponentially faded; 0: no hour is over */
    ts_ns hour;      /* start of the hour that goes on; TIME_NONE */
};

/* What gathering the rows of aggregations took; measured likewise. */
struct engine_searching {
    uint64_t searches;
    double total_ms;
    double hour_ms;  /* in the hour of engine time that goes on */
    double hours_ms; /* of an hour, exponentially faded; 0: no hour is over */
    ts_ns hour;      /* start of the hour that goes on; TIME_NONE */
};

/* Events that came when their bucket was closed, and of which nobody has been told yet. */
#define ENGINE_LATE_BUCKETS 32
struct engine_late {
    ts_ns since;                        /* engine time of the first of them */
    ts_ns told;                         /* when somebody was told last; 0: never */
    uint64_t events;                    /* in all */
    bool more;                          /* buckets than can be listed */
    ts_ns newest;                       /* of the buckets */
    ts_ns worst;                        /* how long after its bucket's end one came, at most */
    ts_ns buckets[ENGINE_LATE_BUCKETS]; /* their starts */
    size_t n;
};

struct engine_job {
    struct engine_jobs *owner;
    struct detect_job *job;
    struct detect_feed *feed;
    struct query_index *index;
    struct detect *engine;
    struct engine_rows *rows; /* what its datafeed aggregates; NULL: it gives events */
    ts_ns given;              /* intervals before this were given to it; TIME_NONE */
    char *name;               /* for people, or NULL */
    ts_ns delay;              /* how long after its end a bucket is final */
    ts_ns start;              /* stored events before this were not asked for */
    ts_ns end;                /* where its datafeed stops; TIME_NONE: never */
    bool mute;                /* its results are not wanted */
    bool again;               /* it gets what it had before: neither results nor scores are new */
    ts_ns interim; /* engine time of the newest interim results; TIME_NONE: there are none;
                    0: perhaps an earlier run left some */
    enum engine_job_phase phase;
    uint64_t had;  /* events up to this place in the order of arrival are in what was restored */
    uint64_t seen; /* the greatest place of an event it was offered */
    ts_ns opened;  /* engine time of its start */
    ts_ns data;    /* when it last got data, by the wall clock where there is one */
    bool fresh;    /* it got some since that was stamped */
    uint64_t kept; /* bytes, about, that were posted since it was saved; state.db has them */
    uint64_t kept_until; /* number of the newest of them that an earlier run took */
    uint64_t fed;        /* of the newest that this engine was given again */
    ts_ns waits;         /* the next one is for when buckets before this are final; TIME_NONE */
    struct engine_timing timing;
    struct engine_searching searching;
    struct engine_late late;
    bool categories_warn; /* people know that its categories are of no use */
    bool given_up;        /* and that an expression took too long */
};

struct engine_jobs {
    struct engine_jobs_options options;
    struct engine_job **jobs; /* in order of id */
    size_t n, cap;
    ts_ns now;
    ts_ns clock; /* engine time, also between the stops at which something happens */
    struct engine_place reached; /* how far the running pass over the store has come */
    enum err failed;             /* a result could not be written; told by the call that made it */
    struct engine_jobs_totals totals;
    struct find_rows_pool rows; /* of datafeeds with aggregations */
    struct buf id, doc;         /* of the result being written */
    struct arena scratch;       /* of engine_jobs_describe() */
};

/* jobs.c */
/* Gives an event to a job whose datafeed wants it. */
enum err engine_jobs_offer(struct engine_job *r, const struct event *e) ERR_MUST_CHECK;
/* When the job's next bucket is final; TIME_MAX: it has had no event. */
ts_ns engine_jobs_due(const struct engine_job *r);
/* Closes the job's buckets that are final at now. */
enum err engine_jobs_close(struct engine_job *r, ts_ns now) ERR_MUST_CHECK;
/* The job of that id that runs; NULL. */
struct engine_job *engine_jobs_find(const struct engine_jobs *j, const char *id);
/* Interim results that stand go. */
enum err engine_jobs_drop_interim(struct engine_job *r) ERR_MUST_CHECK;
/* err or, when it is none, what a result ran into since this was asked last. */
enum err engine_jobs_take_failed(struct engine_jobs *j, enum err err) ERR_MUST_CHECK;
/* What the job's engine or its results ran into, as the end of a call. */
enum err engine_jobs_end(struct engine_jobs *j, enum err err, struct err_text *why) ERR_MUST_CHECK;
/* Writes down how a job is. */
enum err engine_jobs_tell(struct engine_jobs *j, const char *id, const char *state,
                          const char *feed_state, const char *message,
                          struct err_text *why) ERR_MUST_CHECK;

/* jobs_backfill.c: whether the job takes an event of the tap; one that the pass will meet it does
 * not.
 */
bool engine_jobs_takes(const struct engine_job *r, const struct event *e);

/* jobs_category.c: says when categories of messages are of no use, and of expressions that took too
 * long. */
enum err engine_jobs_tell_categories(struct engine_job *r, struct err_text *why) ERR_MUST_CHECK;

/* jobs_kept.c */
struct store_posted;
/* Whether the job may be posted to: what the next save alone can take off must not grow on. */
bool engine_jobs_can_keep(const struct engine_job *r);
/* Keeps what is posted. ERR_LIMIT. */
enum err engine_jobs_keep(struct engine_job *r, const struct store_posted *what, const char *text,
                          size_t n) ERR_MUST_CHECK;
/* Saves jobs without a datafeed of which much is kept. */
enum err engine_jobs_spare(struct engine_jobs *j, ts_ns now, struct err_text *why) ERR_MUST_CHECK;
/*
 * Gives a job that was just made what is kept of it; what came while it had a datafeed waits for
 * the pass over the store to come so far. ERR_FORMAT: it is damaged.
 */
enum err engine_jobs_take_kept(struct engine_job *r, struct err_text *why) ERR_MUST_CHECK;
/* What waited, as far as the pass has come. */
enum err engine_jobs_feed_kept(struct engine_job *r) ERR_MUST_CHECK;

/* jobs_post.c */
/* All objects of the text to the engine. *out_taken: behind the last one that was taken;
 * *out_wrong: the number of the one that is none, 0: all are. */
enum err engine_jobs_feed(struct engine_job *r, const char *text, size_t n, ts_ns now,
                          size_t *out_taken, size_t *out_wrong) ERR_MUST_CHECK;
/* Empties open buckets, from that of start on; TIME_NONE: none. */
void engine_jobs_empty(struct engine_job *r, ts_ns start, ts_ns end);
/* Moves the job's time, to skip without results; TIME_NONE: not. */
enum err engine_jobs_move(struct engine_job *r, ts_ns advance, ts_ns skip) ERR_MUST_CHECK;

/* jobs_result.c: sinks of the engine; ctx is a struct engine_job. */
void engine_jobs_on_result(void *ctx, const struct detect_result *r);
void engine_jobs_on_update(void *ctx, const struct detect_update *u);

/* jobs_rows.c: all do nothing for a datafeed without aggregations. */
enum err engine_jobs_rows_make(struct engine_job *r, struct err_text *why) ERR_MUST_CHECK;
/* From the next whole interval on, once it is known where the job starts. */
void engine_jobs_rows_begin(struct engine_job *r);
/* Counts an event in its interval; one whose interval was given is not. */
enum err engine_jobs_rows_event(struct engine_job *r, const struct event *e) ERR_MUST_CHECK;
/* Events before this come too late. By the clock alone for a job that is up, so that it does not
 * matter when somebody looked. */
ts_ns engine_jobs_rows_closed(const struct engine_job *r);
/* The end of what is given together with the interval of that time. */
ts_ns engine_jobs_rows_end(const struct engine_job *r, ts_ns time);
/* When what was counted is due to be given; TIME_MAX: there is nothing. */
ts_ns engine_jobs_rows_due(const struct engine_job *r);
/* Gives the job what is due. */
enum err engine_jobs_rows_give(struct engine_job *r, ts_ns now) ERR_MUST_CHECK;

/* jobs_late.c */
/* Looks at an event that the job takes, before it does. */
void engine_jobs_see_late(struct engine_job *r, const struct event *e);
/* Says what came too late, when it is time to. */
enum err engine_jobs_tell_late(struct engine_job *r, ts_ns now,
                               struct err_text *why) ERR_MUST_CHECK;

/* jobs_lists.c: the job goes by the events of those calendars that cover it. */
enum err engine_jobs_schedule(struct engine_job *r, const struct detect_calendars *calendars,
                              struct err_text *why) ERR_MUST_CHECK;

/* jobs_message.c: a sentence for people, at engine time. level: info, warning or error. */
enum err engine_jobs_say(struct engine_job *r, const char *level, struct err_text *why,
                         const char *format, ...)
    __attribute__((format(printf, 4, 5))) ERR_MUST_CHECK;

/* jobs.c: a job from its row, at one of its snapshots (NULL: the one in use), not yet among those
 * that run. */
struct store_job;
struct detect_filters;
enum err engine_jobs_make(struct engine_jobs *j, const struct store_job *row,
                          const struct detect_filters *filters, const char *snapshot,
                          struct engine_job **out, struct err_text *why) ERR_MUST_CHECK;
void engine_jobs_unmake(struct engine_job *r); /* NULL is fine */

/* jobs_look.c */
/* The job as its row and a snapshot (NULL: the one in use) have it. ERR_NOT_FOUND. */
enum err engine_jobs_look(struct engine_jobs *j, const char *id, const char *snapshot,
                          struct engine_job **out, struct err_text *why) ERR_MUST_CHECK;

/* jobs_save.c */
/* The engine from a snapshot (NULL: the one in use, or a new engine when there is none, as for
 * STORE_SNAPSHOT_EMPTY); start and had follow from it. */
enum err engine_jobs_restore(struct engine_jobs *j, struct engine_job *r, ts_ns start,
                             const char *snapshot, struct err_text *why) ERR_MUST_CHECK;
/* How far apart snapshots that stay lie, and statements of what the job weighs. */
ts_ns engine_jobs_step(const struct engine_job *r);
/* What the job has learned, to state.db; what was posted is kept no longer. One that is not up with
 * the tap is left as it was. */
enum err engine_jobs_save_one(struct engine_job *r, ts_ns now, struct err_text *why) ERR_MUST_CHECK;

/* jobs_stats.c */
/* Notes that buckets were closed in so much time. */
void engine_jobs_timed(struct engine_job *r, uint64_t buckets, ts_ns took, ts_ns now);
/* Notes that rows were gathered in so much time. */
void engine_jobs_searched(struct engine_job *r, ts_ns took, ts_ns now);
/* Takes up timing and last_data_time of what engine_jobs_write_stats() wrote; anything else leaves
 * them as they are. */
void engine_jobs_read_stats(struct engine_job *r, const char *stats);
/* data_counts, model_size_stats, timing_stats and datafeed_timing_stats as one object. */
void engine_jobs_write_stats(struct engine_job *r, ts_ns now, struct buf *out);
/* What came since was taken just now: not for every event. */
void engine_jobs_stamp(struct engine_job *r);

#endif
