/* SPDX-License-Identifier: Apache-2.0 */
/* The query worker seen from the store: people's SQL, its limits, and its death. */
#include "store/store/store_help.h"

#include "base/clock.h"
#include "store/frame.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* 100 sealed flows and 50 hot ones. */
static struct store *filled(const char *dir, const struct store_options *options)
{
    struct err_text why;
    struct arena arena;
    struct rng rng;
    rng_init(&rng, 3);
    arena_init(&arena, 0);
    struct store *s = open_store(dir, options);
    for (uint64_t i = 0; i < 150; i++) {
        struct event e;
        help_flow(&e, &arena, &rng, HELP_BASE + (ts_ns)i * TIME_S, i);
        event_set_i64(&e, EVENT_F_SOURCE_BYTES, (int64_t)i);
        if (i % 50 == 0) {
            struct event_value v = {.type = EVENT_STR, .s = "it's", .len = 4};
            event_add_named(&e, "custom.label", 12, &v);
        }
        assert_int_equal(store_append(s, &e), ERR_NONE);
        if (i == 99) {
            good(store_commit(s, &why), &why);
            good(store_seal(s, &why), &why);
        }
    }
    good(store_commit(s, &why), &why);
    arena_release(&arena);
    return s;
}

static bool keep_row(void *ctx, const char *json, size_t n)
{
    buf_add(ctx, json, n);
    buf_char(ctx, '\n');
    return true;
}

static const char *select_text(struct store *s, const char *sql, struct buf *b)
{
    struct err_text why;
    struct store_sql_result result;
    buf_clear(b);
    enum err rc = store_sql(s, sql, NULL, keep_row, b, &result, &why);
    if (rc != ERR_NONE)
        fail_msg("%s: %s", sql, why.message);
    return buf_text(b);
}

static void test_select(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store *s = filled(dir, NULL);
    struct buf b;
    buf_init(&b);
    assert_string_equal(
        select_text(s, "SELECT count(*) AS n, sum(\"source.bytes\") AS b FROM events", &b),
        "{\"n\":150,\"b\":11175}\n");
    assert_string_equal(select_text(s,
                                    "SELECT \"source.bytes\" AS b, \"event.type\" AS t FROM events"
                                    " ORDER BY b DESC LIMIT 2 ; \n",
                                    &b),
                        "{\"b\":149,\"t\":[\"connection\",\"end\"]}\n"
                        "{\"b\":148,\"t\":[\"connection\",\"end\"]}\n");
    assert_string_equal(select_text(s,
                                    "SELECT count(*) AS n FROM events"
                                    " WHERE rest->>'$.\"custom.label\"' = 'it''s'",
                                    &b),
                        "{\"n\":3}\n");
    assert_string_equal(select_text(s, "SELECT NULL AS x, 1.5 AS y, 'a\"b' AS z -- done", &b),
                        "{\"x\":null,\"y\":1.5,\"z\":\"a\\\"b\"}\n");
    assert_string_equal(
        select_text(s, "WITH t AS (FROM events) SELECT min(\"@timestamp\") AS t FROM t", &b),
        "{\"t\":\"2023-11-14 22:13:20\"}\n");
    buf_release(&b);
    store_close(s);
    help_rmdir(dir);
}

/* An empty store has a view all the same. */
static void test_empty(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store *s = open_store(dir, NULL);
    struct buf b;
    buf_init(&b);
    assert_string_equal(select_text(s, "SELECT count(*) AS n FROM events", &b), "{\"n\":0}\n");
    buf_release(&b);
    store_close(s);
    help_rmdir(dir);
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *words;
    } cases[] = {
        {"SELEC 1", "syntax error"},
        {"", "SELECT"},
        {"SELECT 1; SELECT 2", "one statement"},
        {"SELECT nothing FROM events", "nothing"},
        {"DELETE FROM weir_hot", "only SELECT"},
        {"CREATE TABLE x AS SELECT 1", "only SELECT"},
        {"COPY (SELECT 1) TO '/tmp/weir-test-out.csv'", ""},
        {"SET threads = 8", "only SELECT"},
        {"ATTACH '/tmp/x.db'", "only SELECT"},
        {"INSTALL httpfs", "only SELECT"},
        {"PRAGMA database_list", ""},
        {"SELECT * FROM read_text('/etc/passwd')", "/etc/passwd"},
        {"SELECT * FROM '/etc/passwd'", ""},
        {"SELECT * FROM read_csv('https://example.org/x.csv')", ""},
        {"SELECT getenv('HOME')", ""},
        {"SELECT 1) AS t; DROP VIEW events; SELECT (1", ""},
    };
    char *dir = help_mkdir();
    struct store *s = filled(dir, NULL);
    struct buf b;
    buf_init(&b);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err_text why = {.message = ""};
        enum err rc = store_sql(s, cases[i].sql, NULL, keep_row, &b, NULL, &why);
        if (rc != ERR_INVALID && rc != ERR_DENIED)
            fail_msg("%s: code %d, %s", cases[i].sql, rc, why.message);
        if (strstr(why.message, cases[i].words) == NULL)
            fail_msg("%s: '%s' does not say '%s'", cases[i].sql, why.message, cases[i].words);
        assert_null(strchr(why.message, '\n'));
    }
    assert_int_equal(b.n, 0);
    assert_string_equal(select_text(s, "SELECT count(*) AS n FROM events", &b), "{\"n\":150}\n");
    buf_release(&b);
    store_close(s);
    help_rmdir(dir);
}

