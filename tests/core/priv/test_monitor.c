/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "priv/monitor.h"

#include "priv_child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

/* The engine's part of a test; its result is the status that the monitor must end with. */
typedef int (*engine_fn)(struct priv_monitor *m, const char *folder);

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    FILE *f = fopen(child_path(path, sizeof(path), folder, name), "w");
    EXPECT(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void remember(void *ctx, const char *sentence)
{
    snprintf(ctx, 256, "%s", sentence);
}

static int with_monitor(const char *folder, engine_fn engine, char said[256])
{
    struct err_text why;
    struct priv_monitor *m;
    char file[256], inner[256], link[256], later[256];
    const char *const paths[] = {
        child_path(file, sizeof(file), folder, "one.log"),
        child_path(inner, sizeof(inner), folder, "logs"),
        child_path(later, sizeof(later), folder, "later.log"),
        child_path(link, sizeof(link), folder, "pipe"),
    };
    const struct priv_monitor_settings settings = {paths, 4, remember, said};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    write_file(folder, "one.log", "one");
    write_file(folder, "secret", "secret");
    EXPECT(mkdir(inner, 0700) == 0 && mkfifo(link, 0600) == 0);
    write_file(inner, "two.log", "two");
    EXPECT(symlink("../secret", child_path(link, sizeof(link), inner, "link.log")) == 0);
    child_path(link, sizeof(link), folder, "pipe");
    EXPECT(priv_monitor_start(&settings, &m, &why) == ERR_NONE);
    if (priv_monitor_is_engine(m)) {
        int status = engine(m, folder);
        priv_monitor_close(m);
        _exit(status);
    }
    int status = priv_monitor_run(m);
    priv_monitor_close(m);
    return status;
}

static bool holds(int fd, const char *text)
{
    char got[16] = "";
    bool ok = read(fd, got, sizeof(got) - 1) == (ssize_t)strlen(text) && strcmp(got, text) == 0;
    close(fd);
    return ok;
}

static int ask(struct priv_monitor *m, const char *folder)
{
    int fd = -1;
    EXPECT(priv_monitor_pid(m) == getppid());
    EXPECT(priv_monitor_open(m, 0, "", &fd) == ERR_NONE);
    EXPECT((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
    EXPECT((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    EXPECT(holds(fd, "one"));
    EXPECT(priv_monitor_open(m, 1, "two.log", &fd) == ERR_NONE && holds(fd, "two"));
    EXPECT(priv_monitor_open(m, 1, "", &fd) == ERR_NONE); /* the folder, to list it */
    struct stat st;
    EXPECT(fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && close(fd) == 0);
    EXPECT(priv_monitor_open(m, 2, "", &fd) == ERR_NOT_FOUND);
    write_file(folder, "later.log", "later");
    EXPECT(priv_monitor_open(m, 2, "", &fd) == ERR_NONE && holds(fd, "later"));
    return 3;
}

static int ask_for_more(struct priv_monitor *m, const char *folder)
{
    int fd = -1;
    (void)folder;
    EXPECT(priv_monitor_open(m, 4, "", &fd) == ERR_INVALID);          /* not named */
    EXPECT(priv_monitor_open(m, UINT32_MAX, "", &fd) == ERR_INVALID); /* not named */
    EXPECT(priv_monitor_open(m, 1, "../secret", &fd) == ERR_INVALID);
    EXPECT(priv_monitor_open(m, 1, "/etc/passwd", &fd) == ERR_INVALID);
    EXPECT(priv_monitor_open(m, 1, "link.log", &fd) != ERR_NONE); /* a link chooses another file */
    EXPECT(priv_monitor_open(m, 1, "none.log", &fd) == ERR_NOT_FOUND);
    EXPECT(priv_monitor_open(m, 0, "below", &fd) != ERR_NONE); /* of a file */
    EXPECT(priv_monitor_open(m, 3, "", &fd) == ERR_INVALID);   /* a pipe */
    EXPECT(fd == -1);
    return 0;
}

/* The engine's socket is the lowest descriptor that is one. */
static int own_socket(void)
{
    struct stat st;
    for (int fd = 3; fd < 64; fd++)
        if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
            return fd;
    return -1;
}

static int send_rubbish(struct priv_monitor *m, const char *folder)
{
    uint8_t bytes[300], answer[8];
    int socket = own_socket(), fd;
    (void)folder;
    EXPECT(socket >= 0);
    unsigned seed = 1;
    for (int i = 0; i < 2000; i++) {
        size_t n = 1 + (size_t)(seed % sizeof(bytes));
        for (size_t k = 0; k < n; k++)
            bytes[k] = (uint8_t)((seed = seed * 1103515245U + 12345U) >> 16);
        if (i % 2 == 0)
            bytes[0] = 1;
        EXPECT(send(socket, bytes, n, MSG_NOSIGNAL) == (ssize_t)n);
        EXPECT(recv(socket, answer, sizeof(answer), 0) == 4);
        EXPECT(answer[0] != 0);
    }
    EXPECT(priv_monitor_open(m, 0, "", &fd) == ERR_NONE && holds(fd, "one"));
    return 0;
}

static bool is_handed_on(struct priv_monitor *m, int number)
{
    sigset_t set;
    const struct timespec patience = {.tv_sec = 10};
    sigemptyset(&set);
    sigaddset(&set, number);
    kill(priv_monitor_pid(m), number);
    return sigtimedwait(&set, NULL, &patience) == number;
}

static int wait_for_term(struct priv_monitor *m, const char *folder)
{
    (void)folder;
    return is_handed_on(m, SIGTERM) && is_handed_on(m, SIGHUP) ? 5 : 1;
}

static int end_by_signal(struct priv_monitor *m, const char *folder)
{
    (void)m;
    (void)folder;
    raise(SIGKILL);
    return 0;
}

static int opened(const char *folder)
{
    char said[256] = "";
    return with_monitor(folder, ask, said) == 3 && said[0] == '\0' ? CHILD_OK : 1;
}

static int refused(const char *folder)
{
    char said[256] = "";
    return with_monitor(folder, ask_for_more, said);
}

static int rubbish(const char *folder)
{
    char said[256] = "";
    return with_monitor(folder, send_rubbish, said);
}

static int forwarded(const char *folder)
{
    char said[256] = "";
    return with_monitor(folder, wait_for_term, said) == 5 ? CHILD_OK : 1;
}

static int told(const char *folder)
{
    char said[256] = "";
    EXPECT(with_monitor(folder, end_by_signal, said) == 128 + SIGKILL);
    EXPECT(strstr(said, "signal 9") != NULL);
    return CHILD_OK;
}

/* The engine holds the writing end of a pipe: it is gone when the pipe ends. */
static int engine_dies_too(const char *folder)
{
    int ends[2];
    char byte, said[256] = "";
    EXPECT(pipe(ends) == 0);
    pid_t monitor = fork();
    if (monitor == 0) {
        struct err_text why;
        struct priv_monitor *m;
        const struct priv_monitor_settings settings = {&folder, 1, remember, said};
        close(ends[0]);
        EXPECT(priv_monitor_start(&settings, &m, &why) == ERR_NONE);
        if (!priv_monitor_is_engine(m)) {
            close(ends[1]);
            _exit(priv_monitor_run(m));
        }
        EXPECT(write(ends[1], "x", 1) == 1);
        for (;;)
            pause();
    }
    close(ends[1]);
    EXPECT(read(ends[0], &byte, 1) == 1);
    EXPECT(kill(monitor, SIGKILL) == 0 && waitpid(monitor, NULL, 0) == monitor);
    alarm(10);
    EXPECT(read(ends[0], &byte, 1) == 0);
    return CHILD_OK;
}

static void named_paths_are_opened_for_reading(void **state)
{
    (void)state;
    in_child(opened);
}

static void nothing_else_is_opened(void **state)
{
    (void)state;
    in_child(refused);
}

static void rubbish_is_answered_with_an_error(void **state)
{
    (void)state;
    in_child(rubbish);
}

static void signals_are_handed_on(void **state)
{
    (void)state;
    in_child(forwarded);
}

static void a_signal_that_ends_the_engine_is_told(void **state)
{
    (void)state;
    in_child(told);
}

static void the_engine_ends_with_the_monitor(void **state)
{
    (void)state;
    in_child(engine_dies_too);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_paths_are_opened_for_reading),
        cmocka_unit_test(nothing_else_is_opened),
        cmocka_unit_test(rubbish_is_answered_with_an_error),
        cmocka_unit_test(signals_are_handed_on),
        cmocka_unit_test(a_signal_that_ends_the_engine_is_told),
        cmocka_unit_test(the_engine_ends_with_the_monitor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
