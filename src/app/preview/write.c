/* SPDX-License-Identifier: Apache-2.0 */
/* What a preview tells, for people and for machines. */
#include "preview/preview.h"

#include "base/buf.h"
#include "format/write.h"
#include "preview/preview_priv.h"
#include "rule/finding.h"
#include "rule/reason.h"

#include <math.h>

static const unsigned thresholds[] = {25, 50, 75, 90};
#define THRESHOLDS (sizeof(thresholds) / sizeof(thresholds[0]))

/* "2024-05-01 21:00" */
static void add_time(ts_ns t, struct buf *out)
{
    struct time_date d = time_split(t);
    buf_format(out, "%04d-%02u-%02u %02u:%02u", d.year, d.month, d.day, d.hour, d.minute);
}

/* "3.5 days", "7.0 hours" */
static void add_days(double days, struct buf *out)
{
    if (days >= 1)
        buf_format(out, "%.1f day%s", days, days < 1.05 ? "" : "s");
    else
        buf_format(out, "%.1f hours", days * 24);
}

static void add_head(const struct preview *p, struct buf *out)
{
    char span[TIME_TEXT_SIZE];
    time_format_span(p->job->bucket_span_ns, span);
    buf_format(out, "job %s, ", p->job->id);
    add_time(p->first, out);
    buf_str(out, " to ");
    add_time(p->end, out);
    buf_format(out, " UTC: %llu events in buckets of %s\n", (unsigned long long)p->events, span);
    buf_str(out, "learning time, counted apart: to ");
    add_time(p->learn_until, out);
    buf_str(out, "; judged: ");
    add_days(preview_days(p), out);
    buf_str(out, "\n\n");
}

static double rate(const struct preview *p, unsigned threshold)
{
    double days = preview_days(p);
    return days > 0 ? (double)preview_alerts(&p->judged, threshold) / days : 0;
}

