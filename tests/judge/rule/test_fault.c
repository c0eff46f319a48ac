/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for every n: nothing crashes or leaks, and it is told. */
#include "base/buf.h"
#include "cmocka_head.h"
#include "fault_memory.h"
#include "rule/engine.h"
#include "rule/export.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "rule/run.h"
#include "rule/status.h"

#include <string.h>

static const char toml[] =
    "[metadata]\ncreation_date = \"2026/01/01\"\nupdated_date = \"2026/01/01\"\n[rule]\n"
    "anomaly_threshold = 50\nauthor = [\"a\"]\ndescription = \"d\"\nfrom = \"now-6h\"\n"
    "interval = \"15m\"\nmachine_learning_job_id = [\"x_ea\", \"y\"]\nname = \"Name\"\n"
    "risk_score = 1\nrule_id = \"00000000-0000-4000-8000-000000000001\"\nseverity = \"low\"\n"
    "type = \"machine_learning\"\nodd_key = 1\nseverity_mapping = [{field = \"source.ip\", value = "
    "\"192.0.2.5\", severity = \"high\"}]\nalert_suppression = {group_by = [\"source.ip\"]}\n";

static const char record[] =
    "{\"result_type\":\"record\",\"job_id\":\"x\",\"timestamp\":0,\"bucket_span\":900,"
    "\"function\":\"high_sum\",\"field_name\":\"source.bytes\",\"record_score\":97,\"actual\":[5e6]"
    ","
    "\"typical\":[1],\"over_field_name\":\"destination.port\",\"over_field_value\":\"4444\","
    "\"influencers\":[{\"influencer_field_name\":\"source.ip\",\"influencer_field_values\":"
    "[\"192.0.2.5\"]}]}";

static const char feed[] = "{\"bool\":{\"filter\":[{\"term\":{\"event.category\":\"network\"}}],"
                           "\"must_not\":[{\"exists\":{\"field\":\"user.name\"}}]}}";

static size_t alerts;

static enum err find_records(void *ctx, const struct rule_find *find, rule_record_fn sink,
                             void *sink_ctx, uint64_t *out_total, struct err_text *why)
{
    const struct rule_record found = {"x_record_0", "index",
                                      bytes_make(record, sizeof(record) - 1)};
    (void)ctx;
    (void)find;
    (void)why;
    sink(sink_ctx, &found);
    *out_total = 1;
    return ERR_NONE;
}

static enum err find_job(void *ctx, const char *id, struct rule_job *out, struct err_text *why)
{
    (void)ctx;
    (void)id;
    (void)why;
    *out = (struct rule_job){.installed = true,
                             .job_state = "opened",
                             .datafeed_state = "stopped",
                             .query = feed,
                             .query_n = sizeof(feed) - 1};
    return ERR_NONE;
}

static enum err alert_exists(void *ctx, const char *id, bool *out, struct err_text *why)
{
    (void)ctx;
    (void)id;
    (void)why;
    *out = false;
    return ERR_NONE;
}

static enum err alert_create(void *ctx, const struct rule_alert *alert, struct err_text *why)
{
    (void)ctx;
    (void)why;
    assert_true(alert->json.n > 1000);
    alerts++;
    return ERR_NONE;
}

static enum err alerts_grouped(void *ctx, const char *group, ts_ns since, size_t max,
                               rule_grouped_fn sink, void *sink_ctx, struct err_text *why)
{
    (void)ctx;
    (void)group;
    (void)since;
    (void)max;
    (void)sink;
    (void)sink_ctx;
    (void)why;
    return ERR_NONE;
}

static const struct rule_ports ports = {.find_records = find_records,
                                        .job = find_job,
                                        .alert_exists = alert_exists,
                                        .alert_create = alert_create,
                                        .alerts_grouped = alerts_grouped};

/* Everything once, from text to alert; ERR_NONE or ERR_MEMORY. */
static enum err whole_chain(void)
{
    struct rule_set *set = rule_set_new();
    struct rule_engine *e = NULL;
    struct err_text why;
    struct buf out;
    if (set == NULL)
        return ERR_MEMORY;
    buf_init(&out);
    enum err code = rule_load_text(set, toml, sizeof(toml) - 1, "t.toml", &why);
    if (code == ERR_NONE) {
        assert_int_equal(rule_set_count(set), 1);
        struct rule *r = rule_set_at(set, 0);
        rule_export(&r, 1, NULL, &out);
        e = rule_engine_new(&ports);
        code = e == NULL || !buf_ok(&out) ? ERR_MEMORY : ERR_NONE;
    }
    if (code == ERR_NONE)
        code = rule_engine_put(e, rule_set_at(set, 0), 0, TIME_NONE, &why);
    if (code == ERR_NONE) {
        rule_engine_result(e, "x", 5 * TIME_MIN);
        code = rule_engine_advance(e, 15 * TIME_MIN, &why);
    }
    rule_engine_free(e);
    rule_set_free(set);
    buf_release(&out);
    return code;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    assert_int_equal(whole_chain(), ERR_NONE);
    assert_int_equal(alerts, 3);
    size_t told = 0;
    for (size_t n = 0; n < 20000; n++) {
        alerts = 0;
        fault_arm(n + 1);
        enum err code = whole_chain();
        if (!fault_disarm()) {
            assert_int_equal(code, ERR_NONE);
            assert_true(told > 50);
            return;
        }
        assert_true(code == ERR_NONE || code == ERR_MEMORY);
        /* Memory that was short for a message or a way to the events may cost just that; an alert
         * that is missing is told. */
        if (code == ERR_NONE)
            assert_int_equal(alerts, 3);
        told += code == ERR_MEMORY;
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
