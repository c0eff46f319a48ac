/* SPDX-License-Identifier: Apache-2.0 */
#include "query/datemath.h"

#include <string.h>

/* What ts_ns holds, with room for a rounding: whole years only. */
#define YEAR_MIN 1679
#define YEAR_MAX 2260
#define COUNT_MAX 1000000000LL

static const struct query_zone utc;

struct text {
    const char *p;
    size_t n;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly n digits, which are taken off the text. */
static bool take_digits(struct text *t, size_t n, int *out)
{
    if (t->n < n)
        return false;
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(t->p[i]))
            return false;
        v = v * 10 + (t->p[i] - '0');
    }
    t->p += n;
    t->n -= n;
    *out = v;
    return true;
}

static bool take_char(struct text *t, char c)
{
    if (t->n == 0 || *t->p != c)
        return false;
    t->p++;
    t->n--;
    return true;
}

/* One to nine digits after the point, as nanoseconds. */
static bool take_fraction(struct text *t, uint32_t *out_ns, size_t *out_digits)
{
    uint32_t ns = 0;
    size_t n = 0;
    while (n < t->n && n < 9 && is_digit(t->p[n]))
        ns = ns * 10 + (uint32_t)(t->p[n++] - '0');
    if (n == 0)
        return false;
    t->p += n;
    t->n -= n;
    *out_digits = n;
    for (; n < 9; n++)
        ns *= 10;
    *out_ns = ns;
    return true;
}

static bool take_zone(struct text *t, int *out_zone_s)
{
    size_t n = query_zone_read_offset(t->p, t->n, out_zone_s);
    t->p += n;
    t->n -= n;
    return n > 0;
}

/* A date as read: which of its parts were there. */
struct date {
    struct time_date d;
    bool has_hour;
    bool has_minute;
    bool has_second;
    size_t digits; /* of the fraction; 0: none was there */
    bool has_zone;
    int zone_s;
};

static unsigned month_days(int year, unsigned month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool date_valid(const struct time_date *d)
{
    return d->year >= YEAR_MIN && d->year <= YEAR_MAX && d->month >= 1 && d->month <= 12 &&
           d->day >= 1 && d->day <= month_days(d->year, d->month) && d->hour <= 23 &&
           d->minute <= 59 && d->second <= 59;
}

/* yyyy[-MM[-dd[Thh[:mm[:ss[.f]]]]]][zone]; date_only stops before the T. */
static bool read_iso(struct text t, bool date_only, struct date *out)
{
    struct date r = {.d = {.month = 1, .day = 1}};
    int v;
    if (!take_digits(&t, 4, &r.d.year))
        return false;
    if (take_char(&t, '-')) {
        if (!take_digits(&t, 2, &v))
            return false;
        r.d.month = (unsigned)v;
        if (take_char(&t, '-')) {
            if (!take_digits(&t, 2, &v))
                return false;
            r.d.day = (unsigned)v;
        }
    }
    if (!date_only && (take_char(&t, 'T') || take_char(&t, ' ')) && t.n > 0) {
        if (!take_digits(&t, 2, &v))
            return false;
        r.d.hour = (unsigned)v;
        r.has_hour = true;
        if (take_char(&t, ':')) {
            if (!take_digits(&t, 2, &v))
                return false;
            r.d.minute = (unsigned)v;
            r.has_minute = true;
            if (take_char(&t, ':')) {
                if (!take_digits(&t, 2, &v))
                    return false;
                r.d.second = (unsigned)v;
                r.has_second = true;
                if ((take_char(&t, '.') || take_char(&t, ',')) &&
                    !take_fraction(&t, &r.d.ns, &r.digits))
                    return false;
            }
        }
        r.has_zone = take_zone(&t, &r.zone_s);
    }
    if (t.n > 0 || !date_valid(&r.d))
        return false;
    *out = r;
    return true;
}

static size_t letter_run(const char *format, size_t n)
{
    size_t i = 1;
    while (i < n && format[i] == format[0])
        i++;
    return i;
}

/* One format of letters, Java's DateTimeFormatter as far as numbers go. */
static enum err read_letters(const char *format, size_t n, struct text t, struct date *out)
{
    struct date r = {.d = {.year = 1970, .month = 1, .day = 1}};
    size_t i = 0;
    bool fits = true;
    while (i < n) {
        char c = format[i];
        if (c == '\'') {
            i++;
            while (i < n && format[i] != '\'')
                fits = take_char(&t, format[i++]) && fits;
            i++;
            continue;
        }
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter) {
            fits = take_char(&t, c) && fits;
            i++;
            continue;
        }
        size_t run = letter_run(format + i, n - i);
        int v = 0;
        switch (c) {
        case 'y':
        case 'u':
            fits = take_digits(&t, run == 2 ? 2 : 4, &v) && fits;
            r.d.year = run == 2 ? 2000 + v : v;
            break;
        case 'M':
            fits = take_digits(&t, 2, &v) && fits;
            r.d.month = (unsigned)v;
            break;
        case 'd':
            fits = take_digits(&t, 2, &v) && fits;
            r.d.day = (unsigned)v;
            break;
        case 'H':
            fits = take_digits(&t, 2, &v) && fits;
            r.d.hour = (unsigned)v;
            r.has_hour = true;
            break;
        case 'm':
            fits = take_digits(&t, 2, &v) && fits;
            r.d.minute = (unsigned)v;
            r.has_minute = true;
            break;
        case 's':
            fits = take_digits(&t, 2, &v) && fits;
            r.d.second = (unsigned)v;
            r.has_second = true;
            break;
        case 'S':
        case 'n':
            fits = take_fraction(&t, &r.d.ns, &r.digits) && fits;
            break;
        case 'X':
        case 'x':
        case 'Z':
            r.has_zone = take_zone(&t, &r.zone_s);
            fits = r.has_zone && fits;
            break;
        default:
            return ERR_UNSUPPORTED;
        }
        i += run;
    }
    if (!fits || t.n > 0 || !date_valid(&r.d))
        return ERR_INVALID;
    *out = r;
    return ERR_NONE;
}

