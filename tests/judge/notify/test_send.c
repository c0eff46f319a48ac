/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/send.h"

#include "cmocka_head.h"
#include "format/node.h"
#include "notify/connector.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A server for one request: takes the head and some of the body, then answers, or does not. */
struct server {
    int fd;
    int port;
    const char *answer; /* NULL: hangs until the other side goes */
    char got[4096];
    pthread_t thread;
};

static void *serve(void *arg)
{
    struct server *s = arg;
    int fd = accept(s->fd, NULL, NULL);
    size_t n = 0;
    ssize_t more = 1;
    while (more > 0 && n < sizeof(s->got) - 1 && strstr(s->got, "END") == NULL) {
        more = read(fd, s->got + n, sizeof(s->got) - 1 - n);
        n += more > 0 ? (size_t)more : 0;
    }
    if (s->answer != NULL)
        assert_true(write(fd, s->answer, strlen(s->answer)) > 0);
    else
        while (read(fd, s->got, 1) > 0)
            continue;
    close(fd);
    return NULL;
}

static void start(struct server *s, const char *answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    *s = (struct server){.fd = socket(AF_INET, SOCK_STREAM, 0), .answer = answer};
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(s->fd, 1), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &n), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
    pthread_join(s->thread, NULL);
    close(s->fd);
}

static enum notify_outcome post(int port, const char *host, struct err_text *why)
{
    static const char *const hosts[] = {"127.0.0.1", "*.example.org"};
    const struct notify_send_options options = {
        .hosts = hosts, .hosts_n = 2, .id = "1", .self = "me", .timeout_ns = TIME_S};
    char text[500];
    struct format_node *doc, *params;
    struct notify_connector c;
    snprintf(text, sizeof(text),
             "{\"name\":\"n\",\"connector_type_id\":\".webhook\",\"config\":{\"url\":"
             "\"http://%s:%d/path?x\",\"method\":\"put\",\"hasAuth\":true,\"headers\":{\"X-A\":"
             "\"1\",\"X-B\":\"2\\r\\nX-C: 3\"}},\"secrets\":{\"user\":\"u\",\"password\":\"p\"}}",
             host, port);
    assert_int_equal(format_node_json(text, strlen(text), "c", &doc, why), ERR_NONE);
    assert_int_equal(notify_connector_read(doc, &c, why), ERR_NONE);
    assert_int_equal(format_node_json("{\"body\":\"{}END\"}", 16, "p", &params, why), ERR_NONE);
    enum notify_outcome outcome = notify_send(&c, params, &options, why);
    format_node_free(doc);
    format_node_free(params);
    return outcome;
}

static void answers(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        enum notify_outcome outcome;
    } cases[] = {
        {"HTTP/1.1 204 None\r\n\r\n", NOTIFY_SENT},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
         NOTIFY_REFUSED},
        {"HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nwhy", NOTIFY_REFUSED},
        {"HTTP/1.1 429 Wait\r\nContent-Length: 0\r\n\r\n", NOTIFY_LATER},
        {"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", NOTIFY_LATER},
        {"nonsense\r\n\r\n", NOTIFY_LATER},
        {NULL, NOTIFY_LATER},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct server s;
        struct err_text why;
        start(&s, cases[i].answer);
        if (post(s.port, "127.0.0.1", &why) != cases[i].outcome)
            fail_msg("case %zu: %s", i, why.message);
        stop(&s);
        if (i == 0) {
            assert_non_null(strstr(s.got, "PUT /path?x HTTP/1.1\r\n"));
            assert_non_null(strstr(s.got, "Authorization: Basic dTpw\r\n"));
            assert_non_null(strstr(s.got, "X-A: 1\r\n"));
            assert_null(strstr(s.got, "X-C"));
            assert_non_null(strstr(s.got, "Content-Type: application/json\r\n"));
        }
        if (i == 2)
            assert_string_equal(why.message, "answered with status 404: why");
    }
}

/* A name that is allowed by a pattern does not lead to this machine. */
static void near(void **state)
{
    (void)state;
    static const char *const all[] = {"*"};
    static const struct {
        const char *connector, *params;
    } cases[] = {
        {"{\"name\":\"n\",\"connector_type_id\":\".webhook\",\"config\":{\"url\":"
         "\"http://localhost:1/\"}}",
         "{}"},
        {"{\"name\":\"n\",\"connector_type_id\":\".webhook\",\"config\":{\"url\":"
         "\"http://[::ffff:127.0.0.1]:1/\"}}",
         "{}"},
        {"{\"name\":\"n\",\"connector_type_id\":\".webhook\",\"config\":{\"url\":"
         "\"http://2130706433:1/\"}}",
         "{}"},
        {"{\"name\":\"n\",\"connector_type_id\":\".email\",\"config\":{\"from\":\"a@b.org\","
         "\"host\":\"127.0.0.1\",\"port\":1}}",
         "{\"to\":[\"a@b.org\"],\"subject\":\"s\",\"message\":\"m\"}"},
        {"{\"name\":\"n\",\"connector_type_id\":\".syslog\",\"config\":{\"transport\":\"tcp\","
         "\"host\":\"127.0.0.1\",\"port\":1}}",
         "{\"message\":\"m\"}"},
        {"{\"name\":\"n\",\"connector_type_id\":\".syslog\",\"config\":{\"transport\":\"udp\","
         "\"host\":\"127.0.0.1\",\"port\":9}}",
         "{\"message\":\"m\"}"},
    };
    const struct notify_send_options options = {
        .hosts = all, .hosts_n = 1, .id = "1", .self = "me", .timeout_ns = TIME_S};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct format_node *doc, *params;
        struct notify_connector c;
        struct err_text why;
        const char *text = cases[i].connector;
        assert_int_equal(format_node_json(text, strlen(text), "c", &doc, &why), ERR_NONE);
        text = cases[i].params;
        assert_int_equal(format_node_json(text, strlen(text), "p", &params, &why), ERR_NONE);
        assert_int_equal(notify_connector_read(doc, &c, &why), ERR_NONE);
        if (notify_send(&c, params, &options, &why) != NOTIFY_REFUSED ||
            strstr(why.message, "names it in full") == NULL)
            fail_msg("case %zu: %s", i, why.message);
        format_node_free(doc);
        format_node_free(params);
    }
}

static void hosts(void **state)
{
    (void)state;
    struct err_text why;
    assert_int_equal(post(1, "127.0.0.1", &why), NOTIFY_LATER); /* nobody there */
    assert_int_equal(post(1, "127.0.0.2", &why), NOTIFY_REFUSED);
    assert_non_null(strstr(why.message, "notify.hosts"));
    assert_int_equal(post(1, "example.org", &why), NOTIFY_REFUSED);
    assert_int_equal(post(1, "badexample.org", &why), NOTIFY_REFUSED);
}

static int begin(void **state)
{
    (void)state;
    return notify_send_begin() == ERR_NONE ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(hosts),
        cmocka_unit_test(near),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
