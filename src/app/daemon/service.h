#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

/*
 * What the system's manager of services is told where there is one that wants to know: that the
 * daemon has started, that it stops. The protocol is that of sd_notify(3), a datagram to the socket
 * that NOTIFY_SOCKET names.
 *
 * Ownership: the descriptor is the caller's to close.
 * Threads:   any.
 */

/* A connected socket, opened while the jail is still open; -1: nobody wants to know. */
int daemon_service_open(void);
/* "READY=1", "STOPPING=1". Nothing is done with fd -1; a message that is lost stays lost. */
void daemon_service_say(int fd, const char *state);

#endif
