/* SPDX-License-Identifier: Apache-2.0 */
/* Suppression in runs of a rule over records. */
#include "rule/run_priv.h"

#include "cmocka_head.h"
#include "format/node.h"
#include "judge/rule/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOON (1700000000 / 86400 * 86400 * TIME_S + 12 * TIME_HOUR)

#define BY_USER "alert_suppression = {group_by = [\"user.name\"]"

struct fixture {
    struct world *w;
    struct rule *rule;
    struct rule_status status;
};

static struct fixture begin(const char *extra)
{
    struct fixture f = {.w = malloc(sizeof(*f.w)), .rule = world_rule(extra)};
    assert_non_null(f.w);
    world_init(f.w);
    world_add_job(f.w, "a_job", NULL);
    return f;
}

static void end(struct fixture *f)
{
    rule_unref(f->rule);
    world_release(f->w);
    free(f->w);
}

/* users: JSON of an influencer's values, or NULL for a record without. */
static void record(struct fixture *f, ts_ns start, double score, const char *users)
{
    char json[700];
    char influencers[200] = "";
    if (users != NULL)
        snprintf(influencers, sizeof(influencers),
                 "{\"influencer_field_name\":\"user.name\",\"influencer_field_values\":%s}", users);
    snprintf(json, sizeof(json),
             "{\"result_type\":\"record\",\"job_id\":\"a_job\",\"timestamp\":%lld,\"bucket_span\":"
             "900,\"detector_index\":0,\"function\":\"high_count\",\"record_score\":%g,"
             "\"is_interim\":false,\"actual\":[10],\"typical\":[1],\"influencers\":[%s]}",
             (long long)(start / TIME_MS), score, influencers);
    world_add_record(f->w, "a_job", start, 0, score, json);
}

static void run(struct fixture *f, ts_ns now, ts_ns previous)
{
    struct err_text why = {0};
    rule_status_init(&f->status, now);
    if (rule_run(f->rule, &f->w->ports, now, previous, &f->status, &why) != ERR_NONE)
        fail_msg("%s", why.message);
    rule_status_release(&f->status);
}

static struct format_node *doc(const struct fixture *f, size_t i)
{
    struct format_node *root;
    assert_true(i < f->w->alerts_n);
    assert_int_equal(
        format_node_json(f->w->alerts[i].json, f->w->alerts[i].json_n, "alert", &root, NULL),
        ERR_NONE);
    return root;
}

static int64_t count(const struct fixture *f, size_t i)
{
    struct format_node *root = doc(f, i);
    int64_t n = format_node_int(format_node_get(root, "kibana.alert.suppression.docs_count"), -1);
    format_node_free(root);
    return n;
}

static bool says(const struct fixture *f, size_t i, const char *part)
{
    return strstr(f->w->alerts[i].json, part) != NULL;
}

static void records_of_a_kind_are_one_alert(void **state)
{
    (void)state;
    struct fixture f = begin(BY_USER "}");
    record(&f, NOON - TIME_HOUR, 80, "[\"bob\",\"alice\"]");
    record(&f, NOON - 2 * TIME_HOUR, 90, "[\"alice\",\"bob\"]");
    record(&f, NOON - 3 * TIME_HOUR, 85, "[\"alice\"]");
    record(&f, NOON - 4 * TIME_HOUR, 95, NULL);
    record(&f, NOON - 5 * TIME_HOUR, 96, NULL);
    run(&f, NOON, TIME_NONE);
    assert_int_equal(f.status.created, 3);
    assert_int_equal(f.status.suppressed, 2);
    assert_int_equal(f.w->alerts_n, 3);
    assert_int_equal(count(&f, 0), 1); /* without a user: the default is to group them */
    assert_true(says(&f, 0,
                     "\"kibana.alert.suppression.terms\":[{\"field\":\"user.name\","
                     "\"value\":null}]"));
    assert_true(says(&f, 0, "\"kibana.alert.suppression.start\":\"2023-11-14T07:00:00.000Z\""));
    assert_true(says(&f, 0, "\"kibana.alert.suppression.end\":\"2023-11-14T08:00:00.000Z\""));
    assert_int_equal(count(&f, 1), 0);
    assert_int_equal(count(&f, 2), 1);
    assert_true(says(&f, 2, "\"value\":[\"alice\",\"bob\"]}]"));
    assert_true(says(&f, 2, "\"record_score\":90"));
    assert_string_not_equal(f.w->alerts[1].group, f.w->alerts[2].group);
    assert_true(says(&f, 2, f.w->alerts[2].group)); /* kibana.alert.instance.id */
    /* Runs that overlap find it all again. */
    run(&f, NOON + 15 * TIME_MIN, NOON);
    assert_int_equal(f.status.created + f.status.suppressed, 0);
    assert_int_equal(f.w->alerts_n, 3);
    /* Each run has its own. */
    record(&f, NOON, 80, "[\"alice\"]");
    run(&f, NOON + 30 * TIME_MIN, NOON + 15 * TIME_MIN);
    assert_int_equal(f.w->alerts_n, 4);
    assert_int_equal(count(&f, 1), 0);
    assert_int_equal(count(&f, 3), 0);
    end(&f);
}

