/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, ending and losing workers; what they answer is proved in test_worker. */
#include "store/store/store_help.h"

#include "base/clock.h"
#include "store/client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct store_client *make(const char *exe, const char *arg, const char *folder)
{
    struct store_client *c;
    struct store_client_options o = {
        .exe = exe, .arg = arg, .folder = folder, .memory = (uint64_t)64 << 20, .threads = 1};
    assert_int_equal(store_client_new(&o, &c), ERR_NONE);
    return c;
}

static enum err count(struct store_client *c, const char *sql, ts_ns timeout, uint64_t *out,
                      struct err_text *why)
{
    struct buf b;
    buf_init(&b);
    store_frame_put_text(&b, sql, strlen(sql));
    store_client_lock(c);
    enum err rc = store_client_request(c, NULL, 0, STORE_FRAME_COUNT, &b, timeout, why);
    if (rc == ERR_NONE) {
        const struct store_frame *f = store_client_answer(c);
        struct cursor cursor = cursor_make(f->body.p, f->body.n);
        assert_int_equal(f->type, STORE_FRAME_DONE);
        *out = cursor_le64(&cursor);
    }
    store_client_unlock(c);
    buf_release(&b);
    return rc;
}

static void test_request(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    uint64_t n = 0;
    struct store_client *c = make(NULL, "--query-worker", dir);
    assert_int_equal(count(c, "SELECT count(*) FROM range(42)", 0, &n, &why), ERR_NONE);
    assert_int_equal(n, 42);
    /* A mistake is told, and the worker lives on. */
    assert_int_equal(count(c, "SELECT count(*) FROM nowhere", 0, &n, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "nowhere"));
    assert_int_equal(count(c, "SELECT count(*) FROM range(43)", 0, &n, &why), ERR_NONE);
    assert_int_equal(n, 43);
    /* Ended and started again by the next request. */
    store_client_end(c);
    assert_int_equal(count(c, "SELECT count(*) FROM range(44)", 0, &n, &why), ERR_NONE);
    assert_int_equal(n, 44);
    assert_int_equal(count(c,
                           "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(9) c"
                           " WHERE a.range * b.range % 7 = c.range",
                           100 * TIME_MS, &n, &why),
                     ERR_STOPPED);
    store_client_free(c);
    /* No child is left behind. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    help_rmdir(dir);
}

static void test_no_worker(void **state)
{
    (void)state;
    static const struct {
        const char *exe;
        const char *words;
    } cases[] = {
        {"/nowhere/at/all", "cannot start"},
        {"/bin/false", "exit status 1"},
        {"/bin/true", "exit status 0"},
    };
    char *dir = help_mkdir();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err_text why;
        uint64_t n;
        struct store_client *c = make(cases[i].exe, "x", dir);
        assert_int_equal(count(c, "SELECT 1", 0, &n, &why), ERR_UNSUPPORTED);
        if (strstr(why.message, cases[i].words) == NULL)
            fail_msg("%s: %s", cases[i].exe, why.message);
        store_client_free(c);
    }
    help_rmdir(dir);
}

/* One that ended by itself is taken leave of, one that lives is let be. */
static void test_tidy(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    uint64_t n = 0;
    siginfo_t info = {0};
    struct store_client *c = make(NULL, "--query-worker", dir);
    store_client_tidy(c);
    assert_int_equal(count(c, "SELECT count(*) FROM range(42)", 0, &n, &why), ERR_NONE);
    store_client_tidy(c);
    assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), 0);
    assert_int_equal(info.si_pid, 0); /* alive */
    help_kill_children(SIGKILL);
    assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    assert_true(info.si_pid > 0); /* dead, and nobody knows */
    store_client_tidy(c);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    store_client_free(c);
    help_rmdir(dir);
}

static bool is_there(const char *dir, const char *name)
{
    char path[4200];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

/* True from a time on. */
static bool from_then_on(void *ctx)
{
    return clock_steady() >= *(const ts_ns *)ctx;
}

/* Who is cancelled neither waits for its turn nor for an answer, and no worker works on for it. */
static void test_cancel(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct buf b;
    uint64_t n = 0;
    ts_ns begin = clock_steady();
    ts_ns then = begin + 150 * TIME_MS;
    const struct store_cancel cancel = {from_then_on, &then};
    struct store_client *c = make(NULL, "--query-worker", dir);
    store_client_lock(c);
    assert_int_equal(store_client_lock_unless(c, &cancel, &why), ERR_STOPPED);
    assert_true(clock_steady() >= then && clock_steady() < begin + 2 * TIME_S);
    store_client_unlock(c);
    begin = clock_steady();
    then = TIME_MAX;
    assert_int_equal(store_client_lock_unless(c, &cancel, &why), ERR_NONE);
    buf_init(&b);
    static const char sql[] = "SELECT sum(a.range * b.range) FROM range(1000000) a,"
                              " range(1000000) b";
    store_frame_put_text(&b, sql, strlen(sql));
    then = clock_steady() + 500 * TIME_MS;
    assert_int_equal(store_client_request(c, NULL, 0, STORE_FRAME_COUNT, &b, 0, &why), ERR_STOPPED);
    assert_non_null(strstr(why.message, "stopped before"));
    store_client_unlock(c);
    assert_true(clock_steady() < begin + 3 * TIME_S);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(count(c, "SELECT count(*) FROM range(42)", 0, &n, &why), ERR_NONE);
    assert_int_equal(n, 42);
    buf_release(&b);
    store_client_free(c);
    help_rmdir(dir);
}

/* What a dead worker spilled goes; what is no worker's stays. */
static void test_clean(void **state)
{
    (void)state;
    static const char *const names[] = {"spill-7", "spill-8", "spill-x", "other"};
    char *dir = help_mkdir();
    for (int i = 0; i < 4; i++) {
        char path[4200];
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path, sizeof(path), "%s/%s/file.tmp", dir, names[i]);
        int fd = open(path, O_CREAT | O_WRONLY, 0600);
        assert_true(fd >= 0);
        close(fd);
    }
    store_client_clean(dir, 7);
    assert_false(is_there(dir, "spill-7"));
    assert_true(is_there(dir, "spill-8/file.tmp"));
    store_client_clean(dir, 0);
    assert_false(is_there(dir, "spill-8"));
    assert_true(is_there(dir, "spill-x/file.tmp"));
    assert_true(is_there(dir, "other/file.tmp"));
    store_client_clean("/nowhere/at/all", 0);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request), cmocka_unit_test(test_no_worker),
        cmocka_unit_test(test_tidy),    cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
