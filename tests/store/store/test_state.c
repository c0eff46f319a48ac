/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/state.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct store_state *open_state(const char *dir)
{
    struct err_text why;
    struct store_state *st;
    enum err rc = store_state_open(dir, &st, &why);
    if (rc != ERR_NONE)
        fail_msg("%s", why.message);
    return st;
}

static char *path_of(const char *dir, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", dir, name) < 0)
        abort();
    return path;
}

static void test_meta(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct buf b;
    int64_t v = 1;
    buf_init(&b);
    assert_int_equal(store_state_meta_get(st, "x", &b), ERR_NOT_FOUND);
    assert_int_equal(store_state_meta_put(st, "x", "a\0b", 3), ERR_NONE);
    assert_int_equal(store_state_meta_put(st, "empty", "", 0), ERR_NONE);
    assert_int_equal(store_state_meta_put_i64(st, "engine_time", -42), ERR_NONE);
    store_state_close(st);
    st = open_state(dir);
    assert_int_equal(store_state_meta_get(st, "x", &b), ERR_NONE);
    assert_int_equal(b.n, 3);
    assert_memory_equal(b.p, "a\0b", 3);
    assert_int_equal(store_state_meta_get(st, "empty", &b), ERR_NONE);
    assert_int_equal(b.n, 3);
    assert_int_equal(store_state_meta_get_i64(st, "engine_time", &v), ERR_NONE);
    assert_int_equal(v, -42);
    assert_int_equal(store_state_meta_get_i64(st, "x", &v), ERR_FORMAT);
    assert_int_equal(store_state_meta_delete(st, "x"), ERR_NONE);
    assert_int_equal(store_state_meta_delete(st, "x"), ERR_NOT_FOUND);
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

static void test_transactions(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct err_text why;
    int64_t v = 0;
    assert_int_equal(store_state_begin(st), ERR_NONE);
    assert_int_equal(store_state_meta_put_i64(st, "a", 1), ERR_NONE);
    store_state_rollback(st);
    assert_int_equal(store_state_meta_get_i64(st, "a", &v), ERR_NOT_FOUND);
    /* Nested: the outermost decides. */
    assert_int_equal(store_state_begin(st), ERR_NONE);
    assert_int_equal(store_state_begin(st), ERR_NONE);
    assert_int_equal(store_state_meta_put_i64(st, "a", 1), ERR_NONE);
    assert_int_equal(store_state_commit(st, &why), ERR_NONE);
    assert_int_equal(store_state_commit(st, &why), ERR_NONE);
    assert_int_equal(store_state_meta_get_i64(st, "a", &v), ERR_NONE);
    /* A part that was taken back takes back all. */
    assert_int_equal(store_state_begin(st), ERR_NONE);
    assert_int_equal(store_state_meta_put_i64(st, "b", 1), ERR_NONE);
    assert_int_equal(store_state_begin(st), ERR_NONE);
    store_state_rollback(st);
    assert_int_equal(store_state_commit(st, &why), ERR_STOPPED);
    assert_int_equal(store_state_meta_get_i64(st, "b", &v), ERR_NOT_FOUND);
    /* Closing takes back what is open. */
    assert_int_equal(store_state_begin(st), ERR_NONE);
    assert_int_equal(store_state_meta_put_i64(st, "c", 1), ERR_NONE);
    store_state_close(st);
    st = open_state(dir);
    assert_int_equal(store_state_meta_get_i64(st, "c", &v), ERR_NOT_FOUND);
    store_state_close(st);
    help_rmdir(dir);
}

static void write_file(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
}

static char *read_file(const char *path, size_t *out_n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char *p = malloc(1 << 20);
    *out_n = fread(p, 1, 1 << 20, f);
    fclose(f);
    return p;
}

/* Files that are refused: with a sentence, and without a byte changed. */
static void refused(const char *dir, enum err code, const char *words)
{
    struct err_text why;
    struct store_state *st;
    size_t before_n;
    size_t after_n;
    char *path = path_of(dir, "state.db");
    char *before = read_file(path, &before_n);
    enum err rc = store_state_open(dir, &st, &why);
    assert_int_equal(rc, code);
    if (strstr(why.message, words) == NULL)
        fail_msg("'%s' does not say '%s'", why.message, words);
    assert_non_null(strstr(why.file, "state.db"));
    char *after = read_file(path, &after_n);
    assert_int_equal(before_n, after_n);
    assert_memory_equal(before, after, before_n);
    free(before);
    free(after);
    free(path);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void test_refuses(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    char *path = path_of(dir, "state.db");
    char garbage[8192];
    struct rng rng;
    rng_init(&rng, 1);
    for (size_t i = 0; i < sizeof(garbage); i++)
        garbage[i] = (char)rng_u64(&rng);
    write_file(path, garbage, sizeof(garbage));
    refused(dir, ERR_FORMAT, "damaged");
    /* Somebody else's database. */
    unlink(path);
    run_sql(path, "CREATE TABLE x (y); PRAGMA application_id = 7; PRAGMA user_version = 1");
    refused(dir, ERR_FORMAT, "no file of Weir's");
    unlink(path);
    struct store_state *st = open_state(dir);
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof(name), "name%d", i);
        assert_int_equal(store_state_meta_put(st, name, garbage, 400), ERR_NONE);
    }
    store_state_close(st);
    run_sql(path, "PRAGMA user_version = 99");
    refused(dir, ERR_VERSION, "newer Weir");
    run_sql(path, "PRAGMA user_version = 8; PRAGMA wal_checkpoint(TRUNCATE)");
    /* Cut in the middle. */
    size_t n;
    char *whole = read_file(path, &n);
    write_file(path, whole, n / 2);
    refused(dir, ERR_FORMAT, "damaged");
    /* Pages overwritten. */
    memset(whole + n / 4, 0x5a, n / 2);
    write_file(path, whole, n);
    refused(dir, ERR_FORMAT, "damaged");
    free(whole);
    free(path);
    help_rmdir(dir);
}

