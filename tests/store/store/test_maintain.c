/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "query/query.h"
#include "store/client.h"

#include <dirent.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct store *open_store(const char *dir, const struct store_options *options)
{
    struct err_text why;
    struct store *s;
    enum err rc = store_open(dir, options, &s, &why);
    if (rc != ERR_NONE)
        fail_msg("%s", why.message);
    return s;
}

static void good(enum err rc, const struct err_text *why)
{
    if (rc != ERR_NONE)
        fail_msg("%s", why->message);
}

/* Flows from a time on, committed and sealed into one piece. */
static void piece(struct store *s, struct rng *rng, ts_ns from, uint64_t n, const char *dataset)
{
    struct arena arena;
    struct err_text why;
    arena_init(&arena, 0);
    for (uint64_t i = 0; i < n; i++) {
        struct event e;
        arena_clear(&arena);
        help_flow(&e, &arena, rng, from + (ts_ns)i * TIME_S, rng_u64(rng) >> 1);
        if (dataset != NULL)
            event_set_text(&e, EVENT_F_DATA_STREAM_DATASET, dataset);
        assert_int_equal(store_append(s, &e), ERR_NONE);
    }
    good(store_commit(s, &why), &why);
    good(store_seal(s, &why), &why);
    arena_release(&arena);
}

static unsigned files(const char *dir)
{
    char path[4200];
    unsigned n = 0;
    snprintf(path, sizeof(path), "%s/pieces", dir);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strstr(e->d_name, ".parquet") != NULL || strstr(e->d_name, ".tmp") != NULL;
    closedir(d);
    return n;
}

static void collect(struct store *s, struct help_list *l)
{
    struct err_text why;
    struct store_search all = {.from = TIME_NONE, .to = TIME_MAX};
    memset(l, 0, sizeof(*l));
    buf_init(&l->text);
    good(store_search(s, &all, help_collect, l, &why), &why);
}

/* Pieces of a past hour and one dataset become one, with the same events. */
static void test_merge(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct rng rng;
    struct err_text why;
    struct store_stats stats;
    struct help_list before;
    struct help_list after;
    ts_ns hour = time_floor(HELP_BASE, TIME_HOUR);
    rng_init(&rng, 2);
    struct store *s = open_store(dir, NULL);
    piece(s, &rng, hour + 10 * TIME_MIN, 50, NULL);
    piece(s, &rng, hour + 5 * TIME_MIN, 50, NULL);
    piece(s, &rng, hour + 5 * TIME_MIN, 30, "other.set");
    piece(s, &rng, hour + 20 * TIME_MIN, 50, NULL);
    piece(s, &rng, hour + 80 * TIME_MIN, 50, NULL); /* the next hour */
    collect(s, &before);
    assert_int_equal(before.n, 230);
    /* The hour is not over, then it is too fresh: nothing is merged. */
    good(store_maintain(s, hour + 30 * TIME_MIN, &why), &why);
    good(store_maintain(s, hour + 62 * TIME_MIN, &why), &why);
    store_stats(s, &stats);
    assert_int_equal(stats.pieces, 5);
    good(store_maintain(s, hour + 70 * TIME_MIN, &why), &why);
    store_stats(s, &stats);
    assert_int_equal(stats.pieces, 3);
    assert_int_equal(stats.piece_rows, 230);
    assert_int_equal(files(dir), 3);
    collect(s, &after);
    assert_string_equal(buf_text(&after.text), buf_text(&before.text));
    buf_release(&after.text);
    /* Once merged it is left alone; a late piece is merged with it. */
    good(store_maintain(s, hour + 70 * TIME_MIN, &why), &why);
    piece(s, &rng, hour + 50 * TIME_MIN, 10, NULL);
    good(store_maintain(s, hour + 75 * TIME_MIN, &why), &why);
    store_stats(s, &stats);
    assert_int_equal(stats.pieces, 3);
    assert_int_equal(stats.piece_rows, 240);
    store_close(s);
    s = open_store(dir, NULL);
    collect(s, &after);
    assert_int_equal(after.n, 240);
    buf_release(&after.text);
    buf_release(&before.text);
    store_close(s);
    help_rmdir(dir);
}

