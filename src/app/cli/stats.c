/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stats.h"

#include "base/buf.h"
#include "base/clock.h"
#include "detect/detect.h"
#include "engine/pipeline.h"
#include "feed/inputs.h"
#include "feed/packets.h"
#include "format/write.h"

#include <stdio.h>

static void begin(struct format_writer *w, struct buf *line, ts_ns start)
{
    buf_init(line);
    format_write_init(w, line);
    format_write_begin_object(w);
    format_write_field_f64(w, "seconds", (double)(clock_steady() - start) / (double)TIME_S);
}

static void put(struct format_writer *w, const char *key, uint64_t n)
{
    format_write_key(w, key);
    format_write_u64(w, n);
}

static void inputs(struct format_writer *w, const struct feed_inputs *in)
{
    struct feed_inputs_totals t;
    feed_inputs_totals(in, &t);
    put(w, "packets", t.packets);
    put(w, "bytes", t.bytes);
    put(w, "events", t.events);
    put(w, "flows", t.flows);
}

static void end(struct format_writer *w, struct buf *line)
{
    format_write_end_object(w);
    fprintf(stderr, "%s\n", buf_text(line));
    buf_release(line);
}

static void dropped(struct format_writer *w, const struct feed_inputs *in)
{
    put(w, "peak_rss_bytes", clock_peak_rss());
    format_write_key(w, "dropped");
    format_write_begin_object(w);
    if (in != NULL)
        feed_inputs_dropped(in, w);
}

void cli_stats_inputs(const struct feed_inputs *in, ts_ns start)
{
    struct buf line;
    struct format_writer w;
    begin(&w, &line, start);
    inputs(&w, in);
    dropped(&w, in);
    format_write_end_object(&w);
    end(&w, &line);
}

void cli_stats_live(const struct feed_packets *p, uint64_t kernel_dropped, uint64_t link_dropped,
                    ts_ns start)
{
    struct feed_packets_totals t;
    struct buf line;
    struct format_writer w;
    feed_packets_totals(p, &t);
    begin(&w, &line, start);
    put(&w, "packets", t.packets);
    put(&w, "bytes", t.bytes);
    put(&w, "events", t.events);
    put(&w, "flows", t.flows);
    dropped(&w, NULL);
    feed_packets_dropped(p, &w);
    if (kernel_dropped > 0)
        put(&w, "capture.kernel", kernel_dropped);
    if (link_dropped > 0)
        put(&w, "capture.interface", link_dropped);
    format_write_end_object(&w);
    end(&w, &line);
}

void cli_stats_detect(const struct detect *d, uint64_t records, ts_ns start)
{
    const struct detect_counts *c = detect_counts(d);
    struct buf line;
    struct format_writer w;
    begin(&w, &line, start);
    put(&w, "events", c->records);
    put(&w, "records", records);
    dropped(&w, NULL);
    if (c->out_of_order > 0)
        put(&w, "detect.late", c->out_of_order);
    if (c->invalid_dates > 0)
        put(&w, "detect.invalid_date", c->invalid_dates);
    format_write_end_object(&w);
    end(&w, &line);
}

void cli_stats_pipeline(const struct feed_inputs *in, const struct engine_pipeline *p, ts_ns start)
{
    struct engine_pipeline_totals t;
    struct buf line;
    struct format_writer w;
    engine_pipeline_totals(p, &t);
    begin(&w, &line, start);
    if (in != NULL)
        inputs(&w, in);
    put(&w, "records", t.jobs.records);
    put(&w, "alerts", t.alerts);
    dropped(&w, in);
    if (t.jobs.late > 0)
        put(&w, "detect.late", t.jobs.late);
    format_write_end_object(&w);
    end(&w, &line);
}