/* Milliseconds or seconds since the epoch, with a fraction. */
static bool read_epoch(struct text t, ts_ns unit, struct datemath_span *out)
{
    bool minus = take_char(&t, '-');
    int64_t v = 0;
    size_t n = 0;
    while (t.n > 0 && is_digit(*t.p)) {
        if (v > (INT64_MAX / unit - 9) / 10)
            return false;
        v = v * 10 + (*t.p - '0');
        t.p++;
        t.n--;
        n++;
    }
    if (n == 0)
        return false;
    ts_ns ns = v * unit;
    ts_ns step = TIME_MS;
    if (take_char(&t, '.')) {
        ts_ns scale = unit;
        for (; t.n > 0 && is_digit(*t.p); t.p++, t.n--) {
            scale /= 10;
            ns += scale * (*t.p - '0');
        }
        if (scale < TIME_MS)
            step = 1;
    }
    if (t.n > 0)
        return false;
    ns = minus ? -ns : ns;
    if (ns > TIME_MAX - TIME_DAY || ns < -(TIME_MAX - TIME_DAY))
        return false;
    *out = (struct datemath_span){ns, ns + step, false};
    return true;
}

/* Where the sum begins after a date, or NULL. */
static const char *find_bars(const char *s, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        if (s[i] == '|' && s[i + 1] == '|')
            return s + i;
    }
    return NULL;
}

static bool text_is(const char *s, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(s, word, n) == 0;
}

/* What a date means: from its start to the end that Elasticsearch fills missing parts with. */
static struct datemath_span date_span(const struct date *d, const struct query_zone *zone)
{
    const struct query_zone own = {.first_s = d->zone_s};
    struct datemath_span s = {0};
    ts_ns local = time_join(&d->d), length;
    if (d->digits > 3)
        length = 1;
    else if (d->digits > 0)
        length = TIME_MS;
    else if (d->has_second)
        length = TIME_S;
    else if (d->has_minute)
        length = TIME_MIN;
    else if (d->has_hour)
        length = TIME_HOUR;
    else
        length = TIME_DAY; /* a missing month or day is the first */
    zone = d->has_zone ? &own : zone;
    s.from = query_zone_date(zone, local);
    s.to = query_zone_date(zone, local + length - 1) + 1;
    /* Where the clock skips the start but not the end, they may pass each other. */
    if (s.to <= s.from)
        s.to = s.from + 1;
    return s;
}

static enum err read_format(const char *f, size_t n, struct text t, const struct query_zone *zone,
                            struct datemath_span *out)
{
    static const char *const iso[] = {"strict_date_optional_time", "date_optional_time",
                                      "strict_date_optional_time_nanos", "iso8601"};
    struct date d;
    for (size_t i = 0; i < sizeof iso / sizeof *iso; i++) {
        if (text_is(f, n, iso[i])) {
            if (!read_iso(t, false, &d))
                return ERR_INVALID;
            *out = date_span(&d, zone);
            return ERR_NONE;
        }
    }
    if (text_is(f, n, "strict_date") || text_is(f, n, "date")) {
        if (!read_iso(t, true, &d))
            return ERR_INVALID;
        *out = date_span(&d, zone);
        return ERR_NONE;
    }
    if (text_is(f, n, "epoch_millis"))
        return read_epoch(t, TIME_MS, out) ? ERR_NONE : ERR_INVALID;
    if (text_is(f, n, "epoch_second"))
        return read_epoch(t, TIME_S, out) ? ERR_NONE : ERR_INVALID;
    enum err e = read_letters(f, n, t, &d);
    if (e == ERR_NONE)
        *out = date_span(&d, zone);
    return e;
}

