/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of one moment: every document of it once, in order, whatever comes meanwhile. */
#include "store/find/find_help.h"

#define EVENTS 30

struct world {
    char *dir;
    struct store *store;
    struct find *find;
    int made;
};

/* Few different values, so that pages end between equal ones. */
static void add(struct world *w, int n)
{
    struct err_text why;
    for (int i = 0; i < n; i++, w->made++) {
        char json[300];
        snprintf(json, sizeof(json),
                 "{\"@timestamp\":%lld,\"event\":{\"dataset\":\"own\"},\"labels\":{\"n\":\"%d\"},"
                 "\"host\":{\"name\":\"h%d\"},\"source\":{\"bytes\":%d}}",
                 1700000000000LL + w->made / 4, w->made, w->made % 2, w->made % 3);
        help_add(w->store, json);
    }
    help_good(store_commit(w->store, &why), &why);
}

static void begin(struct world *w)
{
    struct err_text why;
    *w = (struct world){.dir = help_mkdir()};
    help_good(store_open(w->dir, NULL, &w->store, &why), &why);
    const struct find_options options = {.store = w->store, .seed = 5};
    w->find = find_new(&options);
    assert_non_null(w->find);
    add(w, EVENTS / 2);
    help_good(store_seal(w->store, &why), &why);
    add(w, EVENTS / 2);
}

static void end(struct world *w)
{
    find_free(w->find);
    store_close(w->store);
    help_rmdir(w->dir);
}

/* What happens between two pages: events come, some older than all, and all are sealed. */
static void meanwhile(struct world *w)
{
    struct err_text why;
    add(w, 5);
    help_add(w->store,
             "{\"@timestamp\":1,\"event\":{\"dataset\":\"own\"},\"source\":{\"bytes\":0}}");
    help_good(store_commit(w->store, &why), &why);
    help_good(store_seal(w->store, &why), &why);
}

static struct format_node *parse(const char *json)
{
    struct format_node *node;
    struct err_text why;
    help_good(format_node_json(json, strlen(json), "json", &node, &why), &why);
    return node;
}

/* Notes which events a page has; returns how many. */
static size_t note(const struct format_node *answer, bool *seen, int64_t *last)
{
    struct format_node *hits =
        format_node_get(format_node_get((struct format_node *)(uintptr_t)answer, "hits"), "hits");
    size_t n = format_node_count(hits);
    for (size_t i = 0; i < n; i++) {
        struct format_node *source = format_node_get(format_node_at(hits, i), "_source");
        struct format_node *labels = format_node_get(source, "labels");
        int number = atoi(format_node_str(format_node_get(labels, "n"), "-1"));
        int64_t bytes =
            format_node_int(format_node_get(format_node_get(source, "source"), "bytes"), -1);
        assert_in_range(number, 0, EVENTS - 1);
        assert_false(seen[number]);
        seen[number] = true;
        assert_true(bytes >= *last);
        *last = bytes;
    }
    return n;
}

