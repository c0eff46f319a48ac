#ifndef INGEST_ZEEK_H
#define INGEST_ZEEK_H

/*
 * Zeek's logs as ECS events: conn, dns, http and ssl field by field, every other log generically.
 *
 * Two roads lead here, TSV (ingest/zeek_tsv.h) and JSON (ingest/zeek_json.h); both fill a row of
 * columns, and zeek_map.c makes the event of it. docs/method/zeek.md says what becomes what, which
 * byte counts are believed, and how long connections are booked.
 *
 * Ownership: the mapper owns its plans; rows and their values are the reader's until the next row.
 * Threads:   one owner.
 */

#include "event/event.h"
#include "event/sink.h"
#include "ingest/counts.h"

/* Columns with a meaning beyond "this value goes into that field". */
enum ingest_zeek_column {
    ZEEK_TS,
    ZEEK_UID,
    ZEEK_ORIG_H,
    ZEEK_ORIG_P,
    ZEEK_RESP_H,
    ZEEK_RESP_P,
    ZEEK_PROTO,
    ZEEK_DURATION,
    ZEEK_ORIG_BYTES,
    ZEEK_RESP_BYTES,
    ZEEK_ORIG_PKTS,
    ZEEK_RESP_PKTS,
    ZEEK_ORIG_IP_BYTES,
    ZEEK_RESP_IP_BYTES,
    ZEEK_CONN_STATE,
    ZEEK_HISTORY,
    ZEEK_LOCAL_ORIG,
    ZEEK_LOCAL_RESP,
    ZEEK_SERVICE,
    ZEEK_QCLASS_NAME,
    ZEEK_QTYPE_NAME,
    ZEEK_RCODE_NAME,
    ZEEK_REJECTED,
    ZEEK_RTT,
    ZEEK_ANSWERS,
    ZEEK_TTLS,
    ZEEK_FLAG_AA,
    ZEEK_FLAG_TC,
    ZEEK_FLAG_RD,
    ZEEK_FLAG_RA,
    ZEEK_HOST,
    ZEEK_URI,
    ZEEK_STATUS_CODE,
    ZEEK_SSL_VERSION,
    ZEEK_SERVER_NAME,
    ZEEK_ESTABLISHED,
    ZEEK_COLUMNS
};

enum ingest_zeek_action {
    ZEEK_DROP,
    ZEEK_FIELD,   /* into a field of the table */
    ZEEK_NAMED,   /* kept under zeek.<log>.<column> */
    ZEEK_SPECIAL, /* looked at by the mapper */
};

/* What to do with one column of one log. */
struct ingest_zeek_plan {
    uint8_t action; /* enum ingest_zeek_action */
    uint8_t column; /* enum ingest_zeek_column, of ZEEK_SPECIAL */
    event_field field;
    uint32_t name_len;
    uint32_t key_len;
    const char *name;                /* of ZEEK_NAMED; owned by the mapper */
    const char *key;                 /* log, NUL, column: what it was asked for by */
    struct ingest_zeek_plan *follow; /* the plan that was asked for after this one */
};

/* The values of a column in a row; n is 0 when it is unset. */
struct ingest_zeek_cell {
    uint32_t n;
    struct event_value one;
    const struct event_value *many; /* NULL while n is 1 */
};

struct ingest_zeek_options {
    ts_ns report_every_ns; /* spreading of long connections; 0: none */
    ts_ns late_ns;         /* in a stream: how far back pieces may lie; 0: as far as they do */
};

struct ingest_zeek;

/* counts is borrowed and must outlive the mapper. NULL when memory is short. */
struct ingest_zeek *ingest_zeek_new(const struct ingest_zeek_options *options,
                                    struct ingest_counts *counts);
void ingest_zeek_free(struct ingest_zeek *z); /* NULL is fine */

/* "conn.log", "conn.00:00:00-01:00:00.log.gz", "labeled-conn.log", … → "conn"; false: not told. */
bool ingest_zeek_log_of(const char *file_name, char out[32]);

/* The log that the following rows belong to; its name is cleaned and cut at 31 bytes. */
void ingest_zeek_select(struct ingest_zeek *z, const char *log, size_t n);
const char *ingest_zeek_selected(const struct ingest_zeek *z);
/* What to do with a column of the selected log. Lives as long as the mapper. */
const struct ingest_zeek_plan *ingest_zeek_plan(struct ingest_zeek *z, const char *column,
                                                size_t n);

/*
 * A row: begin, each of its columns, end. The event is made in the arena given and handed to the
 * sink (several events for a long connection), which looks at event.failed. False when the row has
 * no readable time.
 */
void ingest_zeek_begin(struct ingest_zeek *z, struct arena *arena);
void ingest_zeek_column(struct ingest_zeek *z, const struct ingest_zeek_plan *plan,
                        const struct ingest_zeek_cell *cell);
bool ingest_zeek_end(struct ingest_zeek *z, event_sink_fn sink, void *ctx);

#endif
