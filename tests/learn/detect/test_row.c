/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/row.h"

#include "event/event.h"
#include "help.h"

static struct bytes text(const char *s)
{
    return bytes_make(s, strlen(s));
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        double value;
    } cases[] = {{"0", true, 0},
                 {"-17", true, -17},
                 {"0.1", true, 0.1},
                 {"123456789012345678", true, 123456789012345678.0},
                 {"1e3", true, 1000},
                 {"9007199254740993", true, 9007199254740993.0},
                 {"0.30000000000000004", true, 0.30000000000000004},
                 {"-.5", true, -.5},
                 {"", false, 0},
                 {"-", false, 0},
                 {".", false, 0},
                 {"1x", false, 0},
                 {"nan", false, 0},
                 {"inf", false, 0},
                 {"1e999", false, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct detect_value v = {.text = text(cases[i].text), .numeric = -1};
        double x = 0;
        bool ok = detect_row_number(&v, &x);
        if (ok != cases[i].ok || (ok && x != cases[i].value))
            fail_msg("%s: %d %.17g", cases[i].text, ok, x);
    }
}

static void test_times(void **state)
{
    (void)state;
    ts_ns t = 0;
    assert_true(detect_row_parse_time(DETECT_TIME_EPOCH_S, text("1700000000.25"), &t));
    assert_int_equal(t, 1700000000250000000);
    assert_true(detect_row_parse_time(DETECT_TIME_EPOCH_MS, text("1700000000250"), &t));
    assert_int_equal(t, 1700000000250000000);
    assert_true(detect_row_parse_time(DETECT_TIME_EPOCH_MS, text("2023-11-14T22:13:20.25Z"), &t));
    assert_int_equal(t, 1700000000250000000);
    assert_true(detect_row_parse_time(DETECT_TIME_ISO, text("1700000000"), &t));
    assert_int_equal(t, 1700000000000000000);
    assert_true(detect_row_parse_time(DETECT_TIME_EPOCH_S, text("-1.5"), &t));
    assert_int_equal(t, -1500000000);
    assert_true(detect_row_parse_time(DETECT_TIME_EPOCH_S, text("1700000000.123456789"), &t));
    assert_int_equal(t, 1700000000123456789);
    static const char *const bad[] = {
        "", "x", "1.2.3", "99999999999999999999", "1 2", "-", "9999-13-01T00:00Z", "100000000000"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(detect_row_parse_time(DETECT_TIME_EPOCH_S, text(bad[i]), &t));
}

static const char job_text[] =
    "{\"analysis_config\":{\"detectors\":[{\"function\":\"sum\",\"field_name\":\"source.bytes\","
    "\"by_field_name\":\"file_directory\",\"partition_field_name\":\"dns_question_etld\"}],"
    "\"influencers\":[\"host.ip\",\"odd\"]},\"data_description\":{\"time_field\":\"@timestamp\"}}";

static const struct detect_values *slot(const struct detect_plan *p, const struct detect_row *r,
                                        const char *name)
{
    for (size_t i = 0; i < p->n_slots; i++) {
        if (strcmp(p->slots[i].name, name) == 0)
            return &r->values[i];
    }
    fail_msg("no slot %s", name);
    return NULL;
}

static void check(const struct detect_values *v, uint32_t at, const char *expected)
{
    assert_true(v->n > at);
    assert_int_equal(v->v[at].text.n, strlen(expected));
    assert_memory_equal(v->v[at].text.p, expected, strlen(expected));
}

static void test_event(void **state)
{
    (void)state;
    struct detect_job *job = help_job(job_text);
    struct detect_plan plan;
    struct detect_row row;
    assert_int_equal(detect_plan_init(&plan, job), ERR_NONE);
    assert_int_equal(detect_row_init(&row, &plan), ERR_NONE);
    struct arena arena;
    arena_init(&arena, 0);
    struct event e;
    event_init(&e, &arena, 5 * TIME_S);
    event_set_i64(&e, EVENT_F_SOURCE_BYTES, 42);
    event_set_text(&e, EVENT_F_FILE_PATH, "/etc/passwd");
    struct ip ip;
    assert_true(ip_parse("10.0.0.1", 8, &ip));
    event_add_ip(&e, EVENT_F_HOST_IP, &ip);
    assert_true(ip_parse("fe80::1", 7, &ip));
    event_add_ip(&e, EVENT_F_HOST_IP, &ip);
    struct event_value odd = {.type = EVENT_STR, .len = 2, .s = "hi"};
    event_add_named(&e, "odd", 3, &odd);
    ts_ns t = 0;
    assert_true(detect_row_event_time(&plan, &e, &t));
    assert_int_equal(t, 5 * TIME_S);
    detect_row_event(&row, &plan, &e);
    check(slot(&plan, &row, "source.bytes"), 0, "42");
    check(slot(&plan, &row, "file_directory"), 0, "/etc");
    check(slot(&plan, &row, "dns_question_etld"), 0, "None");
    check(slot(&plan, &row, "host.ip"), 0, "10.0.0.1");
    check(slot(&plan, &row, "host.ip"), 1, "fe80::1");
    check(slot(&plan, &row, "odd"), 0, "hi");
    arena_release(&arena);
    detect_row_release(&row);
    detect_plan_release(&plan);
    detect_job_free(job);
}

static void test_columns(void **state)
{
    (void)state;
    struct detect_job *job = help_job(job_text);
    struct detect_plan plan;
    struct detect_row row;
    assert_int_equal(detect_plan_init(&plan, job), ERR_NONE);
    assert_int_equal(detect_row_init(&row, &plan), ERR_NONE);
    struct bytes names[] = {text("source.bytes"), text("@timestamp"), text("odd"),
                            text("dns_question_etld")};
    struct err_text why = {0};
    assert_int_equal(detect_plan_columns(&plan, names, 1, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "@timestamp"));
    assert_int_equal(detect_plan_columns(&plan, names, 4, &why), ERR_NONE);
    /* Bytes that are no UTF-8 are escaped; a column wins over the computed value. */
    struct bytes fields[] = {text("7"), text("0"),
                             text("a\xff"
                                  "b"),
                             text("x.org")};
    detect_row_columns(&row, &plan, fields);
    check(slot(&plan, &row, "odd"), 0, "a\\xffb");
    check(slot(&plan, &row, "dns_question_etld"), 0, "x.org");
    assert_int_equal(slot(&plan, &row, "file_directory")->n, 0);
    fields[2] = text("");
    detect_row_columns(&row, &plan, fields);
    assert_int_equal(slot(&plan, &row, "odd")->n, 0);
    detect_row_release(&row);
    detect_plan_release(&plan);
    detect_job_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers), cmocka_unit_test(test_times),
                                       cmocka_unit_test(test_event),
                                       cmocka_unit_test(test_columns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
