/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "deliver/plan.h"
#include "fault_memory.h"
#include "store/state_notify.h"

#define HOOK                                                                                       \
    "{\"name\":\"n\",\"connector_type_id\":\".webhook\",\"config\":{\"url\":\"http://x/\"}}"

static void put_rule(struct store_state *st, const char *actions)
{
    char doc[2000];
    snprintf(doc, sizeof(doc), "{\"rule_id\":\"r\",\"name\":\"R\",\"actions\":[%s]}", actions);
    const struct store_rule rule = {.id = "r", .doc = doc, .enabled = true};
    HELP_OK(store_state_rule_put(st, &rule));
}

static void put_alert(struct store_state *st, const char *id, const char *ip, ts_ns run)
{
    char doc[200];
    snprintf(doc, sizeof(doc), "{\"@timestamp\":\"2023-11-15T00:00:00Z\",\"source.ip\":\"%s\"}",
             ip);
    const struct store_alert alert = {.id = id, .rule_id = "r", .doc = doc, .time = run};
    HELP_OK(store_state_alert_create(st, &alert, NULL));
    HELP_OK(store_state_notice_put(st, id, "r", run));
}

static void count_line(void *ctx, int level, const char *sentence)
{
    assert_int_equal(level, 1);
    assert_non_null(strstr(sentence, "rule 'r'"));
    ++*(int *)ctx;
}

struct world {
    char *dir;
    struct store_state *st;
    struct deliver_planner planner;
    int lines;
};

static void begin(struct world *w)
{
    w->dir = help_mkdir();
    w->st = help_state(w->dir);
    w->lines = 0;
    w->planner = (struct deliver_planner){
        .state = w->st, .base_url = "", .log = count_line, .ctx = &w->lines};
    const struct store_connector c = {.id = "c", .doc = HOOK, .secrets = "{}"};
    HELP_OK(store_state_connector_put(w->st, &c));
}

static void end(struct world *w)
{
    store_state_close(w->st);
    help_rmdir(w->dir);
}

/* All that there is to plan at that time; then what waits, in order. */
static void expect(struct world *w, ts_ns now, const char *expected)
{
    struct store_message_out m;
    struct arena arena;
    struct buf got;
    bool any = true;
    buf_init(&got);
    arena_init(&arena, 0);
    while (any)
        HELP_OK(deliver_plan(&w->planner, now, &any, &help_why));
    while (store_state_outbox_next(w->st, TIME_MAX, NULL, 0, &arena, &m) == ERR_NONE) {
        buf_format(&got, "%s %s;", m.connector, m.params);
        HELP_OK(store_state_outbox_delete(w->st, m.id));
    }
    assert_string_equal(buf_text(&got), expected);
    buf_release(&got);
    arena_release(&arena);
}

#define EACH(more)                                                                                 \
    "{\"id\":\"c\",\"params\":{\"body\":\"{{alert.id}}\"},\"frequency\":{\"summary\":false,"       \
    "\"notifyWhen\":\"onActiveAlert\"}" more "}"
#define SUMMARY(when)                                                                              \
    "{\"id\":\"c\",\"params\":{\"body\":\"{{alerts.new.count}}{{#context.alerts}}{{_id}}"          \
    "{{/context.alerts}}\"},\"frequency\":{\"summary\":true,\"notifyWhen\":" when "}}"

static void frequencies(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    put_rule(w.st, EACH("") "," SUMMARY("\"onActiveAlert\""));
    put_alert(w.st, "x", "10.0.0.1", 10);
    put_alert(w.st, "y", "10.0.0.2", 10);
    put_alert(w.st, "z", "10.0.0.3", 20);
    expect(&w, 100,
           "c {\"body\":\"x\"};c {\"body\":\"y\"};c {\"body\":\"2xy\"};c {\"body\":\"z\"};"
           "c {\"body\":\"1z\"};");
    expect(&w, 100, "");
    put_rule(w.st, EACH(",\"alerts_filter\":{\"query\":{\"kql\":\"source.ip: 10.0.0.0/29\"}}"));
    put_alert(w.st, "a", "10.0.0.1", 30);
    put_alert(w.st, "b", "10.9.0.1", 30);
    expect(&w, 100, "c {\"body\":\"a\"};");
    assert_int_equal(w.lines, 0);
    end(&w);
}

