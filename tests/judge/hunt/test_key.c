/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/key.h"

#include "base/arena.h"
#include "base/buf.h"
#include "cmocka_head.h"
#include "event/event.h"

#include <string.h>

#define FIELD(text) ((struct hunt_field){(text), sizeof(text) - 1})

static bool add_key(void *ctx, const void *key, size_t n)
{
    struct buf *out = ctx;
    struct bytes value;
    for (size_t i = 0; hunt_key_value(key, n, i, &value); i++) {
        buf_add(out, value.p, value.n);
        buf_char(out, '|');
    }
    buf_char(out, ';');
    return true;
}

static const char *keys(const struct event *e, const struct hunt_field *fields, size_t n,
                        struct buf *out)
{
    struct buf scratch;
    buf_init(&scratch);
    buf_clear(out);
    hunt_key_each(e, fields, n, bytes_make("", 0), &scratch, add_key, out);
    assert_true(buf_ok(&scratch));
    buf_release(&scratch);
    return buf_text(out);
}

static void combinations_of_values_are_keys(void **state)
{
    (void)state;
    const struct hunt_field fields[] = {FIELD("user.name"), FIELD("destination.port"),
                                        FIELD("no.such")};
    struct arena arena;
    struct event e;
    struct buf out;
    arena_init(&arena, 0);
    buf_init(&out);
    event_init(&e, &arena, 1700000000 * TIME_S);
    event_add_str(&e, EVENT_F_USER_NAME, "a", 1);
    event_add_str(&e, EVENT_F_USER_NAME, "b", 1);
    event_set_i64(&e, EVENT_F_DESTINATION_PORT, 80);
    assert_string_equal(keys(&e, fields, 0, &out), ";");
    assert_string_equal(keys(&e, fields, 1, &out), "a|;b|;");
    assert_string_equal(keys(&e, fields, 2, &out), "a|80|;b|80|;");
    assert_string_equal(keys(&e, fields, 3, &out), "");
    const struct hunt_field time = FIELD("@timestamp");
    assert_string_equal(keys(&e, &time, 1, &out), "2023-11-14T22:13:20.000Z|;");
    assert_true(hunt_key_has(&e, &fields[0], bytes_make("b", 1)));
    assert_false(hunt_key_has(&e, &fields[0], bytes_make("ab", 2)));
    buf_release(&out);
    arena_release(&arena);
}

static bool count_key(void *ctx, const void *key, size_t n)
{
    size_t *count = ctx;
    (void)key;
    assert_true(n > 4 && memcmp(key, "lead", 4) == 0);
    ++*count;
    return true;
}

static void combinations_are_bounded(void **state)
{
    (void)state;
    const struct hunt_field fields[] = {FIELD("tags"), FIELD("tags"), FIELD("tags")};
    struct arena arena;
    struct event e;
    struct buf scratch;
    size_t count = 0;
    arena_init(&arena, 0);
    buf_init(&scratch);
    event_init(&e, &arena, 0);
    for (char c = 'a'; c <= 'z'; c++)
        event_add_str(&e, EVENT_F_TAGS, &c, 1);
    hunt_key_each(&e, fields, 3, bytes_make("lead", 4), &scratch, count_key, &count);
    assert_int_equal(count, HUNT_KEYS_MAX);
    buf_release(&scratch);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(combinations_of_values_are_keys),
        cmocka_unit_test(combinations_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
