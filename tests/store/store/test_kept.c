/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of every earlier version, as the scripts in migrate/ make them, are brought to the present
 * one: what was in them is there, and their tables are those that a new file has.
 */
#include "store/store/store_dir.h"

#include "base/buf.h"
#include "base/file.h"
#include "store/journal.h"
#include "store/state.h"
#include "store/store.h"

#include <sqlite3.h>

static char *path_in(const char *dir, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", dir, name) < 0)
        abort();
    return path;
}

/* Makes dir/name of migrate/KIND-VERSION.sql. */
static void make(const char *dir, const char *name, const char *kind, int version)
{
    char script[1000];
    struct err_text why;
    struct buf text;
    sqlite3 *db;
    char *path = path_in(dir, name);
    buf_init(&text);
    snprintf(script, sizeof(script), "%s/tests/store/store/migrate/%s-%d.sql", WEIR_SOURCE_DIR,
             kind, version);
    assert_int_equal(file_read(script, 100000, &text, &why), ERR_NONE);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, buf_text(&text), NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    buf_release(&text);
    free(path);
}

static int add_row(void *ctx, int n, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < n; i++)
        buf_format(ctx, "%s ", values[i] != NULL ? values[i] : "-");
    buf_char(ctx, '\n');
    return 0;
}

/* Tables with their columns, indexes with theirs, and the version. */
static void describe(const char *dir, const char *name, struct buf *out)
{
    static const char *const questions[] = {
        "SELECT m.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk FROM sqlite_master m,"
        " pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, c.cid",
        "SELECT m.name, m.tbl_name, c.name FROM sqlite_master m, pragma_index_info(m.name) c"
        " WHERE m.type = 'index' AND m.sql IS NOT NULL ORDER BY 1, c.seqno",
        "PRAGMA user_version",
        "PRAGMA integrity_check",
    };
    sqlite3 *db;
    char *path = path_in(dir, name);
    buf_init(out);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
        assert_int_equal(sqlite3_exec(db, questions[i], add_row, out, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    free(path);
}

/* What SQL says of a file, one line a row. */
static void assert_rows(const char *dir, const char *name, const char *sql, const char *expected)
{
    sqlite3 *db;
    struct buf out;
    char *path = path_in(dir, name);
    buf_init(&out);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, add_row, &out, NULL), SQLITE_OK);
    assert_string_equal(buf_text(&out), expected);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    buf_release(&out);
    free(path);
}

static void open_state(const char *dir)
{
    struct err_text why;
    struct store_state *st;
    enum err err = store_state_open(dir, &st, &why);
    if (err != ERR_NONE)
        print_error("%s\n", why.message);
    assert_int_equal(err, ERR_NONE);
    store_state_close(st);
}

static void see_rows(const char *dir, int version)
{
    static const char file[] = "state.db";
    assert_rows(dir, file, "SELECT value FROM meta", "42 \n");
    assert_rows(dir, file, "SELECT id, state, position FROM job", "j opened 4 \n");
    assert_rows(dir, file, "SELECT id, hex(state), used FROM snapshot ORDER BY id",
                "s1 01 0 \ns2 02 1 \n");
    assert_rows(dir, file, "SELECT id, score FROM result", "r 75.5 \n");
    assert_rows(dir, file, "SELECT id, status, last_run FROM rule", "u succeeded 7 \n");
    assert_rows(dir, file, "SELECT rule_id, time, manual, from_time, to_time, alerts FROM run",
                "u 300 0 250 300 2 \n");
    assert_rows(dir, file, "SELECT id, workflow_status, doc FROM alert",
                "a open {\"id\":\"a\"} \n");
    assert_rows(dir, file, "SELECT name, installed FROM package", "ded 9 \n");
    assert_rows(dir, file, "SELECT id FROM filter", version >= 2 ? "f \n" : "");
    assert_rows(dir, file, "SELECT text FROM message", version >= 2 ? "opened \n" : "");
    assert_rows(dir, file, "SELECT name, role FROM user", version >= 4 ? "ann admin \n" : "");
    assert_rows(dir, file, "SELECT list_id FROM exception_list", version >= 5 ? "l \n" : "");
    assert_rows(dir, file, "SELECT status FROM gap", version >= 6 ? "unfilled \n" : "");
    assert_rows(dir, file, "SELECT kind, id FROM kept", version >= 7 ? "template t \n" : "");
    assert_rows(dir, file, "SELECT id FROM connector", version >= 8 ? "c \n" : "");
}

static void test_state(void **state)
{
    (void)state;
    struct buf fresh;
    char *dir = help_mkdir();
    open_state(dir);
    describe(dir, "state.db", &fresh);
    help_rmdir(dir);
    for (int version = 1; version < store_state_version(); version++) {
        struct buf migrated;
        dir = help_mkdir();
        make(dir, "state.db", "state", version);
        open_state(dir);
        describe(dir, "state.db", &migrated);
        assert_string_equal(buf_text(&migrated), buf_text(&fresh));
        see_rows(dir, version);
        open_state(dir); /* and once more, as it is now */
        see_rows(dir, version);
        buf_release(&migrated);
        help_rmdir(dir);
    }
    buf_release(&fresh);
}

static void open_journal(const char *dir)
{
    struct err_text why;
    struct store_journal *j;
    char *path = path_in(dir, "events.db");
    assert_int_equal(store_journal_open(path, 0, &j, &why), ERR_NONE);
    store_journal_close(j);
    free(path);
}

static void test_events(void **state)
{
    (void)state;
    struct buf fresh;
    char *dir = help_mkdir();
    open_journal(dir);
    describe(dir, "events.db", &fresh);
    help_rmdir(dir);
    for (int version = 1; version < store_journal_version(); version++) {
        struct buf migrated;
        dir = help_mkdir();
        make(dir, "events.db", "events", version);
        open_journal(dir);
        describe(dir, "events.db", &migrated);
        assert_string_equal(buf_text(&migrated), buf_text(&fresh));
        assert_rows(dir, "events.db", "SELECT source, offset FROM origin", "conn.log 4711 \n");
        assert_rows(dir, "events.db", "SELECT id, hex(data) FROM batch", "1 00 \n");
        /* What comes now is numbered above all that was there. */
        assert_rows(dir, "events.db", "SELECT last FROM arrived", "1099511627776 \n");
        buf_release(&migrated);
        help_rmdir(dir);
    }
    buf_release(&fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
