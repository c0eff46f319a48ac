/* SPDX-License-Identifier: Apache-2.0 */
#include "except/filter.h"

#include "base/buf.h"
#include "base/rng.h"
#include "cmocka_head.h"
#include "except/set.h"
#include "judge/except/support.h"
#include "query/query.h"

#include <stdlib.h>
#include <string.h>

#define ITEM(name, entries, more)                                                                  \
    "{\"list_id\":\"l\",\"name\":\"" name "\",\"type\":\"simple\",\"entries\":[" entries "]" more  \
    "}\n"
#define ENTRY(field, operator, type, more)                                                         \
    "{\"field\":\"" field "\",\"operator\":\"" operator"\",\"type\":\"" type "\"" more "}"
#define MATCH(field, value) ENTRY(field, "included", "match", ",\"value\":\"" value "\"")

/* What one item takes out of two events, and whether a query can say it. */
static void check(struct shelf *s, const char *items, const char *taken, const char *left,
                  bool exact)
{
    s->items = items;
    struct except_filter *f = shelf_filter(s, 0);
    if (except_filter_warning(f) != NULL)
        fail_msg("%s", except_filter_warning(f));
    const struct event *e = shelf_event(s, taken);
    if (!except_filter_match(f, e))
        fail_msg("%s\nshould take out %s", items, taken);
    if (exact)
        assert_true(query_match(except_filter_query(f), e));
    e = shelf_event(s, left);
    if (except_filter_match(f, e))
        fail_msg("%s\nshould leave %s", items, left);
    assert_int_equal(except_filter_exact(f), exact);
    except_filter_free(f);
}

static void each_operator(void **state)
{
    (void)state;
    struct shelf s;
    shelf_init(&s, "");
    shelf_values(&s, "nets", "ip_range", "192.0.2.0/24\n198.51.100.1-198.51.100.9\n");
    shelf_values(&s, "users", "keyword", "alice\nbob\n");
    shelf_values(&s, "lines", "text", "backup of disk\n");
    check(&s, ITEM("i", MATCH("user.name", "alice"), ""), "{\"user\":{\"name\":\"alice\"}}",
          "{\"user\":{\"name\":\"Alice\"}}", true);
    check(&s, ITEM("i", MATCH("source.ip", "192.0.2.0/24"), ""), "{\"source.ip\":\"192.0.2.7\"}",
          "{\"source.ip\":\"192.0.3.7\"}", true);
    check(&s, ITEM("i", MATCH("message", "quick fox"), ""), "{\"message\":\"A Quick fox.\"}",
          "{\"message\":\"quick brown fox\"}", true);
    check(&s, ITEM("i", ENTRY("user.name", "excluded", "match", ",\"value\":\"alice\""), ""), "{}",
          "{\"user.name\":[\"bob\",\"alice\"]}", true);
    check(&s,
          ITEM("i", ENTRY("source.port", "included", "match_any", ",\"value\":[\"1\",\"2\"]"), ""),
          "{\"source.port\":2}", "{\"source.port\":3}", true);
    check(&s, ITEM("i", ENTRY("my.own", "excluded", "match_any", ",\"value\":[\"1\",\"2\"]"), ""),
          "{\"my.own\":3}", "{\"my.own\":\"1\"}", true);
    check(&s, ITEM("i", ENTRY("user.name", "included", "exists", ""), ""), "{\"user.name\":\"x\"}",
          "{\"user.id\":\"x\"}", true);
    check(&s, ITEM("i", ENTRY("user.name", "excluded", "exists", ""), ""), "{\"user.name\":[]}",
          "{\"user.name\":\"x\"}", true);
    check(&s, ITEM("i", ENTRY("file.name", "included", "wildcard", ",\"value\":\"*.t?p\""), ""),
          "{\"file.name\":\"a.tmp\"}", "{\"file.name\":\"a.tmpx\"}", true);
    check(&s, ITEM("i", ENTRY("file.name", "excluded", "wildcard", ",\"value\":\"a*\""), ""),
          "{\"file.name\":\"b\"}", "{\"file.name\":\"ab\"}", true);
    check(&s,
          ITEM("i",
               ENTRY("source.ip", "included", "list",
                     ",\"list\":{\"id\":\"nets\",\"type\":"
                     "\"ip_range\"}"),
               ""),
          "{\"source.ip\":\"198.51.100.9\"}", "{\"source.ip\":\"198.51.100.10\"}", true);
    check(&s,
          ITEM("i",
               ENTRY("source.ip", "excluded", "list",
                     ",\"list\":{\"id\":\"nets\",\"type\":"
                     "\"ip_range\"}"),
               ""),
          "{\"source.port\":1}", "{\"source.ip\":\"192.0.2.1\"}", true);
    check(&s,
          ITEM("i",
               ENTRY("my.user", "included", "list",
                     ",\"list\":{\"id\":\"users\",\"type\":"
                     "\"keyword\"}"),
               ""),
          "{\"my\":{\"user\":[\"eve\",\"bob\"]}}", "{\"my.user\":\"eve\"}", false);
    check(&s,
          ITEM("i",
               ENTRY("message", "excluded", "list",
                     ",\"list\":{\"id\":\"lines\",\"type\":"
                     "\"text\"}"),
               ""),
          "{\"message\":\"backup of tape\"}", "{\"message\":\"disk backup\"}", false);
    shelf_release(&s);
}

