#ifndef TESTS_APP_PREVIEW_PREVIEW_H
#define TESTS_APP_PREVIEW_PREVIEW_H

/* A preview of the tiny job, and minutes of traffic for it; header only. */

#include "app/help.h"

#include "format/node.h"
#include "preview/preview.h"

static inline struct preview_settings preview_settings(void)
{
    return (struct preview_settings){.job = help_job,
                                     .job_n = strlen(help_job),
                                     .job_file = "job.json",
                                     .feed = help_feed,
                                     .feed_n = strlen(help_feed),
                                     .feed_file = "feed.json",
                                     .from = TIME_NONE,
                                     .to = TIME_MAX};
}

static inline struct preview *preview_begin(const struct preview_settings *s)
{
    struct preview *p = NULL;
    HELP_OK(preview_new(s, &p, &help_why));
    return p;
}

/* n events of a minute; those that the job wants are given to the preview. */
static inline void preview_minute(struct preview *p, unsigned minute, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct arena arena;
        struct event e;
        arena_init(&arena, 0);
        help_event(&e, &arena, HELP_BASE + minute * TIME_MIN + i * (TIME_MIN / n),
                   help_sequence(minute) + i);
        if (preview_wants(p, &e))
            assert_int_equal(preview_event(p, &e), ERR_NONE);
        arena_release(&arena);
    }
}

/* Two hours with too much in minutes 30, 60, 61 and 90, the last time least. */
#define PREVIEW_MINUTES 120u
static inline unsigned preview_count(unsigned minute)
{
    if (minute == 90)
        return 50;
    return minute == 30 || minute == 60 || minute == 61 ? 900 : 20 + minute * 7 % 5;
}

static inline void preview_hours(struct preview *p)
{
    preview_expect(p, HELP_BASE + PREVIEW_MINUTES * TIME_MIN - 1);
    for (unsigned m = 0; m < PREVIEW_MINUTES; m++)
        preview_minute(p, m, preview_count(m));
}

/* The report for machines; format_node_free(). */
static inline struct format_node *preview_report(const struct preview *p)
{
    struct buf text;
    struct format_node *root = NULL;
    buf_init(&text);
    preview_json(p, &text);
    assert_true(buf_ok(&text) && text.n > 0 && text.p[text.n - 1] == '\n');
    HELP_OK(format_node_json(buf_text(&text), text.n, "report", &root, &help_why));
    buf_release(&text);
    return root;
}

/* A number of the row of a threshold. */
static inline double preview_number(const struct format_node *report, int threshold,
                                    const char *key)
{
    const struct format_node *list = format_node_get(report, "thresholds");
    for (size_t i = 0; i < format_node_count(list); i++) {
        const struct format_node *row = format_node_at(list, i);
        if (format_node_int(format_node_get(row, "threshold"), 0) == threshold)
            return format_node_num(format_node_get(row, key), -1);
    }
    return -1;
}

#endif
