#ifndef INGEST_COUNTS_H
#define INGEST_COUNTS_H

/*
 * What became of foreign records: how many were read, dropped and corrected, by reason, and where
 * the first of each kind of trouble was.
 *
 * Ownership: a value; the caller owns it.
 * Threads:   that of the reader that fills it.
 */

#include "base/err.h"

#include <stdint.h>

enum ingest_drop {
    INGEST_DROP_JSON,    /* a line that is no JSON object */
    INGEST_DROP_TIME,    /* no time, or none that can be read */
    INGEST_DROP_COLUMNS, /* fewer columns than the header names: cut short */
    INGEST_DROP_HEADER,  /* columns without a header, in a log whose columns are not known */
    INGEST_DROP_LONG,    /* a line above 16 MiB */
    INGEST_DROP_KIND,    /* a record of no kind that is known */
    INGEST_DROP_DAMAGED, /* compressed data broke off or is damaged: the rest of the file */
    INGEST_DROP_MEMORY,  /* memory was short */
    INGEST_DROP_REASONS
};

struct ingest_counts {
    uint64_t bytes; /* after decompression */
    uint64_t lines;
    uint64_t records; /* lines that became events */
    uint64_t events;  /* given to the sink: a long connection gives several */
    uint64_t dropped[INGEST_DROP_REASONS];
    uint64_t untrue_high;     /* byte counts above what the packets can hold, corrected */
    uint64_t untrue_low;      /* byte counts below the payload, corrected */
    uint64_t booked;          /* long connections spread over several events */
    uint64_t moved;           /* pieces of them moved up, because their time had passed */
    uint64_t differences;     /* running totals turned to differences */
    uint64_t flows_forgotten; /* of the table of totals, because it was full */
    uint64_t repaired_bytes;  /* that were no UTF-8 */
    uint64_t dropped_fields;  /* names too long, or too many */
    struct err_text first[INGEST_DROP_REASONS]; /* file, line, and what was wrong */
};

/* "json", "time" …: the reason's name in statistics. */
const char *ingest_counts_reason(enum ingest_drop reason);
uint64_t ingest_counts_dropped(const struct ingest_counts *c);

/* Counts a drop and keeps the place when it is the first for that reason. */
void ingest_counts_drop(struct ingest_counts *c, enum ingest_drop reason, const char *file,
                        uint64_t line, unsigned column, const char *message);

/* Adds what another reader counted; of first places, those that are there stay. */
void ingest_counts_add(struct ingest_counts *to, const struct ingest_counts *from);

#endif
