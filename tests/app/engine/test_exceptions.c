/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "engine/exceptions.h"
#include "engine/rules.h"
#include "event/json.h"
#include "except/set.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "rule/run.h"
#include "store/state_except.h"

#define LIST(id) "{\"list_id\":\"" id "\",\"name\":\"" id "\",\"type\":\"detection\"}\n"
#define ITEM(id, field, value, more)                                                               \
    "{\"list_id\":\"l\",\"item_id\":\"" id "\",\"name\":\"" id                                     \
    "\",\"type\":\"simple\",\"entries\":[{\"field\":\"" field                                      \
    "\",\"operator\":\"included\",\"type\":\"match\",\"value\":\"" value "\"}]" more "}\n"
#define VALUES(id, list)                                                                           \
    "{\"list_id\":\"l\",\"item_id\":\"" id "\",\"name\":\"" id                                     \
    "\",\"type\":\"simple\",\"entries\":[{\"field\":\"user.name\",\"operator\":\"included\","      \
    "\"type\":\"list\",\"list\":{\"id\":\"" list "\",\"type\":\"keyword\"}}]}\n"

static const char rule_text[] =
    "{\"type\":\"machine_learning\",\"name\":\"a\",\"description\":\"d\",\"risk_score\":1,"
    "\"severity\":\"low\",\"anomaly_threshold\":50,\"machine_learning_job_id\":[\"x\"],"
    "\"rule_id\":\"one\",\"exceptions_list\":[{\"id\":\"i\",\"list_id\":\"l\",\"type\":"
    "\"detection\",\"namespace_type\":\"single\"},{\"list_id\":\"l\",\"type\":\"detection\","
    "\"namespace_type\":\"single\"},{\"list_id\":\"gone\",\"type\":\"detection\","
    "\"namespace_type\":\"agnostic\"}]}\n";

static struct rule_set *rules(const char *text)
{
    struct rule_set *set = rule_set_new();
    assert_non_null(set);
    HELP_OK(rule_load_text(set, text, strlen(text), "rules.ndjson", &help_why));
    return set;
}

static enum err put(struct store_state *st, const char *text)
{
    struct except_set *set = except_set_new();
    assert_non_null(set);
    HELP_OK(except_set_load(set, text, strlen(text), "lists.ndjson", &help_why));
    assert_int_equal(except_set_refused(set), 0);
    enum err err = engine_exceptions_put(st, set, &help_why);
    except_set_free(set);
    return err;
}

struct met {
    size_t lists, items;
};

static void meet(void *ctx, const struct except_list *list, const struct except_item *item)
{
    struct met *m = ctx;
    assert_true((list == NULL) != (item == NULL));
    m->lists += list != NULL;
    m->items += item != NULL;
}

/* What is there stays as it is; what is new beside it is kept. */
static void what_is_there_may_stay(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct met met = {0};
    size_t lists, items;
    struct buf doc;
    assert_int_equal(put(st, LIST("l") ITEM("a", "user.name", "alice", "")), ERR_NONE);
    static const char more[] =
        LIST("l") ITEM("a", "user.name", "mallory", "") ITEM("b", "user.name", "bob", "") LIST("m");
    struct except_set *set = except_set_new();
    assert_non_null(set);
    HELP_OK(except_set_load(set, more, strlen(more), "lists.ndjson", &help_why));
    HELP_OK(engine_exceptions_put_new(st, set, meet, &met, &lists, &items, &help_why));
    assert_int_equal(lists, 1);
    assert_int_equal(items, 1);
    assert_int_equal(met.lists, 1);
    assert_int_equal(met.items, 1);
    buf_init(&doc);
    HELP_OK(store_state_except_item(st, "a", "single", &doc));
    assert_non_null(strstr(buf_text(&doc), "alice"));
    HELP_OK(engine_exceptions_put_new(st, set, NULL, NULL, &lists, &items, &help_why));
    assert_int_equal(lists, 2);
    assert_int_equal(items, 2);
    buf_clear(&doc);
    HELP_OK(store_state_except_item(st, "a", "single", &doc));
    assert_non_null(strstr(buf_text(&doc), "mallory"));
    except_set_free(set);
    buf_release(&doc);
    store_state_close(st);
    help_rmdir(dir);
}

