/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "cmocka_head.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void a_line_is_whole_and_cut(void **state)
{
    (void)state;
    char path[] = "/tmp/weir_log_XXXXXX";
    int fd = mkstemp(path);
    int keep = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    char big[5000];
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    log_line(LOG_LEVEL_WARNING, "%s %d", "count", 3);
    log_line(LOG_LEVEL_INFO, "%s", big);
    dup2(keep, STDERR_FILENO);
    close(keep);
    char text[4096] = {0};
    assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
    close(fd);
    unlink(path);
    static const char first[] = "weir: warning: count 3\nweir: xxx";
    assert_memory_equal(text, first, sizeof(first) - 1);
    assert_int_equal(text[strlen(text) - 1], '\n');
    assert_true(strlen(text) < 2100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_whole_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
