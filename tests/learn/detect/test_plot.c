/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/detect.h"

#include "help.h"

static size_t plots(const char *config)
{
    char text[512];
    snprintf(
        text, sizeof(text),
        "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":\"sum\","
        "\"field_name\":\"v\",\"over_field_name\":\"a\"},{\"function\":\"mean\",\"field_name\":"
        "\"v\",\"partition_field_name\":\"a\"},{\"function\":\"rare\",\"by_field_name\":\"a\"}]}"
        "%s}",
        config);
    struct detect_job *job = help_job(text);
    struct buf out;
    buf_init(&out);
    static const char *const columns[] = {"time", "v", "a"};
    struct detect *d = help_engine(job, &out, NULL, columns, 3);
    for (int i = 0; i < 60; i++) {
        struct help_row row = {.time = i * 5 * TIME_MIN};
        snprintf(row.text[0], sizeof(row.text[0]), "%d", i);
        snprintf(row.text[1], sizeof(row.text[1]), "%s", i % 2 == 0 ? "x" : "y");
        help_feed(d, &row, 1, 2);
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    size_t n = 0;
    for (const char *p = buf_text(&out); (p = strstr(p, "\"model_plot\"")) != NULL; p++)
        n++;
    detect_free(d);
    buf_release(&out);
    detect_job_free(job);
    return n;
}

/* 20 buckets, two values in each, two detectors that have an expectation. */
static void test_which_series(void **state)
{
    (void)state;
    assert_int_equal(plots(""), 0);
    assert_int_equal(plots(",\"model_plot_config\":{\"enabled\":false}"), 0);
    assert_int_equal(plots(",\"model_plot_config\":{\"enabled\":true}"), 80);
    assert_int_equal(plots(",\"model_plot_config\":{\"enabled\":true,\"terms\":\"z,y\"}"), 40);
    assert_int_equal(plots(",\"model_plot_config\":{\"enabled\":true,\"terms\":\"yy\"}"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_which_series)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
