/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/category.h"

#include "help.h"

struct at_work {
    struct categorize_analyzer *analyzer;
    struct categorize_desk desk;
    struct categorize_tokens tokens;
};

static void begin(struct at_work *w)
{
    w->analyzer = help_analyzer(NULL, NULL);
    assert_int_equal(categorize_desk_init(&w->desk), ERR_NONE);
}

static void end(struct at_work *w)
{
    categorize_desk_release(&w->desk);
    categorize_analyzer_free(w->analyzer);
}

static void read(struct at_work *w, const char *message)
{
    categorize_analyzer_run(w->analyzer, &w->desk, (struct hash_key){1, 2}, help_text(message),
                            &w->tokens);
}

static struct categorize_category *category(struct at_work *w, const char *message)
{
    read(w, message);
    struct categorize_category *c = categorize_category_new(&w->tokens);
    assert_non_null(c);
    return c;
}

/* Whether the message fits, and how much it has in common; it is taken when it fits. */
static bool takes(struct at_work *w, struct categorize_category *c, const char *message)
{
    struct categorize_set set;
    struct categorize_fit fit;
    read(w, message);
    if (categorize_category_deciding(&w->tokens) != c->deciding)
        return false;
    categorize_category_set(&w->tokens, &set);
    bool fits = categorize_category_fit(c, &w->tokens, &fit);
    /* The quick look never says less than the close one. */
    struct categorize_sketch sketch = categorize_category_sketch(c);
    if (fits)
        assert_true(categorize_category_may_fit(&sketch, &set) &&
                    categorize_category_bound(c, &sketch, &set) >= fit.similarity);
    if (fits)
        (void)categorize_category_take(c, &w->tokens, &fit);
    return fits;
}

static void says(const struct categorize_category *c, const char *terms, const char *regex)
{
    struct buf out;
    buf_init(&out);
    categorize_category_terms(c, &out);
    assert_string_equal(buf_text(&out), terms);
    buf_clear(&out);
    categorize_category_regex(c, &out);
    assert_string_equal(buf_text(&out), regex);
    buf_release(&out);
}

static void test_template(void **state)
{
    (void)state;
    struct at_work w;
    begin(&w);
    struct categorize_category *c = category(&w, "Failed password for root from 1.2.3.4 port 22");
    says(c, "Failed password for root from port",
         ".*?Failed.+?password.+?for.+?root.+?from.+?port.*");
    assert_true(takes(&w, c, "Failed password for root from 9.9.9.9 port 7"));
    says(c, "Failed password for root from port",
         ".*?Failed.+?password.+?for.+?root.+?from.+?port.*");
    assert_true(takes(&w, c, "Failed password for admin from 9.9.9.9 port 7"));
    says(c, "Failed password for from port", ".*?Failed.+?password.+?for.+?from.+?port.*");
    assert_true(takes(&w, c, "Failed password for guest from 9.9.9.9 port 7"));
    assert_false(takes(&w, c, "Failed password for invalid user guest from 9.9.9.9 port 7"));
    assert_false(takes(&w, c, "Accepted password for guest from 9.9.9.9 port 7"));
    assert_false(takes(&w, c, "Failed"));
    assert_false(takes(&w, c, ""));
    categorize_category_free(c);
    end(&w);
}

/* What happened is never what differs. */
static void test_deciding_words(void **state)
{
    (void)state;
    struct at_work w;
    begin(&w);
    struct categorize_category *c = category(&w, "pam session opened for user root by someone");
    assert_false(takes(&w, c, "pam session closed for user root by someone"));
    assert_false(takes(&w, c, "pam session for user root by someone"));
    assert_false(takes(&w, c, "pam session opened and closed for user root by someone"));
    assert_true(takes(&w, c, "pam session opened for user alfred by someone"));
    categorize_category_free(c);
    end(&w);
}

static void test_gaps(void **state)
{
    (void)state;
    struct at_work w;
    struct categorize_fit fit;
    begin(&w);
    struct categorize_category *c = category(&w, "the great wide lake has one name here");
    assert_true(takes(&w, c, "the great wide deep lake has one name here"));
    assert_int_equal(c->gaps[3], 1);
    /* A gap that is known costs nothing, and changes nothing. */
    read(&w, "the great wide cold lake has one name here");
    assert_true(categorize_category_fit(c, &w.tokens, &fit));
    assert_true(fit.same && fit.similarity == 1);
    /* Two at once are more than was seen. */
    read(&w, "the great wide cold dark lake has one name here");
    assert_true(categorize_category_fit(c, &w.tokens, &fit));
    assert_true(!fit.same && fit.similarity < 1);
    categorize_category_free(c);
    end(&w);
}

