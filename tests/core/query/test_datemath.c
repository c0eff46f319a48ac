/* SPDX-License-Identifier: Apache-2.0 */
#include "query/datemath.h"

#include "cmocka_head.h"

#include <string.h>

/* A Thursday in a leap year. */
#define NOW "2024-02-29T12:30:15.123456789Z"

static ts_ns iso(const char *s)
{
    ts_ns t;
    if (!time_parse_iso(s, strlen(s), &t))
        fail_msg("no time: %s", s);
    return t;
}

static void span_in(const char *text, const char *format, const struct query_zone *zone,
                    const char *from, const char *to)
{
    struct datemath_options o = {.now = iso(NOW), .format = format, .zone = zone};
    struct datemath_span s;
    struct err_text why = {0};
    char have[2][TIME_TEXT_SIZE];
    if (query_datemath_parse(text, strlen(text), &o, &s, &why) != ERR_NONE)
        fail_msg("%s: %s", text, why.message);
    time_format_iso(s.from, have[0]);
    time_format_iso(s.to, have[1]);
    if (s.from != iso(from) || s.to != iso(to))
        fail_msg("%s: %s to %s", text, have[0], have[1]);
    assert_int_equal(s.uses_now, strncmp(text, "now", 3) == 0);
}

/* In a zone without changes. */
static void span_is(const char *text, const char *format, int zone_s, const char *from,
                    const char *to)
{
    const struct query_zone zone = {.first_s = zone_s};
    span_in(text, format, zone_s != 0 ? &zone : NULL, from, to);
}