static bool takes_out(struct engine_exceptions *x, const struct rule *r, ts_ns now,
                      const char *json)
{
    struct rule_exceptions except = {0};
    struct event_json *reader = event_json_new();
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    HELP_OK(engine_exceptions_find(x, r, now, &except, &help_why));
    assert_int_equal(event_json_read(reader, json, strlen(json), false, &arena, &e, NULL),
                     ERR_NONE);
    bool out = except.match != NULL && except.match(except.ctx, &e);
    arena_release(&arena);
    event_json_free(reader);
    return out;
}

/* What is changed holds at the next question; items go when their time has come. */
static void test_find(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct engine_exceptions *x = engine_exceptions_new(st);
    struct rule_set *set = rules(rule_text);
    const struct rule *r = rule_set_at(set, 0);
    struct rule_exceptions except = {0};
    static const char alice[] = "{\"user.name\":\"alice\"}";
    static const char bob[] = "{\"user.name\":\"bob\"}";
    HELP_OK(engine_exceptions_find(x, r, HELP_BASE, &except, &help_why));
    assert_non_null(strstr(except.warning, "\"l\""));
    assert_non_null(strstr(except.warning, "\"gone\""));
    assert_false(takes_out(x, r, HELP_BASE, alice));
    HELP_OK(put(st, LIST("l") ITEM("a", "user.name", "alice",
                                   ",\"expire_time\":\"2100-01-01T00:00:00Z\"")));
    assert_true(takes_out(x, r, HELP_BASE, alice));
    assert_true(takes_out(x, r, HELP_BASE + TIME_HOUR, alice));
    assert_false(takes_out(x, r, 4102444800 * TIME_S, alice));
    assert_true(takes_out(x, r, HELP_BASE, alice)); /* time may go back: results of the past */
    HELP_OK(put(st, VALUES("v", "people")));
    size_t n = 0;
    HELP_OK(engine_exceptions_find(x, r, HELP_BASE, &except, &help_why));
    assert_non_null(strstr(except.warning, "no value list people"));
    HELP_OK(engine_exceptions_add_values(st, "people", NULL, "bob\ncarol\n", 10, "p.txt", &n,
                                         &help_why));
    assert_int_equal(n, 2);
    assert_true(takes_out(x, r, HELP_BASE, bob));
    HELP_OK(store_state_value_delete(st, "people", "bob"));
    assert_false(takes_out(x, r, HELP_BASE, bob));
    HELP_OK(engine_exceptions_delete(st, "a", &help_why));
    assert_false(takes_out(x, r, HELP_BASE, alice));
    HELP_OK(engine_exceptions_delete(st, "l", &help_why));
    assert_int_equal(engine_exceptions_delete(st, "l", &help_why), ERR_NOT_FOUND);
    assert_false(takes_out(x, r, HELP_BASE, "{\"user.name\":\"carol\"}"));
    rule_set_free(set);
    engine_exceptions_free(x);
    engine_exceptions_free(NULL);
    store_state_close(st);
    help_rmdir(dir);
}