/* What is common shrinks to half of the first message and no further. */
static void test_no_drift(void **state)
{
    (void)state;
    static const char *const messages[] = {"alpha beta gamma delta echo fox golf hotel india lima",
                                           "alpha beta gamma delta echo fox golf hotel india one",
                                           "alpha beta gamma delta echo fox golf hotel two one",
                                           "alpha beta gamma delta echo fox golf three two one",
                                           "alpha beta gamma delta echo fox four three two one",
                                           "alpha beta gamma delta echo five four three two one",
                                           "alpha beta gamma delta six five four three two one"};
    struct at_work w;
    begin(&w);
    struct categorize_category *c = category(&w, messages[0]);
    size_t taken = 0;
    for (size_t i = 1; i < sizeof(messages) / sizeof(messages[0]); i++)
        taken += takes(&w, c, messages[i]);
    assert_int_equal(taken, 5);
    assert_int_equal(c->n_parts, 5);
    categorize_category_free(c);
    end(&w);
}

static void test_covers(void **state)
{
    (void)state;
    struct at_work w;
    begin(&w);
    struct categorize_category *c = category(&w, "mail from host one queued at night");
    struct categorize_category *other = category(&w, "mail from host two queued at night");
    assert_false(categorize_category_covers(c, other));
    assert_true(takes(&w, c, "mail from host three queued at night"));
    assert_true(categorize_category_covers(c, other));
    assert_false(categorize_category_covers(other, c));
    other->gaps[0] = 1;
    assert_false(categorize_category_covers(c, other));
    categorize_category_free(other);
    categorize_category_free(c);
    end(&w);
}

/* A text of a client may hold the byte that ends texts here: it ends the example. */
static void test_examples_with_ends(void **state)
{
    (void)state;
    struct at_work w;
    char message[300];
    begin(&w);
    struct categorize_category *c = category(&w, "x");
    memset(message, 'y', sizeof(message));
    memcpy(message, "ab", 3);
    assert_true(categorize_category_example(c, bytes_make(message, 4), 3));
    assert_string_equal(c->examples[0], "ab...");
    assert_false(categorize_category_example(c, bytes_make(message, sizeof(message)), 3));
    assert_true(categorize_category_example(c, help_text("ab"), 3));
    assert_string_equal(c->examples[1], "ab");
    categorize_category_free(c);
    end(&w);
}

static void test_examples(void **state)
{
    (void)state;
    struct at_work w;
    char longer[CATEGORIZE_EXAMPLE_MAX + 100];
    begin(&w);
    struct categorize_category *c = category(&w, "some text");
    size_t before = categorize_category_bytes(c);
    memset(longer, 'x', sizeof(longer));
    assert_true(categorize_category_example(c, help_text("a"), 3));
    assert_false(categorize_category_example(c, help_text("a"), 3));
    assert_true(categorize_category_example(c, bytes_make(longer, sizeof(longer)), 3));
    assert_false(categorize_category_example(c, bytes_make(longer, sizeof(longer) - 7), 3));
    assert_true(categorize_category_example(c, help_text("ab"), 3));
    assert_false(categorize_category_example(c, help_text("abc"), 3));
    assert_int_equal(strlen(c->examples[1]), CATEGORIZE_EXAMPLE_MAX + 3);
    assert_string_equal(c->examples[1] + CATEGORIZE_EXAMPLE_MAX, "...");
    assert_true(categorize_category_bytes(c) > before + CATEGORIZE_EXAMPLE_MAX);
    categorize_category_free(c);
    end(&w);
}

static void test_nothing_and_signs(void **state)
{
    (void)state;
    struct at_work w;
    begin(&w);
    struct categorize_category *c = category(&w, "12 34");
    says(c, "", ".*");
    assert_true(takes(&w, c, "56"));
    assert_false(takes(&w, c, "word"));
    categorize_category_free(c);
    c = category(&w, "a.b+c at $HOME");
    says(c, "a.b+c at HOME", ".*?a\\.b\\+c.+?at.+?HOME.*");
    categorize_category_free(c);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_template),
                                       cmocka_unit_test(test_deciding_words),
                                       cmocka_unit_test(test_gaps),
                                       cmocka_unit_test(test_no_drift),
                                       cmocka_unit_test(test_covers),
                                       cmocka_unit_test(test_examples),
                                       cmocka_unit_test(test_examples_with_ends),
                                       cmocka_unit_test(test_nothing_and_signs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
