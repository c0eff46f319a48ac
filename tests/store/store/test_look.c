/* SPDX-License-Identifier: Apache-2.0 */
/* Groups, tops and single events: hot, odd and sealed ones are every event exactly once. */
#include "store/store/store_help.h"

#include "query/query.h"
#include "store/look.h"

#define EVENTS 900

static void good(enum err rc, const struct err_text *why)
{
    if (rc != ERR_NONE)
        fail_msg("%s", why->message);
}

/* Event i: host h(i % 7), 10 * i bytes, tags a and b and a again, now and then two addresses. */
static void append(struct store *s, uint64_t i)
{
    struct arena arena;
    struct event e;
    char text[16];
    arena_init(&arena, 0);
    event_init(&e, &arena, HELP_BASE + (ts_ns)i * TIME_S);
    snprintf(text, sizeof(text), "h%llu", (unsigned long long)i % 7);
    if (i % 10 != 9)
        event_set_text(&e, EVENT_F_HOST_NAME, text);
    event_set_i64(&e, EVENT_F_SOURCE_BYTES, (int64_t)i * 10);
    event_add_str(&e, EVENT_F_TAGS, "a", 1);
    event_add_str(&e, EVENT_F_TAGS, i % 2 > 0 ? "b" : "c", 1);
    event_add_str(&e, EVENT_F_TAGS, "a", 1);
    event_add_str(&e, EVENT_F_USER_NAME, "one", 3);
    if (i % 50 == 0)
        event_add_str(&e, EVENT_F_USER_NAME, "two", 3);
    assert_int_equal(store_append(s, &e), ERR_NONE);
    arena_release(&arena);
}

static struct store *filled(const char *dir)
{
    struct err_text why;
    struct store *s;
    good(store_open(dir, NULL, &s, &why), &why);
    for (uint64_t i = 0; i < EVENTS; i++) {
        append(s, i);
        if (i % 300 == 299)
            good(store_commit(s, &why), &why);
        if (i == 299 || i == 599)
            good(store_seal(s, &why), &why);
    }
    return s;
}

static struct store_measure everything_of(const char *field)
{
    return (struct store_measure){
        .field = field, .count = true, .sum = true, .least = true, .greatest = true};
}

static const char *const all_fields[] = {"host.name", "source.bytes", "tags", "user.name",
                                         "@timestamp"};

static struct store_look *look(struct store *s, const struct query *q, size_t fields_n,
                               const struct store_look_options *options)
{
    struct err_text why;
    struct store_look *l;
    const struct store_search what = {
        .query = q, .from = TIME_NONE, .to = TIME_MAX, .fields = all_fields, .fields_n = fields_n};
    good(store_look_open(s, &what, options, &l, &why), &why);
    return l;
}

static bool count(void *ctx, struct event *e)
{
    (void)e;
    ++*(uint64_t *)ctx;
    return true;
}

/* Groups as text, one a line, in order. */
struct rows {
    char *line[2000];
    size_t n;
};

