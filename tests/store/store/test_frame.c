/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "base/clock.h"
#include "store/frame.h"

#include <pthread.h>
#include <sys/socket.h>

static ts_ns soon(void)
{
    return clock_steady() + 10 * TIME_S;
}

struct sending {
    int fd;
    size_t n;
    enum err rc;
};

/* Frames of growing length, each filled with its own number. */
static void *send_some(void *arg)
{
    struct sending *s = arg;
    char *p = malloc(s->n);
    s->rc = p != NULL ? ERR_NONE : ERR_MEMORY;
    for (unsigned i = 0; i < 5 && s->rc == ERR_NONE; i++) {
        size_t n = i == 4 ? s->n : i * 70000;
        memset(p, (int)i, n);
        s->rc = store_frame_send(s->fd, STORE_FRAME_BATCH, p, n, soon());
    }
    free(p);
    close(s->fd);
    return NULL;
}

static void test_round_trip(void **state)
{
    (void)state;
    int pair[2];
    pthread_t thread;
    struct store_frame f = {0};
    buf_init(&f.body);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct sending s = {.fd = pair[0], .n = (size_t)3 << 20};
    assert_int_equal(pthread_create(&thread, NULL, send_some, &s), 0);
    for (unsigned i = 0; i < 5; i++) {
        size_t n = i == 4 ? s.n : i * 70000;
        assert_int_equal(store_frame_receive(pair[1], &f, soon()), ERR_NONE);
        assert_int_equal(f.type, STORE_FRAME_BATCH);
        assert_int_equal(f.body.n, n);
        for (size_t k = 0; k < n; k += 999)
            assert_int_equal(f.body.p[k], i);
    }
    assert_int_equal(store_frame_receive(pair[1], &f, soon()), ERR_END);
    pthread_join(thread, NULL);
    assert_int_equal(s.rc, ERR_NONE);
    close(pair[1]);
    buf_release(&f.body);
}

static void test_failures(void **state)
{
    (void)state;
    int pair[2];
    struct store_frame f = {0};
    buf_init(&f.body);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    /* Nothing comes in time. */
    assert_false(store_frame_waiting(pair[1]));
    assert_int_equal(store_frame_receive(pair[1], &f, clock_steady() + 20 * TIME_MS), ERR_STOPPED);
    /* Nobody reads: the socket fills and time runs out. */
    char *big = calloc(1, 8 << 20);
    assert_non_null(big);
    assert_int_equal(
        store_frame_send(pair[0], STORE_FRAME_ROWS, big, 8 << 20, clock_steady() + 50 * TIME_MS),
        ERR_STOPPED);
    assert_true(store_frame_waiting(pair[1]));
    /* The frame that was begun is not ended. */
    close(pair[0]);
    assert_int_equal(store_frame_receive(pair[1], &f, soon()), ERR_FORMAT);
    assert_int_equal(store_frame_send(pair[1], STORE_FRAME_STOP, NULL, 0, soon()), ERR_END);
    assert_int_equal(store_frame_send(pair[1], STORE_FRAME_ROWS, big, STORE_FRAME_MAX + 1, soon()),
                     ERR_LIMIT);
    close(pair[1]);
    /* An impossible length. */
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(send(pair[0], "\1\0\0\x11\2x", 6, 0), 6);
    assert_int_equal(store_frame_receive(pair[1], &f, soon()), ERR_FORMAT);
    close(pair[0]);
    close(pair[1]);
    free(big);
    buf_release(&f.body);
}

static void test_texts(void **state)
{
    (void)state;
    struct buf b;
    struct store_frame_piece p;
    buf_init(&b);
    store_frame_put_piece(&b, "/a/1.parquet", "S x\n", "");
    store_frame_put_text(&b, "end", 3);
    struct cursor c = cursor_make(b.p, b.n);
    assert_true(store_frame_piece(&c, &p));
    assert_int_equal(p.path.n, 12);
    assert_int_equal(p.rest.n, 0);
    assert_memory_equal(store_frame_text(&c).p, "end", 3);
    assert_int_equal(c.left, 0);
    assert_false(store_frame_piece(&c, &p));
    /* Cut anywhere it is no piece. */
    for (size_t n = 0; n < b.n - 7; n++) {
        c = cursor_make(b.p, n);
        assert_false(store_frame_piece(&c, &p));
    }
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
