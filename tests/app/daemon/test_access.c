/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "daemon/access.h"

#include "base/file.h"
#include "format/node.h"
#include "http/server.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static void one_line_a_request(void **state)
{
    (void)state;
    char *dir = help_mkdir(), path[200];
    struct daemon_access *log;
    struct err_text why;
    struct buf text;
    struct format_node *root;
    struct http_access access = {
        .time = HELP_BASE,
        .took_ns = 1500000,
        .peer = ip_from_v4((const uint8_t[4]){192, 0, 2, 1}),
        .user = "eva",
        .method = "GET",
        .path = "/a?b=\"\xff",
        .status = 404,
        .received = 1,
        .sent = 2,
        .agent = "x\xc3\x28",
    };
    snprintf(path, sizeof(path), "%s/access.log", dir);
    HELP_OK(daemon_access_open(path, &log, &help_why));
    daemon_access_write(log, &access);
    daemon_access_close(log);
    HELP_OK(daemon_access_open(path, &log, &help_why)); /* adds to what is there */
    daemon_access_write(log, &access);
    daemon_access_close(log);
    buf_init(&text);
    HELP_OK(file_read(path, 10000, &text, &help_why));
    char *second = strchr(text.p, '\n') + 1;
    size_t n = (size_t)(second - text.p);
    assert_int_equal(text.n, 2 * n);
    assert_memory_equal(text.p, second, n);
    /* Whatever bytes came, the line is JSON. */
    HELP_OK(format_node_json(text.p, n, "line", &root, &why));
    assert_string_equal(format_node_str(format_node_get(root, "source.ip"), ""), "192.0.2.1");
    assert_string_equal(format_node_str(format_node_get(root, "user.name"), ""), "eva");
    assert_int_equal(format_node_int(format_node_get(root, "http.response.status_code"), 0), 404);
    assert_int_equal(format_node_int(format_node_get(root, "event.duration"), 0), 1500000);
    format_node_free(root);
    buf_release(&text);
    help_rmdir(dir);
}

/* A reader that does not read holds nobody up. */
static void no_waiting(void **state)
{
    (void)state;
    char *dir = help_mkdir(), path[200];
    struct daemon_access *log;
    const struct http_access access = {
        .user = "-", .method = "GET", .path = "/", .status = 200, .agent = "-"};
    snprintf(path, sizeof(path), "%s/pipe", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    HELP_OK(daemon_access_open(path, &log, &help_why));
    for (int i = 0; i < 2000; i++) /* far more than a pipe holds */
        daemon_access_write(log, &access);
    daemon_access_close(log);
    close(reader);
    help_rmdir(dir);
}

/* A long line of foreign bytes neither: a pipe says that there is room for PIPE_BUF bytes. */
static void no_waiting_with_long_lines(void **state)
{
    (void)state;
    char *dir = help_mkdir(), path[200], filler[PIPE_BUF] = {0}, long_text[2000];
    struct daemon_access *log;
    struct http_access access = {
        .user = "-", .method = "GET", .path = long_text, .status = 200, .agent = long_text};
    struct format_node *root;
    struct err_text why;
    struct buf got;
    memset(long_text, 0xff, sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    snprintf(path, sizeof(path), "%s/pipe", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    HELP_OK(daemon_access_open(path, &log, &help_why));
    int room = fcntl(reader, F_GETPIPE_SZ);
    int filling = open(path, O_WRONLY | O_NONBLOCK);
    for (; room > PIPE_BUF; room -= PIPE_BUF)
        assert_int_equal(write(filling, filler, PIPE_BUF), PIPE_BUF);
    alarm(20);
    daemon_access_write(log, &access);
    alarm(0);
    close(filling);
    daemon_access_close(log);
    for (room = fcntl(reader, F_GETPIPE_SZ); room > PIPE_BUF; room -= PIPE_BUF)
        assert_int_equal(read(reader, filler, PIPE_BUF), PIPE_BUF);
    buf_init(&got);
    for (ssize_t n; (n = read(reader, filler, sizeof(filler))) > 0;)
        buf_add(&got, filler, (size_t)n);
    HELP_OK(format_node_json(got.p, got.n, "line", &root, &why));
    assert_int_equal(format_node_int(format_node_get(root, "http.response.status_code"), 0), 200);
    format_node_free(root);
    buf_release(&got);
    close(reader);
    help_rmdir(dir);
}

static void refused(void **state)
{
    (void)state;
    struct daemon_access *log;
    assert_int_equal(daemon_access_open("/nowhere/at/all", &log, &help_why), ERR_NOT_FOUND);
    HELP_OK(daemon_access_open("-", &log, &help_why));
    daemon_access_close(log);
    daemon_access_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_a_request),
        cmocka_unit_test(no_waiting),
        cmocka_unit_test(no_waiting_with_long_lines),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
