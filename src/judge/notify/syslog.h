#ifndef NOTIFY_SYSLOG_H
#define NOTIFY_SYSLOG_H

/*
 * A line of syslog: RFC 5424, or the older short form that the local socket wants.
 *
 * Threads: any.
 */

#include "base/time.h"

#include <stdbool.h>

struct buf;

struct notify_syslog_line {
    const char *facility; /* "local0" … */
    const char *severity; /* a word of syslog, or low, medium, high, critical */
    const char *host;
    const char *app;
    const char *id; /* MSGID */
    const char *message;
    ts_ns now;
    bool local; /* the short form, on one line */
};

/* Names are cut and cleaned as the standard wants; a severity that is not known is "warning". */
void notify_syslog_write(const struct notify_syslog_line *line, struct buf *out);

#endif
