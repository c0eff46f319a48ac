/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/deflate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = 0;
    for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        char two[3] = {hex[0], hex[1], '\0'};
        out[n++] = (uint8_t)strtoul(two, NULL, 16);
    }
    return n;
}

static void agrees_with_zlib(void **state)
{
    (void)state;
    FILE *f = fopen(WEIR_SOURCE_DIR "/tests/core/stats/golden/deflate.csv", "r");
    assert_non_null(f);
    static char line[2 * STATS_DEFLATE_LARGEST + 64];
    static uint8_t text[STATS_DEFLATE_LARGEST];
    int rows = 0;
    while (fgets(line, sizeof(line), f) != NULL) {
        if (line[0] == '#')
            continue;
        char *rest = line;
        const char *kind = strsep(&rest, ",");
        const char *hex = strsep(&rest, ",");
        double want = atof(rest);
        size_t n = from_hex(hex, text);
        double got = (double)stats_deflate_size(text, n);
        if (fabs(got - want) > 2 + 0.01 * want)
            fail_msg("%s, %zu bytes: %.0f, zlib makes %.0f", kind, n, got, want);
        rows++;
    }
    fclose(f);
    assert_int_equal(rows, 26);
}

static void takes_the_edges(void **state)
{
    (void)state;
    assert_int_equal(stats_deflate_size((const uint8_t *)"", 0), 8);
    static uint8_t zeros[STATS_DEFLATE_LARGEST + 10];
    assert_int_equal(stats_deflate_size(zeros, sizeof(zeros)),
                     stats_deflate_size(zeros, STATS_DEFLATE_LARGEST));
}

/* Names too short for codes of their own: what the fixed code takes, counted by hand. */
static void gives_short_names_the_fixed_code(void **state)
{
    (void)state;
    /* Head and checksum 6; block head 3 bits, 8 bits a letter, 7 for the end. */
    const char *name = "mail.example.org";
    size_t n = strlen(name);
    assert_int_equal(stats_deflate_size((const uint8_t *)name, n), 6 + (3 + 8 * n + 7 + 7) / 8);
    /* A repetition of 16 at distance 16: code 267 (7 bits) and one more, distance 7 and two more.
     */
    const char *twice = "mail.example.orgmail.example.org";
    assert_int_equal(stats_deflate_size((const uint8_t *)twice, 2 * n),
                     6 + (3 + 8 * n + 8 + 7 + 7 + 7) / 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_zlib),
        cmocka_unit_test(takes_the_edges),
        cmocka_unit_test(gives_short_names_the_fixed_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
