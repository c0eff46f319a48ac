/* SPDX-License-Identifier: Apache-2.0 */
/* Jails cannot be left: each test enters one in a process of its own. */
#ifndef PRIV_CHILD_H
#define PRIV_CHILD_H

#include "cmocka_head.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_OK 0
#define CHILD_SKIP 77

/* In a child: says the line that does not hold and ends. */
#define EXPECT(what)                                                                               \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            dprintf(2, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #what);                    \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* The exit status of a process that runs the function; 128 and the signal that ended it. */
static inline int child_status(int (*run)(const char *folder), const char *folder)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(run(folder));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs it in a new folder, which goes away. */
static inline void in_child(int (*run)(const char *folder))
{
    char folder[] = "/tmp/weir-priv-XXXXXX";
    char command[64];
    assert_non_null(mkdtemp(folder));
    int status = child_status(run, folder);
    snprintf(command, sizeof(command), "rm -r '%s'", folder);
    int removed = system(command);
    if (status == CHILD_SKIP)
        skip();
    assert_int_equal(status, CHILD_OK);
    assert_int_equal(removed, 0);
}

static inline const char *child_path(char *out, size_t size, const char *folder, const char *name)
{
    int n = snprintf(out, size, "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= size)
        abort();
    return out;
}

#endif
