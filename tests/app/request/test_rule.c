/* SPDX-License-Identifier: Apache-2.0 */
/* What people ask about rules besides the rules: exceptions, value lists, runs, gaps. */
#include "app/request/asked.h"

#include "engine/gaps.h"
#include "store/state_except.h"

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
    WRONG(
        "{\"command\": \"exception\", \"verb\": \"add\", \"text\": \"{\\\"list_id\\\": \\\"l\\\", "
        "\\\"name\\\": \\\"n\\\", \\\"type\\\": \\\"simple\\\", \\\"entries\\\": [{\\\"field\\\": "
        "\\\"source.ip\\\", \\\"operator\\\": \\\"included\\\", \\\"type\\\": \\\"match\\\", "
        "\\\"value\\\": \\\"notanip\\\"}]}\", \"name\": \"x.json\"}",
        "cannot be applied: field source.ip");
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

/* Exceptions and value lists as whole objects, as programs bring them. */
static void test_objects(void **state)
{
    (void)state;
    struct world w;
#define LIST                                                                                       \
    "\"text\": \"{\\\"list_id\\\": \\\"l\\\", \\\"name\\\": \\\"n\\\", \\\"type\\\": "             \
    "\\\"detection\\\"}\""
#define ITEM(list)                                                                                 \
    "\"text\": \"{\\\"list_id\\\": \\\"" list "\\\", \\\"item_id\\\": \\\"l\\\", "                 \
    "\\\"name\\\": \\\"n\\\", \\\"type\\\": \\\"simple\\\", \\\"_version\\\": \\\"4\\\", "         \
    "\\\"entries\\\": [{\\\"field\\\": \\\"f\\\", \\\"operator\\\": \\\"included\\\", "            \
    "\\\"type\\\": \\\"exists\\\"}]}\""
#define ADD(objects) "{\"command\": \"exception\", \"verb\": \"add\", \"objects\": [" objects "]}"
#define FRESH "{\"fresh\": true, "
    begin(&w);
    /* Each for itself: one that is wrong does not hold back the others. */
    DONE(ADD(FRESH ITEM("l") "}," FRESH LIST "}," FRESH LIST "}," FRESH ITEM("l") "}," FRESH ITEM(
        "l") "}," FRESH ITEM("none") "}," FRESH "\"text\": \"{\\\"list_id\\\": \\\"l\\\"}\"}," FRESH
                                     "\"text\": \"{}\"}"));
    assert_int_equal(lines(&w), 6);
    assert_non_null(strstr(said(&w),
                           "{\"at\":0,\"code\":-7,\"message\":\"the item \\\"n\\\" is of the "
                           "list l (single), which is not there\"}"));
    assert_non_null(strstr(said(&w),
                           "{\"at\":2,\"code\":-6,\"message\":\"exception list id: \\\"l\\\" "
                           "already exists\"}"));
    assert_non_null(strstr(said(&w), "{\"at\":4,\"code\":-6,\"message\":\"exception list item id: "
                                     "\\\"l\\\" already exists\"}"));
    assert_non_null(strstr(said(&w), "{\"at\":6,\"code\":-7,"));
    assert_non_null(strstr(said(&w), "must have the key"));
    assert_non_null(strstr(said(&w), "neither an exception list nor an item"));
    /* Who has seen another version does not overwrite. */
    DONE(ADD("{\"version\": \"4\", " ITEM("l") "},{" LIST "}"));
    assert_int_equal(lines(&w), 0);
    DONE(ADD("{\"version\": \"3\", " ITEM("l") "},{\"version\": \"2\", " LIST "}"));
    assert_int_equal(lines(&w), 2);
    assert_non_null(strstr(said(&w),
                           "{\"at\":0,\"code\":-14,\"message\":\"item_id: \\\"l\\\" was changed "
                           "by somebody else meanwhile\"}"));
    assert_non_null(strstr(said(&w), "list_id"));
    /* List and item have the same name. */
    DONE("{\"command\": \"exception\", \"verb\": \"remove\", \"kind\": \"item\", \"id\": \"l\"}");
    WRONG("{\"command\": \"exception\", \"verb\": \"remove\", \"kind\": \"item\", \"id\": \"l\"}",
          "cannot be deleted");
    WRONG("{\"command\": \"exception\", \"verb\": \"remove\", \"kind\": \"list\", \"id\": \"l\", "
          "\"namespace_type\": \"agnostic\"}",
          "cannot be deleted");
    DONE("{\"command\": \"exception\", \"verb\": \"remove\", \"kind\": \"list\", \"id\": \"l\"}");
    DONE("{\"command\": \"values\", \"verb\": \"put\", \"id\": \"v\", \"type\": \"ip\", "
         "\"fresh\": true, \"text\": \"{}\"}");
    WRONG("{\"command\": \"values\", \"verb\": \"put\", \"id\": \"v\", \"type\": \"ip\", "
          "\"fresh\": true, \"text\": \"{}\"}",
          "list id: \"v\" already exists");
    WRONG("{\"command\": \"values\", \"verb\": \"put\", \"id\": \"v\", \"type\": \"keyword\"}",
          "is of type ip, not keyword");
    WRONG("{\"command\": \"values\", \"verb\": \"put\", \"id\": \"u\", \"type\": \"colour\"}",
          "colour");
    /* Whoever changes it has read what it is. */
    assert_int_equal(ask(&w,
                         "{\"command\": \"values\", \"verb\": \"put\", \"id\": \"v\", \"type\": "
                         "\"ip\", \"was\": \"{\\\"a\\\":1}\", \"text\": \"{}\"}"),
                     1);
    assert_non_null(strstr(remarks(&w), "was changed meanwhile"));
    DONE("{\"command\": \"values\", \"verb\": \"put\", \"id\": \"v\", \"type\": \"ip\", "
         "\"was\": \"{}\", \"text\": \"{\\\"a\\\":2}\"}");
    DONE("{\"command\": \"values\", \"verb\": \"add\", \"id\": \"v\", \"text\": \"10.0.0.1\"}");
    DONE("{\"command\": \"values\", \"verb\": \"take\", \"id\": \"v\", \"value\": \"10.0.0.1\"}");
    WRONG("{\"command\": \"values\", \"verb\": \"take\", \"id\": \"v\", \"value\": \"10.0.0.1\"}",
          "has no value '10.0.0.1'");
    /* One in place of another: both or neither. */
    WRONG("{\"command\": \"values\", \"verb\": \"add\", \"id\": \"v\", \"text\": \"10.0.0.2\", "
          "\"instead\": \"10.0.0.1\"}",
          "has no value '10.0.0.1'");
    DONE("{\"command\": \"values\", \"verb\": \"list\", \"id\": \"v\"}");
    assert_int_equal(lines(&w), 0);
    DONE("{\"command\": \"values\", \"verb\": \"add\", \"id\": \"v\", \"text\": \"10.0.0.1\"}");
    WRONG("{\"command\": \"values\", \"verb\": \"add\", \"id\": \"v\", \"text\": \"word\", "
          "\"instead\": \"10.0.0.1\"}",
          "word");
    DONE("{\"command\": \"values\", \"verb\": \"list\", \"id\": \"v\"}");
    assert_string_equal(said(&w), "10.0.0.1\n");
    DONE("{\"command\": \"values\", \"verb\": \"add\", \"id\": \"v\", \"text\": \"10.0.0.3\", "
         "\"instead\": \"10.0.0.1\"}");
    DONE("{\"command\": \"values\", \"verb\": \"list\", \"id\": \"v\"}");
    assert_string_equal(said(&w), "10.0.0.3\n");
    end(&w);
}

