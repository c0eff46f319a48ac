/* SPDX-License-Identifier: Apache-2.0 */
#include "trans/pending.h"

#include "base/rng.h"

#include "cmocka_head.h"

#define KEYS 64

/* Random additions and removals against a plain list in the order of coming. */
static void behaves_like_a_queue(void **state)
{
    (void)state;
    struct trans_pending *p = trans_pending_new((struct hash_key){1, 2}, 40);
    assert_non_null(p);
    struct rng r;
    rng_init(&r, 3);
    unsigned queue[KEYS];
    size_t n = 0;
    ts_ns due[KEYS];
    for (int step = 0; step < 20000; step++) {
        unsigned k = (unsigned)rng_below(&r, KEYS);
        struct trans_waiting *w = trans_pending_find(p, k / 4, (uint16_t)(k / 2 % 2), k % 2);
        size_t at = 0;
        while (at < n && queue[at] != k)
            at++;
        assert_int_equal(w != NULL, at < n);
        if (w != NULL) {
            trans_pending_remove(p, w);
            for (; at + 1 < n; at++) {
                queue[at] = queue[at + 1];
                due[at] = due[at + 1];
            }
            n--;
        } else {
            ts_ns deadline = (ts_ns)step - (ts_ns)rng_below(&r, 5);
            w = trans_pending_add(p, k / 4, (uint16_t)(k / 2 % 2), k % 2, deadline);
            assert_int_equal(w != NULL, n < 40);
            if (w != NULL) {
                ts_ns last = n > 0 ? due[n - 1] : deadline;
                assert_int_equal(w->deadline, deadline > last ? deadline : last);
                due[n] = w->deadline;
                queue[n++] = k;
            }
        }
        assert_int_equal(trans_pending_count(p), n);
        w = trans_pending_oldest(p);
        assert_int_equal(w != NULL, n > 0);
        if (w != NULL)
            assert_int_equal(w->serial * 4 + w->id * 2U + w->side, queue[0]);
    }
    trans_pending_free(p);
    trans_pending_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(behaves_like_a_queue)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
