/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stats.h"

#include "base/buf.h"
#include "base/clock.h"
#include "daemon/inputs.h"
#include "format/write.h"

#include <stdio.h>

void cli_stats_inputs(const struct daemon_inputs *in, ts_ns start)
{
    struct daemon_inputs_totals t;
    struct buf line;
    struct format_writer w;
    daemon_inputs_totals(in, &t);
    buf_init(&line);
    format_write_init(&w, &line);
    format_write_begin_object(&w);
    format_write_field_f64(&w, "seconds", (double)(clock_steady() - start) / (double)TIME_S);
    format_write_field_i64(&w, "packets", (int64_t)t.packets);
    format_write_field_i64(&w, "bytes", (int64_t)t.bytes);
    format_write_field_i64(&w, "events", (int64_t)t.events);
    format_write_field_i64(&w, "flows", (int64_t)t.flows);
    format_write_field_i64(&w, "peak_rss_bytes", (int64_t)clock_peak_rss());
    format_write_key(&w, "dropped");
    format_write_begin_object(&w);
    daemon_inputs_dropped(in, &w);
    format_write_end_object(&w);
    format_write_end_object(&w);
    fprintf(stderr, "%s\n", buf_text(&line));
    buf_release(&line);
}
