/* SPDX-License-Identifier: Apache-2.0 */
/* Growing files: new lines, rotation, truncation, folders, and going on after a restart. */
#include "ingest/follow.h"

#include "ingest_lines.h"
#include "ingest_temp.h"

#include <fcntl.h>
#include <sys/wait.h>

#define HEADER "#separator \\x09\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring\n"

struct fixture {
    struct temp temp;
    struct lines got;
    struct ingest_follow *f;
};

static int setup(void **state)
{
    static struct fixture x;
    temp_make(&x.temp);
    lines_init(&x.got);
    x.f = NULL;
    *state = &x;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *x = *state;
    ingest_follow_close(x->f);
    lines_release(&x->got);
    temp_drop(&x->temp);
    return 0;
}

static void begin(struct fixture *x, const char *path)
{
    struct ingest_settings settings;
    struct err_text why;
    ingest_settings_default(&settings);
    assert_int_equal(ingest_follow_open(path, &settings, &x->f, &why), ERR_NONE);
}

static void append(struct fixture *x, const char *name, const char *text)
{
    temp_write(&x->temp, name, "a", text, strlen(text));
}

/* How many events a poll gives. */
static size_t poll_files(struct fixture *x)
{
    size_t before = x->got.n;
    assert_int_equal(ingest_follow_poll(x->f, 0, TIME_MAX, lines_take, &x->got, NULL), ERR_NONE);
    return x->got.n - before;
}

static void lines_come_as_they_are_written(void **state)
{
    struct fixture *x = *state;
    begin(x, temp_path(&x->temp, "conn.log"));
    assert_int_equal(poll_files(x), 0);
    append(x, "conn.log", HEADER "1\tC1\n2\tC");
    assert_int_equal(poll_files(x), 1);
    assert_int_equal(poll_files(x), 0);
    append(x, "conn.log", "2\n3\tC3\n");
    assert_int_equal(poll_files(x), 2);
    lines_expect(&x->got.events[1], "zeek.session_id", "C2");
    assert_int_equal(x->got.events[2].sequence, 2);
    assert_int_equal(ingest_follow_state(x->f).files, 1);
}

static void rotation_loses_nothing(void **state)
{
    struct fixture *x = *state;
    char old[200];
    begin(x, temp_path(&x->temp, "conn.log"));
    append(x, "conn.log", HEADER "1\tC1\n");
    assert_int_equal(poll_files(x), 1);
    append(x, "conn.log", "2\tC2\n3\tC3");
    strcpy(old, temp_path(&x->temp, "conn.log.1"));
    assert_int_equal(rename(temp_path(&x->temp, "conn.log"), old), 0);
    append(x, "conn.log", HEADER "4\tC4\n");
    assert_int_equal(poll_files(x), 3);
    lines_expect(&x->got.events[2], "zeek.session_id", "C3");
    lines_expect(&x->got.events[3], "zeek.session_id", "C4");
    assert_int_equal(ingest_follow_state(x->f).rotated, 1);
    struct ingest_counts counts;
    ingest_follow_counts(x->f, &counts);
    assert_int_equal(counts.records, 4);
}

static void a_truncated_file_begins_anew(void **state)
{
    struct fixture *x = *state;
    begin(x, temp_path(&x->temp, "conn.log"));
    append(x, "conn.log", HEADER "1\tC1\n2\tC2\n");
    assert_int_equal(poll_files(x), 2);
    static const char text[] = HEADER "9\tC9\n";
    temp_write(&x->temp, "conn.log", "w", text, sizeof(text) - 1);
    assert_int_equal(poll_files(x), 1);
    lines_expect(&x->got.events[2], "zeek.session_id", "C9");
    assert_int_equal(ingest_follow_state(x->f).truncated, 1);
}

static void a_folder_is_followed(void **state)
{
    struct fixture *x = *state;
    append(x, "b.json", "{\"@timestamp\":1,\"a\":1}\n");
    append(x, "a.log", HEADER "1\tC1\n");
    append(x, ".hidden", "{\"@timestamp\":1}\n");
    append(x, "old.log.gz", "{\"@timestamp\":1}\n");
    append(x, "notes.txt", "nothing of the kind\n");
    begin(x, x->temp.dir);
    assert_int_equal(poll_files(x), 2);
    lines_expect(&x->got.events[0], "zeek.session_id", "C1");
    append(x, "c.json", "{\"@timestamp\":2,\"a\":1}\n");
    append(x, "notes.txt", "{\"@timestamp\":1}\n");
    assert_int_equal(poll_files(x), 1);
    char old[200];
    strcpy(old, temp_path(&x->temp, "a.1.log"));
    assert_int_equal(rename(temp_path(&x->temp, "a.log"), old), 0);
    append(x, "a.1.log", "2\tC2\n");
    append(x, "a.log", HEADER "3\tC3\n");
    assert_int_equal(poll_files(x), 2);
    struct ingest_follow_state s = ingest_follow_state(x->f);
    assert_int_equal(s.files, 4);
    assert_int_equal(s.ignored, 1);
    assert_int_equal(s.rotated, 0);
}

