#ifndef BASE_TIME_H
#define BASE_TIME_H

/*
 * Instants and spans, in nanoseconds.
 *
 * ts_ns counts nanoseconds since 1970-01-01T00:00:00Z without leap seconds, as packets, logs and
 * Elasticsearch do. Time enters every room as an argument; nothing here asks the clock.
 *
 * Threads: any.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t ts_ns;

#define TIME_US ((ts_ns)1000)
#define TIME_MS ((ts_ns)1000000)
#define TIME_S ((ts_ns)1000000000)
#define TIME_MIN (60 * TIME_S)
#define TIME_HOUR (3600 * TIME_S)
#define TIME_DAY (86400 * TIME_S)
#define TIME_NONE INT64_MIN
#define TIME_MAX INT64_MAX

struct time_date {
    int year;
    unsigned month;  /* 1 to 12 */
    unsigned day;    /* 1 to 31 */
    unsigned hour;   /* 0 to 23 */
    unsigned minute; /* 0 to 59 */
    unsigned second; /* 0 to 59 */
    uint32_t ns;     /* 0 to 999,999,999 */
};

/* Whole multiples of span at or before t; right for times before 1970 too. span > 0. */
ts_ns time_floor(ts_ns t, ts_ns span);

struct time_date time_split(ts_ns t); /* UTC, proleptic Gregorian */
ts_ns time_join(const struct time_date *d);

/*
 * Reads ISO 8601: 2024-01-31, 2024-01-31T10:20, …:30, …:30.123456789, with Z, +hh:mm, +hhmm, +hh
 * or nothing (UTC); a blank may stand for T. All n bytes must be used. False when it is no such
 * time or lies outside what ts_ns holds.
 */
bool time_parse_iso(const char *s, size_t n, ts_ns *out);

/* "2024-01-31T10:20:30.123Z": milliseconds, or as many digits as needed up to nine. */
#define TIME_TEXT_SIZE 40
size_t time_format_iso(ts_ns t, char out[TIME_TEXT_SIZE]);

/*
 * Reads an Elasticsearch time unit: a whole number and d, h, m, s, ms, micros or nanos. False when
 * it is none, or too large.
 */
bool time_parse_span(const char *s, size_t n, ts_ns *out);

/* "15m", "3h", "90s": the largest unit that is whole. */
size_t time_format_span(ts_ns span, char out[TIME_TEXT_SIZE]);

#endif
