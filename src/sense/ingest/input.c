/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/input.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define RAW_SIZE INGEST_INPUT_HEAD_MAX
#define TEXT_SIZE ((size_t)1 << 20)

enum packing { PACKING_UNKNOWN, PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

struct ingest_input {
    int fd;
    enum packing packing;
    bool raw_end;  /* the file has no more */
    bool text_end; /* nor has the stream */
    bool between;  /* a packed member ended and none has begun */
    bool damaged;  /* what follows cannot be unpacked */
    bool skipping; /* within a line that is too long */
    bool begun;
    bool z_ready;
    z_stream z;
    ZSTD_DStream *zstd;
    uint8_t *raw;
    size_t raw_at, raw_n;
    bool passed; /* raw does not begin with the first byte of the file any more */
    char *text;  /* text_cap bytes and the padding */
    size_t text_at, text_n, text_cap;
    size_t scanned; /* from text_at on, known to hold no line end */
    uint64_t lines;
    uint64_t taken;
    uint64_t position;
    uint64_t size;
};

static enum err refuse(const char *path, int number, struct err_text *why)
{
    enum err code = number == EISDIR ? ERR_INVALID : err_from_errno(number);
    if (number == EISDIR)
        err_set_at(why, code, path, 0, "this is a folder: name the files in it, such as %s/*.log",
                   path);
    else
        err_set_at(why, code, path, 0, "this file cannot be opened: %s", strerror(number));
    errno = number;
    return code;
}

enum err ingest_input_open(const char *path, struct ingest_input **out, struct err_text *why)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return fd >= 0 ? ingest_input_adopt(fd, path, out, why) : refuse(path, errno, why);
}

static void close_fd(int fd)
{
    if (fd >= 0 && fd != STDIN_FILENO)
        close(fd);
}