static bool two_rows(void *ctx, const char *json, size_t n)
{
    (void)json;
    (void)n;
    return ++*(int *)ctx < 2;
}

static void test_limits(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_options options = {.worker_memory = (uint64_t)64 << 20};
    struct store *s = filled(dir, &options);
    struct err_text why;
    struct store_sql_result result;
    struct buf b;
    buf_init(&b);
    struct store_sql_limits rows = {.rows = 7};
    good(store_sql(s, "SELECT * FROM range(7)", &rows, keep_row, &b, &result, &why), &why);
    assert_int_equal(result.rows, 7);
    assert_false(result.truncated);
    good(store_sql(s, "SELECT * FROM range(100000)", &rows, keep_row, &b, &result, &why), &why);
    assert_int_equal(result.rows, 7);
    assert_true(result.truncated);
    int seen = 0;
    good(store_sql(s, "SELECT * FROM range(9000)", NULL, two_rows, &seen, &result, &why), &why);
    assert_int_equal(seen, 2);
    /* Out of time: the worker is ended, and the next question has an answer. */
    struct store_sql_limits brief = {.timeout_ns = 300 * TIME_MS};
    ts_ns begin = clock_steady();
    enum err rc =
        store_sql(s, "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b",
                  &brief, keep_row, &b, &result, &why);
    assert_int_equal(rc, ERR_STOPPED);
    assert_non_null(strstr(why.message, "longer than 1 s"));
    assert_true(clock_steady() - begin < 5 * TIME_S);
    /* Out of memory. */
    rc = store_sql(s, "SELECT list(a.range::VARCHAR || repeat('x', 1000)) FROM range(1000000) a",
                   NULL, keep_row, &b, &result, &why);
    assert_int_equal(rc, ERR_LIMIT);
    assert_string_equal(select_text(s, "SELECT 1 AS x", &b), "{\"x\":1}\n");
    buf_release(&b);
    store_close(s);
    help_rmdir(dir);
}

static bool from_then_on(void *ctx)
{
    return clock_steady() >= *(const ts_ns *)ctx;
}

/* Nobody waits any more: the query ends at once, and the next one has an answer. */
static void test_cancel(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store *s = filled(dir, NULL);
    struct err_text why;
    struct buf b;
    buf_init(&b);
    assert_string_equal(select_text(s, "SELECT 1 AS x", &b), "{\"x\":1}\n"); /* a worker is there */
    for (int i = 0; i < 2; i++) {
        ts_ns begin = clock_steady();
        ts_ns then = begin + i * 200 * TIME_MS;
        const struct store_sql_limits limits = {.cancel = {from_then_on, &then}};
        enum err rc =
            store_sql(s, "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b",
                      &limits, keep_row, &b, NULL, &why);
        assert_int_equal(rc, ERR_STOPPED);
        assert_non_null(strstr(why.message, "stopped before"));
        assert_true(clock_steady() - begin < 2 * TIME_S);
        assert_string_equal(select_text(s, "SELECT 1 AS x", &b), "{\"x\":1}\n");
    }
    buf_release(&b);
    store_close(s);
    help_rmdir(dir);
}

struct hog {
    struct store *store;
    ts_ns end;
};

/* Holds the worker of queries until the end. */
static void *hold_worker(void *ctx)
{
    struct hog *h = ctx;
    struct err_text why;
    struct buf b;
    buf_init(&b);
    const struct store_sql_limits limits = {.cancel = {from_then_on, &h->end}};
    enum err rc =
        store_sql(h->store, "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b",
                  &limits, keep_row, &b, NULL, &why);
    buf_release(&b);
    return rc == ERR_STOPPED ? h : NULL;
}

static bool count_event(void *ctx, struct event *e)
{
    (void)e;
    ++*(unsigned *)ctx;
    return true;
}

/* A search apart has a worker of its own: it does not wait for a query that takes long. */
static void test_apart(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store *s = filled(dir, NULL);
    struct err_text why;
    struct hog hog = {s, clock_steady() + 4 * TIME_S};
    pthread_t thread;
    void *held;
    unsigned n = 0;
    assert_int_equal(pthread_create(&thread, NULL, hold_worker, &hog), 0);
    usleep(500000);
    const struct store_search what = {.from = TIME_NONE, .to = TIME_MAX, .apart = true};
    assert_int_equal(store_search(s, &what, count_event, &n, &why), ERR_NONE);
    assert_true(clock_steady() < hog.end);
    assert_true(n > 0);
    pthread_join(thread, &held);
    assert_ptr_equal(held, &hog);
    store_close(s);
    help_rmdir(dir);
}

