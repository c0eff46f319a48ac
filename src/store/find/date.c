/* SPDX-License-Identifier: Apache-2.0 */
#include "find/date.h"

#include "base/buf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"

/* Names of formats as letters; "strict_" before them changes nothing that is written. */
static const struct {
    const char *name;
    const char *letters;
} named[] = {
    {"date_optional_time", DEFAULT},
    {"date_optional_time_nanos", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSSXXX"},
    {"date_time", DEFAULT},
    {"date_time_no_millis", "yyyy-MM-dd'T'HH:mm:ssXXX"},
    {"date", "yyyy-MM-dd"},
    {"year_month_day", "yyyy-MM-dd"},
    {"year_month", "yyyy-MM"},
    {"year", "yyyy"},
    {"date_hour", "yyyy-MM-dd'T'HH"},
    {"date_hour_minute", "yyyy-MM-dd'T'HH:mm"},
    {"date_hour_minute_second", "yyyy-MM-dd'T'HH:mm:ss"},
    {"date_hour_minute_second_millis", "yyyy-MM-dd'T'HH:mm:ss.SSS"},
    {"hour_minute", "HH:mm"},
    {"hour_minute_second", "HH:mm:ss"},
    {"hour", "HH"},
    {"basic_date", "yyyyMMdd"},
    {"basic_date_time", "yyyyMMdd'T'HHmmss.SSSXX"},
    {"iso8601", DEFAULT},
};

static size_t first_of(const char *format)
{
    const char *end = strstr(format, "||");
    return end != NULL ? (size_t)(end - format) : strlen(format);
}

static bool is(const char *s, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(s, word, n) == 0;
}

/* The letters of a format; NULL when it is a number of milliseconds or seconds. */
static const char *letters_of(const char *format, size_t *n)
{
    if (format == NULL)
        format = "date_optional_time";
    *n = first_of(format);
    if (is(format, *n, "epoch_millis") || is(format, *n, "epoch_second"))
        return NULL;
    const char *name = format;
    size_t name_n = *n;
    if (name_n > 7 && memcmp(name, "strict_", 7) == 0) {
        name += 7;
        name_n -= 7;
    }
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (is(name, name_n, named[i].name)) {
            *n = strlen(named[i].letters);
            return named[i].letters;
        }
    }
    return format;
}

bool find_date_is_number(const char *format)
{
    size_t n;
    return letters_of(format, &n) == NULL;
}

enum err find_date_check(const char *format, struct err_text *why)
{
    size_t n;
    const char *s = letters_of(format, &n);
    bool quoted = false;
    for (size_t i = 0; s != NULL && i < n; i++) {
        if (s[i] == '\'')
            quoted = !quoted;
        bool letter = (s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= 'a' && s[i] <= 'z');
        if (!quoted && letter && strchr("yuMdHhkmsSaEXxZDe", s[i]) == NULL)
            return err_set(why, ERR_INVALID, "the date format [%.100s] is not known here", format);
    }
    return ERR_NONE;
}

/* letters: 1 hours and what minutes there are, 2 both, 3 both with a colon. */
static void put_offset(struct buf *out, ts_ns offset, bool zulu, size_t letters)
{
    int64_t minutes = offset / TIME_MIN;
    if (minutes == 0 && zulu) {
        buf_char(out, 'Z');
        return;
    }
    int64_t size = minutes < 0 ? -minutes : minutes;
    buf_format(out, "%c%02d", minutes < 0 ? '-' : '+', (int)(size / 60));
    if (letters > 1 || size % 60 != 0)
        buf_format(out, "%s%02d", letters >= 3 ? ":" : "", (int)(size % 60));
}

static void put_name(struct buf *out, const char *const *names, unsigned i, size_t n)
{
    size_t len = strlen(names[i]);
    buf_add(out, names[i], n < 4 && len > 3 ? 3 : len);
}

static unsigned weekday(ts_ns local)
{
    int64_t days = time_floor(local, TIME_DAY) / TIME_DAY;
    return (unsigned)(((days + 3) % 7 + 7) % 7); /* 0: Monday */
}

