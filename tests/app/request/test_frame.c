/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "request/frame.h"
#include "request/request.h"

/* Bytes in memory as the other side. */
struct side {
    struct buf bytes;
    size_t at;
    size_t room; /* bytes that can be written */
};

static bool side_read(void *ctx, void *p, size_t n)
{
    struct side *s = ctx;
    if (s->bytes.n - s->at < n)
        return false;
    memcpy(p, s->bytes.p + s->at, n);
    s->at += n;
    return true;
}

static bool side_write(void *ctx, const void *p, size_t n)
{
    struct side *s = ctx;
    if (s->bytes.n + n > s->room)
        return false;
    buf_add(&s->bytes, p, n);
    return buf_ok(&s->bytes);
}

static struct request_frame_pipe pipe_of(struct side *s)
{
    *s = (struct side){.room = (size_t)64 << 20};
    buf_init(&s->bytes);
    return (struct request_frame_pipe){side_read, side_write, s};
}

static bool collect(void *ctx, int stream, const char *p, size_t n)
{
    struct buf *streams = ctx;
    buf_add(&streams[stream - 1], p, n);
    return streams[0].n < 5000000;
}

static void test_request(void **state)
{
    (void)state;
    struct side s;
    struct request_frame_pipe pipe = pipe_of(&s);
    struct buf got;
    buf_init(&got);
    HELP_OK(request_frame_ask(&pipe, "{\"command\":\"status\"}", 20, &help_why));
    HELP_OK(request_frame_take(&pipe, &got, &help_why));
    assert_string_equal(buf_text(&got), "{\"command\":\"status\"}");
    HELP_OK(request_frame_ask(&pipe, "", 0, &help_why));
    buf_clear(&got);
    HELP_OK(request_frame_take(&pipe, &got, &help_why));
    assert_int_equal(got.n, 0);
    /* Long ones come whole; too long ones are neither sent nor taken. */
    char *big = calloc(1, REQUEST_FRAME_REQUEST_MAX + 1);
    assert_non_null(big);
    HELP_OK(request_frame_ask(&pipe, big, REQUEST_FRAME_REQUEST_MAX, &help_why));
    HELP_OK(request_frame_take(&pipe, &got, &help_why));
    assert_int_equal(got.n, REQUEST_FRAME_REQUEST_MAX);
    assert_int_equal(request_frame_ask(&pipe, big, REQUEST_FRAME_REQUEST_MAX + 1, &help_why),
                     ERR_LIMIT);
    buf_add(&s.bytes, "\x01\x00\x00\x01", 4);
    assert_int_equal(request_frame_take(&pipe, &got, &help_why), ERR_LIMIT);
    free(big);
    /* Cut at any byte. */
    for (size_t n = 0; n < 9; n++) {
        buf_clear(&s.bytes);
        s.at = 0;
        buf_clear(&got);
        buf_add(&s.bytes, "\x05\0\0\0hello", n);
        assert_int_equal(request_frame_take(&pipe, &got, &help_why), ERR_IO);
    }
    /* A length alone does not take its memory. */
    buf_release(&got);
    buf_clear(&s.bytes);
    s.at = 0;
    buf_add(&s.bytes, "\0\0\0\x01", 4);
    assert_int_equal(request_frame_take(&pipe, &got, &help_why), ERR_IO);
    assert_true(got.cap < (1U << 20));
    s.room = 2;
    assert_int_equal(request_frame_ask(&pipe, "x", 1, &help_why), ERR_IO);
    buf_release(&got);
    buf_release(&s.bytes);
}

static void test_answer(void **state)
{
    (void)state;
    struct side s;
    struct request_frame_pipe pipe = pipe_of(&s);
    struct buf streams[2];
    buf_init(&streams[0]);
    buf_init(&streams[1]);
    const struct request_output out = {.write = collect, .ctx = streams};
    int status = -1;
    char *big = calloc(1, 3 << 20);
    assert_non_null(big);
    assert_true(request_frame_print(&pipe, 1, "data", 4));
    assert_true(request_frame_print(&pipe, 2, "remark", 6));
    assert_true(request_frame_print(&pipe, 1, big, 3 << 20));
    assert_true(request_frame_end(&pipe, 200));
    HELP_OK(request_frame_answer(&pipe, &out, &status, &help_why));
    assert_int_equal(status, 200);
    assert_int_equal(streams[0].n, 4 + (3 << 20));
    assert_string_equal(buf_text(&streams[1]), "remark");
    /* Who reads no more ends it. */
    assert_true(request_frame_print(&pipe, 1, big, 3 << 20));
    assert_int_equal(request_frame_answer(&pipe, &out, &status, &help_why), ERR_IO);
    free(big);
    static const struct {
        const char *bytes;
        size_t n;
    } wrong[] = {
        {"", 0},
        {"\x01\x02\0\0\0x", 6},            /* cut */
        {"\x01\x01\0\x10\0x", 6},          /* longer than a frame may be */
        {"\x07\x01\0\0\0x", 6},            /* of no type */
        {"\x03\x02\0\0\0ab\x03\x01\0", 9}, /* a status of two bytes */
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        buf_clear(&s.bytes);
        buf_clear(&streams[0]);
        s.at = 0;
        buf_add(&s.bytes, wrong[i].bytes, wrong[i].n);
        assert_int_equal(request_frame_answer(&pipe, &out, &status, &help_why), ERR_IO);
        assert_int_equal(status, 200);
    }
    s.room = 3;
    buf_clear(&s.bytes);
    assert_false(request_frame_print(&pipe, 1, "data", 4));
    assert_false(request_frame_end(&pipe, 0));
    buf_release(&streams[0]);
    buf_release(&streams[1]);
    buf_release(&s.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
