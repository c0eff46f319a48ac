#ifndef AUTH_ATTEMPTS_H
#define AUTH_ATTEMPTS_H

/*
 * Wrong passwords, counted by address, by name from an address, and by name from anywhere, and how
 * long the next attempt must wait.
 *
 * After some free attempts each wrong one doubles the wait, from a second to fifteen minutes; an
 * hour without one forgets them. By name from anywhere it is half a minute at most: strangers can
 * slow down guessing from many addresses, but not lock the owner out. The table has a fixed number
 * of places; the key that was wrong longest ago gives way.
 *
 * Ownership: auth_attempts_free().
 * Threads:   any; a lock inside.
 */

#include "base/ip.h"
#include "base/time.h"

struct auth_attempts;

#define AUTH_ATTEMPTS_NAME 5      /* free ones for a name, from one address */
#define AUTH_ATTEMPTS_ANYWHERE 50 /* for a name, from all addresses */
#define AUTH_ATTEMPTS_ADDRESS 20  /* free ones from an address (IPv6: a /64) */
#define AUTH_ATTEMPTS_PLACES 4096

struct auth_attempts *auth_attempts_new(void);    /* NULL when memory is short */
void auth_attempts_free(struct auth_attempts *a); /* NULL is fine */

/* How long this attempt must still wait; 0: it may be made. */
ts_ns auth_attempts_wait(struct auth_attempts *a, const char *name, const struct ip *peer,
                         ts_ns now);
void auth_attempts_wrong(struct auth_attempts *a, const char *name, const struct ip *peer,
                         ts_ns now);
/* The name is free again; the address is not, or one account of one's own would free it. */
void auth_attempts_right(struct auth_attempts *a, const char *name, const struct ip *peer);

#endif
