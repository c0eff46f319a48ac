/* SPDX-License-Identifier: Apache-2.0 */
#include "store/find/find_help.h"

static struct store *filled(const char *dir)
{
    struct err_text why;
    struct store *s;
    help_good(store_open(dir, NULL, &s, &why), &why);
    help_add(s, "{\"@timestamp\":1,\"event\":{\"dataset\":\"d\"},\"source\":{\"ip\":\"10.0.0.1\","
                "\"bytes\":1},"
                "\"message\":\"a b\"}");
    help_good(store_commit(s, &why), &why);
    help_good(store_seal(s, &why), &why);
    help_add(s, "{\"@timestamp\":1,\"event\":{\"dataset\":\"d\"},\"custom\":{\"x\":1}}");
    help_good(store_commit(s, &why), &why);
    return s;
}

static char *caps(struct find *f, const char *patterns, const char *body)
{
    struct format_node *node = NULL;
    struct find_error error;
    struct err_text why;
    struct buf b;
    buf_init(&b);
    if (body != NULL)
        help_good(format_node_json(body, strlen(body), "body", &node, &why), &why);
    const struct find_request r = {.index = "logs-*", .body = node};
    assert_int_equal(find_field_caps(f, &r, patterns, &b, &error), ERR_NONE);
    format_node_free(node);
    return buf_take(&b, NULL);
}

static void test_caps(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store *s = filled(dir);
    struct find *f = find_new(&(struct find_options){.store = s});
    assert_non_null(f);
    char *found = caps(f, "source.*,message*", NULL);
    assert_string_equal(
        found,
        "{\"indices\":[\"logs-d-default\"],\"fields\":{"
        "\"message\":{\"text\":{\"type\":\"text\",\"metadata_field\":false,\"searchable\":true,"
        "\"aggregatable\":false}},"
        "\"message.keyword\":{\"keyword\":{\"type\":\"keyword\",\"metadata_field\":false,"
        "\"searchable\":true,"
        "\"aggregatable\":true}},"
        "\"source.bytes\":{\"long\":{\"type\":\"long\",\"metadata_field\":false,\"searchable\":"
        "true,"
        "\"aggregatable\":true}},"
        "\"source.ip\":{\"ip\":{\"type\":\"ip\",\"metadata_field\":false,\"searchable\":true,"
        "\"aggregatable\":true}}}}");
    free(found);
    found = caps(f, NULL, "{\"fields\":[\"custom.*\",\"_index\"]}");
    assert_non_null(strstr(found, "\"custom.x\":{\"long\""));
    assert_non_null(
        strstr(found, "\"_index\":{\"_index\":{\"type\":\"_index\",\"metadata_field\":true"));
    assert_null(strstr(found, "source"));
    free(found);
    found = caps(f, NULL, NULL);
    assert_non_null(strstr(found, "\"@timestamp\":{\"date\""));
    assert_non_null(strstr(found, "\"custom.x\""));
    free(found);
    find_free(f);
    store_close(s);
    help_rmdir(dir);
}

static void test_mapping(void **state)
{
    (void)state;
    struct find_error error;
    struct buf b;
    char *dir = help_mkdir();
    struct store *s = filled(dir);
    struct find *f = find_new(&(struct find_options){.store = s});
    assert_non_null(f);
    buf_init(&b);
    const struct find_request r = {.index = "logs-d-default"};
    assert_int_equal(find_mapping(f, &r, &b, &error), ERR_NONE);
    assert_string_equal(
        buf_text(&b),
        "{\"logs-d-default\":{\"mappings\":{\"properties\":{\"@timestamp\":{\"type\":\"date\"},"
        "\"custom\":{"
        "\"properties\":{\"x\":{\"type\":\"long\"}}},\"event\":{\"properties\":{\"dataset\":{"
        "\"type\":"
        "\"keyword\"}}},\"message\":{\"type\":\"text\",\"fields\":{\"keyword\":{\"type\":"
        "\"keyword\"}}},"
        "\"source\":{\"properties\":{\"bytes\":{\"type\":\"long\"},\"ip\":{\"type\":\"ip\"}}}}}}}");
    buf_release(&b);
    find_free(f);
    store_close(s);
    help_rmdir(dir);
}

/* A field that the table does not know has in each index the type of its values there. */
static void types_differ(void **state)
{
    (void)state;
    static const char *const docs[] = {
        "{\"@timestamp\":1,\"event\":{\"dataset\":\"a\"},\"own\":{\"x\":1,\"y\":1,\"z\":true}}",
        "{\"@timestamp\":2,\"event\":{\"dataset\":\"a\"},\"own\":{\"x\":2,\"y\":1.5}}",
        "{\"@timestamp\":3,\"event\":{\"dataset\":\"b\"},\"own\":{\"x\":\"text\",\"y\":2.5}}",
        "{\"@timestamp\":4,\"weir\":{\"index\":\"logs-own\"},\"own\":{\"x\":7,\"z\":\"text\"}}",
        "{\"@timestamp\":5,\"weir\":{\"index\":\"logs-own\"},\"own\":{\"z\":1}}",
    };
    char *dir = help_mkdir();
    struct err_text why;
    struct find_error error;
    struct store *s;
    struct buf b;
    help_good(store_open(dir, NULL, &s, &why), &why);
    for (size_t i = 0; i < sizeof(docs) / sizeof(docs[0]); i++) {
        help_add(s, docs[i]);
        if (i == 2) {
            help_good(store_commit(s, &why), &why);
            help_good(store_seal(s, &why), &why);
        }
    }
    help_good(store_commit(s, &why), &why);
    struct find *f = find_new(&(struct find_options){.store = s});
    assert_non_null(f);
    char *found = caps(f, "own.*", NULL);
#define AS(type)                                                                                   \
    "{\"type\":\"" type "\",\"metadata_field\":false,\"searchable\":true,\"aggregatable\":true"
    assert_string_equal(
        found,
        "{\"indices\":[\"logs-a-default\",\"logs-b-default\",\"logs-own\"],\"fields\":{"
        "\"own.x\":{\"long\":" AS(
            "long") ",\"indices\":[\"logs-a-default\",\"logs-own\"]},"
                    "\"keyword\":" AS(
                        "keyword") ",\"indices\":[\"logs-b-default\"]}},"
                                   "\"own.y\":{\"double\":" AS(
                                       "double") "}},"
                                                 "\"own.z\":{\"boolean\":" AS(
                                                     "boolean") ",\"indices\":[\"logs-a-default\"]}"
                                                                ","
                                                                "\"keyword\":" AS(
                                                                    "keyword") ",\"indices\":["
                                                                               "\"logs-own\"]}}}}");
    free(found);
    buf_init(&b);
    const struct find_request r = {.index = "logs-*"};
    assert_int_equal(find_mapping(f, &r, &b, &error), ERR_NONE);
    static const char *const expected[] = {
        "\"logs-a-default\":",
        "\"x\":{\"type\":\"long\"},\"y\":{\"type\":\"double\"},\"z\":{\"type\":\"boolean\"}",
        "\"logs-b-default\":",
        "\"x\":{\"type\":\"keyword\"}",
        "\"logs-own\":",
        "\"x\":{\"type\":\"long\"}",
        "\"z\":{\"type\":\"keyword\"}"};
    const char *at = buf_text(&b);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        if ((at = strstr(at, expected[i])) == NULL)
            fail_msg("%s is not in its place in %s", expected[i], buf_text(&b));
    buf_release(&b);
    find_free(f);
    store_close(s);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_caps), cmocka_unit_test(test_mapping),
                                       cmocka_unit_test(types_differ)};
    help_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