static void what_lacks_a_field_may_stand_apart(void **state)
{
    (void)state;
    struct fixture f = begin(BY_USER ", missing_fields_strategy = \"doNotSuppress\"}");
    record(&f, NOON - 1 * TIME_HOUR, 80, "[\"alice\"]");
    record(&f, NOON - 2 * TIME_HOUR, 80, "[\"alice\"]");
    record(&f, NOON - 3 * TIME_HOUR, 80, NULL);
    record(&f, NOON - 4 * TIME_HOUR, 80, NULL);
    run(&f, NOON, TIME_NONE);
    assert_int_equal(f.status.created, 3);
    assert_int_equal(f.status.suppressed, 1);
    assert_string_equal(f.w->alerts[0].group, "");
    assert_int_equal(count(&f, 0), -1);
    assert_int_equal(count(&f, 2), 1);
    run(&f, NOON + TIME_MIN, NOON);
    assert_int_equal(f.w->alerts_n, 3);
    end(&f);
}

static void a_duration_counts_over_runs(void **state)
{
    (void)state;
    struct fixture f = begin(BY_USER ", duration = {value = 1, unit = \"h\"}}");
    record(&f, NOON - TIME_HOUR, 80, "[\"alice\"]");
    run(&f, NOON, TIME_NONE);
    record(&f, NOON, 80, "[\"alice\"]");
    run(&f, NOON + 15 * TIME_MIN, NOON);
    assert_int_equal(f.w->alerts_n, 1);
    assert_int_equal(count(&f, 0), 1);
    assert_true(says(&f, 0, "\"kibana.alert.last_detected\":\"2023-11-14T12:15:00.000Z\""));
    assert_true(says(&f, 0, "\"kibana.alert.start\":\"2023-11-14T12:00:00.000Z\""));
    assert_true(says(&f, 0, "\"kibana.alert.suppression.end\":\"2023-11-14T12:00:00.000Z\""));
    run(&f, NOON + 30 * TIME_MIN, NOON + 15 * TIME_MIN);
    assert_int_equal(count(&f, 0), 1);
    /* Over an hour after the alert was raised. */
    record(&f, NOON + TIME_HOUR, 80, "[\"alice\"]");
    run(&f, NOON + 61 * TIME_MIN, NOON + 30 * TIME_MIN);
    assert_int_equal(f.w->alerts_n, 2);
    assert_int_equal(count(&f, 0), 1);
    end(&f);
}

static void closing_begins_anew(void **state)
{
    (void)state;
    struct fixture f = begin(BY_USER ", duration = {value = 24, unit = \"h\"}}");
    record(&f, NOON - TIME_HOUR, 80, "[\"alice\"]");
    run(&f, NOON, TIME_NONE);
    f.w->alerts[0].closed = true;
    record(&f, NOON, 80, "[\"alice\"]");
    run(&f, NOON + 15 * TIME_MIN, NOON);
    assert_int_equal(f.w->alerts_n, 2);
    assert_int_equal(count(&f, 0), 0);
    end(&f);
}