static void test_export(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    const struct store_rule rule = {.id = HELP_RULE_ID, .doc = help_rule, .last_run = TIME_NONE};
    HELP_OK(store_state_rule_put(w.data->state, &rule));
    /* All of a list, or none. */
    WRONG("{\"command\": \"rule\", \"verb\": \"enable\", \"ids\": [\"" HELP_RULE_ID
          "\", \"none\"]}",
          "no rule 'none'");
    DONE("{\"command\": \"rule\", \"verb\": \"list\"}");
    assert_non_null(strstr(said(&w), "disabled"));
    DONE("{\"command\": \"rule\", \"verb\": \"enable\", \"ids\": [\"" HELP_RULE_ID "\"]}");
    DONE("{\"command\": \"rule\", \"verb\": \"list\"}");
    assert_null(strstr(said(&w), "disabled"));
    DONE("{\"command\": \"rule\", \"verb\": \"export\", \"ids\": [\"none\"]}");
    assert_int_equal(lines(&w), 1);
    assert_non_null(strstr(said(&w), "\"missing_rules\":[{\"rule_id\":\"none\"}]"));
    DONE("{\"command\": \"rule\", \"verb\": \"export\", \"ids\": [\"" HELP_RULE_ID "\"]}");
    assert_int_equal(lines(&w), 2);
    assert_non_null(strstr(said(&w), "\"missing_rules\":[],\"missing_rules_count\":0"));
    DONE("{\"command\": \"rule\", \"verb\": \"export\"}");
    assert_int_equal(lines(&w), 2);
    end(&w);
}

