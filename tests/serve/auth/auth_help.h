#ifndef TESTS_AUTH_HELP_H
#define TESTS_AUTH_HELP_H

/* A state file and a guard for the tests of who may ask; header only. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* asprintf */
#endif
#include "store/store/store_dir.h"

#include "auth/account.h"
#include "auth/guard.h"
#include "auth/secret.h"
#include "store/state.h"

#include <stdio.h>
#include <string.h>

#define HELP_NOW ((ts_ns)1700000000 * TIME_S)
#define HELP_PASSWORD "correct horse"

struct help_auth {
    char *dir;
    struct store_state *state;
    struct auth_guard *guard;
};

static inline struct help_auth help_auth_open(void)
{
    struct err_text why;
    struct help_auth h = {.dir = help_mkdir()};
    assert_int_equal(store_state_open(h.dir, &h.state, &why), ERR_NONE);
    assert_int_equal(auth_guard_new(h.state, &h.guard, &why), ERR_NONE);
    return h;
}

static inline void help_auth_close(struct help_auth *h)
{
    auth_guard_free(h->guard);
    store_state_close(h->state);
    help_rmdir(h->dir);
}

static inline void help_auth_add(struct help_auth *h, const char *name, enum auth_role role)
{
    struct err_text why;
    assert_int_equal(auth_account_add(h->state, name, HELP_PASSWORD, role, HELP_NOW, &why),
                     ERR_NONE);
}

static inline struct ip help_auth_peer(uint8_t last)
{
    const uint8_t b[4] = {192, 0, 2, last};
    return ip_from_v4(b);
}

#endif
