/* SPDX-License-Identifier: Apache-2.0 */
#include "find/name.h"

#include "base/arena.h"
#include "cmocka_head.h"

#include <string.h>

#define NOW ((ts_ns)1708822800 * TIME_S) /* 2024-02-25T01:00:00Z, a Sunday */

static void test_names(void **state)
{
    static const struct {
        const char *given, *expected;
    } cases[] = {
        {"logs-a-default", "logs-a-default"},
        {"", ""},
        {"<logs-{now/d}>", "logs-2024.02.25"},
        {"<{now}>", "2024.02.25"},
        {"<logs-{now-2h}-x>", "logs-2024.02.24-x"},
        {"<logs-{now/M}>", "logs-2024.02.01"},
        {"<logs-{now/M{yyyy.MM}}>", "logs-2024.02"},
        {"<logs-{now/M-1M{yyyy.MM}}-*>", "logs-2024.01-*"},
        {"<logs-{now/d{yyyy.MM.dd|-02:00}}>", "logs-2024.02.24"},
        {"<logs-{now/d{uuuu-MM-dd|Asia/Tokyo}}>", "logs-2024-02-25"},
        {"<a\\{b\\}-{now/d}>", "a{b}-2024.02.25"},
        {"<{now-1d{yyyy}}-{now{MM}}>", "2024-02"},
        {"a,<b-{now/d}>,-<c-{now-1d/d}>,d*", "a,b-2024.02.25,-c-2024.02.24,d*"},
        {"<plain>", "plain"},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *out = NULL;
        size_t n = 99;
        struct err_text why = {0};
        if (find_name_resolve(cases[i].given, strlen(cases[i].given), NOW, &arena, &out, &n,
                              &why) != ERR_NONE)
            fail_msg("%s: %s", cases[i].given, why.message);
        assert_string_equal(out, cases[i].expected);
        assert_int_equal(n, strlen(cases[i].expected));
        if (strchr(cases[i].given, '<') == NULL)
            assert_ptr_equal(out, cases[i].given);
    }
    arena_release(&arena);
}

static void test_refusals(void **state)
{
    static const char *const cases[] = {
        "<",
        "<a",
        "<>",
        "<a-{now/d>",
        "<a-{}>",
        "<a-now/d}>",
        "<a-{now/d{}}>",
        "<a-{now/d{yyyy}x}>",
        "<a-{now/d{yyyy{MM}}}>",
        "<a-{tomorrow}>",
        "<a-{now/w{nonsense}}>",
        "<a-{now{yyyy|Nowhere/Atlantis}}>",
    };
    struct arena arena;
    (void)state;
    arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *out = NULL;
        size_t n;
        struct err_text why = {0};
        if (find_name_resolve(cases[i], strlen(cases[i]), NOW, &arena, &out, &n, &why) !=
            ERR_INVALID)
            fail_msg("%s: %s", cases[i], out != NULL ? out : "another error");
        assert_null(out);
        assert_true(why.message[0] != '\0');
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names),
                                       cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
