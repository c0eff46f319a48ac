/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of messages, sent by a courier of its own over UDP on this machine. */
#include "app/help.h"

#include "conf/conf.h"
#include "deliver/courier.h"
#include "deliver/notify.h"
#include "store/state_notify.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>

struct world {
    char *dir;
    struct store_state *st;
    struct conf conf;
    struct deliver_courier *courier;
    struct deliver_notify *notify;
    int fd;
    atomic_int lines;
};

static ts_ns now(void)
{
    return HELP_BASE;
}

static void count_line(void *ctx, int level, const char *sentence)
{
    struct world *w = ctx;
    assert_int_equal(level, 1);
    assert_non_null(strstr(sentence, "was given up"));
    w->lines++;
}

static void put_connector(struct world *w, const char *id, int port)
{
    char doc[200];
    snprintf(doc, sizeof(doc),
             "{\"name\":\"n\",\"connector_type_id\":\".syslog\",\"config\":{\"transport\":\"udp\","
             "\"host\":\"127.0.0.1\",\"port\":%d}}",
             port);
    const struct store_connector c = {.id = id, .doc = doc, .secrets = "{}"};
    HELP_OK(store_state_connector_put(w->st, &c));
}

static void begin(struct world *w)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    *w = (struct world){.dir = help_mkdir()};
    w->st = help_state(w->dir);
    w->fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(w->fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(getsockname(w->fd, (struct sockaddr *)&at, &n), 0);
    put_connector(w, "c", ntohs(at.sin_port));
    put_connector(w, "d", ntohs(at.sin_port));
    HELP_OK(conf_init(&w->conf));
    HELP_OK(conf_set(&w->conf, "notify.hosts", "127.0.0.1", &help_why));
    HELP_OK(deliver_courier_start(&w->conf, NULL, &w->courier, &help_why));
}

static void start(struct world *w)
{
    const struct deliver_notify_settings settings = {.state = w->st,
                                                     .courier = w->courier,
                                                     .base_url = "",
                                                     .now = now,
                                                     .log = count_line,
                                                     .ctx = w};
    HELP_OK(deliver_notify_start(&settings, &w->notify, &help_why));
}

static void end(struct world *w)
{
    deliver_notify_stop(w->notify);
    deliver_courier_stop(w->courier);
    conf_release(&w->conf);
    close(w->fd);
    store_state_close(w->st);
    help_rmdir(w->dir);
}

static void put_message(struct world *w, const char *connector, const char *params)
{
    const struct store_message_out m = {.connector = connector,
                                        .rule_id = "r",
                                        .params = params,
                                        .created = HELP_BASE,
                                        .due = HELP_BASE};
    HELP_OK(store_state_outbox_put(w->st, &m));
}

/* Whether a message arrives within that time. */
static bool arrives(struct world *w, int ms)
{
    char got[500];
    const struct timeval patience = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return recv(w->fd, got, sizeof(got), 0) > 0;
}

/* Until nothing waits any more. */
static void drain(struct world *w, struct deliver_notify_totals *out)
{
    const struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};
    deliver_notify_count(w->notify, out);
    for (int i = 0; out->waiting != 0; i++) {
        assert_true(i < 1500);
        nanosleep(&moment, NULL);
        deliver_notify_count(w->notify, out);
    }
}

static void sends(void **state)
{
    (void)state;
    struct world w;
    struct deliver_notify_totals totals;
    begin(&w);
    start(&w);
    put_message(&w, "c", "{\"message\":\"one\"}");
    put_message(&w, "d", "{\"message\":\"two\"}");
    put_message(&w, "c", "{\"wrong\":1}");
    put_message(&w, "gone", "{\"message\":\"three\"}");
    deliver_notify_wake(w.notify);
    drain(&w, &totals);
    assert_true(arrives(&w, 20000) && arrives(&w, 20000));
    assert_int_equal(totals.sent, 2);
    assert_int_equal(totals.failed, 2);
    assert_int_equal(totals.given_up, 2);
    assert_int_equal(totals.undelivered, 2);
    assert_int_equal(w.lines, 2);
    end(&w);
}

/* What became of a message that state.db cannot take is not asked again of the world. */
static void full_disk(void **state)
{
    (void)state;
    struct world w;
    struct deliver_notify_totals totals;
    begin(&w);
    put_message(&w, "c", "{\"message\":\"one\"}");
    put_message(&w, "d", "{\"wrong\":1}");
    help_limit_files(4096);
    start(&w);
    assert_true(arrives(&w, 20000));
    assert_false(arrives(&w, 2500)); /* it looks each second */
    help_limit_files(RLIM_INFINITY);
    drain(&w, &totals);
    assert_false(arrives(&w, 10));
    assert_int_equal(totals.sent, 1);
    assert_int_equal(totals.failed, 1);
    assert_int_equal(totals.given_up, 1);
    assert_int_equal(totals.undelivered, 1);
    assert_int_equal(w.lines, 1);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends),
        cmocka_unit_test(full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
