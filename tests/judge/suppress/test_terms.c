/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/terms.h"

#include "base/buf.h"
#include "cmocka_head.h"
#include "event/event.h"
#include "event/json.h"

#include <string.h>

static void check(const char *json, const char *const *fields, size_t n, const char *expected,
                  bool expected_whole)
{
    struct event_json *reader = event_json_new();
    struct arena arena;
    struct event e;
    struct buf out;
    bool whole = !expected_whole;
    arena_init(&arena, 0);
    buf_init(&out);
    assert_int_equal(event_json_read(reader, json, strlen(json), false, &arena, &e, NULL),
                     ERR_NONE);
    assert_int_equal(suppress_terms_write(&e, fields, n, &out, &whole), ERR_NONE);
    assert_string_equal(buf_text(&out), expected);
    assert_int_equal(whole, expected_whole);
    buf_release(&out);
    arena_release(&arena);
    event_json_free(reader);
}

static void values_are_sorted_lists(void **state)
{
    (void)state;
    static const char *const fields[] = {"user.name", "source.port", "source.ip", "my.own"};
    check("{\"user\":{\"name\":[\"bob\",\"alice\"]},\"source\":{\"port\":[443,22,1000],\"ip\":"
          "\"192.0.2.1\"},\"my.own\":[\"b\",2.5,\"a\",10,true]}",
          fields, 4,
          "[{\"field\":\"user.name\",\"value\":[\"alice\",\"bob\"]},"
          "{\"field\":\"source.port\",\"value\":[22,443,1000]},"
          "{\"field\":\"source.ip\",\"value\":[\"192.0.2.1\"]},"
          "{\"field\":\"my.own\",\"value\":[2.5,10,\"a\",\"b\",true]}]",
          true);
}

static void what_is_missing_is_null(void **state)
{
    (void)state;
    static const char *const fields[] = {"user.name", "source.port"};
    check("{\"user.name\":[],\"source.port\":1}", fields, 2,
          "[{\"field\":\"user.name\",\"value\":null},{\"field\":\"source.port\",\"value\":[1]}]",
          false);
    check("{\"x\":1}", fields, 0, "[]", true);
}

static void the_time_is_a_field(void **state)
{
    (void)state;
    static const char *const fields[] = {"@timestamp"};
    check("{\"@timestamp\":\"2024-01-01T00:00:00Z\"}", fields, 1,
          "[{\"field\":\"@timestamp\",\"value\":[\"2024-01-01T00:00:00.000Z\"]}]", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_sorted_lists),
        cmocka_unit_test(what_is_missing_is_null),
        cmocka_unit_test(the_time_is_a_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