/* Windows that are caught up with overlap: no record is counted twice. */
static void a_run_counts_each_record_once(void **state)
{
    (void)state;
    struct fixture f = begin("from = \"now-30m\"\n" BY_USER "}");
    for (unsigned i = 0; i < 8; i++)
        record(&f, NOON - (5 + 10 * i) * TIME_MIN, 80, "[\"alice\"]");
    run(&f, NOON, NOON - 80 * TIME_MIN);
    assert_int_equal(f.w->alerts_n, 1);
    assert_int_equal(count(&f, 0), 7);
    assert_true(says(&f, 0, "\"kibana.alert.suppression.start\":\"2023-11-14T10:45:00.000Z\""));
    assert_true(says(&f, 0, "\"kibana.alert.suppression.end\":\"2023-11-14T11:55:00.000Z\""));
    end(&f);
}

static void the_limit_is_told(void **state)
{
    (void)state;
    struct fixture f = begin("max_signals = 2\n" BY_USER ", missing_fields_strategy = "
                             "\"doNotSuppress\"}");
    struct err_text why;
    record(&f, NOON - 1 * TIME_HOUR, 80, NULL);
    record(&f, NOON - 2 * TIME_HOUR, 81, "[\"alice\"]");
    rule_status_init(&f.status, NOON);
    assert_int_equal(rule_run(f.rule, &f.w->ports, NOON, TIME_NONE, &f.status, &why), ERR_NONE);
    assert_int_equal(rule_status_state(&f.status), RULE_SUCCEEDED);
    rule_status_release(&f.status);
    assert_int_equal(f.w->alerts_n, 2);
    /* The window's records are at most max_signals, whatever becomes of them. */
    record(&f, NOON - 3 * TIME_HOUR, 99, "[\"bob\"]");
    record(&f, NOON - 3 * TIME_HOUR, 98, "[\"carol\"]");
    record(&f, NOON - 3 * TIME_HOUR, 97, "[\"dave\"]");
    rule_status_init(&f.status, NOON);
    assert_int_equal(rule_run(f.rule, &f.w->ports, NOON, TIME_NONE, &f.status, &why), ERR_NONE);
    assert_int_equal(rule_status_state(&f.status), RULE_WARNED);
    assert_int_equal(f.status.created, 2);
    rule_status_release(&f.status);
    end(&f);
}

/* The order in which the search gives records is that of scores, which says nothing of time. */
static void scores_do_not_matter(void **state)
{
    (void)state;
    static const double scores[2][4] = {{80, 90, 85, 99}, {99, 80, 91, 76}};
    char first[2][65];
    for (unsigned i = 0; i < 2; i++) {
        struct fixture f = begin(BY_USER "}");
        for (unsigned k = 0; k < 4; k++)
            record(&f, NOON - (k + 1) * TIME_HOUR, scores[i][k], k % 2 ? "[\"a\"]" : "[\"b\"]");
        run(&f, NOON, TIME_NONE);
        assert_int_equal(f.w->alerts_n, 2);
        assert_int_equal(count(&f, 0), 1);
        assert_int_equal(count(&f, 1), 1);
        memcpy(first[i], f.w->alerts[0].id, 65);
        end(&f);
    }
    assert_string_equal(first[0], first[1]);
}

#define EVENTS(type_, more_)                                                                       \
    "{\"rule_id\":\"r\",\"name\":\"n\",\"description\":\"d\",\"risk_score\":1,\"severity\":"       \
    "\"low\",\"type\":\"" type_ "\",\"query\":\"user.name: *\",\"interval\":\"5m\",\"from\":"      \
    "\"now-1h\"," more_ "}"

static struct fixture begin_api(const char *json)
{
    struct fixture f = {.w = malloc(sizeof(*f.w)), .rule = world_rule_api(json)};
    assert_non_null(f.w);
    world_init(f.w);
    return f;
}

/* Far more events than alerts may be made. */
static void events_are_grouped_too(void **state)
{
    (void)state;
    struct fixture f = begin_api(
        EVENTS("query", "\"max_signals\":2,\"alert_suppression\":{\"group_by\":[\"user.name\"]}"));
    for (unsigned i = 0; i < 300; i++)
        world_add_event(f.w, NULL, NOON - TIME_HOUR / 2 + i * TIME_S,
                        i % 3 == 0 ? "{\"user.name\":\"anna\"}" : "{\"user.name\":\"bert\"}");
    run(&f, NOON, TIME_NONE);
    assert_int_equal(f.w->alerts_n, 2);
    assert_int_equal(count(&f, 0), 99);
    assert_int_equal(count(&f, 1), 199);
    assert_true(says(&f, 0, "\"kibana.alert.suppression.start\":\"2023-11-14T11:30:00.000Z\""));
    assert_true(says(&f, 1, "\"kibana.alert.suppression.end\":\"2023-11-14T11:34:59.000Z\""));
    run(&f, NOON + 5 * TIME_MIN, NOON);
    assert_int_equal(f.w->alerts_n, 2);
    assert_int_equal(count(&f, 1), 199);
    world_add_event(f.w, NULL, NOON + 6 * TIME_MIN, "{\"user.name\":\"bert\"}");
    run(&f, NOON + 10 * TIME_MIN, NOON + 5 * TIME_MIN);
    assert_int_equal(f.w->alerts_n, 3);
    assert_int_equal(count(&f, 2), 0);
    end(&f);
}