static bool see_run(void *ctx, const struct store_run *run)
{
    assert_false(run->manual);
    assert_int_equal(run->time, 7);
    *(uint64_t *)ctx += run->alerts;
    return true;
}

/* A file of the first version gets the tables it lacks, and keeps what it has. */
static void test_migrates(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    char *path = path_of(dir, "state.db");
    struct buf b;
    buf_init(&b);
    struct store_state *st = open_state(dir);
    assert_int_equal(store_state_meta_put(st, "x", "kept", 4), ERR_NONE);
    store_state_close(st);
    run_sql(
        path,
        "DROP TABLE connector; DROP TABLE notice; DROP TABLE outbox; DROP TABLE throttle;"
        "DROP TABLE posted; DROP TABLE waiting; DROP TABLE kept; DROP TABLE gap; DROP TABLE run;"
        "CREATE TABLE run (rule_id TEXT NOT NULL, time INTEGER NOT NULL, from_time INTEGER,"
        " to_time INTEGER, status TEXT NOT NULL, message TEXT, doc TEXT,"
        " alerts INTEGER NOT NULL, PRIMARY KEY (rule_id, time)) WITHOUT ROWID;"
        "INSERT INTO run VALUES ('r', 7, 1, 2, 'failed', 'm', '{}', 3);"
        "DROP TABLE exception_list; DROP TABLE exception_item;"
        "DROP TABLE value_list; DROP TABLE value;"
        "DROP TABLE user; DROP TABLE session; DROP TABLE api_key;"
        "DROP TABLE filter; DROP TABLE calendar; DROP TABLE message;"
        "ALTER TABLE snapshot DROP COLUMN used;"
        "INSERT INTO snapshot VALUES ('j', 'old', '{}', 1, 1, 0, ''),"
        " ('j', 'new', '{}', 2, 2, 0, '');"
        "PRAGMA user_version = 1");
    st = open_state(dir);
    assert_int_equal(store_state_meta_get(st, "x", &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "kept");
    assert_int_equal(store_state_listed_put(st, STORE_FILTERS, "f", "{}"), ERR_NONE);
    assert_int_equal(store_state_listed_put(st, STORE_CALENDARS, "c", "{}"), ERR_NONE);
    struct arena arena;
    struct store_snapshot snapshot;
    arena_init(&arena, 0);
    assert_int_equal(store_state_snapshot_get(st, "j", NULL, &arena, &snapshot, NULL), ERR_NONE);
    assert_string_equal(snapshot.id, "new");
    uint64_t alerts = 0;
    assert_int_equal(store_state_run_list(st, "r", 0, see_run, &alerts), ERR_NONE);
    assert_int_equal(alerts, 3);
    assert_true(snapshot.used);
    arena_release(&arena);
    store_state_close(st);
    buf_release(&b);
    free(path);
    help_rmdir(dir);
}

/*
 * A process that writes pairs in transactions and is killed at any moment leaves only whole pairs,
 * and every one that it was told was written.
 */
static void test_killed(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 9);
    char *dir = help_mkdir();
    for (int round = 0; round < 12; round++) {
        int told[2];
        assert_int_equal(pipe(told), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct store_state *st;
            if (store_state_open(dir, &st, NULL) != ERR_NONE)
                _exit(2);
            for (int64_t i = 0;; i++) {
                if (store_state_begin(st) != ERR_NONE ||
                    store_state_meta_put_i64(st, "left", i) != ERR_NONE ||
                    store_state_meta_put_i64(st, "right", i) != ERR_NONE ||
                    store_state_commit(st, NULL) != ERR_NONE ||
                    write(told[1], &i, sizeof(i)) != sizeof(i))
                    _exit(3);
            }
        }
        close(told[1]);
        usleep((useconds_t)(20000 + rng_below(&rng, 40000)));
        kill(pid, SIGKILL);
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        int64_t last = -1;
        int64_t v;
        while (read(told[0], &v, sizeof(v)) == sizeof(v))
            last = v;
        close(told[0]);
        struct store_state *st = open_state(dir);
        int64_t left = -1;
        int64_t right = -1;
        enum err rc = store_state_meta_get_i64(st, "left", &left);
        assert_true(rc == ERR_NONE || (rc == ERR_NOT_FOUND && last == -1));
        assert_int_equal(store_state_meta_get_i64(st, "right", &right), rc);
        assert_int_equal(left, right);
        assert_true(left >= last);
        store_state_close(st);
    }
    help_rmdir(dir);
}

