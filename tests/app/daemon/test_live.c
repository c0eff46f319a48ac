/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "daemon/live.h"

static void publish(void *ctx, const char *name, struct bytes json)
{
    buf_format(ctx, "%s %.*s\n", name, (int)json.n, (const char *)json.p);
}

static void check(struct buf *out, const char *expected)
{
    assert_string_equal(buf_text(out), expected);
    buf_clear(out);
}

/* A job is told once a flush, with its newest time; what was taken back is not told. */
static void results(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    struct daemon_live *l = daemon_live_new(publish, &out);
    assert_non_null(l);
    daemon_live_flush(l);
    check(&out, "");
    daemon_live_result(l, "a", HELP_BASE);
    daemon_live_result(l, "a", HELP_BASE + TIME_MIN);
    daemon_live_result(l, "a", HELP_BASE);
    daemon_live_flush(l);
    check(&out, "results {\"job_id\":\"a\",\"time\":\"2023-11-15T00:01:00.000Z\"}\n");
    daemon_live_result(l, "a", HELP_BASE);
    daemon_live_drop(l);
    daemon_live_interim(l, HELP_BASE);
    daemon_live_flush(l);
    check(&out, "interim {\"time\":\"2023-11-15T00:00:00.000Z\"}\n");
    daemon_live_flush(l);
    check(&out, "");
    daemon_live_free(l);
    daemon_live_free(NULL);
    buf_release(&out);
}

static void status(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    struct daemon_live *l = daemon_live_new(publish, &out);
    const struct daemon_live_status now = {.engine = TIME_NONE, .events = 7, .alerts = 1};
    assert_true(daemon_live_is_due(l, 100));
    daemon_live_status(l, &now, HELP_BASE, 100);
    check(&out, "status {\"time\":\"2023-11-15T00:00:00.000Z\",\"engine_time\":null,\"events\":7,"
                "\"alerts\":1,\"behind\":false}\n");
    assert_false(daemon_live_is_due(l, 100 + 4 * TIME_S));
    assert_true(daemon_live_is_due(l, 100 + 5 * TIME_S));
    daemon_live_changed(l, "job", "open", "x\"y");
    check(&out, "changed {\"command\":\"job\",\"verb\":\"open\",\"id\":\"x\\\"y\"}\n");
    daemon_live_free(l);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(results), cmocka_unit_test(status)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
