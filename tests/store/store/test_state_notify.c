/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/state.h"
#include "store/state_notify.h"

struct open {
    char *dir;
    struct store_state *st;
    struct arena arena;
};

static void begin(struct open *o)
{
    struct err_text why;
    o->dir = help_mkdir();
    arena_init(&o->arena, 0);
    assert_int_equal(store_state_open(o->dir, &o->st, &why), ERR_NONE);
}

static void end(struct open *o)
{
    store_state_close(o->st);
    arena_release(&o->arena);
    help_rmdir(o->dir);
}

static void put_connector(struct open *o, const char *id)
{
    const struct store_connector c = {.id = id, .doc = "{}", .secrets = "{\"p\":1}", .updated = 3};
    assert_int_equal(store_state_connector_put(o->st, &c), ERR_NONE);
}

static bool see_connector(void *ctx, const struct store_connector *c)
{
    assert_null(c->secrets);
    buf_format(ctx, "%s %s;", c->id, c->doc);
    return true;
}

static void connectors(void **state)
{
    (void)state;
    struct open o;
    struct store_connector c;
    struct buf b;
    begin(&o);
    buf_init(&b);
    put_connector(&o, "b");
    put_connector(&o, "a");
    assert_int_equal(store_state_connector_list(o.st, see_connector, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "a {};b {};");
    assert_int_equal(store_state_connector_get(o.st, "a", &o.arena, &c), ERR_NONE);
    assert_string_equal(c.secrets, "{\"p\":1}");
    assert_int_equal(c.updated, 3);
    assert_int_equal(store_state_connector_get(o.st, "c", &o.arena, &c), ERR_NOT_FOUND);
    const struct store_message_out m = {.connector = "a", .rule_id = "r", .params = "{}"};
    uint64_t n = 0;
    assert_int_equal(store_state_outbox_put(o.st, &m), ERR_NONE);
    assert_int_equal(store_state_connector_delete(o.st, "a"), ERR_NONE);
    assert_int_equal(store_state_outbox_count(o.st, &n), ERR_NONE);
    assert_int_equal(n, 0);
    assert_int_equal(store_state_connector_delete(o.st, "a"), ERR_NOT_FOUND);
    buf_release(&b);
    end(&o);
}

static bool see_alert(void *ctx, const struct store_alert *alert)
{
    buf_format(ctx, "%s;", alert->id);
    return true;
}

static void put_alert(struct open *o, const char *id, ts_ns run)
{
    const struct store_alert alert = {.id = id, .rule_id = "r", .doc = "{}", .time = run};
    assert_int_equal(store_state_alert_create(o->st, &alert, NULL), ERR_NONE);
    assert_int_equal(store_state_notice_put(o->st, id, "r", run), ERR_NONE);
}

static void notices(void **state)
{
    (void)state;
    struct open o;
    struct store_notice notice;
    struct buf b;
    begin(&o);
    buf_init(&b);
    /* Without a connector nobody is to be told. */
    put_alert(&o, "x", 5);
    assert_int_equal(store_state_notice_next(o.st, &o.arena, &notice), ERR_NOT_FOUND);
    put_connector(&o, "a");
    put_alert(&o, "z", 10);
    put_alert(&o, "y", 10);
    put_alert(&o, "w", 20);
    assert_int_equal(store_state_notice_put(o.st, "z", "r", 10), ERR_NONE); /* once */
    assert_int_equal(store_state_notice_next(o.st, &o.arena, &notice), ERR_NONE);
    assert_string_equal(notice.rule_id, "r");
    assert_int_equal(notice.run, 10);
    assert_int_equal(store_state_notice_alerts(o.st, &notice, see_alert, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "z;y;");
    assert_int_equal(store_state_notice_delete(o.st, &notice), ERR_NONE);
    assert_int_equal(store_state_notice_next(o.st, &o.arena, &notice), ERR_NONE);
    assert_int_equal(notice.run, 20);
    buf_release(&b);
    end(&o);
}

static void outbox(void **state)
{
    (void)state;
    struct open o;
    struct store_message_out m;
    const char *busy[2] = {NULL, NULL};
    begin(&o);
    for (int i = 0; i < 4; i++) {
        const struct store_message_out put = {.connector = i < 2 ? "a" : "b",
                                              .rule_id = "r",
                                              .params = i % 2 == 0 ? "{\"n\":0}" : "{\"n\":1}",
                                              .created = 1,
                                              .due = 10 + i};
        assert_int_equal(store_state_outbox_put(o.st, &put), ERR_NONE);
    }
    assert_int_equal(store_state_outbox_next(o.st, 9, busy, 2, &o.arena, &m), ERR_NOT_FOUND);
    assert_int_equal(store_state_outbox_next(o.st, 20, busy, 2, &o.arena, &m), ERR_NONE);
    assert_string_equal(m.connector, "a");
    assert_string_equal(m.params, "{\"n\":0}");
    assert_int_equal(m.due, 10);
    assert_int_equal(m.tries, 0);
    assert_null(m.error);
    int64_t first = m.id;
    busy[1] = "a";
    assert_int_equal(store_state_outbox_next(o.st, 20, busy, 2, &o.arena, &m), ERR_NONE);
    assert_string_equal(m.connector, "b");
    assert_int_equal(m.due, 12);
    busy[0] = "b";
    assert_int_equal(store_state_outbox_next(o.st, 20, busy, 2, &o.arena, &m), ERR_NOT_FOUND);
    busy[0] = busy[1] = NULL;
    assert_int_equal(store_state_outbox_retry(o.st, first, 30, "no"), ERR_NONE);
    assert_int_equal(store_state_outbox_next(o.st, 20, busy, 2, &o.arena, &m), ERR_NONE);
    assert_int_equal(m.due, 11);
    assert_int_equal(store_state_outbox_delete(o.st, m.id), ERR_NONE);
    busy[0] = "b";
    assert_int_equal(store_state_outbox_next(o.st, 30, busy, 2, &o.arena, &m), ERR_NONE);
    assert_int_equal(m.id, first);
    assert_int_equal(m.tries, 1);
    assert_string_equal(m.error, "no");
    end(&o);
}

static bool times_told(void *ctx, const struct store_message_out *m)
{
    buf_format(ctx, "%lld %lld;", (long long)m->created, (long long)m->due);
    return true;
}

/* Nobody waits for days that a wrong clock made. */
static void the_clock_was_wrong(void **state)
{
    (void)state;
    struct open o;
    begin(&o);
    ts_ns last, due;
    static const struct store_throttle list[] = {
        {.rule_id = "r", .action = "before", .last = 90, .due = 120},
        {.rule_id = "r", .action = "later", .last = 900, .due = 960},
        {.rule_id = "r", .action = "nothing waits", .last = 900, .due = TIME_MAX},
    };
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(store_state_throttle_put(o.st, &list[i]), ERR_NONE);
    for (ts_ns t = 90; t <= 900; t += 810) {
        const struct store_message_out m = {
            .connector = "c", .rule_id = "r", .params = "{}", .created = t, .due = t + 60};
        assert_int_equal(store_state_outbox_put(o.st, &m), ERR_NONE);
    }
    assert_int_equal(store_state_notify_set_back(o.st, 100), ERR_NONE);
    assert_int_equal(store_state_throttle_get(o.st, "r", "before", &last, &due), ERR_NONE);
    assert_true(last == 90 && due == 120);
    assert_int_equal(store_state_throttle_get(o.st, "r", "later", &last, &due), ERR_NONE);
    assert_true(last == 100 && due == 100);
    assert_int_equal(store_state_throttle_get(o.st, "r", "nothing waits", &last, &due), ERR_NONE);
    assert_true(last == 100 && due == TIME_MAX);
    struct buf b;
    buf_init(&b);
    assert_int_equal(store_state_outbox_list(o.st, 9, times_told, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "90 100;100 100;");
    buf_release(&b);
    end(&o);
}

static void throttles(void **state)
{
    (void)state;
    struct open o;
    struct store_throttle t = {.rule_id = "r", .action = "x", .last = TIME_NONE, .due = 50};
    ts_ns last, due;
    struct buf b;
    begin(&o);
    buf_init(&b);
    assert_int_equal(store_state_throttle_get(o.st, "r", "x", &last, &due), ERR_NOT_FOUND);
    assert_int_equal(store_state_throttle_put(o.st, &t), ERR_NONE);
    assert_int_equal(store_state_throttle_due(o.st, 49, &o.arena, &t), ERR_NOT_FOUND);
    assert_int_equal(store_state_throttle_due(o.st, 50, &o.arena, &t), ERR_NONE);
    assert_string_equal(t.action, "x");
    assert_int_equal(t.last, TIME_NONE);
    t.due = TIME_MAX;
    t.last = 50;
    assert_int_equal(store_state_throttle_put(o.st, &t), ERR_NONE);
    assert_int_equal(store_state_throttle_get(o.st, "r", "x", &last, &due), ERR_NONE);
    assert_true(last == 50 && due == TIME_MAX);
    assert_int_equal(store_state_throttle_due(o.st, INT64_MAX - 1, &o.arena, &t), ERR_NOT_FOUND);
    static const char *const ids[] = {"p", "q", "s"};
    for (int i = 0; i < 3; i++) {
        put_alert(&o, ids[i], 1);
        assert_int_equal(store_state_waiting_put(o.st, "r", "x", ids[i], 2), ERR_NONE);
    }
    assert_int_equal(store_state_waiting_alerts(o.st, "r", "x", see_alert, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "q;s;");
    assert_int_equal(store_state_waiting_clear(o.st, "r", "x"), ERR_NONE);
    buf_clear(&b);
    assert_int_equal(store_state_waiting_alerts(o.st, "r", "x", see_alert, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "");
    buf_release(&b);
    end(&o);
}

static bool see_message(void *ctx, const struct store_message_out *m)
{
    buf_format(ctx, "%lld %s %s %lld;", (long long)m->id, m->due == TIME_MAX ? "up" : "due",
               m->error != NULL ? m->error : "-", (long long)m->tries);
    return true;
}

static void expect_messages(struct open *o, uint64_t max, const char *expected)
{
    struct buf b;
    buf_init(&b);
    assert_int_equal(store_state_outbox_list(o->st, max, see_message, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), expected);
    buf_release(&b);
}

static void given_up(void **state)
{
    (void)state;
    struct open o;
    struct store_message_out m;
    struct buf error;
    uint64_t n = 9;
    begin(&o);
    buf_init(&error);
    for (int i = 0; i < 3; i++) {
        const struct store_message_out put = {
            .connector = "a", .rule_id = i < 2 ? "r" : "q", .params = "{}", .created = 1, .due = 5};
        assert_int_equal(store_state_outbox_put(o.st, &put), ERR_NONE);
    }
    assert_int_equal(store_state_outbox_given_up(o.st, NULL, &n, &error), ERR_NONE);
    assert_int_equal(n + error.n, 0);
    assert_int_equal(store_state_outbox_give_up(o.st, 2, "no"), ERR_NONE);
    assert_int_equal(store_state_outbox_give_up(o.st, 3, "never"), ERR_NONE);
    expect_messages(&o, 9, "2 up no 1;3 up never 1;1 due - 0;");
    expect_messages(&o, 1, "2 up no 1;");
    assert_int_equal(store_state_outbox_count(o.st, &n), ERR_NONE);
    assert_int_equal(n, 1);
    assert_int_equal(store_state_outbox_given_up(o.st, NULL, &n, &error), ERR_NONE);
    assert_int_equal(n, 2);
    assert_string_equal(buf_text(&error), "never");
    buf_clear(&error);
    assert_int_equal(store_state_outbox_given_up(o.st, "r", &n, &error), ERR_NONE);
    assert_int_equal(n, 1);
    assert_string_equal(buf_text(&error), "no");
    /* Nobody takes it, however late it is. */
    assert_int_equal(store_state_outbox_delete(o.st, 1), ERR_NONE);
    assert_int_equal(store_state_outbox_next(o.st, TIME_MAX, NULL, 0, &o.arena, &m), ERR_NOT_FOUND);
    assert_int_equal(store_state_outbox_again(o.st, 3, 70, &n), ERR_NONE);
    assert_int_equal(n, 1);
    assert_int_equal(store_state_outbox_next(o.st, 70, NULL, 0, &o.arena, &m), ERR_NONE);
    assert_true(m.id == 3 && m.created == 70 && m.tries == 0);
    /* What could not be written cannot be sent; the same again counts. */
    assert_int_equal(store_state_outbox_unwritten(o.st, "r", "x", 80), ERR_NONE);
    assert_int_equal(store_state_outbox_unwritten(o.st, "r", "x", 81), ERR_NONE);
    assert_int_equal(store_state_outbox_unwritten(o.st, "r", "y", 82), ERR_NONE);
    expect_messages(&o, 9, "2 up no 1;4 up x 2;5 up y 1;3 due never 0;");
    assert_int_equal(store_state_outbox_again(o.st, 0, 90, &n), ERR_NONE);
    assert_int_equal(n, 1);
    assert_int_equal(store_state_outbox_dismiss(o.st, 3, &n), ERR_NONE);
    assert_int_equal(n, 0); /* it waits */
    assert_int_equal(store_state_outbox_dismiss(o.st, 4, &n), ERR_NONE);
    assert_int_equal(store_state_outbox_dismiss(o.st, 0, &n), ERR_NONE);
    assert_int_equal(n, 1);
    /* The newest are kept. */
    assert_int_equal(store_state_begin(o.st), ERR_NONE);
    for (int i = 0; i < STORE_GIVEN_UP_MAX + 10; i++) {
        char text[20];
        snprintf(text, sizeof(text), "%d", i);
        assert_int_equal(store_state_outbox_unwritten(o.st, "r", text, i), ERR_NONE);
    }
    assert_int_equal(store_state_commit(o.st, NULL), ERR_NONE);
    buf_clear(&error);
    assert_int_equal(store_state_outbox_given_up(o.st, "r", &n, &error), ERR_NONE);
    assert_int_equal(n, STORE_GIVEN_UP_MAX);
    assert_string_equal(buf_text(&error), "1009");
    buf_release(&error);
    end(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connectors), cmocka_unit_test(notices),
        cmocka_unit_test(outbox),     cmocka_unit_test(given_up),
        cmocka_unit_test(throttles),  cmocka_unit_test(the_clock_was_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
