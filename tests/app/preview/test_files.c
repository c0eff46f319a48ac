/* SPDX-License-Identifier: Apache-2.0 */
#include "app/preview/preview.h"

#include "event/json.h"
#include "preview/files.h"

struct world {
    char *dir;
    char *path;
    unsigned asked; /* how often stop() was */
    unsigned stop_at;
    unsigned remarks;
    double share;
};

static bool stop(void *ctx)
{
    struct world *w = ctx;
    return ++w->asked >= w->stop_at && w->stop_at > 0;
}

static void progress(void *ctx, double share, uint64_t events)
{
    struct world *w = ctx;
    (void)events;
    assert_true(share >= w->share && share <= 1);
    w->share = share;
}

static void remark(void *ctx, const char *sentence)
{
    struct world *w = ctx;
    assert_true(strlen(sentence) > 0);
    w->remarks++;
}

/* The two hours as NDJSON, the later one first, and a line that is none. */
static void begin(struct world *w, bool broken)
{
    struct buf text;
    *w = (struct world){.dir = help_mkdir()};
    buf_init(&text);
    for (unsigned k = 0; k < PREVIEW_MINUTES; k++) {
        unsigned m = (k + 60) % PREVIEW_MINUTES;
        unsigned n = preview_count(m);
        for (unsigned i = 0; i < n; i++) {
            struct arena arena;
            struct event e;
            arena_init(&arena, 0);
            help_event(&e, &arena, HELP_BASE + m * TIME_MIN + i * (TIME_MIN / n),
                       help_sequence(m) + i);
            event_json_write(&e, &text);
            buf_char(&text, '\n');
            arena_release(&arena);
        }
    }
    if (broken)
        buf_str(&text, "{\"@timestamp\": \n");
    assert_true(buf_ok(&text));
    help_write(w->dir, "events.ndjson", text.p, text.n);
    assert_true(asprintf(&w->path, "%s/events.ndjson", w->dir) > 0);
    buf_release(&text);
}

static void end(struct world *w)
{
    free(w->path);
    help_rmdir(w->dir);
}

static enum err run(struct world *w, struct preview *p, struct err_text *why)
{
    const char *path = w->path;
    const struct preview_files files = {.paths = &path,
                                        .paths_n = 1,
                                        .format = "auto",
                                        .sensor = "",
                                        .stop = stop,
                                        .progress = progress,
                                        .remark = remark,
                                        .ctx = w};
    return preview_files(p, &files, why);
}

/* As if the events had come in order. */
static void test_in_order(void **state)
{
    (void)state;
    const struct preview_settings s = preview_settings();
    struct world w;
    struct buf text[2];
    begin(&w, true);
    for (int i = 0; i < 2; i++) {
        struct preview *p = preview_begin(&s);
        if (i == 0) {
            preview_hours(p);
            assert_int_equal(preview_finish(p, TIME_MAX), ERR_NONE);
        } else {
            HELP_OK(run(&w, p, &help_why));
        }
        buf_init(&text[i]);
        preview_json(p, &text[i]);
        preview_free(p);
    }
    assert_string_equal(buf_text(&text[0]), buf_text(&text[1]));
    assert_int_equal(w.remarks, 1);
    buf_release(&text[0]);
    buf_release(&text[1]);
    end(&w);
}

static void test_stopped(void **state)
{
    (void)state;
    const struct preview_settings s = preview_settings();
    struct world w;
    struct err_text why;
    begin(&w, false);
    struct preview *p = preview_begin(&s);
    w.stop_at = 1;
    assert_int_equal(run(&w, p, &why), ERR_STOPPED);
    preview_free(p);
    end(&w);
}

static void test_wrong_files(void **state)
{
    (void)state;
    const struct preview_settings s = preview_settings();
    struct world w;
    struct err_text why;
    begin(&w, false);
    struct preview *p = preview_begin(&s);
    help_write(w.dir, "events.ndjson", "\1\2nothing known", 15);
    assert_int_equal(run(&w, p, &why), ERR_FORMAT);
    w.path[strlen(w.path) - 1] = 'x';
    assert_int_equal(run(&w, p, &why), ERR_NOT_FOUND);
    preview_free(p);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_in_order),
                                       cmocka_unit_test(test_stopped),
                                       cmocka_unit_test(test_wrong_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