/* The first at once, then all that waited when the interval is over, whatever comes or not. */
static void intervals(void **state)
{
    (void)state;
    struct world w;
    ts_ns t = 1000 * TIME_S;
    begin(&w);
    put_rule(w.st, SUMMARY("\"onThrottleInterval\",\"throttle\":\"1m\""));
    put_alert(w.st, "x", "10.0.0.1", 10);
    expect(&w, t, "c {\"body\":\"1x\"};");
    put_alert(w.st, "y", "10.0.0.1", 20);
    expect(&w, t + TIME_S, "");
    put_alert(w.st, "z", "10.0.0.1", 30);
    expect(&w, t + TIME_MIN - 1, "");
    expect(&w, t + TIME_MIN, "c {\"body\":\"2yz\"};");
    expect(&w, t + 10 * TIME_MIN, "");
    put_alert(w.st, "v", "10.0.0.1", 40);
    expect(&w, t + 10 * TIME_MIN, "c {\"body\":\"1v\"};");
    end(&w);
}

static void problems(void **state)
{
    (void)state;
    struct world w;
    struct store_rule row;
    struct arena arena;
    begin(&w);
    arena_init(&arena, 0);
    put_rule(w.st, "{\"id\":\"gone\",\"params\":{}}," EACH(""));
    put_alert(w.st, "x", "10.0.0.1", 10);
    put_alert(w.st, "y", "10.0.0.1", 20);
    expect(&w, 100, "c {\"body\":\"x\"};c {\"body\":\"y\"};");
    assert_int_equal(w.lines, 1); /* told once */
    HELP_OK(store_state_rule_get(w.st, "r", &arena, &row));
    assert_string_equal(row.status, "partial failure");
    assert_non_null(strstr(row.message, "connector 'gone'"));
    assert_non_null(strstr(row.message, "1 message about")); /* the same twice */
    put_rule(w.st, "{\"id\":\"c\",\"params\":{\"body\":\"{{#a}}\"}}");
    put_alert(w.st, "z", "10.0.0.1", 30);
    expect(&w, 100, "");
    assert_int_equal(w.lines, 2);
    /* A rule that is gone tells nobody. */
    put_alert(w.st, "v", "10.0.0.1", 40);
    HELP_OK(store_state_rule_delete(w.st, "r"));
    expect(&w, 100, "");
    arena_release(&arena);
    end(&w);
}

static void full(void **state)
{
    (void)state;
    struct world w;
    uint64_t n = 0;
    begin(&w);
    const struct store_message_out m = {.connector = "c", .rule_id = "r", .params = "{}"};
    HELP_OK(store_state_begin(w.st));
    for (int i = 0; i < DELIVER_NOTIFY_QUEUE - 1; i++)
        HELP_OK(store_state_outbox_put(w.st, &m));
    HELP_OK(store_state_commit(w.st, &help_why));
    put_rule(w.st, EACH(""));
    for (int i = 0; i < 3; i++)
        put_alert(w.st, i == 0 ? "x" : i == 1 ? "y" : "z", "10.0.0.1", 10);
    bool any;
    HELP_OK(deliver_plan(&w.planner, 100, &any, &help_why));
    HELP_OK(store_state_outbox_count(w.st, &n));
    assert_int_equal(n, DELIVER_NOTIFY_QUEUE);
    assert_int_equal(w.planner.dropped, 2);
    assert_int_equal(w.lines, 1);
    end(&w);
}

/* One allocation fails, whichever: the alert is told of once there is memory again. */
static void without_memory(void **state)
{
    (void)state;
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct world w;
        bool any = true;
        begin(&w);
        put_rule(w.st, EACH(",\"alerts_filter\":{\"query\":{\"kql\":\"source.ip: 10.0.0.1\"}}"));
        put_alert(w.st, "x", "10.0.0.1", 10);
        fault_arm_one(n);
        enum err err = deliver_plan(&w.planner, 100, &any, &help_why);
        hit = fault_disarm();
        assert_true(err == ERR_NONE || err == ERR_MEMORY);
        expect(&w, 100, "c {\"body\":\"x\"};");
        end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frequencies), cmocka_unit_test(intervals),      cmocka_unit_test(problems),
        cmocka_unit_test(full),        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
