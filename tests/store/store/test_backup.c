/* SPDX-License-Identifier: Apache-2.0 */
/* A backup while events come and pieces go, and a directory made of it. */
#include "store/store/store_help.h"

#include "base/file.h"
#include "store/backup.h"
#include "store/state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define EVENTS 2000

struct world {
    char *dir, *copy, *file;
    struct store *store;
    struct store_state *state;
    struct rng rng;
    struct buf archive;
    void (*meanwhile)(struct world *w); /* called once, at these bytes of the archive */
    unsigned calls;
    size_t most; /* the sink takes no more than this; 0: all */
};

static char *path_in(const char *dir, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", dir, name) < 0)
        abort();
    return path;
}

static void append(struct world *w, ts_ns from, size_t n)
{
    struct err_text why;
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < n; i++) {
        struct event e;
        arena_clear(&arena);
        help_flow(&e, &arena, &w->rng, from + (ts_ns)i * TIME_MS, i);
        assert_int_equal(store_append(w->store, &e), ERR_NONE);
    }
    arena_release(&arena);
    assert_int_equal(store_commit(w->store, &why), ERR_NONE);
}

/* Two pieces, hot events, an offset, and something in the state. */
static void begin(struct world *w)
{
    struct err_text why;
    *w = (struct world){.dir = help_mkdir()};
    w->copy = path_in(w->dir, "copy");
    w->file = path_in(w->dir, "backup.tar.zst");
    char *data = path_in(w->dir, "data");
    const struct store_options options = {.keep_age_ns = TIME_DAY};
    rng_init(&w->rng, 5);
    buf_init(&w->archive);
    assert_int_equal(store_open(data, &options, &w->store, &why), ERR_NONE);
    assert_int_equal(store_state_open(data, &w->state, &why), ERR_NONE);
    free(data);
    append(w, HELP_BASE, EVENTS);
    assert_int_equal(store_seal(w->store, &why), ERR_NONE);
    append(w, HELP_BASE + TIME_HOUR, EVENTS);
    assert_int_equal(store_seal(w->store, &why), ERR_NONE);
    assert_int_equal(store_offset_set(w->store, "conn.log", "4711", 4), ERR_NONE);
    append(w, HELP_BASE + 2 * TIME_HOUR, EVENTS);
    assert_int_equal(store_state_meta_put_i64(w->state, "answer", 42), ERR_NONE);
}

static void end(struct world *w)
{
    store_state_close(w->state);
    store_close(w->store);
    buf_release(&w->archive);
    free(w->copy);
    free(w->file);
    help_rmdir(w->dir);
}

static bool keep(void *ctx, const void *p, size_t n)
{
    struct world *w = ctx;
    if (w->meanwhile != NULL && --w->calls == 0) {
        w->meanwhile(w);
        w->meanwhile = NULL;
    }
    buf_add(&w->archive, p, n);
    return w->most == 0 || w->archive.n < w->most;
}

