/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"
#include "detect/engine_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const detectors[] = {
    "{\"function\":\"count\",\"by_field_name\":\"b\"}",
    "{\"function\":\"high_sum\",\"field_name\":\"f\",\"over_field_name\":\"o\"}",
    "{\"function\":\"rare\",\"by_field_name\":\"b\"}",
    "{\"function\":\"time_of_day\",\"by_field_name\":\"b\"}",
    "{\"function\":\"lat_long\",\"field_name\":\"f\",\"by_field_name\":\"b\"}",
};
static const enum detect_kind kinds[] = {DETECT_COUNT, DETECT_SUM, DETECT_RARE, DETECT_TIME_OF_DAY,
                                         DETECT_LAT_LONG};
static const enum detect_class classes[] = {DETECT_CLASS_METRIC, DETECT_CLASS_MEMBER,
                                            DETECT_CLASS_VALUE, DETECT_CLASS_CLOCK,
                                            DETECT_CLASS_GEO};

/* Whatever the detector and the number of cells: what is fetched is nearly always the entity that
 * will be asked for, and nothing beyond the end. */
static void test_fetches_what_comes(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 7, 8, 9, 16, 17, 24, 25, 1000};
    for (size_t k = 0; k < 5; k++) {
        char text[256];
        struct detect_job *job;
        struct detect *d;
        struct detect_options o = {.seed = {1, 2}};
        int len = snprintf(text, sizeof(text),
                           "{\"job_id\":\"a\",\"analysis_config\":{\"bucket_span\":\"1h\","
                           "\"detectors\":[%s]}}",
                           detectors[k]);
        assert_int_equal(detect_job_parse(text, (size_t)len, "a", NULL, 0, &job, NULL), ERR_NONE);
        assert_int_equal(detect_new(job, &o, &d), ERR_NONE);
        static struct detect_cell cell[1000];
        struct detect_cell *cells[1000];
        for (size_t i = 0; i < 1000; i++) {
            char s[16];
            uint32_t id = detect_names_put(
                d->names, bytes_make(s, (size_t)snprintf(s, sizeof(s), "v%zu", i)));
            cell[i] = (struct detect_cell){
                .by = k == 1 ? 0 : id, .over = k == 1 ? id : 0, .kind = (uint8_t)kinds[k]};
            cells[i] = &cell[i];
            struct detect_entity *e =
                detect_table_add(d->table, classes[k], 0, 0, cell[i].over, cell[i].by);
            assert_non_null(e);
            if (k == 0) {
                struct model_params params = detect_params(d, 0);
                void *whole = e;
                ((struct detect_metric *)whole)->series = model_series_new(&params);
            }
        }
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            struct detect_ahead ahead;
            size_t n = sizes[s];
            size_t wrong = 0;
            for (size_t i = 0; i < n; i++) {
                const struct detect_entity *e = detect_ahead_entity(&ahead, d, cells, n, i);
                size_t next = i + DETECT_AHEAD_STEP;
                if (next >= n)
                    assert_null(e);
                else
                    wrong += e != detect_table_find(d->table, classes[k], 0, 0, cell[next].over,
                                                    cell[next].by);
            }
            assert_true(wrong * 20 <= n);
        }
        detect_free(d);
        detect_job_free(job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fetches_what_comes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
