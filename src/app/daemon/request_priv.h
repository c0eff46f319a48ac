#ifndef DAEMON_REQUEST_PRIV_H
#define DAEMON_REQUEST_PRIV_H

/*
 * What the files that answer requests share.
 */

#include "base/buf.h"
#include "base/time.h"
#include "daemon/data.h"
#include "daemon/request.h"
#include "format/node.h"
#include "store/store.h"

struct except_set;

struct rule;

struct daemon_asked {
    struct daemon_data *data;
    struct format_node *request;
    const struct daemon_output *out;
    bool closed; /* nobody reads on */
    /* While a lock is held the answer waits here: who reads slowly must not stop the daemon. */
    bool hold;
    struct buf held[2]; /* data, remarks */
    uint64_t rows;      /* printed of the current page */
    enum err code;      /* of the last failure that was told */
    struct err_text why;
};

/* A parameter of the request, the default when it is missing. */
const char *daemon_asked_text(const struct daemon_asked *a, const char *key, const char *otherwise);
int64_t daemon_asked_number(const struct daemon_asked *a, const char *key, int64_t otherwise);
/* A time: ISO 8601 or date math; the default when missing. */
enum err daemon_asked_time(const struct daemon_asked *a, const char *key, ts_ns otherwise,
                           ts_ns *out, struct err_text *why) ERR_MUST_CHECK;

/* A score, as a number or as text; 0 when missing. */
enum err daemon_asked_score(const struct daemon_asked *a, const char *key, double *out,
                            struct err_text *why) ERR_MUST_CHECK;

/* Prints data, a line, a remark; a failure, whose exit status is returned. */
bool daemon_asked_print(struct daemon_asked *a, const char *p, size_t n);
bool daemon_asked_line(struct daemon_asked *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void daemon_asked_remark(struct daemon_asked *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Sends what was held. ERR_MEMORY when not all of it could be. */
enum err daemon_asked_flush(struct daemon_asked *a, struct err_text *why) ERR_MUST_CHECK;
/*
 * Calls list with skip and limit for page after page, until limit rows (0: all) are printed or
 * there are no more; what a page prints is sent when list has returned. list counts in a->rows.
 */
typedef enum err (*daemon_asked_page_fn)(struct daemon_asked *a, void *ctx, uint64_t skip,
                                         uint64_t limit);
enum err daemon_asked_pages(struct daemon_asked *a, uint64_t limit, daemon_asked_page_fn list,
                            void *ctx, struct err_text *why) ERR_MUST_CHECK;
/* A query ends when whoever asked is gone. */
struct store_cancel daemon_asked_cancel(const struct daemon_asked *a);
int daemon_asked_fail(struct daemon_asked *a, enum err code, const struct err_text *why);

/* Jobs or rules were changed: the pipeline, if one runs, takes them up. The lock is held. */
enum err daemon_asked_reload(struct daemon_asked *a, struct err_text *why) ERR_MUST_CHECK;

int daemon_request_search(struct daemon_asked *a);
int daemon_request_sql(struct daemon_asked *a);
int daemon_request_status(struct daemon_asked *a);
int daemon_request_alerts(struct daemon_asked *a);
int daemon_request_results(struct daemon_asked *a);
int daemon_request_forecast(struct daemon_asked *a);
int daemon_request_delete_forecast(struct daemon_asked *a);
int daemon_request_overall(struct daemon_asked *a);
/* Whether a job is there; ERR_NOT_FOUND with a sentence. */
enum err daemon_request_see_job(struct daemon_asked *a, const char *id,
                                struct err_text *why) ERR_MUST_CHECK;
/* What a job's start ran into: ERR_INVALID with a sentence. */
enum err daemon_request_see_start(struct daemon_asked *a, const char *id,
                                  struct err_text *why) ERR_MUST_CHECK;
/* request_feed.c: false when the verb is none of its own; else what came out. */
bool daemon_request_feed(struct daemon_asked *a, const char *verb, enum err *out,
                         struct err_text *why);
/* request_snapshot.c: false when the verb is none of its own; else what came out. */
bool daemon_request_snapshot(struct daemon_asked *a, const char *verb, enum err *out,
                             struct err_text *why);
int daemon_request_preview(struct daemon_asked *a);
int daemon_request_job(struct daemon_asked *a, const char *verb);
int daemon_request_calendar(struct daemon_asked *a, const char *verb);
int daemon_request_filter(struct daemon_asked *a, const char *verb);
int daemon_request_connector(struct daemon_asked *a, const char *verb);
int daemon_request_rule(struct daemon_asked *a, const char *verb);
int daemon_request_exception(struct daemon_asked *a, const char *verb);
int daemon_request_values(struct daemon_asked *a, const char *verb);
/* Whether a rule is there; ERR_NOT_FOUND with a sentence. */
enum err daemon_request_see_rule(struct daemon_asked *a, const char *id,
                                 struct err_text *why) ERR_MUST_CHECK;
/* The rule as it is kept: rule_unref(). ERR_NOT_FOUND with a sentence, and why it cannot be read.
 */
enum err daemon_request_read_rule(struct daemon_asked *a, const char *id, struct rule **out,
                                  struct err_text *why) ERR_MUST_CHECK;
int daemon_request_run(struct daemon_asked *a);
int daemon_request_rule_preview(struct daemon_asked *a);
/* request_runs.c: false when the verb is none of its own; else what came out. */
bool daemon_request_runs(struct daemon_asked *a, const char *verb, enum err *out,
                         struct err_text *why);
/* Remarks on what is wrong with exceptions that were read. */
void daemon_request_exception_problems(struct daemon_asked *a, const struct except_set *set);
int daemon_request_backup(struct daemon_asked *a);
/* Users and API keys (serve/auth): without the data's lock. */
int daemon_request_user(struct daemon_asked *a, const char *verb);
int daemon_request_key(struct daemon_asked *a, const char *verb);
/* request_edit.c: false when the verb is none of its own; else what came out. */
bool daemon_request_edit(struct daemon_asked *a, const char *verb, enum err *out,
                         struct err_text *why);
int daemon_request_alert(struct daemon_asked *a, const char *verb);
int daemon_request_package(struct daemon_asked *a, const char *verb);

#endif
