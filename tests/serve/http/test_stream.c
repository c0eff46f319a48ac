/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "serve/http/http_help.h"

#include <stdio.h>

#include "http/stream.h"

#include <pthread.h>

static struct http_stream *stream;

static void live(void *ctx, struct http_request *r, struct http_answer *a)
{
    const char *last = http_request_header(r, "Last-Event-ID");
    (void)ctx;
    http_answer_set_header(a, "Content-Type", "text/event-stream");
    http_answer_set_stream(a, stream, last != NULL ? strtoull(last, NULL, 10) : 0);
}

static const struct http_route routes[] = {{"GET", "/live", 0, live, NULL}};

struct fixture {
    struct http_server *s;
    uint16_t port;
    char text[HELP_TEXT];
};

static struct fixture *start(struct http_stream_options so, struct http_server_options o)
{
    static struct fixture f;
    if (so.first == 0)
        so.first = 1000;
    stream = http_stream_new(&so);
    assert_non_null(stream);
    o.routes = routes;
    o.routes_n = 1;
    f.s = help_start(&o, &f.port);
    return &f;
}

static void stop(struct fixture *f)
{
    http_server_stop(f->s);
    http_stream_free(stream);
}

static void publish(const char *data)
{
    assert_int_equal(http_stream_publish(stream, "alert", data, strlen(data)), ERR_NONE);
}

/* Listens, from behind an event when last is given; returns when it is connected. */
static int listen_to(struct fixture *f, const char *last)
{
    size_t before = http_stream_listeners(stream);
    int fd = help_connect(f->port);
    struct buf b;
    buf_init(&b);
    buf_format(&b, "GET /live HTTP/1.1\r\nHost: x\r\n");
    if (last != NULL)
        buf_format(&b, "Last-Event-ID: %s\r\n", last);
    buf_str(&b, "\r\n");
    help_send(fd, buf_text(&b));
    HELP_UNTIL(http_stream_listeners(stream) == before + 1);
    buf_release(&b);
    return fd;
}

static void events_reach_who_listens(void **state)
{
    struct fixture *f = start((struct http_stream_options){0}, (struct http_server_options){0});
    (void)state;
    assert_int_equal(http_stream_newest(stream), 0);
    publish("{\"before\":1}");
    int a = listen_to(f, NULL);
    int b = listen_to(f, NULL);
    help_until(a, ":\n\n", f->text); /* at once, before anything happens */
    assert_int_equal(help_status(f->text), 200);
    assert_non_null(strcasestr(f->text, "Content-Type: text/event-stream"));
    publish("{\"n\":1}");
    help_until(a, "{\"n\":1}\n\n", f->text);
    assert_non_null(strstr(f->text, "id: 1001\nevent: alert\ndata: {\"n\":1}\n\n"));
    assert_null(strstr(f->text, "before"));
    help_until(b, "{\"n\":1}\n\n", f->text);
    publish("{\"n\":2}");
    help_until(b, "id: 1002\nevent: alert\ndata: {\"n\":2}\n\n", f->text);
    assert_int_equal(http_stream_newest(stream), 1002);
    assert_int_equal(http_stream_publish(stream, "x", "a\nb", 3), ERR_INVALID);
    close(a);
    HELP_UNTIL(http_stream_listeners(stream) == 1);
    close(b);
    HELP_UNTIL(http_stream_listeners(stream) == 0);
    stop(f);
}

static void who_comes_back_goes_on(void **state)
{
    struct fixture *f =
        start((struct http_stream_options){.events = 4}, (struct http_server_options){0});
    (void)state;
    for (int i = 0; i < 6; i++) {
        char data[32];
        snprintf(data, sizeof(data), "{\"n\":%d}", i);
        publish(data);
    }
    /* The ring holds 1002 … 1005. */
    int fd = listen_to(f, "1003");
    help_until(fd, "{\"n\":5}\n\n", f->text);
    assert_non_null(strstr(f->text, "id: 1004\n"));
    assert_null(strstr(f->text, "id: 1003\n"));
    assert_null(strstr(f->text, "reset"));
    close(fd);
    fd = listen_to(f, "1001");
    help_until(fd, "{\"n\":5}\n\n", f->text);
    assert_non_null(strstr(f->text, "id: 1002\n"));
    close(fd);
    fd = listen_to(f, "1005");
    publish("{\"n\":6}");
    help_until(fd, "{\"n\":6}\n\n", f->text);
    assert_null(strstr(f->text, "reset"));
    assert_null(strstr(f->text, "id: 1005\n"));
    close(fd);
    /* Too old, and from another life. */
    static const char *const lost[] = {"1001", "5", "99999999"};
    for (size_t i = 0; i < 3; i++) {
        fd = listen_to(f, lost[i]);
        help_until(fd, "data: {}\n\n", f->text);
        assert_non_null(strstr(f->text, "id: 1006\nevent: reset\n"));
        assert_null(strstr(f->text, "{\"n\""));
        close(fd);
    }
    HELP_UNTIL(http_stream_listeners(stream) == 0);
    stop(f);
}

