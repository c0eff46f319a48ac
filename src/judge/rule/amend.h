#ifndef RULE_AMEND_H
#define RULE_AMEND_H

/*
 * An alert document with some of its fields changed: its status, what was suppressed since.
 *
 * Threads: any.
 */

#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stddef.h>

struct buf;

/* A field and its new value: the first of these that is given. */
struct rule_amendment {
    const char *key;
    struct bytes json; /* as it is; empty: something else */
    const char *text;  /* NULL: a number or time */
    ts_ns time;        /* 0: a number */
    int64_t number;
};

/* The document, added to out: changed fields in their places, new ones at the end. ERR_FORMAT,
 * ERR_MEMORY. */
enum err rule_amend(struct bytes json, const struct rule_amendment *changes, size_t n,
                    struct buf *out, struct err_text *why) ERR_MUST_CHECK;

/* The same with another kibana.alert.workflow_status, set at a time. */
enum err rule_amend_status(struct bytes json, const char *status, ts_ns at, struct buf *out,
                           struct err_text *why) ERR_MUST_CHECK;

#endif
