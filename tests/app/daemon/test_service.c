/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"

#include "daemon/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket of that name that listens, as the manager's does. */
static int manager(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = strlen(name);
    memcpy(at.sun_path, name, n);
    if (name[0] == '@')
        at.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(
        bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
        0);
    return fd;
}

static void hears(const char *name)
{
    char got[32] = "";
    int listening = manager(name);
    setenv("NOTIFY_SOCKET", name, 1);
    int fd = daemon_service_open();
    assert_true(fd >= 0);
    daemon_service_say(fd, "READY=1");
    assert_int_equal(recv(listening, got, sizeof(got) - 1, 0), 7);
    assert_string_equal(got, "READY=1");
    close(listening);
    daemon_service_say(fd, "STOPPING=1"); /* nobody hears it, and nothing happens */
    close(fd);
}

static void by_path_and_by_abstract_name(void **state)
{
    char folder[] = "/tmp/weir-service-XXXXXX", name[64];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(name, sizeof(name), "%s/notify", folder);
    hears(name);
    unlink(name);
    rmdir(folder);
    snprintf(name, sizeof(name), "@weir-service-%ld", (long)getpid());
    hears(name);
}

static void nobody_wants_to_know(void **state)
{
    static const char *const names[] = {"", "/", "relative", "/nowhere/at/all"};
    char large[200];
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(daemon_service_open(), -1);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        assert_int_equal(daemon_service_open(), -1);
    }
    memset(large, '/', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    setenv("NOTIFY_SOCKET", large, 1);
    assert_int_equal(daemon_service_open(), -1);
    daemon_service_say(-1, "READY=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_path_and_by_abstract_name),
        cmocka_unit_test(nobody_wants_to_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
