/* SPDX-License-Identifier: Apache-2.0 */
#include "elastic/read.h"

#include "base/arena.h"
#include "base/rng.h"
#include "elastic/load.h"
#include "elastic/pipeline.h"

#include "cmocka_head.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err read_text(const char *text, size_t n, const char *index, size_t *out_items)
{
    struct err_text why;
    struct arena arena;
    struct elastic_load *l = elastic_load_new(0);
    assert_non_null(l);
    arena_init(&arena, 0);
    struct elastic_pipelines none = {.state = NULL};
    const struct elastic_read what = {.index = index, .pipelines = &none};
    enum err err = elastic_read_bulk(text, n, &what, l, &arena, &why);
    *out_items = elastic_load_count(l);
    elastic_load_free(l);
    arena_release(&arena);
    return err;
}

/* With and without a last line end, with \r\n, with blank lines between. */
static void line_ends(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"create\":{}}\n{}\n{\"create\":{}}\n{}\n",
        "{\"create\":{}}\n{}\n{\"create\":{}}\n{}",
        "{\"create\":{}}\r\n{}\r\n{\"create\":{}}\r\n{}\r\n",
        "\n\n{\"create\":{}}\n{}\n \t\n{\"create\":{}}\n{}\n\n",
    };
    size_t items;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(read_text(texts[i], strlen(texts[i]), "a", &items), ERR_NONE);
        assert_int_equal(items, 2);
    }
}

/* Cut anywhere, it is read or refused; never more than was there. */
static void cut_anywhere(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"index\":{\"_index\":\"b\",\"_id\":\"7\"}}\n{\"message\":\"x\"}\n"
        "{\"delete\":{\"_id\":\"7\"}}\n{\"create\":{\"pipeline\":\"x\"}}\n{\"a\":[1,2]}\n";
    size_t items;
    for (size_t n = 1; n < sizeof(whole); n++) {
        char *copy = malloc(n); /* nothing may be read behind it */
        memcpy(copy, whole, n);
        enum err err = read_text(copy, n, "a", &items);
        assert_true(err == ERR_NONE || err == ERR_INVALID);
        assert_true(items <= 3);
        free(copy);
    }
}

static void noise(void **state)
{
    (void)state;
    struct rng rng;
    static const char letters[] = "{}[]\":,\n\r createindx_0\\\xff";
    size_t items;
    rng_init(&rng, 3);
    for (int i = 0; i < 20000; i++) {
        char text[80];
        size_t n = 1 + (size_t)rng_below(&rng, sizeof(text) - 1);
        for (size_t k = 0; k < n; k++)
            text[k] = letters[rng_below(&rng, sizeof(letters) - 1)];
        enum err err = read_text(text, n, "a", &items);
        assert_true(err == ERR_NONE || err == ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_ends),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
