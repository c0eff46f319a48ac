/* SPDX-License-Identifier: Apache-2.0 */
/* Saved sketches from a hostile hand: refused, or usable. */
#include "base/assert.h"
#include "stats/distinct.h"
#include "stats/info.h"
#include "stats/median.h"
#include "stats/places.h"
#include "stats/quantile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_make(data, size);
    struct stats_distinct d;
    struct stats_info i;
    struct stats_quantile q;
    struct stats_median m;
    struct stats_places p;
    double v;
    switch (cursor_u8(&c) % 5) {
    case 0:
        if (stats_distinct_load(&c, &d) == ERR_NONE) {
            (void)stats_distinct_count(&d);
            (void)stats_distinct_add(&d, size);
            stats_distinct_release(&d);
        }
        break;
    case 1:
        if (stats_info_load(&c, &i) == ERR_NONE) {
            (void)stats_info_content(&i);
            stats_info_release(&i);
        }
        break;
    case 3:
        if (stats_median_load(&c, &m) == ERR_NONE) {
            (void)stats_median_value(&m, &v);
            (void)stats_median_add(&m, 1, 1);
            stats_median_release(&m);
        }
        break;
    case 4:
        if (stats_places_load(&c, &p) == ERR_NONE) {
            double lat;
            double lon;
            for (size_t k = 0; k < p.n; k++) {
                stats_places_at(&p, k, &lat, &lon);
                ASSERT(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180);
            }
            (void)stats_places_add(&p, (double)(size % 180) - 90, (double)(size % 360) - 180);
            stats_places_release(&p);
        }
        break;
    default:
        if (stats_quantile_load(&c, &q) == ERR_NONE) {
            (void)stats_quantile_value(&q, 0.5);
            (void)stats_quantile_add(&q, 1);
            stats_quantile_release(&q);
        }
    }
    return 0;
}
