/* SPDX-License-Identifier: Apache-2.0 */
#include "except/values.h"

#include "base/buf.h"
#include "base/rng.h"
#include "cmocka_head.h"
#include "event/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err add_line(void *ctx, const char *s, size_t n, unsigned line, struct err_text *why)
{
    (void)line;
    return except_values_add(ctx, s, n, why);
}

static struct except_values *make(const char *type, const char *lines)
{
    struct except_values *v;
    struct err_text why = {0};
    assert_int_equal(except_values_new(type, &v, &why), ERR_NONE);
    if (except_values_lines(lines, strlen(lines), add_line, v, &why) != ERR_NONE)
        fail_msg("%s", why.message);
    except_values_seal(v);
    assert_string_equal(except_values_type(v), type);
    return v;
}

static bool has_text(const struct except_values *v, const char *s)
{
    const struct event_value value = event_value_str(s, strlen(s));
    return except_values_has(v, &value);
}

static bool has_number(const struct except_values *v, int64_t i)
{
    const struct event_value value = event_value_i64(i);
    return except_values_has(v, &value);
}

static bool has_ip(const struct except_values *v, const char *s)
{
    struct ip ip;
    assert_true(ip_parse(s, strlen(s), &ip));
    const struct event_value value = event_value_ip(&ip);
    return except_values_has(v, &value);
}

static bool refused(const char *type, const char *s)
{
    struct except_values *v;
    struct err_text why = {0};
    assert_int_equal(except_values_new(type, &v, &why), ERR_NONE);
    enum err code = except_values_add(v, s, strlen(s), &why);
    bool told = code == ERR_INVALID && strstr(why.message, type) != NULL;
    assert_int_equal(except_values_count(v), code == ERR_NONE);
    except_values_unref(v);
    return told;
}

static void lines_are_values(void **state)
{
    (void)state;
    struct except_values *v = make("keyword", "\xef\xbb\xbf"
                                              "alice\r\n\r\n  bob \t\nalice\ncarol smith");
    assert_int_equal(except_values_count(v), 4);
    assert_true(has_text(v, "alice"));
    assert_true(has_text(v, "bob"));
    assert_true(has_text(v, "carol smith"));
    assert_false(has_text(v, "carol"));
    assert_false(has_text(v, "Bob"));
    assert_false(has_text(v, ""));
    except_values_unref(v);
    v = make("keyword", "443\n");
    assert_true(has_number(v, 443));
    assert_false(has_number(v, 444));
    except_values_unref(v);
}

static void addresses_and_their_ranges(void **state)
{
    (void)state;
    struct except_values *v = make("ip", "192.0.2.5\n2001:db8::1\n");
    assert_true(has_ip(v, "192.0.2.5"));
    assert_true(has_text(v, "2001:db8:0::1"));
    assert_false(has_ip(v, "192.0.2.6"));
    assert_false(has_text(v, "nobody"));
    except_values_unref(v);
    v = make("ip_range", "192.0.2.10-192.0.2.20\n198.51.100.0/24\n192.0.2.15-192.0.2.30\n"
                         "203.0.113.7\n2001:db8::/32");
    assert_false(has_ip(v, "192.0.2.9"));
    assert_true(has_ip(v, "192.0.2.10"));
    assert_true(has_ip(v, "192.0.2.30"));
    assert_false(has_ip(v, "192.0.2.31"));
    assert_true(has_ip(v, "198.51.100.255"));
    assert_false(has_ip(v, "198.51.101.0"));
    assert_true(has_ip(v, "203.0.113.7"));
    assert_true(has_ip(v, "2001:db8:ffff::1"));
    except_values_unref(v);
    assert_true(refused("ip", "192.0.2.0/24"));
    assert_true(refused("ip", "house"));
    assert_true(refused("ip_range", "192.0.2.9-192.0.2.1"));
    assert_true(refused("ip_range", "-192.0.2.9"));
}

static void numbers_dates_and_truth(void **state)
{
    (void)state;
    struct except_values *v = make("long_range", "-5--3\n10-20\n15-30\n-100\n7");
    assert_true(has_number(v, -4));
    assert_true(has_number(v, -100));
    assert_false(has_number(v, -2));
    assert_true(has_number(v, 7));
    assert_true(has_number(v, 30));
    assert_false(has_number(v, 31));
    assert_true(has_text(v, "25"));
    const struct event_value whole = {.type = EVENT_F64, .f = 12.0};
    const struct event_value part = {.type = EVENT_F64, .f = 12.5};
    assert_true(except_values_has(v, &whole));
    assert_false(except_values_has(v, &part));
    except_values_unref(v);
    v = make("double_range", "1e-5-2.5\n4");
    assert_true(except_values_has(v, &(struct event_value){.type = EVENT_F64, .f = 2.5}));
    assert_false(has_number(v, 3));
    assert_true(has_number(v, 4));
    except_values_unref(v);
    v = make("date_range", "2024-01-01,2024-01-02");
    assert_true(has_text(v, "2024-01-02T23:59:59.999Z"));
    assert_false(has_text(v, "2024-01-03T00:00:00Z"));
    assert_true(has_number(v, 1704067200000));
    except_values_unref(v);
    v = make("boolean", "true");
    assert_true(except_values_has(v, &(struct event_value){.type = EVENT_BOOL, .b = true}));
    assert_false(has_text(v, "false"));
    except_values_unref(v);
    assert_true(refused("byte", "128"));
    assert_true(refused("long", "1.5"));
    assert_true(refused("long", "9223372036854775808"));
    assert_true(refused("double", "nan"));
    assert_true(refused("double", "0x10"));
    assert_true(refused("date", "now"));
    assert_true(refused("date", "yesterday"));
    assert_true(refused("boolean", "yes"));
    assert_true(refused("integer_range", "3-1"));
}

