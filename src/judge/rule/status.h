#ifndef RULE_STATUS_H
#define RULE_STATUS_H

/*
 * How a rule's last run went, as Kibana's rule objects tell it.
 *
 * Messages are gathered without repetition, at most 20 and 10,240 bytes; an error outranks a
 * warning.
 *
 * Ownership: rule_status_release().
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/time.h"
#include "rule/schedule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct format_writer;

enum rule_state {
    RULE_SUCCEEDED,
    RULE_RUNNING,
    RULE_WARNED, /* "partial failure" */
    RULE_FAILED,
};

#define RULE_STATUS_MESSAGES 20
#define RULE_STATUS_BYTES 10240

struct rule_status {
    ts_ns date; /* engine time of the run */
    struct buf warnings;
    struct buf errors;
    unsigned warnings_n;
    unsigned errors_n;
    uint64_t found; /* records in the run's own window, whatever was read of them */
    uint64_t created;
    uint64_t existed;    /* alerts that earlier runs had written */
    uint64_t excepted;   /* candidates that exceptions took out */
    uint64_t suppressed; /* candidates counted in an alert of their kind */
    uint64_t left;       /* candidates beyond what a run takes */
    ts_ns gap;           /* uncovered */
    struct rule_range gap_range;
    bool timed; /* the two below are known */
    ts_ns search_ns;
    ts_ns write_ns;
};

void rule_status_init(struct rule_status *s, ts_ns date);
void rule_status_release(struct rule_status *s);

void rule_status_warn(struct rule_status *s, const char *message);
void rule_status_error(struct rule_status *s, const char *message);

enum rule_state rule_status_state(const struct rule_status *s);
const char *rule_status_message(const struct rule_status *s); /* never NULL */
const char *rule_state_name(enum rule_state state);           /* "partial failure" */
int rule_state_order(enum rule_state state);                  /* 0, 15, 20, 30 */

/* The object execution_summary.last_execution. */
void rule_status_write(const struct rule_status *s, struct format_writer *w);

#endif
