/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/detect.h"

#include "base/mem.h"
#include "help.h"

#include <math.h>
#include <stdlib.h>

static const char *const columns[] = {"time", "port", "bytes", "host"};

#define HOURS 96
#define NEWS_HOUR 80
#define PORTS 40

struct run {
    const char *detector;
    double amount; /* of ports 4447 and following, at NEWS_HOUR; 0: none come */
    int crowd;     /* so many of them */
    struct thread_team *team;
    bool restart; /* saved and restored after each hour */
    bool interim; /* results of the open bucket of that hour */
};

struct found {
    double score;   /* the greatest of a record of port 4447 */
    size_t strong;  /* records of 50 or more, from NEWS_HOUR on */
    size_t of_news; /* records of any of those ports */
    char *text;
    char line[2048]; /* a record of port 4447 */
};

static void feed(struct detect *d, ts_ns time, int port, double value)
{
    struct help_row row = {.time = time};
    snprintf(row.text[0], sizeof(row.text[0]), "%d", port);
    snprintf(row.text[1], sizeof(row.text[1]), "%.0f", value);
    snprintf(row.text[2], sizeof(row.text[2]), "h%d", port % 2);
    help_feed(d, &row, 1, 3);
}

/* Ports that are always there, one of them a giant, and a small new one every other hour. */
static void feed_hour(struct detect *d, struct rng *r, int hour, const struct run *run)
{
    ts_ns start = hour * TIME_HOUR;
    for (int port = 0; port < PORTS; port++) {
        double level = port == 0 ? 1e9 : exp(9 + 1.5 * sin(port));
        feed(d, start + port * TIME_S, port, level * exp(0.4 * rng_normal(r)));
    }
    if (hour % 2 == 0)
        feed(d, start + TIME_MIN, 10000 + 2 * hour + hour / 2 % 2, exp(8 + 1.2 * rng_normal(r)));
    for (int i = 0; hour == NEWS_HOUR && run->amount > 0 && i < run->crowd; i++)
        feed(d, start + 2 * TIME_MIN, 4447 + 2 * i, run->amount);
}

static void look(struct found *f)
{
    char *copy = strdup(f->text);
    assert_non_null(copy);
    char *next = NULL;
    for (char *line = copy; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        const char *at = strstr(line, "\"record_score\":");
        const char *when = strstr(line, "\"timestamp\":");
        if (at == NULL || when == NULL)
            continue;
        double score = atof(at + strlen("\"record_score\":"));
        double hour = atof(when + strlen("\"timestamp\":")) / 3600e3;
        f->strong += score >= 50 && hour >= NEWS_HOUR;
        f->of_news +=
            strstr(line, "_value\":\"44") != NULL || strstr(line, "_value\":\"45") != NULL;
        if (strstr(line, "_value\":\"4447\"") != NULL && score > f->score) {
            f->score = score;
            snprintf(f->line, sizeof(f->line), "%s", line);
        }
    }
    free(copy);
}

static struct found go(const struct run *run)
{
    char text[512];
    snprintf(text, sizeof(text),
             "{\"analysis_config\":{\"bucket_span\":\"1h\",\"detectors\":[%s]}}", run->detector);
    struct detect_job *job = help_job(text);
    struct buf out;
    buf_init(&out);
    struct detect *d = help_engine(job, &out, run->team, columns, 4);
    struct rng r;
    rng_init(&r, 5);
    struct found f = {0};
    for (int hour = 0; hour < HOURS; hour++) {
        feed_hour(d, &r, hour, run);
        if (run->interim && hour == NEWS_HOUR) {
            buf_clear(&out);
            assert_int_equal(detect_interim(d), ERR_NONE);
            break;
        }
        if (run->restart) {
            struct detect_options o = help_options(&out, run->team);
            struct buf state;
            struct bytes names[4];
            for (size_t i = 0; i < 4; i++)
                names[i] = bytes_make(columns[i], strlen(columns[i]));
            buf_init(&state);
            detect_save(d, &state);
            detect_free(d);
            assert_int_equal(detect_restore(job, &o, state.p, state.n, &d, NULL), ERR_NONE);
            assert_int_equal(detect_columns(d, names, 4, NULL), ERR_NONE);
            buf_release(&state);
        }
    }
    if (!run->interim)
        assert_int_equal(detect_finish(d), ERR_NONE);
    f.text = buf_take(&out, NULL);
    look(&f);
    detect_free(d);
    buf_release(&out);
    detect_job_free(job);
    return f;
}

