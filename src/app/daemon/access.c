/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/access.h"

#include "base/buf.h"
#include "base/ip.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "format/write.h"
#include "http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Bytes that a line shows of what a client sent: of each text, and of each in a line that would
 * be longer than a pipe takes at once. */
#define FOREIGN_MOST 1000
#define FOREIGN_LEAST 100

struct daemon_access {
    int fd;
    bool owned;
};

enum err daemon_access_open(const char *path, struct daemon_access **out, struct err_text *why)
{
    struct daemon_access *a = mem_zero(1, sizeof(*a));
    if (a == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    a->owned = strcmp(path, "-") != 0;
    a->fd = a->owned ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640) : STDERR_FILENO;
    if (a->fd < 0) {
        int number = errno;
        mem_free(a);
        return err_set_at(why, err_from_errno(number), path, 0, "cannot be written: %s",
                          strerror(number));
    }
    *out = a;
    return ERR_NONE;
}

void daemon_access_close(struct daemon_access *a)
{
    if (a == NULL)
        return;
    if (a->owned)
        close(a->fd);
    mem_free(a);
}

/* Foreign bytes: what is no UTF-8 is escaped. */
static void write_foreign(struct format_writer *w, const char *key, const char *text, size_t most)
{
    char escaped[4 * FOREIGN_MOST + 1]; /* utf8_escape_bound() */
    size_t n = strnlen(text, most);
    format_write_key(w, key);
    format_write_str_n(w, escaped, utf8_escape(text, n, escaped, NULL));
}

/* Names with dots, as ECS allows: one flat object is easy to read by eye. */
static void write_line(const struct http_access *access, size_t most, struct buf *out)
{
    struct format_writer w;
    char peer[IP_TEXT_SIZE];
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_key(&w, "@timestamp");
    format_write_time(&w, access->time);
    format_write_field_str(&w, "event.dataset", "weir.access");
    format_write_field_i64(&w, "event.duration", access->took_ns);
    format_write_key(&w, "source.ip");
    format_write_str_n(&w, peer, ip_format(&access->peer, peer));
    format_write_field_str(&w, "user.name", access->user);
    write_foreign(&w, "http.request.method", access->method, most);
    write_foreign(&w, "url.original", access->path, most);
    format_write_field_i64(&w, "http.response.status_code", access->status);
    format_write_field_i64(&w, "http.request.body.bytes", (int64_t)access->received);
    format_write_field_i64(&w, "http.response.body.bytes", (int64_t)access->sent);
    write_foreign(&w, "user_agent.original", access->agent, most);
    format_write_end_object(&w);
    buf_char(out, '\n');
}

void daemon_access_write(struct daemon_access *a, const struct http_access *access)
{
    struct buf line;
    buf_init(&line);
    write_line(access, FOREIGN_MOST, &line);
    if (line.n > PIPE_BUF) {
        buf_clear(&line);
        write_line(access, FOREIGN_LEAST, &line);
    }
    /* One write for a line: others cannot come between. What does not fit on a full disk is lost.
     */
    struct pollfd room = {.fd = a->fd, .events = POLLOUT};
    /* Nobody waits for a reader that does not read: the line is lost. A pipe that is ready takes
     * PIPE_BUF bytes at once. */
    if (buf_ok(&line) && poll(&room, 1, 0) > 0 && (room.revents & POLLOUT) != 0) {
        ssize_t written = write(a->fd, line.p, line.n);
        (void)written;
    }
    buf_release(&line);
}