static void all_of_an_item_any_of_the_items(void **state)
{
    (void)state;
    struct shelf s;
    shelf_init(&s, ITEM("a", MATCH("user.name", "alice") "," MATCH("source.port", "22"), "")
                       ITEM("b", MATCH("user.name", "bob"), ""));
    struct except_filter *f = shelf_filter(&s, 0);
    assert_int_equal(except_filter_items(f), 2);
    assert_true(
        except_filter_match(f, shelf_event(&s, "{\"user.name\":\"alice\",\"source.port\":22}")));
    assert_false(
        except_filter_match(f, shelf_event(&s, "{\"user.name\":\"alice\",\"source.port\":23}")));
    assert_true(except_filter_match(f, shelf_event(&s, "{\"user.name\":\"bob\"}")));
    assert_false(except_filter_match(f, shelf_event(&s, "{}")));
    except_filter_free(f);
    shelf_release(&s);
}

/* Conditions inside a nested entry are met by one object. */
static void one_object_of_a_list(void **state)
{
    (void)state;
    struct shelf s;
    shelf_init(&s, "");
    static const char two[] =
        ITEM("i",
             "{\"field\":\"dns.answers\",\"type\":\"nested\",\"entries\":[" MATCH(
                 "type", "A") "," MATCH("data", "192.0.2.1") "]}",
             "");
    check(&s, two,
          "{\"dns\":{\"answers\":[{\"type\":\"TXT\",\"data\":\"x\"},{\"type\":\"A\",\"data\":"
          "\"192.0.2.1\"}]}}",
          "{\"dns\":{\"answers\":[{\"type\":\"A\",\"data\":\"x\"},{\"type\":\"TXT\",\"data\":"
          "\"192.0.2.1\"}]}}",
          false);
    /* Lists of different lengths do not say whose value is whose. */
    check(&s, two, "{\"dns.answers.type\":\"A\",\"dns.answers.data\":\"192.0.2.1\"}",
          "{\"dns.answers.type\":[\"A\",\"A\"],\"dns.answers.data\":\"192.0.2.1\"}", false);
    check(&s,
          ITEM("i",
               "{\"field\":\"dns.answers\",\"type\":\"nested\",\"entries\":[" MATCH(
                   "type", "A") "," ENTRY("ttl", "excluded", "exists", "") "]}",
               ""),
          "{\"dns\":{\"answers\":[{\"type\":\"A\"}]}}",
          "{\"dns\":{\"answers\":[{\"type\":\"A\",\"ttl\":5}]}}", false);
    check(
        &s,
        ITEM("i",
             "{\"field\":\"dns.answers\",\"type\":\"nested\",\"entries\":[" MATCH("type", "A") "]}",
             ""),
        "{\"dns.answers.type\":[\"TXT\",\"A\"]}", "{\"dns.answers.type\":\"TXT\"}", true);
    shelf_release(&s);
}

