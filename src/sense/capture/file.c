/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/file.h"

#include "base/mem.h"
#include "capture/reader_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err capture_reader_end(struct capture_file *f, enum err err)
{
    if (err == ERR_FORMAT)
        return capture_reader_damaged(f);
    if (err != ERR_END)
        return err;
    f->counters.truncated = true;
    return ERR_END;
}

enum err capture_reader_damaged(struct capture_file *f)
{
    f->counters.damaged = true;
    return ERR_END;
}

bool capture_file_is_capture(struct bytes head)
{
    struct cursor c = cursor_of(head);
    switch (cursor_be32(&c)) {
    case 0xa1b2c3d4:
    case 0xa1b23c4d:
    case 0xa1b2cd34:
    case 0xd4c3b2a1:
    case 0x4d3cb2a1:
    case 0x34cdb2a1:
    case 0x0a0d0d0a:
        return true;
    default:
        return false;
    }
}

bool capture_file_is_compressed(struct bytes head)
{
    static const uint8_t zstd[4] = {0x28, 0xb5, 0x2f, 0xfd};
    return (head.n >= 2 && head.p[0] == 0x1f && head.p[1] == 0x8b) ||
           (head.n >= 4 && memcmp(head.p, zstd, 4) == 0);
}

static enum err start_reader(struct capture_file *f, struct err_text *why)
{
    enum err err = capture_source_need(&f->source, 8);
    if (err != ERR_NONE && err != ERR_END)
        return err == ERR_FORMAT ? err_set(why, err, "the compressed file is damaged") : err;
    struct bytes head = bytes_make(f->source.p, f->source.left);
    if (head.n == 0)
        return err_set(why, ERR_FORMAT, "the file is empty: a pcap or pcapng capture was expected");
    if (!capture_file_is_capture(head))
        return err_set(why, ERR_FORMAT, "this is neither a pcap nor a pcapng capture file");
    if (why != NULL)
        why->message[0] = '\0';
    err = capture_pcap_start(f, why);
    if (err == ERR_FORMAT && head.p[0] == 0x0a)
        err = capture_pcapng_start(f, why);
    if (err == ERR_FORMAT && why != NULL && why->message[0] == '\0')
        return err_set(why, err, "this is neither a pcap nor a pcapng capture file");
    return err;
}

/* Sets why's file, and for failures of the system a sentence. */
static enum err explain(struct err_text *why, const char *name, enum err err)
{
    int errnum = errno;
    if (why == NULL)
        return err;
    if (err == ERR_MEMORY)
        err_set(why, err, "no memory to read the capture");
    else if (err != ERR_FORMAT && err != ERR_INVALID)
        err_set(why, err, "cannot read the capture: %s", strerror(errnum));
    size_t n = strnlen(name, sizeof(why->file) - 1);
    memcpy(why->file, name, n);
    why->file[n] = '\0';
    return err;
}

enum err capture_file_open_fd(int fd, struct bytes head, const char *name, const char *filter,
                              struct err_text *why, struct capture_file **out)
{
    struct stat st;
    struct capture_file *f = mem_zero(1, sizeof(*f));
    if (f == NULL) {
        close(fd);
        return explain(why, name, ERR_MEMORY);
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        f->size = (uint64_t)st.st_size;
    enum err err = capture_source_open(fd, head, &f->source);
    if (err == ERR_FORMAT)
        err_set(why, err, "the compressed file is damaged");
    if (err != ERR_NONE)
        goto fail;
    f->name = mem_strdup(name);
    if (f->name == NULL) {
        err = ERR_MEMORY;
        goto fail;
    }
    if (filter != NULL) {
        err = capture_filter_new(filter, why, &f->filter);
        if (err != ERR_NONE)
            goto fail;
    }
    err = start_reader(f, why);
    if (err != ERR_NONE)
        goto fail;
    *out = f;
    return ERR_NONE;
fail:
    err = explain(why, name, err);
    capture_file_close(f);
    return err;
}

enum err capture_file_open(const char *path, const char *filter, struct err_text *why,
                           struct capture_file **out)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return explain(why, path, err_from_errno(errno));
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        errno = EISDIR;
        return explain(why, path, ERR_IO);
    }
    return capture_file_open_fd(fd, bytes_make(NULL, 0), is_stdin ? "standard input" : path, filter,
                                why, out);
}

void capture_file_close(struct capture_file *f)
{
    if (f == NULL)
        return;
    capture_source_close(&f->source);
    capture_filter_free(f->filter);
    mem_free(f->interfaces);
    mem_free(f->name);
    mem_free(f);
}

enum err capture_file_next(struct capture_file *f, struct err_text *why, struct capture_packet *out)
{
    struct capture_packet p;
    while (!f->ended) {
        enum err err = f->read(f, &p);
        if (err == ERR_END) {
            f->ended = true;
            break;
        }
        if (err != ERR_NONE)
            return explain(why, f->name, err);
        if (f->filter != NULL) {
            bool match;
            err = capture_filter_match(f->filter, &p, why, &match);
            if (err != ERR_NONE)
                return explain(why, f->name, err);
            if (!match) {
                f->counters.filtered++;
                continue;
            }
        }
        f->counters.packets++;
        f->counters.bytes = capture_source_consumed(&f->source);
        *out = p;
        return ERR_NONE;
    }
    f->counters.bytes = capture_source_consumed(&f->source);
    return ERR_END;
}

const struct capture_file_counters *capture_file_counters(const struct capture_file *f)
{
    return &f->counters;
}

const char *capture_file_name(const struct capture_file *f)
{
    return f->name;
}

uint64_t capture_file_size(const struct capture_file *f)
{
    return f->size;
}
