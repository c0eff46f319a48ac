/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "kibana/find.h"
#include "kibana/rule.h"

/* The rule_ids that are left, in order. */
static void gives(struct fake_world *w, const char *kql, const char *sort, bool down,
                  const char *expected)
{
    struct api_call c = make_call(w);
    struct kibana_rules rules;
    struct err_text why = {.message = ""};
    struct buf out;
    buf_init(&out);
    kibana_rules_init(&rules);
    assert_int_equal(kibana_rules_read(&c, &rules, &why), ERR_NONE);
    if (kibana_find_filter(&c, &rules, kql, &why) != ERR_NONE ||
        kibana_find_sort(&rules, sort, down, &why) != ERR_NONE)
        buf_str(&out, "wrong");
    else
        for (size_t i = 0; i < rules.n; i++)
            buf_format(&out, "%s ", rules.list[i].rule_id);
    if (strcmp(buf_text(&out), expected) != 0)
        fail_msg("%s: %s%s", kql != NULL ? kql : sort, buf_text(&out), why.message);
    buf_release(&out);
    kibana_rules_release(&rules);
    arena_release(&c.arena);
}

static void filters(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    put_rule(&w, "a", true, ",\"machine_learning_job_id\":[\"j\"]");
    put_rule(&w, "b", false,
             ",\"threat\":[{\"tactic\":{\"id\":\"TA1\",\"name\":\"Exfiltration\"}}]");
    put_rule(&w, "c", true, "");
    gives(&w, NULL, NULL, false, "a b c ");
    gives(&w, " ", NULL, false, "a b c ");
    gives(&w, "alert.attributes.enabled: true", NULL, false, "a c ");
    gives(&w, "alert.attributes.name: \"Rule b\"", NULL, false, "b ");
    gives(&w, "alert.attributes.name.keyword: *b", NULL, false, "b ");
    gives(&w, "alert.attributes.tags: (a OR c)", NULL, false, "a c ");
    gives(&w, "alert.attributes.params.machineLearningJobId: j", NULL, false, "a ");
    gives(&w, "alert.attributes.params.threat.tactic.name: Exfiltration", NULL, false, "b ");
    gives(&w, "alert.attributes.params.riskScore >= 4", NULL, false, "");
    gives(&w, "alert.attributes.params.immutable: false and not alert.attributes.tags: a", NULL,
          false, "b c ");
    gives(&w, "alert.attributes.name: (", NULL, false, "wrong");
    fake_close(&w);
}

static void orders(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    put_rule(&w, "a", false, ",\"interval\":\"9m\"");
    put_rule(&w, "b", true, ",\"interval\":\"5m\"");
    put_rule(&w, "c", false, ",\"interval\":\"7m\"");
    gives(&w, NULL, "name", true, "c b a ");
    gives(&w, NULL, "interval", false, "b c a ");
    gives(&w, NULL, "enabled", true, "b c a ");
    gives(&w, NULL, "severity", false, "a b c ");
    gives(&w, NULL, "riskScore", false, "a b c ");
    gives(&w, NULL, "created_at", false, "a b c ");
    gives(&w, NULL, "updated_at", true, "c b a ");
    gives(&w, NULL, "execution_summary.last_execution.date", false, "a b c ");
    gives(&w, NULL, "execution_summary.last_execution.status", false, "a b c ");
    gives(&w, NULL, "execution_summary.last_execution.mood", false, "wrong");
    gives(&w, NULL, "colour", false, "wrong");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(filters), cmocka_unit_test(orders)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
