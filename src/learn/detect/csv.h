#ifndef DETECT_CSV_H
#define DETECT_CSV_H

/*
 * Records from CSV with a header line, fast.
 *
 * RFC 4180: fields parted by a comma, records by LF or CRLF, quotes around a field that holds a
 * comma, a quote (doubled) or a line break. Blank lines are skipped. A record may be 16 MiB long.
 * The text comes in pieces of any size; whole lines without quotes are split in place.
 *
 * Ownership: detect_csv_new() makes it; views die at the next call.
 * Threads:   one owner.
 */

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct detect_csv;

struct detect_csv_row {
    const struct bytes *fields; /* as many as the header has; missing ones are empty */
    size_t n;
    uint64_t line; /* 1-based line on which the record begins */
};

/* Returns false to stop. */
typedef bool (*detect_csv_row_fn)(void *ctx, const struct detect_csv_row *row);
/* Called once, before the first row. */
typedef enum err (*detect_csv_header_fn)(void *ctx, const struct bytes *names, size_t n);

struct detect_csv_counts {
    uint64_t rows;
    uint64_t short_rows; /* fewer fields than the header: the rest is empty */
    uint64_t long_rows;  /* more: the surplus is dropped */
    uint64_t too_long;   /* records beyond 16 MiB, dropped */
    uint64_t unclosed;   /* 1 when the input ended inside quotes */
};

/* NULL when memory is short. */
struct detect_csv *detect_csv_new(detect_csv_header_fn header, detect_csv_row_fn row, void *ctx);
void detect_csv_free(struct detect_csv *csv); /* NULL is fine */

/*
 * The next bytes of the input. ERR_STOPPED when a row said stop, ERR_MEMORY, or what the header
 * callback returned.
 */
enum err detect_csv_feed(struct detect_csv *csv, const char *p, size_t n) ERR_MUST_CHECK;
/* The end of the input: a last line without line break counts. */
enum err detect_csv_end(struct detect_csv *csv) ERR_MUST_CHECK;

const struct detect_csv_counts *detect_csv_counts(const struct detect_csv *csv);

#endif
