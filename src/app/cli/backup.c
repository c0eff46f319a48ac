/* SPDX-License-Identifier: Apache-2.0 */
/* backup, restore: a data directory as one file, and back. */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/log.h"
#include "cli/ask.h"
#include "request/data.h"
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file being written, or what went wrong with it. */
struct target {
    const char *path;
    struct buf part; /* its name as long as it is not whole */
    int fd;
    int number; /* errno of the first write that failed; 0: none */
};

static bool write_all(struct target *t, const char *p, size_t n)
{
    while (n > 0 && t->number == 0) {
        ssize_t done = write(t->fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            t->number = errno;
            break;
        }
        p += done;
        n -= (size_t)done;
    }
    return t->number == 0;
}

static bool take(void *ctx, int stream, const char *p, size_t n)
{
    if (stream == 1)
        return write_all(ctx, p, n);
    return fwrite(p, 1, n, stderr) == n;
}

static bool gone(void *ctx)
{
    const struct target *t = ctx;
    return t->number != 0 || cli_stopped();
}

static int cannot(const struct target *t, int number)
{
    struct err_text why;
    enum err err = err_from_errno(number);
    err_set_at(&why, err, t->path, 0, "cannot be written: %s", strerror(number));
    return cli_fail(err, &why);
}

/* On disk, and under its name, or not there at all. */
static int settle(struct target *t, int status)
{
    const char *part = buf_text(&t->part);
    if (status == CLI_DONE && t->number == 0 && (fsync(t->fd) != 0 || rename(part, t->path) != 0))
        t->number = errno;
    if (status == CLI_DONE && t->number == 0)
        return CLI_DONE;
    unlink(part);
    return t->number != 0 ? cannot(t, t->number) : status;
}

int cli_backup(const struct cli_args *args)
{
    struct cli_ask a;
    struct err_text why;
    struct target t = {.fd = STDOUT_FILENO};
    if (args->rest_n != 1)
        return cli_fail(ERR_INVALID, (err_set(&why, ERR_INVALID,
                                              "expected the file to write, or - for standard "
                                              "output"),
                                      &why));
    t.path = args->rest[0];
    bool file = strcmp(t.path, "-") != 0;
    buf_init(&t.part);
    buf_format(&t.part, "%s.part", t.path);
    if (!buf_ok(&t.part))
        return cli_fail(ERR_MEMORY, (err_set(&why, ERR_MEMORY, "%s", err_name(ERR_MEMORY)), &why));
    if (file)
        t.fd = open(buf_text(&t.part), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (t.fd < 0) {
        int number = errno;
        buf_release(&t.part);
        return cannot(&t, number);
    }
    cli_catch_signals(); /* what is not whole is removed */
    signal(SIGXFSZ, SIG_IGN);
    cli_ask_init(&a, "backup", NULL);
    a.output = (struct request_output){.write = take, .gone = gone, .ctx = &t};
    int status = cli_ask_run(&a, args);
    if (file) {
        status = settle(&t, status);
        close(t.fd);
    } else if (t.number != 0) {
        status = cannot(&t, t.number);
    }
    buf_release(&t.part);
    return status;
}

/* Standard input as a file that can be read twice: itself, or a copy that no folder shows. */
static enum err hold_input(int *out_fd, struct err_text *why)
{
    struct stat st;
    const char *folder = getenv("TMPDIR");
    struct buf name;
    if (fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode)) {
        *out_fd = STDIN_FILENO;
        return ERR_NONE;
    }
    buf_init(&name);
    buf_format(&name, "%s/weir-restore-XXXXXX", folder != NULL ? folder : "/var/tmp");
    if (!buf_ok(&name))
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    struct target t = {.path = buf_text(&name), .fd = mkstemp(name.p)};
    char bytes[16384];
    ssize_t n = 1;
    if (t.fd < 0)
        t.number = errno;
    else
        unlink(t.path);
    while (t.number == 0 && n > 0) {
        n = read(STDIN_FILENO, bytes, sizeof(bytes));
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n < 0)
            t.number = errno;
        else
            write_all(&t, bytes, (size_t)n);
    }
    enum err err = err_from_errno(t.number);
    if (t.number == 0)
        *out_fd = t.fd;
    else
        err_set(why, err, "standard input cannot be kept as %s: %s", t.path, strerror(t.number));
    if (t.number != 0 && t.fd >= 0)
        close(t.fd);
    buf_release(&name);
    return err;
}

static enum err restore_input(const char *dir, struct store_backup_totals *totals,
                              struct err_text *why)
{
    int fd = -1;
    enum err err = hold_input(&fd, why);
    if (err != ERR_NONE)
        return err;
    err = store_restore_from(fd, "standard input", dir, totals, why);
    if (fd != STDIN_FILENO)
        close(fd);
    return err;
}

int cli_restore(const struct cli_args *args)
{
    struct err_text why;
    struct store_backup_totals totals;
    char dir[REQUEST_DATA_DIR_SIZE];
    if (args->rest_n != 1)
        return cli_fail(ERR_INVALID,
                        (err_set(&why, ERR_INVALID,
                                 "expected a file that weir backup made, or - for standard "
                                 "input"),
                         &why));
    enum err err = cli_data_dir(args, dir, &why);
    if (err == ERR_NONE)
        err = strcmp(args->rest[0], "-") == 0 ? restore_input(dir, &totals, &why)
                                              : store_restore(args->rest[0], dir, &totals, &why);
    if (err != ERR_NONE)
        return cli_fail(err, &why);
    log_line(LOG_LEVEL_INFO, "%zu files with %llu bytes were restored into %s", totals.files,
             (unsigned long long)totals.bytes, dir);
    return CLI_DONE;
}