static void test_keep_age(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct rng rng;
    struct err_text why;
    struct store_stats stats;
    struct store_options options = {.keep_age_ns = TIME_DAY};
    rng_init(&rng, 2);
    struct store *s = open_store(dir, &options);
    piece(s, &rng, HELP_BASE, 50, NULL);
    piece(s, &rng, HELP_BASE + 3 * TIME_HOUR, 50, NULL);
    help_came(dir, HELP_BASE);
    good(store_maintain(s, HELP_BASE + TIME_DAY, &why), &why);
    store_stats(s, &stats);
    assert_int_equal(stats.pieces, 2);
    assert_true(stats.dropped_until == TIME_NONE);
    good(store_maintain(s, HELP_BASE + TIME_DAY + TIME_HOUR, &why), &why);
    store_stats(s, &stats);
    assert_int_equal(stats.pieces, 1);
    assert_int_equal(stats.dropped_pieces, 1);
    assert_int_equal(stats.dropped_rows, 50);
    assert_int_equal(stats.dropped_old_rows, 50);
    assert_int_equal(stats.dropped_until, HELP_BASE + 49 * TIME_S);
    assert_int_equal(stats.first_time, HELP_BASE + 3 * TIME_HOUR);
    assert_int_equal(files(dir), 1);
    store_close(s);
    help_rmdir(dir);
}

/* Names of events that were removed are forgotten; before that, for want of room only, and counted.
 */
static void test_names(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct store_stats stats;
    struct store_options options = {.keep_age_ns = TIME_DAY,
                                    .ids = 160}; /* generations of eleven */
    char id[16];
    struct store *s = open_store(dir, &options);
    for (unsigned i = 0; i < 300; i++) {
        snprintf(id, sizeof(id), "%u", i);
        assert_int_equal(help_named(s, id, 1, true, HELP_BASE + (ts_ns)i), STORE_NAME_FREE);
        if (i % 11 == 10)
            good(store_commit(s, &why), &why);
    }
    good(store_commit(s, &why), &why);
    good(store_maintain(s, HELP_BASE + TIME_HOUR, &why), &why);
    store_stats(s, &stats);
    assert_true(stats.ids > 140 && stats.ids <= 180);
    assert_int_equal(stats.ids_forgotten, 300 - stats.ids);
    help_came(dir, HELP_BASE);
    good(store_maintain(s, HELP_BASE + 2 * TIME_DAY, &why), &why);
    store_stats(s, &stats);
    assert_int_equal(stats.piece_rows + stats.hot_rows, 0);
    assert_true(stats.ids < 11); /* the newest go when others come */
    store_close(s);
    help_rmdir(dir);
}

/* Who brings the past keeps it as long as the present: a merge with what came late, too. */
static void test_keep_arrival(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct rng rng;
    struct err_text why;
    struct store_stats stats;
    struct store_options options = {.keep_age_ns = TIME_DAY};
    const ts_ns came = HELP_BASE + 1000 * TIME_DAY;
    rng_init(&rng, 2);
    struct store *s = open_store(dir, &options);
    piece(s, &rng, HELP_BASE, 50, NULL);
    help_came(dir, came);
    good(store_maintain(s, came + TIME_DAY, &why), &why);
    store_stats(s, &stats);
    assert_int_equal(stats.piece_rows, 50);
    assert_int_equal(stats.dropped_rows, 0);
    /* Opening changes nothing; new events of the same hour are kept with the piece they join. */
    store_close(s);
    s = open_store(dir, &options);
    piece(s, &rng, HELP_BASE + TIME_MIN, 10, NULL);
    good(store_maintain(s, came + TIME_DAY, &why), &why);
    help_came(dir, came + TIME_HOUR);
    good(store_maintain(s, came + TIME_DAY + TIME_MIN, &why), &why);
    store_stats(s, &stats);
    assert_int_equal(stats.pieces, 1);
    assert_int_equal(stats.piece_rows, 60);
    good(store_maintain(s, came + TIME_DAY + TIME_HOUR + TIME_S, &why), &why);
    store_stats(s, &stats);
    assert_int_equal(stats.pieces, 0);
    assert_int_equal(stats.dropped_old_rows, 60);
    /* What has no file any more goes by its events. */
    piece(s, &rng, HELP_BASE, 50, NULL);
    char command[4300];
    snprintf(command, sizeof(command), "rm '%s'/pieces/*.parquet", dir);
    assert_int_equal(system(command), 0);
    good(store_maintain(s, came, &why), &why);
    store_stats(s, &stats);
    assert_int_equal(stats.pieces, 0);
    store_close(s);
    help_rmdir(dir);
}