/* A threshold's groups are its kinds; it has a duration only. */
static void thresholds_are_counted_on(void **state)
{
    (void)state;
    struct fixture f = begin_api(
        EVENTS("threshold", "\"threshold\":{\"field\":[\"user.name\"],\"value\":3},"
                            "\"alert_suppression\":{\"duration\":{\"value\":2,\"unit\":\"h\"}}"));
    for (unsigned i = 0; i < 6; i++)
        world_add_event(f.w, NULL, NOON - TIME_HOUR / 2 + i * TIME_MIN,
                        i % 2 == 0 ? "{\"user.name\":\"anna\"}" : "{\"user.name\":\"bert\"}");
    run(&f, NOON, TIME_NONE);
    assert_int_equal(f.w->alerts_n, 2);
    assert_true(says(&f, 0,
                     "\"kibana.alert.suppression.terms\":[{\"field\":\"user.name\",\"value\":"
                     "[\"anna\"]}]"));
    assert_int_equal(count(&f, 0), 0);
    assert_true(says(&f, 0, "\"kibana.alert.suppression.start\":\"2023-11-14T11:30:00.000Z\""));
    assert_true(says(&f, 0, "\"kibana.alert.suppression.end\":\"2023-11-14T11:34:00.000Z\""));
    for (unsigned i = 0; i < 3; i++)
        world_add_event(f.w, NULL, NOON + TIME_MIN + i, "{\"user.name\":\"anna\"}");
    run(&f, NOON + 5 * TIME_MIN, NOON);
    assert_int_equal(f.w->alerts_n, 2);
    assert_int_equal(count(&f, 0), 1);
    assert_int_equal(count(&f, 1), 0);
    end(&f);
}

static void the_rule_says_how(void **state)
{
    (void)state;
    struct rule *r =
        world_rule("alert_suppression = {group_by = [\"a\", \"b\"], duration = {value = "
                   "9000000000000000000, unit = \"m\"}}");
    assert_true(r->suppression.on);
    assert_int_equal(r->suppression.fields_n, 2);
    assert_string_equal(r->suppression.fields[1], "b");
    assert_false(r->suppression.missing_apart);
    assert_int_equal(r->suppression.duration_ns, 36500 * TIME_DAY);
    rule_unref(r);
    r = world_rule_api(
        "{\"type\":\"threshold\",\"name\":\"n\",\"description\":\"d\",\"risk_score\":1,"
        "\"severity\":\"low\",\"query\":\"*\",\"threshold\":{\"field\":[\"source.ip\"],"
        "\"value\":5},\"alert_suppression\":{\"duration\":{\"value\":5,\"unit\":\"s\"}}}");
    assert_true(r->suppression.on);
    assert_int_equal(r->suppression.fields_n, 1);
    assert_string_equal(r->suppression.fields[0], "source.ip");
    assert_int_equal(r->suppression.duration_ns, 5 * TIME_S);
    rule_unref(r);
    r = world_rule("");
    assert_false(r->suppression.on);
    rule_unref(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_a_kind_are_one_alert),
        cmocka_unit_test(what_lacks_a_field_may_stand_apart),
        cmocka_unit_test(a_duration_counts_over_runs),
        cmocka_unit_test(closing_begins_anew),
        cmocka_unit_test(a_run_counts_each_record_once),
        cmocka_unit_test(the_limit_is_told),
        cmocka_unit_test(scores_do_not_matter),
        cmocka_unit_test(events_are_grouped_too),
        cmocka_unit_test(thresholds_are_counted_on),
        cmocka_unit_test(the_rule_says_how),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
