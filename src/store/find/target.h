#ifndef FIND_TARGET_H
#define FIND_TARGET_H

/*
 * What an index pattern chooses: events by their index names, alerts, results and messages of jobs.
 *
 * Patterns that do not begin with a dot reach events alone, as hidden indices are not reached
 * elsewhere. docs/method/find.md, "Names and ids".
 *
 * Ownership: find_target_release().
 * Threads:   any once made.
 */

#include "find/error.h"

#include <stdbool.h>
#include <stddef.h>

struct query;
struct query_index;
struct store;

#define FIND_ALERTS_INDEX ".internal.alerts-security.alerts-default-000001"
#define FIND_ALERTS_ALIAS ".alerts-security.alerts-default"
#define FIND_RESULTS_INDEX ".ml-anomalies-shared"
#define FIND_RESULTS_ALIAS ".ml-anomalies-"
#define FIND_MESSAGES_INDEX ".ml-notifications-000002"

struct find_target {
    bool events;
    bool alerts;
    bool results;
    bool messages;
    struct query *query; /* which events; NULL: all */
    struct query_index *names;
};

/*
 * pattern: comma-separated; NULL, "", "_all" and "*" choose all events. store: to see whether an
 * index that is named is there; NULL, or lenient: it is not asked. ERR_NOT_FOUND, ERR_INVALID,
 * ERR_MEMORY.
 */
enum err find_target_parse(const char *pattern, struct store *store, bool lenient,
                           struct find_target *out, struct find_error *error) ERR_MUST_CHECK;
void find_target_release(struct find_target *t);

/* Whether documents that are no events are chosen. */
bool find_target_kept(const struct find_target *t);

/* Whether results of a job are chosen. */
bool find_target_job(const struct find_target *t, const char *job_id);

#endif
