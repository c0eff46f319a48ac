/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/token.h"

#include "base/buf.h"
#include "cmocka_head.h"

#include <string.h>

/* Tokens with blanks between; '=' before a value, '$' before an argument, '~' where something was
 * left out before. */
static void cuts(enum categorize_tokenizer how, const char *message, const char *expected)
{
    struct categorize_tokens tokens;
    struct buf out;
    buf_init(&out);
    categorize_token_cut(how, bytes_make(message, strlen(message)), &tokens);
    for (size_t i = 0; i < tokens.n; i++) {
        const struct categorize_token *t = &tokens.list[i];
        buf_format(&out, "%s%s%s%s%.*s", i > 0 ? " " : "", t->follows ? "" : "~",
                   t->value ? "=" : "", t->argument ? "$" : "", (int)t->text.n,
                   (const char *)t->text.p);
    }
    assert_string_equal(buf_text(&out), expected);
    buf_release(&out);
}

static void test_words_and_numbers(void **state)
{
    (void)state;
    cuts(CATEGORIZE_ML_STANDARD, "Failed password for root from 10.0.0.1 port 22 ssh2",
         "Failed password for root from ~port ~ssh2");
    cuts(CATEGORIZE_ML_STANDARD, "pam_unix(sshd:session): closed.", "pam_unix sshd session closed");
    cuts(CATEGORIZE_ML_STANDARD, "", "");
    cuts(CATEGORIZE_ML_STANDARD, " -- ... 12:30:59 ::1", "");
}

static void test_paths(void **state)
{
    (void)state;
    const char *message = "open /etc/passwd, C:\\Temp\\x.log https://a.b/c?d a:b";
    cuts(CATEGORIZE_ML_STANDARD, message, "open /etc/passwd C:\\Temp\\x.log https://a.b/c");
    cuts(CATEGORIZE_ML_CLASSIC, "open /etc/passwd", "open etc passwd");
    cuts(CATEGORIZE_WHITESPACE, "open /etc/passwd, 12", "open /etc/passwd, 12");
}

static void test_addresses(void **state)
{
    (void)state;
    cuts(CATEGORIZE_ML_STANDARD, "from aa:bb:cc:dd:ee:ff on eth0", "from ~on eth0");
    cuts(CATEGORIZE_ML_STANDARD, "from fe80::1ff:fe23:4567:890a left", "from ~left");
    cuts(CATEGORIZE_ML_STANDARD, "::ffff:10.0.0.1 asked", "~asked");
    /* Words that could be such groups are none without a digit, or with other letters. */
    cuts(CATEGORIZE_ML_STANDARD, "add:bad:cab", "add bad cab");
    cuts(CATEGORIZE_ML_STANDARD, "da:fe:bed:xy", "da fe bed xy");
}

/* What has no end is no address: it would be looked at again from each of its bytes. */
static void test_long_addresses(void **state)
{
    char message[4097];
    struct categorize_tokens tokens;
    (void)state;
    for (size_t i = 0; i < sizeof(message); i++)
        message[i] = "ab:"[i % 3];
    categorize_token_cut(CATEGORIZE_ML_STANDARD, bytes_make(message, 32 * 3 - 1), &tokens);
    assert_int_equal(tokens.n, 0);
    categorize_token_cut(CATEGORIZE_ML_STANDARD, bytes_make(message, 4097), &tokens);
    assert_int_equal(tokens.n, CATEGORIZE_TOKENS_MAX);
}

static void test_values(void **state)
{
    (void)state;
    cuts(CATEGORIZE_ML_STANDARD, "user=root name=\"two words\" end",
         "user =root name =two =words end");
    cuts(CATEGORIZE_ML_STANDARD, "adding 'someone', it's done", "adding =someone it ~done");
    cuts(CATEGORIZE_ML_STANDARD, "COMMAND=/usr/bin/apt-get install vim ; USER=root",
         "COMMAND =$/usr/bin/apt-get $install $vim USER =root");
}

static void test_no_more_than_so_many(void **state)
{
    (void)state;
    struct categorize_tokens tokens;
    struct buf text;
    buf_init(&text);
    for (int i = 0; i < 3 * CATEGORIZE_TOKENS_MAX; i++)
        buf_str(&text, "word ");
    categorize_token_cut(CATEGORIZE_ML_STANDARD, bytes_make(text.p, text.n), &tokens);
    assert_int_equal(tokens.n, CATEGORIZE_TOKENS_MAX);
    assert_false(categorize_token_add(&tokens, bytes_make("x", 1)));
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words_and_numbers),
                                       cmocka_unit_test(test_paths),
                                       cmocka_unit_test(test_addresses),
                                       cmocka_unit_test(test_long_addresses),
                                       cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_no_more_than_so_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
