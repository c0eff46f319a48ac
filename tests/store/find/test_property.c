/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random events and random bodies: what is counted one by one in memory (hot events, or a store
 * asked event by event) is what the worker counts in groups, however the events are spread.
 */
#include "store/find/find_help.h"

#define EVENTS 250
#define BODIES 80

static const char *const texts[] = {
    "host.name", "tags",        "network.transport",   "user.name",      "source.ip",
    "host.ip",   "custom.text", "custom.text.keyword", "event.category", "_index"};
static const char *const numbers[] = {"source.bytes",  "destination.port", "network.packets",
                                      "custom.number", "event.risk_score", "dns.answers.ttl"};
static const char *const times[] = {"@timestamp", "event.start", "event.end"};

static const char *pick(struct rng *rng, const char *const *list, size_t n)
{
    return list[rng_below(rng, n)];
}

#define PICK(rng, list) pick(rng, list, sizeof(list) / sizeof((list)[0]))

static void add_field(struct rng *rng, struct buf *b, const char *name, const char *value,
                      bool twice)
{
    buf_format(b, ",\"%s\":", name);
    if (twice && rng_below(rng, 12) == 0)
        buf_format(b, "[%s,%s]", value, value);
    else
        buf_str(b, value);
}

static void random_event(struct rng *rng, struct buf *b)
{
    char text[64];
    uint64_t ms = 1700000000000U + rng_below(rng, 40U * 86400000U);
    buf_format(b, "{\"@timestamp\":%llu", (unsigned long long)ms);
    if (rng_below(rng, 8) > 0) {
        snprintf(text, sizeof(text), "\"h%llu\"", (unsigned long long)rng_below(rng, 6));
        add_field(rng, b, "host.name", text, true);
    }
    if (rng_below(rng, 3) > 0)
        buf_format(b, ",\"tags\":[\"t%llu\",\"t%llu\",\"t%llu\"]",
                   (unsigned long long)rng_below(rng, 3), (unsigned long long)rng_below(rng, 3),
                   (unsigned long long)rng_below(rng, 3));
    if (rng_below(rng, 4) > 0)
        buf_format(b, ",\"network.transport\":\"%s\"", rng_below(rng, 2) > 0 ? "tcp" : "udp");
    if (rng_below(rng, 4) > 0)
        buf_format(b, ",\"user.name\":[\"u%llu\",\"u%llu\"]", (unsigned long long)rng_below(rng, 4),
                   (unsigned long long)rng_below(rng, 40));
    if (rng_below(rng, 5) > 0)
        buf_format(b, ",\"source.ip\":\"%s%llu\"", rng_below(rng, 3) > 0 ? "10.0.0." : "fe80::",
                   (unsigned long long)rng_below(rng, 9));
    if (rng_below(rng, 5) == 0)
        buf_format(b, ",\"host.ip\":[\"10.1.0.%llu\",\"10.1.0.1\"]",
                   (unsigned long long)rng_below(rng, 4));
    if (rng_below(rng, 3) > 0)
        buf_format(b, ",\"custom.text\":\"c%llu\"", (unsigned long long)rng_below(rng, 4));
    if (rng_below(rng, 3) > 0)
        buf_format(b, ",\"custom.number\":%lld", (long long)rng_below(rng, 20) - 10);
    if (rng_below(rng, 6) > 0) {
        snprintf(text, sizeof(text), "%lld", (long long)rng_below(rng, 5000) - 100);
        add_field(rng, b, "source.bytes", text, true);
    }
    if (rng_below(rng, 3) > 0)
        buf_format(b, ",\"destination.port\":%llu", (unsigned long long)rng_below(rng, 5) * 100);
    if (rng_below(rng, 3) == 0)
        buf_format(b, ",\"network.packets\":%llu", (unsigned long long)rng_below(rng, 3));
    if (rng_below(rng, 3) > 0)
        buf_format(b, ",\"event.risk_score\":%llu.%llu", (unsigned long long)rng_below(rng, 10),
                   (unsigned long long)(rng_below(rng, 4) * 25));
    if (rng_below(rng, 6) == 0)
        buf_format(b, ",\"dns.answers\":[{\"ttl\":%llu},{\"ttl\":60},{\"ttl\":60}]",
                   (unsigned long long)rng_below(rng, 200));
    if (rng_below(rng, 3) > 0)
        buf_format(b, ",\"event.start\":%llu", (unsigned long long)(ms - rng_below(rng, 5000000)));
    if (rng_below(rng, 9) == 0)
        buf_str(b, ",\"event.end\":\"1969-12-31T23:59:58.999Z\"");
    if (rng_below(rng, 3) > 0)
        buf_format(b, ",\"event.category\":[\"network\",\"%s\"]",
                   rng_below(rng, 2) > 0 ? "process" : "file");
    if (rng_below(rng, 3) > 0)
        buf_format(b, ",\"data_stream\":{\"type\":\"%s\",\"dataset\":\"d%llu\"}",
                   rng_below(rng, 3) > 0 ? "logs" : "metrics",
                   (unsigned long long)rng_below(rng, 3));
    buf_char(b, '}');
}

