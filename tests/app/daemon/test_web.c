/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "daemon/web.h"

#include "base/clock.h"
#include "base/ring.h"
#include "conf/conf.h"
#include "daemon/intake.h"
#include "http/certificate.h"
#include "request/data.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define SOURCE 2

struct world {
    char *dir;
    struct conf conf;
    struct request_data *data;
    struct ring *ring;
    struct daemon_intake *intake;
    struct daemon_web *web;
    char said[1000];
    unsigned port;
    bool ill;
};

static void say(void *ctx, int level, const char *sentence)
{
    struct world *w = ctx;
    size_t n = strlen(w->said);
    snprintf(w->said + n, sizeof(w->said) - n, "%d %s\n", level, sentence);
}

static void measure(void *ctx, struct buf *out)
{
    (void)ctx;
    buf_str(out, "own 1\n");
}

static bool healthy(void *ctx, struct err_text *why)
{
    const struct world *w = ctx;
    if (w->ill)
        err_set(why, ERR_FULL, "ill");
    return !w->ill;
}

static void begin(struct world *w, const char *tls)
{
    *w = (struct world){.dir = help_mkdir()};
    HELP_OK(conf_init(&w->conf));
    HELP_OK(conf_set(&w->conf, "server.listen", "127.0.0.1:0", &help_why));
    HELP_OK(conf_set(&w->conf, "server.tls", tls, &help_why));
    HELP_OK(request_data_open(w->dir, NULL, &w->data, &help_why));
    w->ring = ring_new(8);
    w->intake = daemon_intake_new(w->ring, SOURCE, DAEMON_INTAKE_PATIENCE);
}

static void start(struct world *w)
{
    const struct daemon_web_settings settings = {
        .data = w->data,
        .intake = w->intake,
        .log = say,
        .log_ctx = w,
        .measure = measure,
        .healthy = healthy,
        .ctx = w,
    };
    HELP_OK(daemon_web_open(&w->conf, &w->web, &help_why));
    HELP_OK(daemon_web_start(w->web, &settings, &help_why));
    const char *at = strstr(w->said, "127.0.0.1:");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "127.0.0.1:%u", &w->port), 1);
}

static void end(struct world *w)
{
    daemon_web_stop(w->web);
    daemon_intake_free(w->intake);
    ring_free(w->ring);
    request_data_close(w->data);
    conf_release(&w->conf);
    help_rmdir(w->dir);
}

/* Sends a request and reads the answer to its end. */
static void ask(const struct world *w, const char *request, char *out, size_t size)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)w->port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t n = 0;
    ssize_t got;
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    while ((got = recv(fd, out + n, size - 1 - n, 0)) > 0)
        n += (size_t)got;
    out[n] = '\0';
    close(fd);
}

