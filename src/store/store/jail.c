/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* O_PATH */
#include "store/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define JAIL_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define JAIL_ARCH AUDIT_ARCH_AARCH64
#endif

/* Rights that later versions of Landlock know; Debian 12's headers do not name all of them. */
#define FS_REFER ((uint64_t)1 << 13)    /* version 2 */
#define FS_TRUNCATE ((uint64_t)1 << 14) /* version 3 */
#define FS_FIRST (((uint64_t)1 << 13) - 1)

/* What reading, writing and spilling pieces takes. */
#define FS_PIECES                                                                                  \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |  \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |  \
     LANDLOCK_ACCESS_FS_REMOVE_DIR | FS_TRUNCATE)

/* Only the folder is left of the file system. A kernel without Landlock leaves all of it. */
static enum err leave_folder(const char *folder)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1)
        return errno == ENOSYS || errno == EOPNOTSUPP ? ERR_UNSUPPORTED : ERR_IO;
    uint64_t handled = FS_FIRST;
    handled |= version >= 2 ? FS_REFER : 0;
    handled |= version >= 3 ? FS_TRUNCATE : 0;
    struct landlock_ruleset_attr attr = {.handled_access_fs = handled};
    struct landlock_path_beneath_attr beneath = {.allowed_access = FS_PIECES & handled};
    enum err rc = ERR_IO;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    beneath.parent_fd = open(folder, O_PATH | O_CLOEXEC);
    if (rules >= 0 && beneath.parent_fd >= 0 &&
        syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0 &&
        syscall(SYS_landlock_restrict_self, rules, 0) == 0)
        rc = ERR_NONE;
    if (rules >= 0)
        close(rules);
    if (beneath.parent_fd >= 0)
        close(beneath.parent_fd);
    return rc;
}

#ifdef JAIL_ARCH
#define LOAD(field)                                                                                \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define REFUSE(number)                                                                             \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),                                             \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

/* No network, no other program, no other process, nothing that only root's tools need. */
static enum err refuse_calls(void)
{
    struct sock_filter filter[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, JAIL_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        /* Threads, yes; processes, no. clone3 hides its flags, and libc goes back to clone. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4),
        LOAD(args[0]),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        LOAD(nr),
#ifdef SYS_fork
        REFUSE(SYS_fork),
        REFUSE(SYS_vfork),
#endif
        REFUSE(SYS_execve),
        REFUSE(SYS_execveat),
        REFUSE(SYS_socket),
        REFUSE(SYS_socketpair),
        REFUSE(SYS_connect),
        REFUSE(SYS_bind),
        REFUSE(SYS_listen),
        REFUSE(SYS_accept4),
        REFUSE(SYS_ptrace),
        REFUSE(SYS_process_vm_readv),
        REFUSE(SYS_process_vm_writev),
        REFUSE(SYS_pidfd_getfd),
        REFUSE(SYS_kill),
        REFUSE(SYS_mount),
        REFUSE(SYS_umount2),
        REFUSE(SYS_pivot_root),
        REFUSE(SYS_chroot),
        REFUSE(SYS_unshare),
        REFUSE(SYS_setns),
        REFUSE(SYS_bpf),
        REFUSE(SYS_perf_event_open),
        REFUSE(SYS_userfaultfd),
        REFUSE(SYS_io_uring_setup),
        REFUSE(SYS_open_by_handle_at),
        REFUSE(SYS_keyctl),
        REFUSE(SYS_add_key),
        REFUSE(SYS_request_key),
        REFUSE(SYS_init_module),
        REFUSE(SYS_finit_module),
        REFUSE(SYS_kexec_load),
        REFUSE(SYS_reboot),
        REFUSE(SYS_swapon),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};
    /* All threads at once: the one that watches the socket is there already. */
    long rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    if (rc == 0)
        return ERR_NONE;
    return errno == ENOSYS || errno == EINVAL ? ERR_UNSUPPORTED : ERR_IO;
}
#else
static enum err refuse_calls(void)
{
    return ERR_UNSUPPORTED;
}
#endif

void store_jail_begin(void)
{
    struct rlimit none = {0, 0};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_NAME, "weir-query", 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);  /* the store decides when it ends */
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
}

/* What private memory that can be written the process has mapped. */
static uint64_t taken(void)
{
    unsigned long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%*u %*u %*u %*u %*u %llu", &pages) != 1)
        pages = 0;
    fclose(f);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void store_jail_bound(uint64_t bytes)
{
    rlim_t most = taken() + bytes;
    setrlimit(RLIMIT_DATA, &(struct rlimit){most, most});
}

enum err store_jail_enter(const char *folder, struct err_text *why)
{
    enum err rc = leave_folder(folder);
    if (rc == ERR_IO)
        return err_set(why, ERR_DENIED, "cannot confine the query worker to %s", folder);
    rc = refuse_calls();
    if (rc == ERR_IO)
        return err_set(why, ERR_DENIED, "cannot confine the query worker's system calls");
    return ERR_NONE;
}