static void test_keep_bytes(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct rng rng;
    struct err_text why;
    struct store_stats stats;
    rng_init(&rng, 2);
    struct store *s = open_store(dir, NULL);
    for (int i = 0; i < 4; i++)
        piece(s, &rng, HELP_BASE + i * TIME_DAY, 500, NULL);
    store_stats(s, &stats);
    assert_int_equal(stats.pieces, 4);
    uint64_t all = stats.piece_bytes;
    store_close(s);
    struct store_options options = {.keep_bytes = all / 2 + 2000};
    s = open_store(dir, &options);
    good(store_maintain(s, HELP_BASE, &why), &why);
    store_stats(s, &stats);
    assert_int_equal(stats.pieces, 2);
    assert_true(stats.piece_bytes <= options.keep_bytes);
    assert_int_equal(stats.first_time, HELP_BASE + 2 * TIME_DAY); /* the oldest went */
    assert_true(stats.dropped_rows == 1000 && stats.dropped_old_rows == 0);
    assert_int_equal(stats.dropped_until, HELP_BASE + TIME_DAY + 499 * TIME_S);
    store_close(s);
    help_rmdir(dir);
}

struct reading {
    struct store *store;
    const char *dir;
    uint64_t n;
};

/* In the middle of a search another thread's housekeeping merges: played by the sink's own call. */
static bool merge_while_reading(void *ctx, struct event *e)
{
    struct reading *r = ctx;
    struct err_text why;
    (void)e;
    if (r->n++ == 0) {
        good(store_maintain(r->store, HELP_BASE + TIME_DAY, &why), &why);
        assert_int_equal(files(r->dir), 4); /* three to be read, and the merged one */
    }
    return true;
}

static void test_merge_while_reading(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct rng rng;
    struct err_text why;
    ts_ns hour = time_floor(HELP_BASE, TIME_HOUR);
    rng_init(&rng, 2);
    struct store *s = open_store(dir, NULL);
    for (int i = 0; i < 3; i++)
        piece(s, &rng, hour + i * 10 * TIME_MIN, 20, NULL);
    struct reading r = {s, dir, 0};
    struct store_search all = {.from = TIME_NONE, .to = TIME_MAX};
    good(store_search(s, &all, merge_while_reading, &r, &why), &why);
    assert_int_equal(r.n, 60);
    assert_int_equal(files(dir), 1);
    store_close(s);
    help_rmdir(dir);
}

/* Much that is hot is sealed without anybody's housekeeping. */
static void test_commit_seals(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct rng rng;
    struct err_text why;
    struct store_stats stats;
    struct store_options options = {.hot_rows = 100};
    struct arena arena;
    rng_init(&rng, 2);
    arena_init(&arena, 0);
    struct store *s = open_store(dir, &options);
    for (uint64_t i = 0; i < 120; i++) {
        struct event e;
        help_flow(&e, &arena, &rng, HELP_BASE + (ts_ns)i, i);
        assert_int_equal(store_append(s, &e), ERR_NONE);
        if (i == 60)
            good(store_commit(s, &why), &why);
    }
    store_stats(s, &stats);
    assert_int_equal(stats.hot_rows, 61);
    good(store_commit(s, &why), &why);
    for (int i = 0; i < 1000; i++) {
        store_stats(s, &stats);
        if (stats.hot_rows == 0)
            break;
        usleep(10000);
    }
    assert_int_equal(stats.hot_rows, 0);
    assert_int_equal(stats.piece_rows, 120);
    arena_release(&arena);
    store_close(s);
    help_rmdir(dir);
}

