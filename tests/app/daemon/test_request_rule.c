/* SPDX-License-Identifier: Apache-2.0 */
/* What people ask about rules besides the rules: exceptions, value lists, runs, gaps. */
#include "app/daemon/asked.h"
#include "daemon/gaps.h"

#define RULE "\"id\": \"" HELP_RULE_ID "\""

static void test_exception(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    DONE("{\"command\": \"exception\", \"verb\": \"list\"}");
    assert_int_equal(lines(&w), 1);
    WRONG("{\"command\": \"exception\", \"verb\": \"add\", \"text\": \"{}\", \"name\": \"x.json\"}",
          "no exception list");
    WRONG("{\"command\": \"exception\", \"verb\": \"add\", \"text\": \"{\\\"list_id\\\": "
          "\\\"l\\\"}\", "
          "\"name\": \"x.json\"}",
          "must have the key");
    DONE("{\"command\": \"exception\", \"verb\": \"add\", \"text\": \"{\\\"list_id\\\": \\\"l\\\", "
         "\\\"name\\\": \\\"n\\\", \\\"type\\\": \\\"detection\\\"}\", \"name\": \"x.json\"}");
    assert_non_null(strstr(remarks(&w), "1 lists and 0 items"));
    DONE("{\"command\": \"exception\", \"verb\": \"list\"}");
    assert_int_equal(lines(&w), 2);
    WRONG("{\"command\": \"exception\", \"verb\": \"remove\", \"id\": \"m\"}", "'m'");
    WRONG("{\"command\": \"exception\", \"verb\": \"close\", \"id\": \"r\"}", "no rule 'r'");
    WRONG("{\"command\": \"exception\", \"verb\": \"open\"}", "'open'");
    DONE("{\"command\": \"exception\", \"verb\": \"remove\", \"id\": \"l\"}");
    WRONG("{\"command\": \"values\", \"verb\": \"add\", \"id\": \"v\", \"text\": \"a\\nb c\", "
          "\"name\": \"v.txt\", \"type\": \"ip\"}",
          "v.txt:1");
    DONE("{\"command\": \"values\", \"verb\": \"add\", \"id\": \"v\", \"text\": \"b c\\na\", "
         "\"name\": \"v.txt\"}");
    DONE("{\"command\": \"values\", \"verb\": \"list\"}");
    assert_non_null(strstr(said(&w), "keyword          2\n"));
    DONE("{\"command\": \"values\", \"verb\": \"list\", \"id\": \"v\"}");
    assert_string_equal(said(&w), "a\nb c\n");
    WRONG("{\"command\": \"values\", \"verb\": \"list\", \"id\": \"w\"}", "no value list 'w'");
    WRONG("{\"command\": \"values\", \"verb\": \"sort\"}", "'sort'");
    DONE("{\"command\": \"values\", \"verb\": \"remove\", \"id\": \"v\"}");
    WRONG("{\"command\": \"values\", \"verb\": \"remove\", \"id\": \"v\"}", "no value list 'v'");
    end(&w);
}

static void test_runs(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    const struct store_rule rule = {.id = HELP_RULE_ID, .doc = help_rule, .last_run = TIME_NONE};
    HELP_OK(store_state_rule_put(w.data->state, &rule));
    struct store_run run = {.rule_id = HELP_RULE_ID,
                            .time = HELP_BASE,
                            .status = "failed",
                            .message = "a gap",
                            .doc = "{\"metrics\":{\"alerts_suppressed\":7}}",
                            .alerts = 3};
    HELP_OK(store_state_run_put(w.data->state, &run));
    run.time += TIME_MIN;
    run.manual = true;
    run.doc = NULL;
    HELP_OK(store_state_run_put(w.data->state, &run));
    HELP_OK(daemon_gaps_note(w.data->state, HELP_RULE_ID, HELP_BASE, HELP_BASE + TIME_HOUR,
                             HELP_BASE + TIME_HOUR, &help_why));
    DONE("{\"command\": \"rule\", \"verb\": \"history\", " RULE "}");
    assert_non_null(strstr(said(&w), " scheduled failed                3          7"));
    assert_non_null(strstr(said(&w), " manual    failed "));
    DONE("{\"command\": \"rule\", \"verb\": \"history\", \"limit\": 1, " RULE "}");
    assert_int_equal(lines(&w), 2);
    DONE("{\"command\": \"rule\", \"verb\": \"gaps\", " RULE "}");
    assert_int_equal(lines(&w), 2);
    assert_non_null(strstr(said(&w), " unfilled         1h (3600000 ms)"));
    WRONG("{\"command\": \"rule\", \"verb\": \"history\", \"id\": \"none\"}", "no rule 'none'");
    /* The gap is filled by runs over its hour, of five minutes each. */
    WRONG("{\"command\": \"rule\", \"verb\": \"run\", " RULE "}", "--from and --to");
    WRONG("{\"command\": \"rule\", \"verb\": \"run\", \"id\": \"none\", \"from\": \"now-1h\", "
          "\"to\": "
          "\"now\"}",
          "no rule 'none'");
    WRONG("{\"command\": \"rule\", \"verb\": \"run\", \"from\": \"now\", \"to\": \"now-1h\", " RULE
          "}",
          "--from must lie before --to");
    WRONG(
        "{\"command\": \"rule\", \"verb\": \"run\", \"from\": \"now-1h\", \"to\": \"now+1h\", " RULE
        "}",
        "not in the future");
    assert_int_equal(
        ask(&w, "{\"command\": \"rule\", \"verb\": \"run\", \"from\": \"now-3000d\", \"to\": "
                "\"now\", " RULE "}"),
        1);
    DONE("{\"command\": \"rule\", \"verb\": \"run\", \"from\": \"now-1h\", \"to\": "
         "\"now-30m\", " RULE "}");
    assert_non_null(strstr(remarks(&w), " runs, 0 of them failed: 0 alerts"));
    DONE("{\"command\": \"rule\", \"verb\": \"gaps\", " RULE "}");
    assert_non_null(strstr(said(&w), " partially_filled 30m "));
    DONE("{\"command\": \"rule\", \"verb\": \"run\", \"from\": \"now-1h\", \"to\": \"now\", " RULE
         "}");
    DONE("{\"command\": \"rule\", \"verb\": \"gaps\", " RULE "}");
    assert_non_null(strstr(said(&w), " filled           -\n"));
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exception),
        cmocka_unit_test(test_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