static bool keep(void *ctx, const struct event_value *v, size_t n)
{
    struct rows *r = ctx;
    struct buf b;
    char scratch[EVENT_TEXT_SIZE];
    buf_init(&b);
    for (size_t i = 0; i < n; i++) {
        size_t len;
        const char *text = event_value_text(&v[i], scratch, &len);
        buf_str(&b, i > 0 ? " " : "");
        buf_add(&b, v[i].type != EVENT_NULL ? text : "-", v[i].type != EVENT_NULL ? len : 1);
    }
    assert_true(r->n < 2000);
    r->line[r->n++] = buf_take(&b, NULL);
    return true;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void expect(struct rows *r, const char *text)
{
    struct buf b;
    buf_init(&b);
    qsort(r->line, r->n, sizeof(r->line[0]), compare);
    for (size_t i = 0; i < r->n; i++) {
        buf_str(&b, r->line[i]);
        buf_char(&b, '\n');
        free(r->line[i]);
    }
    assert_string_equal(buf_text(&b), text);
    buf_release(&b);
    r->n = 0;
}

static void test_groups(void **state)
{
    (void)state;
    struct err_text why;
    struct rows rows = {0};
    char *dir = help_mkdir();
    struct store *s = filled(dir);
    uint64_t n = 0;
    /* user.name stands beside its column where it has two values: 12 sealed events are odd. */
    struct store_look *l = look(s, NULL, 4, NULL);
    good(store_look_hot(l, count, &n, &why), &why);
    assert_int_equal(n, 300);
    n = 0;
    good(store_look_odd(l, count, &n, &why), &why);
    assert_int_equal(n, 12);
    const struct store_group_key user = {.field = "user.name"};
    good(
        store_look_groups(l, &(struct store_groups){.keys = &user, .keys_n = 1}, keep, &rows, &why),
        &why);
    expect(&rows, "one 588\n");
    good(store_look_count(l, UINT64_MAX, &n, &why), &why);
    assert_int_equal(n, EVENTS);
    store_look_close(l);

    /* Without that field nothing is odd. */
    l = look(s, NULL, 3, NULL);
    n = 0;
    good(store_look_odd(l, count, &n, &why), &why);
    assert_int_equal(n, 0);
    const struct store_measure measures[] = {everything_of("source.bytes"), everything_of("tags")};
    const struct store_group_key keys[] = {{.field = "tags"},
                                           {.field = "source.bytes", .step = true, .width = 2000}};
    good(store_look_groups(l,
                           &(struct store_groups){
                               .keys = keys, .keys_n = 2, .measures = measures, .measures_n = 2},
                           keep, &rows, &why),
         &why);
    expect(&rows, "a 0 200 200 199000 0 1990 400 - - -\n"
                  "a 1 200 200 599000 2000 3990 400 - - -\n"
                  "a 2 200 200 999000 4000 5990 400 - - -\n"
                  "b 0 100 100 100000 10 1990 200 - - -\n"
                  "b 1 100 100 300000 2010 3990 200 - - -\n"
                  "b 2 100 100 500000 4010 5990 200 - - -\n"
                  "c 0 100 100 99000 0 1980 200 - - -\n"
                  "c 1 100 100 299000 2000 3980 200 - - -\n"
                  "c 2 100 100 499000 4000 5980 200 - - -\n");
    /* Groups without a value, and only some of the groups. */
    const struct store_group_key host = {.field = "host.name"};
    good(
        store_look_groups(l, &(struct store_groups){.keys = &host, .keys_n = 1}, keep, &rows, &why),
        &why);
    assert_int_equal(rows.n, 8);
    expect(&rows, "- 60\nh0 78\nh1 77\nh2 77\nh3 78\nh4 77\nh5 76\nh6 77\n");
    const struct event_value only[] = {event_value_str("h3", 2), event_value_str("it's", 4)};
    good(store_look_groups(
             l, &(struct store_groups){.keys = &host, .keys_n = 1, .only = only, .only_n = 2}, keep,
             &rows, &why),
         &why);
    expect(&rows, "h3 78\n");
    /* The two greatest of each of some groups. */
    const struct store_top_key bytes = {.field = "source.bytes", .descending = true};
    good(store_look_groups(
             l,
             &(struct store_groups){
                 .keys = &host,
                 .keys_n = 1,
                 .only = only,
                 .only_n = 2,
                 .first = &(struct store_top){.keys = &bytes, .keys_n = 1, .limit = 2}},
             keep, &rows, &why),
         &why);
    expect(&rows,
           "h3 2023-11-14T22:23:11.000Z 0 592 5910\nh3 2023-11-14T22:23:18.000Z 0 599 5980\n");
    /* All of it as one group; a field that nobody has. */
    const struct store_group_key none = {.field = "host.id"};
    good(store_look_groups(l, &(struct store_groups){0}, keep, &rows, &why), &why);
    expect(&rows, "600\n");
    good(
        store_look_groups(l, &(struct store_groups){.keys = &none, .keys_n = 1}, keep, &rows, &why),
        &why);
    expect(&rows, "- 600\n");
    store_look_close(l);
    store_close(s);
    help_rmdir(dir);
}

static void test_times(void **state)
{
    (void)state;
    struct err_text why;
    struct rows rows = {0};
    char *dir = help_mkdir();
    struct store *s;
    struct arena arena;
    static const ts_ns times[] = {-TIME_HOUR - 1, -1, 0, TIME_HOUR - 1, TIME_HOUR, 5 * TIME_HOUR};
    good(store_open(dir, NULL, &s, &why), &why);
    arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct event e;
        event_init(&e, &arena, times[i]);
        event_set_bool(&e, EVENT_F_FLOW_FINAL, i % 2 > 0);
        assert_int_equal(store_append(s, &e), ERR_NONE);
    }
    good(store_commit(s, &why), &why);
    good(store_seal(s, &why), &why);
    struct store_look *l = look(s, NULL, 0, NULL);
    const struct store_group_key hours = {
        .field = "@timestamp", .step = true, .step_ns = TIME_HOUR};
    good(store_look_groups(l, &(struct store_groups){.keys = &hours, .keys_n = 1}, keep, &rows,
                           &why),
         &why);
    expect(&rows, "-1 1\n-2 1\n0 2\n1 1\n5 1\n");
    /* Times are counted in milliseconds, truth as 0 and 1. */
    const struct store_measure measures[] = {everything_of("@timestamp"),
                                             everything_of("flow.final")};
    good(store_look_groups(l, &(struct store_groups){.measures = measures, .measures_n = 2}, keep,
                           &rows, &why),
         &why);
    expect(&rows, "6 6 21599997 -3600001 18000000 6 3 0 1\n");
    store_look_close(l);
    store_close(s);
    arena_release(&arena);
    help_rmdir(dir);
}