static void random_aggs(struct rng *rng, struct buf *b, unsigned depth);

static void random_query(struct rng *rng, struct buf *b)
{
    switch (rng_below(rng, 6)) {
    case 0:
        buf_str(b, "{\"match_all\":{}}");
        break;
    case 1:
        buf_format(b, "{\"term\":{\"host.name\":\"h%llu\"}}",
                   (unsigned long long)rng_below(rng, 6));
        break;
    case 2:
        buf_format(b, "{\"range\":{\"source.bytes\":{\"gte\":%llu}}}",
                   (unsigned long long)rng_below(rng, 3000));
        break;
    case 3:
        buf_format(b, "{\"bool\":{\"must_not\":{\"exists\":{\"field\":\"%s\"}}}}",
                   PICK(rng, numbers));
        break;
    case 4:
        buf_format(b, "{\"range\":{\"@timestamp\":{\"gte\":%llu}}}",
                   1700000000000ULL + (unsigned long long)rng_below(rng, 20U * 86400000U));
        break;
    default:
        buf_str(b, "{\"query_string\":{\"query\":\"tcp OR u1\"}}");
        break;
    }
}

static void random_metric(struct rng *rng, struct buf *b, const char *name)
{
    static const char *const kinds[] = {"sum",   "avg",         "min",         "max",
                                        "stats", "value_count", "cardinality", "percentiles"};
    uint64_t kind = rng_below(rng, 8);
    bool any = kind == 5 || kind == 6;
    bool date = kind >= 2 && kind <= 3 && rng_below(rng, 4) == 0;
    const char *field = any && rng_below(rng, 2) > 0 ? PICK(rng, texts)
                        : date                       ? PICK(rng, times)
                                                     : PICK(rng, numbers);
    buf_format(b, "\"%s\":{\"%s\":{\"field\":\"%s\"", name, kinds[kind], field);
    if (kind != 5 && !any && !date && rng_below(rng, 6) == 0)
        buf_str(b, ",\"missing\":7");
    buf_str(b, "}}");
}

static void interval(struct rng *rng, struct buf *b)
{
    static const char *const intervals[] = {
        "\"fixed_interval\":\"12h\"",      "\"fixed_interval\":\"7d\"",
        "\"calendar_interval\":\"day\"",   "\"calendar_interval\":\"1w\"",
        "\"calendar_interval\":\"month\"", "\"calendar_interval\":\"quarter\""};
    static const char *const zones[] = {"", ",\"time_zone\":\"+05:30\"",
                                        ",\"time_zone\":\"-03:00\"", ",\"offset\":\"+6h\""};
    buf_str(b, PICK(rng, intervals));
    buf_str(b, PICK(rng, zones));
}

static void random_source(struct rng *rng, struct buf *b, unsigned i)
{
    buf_format(b, "{\"s%u\":", i);
    switch (rng_below(rng, 4)) {
    case 0:
        buf_str(b, "{\"date_histogram\":{\"field\":\"@timestamp\",");
        interval(rng, b);
        break;
    case 1:
        buf_format(b, "{\"histogram\":{\"field\":\"%s\",\"interval\":3", PICK(rng, numbers));
        break;
    default:
        buf_format(b, "{\"terms\":{\"field\":\"%s\"",
                   rng_below(rng, 2) > 0 ? PICK(rng, texts) : PICK(rng, numbers));
        break;
    }
    buf_format(b, ",\"order\":\"%s\"%s}}}", rng_below(rng, 2) > 0 ? "asc" : "desc",
               rng_below(rng, 2) > 0 ? ",\"missing_bucket\":true" : "");
}

