/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

static const uint64_t all = UINT64_MAX;

#define PARSE(allowed, args, ...)                                                                  \
    cli_args_parse((int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                  \
                   (char **)(uintptr_t)(const char *[]){__VA_ARGS__}, allowed, args, &why)

static struct err_text why;

/* Each option of the table is read, alone and with "=", and only where it is allowed. */
static void test_every_option(void **state)
{
    (void)state;
    for (int id = 0; id < CLI_OPTIONS; id++) {
        const struct cli_option *o = &cli_options[id];
        struct cli_args a;
        char joined[64];
        assert_int_equal(strncmp(o->name, "--", 2), 0);
        assert_true(o->text[0] != '\0');
        for (int other = 0; other < id; other++)
            assert_string_not_equal(o->name, cli_options[other].name);
        snprintf(joined, sizeof(joined), "%s=a=b", o->name);
        if (o->value == NULL) {
            assert_int_equal(PARSE(all, &a, o->name, "rest"), ERR_NONE);
            assert_true(cli_has(&a, (enum cli_option_id)id));
            assert_int_equal(a.rest_n, 1);
            cli_args_release(&a);
            assert_int_equal(PARSE(all, &a, joined), ERR_INVALID);
            assert_non_null(strstr(why.message, "takes no value"));
        } else {
            assert_int_equal(PARSE(all, &a, o->name, "--quiet", "rest"), ERR_NONE);
            assert_string_equal(cli_value(&a, (enum cli_option_id)id, "?"), "--quiet");
            assert_int_equal(a.rest_n, 1);
            cli_args_release(&a);
            assert_int_equal(PARSE(all, &a, joined), ERR_NONE);
            assert_string_equal(cli_value(&a, (enum cli_option_id)id, "?"), "a=b");
            cli_args_release(&a);
            assert_int_equal(PARSE(all, &a, "rest", o->name), ERR_INVALID);
            assert_non_null(strstr(why.message, o->name));
            assert_non_null(strstr(why.message, o->value));
        }
        if (id == CLI_HELP)
            continue;
        assert_int_equal(PARSE(all & ~CLI_BIT(id), &a, joined), ERR_INVALID);
        assert_non_null(strstr(why.message, o->name));
        assert_null(strstr(why.message, "a=b"));
        if (o->many) {
            const char *twice[] = {o->name, "1", o->name, "2"};
            assert_int_equal(PARSE(all, &a, twice[0], twice[1], twice[2], twice[3]), ERR_NONE);
            assert_int_equal(a.counts[id], 2);
            assert_string_equal(a.values[id][0], "1");
            assert_string_equal(cli_value(&a, (enum cli_option_id)id, "?"), "2");
            cli_args_release(&a);
        } else if (o->value != NULL) {
            assert_int_equal(PARSE(all, &a, o->name, "1", o->name, "2"), ERR_INVALID);
            assert_non_null(strstr(why.message, "twice"));
        } else {
            assert_int_equal(PARSE(all, &a, o->name, o->name), ERR_INVALID);
            assert_non_null(strstr(why.message, "twice"));
        }
    }
}

static void test_rest(void **state)
{
    (void)state;
    struct cli_args a;
    assert_int_equal(PARSE(0, &a, "-", "", "x", "--", "--quiet", "--", "-h"), ERR_NONE);
    assert_int_equal(a.rest_n, 6);
    assert_string_equal(a.rest[0], "-");
    assert_string_equal(a.rest[1], "");
    assert_string_equal(a.rest[3], "--quiet");
    assert_string_equal(a.rest[4], "--");
    assert_string_equal(a.rest[5], "-h");
    assert_false(cli_has(&a, CLI_QUIET));
    cli_args_release(&a);
    assert_int_equal(PARSE(0, &a, "-h"), ERR_NONE);
    assert_true(cli_has(&a, CLI_HELP));
    cli_args_release(&a);
    assert_int_equal(PARSE(all, &a, "--filter="), ERR_NONE);
    assert_true(cli_has(&a, CLI_FILTER));
    assert_string_equal(cli_value(&a, CLI_FILTER, "?"), "");
    assert_string_equal(cli_value(&a, CLI_CONFIG, "otherwise"), "otherwise");
    cli_args_release(&a);
    static const char *const wrong[] = {"--quie", "--quiet1", "-q", "--=", "---", "-help"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(PARSE(all, &a, "file", wrong[i]), ERR_INVALID);
        assert_non_null(strstr(why.message, "--help lists them"));
    }
}

static void test_number(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
        int64_t value;
    } cases[] = {
        {"1", ERR_NONE, 1},     {"64", ERR_NONE, 64},    {"0", ERR_INVALID, 0},
        {"65", ERR_INVALID, 0}, {"-1", ERR_INVALID, 0},  {"", ERR_INVALID, 0},
        {"4x", ERR_INVALID, 0}, {"1.5", ERR_INVALID, 0}, {"0x10", ERR_INVALID, 0},
    };
    struct cli_args a;
    int64_t n;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(PARSE(all, &a, "--threads", cases[i].text), ERR_NONE);
        n = -7;
        assert_int_equal(cli_number(&a, CLI_THREADS, 1, 64, 3, &n, &why), cases[i].err);
        assert_int_equal(n, cases[i].err == ERR_NONE ? cases[i].value : -7);
        if (cases[i].err != ERR_NONE)
            assert_non_null(strstr(why.message, "1 to 64"));
        cli_args_release(&a);
    }
    assert_int_equal(PARSE(all, &a, "--limit", "9223372036854775808"), ERR_NONE);
    assert_int_equal(cli_number(&a, CLI_LIMIT, 0, INT64_MAX, 0, &n, &why), ERR_INVALID);
    assert_int_equal(cli_number(&a, CLI_THREADS, 1, 64, 3, &n, &why), ERR_NONE);
    assert_int_equal(n, 3);
    cli_args_release(&a);
}

/* The help of a command lists its options, and no others, in lines that fit a narrow window. */
static void test_help(void **state)
{
    (void)state;
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
        struct buf text;
        buf_init(&text);
        cli_help_command(c, &text);
        assert_true(buf_ok(&text));
        assert_non_null(strstr(buf_text(&text), c->summary));
        for (int id = 0; id < CLI_OPTIONS; id++) {
            char line[64];
            bool there = ((c->options | CLI_BIT(CLI_HELP)) & CLI_BIT(id)) != 0;
            snprintf(line, sizeof(line), "\n  %s ", cli_options[id].name);
            assert_int_equal(strstr(buf_text(&text), line) != NULL, there);
        }
        for (const char *line = buf_text(&text); line != NULL; line = strchr(line + 1, '\n'))
            assert_true(strcspn(line + 1, "\n") <= 100);
        buf_release(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_option),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
