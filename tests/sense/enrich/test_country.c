/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/country.h"

#include "cmocka_head.h"

#include <string.h>

static void names_codes(void **state)
{
    (void)state;
    assert_string_equal(enrich_country_find("AD", 2)->name, "Andorra");
    assert_string_equal(enrich_country_find("ZW", 2)->name, "Zimbabwe");
    assert_string_equal(enrich_country_find("XK", 2)->continent, "EU");
    assert_null(enrich_country_find("A1", 2));
    assert_null(enrich_country_find("de", 2));
    assert_null(enrich_country_find("DEU", 3));
    assert_null(enrich_country_find("", 0));
}

/* The search relies on the order: every code must be found as itself. */
static void every_country_has_a_continent(void **state)
{
    (void)state;
    unsigned found = 0;
    for (char a = 'A'; a <= 'Z'; a++) {
        for (char b = 'A'; b <= 'Z'; b++) {
            char code[2] = {a, b};
            const struct enrich_country *c = enrich_country_find(code, 2);
            if (c == NULL)
                continue;
            found++;
            assert_memory_equal(c->code, code, 2);
            assert_non_null(enrich_country_continent(c->continent));
            assert_true(strlen(c->name) > 3);
        }
    }
    assert_int_equal(found, 250); /* ISO 3166-1's 249, and XK */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_codes),
        cmocka_unit_test(every_country_has_a_continent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
