/* SPDX-License-Identifier: Apache-2.0 */
#include "priv/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* What every process does. */
static const int common[] = {
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect),
    SCMP_SYS(madvise),
    /* descriptors */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(close),
    SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(fcntl), SCMP_SYS(lseek),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    /* itself */
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigpending), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid),
    SCMP_SYS(tgkill), SCMP_SYS(kill), SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(futex),
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom), SCMP_SYS(getuid),
    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(sched_yield)};

/* What the engine, its libraries and the query worker do besides. */
static const int engine[] = {
    /* memory */
    SCMP_SYS(msync), SCMP_SYS(mincore), SCMP_SYS(mlock), SCMP_SYS(munlock), SCMP_SYS(membarrier),
    /* files */
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat), SCMP_SYS(truncate),
    SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
    SCMP_SYS(getdents), SCMP_SYS(getdents64), SCMP_SYS(getcwd), SCMP_SYS(mkdir), SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fsync),
    SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range), SCMP_SYS(flock), SCMP_SYS(fchmod),
    SCMP_SYS(fchown), SCMP_SYS(utimensat), SCMP_SYS(fadvise64), SCMP_SYS(umask), SCMP_SYS(pread64),
    SCMP_SYS(pwrite64), SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(preadv2), SCMP_SYS(pwritev2),
    SCMP_SYS(copy_file_range), SCMP_SYS(sendfile), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
    SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(close_range), SCMP_SYS(eventfd2), SCMP_SYS(select),
    SCMP_SYS(pselect6),
    /* sockets, once they are there */
    SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(shutdown),
    SCMP_SYS(recvmmsg), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    /* threads, and the query worker */
    SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(execve),
    SCMP_SYS(set_tid_address), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(futex_waitv), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_setaffinity),
    SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler), SCMP_SYS(getcpu), SCMP_SYS(getpriority),
    SCMP_SYS(setpriority), SCMP_SYS(arch_prctl), SCMP_SYS(prctl), SCMP_SYS(prlimit64),
    SCMP_SYS(getrlimit), SCMP_SYS(setrlimit), SCMP_SYS(getresuid), SCMP_SYS(getresgid),
    SCMP_SYS(getgroups), SCMP_SYS(getpgrp), SCMP_SYS(getpgid), SCMP_SYS(getsid), SCMP_SYS(capget),
    /* signals and time */
    SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigsuspend), SCMP_SYS(tkill), SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_getres), SCMP_SYS(time), SCMP_SYS(times),
    SCMP_SYS(getrusage), SCMP_SYS(sysinfo), SCMP_SYS(uname),
    /* a narrower jail for the query worker */
    SCMP_SYS(seccomp), SCMP_SYS(landlock_create_ruleset), SCMP_SYS(landlock_add_rule),
    SCMP_SYS(landlock_restrict_self)};

/* What the courier does besides the common: names, connections, threads, one child. */
static const int courier[] = {SCMP_SYS(mincore),
                              SCMP_SYS(membarrier),
                              SCMP_SYS(mlock),
                              SCMP_SYS(munlock),
                              SCMP_SYS(open),
                              SCMP_SYS(openat),
                              SCMP_SYS(stat),
                              SCMP_SYS(lstat),
                              SCMP_SYS(access),
                              SCMP_SYS(faccessat),
                              SCMP_SYS(faccessat2),
                              SCMP_SYS(readlink),
                              SCMP_SYS(readlinkat),
                              SCMP_SYS(getdents64),
                              SCMP_SYS(pread64),
                              SCMP_SYS(memfd_create),
                              SCMP_SYS(pipe2),
                              SCMP_SYS(eventfd2),
                              SCMP_SYS(select),
                              SCMP_SYS(pselect6),
                              SCMP_SYS(dup),
                              SCMP_SYS(connect),
                              SCMP_SYS(bind),
                              SCMP_SYS(getsockopt),
                              SCMP_SYS(setsockopt),
                              SCMP_SYS(getsockname),
                              SCMP_SYS(getpeername),
                              SCMP_SYS(shutdown),
                              SCMP_SYS(sendmmsg),
                              SCMP_SYS(recvmmsg),
                              SCMP_SYS(epoll_create1),
                              SCMP_SYS(epoll_ctl),
                              SCMP_SYS(epoll_wait),
                              SCMP_SYS(epoll_pwait),
                              SCMP_SYS(clone),
                              SCMP_SYS(clone3),
                              SCMP_SYS(fork),
                              SCMP_SYS(set_tid_address),
                              SCMP_SYS(set_robust_list),
                              SCMP_SYS(rseq),
                              SCMP_SYS(sched_getaffinity),
                              SCMP_SYS(prlimit64),
                              SCMP_SYS(getrlimit),
                              SCMP_SYS(prctl),
                              SCMP_SYS(nanosleep),
                              SCMP_SYS(clock_nanosleep),
                              SCMP_SYS(clock_getres),
                              SCMP_SYS(time),
                              SCMP_SYS(getrusage),
                              SCMP_SYS(sysinfo),
                              SCMP_SYS(uname),
                              SCMP_SYS(arch_prctl)};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* How the search for leaks looks at the threads. */
static const int sanitizer[] = {SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
                                SCMP_SYS(personality)};
#endif

