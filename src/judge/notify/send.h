#ifndef NOTIFY_SEND_H
#define NOTIFY_SEND_H

/*
 * One message to one connector, now: a webhook by HTTP, a mail by SMTP, a line to syslog.
 *
 * Blocks, for timeout_ns at most. No redirect is followed, no proxy used; certificates are checked
 * as the connector says, which by default is in full. What comes back is read to a bound and
 * dropped but for its first words in a failure. docs/method/notify.md.
 *
 * Threads: any, after notify_send_begin() by one.
 */

#include "base/err.h"
#include "base/time.h"

#include <stddef.h>

struct format_node;
struct notify_connector;

enum notify_outcome {
    NOTIFY_SENT,
    NOTIFY_LATER,   /* it may go well when tried again */
    NOTIFY_REFUSED, /* it will not */
};

struct notify_send_options {
    const char *const *hosts; /* names, "*.domain", "*" for all (notify/host.h) */
    size_t hosts_n;
    const char *id;   /* of the message, the same when it is tried again */
    const char *self; /* the name of this host */
    ts_ns now;
    ts_ns timeout_ns;
};

/* Loads the library that sends: before a jail closes that would not let it. ERR_UNSUPPORTED: it is
 * not there. */
enum err notify_send_prepare(struct err_text *why) ERR_MUST_CHECK;

/* Once in a process, while there is one thread. ERR_MEMORY, or as notify_send_prepare(). */
enum err notify_send_begin(void) ERR_MUST_CHECK;

/* params are rendered (docs/method/notify.md). why is filled unless it was sent. */
enum notify_outcome notify_send(const struct notify_connector *c, const struct format_node *params,
                                const struct notify_send_options *options, struct err_text *why);

#endif
