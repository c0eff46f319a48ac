/* SPDX-License-Identifier: Apache-2.0 */
/* What needs the worker and has none; the datasets kept. People's SQL itself: test_worker.c. */
#include "store/store/store_help.h"

static void good(enum err rc, const struct err_text *why)
{
    if (rc != ERR_NONE)
        fail_msg("%s", why->message);
}

static void append(struct store *s, const char *dataset)
{
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, HELP_BASE);
    event_set_text(&e, EVENT_F_EVENT_DATASET, dataset);
    assert_int_equal(store_append(s, &e), ERR_NONE);
    arena_release(&arena);
}

static void list(void *ctx, const char *dataset, uint64_t rows, uint64_t bytes)
{
    (void)bytes;
    buf_format(ctx, "%s %llu\n", dataset, (unsigned long long)rows);
}

static bool keep(void *ctx, const char *json, size_t n)
{
    buf_add(ctx, json, n);
    return true;
}

static void test_select(void **state)
{
    (void)state;
    struct err_text why;
    struct store *s;
    struct buf b;
    char *dir = help_mkdir();
    buf_init(&b);
    good(store_open(dir, NULL, &s, &why), &why);
    append(s, "one");
    append(s, "two");
    good(store_commit(s, &why), &why);
    good(store_seal(s, &why), &why);
    append(s, "two");
    good(store_commit(s, &why), &why);
    good(store_datasets(s, list, &b), &why);
    assert_non_null(strstr(buf_text(&b), "one 1\n"));
    assert_non_null(strstr(buf_text(&b), "two 2\n"));
    buf_clear(&b);
    good(store_sql(s, "SELECT count(*) AS n FROM events", NULL, keep, &b, NULL, &why), &why);
    assert_string_equal(buf_text(&b), "{\"n\":3}");
    store_close(s);
    good(store_open(dir, &(struct store_options){.no_worker = true}, &s, &why), &why);
    assert_int_equal(store_sql(s, "SELECT 1", NULL, keep, &b, NULL, &why), ERR_UNSUPPORTED);
    store_close(s);
    buf_release(&b);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_select)};
    help_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
