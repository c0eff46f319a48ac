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
    /* The last one skips an hour and shows another twice, as Berlin did. */
    static const struct query_zone_change changes[] = {{1711846800, 7200}, {1729990800, 3600}};
    static const struct query_zone zones[] = {
        {0}, {.first_s = 5400}, {.first_s = 3600, .n = 2, .changes = changes}};
    struct datemath_options o = {.now = 1709209815 * TIME_S};
    struct datemath_span span;
    struct err_text why;
    ts_ns t;
    const char *s = (const char *)data;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        o.format = formats[i];
        o.zone = &zones[i];
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
    int offset;
    if (query_zone_read_offset(s, size, &offset) > 0)
        ASSERT(offset % 60 == 0);
    return 0;
}
