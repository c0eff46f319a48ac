/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "cmocka_head.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void make_file(char *path, const char *text, size_t times)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    for (size_t i = 0; i < times; i++)
        assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static void bytes_are_added_and_terminated(void **state)
{
    (void)state;
    char path[] = "/tmp/weir-file-XXXXXX";
    make_file(path, "0123456789", 20000);
    struct buf b;
    buf_init(&b);
    buf_str(&b, "before ");
    assert_int_equal(file_read(path, 200000, &b, NULL), ERR_NONE);
    assert_int_equal(b.n, 200007);
    assert_int_equal(strlen(buf_text(&b)), b.n);
    assert_memory_equal(buf_text(&b), "before 0123", 11);
    assert_string_equal(buf_text(&b) + b.n - 4, "6789");
    buf_release(&b);
    unlink(path);
}

static void too_much_is_refused(void **state)
{
    (void)state;
    char path[] = "/tmp/weir-file-XXXXXX";
    make_file(path, "0123456789", 2);
    struct buf b;
    struct err_text why;
    buf_init(&b);
    assert_int_equal(file_read(path, 19, &b, &why), ERR_LIMIT);
    assert_string_equal(why.file, path);
    assert_non_null(strstr(why.message, "19"));
    buf_release(&b);
    unlink(path);
}

static void what_is_not_there_is_said(void **state)
{
    (void)state;
    struct buf b;
    struct err_text why;
    buf_init(&b);
    assert_int_equal(file_read("/nonexistent/x", 10, &b, &why), ERR_NOT_FOUND);
    assert_string_equal(why.file, "/nonexistent/x");
    assert_int_not_equal(file_read("/tmp", 10, &b, &why), ERR_NONE);
    assert_int_equal(b.n, 0);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_added_and_terminated),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(what_is_not_there_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
