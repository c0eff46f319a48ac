#ifndef NOTIFY_ACTION_H
#define NOTIFY_ACTION_H

/*
 * An action of a rule: which connector is told of its alerts, how often, and in what words.
 *
 * Ownership: a view of the rule's document.
 * Threads:   that of the document.
 */

#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"
#include "notify/connector.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct format_node;
struct format_writer;

struct notify_action {
    const char *connector; /* its id */
    char key[80];          /* tells it from the rule's others: its uuid, or its place */
    bool summary;          /* one message for many alerts; else one for each */
    ts_ns every;           /* at most one summary in so long; 0: with every run */
    const char *query;     /* KQL that an alert must match; NULL: any */
    const struct format_node *timeframe; /* NULL: always */
    const struct format_node *params;
};

/*
 * The i-th of the rule's actions. throttle: that of the rule, in the older way of saying how often;
 * NULL: none. *out_off: it is never carried out ("no_actions"). ERR_INVALID, ERR_UNSUPPORTED.
 */
enum err notify_action_read(const struct format_node *action, size_t i, const char *throttle,
                            struct notify_action *out, bool *out_off,
                            struct err_text *why) ERR_MUST_CHECK;

/* Whether its timeframe allows it at a time. Time zones: UTC and fixed differences. */
enum err notify_action_in_time(const struct notify_action *a, ts_ns now, bool *out,
                               struct err_text *why) ERR_MUST_CHECK;

/* What templates see. */
struct notify_facts {
    const struct format_node *rule; /* as the API shows it */
    const char *rule_id;            /* lasting name */
    const char *base_url;           /* of the server, without a slash at the end; "" */
    ts_ns now;
    bool summary;
    const struct bytes *alerts; /* documents; of a message for one alert: one */
    const char *const *alert_ids;
    size_t alerts_n;
    size_t total; /* alerts there were; more than alerts_n when some are left out */
};

void notify_facts_write(const struct notify_facts *f, struct buf *out);

/* The action's parameters with every text filled in, JSON, added to out; data is what
 * notify_facts_write() wrote. ERR_INVALID, ERR_LIMIT, ERR_MEMORY. */
enum err notify_action_render(enum notify_type type, const struct format_node *params,
                              const struct format_node *data, struct buf *out,
                              struct err_text *why) ERR_MUST_CHECK;

#endif
