/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as text, and what comes back. */
#include "serve/ml/ml_help.h"

#include "ml/ask.h"

static const struct api_row *const tables[] = {ml_run_rows};

static void texts(void **state)
{
    (void)state;
    struct ml_ask a;
    ml_ask_init(&a, "job", "flush");
    ml_ask_add(&a, "id", "x\"y");
    ml_ask_add(&a, "nothing", NULL);
    ml_ask_add_n(&a, "part", "abcd", 2);
    ml_ask_add_time(&a, "end", 1500 * TIME_MS);
    ml_ask_add_time(&a, "none", TIME_NONE);
    assert_string_equal(buf_text(&a.text), "{\"command\":\"job\",\"verb\":\"flush\",\"id\":"
                                           "\"x\\\"y\",\"part\":\"ab\",\"end\":"
                                           "\"1970-01-01T00:00:01.500Z\"");
    ml_ask_release(&a);
}

static void sent(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    help_job(&w, "x", "opened", NULL, "stopped");
    ASK("POST", JOB "/_close", "job_id=x", NULL, NULL, 200, "{\"closed\":true}");
    help_acted(&w, "{\"command\":\"job\",\"verb\":\"close\",\"id\":\"x\"}\n");
    w.fails = ERR_FULL;
    ASK("POST", JOB "/_close", "job_id=x", NULL, NULL, 429, "it did not work");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(sent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
