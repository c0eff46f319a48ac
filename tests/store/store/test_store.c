/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
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

/* One process at a time; the next may come when it is gone. */
static void test_lock(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct store *other;
    char pid[32];
    struct store *s = open_store(dir);
    assert_int_equal(store_open(dir, NULL, &other, &why), ERR_BUSY);
    snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
    assert_non_null(strstr(why.message, pid));
    store_close(s);
    store_close(open_store(dir));
    help_rmdir(dir);
}

static void test_refuses(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct store *s;
    struct rng rng;
    char path[4200];
    char sub[4200];
    rng_init(&rng, 1);
    snprintf(sub, sizeof(sub), "%s/a/b", dir);
    assert_int_equal(store_open(sub, NULL, &s, &why), ERR_NOT_FOUND);
    snprintf(path, sizeof(path), "%s/file", dir);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(store_open(path, NULL, &s, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "directory"));
    s = open_store(dir);
    append_flows(s, &rng, HELP_BASE, 10, NULL);
    assert_int_equal(store_commit(s, &why), ERR_NONE);
    assert_int_equal(store_seal(s, &why), ERR_NONE);
    store_close(s);
    /* A piece that is cut, then one that is not there: told by name, nothing removed. */
    snprintf(path, sizeof(path), "%s/pieces/0000000001.parquet", dir);
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(store_open(dir, NULL, &s, &why), ERR_FORMAT);
    assert_non_null(strstr(why.file, "0000000001.parquet"));
    assert_non_null(strstr(why.message, "damaged"));
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    assert_int_equal(store_open(dir, NULL, &s, &why), ERR_FORMAT);
    assert_non_null(strstr(why.message, "missing"));
    help_rmdir(dir);
}

/* Files that no row names are what a crash left; other people's files are not ours to remove. */
static void test_orphans(void **state)
{
    (void)state;
    static const char *const names[] = {"0000000099.parquet", "0000000007.tmp", "notes.txt"};
    char *dir = help_mkdir();
    char path[4200];
    struct store_stats stats;
    store_close(open_store(dir));
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/pieces/%s", dir, names[i]);
        int fd = open(path, O_CREAT | O_WRONLY, 0600);
        assert_true(fd >= 0);
        close(fd);
    }
    struct store *s = open_store(dir);
    store_stats(s, &stats);
    assert_int_equal(stats.orphans, 2);
    assert_int_equal(access(path, F_OK), 0);
    store_close(s);
    help_rmdir(dir);
}

static void test_offsets(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct buf b;
    buf_init(&b);
    struct store *s = open_store(dir);
    assert_int_equal(store_offset_get(s, "log", &b), ERR_NOT_FOUND);
    assert_int_equal(store_offset_set(s, "log", "12", 2), ERR_NONE);
    assert_int_equal(store_offset_set(s, "log", "345", 3), ERR_NONE);
    assert_int_equal(store_offset_get(s, "log", &b), ERR_NOT_FOUND); /* not committed */
    assert_int_equal(store_commit(s, &why), ERR_NONE);
    assert_int_equal(store_offset_get(s, "log", &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "345");
    store_close(s);
    s = open_store(dir);
    buf_clear(&b);
    assert_int_equal(store_offset_get(s, "log", &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "345");
    store_close(s);
    buf_release(&b);
    help_rmdir(dir);
}

/* Events without a time, or that failed, are counted and left out. */
static void test_refused_events(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store *s = open_store(dir);
    struct store_stats stats;
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, TIME_NONE);
    assert_int_equal(store_append(s, &e), ERR_LIMIT);
    event_init(&e, &arena, 5);
    e.failed = true;
    assert_int_equal(store_append(s, &e), ERR_LIMIT);
    event_init(&e, &arena, 5); /* no field at all is fine */
    assert_int_equal(store_append(s, &e), ERR_NONE);
    store_stats(s, &stats);
    assert_int_equal(stats.refused, 2);
    assert_int_equal(stats.appended, 1);
    arena_release(&arena);
    store_close(s);
    help_rmdir(dir);
}

/* Events are numbered as they arrive, whatever their source calls them, and over a new start. */
static void test_arrival(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    for (uint64_t round = 0; round < 3; round++) {
        struct store *s = open_store(dir);
        for (uint64_t i = 1; i <= 5; i++) {
            event_init(&e, &arena, HELP_BASE - (ts_ns)i);
            e.source = (uint32_t)i;
            e.sequence = 1000 - i;
            assert_int_equal(store_append(s, &e), ERR_NONE);
            assert_int_equal(e.sequence, round * 5 + i);
        }
        e.failed = true;
        assert_int_equal(store_append(s, &e), ERR_LIMIT);
        assert_int_equal(e.sequence, 0);
        assert_int_equal(store_commit(s, &why), ERR_NONE);
        store_close(s);
    }
    arena_release(&arena);
    help_rmdir(dir);
}

/* More datasets than are kept apart: none is lost. */
static void test_many_datasets(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store *s = open_store(dir);
    struct err_text why;
    struct arena arena;
    struct help_list found;
    arena_init(&arena, 0);
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < 100; i++) {
            char name[32];
            struct event e;
            snprintf(name, sizeof(name), "set.%d.%u", round, (unsigned)i);
            event_init(&e, &arena, HELP_BASE + (ts_ns)i);
            event_set_text(&e, EVENT_F_EVENT_DATASET, name);
            assert_int_equal(store_append(s, &e), ERR_NONE);
        }
        assert_int_equal(store_commit(s, &why), ERR_NONE);
    }
    collect(s, &found);
    assert_int_equal(found.n, 200);
    buf_release(&found.text);
    arena_release(&arena);
    store_close(s);
    help_rmdir(dir);
}

