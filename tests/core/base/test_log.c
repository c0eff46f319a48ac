/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "cmocka_head.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* What a line looks like on a new file, of which the journal's stream is told to be this one. */
static void logged(bool same, char text[200])
{
    char path[] = "/tmp/weir_log_XXXXXX", stream[64];
    int fd = mkstemp(path);
    int keep = dup(STDERR_FILENO);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino + !same);
    setenv("JOURNAL_STREAM", stream, 1);
    dup2(fd, STDERR_FILENO);
    log_line(LOG_LEVEL_ERROR, "a");
    log_line(LOG_LEVEL_WARNING, "b");
    log_line(LOG_LEVEL_INFO, "c");
    dup2(keep, STDERR_FILENO);
    unsetenv("JOURNAL_STREAM");
    close(keep);
    memset(text, 0, 200);
    assert_true(pread(fd, text, 199, 0) > 0);
    close(fd);
    unlink(path);
}

static void the_journal_is_told_priorities(void **state)
{
    (void)state;
    char text[200];
    logged(true, text);
    assert_string_equal(text, "<3>weir: error: a\n<4>weir: warning: b\n<6>weir: c\n");
    logged(false, text); /* redirected since */
    assert_string_equal(text, "weir: error: a\nweir: warning: b\nweir: c\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_whole_and_cut),
        cmocka_unit_test(the_journal_is_told_priorities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
