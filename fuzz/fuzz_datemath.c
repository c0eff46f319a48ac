/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "query/datemath.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {NULL, "yyyy-MM-dd'T'HH:mm:ss.SSSXXX||epoch_second",
                                          "strict_date||epoch_millis"};
    struct datemath_options o = {.now = 1709209815 * TIME_S};
    struct datemath_span span;
    struct err_text why;
    ts_ns t;
    const char *s = (const char *)data;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        o.format = formats[i];
        o.zone_s = (int)i * 5400;
        if (query_datemath_parse(s, size, &o, &span, &why) == ERR_NONE)
            ASSERT(span.from < span.to);
    }
    for (int up = 0; up < 2; up++) {
        /* At the edge of the years one way of rounding may hold and the other not. */
        if (query_datemath_rule(s, size, o.now, up != 0, &t, &why) != ERR_NONE)
            continue;
        int year = time_split(t).year;
        ASSERT(year >= 1678 && year <= 2261);
    }
    if (query_datemath_zone(s, size, &o.zone_s, &why) == ERR_NONE)
        ASSERT(o.zone_s % 60 == 0);
    return 0;
}
