/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live.h"

#include "base/clock.h"

#include "cmocka_head.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 47113

static struct err_text why;

/* Opens the loopback interface; NULL where this test may not capture. */
static struct capture_live *open_loopback(const char *filter)
{
    const char *names[1] = {"lo"};
    struct capture_live_settings s = {
        .interfaces = names, .interface_n = 1, .filter = filter, .buffer_bytes = 1 << 20};
    struct capture_live *l;
    enum err err = capture_live_open(&s, &why, &l);
    if (err == ERR_NONE)
        return l;
    assert_true(strlen(why.message) > 0);
    printf("skipped: %s\n", why.message);
    return NULL;
}

static void send_datagram(const char *text)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to)),
                     (ssize_t)strlen(text));
    close(fd);
}

static void packets_of_the_loopback(void **state)
{
    (void)state;
    struct capture_live *l = open_loopback("udp dst port 47113");
    if (l == NULL)
        return;
    ts_ns before = clock_wall();
    send_datagram("weir");
    struct capture_packet p;
    enum err err = ERR_AGAIN;
    for (int i = 0; i < 100 && err == ERR_AGAIN; i++)
        err = capture_live_next(l, 50 * TIME_MS, &why, &p);
    assert_int_equal(err, ERR_NONE);
    assert_memory_equal(p.data.p + p.data.n - 4, "weir", 4);
    assert_int_equal(p.link, 1);
    assert_string_equal(capture_live_name(l, p.interface), "lo");
    assert_true(p.ts > before - TIME_S && p.ts < clock_wall() + TIME_S);
    struct capture_live_counters c = capture_live_counters(l);
    assert_int_equal(c.packets, 1);
    assert_int_equal(c.kernel_dropped, 0);
    capture_live_close(l);
}

static void waiting_ends(void **state)
{
    (void)state;
    struct capture_live *l = open_loopback("udp dst port 47114");
    if (l == NULL)
        return;
    struct capture_packet p;
    ts_ns start = clock_steady();
    assert_int_equal(capture_live_next(l, 30 * TIME_MS, &why, &p), ERR_AGAIN);
    assert_true(clock_steady() - start >= 25 * TIME_MS);
    capture_live_stop(l);
    assert_int_equal(capture_live_next(l, 60 * TIME_S, &why, &p), ERR_STOPPED);
    assert_true(clock_steady() - start < 30 * TIME_S);
    capture_live_close(l);
}

static void mistakes_are_explained(void **state)
{
    (void)state;
    const char *names[1] = {"nosuchif0"};
    struct capture_live_settings s = {.interfaces = names, .interface_n = 1};
    struct capture_live *l;
    enum err err = capture_live_open(&s, &why, &l);
    assert_true(err == ERR_NOT_FOUND || err == ERR_DENIED);
    assert_non_null(strstr(why.message, "nosuchif0"));
    names[0] = "lo";
    s.filter = "no such words";
    err = capture_live_open(&s, &why, &l);
    assert_true(err == ERR_INVALID || err == ERR_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_of_the_loopback),
        cmocka_unit_test(waiting_ends),
        cmocka_unit_test(mistakes_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
