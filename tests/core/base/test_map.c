/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "base/rng.h"

#include "cmocka_head.h"
#include <stdio.h>
#include <string.h>

#define KEYS 3000

static size_t key_of(unsigned i, char out[16])
{
    return (size_t)snprintf(out, 16, "key%u", i);
}

/* Random puts and removes against a plain array of the truth. */
static void behaves_like_an_array(void **state)
{
    (void)state;
    static uint64_t truth[KEYS];
    struct rng r;
    rng_init(&r, 7);
    struct map *m = map_new((struct hash_key){1, 2});
    assert_non_null(m);
    size_t count = 0;
    for (int step = 0; step < 100000; step++) {
        unsigned i = (unsigned)rng_below(&r, KEYS);
        char key[16];
        size_t n = key_of(i, key);
        if (rng_below(&r, 2) == 0) {
            bool is_new;
            uint64_t *v = map_put(m, key, n, &is_new);
            assert_non_null(v);
            assert_int_equal(is_new, truth[i] == 0);
            count += is_new;
            *v = truth[i] = rng_u64(&r) | 1;
        } else {
            assert_int_equal(map_remove(m, key, n), truth[i] != 0);
            count -= truth[i] != 0;
            truth[i] = 0;
        }
        assert_int_equal(map_count(m), count);
    }
    for (unsigned i = 0; i < KEYS; i++) {
        char key[16];
        uint64_t *v = map_get(m, key, key_of(i, key));
        assert_int_equal(v != NULL, truth[i] != 0);
        if (v != NULL)
            assert_true(*v == truth[i]);
    }
    size_t at = 0, seen = 0, n;
    const void *key;
    uint64_t *value;
    while (map_next(m, &at, &key, &n, &value)) {
        unsigned i;
        assert_int_equal(sscanf(key, "key%u", &i), 1);
        assert_true(truth[i] == *value);
        seen++;
    }
    assert_int_equal(seen, count);
    map_clear(m);
    assert_int_equal(map_count(m), 0);
    assert_null(map_get(m, "key1", 4));
    map_free(m);
}

static void keys_may_hold_any_bytes(void **state)
{
    (void)state;
    struct map *m = map_new((struct hash_key){0, 0});
    *map_put(m, "a\0b", 3, NULL) = 1;
    *map_put(m, "a\0c", 3, NULL) = 2;
    *map_put(m, "", 0, NULL) = 3;
    assert_int_equal(*map_get(m, "a\0c", 3), 2);
    assert_int_equal(*map_get(m, "", 0), 3);
    assert_true(map_bytes(m) > 0);
    map_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_like_an_array),
        cmocka_unit_test(keys_may_hold_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