static void items_expire(void **state)
{
    (void)state;
    static const ts_ns at = 1704067200 * TIME_S;
    struct shelf s;
    shelf_init(
        &s, ITEM("a", MATCH("user.name", "alice"), ",\"expire_time\":\"2024-01-01T00:00:00Z\"")
                ITEM("b", MATCH("user.name", "bob"), ",\"expire_time\":\"2025-01-01T00:00:00Z\""));
    struct except_filter *f = shelf_filter(&s, at - 1);
    const struct event *alice = shelf_event(&s, "{\"user.name\":\"alice\"}");
    const struct event *bob = shelf_event(&s, "{\"user.name\":\"bob\"}");
    assert_int_equal(except_filter_until(f), at);
    assert_true(except_filter_match(f, alice));
    except_filter_free(f);
    f = shelf_filter(&s, at);
    assert_int_equal(except_filter_items(f), 1);
    assert_false(except_filter_match(f, alice));
    assert_true(except_filter_match(f, bob));
    assert_int_equal(except_filter_until(f), at + 366 * TIME_DAY);
    except_filter_free(f);
    f = shelf_filter(&s, at + 366 * TIME_DAY);
    assert_null(except_filter_query(f));
    assert_int_equal(except_filter_until(f), TIME_MAX);
    assert_false(except_filter_match(f, bob));
    except_filter_free(f);
    shelf_release(&s);
}

/* An item of which a part cannot be applied is left out as a whole. */
static void what_cannot_be_applied_is_told(void **state)
{
    (void)state;
    struct shelf s;
    shelf_init(&s, ITEM("no port", MATCH("source.port", "http") "," MATCH("user.name", "alice"), "")
                       ITEM("no list",
                            ENTRY("source.ip", "included", "list",
                                  ",\"list\":{\"id\":\"gone\",\"type\":\"ip\"}"),
                            "") ITEM("other type",
                                     ENTRY("user.name", "included", "list",
                                           ",\"list\":{\"id\":\"users\",\"type\":\"ip\"}"),
                                     "") ITEM("fine", MATCH("user.name", "bob"), ""));
    shelf_values(&s, "users", "keyword", "alice\n");
    struct except_filter *f = shelf_filter(&s, 0);
    const char *warning = except_filter_warning(f);
    assert_int_equal(except_filter_items(f), 1);
    assert_non_null(warning);
    assert_non_null(strstr(warning, "\"no port\""));
    assert_non_null(strstr(warning, "no value list gone"));
    assert_non_null(strstr(warning, "is of type keyword, not ip"));
    assert_null(strstr(warning, "fine"));
    assert_false(except_filter_match(f, shelf_event(&s, "{\"user.name\":\"alice\"}")));
    assert_true(except_filter_match(f, shelf_event(&s, "{\"user.name\":\"bob\"}")));
    except_filter_free(f);
    struct err_text why = {0};
    const struct except_named lists[] = {
        {"endpoint_list", "agnostic"}, {"l", "single"}, {"nowhere", "single"}};
    assert_int_equal(except_filter_new(lists, 3, &s.source, 0, &f, &why), ERR_NONE);
    assert_non_null(strstr(except_filter_warning(f), "nowhere"));
    assert_null(strstr(except_filter_warning(f), "endpoint"));
    except_filter_free(f);
    const struct except_named broken = {"broken", "single"};
    assert_int_equal(except_filter_new(&broken, 1, &s.source, 0, &f, &why), ERR_IO);
    assert_string_equal(why.message, "the disk is gone");
    assert_int_equal(except_filter_new(NULL, 0, &s.source, 0, &f, &why), ERR_NONE);
    assert_null(except_filter_warning(f));
    assert_false(except_filter_match(f, shelf_event(&s, "{}")));
    except_filter_free(f);
    shelf_release(&s);
}