/* No space: the change fails as ERR_FULL and nothing of it is there. */
static void test_full(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    assert_int_equal(store_state_meta_put_i64(st, "a", 1), ERR_NONE);
    store_state_close(st);
    pid_t pid = fork();
    if (pid == 0) {
        /* A limit on the size of files is what a full disk looks like to SQLite's writes. */
        struct rlimit small = {300000, 300000};
        char *big = calloc(1, 1 << 20);
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &small);
        if (big == NULL || store_state_open(dir, &st, NULL) != ERR_NONE)
            _exit(2);
        if (store_state_begin(st) != ERR_NONE || store_state_meta_put_i64(st, "a", 2) != ERR_NONE)
            _exit(3);
        enum err rc = store_state_meta_put(st, "big", big, 1 << 20);
        if (rc == ERR_NONE)
            rc = store_state_commit(st, NULL);
        else
            store_state_rollback(st);
        int64_t v = 0;
        bool kept = store_state_meta_get_i64(st, "a", &v) == ERR_NONE && v == 1;
        if (!kept)
            _exit(4);
        _exit(rc == ERR_FULL ? 0 : 10 - rc);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    int64_t v = 0;
    st = open_state(dir);
    assert_int_equal(store_state_meta_get_i64(st, "a", &v), ERR_NONE);
    assert_int_equal(v, 1);
    store_state_close(st);
    help_rmdir(dir);
}

static bool package_seen(void *ctx, const struct store_package *p)
{
    buf_format(ctx, "%s %s %lld;", p->name, p->version, (long long)p->installed);
    return true;
}

static void test_packages_and_backup(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct err_text why;
    struct buf b;
    buf_init(&b);
    struct store_package p = {.name = "ded", .version = "1", .doc = "{}", .installed = 5};
    assert_int_equal(store_state_package_put(st, &p), ERR_NONE);
    p.version = "2";
    assert_int_equal(store_state_package_put(st, &p), ERR_NONE);
    p.name = "alpha";
    assert_int_equal(store_state_package_put(st, &p), ERR_NONE);
    assert_int_equal(store_state_package_list(st, package_seen, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "alpha 2 5;ded 2 5;");
    char *copy = path_of(dir, "copy/state.db");
    assert_int_equal(store_state_backup(st, copy, &why), ERR_IO);
    char *folder = path_of(dir, "copy");
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(store_state_backup(st, copy, &why), ERR_NONE);
    assert_int_equal(store_state_package_delete(st, "ded"), ERR_NONE);
    assert_int_equal(store_state_package_delete(st, "ded"), ERR_NOT_FOUND);
    store_state_close(st);
    st = open_state(folder);
    buf_clear(&b);
    assert_int_equal(store_state_package_list(st, package_seen, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "alpha 2 5;ded 2 5;");
    store_state_close(st);
    buf_release(&b);
    free(copy);
    free(folder);
    help_rmdir(dir);
}

/* Without waiting for the disk everything is as it is with it, as long as the process lives. */
static void test_relaxed(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    int64_t v = 0;
    assert_int_equal(store_state_relax(st), ERR_NONE);
    assert_int_equal(store_state_begin(st), ERR_NONE);
    assert_int_equal(store_state_meta_put_i64(st, "a", 1), ERR_NONE);
    assert_int_equal(store_state_commit(st, NULL), ERR_NONE);
    assert_int_equal(store_state_begin(st), ERR_NONE);
    assert_int_equal(store_state_meta_put_i64(st, "a", 2), ERR_NONE);
    store_state_rollback(st);
    assert_int_equal(store_state_meta_get_i64(st, "a", &v), ERR_NONE);
    assert_int_equal(v, 1);
    store_state_close(st);
    st = open_state(dir);
    assert_int_equal(store_state_meta_get_i64(st, "a", &v), ERR_NONE);
    assert_int_equal(v, 1);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meta),     cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_relaxed),  cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_migrates), cmocka_unit_test(test_killed),
        cmocka_unit_test(test_full),     cmocka_unit_test(test_packages_and_backup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
