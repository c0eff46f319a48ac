/* SPDX-License-Identifier: Apache-2.0 */
/* The tree: defaults, what nobody asked for, writing, files. */
#include "format/node.h"

#include "base/buf.h"
#include "format/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct format_node *json(const char *text)
{
    struct format_node *v = NULL;
    struct err_text why = {.message = ""};
    if (format_node_json(text, strlen(text), "t.json", &v, &why) != ERR_NONE)
        fail_msg("%u:%u %s", why.line, why.column, why.message);
    return v;
}

static void missing_nodes_give_defaults(void **state)
{
    (void)state;
    assert_int_equal(format_node_type(NULL), FORMAT_NULL);
    assert_int_equal(format_node_count(NULL), 0);
    assert_null(format_node_get(NULL, "a"));
    assert_null(format_node_at(NULL, 0));
    assert_string_equal(format_node_str(NULL, "d"), "d");
    assert_int_equal(format_node_int(NULL, 5), 5);
    assert_true(format_node_bool(NULL, true));
    assert_int_equal(format_node_line(NULL), 0);
    assert_string_equal(format_node_file_name(NULL), "");
    assert_null(format_node_key(NULL));
    format_node_mark(NULL);
    format_node_free(NULL);
    struct format_node *v = json("{\"s\": \"x\", \"i\": 1}");
    assert_int_equal(format_node_int(format_node_get(v, "s"), 9), 9);
    assert_string_equal(format_node_str(format_node_get(v, "i"), "d"), "d");
    assert_null(format_node_get(format_node_get(v, "i"), "x"));
    format_node_free(v);
}

static void unknown_keys_are_named_in_order(void **state)
{
    (void)state;
    struct format_node *v = json("{\"a\":1,\"b\":{\"x\":1},\"c\":[{\"y\":2}]}");
    assert_string_equal(format_node_key(format_node_unknown(v)), "a");
    format_node_get(v, "a");
    assert_string_equal(format_node_key(format_node_unknown(v)), "b");
    struct format_node *b = format_node_get(v, "b");
    assert_string_equal(format_node_key(format_node_unknown(b)), "x");
    struct format_node *c = format_node_get(v, "c");
    assert_null(format_node_unknown(v));
    assert_string_equal(format_node_key(format_node_unknown(format_node_at(c, 0))), "y");
    format_node_mark(c);
    assert_null(format_node_unknown(format_node_at(c, 0)));
    format_node_free(v);
}

static void a_tree_is_written_as_it_was(void **state)
{
    (void)state;
    static const char text[] = "{\"b\":[1,-2.5,\"\\n\\\"\",null,true],\"a\":{},\"c\":[[]]}";
    struct format_node *v = json(text);
    struct buf b;
    buf_init(&b);
    format_node_write(v, &b);
    assert_string_equal(buf_text(&b), text);
    buf_release(&b);
    format_node_free(v);
}

static void a_value_is_written_in_its_place(void **state)
{
    (void)state;
    struct format_node *v = json("{\"a\":[1,{\"x\":\"y\"}]}");
    struct format_writer w;
    struct buf b;
    buf_init(&b);
    format_write_init(&w, &b);
    format_write_begin_object(&w);
    format_write_key(&w, "first");
    format_node_write_value(format_node_get(v, "a"), &w);
    format_write_key(&w, "second");
    format_node_write_value(format_node_get(v, "missing"), &w);
    format_write_end_object(&w);
    assert_string_equal(buf_text(&b), "{\"first\":[1,{\"x\":\"y\"}],\"second\":null}");
    buf_release(&b);
    format_node_free(v);
}

static void files_are_read_by_their_ending(void **state)
{
    (void)state;
    char dir[] = "/tmp/weir-test-node-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char path[100];
    struct err_text why;
    struct format_node *v = NULL;
    snprintf(path, sizeof(path), "%s/x.toml", dir);
    assert_int_equal(format_node_file(path, &v, &why), ERR_NOT_FOUND);
    assert_string_equal(why.file, path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("a = 1\n", f);
    fclose(f);
    assert_int_equal(format_node_file(path, &v, &why), ERR_NONE);
    assert_int_equal(format_node_int(format_node_get(v, "a"), 0), 1);
    assert_string_equal(format_node_file_name(v), path);
    format_node_free(v);
    unlink(path);
    v = NULL;
    assert_int_equal(format_node_file(dir, &v, &why), ERR_IO);
    assert_null(v);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_nodes_give_defaults),
        cmocka_unit_test(unknown_keys_are_named_in_order),
        cmocka_unit_test(a_tree_is_written_as_it_was),
        cmocka_unit_test(a_value_is_written_in_its_place),
        cmocka_unit_test(files_are_read_by_their_ending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
