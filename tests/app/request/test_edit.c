/* SPDX-License-Identifier: Apache-2.0 */
#include "app/request/asked.h"

#define PUT(more, members)                                                                         \
    "{\"command\": \"rule\", \"verb\": \"put\"" more ", \"text\": \"{\\\"rule_id\\\": \\\"r\\\", " \
    "\\\"name\\\": \\\"n\\\", \\\"description\\\": \\\"d\\\", \\\"type\\\": \\\"query\\\", "       \
    "\\\"query\\\": \\\"a: 1\\\", \\\"severity\\\": \\\"low\\\", \\\"risk_score\\\": 3" members    \
    "}\"}"

static void row(struct world *w, struct arena *arena, struct store_rule *out)
{
    HELP_OK(store_state_rule_get(w->data->state, "r", arena, out));
}

static void put_and_deleted(void **state)
{
    (void)state;
    struct world w;
    struct arena arena;
    struct store_rule rule;
    begin(&w);
    arena_init(&arena, 0);
    WRONG(PUT("", ""), "rule_id: \"r\" not found");
    DONE(PUT(", \"fresh\": true", ""));
    row(&w, &arena, &rule);
    assert_true(rule.enabled);
    assert_non_null(strstr(rule.doc, "\"interval\":\"5m\""));
    WRONG(PUT(", \"fresh\": true", ""), "rule_id: \"r\" already exists");
    DONE(PUT("", ", \\\"enabled\\\": false, \\\"revision\\\": 1"));
    row(&w, &arena, &rule);
    assert_false(rule.enabled);
    /* Who read another revision has not seen what he overwrites. */
    assert_int_equal(ask(&w, PUT(", \"revision\": 0", ", \\\"revision\\\": 1")), 1);
    assert_non_null(strstr(remarks(&w), "changed by somebody else"));
    DONE(PUT(", \"revision\": 1", ", \\\"revision\\\": 2, \\\"note\\\": \\\"x\\\""));
    row(&w, &arena, &rule);
    assert_non_null(strstr(rule.doc, "\"note\":\"x\""));
    WRONG(PUT("", ", \\\"max_signals\\\": 0"), "max_signals");
    WRONG("{\"command\": \"rule\", \"verb\": \"put\", \"text\": \"{\"}", "rule:1");
    row(&w, &arena, &rule);
    assert_non_null(strstr(rule.doc, "\"note\":\"x\""));
    DONE("{\"command\": \"rule\", \"verb\": \"delete\", \"id\": \"r\"}");
    WRONG("{\"command\": \"rule\", \"verb\": \"delete\", \"id\": \"r\"}", "no rule 'r'");
    arena_release(&arena);
    end(&w);
}

#define OBJECT(id, more, members)                                                                  \
    "{" more "\"text\": \"{\\\"rule_id\\\": \\\"" id "\\\", \\\"name\\\": \\\"n\\\", "             \
    "\\\"description\\\": \\\"d\\\", \\\"type\\\": \\\"query\\\", \\\"query\\\": \\\"a: 1\\\", "   \
    "\\\"severity\\\": \\\"low\\\", \\\"risk_score\\\": 3" members "}\"}"
#define FRESH "\"fresh\": true, "

/* Each for itself, in one transaction: those that are wrong are told of. */
static void many(void **state)
{
    (void)state;
    struct world w;
    struct arena arena;
    struct store_rule rule;
    begin(&w);
    arena_init(&arena, 0);
    DONE(PUT(", \"fresh\": true", ""));
    DONE("{\"command\": \"rule\", \"verb\": \"put\", \"objects\": [" OBJECT("x", FRESH, "") "," OBJECT(
        "r", FRESH,
        "") "," OBJECT("y", FRESH,
                       ", \\\"max_signals\\\": 0") "," OBJECT("r", "\"revision\": 7, ",
                                                              "") "," OBJECT("z", "",
                                                                             "") "," OBJECT("r", "",
                                                                                            ", "
                                                                                            "\\\"no"
                                                                                            "te\\\""
                                                                                            ": "
                                                                                            "\\\"m"
                                                                                            "\\\"") "]}");
    assert_int_equal(lines(&w), 4);
    assert_non_null(strstr(said(&w), "{\"at\":1,\"code\":-6,\"message\":\"rule_id: \\\"r\\\" "
                                     "already exists\"}\n"));
    assert_non_null(strstr(said(&w), "{\"at\":2,\"code\":-7,\"message\":\"max_signals"));
    assert_non_null(strstr(said(&w), "{\"at\":3,\"code\":-14,"));
    assert_non_null(strstr(said(&w), "{\"at\":4,\"code\":-5,"));
    HELP_OK(store_state_rule_get(w.data->state, "x", &arena, &rule));
    row(&w, &arena, &rule);
    assert_non_null(strstr(rule.doc, "\"note\":\"m\""));
    DONE("{\"command\": \"rule\", \"verb\": \"delete\", \"objects\": [{\"text\": \"x\"}, "
         "{\"text\": \"none\"}, {\"text\": \"r\"}]}");
    assert_int_equal(lines(&w), 1);
    assert_non_null(strstr(said(&w), "{\"at\":1,\"code\":-5,"));
    assert_int_equal(store_state_rule_get(w.data->state, "r", &arena, &rule), ERR_NOT_FOUND);
    arena_release(&arena);
    end(&w);
}

/* A rule of a package that is changed stays the package's. */
static void of_a_package(void **state)
{
    (void)state;
    struct world w;
    struct arena arena;
    struct store_rule rule = {
        .id = "r", .doc = help_rule, .package = "p", .created = 7, .last_run = TIME_NONE};
    begin(&w);
    arena_init(&arena, 0);
    HELP_OK(store_state_rule_put(w.data->state, &rule));
    DONE(PUT("", ""));
    row(&w, &arena, &rule);
    assert_string_equal(rule.package, "p");
    assert_int_equal(rule.created, 7);
    arena_release(&arena);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(put_and_deleted), cmocka_unit_test(many),
                                       cmocka_unit_test(of_a_package)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
