/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/journal.h"
#include "store/row.h"

static struct store_journal *open_journal(const char *dir)
{
    char path[4200];
    struct err_text why;
    struct store_journal *j;
    snprintf(path, sizeof(path), "%s/events.db", dir);
    enum err rc = store_journal_open(path, 0, &j, &why);
    if (rc != ERR_NONE)
        fail_msg("%s", why.message);
    return j;
}

static void append(struct store_journal *j, ts_ns time, const char *dataset)
{
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, time);
    event_set_text(&e, EVENT_F_EVENT_DATASET, dataset);
    assert_int_equal(store_journal_append(j, &e), ERR_NONE);
    arena_release(&arena);
}

static void commit(struct store_journal *j, uint64_t expected)
{
    struct err_text why;
    uint64_t rows = 0;
    uint64_t bytes = 0;
    assert_int_equal(store_journal_commit(j, true, &rows, &bytes, &why), ERR_NONE);
    assert_int_equal(rows, expected);
    assert_int_equal(bytes > 0, expected > 0);
}

static void look(struct store_journal *j, struct store_view_filter f,
                 struct store_snapshot_view *view)
{
    struct err_text why;
    assert_int_equal(store_journal_view(j, &f, view, &why), ERR_NONE);
}

/* Batches by dataset and time; a piece takes the place of those it was made from. */
static void test_seal(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct store_snapshot_view view;
    struct store_view_filter all = {
        .first = INT64_MIN, .last = INT64_MAX, .with_pieces = true, .with_hot = true};
    struct store_journal *j = open_journal(dir);
    append(j, 100, "one");
    append(j, 200, "two");
    append(j, 50, "one");
    commit(j, 3);
    append(j, 300, "one");
    commit(j, 1);
    commit(j, 0);
    look(j, all, &view);
    assert_int_equal(view.hot_n, 3);
    assert_int_equal(view.pieces_n, 0);
    assert_int_equal(view.hot[0].min_time, 50);
    assert_int_equal(view.hot[0].max_time, 100);
    assert_int_equal(view.hot[0].rows, 2);
    int64_t first = view.hot[0].id;
    store_journal_view_release(&view);
    struct store_view_filter late = all;
    late.first = 201;
    look(j, late, &view);
    assert_int_equal(view.hot_n, 1);
    store_journal_view_release(&view);
    struct store_view_filter some = all;
    some.dataset = "one";
    some.hot_rows = 1;
    look(j, some, &view);
    assert_int_equal(view.hot_n, 1); /* enough after the first */
    store_journal_view_release(&view);
    struct store_piece p = {.id = store_journal_next_piece(j),
                            .dataset = "one",
                            .min_time = 50,
                            .max_time = 100,
                            .rows = 2,
                            .bytes = 10,
                            .columns = "S event.dataset\n",
                            .rest = ""};
    assert_int_equal(store_journal_seal(j, first, &p, &why), ERR_NONE);
    /* The same number again is refused, and nothing is deleted by it. */
    assert_int_equal(store_journal_seal(j, INT64_MAX, &p, &why), ERR_EXISTS);
    look(j, all, &view);
    assert_int_equal(view.hot_n, 2);
    assert_int_equal(view.pieces_n, 1);
    assert_string_equal(view.pieces[0].columns, "S event.dataset\n");
    store_journal_view_release(&view);
    ts_ns min;
    ts_ns max;
    assert_int_equal(store_journal_span(j, &min, &max), ERR_NONE);
    assert_int_equal(min, 50);
    assert_int_equal(max, 300);
    int64_t id = p.id;
    store_journal_close(j);
    j = open_journal(dir);
    assert_true(store_journal_next_piece(j) > id);
    assert_int_equal(store_journal_replace(j, &id, 1, NULL, &why), ERR_NONE);
    look(j, all, &view);
    assert_int_equal(view.pieces_n, 0);
    store_journal_view_release(&view);
    store_journal_close(j);
    j = open_journal(dir);
    assert_true(store_journal_next_piece(j) > id); /* a number is never used twice */
    store_journal_close(j);
    help_rmdir(dir);
}

/* A batch is closed when it is large, long before the commit. */
static void test_large(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_journal *j = open_journal(dir);
    struct store_snapshot_view view;
    struct store_view_filter all = {.first = INT64_MIN, .last = INT64_MAX, .with_hot = true};
    struct arena arena;
    struct rng rng;
    uint64_t rows = 0;
    arena_init(&arena, 0);
    rng_init(&rng, 1);
    for (uint64_t i = 0; i < 9000; i++) {
        struct event e;
        arena_clear(&arena);
        help_flow(&e, &arena, &rng, HELP_BASE + (ts_ns)i, i);
        assert_int_equal(store_journal_append(j, &e), ERR_NONE);
    }
    commit(j, 9000);
    look(j, all, &view);
    assert_true(view.hot_n > 1);
    for (size_t i = 0; i < view.hot_n; i++) {
        struct store_batch b;
        assert_int_equal(store_batch_open(view.hot[i].data, &b), ERR_NONE);
        assert_int_equal(b.rows_n, view.hot[i].rows);
        rows += b.rows_n;
        store_batch_release(&b);
    }
    assert_int_equal(rows, 9000);
    store_journal_view_release(&view);
    arena_release(&arena);
    store_journal_close(j);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
