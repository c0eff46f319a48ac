/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "format/json.h"
#include "format/write.h"
#include "store/rest.h"
#include "store/row.h"

static void add(struct event *e, const char *name, struct event_value v)
{
    event_add_named(e, name, strlen(name), &v);
}

/* Fields of an event as JSON, and from it the same fields. */
static void test_round_trip(void **state)
{
    (void)state;
    struct store_rows rows;
    struct store_batch batch;
    struct store_row row;
    struct arena arena;
    struct format_writer w;
    struct event e;
    struct event back;
    struct buf json;
    struct buf packed;
    struct buf texts[2];
    struct format_json *parser = format_json_new();
    arena_init(&arena, 0);
    buf_init(&json);
    buf_init(&packed);
    event_init(&e, &arena, 5);
    add(&e, "a.text", (struct event_value){.type = EVENT_STR, .s = "q\"\n", .len = 3});
    add(&e, "a.list", (struct event_value){.type = EVENT_I64, .i = INT64_MIN});
    add(&e, "a.list", (struct event_value){.type = EVENT_BOOL, .b = true});
    add(&e, "a.list", (struct event_value){.type = EVENT_F64, .f = 0.1});
    event_add_str(&e, EVENT_F_HOST_NAME, "one", 3);
    event_add_str(&e, EVENT_F_HOST_NAME, "two", 3);
    event_set_text(&e, EVENT_F_SOURCE_IP, "no address");
    assert_int_equal(store_rows_init(&rows), ERR_NONE);
    assert_int_equal(store_rows_add(&rows, &e), ERR_NONE);
    assert_int_equal(store_rows_pack(&rows, 0, &packed), ERR_NONE);
    assert_int_equal(store_batch_open(bytes_make(packed.p, packed.n), &batch), ERR_NONE);
    assert_true(store_batch_next(&batch, &row));
    struct cursor at = cursor_of(row.fields);
    struct store_cell cell;
    bool bad = false;
    format_write_init(&w, &json);
    format_write_begin_object(&w);
    while (store_row_next(&batch, &row, &at, &cell, &bad))
        store_rest_write(&w, &cell);
    format_write_end_object(&w);
    assert_string_equal(buf_text(&json),
                        "{\"a.text\":\"q\\\"\\n\",\"a.list\":[-9223372036854775808,true,0.1],"
                        "\"host.name\":[\"one\",\"two\"],\"source.ip\":\"no address\"}");
    event_init(&back, &arena, 5);
    assert_int_equal(store_rest_read(parser, json.p, json.n, &back), ERR_NONE);
    for (int i = 0; i < 2; i++) {
        buf_init(&texts[i]);
        help_print(i == 0 ? &e : &back, &texts[i]);
    }
    assert_string_equal(buf_text(&texts[0]), buf_text(&texts[1]));
    for (int i = 0; i < 2; i++)
        buf_release(&texts[i]);
    store_batch_release(&batch);
    store_rows_release(&rows);
    buf_release(&json);
    buf_release(&packed);
    format_json_free(parser);
    arena_release(&arena);
}

static void test_broken(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "[]", "1", "{", "{\"a\":}", "{\"a\":1}x"};
    struct format_json *parser = format_json_new();
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        event_init(&e, &arena, 5);
        assert_int_equal(store_rest_read(parser, texts[i], strlen(texts[i]), &e), ERR_FORMAT);
        assert_int_equal(e.n, 0);
    }
    /* What a field cannot hold is left out. */
    static const char odd[] = "{\"a\":null,\"b\":{\"c\":1},\"d\":[[1],2],\"e\":\"x\\u0000y\"}";
    event_init(&e, &arena, 5);
    assert_int_equal(store_rest_read(parser, odd, strlen(odd), &e), ERR_NONE);
    assert_int_equal(e.n, 1);
    assert_string_equal(e.items[0].name, "d");
    assert_int_equal(e.items[0].n, 1);
    arena_release(&arena);
    format_json_free(parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