static void test_top(void **state)
{
    (void)state;
    struct err_text why;
    struct rows rows = {0};
    char *dir = help_mkdir();
    struct store *s = filled(dir);
    struct store_look *l = look(s, NULL, 3, NULL);
    const struct store_top_key keys[] = {{.field = "host.name", .descending = true},
                                         {.field = "source.bytes"}};
    struct store_top top = {.keys = keys, .keys_n = 2, .limit = 2};
    char line[300];
    good(store_look_top(l, &top, keep, &rows, &why), &why);
    snprintf(line, sizeof(line),
             "2023-11-14T22:13:26.000Z 0 7 h6 60\n2023-11-14T22:13:33.000Z 0 14 h6 130\n");
    expect(&rows, line);
    /* What comes after the last host, and after nothing. */
    const struct event_value after[] = {event_value_str("h0", 2), event_value_i64(5950)};
    top.after = after;
    good(store_look_top(l, &top, keep, &rows, &why), &why);
    assert_int_equal(rows.n, 2);
    expect(&rows, "2023-11-14T22:13:29.000Z 0 10 - 90\n2023-11-14T22:13:39.000Z 0 20 - 190\n");
    const struct event_value last[] = {{.type = EVENT_NULL}, event_value_i64(5980)};
    top.after = last;
    good(store_look_top(l, &top, keep, &rows, &why), &why);
    expect(&rows, "2023-11-14T22:23:19.000Z 0 600 - 5990\n");
    store_look_close(l);
    store_close(s);
    help_rmdir(dir);
}

struct fetched {
    uint64_t sum;
    uint64_t n;
};

static bool fetch(void *ctx, struct event *e)
{
    struct fetched *f = ctx;
    assert_int_equal(event_i64(e, EVENT_F_SOURCE_BYTES, -1), (int64_t)(e->sequence - 1) * 10);
    assert_non_null(event_get(e, EVENT_F_TAGS));
    f->sum += e->sequence;
    f->n++;
    return true;
}

