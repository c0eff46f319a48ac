/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner that finds mistakes refuses exactly what simdjson refuses. */
#include "format/json.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Mutated documents: the scanner that finds mistakes refuses exactly what simdjson refuses. */
static void both_readers_agree(void **state)
{
    (void)state;
    static const char *seeds[] = {
        "{\"a\":[1,-2.5e-3,true],\"b\":{\"c\":\"x\\u00e9\\ud83d\\ude00\"},\"d\":null}",
        "[\"\\n\\\\\",0,0.1,12345678901234567890123,{},[],[[]],\"\xc3\xa9\xe2\x82\xac\"]",
        "  \"text\" \n",
        "-0.0",
    };
    static const char bytes[] = "{}[]:,\"\\u0dD8c19.eE+-tfn \n\x01\xc3\xa9\xed\xff";
    struct format_json *p = format_json_new();
    struct rng r;
    rng_init(&r, 11);
    unsigned fine = 0;
    for (int round = 0; round < 40000; round++) {
        char text[200 + FORMAT_JSON_PADDING];
        const char *seed = seeds[rng_below(&r, 4)];
        size_t n = strlen(seed);
        memcpy(text, seed, n);
        for (uint64_t k = rng_below(&r, 4); k > 0; k--) {
            size_t at = rng_below(&r, n);
            char c = bytes[rng_below(&r, sizeof(bytes) - 1)];
            switch (rng_below(&r, 3)) {
            case 0:
                text[at] = c;
                break;
            case 1:
                memmove(text + at + 1, text + at, n - at);
                text[at] = c;
                n++;
                break;
            default:
                if (n > 1) {
                    memmove(text + at, text + at + 1, n - at - 1);
                    n--;
                }
            }
        }
        struct format_json_bad bad;
        enum err code = format_json_parse_padded(p, text, n, &bad);
        struct format_json_bad own;
        bool wrong = format_json_where(text, n, &own);
        if ((code == ERR_FORMAT) != wrong)
            fail_msg("%.*s: simdjson %d, scanner %d", (int)n, text, (int)code, wrong);
        fine += !wrong;
    }
    assert_true(fine > 5000);
    format_json_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_readers_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
