/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct store_search everything(void)
{
    return (struct store_search){.from = TIME_NONE, .to = TIME_MAX};
}

static struct store *open_store(const char *dir)
{
    struct err_text why;
    struct store *s;
    enum err rc = store_open(dir, NULL, &s, &why);
    if (rc != ERR_NONE)
        print_error("%s\n", why.message);
    assert_int_equal(rc, ERR_NONE);
    return s;
}

static void append_flows(struct store *s, struct rng *rng, ts_ns from, size_t n, struct buf *copy)
{
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < n; i++) {
        struct event e;
        arena_clear(&arena);
        help_flow(&e, &arena, rng, from + (ts_ns)i * TIME_MS, i);
        assert_int_equal(store_append(s, &e), ERR_NONE);
        if (copy != NULL)
            help_print(&e, copy);
    }
    arena_release(&arena);
}

static void collect(struct store *s, struct help_list *l)
{
    struct err_text why;
    struct store_search all = everything();
    buf_init(&l->text);
    l->n = 0;
    l->stop_at = 0;
    enum err rc = store_search(s, &all, help_collect, l, &why);
    if (rc != ERR_NONE)
        print_error("%s\n", why.message);
    assert_int_equal(rc, ERR_NONE);
}

/* What was committed comes back whole: hot, sealed, and after opening again. */
static void test_round_trip(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct rng rng;
    struct err_text why;
    struct buf expected;
    struct help_list found;
    rng_init(&rng, 7);
    buf_init(&expected);
    struct store *s = open_store(dir);
    append_flows(s, &rng, HELP_BASE, 3000, &expected);
    collect(s, &found);
    assert_int_equal(found.n, 0); /* not committed */
    buf_release(&found.text);
    assert_int_equal(store_commit(s, &why), ERR_NONE);
    collect(s, &found);
    assert_int_equal(found.n, 3000);
    assert_string_equal(buf_text(&found.text), buf_text(&expected));
    buf_release(&found.text);
    enum err rc = store_seal(s, &why);
    if (rc != ERR_NONE)
        print_error("%s\n", why.message);
    assert_int_equal(rc, ERR_NONE);
    struct store_stats stats;
    store_stats(s, &stats);
    assert_int_equal(stats.hot_rows, 0);
    assert_int_equal(stats.piece_rows, 3000);
    assert_int_equal(stats.pieces, 1);
    collect(s, &found);
    assert_int_equal(found.n, 3000);
    assert_string_equal(buf_text(&found.text), buf_text(&expected));
    buf_release(&found.text);
    append_flows(s, &rng, HELP_BASE + 3000 * TIME_MS, 100, &expected);
    store_close(s);
    s = open_store(dir);
    collect(s, &found);
    assert_int_equal(found.n, 3100);
    assert_string_equal(buf_text(&found.text), buf_text(&expected));
    buf_release(&found.text);
    store_close(s);
    buf_release(&expected);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
