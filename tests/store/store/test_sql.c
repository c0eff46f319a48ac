/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random queries over random events: what the store finds in sealed pieces through SQL is what
 * query_match() says in memory, lists, missing and misfit values included.
 */
#include "store/store/store_help.h"

#include "query/query.h"
#include "query/tree.h"
#include "store/column.h"
#include "store/sql.h"

#define EVENTS 240
#define QUERIES 400

static const char *const words[] = {
    "alpha", "beta", "Beta",    "gamma delta", "it's", "a*b",      "x",     "",     "10",
    "true",  "2024", "Ünïcode", "alphabet",    "be",   "10.0.0.1", "gamma", "\\\\n"};
#define WORDS (sizeof(words) / sizeof(words[0]))

static const char *const addresses[] = {"10.0.0.1",    "10.0.1.2",        "192.168.1.9",
                                        "2001:db8::1", "2001:db8:0:1::7", "8.8.8.8"};

static const char *pick_word(struct rng *rng)
{
    return words[rng_below(rng, WORDS)];
}

static void add_word(struct event *e, event_field f, struct rng *rng)
{
    const char *w = pick_word(rng);
    event_add_str(e, f, w, strlen(w));
}

static void add_named_word(struct event *e, const char *name, struct rng *rng)
{
    const char *w = pick_word(rng);
    struct event_value v = {.type = EVENT_STR, .s = w, .len = (uint32_t)strlen(w)};
    event_add_named(e, name, strlen(name), &v);
}

static void random_event(struct event *e, struct arena *arena, struct rng *rng, uint64_t i)
{
    struct ip ip;
    const char *a = addresses[rng_below(rng, 6)];
    event_init(e, arena, HELP_BASE + (ts_ns)i * TIME_S);
    e->sequence = i;
    if (rng_below(rng, 3) > 0)
        event_set_text(e, EVENT_F_EVENT_DATASET, "test.mixed");
    if (rng_below(rng, 3) == 0)
        event_set_text(e, EVENT_F_DATA_STREAM_NAMESPACE, "prod");
    if (rng_below(rng, 4) > 0)
        add_word(e, EVENT_F_HOST_NAME, rng);
    if (rng_below(rng, 10) == 0)
        add_word(e, EVENT_F_HOST_NAME, rng); /* several values in a plain column */
    for (uint64_t k = rng_below(rng, 4); k > 0; k--)
        add_word(e, EVENT_F_TAGS, rng);
    if (rng_below(rng, 3) > 0)
        add_word(e, EVENT_F_MESSAGE, rng);
    if (rng_below(rng, 3) > 0 && ip_parse(a, strlen(a), &ip))
        event_set_ip(e, EVENT_F_SOURCE_IP, &ip);
    else if (rng_below(rng, 4) == 0)
        event_set_text(e, EVENT_F_SOURCE_IP, "not an address");
    for (uint64_t k = rng_below(rng, 3); k > 0; k--) {
        a = addresses[rng_below(rng, 6)];
        if (ip_parse(a, strlen(a), &ip))
            event_add_ip(e, EVENT_F_RELATED_IP, &ip);
    }
    if (rng_below(rng, 3) > 0)
        event_set_i64(e, EVENT_F_SOURCE_BYTES, (int64_t)rng_below(rng, 12) - 2);
    if (rng_below(rng, 15) == 0)
        event_add_i64(e, EVENT_F_SOURCE_BYTES, 10);
    if (rng_below(rng, 2) > 0)
        event_set_f64(e, EVENT_F_EVENT_RISK_SCORE, (double)rng_below(rng, 40) / 4 - 2);
    if (rng_below(rng, 2) > 0)
        event_set_bool(e, EVENT_F_FLOW_FINAL, rng_below(rng, 2) > 0);
    if (rng_below(rng, 2) > 0)
        event_set_time(e, EVENT_F_EVENT_CREATED, HELP_BASE + (ts_ns)rng_below(rng, 5) * TIME_DAY);
    if (rng_below(rng, 5) == 0)
        event_set_text(e, EVENT_F_WEIR_INDEX, "packetbeat-8.19.0");
    for (uint64_t k = rng_below(rng, 3); k > 0; k--)
        add_named_word(e, "custom.label", rng);
    if (rng_below(rng, 4) == 0) {
        struct event_value v = {.type = EVENT_I64, .i = (int64_t)rng_below(rng, 12)};
        event_add_named(e, "custom.count", 12, &v);
    }
}

