/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/mustache.h"

#include "base/buf.h"
#include "cmocka_head.h"
#include "format/node.h"

#include <string.h>

static const char data[] =
    "{\"name\":\"a \\\"b\\\" <c>\",\"n\":4.5,\"yes\":true,\"no\":false,\"none\":null,\"zero\":0,"
    "\"empty\":[],\"rule\":{\"name\":\"R\",\"tags\":[\"x\",\"y\"],\"a\":{\"b.c\":\"deep\"}},"
    "\"kibana.alert.uuid\":\"flat\",\"list\":[{\"id\":1,\"ip\":\"10.0.0.1\"},{\"id\":2}]}";

static enum err render(const char *text, enum notify_escape escape, struct buf *out,
                       struct err_text *why)
{
    struct format_node *node;
    assert_int_equal(format_node_json(data, strlen(data), "data", &node, why), ERR_NONE);
    buf_init(out);
    enum err err = notify_mustache_render(bytes_make(text, strlen(text)), node, escape, out, why);
    format_node_free(node);
    return err;
}

static void gives(const char *text, enum notify_escape escape, const char *expected)
{
    struct buf out;
    struct err_text why;
    assert_int_equal(render(text, escape, &out, &why), ERR_NONE);
    assert_string_equal(buf_text(&out), expected);
    buf_release(&out);
}

static void refuses(const char *text, enum err expected, const char *words)
{
    struct buf out;
    struct err_text why;
    assert_int_equal(render(text, NOTIFY_PLAIN, &out, &why), expected);
    assert_non_null(strstr(why.message, words));
    buf_release(&out);
}

static void names(void **state)
{
    (void)state;
    gives("", NOTIFY_PLAIN, "");
    gives("plain } { text", NOTIFY_PLAIN, "plain } { text");
    gives("{{name}} {{ n }} {{yes}}{{none}}{{nowhere}}.", NOTIFY_PLAIN, "a \"b\" <c> 4.5 true.");
    gives("{{rule.name}} {{rule.a.b.c}} {{kibana.alert.uuid}}", NOTIFY_PLAIN, "R deep flat");
    gives("{{rule.tags}}", NOTIFY_PLAIN, "[\"x\",\"y\"]");
    gives("{{name}}|{{{name}}}|{{&name}}", NOTIFY_JSON, "a \\\"b\\\" <c>|a \"b\" <c>|a \"b\" <c>");
    gives("a{{! not {this} }}b", NOTIFY_PLAIN, "ab");
}

static void sections(void **state)
{
    (void)state;
    gives("{{#list}}{{id}}:{{ip}}{{name}};{{/list}}", NOTIFY_PLAIN,
          "1:10.0.0.1a \"b\" <c>;2:a \"b\" <c>;");
    gives("{{#rule.tags}}<{{.}}>{{/rule.tags}}", NOTIFY_PLAIN, "<x><y>");
    gives("{{#yes}}1{{/yes}}{{#no}}2{{/no}}{{#none}}3{{/none}}{{#zero}}4{{/zero}}{{#empty}}5"
          "{{/empty}}{{#gone}}6{{/gone}}",
          NOTIFY_PLAIN, "1");
    gives("{{^yes}}1{{/yes}}{{^no}}2{{/no}}{{^none}}3{{/none}}{{^zero}}4{{/zero}}{{^empty}}5"
          "{{/empty}}{{^gone}}6{{/gone}}",
          NOTIFY_PLAIN, "23456");
    gives("{{#rule}}{{name}}{{#a}}{{b.c}}{{/a}}{{/rule}}", NOTIFY_PLAIN, "Rdeep");
    gives("top\n  {{#list}}  \n- {{id}}\n{{/list}}\nend\n", NOTIFY_PLAIN, "top\n- 1\n- 2\nend\n");
    gives("x {{#yes}}\ny{{/yes}}", NOTIFY_PLAIN, "x \ny");
}

static void mistakes(void **state)
{
    (void)state;
    refuses("{{name", ERR_INVALID, "without }}");
    refuses("{{{name}}", ERR_INVALID, "without }}}");
    refuses("{{#a}}", ERR_INVALID, "does not close {{#a}}");
    refuses("{{#a}}{{#b}}{{/a}}{{/b}}", ERR_INVALID, "closes {{/a}}");
    refuses("{{/a}}", ERR_INVALID, "not open");
    refuses("{{}}", ERR_INVALID, "1 to 256");
    refuses("{{>part}}", ERR_UNSUPPORTED, "partials");
    refuses("{{=<% %>=}}", ERR_UNSUPPORTED, "delimiters");
}

static void bounds(void **state)
{
    (void)state;
    struct buf text, out;
    struct err_text why;
    buf_init(&text);
    for (int i = 0; i < 17; i++)
        buf_str(&text, "{{#yes}}");
    refuses(buf_text(&text), ERR_LIMIT, "deep");
    buf_clear(&text);
    for (size_t i = 0; i <= NOTIFY_TEMPLATE_MAX; i++)
        buf_char(&text, 'x');
    refuses(buf_text(&text), ERR_LIMIT, "a template has at most");
    /* What multiplies is stopped by its length. */
    buf_clear(&text);
    buf_str(&text, "{{#list}}{{#list}}{{#list}}");
    for (size_t i = 0; i < NOTIFY_TEMPLATE_MAX - 100; i++)
        buf_char(&text, 'x');
    buf_str(&text, "{{/list}}{{/list}}{{/list}}");
    assert_int_equal(render(buf_text(&text), NOTIFY_PLAIN, &out, &why), ERR_LIMIT);
    assert_true(out.n < 2 * NOTIFY_TEXT_MAX + NOTIFY_TEMPLATE_MAX);
    buf_release(&out);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(sections),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
