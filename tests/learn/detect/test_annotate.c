/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/detect.h"

#include "help.h"

#include <math.h>

static const char *const columns[] = {"time", "a", "v"};

static size_t count(struct buf *out, const char *what)
{
    size_t n = 0;
    for (const char *p = buf_text(out); (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

/* Three days of `hosts` series at 100; then each lies at 1,000 for a day. */
static void run(const char *config, int hosts, struct thread_team *team, struct buf *out)
{
    char text[512];
    snprintf(text, sizeof(text),
             "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":\"mean\","
             "\"field_name\":\"v\",\"partition_field_name\":\"a\"}]}%s}",
             config);
    struct detect_job *job = help_job(text);
    struct detect *d = help_engine(job, out, team, columns, 3);
    struct rng r;
    rng_init(&r, 3);
    for (int b = 0; b < 96 * 4; b++) {
        for (int h = 0; h < hosts; h++) {
            struct help_row row = {.time = b * 15 * TIME_MIN};
            double level = b < 96 * 3 ? 100 : 1000;
            snprintf(row.text[0], sizeof(row.text[0]), "h%d", h);
            snprintf(row.text[1], sizeof(row.text[1]), "%.3f", level * exp(0.1 * rng_normal(&r)));
            help_feed(d, &row, 1, 2);
        }
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_free(d);
    detect_job_free(job);
}

static void test_a_lasting_level_is_told_once(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    run("", 3, NULL, &out);
    assert_int_equal(count(&out, "\"result_type\":\"annotation\""),
                     count(&out, "\"event\":\"model_change\""));
    assert_int_equal(count(&out, "The usual value has gone from "), 3);
    assert_true(count(&out, "test_annotation_") >= 3);
    assert_true(strstr(buf_text(&out), "\"partition_field_value\":\"h1\",\"annotation\":") != NULL);
    buf_clear(&out);
    run(",\"model_plot_config\":{\"enabled\":false,\"annotations_enabled\":false}", 3, NULL, &out);
    assert_int_equal(count(&out, "\"annotation\""), 0);
    buf_release(&out);
}

static void test_many_are_told_by_their_number(void **state)
{
    (void)state;
    struct buf one;
    struct buf four;
    buf_init(&one);
    buf_init(&four);
    run("", 200, NULL, &one);
    assert_true(count(&one, " more series have changed for good.") >= 1);
    /* The same with any number of threads. */
    struct thread_team *team = thread_team_new(4);
    run("", 200, team, &four);
    assert_string_equal(buf_text(&one), buf_text(&four));
    thread_team_free(team);
    buf_release(&one);
    buf_release(&four);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lasting_level_is_told_once),
        cmocka_unit_test(test_many_are_told_by_their_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
