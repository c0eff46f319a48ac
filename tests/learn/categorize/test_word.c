/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/word.h"

#include "cmocka_head.h"

#include <string.h>

static struct bytes text(const char *s)
{
    return bytes_make(s, strlen(s));
}

static void test_what_is_left_out(void **state)
{
    (void)state;
    static const char *const out[] = {"",           "a",
                                      "7",          "10MB",
                                      "2024-05-01", "0xdeadbeef",
                                      "fe80",       "a1b2c3d4",
                                      "deadbeef",   "user12345",
                                      "x1y2z3",     "ip-10-77-20-248",
                                      "--",         "f47ac10b-58cc-4372-a567-0e02b2c3d479",
                                      "v1234"};
    static const char *const kept[] = {"ab",
                                       "bad",
                                       "face",
                                       "ssh2",
                                       "sha256",
                                       "eth0",
                                       "Error",
                                       "\xc3\xa9t\xc3\xa9",
                                       "pam_unix",
                                       "/proc/12345/stat",
                                       "C:\\Windows\\System32"};
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
        if (!categorize_word_left_out(text(out[i])))
            fail_msg("%s stays", out[i]);
    }
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (categorize_word_left_out(text(kept[i])))
            fail_msg("%s is left out", kept[i]);
    }
    char longer[CATEGORIZE_WORD_MAX + 1];
    memset(longer, 'x', sizeof(longer));
    assert_true(categorize_word_left_out(bytes_make(longer, sizeof(longer))));
    assert_false(categorize_word_left_out(bytes_make(longer, sizeof(longer) - 1)));
}

static void test_weights(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        bool value;
        uint8_t weight;
    } words[] = {{"failed", false, CATEGORIZE_WEIGHT_DECIDES},
                 {"FAILED", true, CATEGORIZE_WEIGHT_DECIDES},
                 {"Opened", false, CATEGORIZE_WEIGHT_DECIDES},
                 {"wrong", false, CATEGORIZE_WEIGHT_DECIDES},
                 {"abort", false, CATEGORIZE_WEIGHT_DECIDES},
                 {"throttled", false, CATEGORIZE_WEIGHT_DECIDES},
                 {"throttling", false, CATEGORIZE_WEIGHT_DECIDES},
                 {"throttled", true, CATEGORIZE_WEIGHT_VALUE},
                 {"Alfred", true, CATEGORIZE_WEIGHT_VALUE},
                 {"red", false, CATEGORIZE_WEIGHT_WORD},
                 {"password", false, CATEGORIZE_WEIGHT_WORD},
                 {"password", true, CATEGORIZE_WEIGHT_VALUE},
                 {"\xc3\xa9t\xc3\xa9", false, CATEGORIZE_WEIGHT_WORD},
                 {"ssh2", false, CATEGORIZE_WEIGHT_VALUE},
                 {"pam_unix", false, CATEGORIZE_WEIGHT_VALUE},
                 {"/usr/bin", false, CATEGORIZE_WEIGHT_VALUE}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        uint8_t w = categorize_word_weight(text(words[i].word), words[i].value);
        if (w != words[i].weight)
            fail_msg("%s weighs %u", words[i].word, w);
    }
}

static void test_names_and_dates(void **state)
{
    (void)state;
    assert_true(categorize_word_names(text("user")));
    assert_true(categorize_word_names(text("File")));
    assert_true(categorize_word_names(text("zone")));
    assert_true(categorize_word_names(text("account")));
    assert_false(categorize_word_names(text("password")));
    assert_false(categorize_word_names(text("users")));
    assert_true(categorize_word_is_date(text("Mon")));
    assert_true(categorize_word_is_date(text("Apr")));
    assert_true(categorize_word_is_date(text("Wednesday")));
    assert_true(categorize_word_is_date(text("GMT")));
    assert_false(categorize_word_is_date(text("mon")));
    assert_false(categorize_word_is_date(text("Monitor")));
    assert_false(categorize_word_is_date(text("Ma")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_left_out),
                                       cmocka_unit_test(test_weights),
                                       cmocka_unit_test(test_names_and_dates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
