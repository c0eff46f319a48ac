/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/db.h"
#include "store/ids.h"
#include "store/journal.h"

#define NAMES 5000
#define MOST 100000

/* The journal makes the tables; names are then the test's own business. */
static struct store_db *open_db(const char *dir)
{
    const struct store_db_kind kind = {
        .what = "names", .application_id = 0x57656972, .version = store_journal_version()};
    char path[4200];
    struct err_text why;
    struct store_db *db;
    struct store_journal *j;
    snprintf(path, sizeof(path), "%s/events.db", dir);
    assert_int_equal(store_journal_open(path, 0, &j, &why), ERR_NONE);
    store_journal_close(j);
    assert_int_equal(store_db_open(path, &kind, &db, &why), ERR_NONE);
    return db;
}

static struct store_ids *open_ids(struct store_db *db, uint64_t most)
{
    struct store_ids *ids;
    assert_int_equal(store_ids_open(db, most, &ids), ERR_NONE);
    return ids;
}

static struct store_id_key key_of(const struct store_ids *ids, unsigned i)
{
    char text[16];
    snprintf(text, sizeof(text), "%u", i);
    return store_ids_name(ids, "logs-a-b", text);
}

static void add(struct store_ids *ids, unsigned i, uint32_t version)
{
    const struct store_id id = {.key = key_of(ids, i),
                                .document = i * 7,
                                .sequence = i + 1,
                                .time = HELP_BASE + (ts_ns)i,
                                .version = version};
    assert_int_equal(store_ids_reserve(ids, 1), ERR_NONE);
    store_ids_add(ids, &id);
}

static void write_some(struct store_db *db, struct store_ids *ids, size_t n)
{
    assert_int_equal(store_db_begin(db), ERR_NONE);
    assert_int_equal(store_ids_write(ids, n), ERR_NONE);
    assert_int_equal(store_db_commit(db), ERR_NONE);
    store_ids_written(ids);
}

static void write_all(struct store_db *db, struct store_ids *ids)
{
    write_some(db, ids, store_ids_count(ids));
}

/* 0: it is not there; else its version. */
static uint32_t find(struct store_ids *ids, unsigned i)
{
    struct store_id id;
    enum err err = store_ids_find(ids, key_of(ids, i), &id);
    if (err == ERR_AGAIN)
        err = store_ids_read(ids, key_of(ids, i), &id);
    if (err == ERR_NOT_FOUND)
        return 0;
    assert_int_equal(err, ERR_NONE);
    assert_int_equal(id.document, i * 7);
    assert_int_equal(id.sequence, i + 1);
    assert_int_equal(id.time, HELP_BASE + (ts_ns)i);
    return id.version;
}

static uint64_t kept(const struct store_ids *ids, uint64_t *out_forgotten)
{
    uint64_t n;
    store_ids_totals(ids, &n, out_forgotten);
    return n;
}

/* Through many generations and openings every name is found with what was said of it last, and no
 * other is. */
static void names_last(void **state)
{
    (void)state;
    static uint32_t truth[NAMES];
    char *dir = help_mkdir();
    struct store_db *db = open_db(dir);
    struct store_ids *ids = open_ids(db, NAMES); /* generations of some hundred */
    struct rng rng;
    uint64_t forgotten;
    memset(truth, 0, sizeof(truth));
    rng_init(&rng, 1);
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < 60; i++) {
            unsigned name = (unsigned)rng_below(&rng, NAMES);
            add(ids, name, ++truth[name]);
        }
        write_all(db, ids);
        if (round % 7 == 6) {
            store_ids_close(ids);
            ids = open_ids(db, NAMES);
        }
        for (unsigned i = 0; i < NAMES; i += 1 + round % 3)
            assert_int_equal(find(ids, i), truth[i]);
    }
    assert_true(kept(ids, &forgotten) <= 60 * 60);
    assert_int_equal(forgotten, 0);
    store_ids_close(ids);
    store_db_close(db);
    help_rmdir(dir);
}