/* The first start makes an admin and says the password; the second does neither. */
static void first_start(void **state)
{
    (void)state;
    struct world w;
    char answer[4000];
    begin(&w, "auto");
    start(&w);
    assert_non_null(strstr(w.said, "1 there was no user: the account 'admin' was made"));
    assert_non_null(strstr(w.said, "2 answering on http://127.0.0.1:"));
    ask(&w, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer,
        sizeof(answer));
    assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
    w.ill = true;
    ask(&w, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer,
        sizeof(answer));
    assert_int_equal(strncmp(answer, "HTTP/1.1 503 ", 13), 0);
    ask(&w, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", answer, sizeof(answer));
    assert_int_equal(strncmp(answer, "HTTP/1.1 401 ", 13), 0);
    daemon_web_publish(w.web, "alert", (struct bytes){(const uint8_t *)"{}", 2});
    struct buf measures;
    buf_init(&measures);
    daemon_web_measure(w.web, &measures);
    assert_non_null(strstr(buf_text(&measures), "weir_http_requests_total 3\n"));
    assert_non_null(strstr(buf_text(&measures), "{class=\"4xx\"} 1\n"));
    assert_non_null(strstr(buf_text(&measures), "weir_http_running{lane=\"long\"} 0\n"));
    buf_release(&measures);
    daemon_web_stop(w.web);
    w.said[0] = '\0';
    start(&w);
    assert_null(strstr(w.said, "admin"));
    end(&w);
}

/* A certificate of one's own is made once, and its key is nobody else's to read. */
static void own_certificate(void **state)
{
    (void)state;
    struct world w;
    struct stat before, after, key;
    char path[300];
    begin(&w, "on");
    start(&w);
    assert_non_null(strstr(w.said, "answering on https://127.0.0.1:"));
    snprintf(path, sizeof(path), "%s/server.key", w.dir);
    assert_int_equal(stat(path, &key), 0);
    assert_int_equal(key.st_mode & 0777, 0600);
    snprintf(path, sizeof(path), "%s/server.crt", w.dir);
    assert_int_equal(stat(path, &before), 0);
    daemon_web_stop(w.web);
    w.said[0] = '\0';
    start(&w);
    assert_int_equal(stat(path, &after), 0);
    assert_true(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
                before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    end(&w);
}

/* A certificate until then and its key, in files that the settings name. */
static void name_certificate(struct world *w, const char *name, ts_ns ends)
{
    static const char *const names[] = {"weir.example"};
    const struct http_certificate_options options = {
        .names = names, .names_n = 1, .from = HELP_BASE, .to = ends};
    struct buf text[2];
    for (int i = 0; i < 2; i++)
        buf_init(&text[i]);
    HELP_OK(http_certificate_make(&options, &text[0], &text[1], &help_why));
    for (int i = 0; i < 2; i++) {
        char file[40], path[300];
        snprintf(file, sizeof(file), "%s.%s", name, i == 0 ? "crt" : "key");
        snprintf(path, sizeof(path), "%s/%s", w->dir, file);
        help_write(w->dir, file, text[i].p, text[i].n);
        HELP_OK(conf_set(&w->conf, i == 0 ? "server.certificate" : "server.key", path, &help_why));
        buf_release(&text[i]);
    }
}

/* Clients refuse it, and so somebody must be told here. */
static void named_certificate(void **state)
{
    (void)state;
    static const struct {
        ts_ns left;
        const char *said;
    } ends[] = {{-TIME_DAY, "one.crt has ended on 20"},
                {7 * TIME_DAY, "one.crt ends on 20"},
                {90 * TIME_DAY, NULL}};
    for (size_t i = 0; i < 3; i++) {
        struct world w;
        begin(&w, "auto");
        name_certificate(&w, "one", clock_wall() + ends[i].left);
        start(&w);
        assert_non_null(strstr(w.said, "answering on https://127.0.0.1:"));
        if (ends[i].said != NULL)
            assert_non_null(strstr(w.said, ends[i].said));
        else
            assert_null(strstr(w.said, "one.crt"));
        end(&w);
    }
    /* Of two that do not belong together both are named, before anything is made. */
    struct world w;
    char other[300];
    begin(&w, "auto");
    name_certificate(&w, "two", clock_wall() + TIME_DAY);
    snprintf(other, sizeof(other), "%s/two.key", w.dir);
    name_certificate(&w, "one", clock_wall() + TIME_DAY);
    HELP_OK(conf_set(&w.conf, "server.key", other, &help_why));
    assert_int_equal(daemon_web_open(&w.conf, &w.web, &help_why), ERR_INVALID);
    assert_non_null(strstr(help_why.message, "one.crt with "));
    assert_non_null(strstr(help_why.message, "two.key: expected a certificate and its key"));
    assert_null(w.web);
    end(&w);
}

/* A start that was cut off may have left half a key, which nobody else would remove. */
static void parts_go(void **state)
{
    (void)state;
    static const char *const names[] = {"server.key.part", "server.crt.part"};
    static const char *const tls[] = {"off", "on"};
    for (size_t i = 0; i < 2; i++) {
        struct world w;
        char path[300];
        begin(&w, tls[i]);
        help_write(w.dir, "server.key", "k", 1);
        for (size_t k = 0; k < 2; k++)
            help_write(w.dir, names[k], "x", 1);
        start(&w);
        for (size_t k = 0; k < 2; k++) {
            snprintf(path, sizeof(path), "%s/%s", w.dir, names[k]);
            assert_int_equal(access(path, F_OK), -1);
        }
        snprintf(path, sizeof(path), "%s/server.key", w.dir);
        assert_int_equal(access(path, F_OK), 0);
        end(&w);
    }
}

/* Whoever switches it off for an address that others reach is told what that means. */
static void in_the_clear(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "off");
    start(&w);
    assert_null(strstr(w.said, "as they are"));
    daemon_web_stop(w.web);
    HELP_OK(conf_set(&w.conf, "server.listen", "0.0.0.0:0", &help_why));
    const struct daemon_web_settings settings = {.data = w.data,
                                                 .intake = w.intake,
                                                 .log = say,
                                                 .log_ctx = &w,
                                                 .measure = measure,
                                                 .healthy = healthy,
                                                 .ctx = &w};
    HELP_OK(daemon_web_open(&w.conf, &w.web, &help_why));
    HELP_OK(daemon_web_start(w.web, &settings, &help_why));
    assert_non_null(strstr(w.said, "1 server.tls is off: passwords"));
    end(&w);
}

static void refused(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "auto");
    HELP_OK(conf_set(&w.conf, "server.listen", "nonsense", &help_why));
    assert_int_equal(daemon_web_open(&w.conf, &w.web, &help_why), ERR_INVALID);
    HELP_OK(conf_set(&w.conf, "server.listen", "127.0.0.1:0", &help_why));
    HELP_OK(conf_set(&w.conf, "server.key", "/nowhere", &help_why));
    assert_int_equal(daemon_web_open(&w.conf, &w.web, &help_why), ERR_INVALID);
    HELP_OK(conf_set(&w.conf, "server.certificate", "/nowhere", &help_why));
    assert_int_equal(daemon_web_open(&w.conf, &w.web, &help_why), ERR_NOT_FOUND);
    HELP_OK(conf_set(&w.conf, "server.listen", "", &help_why));
    HELP_OK(daemon_web_open(&w.conf, &w.web, &help_why));
    assert_null(w.web); /* none is wanted */
    end(&w);
}

/* Requests may be there before the start has returned: their measures lack the server's. */
static void measured_early(void **state)
{
    (void)state;
    struct world w;
    struct buf out;
    begin(&w, "off");
    buf_init(&out);
    HELP_OK(daemon_web_open(&w.conf, &w.web, &help_why));
    daemon_web_measure(w.web, &out);
    assert_int_equal(out.n, 0);
    buf_release(&out);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_start),       cmocka_unit_test(own_certificate),
        cmocka_unit_test(named_certificate), cmocka_unit_test(parts_go),
        cmocka_unit_test(in_the_clear),      cmocka_unit_test(refused),
        cmocka_unit_test(measured_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