static void scrolls(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        ("{\"size\":7,\"sort\":[{\"source.bytes\":\"asc\"}],\"aggs\":{\"h\":{\"terms\":{\"field\":"
         "\"host.name\"}}}}"),
        "{\"size\":7,\"sort\":[\"source.bytes\",\"_doc\"]}",
        "{\"size\":7,\"sort\":[\"source.bytes\",{\"@timestamp\":\"desc\"}]}",
        "{\"size\":7,\"sort\":[{\"source.bytes\":{\"order\":\"asc\"}},{\"_id\":\"asc\"}]}",
    };
    for (size_t b = 0; b < sizeof(bodies) / sizeof(bodies[0]); b++) {
        struct world w;
        struct buf out;
        struct find_error error;
        bool seen[EVENTS] = {false};
        int64_t last = -1;
        size_t found = 0, pages = 0, n;
        begin(&w);
        struct format_node *body = parse(bodies[b]);
        struct find_request r = {
            .index = "logs-own-*", .body = body, .now = FIND_NOW, .owner = "a", .keep = TIME_MIN};
        char name[100];
        buf_init(&out);
        help_good(find_scroll_begin(w.find, &r, &out, &error), &error.text);
        format_node_free(body);
        r = (struct find_request){.owner = "a"};
        do {
            struct format_node *answer = parse(buf_text(&out));
            snprintf(name, sizeof(name), "%s",
                     format_node_str(format_node_get(answer, "_scroll_id"), ""));
            assert_true(name[0] != '\0');
            struct format_node *total = format_node_get(format_node_get(answer, "hits"), "total");
            assert_int_equal(format_node_int(format_node_get(total, "value"), -1), EVENTS);
            assert_int_equal(format_node_get(answer, "aggregations") != NULL, b == 0 && pages == 0);
            n = note(answer, seen, &last);
            found += n;
            pages++;
            format_node_free(answer);
            meanwhile(&w);
            buf_clear(&out);
            help_good(find_scroll_next(w.find, &r, name, &out, &error), &error.text);
        } while (n > 0);
        assert_int_equal(found, EVENTS);
        assert_int_equal(pages, (EVENTS + 6) / 7 + 1);
        assert_int_equal(find_open_count(w.find), 1);
        assert_int_equal(find_scroll_close(w.find, "b", &(const char *){name}, 1), 0);
        assert_int_equal(find_scroll_close(w.find, "a", &(const char *){name}, 1), 1);
        buf_clear(&out);
        assert_int_equal(find_scroll_next(w.find, &r, name, &out, &error), ERR_NOT_FOUND);
        assert_string_equal(error.type, "search_context_missing_exception");
        assert_int_equal(error.status, 404);
        assert_int_equal(out.n, 0);
        buf_release(&out);
        end(&w);
    }
}

/* A scroll without an order goes by time, and shows no `sort`. */
static void scrolls_without_order(void **state)
{
    (void)state;
    struct world w;
    struct buf out;
    struct find_error error;
    size_t found = 0, n;
    begin(&w);
    buf_init(&out);
    struct find_request r = {.owner = "a", .keep = TIME_MIN, .now = FIND_NOW};
    help_good(find_scroll_begin(w.find, &r, &out, &error), &error.text);
    do {
        struct format_node *answer = parse(buf_text(&out));
        struct format_node *hits = format_node_get(format_node_get(answer, "hits"), "hits");
        n = format_node_count(hits);
        for (size_t i = 0; i < n; i++, found++) {
            struct format_node *hit = format_node_at(hits, i);
            struct format_node *labels = format_node_get(format_node_get(hit, "_source"), "labels");
            assert_int_equal(atoi(format_node_str(format_node_get(labels, "n"), "-1")), found);
            assert_null(format_node_get(hit, "sort"));
        }
        char name[100];
        snprintf(name, sizeof(name), "%s",
                 format_node_str(format_node_get(answer, "_scroll_id"), ""));
        format_node_free(answer);
        meanwhile(&w);
        buf_clear(&out);
        help_good(find_scroll_next(w.find, &r, name, &out, &error), &error.text);
    } while (n > 0);
    assert_int_equal(found, EVENTS);
    buf_release(&out);
    end(&w);
}

static void refuses(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"from\":1}", "{\"size\":0}", "{\"search_after\":[1],\"sort\":[\"source.bytes\"]}",
        "{\"track_total_hits\":false}", "{\"pit\":{\"id\":\"x\"}}"};
    struct world w;
    struct buf out;
    struct find_error error;
    begin(&w);
    buf_init(&out);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct format_node *body = parse(bodies[i]);
        const struct find_request r = {.body = body, .keep = TIME_MIN, .now = FIND_NOW};
        assert_int_equal(find_scroll_begin(w.find, &r, &out, &error), ERR_INVALID);
        assert_int_equal(error.status, 400);
        format_node_free(body);
    }
    assert_int_equal(find_open_count(w.find), 0);
    ts_ns keep;
    assert_int_equal(find_read_keep("5m", &keep, &error), ERR_NONE);
    assert_int_equal(keep, 5 * TIME_MIN);
    assert_int_equal(find_read_keep("2d", &keep, &error), ERR_INVALID);
    assert_int_equal(find_read_keep("0s", &keep, &error), ERR_INVALID);
    assert_int_equal(find_read_keep("soon", &keep, &error), ERR_INVALID);
    buf_release(&out);
    end(&w);
}

