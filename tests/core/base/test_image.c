/* SPDX-License-Identifier: Apache-2.0 */
#include "base/image.h"

#include "cmocka_head.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Kilobytes resident of files, and of what is the process's own. */
static long resident(const char *what)
{
    char line[256];
    long kib = -1;
    FILE *f = fopen("/proc/self/status", "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL)
        if (strncmp(line, what, strlen(what)) == 0)
            kib = strtol(line + strlen(what), NULL, 10);
    fclose(f);
    assert_true(kib >= 0);
    return kib;
}

static const char constant[] = "a constant of the program";
static char written[] = "what was written stays";

static void only_pages_of_files_go(void **state)
{
    (void)state;
    written[0] = 'W';
    long files = resident("RssFile:");
    long own = resident("RssAnon:");
    image_shed();
    long files_after = resident("RssFile:");
    assert_true(files_after < files * 3 / 4);
    assert_true(resident("RssAnon:") >= own - 4);
    assert_string_equal(constant, "a constant of the program");
    assert_string_equal(written, "What was written stays");
    assert_true(fabs(sin(1.0) - 0.8414709848078965) < 1e-15);
    image_shed();
    assert_true(fabs(exp(1.0) - 2.718281828459045) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_pages_of_files_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
