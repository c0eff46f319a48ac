/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <stdio.h>
#include <string.h>

ts_ns time_floor(ts_ns t, ts_ns span)
{
    ts_ns rest = t % span;
    if (rest < 0)
        rest += span;
    ts_ns floor;
    return __builtin_sub_overflow(t, rest, &floor) ? t + (span - rest) : floor;
}

/* Days since the epoch of a civil date, and back: the year is taken to begin in March, so that the
 * leap day comes last; 400 years are an era of 146,097 days. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, struct time_date *out)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    out->day = (unsigned)(of_year - (153 * month + 2) / 5 + 1);
    out->month = (unsigned)(month < 10 ? month + 3 : month - 9);
    out->year = (int)(year + era * 400 + (out->month <= 2));
}

struct time_date time_split(ts_ns t)
{
    struct time_date d = {0};
    int64_t days = t / TIME_DAY;
    int64_t rest = t % TIME_DAY;
    if (rest < 0) {
        rest += TIME_DAY;
        days--;
    }
    date_of(days, &d);
    d.ns = (uint32_t)(rest % TIME_S);
    int64_t s = rest / TIME_S;
    d.hour = (unsigned)(s / 3600);
    d.minute = (unsigned)(s / 60 % 60);
    d.second = (unsigned)(s % 60);
    return d;
}

ts_ns time_join(const struct time_date *d)
{
    int64_t s =
        days_of(d->year, d->month, d->day) * 86400 + d->hour * 3600 + d->minute * 60 + d->second;
    return s * TIME_S + d->ns;
}

/* Exactly n digits; false when they are not there. */
static bool digits(const char **s, const char *end, unsigned n, unsigned *out)
{
    unsigned v = 0;
    if ((size_t)(end - *s) < n)
        return false;
    for (unsigned i = 0; i < n; i++) {
        unsigned c = (unsigned)(unsigned char)(*s)[i] - '0';
        if (c > 9)
            return false;
        v = v * 10 + c;
    }
    *s += n;
    *out = v;
    return true;
}

static bool one_of(const char **s, const char *end, const char *set)
{
    if (*s == end || **s == '\0' || strchr(set, **s) == NULL)
        return false;
    (*s)++;
    return true;
}

static bool zone(const char **s, const char *end, int64_t *out_s)
{
    *out_s = 0;
    if (*s == end || one_of(s, end, "Zz"))
        return true;
    int sign = **s == '-' ? -1 : 1;
    unsigned hours, minutes = 0;
    if (!one_of(s, end, "+-") || !digits(s, end, 2, &hours))
        return false;
    if (*s != end) {
        one_of(s, end, ":");
        if (!digits(s, end, 2, &minutes))
            return false;
    }
    *out_s = sign * (int64_t)(hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
}

static unsigned month_days(int year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool time_parse_iso(const char *s, size_t n, ts_ns *out)
{
    const char *end = s + n;
    struct time_date d = {0};
    unsigned year;
    int64_t offset = 0;
    if (!digits(&s, end, 4, &year) || !one_of(&s, end, "-") || !digits(&s, end, 2, &d.month) ||
        !one_of(&s, end, "-") || !digits(&s, end, 2, &d.day))
        return false;
    d.year = (int)year;
    if (s != end) {
        if (!one_of(&s, end, "Tt ") || !digits(&s, end, 2, &d.hour))
            return false;
        if (!one_of(&s, end, ":") || !digits(&s, end, 2, &d.minute))
            return false;
        if (one_of(&s, end, ":") && !digits(&s, end, 2, &d.second))
            return false;
        if (one_of(&s, end, ".,")) {
            uint32_t unit = 100000000;
            unsigned digit;
            if (!digits(&s, end, 1, &digit))
                return false;
            do {
                d.ns += digit * unit;
                unit /= 10;
            } while (digits(&s, end, 1, &digit));
        }
        if (!zone(&s, end, &offset) || s != end)
            return false;
    }
    if (d.month < 1 || d.month > 12 || d.day < 1 || d.day > month_days(d.year, d.month) ||
        d.hour > 23 || d.minute > 59 || d.second > 60)
        return false;
    /* What ts_ns holds: from 1677-09-22 to 2262-04-11. */
    if (d.year < 1678 || d.year > 2261)
        return false;
    *out = time_join(&d) - offset * TIME_S;
    return true;
}

static char *put_digits(char *p, unsigned v, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; v /= 10)
        p[i] = (char)('0' + v % 10);
    return p + digits;
}

size_t time_format_iso(ts_ns t, char out[TIME_TEXT_SIZE])
{
    struct time_date d = time_split(t);
    char *p = put_digits(out, (unsigned)d.year % 10000, 4);
    *p++ = '-';
    p = put_digits(p, d.month, 2);
    *p++ = '-';
    p = put_digits(p, d.day, 2);
    *p++ = 'T';
    p = put_digits(p, d.hour, 2);
    *p++ = ':';
    p = put_digits(p, d.minute, 2);
    *p++ = ':';
    p = put_digits(p, d.second, 2);
    *p++ = '.';
    p = put_digits(p, d.ns, 9);
    /* Nine digits, less trailing zeros, but never less than three. */
    for (const char *least = p - 6; p > least && p[-1] == '0';)
        p--;
    *p++ = 'Z';
    *p = '\0';
    return (size_t)(p - out);
}

static const struct {
    char name[8];
    ts_ns ns;
} units[] = {
    {"d", TIME_DAY}, {"h", TIME_HOUR},    {"m", TIME_MIN}, {"s", TIME_S},
    {"ms", TIME_MS}, {"micros", TIME_US}, {"nanos", 1},
};

bool time_parse_span(const char *s, size_t n, ts_ns *out)
{
    ts_ns v = 0;
    size_t i = 0;
    for (; i < n && s[i] >= '0' && s[i] <= '9'; i++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, s[i] - '0', &v))
            return false;
    if (i == 0)
        return false;
    for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++)
        if (strlen(units[u].name) == n - i && memcmp(units[u].name, s + i, n - i) == 0) {
            if (__builtin_mul_overflow(v, units[u].ns, &v))
                return false;
            *out = v;
            return true;
        }
    return false;
}

size_t time_format_span(ts_ns span, char out[TIME_TEXT_SIZE])
{
    size_t u = 0;
    while (units[u].ns > 1 && span % units[u].ns != 0)
        u++;
    if (span == 0)
        u = 3;
    return (size_t)snprintf(out, TIME_TEXT_SIZE, "%lld%s", (long long)(span / units[u].ns),
                            units[u].name);
}