/* No space for the piece: the events stay hot, nothing half-written stays, and later it works. */
static void test_full(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct store_stats stats;
    struct store_options large = {.hot_rows = 100000};
    pid_t pid = fork();
    if (pid == 0) {
        struct rng rng;
        struct arena arena;
        struct rlimit limit;
        rng_init(&rng, 1);
        arena_init(&arena, 0);
        signal(SIGXFSZ, SIG_IGN);
        struct store *s = open_store(dir, &large);
        for (uint64_t i = 0; i < 20000; i++) {
            struct event e;
            arena_clear(&arena);
            help_flow(&e, &arena, &rng, HELP_BASE + (ts_ns)i * TIME_MS, i);
            if (store_append(s, &e) != ERR_NONE)
                _exit(2);
        }
        if (store_commit(s, &why) != ERR_NONE)
            _exit(3);
        getrlimit(RLIMIT_FSIZE, &limit);
        limit.rlim_cur = 100000;
        setrlimit(RLIMIT_FSIZE, &limit);
        enum err rc = store_seal(s, &why);
        store_stats(s, &stats);
        if (stats.hot_rows != 20000 || stats.pieces != 0 || files(dir) != 0)
            _exit(4);
        if (rc != ERR_FULL)
            fprintf(stderr, "%s\n", why.message);
        _exit(rc == ERR_FULL ? 0 : 5);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct store *s = open_store(dir, &large);
    good(store_seal(s, &why), &why);
    store_stats(s, &stats);
    assert_int_equal(stats.piece_rows, 20000);
    store_close(s);
    help_rmdir(dir);
}

static uint64_t count_kql(struct store *s, const char *kql)
{
    struct err_text why;
    struct query *q;
    uint64_t n = 0;
    uint64_t found = 0;
    struct help_list l = {0};
    good(query_parse_kql(kql, strlen(kql), 0, &q, &why), &why);
    struct store_search what = {.query = q, .from = TIME_NONE, .to = TIME_MAX};
    good(store_count(s, &what, &n, &why), &why);
    buf_init(&l.text);
    good(store_search(s, &what, help_collect, &l, &why), &why);
    found = l.n;
    assert_int_equal(found, n);
    buf_release(&l.text);
    query_free(q);
    return n;
}

/* A piece of another build, whose field table had other types, is read and merged all the same. */
static void test_other_types(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct rng rng;
    struct err_text why;
    struct store_client *c;
    struct buf b;
    struct stat st;
    char sql[16384];
    char path[4200];
    char folder[4100];
    sqlite3 *db;
    rng_init(&rng, 2);
    struct store *s = open_store(dir, NULL);
    piece(s, &rng, HELP_BASE, 200, NULL);
    uint64_t https = count_kql(s, "destination.port: 443 and event.type: end");
    uint64_t large = count_kql(s, "destination.bytes >= 30000");
    assert_true(https > 20 && large > 20);
    store_close(s);
    /* The same events once more, ports as texts, one type of event only and no list. */
    snprintf(folder, sizeof(folder), "%s/pieces", dir);
    struct store_client_options o = {
        .arg = "--query-worker", .folder = folder, .memory = (uint64_t)64 << 20, .threads = 1};
    assert_int_equal(store_client_new(&o, &c), ERR_NONE);
    buf_init(&b);
    snprintf(sql, sizeof(sql),
             "COPY (SELECT * REPLACE (\"destination.port\"::VARCHAR AS \"destination.port\", "
             "\"destination.bytes\"::VARCHAR AS \"destination.bytes\", "
             "\"event.type\"[2] AS \"event.type\") FROM read_parquet('%s/0000000001.parquet')) TO "
             "'%s/0000000002.parquet' (FORMAT parquet)",
             folder, folder);
    store_frame_put_text(&b, sql, strlen(sql));
    store_client_lock(c);
    good(store_client_request(c, NULL, 0, STORE_FRAME_COUNT, &b, 0, &why), &why);
    store_client_unlock(c);
    store_client_free(c);
    buf_release(&b);
    snprintf(path, sizeof(path), "%s/0000000002.parquet", folder);
    assert_int_equal(stat(path, &st), 0);
    snprintf(path, sizeof(path), "%s/events.db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    snprintf(sql, sizeof(sql),
             "INSERT INTO piece SELECT 2, dataset, level, min_time, max_time, rows, %lld, "
             "replace(replace(replace(columns, 'I destination.port', 'S destination.port'), "
             "'I destination.bytes', 'S destination.bytes'), 'S[] event.type', 'S event.type'), "
             "rest FROM piece",
             (long long)st.st_size);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    for (int round = 0; round < 2; round++) {
        s = open_store(dir, NULL);
        assert_int_equal(count_kql(s, "destination.port: 443 and event.type: end"), 2 * https);
        assert_int_equal(count_kql(s, "destination.bytes >= 30000"), 2 * large);
        assert_int_equal(count_kql(s, "not destination.bytes < 30000"), 2 * large);
        good(store_maintain(s, HELP_BASE + TIME_DAY, &why), &why); /* then as one piece */
        store_close(s);
    }
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),        cmocka_unit_test(test_keep_age),
        cmocka_unit_test(test_names),        cmocka_unit_test(test_keep_arrival),
        cmocka_unit_test(test_keep_bytes),   cmocka_unit_test(test_merge_while_reading),
        cmocka_unit_test(test_commit_seals), cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
