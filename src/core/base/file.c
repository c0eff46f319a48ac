/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define STEP 65536

static enum err read_all(int fd, const char *path, size_t max, struct buf *out,
                         struct err_text *why)
{
    size_t before = out->n;
    for (;;) {
        char *room = buf_reserve(out, STEP);
        if (room == NULL)
            return err_set_at(why, ERR_MEMORY, path, 0, "no memory is left to read this file");
        ssize_t got = read(fd, room, STEP);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_at(why, err_from_errno(errno), path, 0, "this file cannot be read: %s",
                              strerror(errno));
        if (got == 0)
            return ERR_NONE;
        out->n += (size_t)got;
        out->p[out->n] = '\0';
        if (out->n - before > max)
            return err_set_at(why, ERR_LIMIT, path, 0,
                              "at most %zu bytes are read from such a file", max);
    }
}

enum err file_read(const char *path, size_t max, struct buf *out, struct err_text *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set_at(why, err_from_errno(errno), path, 0, "this file cannot be opened: %s",
                          strerror(errno));
    enum err code = read_all(fd, path, max, out, why);
    int saved = errno;
    close(fd);
    errno = saved;
    return code;
}
