/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/table.h"

#include "base/buf.h"
#include "cmocka_head.h"
#include "rule/wrap.h"

#include <string.h>

static void row(const char *json, struct buf *out)
{
    struct err_text why;
    assert_int_equal(rule_table_row(bytes_make(json, strlen(json)), 0, out, &why), ERR_NONE);
}

static void columns_stand_below_each_other(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    rule_table_head(0, &out);
    row("{\"weir.alert.from\":\"2024-05-01T21:00:00.000Z\",\"kibana.alert.severity\":\"low\","
        "\"weir.alert.score\":97.6,\"weir.alert.who\":\"192.0.2.5\",\"weir.alert.whom\":\"x\","
        "\"weir.alert.what\":\"port 4444\",\"weir.alert.came\":\"48.3 MB\","
        "\"weir.alert.usual\":\"120 kB\",\"kibana.alert.rule.name\":\"A rule\","
        "\"weir.alert.to\":\"2024-05-02T00:00:00.000Z\",\"weir.alert.job\":\"a_job\","
        "\"weir.alert.events.which\":\"source.ip: \\\"192.0.2.5\\\"\"}",
        &out);
    const char *third = strchr(strchr(buf_text(&out), '\n') + 1, '\n') + 1;
    assert_string_equal(third, "    job a_job; events 2024-05-01 21:00 to 2024-05-02 00:00: "
                               "source.ip: \"192.0.2.5\"\n");
    const char *second = strchr(buf_text(&out), '\n') + 1;
    size_t rule_column = (size_t)(strstr(buf_text(&out), "rule\n") - buf_text(&out));
    assert_int_equal(strncmp(second + rule_column, "A rule\n", 7), 0);
    assert_int_equal(strncmp(second, "2024-05-01 21:00  low          97  192.0.2.5 ", 45), 0);
    buf_release(&out);
}

static void an_end_on_the_same_day_has_no_date(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    row("{\"weir.alert.from\":\"2024-05-01T21:00:00.000Z\",\"weir.alert.job\":\"j\","
        "\"weir.alert.to\":\"2024-05-01T21:15:00.000Z\",\"kibana.alert.rule.name\":\"R\"}",
        &out);
    assert_non_null(strstr(buf_text(&out), "    job j; events 2024-05-01 21:00 to 21:15\n"));
    buf_release(&out);
}

static void long_text_is_cut_and_wide_text_counted_by_characters(void **state)
{
    (void)state;
    struct buf a;
    struct buf b;
    buf_init(&a);
    buf_init(&b);
    row("{\"weir.alert.who\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
        "\"kibana.alert.rule.name\":\"R\"}",
        &a);
    row("{\"weir.alert.who\":\"\xc3\xa4\xc3\xa4\",\"kibana.alert.rule.name\":\"R\"}", &b);
    assert_non_null(strstr(buf_text(&a), "aaaaaaaaaaaaaaaaaaaaaaa\xe2\x80\xa6  "));
    buf_clear(&b);
    row("{\"weir.alert.who\":\"192.0.2.111 and 192.0.2.112 and 7 more\",\"weir.alert.whom\":\"x\","
        "\"kibana.alert.rule.name\":\"R\"}",
        &b);
    assert_non_null(strstr(buf_text(&b), "  192.0.2.111 and\xe2\x80\xa6          x "));
    buf_clear(&b);
    row("{\"weir.alert.who\":\"\xc3\xa4\xc3\xa4\",\"kibana.alert.rule.name\":\"R\"}", &b);
    /* Each ellipsis has two bytes more than columns, each umlaut one. */
    assert_int_equal(a.n - 2, b.n - 2);
    buf_release(&a);
    buf_release(&b);
}

static void nothing_from_traffic_steers_the_terminal(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    row("{\"weir.alert.who\":\"a\\u001b[31m\\n\\u009bx\",\"weir.alert.whom\":\"b\\u202ec\","
        "\"kibana.alert.rule.name\":\"R\\r\",\"weir.alert.job\":\"j\\u0007\","
        "\"weir.alert.events.which\":\"\\u001bc\\n\"}",
        &out);
    assert_null(strchr(buf_text(&out), 0x1b));
    assert_null(strchr(buf_text(&out), '\r'));
    assert_null(strstr(buf_text(&out), "\xc2\x9b"));
    assert_null(strstr(buf_text(&out), "\xe2\x80\xae"));
    assert_non_null(strstr(buf_text(&out), "a?[31m??x"));
    assert_non_null(strstr(buf_text(&out), "b?c"));
    assert_null(strchr(buf_text(&out), 0x07));
    const char *second = strchr(buf_text(&out), '\n') + 1;
    assert_ptr_equal(strchr(second, '\n'), buf_text(&out) + out.n - 1);
    buf_release(&out);
}

static void what_is_no_alert_is_refused(void **state)
{
    (void)state;
    struct buf out;
    struct err_text why;
    buf_init(&out);
    assert_int_equal(rule_table_row(bytes_make("{}", 2), 0, &out, &why), ERR_FORMAT);
    assert_int_equal(rule_table_row(bytes_make("{", 1), 0, &out, &why), ERR_FORMAT);
    assert_int_equal(out.n, 0);
    buf_release(&out);
}