enum err ingest_input_adopt(int fd, const char *path, struct ingest_input **out,
                            struct err_text *why)
{
    struct ingest_input *in = mem_zero(1, sizeof(*in));
    if (in == NULL) {
        close_fd(fd);
        return err_set_at(why, ERR_MEMORY, path, 0, "no memory is left to open this file");
    }
    in->fd = fd;
    in->raw = mem_alloc(RAW_SIZE);
    in->text_cap = TEXT_SIZE;
    in->text = mem_zero(1, in->text_cap + INGEST_INPUT_PADDING);
    if (in->raw == NULL || in->text == NULL) {
        ingest_input_close(in);
        return err_set_at(why, ERR_MEMORY, path, 0, "no memory is left to open this file");
    }
    struct stat st;
    int number = fstat(fd, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : 0;
    if (number != 0) {
        ingest_input_close(in);
        return refuse(path, number, why);
    }
    in->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    *out = in;
    return ERR_NONE;
}

void ingest_input_close(struct ingest_input *in)
{
    if (in == NULL)
        return;
    if (in->z_ready)
        inflateEnd(&in->z);
    ZSTD_freeDStream(in->zstd);
    close_fd(in->fd);
    mem_free(in->raw);
    mem_free(in->text);
    mem_free(in);
}

/* More of the file behind what is there; what was unpacked stays as long as there is room. */
static enum err fill_raw(struct ingest_input *in)
{
    if (in->raw_at > 0 && (in->passed || in->raw_n == RAW_SIZE)) {
        in->passed = true;
        memmove(in->raw, in->raw + in->raw_at, in->raw_n - in->raw_at);
        in->raw_n -= in->raw_at;
        in->raw_at = 0;
    }
    while (!in->raw_end && in->raw_n < RAW_SIZE) {
        ssize_t got = read(in->fd, in->raw + in->raw_n, RAW_SIZE - in->raw_n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        in->raw_end = got == 0;
        in->raw_n += (size_t)got;
        in->position += (size_t)got;
        break;
    }
    return ERR_NONE;
}

static enum err choose(struct ingest_input *in)
{
    static const uint8_t zstd_magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    while (in->raw_n < 4 && !in->raw_end) {
        enum err code = fill_raw(in);
        if (code != ERR_NONE)
            return code;
    }
    in->packing = PACKING_NONE;
    if (in->raw_n >= 3 && in->raw[0] == 0x1f && in->raw[1] == 0x8b && in->raw[2] == 8) {
        in->packing = PACKING_GZIP;
        if (inflateInit2(&in->z, 15 + 16) != Z_OK)
            return ERR_MEMORY;
        in->z_ready = true;
    } else if (in->raw_n >= 4 && memcmp(in->raw, zstd_magic, 4) == 0) {
        in->packing = PACKING_ZSTD;
        in->zstd = ZSTD_createDStream();
        if (in->zstd == NULL)
            return ERR_MEMORY;
        ZSTD_DCtx_setParameter(in->zstd, ZSTD_d_windowLogMax, 27);
    }
    return ERR_NONE;
}

static enum err inflate_some(struct ingest_input *in, char *to, size_t room, size_t *out_got)
{
    if (in->between) {
        /* Zeros after the last member are padding; anything but another member ends it too. */
        if (in->raw_n - in->raw_at < 2 || in->raw[in->raw_at] != 0x1f ||
            in->raw[in->raw_at + 1] != 0x8b) {
            in->text_end = true;
            return ERR_NONE;
        }
        inflateReset(&in->z);
        in->between = false;
    }
    in->z.next_in = in->raw + in->raw_at;
    in->z.avail_in = (unsigned)(in->raw_n - in->raw_at);
    in->z.next_out = (Bytef *)to;
    in->z.avail_out = room > 1U << 30 ? 1U << 30 : (unsigned)room;
    unsigned before = in->z.avail_out;
    int status = inflate(&in->z, Z_NO_FLUSH);
    in->raw_at = in->raw_n - in->z.avail_in;
    *out_got = before - in->z.avail_out;
    if (status == Z_STREAM_END)
        in->between = true;
    else if (status != Z_OK && status != Z_BUF_ERROR)
        return status == Z_MEM_ERROR ? ERR_MEMORY : ERR_FORMAT;
    return ERR_NONE;
}

static enum err unpack_zstd(struct ingest_input *in, char *to, size_t room, size_t *out_got)
{
    ZSTD_inBuffer from = {in->raw, in->raw_n, in->raw_at};
    ZSTD_outBuffer out = {to, room, 0};
    size_t status = ZSTD_decompressStream(in->zstd, &out, &from);
    in->raw_at = from.pos;
    *out_got = out.pos;
    if (ZSTD_isError(status))
        return ERR_FORMAT;
    in->between = status == 0;
    return ERR_NONE;
}

/* What the decoder makes of what is there; *out_got may be 0. */
static enum err unpack(struct ingest_input *in, char *to, size_t room, size_t *out_got)
{
    switch (in->packing) {
    case PACKING_GZIP:
        return inflate_some(in, to, room, out_got);
    case PACKING_ZSTD:
        return unpack_zstd(in, to, room, out_got);
    default: {
        size_t n = in->raw_n - in->raw_at < room ? in->raw_n - in->raw_at : room;
        memcpy(to, in->raw + in->raw_at, n);
        in->raw_at += n;
        *out_got = n;
        return ERR_NONE;
    }
    }
}

/* More text behind what is there; nothing when the stream is at its end. */
static enum err fill_text(struct ingest_input *in)
{
    size_t got = 0;
    while (got == 0 && !in->text_end) {
        enum err code = ERR_NONE;
        if (in->raw_n - in->raw_at < 2)
            code = fill_raw(in);
        if (code == ERR_NONE && in->packing == PACKING_UNKNOWN)
            code = choose(in);
        if (code != ERR_NONE)
            return code;
        bool dry = in->raw_at == in->raw_n && in->raw_end;
        if (dry && (in->packing == PACKING_NONE || in->between)) {
            in->text_end = true;
            break;
        }
        /* A decoder that has eaten all may still hold something back. */
        code = unpack(in, in->text + in->text_n, in->text_cap - in->text_n, &got);
        in->text_n += got;
        if (code == ERR_MEMORY)
            return code;
        if (code != ERR_NONE || (dry && got == 0)) {
            in->damaged = !in->text_end;
            in->text_end = true;
        }
    }
    return ERR_NONE;
}

/* Room behind the text: what was taken is dropped, then the buffer grows to the longest line. */
static enum err make_room(struct ingest_input *in)
{
    if (in->text_at > 0) {
        memmove(in->text, in->text + in->text_at, in->text_n - in->text_at);
        in->text_n -= in->text_at;
        in->text_at = 0;
    }
    if (in->text_n < in->text_cap)
        return ERR_NONE;
    size_t cap = in->text_cap * 2;
    char *text = mem_resize(in->text, 1, cap + INGEST_INPUT_PADDING);
    if (text == NULL)
        return ERR_MEMORY;
    memset(text + in->text_cap, 0, cap - in->text_cap + INGEST_INPUT_PADDING);
    in->text = text;
    in->text_cap = cap;
    return ERR_NONE;
}

static void skip_mark(struct ingest_input *in)
{
    in->begun = true;
    if (in->text_n >= 3 && memcmp(in->text, "\xef\xbb\xbf", 3) == 0)
        in->text_at = 3;
}

enum err ingest_input_peek(struct ingest_input *in, size_t want, const char **out, size_t *out_n)
{
    if (want > TEXT_SIZE)
        want = TEXT_SIZE;
    while (in->text_n - in->text_at < want && !in->text_end) {
        enum err code = make_room(in);
        if (code == ERR_NONE)
            code = fill_text(in);
        if (code != ERR_NONE)
            return code;
    }
    if (!in->begun)
        skip_mark(in);
    *out = in->text + in->text_at;
    *out_n = in->text_n - in->text_at;
    return ERR_NONE;
}

enum err ingest_input_head(const struct ingest_input *in, int *out_fd, struct bytes *out)
{
    if (in->passed)
        return ERR_LIMIT;
    *out_fd = in->fd;
    *out = bytes_make(in->raw, in->raw_n);
    return ERR_NONE;
}

static void take(struct ingest_input *in, size_t n, size_t end)
{
    in->text_at += n + end;
    in->taken += n + end;
    in->scanned = 0;
    in->lines++;
}

enum err ingest_input_line(struct ingest_input *in, const char **out, size_t *out_n)
{
    for (;;) {
        char *from = in->text + in->text_at;
        size_t have = in->text_n - in->text_at;
        char *nl = have > in->scanned ? memchr(from + in->scanned, '\n', have - in->scanned) : NULL;
        if (nl != NULL || (in->text_end && have > 0 && !in->damaged)) {
            size_t n = nl != NULL ? (size_t)(nl - from) : have;
            take(in, n, nl != NULL);
            if (in->skipping) {
                in->skipping = false;
                return ERR_LIMIT;
            }
            *out = from;
            *out_n = n > 0 && from[n - 1] == '\r' ? n - 1 : n;
            return ERR_NONE;
        }
        if (in->text_end) {
            if (in->damaged) {
                in->damaged = false; /* the line it breaks off in is lost with the rest */
                in->text_at = in->text_n;
                in->lines++;
                return ERR_FORMAT;
            }
            if (!in->skipping)
                return ERR_END;
            in->skipping = false;
            in->lines++;
            return ERR_LIMIT;
        }
        in->scanned = have;
        if (have >= INGEST_INPUT_LINE_MAX || in->skipping) {
            in->skipping = true;
            in->taken += have;
            in->text_at = in->text_n = in->scanned = 0;
        }
        enum err code = make_room(in);
        if (code == ERR_NONE)
            code = fill_text(in);
        if (!in->begun && code == ERR_NONE)
            skip_mark(in);
        if (code != ERR_NONE)
            return code;
    }
}

uint64_t ingest_input_line_number(const struct ingest_input *in)
{
    return in->lines;
}

uint64_t ingest_input_bytes(const struct ingest_input *in)
{
    return in->taken;
}

uint64_t ingest_input_position(const struct ingest_input *in, uint64_t *out_size)
{
    *out_size = in->size;
    return in->position;
}