/* The part before the sum: a date in one of the formats. */
static enum err read_anchor(struct text t, const struct datemath_options *o,
                            struct datemath_span *out, struct err_text *why)
{
    const char *f = o->format != NULL ? o->format : "strict_date_optional_time||epoch_millis";
    while (*f != '\0') {
        const char *end = strstr(f, "||");
        size_t n = end != NULL ? (size_t)(end - f) : strlen(f);
        enum err e = read_format(f, n, t, o->zone != NULL ? o->zone : &utc, out);
        if (e == ERR_UNSUPPORTED)
            return err_set(why, e, "the date format '%.*s' is not supported", (int)n, f);
        if (e == ERR_NONE)
            return e;
        f += n;
        if (end != NULL)
            f += 2;
    }
    return err_set(why, ERR_INVALID,
                   "expected a date such as 2024-01-31T10:20:30Z, milliseconds since the epoch, or "
                   "date math such as now-6h, found '%.*s'",
                   t.n > 60 ? 60 : (int)t.n, t.p);
}

static ts_ns unit_span(char unit)
{
    switch (unit) {
    case 'w':
        return 7 * TIME_DAY;
    case 'd':
        return TIME_DAY;
    case 'h':
    case 'H':
        return TIME_HOUR;
    case 'm':
        return TIME_MIN;
    case 's':
        return TIME_S;
    default:
        return 0; /* y and M have no fixed length */
    }
}

static bool in_range(ts_ns t)
{
    int year = time_split(t).year;
    return year >= YEAR_MIN && year <= YEAR_MAX;
}

/* t + count units on one clock; false when that leaves what ts_ns holds. */
static bool shift_local(ts_ns t, char unit, int64_t count, ts_ns *out)
{
    ts_ns span = unit_span(unit);
    if (span != 0) {
        ts_ns step, sum;
        if (__builtin_mul_overflow(span, count, &step) || __builtin_add_overflow(t, step, &sum) ||
            !in_range(sum))
            return false;
        *out = sum;
        return true;
    }
    struct time_date d = time_split(t);
    int64_t months = (int64_t)d.year * 12 + (d.month - 1) + (unit == 'y' ? 12 * count : count);
    if (months < YEAR_MIN * 12LL || months >= (YEAR_MAX + 1) * 12LL)
        return false;
    d.year = (int)(months / 12);
    d.month = (unsigned)(months % 12) + 1;
    if (d.day > month_days(d.year, d.month))
        d.day = month_days(d.year, d.month);
    *out = time_join(&d);
    return true;
}

/* Hours are as long as they are everywhere; a day later the clock of the zone shows the same. */
static bool shift(ts_ns t, char unit, int64_t count, const struct query_zone *zone, ts_ns *out)
{
    if (unit_span(unit) > 0 && unit_span(unit) <= TIME_HOUR)
        return shift_local(t, unit, count, out);
    ts_ns offset = query_zone_offset(zone, t);
    if (!shift_local(query_zone_local(zone, t), unit, count, &t))
        return false;
    *out = query_zone_near(zone, t, offset);
    return true;
}

/* Start of the unit that t lies in. 1970-01-01 was a Thursday. */
static ts_ns round_down(ts_ns t, char unit, bool sunday)
{
    ts_ns span = unit_span(unit);
    if (unit == 'w') {
        ts_ns offset = (sunday ? 4 : 3) * TIME_DAY;
        return time_floor(t + offset, span) - offset;
    }
    if (span != 0)
        return time_floor(t, span);
    struct time_date d = time_split(t);
    struct time_date start = {.year = d.year, .month = unit == 'y' ? 1 : d.month, .day = 1};
    return time_join(&start);
}

/* Rounds in the zone; up means the unit's last millisecond. */
static bool round_to(ts_ns t, char unit, bool up, bool sunday, const struct query_zone *zone,
                     ts_ns *out)
{
    if (!in_range(t))
        return false;
    ts_ns local = round_down(query_zone_local(zone, t), unit, sunday);
    ts_ns start = query_zone_near(zone, local, query_zone_offset(zone, t));
    if (up) {
        if (!shift(start, unit, 1, zone, &start))
            return false;
        start -= TIME_MS;
    }
    *out = start;
    return true;
}