static void add_row(const struct preview *p, unsigned threshold, struct buf *out)
{
    buf_format(out, "%9u %8llu %8.2f %8llu %9llu %9llu\n", threshold,
               (unsigned long long)preview_alerts(&p->judged, threshold), rate(p, threshold),
               (unsigned long long)p->judged.buckets[threshold],
               (unsigned long long)p->judged.episodes[threshold],
               (unsigned long long)preview_alerts(&p->learning, threshold));
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void add_wish(const struct preview *p, struct buf *out)
{
    unsigned t = preview_wished(p);
    if (t == 0) {
        buf_format(out,
                   "No threshold keeps within %g alerts a day: even at 100 there would have been "
                   "%.2f.",
                   p->per_day, rate(p, 100));
        return;
    }
    if (t == 1) {
        buf_format(out,
                   "Every threshold keeps within %g alerts a day: even at 1 there would have been "
                   "%.2f.",
                   p->per_day, rate(p, 1));
        return;
    }
    buf_format(out, "A threshold of %u keeps within %g alerts a day: there would have been %.2f", t,
               p->per_day, rate(p, t));
    buf_format(out, ", and at %u already %.2f.", t - 1, rate(p, t - 1));
}

/* What helps to choose. */
static void add_sentence(const struct preview *p, struct buf *out)
{
    double days = preview_days(p);
    if (p->first == TIME_NONE) {
        buf_str(out, "The history at hand has no event that the job takes: there is nothing to "
                     "preview.");
        return;
    }
    if (days <= 0) {
        buf_str(out, "All of the history at hand is learning time: a longer one is needed.");
        return;
    }
    if (p->per_day > 0) {
        add_wish(p, out);
    } else {
        uint64_t high = preview_alerts(&p->judged, 75);
        uint64_t half = preview_alerts(&p->judged, 50);
        buf_format(out, "At 75 there would have been %llu alert%s in ", (unsigned long long)high,
                   plural(high));
        add_days(days, out);
        buf_format(out,
                   ", in %llu episode%s, and at 50 %llu; --alerts-per-day N finds the "
                   "threshold for a number a day.",
                   (unsigned long long)p->judged.episodes[75], plural(p->judged.episodes[75]),
                   (unsigned long long)half);
    }
    if (days < 1)
        buf_str(out, " With less than a day judged, a rate a day is an extrapolation.");
}

/* Why a record has its score, in words. */
static void add_reason(const struct preview_record *x, struct buf *out)
{
    struct rule_finding f;
    struct rule_story story;
    struct err_text why;
    if (rule_finding_read(bytes_make(x->doc, x->n), "record", &f, &why) != ERR_NONE)
        return;
    rule_story_init(&story);
    rule_story_make(&f, &story);
    if (rule_story_ok(&story))
        rule_reason_what(&f, &story, out);
    rule_story_release(&story);
    rule_finding_release(&f);
}

void preview_table(const struct preview *p, struct buf *out)
{
    unsigned wished = p->per_day > 0 ? preview_wished(p) : 0;
    if (preview_days(p) > 0) {
        add_head(p, out);
        buf_str(out, "THRESHOLD   ALERTS    A DAY  BUCKETS  EPISODES  LEARNING\n");
        for (size_t i = 0; i < THRESHOLDS; i++) {
            if (wished > 0 && wished < thresholds[i] && (i == 0 || wished > thresholds[i - 1]))
                add_row(p, wished, out);
            add_row(p, thresholds[i], out);
        }
        if (wished > thresholds[THRESHOLDS - 1])
            add_row(p, wished, out);
        buf_str(out, "\n");
    }
    add_sentence(p, out);
    buf_str(out, "\n");
    if (p->n_worst > 0)
        buf_str(out, "\nThe worst, by score:\n");
    for (size_t i = 0; i < p->n_worst; i++) {
        /* Rounded up it would tell of a threshold that was not reached. */
        buf_format(out, "%5.0f  ", floor(p->worst[i].score));
        add_reason(&p->worst[i], out);
        buf_str(out, "\n");
    }
}

static void write_time(struct format_writer *w, const char *key, ts_ns t)
{
    format_write_key(w, key);
    if (t != TIME_NONE)
        format_write_time(w, t);
    else
        format_write_null(w);
}

static void write_row(const struct preview *p, unsigned threshold, struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_field_i64(w, "threshold", threshold);
    format_write_field_i64(w, "alerts", (int64_t)preview_alerts(&p->judged, threshold));
    format_write_field_f64(w, "alerts_per_day", rate(p, threshold));
    format_write_field_i64(w, "buckets", (int64_t)p->judged.buckets[threshold]);
    format_write_field_i64(w, "episodes", (int64_t)p->judged.episodes[threshold]);
    format_write_field_i64(w, "alerts_while_learning",
                           (int64_t)preview_alerts(&p->learning, threshold));
    format_write_end_object(w);
}

static void write_worst(const struct preview_record *x, struct format_writer *w)
{
    struct buf reason;
    buf_init(&reason);
    add_reason(x, &reason);
    format_write_begin_object(w);
    format_write_field_str(w, "reason", buf_text(&reason));
    format_write_key(w, "record");
    format_write_raw(w, x->doc, x->n);
    format_write_end_object(w);
    buf_release(&reason);
}

void preview_json(const struct preview *p, struct buf *out)
{
    struct format_writer w;
    struct buf sentence;
    unsigned wished = p->per_day > 0 ? preview_wished(p) : 0;
    buf_init(&sentence);
    add_sentence(p, &sentence);
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_str(&w, "job_id", p->job->id);
    write_time(&w, "from", p->first);
    write_time(&w, "learned_until", p->learn_until);
    write_time(&w, "to", p->end);
    format_write_field_i64(&w, "bucket_span", p->job->bucket_span_ns / TIME_S);
    format_write_field_i64(&w, "events", (int64_t)p->events);
    format_write_field_f64(&w, "days_judged", preview_days(p));
    format_write_key(&w, "thresholds");
    format_write_begin_array(&w);
    for (size_t i = 0; i < THRESHOLDS; i++)
        write_row(p, thresholds[i], &w);
    format_write_end_array(&w);
    if (p->per_day > 0) {
        format_write_field_f64(&w, "wished_alerts_per_day", p->per_day);
        format_write_key(&w, "wished");
        if (wished > 0)
            write_row(p, wished, &w);
        else
            format_write_null(&w);
    }
    format_write_field_str(&w, "sentence", buf_text(&sentence));
    format_write_key(&w, "worst");
    format_write_begin_array(&w);
    for (size_t i = 0; i < p->n_worst; i++)
        write_worst(&p->worst[i], &w);
    format_write_end_array(&w);
    format_write_end_object(&w);
    buf_char(out, '\n');
    buf_release(&sentence);
}
