/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "priv/calls.h"

#include "priv_child.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true /* the sanitizer wants calls of its own, which are let through */
#else
#define SANITIZED false
#endif

static bool refused(long result)
{
    return result == -1 && errno == EPERM;
}

static void *thread(void *arg)
{
    /* Threads made later are held too. */
    *(bool *)arg = refused(socket(AF_INET, SOCK_STREAM, 0));
    return NULL;
}

static int courier(const char *folder)
{
    struct err_text why;
    bool held = false;
    char path[256];
    char *const none[] = {NULL};
    EXPECT(priv_calls_courier(&held, &why) == ERR_NONE);
    if (!held)
        return CHILD_SKIP;
    /* It connects, by what names and messages need. */
    EXPECT(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
    EXPECT(socket(AF_INET6, SOCK_DGRAM, 0) >= 0 || errno == EAFNOSUPPORT);
    EXPECT(socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
    EXPECT(refused(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)));
    EXPECT(refused(socket(AF_PACKET, SOCK_RAW, 0)));
    EXPECT(refused(mount("none", folder, "tmpfs", 0, NULL)));
    EXPECT(refused(syscall(SYS_bpf, 0, NULL, 0)));
    EXPECT(SANITIZED || refused(listen(socket(AF_INET, SOCK_STREAM, 0), 1)));
    EXPECT(SANITIZED || refused(execve("/bin/true", none, none)));
    EXPECT(SANITIZED || refused(ptrace(PTRACE_TRACEME, 0, 0, 0)));
    EXPECT(SANITIZED || refused(unlink(child_path(path, sizeof(path), folder, "x"))));
    return CHILD_OK;
}

static int engine(const char *folder)
{
    struct err_text why;
    bool held = false, in_thread = false;
    char path[256];
    pthread_t t;
    EXPECT(priv_calls_engine(&held, &why) == ERR_NONE);
    if (!held)
        return CHILD_SKIP;
    EXPECT(SANITIZED || refused(ptrace(PTRACE_TRACEME, 0, 0, 0)));
    EXPECT(refused(socket(AF_INET, SOCK_STREAM, 0)) && refused(socket(AF_PACKET, SOCK_RAW, 0)));
    EXPECT(refused(mount("none", folder, "tmpfs", 0, NULL)));
    EXPECT(refused(unshare(CLONE_NEWUSER)));
    EXPECT(refused(chmod(folder, 04777)));
    EXPECT(refused(syscall(SYS_bpf, 0, NULL, 0)));
    EXPECT(refused(syscall(SYS_io_uring_setup, 1, NULL)));
    EXPECT(refused(syscall(SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0)));
    EXPECT(refused(syscall(SYS_setuid, getuid())));
    /* A call of the future is not there: libraries fall back. */
    EXPECT(syscall(500) == -1 && errno == ENOSYS);
    /* What it needs is left: threads, files, local sockets, the time. */
    EXPECT(pthread_create(&t, NULL, thread, &in_thread) == 0 && pthread_join(t, NULL) == 0);
    EXPECT(in_thread);
    int fd = open(child_path(path, sizeof(path), folder, "x"), O_CREAT | O_RDWR, 0600);
    EXPECT(fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && close(fd) == 0);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT(fd >= 0 && close(fd) == 0);
    pid_t child = fork();
    if (child == 0)
        _exit(refused(socket(AF_INET, SOCK_DGRAM, 0)) ? 0 : 1);
    int status;
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
    return CHILD_OK;
}

static int monitor(const char *folder)
{
    struct err_text why;
    char path[256];
    int fd = open(child_path(path, sizeof(path), folder, "x"), O_CREAT | O_RDWR, 0600);
    EXPECT(fd >= 0 && close(fd) == 0);
    EXPECT(priv_calls_monitor(&why) == ERR_NONE);
    EXPECT((fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) >= 0 && close(fd) == 0);
    if (SANITIZED)
        return CHILD_OK;
    EXPECT(refused(open(path, O_WRONLY)) && refused(open(path, O_RDWR)));
    EXPECT(refused(open(path, O_RDONLY | O_TRUNC)) &&
           refused(open(path, O_RDONLY | O_CREAT, 0600)));
    EXPECT(refused(execl("/bin/true", "true", (char *)NULL)));
    EXPECT(refused(fork()));
    EXPECT(refused(unlink(path)));
    EXPECT(refused(socket(AF_UNIX, SOCK_STREAM, 0)));
    EXPECT(refused(ptrace(PTRACE_TRACEME, 0, 0, 0)));
    return CHILD_OK;
}

static void the_engine_has_what_it_needs(void **state)
{
    (void)state;
    in_child(engine);
}

static void the_courier_connects_and_starts_nothing(void **state)
{
    (void)state;
    in_child(courier);
}

static void the_monitor_opens_for_reading_only(void **state)
{
    (void)state;
    in_child(monitor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_engine_has_what_it_needs),
        cmocka_unit_test(the_courier_connects_and_starts_nothing),
        cmocka_unit_test(the_monitor_opens_for_reading_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