static void moments(void **state)
{
    (void)state;
    struct world w;
    struct buf out;
    struct find_error error;
    char body[300], after[100] = "";
    bool seen[EVENTS] = {false};
    int64_t last = -1;
    size_t found = 0, n;
    begin(&w);
    buf_init(&out);
    struct find_request r = {
        .index = "logs-own-*", .keep = TIME_MIN, .owner = "a", .now = FIND_NOW};
    help_good(find_moment_open(w.find, &r, &out, &error), &error.text);
    char *name = help_part(buf_text(&out), "id"); /* with its quotes */
    meanwhile(&w);
    r.index = NULL;
    do {
        snprintf(body, sizeof(body),
                 "{\"pit\":{\"id\":%s,\"keep_alive\":\"1m\"},\"size\":7,\"sort\":[\"source.bytes\"]"
                 "%s}",
                 name, after);
        struct format_node *node = parse(body);
        r.body = node;
        buf_clear(&out);
        help_good(find_search(w.find, &r, &out, &error), &error.text);
        format_node_free(node);
        struct format_node *answer = parse(buf_text(&out));
        n = note(answer, seen, &last);
        found += n;
        struct format_node *hits = format_node_get(format_node_get(answer, "hits"), "hits");
        struct buf sort;
        buf_init(&sort);
        if (n > 0) {
            /* The tie is ended by what was not asked for. */
            struct format_node *values = format_node_get(format_node_at(hits, n - 1), "sort");
            assert_int_equal(format_node_count(values), 2);
            format_node_write(values, &sort);
            snprintf(after, sizeof(after), ",\"search_after\":%s", buf_text(&sort));
        }
        buf_release(&sort);
        assert_non_null(format_node_get(answer, "pit_id"));
        format_node_free(answer);
        meanwhile(&w);
    } while (n > 0);
    assert_int_equal(found, EVENTS);
    /* Not together with an index, nor by another, nor when it is closed. */
    snprintf(body, sizeof(body), "{\"pit\":{\"id\":%s}}", name);
    for (int i = 0; i < 3; i++) {
        struct format_node *node = parse(body);
        char bare[100];
        snprintf(bare, sizeof(bare), "%.*s", (int)strlen(name) - 2, name + 1);
        if (i == 2)
            assert_int_equal(find_moment_close(w.find, "a", &(const char *){bare}, 1), 1);
        const struct find_request bad = {.body = node,
                                         .now = FIND_NOW,
                                         .index = i == 0 ? "logs-own-*" : NULL,
                                         .owner = i == 1 ? "b" : "a"};
        buf_clear(&out);
        assert_int_equal(find_search(w.find, &bad, &out, &error),
                         i == 0 ? ERR_INVALID : ERR_NOT_FOUND);
        format_node_free(node);
    }
    r = (struct find_request){.index = "nowhere", .keep = TIME_MIN};
    assert_int_equal(find_moment_open(w.find, &r, &out, &error), ERR_NOT_FOUND);
    free(name);
    buf_release(&out);
    end(&w);
}

/* Of an empty store: nothing that comes later. */
static void moment_of_nothing(void **state)
{
    (void)state;
    struct err_text why;
    struct find_error error;
    struct buf out;
    char *dir = help_mkdir();
    struct world w = {.dir = dir};
    help_good(store_open(dir, NULL, &w.store, &why), &why);
    const struct find_options options = {.store = w.store};
    w.find = find_new(&options);
    buf_init(&out);
    struct find_request r = {.keep = TIME_MIN, .now = FIND_NOW};
    help_good(find_moment_open(w.find, &r, &out, &error), &error.text);
    char *name = help_part(buf_text(&out), "id");
    add(&w, 3);
    char body[100];
    snprintf(body, sizeof(body), "{\"pit\":{\"id\":%s}}", name);
    help_expect(w.find, NULL, body, "hits/total/value", "0");
    help_expect(w.find, NULL, "{}", "hits/total/value", "3");
    free(name);
    buf_release(&out);
    end(&w);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scrolls),           cmocka_unit_test(scrolls_without_order),
        cmocka_unit_test(refuses),           cmocka_unit_test(moments),
        cmocka_unit_test(moment_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
