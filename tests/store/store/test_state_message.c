/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/state.h"

static bool seen(void *ctx, const struct store_message *m)
{
    buf_format(ctx, "%s %lld %s %s;", m->job_id, (long long)m->time, m->level, m->text);
    return true;
}

struct span {
    unsigned n;
    ts_ns first, last;
};

static bool counted(void *ctx, const struct store_message *m)
{
    struct span *s = ctx;
    if (s->n++ == 0)
        s->first = m->time;
    s->last = m->time;
    return true;
}

static void put(struct store_state *st, const char *job, ts_ns time, const char *text)
{
    const struct store_message m = {.job_id = job, .level = "info", .text = text, .time = time};
    assert_int_equal(store_state_message_put(st, &m), ERR_NONE);
}

/* Messages stay in the order they were written, whatever their times, and go with their job. */
static void test_messages(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st;
    struct err_text why;
    struct buf b;
    buf_init(&b);
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    const struct store_job job = {.id = "a", .config = "{}"};
    assert_int_equal(store_state_job_put(st, &job), ERR_NONE);
    put(st, "a", 20, "late");
    put(st, "b", 5, "other");
    put(st, "a", 10, "early");
    assert_int_equal(store_state_message_list(st, "a", TIME_NONE, TIME_MAX, seen, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "a 20 info late;a 10 info early;");
    buf_clear(&b);
    assert_int_equal(store_state_message_list(st, "a", 11, 20, seen, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "a 20 info late;");
    buf_clear(&b);
    assert_int_equal(store_state_job_reset(st, "a"), ERR_NONE);
    assert_int_equal(store_state_message_list(st, "a", 11, 20, seen, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "a 20 info late;");
    buf_clear(&b);
    assert_int_equal(store_state_job_delete(st, "a"), ERR_NONE);
    assert_int_equal(store_state_message_list(st, "a", TIME_NONE, TIME_MAX, seen, &b), ERR_NONE);
    assert_int_equal(b.n, 0);
    assert_int_equal(store_state_message_list(st, "b", TIME_NONE, TIME_MAX, seen, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "b 5 info other;");
    store_state_close(st);
    buf_release(&b);
    help_rmdir(dir);
}

/* However long a job talks, the newest thousand stay. */
static void test_bounded(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st;
    struct err_text why;
    struct span s = {0};
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    assert_int_equal(store_state_begin(st), ERR_NONE);
    for (ts_ns t = 1; t <= 1500; t++)
        put(st, "a", t, "x");
    assert_int_equal(store_state_commit(st, &why), ERR_NONE);
    assert_int_equal(store_state_message_list(st, "a", TIME_NONE, TIME_MAX, counted, &s), ERR_NONE);
    assert_int_equal(s.n, 1000);
    assert_int_equal(s.first, 501);
    assert_int_equal(s.last, 1500);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
