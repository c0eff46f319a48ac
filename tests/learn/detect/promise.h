#ifndef TESTS_DETECT_PROMISE_H
#define TESTS_DETECT_PROMISE_H

/*
 * What every detector function promises: it finds what is plain, stays quiet over weeks of ordinary
 * data, and gives the same bytes with any number of threads and across a stop in the middle.
 */

#include "help.h"

#include <stdlib.h>

/* Every function, in the forms that differ inside; fields host, user, v, name, place. */
#define PROMISE_DETECTORS                                                                          \
    "{\"function\":\"count\"},{\"function\":\"high_count\",\"partition_field_name\":\"host\"},"    \
    "{\"function\":\"low_count\",\"by_field_name\":\"user\"},"                                     \
    "{\"function\":\"count\",\"over_field_name\":\"user\"},"                                       \
    "{\"function\":\"non_zero_count\",\"by_field_name\":\"host\"},"                                \
    "{\"function\":\"sum\",\"field_name\":\"v\",\"partition_field_name\":\"host\"},"               \
    "{\"function\":\"high_sum\",\"field_name\":\"v\",\"over_field_name\":\"user\"},"               \
    "{\"function\":\"non_null_sum\",\"field_name\":\"v\",\"by_field_name\":\"user\"},"             \
    "{\"function\":\"mean\",\"field_name\":\"v\"},"                                                \
    "{\"function\":\"high_mean\",\"field_name\":\"v\",\"by_field_name\":\"host\","                 \
    "\"over_field_name\":\"user\"},{\"function\":\"median\",\"field_name\":\"v\","                 \
    "\"partition_field_name\":\"host\"},{\"function\":\"varp\",\"field_name\":\"v\","              \
    "\"by_field_name\":\"host\"},{\"function\":\"min\",\"field_name\":\"v\"},"                     \
    "{\"function\":\"max\",\"field_name\":\"v\",\"over_field_name\":\"user\"},"                    \
    "{\"function\":\"metric\",\"field_name\":\"v\",\"partition_field_name\":\"host\"},"            \
    "{\"function\":\"distinct_count\",\"field_name\":\"user\"},"                                   \
    "{\"function\":\"high_distinct_count\",\"field_name\":\"name\","                               \
    "\"over_field_name\":\"user\"},{\"function\":\"high_info_content\",\"field_name\":\"name\","   \
    "\"by_field_name\":\"host\"},{\"function\":\"info_content\",\"field_name\":\"name\","          \
    "\"over_field_name\":\"user\"},{\"function\":\"rare\",\"by_field_name\":\"name\"},"            \
    "{\"function\":\"rare\",\"by_field_name\":\"name\",\"over_field_name\":\"user\","              \
    "\"partition_field_name\":\"host\"},{\"function\":\"freq_rare\",\"by_field_name\":\"name\","   \
    "\"over_field_name\":\"user\"},{\"function\":\"time_of_day\",\"by_field_name\":\"user\"},"     \
    "{\"function\":\"time_of_week\",\"partition_field_name\":\"host\"},"                           \
    "{\"function\":\"time_of_day\",\"over_field_name\":\"user\"},"                                 \
    "{\"function\":\"lat_long\",\"field_name\":\"place\",\"by_field_name\":\"user\"}"

/* Rows of one run, in the order of their times. */
struct promise {
    struct detect_job *job;
    const char *const *columns; /* "time" first */
    size_t n_columns;
    struct help_row *rows;
    size_t n;
    size_t cap;
};

static inline void promise_begin(struct promise *p, const char *job, const char *const *columns,
                                 size_t n_columns)
{
    *p = (struct promise){.job = help_job(job), .columns = columns, .n_columns = n_columns};
}

static inline void promise_end(struct promise *p)
{
    detect_job_free(p->job);
    free(p->rows);
}

/* One more row, its texts to be filled in. */
static inline struct help_row *promise_row(struct promise *p, ts_ns time)
{
    if (p->n == p->cap) {
        p->cap = p->cap * 2 + 1024;
        p->rows = realloc(p->rows, p->cap * sizeof(*p->rows));
        assert_non_null(p->rows);
    }
    p->rows[p->n] = (struct help_row){.time = time};
    return &p->rows[p->n++];
}

static inline struct detect *promise_again(const struct promise *p, struct detect *d,
                                           struct buf *out, struct thread_team *team)
{
    struct buf saved;
    struct detect *next = NULL;
    struct detect_options o = help_options(out, team);
    struct bytes names[16];
    for (size_t i = 0; i < p->n_columns; i++)
        names[i] = bytes_make(p->columns[i], strlen(p->columns[i]));
    buf_init(&saved);
    detect_save(d, &saved);
    assert_true(buf_ok(&saved));
    assert_int_equal(detect_restore(p->job, &o, saved.p, saved.n, &next, NULL), ERR_NONE);
    assert_int_equal(detect_columns(next, names, p->n_columns, NULL), ERR_NONE);
    buf_release(&saved);
    detect_free(d);
    return next;
}

/* All results as text; stops > 0: saved and restored so many times on the way. */
static inline char *promise_run(const struct promise *p, struct thread_team *team, size_t stops)
{
    struct buf out;
    buf_init(&out);
    struct detect *d = help_engine(p->job, &out, team, p->columns, p->n_columns);
    for (size_t i = 0; i < p->n; i++) {
        if (stops > 0 && i > 0 && i % (p->n / (stops + 1)) == 0)
            d = promise_again(p, d, &out, team);
        help_feed(d, &p->rows[i], 1, p->n_columns - 1);
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_report_size(d);
    detect_free(d);
    char *text = buf_take(&out, NULL);
    assert_non_null(text);
    assert_null(strstr(text, "nan"));
    return text;
}

/* The same bytes with 1, 2 and 4 threads, and when stopped and restored. */
static inline void promise_same_bytes(const struct promise *p)
{
    char *one = promise_run(p, NULL, 0);
    for (unsigned workers = 1; workers <= 4; workers *= 2) {
        struct thread_team *team = thread_team_new(workers);
        char *many = promise_run(p, team, workers == 2 ? 3 : 0);
        assert_string_equal(one, many);
        free(many);
        thread_team_free(team);
    }
    char *stopped = promise_run(p, NULL, 7);
    assert_string_equal(one, stopped);
    free(stopped);
    free(one);
}

/* The highest first score of the records that hold `with`; 0 when there is none. */
static inline double promise_score(const char *text, const char *with)
{
    double most = 0;
    for (const char *p = text; (p = strstr(p, "\"result_type\":\"record\"")) != NULL; p++) {
        const char *end = strchr(p, '\n');
        const char *hit = strstr(p, with);
        const char *key = strstr(p, "\"initial_record_score\":");
        double score = key != NULL ? strtod(key + 23, NULL) : 0;
        if (hit != NULL && hit < end && score > most)
            most = score;
    }
    return most;
}

#endif