/* What the killed process does: numbered events, the number as offset, sealing and merging. */
static void work_until_killed(const char *dir, uint64_t from, int told)
{
    struct arena arena;
    struct rng rng;
    struct store *s;
    struct err_text why;
    rng_init(&rng, from);
    arena_init(&arena, 0);
    if (store_open(dir, NULL, &s, &why) != ERR_NONE)
        _exit(2);
    for (uint64_t i = from;; i++) {
        struct event e;
        arena_clear(&arena);
        help_flow(&e, &arena, &rng, HELP_BASE + (ts_ns)i * TIME_S, i);
        if (store_append(s, &e) != ERR_NONE)
            _exit(3);
        if (i % 37 != 0)
            continue;
        if (store_offset_set(s, "numbers", &i, sizeof(i)) != ERR_NONE ||
            store_commit(s, &why) != ERR_NONE || write(told, &i, sizeof(i)) != sizeof(i))
            _exit(4);
        enum err rc = ERR_NONE;
        if (i % 74 == 0)
            rc = i % 370 == 0 ? store_maintain(s, HELP_BASE + TIME_DAY, &why) : store_seal(s, &why);
        if (rc != ERR_NONE)
            _exit(5);
    }
}

static bool in_sequence(void *ctx, struct event *e)
{
    uint64_t *next = ctx;
    assert_int_equal(e->sequence, *next);
    ++*next;
    return true;
}

/*
 * Killed at any moment, between any two steps of committing, sealing and merging: every event up to
 * the offset is there once, none beyond it, and the offset is not before what was acknowledged.
 */
static void test_killed(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct rng rng;
    struct err_text why;
    uint64_t from = 1;
    uint64_t pieces = 0;
    rng_init(&rng, 4);
    /* A slow build needs longer to come to its first piece. */
    for (unsigned round = 0; round < 12 || (pieces == 0 && round < 40); round++) {
        int told[2];
        uint64_t last = from - 1;
        uint64_t v;
        assert_int_equal(pipe(told), 0);
        pid_t pid = fork();
        if (pid == 0)
            work_until_killed(dir, from, told[1]);
        close(told[1]);
        usleep((useconds_t)(60000 + rng_below(&rng, 300000) + (round / 12) * 400000));
        kill(pid, SIGKILL);
        int status;
        waitpid(pid, &status, 0);
        if (!WIFSIGNALED(status))
            fail_msg("the child ended with status %d", WEXITSTATUS(status));
        while (read(told[0], &v, sizeof(v)) == sizeof(v))
            last = v;
        close(told[0]);
        struct store *s = open_store(dir);
        struct buf b;
        uint64_t offset = 0;
        buf_init(&b);
        enum err rc = store_offset_get(s, "numbers", &b);
        assert_true(rc == ERR_NONE || (rc == ERR_NOT_FOUND && last == 0));
        if (rc == ERR_NONE)
            memcpy(&offset, b.p, sizeof(offset));
        buf_release(&b);
        assert_true(offset >= last);
        struct store_search all = everything();
        uint64_t next = 1;
        rc = store_search(s, &all, in_sequence, &next, &why);
        if (rc != ERR_NONE)
            fail_msg("%s", why.message);
        assert_int_equal(next, offset + 1);
        struct store_stats stats;
        store_stats(s, &stats);
        pieces += stats.pieces;
        assert_int_equal(stats.hot_rows + stats.piece_rows, offset);
        store_close(s);
        from = offset + 1;
    }
    assert_true(pieces > 0);
    help_rmdir(dir);
}