static const char *const text_fields[] = {"host.name", "tags", "message", "custom.label",
                                          "not.there"};
static const char *const any_fields[] = {
    "host.name",     "tags",         "message",       "custom.label",     "not.there",
    "source.ip",     "related.ip",   "source.bytes",  "event.risk_score", "flow.final",
    "event.created", "custom.count", "event.dataset", "@timestamp"};

static void put_text(struct buf *b, const char *s)
{
    buf_char(b, '"');
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            buf_char(b, '\\');
        buf_char(b, *s);
    }
    buf_char(b, '"');
}

/* A value that a person may write for that field, often of the right type. */
static void put_value(struct buf *b, const char *field, struct rng *rng)
{
    if (strcmp(field, "source.ip") == 0 || strcmp(field, "related.ip") == 0) {
        static const char *const nets[] = {"10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0"};
        put_text(b,
                 rng_below(rng, 3) == 0 ? nets[rng_below(rng, 3)] : addresses[rng_below(rng, 6)]);
    } else if (strcmp(field, "source.bytes") == 0 || strcmp(field, "custom.count") == 0) {
        buf_format(b, "%d", (int)rng_below(rng, 12) - 2);
    } else if (strcmp(field, "event.risk_score") == 0) {
        buf_format(b, "%.2f", (double)rng_below(rng, 40) / 4 - 2);
    } else if (strcmp(field, "flow.final") == 0) {
        buf_str(b, rng_below(rng, 2) > 0 ? "true" : "false");
    } else if (strcmp(field, "event.created") == 0) {
        buf_format(b, "\"2023-11-%02u\"", (unsigned)rng_below(rng, 6) + 13);
    } else if (strcmp(field, "@timestamp") == 0) {
        char text[TIME_TEXT_SIZE];
        time_format_iso(HELP_BASE + (ts_ns)rng_below(rng, EVENTS) * TIME_S, text);
        put_text(b, text);
    } else {
        put_text(b, pick_word(rng));
    }
}

static void put_leaf(struct buf *b, struct rng *rng)
{
    static const char *const patterns[] = {"al*", "*a*", "?e*", "be?a", "*", "gamma*", "10*"};
    static const char *const regexps[] = {"al.*", "[ab].+", "(alpha|beta)", "x?", "gam{1,2}a.*"};
    static const char *const sides[] = {"gte", "gt", "lte", "lt"};
    const char *field = any_fields[rng_below(rng, 14)];
    const char *text = text_fields[rng_below(rng, 5)];
    static const char *const indices[] = {"logs-*",      "*-test.mixed-*", "logs-generic-default",
                                          "metrics-*",   "*-prod",         "*",
                                          "packetbeat-*"};
    switch (rng_below(rng, 13)) {
    case 0:
    case 1:
        buf_format(b, "{\"term\":{\"%s\":", field);
        put_value(b, field, rng);
        buf_str(b, "}}");
        break;
    case 2:
        buf_format(b, "{\"terms\":{\"%s\":[", field);
        for (uint64_t n = rng_below(rng, 3) + 1; n > 0; n--) {
            put_value(b, field, rng);
            buf_str(b, n > 1 ? "," : "");
        }
        buf_str(b, "]}}");
        break;
    case 3:
    case 4:
        buf_format(b, "{\"range\":{\"%s\":{\"%s\":", field, sides[rng_below(rng, 2)]);
        put_value(b, field, rng);
        if (rng_below(rng, 2) > 0) {
            buf_format(b, ",\"%s\":", sides[2 + rng_below(rng, 2)]);
            put_value(b, field, rng);
        }
        buf_str(b, "}}}");
        break;
    case 5: {
        static const char *const objects[] = {"host", "custom", "event", "nothing", "source"};
        buf_format(b, "{\"exists\":{\"field\":\"%s\"}}",
                   rng_below(rng, 2) > 0 ? field : objects[rng_below(rng, 5)]);
        break;
    }
    case 6:
        buf_format(b, "{\"prefix\":{\"%s\":{\"value\":", text);
        put_text(b, pick_word(rng));
        buf_format(b, ",\"case_insensitive\":%s}}}", rng_below(rng, 2) > 0 ? "true" : "false");
        break;
    case 7:
        buf_format(b, "{\"wildcard\":{\"%s\":{\"value\":", text);
        put_text(b, patterns[rng_below(rng, 7)]);
        buf_format(b, ",\"case_insensitive\":%s}}}", rng_below(rng, 2) > 0 ? "true" : "false");
        break;
    case 8:
        buf_format(b, "{\"regexp\":{\"%s\":", text);
        put_text(b, regexps[rng_below(rng, 5)]);
        buf_str(b, "}}");
        break;
    case 9:
        buf_format(b, "{\"match\":{\"%s\":", field);
        put_value(b, field, rng);
        buf_str(b, "}}");
        break;
    case 10:
        buf_str(b, "{\"match_phrase\":{\"message\":");
        put_text(b, pick_word(rng));
        buf_str(b, "}}");
        break;
    case 11:
        buf_format(b, "{\"wildcard\":{\"_index\":\"%s\"}}", indices[rng_below(rng, 7)]);
        break;
    default:
        buf_str(b, "{\"query_string\":{\"query\":\"al* OR tags:beta\"}}");
        break;
    }
}

