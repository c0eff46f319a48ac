/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/function.h"

#include <string.h>

#define NO DETECT_NEED_NONE
#define OPT DETECT_NEED_OPTIONAL
#define REQ DETECT_NEED_REQUIRED

/* One measure with its two sides. */
#define SIDED(plain, text, kind, field, over, supported, zero)                                     \
    {plain, plain, text, kind, DETECT_BOTH, field, OPT, over, supported, zero}, {"high_" plain,    \
                                                                                 "high_" plain,    \
                                                                                 text,             \
                                                                                 kind,             \
                                                                                 DETECT_HIGH,      \
                                                                                 field,            \
                                                                                 OPT,              \
                                                                                 over,             \
                                                                                 supported,        \
                                                                                 zero},            \
    {                                                                                              \
        "low_" plain, "low_" plain, text, kind, DETECT_LOW, field, OPT, over, supported, zero      \
    }
/* The same under an abbreviated name. */
#define ALIAS(alias, plain, text, kind, field, over, supported, zero)                              \
    {alias, plain, text, kind, DETECT_BOTH, field, OPT, over, supported, zero}, {"high_" alias,    \
                                                                                 "high_" plain,    \
                                                                                 text,             \
                                                                                 kind,             \
                                                                                 DETECT_HIGH,      \
                                                                                 field,            \
                                                                                 OPT,              \
                                                                                 over,             \
                                                                                 supported,        \
                                                                                 zero},            \
    {                                                                                              \
        "low_" alias, "low_" plain, text, kind, DETECT_LOW, field, OPT, over, supported, zero      \
    }

static const struct detect_function functions[] = {
    SIDED("count", "count", DETECT_COUNT, NO, OPT, true, true),
    ALIAS("c", "count", "count", DETECT_COUNT, NO, OPT, true, true),
    SIDED("non_zero_count", "count", DETECT_NON_ZERO_COUNT, NO, NO, true, false),
    ALIAS("nzc", "non_zero_count", "count", DETECT_NON_ZERO_COUNT, NO, NO, true, false),
    SIDED("sum", "sum", DETECT_SUM, REQ, OPT, true, true),
    SIDED("non_null_sum", "sum", DETECT_NON_NULL_SUM, REQ, NO, true, false),
    ALIAS("nns", "non_null_sum", "sum", DETECT_NON_NULL_SUM, REQ, NO, true, false),
    SIDED("mean", "mean", DETECT_MEAN, REQ, OPT, true, false),
    ALIAS("avg", "mean", "mean", DETECT_MEAN, REQ, OPT, true, false),
    {"min", "min", "min", DETECT_MIN, DETECT_BOTH, REQ, OPT, OPT, true, false},
    {"max", "max", "max", DETECT_MAX, DETECT_BOTH, REQ, OPT, OPT, true, false},
    SIDED("distinct_count", "distinct_count", DETECT_DISTINCT_COUNT, REQ, OPT, true, false),
    ALIAS("dc", "distinct_count", "distinct_count", DETECT_DISTINCT_COUNT, REQ, OPT, true, false),
    SIDED("info_content", "info_content", DETECT_INFO_CONTENT, REQ, OPT, true, false),
    {"rare", "rare", "rare", DETECT_RARE, DETECT_BOTH, NO, REQ, OPT, true, false},
    {"rare_count", "rare", "rare", DETECT_RARE, DETECT_BOTH, NO, REQ, OPT, true, false},
    {"rnzc", "rare", "rare", DETECT_RARE, DETECT_BOTH, NO, REQ, OPT, true, false},
    {"rare_non_zero_count", "rare", "rare", DETECT_RARE, DETECT_BOTH, NO, REQ, OPT, true, false},
    {"freq_rare", "freq_rare", "freq_rare", DETECT_FREQ_RARE, DETECT_HIGH, NO, REQ, REQ, true,
     false},
    {"fr", "freq_rare", "freq_rare", DETECT_FREQ_RARE, DETECT_HIGH, NO, REQ, REQ, true, false},
    {"frc", "freq_rare", "freq_rare", DETECT_FREQ_RARE, DETECT_HIGH, NO, REQ, REQ, true, false},
    {"freq_rare_count", "freq_rare", "freq_rare", DETECT_FREQ_RARE, DETECT_HIGH, NO, REQ, REQ, true,
     false},
    SIDED("median", "median", DETECT_MEDIAN, REQ, OPT, true, false),
    SIDED("varp", "varp", DETECT_VARP, REQ, OPT, true, false),
    {"metric", "metric", "metric", DETECT_METRIC, DETECT_BOTH, REQ, OPT, OPT, true, false},
    {"time_of_day", "time_of_day", "time", DETECT_TIME_OF_DAY, DETECT_BOTH, NO, OPT, OPT, true,
     false},
    {"time_of_week", "time_of_week", "time", DETECT_TIME_OF_WEEK, DETECT_BOTH, NO, OPT, OPT, true,
     false},
    /* Of Elastic's engine alone: no job that people write has them. */
    {"max_velocity", "max_velocity", "max_velocity", DETECT_MAX, DETECT_BOTH, REQ, OPT, OPT, false,
     false},
    {"min_velocity", "min_velocity", "min_velocity", DETECT_MIN, DETECT_BOTH, REQ, OPT, OPT, false,
     false},
    {"mean_velocity", "mean_velocity", "mean_velocity", DETECT_MEAN, DETECT_BOTH, REQ, OPT, OPT,
     false, false},
    {"sum_velocity", "sum_velocity", "sum_velocity", DETECT_SUM, DETECT_BOTH, REQ, OPT, OPT, false,
     false},
    {"lat_long", "lat_long", "lat_long", DETECT_LAT_LONG, DETECT_BOTH, REQ, OPT, OPT, true, false},
};

const struct detect_function *detect_function_find(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (strlen(functions[i].name) == n && memcmp(functions[i].name, name, n) == 0)
            return &functions[i];
    }
    return NULL;
}

const struct detect_function *detect_function_part(const struct detect_function *f, size_t k)
{
    static const struct detect_function metric[DETECT_PARTS_MAX] = {
        {"metric", "metric", "mean", DETECT_MEAN, DETECT_BOTH, REQ, OPT, OPT, true, false},
        {"metric", "metric", "min", DETECT_MIN, DETECT_BOTH, REQ, OPT, OPT, true, false},
        {"metric", "metric", "max", DETECT_MAX, DETECT_BOTH, REQ, OPT, OPT, true, false}};
    if (f->kind != DETECT_METRIC)
        return k == 0 ? f : NULL;
    return k < DETECT_PARTS_MAX ? &metric[k] : NULL;
}

const char *detect_function_names(void)
{
    return "count, non_zero_count, sum, non_null_sum, mean, median, varp, distinct_count and "
           "info_content (each also with high_ or low_), min, max, metric, rare, freq_rare, "
           "time_of_day, time_of_week and lat_long";
}
