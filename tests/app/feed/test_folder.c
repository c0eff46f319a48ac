/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "base/mem.h"
#include "feed/folder.h"

#include <sys/stat.h>

static char *in_dir(const char *dir, const char *name)
{
    char *path;
    assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
    return path;
}

static void files_are_listed_by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"b.log",   "a.log", "B.log", "a.log.gz",
                                        ".hidden", "10",    "9"};
    static const char *const listed[] = {"10", "9", "B.log", "a.log", "a.log.gz", "b.log", "link"};
    char *dir = help_mkdir();
    char **paths;
    size_t n;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        help_write(dir, names[i], "x", 1);
    char *below = in_dir(dir, "below"), *link = in_dir(dir, "link"), *dead = in_dir(dir, "dead");
    char *pipe = in_dir(dir, "pipe"), *slash = in_dir(dir, "");
    assert_int_equal(mkdir(below, 0700), 0);
    help_write(below, "inner", "x", 1);
    assert_int_equal(symlink("a.log", link), 0);
    assert_int_equal(symlink("nowhere", dead), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    const char *const folders[] = {dir, slash};
    for (size_t k = 0; k < 2; k++) {
        HELP_OK(feed_folder_list(folders[k], &paths, &n, &help_why));
        assert_int_equal(n, sizeof(listed) / sizeof(listed[0]));
        for (size_t i = 0; i < n; i++) {
            char *path = in_dir(dir, listed[i]);
            assert_string_equal(paths[i], path);
            free(path);
        }
        feed_folder_free(paths, n);
    }
    assert_int_equal(unlink(pipe), 0);
    assert_int_equal(unlink(dead), 0);
    help_rmdir(below);
    free(link);
    free(dead);
    free(pipe);
    free(slash);
    help_rmdir(dir);
}

static void what_is_no_folder_is_told(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    char **paths = NULL;
    size_t n;
    help_write(dir, "file", "x", 1);
    char *file = in_dir(dir, "file"), *none = in_dir(dir, "none");
    assert_true(feed_folder_is(dir));
    assert_false(feed_folder_is(file));
    assert_false(feed_folder_is(none));
    assert_int_equal(feed_folder_list(none, &paths, &n, &help_why), ERR_NOT_FOUND);
    assert_string_equal(help_why.file, none);
    assert_int_not_equal(feed_folder_list(file, &paths, &n, &help_why), ERR_NONE);
    assert_null(paths);
    assert_int_equal(unlink(file), 0);
    HELP_OK(feed_folder_list(dir, &paths, &n, &help_why));
    assert_int_equal(n, 0);
    feed_folder_free(paths, n);
    free(file);
    free(none);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_listed_by_name),
        cmocka_unit_test(what_is_no_folder_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