static const char tunnel[] =
    "{\"weir.alert.from\":\"2024-05-01T21:00:00.000Z\",\"kibana.alert.severity\":\"low\","
    "\"weir.alert.score\":97.6,\"weir.alert.who\":\"192.0.2.111 and 192.0.2.112\","
    "\"weir.alert.whom\":\"198.51.100.7\",\"weir.alert.what\":\"DNS names under pirate.sea\","
    "\"weir.alert.came\":\"6.7 kB\",\"weir.alert.usual\":\"25.0 bytes\","
    "\"kibana.alert.rule.name\":\"DNS Tunneling of Many Bytes\","
    "\"weir.alert.to\":\"2024-05-01T21:15:00.000Z\",\"weir.alert.job\":\"a_job\","
    "\"weir.alert.events.which\":\"dns.question.registered_domain: \\\"pirate.sea\\\" and "
    "source.ip: \\\"192.0.2.111\\\" and destination.ip: \\\"198.51.100.7\\\"\"}";

static void is_within(unsigned width, const char *expected)
{
    struct buf out;
    struct err_text why;
    buf_init(&out);
    rule_table_head(width, &out);
    assert_int_equal(rule_table_row(bytes_make(tunnel, sizeof(tunnel) - 1), width, &out, &why),
                     ERR_NONE);
    assert_string_equal(buf_text(&out), expected);
    buf_release(&out);
}

static void long_lines_go_on_below_themselves(void **state)
{
    (void)state;
    is_within(170, "when (UTC)        severity  score  who                       to whom           "
                   "        over                                     came       expected  rule\n"
                   "2024-05-01 21:00  low          97  192.0.2.111 and\xe2\x80\xa6          "
                   "198.51.100.7              DNS names under pirate.sea             6.7 kB     "
                   "25.0 bytes  DNS Tunneling of Many\n"
                   "                                                                              "
                   "                                                                       Bytes\n"
                   "    job a_job; events 2024-05-01 21:00 to 21:15: "
                   "dns.question.registered_domain: \"pirate.sea\" and source.ip: "
                   "\"192.0.2.111\" and destination.ip: "
                   "\"198.51.100.7\"\n");
}

static void a_narrower_table_has_lines_for_the_rule(void **state)
{
    (void)state;
    is_within(
        120, "when (UTC)        severity  score  who                       to whom                 "
             "           came       expected\n"
             "2024-05-01 21:00  low          97  192.0.2.111 and\xe2\x80\xa6          198.51.100.7 "
             "                    6.7 kB     25.0 bytes\n"
             "    DNS Tunneling of Many Bytes: DNS names under pirate.sea\n"
             "    job a_job; events 2024-05-01 21:00 to 21:15: dns.question.registered_domain: "
             "\"pirate.sea\" and source.ip:\n"
             "        \"192.0.2.111\" and destination.ip: \"198.51.100.7\"\n");
}

static void in_few_columns_an_alert_is_a_block(void **state)
{
    (void)state;
    is_within(60, "2024-05-01 21:00  low  97  DNS Tunneling of Many Bytes\n"
                  "    who       192.0.2.111 and 192.0.2.112\n"
                  "    to whom   198.51.100.7\n"
                  "    over      DNS names under pirate.sea\n"
                  "    came      6.7 kB; expected 25.0 bytes\n"
                  "    job       a_job\n"
                  "    events    2024-05-01 21:00 to 21:15:\n"
                  "              dns.question.registered_domain: \"pirate.sea\"\n"
                  "              and source.ip: \"192.0.2.111\" and\n"
                  "              destination.ip: \"198.51.100.7\"\n");
}

/* Whatever the width, no line is longer; each fact stands on one of them. */
static void every_width_holds_the_table(void **state)
{
    (void)state;
    for (unsigned width = RULE_TABLE_LEAST; width < 260; width++) {
        struct buf out;
        struct err_text why;
        buf_init(&out);
        rule_table_head(width, &out);
        assert_int_equal(rule_table_row(bytes_make(tunnel, sizeof(tunnel) - 1), width, &out, &why),
                         ERR_NONE);
        assert_non_null(strstr(buf_text(&out), "pirate.sea"));
        assert_non_null(strstr(buf_text(&out), "198.51.100.7"));
        assert_non_null(strstr(buf_text(&out), "6.7 kB"));
        assert_non_null(strstr(buf_text(&out), "25.0"));
        char *rest = NULL;
        for (char *line = strtok_r(out.p, "\n", &rest); line != NULL;
             line = strtok_r(NULL, "\n", &rest))
            assert_true(rule_wrap_columns(line, strlen(line)) <= width);
        buf_release(&out);
    }
}

static void wide_characters_keep_the_columns(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    row("{\"weir.alert.who\":\"\xe6\xbc\xa2\xe5\xad\x97\",\"weir.alert.whom\":\"x\","
        "\"kibana.alert.rule.name\":\"R\"}",
        &out);
    /* Two characters of two columns each, in a cell of 24. */
    assert_non_null(strstr(buf_text(&out), "  \xe6\xbc\xa2\xe5\xad\x97                      x "));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_stand_below_each_other),
        cmocka_unit_test(an_end_on_the_same_day_has_no_date),
        cmocka_unit_test(long_text_is_cut_and_wide_text_counted_by_characters),
        cmocka_unit_test(nothing_from_traffic_steers_the_terminal),
        cmocka_unit_test(long_lines_go_on_below_themselves),
        cmocka_unit_test(a_narrower_table_has_lines_for_the_rule),
        cmocka_unit_test(in_few_columns_an_alert_is_a_block),
        cmocka_unit_test(every_width_holds_the_table),
        cmocka_unit_test(wide_characters_keep_the_columns),
        cmocka_unit_test(what_is_no_alert_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
