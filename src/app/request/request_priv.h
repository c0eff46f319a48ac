#ifndef REQUEST_REQUEST_PRIV_H
#define REQUEST_REQUEST_PRIV_H

/*
 * What the files that answer requests share.
 */

#include "base/buf.h"
#include "base/time.h"
#include "format/node.h"
#include "request/data.h"
#include "request/request.h"
#include "store/state.h"
#include "store/store.h"

struct except_set;

struct rule;

struct request_asked {
    struct request_data *data;
    struct format_node *request;
    const struct request_output *out;
    bool closed; /* nobody reads on */
    /* While a lock is held the answer waits here: who reads slowly must not stop the daemon. */
    bool hold;
    struct buf held[2]; /* data, remarks */
    uint64_t rows;      /* printed of the current page */
    enum err code;      /* of the last failure that was told */
    struct err_text why;
};

/* A parameter of the request, the default when it is missing. */
const char *request_asked_text(const struct request_asked *a, const char *key,
                               const char *otherwise);
int64_t request_asked_number(const struct request_asked *a, const char *key, int64_t otherwise);
/* A time: ISO 8601 or date math; the default when missing. */
enum err request_asked_time(const struct request_asked *a, const char *key, ts_ns otherwise,
                            ts_ns *out, struct err_text *why) ERR_MUST_CHECK;

/*
 * Whether a thing is still what the program that changes it has read, which it says in "was"
 * (empty: it was not there): now is what it is. ERR_BUSY, ERR_EXISTS.
 */
enum err request_asked_unchanged(const struct request_asked *a, const char *what, const char *now,
                                 struct err_text *why) ERR_MUST_CHECK;

/* The same of what a list has under the request's id. */
enum err request_asked_unchanged_listed(const struct request_asked *a, enum store_list list,
                                        const char *what, struct err_text *why) ERR_MUST_CHECK;

/* A score, as a number or as text; 0 when missing. */
enum err request_asked_score(const struct request_asked *a, const char *key, double *out,
                             struct err_text *why) ERR_MUST_CHECK;

/* Prints data, a line, a remark; a failure, whose exit status is returned. */
bool request_asked_print(struct request_asked *a, const char *p, size_t n);
bool request_asked_line(struct request_asked *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void request_asked_remark(struct request_asked *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Of a list of objects ("objects") the one at i was refused: a line of JSON with "at", "code" and
 * "message", for programs. Objects that no line tells of were done. ERR_MEMORY. */
enum err request_asked_refuse(struct request_asked *a, size_t i, enum err code,
                              struct err_text *why) ERR_MUST_CHECK;
/* Sends what was held. ERR_MEMORY when not all of it could be. */
enum err request_asked_flush(struct request_asked *a, struct err_text *why) ERR_MUST_CHECK;
/* Sends it, and says what went wrong, if anything did: the status of the request. */
int request_asked_finish(struct request_asked *a, enum err err, struct err_text *why);
/*
 * Calls list with skip and limit for page after page, until limit rows (0: all) are printed or
 * there are no more; what a page prints is sent when list has returned. list counts in a->rows.
 */
typedef enum err (*request_asked_page_fn)(struct request_asked *a, void *ctx, uint64_t skip,
                                          uint64_t limit);
enum err request_asked_pages(struct request_asked *a, uint64_t limit, request_asked_page_fn list,
                             void *ctx, struct err_text *why) ERR_MUST_CHECK;
/* A query ends when whoever asked is gone. */
struct store_cancel request_asked_cancel(const struct request_asked *a);
int request_asked_fail(struct request_asked *a, enum err code, const struct err_text *why);

/* Jobs or rules were changed: the pipeline, if one runs, takes them up. The lock is held. */
enum err request_asked_reload(struct request_asked *a, struct err_text *why) ERR_MUST_CHECK;

int request_search(struct request_asked *a);
int request_sql(struct request_asked *a);
int request_status(struct request_asked *a);
int request_alerts(struct request_asked *a);
int request_results(struct request_asked *a);
int request_forecast(struct request_asked *a);
int request_delete_forecast(struct request_asked *a);
int request_overall(struct request_asked *a);
/* Whether a job is there; ERR_NOT_FOUND with a sentence. */
enum err request_see_job(struct request_asked *a, const char *id,
                         struct err_text *why) ERR_MUST_CHECK;
/* What a job's start ran into: ERR_INVALID with a sentence. */
enum err request_see_start(struct request_asked *a, const char *id,
                           struct err_text *why) ERR_MUST_CHECK;
/* Whether no other job's datafeed has the id ("": it has none); ERR_EXISTS with a sentence. */
enum err request_see_feed_id(struct request_asked *a, const char *id, const char *job_id,
                             struct err_text *why) ERR_MUST_CHECK;
/* feed.c: false when the verb is none of its own; else what came out. */
bool request_feed(struct request_asked *a, const char *verb, enum err *out, struct err_text *why);
/* snapshot.c: false when the verb is none of its own; else what came out. */
bool request_snapshot(struct request_asked *a, const char *verb, enum err *out,
                      struct err_text *why);
/* posted.c: takes the lock itself. */
int request_posted(struct request_asked *a);
int request_preview(struct request_asked *a);
int request_job(struct request_asked *a, const char *verb);
int request_calendar(struct request_asked *a, const char *verb);
int request_filter(struct request_asked *a, const char *verb);
int request_connector(struct request_asked *a, const char *verb);
/* Makes a connector of a line of an export; fresh: ERR_EXISTS when it is there. */
enum err request_import_connector(struct request_asked *a, const char *json, size_t n, bool fresh,
                                  struct err_text *why) ERR_MUST_CHECK;
int request_message(struct request_asked *a, const char *verb);
int request_rule(struct request_asked *a, const char *verb);
int request_exception(struct request_asked *a, const char *verb);
int request_values(struct request_asked *a, const char *verb);
/* Whether a rule is there; ERR_NOT_FOUND with a sentence. */
enum err request_see_rule(struct request_asked *a, const char *id,
                          struct err_text *why) ERR_MUST_CHECK;
/* The rule as it is kept: rule_unref(). ERR_NOT_FOUND with a sentence, and why it cannot be read.
 */
enum err request_read_rule(struct request_asked *a, const char *id, struct rule **out,
                           struct err_text *why) ERR_MUST_CHECK;
int request_run(struct request_asked *a);
int request_rule_preview(struct request_asked *a);
/* How many intervals of the rule lie in from <= t < to; INT64_MAX: the span is longer than a time
 * can count. And how many one request runs at most. */
int64_t request_intervals(const struct rule *rule, ts_ns from, ts_ns to);
#define REQUEST_RUNS_MAX 10000
/* runs.c: false when the verb is none of its own; else what came out. */
bool request_runs(struct request_asked *a, const char *verb, enum err *out, struct err_text *why);
/* Remarks on what is wrong with exceptions that were read. */
void request_exception_problems(struct request_asked *a, const struct except_set *set);
int request_backup(struct request_asked *a);
/* Users and API keys (serve/auth): without the data's lock. */
int request_user(struct request_asked *a, const char *verb);
int request_key(struct request_asked *a, const char *verb);
/* edit.c: false when the verb is none of its own; else what came out. */
bool request_edit(struct request_asked *a, const char *verb, enum err *out, struct err_text *why);
int request_alert(struct request_asked *a, const char *verb);
int request_package(struct request_asked *a, const char *verb);

#endif
