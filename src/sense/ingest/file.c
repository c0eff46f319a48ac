/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/file.h"

#include "base/mem.h"
#include "ingest/input.h"

#include <errno.h>
#include <string.h>

struct ingest_file {
    struct ingest_input *input;
    struct ingest_parser *parser; /* NULL when this room does not read the format */
    enum ingest_format format;
    char *path;
};

/* Enough bytes to know a capture by: of one that is being made, more may be long in coming. */
#define CAPTURE_BYTES 4

static enum err find_format(struct ingest_file *f)
{
    const char *bytes;
    size_t n;
    enum err code = ingest_input_peek(f->input, CAPTURE_BYTES, &bytes, &n);
    if (code == ERR_NONE && ingest_detect(bytes, n, f->path) != INGEST_FORMAT_PCAP)
        code = ingest_input_peek(f->input, INGEST_DETECT_BYTES, &bytes, &n);
    if (code == ERR_NONE)
        f->format = ingest_detect(bytes, n, f->path);
    return code;
}

static enum err prepare(struct ingest_file *f, const char *path,
                        const struct ingest_settings *settings, struct err_text *why)
{
    f->path = mem_strdup(path);
    if (f->path == NULL)
        return err_set_at(why, ERR_MEMORY, path, 0, "no memory is left to open this file");
    enum err code = ingest_input_open(path, &f->input, why);
    if (code != ERR_NONE)
        return code;
    f->format = settings->format;
    if (f->format == INGEST_FORMAT_AUTO) {
        code = find_format(f);
        if (code != ERR_NONE)
            return err_set_at(why, code, path, 0, "this file cannot be read: %s",
                              code == ERR_IO ? strerror(errno) : err_name(code));
    }
    if (f->format != INGEST_FORMAT_ECS && f->format != INGEST_FORMAT_ZEEK)
        return ERR_NONE;
    f->parser = ingest_parser_new(settings, path);
    if (f->parser == NULL)
        return err_set_at(why, ERR_MEMORY, path, 0, "no memory is left to open this file");
    return ERR_NONE;
}

enum err ingest_file_open(const char *path, const struct ingest_settings *settings,
                          struct ingest_file **out, struct err_text *why)
{
    struct ingest_file *f = mem_zero(1, sizeof(*f));
    if (f == NULL)
        return err_set_at(why, ERR_MEMORY, path, 0, "no memory is left to open this file");
    enum err code = prepare(f, path, settings, why);
    if (code != ERR_NONE) {
        int saved = errno;
        ingest_file_close(f);
        errno = saved;
        return code;
    }
    *out = f;
    return ERR_NONE;
}

void ingest_file_close(struct ingest_file *f)
{
    if (f == NULL)
        return;
    ingest_parser_free(f->parser);
    ingest_input_close(f->input);
    mem_free(f->path);
    mem_free(f);
}

enum ingest_format ingest_file_format(const struct ingest_file *f)
{
    return f->format;
}

enum err ingest_file_head(const struct ingest_file *f, int *out_fd, struct bytes *out)
{
    return ingest_input_head(f->input, out_fd, out);
}

enum err ingest_file_run(struct ingest_file *f, uint64_t max_lines, event_sink_fn sink, void *ctx,
                         struct err_text *why)
{
    for (uint64_t done = 0; max_lines == 0 || done < max_lines; done++) {
        const char *line;
        size_t n;
        enum err code = ingest_input_line(f->input, &line, &n);
        uint64_t number = ingest_input_line_number(f->input);
        if (code == ERR_NONE)
            ingest_parser_line(f->parser, line, n, number, true, sink, ctx);
        else if (code == ERR_LIMIT)
            ingest_parser_drop(f->parser, INGEST_DROP_LONG, number,
                               "a line of at most 16 MiB is expected");
        else if (code == ERR_FORMAT)
            ingest_parser_drop(f->parser, INGEST_DROP_DAMAGED, number,
                               "the compressed data is damaged or breaks off here");
        else if (code == ERR_END)
            return ERR_END;
        else
            return err_set_at(why, code, f->path, 0, "this file cannot be read: %s",
                              code == ERR_IO ? strerror(errno) : err_name(code));
    }
    return ERR_NONE;
}

const struct ingest_counts *ingest_file_counts(const struct ingest_file *f)
{
    static const struct ingest_counts none = {0};
    return f->parser != NULL ? ingest_parser_counts(f->parser) : &none;
}

uint64_t ingest_file_position(const struct ingest_file *f, uint64_t *out_size)
{
    return ingest_input_position(f->input, out_size);
}
