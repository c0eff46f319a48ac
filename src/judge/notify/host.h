#ifndef NOTIFY_HOST_H
#define NOTIFY_HOST_H

/*
 * Where messages may go. notify.hosts lists names, "*.domain" and "*"; but what a name leads to is
 * known only when it has been looked up, and may then be this machine, the link, or the service
 * that tells a machine in a cloud its secrets. Such near addresses are for hosts that the list
 * names in full. docs/method/notify.md.
 *
 * Threads: any.
 */

#include "base/err.h"
#include "notify/send.h"

#include <stdbool.h>

struct sockaddr;

/* Whether the list allows the host, as a name or an address (IPv6 with brackets or without). */
bool notify_host_allowed(const struct notify_send_options *options, const char *host);
/* Whether it names it in full. */
bool notify_host_named(const struct notify_send_options *options, const char *host);
/* Loopback, unspecified, link-local, or the metadata service of a cloud. */
bool notify_host_is_near(const struct sockaddr *address);

enum notify_outcome notify_host_refuse(const char *host, struct err_text *why);
enum notify_outcome notify_host_refuse_near(const char *host, struct err_text *why);

#endif
