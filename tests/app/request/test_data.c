/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "request/data.h"

#include <sys/stat.h>

static void test_open(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    char path[4200];
    struct stat st;
    struct request_data *d = NULL, *second = NULL;
    snprintf(path, sizeof(path), "%s/a/b//c/", dir);
    HELP_OK(request_data_open(path, NULL, &d, &help_why));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_null(d->pipeline);
    assert_true(d->now() > HELP_BASE);
    assert_int_equal(request_data_open(path, NULL, &second, &help_why), ERR_BUSY);
    assert_null(second);
    request_data_close(d);
    HELP_OK(request_data_open(path, NULL, &d, &help_why));
    request_data_close(d);
    request_data_close(NULL);
    /* A file where the directory should be; a broken state. */
    help_write(dir, "file", "x", 1);
    snprintf(path, sizeof(path), "%s/file/d", dir);
    assert_int_not_equal(request_data_open(path, NULL, &d, &help_why), ERR_NONE);
    assert_non_null(strstr(help_why.message, "/file"));
    snprintf(path, sizeof(path), "%s/a/b/c", dir);
    help_write(path, "state.db", "no database, but long enough to be read as one", 46);
    assert_int_equal(request_data_open(path, NULL, &d, &help_why), ERR_FORMAT);
    help_rmdir(dir);
}

static void test_dir(void **state)
{
    (void)state;
    char out[REQUEST_DATA_DIR_SIZE];
    char *name = malloc(REQUEST_DATA_DIR_SIZE + 1);
    assert_non_null(name);
    HELP_OK(request_data_dir("x/y", out, &help_why));
    assert_string_equal(out, "x/y");
    memset(name, 'x', REQUEST_DATA_DIR_SIZE);
    name[REQUEST_DATA_DIR_SIZE] = '\0';
    assert_int_equal(request_data_dir(name, out, &help_why), ERR_INVALID);
    free(name);
    HELP_OK(request_data_dir("", out, &help_why));
    assert_int_equal(out[0], '/');
    assert_non_null(strstr(out, "/weir"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