/* What is taken out, or whose transaction fails, is nowhere; what it hid is there again. */
static void taken_back(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_db *db = open_db(dir);
    struct store_ids *ids = open_ids(db, MOST);
    struct rng rng;
    rng_init(&rng, 2);
    for (unsigned i = 0; i < 100; i++)
        add(ids, i, 1);
    write_all(db, ids);
    for (int round = 0; round < 20; round++) {
        size_t mark = store_ids_count(ids);
        for (unsigned i = 0; i < 2000; i++) /* the table grows meanwhile */
            add(ids, (unsigned)rng_below(&rng, 3000), 2);
        assert_int_equal(store_db_begin(db), ERR_NONE);
        assert_int_equal(store_ids_write(ids, store_ids_count(ids)), ERR_NONE);
        store_db_rollback(db);
        store_ids_unwritten(ids);
        assert_int_equal(store_ids_count(ids), mark + 2000);
        store_ids_rewind(ids, mark);
        for (unsigned i = 0; i < 3000; i++)
            assert_int_equal(find(ids, i), i < 100);
    }
    store_ids_close(ids);
    ids = open_ids(db, MOST);
    for (unsigned i = 0; i < 3000; i++)
        assert_int_equal(find(ids, i), i < 100);
    store_ids_close(ids);
    store_db_close(db);
    help_rmdir(dir);
}

/* A transaction that makes a generation and fails: all stays in memory. The next one does not try
 * again, as it may have been too much for the disk. */
static void generation_fails(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_db *db = open_db(dir);
    struct store_ids *ids = open_ids(db, 1600);
    for (unsigned i = 0; i < 500; i++)
        add(ids, i, 1);
    assert_int_equal(store_db_begin(db), ERR_NONE);
    assert_int_equal(store_ids_write(ids, 500), ERR_NONE);
    store_db_rollback(db);
    store_ids_unwritten(ids);
    for (int try = 0; try < 2; try++) {
        write_all(db, ids);
        assert_int_equal(store_ids_count(ids), 500);
        store_ids_close(ids);
        ids = open_ids(db, 1600);
        for (unsigned i = 0; i < 600; i++)
            assert_int_equal(find(ids, i), i < 500);
        assert_int_equal(store_db_begin(db), ERR_NONE);
        assert_int_equal(store_ids_write(ids, 500), ERR_NONE);
        store_db_rollback(db);
        store_ids_unwritten(ids);
    }
    for (unsigned i = 500; i < 520; i++)
        add(ids, i, 1);
    write_all(db, ids);
    assert_int_equal(store_ids_count(ids), 0);
    store_ids_close(ids);
    ids = open_ids(db, 1600);
    for (unsigned i = 0; i < 600; i++)
        assert_int_equal(find(ids, i), i < 520);
    /* A part of what is in memory makes no generation: the rest may be taken back. */
    for (unsigned i = 520; i < 720; i++)
        add(ids, i, 1);
    write_some(db, ids, 150);
    assert_int_equal(store_ids_count(ids), 200);
    store_ids_rewind(ids, 150);
    write_all(db, ids);
    assert_int_equal(store_ids_count(ids), 0);
    for (unsigned i = 0; i < 720; i++)
        assert_int_equal(find(ids, i), i < 670);
    store_ids_close(ids);
    store_db_close(db);
    help_rmdir(dir);
}

static void run(struct store_db *db, const char *sql)
{
    assert_int_equal(store_db_run(db, sql), ERR_NONE);
}

/* The oldest go when there are too many, and are counted when their events were still there; the
 * names of events that are gone go by themselves. */
static void forgotten(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_db *db = open_db(dir);
    struct store_ids *ids = open_ids(db, 1600);
    char sql[200];
    uint64_t n;
    snprintf(sql, sizeof(sql), "INSERT INTO batch VALUES (1, 'a', %lld, %lld, 1, x'00')",
             (long long)HELP_BASE + 150, (long long)HELP_BASE + 150);
    run(db, sql);
    for (unsigned i = 0; i < 3200; i++) {
        add(ids, i, 1);
        if (i % 100 == 99) {
            write_all(db, ids);
            assert_true(kept(ids, &n) <= 1700);
        }
    }
    assert_int_equal(find(ids, 0), 0);
    assert_int_equal(find(ids, 3199), 1);
    /* All that were dropped but the first hundred or two lay after the event. */
    assert_true(n >= 1300 && n <= 3200 - 1600);
    assert_int_equal(kept(ids, &n) % 100, 0);
    for (unsigned i = 0; i < 3200; i++)
        assert_int_equal(find(ids, i), i >= 3200 - kept(ids, &n));
    for (int there = 1; there >= 0; there--) {
        if (!there)
            run(db, "DELETE FROM batch");
        assert_int_equal(store_db_begin(db), ERR_NONE);
        assert_int_equal(store_ids_prune(ids), ERR_NONE);
        assert_int_equal(store_db_commit(db), ERR_NONE);
        store_ids_written(ids);
        assert_int_equal(find(ids, 3000), there);
    }
    /* Nothing of them is left in the file. */
    run(db, "CREATE TABLE empty (n CHECK (n = 0))");
    run(db, "INSERT INTO empty SELECT count(*) FROM id_page");
    run(db, "INSERT INTO empty SELECT count(*) FROM id_generation");
    store_ids_close(ids);
    store_db_close(db);
    help_rmdir(dir);
}