static const unsigned long engine_ioctls[] = {TCGETS,       FIONREAD,      FIONBIO,   FIOCLEX,
                                              SIOCGIFFLAGS, SIOCGIFHWADDR, SIOCGIFMTU};

/* Calls newer than this list: "not there" is what libraries know how to live with. */
#define FIRST_UNKNOWN 451
#define LAST_UNKNOWN 511

/* Of a socket's type, without its flags. */
#define SOCK_KIND 0xf

static int allow(scmp_filter_ctx filter, const int *calls, size_t n)
{
    int rc = 0;
    /* Numbers below 0 are of calls that this architecture has not. */
    for (size_t i = 0; i < n && rc == 0; i++)
        if (calls[i] >= 0)
            rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    return rc;
}

static int allow_engine(scmp_filter_ctx filter)
{
    int rc = allow(filter, common, sizeof(common) / sizeof(common[0]));
    if (rc == 0)
        rc = allow(filter, engine, sizeof(engine) / sizeof(engine[0]));
    for (size_t i = 0; i < sizeof(engine_ioctls) / sizeof(engine_ioctls[0]) && rc == 0; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                              (struct scmp_arg_cmp){1, SCMP_CMP_EQ, engine_ioctls[i], 0});
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                              (struct scmp_arg_cmp){0, SCMP_CMP_EQ, AF_UNIX, 0});
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1,
                              (struct scmp_arg_cmp){0, SCMP_CMP_EQ, AF_UNIX, 0});
    for (int call = FIRST_UNKNOWN; call <= LAST_UNKNOWN && rc == 0; call++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    if (rc == 0)
        rc = allow(filter, sanitizer, sizeof(sanitizer) / sizeof(sanitizer[0]));
#endif
    return rc;
}

static int allow_courier(scmp_filter_ctx filter)
{
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6};
    int rc = allow(filter, common, sizeof(common) / sizeof(common[0]));
    if (rc == 0)
        rc = allow(filter, courier, sizeof(courier) / sizeof(courier[0]));
    for (size_t i = 0; i < sizeof(engine_ioctls) / sizeof(engine_ioctls[0]) && rc == 0; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                              (struct scmp_arg_cmp){1, SCMP_CMP_EQ, engine_ioctls[i], 0});
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]) && rc == 0; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                              (struct scmp_arg_cmp){0, SCMP_CMP_EQ, (scmp_datum_t)families[i], 0},
                              (struct scmp_arg_cmp){1, SCMP_CMP_MASKED_EQ, SOCK_KIND, SOCK_STREAM});
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]) && rc == 0; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                              (struct scmp_arg_cmp){0, SCMP_CMP_EQ, (scmp_datum_t)families[i], 0},
                              (struct scmp_arg_cmp){1, SCMP_CMP_MASKED_EQ, SOCK_KIND, SOCK_DGRAM});
    if (rc == 0) /* which addresses this machine has: for the order of those that a name has */
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3,
                              (struct scmp_arg_cmp){0, SCMP_CMP_EQ, AF_NETLINK, 0},
                              (struct scmp_arg_cmp){1, SCMP_CMP_MASKED_EQ, SOCK_KIND, SOCK_RAW},
                              (struct scmp_arg_cmp){2, SCMP_CMP_EQ, 0, 0});
    if (rc == 0)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1,
                              (struct scmp_arg_cmp){0, SCMP_CMP_EQ, AF_UNIX, 0});
    for (int call = FIRST_UNKNOWN; call <= LAST_UNKNOWN && rc == 0; call++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    if (rc == 0)
        rc = allow(filter, engine, sizeof(engine) / sizeof(engine[0]));
    if (rc == 0)
        rc = allow(filter, sanitizer, sizeof(sanitizer) / sizeof(sanitizer[0]));
#endif
    return rc;
}

static int allow_monitor(scmp_filter_ctx filter)
{
    int rc = allow(filter, common, sizeof(common) / sizeof(common[0]));
    /* Whatever the flags are, they must not be those of writing or making. */
    if (rc == 0)
        rc = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
            (struct scmp_arg_cmp){2, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY});
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    if (rc == 0)
        rc = allow(filter, engine, sizeof(engine) / sizeof(engine[0]));
    if (rc == 0)
        rc = allow(filter, sanitizer, sizeof(sanitizer) / sizeof(sanitizer[0]));
#endif
    return rc;
}

static enum err enter(int (*rules)(scmp_filter_ctx), bool *out_held, struct err_text *why)
{
    /* Without no new privileges loading would need rights. */
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
        *out_held = false;
        return ERR_NONE;
    }
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    /* Both are better to have: old kernels do not log, old libraries do not sort. */
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    int rc = rules(filter);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    if (rc != 0)
        return err_set(why, ERR_DENIED, "seccomp does not confine the process: %s", strerror(-rc));
    *out_held = true;
    return ERR_NONE;
}

enum err priv_calls_engine(bool *out_held, struct err_text *why)
{
    return enter(allow_engine, out_held, why);
}

enum err priv_calls_courier(bool *out_held, struct err_text *why)
{
    return enter(allow_courier, out_held, why);
}

enum err priv_calls_monitor(struct err_text *why)
{
    bool held;
    return enter(allow_monitor, &held, why);
}