static void write_file(const char *path, const char *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static enum err backup(struct world *w, struct store_backup_totals *totals)
{
    struct err_text why;
    const struct store_backup_sink sink = {keep, w};
    enum err err = store_backup(w->store, w->state, HELP_BASE, &sink, totals, &why);
    write_file(w->file, w->archive.p, w->archive.n);
    return err;
}

static bool is_there(const char *dir, const char *name)
{
    char *path = path_in(dir, name);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

static void events_of(struct store *s, struct buf *out)
{
    struct err_text why;
    struct help_list l = {0};
    const struct store_search all = {.from = TIME_NONE, .to = TIME_MAX};
    buf_init(&l.text);
    assert_int_equal(store_search(s, &all, help_collect, &l, &why), ERR_NONE);
    *out = l.text;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct world w;
    struct err_text why;
    struct store *s;
    struct store_state *st;
    struct store_backup_totals made, restored;
    struct buf before, after, offset;
    int64_t answer = 0;
    struct stat st_file;
    begin(&w);
    events_of(w.store, &before);
    assert_int_equal(backup(&w, &made), ERR_NONE);
    assert_int_equal(made.files, 4);
    assert_false(is_there(w.dir, "data/backup"));
    append(&w, HELP_BASE + 3 * TIME_HOUR, 10); /* came too late for it */
    assert_int_equal(store_restore(w.file, w.copy, &restored, &why), ERR_NONE);
    assert_int_equal(restored.files, made.files);
    assert_true(restored.bytes == made.bytes);
    assert_false(is_there(w.copy, "restoring"));
    char *events = path_in(w.copy, "events.db");
    assert_int_equal(stat(events, &st_file), 0);
    assert_int_equal(st_file.st_mode & 0777, 0600);
    free(events);
    assert_int_equal(store_open(w.copy, NULL, &s, &why), ERR_NONE);
    assert_int_equal(store_state_open(w.copy, &st, &why), ERR_NONE);
    events_of(s, &after);
    assert_string_equal(buf_text(&after), buf_text(&before));
    buf_init(&offset);
    assert_int_equal(store_offset_get(s, "conn.log", &offset), ERR_NONE);
    assert_string_equal(buf_text(&offset), "4711");
    assert_int_equal(store_state_meta_get_i64(st, "answer", &answer), ERR_NONE);
    assert_int_equal(answer, 42);
    store_state_close(st);
    store_close(s);
    /* What is in use, or is not empty, is left alone. */
    assert_int_equal(store_restore(w.file, w.copy, &restored, &why), ERR_EXISTS);
    assert_int_equal(store_restore(w.file, w.dir, &restored, &why), ERR_EXISTS);
    char *data = path_in(w.dir, "data");
    assert_int_equal(store_restore(w.file, data, &restored, &why), ERR_BUSY);
    free(data);
    buf_release(&before);
    buf_release(&after);
    buf_release(&offset);
    end(&w);
}

/* Everything old goes, more comes, and another backup is asked for. */
static void change_all(struct world *w)
{
    struct err_text why;
    struct store_stats stats;
    struct store_backup_totals totals;
    const struct store_backup_sink sink = {keep, w};
    char *data = path_in(w->dir, "data");
    help_came(data, HELP_BASE);
    free(data);
    append(w, HELP_BASE + 5 * TIME_HOUR, EVENTS);
    assert_int_equal(store_maintain(w->store, HELP_BASE + 2 * TIME_DAY, &why), ERR_NONE);
    store_stats(w->store, &stats);
    assert_int_equal(stats.dropped_pieces, 2);
    assert_int_equal(store_state_meta_put_i64(w->state, "answer", 43), ERR_NONE);
    assert_int_equal(store_backup(w->store, w->state, HELP_BASE, &sink, &totals, &why), ERR_BUSY);
}

/* The change comes with the n-th bytes of the archive; how many events it then has. */
static uint64_t changed_at(unsigned n)
{
    struct world w;
    struct err_text why;
    struct store *s;
    struct store_backup_totals totals;
    struct store_stats stats;
    begin(&w);
    w.meanwhile = change_all;
    w.calls = n;
    assert_int_equal(backup(&w, &totals), ERR_NONE);
    assert_null(w.meanwhile);
    assert_int_equal(store_restore(w.file, w.copy, &totals, &why), ERR_NONE);
    assert_int_equal(store_open(w.copy, NULL, &s, &why), ERR_NONE);
    store_stats(s, &stats);
    assert_int_equal(stats.orphans, 0);
    store_close(s);
    end(&w);
    return stats.hot_rows + stats.piece_rows;
}

/* The state is copied and packed before the events are: a change in between is in them, a later one
 * is not, though files that they name have gone by then. */
static void test_meanwhile(void **state)
{
    (void)state;
    assert_int_equal(changed_at(1), 2 * EVENTS);
    assert_int_equal(changed_at(2), 3 * EVENTS);
}

static void test_refused(void **state)
{
    (void)state;
    struct world w;
    struct err_text why;
    struct store_backup_totals totals;
    begin(&w);
    w.most = 1;
    assert_int_equal(backup(&w, &totals), ERR_STOPPED);
    assert_false(is_there(w.dir, "data/backup"));
    assert_int_equal(store_restore(w.file, w.copy, &totals, &why), ERR_FORMAT);
    w.most = 0;
    buf_clear(&w.archive);
    assert_int_equal(backup(&w, &totals), ERR_NONE);
    for (size_t at = 0; at < w.archive.n; at += w.archive.n / 20) {
        w.archive.p[at] = (char)(w.archive.p[at] ^ 4);
        write_file(w.file, w.archive.p, w.archive.n);
        assert_int_equal(store_restore(w.file, w.copy, &totals, &why), ERR_FORMAT);
        w.archive.p[at] = (char)(w.archive.p[at] ^ 4);
        write_file(w.file, w.archive.p, at);
        assert_int_equal(store_restore(w.file, w.copy, &totals, &why), ERR_FORMAT);
        assert_int_not_equal(access(w.copy, F_OK), 0);
    }
    assert_int_equal(store_restore("/nowhere/at/all", w.copy, &totals, &why), ERR_NOT_FOUND);
    end(&w);
}

struct source {
    struct buf bytes;
    size_t at;
};

static bool gather(void *ctx, const void *p, size_t n)
{
    struct source *s = ctx;
    buf_add(&s->bytes, p, n);
    return true;
}

static ptrdiff_t give(void *ctx, void *p, size_t n)
{
    struct source *s = ctx;
    size_t got = s->bytes.n - s->at < n ? s->bytes.n - s->at : n;
    memcpy(p, s->bytes.p + s->at, got);
    s->at += got;
    return (ptrdiff_t)got;
}

/* An archive of files that hold their names, and a manifest as told. */
static enum err check_of(const char *const *names, const char *manifest)
{
    struct source source = {0};
    struct err_text why;
    struct store_backup_totals totals;
    uint8_t digest[STORE_ARCHIVE_DIGEST];
    buf_init(&source.bytes);
    struct store_archive_writer *w = store_archive_writer_new(gather, &source);
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *text = strcmp(names[i], "manifest.json") == 0 ? manifest : names[i];
        assert_int_equal(store_archive_begin(w, names[i], strlen(text)), ERR_NONE);
        assert_int_equal(store_archive_put(w, text, strlen(text)), ERR_NONE);
        assert_int_equal(store_archive_end(w, digest), ERR_NONE);
    }
    assert_int_equal(store_archive_finish(w), ERR_NONE);
    store_archive_writer_free(w);
    enum err err = store_restore_check(give, &source, "test", &totals, &why);
    buf_release(&source.bytes);
    return err;
}

/* The digests are those of the names, by sha256sum. */
#define MANIFEST_OF_NAMES                                                                          \
    "{\"format\":1,\"state_version\":1,\"events_version\":1,\"files\":["                           \
    "{\"name\":\"state.db\",\"size\":8,\"sha256\":"                                                \
    "\"908c55293527a1eccacfa4291c573823cea7b5c6d2474ee4b00330baabe1766b\"},"                       \
    "{\"name\":\"events.db\",\"size\":9,\"sha256\":"                                               \
    "\"79ae8f56c37f86606f1fed5a70f3dfc3f280c3328926f43fe11067c17e2c1106\"}]}"

/* Names and versions that do not fit, in an archive that is whole. */
static void test_manifest(void **state)
{
    (void)state;
    static const char *const only[] = {"manifest.json", NULL};
    static const char *const none[] = {"state.db", "events.db", NULL};
    static const char *const order[] = {"events.db", "state.db", "manifest.json", NULL};
    static const char *const out[] = {"state.db", "events.db", "pieces/../../x.parquet",
                                      "manifest.json", NULL};
    static const char *const twice[] = {
        "state.db",      "events.db", "pieces/0000000002.parquet", "pieces/0000000002.parquet",
        "manifest.json", NULL};
    static const char *const right[] = {"state.db", "events.db", "manifest.json", NULL};
    static const char *const more[] = {"state.db", "events.db", "manifest.json", "x", NULL};
    const char *newer = "{\"format\":2,\"state_version\":1,\"events_version\":1,\"files\":[]}";
    const char *schema = "{\"format\":1,\"state_version\":9999,\"events_version\":1,\"files\":[]}";
    const char *empty = "{\"format\":1,\"state_version\":1,\"events_version\":1,\"files\":[]}";
    const char *full = "{\"format\":1,\"state_version\":1,\"events_version\":1,\"files\":["
                       "{\"name\":\"state.db\",\"size\":8,\"sha256\":\"STATE\"},"
                       "{\"name\":\"events.db\",\"size\":9,\"sha256\":\"EVENTS\"}]}";
    assert_int_equal(check_of(only, empty), ERR_FORMAT);
    assert_int_equal(check_of(none, empty), ERR_FORMAT);
    assert_int_equal(check_of(order, empty), ERR_FORMAT);
    assert_int_equal(check_of(out, empty), ERR_FORMAT);
    assert_int_equal(check_of(twice, empty), ERR_FORMAT);
    assert_int_equal(check_of(right, "{"), ERR_FORMAT);
    assert_int_equal(check_of(right, "{}"), ERR_FORMAT);
    assert_int_equal(check_of(right, newer), ERR_VERSION);
    assert_int_equal(check_of(right, schema), ERR_VERSION);
    assert_int_equal(check_of(right, empty), ERR_FORMAT);
    assert_int_equal(check_of(right, full), ERR_FORMAT);
    assert_int_equal(check_of(right, MANIFEST_OF_NAMES), ERR_NONE);
    assert_int_equal(check_of(more, MANIFEST_OF_NAMES), ERR_FORMAT);
}

/* What a process left that ended in the middle of a backup. */
static void test_left(void **state)
{
    (void)state;
    struct world w;
    struct err_text why;
    char *data;
    begin(&w);
    store_state_close(w.state);
    store_close(w.store);
    data = path_in(w.dir, "data");
    char *folder = path_in(data, "backup"), *copy = path_in(data, "backup/state.db");
    assert_int_equal(mkdir(folder, 0700), 0);
    write_file(copy, "x", 1);
    assert_int_equal(store_open(data, NULL, &w.store, &why), ERR_NONE);
    assert_int_equal(store_state_open(data, &w.state, &why), ERR_NONE);
    assert_false(is_there(data, "backup"));
    free(folder);
    free(copy);
    free(data);
    end(&w);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_meanwhile),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_manifest),
        cmocka_unit_test(test_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
