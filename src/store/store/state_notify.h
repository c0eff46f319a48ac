#ifndef STORE_STATE_NOTIFY_H
#define STORE_STATE_NOTIFY_H

/*
 * What notifications keep in state.db: connectors with their secrets apart, alerts that nobody has
 * looked at yet, messages that wait, and when an action was last carried out.
 *
 * Ownership: as in store/state.h.
 * Threads:   as in store/state.h. A listing holds the lock: no other call may come from within.
 */

#include "store/state.h"

struct store_connector {
    const char *id;
    const char *doc;     /* name, type, configuration: JSON */
    const char *secrets; /* JSON, never shown */
    ts_ns updated;
};

/* Makes or replaces. */
enum err store_state_connector_put(struct store_state *st,
                                   const struct store_connector *c) ERR_MUST_CHECK;
/* Copies into the arena. ERR_NOT_FOUND. */
enum err store_state_connector_get(struct store_state *st, const char *id, struct arena *arena,
                                   struct store_connector *out) ERR_MUST_CHECK;
/* In order of id; secrets are NULL. */
typedef bool (*store_connector_fn)(void *ctx, const struct store_connector *c);
enum err store_state_connector_list(struct store_state *st, store_connector_fn fn,
                                    void *ctx) ERR_MUST_CHECK;
/* With the messages that wait for it. ERR_NOT_FOUND. */
enum err store_state_connector_delete(struct store_state *st, const char *id) ERR_MUST_CHECK;

/* An alert was made: noted when there is any connector. */
enum err store_state_notice_put(struct store_state *st, const char *alert_id, const char *rule_id,
                                ts_ns run) ERR_MUST_CHECK;
/*
 * The oldest rule and run with notices: their names into the arena. ERR_NOT_FOUND: none.
 */
struct store_notice {
    const char *rule_id;
    ts_ns run;
};
enum err store_state_notice_next(struct store_state *st, struct arena *arena,
                                 struct store_notice *out) ERR_MUST_CHECK;
/* The alerts of that run, in the order made; those that are gone are left out. */
enum err store_state_notice_alerts(struct store_state *st, const struct store_notice *notice,
                                   store_alert_fn fn, void *ctx) ERR_MUST_CHECK;
enum err store_state_notice_delete(struct store_state *st,
                                   const struct store_notice *notice) ERR_MUST_CHECK;

/* A message that waits to be sent, or was given up and waits for a hand. */
struct store_message_out {
    int64_t id; /* given by put */
    const char *connector;
    const char *rule_id;
    const char *params; /* JSON; "" of what could not even be written: it cannot be sent again */
    const char *error;  /* of the last attempt, NULL: none yet */
    ts_ns created, due; /* due is TIME_MAX of what was given up */
    int64_t tries;
};

/* Given-up messages that are kept; older ones go. */
#define STORE_GIVEN_UP_MAX 1000

enum err store_state_outbox_put(struct store_state *st,
                                const struct store_message_out *m) ERR_MUST_CHECK;
/* The one due first of those due by now whose connector is none of busy (n of them; NULL entries
 * name none). ERR_NOT_FOUND. */
enum err store_state_outbox_next(struct store_state *st, ts_ns now, const char *const *busy,
                                 size_t n, struct arena *arena,
                                 struct store_message_out *out) ERR_MUST_CHECK;
enum err store_state_outbox_retry(struct store_state *st, int64_t id, ts_ns due,
                                  const char *error) ERR_MUST_CHECK;
enum err store_state_outbox_give_up(struct store_state *st, int64_t id,
                                    const char *error) ERR_MUST_CHECK;
/* Messages of a rule that could not be written; the same error again only counts (tries). */
enum err store_state_outbox_unwritten(struct store_state *st, const char *rule_id,
                                      const char *error, ts_ns now) ERR_MUST_CHECK;
/* Given-up ones are sent again: the one of that id, or all (0). *out: how many. */
enum err store_state_outbox_again(struct store_state *st, int64_t id, ts_ns now,
                                  uint64_t *out) ERR_MUST_CHECK;
/* Given-up ones are forgotten, likewise. */
enum err store_state_outbox_dismiss(struct store_state *st, int64_t id,
                                    uint64_t *out) ERR_MUST_CHECK;
enum err store_state_outbox_delete(struct store_state *st, int64_t id) ERR_MUST_CHECK;
/* Those that wait. */
enum err store_state_outbox_count(struct store_state *st, uint64_t *out) ERR_MUST_CHECK;
/* Those of the rule (NULL: of all) that were given up; error gets the last one's, added. */
enum err store_state_outbox_given_up(struct store_state *st, const char *rule_id, uint64_t *out,
                                     struct buf *error) ERR_MUST_CHECK;
/* The first max of them: given-up ones, then by number. */
typedef bool (*store_message_out_fn)(void *ctx, const struct store_message_out *m);
enum err store_state_outbox_list(struct store_state *st, uint64_t max, store_message_out_fn fn,
                                 void *ctx) ERR_MUST_CHECK;

/* An action with an interval: when it was last carried out, and which alerts wait for the next
 * time. */
struct store_throttle {
    const char *rule_id;
    const char *action;
    ts_ns last; /* TIME_NONE: never */
    ts_ns due;  /* TIME_MAX: nothing waits */
};
enum err store_state_throttle_put(struct store_state *st,
                                  const struct store_throttle *t) ERR_MUST_CHECK;
/* ERR_NOT_FOUND. */
enum err store_state_throttle_get(struct store_state *st, const char *rule_id, const char *action,
                                  ts_ns *out_last, ts_ns *out_due) ERR_MUST_CHECK;
/* The clock is found to have been wrong: nothing was sent later than now, summaries that wait since
 * then are due, and messages are tried again. */
enum err store_state_notify_set_back(struct store_state *st, ts_ns now) ERR_MUST_CHECK;
/* One that is due: its names into the arena. ERR_NOT_FOUND. */
enum err store_state_throttle_due(struct store_state *st, ts_ns now, struct arena *arena,
                                  struct store_throttle *out) ERR_MUST_CHECK;
/* An alert waits for an action; the newest so many of each stay. */
enum err store_state_waiting_put(struct store_state *st, const char *rule_id, const char *action,
                                 const char *alert_id, uint64_t most) ERR_MUST_CHECK;
/* In the order made. */
enum err store_state_waiting_alerts(struct store_state *st, const char *rule_id, const char *action,
                                    store_alert_fn fn, void *ctx) ERR_MUST_CHECK;
enum err store_state_waiting_clear(struct store_state *st, const char *rule_id,
                                   const char *action) ERR_MUST_CHECK;

#endif