static void test_fetch(void **state)
{
    (void)state;
    struct err_text why;
    struct fetched f = {0};
    char *dir = help_mkdir();
    struct store *s = filled(dir);
    struct store_look *l = look(s, NULL, 1, NULL);
    struct store_place places[EVENTS];
    for (uint64_t i = 0; i < EVENTS; i++)
        places[i] = (struct store_place){HELP_BASE + (ts_ns)(EVENTS - 1 - i) * TIME_S, EVENTS - i};
    good(store_look_fetch(l, places, EVENTS, fetch, &f, &why), &why);
    assert_int_equal(f.n, EVENTS);
    assert_int_equal(f.sum, (uint64_t)EVENTS * (EVENTS + 1) / 2);
    f = (struct fetched){0};
    places[0] = (struct store_place){HELP_BASE, 1};
    places[1] = (struct store_place){HELP_BASE + 1, 1};              /* nobody is there */
    places[2] = (struct store_place){HELP_BASE + TIME_S, 3};         /* somebody else is there */
    places[3] = (struct store_place){HELP_BASE + 899 * TIME_S, 900}; /* hot */
    good(store_look_fetch(l, places, 4, fetch, &f, &why), &why);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.sum, 901);
    store_look_close(l);
    store_close(s);
    help_rmdir(dir);
}

/* A query that SQL cannot say, or a caller who wants it so: all sealed events one by one. */
static void test_one_by_one(void **state)
{
    (void)state;
    struct err_text why;
    struct rows rows = {0};
    struct query *q;
    uint64_t n = 0;
    char *dir = help_mkdir();
    struct store *s = filled(dir);
    good(query_parse_kql("h3", 2, 0, &q, &why), &why);
    struct store_look *l = look(s, q, 1, NULL);
    good(store_look_odd(l, count, &n, &why), &why);
    assert_int_equal(n, 78);
    good(store_look_groups(l, &(struct store_groups){0}, keep, &rows, &why), &why);
    assert_int_equal(rows.n, 0);
    store_look_close(l);
    query_free(q);
    l = look(s, NULL, 1, &(struct store_look_options){.one_by_one = true});
    n = 0;
    good(store_look_odd(l, count, &n, &why), &why);
    assert_int_equal(n, 600);
    store_look_close(l);
    /* A further condition. */
    good(query_parse_kql("source.bytes < 1000", 19, 0, &q, &why), &why);
    const struct query *also = q;
    l = look(s, NULL, 2, &(struct store_look_options){.also = &also, .also_n = 1});
    good(
        store_look_groups(l, &(struct store_groups){.also = &also, .also_n = 1}, keep, &rows, &why),
        &why);
    expect(&rows, "100\n");
    store_look_close(l);
    query_free(q);
    store_close(s);
    help_rmdir(dir);
}

static void name(void *ctx, const char *text, size_t n, event_field field)
{
    struct buf *b = ctx;
    assert_int_equal(event_field_by_name(text, n), field);
    buf_add(b, text, n);
    buf_char(b, ' ');
}

static void test_fields(void **state)
{
    (void)state;
    struct err_text why;
    struct buf b;
    char *dir = help_mkdir();
    struct store *s = filled(dir);
    struct store_look *l = look(s, NULL, 0, NULL);
    buf_init(&b);
    good(store_look_fields(l, name, &b, &why), &why);
    assert_non_null(strstr(buf_text(&b), "host.name "));
    assert_non_null(strstr(buf_text(&b), "tags "));
    buf_release(&b);
    store_look_close(l);
    store_close(s);
    help_rmdir(dir);
}

static void test_refused(void **state)
{
    (void)state;
    struct err_text why;
    struct store_look *l;
    struct store *s;
    char *dir = help_mkdir();
    store_close(filled(dir));
    good(store_open(dir, &(struct store_options){.no_worker = true}, &s, &why), &why);
    const struct store_search what = {.from = TIME_NONE, .to = TIME_MAX};
    assert_int_equal(store_look_open(s, &what, NULL, &l, &why), ERR_UNSUPPORTED);
    store_close(s);
    store_look_close(NULL);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups), cmocka_unit_test(test_times),
        cmocka_unit_test(test_top),    cmocka_unit_test(test_fetch),
        cmocka_unit_test(test_fields), cmocka_unit_test(test_one_by_one),
        cmocka_unit_test(test_refused)};
    help_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