/* Offsets and events together or not at all when there is no space; later they are written. */
static void test_full(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    store_close(open_store(dir));
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none;
        struct rlimit small;
        struct err_text why;
        struct rng rng;
        rng_init(&rng, 1);
        signal(SIGXFSZ, SIG_IGN);
        struct store *s = open_store(dir);
        append_flows(s, &rng, HELP_BASE, 20000, NULL);
        if (store_offset_set(s, "x", "1", 1) != ERR_NONE)
            _exit(2);
        getrlimit(RLIMIT_FSIZE, &none);
        small = (struct rlimit){200000, none.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
        if (store_commit(s, &why) != ERR_FULL || strstr(why.message, "cannot write") == NULL)
            _exit(3);
        struct store_stats stats;
        store_stats(s, &stats);
        if (stats.hot_rows != 0)
            _exit(4);
        setrlimit(RLIMIT_FSIZE, &none);
        if (store_commit(s, &why) != ERR_NONE)
            _exit(5);
        store_stats(s, &stats);
        _exit(stats.hot_rows == 20000 ? 0 : 6);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct store *s = open_store(dir);
    struct help_list found;
    collect(s, &found);
    assert_int_equal(found.n, 20000);
    buf_release(&found.text);
    store_close(s);
    help_rmdir(dir);
}

/* Whoever settles while events can still be taken back leaves those out. */
static void test_settle_marked(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct rng rng;
    struct help_list found;
    rng_init(&rng, 1);
    struct store *s = open_store(dir);
    append_flows(s, &rng, HELP_BASE, 100, NULL);
    assert_int_equal(store_mark(s), ERR_NONE);
    append_flows(s, &rng, HELP_BASE, 20000, NULL);
    assert_int_equal(store_settle(s, &why), ERR_NONE);
    assert_int_equal(store_arrived(s), 100);
    collect(s, &found);
    assert_int_equal(found.n, 100);
    buf_release(&found.text);
    store_rewind(s);
    append_flows(s, &rng, HELP_BASE, 10, NULL);
    assert_int_equal(store_settle(s, &why), ERR_NONE);
    collect(s, &found);
    assert_int_equal(found.n, 110);
    buf_release(&found.text);
    assert_int_equal(store_mark(s), ERR_NONE);
    append_flows(s, &rng, HELP_BASE, 10, NULL);
    assert_int_equal(store_commit(s, &why), ERR_NONE);
    assert_int_equal(store_arrived(s), 20120);
    store_close(s);
    s = open_store(dir);
    collect(s, &found);
    assert_int_equal(found.n, 120);
    buf_release(&found.text);
    store_close(s);
    help_rmdir(dir);
}

/* What a full disk did not take is taken back; what was appended before it waits for space. */
static void test_rewind(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none, small;
        struct err_text why;
        struct rng rng;
        rng_init(&rng, 1);
        signal(SIGXFSZ, SIG_IGN);
        struct store *s = open_store(dir);
        append_flows(s, &rng, HELP_BASE, 100, NULL);
        if (store_mark(s) != ERR_NONE)
            _exit(2);
        append_flows(s, &rng, HELP_BASE, 20000, NULL);
        getrlimit(RLIMIT_FSIZE, &none);
        small = (struct rlimit){200000, none.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
        if (store_commit(s, &why) != ERR_FULL)
            _exit(3);
        store_rewind(s);
        struct store_stats stats;
        store_stats(s, &stats);
        if (stats.appended != 100)
            _exit(4);
        if (store_commit(s, &why) != ERR_NONE) /* there is room for so few */
            _exit(5);
        /* Their second coming is their first; what is committed stays. */
        setrlimit(RLIMIT_FSIZE, &none);
        store_rewind(s);
        append_flows(s, &rng, HELP_BASE, 20000, NULL);
        _exit(store_commit(s, &why) == ERR_NONE ? 0 : 6);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct store *s = open_store(dir);
    struct help_list found;
    collect(s, &found);
    assert_int_equal(found.n, 20100);
    buf_release(&found.text);
    store_close(s);
    help_rmdir(dir);
}

/* Names are there with their events, and are taken back with them when a full disk takes neither.
 */
static void test_names(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    char id[16];
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none, small;
        struct rng rng;
        rng_init(&rng, 1);
        signal(SIGXFSZ, SIG_IGN);
        struct store *s = open_store(dir);
        if (help_named(s, "first", 1, true, HELP_BASE) != STORE_NAME_FREE ||
            store_mark(s) != ERR_NONE)
            _exit(2);
        append_flows(s, &rng, HELP_BASE, 20000, NULL);
        for (unsigned i = 0; i < 100; i++) {
            snprintf(id, sizeof(id), "%u", i);
            (void)!help_named(s, id, 1, true, HELP_BASE);
        }
        getrlimit(RLIMIT_FSIZE, &none);
        small = (struct rlimit){200000, none.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
        if (store_commit(s, &why) != ERR_FULL)
            _exit(3);
        store_rewind(s);
        setrlimit(RLIMIT_FSIZE, &none);
        if (help_named(s, "first", 1, true, HELP_BASE) != STORE_NAME_TAKEN ||
            help_named(s, "7", 1, true, HELP_BASE) != STORE_NAME_FREE ||
            store_commit(s, &why) != ERR_NONE)
            _exit(4);
        (void)!help_named(s, "never", 1, true, HELP_BASE);
        _exit(0); /* with what was not committed */
    }
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct store *s = open_store(dir);
    struct help_list found;
    struct store_stats stats;
    ts_ns time;
    uint64_t sequence;
    store_stats(s, &stats);
    assert_int_equal(stats.ids, 2);
    assert_int_equal(help_named(s, "first", 1, false, HELP_BASE), STORE_NAME_SAME);
    assert_int_equal(help_named(s, "7", 1, true, HELP_BASE), STORE_NAME_TAKEN);
    assert_int_equal(help_named(s, "8", 1, true, HELP_BASE), STORE_NAME_FREE);
    assert_int_equal(help_named(s, "never", 1, true, HELP_BASE), STORE_NAME_FREE);
    assert_int_equal(help_named(s, "7", 2, false, HELP_BASE + 5), STORE_NAME_OLDER);
    assert_int_equal(store_commit(s, &why), ERR_NONE);
    assert_int_equal(store_name_find(s, "logs-generic-default", "7", &time, &sequence), ERR_NONE);
    assert_int_equal(time, HELP_BASE + 5);
    assert_int_equal(sequence, store_arrived(s));
    assert_int_equal(store_name_find(s, "logs-generic-default", "9", &time, &sequence),
                     ERR_NOT_FOUND);
    store_stats(s, &stats);
    assert_int_equal(stats.repeated, 2);
    assert_int_equal(stats.ids_forgotten, 0);
    collect(s, &found);
    assert_int_equal(found.n, 5);
    buf_release(&found.text);
    store_close(s);
    help_rmdir(dir);
}

static void count_dataset(void *ctx, const char *dataset, uint64_t rows, uint64_t bytes)
{
    assert_string_equal(dataset, "network_traffic.flow");
    assert_true(bytes > 0);
    *(uint64_t *)ctx += rows;
}

static void test_stats(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store *s = open_store(dir);
    struct err_text why;
    struct store_stats stats;
    struct rng rng;
    uint64_t rows = 0;
    rng_init(&rng, 1);
    store_stats(s, &stats);
    assert_int_equal(stats.first_time, TIME_NONE);
    append_flows(s, &rng, HELP_BASE, 50, NULL);
    assert_int_equal(store_commit(s, &why), ERR_NONE);
    assert_int_equal(store_seal(s, &why), ERR_NONE);
    append_flows(s, &rng, HELP_BASE + TIME_HOUR, 50, NULL);
    assert_int_equal(store_commit(s, &why), ERR_NONE);
    store_stats(s, &stats);
    assert_int_equal(stats.first_time, HELP_BASE);
    assert_int_equal(stats.last_time, HELP_BASE + TIME_HOUR + 49 * TIME_MS);
    assert_int_equal(stats.hot_rows, 50);
    assert_int_equal(stats.piece_rows, 50);
    assert_int_equal(stats.commits, 2);
    assert_int_equal(store_datasets(s, count_dataset, &rows), ERR_NONE);
    assert_int_equal(rows, 100);
    store_close(s);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_lock),
        cmocka_unit_test(test_refuses),    cmocka_unit_test(test_orphans),
        cmocka_unit_test(test_offsets),    cmocka_unit_test(test_refused_events),
        cmocka_unit_test(test_arrival),    cmocka_unit_test(test_many_datasets),
        cmocka_unit_test(test_killed),     cmocka_unit_test(test_full),
        cmocka_unit_test(test_stats),      cmocka_unit_test(test_rewind),
        cmocka_unit_test(test_names),      cmocka_unit_test(test_settle_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
