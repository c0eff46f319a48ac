/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/filter.h"

#include "help.h"

#include <time.h>

static enum err parse(struct detect_filters *set, const char *text, struct err_text *why)
{
    return detect_filters_parse(set, text, strlen(text), "filter.json", why);
}

static bool matches(const struct detect_filter *f, const char *value)
{
    return detect_filter_match(f, bytes_make(value, strlen(value)));
}

/* A file holds one filter, a list, or what the API answers; a filter is kept in one form. */
static void test_documents(void **state)
{
    (void)state;
    struct detect_filters set = {0};
    struct err_text why = {0};
    struct buf b;
    buf_init(&b);
    assert_int_equal(parse(&set, "{\"filter_id\":\"one\",\"items\":[\"b\",\"a\",\"b\"]}", &why),
                     ERR_NONE);
    assert_int_equal(parse(&set, "[{\"filter_id\":\"two\",\"description\":\"d\"}]", &why),
                     ERR_NONE);
    assert_int_equal(parse(&set,
                           "{\"count\":1,\"filters\":[{\"filter_id\":\"three\",\"items\":\"x\","
                           "\"colour\":1}]}",
                           &why),
                     ERR_NONE);
    assert_int_equal(set.n, 3);
    assert_int_equal(set.n_notes, 1);
    assert_non_null(strstr(set.notes[0], "colour"));
    detect_filter_write(detect_filters_find(&set, "one"), &b);
    assert_string_equal(buf_text(&b),
                        "{\"filter_id\":\"one\",\"description\":\"\",\"items\":[\"a\",\"b\"]}");
    assert_int_equal(detect_filter_count(detect_filters_find(&set, "one")), 2);
    assert_int_equal(detect_filter_count(detect_filters_find(&set, "two")), 0);
    assert_string_equal(detect_filter_description(detect_filters_find(&set, "two")), "d");
    assert_false(matches(detect_filters_find(&set, "two"), ""));
    assert_null(detect_filters_find(&set, "four"));
    detect_filters_release(&set);
    assert_int_equal(set.n, 0);
    buf_release(&b);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"7", "must be a JSON object"},
        {"{\"items\":[]}", "needs a filter_id"},
        {"{\"filter_id\":\"Bad\"}", "needs a filter_id"},
        {"{\"filter_id\":\"f\",\"items\":[1]}", "items must be a list of strings"},
        {"{\"filter_id\":\"f\",\"description\":1}", "description must be a string"},
        {"{\"filters\":{}}", "must be a list of filters"},
        {"[{\"filter_id\":\"f\"},{\"filter_id\":\"f\"}]", "given twice"},
        {"[{\"filter_id\":\"g\"},{\"filter_id\":\"there\"}]", "given twice"},
    };
    struct detect_filters set = {0};
    struct err_text why;
    assert_int_equal(parse(&set, "{\"filter_id\":\"there\"}", &why), ERR_NONE);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(parse(&set, cases[i].text, &why), ERR_INVALID);
        assert_non_null(strstr(why.message, cases[i].says));
        assert_int_equal(set.n, 1);
    }
    assert_int_equal(parse(&set, "{", &why), ERR_FORMAT);
    struct buf b;
    buf_init(&b);
    buf_str(&b, "{\"filter_id\":\"f\",\"items\":[\"");
    for (int i = 0; i < DETECT_FILTER_ITEM_MAX + 1; i++)
        buf_char(&b, 'x');
    buf_str(&b, "\"]}");
    assert_int_equal(parse(&set, buf_text(&b), &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "2048 bytes"));
    buf_clear(&b);
    buf_str(&b, "{\"filter_id\":\"f\",\"items\":[\"x\"");
    for (int i = 0; i < DETECT_FILTER_ITEMS_MAX; i++)
        buf_format(&b, ",\"%d\"", i);
    buf_str(&b, "]}");
    assert_int_equal(parse(&set, buf_text(&b), &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "at most 10000"));
    buf_release(&b);
    detect_filters_release(&set);
}

static void test_stars(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool in;
    } cases[] = {
        {"10.1.2.3", true}, {"10.", true}, {"110.1", false}, {"nas.lan", true}, {"lan", false},
        {".lan", true},     {"x", true},   {"xx", false},    {"amidst", true},  {"mid", true},
        {"mi", false},      {"a*c", true}, {"abc", false},   {"", false},
    };
    struct detect_filters set = {0};
    struct err_text why;
    assert_int_equal(parse(&set,
                           "[{\"filter_id\":\"f\",\"items\":[\"10.*\",\"*.lan\",\"x\",\"*mid*\","
                           "\"a*c\"]},{\"filter_id\":\"all\",\"items\":[\"*\"]}]",
                           &why),
                     ERR_NONE);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(matches(set.list[0], cases[i].value), cases[i].in);
        assert_true(matches(set.list[1], cases[i].value));
    }
    detect_filters_release(&set);
}

