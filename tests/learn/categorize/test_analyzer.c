/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/analyzer.h"

#include "help.h"

static void gives(const char *filters, const char *analyzer, const char *message,
                  const char *expected)
{
    struct categorize_analyzer *a = help_analyzer(filters, analyzer);
    struct categorize_desk desk;
    struct categorize_tokens tokens;
    struct buf out;
    buf_init(&out);
    assert_int_equal(categorize_desk_init(&desk), ERR_NONE);
    categorize_analyzer_run(a, &desk, (struct hash_key){1, 2}, help_text(message), &tokens);
    for (size_t i = 0; i < tokens.n; i++)
        buf_format(&out, "%s%.*s%u", i > 0 ? " " : "", (int)tokens.list[i].text.n,
                   (const char *)tokens.list[i].text.p, tokens.list[i].weight);
    assert_string_equal(buf_text(&out), expected);
    buf_release(&out);
    categorize_desk_release(&desk);
    categorize_analyzer_free(a);
}

static void test_by_itself(void **state)
{
    (void)state;
    gives(NULL, NULL, "\n123\nFailed for user opened on Mon Jan 3\nmore",
          "Failed5 for3 user3 opened5 on3");
    gives(NULL, NULL, "lost user alfred", "lost5 user3 alfred1");
    /* A number stands between: what follows is no name. */
    gives(NULL, NULL, "user 7 throttled", "user3 throttled5");
    gives(NULL, NULL, "COMMAND=/bin/apt remove x2", "COMMAND3 /bin/apt1 remove1 x21");
    gives(NULL, NULL, "", "");
    gives(NULL, NULL, "1\n2", "");
}

static void test_filters(void **state)
{
    (void)state;
    gives("[]", NULL, "plain words", "plain3 words3");
    gives("[\"\\\\[.*\\\\]\",\"secret \\\\w+\"]", NULL, "open [a failed b] secret word here",
          "open5 here3");
}

static void test_analyzer(void **state)
{
    (void)state;
    gives(NULL, "{\"tokenizer\":\"ml_classic\"}", "Mon open /etc/x1", "Mon3 open5 etc3 x11");
    gives(NULL,
          "{\"tokenizer\":\"whitespace\",\"filter\":[\"lowercase\",{\"type\":\"limit\","
          "\"max_token_count\":\"2\"}]}",
          "One, TWO three", "one,1 two3");
    gives(NULL,
          "{\"tokenizer\":{\"type\":\"simple_pattern_split\",\"pattern\":\"[^A-Za-z]+\"},"
          "\"filter\":[{\"type\":\"stop\",\"stopwords\":[\"the\"]}]}",
          "12the quick-fox,", "quick3 fox3");
    gives(NULL,
          "{\"char_filter\":[\"first_line_with_letters\",{\"type\":\"pattern_replace\","
          "\"pattern\":\"(\\\\w+)@(\\\\w+)\",\"replacement\":\"$2\"},{\"type\":"
          "\"pattern_replace\",\"pattern\":\"zz\"}],\"tokenizer\":\"ml_standard\",\"filter\":{"
          "\"type\":\"pattern_replace\",\"pattern\":\"^x.*\"}}",
          "mail me@host xyz azza\nnext", "mail3 host3 aa3");
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *filters;
        const char *analyzer;
        enum err err;
        const char *says;
    } bad[] = {
        {"[\"(\"]", NULL, ERR_INVALID, "categorization_filters"},
        {"[\"\"]", NULL, ERR_INVALID, "must be a regular expression"},
        {"[7]", NULL, ERR_INVALID, "must be a regular expression"},
        {"\"x\"", NULL, ERR_INVALID, "must be a list"},
        {"[\"a\",\"a\"]", NULL, ERR_INVALID, "twice"},
        {"[\"a\"]", "{\"tokenizer\":\"ml_standard\"}", ERR_INVALID, "cannot be used with"},
        {NULL, "\"english\"", ERR_UNSUPPORTED, "that have a name"},
        {NULL, "7", ERR_INVALID, "must be an object"},
        {NULL, "{}", ERR_INVALID, "needs a tokenizer"},
        {NULL, "{\"tokenizer\":7}", ERR_INVALID, "must be a name or an object"},
        {NULL, "{\"tokenizer\":\"standard\"}", ERR_UNSUPPORTED, "tokenizer standard"},
        {NULL, "{\"tokenizer\":\"pattern\"}", ERR_INVALID, "pattern must be"},
        {NULL, "{\"tokenizer\":{\"type\":\"ml_standard\",\"x\":1}}", ERR_UNSUPPORTED, "x of a"},
        {NULL, "{\"tokenizer\":\"ml_standard\",\"more\":1}", ERR_UNSUPPORTED, "more of a"},
        {NULL, "{\"tokenizer\":\"ml_standard\",\"char_filter\":\"html_strip\"}", ERR_UNSUPPORTED,
         "char_filter html_strip"},
        {NULL, "{\"tokenizer\":\"ml_standard\",\"char_filter\":\"pattern_replace\"}", ERR_INVALID,
         "pattern must be"},
        {NULL,
         "{\"tokenizer\":\"ml_standard\",\"char_filter\":{\"type\":\"pattern_replace\","
         "\"pattern\":\"a\",\"replacement\":7}}",
         ERR_INVALID, "replacement must be"},
        {NULL, "{\"tokenizer\":\"ml_standard\",\"filter\":\"asciifolding\"}", ERR_UNSUPPORTED,
         "filter asciifolding"},
        {NULL, "{\"tokenizer\":\"ml_standard\",\"filter\":{\"type\":\"limit\"}}", ERR_INVALID,
         "max_token_count"},
        {NULL, "{\"tokenizer\":\"ml_standard\",\"filter\":{\"type\":\"stop\"}}", ERR_INVALID,
         "stopwords"},
        {NULL,
         "{\"tokenizer\":\"ml_standard\",\"filter\":{\"type\":\"stop\",\"stopwords\":"
         "\"_english_\"}}",
         ERR_UNSUPPORTED, "lists that have a name"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct categorize_analyzer *a = NULL;
        struct err_text why = {0};
        assert_int_equal(help_read(bad[i].filters, bad[i].analyzer, &a, &why), bad[i].err);
        assert_null(a);
        if (strstr(why.message, bad[i].says) == NULL)
            fail_msg("%zu: %s", i, why.message);
    }
}

/* Texts longer than what is looked at, and tokens that filters make too long. */
static void test_bounds(void **state)
{
    (void)state;
    struct categorize_analyzer *a = help_analyzer(
        NULL, "{\"tokenizer\":\"ml_standard\",\"filter\":{\"type\":\"pattern_replace\","
              "\"pattern\":\"b\",\"replacement\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}}");
    struct categorize_desk desk;
    struct categorize_tokens tokens;
    struct buf text;
    buf_init(&text);
    for (int i = 0; i < CATEGORIZE_TEXT_MAX; i++)
        buf_str(&text, i % 64 == 63 ? " " : "bbbbbbbb");
    assert_int_equal(categorize_desk_init(&desk), ERR_NONE);
    categorize_analyzer_run(a, &desk, (struct hash_key){1, 2}, bytes_make(text.p, text.n), &tokens);
    assert_int_equal(tokens.n, 0);
    buf_release(&text);
    categorize_desk_release(&desk);
    categorize_analyzer_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_itself), cmocka_unit_test(test_filters),
        cmocka_unit_test(test_analyzer), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