/* More than fits in memory is sorted on the disk, and nothing of that stays there. */
static void test_spill(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    char path[4200];
    struct store_options options = {.worker_memory = (uint64_t)48 << 20, .worker_threads = 1};
    struct store *s = filled(dir, &options);
    struct buf b;
    buf_init(&b);
    assert_string_equal(
        select_text(s,
                    "SELECT sum(n) AS n FROM (SELECT row_number() OVER (ORDER BY x) "
                    "AS n, x FROM (SELECT md5(range::VARCHAR) || md5((range + 1)"
                    "::VARCHAR) AS x FROM range(800000)))",
                    &b),
        "{\"n\":320000400000}\n");
    store_close(s);
    snprintf(path, sizeof(path), "%s/pieces", dir);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        assert_null(strstr(e->d_name, "spill"));
    closedir(d);
    buf_release(&b);
    help_rmdir(dir);
}

struct killing {
    uint64_t n;
    unsigned killed;
};

static bool kill_at_first(void *ctx, struct event *e)
{
    struct killing *k = ctx;
    (void)e;
    if (k->n++ == 0)
        k->killed = help_kill_children(SIGKILL);
    return true;
}

/* A worker that dies is an error of the request it had, and of no other. */
static void test_death(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct arena arena;
    struct rng rng;
    struct buf b;
    buf_init(&b);
    rng_init(&rng, 3);
    arena_init(&arena, 0);
    struct store *s = open_store(dir, NULL);
    for (uint64_t i = 0; i < 60000; i++) {
        struct event e;
        arena_clear(&arena);
        help_flow(&e, &arena, &rng, HELP_BASE + (ts_ns)i * TIME_MS, i);
        assert_int_equal(store_append(s, &e), ERR_NONE);
    }
    good(store_commit(s, &why), &why);
    good(store_seal(s, &why), &why);
    struct store_search all = {.from = TIME_NONE, .to = TIME_MAX};
    struct killing k = {0};
    assert_int_equal(store_search(s, &all, kill_at_first, &k, &why), ERR_IO);
    assert_non_null(strstr(why.message, "signal 9"));
    assert_true(k.killed > 0);
    assert_true(k.n < 60000);
    /* Killed while it waits: the next request does not notice. */
    uint64_t n = 0;
    good(store_count(s, &all, &n, &why), &why);
    assert_int_equal(n, 60000);
    (void)help_kill_children(SIGKILL);
    usleep(50000);
    good(store_count(s, &all, &n, &why), &why);
    assert_int_equal(n, 60000);
    store_close(s);
    buf_release(&b);
    arena_release(&arena);
    help_rmdir(dir);
}

/* A worker that is told nonsense ends; it answers an error where the words are the mistake. */
static void test_wire(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    for (int round = 0; round < 4; round++) {
        int pair[2];
        struct store_frame f = {0};
        struct buf b;
        buf_init(&f.body);
        buf_init(&b);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        pid_t pid = fork();
        if (pid == 0) {
            close(pair[0]);
            _exit(store_worker_main(pair[1]));
        }
        close(pair[1]);
        ts_ns deadline = clock_steady() + 20 * TIME_S;
        int expected = 1;
        buf_le32(&b, round == 0 ? 99 : STORE_WIRE_VERSION);
        store_frame_put_text(&b, dir, strlen(dir));
        buf_le64(&b, (uint64_t)64 << 20);
        buf_le32(&b, 1);
        if (round < 3) {
            assert_int_equal(store_frame_send(pair[0], STORE_FRAME_HELLO, b.p, b.n, deadline),
                             ERR_NONE);
            assert_int_equal(store_frame_receive(pair[0], &f, deadline), ERR_NONE);
            assert_int_equal(f.type, round == 0 ? STORE_FRAME_ERROR : STORE_FRAME_DONE);
        }
        if (round == 0)
            expected = 0; /* another version was told; it waits until we go */
        else if (round == 1)
            assert_int_equal(
                store_frame_send(pair[0], STORE_FRAME_FIND, "\xff\xff\xff\xff", 4, deadline),
                ERR_NONE);
        else if (round == 2)
            assert_int_equal(store_frame_send(pair[0], STORE_FRAME_BATCH, "WRB", 3, deadline),
                             ERR_NONE);
        else
            assert_int_equal(send(pair[0], "\xff\xff\xff\xff\1", 5, MSG_NOSIGNAL), 5);
        if (round > 0)
            assert_int_equal(store_frame_receive(pair[0], &f, deadline), ERR_END);
        close(pair[0]);
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), expected);
        buf_release(&b);
        buf_release(&f.body);
    }
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select),  cmocka_unit_test(test_empty),
        cmocka_unit_test(test_refuses), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_cancel),  cmocka_unit_test(test_apart),
        cmocka_unit_test(test_death),   cmocka_unit_test(test_wire),
        cmocka_unit_test(test_spill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