static void put_query(struct buf *b, struct rng *rng, unsigned depth)
{
    static const char *const clauses[] = {"must", "filter", "should", "must_not"};
    if (depth == 0 || rng_below(rng, 3) == 0) {
        put_leaf(b, rng);
        return;
    }
    bool should = false;
    unsigned counts[4];
    unsigned written = 0;
    buf_str(b, "{\"bool\":{");
    for (unsigned c = 0; c < 4; c++) {
        counts[c] = rng_below(rng, 2) > 0 ? (unsigned)rng_below(rng, 3) + (c == 2) : 0;
        if (counts[c] == 0)
            continue;
        should = should || c == 2;
        buf_format(b, "%s\"%s\":[", written++ > 0 ? "," : "", clauses[c]);
        for (unsigned i = 0; i < counts[c]; i++) {
            buf_str(b, i > 0 ? "," : "");
            put_query(b, rng, depth - 1);
        }
        buf_char(b, ']');
    }
    if (should && rng_below(rng, 2) > 0)
        buf_format(b, "%s\"minimum_should_match\":%u", written > 0 ? "," : "",
                   (unsigned)rng_below(rng, counts[2]) + 1);
    buf_str(b, "}}");
}

struct truth {
    struct event events[EVENTS];
    bool found[EVENTS];
    uint64_t n;
};

static bool mark(void *ctx, struct event *e)
{
    struct truth *t = ctx;
    assert_true(e->sequence >= 1 && e->sequence <= EVENTS);
    assert_false(t->found[e->sequence - 1]);
    t->found[e->sequence - 1] = true;
    t->n++;
    return true;
}

/* Whether the query could be asked. */
static bool compare(struct store *s, struct truth *t, const char *json)
{
    struct err_text why;
    struct query *q;
    uint64_t expected = 0;
    uint64_t counted = 0;
    enum err rc = query_parse_json(json, strlen(json), "test", HELP_BASE, &q, &why);
    /* Not every word is a value of every field. */
    if (rc == ERR_INVALID || rc == ERR_UNSUPPORTED)
        return false;
    assert_int_equal(rc, ERR_NONE);
    memset(t->found, 0, sizeof(t->found));
    t->n = 0;
    struct store_search what = {.query = q, .from = TIME_NONE, .to = TIME_MAX};
    rc = store_search(s, &what, mark, t, &why);
    if (rc != ERR_NONE)
        fail_msg("%s: %s", json, why.message);
    for (size_t i = 0; i < EVENTS; i++) {
        bool match = query_match(q, &t->events[i]);
        expected += match;
        if (match != t->found[i]) {
            struct buf b;
            buf_init(&b);
            help_print(&t->events[i], &b);
            fail_msg("%s\nin memory %d, in SQL %d for\n%s", json, match, t->found[i], buf_text(&b));
        }
    }
    rc = store_count(s, &what, &counted, &why);
    if (rc != ERR_NONE)
        fail_msg("%s: %s", json, why.message);
    assert_int_equal(counted, expected);
    query_free(q);
    return true;
}

