/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "conf/conf.h"
#include "deliver/courier.h"
#include "deliver/notify.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static int listen_udp(int *out_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    const struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    *out_port = ntohs(at.sin_port);
    return fd;
}

static void sends(void **state)
{
    (void)state;
    struct conf conf;
    struct deliver_courier *c;
    struct err_text why;
    char connector[200], got[500];
    int port, fd = listen_udp(&port);
    HELP_OK(conf_init(&conf));
    HELP_OK(conf_set(&conf, "notify.hosts", "127.0.0.1", &why));
    HELP_OK(deliver_courier_start(&conf, NULL, &c, &why));
    snprintf(connector, sizeof(connector),
             "{\"name\":\"n\",\"connector_type_id\":\".syslog\",\"config\":{\"transport\":\"udp\","
             "\"host\":\"127.0.0.1\",\"port\":%d}}",
             port);
    struct deliver_courier_message m = {.connector = connector,
                                        .secrets = "{}",
                                        .params = "{\"message\":\"hello\"}",
                                        .id = "1",
                                        .now = HELP_BASE};
    for (unsigned lane = 0; lane < DELIVER_COURIER_LANES; lane++) {
        assert_int_equal(deliver_courier_send(c, lane, &m, &why), NOTIFY_SENT);
        ssize_t n = recv(fd, got, sizeof(got) - 1, 0);
        assert_true(n > 0);
        got[n] = '\0';
        assert_non_null(strstr(got, "<132>1 2023-11-15T00:00:00.000Z "));
        assert_non_null(strstr(got, "hello"));
    }
    m.params = "{\"wrong\":1}";
    assert_int_equal(deliver_courier_send(c, 0, &m, &why), NOTIFY_REFUSED);
    assert_non_null(strstr(why.message, "params.message is required"));
    char *large = calloc(DELIVER_COURIER_MAX + 100, 1);
    memset(large, ' ', DELIVER_COURIER_MAX);
    memcpy(large + DELIVER_COURIER_MAX, "{}", 2);
    m.params = large;
    assert_int_equal(deliver_courier_send(c, 0, &m, &why), NOTIFY_REFUSED);
    free(large);
    m.params = "{\"message\":\"after\"}";
    assert_int_equal(deliver_courier_send(c, 0, &m, &why), NOTIFY_SENT);
    deliver_courier_hush(c);
    assert_int_equal(deliver_courier_send(c, 0, &m, &why), NOTIFY_LATER);
    deliver_courier_stop(c);
    close(fd);
    conf_release(&conf);
}

/* Without a process: what is asked in the wrong way. */
static void mistakes(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "{", "[]", "{\"sequence\":7}",
                                        "{\"sequence\":7,\"connector\":{\"name\":\"n\"}}"};
    struct conf conf;
    struct buf out;
    buf_init(&out);
    HELP_OK(conf_init(&conf));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        buf_clear(&out);
        deliver_courier_work(&conf, wrong[i], strlen(wrong[i]), &out);
        assert_non_null(strstr(buf_text(&out), "\"outcome\":2"));
        assert_true(i < 3 || strstr(buf_text(&out), "\"sequence\":7") != NULL);
    }
    buf_release(&out);
    conf_release(&conf);
}

static void times(void **state)
{
    (void)state;
    ts_ns now = HELP_BASE;
    assert_int_equal(deliver_notify_again(now, 1, now) - now, 10 * TIME_S);
    assert_int_equal(deliver_notify_again(now, 2, now) - now, 20 * TIME_S);
    assert_int_equal(deliver_notify_again(now, 9, now) - now, 2560 * TIME_S);
    assert_int_equal(deliver_notify_again(now, 10, now) - now, TIME_HOUR);
    assert_int_equal(deliver_notify_again(now, 1000000, now) - now, TIME_HOUR);
    assert_int_equal(deliver_notify_again(now, 30, now + 23 * TIME_HOUR) - now, 24 * TIME_HOUR);
    assert_int_equal(deliver_notify_again(now, 30, now + 23 * TIME_HOUR + 1), TIME_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
