/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/inputs.h"

#include "base/mem.h"
#include "capture/merge.h"
#include "event/event.h"
#include "feed/folder.h"
#include "feed/packets.h"
#include "format/write.h"
#include "ingest/delta.h"
#include "ingest/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Packets, or lines, between two looks at stop() and progress(). */
#define LOOK_EVERY 8192

/* Flows of which running totals are remembered. */
#define DELTA_FLOWS 65536

/* Source numbers: all captures together are source 0, each log is one of its own. */
#define SOURCE_CAPTURES 0

#define CAPTURE_MEMORY (UINT64_C(512) << 20)

#define EXPECTED                                                                                   \
    "expected a capture (pcap, pcapng), Zeek logs, or ECS documents, plain or packed with gzip "   \
    "or zstd"

struct log {
    const char *path;
    uint32_t source;
    uint64_t size;            /* 0 when it has none */
    struct ingest_file *file; /* NULL: opened when its turn comes, and closed after it */
    bool read;
};

struct feed_inputs {
    struct feed_inputs_settings settings;
    char **paths; /* of the files of folders */
    size_t paths_n, paths_cap;
    struct capture_merge_input *captures;
    struct ingest_file **begun; /* captures that cannot be opened twice, until they are merged */
    size_t captures_n, captures_cap, begun_n, begun_cap;
    struct log *logs;
    size_t logs_n, logs_cap;
    struct ingest_delta *delta;
    struct ingest_counts counts; /* of all logs */
    struct feed_packets *packets;
    struct capture_merge *merge;
    uint64_t sequence;
    uint64_t events;
    struct feed_inputs_totals totals;
};

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

