/* SPDX-License-Identifier: Apache-2.0 */
#include "priv/request.h"

#include "base/buf.h"

#include "cmocka_head.h"

static enum err read_bytes(const char *p, size_t n, struct priv_request *out)
{
    return priv_request_read(bytes_make(p, n), out);
}

static void what_is_written_is_read(void **state)
{
    static const char *const names[] = {"", "conn.log", "...", ".x", "with space"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct priv_request r = {.index = 0x01020304U * (uint32_t)i}, got;
        struct buf b;
        buf_init(&b);
        memcpy(r.name, names[i], strlen(names[i]));
        assert_int_equal(priv_request_write(&r, &b), ERR_NONE);
        assert_int_equal(read_bytes(buf_text(&b), b.n, &got), ERR_NONE);
        assert_int_equal(got.index, r.index);
        assert_string_equal(got.name, names[i]);
        buf_release(&b);
    }
}

static void the_longest_name_fits(void **state)
{
    struct priv_request r = {.index = 7}, got;
    struct buf b;
    (void)state;
    buf_init(&b);
    memset(r.name, 'x', sizeof(r.name) - 1);
    assert_int_equal(priv_request_write(&r, &b), ERR_NONE);
    assert_true(b.n <= PRIV_REQUEST_SIZE_MAX);
    assert_int_equal(read_bytes(buf_text(&b), b.n, &got), ERR_NONE);
    assert_memory_equal(&got, &r, sizeof(r));
    buf_release(&b);
}

static void names_that_leave_the_folder_are_refused(void **state)
{
    static const char *const names[] = {".", "..", "/etc/shadow", "a/b", "../x", "x/"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct priv_request r = {.index = 1}, got;
        char bytes[64] = {1, 0, 0, 0, 0};
        size_t n = strlen(names[i]);
        struct buf b;
        buf_init(&b);
        memcpy(r.name, names[i], n);
        assert_int_equal(priv_request_write(&r, &b), ERR_INVALID);
        assert_int_equal(b.n, 0);
        buf_release(&b);
        bytes[5] = (char)n;
        memcpy(bytes + 6, names[i], n);
        assert_int_equal(read_bytes(bytes, 6 + n, &got), ERR_FORMAT);
    }
}

static void other_bytes_are_refused(void **state)
{
    static const char good[] = "\1\5\0\0\0\3abc";
    struct priv_request got = {.index = 99};
    char bytes[16];
    (void)state;
    for (size_t n = 0; n < sizeof(good) - 1; n++)
        assert_int_equal(read_bytes(good, n, &got), ERR_FORMAT);
    assert_int_equal(read_bytes(good, sizeof(good), &got), ERR_FORMAT); /* one byte more */
    for (unsigned verb = 0; verb < 256; verb++) {
        memcpy(bytes, good, sizeof(good));
        bytes[0] = (char)verb;
        assert_int_equal(read_bytes(bytes, sizeof(good) - 1, &got), verb == 1 ? 0 : ERR_FORMAT);
    }
    assert_int_equal(got.index, 5);
    assert_int_equal(read_bytes("\1\5\0\0\0\3a\0c", 9, &got), ERR_FORMAT);
    assert_string_equal(got.name, "abc"); /* untouched */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_longest_name_fits),
        cmocka_unit_test(names_that_leave_the_folder_are_refused),
        cmocka_unit_test(other_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