static void texts_by_their_words(void **state)
{
    (void)state;
    struct except_values *v = make("text", "The quick brown fox\nlazy dog\n");
    assert_true(has_text(v, "quick FOX"));
    assert_true(has_text(v, "dog"));
    assert_false(has_text(v, "quick dog")); /* of two values */
    assert_false(has_text(v, "cat"));
    assert_false(has_text(v, "..."));
    except_values_unref(v);
    assert_true(refused("text", "..."));
}

static void what_is_not_kept(void **state)
{
    (void)state;
    struct except_values *v;
    struct err_text why = {0};
    assert_int_equal(except_values_new("geo_shape", &v, &why), ERR_UNSUPPORTED);
    assert_non_null(strstr(why.message, "geo_shape"));
    assert_int_equal(except_values_new("keyword", &v, &why), ERR_NONE);
    assert_int_equal(except_values_add(v, "a\xff", 2, &why), ERR_INVALID);
    assert_int_equal(except_values_add(v, "a\0b", 3, &why), ERR_INVALID);
    for (unsigned i = 0; i < EXCEPT_VALUES_MAX; i++)
        assert_int_equal(except_values_add(v, "x", 1, &why), ERR_NONE);
    assert_int_equal(except_values_add(v, "x", 1, &why), ERR_LIMIT);
    except_values_unref(v);
    except_values_unref(NULL);
}

static void short_lists_are_queries(void **state)
{
    (void)state;
    struct buf dsl;
    buf_init(&dsl);
    struct except_values *v = make("keyword", "b\na");
    assert_true(except_values_dsl(v, "user.name", &dsl));
    assert_string_equal(buf_text(&dsl), "{\"terms\":{\"user.name\":[\"a\",\"b\"]}}");
    assert_false(except_values_dsl(v, "source.port", &dsl));
    assert_false(except_values_dsl(v, "my.own", &dsl));
    except_values_unref(v);
    buf_clear(&dsl);
    v = make("ip_range", "10.0.0.0/8");
    assert_true(except_values_dsl(v, "source.ip", &dsl));
    assert_string_equal(buf_text(&dsl),
                        "{\"bool\":{\"should\":[{\"range\":{\"source.ip\":{\"gte\":\"10.0.0.0\","
                        "\"lte\":\"10.255.255.255\"}}}]}}");
    assert_false(except_values_dsl(v, "user.name", &dsl));
    except_values_unref(v);
    v = make("keyword", "");
    assert_false(except_values_dsl(v, "user.name", &dsl));
    except_values_unref(v);
    assert_int_equal(except_values_new("keyword", &v, NULL), ERR_NONE);
    for (unsigned i = 0; i < 1001; i++) {
        char name[16];
        snprintf(name, sizeof(name), "n%u", i);
        assert_int_equal(except_values_add(v, name, strlen(name), NULL), ERR_NONE);
    }
    except_values_seal(v);
    assert_false(except_values_dsl(v, "user.name", &dsl));
    except_values_unref(v);
    buf_release(&dsl);
}

/* Merged spans answer as the spans one by one do. */
static void spans_keep_their_values(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 11);
    for (unsigned round = 0; round < 200; round++) {
        struct except_values *v;
        int64_t low[20];
        int64_t high[20];
        unsigned n = 1 + (unsigned)rng_below(&rng, 20);
        assert_int_equal(except_values_new("integer_range", &v, NULL), ERR_NONE);
        for (unsigned i = 0; i < n; i++) {
            char text[64];
            low[i] = (int64_t)rng_below(&rng, 200) - 100;
            high[i] = low[i] + (int64_t)rng_below(&rng, 12);
            snprintf(text, sizeof(text), "%lld-%lld", (long long)low[i], (long long)high[i]);
            assert_int_equal(except_values_add(v, text, strlen(text), NULL), ERR_NONE);
        }
        except_values_seal(v);
        for (int64_t x = -110; x < 120; x++) {
            bool there = false;
            for (unsigned i = 0; i < n; i++)
                there |= low[i] <= x && x <= high[i];
            assert_int_equal(has_number(v, x), there);
        }
        except_values_unref(v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_values),        cmocka_unit_test(addresses_and_their_ranges),
        cmocka_unit_test(numbers_dates_and_truth), cmocka_unit_test(texts_by_their_words),
        cmocka_unit_test(what_is_not_kept),        cmocka_unit_test(short_lists_are_queries),
        cmocka_unit_test(spans_keep_their_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