/* Reads on until text has come; how many bytes that were. */
static size_t skip_to(int fd, const char *text, char out[HELP_TEXT])
{
    size_t total = 0;
    size_t n = 0;
    out[0] = '\0';
    while (strstr(out, text) == NULL) {
        if (n > HELP_TEXT / 2) {
            memmove(out, out + n - 100, 100);
            n = 100;
        }
        size_t k = help_some(fd, out + n, HELP_TEXT / 4);
        assert_true(k > 0);
        total += k;
        n += k;
        out[n] = '\0';
    }
    return total;
}

static void who_falls_behind_is_told(void **state)
{
    struct fixture *f =
        start((struct http_stream_options){.events = 8}, (struct http_server_options){0});
    char *data = malloc(100000);
    (void)state;
    memset(data, 'x', 100000);
    int fd = listen_to(f, NULL);
    for (int i = 0; i < 400; i++)
        assert_int_equal(http_stream_publish(stream, "alert", data, 100000), ERR_NONE);
    /* Far less than the 40 MB comes, then it is told, and goes on. */
    assert_true(skip_to(fd, "event: reset\ndata: {}\n\n", f->text) < 20000000);
    /* The last one comes, or is what another reset stands for. */
    publish("{\"last\":1}");
    skip_to(fd, "id: 1400\nevent: ", f->text);
    close(fd);
    free(data);
    HELP_UNTIL(http_stream_listeners(stream) == 0);
    stop(f);
}

static void silence_is_broken_by_heartbeats(void **state)
{
    struct fixture *f = start((struct http_stream_options){.heartbeat_ns = 50 * TIME_MS},
                              (struct http_server_options){.head_ns = 100 * TIME_MS});
    (void)state;
    int fd = listen_to(f, NULL);
    ts_ns from = clock_steady();
    for (int i = 0; i < 5; i++)
        help_until(fd, ":\n\n", f->text);
    assert_true(clock_steady() - from >= 150 * TIME_MS);
    close(fd);
    stop(f);
}

/* Whoever is no longer known does not listen for ever. */
static void life_is_finite(void **state)
{
    struct fixture *f =
        start((struct http_stream_options){.life_ns = 200 * TIME_MS, .heartbeat_ns = 50 * TIME_MS},
              (struct http_server_options){.head_ns = 100 * TIME_MS});
    (void)state;
    int fd = listen_to(f, NULL);
    ts_ns from = clock_steady();
    help_until(fd, "\r\n0\r\n\r\n", f->text);
    assert_true(clock_steady() - from >= 150 * TIME_MS);
    close(fd);
    stop(f);
}

static void the_server_ends_its_streams(void **state)
{
    struct fixture *f = start((struct http_stream_options){0}, (struct http_server_options){0});
    (void)state;
    int fd = listen_to(f, NULL);
    help_until(fd, ":\n\n", f->text);
    ts_ns from = clock_steady();
    http_server_stop(f->s);
    assert_true(clock_steady() - from < 2 * TIME_S); /* no grace is spent on them */
    help_rest(fd, f->text);
    assert_int_equal(strcmp(f->text, "0\r\n\r\n"), 0);
    close(fd);
    http_stream_free(stream);
}

#define MANY 500

static void hundreds_listen(void **state)
{
    help_raise_descriptors();
    struct fixture *f = start((struct http_stream_options){0},
                              (struct http_server_options){.connections_ip = MANY});
    static int fd[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++) {
        fd[i] = help_connect(f->port);
        help_send(fd[i], "GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    HELP_UNTIL(http_stream_listeners(stream) == MANY);
    for (int i = 0; i < 20; i++)
        publish("{\"some\":\"event\"}");
    publish("{\"last\":1}");
    for (int i = 0; i < MANY; i++)
        help_until(fd[i], "id: 1020\nevent: alert\ndata: {\"last\":1}\n\n", f->text);
    for (int i = 0; i < MANY; i++)
        close(fd[i]);
    HELP_UNTIL(http_stream_listeners(stream) == 0);
    stop(f);
}

static void limits_of_the_ring(void **state)
{
    const struct http_stream_options o = {.events = 100, .bytes = 1000, .first = 7};
    struct http_stream *s = http_stream_new(&o);
    char data[2000] = {0};
    (void)state;
    memset(data, 'x', sizeof(data));
    assert_int_equal(http_stream_newest(s), 0);
    assert_int_equal(http_stream_publish(s, "a", data, sizeof(data)), ERR_LIMIT);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(http_stream_publish(s, "a", data, 300), ERR_NONE);
    assert_int_equal(http_stream_newest(s), 1006);
    assert_int_equal(http_stream_listeners(s), 0);
    http_stream_free(s);
    http_stream_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_reach_who_listens),
        cmocka_unit_test(who_comes_back_goes_on),
        cmocka_unit_test(who_falls_behind_is_told),
        cmocka_unit_test(silence_is_broken_by_heartbeats),
        cmocka_unit_test(life_is_finite),
        cmocka_unit_test(the_server_ends_its_streams),
        cmocka_unit_test(hundreds_listen),
        cmocka_unit_test(limits_of_the_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
