/* SPDX-License-Identifier: Apache-2.0 */
#include "except/item.h"

#include "base/buf.h"
#include "cmocka_head.h"
#include "format/node.h"
#include "format/write.h"

#include <stdio.h>
#include <string.h>

#define HEAD                                                                                       \
    "\"list_id\":\"l\",\"name\":\"n\",\"description\":\"d\",\"type\":\"simple\",\"entries\":"

static struct format_node *parse(const char *json)
{
    struct format_node *root;
    struct err_text why = {0};
    if (format_node_json(json, strlen(json), "f", &root, &why) != ERR_NONE)
        fail_msg("%s", why.message);
    return root;
}

static unsigned warned;

static void count_warning(void *ctx, const struct err_text *why)
{
    (void)ctx;
    (void)why;
    warned++;
}

static struct except_item *good(const char *json)
{
    struct except_item *item = NULL;
    struct err_text why = {0};
    warned = 0;
    if (except_item_new_take(parse(json), count_warning, NULL, &item, &why) != ERR_NONE)
        fail_msg("%s", why.message);
    return item;
}

static void bad(const char *entries, const char *word)
{
    char json[900];
    struct err_text why = {0};
    struct except_item *item;
    snprintf(json, sizeof(json), "{" HEAD "%s}", entries);
    struct format_node *root = parse(json);
    assert_int_equal(except_item_new_take(root, NULL, NULL, &item, &why), ERR_INVALID);
    if (strstr(why.message, word) == NULL)
        fail_msg("%s does not say %s", why.message, word);
    format_node_free(root);
}

static void every_operator_is_read(void **state)
{
    (void)state;
    struct except_item *item = good(
        "{" HEAD "[{\"field\":\"a\",\"operator\":\"included\",\"type\":\"match\",\"value\":\"v\"},"
        "{\"field\":\"a\",\"operator\":\"excluded\",\"type\":\"match_any\",\"value\":[\"v\"]},"
        "{\"field\":\"a\",\"operator\":\"included\",\"type\":\"exists\"},"
        "{\"field\":\"a\",\"operator\":\"included\",\"type\":\"wildcard\",\"value\":\"v*\"},"
        "{\"field\":\"a\",\"operator\":\"included\",\"type\":\"list\",\"list\":{\"id\":\"i\","
        "\"type\":\"ip\"}},"
        "{\"field\":\"a\",\"type\":\"nested\",\"entries\":[{\"field\":\"b\",\"operator\":"
        "\"included\",\"type\":\"match\",\"value\":\"v\"}]}],"
        "\"comments\":[{\"comment\":\"why\",\"created_by\":\"me\"}],\"odd_one\":1,"
        "\"expire_time\":\"2024-01-01T00:00:00Z\",\"namespace_type\":\"agnostic\"}");
    assert_int_equal(format_node_count(item->entries), 6);
    assert_int_equal(item->expires, 1704067200 * TIME_S);
    assert_string_equal(item->namespace_type, "agnostic");
    assert_int_equal(warned, 1); /* odd_one */
    assert_int_equal(strlen(item->item_id), 36);
    except_item_free(item);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    bad("[]", "at least 1");
    bad("{}", "array");
    bad("[{\"field\":\"a\",\"operator\":\"included\",\"type\":\"near\",\"value\":\"v\"}]",
        "wildcard");
    bad("[{\"field\":\"a\",\"operator\":\"maybe\",\"type\":\"exists\"}]", "included");
    bad("[{\"field\":\"a*\",\"operator\":\"included\",\"type\":\"exists\"}]", "one field");
    bad("[{\"field\":\"a\",\"operator\":\"included\",\"type\":\"match\"}]", "value");
    bad("[{\"field\":\"a\",\"operator\":\"included\",\"type\":\"match\",\"value\":[\"v\"]}]",
        "string");
    bad("[{\"field\":\"a\",\"operator\":\"included\",\"type\":\"match_any\",\"value\":[]}]",
        "at least 1");
    bad("[{\"field\":\"a\",\"operator\":\"included\",\"type\":\"list\",\"list\":{\"id\":\"x\"}}]",
        "type");
    bad("[{\"field\":\"a\",\"type\":\"nested\",\"entries\":[{\"field\":\"b\",\"operator\":"
        "\"included\",\"type\":\"wildcard\",\"value\":\"v\"}]}]",
        "inside");
    bad("[{\"field\":\"a\",\"operator\":\"included\",\"type\":\"exists\"}],\"expire_tme\":\"x\"",
        "did you mean expire_time");
    bad("[{\"field\":\"a\",\"operator\":\"included\",\"type\":\"exists\"}],\"expire_time\":"
        "\"soon\"",
        "time such as");
}

