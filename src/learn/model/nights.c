/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nights.h"

#include <math.h>

#define FIRST_SUNDAY (3 * TIME_DAY) /* since 1970 */
#define EASTMOST (14 * TIME_HOUR)   /* where a day begins first, before it does in Greenwich */
#define WESTMOST (12 * TIME_HOUR)   /* and where it begins last, after */
#define LATEST (4 * TIME_HOUR)      /* of the day, on clocks there */
#define REMEMBERED TIME_DAY

#define YEAR 365.0
#define NIGHTS 22.0    /* Sundays in the months below */
#define OTHERWISE 30.0 /* years in which one clock is moved on some other day, each way */

/* Of the nights of Europe, North America, Australia, New Zealand and Chile. */
static bool is_month(unsigned month)
{
    return month == 3 || month == 4 || (month >= 9 && month <= 11);
}

double model_nights_log_times(ts_ns time)
{
    /* The last Sunday that has begun anywhere. */
    ts_ns begin = FIRST_SUNDAY - EASTMOST;
    if (time < begin)
        return -log(OTHERWISE);
    ts_ns sunday = time_floor(time - begin, 7 * TIME_DAY);
    ts_ns since = time - begin - sunday;
    bool night = since < EASTMOST + WESTMOST + LATEST + REMEMBERED;
    return night && is_month(time_split(sunday + FIRST_SUNDAY).month) ? log(YEAR / NIGHTS)
                                                                      : -log(OTHERWISE);
}
