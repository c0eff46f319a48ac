/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/role.h"

#include <stddef.h>
#include <string.h>

#define BIT(right) (1U << (right))

static const struct {
    const char *name;
    unsigned rights; /* bits of enum auth_right */
} roles[AUTH_ROLES] = {
    [AUTH_ROLE_SHIPPER] = {"shipper",
                           BIT(AUTH_RIGHT_NONE) | BIT(AUTH_RIGHT_GREET) | BIT(AUTH_RIGHT_SHIP)},
    [AUTH_ROLE_VIEWER] = {"viewer",
                          BIT(AUTH_RIGHT_NONE) | BIT(AUTH_RIGHT_GREET) | BIT(AUTH_RIGHT_READ)},
    [AUTH_ROLE_ANALYST] = {"analyst", BIT(AUTH_RIGHT_NONE) | BIT(AUTH_RIGHT_GREET) |
                                          BIT(AUTH_RIGHT_READ) | BIT(AUTH_RIGHT_TRIAGE)},
    [AUTH_ROLE_ADMIN] = {"admin", BIT(AUTH_RIGHT_NONE) | BIT(AUTH_RIGHT_GREET) |
                                      BIT(AUTH_RIGHT_SHIP) | BIT(AUTH_RIGHT_READ) |
                                      BIT(AUTH_RIGHT_TRIAGE) | BIT(AUTH_RIGHT_STEER) |
                                      BIT(AUTH_RIGHT_ADMIN)},
};

bool auth_role_may(enum auth_role role, enum auth_right right)
{
    return (roles[role].rights & BIT(right)) != 0;
}

const char *auth_role_name(enum auth_role role)
{
    return roles[role].name;
}

bool auth_role_find(const char *name, enum auth_role *out)
{
    for (size_t i = 0; i < AUTH_ROLES; i++)
        if (strcmp(roles[i].name, name) == 0) {
            *out = (enum auth_role)i;
            return true;
        }
    return false;
}

const char *auth_role_right_name(enum auth_right right)
{
    static const char *const names[] = {
        [AUTH_RIGHT_NONE] = "to look at what is open to all",
        [AUTH_RIGHT_GREET] = "to ask at all",
        [AUTH_RIGHT_SHIP] = "to write events",
        [AUTH_RIGHT_READ] = "to read",
        [AUTH_RIGHT_TRIAGE] = "to change alerts and exceptions",
        [AUTH_RIGHT_STEER] = "to change jobs, rules and packages",
        [AUTH_RIGHT_ADMIN] = "to see and change users and keys",
    };
    return names[right];
}
