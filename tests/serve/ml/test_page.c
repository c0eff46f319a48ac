/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of lists and their order. */
#include "serve/ml/ml_help.h"

#include "ml/page.h"

static void cuts(void **state)
{
    (void)state;
    size_t first, n;
    ml_page_cut(&(struct ml_page){0, 2}, 5, &first, &n);
    assert_true(first == 0 && n == 2);
    ml_page_cut(&(struct ml_page){4, 2}, 5, &first, &n);
    assert_true(first == 4 && n == 1);
    ml_page_cut(&(struct ml_page){9, 2}, 5, &first, &n);
    assert_true(n == 0);
}

static void order(struct ml_docs *docs, const char *field, bool desc, const char *expected)
{
    struct err_text why;
    struct buf out;
    struct format_writer w;
    buf_init(&out);
    format_write_init(&w, &out);
    format_write_begin_object(&w);
    assert_int_equal(ml_page_sort(docs, field, desc, &why), ERR_NONE);
    ml_page_write(docs, &(struct ml_page){0, 10}, "list", &w);
    format_write_end_object(&w);
    assert_string_equal(buf_text(&out), expected);
    buf_release(&out);
}

static void sorts(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"a\":2,\"b\":{\"c\":\"y\"}}", "{\"a\":10}",
                                        "{\"b\":{\"c\":\"x\"}}"};
    struct arena arena;
    arena_init(&arena, 0);
    struct ml_docs docs = {.arena = &arena};
    for (size_t i = 0; i < 3; i++)
        assert_true(ml_page_add(&docs, texts[i], strlen(texts[i]), (ts_ns)i));
    order(&docs, "a", false,
          "{\"list\":[{\"a\":2,\"b\":{\"c\":\"y\"}},{\"a\":10},{\"b\":{\"c\":\"x\"}}]}");
    order(&docs, "a", true,
          "{\"list\":[{\"a\":10},{\"a\":2,\"b\":{\"c\":\"y\"}},{\"b\":{\"c\":\"x\"}}]}");
    order(&docs, "b.c", false,
          "{\"list\":[{\"b\":{\"c\":\"x\"}},{\"a\":2,\"b\":{\"c\":\"y\"}},{\"a\":10}]}");
    ml_page_release(&docs);
    arena_release(&arena);
}

static const struct api_row *const tables[] = {ml_result_rows};

static void parameters(void **state)
{
    (void)state;
    static const char path[] = JOB "/results/buckets";
    struct fake_world w;
    fake_open(&w, tables, 1);
    help_job(&w, "x", "opened", NULL, "stopped");
    ASK("GET", path, "job_id=x", "from=0 size=10000 start=-1 end=-1", NULL, 200, "\"count\":0");
    ASK("GET", path, "job_id=x", "from=5 size=9999", NULL, 400, "cannot be higher than 10000");
    ASK("GET", path, "job_id=x", "from=-1", NULL, 400, "Parameter [from] cannot be < 0");
    ASK("GET", path, "job_id=x", "size=-1", NULL, 400, "Parameter [size] cannot be < 0");
    ASK("POST", path, "job_id=x", NULL, "{\"page\":{\"from\":-1}}", 400, "[from] cannot be < 0");
    ASK("POST", path, "job_id=x", NULL, "{\"page\":{\"size\":\"many\"}}", 400, "[page] failed");
    ASK("POST", path, "job_id=x", NULL, "{\"start\":-1,\"end\":\"2024-01-01\"}", 200, "[]");
    ASK("POST", path, "job_id=x", NULL, "{\"start\":\"soon\"}", 400, "[start]");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cuts), cmocka_unit_test(sorts),
                                       cmocka_unit_test(parameters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