static unsigned day_of_year(const struct time_date *d, ts_ns local)
{
    struct time_date first = {.year = d->year, .month = 1, .day = 1};
    return (unsigned)((local - time_join(&first)) / TIME_DAY) + 1;
}

/* One run of a letter. */
static void put_run(struct buf *out, char letter, size_t n, const struct time_date *d, ts_ns local,
                    ts_ns offset)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};
    char fraction[16];
    int width = n > 9 ? 9 : (int)n;
    switch (letter) {
    case 'y':
    case 'u':
        if (n == 2)
            buf_format(out, "%02d", ((d->year % 100) + 100) % 100);
        else
            buf_format(out, "%0*d", width, d->year);
        return;
    case 'M':
        if (n >= 3)
            put_name(out, months, d->month - 1, n);
        else
            buf_format(out, "%0*u", width, d->month);
        return;
    case 'd':
        buf_format(out, "%0*u", width, d->day);
        return;
    case 'D':
        buf_format(out, "%0*u", width, day_of_year(d, local));
        return;
    case 'H':
        buf_format(out, "%0*u", width, d->hour);
        return;
    case 'k':
        buf_format(out, "%0*u", width, d->hour == 0 ? 24 : d->hour);
        return;
    case 'h':
        buf_format(out, "%0*u", width, d->hour % 12 == 0 ? 12 : d->hour % 12);
        return;
    case 'm':
        buf_format(out, "%0*u", width, d->minute);
        return;
    case 's':
        buf_format(out, "%0*u", width, d->second);
        return;
    case 'S':
        (void)snprintf(fraction, sizeof(fraction), "%09" PRIu32, d->ns % 1000000000U);
        buf_add(out, fraction, (size_t)width);
        return;
    case 'a':
        buf_str(out, d->hour < 12 ? "AM" : "PM");
        return;
    case 'E':
        put_name(out, days, weekday(local), n);
        return;
    case 'e':
        buf_format(out, "%0*u", width, weekday(local) + 1);
        return;
    case 'X':
        put_offset(out, offset, true, n);
        return;
    case 'x':
        put_offset(out, offset, false, n);
        return;
    case 'Z':
        put_offset(out, offset, false, 2);
        return;
    default:
        for (size_t i = 0; i < n; i++)
            buf_char(out, letter);
        return;
    }
}

/* What stands between quotes, where two are one; returns where it ends. */
static size_t put_quoted(const char *s, size_t i, size_t n, struct buf *out)
{
    bool empty = true;
    for (; i < n; i++, empty = false) {
        if (s[i] != '\'') {
            buf_char(out, s[i]);
        } else if (i + 1 < n && s[i + 1] == '\'') {
            buf_char(out, '\'');
            i++;
        } else {
            break;
        }
    }
    if (empty)
        buf_char(out, '\'');
    return i + 1;
}

static int64_t floor_by(ts_ns t, ts_ns unit)
{
    return t / unit - (t % unit < 0);
}

void find_date_write(const char *format, const struct query_zone *zone, ts_ns t, struct buf *out)
{
    static const struct query_zone utc = {0};
    size_t n;
    const char *s = letters_of(format, &n);
    if (s == NULL) {
        buf_i64(out, floor_by(t, first_of(format) == 12 && format[6] == 'm' ? TIME_MS : TIME_S));
        return;
    }
    ts_ns offset = query_zone_offset(zone != NULL ? zone : &utc, t);
    ts_ns local;
    if (__builtin_add_overflow(t, offset, &local))
        local = t;
    struct time_date d = time_split(local);
    for (size_t i = 0; i < n;) {
        size_t run = 1;
        if (s[i] == '\'') {
            i = put_quoted(s, i + 1, n, out);
            continue;
        }
        while (i + run < n && s[i + run] == s[i])
            run++;
        put_run(out, s[i], run, &d, local, offset);
        i += run;
    }
}
