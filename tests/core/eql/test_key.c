/* SPDX-License-Identifier: Apache-2.0 */
/* Join keys: equal values make equal bytes, unlike ones do not. */
#include "eql/key_priv.h"

#include "core/eql/support.h"

#include "cmocka_head.h"

#include <string.h>

/* The keys of one event as text: "n5,tx;b…" one key after the other. */
static const char *keys_of(const char *fields, const char *json, struct buf *out, bool *out_cut)
{
    static const char letters[] = "0nbt";
    char text[500] = "sequence by ";
    struct eql_key_set set;
    struct eql_key keys[EQL_KEYS_MAX];
    struct support_event e;
    strncat(text, fields, 300);
    strncat(text, " [any where true] [any where true]", 100);
    struct eql *q = support_parse(text);
    support_event(&e, json);
    eql_key_init(&set);
    buf_clear(out);
    assert_true(eql_key_make(&set, &q->items[0], &e.e));
    for (uint32_t i = 0; i < set.n; i++) {
        buf_str(out, i > 0 ? ";" : "");
        eql_key_read(eql_key_at(&set, i), keys, q->items[0].n_keys);
        for (uint32_t k = 0; k < q->items[0].n_keys; k++) {
            buf_str(out, k > 0 ? "," : "");
            buf_char(out, letters[keys[k].type]);
            buf_add(out, keys[k].text, keys[k].n);
        }
    }
    if (out_cut != NULL)
        *out_cut = set.cut;
    eql_key_release(&set);
    support_drop(&e);
    eql_free(q);
    return buf_text(out);
}

static void values(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    assert_string_equal(keys_of("a", "{\"a\":5}", &b, NULL), "n5");
    assert_string_equal(keys_of("a", "{\"a\":5.0}", &b, NULL), "n5");
    assert_string_equal(keys_of("a", "{\"a\":5.5}", &b, NULL), "n5.5");
    assert_string_equal(keys_of("a", "{\"a\":\"5\"}", &b, NULL), "t5");
    assert_string_equal(keys_of("a", "{\"a\":true}", &b, NULL), "btrue");
    assert_string_equal(keys_of("source.ip", "{\"source\":{\"ip\":\"10.0.0.1\"}}", &b, NULL),
                        "t10.0.0.1");
    assert_string_equal(keys_of("@timestamp", "{\"@timestamp\":\"2024-01-02\"}", &b, NULL),
                        "t2024-01-02T00:00:00.000Z");
    assert_string_equal(keys_of("a", "{\"b\":1}", &b, NULL), "");
    assert_string_equal(keys_of("?a", "{\"b\":1}", &b, NULL), "0");
    assert_string_equal(keys_of("?a, b", "{\"b\":1}", &b, NULL), "0,n1");
    assert_string_equal(keys_of("?a, b", "{\"a\":1}", &b, NULL), "");
    assert_string_equal(keys_of("x.keyword", "{\"x\":\"y\"}", &b, NULL), "ty");
    buf_release(&b);
}

static void several_values(void **state)
{
    (void)state;
    struct buf b, json;
    bool cut;
    buf_init(&b);
    buf_init(&json);
    assert_string_equal(keys_of("a, b", "{\"a\":[1,2],\"b\":[\"x\",\"y\"]}", &b, &cut),
                        "n1,tx;n2,tx;n1,ty;n2,ty");
    assert_false(cut);
    assert_string_equal(keys_of("a", "{\"a\":[1,2,1]}", &b, &cut), "n1;n2");
    buf_str(&json, "{\"a\":[0");
    for (int i = 1; i <= 300; i++)
        buf_format(&json, ",%d", i);
    buf_str(&json, "]}");
    keys_of("a", buf_text(&json), &b, &cut);
    assert_true(cut);
    assert_null(strstr(buf_text(&b), "n256"));
    assert_non_null(strstr(buf_text(&b), "n255"));
    buf_clear(&json);
    buf_str(&json, "{\"a\":[0");
    for (int i = 1; i <= 3000; i++)
        buf_str(&json, ",0");
    buf_str(&json, "]}");
    assert_string_equal(keys_of("a", buf_text(&json), &b, &cut), "n0");
    assert_true(cut); /* equal values are not looked through for ever */
    buf_release(&json);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(several_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
