/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "fuzz_http_routes.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The fuzzer's clock may interrupt it, which only means that it is not known yet. */
static int connect_to(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT(fd >= 0);
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
        return fd;
    int error = errno;
    if (error == EINTR) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        socklen_t n = sizeof(error);
        while (poll(&p, 1, -1) < 0 && errno == EINTR)
            continue;
        ASSERT(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0);
    }
    if (error != 0)
        fprintf(stderr, "connect: %s\n", strerror(error));
    ASSERT(error == 0);
    return fd;
}

/* All that a client sends on one connection, in pieces that a byte 0xff parts; then it leaves. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_server *server;
    static struct sockaddr_in address;
    const struct linger at_once = {.l_onoff = 1};
    struct cursor at = cursor_make(data, size);
    struct http_counts counts;
    char answer[4096];
    if (server == NULL)
        server = fuzz_http_start(&address);
    int fd = connect_to(&address);
    while (at.left > 0) {
        const uint8_t *end = memchr(at.p, 0xff, at.left);
        struct bytes piece = cursor_take(&at, end != NULL ? (size_t)(end - at.p) : at.left);
        cursor_skip(&at, end != NULL);
        struct pollfd p = {.fd = fd, .events = POLLIN};
        (void)send(fd, piece.p, piece.n, MSG_NOSIGNAL);
        while (poll(&p, 1, 1) > 0 && recv(fd, answer, sizeof(answer), 0) > 0)
            continue;
    }
    /* A reset is noticed by the server at once. */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
    while (http_server_counts(server, &counts), counts.connections > 0)
        (void)poll(NULL, 0, 1);
    return 0;
}
