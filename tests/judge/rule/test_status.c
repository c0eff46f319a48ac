/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/status.h"

#include "base/utf8.h"
#include "cmocka_head.h"
#include "format/node.h"
#include "format/write.h"

#include <stdio.h>
#include <string.h>

static void an_error_outranks_a_warning(void **state)
{
    (void)state;
    struct rule_status s;
    rule_status_init(&s, 0);
    assert_int_equal(rule_status_state(&s), RULE_SUCCEEDED);
    assert_true(strlen(rule_status_message(&s)) > 0);
    rule_status_warn(&s, "a warning");
    assert_int_equal(rule_status_state(&s), RULE_WARNED);
    rule_status_error(&s, "an error");
    rule_status_warn(&s, "another warning");
    assert_int_equal(rule_status_state(&s), RULE_FAILED);
    assert_string_equal(rule_status_message(&s), "an error");
    rule_status_release(&s);
}

static void messages_are_told_once_and_within_limits(void **state)
{
    (void)state;
    struct rule_status s;
    rule_status_init(&s, 0);
    rule_status_warn(&s, "job a is closed");
    rule_status_warn(&s, "job a is closed");
    rule_status_warn(&s, "job a");
    rule_status_warn(&s, "job a is closed, too");
    assert_string_equal(rule_status_message(&s), "job a is closed, job a, job a is closed, too");
    for (unsigned i = 0; i < 100; i++) {
        char text[32];
        snprintf(text, sizeof(text), "warning %u", i);
        rule_status_warn(&s, text);
    }
    assert_int_equal(s.warnings_n, RULE_STATUS_MESSAGES);
    rule_status_release(&s);

    rule_status_init(&s, 0);
    char wide[3 * 5000 + 1];
    for (unsigned i = 0; i < 5000; i++)
        memcpy(wide + 3 * i, "\xe2\x82\xac", 3);
    wide[sizeof(wide) - 1] = '\0';
    rule_status_error(&s, wide);
    rule_status_error(&s, "one more");
    assert_true(s.errors.n <= RULE_STATUS_BYTES);
    assert_true(s.errors.n > RULE_STATUS_BYTES - 3);
    assert_true(utf8_valid(s.errors.p, s.errors.n));
    rule_status_release(&s);
}

static void the_document_has_kibanas_names(void **state)
{
    (void)state;
    struct rule_status s;
    rule_status_init(&s, 1700000000 * TIME_S);
    rule_status_error(&s, "gap");
    s.gap = 90 * TIME_S;
    s.gap_range = (struct rule_range){0, 90 * TIME_S};
    s.created = 2;
    struct buf out;
    struct format_writer w;
    buf_init(&out);
    format_write_init(&w, &out);
    rule_status_write(&s, &w);
    struct format_node *v;
    struct err_text why;
    assert_int_equal(format_node_json(out.p, out.n, "s", &v, &why), ERR_NONE);
    assert_string_equal(format_node_str(format_node_get(v, "date"), ""),
                        "2023-11-14T22:13:20.000Z");
    assert_string_equal(format_node_str(format_node_get(v, "status"), ""), "failed");
    assert_int_equal(format_node_int(format_node_get(v, "status_order"), 0), 30);
    const struct format_node *m = format_node_get(v, "metrics");
    assert_int_equal(format_node_int(format_node_get(m, "execution_gap_duration_s"), 0), 90);
    assert_string_equal(
        format_node_str(format_node_get(format_node_get(m, "gap_range"), "lte"), ""),
        "1970-01-01T00:01:30.000Z");
    assert_null(format_node_get(m, "total_search_duration_ms"));
    format_node_free(v);
    buf_release(&out);
    rule_status_release(&s);
}

static void states_have_their_names_and_order(void **state)
{
    (void)state;
    assert_string_equal(rule_state_name(RULE_WARNED), "partial failure");
    assert_int_equal(rule_state_order(RULE_SUCCEEDED), 0);
    assert_int_equal(rule_state_order(RULE_RUNNING), 15);
    assert_int_equal(rule_state_order(RULE_WARNED), 20);
    assert_int_equal(rule_state_order(RULE_FAILED), 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_outranks_a_warning),
        cmocka_unit_test(messages_are_told_once_and_within_limits),
        cmocka_unit_test(the_document_has_kibanas_names),
        cmocka_unit_test(states_have_their_names_and_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
