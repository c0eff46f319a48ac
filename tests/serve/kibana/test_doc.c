/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "kibana/doc.h"

#include <stdlib.h>

static void changes(void **state)
{
    (void)state;
    struct arena arena;
    struct kibana_change change;
    struct err_text why;
    struct buf out;
    struct format_node *doc = read_json("{\"a\":1,\"b\":[2],\"c\":\"x\"}");
    struct format_node *more = read_json("{\"c\":null,\"e\":{\"f\":true}}");
    arena_init(&arena, 0);
    buf_init(&out);
    kibana_change_init(&change, &arena);
    kibana_change_text(&change, "b", "a \"b\"");
    kibana_change_number(&change, "d", -7);
    kibana_change_flag(&change, "a", false);
    kibana_change_all(&change, more);
    kibana_change_time(&change, "t", FAKE_NOW);
    assert_int_equal(kibana_doc_write(doc, &change, &out, &why), ERR_NONE);
    assert_string_equal(buf_text(&out),
                        "{\"a\":false,\"b\":\"a \\\"b\\\"\",\"d\":-7,\"e\":{\"f\":true},"
                        "\"t\":\"2023-11-14T22:13:20.000Z\"}");
    buf_clear(&out);
    kibana_change_json(&change, "d", "[]"); /* the later one wins */
    kibana_change_json(&change, "t", NULL);
    assert_int_equal(kibana_doc_write(NULL, &change, &out, &why), ERR_NONE);
    assert_string_equal(buf_text(&out),
                        "{\"b\":\"a \\\"b\\\"\",\"d\":[],\"a\":false,\"e\":{\"f\":true}}");
    /* A list has no members by name. */
    struct format_node *list = read_json("[\"x\",{\"y\":1}]");
    kibana_change_init(&change, &arena);
    kibana_change_all(&change, list);
    buf_clear(&out);
    assert_int_equal(kibana_doc_write(list, &change, &out, &why), ERR_NONE);
    assert_string_equal(buf_text(&out), "{}");
    format_node_free(list);
    buf_release(&out);
    format_node_free(doc);
    format_node_free(more);
    arena_release(&arena);
}

static void too_many(void **state)
{
    (void)state;
    struct arena arena;
    struct kibana_change change;
    struct err_text why;
    struct buf out;
    arena_init(&arena, 0);
    buf_init(&out);
    kibana_change_init(&change, &arena);
    for (int i = 0; i <= KIBANA_MEMBERS_MAX; i++) {
        char key[16];
        snprintf(key, sizeof(key), "k%d", i);
        kibana_change_number(&change, key, i);
    }
    assert_int_equal(kibana_doc_write(NULL, &change, &out, &why), ERR_INVALID);
    buf_release(&out);
    arena_release(&arena);
}

static void uuids(void **state)
{
    (void)state;
    char a[KIBANA_UUID_SIZE], b[KIBANA_UUID_SIZE];
    kibana_doc_uuid(a);
    kibana_doc_uuid(b);
    assert_int_equal(strlen(a), 36);
    assert_string_not_equal(a, b);
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(changes), cmocka_unit_test(too_many),
                                       cmocka_unit_test(uuids)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
