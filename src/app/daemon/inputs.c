/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/inputs.h"

#include "base/mem.h"
#include "capture/merge.h"
#include "daemon/packets.h"
#include "event/event.h"
#include "format/write.h"

#include <string.h>

/* Packets, or lines, between two looks at stop() and progress(). */
#define LOOK_EVERY 8192

/* Source numbers: all captures together are source 0, each log is one of its own. */
#define SOURCE_CAPTURES 0

struct daemon_inputs {
    struct daemon_inputs_settings settings;
    const char **captures;
    size_t captures_n;
    struct daemon_packets *packets;
    struct capture_merge *merge;
    uint64_t sequence;
    uint32_t source;
    uint64_t events;
    struct daemon_inputs_totals totals;
};

enum err daemon_inputs_new(const struct daemon_inputs_settings *settings, const char *const *paths,
                           size_t n, struct daemon_inputs **out, struct err_text *why)
{
    struct daemon_inputs *in = mem_zero(1, sizeof(*in));
    if (in == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    in->settings = *settings;
    in->captures = mem_zero(n, sizeof(*in->captures));
    if (in->captures == NULL) {
        daemon_inputs_free(in);
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    for (size_t i = 0; i < n; i++)
        in->captures[in->captures_n++] = paths[i];
    *out = in;
    return ERR_NONE;
}

void daemon_inputs_free(struct daemon_inputs *in)
{
    if (in == NULL)
        return;
    daemon_packets_free(in->packets);
    capture_merge_close(in->merge);
    mem_free(in->captures);
    mem_free(in);
}

static void on_event(void *ctx, struct event *e)
{
    struct daemon_inputs *in = ctx;
    e->source = in->source;
    e->sequence = ++in->sequence;
    in->events++;
    in->settings.sink(in->settings.sink_ctx, e);
}

static bool look(struct daemon_inputs *in, double share)
{
    if (in->settings.progress != NULL)
        in->settings.progress(in->settings.ctx, share, in->events);
    return in->settings.stop != NULL && in->settings.stop(in->settings.ctx);
}

static double captures_read(const struct daemon_inputs *in)
{
    uint64_t done = 0, size = 0;
    for (size_t i = 0; i < capture_merge_count(in->merge); i++) {
        const struct capture_file *f = capture_merge_file(in->merge, i);
        done += capture_file_counters(f)->bytes;
        size += capture_file_size(f);
    }
    return size > 0 ? (double)done / (double)size : 0;
}

static enum err run_captures(struct daemon_inputs *in, struct err_text *why)
{
    const struct daemon_packets_settings settings = {
        .sensor = in->settings.sensor,
        .agent_id = in->settings.sensor,
        .memory = UINT64_C(512) << 20,
        .flows_only = in->settings.flows_only,
        .sink = on_event,
        .ctx = in,
    };
    in->source = SOURCE_CAPTURES;
    in->sequence = 0;
    enum err err =
        capture_merge_open(in->captures, in->captures_n, in->settings.filter, why, &in->merge);
    if (err != ERR_NONE)
        return err;
    err = daemon_packets_new(&settings, &in->packets);
    if (err != ERR_NONE)
        return err_set(why, err, "%s", err_name(err));
    struct capture_packet packet;
    bool stopped = false;
    for (uint64_t n = 1; !stopped; n++) {
        err = capture_merge_next(in->merge, why, &packet);
        if (err != ERR_NONE)
            break;
        daemon_packets_feed(in->packets, &packet);
        if (n % LOOK_EVERY == 0)
            stopped = look(in, captures_read(in));
    }
    if (err != ERR_NONE && err != ERR_END)
        return err;
    daemon_packets_flush(in->packets);
    return stopped ? err_set(why, ERR_STOPPED, "stopped before the end of the input") : ERR_NONE;
}

enum err daemon_inputs_run(struct daemon_inputs *in, struct err_text *why)
{
    enum err err = ERR_NONE;
    if (in->captures_n > 0)
        err = run_captures(in, why);
    return err;
}

void daemon_inputs_totals(const struct daemon_inputs *in, struct daemon_inputs_totals *out)
{
    *out = in->totals;
    out->events = in->events;
    if (in->packets == NULL)
        return;
    struct daemon_packets_totals packets;
    daemon_packets_totals(in->packets, &packets);
    out->packets = packets.packets;
    out->bytes = packets.bytes;
    out->flows = packets.flows;
    for (size_t i = 0; i < capture_merge_count(in->merge); i++) {
        const struct capture_file_counters *c =
            capture_file_counters(capture_merge_file(in->merge, i));
        out->truncated |= c->truncated;
        out->damaged |= c->damaged;
    }
}

void daemon_inputs_dropped(const struct daemon_inputs *in, struct format_writer *w)
{
    if (in->packets != NULL)
        daemon_packets_dropped(in->packets, w);
}