static void elasticsearch_dialect(void **state)
{
    (void)state;
    static const struct {
        const char *text, *from, *to;
    } cases[] = {
        {"now", NOW, "2024-02-29T12:30:15.123456790Z"},
        {"now-6h", "2024-02-29T06:30:15.123456789Z", "2024-02-29T06:30:15.123456790Z"},
        {"now+h", "2024-02-29T13:30:15.123456789Z", "2024-02-29T13:30:15.123456790Z"},
        {"now-1H-30m+15s", "2024-02-29T11:00:30.123456789Z", "2024-02-29T11:00:30.123456790Z"},
        {"now/d", "2024-02-29", "2024-03-01"},
        {"now-1d/d", "2024-02-28", "2024-02-29"},
        {"now/h", "2024-02-29T12:00:00Z", "2024-02-29T13:00:00Z"},
        {"now/m", "2024-02-29T12:30:00Z", "2024-02-29T12:31:00Z"},
        {"now/s", "2024-02-29T12:30:15Z", "2024-02-29T12:30:16Z"},
        {"now/w", "2024-02-26", "2024-03-04"},
        {"now/M", "2024-02-01", "2024-03-01"},
        {"now/y", "2024-01-01", "2025-01-01"},
        {"now-1y", "2023-02-28T12:30:15.123456789Z", "2023-02-28T12:30:15.123456790Z"},
        {"now-3M", "2023-11-29T12:30:15.123456789Z", "2023-11-29T12:30:15.123456790Z"},
        {"now+2w", "2024-03-14T12:30:15.123456789Z", "2024-03-14T12:30:15.123456790Z"},
        {"now+1M/M", "2024-03-01", "2024-04-01"},
        {"now/d+1h", "2024-02-29T01:00:00Z", "2024-03-01T01:00:00Z"},
        {"2024-01-31||+1M", "2024-02-29", "2024-02-29T00:00:00.001Z"},
        {"2024-01-01||+1M/d", "2024-02-01", "2024-02-02"},
        {"2024-01-15||/M", "2024-01-01", "2024-02-01"},
        {"2024-01-01||", "2024-01-01", "2024-01-02"},
        {"2024", "2024-01-01", "2024-01-02"},
        {"2024-03", "2024-03-01", "2024-03-02"},
        {"2024-03-04", "2024-03-04", "2024-03-05"},
        {"2024-03-04T05", "2024-03-04T05:00:00Z", "2024-03-04T06:00:00Z"},
        {"2024-03-04T05:06", "2024-03-04T05:06:00Z", "2024-03-04T05:07:00Z"},
        {"2024-03-04T05:06:07", "2024-03-04T05:06:07Z", "2024-03-04T05:06:08Z"},
        {"2024-03-04T05:06:07.5Z", "2024-03-04T05:06:07.5Z", "2024-03-04T05:06:07.501Z"},
        {"2024-03-04T05:06:07.123456Z", "2024-03-04T05:06:07.123456Z",
         "2024-03-04T05:06:07.123456001Z"},
        {"2024-03-04T05:06:07+02:00", "2024-03-04T03:06:07Z", "2024-03-04T03:06:08Z"},
        {"2024-03-04T05:06:07-0330", "2024-03-04T08:36:07Z", "2024-03-04T08:36:08Z"},
        {"1709208000123", "2024-02-29T12:00:00.123Z", "2024-02-29T12:00:00.124Z"},
        {"-1000", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.001Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        span_is(cases[i].text, NULL, 0, cases[i].from, cases[i].to);
}

static void formats_and_zones(void **state)
{
    (void)state;
    span_is("1709208000", "epoch_second", 0, "2024-02-29T12:00:00Z", "2024-02-29T12:00:00.001Z");
    span_is("1709208000.5", "epoch_second", 0, "2024-02-29T12:00:00.5Z",
            "2024-02-29T12:00:00.501Z");
    span_is("29/02/2024", "dd/MM/yyyy||epoch_millis", 0, "2024-02-29", "2024-03-01");
    span_is("1709208000123", "dd/MM/yyyy||epoch_millis", 0, "2024-02-29T12:00:00.123Z",
            "2024-02-29T12:00:00.124Z");
    span_is("2024-02-29T10:20:30.125Z", "yyyy-MM-dd'T'HH:mm:ss.SSSZ", 0, "2024-02-29T10:20:30.125Z",
            "2024-02-29T10:20:30.126Z");
    span_is("2024-02-29", NULL, 3600, "2024-02-28T23:00:00Z", "2024-02-29T23:00:00Z");
    span_is("2024-02-29T00:00:00Z", NULL, 3600, "2024-02-29T00:00:00Z", "2024-02-29T00:00:01Z");
    span_is("now/d", NULL, -12 * 3600, "2024-02-29T12:00:00Z", "2024-03-01T12:00:00Z");
    span_is("now/d", NULL, -13 * 3600, "2024-02-28T13:00:00Z", "2024-02-29T13:00:00Z");
    /* The first days of months in the zone, not in UTC. */
    span_is("2024-02-29T23:30:00Z||+1M/M", NULL, 3600, "2024-03-31T23:00:00Z",
            "2024-04-30T23:00:00Z");
}

/* Berlin in 2024: on 31 March two o'clock becomes three, on 27 October three becomes two. */
static void summer_time(void **state)
{
    (void)state;
    static const struct query_zone_change changes[] = {{1711846800, 7200}, {1729990800, 3600}};
    static const struct query_zone berlin = {.first_s = 3600, .n = 2, .changes = changes};
    static const struct {
        const char *text, *from, *to;
    } cases[] = {
        /* What the clock skips lies as much later. */
        {"2024-03-31T02:30:00", "2024-03-31T01:30:00Z", "2024-03-31T01:30:01Z"},
        {"2024-03-31T02", "2024-03-31T01:00:00Z", "2024-03-31T02:00:00Z"},
        {"2024-03-31T03:00:00", "2024-03-31T01:00:00Z", "2024-03-31T01:00:01Z"},
        {"2024-03-31T01:59:59", "2024-03-31T00:59:59Z", "2024-03-31T01:00:00Z"},
        {"2024-03-31", "2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z"},
        /* What it shows twice is the earlier one. */
        {"2024-10-27T02:30:00", "2024-10-27T00:30:00Z", "2024-10-27T00:30:01Z"},
        {"2024-10-27T03:00:00", "2024-10-27T02:00:00Z", "2024-10-27T02:00:01Z"},
        {"2024-10-27", "2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z"},
        /* Unless the offset is written. */
        {"2024-10-27T02:30:00+01:00", "2024-10-27T01:30:00Z", "2024-10-27T01:30:01Z"},
        {"1729992600000", "2024-10-27T01:30:00Z", "2024-10-27T01:30:00.001Z"},
        /* A day is one of the clock, hours are hours. */
        {"2024-03-31T12:00:00||-1d", "2024-03-30T11:00:00Z", "2024-03-30T11:00:00.001Z"},
        {"2024-03-31T12:00:00||-24h", "2024-03-30T10:00:00Z", "2024-03-30T10:00:00.001Z"},
        {"2024-03-30T02:30:00||+1d", "2024-03-31T01:30:00Z", "2024-03-31T01:30:00.001Z"},
        {"2024-10-28T12:00:00||-1w", "2024-10-21T10:00:00Z", "2024-10-21T10:00:00.001Z"},
        {"2024-10-27T12:00:00||/d", "2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z"},
        {"2024-03-15||/M", "2024-02-29T23:00:00Z", "2024-03-31T22:00:00Z"},
        {"2024-07-15||/y", "2023-12-31T23:00:00Z", "2024-12-31T23:00:00Z"},
        {"now/d", "2024-02-28T23:00:00Z", "2024-02-29T23:00:00Z"},
        /* Each of the two hours that look alike is rounded to itself. */
        {"2024-10-27T00:30:00Z||/h", "2024-10-27T00:00:00Z", "2024-10-27T01:00:00Z"},
        {"2024-10-27T01:30:00Z||/h", "2024-10-27T01:00:00Z", "2024-10-27T02:00:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        span_in(cases[i].text, NULL, &berlin, cases[i].from, cases[i].to);
}

static void mistakes(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "soon",
        "now-",
        "now-6",
        "now-6x",
        "now/2d",
        "now 6h",
        "nowd",
        "now-1D",
        "now/ms",
        "2024-13-01",
        "2024-02-30",
        "2024-1-01",
        "2024-01-01+1d",
        "2024-01-01T25",
        "now+99999999999d",
        "now+500y",
        "99999999999999999999",
        "2024-01-01T10:00:00.Z",
        "12h",
        "||+1d",
    };
    struct datemath_options o = {.now = iso(NOW)};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct datemath_span s = {1, 2, false};
        struct err_text why = {0};
        if (query_datemath_parse(wrong[i], strlen(wrong[i]), &o, &s, &why) != ERR_INVALID)
            fail_msg("taken: %s", wrong[i]);
        assert_true(why.message[0] != '\0');
        assert_int_equal(s.from, 1);
    }
    o.format = "basic_week_date";
    struct datemath_span s;
    assert_int_equal(query_datemath_parse("2024", 4, &o, &s, NULL), ERR_UNSUPPORTED);
}

static void rule_dialect(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool up;
        const char *want;
    } cases[] = {
        {"now", false, NOW},
        {"now-6m", false, "2024-02-29T12:24:15.123456789Z"},
        {"now-360s", false, "2024-02-29T12:24:15.123456789Z"},
        {"now-500ms", false, "2024-02-29T12:30:14.623456789Z"},
        {"now/d", false, "2024-02-29"},
        {"now/d", true, "2024-02-29T23:59:59.999Z"},
        {"now/1d", false, "2024-02-29"},
        {"now/w", false, "2024-02-25"}, /* weeks begin on Sunday */
        {"now-1M/M", false, "2024-01-01"},
        {"2024-01-01T00:00:00Z||+1d", false, "2024-01-02"},
        {"2024-01-01T00:00:00.000Z", false, "2024-01-01"},
    };
    static const char *const wrong[] = {"",   "now-6",    "now-6x",    "now/2d", "now-6H",
                                        "6m", "now-1.5h", "yesterday", "now6m",  "now/d x"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ts_ns t;
        const char *s = cases[i].text;
        assert_int_equal(query_datemath_rule(s, strlen(s), iso(NOW), cases[i].up, &t, NULL),
                         ERR_NONE);
        if (t != iso(cases[i].want))
            fail_msg("%s", s);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ts_ns t = 5;
        struct err_text why = {0};
        if (query_datemath_rule(wrong[i], strlen(wrong[i]), iso(NOW), false, &t, &why) !=
            ERR_INVALID)
            fail_msg("taken: %s", wrong[i]);
        assert_int_equal(t, 5);
    }
    /* A byte of zero is no unit. */
    ts_ns none;
    assert_int_equal(query_datemath_rule("now-1\0", 6, iso(NOW), false, &none, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elasticsearch_dialect), cmocka_unit_test(formats_and_zones),
        cmocka_unit_test(summer_time),           cmocka_unit_test(mistakes),
        cmocka_unit_test(rule_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