static void keys_differ(void **state)
{
    (void)state;
    char *dir = help_mkdir(), *other = help_mkdir();
    struct store_db *db = open_db(dir), *second = open_db(other);
    struct store_ids *ids = open_ids(db, 0), *same = open_ids(db, 0),
                     *strange = open_ids(second, 0);
    struct store_id_key x = store_ids_name(ids, "ab", "c");
    struct store_id_key others[] = {
        store_ids_name(ids, "a", "bc"),     store_ids_name(ids, "c", "ab"),
        store_ids_name(strange, "ab", "c"), store_ids_version(ids, x, 1),
        store_ids_version(ids, x, 2),
    };
    struct store_id_key again = store_ids_name(same, "ab", "c");
    assert_memory_equal(&x, &again, sizeof(x));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_memory_not_equal(&x, &others[i], sizeof(x));
    assert_memory_not_equal(&others[3], &others[4], sizeof(x));
    assert_int_not_equal(x.a, x.b);
    store_ids_close(ids);
    store_ids_close(same);
    store_ids_close(strange);
    store_db_close(db);
    store_db_close(second);
    help_rmdir(dir);
    help_rmdir(other);
}

/* A filter says no to nearly all that is not there. */
static void seldom_read(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_db *db = open_db(dir);
    struct store_ids *ids = open_ids(db, 16000);
    struct store_id id;
    unsigned reads = 0;
    for (unsigned i = 0; i < 10000; i++) {
        add(ids, i, 1);
        if (i % 1000 == 999)
            write_all(db, ids);
    }
    for (unsigned i = 0; i < 10000; i++) {
        assert_int_equal(store_ids_find(ids, key_of(ids, i), &id), ERR_AGAIN);
        enum err err = store_ids_find(ids, key_of(ids, 10000 + i), &id);
        assert_true(err == ERR_AGAIN || err == ERR_NOT_FOUND);
        reads += err == ERR_AGAIN;
    }
    assert_true(reads < 500); /* ten generations, one in 400 each */
    store_ids_close(ids);
    store_db_close(db);
    help_rmdir(dir);
}

/* Rows that no writer of ours made. */
static void damaged(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "INSERT INTO id_run VALUES (1, x'00')",
        "INSERT INTO id_generation VALUES (1, 1, 1, 0, x'')",
        "INSERT INTO id_generation VALUES (1, 1, 1, 0, zeroblob(24))",
        "INSERT INTO id_generation VALUES (1, 1, 1, 60, zeroblob(8))",
        "INSERT INTO id_generation VALUES (1, 1, 1, -1, zeroblob(8))",
        "INSERT INTO id_generation VALUES (0, 1, 1, 0, zeroblob(8))",
        "INSERT INTO id_generation VALUES (1 << 60, 1, 1, 0, zeroblob(8))",
        "INSERT INTO id_generation VALUES (1, -1, 1, 0, zeroblob(8))",
        "INSERT INTO id_generation VALUES (1, 5, 1, 0, zeroblob(8))",
        "UPDATE id_secret SET secret = x'00'",
        "DELETE FROM id_secret",
    };
    char *dir = help_mkdir();
    struct store_db *db = open_db(dir);
    struct store_ids *ids;
    struct store_id id;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(store_db_begin(db), ERR_NONE);
        run(db, wrong[i]);
        assert_int_equal(store_ids_open(db, 0, &ids), ERR_FORMAT);
        store_db_rollback(db);
    }
    ids = open_ids(db, 16);
    for (unsigned i = 0; i < 10; i++)
        add(ids, i, 1);
    write_all(db, ids);
    run(db, "UPDATE id_page SET data = x'0102'");
    assert_int_equal(store_ids_find(ids, key_of(ids, 3), &id), ERR_AGAIN);
    assert_int_equal(store_ids_read(ids, key_of(ids, 3), &id), ERR_FORMAT);
    store_ids_close(ids);
    store_db_close(db);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_last),       cmocka_unit_test(taken_back),
        cmocka_unit_test(generation_fails), cmocka_unit_test(forgotten),
        cmocka_unit_test(keys_differ),      cmocka_unit_test(seldom_read),
        cmocka_unit_test(damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