/* Whatever it turns out to be, and also when it turns into the other. */
static void a_folder_may_come_later(void **state)
{
    struct fixture *x = *state;
    char logs[100];
    snprintf(logs, sizeof(logs), "%s/logs", x->temp.dir);
    begin(x, logs);
    assert_int_equal(poll_files(x), 0);
    assert_int_equal(poll_files(x), 0);
    assert_int_equal(mkdir(logs, 0700), 0);
    assert_int_equal(poll_files(x), 0);
    append(x, "logs/conn.log", HEADER "1\tC1\n");
    assert_int_equal(poll_files(x), 1);
    append(x, "logs/conn.log", "2\tC2\n");
    append(x, "logs/dns.log", HEADER "3\tD3\n");
    assert_int_equal(poll_files(x), 2);
    assert_int_equal(ingest_follow_state(x->f).failures, 0);
    char moved[100];
    snprintf(moved, sizeof(moved), "%s/moved", x->temp.dir);
    assert_int_equal(rename(logs, moved), 0);
    append(x, "logs", "{\"@timestamp\":4,\"a\":1}\n");
    assert_int_equal(poll_files(x), 1);
    assert_int_equal(ingest_follow_state(x->f).files, 1);
}

/* A disk that is mounted after the start: what was read of it is not read again. */
static void positions_wait_for_what_comes_later(void **state)
{
    struct fixture *x = *state;
    struct buf saved;
    struct err_text why;
    char logs[100], away[100];
    snprintf(logs, sizeof(logs), "%s/logs", x->temp.dir);
    snprintf(away, sizeof(away), "%s/away", x->temp.dir);
    buf_init(&saved);
    assert_int_equal(mkdir(logs, 0700), 0);
    append(x, "logs/conn.log", HEADER "1\tC1\n");
    begin(x, logs);
    assert_int_equal(poll_files(x), 1);
    ingest_follow_save(x->f, &saved);
    ingest_follow_close(x->f);
    assert_int_equal(rename(logs, away), 0);
    begin(x, logs);
    assert_int_equal(ingest_follow_restore(x->f, buf_text(&saved), saved.n, &why), ERR_NONE);
    assert_int_equal(poll_files(x), 0);
    buf_clear(&saved);
    ingest_follow_save(x->f, &saved);
    assert_non_null(strstr(buf_text(&saved), "\"inode\""));
    assert_int_equal(rename(away, logs), 0);
    append(x, "logs/conn.log", "2\tC2\n");
    assert_int_equal(poll_files(x), 1);
    lines_expect(&x->got.events[1], "zeek.session_id", "C2");
    buf_release(&saved);
}

static void reading_goes_on_where_it_stopped(void **state)
{
    struct fixture *x = *state;
    struct buf saved;
    struct err_text why;
    buf_init(&saved);
    append(x, "conn.log", HEADER "1\tC1\n");
    append(x, "dns.log", HEADER "1\tD1\n");
    begin(x, x->temp.dir);
    assert_int_equal(poll_files(x), 2);
    ingest_follow_save(x->f, &saved);
    ingest_follow_close(x->f);
    append(x, "conn.log", "2\tC2\n");
    /* dns.log is another file now, though it has the same name. */
    unlink(temp_path(&x->temp, "dns.log"));
    append(x, "keeps-the-inode", "x");
    append(x, "dns.log", HEADER "5\tD5\n");
    begin(x, x->temp.dir);
    assert_int_equal(ingest_follow_restore(x->f, buf_text(&saved), saved.n, &why), ERR_NONE);
    assert_int_equal(poll_files(x), 2);
    lines_expect(&x->got.events[2], "zeek.session_id", "C2");
    assert_int_equal(x->got.events[2].sequence, 2);
    lines_expect(&x->got.events[3], "zeek.session_id", "D5");
    assert_int_equal(ingest_follow_restore(x->f, "{\"version\":2}", 13, &why), ERR_FORMAT);
    buf_release(&saved);
}

static void the_number_of_lines_is_limited(void **state)
{
    struct fixture *x = *state;
    uint64_t lines;
    begin(x, temp_path(&x->temp, "x.json"));
    for (int i = 0; i < 10; i++)
        append(x, "x.json", "{\"@timestamp\":1}\n");
    for (int i = 0; i < 4; i++) {
        assert_int_equal(ingest_follow_poll(x->f, 3, TIME_MAX, lines_take, &x->got, &lines),
                         ERR_NONE);
        assert_int_equal(lines, i < 3 ? 3 : 1);
    }
    assert_int_equal(x->got.n, 10);
}

/* Descriptors that a process with more rights opened. */
struct shut {
    char folder[128], file[160];
    int folder_fd, file_fd;
};

static int open_shut(void *ctx, const char *path)
{
    struct shut *x = ctx;
    int fd = strcmp(path, x->folder) == 0 ? x->folder_fd
             : strcmp(path, x->file) == 0 ? x->file_fd
                                          : -1;
    return fd >= 0 && lseek(fd, 0, SEEK_SET) == 0 ? dup(fd) : -1;
}