enum err query_datemath_parse(const char *s, size_t n, const struct datemath_options *options,
                              struct datemath_span *out, struct err_text *why)
{
    const struct query_zone *zone = options->zone != NULL ? options->zone : &utc;
    struct datemath_span span = {0};
    struct text sum = {s, n};
    bool now = n >= 3 && memcmp(s, "now", 3) == 0;
    if (now) {
        span = (struct datemath_span){options->now, options->now + 1, true};
        sum = (struct text){s + 3, n - 3};
    } else {
        const char *bar = find_bars(s, n);
        size_t anchor = bar != NULL ? (size_t)(bar - s) : n;
        enum err e = read_anchor((struct text){s, anchor}, options, &span, why);
        if (e != ERR_NONE)
            return e;
        sum = (struct text){s + n, 0};
        if (bar != NULL)
            sum = (struct text){bar + 2, n - anchor - 2};
    }
    /* A sum starts from the date rounded down, whichever way it is rounded itself. */
    ts_ns down = span.from, up = span.from, step = now ? 1 : TIME_MS;
    if (sum.n == 0)
        up = span.to - step;
    while (sum.n > 0) {
        char op = *sum.p;
        sum.p++;
        sum.n--;
        int64_t count = 1;
        size_t digits = 0;
        while (digits < sum.n && is_digit(sum.p[digits]) && digits < 10) {
            count = (digits == 0 ? 0 : count * 10) + (sum.p[digits] - '0');
            digits++;
        }
        sum.p += digits;
        sum.n -= digits;
        char unit = sum.n > 0 ? *sum.p : '\0';
        bool known = unit != '\0' && strchr("yMwdhHms", unit) != NULL;
        bool fits = (op == '+' || op == '-' || (op == '/' && digits == 0)) && known;
        if (!fits || count > COUNT_MAX)
            return err_set(why, ERR_INVALID,
                           "expected date math such as now-6h, now-1d/d or 2024-01-01||+1M/d with "
                           "units y M w d h m s, found '%.*s'",
                           n > 60 ? 60 : (int)n, s);
        bool held;
        if (op == '/') {
            held = round_to(down, unit, false, false, zone, &down) &&
                   round_to(up, unit, true, false, zone, &up);
            step = TIME_MS;
        } else {
            int64_t c = op == '-' ? -count : count;
            held = shift(down, unit, c, zone, &down) && shift(up, unit, c, zone, &up);
        }
        if (!held)
            return err_set(why, ERR_INVALID, "the date lies outside the years %d to %d", YEAR_MIN,
                           YEAR_MAX);
        sum.p++;
        sum.n--;
    }
    /* Months cut both ends to their last day, each to its own: they may pass each other. */
    if (up + step <= down)
        up = down;
    *out = (struct datemath_span){down, up + step, now};
    return ERR_NONE;
}

enum err query_datemath_rule(const char *s, size_t n, ts_ns now, bool round_up, ts_ns *out,
                             struct err_text *why)
{
    ts_ns t = now;
    struct text sum = {s, n};
    if (n >= 3 && memcmp(s, "now", 3) == 0) {
        sum = (struct text){s + 3, n - 3};
    } else {
        const char *bar = find_bars(s, n);
        size_t anchor = bar != NULL ? (size_t)(bar - s) : n;
        struct date d;
        if (!read_iso((struct text){s, anchor}, false, &d))
            goto wrong;
        t = date_span(&d, &utc).from;
        sum = (struct text){s + n, 0};
        if (bar != NULL)
            sum = (struct text){bar + 2, n - anchor - 2};
    }
    while (sum.n > 0) {
        char op = *sum.p;
        sum.p++;
        sum.n--;
        int64_t count = 1;
        size_t digits = 0;
        while (digits < sum.n && is_digit(sum.p[digits]) && digits < 10) {
            count = (digits == 0 ? 0 : count * 10) + (sum.p[digits] - '0');
            digits++;
        }
        sum.p += digits;
        sum.n -= digits;
        if (sum.n == 0 || count > COUNT_MAX)
            goto wrong;
        char unit = *sum.p;
        bool ms = sum.n >= 2 && memcmp(sum.p, "ms", 2) == 0;
        if (!ms && (unit == '\0' || strchr("yMwdhms", unit) == NULL))
            goto wrong;
        sum.p += ms ? 2 : 1;
        sum.n -= ms ? 2 : 1;
        bool held = true;
        if (op == '/' && count == 1) {
            if (ms)
                t = time_floor(t, TIME_MS);
            else
                held = round_to(t, unit, round_up, true, &utc, &t);
        } else if (op == '+' || op == '-') {
            int64_t c = op == '-' ? -count : count;
            if (ms)
                held = !__builtin_add_overflow(t, c * TIME_MS, &t) && in_range(t);
            else
                held = shift(t, unit, c, &utc, &t);
        } else {
            goto wrong;
        }
        if (!held)
            return err_set(why, ERR_INVALID, "the date lies outside the years %d to %d", YEAR_MIN,
                           YEAR_MAX);
    }
    *out = t;
    return ERR_NONE;
wrong:
    return err_set(why, ERR_INVALID,
                   "expected date math such as now-6h or now/d with units ms s m h d w M y, "
                   "found '%.*s'",
                   n > 60 ? 60 : (int)n, s);
}
