/* SPDX-License-Identifier: Apache-2.0 */
/* A server inside the jail of the engine: it starts there, answers with and without TLS, streams,
 * and stops. Clients stand outside. */
#include "serve/http/tls_help.h"

#include "http/stream.h"
#include "priv/jail.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct http_stream *stream;

static void live(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    http_answer_set_stream(a, stream, 0);
}

static const struct http_route routes[] = {{"POST", "/echo", 1 << 20, help_echo, NULL},
                                           {"GET", "/live", 0, live, NULL}};

/* In the child: until the pipe's other end is closed. */
static int serve(int listening, int until, const char *folder, const char *certificate,
                 const char *key)
{
    const struct priv_place place = {folder, PRIV_USE_WRITE};
    const struct priv_jail_settings settings = {
        .places = &place, .places_n = 1, .monitor = getppid()};
    const struct http_stream_options so = {.first = 1, .heartbeat_ns = 20 * TIME_MS};
    struct http_server_options o = {.fd = listening,
                                    .routes = routes,
                                    .routes_n = 2,
                                    .certificate = certificate,
                                    .key = key,
                                    .head_ns = 200 * TIME_MS,
                                    .wall = clock_wall,
                                    .steady = clock_steady};
    struct priv_jail jail;
    struct err_text why;
    struct http_server *s;
    char c;
    if (priv_jail_enter(&settings, &jail, &why) != ERR_NONE)
        return 2;
    stream = http_stream_new(&so);
    if (stream == NULL || http_server_start(&o, &s, &why) != ERR_NONE)
        return 3;
    if (read(until, &c, 1) != 0)
        return 4;
    http_server_stop(s);
    http_stream_free(stream);
    return 0;
}

static const char post[] = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd";
static const char ask_live[] = "GET /live HTTP/1.1\r\nHost: x\r\n\r\n";

static void ask_plain(uint16_t port, char *response)
{
    int fd = help_connect(port);
    help_send(fd, post);
    help_until(fd, "\r\n\r\nabcd", response);
    assert_int_equal(help_status(response), 200);
    help_send(fd, ask_live);
    for (int i = 0; i < 3; i++)
        help_until(fd, ":\n\n", response); /* heartbeats */
    close(fd);
    /* One that is cut off for being slow. */
    fd = help_connect(port);
    help_send(fd, "GET /li");
    help_rest(fd, response);
    close(fd);
    /* And one that must be drained. */
    fd = help_connect(port);
    help_send(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\nabc");
    help_rest(fd, response);
    assert_int_equal(help_status(response), 413);
    close(fd);
}

static void ask_secure(uint16_t port, const char *certificate, char *response)
{
    struct help_tls t;
    assert_true(help_tls_connect(&t, port, certificate, "NORMAL"));
    help_tls_send(&t, post, sizeof(post) - 1);
    help_tls_until(&t, "\r\n\r\nabcd", response, HELP_TEXT);
    assert_int_equal(help_status(response), 200);
    help_tls_send(&t, ask_live, sizeof(ask_live) - 1);
    help_tls_until(&t, ":\n\n", response, HELP_TEXT);
    help_tls_close(&t);
}

static void run(bool secure)
{
    char folder[] = "/tmp/weir-http-XXXXXX";
    char response[HELP_TEXT];
    struct buf certificate;
    struct buf key;
    struct err_text why;
    int listening;
    int until[2];
    int status;
    help_certificate(&certificate, &key);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(http_server_listen("127.0.0.1:0", &listening, &why), ERR_NONE);
    assert_int_equal(pipe(until), 0);
    uint16_t port = help_port(listening);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(until[1]);
        _exit(serve(listening, until[0], folder, secure ? buf_text(&certificate) : NULL,
                    buf_text(&key)));
    }
    close(listening);
    close(until[0]);
    if (secure)
        ask_secure(port, buf_text(&certificate), response);
    else
        ask_plain(port, response);
    close(until[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(rmdir(folder), 0);
    buf_release(&certificate);
    buf_release(&key);
}

static void plain(void **state)
{
    (void)state;
    run(false);
}

static void through_tls(void **state)
{
    (void)state;
    run(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(through_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