static bool is_regular(const char *path)
{
    struct stat st;
    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static enum err add_capture(struct feed_inputs *in, struct capture_merge_input capture,
                            struct err_text *why)
{
    void *captures = in->captures;
    if (mem_grow(&captures, &in->captures_cap, in->captures_n + 1, sizeof(capture)) != 0)
        return no_memory(why);
    in->captures = captures;
    in->captures[in->captures_n++] = capture;
    return ERR_NONE;
}

/* A pipe, of which the first bytes are read: the rest follows them. Takes the file. */
static enum err add_begun(struct feed_inputs *in, const char *path, struct ingest_file *file,
                          struct err_text *why)
{
    struct capture_merge_input begun = {.path = path, .open = true};
    void *files = in->begun;
    if (mem_grow(&files, &in->begun_cap, in->begun_n + 1, sizeof(struct ingest_file *)) != 0) {
        ingest_file_close(file);
        return no_memory(why);
    }
    in->begun = files;
    in->begun[in->begun_n++] = file;
    if (strcmp(path, "-") == 0)
        begun.path = "standard input";
    enum err err = ingest_file_head(file, &begun.fd, &begun.head);
    if (err != ERR_NONE)
        return err_set_at(why, ERR_INVALID, begun.path, 0,
                          "this is a capture, but packed so that its first bytes do not tell: say "
                          "so with --format pcap");
    return add_capture(in, begun, why);
}

/* A file that can be opened again waits for its turn closed: a folder may hold thousands. */
static enum err add_log(struct feed_inputs *in, const char *path, struct ingest_file *file,
                        struct err_text *why)
{
    struct log log = {.path = path, .source = (uint32_t)in->logs_n + SOURCE_CAPTURES + 1};
    void *logs = in->logs;
    if (mem_grow(&logs, &in->logs_cap, in->logs_n + 1, sizeof(log)) != 0) {
        ingest_file_close(file);
        return no_memory(why);
    }
    in->logs = logs;
    (void)ingest_file_position(file, &log.size);
    if (is_regular(path))
        ingest_file_close(file);
    else
        log.file = file;
    in->logs[in->logs_n++] = log;
    return ERR_NONE;
}

/* format: of what the file may hold, AUTO for anything. */
static enum err open_log(struct feed_inputs *in, const char *path, uint32_t source,
                         enum ingest_format format, struct ingest_file **out, struct err_text *why)
{
    struct ingest_settings settings;
    ingest_settings_default(&settings);
    settings.format = format;
    settings.source = source;
    settings.delta = in->delta;
    return ingest_file_open(path, &settings, out, why);
}

/* What a file holds; ERR_FORMAT when it is nothing that is read here. */
static enum err sort_out(struct feed_inputs *in, const char *path, enum ingest_format wanted,
                         struct err_text *why)
{
    struct ingest_file *file;
    bool only_captures = wanted == INGEST_FORMAT_PCAP;
    enum err err = open_log(in, path, (uint32_t)in->logs_n + SOURCE_CAPTURES + 1,
                            only_captures ? INGEST_FORMAT_AUTO : wanted, &file, why);
    if (err != ERR_NONE)
        return err;
    enum ingest_format format = ingest_file_format(file);
    if (format == INGEST_FORMAT_PCAP && !is_regular(path))
        return add_begun(in, path, file, why);
    if ((format == INGEST_FORMAT_ECS || format == INGEST_FORMAT_ZEEK) && !only_captures)
        return add_log(in, path, file, why);
    ingest_file_close(file);
    if (format == INGEST_FORMAT_PCAP)
        return add_capture(in, (struct capture_merge_input){.path = path}, why);
    return err_set_at(why, ERR_FORMAT, path, 0, "the format is not known: " EXPECTED);
}

/* A path of a folder's file, kept as long as the inputs are. */
static enum err keep_path(struct feed_inputs *in, char *path, struct err_text *why)
{
    void *paths = in->paths;
    if (mem_grow(&paths, &in->paths_cap, in->paths_n + 1, sizeof(char *)) != 0) {
        mem_free(path);
        return no_memory(why);
    }
    in->paths = paths;
    in->paths[in->paths_n++] = path;
    return ERR_NONE;
}

static void say_left_out(const struct feed_inputs *in, const char *path, enum ingest_format wanted)
{
    char sentence[600];
    if (in->settings.remark == NULL)
        return;
    snprintf(sentence, sizeof(sentence), "%.500s is left out: %s", path,
             wanted == INGEST_FORMAT_PCAP ? "it is no capture" : "its format is not known");
    in->settings.remark(in->settings.ctx, sentence);
}

static enum err take_folder(struct feed_inputs *in, const char *folder, enum ingest_format wanted,
                            struct err_text *why)
{
    char **files;
    size_t n, taken = 0;
    enum err err = feed_folder_list(folder, &files, &n, why);
    if (err != ERR_NONE)
        return err;
    for (size_t i = 0; i < n && err == ERR_NONE; i++) {
        char *path = files[i];
        files[i] = NULL;
        err = keep_path(in, path, why);
        if (err != ERR_NONE)
            break;
        err = sort_out(in, path, wanted, why);
        taken += err == ERR_NONE;
        if (err == ERR_FORMAT) {
            say_left_out(in, path, wanted);
            err = ERR_NONE;
        }
    }
    feed_folder_free(files, n);
    if (err == ERR_NONE && taken == 0)
        err =
            err_set_at(why, ERR_FORMAT, folder, 0, "no file in this folder can be read: " EXPECTED);
    return err;
}

static enum err take_path(struct feed_inputs *in, const char *path, struct err_text *why)
{
    enum ingest_format wanted = ingest_detect_by_name(in->settings.format);
    if (wanted == INGEST_FORMAT_UNKNOWN)
        return err_set(why, ERR_INVALID, "--format expects auto, pcap, ecs or zeek, not '%s'",
                       in->settings.format);
    if (feed_folder_is(path))
        return take_folder(in, path, wanted, why);
    /* A capture that was said to be one needs no look; what is wrong with it is told later. */
    return wanted == INGEST_FORMAT_PCAP
               ? add_capture(in, (struct capture_merge_input){.path = path}, why)
               : sort_out(in, path, wanted, why);
}

/* Standard input is read once. */
static enum err check_stdin(const char *const *paths, size_t n, struct err_text *why)
{
    size_t times = 0;
    for (size_t i = 0; i < n; i++)
        times += strcmp(paths[i], "-") == 0;
    return times < 2 ? ERR_NONE
                     : err_set(why, ERR_INVALID, "standard input (-) can be named only once");
}

static void close_begun(struct feed_inputs *in)
{
    for (size_t i = 0; i < in->begun_n; i++)
        ingest_file_close(in->begun[i]);
    in->begun_n = 0;
}

enum err feed_inputs_new(const struct feed_inputs_settings *settings, const char *const *paths,
                         size_t n, struct feed_inputs **out, struct err_text *why)
{
    struct feed_inputs *in = mem_zero(1, sizeof(*in));
    if (in == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    in->settings = *settings;
    in->delta = ingest_delta_new(DELTA_FLOWS, (struct hash_key){1, 2}, &in->counts);
    enum err err = in->delta != NULL ? check_stdin(paths, n, why) : no_memory(why);
    for (size_t i = 0; i < n && err == ERR_NONE; i++)
        err = take_path(in, paths[i], why);
    if (err == ERR_NONE && in->captures_n > 0)
        err = capture_merge_open(in->captures, in->captures_n, settings->filter, why, &in->merge);
    close_begun(in);
    if (err != ERR_NONE) {
        feed_inputs_free(in);
        return err;
    }
    *out = in;
    return ERR_NONE;
}

void feed_inputs_free(struct feed_inputs *in)
{
    if (in == NULL)
        return;
    for (size_t i = 0; i < in->logs_n; i++)
        ingest_file_close(in->logs[i].file);
    mem_free(in->logs);
    ingest_delta_free(in->delta);
    feed_packets_free(in->packets);
    capture_merge_close(in->merge);
    mem_free(in->captures);
    mem_free(in->begun);
    feed_folder_free(in->paths, in->paths_n);
    mem_free(in);
}

static void on_packet_event(void *ctx, struct event *e)
{
    struct feed_inputs *in = ctx;
    e->source = SOURCE_CAPTURES;
    e->sequence = ++in->sequence;
    in->events++;
    in->settings.sink(in->settings.sink_ctx, e);
}

static void on_log_event(void *ctx, struct event *e)
{
    struct feed_inputs *in = ctx;
    in->events++;
    in->settings.sink(in->settings.sink_ctx, e);
}

/* Of a log, at most its size; it may have grown. */
static uint64_t bytes_read(const struct log *log)
{
    uint64_t whole;
    uint64_t n = log->file != NULL ? ingest_file_position(log->file, &whole) : 0;
    return log->read || n > log->size ? log->size : n;
}

/* How much of all files is read, by their bytes on disk; a pipe counts as nothing. */
static double share_read(const struct feed_inputs *in)
{
    uint64_t done = 0, size = 0;
    for (size_t i = 0; in->merge != NULL && i < capture_merge_count(in->merge); i++) {
        const struct capture_file *f = capture_merge_file(in->merge, i);
        done += capture_file_counters(f)->bytes;
        size += capture_file_size(f);
    }
    for (size_t i = 0; i < in->logs_n; i++) {
        done += bytes_read(&in->logs[i]);
        size += in->logs[i].size;
    }
    return size > 0 ? (double)done / (double)size : 0;
}

static bool look(struct feed_inputs *in)
{
    if (in->settings.progress != NULL)
        in->settings.progress(in->settings.ctx, share_read(in), in->events);
    return in->settings.stop != NULL && in->settings.stop(in->settings.ctx);
}

static enum err run_captures(struct feed_inputs *in, struct err_text *why)
{
    const struct feed_packets_settings settings = {
        .sensor = in->settings.sensor,
        .agent_id = in->settings.sensor,
        .memory = CAPTURE_MEMORY,
        .flows_only = in->settings.flows_only,
        .sink = on_packet_event,
        .ctx = in,
    };
    enum err err = feed_packets_new(&settings, &in->packets);
    if (err != ERR_NONE)
        return err_set(why, err, "%s", err_name(err));
    struct capture_packet packet;
    bool stopped = false;
    for (uint64_t n = 1; !stopped; n++) {
        err = capture_merge_next(in->merge, why, &packet);
        if (err != ERR_NONE)
            break;
        feed_packets_feed(in->packets, &packet);
        if (n % LOOK_EVERY == 0)
            stopped = look(in);
    }
    if (err != ERR_NONE && err != ERR_END)
        return err;
    feed_packets_flush(in->packets);
    return stopped ? ERR_STOPPED : ERR_NONE;
}

static enum err run_log(struct feed_inputs *in, struct ingest_file *file, struct err_text *why)
{
    for (;;) {
        enum err err = ingest_file_run(file, LOOK_EVERY, on_log_event, in, why);
        if (err == ERR_END)
            return look(in) ? ERR_STOPPED : ERR_NONE;
        if (err != ERR_NONE)
            return err;
        if (look(in))
            return ERR_STOPPED;
    }
}

/* What was a log when it was looked at may be another file by now. */
static enum err open_in_turn(struct feed_inputs *in, struct log *log, struct err_text *why)
{
    enum err err = open_log(in, log->path, log->source, ingest_detect_by_name(in->settings.format),
                            &log->file, why);
    if (err != ERR_NONE)
        return err;
    enum ingest_format format = ingest_file_format(log->file);
    return format == INGEST_FORMAT_ECS || format == INGEST_FORMAT_ZEEK
               ? ERR_NONE
               : err_set_at(why, ERR_FORMAT, log->path, 0,
                            "this was a log, and is none any more: it has changed meanwhile");
}

static enum err take_turn(struct feed_inputs *in, struct log *log, struct err_text *why)
{
    enum err err = log->file != NULL ? ERR_NONE : open_in_turn(in, log, why);
    if (err == ERR_NONE) {
        err = run_log(in, log->file, why);
        ingest_counts_add(&in->counts, ingest_file_counts(log->file));
    }
    log->read = true;
    ingest_file_close(log->file);
    log->file = NULL;
    return err;
}

enum err feed_inputs_run(struct feed_inputs *in, struct err_text *why)
{
    enum err err = ERR_NONE;
    if (in->merge != NULL)
        err = run_captures(in, why);
    for (size_t i = 0; i < in->logs_n && err == ERR_NONE; i++)
        err = take_turn(in, &in->logs[i], why);
    if (err == ERR_STOPPED)
        err_set(why, err, "stopped before the end of the input");
    return err;
}

static void first_malformed(const struct ingest_counts *c, struct err_text *out)
{
    for (int reason = 0; reason < INGEST_DROP_REASONS; reason++)
        if (c->dropped[reason] > 0) {
            *out = c->first[reason];
            return;
        }
}

void feed_inputs_totals(const struct feed_inputs *in, struct feed_inputs_totals *out)
{
    *out = (struct feed_inputs_totals){
        .events = in->events,
        .records = in->counts.records,
        .bytes = in->counts.bytes,
        .malformed = ingest_counts_dropped(&in->counts),
    };
    first_malformed(&in->counts, &out->first_malformed);
    for (size_t i = 0; in->merge != NULL && i < capture_merge_count(in->merge); i++) {
        const struct capture_file *f = capture_merge_file(in->merge, i);
        const struct capture_file_counters *c = capture_file_counters(f);
        out->truncated |= c->truncated;
        out->damaged |= c->damaged;
        if ((c->truncated || c->damaged) && out->first_cut == NULL)
            out->first_cut = capture_file_name(f);
    }
    if (in->packets == NULL)
        return;
    struct feed_packets_totals packets;
    feed_packets_totals(in->packets, &packets);
    out->packets = packets.packets;
    out->bytes += packets.bytes;
    out->flows = packets.flows;
}

void feed_inputs_dropped(const struct feed_inputs *in, struct format_writer *w)
{
    if (in->packets != NULL)
        feed_packets_dropped(in->packets, w);
    for (int reason = 0; reason < INGEST_DROP_REASONS; reason++) {
        char key[64];
        snprintf(key, sizeof(key), "ingest.%s", ingest_counts_reason((enum ingest_drop)reason));
        if (in->counts.dropped[reason] > 0)
            format_write_field_i64(w, key, (int64_t)in->counts.dropped[reason]);
    }
    if (in->counts.untrue_high > 0)
        format_write_field_i64(w, "ingest.untrue_high", (int64_t)in->counts.untrue_high);
    if (in->counts.untrue_low > 0)
        format_write_field_i64(w, "ingest.untrue_low", (int64_t)in->counts.untrue_low);
}
