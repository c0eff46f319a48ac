/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"

#include "cmocka_head.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_bug_stops_the_program(void **state)
{
    (void)state;
    int one = 1;
    ASSERT(one == 1);
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        ASSERT(one == 2);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bug_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
