/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations and failures; refusing foreign, damaged and newer files is proved in test_state. */
#include "store/store/store_help.h"

#include "store/db.h"

#include <sys/stat.h>

static const char *const steps[] = {
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)",
    "ALTER TABLE t ADD COLUMN c INTEGER NOT NULL DEFAULT 7",
    "CREATE TABLE (broken",
};

static struct store_db_kind kind(int version)
{
    return (struct store_db_kind){
        .what = "the test file", .application_id = 5, .step = steps, .version = version};
}

static void test_migrations(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    char path[4200];
    struct err_text why;
    struct store_db *db;
    struct store_db_kind first = kind(1);
    struct store_db_kind second = kind(2);
    struct store_db_kind broken = kind(3);
    snprintf(path, sizeof(path), "%s/x.db", dir);
    assert_int_equal(store_db_open(path, &first, &db, &why), ERR_NONE);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(store_db_run(db, "INSERT INTO t VALUES (1, 'x')"), ERR_NONE);
    store_db_close(db);
    /* A step that fails leaves the file as it was. */
    assert_int_equal(store_db_open(path, &broken, &db, &why), ERR_IO);
    assert_int_equal(store_db_open(path, &first, &db, &why), ERR_NONE);
    store_db_close(db);
    assert_int_equal(store_db_open(path, &second, &db, &why), ERR_NONE);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "SELECT b, c FROM t");
    assert_non_null(stmt);
    assert_int_equal(store_db_step(db, stmt), ERR_NONE);
    assert_string_equal(store_db_text(stmt, 0), "x");
    assert_int_equal(store_db_i64(stmt, 1), 7);
    assert_int_equal(store_db_step(db, stmt), ERR_END);
    store_db_close(db);
    assert_int_equal(store_db_open(path, &first, &db, &why), ERR_VERSION);
    help_rmdir(dir);
}

static void test_statements(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    char path[4200];
    struct err_text why;
    struct store_db *db;
    struct store_db *reader;
    struct store_db_kind first = kind(1);
    snprintf(path, sizeof(path), "%s/x.db", dir);
    assert_int_equal(store_db_open(path, &first, &db, &why), ERR_NONE);
    static const char insert[] = "INSERT INTO t VALUES (?, ?)";
    for (int i = 0; i < 3; i++) {
        struct sqlite3_stmt *stmt = store_db_prepare(db, insert);
        store_db_bind_i64(stmt, 1, i);
        if (i < 2)
            store_db_bind_text(stmt, 2, "text"); /* the third time it is NULL again */
        assert_int_equal(store_db_exec(db, stmt), ERR_NONE);
        assert_int_equal(store_db_changes(db), 1);
    }
    struct sqlite3_stmt *stmt = store_db_prepare(db, insert);
    store_db_bind_i64(stmt, 1, 1);
    assert_int_equal(store_db_exec(db, stmt), ERR_EXISTS);
    assert_null(store_db_prepare_once(db, "SELECT x FROM nowhere"));
    assert_int_not_equal(store_db_error(db), ERR_NONE);
    assert_string_equal(store_db_message(db), "no such table: nowhere");
    /* A reader sees what is committed and changes nothing. */
    assert_int_equal(store_db_open_reader(path, &reader, &why), ERR_NONE);
    assert_int_equal(store_db_begin(db), ERR_NONE);
    assert_int_equal(store_db_run(db, "DELETE FROM t"), ERR_NONE);
    stmt = store_db_prepare(reader, "SELECT count(*), count(b) FROM t");
    assert_int_equal(store_db_step(reader, stmt), ERR_NONE);
    assert_int_equal(store_db_i64(stmt, 0), 3);
    assert_int_equal(store_db_i64(stmt, 1), 2);
    store_db_reset(stmt);
    store_db_rollback(db);
    assert_int_equal(store_db_run(reader, "DELETE FROM t"), ERR_DENIED);
    store_db_close(reader);
    store_db_close(db);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_migrations),
        cmocka_unit_test(test_statements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
