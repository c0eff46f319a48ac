/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a series' life fails once: it goes on without a season, or is not made. */
#include "fault_memory.h"
#include "model/series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN TIME_HOUR

static void live(void)
{
    struct model_params p = {SPAN, MODEL_COUNT, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&p);
    if (s == NULL)
        return;
    struct model_judgement j;
    for (int i = 0; i < 24 * 23; i++) {
        struct model_observation o = {i * SPAN, i % 24 < 8 ? 10 + i % 3 : 200 + i % 7, 1, 1};
        model_series_judge(s, &o, &j);
        assert_true(isfinite(j.log_p) && j.log_p <= 0);
        model_series_learn(s, &o);
    }
    struct buf b;
    buf_init(&b);
    model_series_save(s, &b);
    struct cursor c = cursor_make(b.p, b.n);
    struct model_series *back;
    if (buf_ok(&b) && model_series_load(&c, &p, &back) == ERR_NONE) {
        struct model_observation o = {24 * 23 * SPAN, 70, 1, 1};
        struct model_judgement other;
        model_series_judge(s, &o, &j);
        model_series_judge(back, &o, &other);
        assert_true(j.log_p == other.log_p);
        model_series_free(back);
    }
    buf_release(&b);
    model_series_free(s);
}

static void a_series_outlives_a_lack_of_memory(void **state)
{
    (void)state;
    uint64_t n = 1;
    for (;; n++) {
        fault_arm(n);
        live();
        if (!fault_disarm())
            break;
    }
    assert_true(n > 6); /* the series, two seasons, levels, the buffer, and the same again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_series_outlives_a_lack_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
