/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "request/control.h"
#include "request/data.h"
#include "request/request.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

struct world {
    char *dir;
    struct request_data *data;
    struct request_control *control;
    struct buf streams[2];
};

static bool collect(void *ctx, int stream, const char *p, size_t n)
{
    struct buf *streams = ctx;
    buf_add(&streams[stream - 1], p, n);
    return true;
}

static void begin_with(struct world *w, bool no_worker)
{
    const struct store_options options = {.no_worker = no_worker};
    *w = (struct world){.dir = help_mkdir()};
    HELP_OK(request_data_open(w->dir, &options, &w->data, &help_why));
    HELP_OK(request_control_start(w->data, &w->control, &help_why));
}

static void begin(struct world *w)
{
    begin_with(w, true);
}

static void end(struct world *w)
{
    request_control_stop(w->control);
    request_data_close(w->data);
    buf_release(&w->streams[0]);
    buf_release(&w->streams[1]);
    help_rmdir(w->dir);
}

static enum err ask(struct world *w, const char *request, int *out_status)
{
    const struct request_output out = {.write = collect, .ctx = w->streams};
    buf_clear(&w->streams[0]);
    buf_clear(&w->streams[1]);
    return request_control_ask(w->dir, request, strlen(request), &out, out_status, &help_why);
}

static int dial(const struct world *w)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.sock", w->dir);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

static void test_ask(void **state)
{
    (void)state;
    struct world w;
    struct stat st;
    char path[4200];
    int status = -1;
    begin(&w);
    snprintf(path, sizeof(path), "%s/control.sock", w.dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    HELP_OK(ask(&w, "{\"command\": \"status\"}", &status));
    assert_int_equal(status, 0);
    assert_non_null(strstr(buf_text(&w.streams[0]), w.dir));
    HELP_OK(ask(&w, "{\"command\": \"job\", \"verb\": \"open\", \"id\": \"none\"}", &status));
    assert_int_equal(status, 2);
    assert_int_equal(w.streams[0].n, 0);
    assert_non_null(strstr(buf_text(&w.streams[1]), "'none'"));
    HELP_OK(ask(&w, "{\"command\": ", &status));
    assert_int_equal(status, 2);
    assert_true(w.streams[1].n > 0);
    HELP_OK(ask(&w, "", &status));
    assert_int_equal(status, 2);
    /* Two on one directory: the second is told of the first. */
    struct request_data *second = NULL;
    assert_int_equal(request_data_open(w.dir, NULL, &second, &help_why), ERR_BUSY);
    assert_non_null(strstr(help_why.message, "another Weir"));
    request_control_stop(w.control);
    w.control = NULL;
    assert_int_not_equal(stat(path, &st), 0);
    assert_int_equal(ask(&w, "{}", &status), ERR_NOT_FOUND);
    end(&w);
}

static void test_hostile(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        bool whole;
    } sent[] = {
        {"\xff\xff\xff\xff", 4, true},               /* too long */
        {"\x05\0\0\0\x00\xff\xfe\x7b\x7b", 9, true}, /* no JSON */
        {"\x02\0\0\0[]", 6, true},                   /* no object */
        {"\x10\0\0\0{\"comm", 10, false},            /* cut */
        {"\x01", 1, false},
    };
    struct world w;
    int status = -1;
    begin(&w);
    for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
        char answer[4096];
        size_t got = 0;
        int fd = dial(&w);
        assert_int_equal(send(fd, sent[i].bytes, sent[i].n, MSG_NOSIGNAL), sent[i].n);
        if (!sent[i].whole)
            shutdown(fd, SHUT_WR);
        for (ssize_t n; (n = recv(fd, answer + got, sizeof(answer) - got, 0)) > 0;)
            got += (size_t)n;
        /* A remark, then the status 2: wrong. */
        assert_true(got > 6);
        assert_int_equal(answer[0], 2);
        assert_memory_equal(answer + got - 6, "\x03\x01\0\0\0\x02", 6);
        close(fd);
    }
    HELP_OK(ask(&w, "{\"command\": \"status\"}", &status));
    assert_int_equal(status, 0);
    end(&w);
}

/* Eight at a time; those that say nothing do not hold up the end. */
static void test_idle(void **state)
{
    (void)state;
    struct world w;
    int fds[9];
    char byte;
    begin(&w);
    for (int i = 0; i < 9; i++)
        fds[i] = dial(&w);
    assert_int_equal(recv(fds[8], &byte, 1, 0), 0); /* closed at once */
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    request_control_stop(w.control);
    clock_gettime(CLOCK_MONOTONIC, &after);
    w.control = NULL;
    assert_true(after.tv_sec - before.tv_sec < 5);
    for (int i = 0; i < 9; i++)
        close(fds[i]);
    end(&w);
}

/* A client that sends a request and says no more. */
static int dial_and_ask(const struct world *w, const char *request)
{
    uint8_t head[4] = {(uint8_t)strlen(request)};
    int fd = dial(w);
    assert_int_equal(send(fd, head, sizeof(head), MSG_NOSIGNAL), sizeof(head));
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    shutdown(fd, SHUT_WR);
    return fd;
}

/* Says no more but waits: that one is answered. Closes: its query ends, and holds up nobody. */
static void test_gone(void **state)
{
    (void)state;
    struct world w;
    char answer[256];
    struct timespec before, after;
    int status = -1;
    begin_with(&w, false);
    HELP_OK(ask(&w, "{\"command\": \"sql\", \"sql\": \"SELECT 1\"}", &status));
    if (status != 0) {
        end(&w);
        skip(); /* no DuckDB on this machine */
    }
    int fd = dial_and_ask(&w, "{\"command\": \"sql\", \"sql\": \"SELECT 42 AS x\"}");
    assert_int_equal(recv(fd, answer, 14, MSG_WAITALL), 14);
    assert_memory_equal(answer + 5, "{\"x\":42}", 8);
    close(fd);
    static const char slow[] =
        "{\"command\": \"sql\", \"sql\": \"SELECT sum(a.range * b.range) FROM range(1000000) a, "
        "range(1000000) b\"}";
    close(dial_and_ask(&w, slow));
    clock_gettime(CLOCK_MONOTONIC, &before);
    HELP_OK(ask(&w, "{\"command\": \"sql\", \"sql\": \"SELECT 1\"}", &status));
    assert_int_equal(status, 0);
    /* Nor does one that waits hold up the end. */
    fd = dial_and_ask(&w, slow);
    const struct timespec a_while = {.tv_nsec = 300000000};
    nanosleep(&a_while, NULL);
    request_control_stop(w.control);
    w.control = NULL;
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec < 5);
    ssize_t n = recv(fd, answer, sizeof(answer), MSG_WAITALL);
    assert_true(n > 11);
    assert_int_equal(answer[0], 2);
    assert_memory_equal(answer + n - 6, "\x03\x01\0\0\0\x01", 6);
    close(fd);
    end(&w);
}

/* A name that no socket can have. */
static void test_long_name(void **state)
{
    (void)state;
    char name[300];
    int status;
    const struct request_output out = {.write = collect};
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(request_control_ask(name, "{}", 2, &out, &status, &help_why), ERR_NOT_FOUND);
    struct request_data data = {.dir = name};
    struct request_control *control = NULL;
    assert_int_equal(request_control_start(&data, &control, &help_why), ERR_INVALID);
    assert_null(control);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ask),  cmocka_unit_test(test_hostile),   cmocka_unit_test(test_idle),
        cmocka_unit_test(test_gone), cmocka_unit_test(test_long_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
