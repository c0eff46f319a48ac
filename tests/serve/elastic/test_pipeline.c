/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "elastic/pipeline.h"

#include "serve/api/fake_http.h"
#include "store/state.h"

#include <stdio.h>
#include <string.h>

/* More of them than are remembered, in turn. */
static void those_that_were_put_are_there(void **state)
{
    (void)state;
    static const char *const none[] = {NULL, "", "_none"};
    static char names[2 * ELASTIC_PIPELINES_SEEN][16];
    struct fake_world w;
    struct err_text why;
    fake_open(&w, NULL, 0);
    struct elastic_pipelines p = {.state = w.state}, empty = {.state = NULL};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(elastic_pipelines_see(&p, none[i], &why), ERR_NONE);
        assert_int_equal(elastic_pipelines_see(&empty, none[i], &why), ERR_NONE);
    }
    for (size_t i = 0; i < 2 * ELASTIC_PIPELINES_SEEN; i++) {
        snprintf(names[i], sizeof(names[i]), "beat-%02u", (unsigned)i % 100);
        if (i % 2 == 0)
            assert_int_equal(store_state_listed_put(w.state, STORE_PIPELINES, names[i], "{}"),
                             ERR_NONE);
    }
    for (size_t turn = 0; turn < 3; turn++)
        for (size_t i = 0; i < 2 * ELASTIC_PIPELINES_SEEN; i++)
            for (size_t twice = 0; twice < 2; twice++) {
                char expected[400];
                snprintf(expected, sizeof(expected), "pipeline with id [%s] does not exist",
                         names[i]);
                enum err err = elastic_pipelines_see(&p, names[i], &why);
                assert_int_equal(err, i % 2 == 0 ? ERR_NONE : ERR_INVALID);
                if (err != ERR_NONE)
                    assert_string_equal(why.message, expected);
            }
    assert_int_equal(elastic_pipelines_see(&empty, names[0], &why), ERR_INVALID);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_were_put_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
