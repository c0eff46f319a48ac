#ifndef DAEMON_MEASURE_H
#define DAEMON_MEASURE_H

/*
 * What the daemon measures of itself, as Prometheus text (version 0.0.4): a line of help and type
 * for each name, then its values.
 *
 * Threads: any; what is counted elsewhere is asked for under the locks it needs.
 */

#include "base/time.h"

#include <stdint.h>

struct buf;
struct request_data;
struct daemon_intake;
struct deliver_notify;

/* One value. labels is "" or such as "kind=\"hot\"". */
void daemon_measure_head(struct buf *out, const char *name, const char *type, const char *help);
void daemon_measure_value(struct buf *out, const char *name, const char *labels, double value);
/* Both, for a name with one value and no labels. */
void daemon_measure_one(struct buf *out, const char *name, const char *type, const char *help,
                        double value);

/* Store, engine, jobs, rules, alerts; intake may be NULL. Takes the data's lock for a moment. */
void daemon_measure_data(struct buf *out, struct request_data *data, struct daemon_intake *intake,
                         ts_ns now);
/* Messages of alerts. */
void daemon_measure_notify(struct buf *out, struct deliver_notify *notify);

#endif
