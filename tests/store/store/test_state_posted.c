/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/db.h"
#include "store/state.h"
#include "store/state_posted.h"

#include <sqlite3.h>

static struct store_state *open_state(const char *dir)
{
    struct err_text why;
    struct store_state *st;
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    return st;
}

static void put(struct store_state *st, const char *job, ts_ns time, const char *text, size_t n)
{
    const struct store_posted p = {.time = time,
                                   .closed = time - 1,
                                   .advance = TIME_NONE,
                                   .skip = time + 1,
                                   .reset_start = time + 2,
                                   .reset_end = TIME_MAX};
    assert_int_equal(store_state_posted_put(st, job, &p, text, n), ERR_NONE);
}

/* All of a job's, as "time text;". */
static const char *list(struct store_state *st, const char *job, struct buf *out)
{
    struct store_posted p = {0};
    struct buf text;
    enum err rc;
    buf_init(&text);
    buf_clear(out);
    while ((rc = store_state_posted_next(st, job, p.number, &p, &text)) == ERR_NONE) {
        assert_int_equal(p.closed, p.time - 1);
        assert_int_equal(p.advance, TIME_NONE);
        assert_int_equal(p.skip, p.time + 1);
        assert_int_equal(p.reset_start, p.time + 2);
        assert_int_equal(p.reset_end, TIME_MAX);
        buf_format(out, "%lld %s;", (long long)p.time, buf_text(&text));
        buf_clear(&text);
    }
    assert_int_equal(rc, ERR_NOT_FOUND);
    buf_release(&text);
    return buf_text(out);
}

static void test_order(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    uint64_t newest = 9;
    struct buf b;
    buf_init(&b);
    assert_string_equal(list(st, "a", &b), "");
    assert_int_equal(store_state_posted_newest(st, "a", &newest), ERR_NONE);
    assert_int_equal(newest, 0);
    put(st, "a", 5, "one", 3);
    put(st, "b", 6, "other", 5);
    put(st, "a", 3, "", 0);
    put(st, "a", 7, "three", 5);
    assert_string_equal(list(st, "a", &b), "5 one;3 ;7 three;");
    assert_int_equal(store_state_posted_newest(st, "a", &newest), ERR_NONE);
    assert_int_equal(newest, 4);
    store_state_close(st);
    st = open_state(dir);
    assert_string_equal(list(st, "a", &b), "5 one;3 ;7 three;");
    assert_int_equal(store_state_posted_drop(st, "a"), ERR_NONE);
    assert_string_equal(list(st, "a", &b), "");
    assert_string_equal(list(st, "b", &b), "6 other;");
    const struct store_job job = {.id = "b", .config = "{}"};
    assert_int_equal(store_state_job_put(st, &job), ERR_NONE);
    assert_int_equal(store_state_job_reset(st, "b"), ERR_NONE);
    assert_string_equal(list(st, "b", &b), "");
    put(st, "b", 1, "x", 1);
    assert_int_equal(store_state_job_delete(st, "b"), ERR_NONE);
    assert_string_equal(list(st, "b", &b), "");
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

/* What repeats itself takes little room, and what is too long none. */
static void test_large(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct store_posted p = {0};
    struct buf text, got;
    buf_init(&text);
    buf_init(&got);
    for (int i = 0; i < 100000; i++)
        buf_format(&text, "{\"time\":%d,\"host\":{\"name\":\"h%d\"}}\n", i, i % 7);
    assert_int_equal(store_state_posted_put(st, "a", &p, text.p, text.n), ERR_NONE);
    assert_int_equal(store_state_posted_put(st, "a", &p, text.p, STORE_POSTED_MAX + 1), ERR_LIMIT);
    assert_int_equal(store_state_posted_next(st, "a", 0, &p, &got), ERR_NONE);
    assert_int_equal(got.n, text.n);
    assert_memory_equal(got.p, text.p, text.n);
    assert_int_equal(store_state_posted_next(st, "a", p.number, &p, &got), ERR_NOT_FOUND);
    buf_release(&got);
    buf_release(&text);
    store_state_close(st);
    help_rmdir(dir);
}

static void run_sql(const char *dir, const char *sql)
{
    char *path;
    sqlite3 *db;
    assert_true(asprintf(&path, "%s/state.db", dir) > 0);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    free(path);
}

static void test_damaged(void **state)
{
    (void)state;
    /* A bit of the text, its end, its checksum, something else; and one that claims gigabytes. */
    static const char *const wrongs[] = {
        "UPDATE posted SET data = CAST(replace(hex(data), '74', '75') AS TEXT)",
        "UPDATE posted SET data = substr(data, 1, length(data) - 5)",
        "UPDATE posted SET data = substr(data, 1, length(data) - 1) || x'00'",
        "UPDATE posted SET data = x''",
        "UPDATE posted SET data = x'28b52ffde4ffffffffffffff7f'",
    };
    char *dir = help_mkdir();
    struct store_posted p = {0};
    struct buf text;
    buf_init(&text);
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        struct store_state *st = open_state(dir);
        assert_int_equal(store_state_posted_drop(st, "a"), ERR_NONE);
        put(st, "a", 5, "some text", 9);
        store_state_close(st);
        run_sql(dir, wrongs[i]);
        st = open_state(dir);
        assert_int_equal(store_state_posted_next(st, "a", 0, &p, &text), ERR_FORMAT);
        assert_int_equal(text.n, 0);
        store_state_close(st);
    }
    buf_release(&text);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
