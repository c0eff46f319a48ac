/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/run.h"

#include "cmocka_head.h"
#include "judge/rule/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOON (1700000000 / 86400 * 86400 * TIME_S + 12 * TIME_HOUR)

#define RULE(type_, more_)                                                                         \
    "{\"rule_id\":\"r\",\"name\":\"n\",\"description\":\"d\",\"risk_score\":1,\"severity\":"       \
    "\"low\","                                                                                     \
    "\"type\":\"" type_ "\",\"interval\":\"5m\",\"from\":\"now-6m\"," more_ "}"

#define BY_USER "\"query\":\"user.name: anna\""

static struct world *new_world(void)
{
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    world_init(w);
    return w;
}

static void end_world(struct world *w)
{
    world_release(w);
    free(w);
}

static enum err run_at(struct world *w, const struct rule *r, ts_ns now, ts_ns previous,
                       struct rule_status *status)
{
    struct err_text why;
    rule_status_init(status, now);
    return rule_run(r, &w->ports, now, previous, status, &why);
}

static void events_of_the_window_become_alerts(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule_api(RULE("query", BY_USER));
    struct rule_status s;
    world_add_event(w, NULL, NOON - 7 * TIME_MIN, "{\"user.name\":\"anna\"}");
    world_add_event(w, NULL, NOON - 6 * TIME_MIN, "{\"user.name\":\"anna\"}");
    world_add_event(w, NULL, NOON - TIME_MIN, "{\"user.name\":\"bert\"}");
    world_add_event(w, NULL, NOON - 1, "{\"user.name\":\"anna\"}");
    world_add_event(w, NULL, NOON, "{\"user.name\":\"anna\"}"); /* not seen yet */
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(s.found, 2);
    assert_int_equal(s.created, 2);
    rule_status_release(&s);
    assert_int_equal(run_at(w, r, NOON + 5 * TIME_MIN, NOON, &s), ERR_NONE);
    assert_int_equal(s.found, 2); /* that of noon, and the one before it again */
    assert_int_equal(s.created, 1);
    assert_int_equal(s.existed, 1);
    assert_int_equal(w->repeats, 0);
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

static void a_gap_is_caught_up_with(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule_api(RULE("query", BY_USER));
    struct rule_status s;
    world_add_event(w, NULL, NOON - 20 * TIME_MIN, "{\"user.name\":\"anna\"}");
    assert_int_equal(run_at(w, r, NOON, NOON - 25 * TIME_MIN, &s), ERR_NONE);
    assert_int_equal(rule_status_state(&s), RULE_SUCCEEDED);
    assert_int_equal(s.created, 1);
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

static void what_is_too_much_is_left_to_the_next_run(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule_api(RULE("query", BY_USER ",\"max_signals\":3"));
    struct rule_status s;
    for (int i = 0; i < 5; i++)
        world_add_event(w, NULL, NOON - TIME_MIN + i, "{\"user.name\":\"anna\"}");
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(s.created, 3);
    assert_int_equal(rule_status_state(&s), RULE_WARNED);
    assert_non_null(strstr(rule_status_message(&s), "more than 3 alerts"));
    rule_status_release(&s);
    /* Those that have their alert take no place. */
    assert_int_equal(run_at(w, r, NOON + TIME_MIN, NOON, &s), ERR_NONE);
    assert_int_equal(s.created, 2);
    assert_int_equal(rule_status_state(&s), RULE_SUCCEEDED);
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

static void exceptions_are_left_out(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule_api(RULE("query", BY_USER));
    struct rule *t =
        world_rule_api(RULE("threshold", "\"threshold\":{\"field\":[\"user.name\"],\"value\":2}"));
    struct rule_status s;
    world_except(w, "host.name: h", NULL);
    world_add_event(w, NULL, NOON - 3, "{\"user.name\":\"anna\",\"host.name\":\"h\"}");
    world_add_event(w, NULL, NOON - 2, "{\"user.name\":\"anna\"}");
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(s.created, 1);
    assert_true(s.excepted > 0);
    rule_status_release(&s);
    assert_int_equal(run_at(w, t, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(s.created, 0);
    rule_status_release(&s);
    rule_unref(r);
    rule_unref(t);
    end_world(w);
}

static void the_store_may_fail(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule_api(RULE("query", BY_USER));
    struct rule_status s;
    world_add_event(w, NULL, NOON - 1, "{\"user.name\":\"anna\"}");
    w->break_search = true;
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(rule_status_state(&s), RULE_FAILED);
    assert_non_null(strstr(rule_status_message(&s), "the disk is gone"));
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

static const char *const rules[] = {
    RULE("query", BY_USER),
    RULE("threshold", "\"threshold\":{\"field\":[\"user.name\"],\"value\":2}"),
    RULE("new_terms", "\"new_terms_fields\":[\"user.name\"],\"history_window_start\":\"now-1h\""),
    RULE("threat_match",
         "\"threat_index\":[\"logs-ti*\"],\"index\":[\"logs-gen*\"],\"threat_mapping\":[{"
         "\"entries\":[{\"field\":\"user.name\",\"type\":\"mapping\",\"value\":"
         "\"threat.indicator.name\"}]}]"),
    RULE("eql", "\"language\":\"eql\",\"query\":\"sequence with maxspan=3m [any where user.name == "
                "\\\"anna\\\"] [any where user.name == \\\"bert\\\"]\""),
};

/* Alerts of a day of traffic; step: how time is cut; at_rest: idle runs are left out. */
static size_t run_engine(const char *json, ts_ns step, bool at_rest, struct buf *out)
{
    struct world *w = new_world();
    struct rule *r = world_rule_api(json);
    struct err_text why;
    uint64_t random = 11;
    w->ports.at_rest = at_rest;
    struct rule_engine *e = rule_engine_new(&w->ports);
    assert_int_equal(rule_engine_put(e, r, NOON, TIME_NONE, &why), ERR_NONE);
    assert_true(rule_engine_wants_events(e));
    ts_ns now = NOON;
    for (int i = 0; i < 300; i++) {
        static const char *const events[] = {
            "{\"user.name\":\"anna\"}", "{\"user.name\":\"bert\"}", "{\"user.name\":\"carl\"}",
            "{\"event.dataset\":\"ti_x\",\"threat.indicator.name\":\"bert\"}"};
        random = random * 6364136223846793005U + 1442695040888963407U;
        ts_ns time = now + (ts_ns)(random >> 40) % (i % 50 == 0 ? 3 * TIME_HOUR : 4 * TIME_MIN);
        for (ts_ns at = now; step > 0 && at < time; at += step)
            assert_int_equal(rule_engine_advance(e, at, &why), ERR_NONE);
        assert_int_equal(rule_engine_advance(e, time, &why), ERR_NONE);
        now = time;
        world_add_event(w, e, time, events[(random >> 33) % (i < 100 ? 2 : 4)]);
    }
    assert_int_equal(rule_engine_finish(e, now, &why), ERR_NONE);
    for (size_t i = 0; i < w->alerts_n; i++)
        buf_format(out, "%lld %s\n", (long long)w->alerts[i].time, w->alerts[i].id);
    size_t n = w->alerts_n;
    rule_engine_free(e);
    rule_unref(r);
    end_world(w);
    return n;
}

static void alerts_do_not_depend_on_how_time_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct buf straight;
        struct buf other;
        buf_init(&straight);
        buf_init(&other);
        assert_true(run_engine(rules[i], 0, false, &straight) >= 3);
        run_engine(rules[i], TIME_MIN, false, &other);
        assert_string_equal(buf_text(&straight), buf_text(&other));
        buf_clear(&other);
        run_engine(rules[i], 0, true, &other);
        assert_string_equal(buf_text(&straight), buf_text(&other));
        buf_release(&straight);
        buf_release(&other);
    }
}

static void a_sequence_has_its_alert_and_each_event_another(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule_api(rules[4]);
    struct rule_status s;
    world_add_event(w, NULL, NOON - 2 * TIME_MIN, "{\"user.name\":\"anna\",\"host.name\":\"h\"}");
    world_add_event(w, NULL, NOON - TIME_MIN, "{\"user.name\":\"bert\",\"host.name\":\"h\"}");
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(s.created, 1);
    assert_int_equal(w->alerts_n, 3);
    const char *block = w->alerts[1].json;
    const char *shell = w->alerts[2].json;
    char group[128];
    snprintf(group, sizeof(group), "\"kibana.alert.group.id\":\"%s\"", w->alerts[2].id);
    assert_non_null(strstr(shell, group));
    assert_non_null(strstr(block, group));
    assert_non_null(strstr(block, "\"kibana.alert.group.index\":1"));
    assert_non_null(strstr(block, "\"kibana.alert.building_block_type\":\"default\""));
    assert_non_null(strstr(block, "\"user.name\":\"bert\""));
    assert_null(strstr(shell, "\"kibana.alert.group.index\""));
    assert_null(strstr(shell, "\"kibana.alert.building_block_type\""));
    assert_null(strstr(shell, "\"user.name\""));
    assert_non_null(strstr(shell, "\"host.name\":\"h\""));
    assert_non_null(strstr(shell, "\"kibana.alert.depth\":2"));
    assert_non_null(strstr(shell, w->alerts[0].id)); /* an ancestor */
    rule_status_release(&s);
    assert_int_equal(run_at(w, r, NOON + TIME_MIN, NOON, &s), ERR_NONE);
    assert_int_equal(s.existed, 1);
    assert_int_equal(w->alerts_n, 3);
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

/* A manual run finds what a run of its time would have found, and all its alerts say what it is. */
static void the_past_is_searched_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct world *w = new_world();
        struct rule *r = world_rule_api(rules[i]);
        struct rule_status s;
        struct err_text why;
        const ts_ns at = NOON - TIME_DAY;
        world_add_event(w, NULL, at - 4 * TIME_MIN,
                        "{\"event.dataset\":\"ti_x\",\"threat.indicator.name\":\"anna\"}");
        world_add_event(w, NULL, at - 3 * TIME_MIN, "{\"user.name\":\"anna\"}");
        world_add_event(w, NULL, at - 2 * TIME_MIN, "{\"user.name\":\"anna\"}");
        world_add_event(w, NULL, at - TIME_MIN, "{\"user.name\":\"bert\"}");
        rule_status_init(&s, at);
        assert_int_equal(rule_run_past(r, &w->ports, NOON, at, &s, &why), ERR_NONE);
        assert_true(s.created > 0);
        for (size_t k = 0; k < w->alerts_n; k++) {
            assert_non_null(strstr(w->alerts[k].json, "\"2023-11-13T12:00:00.000Z\""));
            assert_non_null(
                strstr(w->alerts[k].json, "\"kibana.alert.rule.execution.type\":\"manual\""));
        }
        uint64_t created = s.created;
        rule_status_release(&s);
        rule_status_init(&s, at);
        assert_int_equal(rule_run_past(r, &w->ports, NOON, at, &s, &why), ERR_NONE);
        assert_int_equal(s.created, 0);
        assert_int_equal(s.existed, created);
        rule_status_release(&s);
        rule_unref(r);
        end_world(w);
    }
}

/* What is beyond what a run groups is counted and told, not silently lost. */
static void what_is_not_grouped_is_told(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule_api(
        RULE("query", BY_USER ",\"alert_suppression\":{\"group_by\":[\"user.name\"]}"));
    struct rule_status s;
    for (int i = 0; i < 5007; i++)
        world_add_event(w, NULL, NOON - TIME_MIN + i * TIME_MS, "{\"user.name\":\"anna\"}");
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(s.created, 1);
    assert_int_equal(s.suppressed, 4999);
    assert_int_equal(s.found, 5007);
    assert_int_equal(s.left, 7);
    assert_int_equal(rule_status_state(&s), RULE_WARNED);
    assert_non_null(strstr(rule_status_message(&s), "7 events more were found than the 5000"));
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

static void one_event_may_bring_several_new_terms(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule_api(rules[2]);
    struct rule_status s;
    world_add_event(w, NULL, NOON - TIME_MIN, "{\"user.name\":[\"anna\",\"bert\"]}");
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(s.created, 2);
    assert_string_not_equal(w->alerts[0].id, w->alerts[1].id);
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

static void events_of_the_past_move_the_beginning(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule_api(rules[0]);
    struct err_text why;
    struct rule_engine *e = rule_engine_new(&w->ports);
    assert_int_equal(rule_engine_put(e, r, NOON + TIME_DAY, TIME_NONE, &why), ERR_NONE);
    /* An event alone moves nothing, the clock of the events does. */
    world_add_event(w, e, NOON + TIME_S, "{\"user.name\":\"anna\"}");
    assert_int_equal(rule_engine_next(e), NOON + TIME_DAY);
    rule_engine_begin(e, NOON + TIME_S);
    assert_int_equal(rule_engine_next(e), NOON + 5 * TIME_MIN);
    assert_int_equal(rule_engine_advance(e, NOON + 20 * TIME_MIN, &why), ERR_NONE);
    assert_int_equal(w->alerts_n, 1);
    assert_int_equal(w->alerts[0].time, NOON + 5 * TIME_MIN);
    assert_int_equal(rule_engine_previous(e, "r"), NOON + 20 * TIME_MIN);
    /* It runs now: what comes late moves nothing. */
    rule_engine_begin(e, NOON + 2 * TIME_S);
    assert_int_equal(rule_engine_next(e), NOON + 25 * TIME_MIN);
    /* What ran before is not run again. */
    assert_int_equal(rule_engine_put(e, r, NOON + TIME_DAY, NOON + TIME_HOUR, &why), ERR_NONE);
    rule_engine_begin(e, NOON + 30 * TIME_MIN);
    assert_int_equal(rule_engine_next(e), NOON + 65 * TIME_MIN);
    rule_engine_free(e);
    rule_unref(r);
    end_world(w);
}

static void the_last_event_counts(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule_api(rules[0]);
    struct err_text why;
    struct rule_engine *e = rule_engine_new(&w->ports);
    assert_int_equal(rule_engine_put(e, r, NOON, TIME_NONE, &why), ERR_NONE);
    assert_int_equal(rule_engine_advance(e, NOON + 5 * TIME_MIN, &why), ERR_NONE);
    world_add_event(w, e, NOON + 5 * TIME_MIN, "{\"user.name\":\"anna\"}");
    assert_int_equal(rule_engine_advance(e, NOON + 5 * TIME_MIN, &why), ERR_NONE);
    assert_int_equal(w->alerts_n, 0);
    assert_int_equal(rule_engine_finish(e, NOON + 5 * TIME_MIN, &why), ERR_NONE);
    assert_int_equal(w->alerts_n, 1);
    rule_engine_free(e);
    rule_unref(r);
    end_world(w);
}

static void an_alert_that_cannot_be_written_comes_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct world *w = new_world();
        struct rule *r = world_rule_api(rules[i]);
        struct err_text why;
        struct rule_engine *e = rule_engine_new(&w->ports);
        assert_int_equal(rule_engine_put(e, r, NOON, TIME_NONE, &why), ERR_NONE);
        world_add_event(w, e, NOON - TIME_MIN,
                        "{\"event.dataset\":\"ti_x\",\"threat.indicator.name\":\"anna\"}");
        world_add_event(w, e, NOON + TIME_MIN, "{\"user.name\":\"anna\"}");
        world_add_event(w, e, NOON + 2 * TIME_MIN, "{\"user.name\":\"anna\"}");
        world_add_event(w, e, NOON + 3 * TIME_MIN, "{\"user.name\":\"bert\"}");
        w->break_create = true;
        assert_int_equal(rule_engine_advance(e, NOON + 5 * TIME_MIN, &why), ERR_FULL);
        w->break_create = false;
        /* The span has left the first of them behind by then, but for the threshold's sake. */
        assert_int_equal(rule_engine_finish(e, NOON + 6 * TIME_MIN, &why), ERR_NONE);
        assert_true(w->alerts_n > 0);
        rule_engine_free(e);
        rule_unref(r);
        end_world(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_the_window_become_alerts),
        cmocka_unit_test(a_gap_is_caught_up_with),
        cmocka_unit_test(what_is_too_much_is_left_to_the_next_run),
        cmocka_unit_test(exceptions_are_left_out),
        cmocka_unit_test(the_store_may_fail),
        cmocka_unit_test(alerts_do_not_depend_on_how_time_is_cut),
        cmocka_unit_test(a_sequence_has_its_alert_and_each_event_another),
        cmocka_unit_test(the_past_is_searched_by_hand),
        cmocka_unit_test(what_is_not_grouped_is_told),
        cmocka_unit_test(one_event_may_bring_several_new_terms),
        cmocka_unit_test(events_of_the_past_move_the_beginning),
        cmocka_unit_test(the_last_event_counts),
        cmocka_unit_test(an_alert_that_cannot_be_written_comes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
