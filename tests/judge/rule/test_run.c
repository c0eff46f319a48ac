/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/run.h"

#include "cmocka_head.h"
#include "judge/rule/support.h"

#include <stdlib.h>
#include <string.h>

#define NOON (1700000000 / 86400 * 86400 * TIME_S + 12 * TIME_HOUR)

static enum err run_at(struct world *w, const struct rule *r, ts_ns now, ts_ns previous,
                       struct rule_status *status)
{
    struct err_text why;
    rule_status_init(status, now);
    return rule_run(r, &w->ports, now, previous, status, &why);
}

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

static void records_above_the_threshold_become_alerts(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule("");
    struct rule_status s;
    world_add_job(w, "a_job", NULL);
    world_add_record(w, "a_job", NOON - 3 * TIME_HOUR, 0, 75, NULL);
    world_add_record(w, "a_job", NOON - 3 * TIME_HOUR, 0, 74.99, NULL);
    world_add_record(w, "a_job", NOON - 7 * TIME_HOUR, 0, 99, NULL);    /* before from */
    world_add_record(w, "other", NOON - 3 * TIME_HOUR, 0, 99, NULL);    /* another job's */
    world_add_record(w, "a_job", NOON - 6 * TIME_HOUR, 0, 80, NULL);    /* at from: inclusive */
    world_add_record(w, "a_job", NOON - TIME_HOUR, NOON + 1, 99, NULL); /* not final yet */
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(rule_status_state(&s), RULE_SUCCEEDED);
    assert_int_equal(s.found, 2);
    assert_int_equal(s.created, 2);
    assert_int_equal(w->alerts_n, 2);
    assert_non_null(strstr(w->alerts[0].json, "\"record_score\":80"));
    rule_status_release(&s);
    /* The next run finds them again and repeats nothing. */
    assert_int_equal(run_at(w, r, NOON + 15 * TIME_MIN, NOON, &s), ERR_NONE);
    assert_int_equal(s.created, 1); /* the one that became final */
    assert_int_equal(s.existed, 1);
    assert_int_equal(w->alerts_n, 3);
    assert_int_equal(w->repeats, 0);
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

static void the_highest_scores_win(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule("max_signals = 10");
    struct rule_status s;
    world_add_job(w, "a_job", NULL);
    for (unsigned i = 0; i < 25; i++)
        world_add_record(w, "a_job", NOON - TIME_HOUR, 0, 75 + i % 25, NULL);
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(s.found, 25);
    assert_int_equal(s.created, 10);
    assert_int_equal(rule_status_state(&s), RULE_WARNED);
    assert_non_null(strstr(rule_status_message(&s), "10"));
    assert_non_null(strstr(w->alerts[0].json, "\"record_score\":99"));
    assert_non_null(strstr(w->alerts[9].json, "\"record_score\":90"));
    rule_status_release(&s);
    rule_unref(r);
    r = world_rule("max_signals = 5000");
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(rule_status_state(&s), RULE_WARNED);
    assert_int_equal(s.created + s.existed, 25);
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

static void a_job_that_does_not_run_is_a_warning(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule("machine_learning_job_id = [\"a_job_ea\", \"b_job\"]");
    struct rule_status s;
    world_add_job(w, "a_job", NULL);
    w->jobs[0].job.datafeed_state = "stopped";
    w->jobs[0].job.reason = "the query is wrong";
    world_add_record(w, "a_job", NOON - TIME_HOUR, 0, 90, NULL);
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(rule_status_state(&s), RULE_WARNED);
    assert_non_null(strstr(rule_status_message(&s), "job a_job is not started"));
    assert_non_null(strstr(rule_status_message(&s), "the query is wrong"));
    assert_non_null(strstr(rule_status_message(&s), "job b_job is not installed"));
    assert_int_equal(s.created, 1); /* the run goes on */
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

/* What is taken out makes room for what lies below it, and does not count. */
static void exceptions_take_records_out(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule("max_signals = 3");
    struct rule_status s;
    world_add_job(w, "a_job", NULL);
    for (unsigned i = 0; i < 12; i++)
        world_add_record(w, "a_job", NOON - TIME_HOUR, 0, 80 + i, NULL);
    world_except(w, "record_score >= 84 or record_score < 81", "the item \"x\" is not applied");
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(s.created, 3);
    assert_int_equal(s.found, 4); /* the last record was never looked at */
    assert_int_equal(s.excepted, 8);
    assert_int_equal(w->searches, 4);
    assert_non_null(strstr(w->alerts[0].json, "\"record_score\":83"));
    assert_non_null(strstr(w->alerts[2].json, "\"record_score\":81"));
    assert_int_equal(rule_status_state(&s), RULE_WARNED);
    assert_non_null(strstr(rule_status_message(&s), "is not applied"));
    rule_status_release(&s);
    w->break_exceptions = true;
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(rule_status_state(&s), RULE_FAILED);
    assert_int_equal(w->searches, 4);
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

/* A manual run looks where a run of that time would have, tells of no gap, and says what it is. */
static void the_past_can_be_run(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule("from = \"now-30m\"");
    struct rule_status s;
    struct err_text why;
    const ts_ns at = NOON - TIME_DAY;
    world_add_job(w, "a_job", NULL);
    world_add_record(w, "a_job", at - 20 * TIME_MIN, NOON - TIME_HOUR, 80, NULL);
    world_add_record(w, "a_job", at - 40 * TIME_MIN, 0, 90, NULL);
    world_add_record(w, "a_job", NOON - 20 * TIME_MIN, 0, 95, NULL);
    rule_status_init(&s, at);
    assert_int_equal(rule_run_past(r, &w->ports, NOON, at, &s, &why), ERR_NONE);
    assert_int_equal(rule_status_state(&s), RULE_SUCCEEDED);
    assert_int_equal(s.created, 1);
    assert_int_equal(w->searches, 1);
    const char *json = w->alerts[0].json;
    assert_non_null(strstr(json, "\"record_score\":80"));
    assert_non_null(strstr(json, "\"kibana.alert.rule.execution.type\":\"manual\""));
    assert_non_null(
        strstr(json, "\"kibana.alert.intended_timestamp\":\"2023-11-13T12:00:00.000Z\""));
    assert_non_null(strstr(json, "\"@timestamp\":\"2023-11-14T12:00:00.000Z\""));
    rule_status_release(&s);
    rule_status_init(&s, at);
    assert_int_equal(rule_run_past(r, &w->ports, NOON, at, &s, &why), ERR_NONE);
    assert_int_equal(s.existed, 1);
    assert_int_equal(w->alerts_n, 1);
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

static void a_gap_is_a_failure_that_still_looks(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule("from = \"now-30m\"");
    struct rule_status s;
    world_add_job(w, "a_job", NULL);
    world_add_record(w, "a_job", NOON - 80 * TIME_MIN, 0, 90, NULL); /* caught up */
    world_add_record(w, "a_job", NOON - 95 * TIME_MIN, 0, 90, NULL); /* lost */
    world_add_record(w, "a_job", NOON - 10 * TIME_MIN, 0, 90, NULL);
    assert_int_equal(run_at(w, r, NOON, NOON - 3 * TIME_HOUR, &s), ERR_NONE);
    assert_int_equal(rule_status_state(&s), RULE_FAILED);
    assert_non_null(strstr(rule_status_message(&s), "1h 30m (5400000 ms)"));
    assert_int_equal(s.gap, 90 * TIME_MIN);
    assert_int_equal(s.created, 2);
    assert_int_equal(w->searches, 5);
    assert_int_equal(w->repeats, 0);
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

static void the_world_may_fail(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule("");
    struct rule_status s;
    world_add_job(w, "a_job", NULL);
    world_add_record(w, "a_job", NOON - TIME_HOUR, 0, 90, NULL);
    w->break_search = true;
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(rule_status_state(&s), RULE_FAILED);
    assert_non_null(strstr(rule_status_message(&s), "the disk is gone"));
    rule_status_release(&s);
    w->break_search = false;
    w->break_create = true;
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_FULL);
    assert_int_equal(rule_status_state(&s), RULE_FAILED);
    rule_status_release(&s);
    w->break_create = false;
    assert_int_equal(run_at(w, r, NOON + TIME_MIN, NOON, &s), ERR_NONE);
    assert_int_equal(s.created, 1);
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

static void a_record_that_cannot_be_read_hides_no_other(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule("");
    struct rule_status s;
    world_add_job(w, "a_job", "{\"no_such_query\":{}}");
    world_add_record(w, "a_job", NOON - TIME_HOUR, 0, 95, "{\"result_type\":\"bucket\"}");
    world_add_record(w, "a_job", NOON - TIME_HOUR, 0, 90, NULL);
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(rule_status_state(&s), RULE_WARNED);
    rule_status_release(&s);
    /* A datafeed's query that cannot be read costs the link to the events, not the alert. */
    assert_int_equal(w->alerts_n, 1);
    assert_null(strstr(w->alerts[0].json, "weir.alert.events.query"));
    rule_unref(r);
    end_world(w);
}

static void rules_of_several_jobs_link_to_the_right_events(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule("machine_learning_job_id = [\"x\", \"x_y\"]");
    struct rule_status s;
    world_add_job(w, "x", "{\"term\":{\"user.name\":\"short\"}}");
    world_add_job(w, "x_y", "{\"term\":{\"user.name\":\"long\"}}");
    world_add_record(w, "x_y", NOON - TIME_HOUR, 0, 95, NULL);
    world_add_record(w, "x", NOON - TIME_HOUR, 0, 90, NULL);
    world_add_record(w, "x_y", NOON - TIME_HOUR, 0, 85, NULL);
    assert_int_equal(run_at(w, r, NOON, TIME_NONE, &s), ERR_NONE);
    assert_int_equal(w->alerts_n, 3);
    assert_non_null(strstr(w->alerts[0].json, "user.name: \\\"long\\\""));
    assert_non_null(strstr(w->alerts[1].json, "user.name: \\\"short\\\""));
    assert_non_null(strstr(w->alerts[2].json, "user.name: \\\"long\\\""));
    rule_status_release(&s);
    rule_unref(r);
    end_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_above_the_threshold_become_alerts),
        cmocka_unit_test(the_highest_scores_win),
        cmocka_unit_test(a_job_that_does_not_run_is_a_warning),
        cmocka_unit_test(exceptions_take_records_out),
        cmocka_unit_test(the_past_can_be_run),
        cmocka_unit_test(a_gap_is_a_failure_that_still_looks),
        cmocka_unit_test(the_world_may_fail),
        cmocka_unit_test(a_record_that_cannot_be_read_hides_no_other),
        cmocka_unit_test(rules_of_several_jobs_link_to_the_right_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
