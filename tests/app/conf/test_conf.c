/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"

#include "base/buf.h"

#include "cmocka_head.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/weir_conf_XXXXXX.toml";

static enum err read_text(struct conf *c, const char *text, struct err_text *why)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return conf_read(c, path, why);
}

static int make_path(void **state)
{
    (void)state;
    int fd = mkstemps(path, 5);
    return fd < 0 ? -1 : close(fd);
}

static int drop_path(void **state)
{
    (void)state;
    return unlink(path);
}

static void defaults_are_those_of_the_table(void **state)
{
    (void)state;
    struct conf c;
    assert_int_equal(conf_init(&c), ERR_NONE);
    assert_string_equal(c.data_dir, "");
    assert_int_equal(c.query_delay, 60 * TIME_S);
    assert_int_equal(c.keep_age, 30 * TIME_DAY);
    assert_true(c.promiscuous);
    assert_int_equal(c.interfaces.n, 0);
    conf_release(&c);
}

static void a_file_sets_what_it_names(void **state)
{
    (void)state;
    struct conf c;
    struct err_text why;
    assert_int_equal(conf_init(&c), ERR_NONE);
    assert_int_equal(read_text(&c,
                               "data_dir = \"/x\"\npackages = [\"ded\"]\n[capture]\n"
                               "interfaces = [\"eth0\", \"eth1\"]\npromiscuous = false\n"
                               "[engine]\nquery_delay = \"5s\"\n[network]\n"
                               "home = [\"10.0.0.0/8\"]\n",
                               &why),
                     ERR_NONE);
    assert_string_equal(c.data_dir, "/x");
    assert_int_equal(c.interfaces.n, 2);
    assert_string_equal(c.interfaces.items[1], "eth1");
    assert_false(c.promiscuous);
    assert_int_equal(c.query_delay, 5 * TIME_S);
    assert_string_equal(c.packages.items[0], "ded");
    conf_clear(&c, "capture.interfaces");
    assert_int_equal(conf_set(&c, "capture.interfaces", "lo", &why), ERR_NONE);
    assert_int_equal(c.interfaces.n, 1);
    assert_int_equal(conf_set(&c, "engine.threads", "65", &why), ERR_INVALID);
    assert_int_equal(conf_set(&c, "engine.threads", "x", &why), ERR_INVALID);
    assert_int_equal(conf_set(&c, "engine.threads", "3", &why), ERR_NONE);
    assert_int_equal(c.threads, 3);
    conf_release(&c);
}

static void mistakes_have_a_line_and_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
        const char *part;
    } rows[] = {
        {"\n\nnonsense = 1\n", 3, "no setting 'nonsense'"},
        {"[capture]\nsnaplen = \"x\"\n", 2, "a whole number"},
        {"[capture]\n\nsnaplen = 5\n", 3, "between 64 and 262144"},
        {"[engine]\nquery_delay = \"2 weeks\"\n", 2, "a span"},
        {"[network]\nhome = [\"10.0.0.0/40\"]\n", 2, "a network in CIDR form"},
        {"[capture]\ninterfaces = [1]\n", 2, "a list of strings"},
        {"[store.deep]\nx = 1\n", 1, "no setting"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct conf c;
        struct err_text why;
        assert_int_equal(conf_init(&c), ERR_NONE);
        assert_int_equal(read_text(&c, rows[i].text, &why), ERR_INVALID);
        assert_int_equal(why.line, rows[i].line);
        assert_non_null(strstr(why.message, rows[i].part));
        conf_release(&c);
    }
}

static void the_sample_is_a_file_that_changes_nothing(void **state)
{
    (void)state;
    struct buf out;
    struct conf c;
    struct err_text why;
    buf_init(&out);
    conf_write_sample(&out);
    assert_true(buf_ok(&out));
    for (const struct conf_key *k = conf_keys; k->name != NULL; k++) {
        const char *dot = strchr(k->name, '.');
        char line[256];
        snprintf(line, sizeof(line), "\n#%s = %s\n", dot != NULL ? dot + 1 : k->name, k->fallback);
        assert_non_null(strstr(buf_text(&out), line));
    }
    assert_int_equal(conf_init(&c), ERR_NONE);
    assert_int_equal(read_text(&c, buf_text(&out), &why), ERR_NONE);
    /* And with every comment sign before a key taken away, the defaults. */
    for (char *p = out.p; (p = strstr(p, "\n#")) != NULL; p++)
        if (p[2] != ' ')
            p[1] = ' ';
    assert_int_equal(read_text(&c, buf_text(&out), &why), ERR_NONE);
    assert_int_equal(c.keep_age, 30 * TIME_DAY);
    conf_release(&c);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_table),
        cmocka_unit_test(a_file_sets_what_it_names),
        cmocka_unit_test(mistakes_have_a_line_and_a_reason),
        cmocka_unit_test(the_sample_is_a_file_that_changes_nothing),
    };
    return cmocka_run_group_tests(tests, make_path, drop_path);
}