static void random_agg(struct rng *rng, struct buf *b, const char *name, unsigned depth)
{
    uint64_t kind = rng_below(rng, 10);
    if (depth == 0 || kind < 2) {
        random_metric(rng, b, name);
        return;
    }
    buf_format(b, "\"%s\":{", name);
    bool ordered = false;
    switch (kind) {
    case 2:
        buf_str(b, "\"date_histogram\":{\"field\":\"");
        buf_str(b, rng_below(rng, 2) > 0 ? "@timestamp" : "event.start");
        buf_str(b, "\",");
        interval(rng, b);
        buf_format(b, ",\"min_doc_count\":%llu}", (unsigned long long)rng_below(rng, 3));
        break;
    case 3:
        buf_format(b,
                   "\"histogram\":{\"field\":\"%s\",\"interval\":%llu,\"offset\":1,\"min_doc_"
                   "count\":%llu}",
                   PICK(rng, numbers), (unsigned long long)(rng_below(rng, 400) + 50),
                   (unsigned long long)rng_below(rng, 2));
        break;
    case 4:
        buf_str(b, "\"filter\":");
        random_query(rng, b);
        break;
    case 5:
        buf_str(b, "\"filters\":{\"other_bucket\":true,\"filters\":[");
        random_query(rng, b);
        buf_char(b, ',');
        random_query(rng, b);
        buf_str(b, "]}");
        break;
    case 6:
        buf_format(
            b,
            "\"range\":{\"field\":\"%s\",\"ranges\":[{\"to\":5},{\"from\":3,\"to\":900},{\"from\":"
            "100}]}",
            PICK(rng, numbers));
        break;
    case 7:
        buf_format(b, "\"composite\":{\"size\":%llu,\"sources\":[",
                   (unsigned long long)(rng_below(rng, 12) + 1));
        random_source(rng, b, 0);
        if (rng_below(rng, 2) > 0) {
            buf_char(b, ',');
            random_source(rng, b, 1);
        }
        buf_str(b, "]}");
        break;
    default:
        ordered = rng_below(rng, 3) == 0;
        buf_format(b, "\"terms\":{\"field\":\"%s\",\"size\":%llu",
                   rng_below(rng, 3) > 0 ? PICK(rng, texts) : PICK(rng, numbers),
                   (unsigned long long)(rng_below(rng, 6) + 1));
        if (ordered)
            buf_str(b, ",\"order\":{\"o\":\"desc\"}");
        else if (rng_below(rng, 4) == 0)
            buf_str(b, ",\"order\":{\"_key\":\"asc\"}");
        else if (rng_below(rng, 4) == 0)
            buf_str(b, ",\"min_doc_count\":5");
        buf_char(b, '}');
        break;
    }
    buf_str(b, ",\"aggs\":{");
    if (ordered)
        buf_format(b, "\"o\":{\"%s\":{\"field\":\"%s\"}},",
                   rng_below(rng, 2) > 0 ? "sum" : "cardinality", PICK(rng, numbers));
    random_aggs(rng, b, depth - 1);
    buf_str(b, "}}");
}

static void random_aggs(struct rng *rng, struct buf *b, unsigned depth)
{
    random_agg(rng, b, "x", depth);
    if (rng_below(rng, 2) > 0) {
        buf_char(b, ',');
        random_agg(rng, b, "y", depth);
    }
    if (rng_below(rng, 6) == 0)
        buf_str(b, ",\"z\":{\"top_hits\":{\"size\":2,\"_source\":[\"source.bytes\"],\"sort\":[{"
                   "\"source.bytes\":"
                   "\"desc\"},\"_doc\"]}}");
}

