/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "base/clock.h"
#include "base/ring.h"
#include "feed/batch.h"
#include "feed/tail.h"

#define LATE (30 * TIME_S)

static const char line[] =
    "{\"@timestamp\":1700006400000,\"event\":{\"category\":[\"network\"]}}\n";

struct world {
    char *dir;
    char *path;
    struct store *store;
    struct ring *ring;
    struct feed_tail *tail;
};

static void start(struct world *w)
{
    const char *const paths[] = {w->path};
    const struct feed_tail_settings settings = {.paths = paths,
                                                .paths_n = 1,
                                                .store = w->store,
                                                .late = LATE,
                                                .ring = w->ring,
                                                .source = 1};
    HELP_OK(feed_tail_start(&settings, &w->tail, &help_why));
}

static void add_lines(const struct world *w, unsigned n)
{
    FILE *f = fopen(w->path, "a");
    assert_non_null(f);
    for (unsigned i = 0; i < n; i++)
        fputs(line, f);
    assert_int_equal(fclose(f), 0);
}

/* Takes batches until n events came, or the thread says that this was all; keeps the offsets. */
static size_t take(struct world *w, size_t n, bool *out_last)
{
    size_t got = 0;
    *out_last = false;
    while (got < n && !*out_last) {
        struct feed_batch *b = ring_pop_wait(w->ring, 20 * TIME_S);
        assert_non_null(b);
        assert_int_equal(b->source, 1);
        assert_true(b->watermark <= clock_wall() - LATE);
        for (size_t i = 0; i < b->n; i++)
            assert_int_equal(b->events[i].source, feed_tail_source(w->path));
        got += b->n;
        *out_last = b->last;
        if (b->offset_name != NULL)
            HELP_OK(store_offset_set(w->store, b->offset_name, b->offset.p, b->offset.n));
        feed_batch_free(b);
    }
    HELP_OK(store_commit(w->store, &help_why));
    return got;
}

/* What is added is read once, over a restart too; a stop tells of the rest first. */
static void test_follow(void **state)
{
    (void)state;
    struct world w = {.dir = help_mkdir()};
    bool last;
    w.store = help_store(w.dir);
    w.ring = ring_new(64);
    assert_true(asprintf(&w.path, "%s/log.ndjson", w.dir) > 0);
    add_lines(&w, 10);
    start(&w);
    assert_int_equal(take(&w, 10, &last), 10);
    add_lines(&w, 5000); /* more than one poll reads */
    assert_int_equal(take(&w, 5000, &last), 5000);
    feed_tail_ask_stop(w.tail);
    assert_int_equal(take(&w, 1, &last), 0);
    assert_true(last);
    assert_int_equal(feed_tail_failure(w.tail, &help_why), ERR_NONE);
    feed_tail_free(w.tail);
    add_lines(&w, 3);
    start(&w);
    assert_int_equal(take(&w, 3, &last), 3);
    /* Freed without being asked first, with batches that nobody takes. */
    ring_close(w.ring);
    feed_tail_free(w.tail);
    for (struct feed_batch *b; (b = ring_pop_wait(w.ring, 0)) != NULL;)
        feed_batch_free(b);
    ring_free(w.ring);
    store_close(w.store);
    free(w.path);
    help_rmdir(w.dir);
}

static void test_wrong(void **state)
{
    (void)state;
    struct world w = {.dir = help_mkdir()};
    const char *const paths[] = {"/dev/null"};
    w.store = help_store(w.dir);
    w.ring = ring_new(4);
    struct feed_tail_settings settings = {
        .paths = paths, .paths_n = 1, .store = w.store, .ring = w.ring};
    struct feed_tail *t = NULL;
    assert_int_equal(feed_tail_start(&settings, &t, &help_why), ERR_INVALID);
    assert_null(t);
    ring_free(w.ring);
    store_close(w.store);
    help_rmdir(w.dir);
}

/* Whatever else is followed, and in whatever order. */
static void a_source_follows_from_its_path(void **state)
{
    (void)state;
    assert_int_equal(feed_tail_source("/a"), feed_tail_source("/a"));
    assert_int_not_equal(feed_tail_source("/a"), feed_tail_source("/b"));
    assert_int_not_equal(feed_tail_source(""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follow),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(a_source_follows_from_its_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