#define SUM "\"function\":\"high_sum\",\"field_name\":\"bytes\","

static const char *const splits[] = {
    "{" SUM "\"by_field_name\":\"port\"}",
    "{" SUM "\"partition_field_name\":\"port\"}",
    "{" SUM "\"by_field_name\":\"port\",\"partition_field_name\":\"host\"}",
    "{\"function\":\"sum\",\"field_name\":\"bytes\",\"by_field_name\":\"port\"}",
    "{\"function\":\"high_mean\",\"field_name\":\"bytes\",\"by_field_name\":\"port\"}",
    "{\"function\":\"max\",\"field_name\":\"bytes\",\"partition_field_name\":\"port\"}",
};

#define SPLITS (sizeof(splits) / sizeof(splits[0]))

static void a_new_series_is_judged_by_how_others_began(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPLITS; i++) {
        struct run run = {.detector = splits[i], .amount = 5e8, .crowd = 1};
        struct found f = go(&run);
        assert_true(f.score >= 50);
        assert_in_range(f.strong, 1, 3);
        /* Said in full: what newcomers carry, and what this one did. */
        assert_non_null(strstr(f.line, "\"actual\":[500000000]"));
        const char *typical = strstr(f.line, "\"typical\":[");
        assert_non_null(typical);
        double middle = atof(typical + strlen("\"typical\":["));
        assert_true(middle > 1000 && middle < 10000);
        assert_non_null(strstr(f.line, "\"anomaly_type\":\"spike\""));
        assert_non_null(strstr(f.line, "\"multi_bucket_impact\":-5"));
        mem_free(f.text);
        /* As much as others begin with. */
        run.amount = 4000;
        f = go(&run);
        assert_true(f.score < 25);
        assert_in_range(f.strong, 0, 2);
        mem_free(f.text);
    }
}

static void where_it_says_nothing(void **state)
{
    (void)state;
    static const char *const silent[] = {
        "{\"function\":\"low_sum\",\"field_name\":\"bytes\",\"by_field_name\":\"port\"}",
        "{\"function\":\"low_mean\",\"field_name\":\"bytes\",\"partition_field_name\":\"port\"}",
    };
    for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
        struct run run = {.detector = silent[i], .amount = 5e8, .crowd = 1};
        struct found f = go(&run);
        assert_true(f.score == 0);
        mem_free(f.text);
    }
}

static void a_crowd_makes_no_flood_of_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct run run = {.detector = splits[i], .amount = 5e8, .crowd = 60};
        struct found f = go(&run);
        assert_in_range(f.of_news, 1, 12);
        assert_in_range(f.strong, 1, 4);
        mem_free(f.text);
    }
}

static void an_open_bucket_has_newcomers_too(void **state)
{
    (void)state;
    struct run run = {.detector = splits[0], .amount = 5e8, .crowd = 1, .interim = true};
    struct found f = go(&run);
    assert_true(f.score >= 50);
    mem_free(f.text);
}

static void threads_and_restarts_change_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < SPLITS; i++) {
        struct run run = {.detector = splits[i], .amount = 5e8, .crowd = 7};
        struct found plain = go(&run);
        run.restart = true;
        run.team = thread_team_new(3);
        assert_non_null(run.team);
        struct found other = go(&run);
        assert_string_equal(plain.text, other.text);
        thread_team_free(run.team);
        mem_free(plain.text);
        mem_free(other.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_series_is_judged_by_how_others_began),
        cmocka_unit_test(where_it_says_nothing),
        cmocka_unit_test(a_crowd_makes_no_flood_of_records),
        cmocka_unit_test(an_open_bucket_has_newcomers_too),
        cmocka_unit_test(threads_and_restarts_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
