/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void *nothing(void *arg)
{
    return arg;
}

/* The first thing that is not as it should be, as an exit status; 0 when all is. */
static int inside(const char *dir, bool landlock)
{
    char path[4200];
    struct err_text why;
    pthread_t thread;
    store_jail_begin();
    if (store_jail_enter(dir, &why) != ERR_NONE)
        return 1;
    if (landlock) {
        if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES)
            return 2;
        if (open("/tmp/weir-test-jail", O_CREAT | O_WRONLY, 0600) >= 0 || errno != EACCES)
            return 3;
    }
    /* The folder is still there, with all that pieces need. */
    snprintf(path, sizeof(path), "%s/spill", dir);
    if (mkdir(path, 0700) != 0 || rmdir(path) != 0)
        return 4;
    snprintf(path, sizeof(path), "%s/1.tmp", dir);
    int fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0600);
    if (fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) != 0 || unlink(path) != 0)
        return 5;
    if (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
        return 6;
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM)
        return 7;
    if (execl("/bin/true", "true", (char *)NULL) != -1 || (errno != EPERM && errno != EACCES))
        return 8;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    if (child >= 0 || errno != EPERM)
        return 9;
    if (kill(getppid(), 0) == 0 || errno != EPERM)
        return 10;
    return 0;
}

static void test_jail(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    pid_t pid = fork();
    if (pid == 0)
        _exit(inside(dir, version >= 1));
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    help_rmdir(dir);
}

static void *map(size_t n)
{
    return mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* An exit status, as above. */
static int bounded(void)
{
    size_t much = (size_t)64 << 20;
    store_jail_bound(2 * much);
    void *p = map(much);
    if (p == MAP_FAILED)
        return 1;
    if (map(2 * much) != MAP_FAILED || errno != ENOMEM)
        return 2;
    munmap(p, much);
    return map(much + much / 2) != MAP_FAILED ? 0 : 3;
}

static void test_bound(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(bounded());
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jail),
        cmocka_unit_test(test_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