static void test_keeps(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct buf b;
    buf_init(&b);
    size_t n = 0;
    assert_int_equal(put(st, LIST("m") ITEM("a", "user.name", "alice", "")), ERR_INVALID);
    assert_non_null(strstr(help_why.message, "is of the list l (single)"));
    assert_int_equal(store_state_except_list(st, "m", "single", &b), ERR_NOT_FOUND);
    HELP_OK(put(st, LIST("l")));
    HELP_OK(put(st, ITEM("a", "user.name", "alice", "")));
    HELP_OK(store_state_except_item(st, "a", "single", &b));
    assert_non_null(strstr(buf_text(&b), "\"namespace_type\":\"single\""));
    assert_int_equal(engine_exceptions_add_values(st, "n", "ip", "10.0.0.1\n\nhouse\n", 16, "p.txt",
                                                  &n, &help_why),
                     ERR_INVALID);
    assert_int_equal(help_why.line, 3);
    assert_int_equal(store_state_value_list_type(st, "n", &b), ERR_NOT_FOUND);
    HELP_OK(engine_exceptions_add_values(st, "n", "ip", "10.0.0.1", 8, "p.txt", &n, &help_why));
    HELP_OK(engine_exceptions_add_values(st, "n", NULL, "10.0.0.2", 8, "p.txt", &n, &help_why));
    assert_int_equal(
        engine_exceptions_add_values(st, "n", "keyword", "x", 1, "p.txt", &n, &help_why),
        ERR_INVALID);
    assert_int_equal(
        engine_exceptions_add_values(st, "o", "geo_point", "x", 1, "p.txt", &n, &help_why),
        ERR_UNSUPPORTED);
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

/* Lists among rules are read with them, and written with them. */
static void test_export(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    char text[2048];
    snprintf(text, sizeof(text), "%s%s", rule_text, LIST("l") ITEM("a", "user.name", "alice", ""));
    struct rule_set *set = rules(text);
    struct except_set *read = except_set_new();
    struct engine_exported totals;
    struct buf lines;
    struct buf missing;
    buf_init(&lines);
    buf_init(&missing);
    HELP_OK(engine_exceptions_read(set, read, &help_why));
    assert_int_equal(except_set_lists(read), 1);
    assert_int_equal(except_set_items(read), 1);
    HELP_OK(engine_exceptions_put(st, read, &help_why));
    except_set_free(read);
    struct rule *r = rule_set_at(set, 0);
    HELP_OK(engine_exceptions_export(st, &r, 1, &lines, &missing, &totals, &help_why));
    assert_int_equal(totals.lists, 1);
    assert_int_equal(totals.items, 1);
    assert_int_equal(totals.missing, 1);
    assert_string_equal(buf_text(&missing), "{\"list_id\":\"gone\"}");
    read = except_set_new();
    HELP_OK(except_set_load(read, lines.p, lines.n, "again.ndjson", &help_why));
    assert_int_equal(except_set_problems(read), 0);
    assert_int_equal(except_set_lists(read), 1);
    assert_int_equal(except_set_items(read), 1);
    except_set_free(read);
    rule_set_free(set);
    buf_release(&lines);
    buf_release(&missing);
    store_state_close(st);
    help_rmdir(dir);
}

static bool count_alert(void *ctx, const struct store_alert *alert)
{
    size_t *n = ctx;
    bool closed = strcmp(alert->workflow_status, "closed") == 0;
    n[closed]++;
    assert_int_equal(closed,
                     strstr(alert->doc, "\"kibana.alert.workflow_status\":\"closed\"") != NULL);
    return true;
}

static void test_close(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct engine_exceptions *x = engine_exceptions_new(st);
    struct rule_set *set = rules(rule_text);
    const struct rule *r = rule_set_at(set, 0);
    size_t closed = 9;
    for (unsigned i = 0; i < 1300; i++) {
        char id[32];
        char doc[256];
        snprintf(id, sizeof(id), "alert-%u", i);
        snprintf(doc, sizeof(doc),
                 "{\"user.name\":\"%s\",\"kibana.alert.workflow_status\":\"open\"}",
                 i % 3 == 0 ? "bob" : "alice");
        const struct store_alert alert = {.id = id,
                                          .rule_id = i % 10 == 0 ? "other" : "one",
                                          .doc = doc,
                                          .time = HELP_BASE + i,
                                          .start = HELP_BASE + i};
        HELP_OK(store_state_alert_create(st, &alert, NULL));
    }
    HELP_OK(engine_exceptions_close(x, r, HELP_BASE, &closed, &help_why));
    assert_int_equal(closed, 0);
    HELP_OK(put(st, LIST("l") ITEM("a", "user.name", "alice", "")));
    HELP_OK(engine_exceptions_close(x, r, HELP_BASE, &closed, &help_why));
    assert_int_equal(closed, 780);
    size_t n[2] = {0};
    const struct store_alert_filter all = {.from = TIME_NONE, .to = TIME_MAX};
    HELP_OK(store_state_alert_list(st, &all, count_alert, n, NULL));
    assert_int_equal(n[1], 780);
    assert_int_equal(n[0], 520);
    HELP_OK(engine_exceptions_close(x, r, HELP_BASE, &closed, &help_why));
    assert_int_equal(closed, 0);
    rule_set_free(set);
    engine_exceptions_free(x);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_may_stay),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_keeps),
        cmocka_unit_test(test_export),
        cmocka_unit_test(test_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