/* What is wrong with an item by itself; whether its value lists are there shows when it is applied.
 */
static void an_item_is_checked_by_itself(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason; /* NULL: it is right */
    } items[] = {
        {ITEM("i", MATCH("source.ip", "notanip"), ""), "found 'notanip'"},
        {ITEM("i", MATCH("user.name", "a") "," MATCH("source.port", "http"), ""), "source.port"},
        {ITEM("i", "{\"field\":\"source\",\"type\":\"nested\",\"entries\":[" MATCH("ip", "x") "]}",
              ""),
         "source.ip"},
        {ITEM("i", MATCH("source.ip", "10.0.0.0/8") "," MATCH("my.own", "x"), ""), NULL},
        {ITEM("i",
              ENTRY("source.ip", "included", "list", ",\"list\":{\"id\":\"gone\",\"type\":\"ip\"}"),
              ""),
         NULL},
    };
    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
        struct except_set *set = except_set_new();
        struct err_text why = {0};
        assert_int_equal(
            except_set_load(set, items[i].text, strlen(items[i].text), "x.ndjson", &why), ERR_NONE);
        assert_int_equal(except_set_items(set), 1);
        enum err err = except_filter_check(except_set_item(set, 0), 0, &why);
        assert_int_equal(err, items[i].reason != NULL ? ERR_INVALID : ERR_NONE);
        if (err != ERR_NONE && strstr(why.message, items[i].reason) == NULL)
            fail_msg("%s", why.message);
        except_set_free(set);
    }
}

/* Random items read plainly: each value a text, each entry looked up by hand. */
static const char *const fields[] = {"user.name", "source.ip", "source.port", "my.own"};
static const char *const pool[][4] = {{"alice", "bob", "al", "b"},
                                      {"192.0.2.1", "192.0.2.2", "10.0.0.1", "::1"},
                                      {"1", "2", "22", "443"},
                                      {"alice", "x", "2", "y z"}};

struct plain_entry {
    unsigned field;
    unsigned type; /* match, match_any, exists, wildcard, list */
    bool excluded;
    unsigned value;
    unsigned other;
};

struct plain_event {
    unsigned n[4];
    unsigned value[4][3];
};

static void write_plain(const struct plain_entry *p, struct buf *out)
{
    static const char *const types[] = {"match", "match_any", "exists", "wildcard", "list"};
    static const char *const lists[] = {"users", "ips", "ports", "users"};
    static const char *const kinds[] = {"keyword", "ip", "long", "keyword"};
    buf_format(out, "{\"field\":\"%s\",\"operator\":\"%s\",\"type\":\"%s\"", fields[p->field],
               p->excluded ? "excluded" : "included", types[p->type]);
    if (p->type == 0)
        buf_format(out, ",\"value\":\"%s\"", pool[p->field][p->value]);
    else if (p->type == 1)
        buf_format(out, ",\"value\":[\"%s\",\"%s\"]", pool[p->field][p->value],
                   pool[p->field][p->other]);
    else if (p->type == 3)
        buf_format(out, ",\"value\":\"%c*\"", pool[p->field][p->value][0]);
    else if (p->type == 4)
        buf_format(out, ",\"list\":{\"id\":\"%s\",\"type\":\"%s\"}", lists[p->field],
                   kinds[p->field]);
    buf_str(out, "}");
}

/* The value lists hold the first two of each pool. */
static bool holds(const struct plain_entry *p, const struct plain_event *e)
{
    bool any = false;
    for (unsigned i = 0; i < e->n[p->field]; i++) {
        unsigned v = e->value[p->field][i];
        const char *text = pool[p->field][v];
        any |= (p->type == 0 && v == p->value) ||
               (p->type == 1 && (v == p->value || v == p->other)) || p->type == 2 ||
               (p->type == 3 && text[0] == pool[p->field][p->value][0]) ||
               (p->type == 4 && (p->field == 3 ? strcmp(text, "alice") == 0 : v < 2));
    }
    return any != p->excluded;
}

