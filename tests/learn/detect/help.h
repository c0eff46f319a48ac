#ifndef TESTS_DETECT_HELP_H
#define TESTS_DETECT_HELP_H

/* What the tests of the detection engine share: jobs from text, rows, and results as text. */

#include "base/buf.h"
#include "base/rng.h"
#include "base/thread.h"
#include "detect/csv.h"
#include "detect/detect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* One row: a time and at most eight texts. */
struct help_row {
    ts_ns time;
    char text[8][48];
};

static inline struct detect_job *help_job(const char *text)
{
    struct detect_job *job = NULL;
    struct err_text why = {0};
    enum err e = detect_job_parse(text, strlen(text), "job.json", NULL, 0, &job, &why);
    if (e != ERR_NONE)
        print_error("%s\n", why.message);
    assert_int_equal(e, ERR_NONE);
    if (job->id[0] == '\0')
        assert_true(detect_job_set_id(job, "test"));
    return job;
}

static inline void help_sink(void *ctx, const struct detect_result *r)
{
    struct buf *out = ctx;
    detect_result_id(r, out);
    buf_char(out, ' ');
    detect_result_write(r, out);
    buf_char(out, '\n');
}

static inline void help_update(void *ctx, const struct detect_update *u)
{
    buf_format(ctx, "update %s%s%s %.6f\n", u->id, u->influencer != NULL ? "#" : "",
               u->influencer != NULL ? u->influencer : "", u->score);
}

static inline struct detect_options help_options(struct buf *out, struct thread_team *team)
{
    return (struct detect_options){.team = team,
                                   .seed = {1, 2},
                                   .follow_records = true,
                                   .sink = help_sink,
                                   .update = help_update,
                                   .ctx = out};
}

static inline struct detect *help_engine(const struct detect_job *job, struct buf *out,
                                         struct thread_team *team, const char *const *columns,
                                         size_t n)
{
    struct detect_options o = help_options(out, team);
    struct detect *d = NULL;
    struct bytes names[16];
    for (size_t i = 0; i < n; i++)
        names[i] = bytes_make(columns[i], strlen(columns[i]));
    assert_int_equal(detect_new(job, &o, &d), ERR_NONE);
    assert_int_equal(detect_columns(d, names, n, NULL), ERR_NONE);
    return d;
}

/* The time column comes first and is not read: the time is given. */
static inline void help_feed(struct detect *d, const struct help_row *rows, size_t n,
                             size_t columns)
{
    for (size_t i = 0; i < n; i++) {
        struct bytes fields[9] = {bytes_make("0", 1)};
        for (size_t k = 0; k < columns; k++)
            fields[k + 1] = bytes_make(rows[i].text[k], strlen(rows[i].text[k]));
        assert_int_equal(detect_record(d, rows[i].time, fields), ERR_NONE);
    }
}

#endif