static void random_body(struct rng *rng, struct buf *b)
{
    static const char *const directions[] = {"asc", "desc"};
    static const char *const missing[] = {"", ",\"missing\":\"_first\"", ",\"missing\":\"_last\""};
    buf_format(
        b, "{\"size\":%llu,\"_source\":false,\"query\":", (unsigned long long)rng_below(rng, 8));
    random_query(rng, b);
    if (rng_below(rng, 3) > 0) {
        uint64_t kind = rng_below(rng, 3);
        const char *field = kind == 0   ? PICK(rng, texts)
                            : kind == 1 ? PICK(rng, numbers)
                                        : PICK(rng, times);
        buf_format(b, ",\"sort\":[{\"%s\":{\"order\":\"%s\"%s}},\"_doc\"]", field,
                   PICK(rng, directions), PICK(rng, missing));
    } else {
        buf_str(b, ",\"sort\":[\"@timestamp\",\"_doc\"]");
    }
    buf_str(b, ",\"aggs\":{");
    random_aggs(rng, b, 3);
    buf_str(b, "}}");
}

/* Numbers that rounding in another order may make differ in the last digits become shorter. */
static char *rounded(char *s)
{
    struct buf b;
    buf_init(&b);
    for (char *at = s; *at != '\0';) {
        size_t n = strspn(at, "0123456789.e+-");
        if (n > 0 && memchr(at, '.', n) != NULL && (at == s || at[-1] == ':')) {
            buf_format(&b, "%.9g", strtod(at, NULL));
            at += n;
        } else if (n > 0) {
            buf_add(&b, at, n);
            at += n;
        } else {
            buf_char(&b, *at++);
        }
    }
    free(s);
    return buf_take(&b, NULL);
}

/* seals: how many of the first events are sealed, in pieces of so many. */
static struct store *fill(const char *dir, uint64_t seed, unsigned seals, unsigned step)
{
    struct err_text why;
    struct store *s;
    struct rng rng;
    struct buf json;
    buf_init(&json);
    rng_init(&rng, seed);
    help_good(store_open(dir, NULL, &s, &why), &why);
    for (unsigned i = 0; i < EVENTS; i++) {
        buf_clear(&json);
        random_event(&rng, &json);
        help_add(s, buf_text(&json));
        if (i < seals && i % step == step - 1) {
            help_good(store_commit(s, &why), &why);
            help_good(store_seal(s, &why), &why);
        }
    }
    help_good(store_commit(s, &why), &why);
    buf_release(&json);
    return s;
}

static void test_same_answers(void **state)
{
    (void)state;
    const char *given = getenv("WEIR_TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 11;
    char *dirs[3];
    struct store *stores[3];
    struct find *finds[3];
    struct rng rng;
    struct buf body;
    unsigned answered = 0;
    buf_init(&body);
    rng_init(&rng, seed);
    for (unsigned i = 0; i < 3; i++) {
        dirs[i] = help_mkdir();
        stores[i] = fill(dirs[i], seed, i == 0 ? 0 : i == 1 ? EVENTS : EVENTS / 2, 50);
        finds[i] = find_new(&(struct find_options){.store = stores[i], .seed = 5});
        assert_non_null(finds[i]);
    }
    for (unsigned n = 0; n < BODIES; n++) {
        buf_clear(&body);
        random_body(&rng, &body);
        char *expected = rounded(help_ask(finds[0], "logs-*,-logs-d2-*", buf_text(&body), false));
        answered += *expected == '{';
        for (unsigned i = 1; i < 3; i++) {
            char *found = rounded(help_ask(finds[i], "logs-*,-logs-d2-*", buf_text(&body), false));
            size_t same = 0;
            while (expected[same] != '\0' && expected[same] == found[same])
                same++;
            size_t shown = same < 200 ? 0 : same - 200;
            if (strcmp(expected, found) != 0)
                fail_msg("body %u, %s: %s\none by one …%.300s\nin groups  …%.300s", n,
                         i == 1 ? "sealed" : "half sealed", buf_text(&body), expected + shown,
                         found + shown);
            free(found);
        }
        free(expected);
    }
    assert_true(answered > BODIES * 9 / 10);
    for (unsigned i = 0; i < 3; i++) {
        find_free(finds[i]);
        store_close(stores[i]);
        help_rmdir(dirs[i]);
    }
    buf_release(&body);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_answers)};
    help_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