static void random_items_mean_what_they_say(void **state)
{
    (void)state;
    struct rng rng;
    struct shelf s;
    struct buf text;
    unsigned taken = 0;
    unsigned said = 0;
    rng_init(&rng, 5);
    buf_init(&text);
    shelf_init(&s, "");
    shelf_values(&s, "users", "keyword", "alice\nbob\n");
    shelf_values(&s, "ips", "ip", "192.0.2.1\n192.0.2.2\n");
    shelf_values(&s, "ports", "long", "1\n2\n");
    for (unsigned round = 0; round < 3000; round++) {
        struct plain_entry entry[3][3];
        unsigned entries[3];
        unsigned items = 1 + (unsigned)rng_below(&rng, 3);
        buf_clear(&text);
        for (unsigned i = 0; i < items; i++) {
            entries[i] = 1 + (unsigned)rng_below(&rng, 3);
            buf_str(&text, "{\"list_id\":\"l\",\"name\":\"n\",\"type\":\"simple\",\"entries\":[");
            for (unsigned k = 0; k < entries[i]; k++) {
                entry[i][k] =
                    (struct plain_entry){(unsigned)rng_below(&rng, 4), (unsigned)rng_below(&rng, 5),
                                         rng_below(&rng, 3) == 0, (unsigned)rng_below(&rng, 4),
                                         (unsigned)rng_below(&rng, 4)};
                if (k > 0)
                    buf_char(&text, ',');
                write_plain(&entry[i][k], &text);
            }
            buf_str(&text, "]}\n");
        }
        s.items = buf_text(&text);
        struct except_filter *f = shelf_filter(&s, 0);
        assert_int_equal(except_filter_items(f), items);
        for (unsigned try = 0; try < 5; try++) {
            struct plain_event plain;
            struct buf json;
            buf_init(&json);
            buf_str(&json, "{\"@timestamp\":\"2024-01-01T00:00:00Z\"");
            for (unsigned field = 0; field < 4; field++) {
                plain.n[field] = (unsigned)rng_below(&rng, 4);
                buf_format(&json, ",\"%s\":[", fields[field]);
                for (unsigned i = 0; i < plain.n[field]; i++) {
                    plain.value[field][i] = (unsigned)rng_below(&rng, 4);
                    buf_format(&json, "%s\"%s\"", i > 0 ? "," : "",
                               pool[field][plain.value[field][i]]);
                }
                buf_char(&json, ']');
            }
            buf_char(&json, '}');
            bool expected = false;
            for (unsigned i = 0; i < items; i++) {
                bool all = true;
                for (unsigned k = 0; k < entries[i]; k++)
                    all &= holds(&entry[i][k], &plain);
                expected |= all;
            }
            const struct event *e = shelf_event(&s, buf_text(&json));
            bool got = except_filter_match(f, e);
            if (got != expected)
                fail_msg("%s%s: %d", buf_text(&text), buf_text(&json), got);
            const struct query *q = except_filter_query(f);
            bool by_query = q != NULL && query_match(q, e);
            assert_true(got || !by_query);
            if (except_filter_exact(f))
                assert_int_equal(got, by_query);
            taken += got;
            said += by_query;
            buf_release(&json);
        }
        except_filter_free(f);
        arena_clear(&s.arena);
    }
    assert_in_range(taken, 3000, 12000);
    assert_in_range(said, 1500, taken - 100);
    buf_release(&text);
    shelf_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_operator),
        cmocka_unit_test(all_of_an_item_any_of_the_items),
        cmocka_unit_test(one_object_of_a_list),
        cmocka_unit_test(items_expire),
        cmocka_unit_test(what_cannot_be_applied_is_told),
        cmocka_unit_test(an_item_is_checked_by_itself),
        cmocka_unit_test(random_items_mean_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
