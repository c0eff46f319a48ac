/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/state.h"

static struct store_state *open_state(const char *dir)
{
    struct err_text why;
    struct store_state *st;
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    return st;
}

static bool snapshot_seen(void *ctx, const struct store_snapshot *s)
{
    buf_format(ctx, "%s%s:%llu;", s->id, s->used ? "*" : "", (unsigned long long)s->size);
    return true;
}

static void put_snapshot(struct store_state *st, const char *id, ts_ns time, const char *bytes,
                         bool retain)
{
    struct store_snapshot s = {
        .job_id = "job", .id = id, .doc = "{}", .time = time, .position = time, .retain = retain};
    assert_int_equal(store_state_snapshot_put(st, &s, bytes, strlen(bytes)), ERR_NONE);
}

/* Compares the list of a job's snapshots. */
static void expect(struct store_state *st, const char *list)
{
    struct buf b;
    buf_init(&b);
    assert_int_equal(store_state_snapshot_list(st, "job", snapshot_seen, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), list);
    buf_release(&b);
}

static void test_snapshots(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct arena arena;
    struct buf b;
    struct store_snapshot s;
    arena_init(&arena, 0);
    buf_init(&b);
    assert_int_equal(store_state_snapshot_get(st, "job", NULL, &arena, &s, &b), ERR_NOT_FOUND);
    put_snapshot(st, "1", 10, "one", true);
    put_snapshot(st, "2", 20, "second", false);
    put_snapshot(st, "3", 30, "", false);
    put_snapshot(st, "4", 40, "the newest", false);
    assert_int_equal(store_state_snapshot_get(st, "job", NULL, &arena, &s, &b), ERR_NONE);
    assert_string_equal(s.id, "4");
    assert_true(s.used);
    assert_string_equal(buf_text(&b), "the newest");
    assert_int_equal(store_state_snapshot_get(st, "job", "2", &arena, &s, NULL), ERR_NONE);
    assert_int_equal(s.size, 6);
    assert_int_equal(s.position, 20);
    assert_false(s.used);
    expect(st, "4*:10;3:0;2:6;1:3;");
    assert_int_equal(store_state_snapshot_delete(st, "job", "3"), ERR_NONE);
    assert_int_equal(store_state_snapshot_delete(st, "job", "3"), ERR_NOT_FOUND);
    assert_int_equal(store_state_snapshot_update(st, "job", "2", "{\"d\":1}", true), ERR_NONE);
    assert_int_equal(store_state_snapshot_update(st, "job", "3", "{}", true), ERR_NOT_FOUND);
    assert_int_equal(store_state_snapshot_get(st, "job", "2", &arena, &s, NULL), ERR_NONE);
    assert_true(s.retain);
    assert_string_equal(s.doc, "{\"d\":1}");
    arena_release(&arena);
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

/* Going back: later ones go, retained ones stay, and an unknown one changes nothing. */
static void test_use(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct arena arena;
    struct store_snapshot s;
    arena_init(&arena, 0);
    put_snapshot(st, "1", 10, "", false);
    put_snapshot(st, "2", 20, "", false);
    put_snapshot(st, "3", 30, "", true);
    put_snapshot(st, "4", 40, "", false);
    assert_int_equal(store_state_snapshot_use(st, "job", "9"), ERR_NOT_FOUND);
    expect(st, "4*:0;3:0;2:0;1:0;");
    assert_int_equal(store_state_snapshot_use(st, "job", "2"), ERR_NONE);
    expect(st, "3:0;2*:0;1:0;");
    store_state_close(st);
    st = open_state(dir);
    assert_int_equal(store_state_snapshot_get(st, "job", NULL, &arena, &s, NULL), ERR_NONE);
    assert_string_equal(s.id, "2");
    put_snapshot(st, "5", 25, "", false);
    expect(st, "3:0;5*:0;2:0;1:0;");
    /* Back to nothing: none is in use, not the retained one either. */
    assert_int_equal(store_state_snapshot_use(st, "job", STORE_SNAPSHOT_EMPTY), ERR_NONE);
    expect(st, "3:0;");
    assert_int_equal(store_state_snapshot_get(st, "job", NULL, &arena, &s, NULL), ERR_NOT_FOUND);
    arena_release(&arena);
    store_state_close(st);
    help_rmdir(dir);
}

/* A snapshot every ten minutes for twelve days: what stays, and that the order of saving and
 * thinning does not matter. */
static void test_thinning(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    const struct store_thinning t = {
        .all = 10 * TIME_DAY, .close = TIME_DAY, .step = 3 * TIME_HOUR};
    char id[32];
    assert_int_equal(store_state_relax(st), ERR_NONE);
    put_snapshot(st, "kept", TIME_HOUR, "", true);
    for (int i = 0; i <= 12 * 24 * 6; i++) {
        snprintf(id, sizeof(id), "%d", i);
        put_snapshot(st, id, i * 10 * TIME_MIN, "", false);
        assert_int_equal(store_state_snapshot_thin(st, "job", &t), ERR_NONE);
    }
    /* In use: 1728. Of the last day one for each three hours, the last one; then the first of each
     * day, which was the last of its first three hours; not older than ten days but the retained.
     */
    expect(st, "1728*:0;1727:0;1709:0;1691:0;1673:0;1655:0;1637:0;1619:0;1601:0;1457:0;1313:0;"
               "1169:0;1025:0;881:0;737:0;593:0;449:0;305:0;kept:0;");
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snapshots),
        cmocka_unit_test(test_use),
        cmocka_unit_test(test_thinning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
