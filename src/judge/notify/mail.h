#ifndef NOTIFY_MAIL_H
#define NOTIFY_MAIL_H

/*
 * A mail as it goes over the wire (RFC 5322): plain text in UTF-8, base64.
 *
 * Threads: any.
 */

#include "base/time.h"

#include <stdbool.h>

struct buf;
struct format_node;

/* local@domain, without blanks, controls or what ends an address early. */
bool notify_mail_address_ok(const char *s);

/* params: to, cc, subject, message; id: what comes before the @ of its Message-ID. Addresses must
 * be in order. Those of bcc are not told. */
void notify_mail_write(const char *from, const struct format_node *params, const char *id,
                       ts_ns now, struct buf *out);

#endif