/* What an item says, without any order or index. */
static bool covers(const char *item, const char *value)
{
    size_t n = strlen(item), m = strlen(value);
    bool head = item[0] == '*';
    bool tail = n > 1 && item[n - 1] == '*';
    char text[64];
    size_t len = n - head - tail;
    memcpy(text, item + head, len);
    text[len] = '\0';
    if (head && tail)
        return strstr(value, text) != NULL;
    if (tail)
        return strncmp(value, text, len) == 0;
    if (head)
        return m >= len && strcmp(value + m - len, text) == 0;
    return strcmp(value, text) == 0;
}

static void random_text(struct rng *rng, char *out, size_t most)
{
    size_t n = rng_below(rng, most + 1);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)('a' + rng_below(rng, 3));
    out[n] = '\0';
}

/* The indexed answer is the plain one, for lists in which many items cover each other. */
static void test_against_the_plain_walk(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 77);
    for (int round = 0; round < 300; round++) {
        char items[40][16];
        size_t n = rng_below(&rng, 40);
        struct buf b;
        struct detect_filters set = {0};
        struct err_text why;
        buf_init(&b);
        buf_str(&b, "{\"filter_id\":\"f\",\"items\":[");
        for (size_t i = 0; i < n; i++) {
            char text[12];
            random_text(&rng, text, 7);
            snprintf(items[i], sizeof(items[i]), "%s%s%s", rng_below(&rng, 3) == 0 ? "*" : "", text,
                     rng_below(&rng, 3) == 0 ? "*" : "");
            buf_format(&b, "%s\"%s\"", i > 0 ? "," : "", items[i]);
        }
        buf_str(&b, "]}");
        assert_int_equal(parse(&set, buf_text(&b), &why), ERR_NONE);
        for (int k = 0; k < 50; k++) {
            char value[16];
            bool in = false;
            random_text(&rng, value, 9);
            for (size_t i = 0; i < n && !in; i++)
                in = covers(items[i], value);
            assert_int_equal(matches(set.list[0], value), in);
        }
        detect_filters_release(&set);
        buf_release(&b);
    }
}

static double seconds_for(const struct detect_filter *f)
{
    char value[64];
    struct timespec a, b;
    size_t hits = 0;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    for (int i = 0; i < 20000; i++) {
        snprintf(value, sizeof(value), "host-%d.example.org", i);
        hits += matches(f, value);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    assert_int_equal(hits, 0);
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

static void make_large(struct detect_filters *set, int items)
{
    struct buf b;
    struct err_text why;
    buf_init(&b);
    buf_str(&b, "{\"filter_id\":\"f\",\"items\":[\"none\"");
    for (int i = 1; i < items; i++)
        buf_format(&b, ",\"%sserver-%d.lan%s\"", i % 4 > 1 ? "*" : "", i,
                   i % 4 % 2 == 1 ? "*" : "");
    buf_str(&b, "]}");
    assert_int_equal(parse(set, buf_text(&b), &why), ERR_NONE);
    buf_release(&b);
}

/* A hundred times the items cost nowhere near a hundred times the time. */
static void test_large(void **state)
{
    (void)state;
    struct detect_filters small = {0}, large = {0};
    make_large(&small, 100);
    make_large(&large, DETECT_FILTER_ITEMS_MAX);
    assert_int_equal(detect_filter_count(large.list[0]), DETECT_FILTER_ITEMS_MAX);
    assert_true(matches(large.list[0], "server-4.lan"));
    assert_true(matches(large.list[0], "server-5.lan.x"));
    assert_true(matches(large.list[0], "my-server-6.lan"));
    assert_true(matches(large.list[0], "my-server-7.lan.x"));
    double few = seconds_for(small.list[0]);
    double many = seconds_for(large.list[0]);
    if (many > 20 * few)
        fail_msg("100 items take %.3f s, 10,000 take %.3f s", few, many);
    detect_filters_release(&small);
    detect_filters_release(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_stars),     cmocka_unit_test(test_against_the_plain_walk),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
