/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "daemon/measure.h"

#include "request/data.h"

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

/* Prometheus' text form: each name has its help and its type before its values, and comes once. */
static void text_form(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct request_data *data;
    struct buf out;
    char name[100] = "";
    unsigned names = 0, values = 0;
    buf_init(&out);
    HELP_OK(request_data_open(dir, NULL, &data, &help_why));
    daemon_measure_data(&out, data, NULL, HELP_BASE);
    assert_true(buf_ok(&out));
    for (char *line = strtok(out.p, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char other[100];
        if (begins(line, "# HELP ")) {
            assert_int_equal(sscanf(line, "# HELP %99s", name), 1);
            assert_int_equal(line[strlen(line) - 1], '.');
            names++;
        } else if (begins(line, "# TYPE ")) {
            assert_int_equal(sscanf(line, "# TYPE %99s", other), 1);
            assert_string_equal(other, name);
            bool counter = strstr(line, " counter") != NULL;
            assert_true(counter || strstr(line, " gauge") != NULL);
            assert_int_equal(counter, strcmp(name + strlen(name) - 6, "_total") == 0);
        } else {
            double value;
            assert_true(begins(line, name));
            assert_int_equal(sscanf(strrchr(line, ' '), "%lf", &value), 1);
            values++;
        }
    }
    assert_true(names > 15 && values > names);
    buf_release(&out);
    request_data_close(data);
    help_rmdir(dir);
}

static void labels(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    daemon_measure_head(&out, "x_total", "counter", "What it is.");
    daemon_measure_value(&out, "x_total", "kind=\"a\"", 3);
    daemon_measure_value(&out, "x_total", "", 0.5);
    assert_string_equal(buf_text(&out), "# HELP x_total What it is.\n# TYPE x_total counter\n"
                                        "x_total{kind=\"a\"} 3\nx_total 0.5\n");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_form),
        cmocka_unit_test(labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
