#ifndef AUTH_ROLE_H
#define AUTH_ROLE_H

/*
 * What a role may do. docs/method/server.md shows the same table.
 *
 * Threads: any.
 */

#include <stdbool.h>

enum auth_role {
    AUTH_ROLE_SHIPPER, /* a machine that only brings events */
    AUTH_ROLE_VIEWER,
    AUTH_ROLE_ANALYST,
    AUTH_ROLE_ADMIN,
    AUTH_ROLES,
};

/* What a route needs. */
enum auth_right {
    AUTH_RIGHT_NONE,   /* whoever asks, known or not */
    AUTH_RIGHT_GREET,  /* whoever is known */
    AUTH_RIGHT_SHIP,   /* to write events */
    AUTH_RIGHT_READ,   /* to see events, jobs, results, rules, alerts */
    AUTH_RIGHT_TRIAGE, /* to change alerts and exceptions, and to try things out */
    AUTH_RIGHT_STEER,  /* to change jobs, rules, packages */
    AUTH_RIGHT_ADMIN,  /* to see and change users and keys */
};

bool auth_role_may(enum auth_role role, enum auth_right right);
const char *auth_role_name(enum auth_role role); /* "viewer" */
/* False when there is no role of that name. */
bool auth_role_find(const char *name, enum auth_role *out);
/* "to write events", for a sentence that says what is missing. */
const char *auth_role_right_name(enum auth_right right);

#endif