/* What a preview has to say stands among the alerts for those who see data only. */
static void test_remarks(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct err_text why;
    const char *rule =
        "{\"command\": \"rule\", \"verb\": \"preview\", \"remarks\": true, \"from\": \"now-5m\", "
        "\"text\": \"{\\\"rule_id\\\": \\\"r\\\", \\\"name\\\": \\\"n\\\", \\\"description\\\": "
        "\\\"d\\\", \\\"type\\\": \\\"query\\\", \\\"query\\\": \\\"a: 1\\\", \\\"severity\\\": "
        "\\\"low\\\", \\\"risk_score\\\": 3, \\\"exceptions_list\\\": [{\\\"id\\\": \\\"x\\\", "
        "\\\"list_id\\\": \\\"gone\\\", \\\"type\\\": \\\"detection\\\", \\\"namespace_type\\\": "
        "\\\"single\\\"}]}\"}";
    struct buf out;
    buf_init(&out);
    HELP_OK(request_act(w.data, rule, strlen(rule), NULL, NULL, &out, &why));
    if (strstr(buf_text(&out), "{\"weir.remark\":\"warning\",\"at\":\"") == NULL)
        fail_msg("%s", buf_text(&out));
    buf_release(&out);
    end(&w);
}

#define IMPORT(value, overwrite)                                                                   \
    "{\"command\": \"rule\", \"verb\": \"import\", \"name\": \"r.ndjson\", "                       \
    "\"overwrite\": " overwrite ", \"text\": \"{\\\"list_id\\\":\\\"l\\\",\\\"name\\\":\\\"l\\\"," \
    "\\\"type\\\":\\\"detection\\\"}\\n{\\\"list_id\\\":\\\"l\\\",\\\"item_id\\\":"                \
    "\\\"i\\\",\\\"name\\\":\\\"i\\\",\\\"type\\\":\\\"simple\\\",\\\"entries\\\":"                \
    "[{\\\"field\\\":\\\"user.name\\\",\\\"operator\\\":\\\"included\\\",\\\"type\\\":"            \
    "\\\"match\\\",\\\"value\\\":\\\"" value "\\\"}]}\"}"

/* Exceptions that are there are guarded as rules are. */
static void test_import_of_exceptions(void **state)
{
    (void)state;
    struct world w;
    struct buf doc;
    begin(&w);
    buf_init(&doc);
    DONE(IMPORT("alice", "false"));
    assert_non_null(strstr(remarks(&w), "1 exception lists and 1 items imported"));
    WRONG(IMPORT("mallory", "false"), "there is an exception item 'i' already");
    assert_non_null(strstr(remarks(&w), "there is an exception list 'l' already"));
    assert_non_null(strstr(remarks(&w), "0 rules and 2 exceptions or connectors were refused"));
    HELP_OK(store_state_except_item(w.data->state, "i", "single", &doc));
    assert_non_null(strstr(buf_text(&doc), "alice"));
    DONE(IMPORT("mallory", "true"));
    buf_clear(&doc);
    HELP_OK(store_state_except_item(w.data->state, "i", "single", &doc));
    assert_non_null(strstr(buf_text(&doc), "mallory"));
    buf_release(&doc);
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
    HELP_OK(engine_gaps_note(w.data->state, HELP_RULE_ID, HELP_BASE, HELP_BASE + TIME_HOUR,
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
    /* Longer than a time can count. */
    assert_int_equal(ask(&w, "{\"command\": \"rule\", \"verb\": \"run\", \"from\": "
                             "\"1700-01-01T00:00:00Z\", \"to\": \"now\", " RULE "}"),
                     1);
    assert_non_null(strstr(remarks(&w), "more than 10000 intervals"));
    assert_int_equal(ask(&w, "{\"command\": \"rule\", \"verb\": \"preview\", \"from\": "
                             "\"1700-01-01T00:00:00Z\", \"to\": \"now\", " RULE "}"),
                     1);
    assert_non_null(strstr(remarks(&w), "more than 10000 intervals"));
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
        cmocka_unit_test(test_exception), cmocka_unit_test(test_import_of_exceptions),
        cmocka_unit_test(test_runs),      cmocka_unit_test(test_objects),
        cmocka_unit_test(test_export),    cmocka_unit_test(test_remarks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