static void test_equal_answers(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct store *s;
    struct arena arena;
    struct rng rng;
    struct buf json;
    struct truth *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    const char *seed = getenv("WEIR_TEST_SEED");
    rng_init(&rng, seed != NULL ? strtoull(seed, NULL, 10) : 11);
    arena_init(&arena, 0);
    buf_init(&json);
    assert_int_equal(store_open(dir, NULL, &s, &why), ERR_NONE);
    for (uint64_t i = 0; i < EVENTS; i++) {
        random_event(&t->events[i], &arena, &rng, i);
        assert_int_equal(store_append(s, &t->events[i]), ERR_NONE);
        /* Three pieces with different columns, and a hot tail. */
        if (i % 70 == 69) {
            assert_int_equal(store_commit(s, &why), ERR_NONE);
            enum err rc = store_seal(s, &why);
            if (rc != ERR_NONE)
                fail_msg("%s", why.message);
        }
    }
    assert_int_equal(store_commit(s, &why), ERR_NONE);
    unsigned asked = 0;
    for (unsigned i = 0; i < QUERIES; i++) {
        buf_clear(&json);
        put_query(&json, &rng, 3);
        asked += compare(s, t, buf_text(&json));
    }
    assert_true(asked > QUERIES / 3);
    store_close(s);
    buf_release(&json);
    arena_release(&arena);
    free(t);
    help_rmdir(dir);
}

/* Simple leaves become plain comparisons, which Parquet's statistics can use. */
static void test_plain_sql(void **state)
{
    (void)state;
    struct err_text why;
    struct query *q;
    struct buf sql;
    struct arena arena;
    struct store_columns columns;
    bool exact = false;
    arena_init(&arena, 0);
    store_columns_init(&columns, &arena);
    buf_init(&sql);
    assert_int_equal(store_columns_read(&columns, "S host.name\nI source.bytes\nS[] tags\n", ""),
                     ERR_NONE);
    const char *kql = "host.name: o'neill and source.bytes >= 10 and tags: a and not host.name: b";
    assert_int_equal(query_parse_kql(kql, strlen(kql), 0, &q, &why), ERR_NONE);
    store_sql_where(query_root(q), &columns, &sql, &exact);
    assert_true(exact);
    assert_string_equal(buf_text(&sql),
                        "((\"host.name\" IN ('o''neill')) AND ((\"source.bytes\" >= 10::BIGINT)) "
                        "AND (list_has_any(\"tags\",['a'])) AND (NOT "
                        "coalesce(\"host.name\" IN ('b'),false)))");
    query_free(q);
    buf_clear(&sql);
    kql = "_index: logs-*";
    assert_int_equal(query_parse_kql(kql, strlen(kql), 0, &q, &why), ERR_NONE);
    store_sql_where(query_root(q), &columns, &sql, &exact);
    assert_true(exact);
    assert_string_equal(buf_text(&sql), "((coalesce('logs')='logs' AND true OR "
                                        "starts_with(coalesce('logs'),'logs-')))");
    query_free(q);
    buf_clear(&sql);
    /* A field that no piece has is nowhere; any field needs the whole event. */
    kql = "user.name: x or y";
    assert_int_equal(query_parse_kql(kql, strlen(kql), 0, &q, &why), ERR_NONE);
    store_sql_where(query_root(q), &columns, &sql, &exact);
    assert_false(exact);
    assert_string_equal(buf_text(&sql), "(false OR true)");
    query_free(q);
    buf_release(&sql);
    store_columns_release(&columns);
    arena_release(&arena);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_sql),
        cmocka_unit_test(test_equal_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