/* Follows a path without a right to it: the lines that come; −1 when that does not work. */
static int follow_shut(struct shut *x, const char *path, bool with_opener)
{
    struct lines got;
    struct ingest_settings settings;
    struct ingest_follow *f;
    struct err_text why;
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return -1;
    lines_init(&got);
    ingest_settings_default(&settings);
    if (with_opener)
        settings.opener = (struct ingest_opener){open_shut, x};
    if (ingest_follow_open(path, &settings, &f, &why) != ERR_NONE ||
        ingest_follow_poll(f, 0, TIME_MAX, lines_take, &got, NULL) != ERR_NONE)
        return -1;
    int n = (int)got.n;
    ingest_follow_close(f);
    lines_release(&got);
    return n;
}

static int status_of_shut(struct shut *x, const char *path, bool with_opener)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(follow_shut(x, path, with_opener));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void what_is_shut_is_opened_by_another(void **state)
{
    struct fixture *x = *state;
    struct shut shut = {0};
    append(x, "conn.log", HEADER "1.0\tC1\n2.0\tC2\n");
    snprintf(shut.folder, sizeof(shut.folder), "%s", x->temp.dir);
    snprintf(shut.file, sizeof(shut.file), "%s/conn.log", shut.folder);
    shut.folder_fd = open(shut.folder, O_RDONLY | O_CLOEXEC);
    shut.file_fd = open(shut.file, O_RDONLY | O_CLOEXEC);
    assert_true(shut.folder_fd >= 0 && shut.file_fd >= 0);
    assert_int_equal(chmod(shut.file, 0), 0);
    assert_int_equal(chmod(shut.folder, 0), 0);
    int without = status_of_shut(&shut, shut.file, false);
    int file = status_of_shut(&shut, shut.file, true);
    int folder = status_of_shut(&shut, shut.folder, true);
    assert_int_equal(chmod(shut.folder, 0700), 0);
    close(shut.folder_fd);
    close(shut.file_fd);
    assert_int_equal(without, 0);
    assert_int_equal(file, 2);
    assert_int_equal(folder, 2);
}

/* Files with a past are read by the times of their lines, whatever they are called and however much
 * is in them, and no further than is asked for. */
static void a_past_is_gone_through_together(void **state)
{
    struct fixture *x = *state;
    char line[64];
    uint64_t n;
    ts_ns last = 0;
    const struct {
        const char *name;
        unsigned begin, end, step;
    } logs[] = {{"conn.log", 1000, 3000, 10},   /* rare */
                {"conn.1.log", 1000, 3000, 1},  /* busy */
                {"conn.2.log", 2500, 2600, 1}}; /* later */
    for (size_t i = 0; i < 3; i++) {
        append(x, logs[i].name, HEADER);
        for (unsigned at = logs[i].begin; at < logs[i].end; at += logs[i].step) {
            snprintf(line, sizeof(line), "%u\tC%zu\n", at, i);
            append(x, logs[i].name, line);
        }
    }
    begin(x, x->temp.dir);
    assert_int_equal(ingest_follow_time(x->f), TIME_NONE);
    assert_int_equal(ingest_follow_poll(x->f, 0, 2000 * TIME_S, lines_take, &x->got, &n), ERR_NONE);
    assert_in_range(x->got.n, 1102, 1106); /* each goes to the first line after it */
    assert_in_range(ingest_follow_time(x->f), 2000 * TIME_S, 2002 * TIME_S);
    while (ingest_follow_time(x->f) != TIME_MAX)
        assert_int_equal(ingest_follow_poll(x->f, 50, TIME_MAX, lines_take, &x->got, &n), ERR_NONE);
    assert_int_equal(x->got.n, 200 + 2000 + 100);
    for (size_t i = 3; i < x->got.n; i++) {
        /* No file runs ahead of another by more than its own next line. */
        if (x->got.events[i].time < last - 10 * TIME_S)
            fail_msg("event %zu is of %lld, after %lld", i,
                     (long long)(x->got.events[i].time / TIME_S), (long long)(last / TIME_S));
        if (x->got.events[i].time > last && x->got.events[i].time != 2500 * TIME_S)
            last = x->got.events[i].time;
    }
    /* What is added later is read at once. */
    append(x, "conn.1.log", "900\tC\n");
    assert_int_equal(poll_files(x), 1);
    assert_int_equal(ingest_follow_time(x->f), TIME_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_come_as_they_are_written, setup, teardown),
        cmocka_unit_test_setup_teardown(rotation_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_truncated_file_begins_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_is_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_may_come_later, setup, teardown),
        cmocka_unit_test_setup_teardown(positions_wait_for_what_comes_later, setup, teardown),
        cmocka_unit_test_setup_teardown(reading_goes_on_where_it_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(the_number_of_lines_is_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_shut_is_opened_by_another, setup, teardown),
        cmocka_unit_test_setup_teardown(a_past_is_gone_through_together, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