static void lists_are_read_and_written(void **state)
{
    (void)state;
    struct except_list *list;
    struct err_text why = {0};
    struct buf text;
    struct format_writer w;
    struct format_node *root = parse("{\"id\":\"x\",\"list_id\":\"l\",\"name\":\"n\",\"type\":"
                                     "\"rule_default\",\"meta\":null}");
    assert_int_equal(except_list_new_take(root, NULL, NULL, &list, &why), ERR_NONE);
    assert_string_equal(list->namespace_type, "single");
    buf_init(&text);
    format_write_init(&w, &text);
    except_list_write(list, &w);
    assert_string_equal(buf_text(&text),
                        "{\"id\":\"x\",\"list_id\":\"l\",\"name\":\"n\",\"type\":\"rule_default\","
                        "\"namespace_type\":\"single\",\"description\":\"\",\"tags\":[],"
                        "\"os_types\":[],\"immutable\":false,\"version\":1}");
    except_list_free(list);
    root = parse("{\"list_id\":\"l\",\"name\":\"n\",\"type\":\"detections\"}");
    assert_int_equal(except_list_new_take(root, NULL, NULL, &list, &why), ERR_INVALID);
    format_node_free(root);
    buf_release(&text);
}

/* What is written reads back as the same item, its made-up id included. */
static void an_item_written_is_the_same(void **state)
{
    (void)state;
    struct except_item *one =
        good("{" HEAD "[{\"field\":\"a\",\"operator\":\"included\",\"type\":\"exists\"}]}");
    struct buf text;
    struct format_writer w;
    buf_init(&text);
    format_write_init(&w, &text);
    except_item_write(one, &w);
    struct except_item *two = good(buf_text(&text));
    assert_string_equal(one->item_id, two->item_id);
    assert_string_equal(one->id, two->id);
    assert_string_not_equal(one->id, one->item_id);
    assert_int_equal(two->expires, TIME_MAX);
    struct buf again;
    buf_init(&again);
    format_write_init(&w, &again);
    except_item_write(two, &w);
    assert_string_equal(buf_text(&text), buf_text(&again));
    except_item_free(one);
    except_item_free(two);
    buf_release(&text);
    buf_release(&again);
}

static void lines_of_an_export_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum except_what what;
    } cases[] = {
        {"{\"list_id\":\"l\",\"type\":\"detection\"}", EXCEPT_LIST},
        {"{\"list_id\":\"l\",\"item_id\":\"i\"}", EXCEPT_ITEM},
        {"{\"list_id\":\"l\",\"entries\":[]}", EXCEPT_ITEM},
        {"{\"rule_id\":\"r\",\"exceptions_list\":[]}", EXCEPT_NEITHER},
        {"{\"exported_count\":1}", EXCEPT_NEITHER},
        {"{\"attributes\":{}}", EXCEPT_NEITHER},
        {"[]", EXCEPT_NEITHER},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct format_node *root = parse(cases[i].json);
        assert_int_equal(except_what(root), cases[i].what);
        format_node_free(root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operator_is_read),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(lists_are_read_and_written),
        cmocka_unit_test(an_item_written_is_the_same),
        cmocka_unit_test(lines_of_an_export_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
