#ifndef INGEST_ZEEK_PRIV_H
#define INGEST_ZEEK_PRIV_H

/* What the mapper's files share. */

#include "base/map.h"
#include "ingest/zeek.h"

enum zeek_log { ZEEK_LOG_OTHER, ZEEK_LOG_CONN, ZEEK_LOG_DNS, ZEEK_LOG_HTTP, ZEEK_LOG_SSL };

struct ingest_zeek {
    struct ingest_zeek_options options;
    struct ingest_counts *counts;
    struct map *plans; /* log, NUL, column → struct ingest_zeek_plan */
    struct arena plan_arena;
    char log[32];
    enum zeek_log kind;
    char dataset[48]; /* "zeek.connection" */
    uint32_t dataset_len;
    ts_ns written; /* the latest end of a connection so far: the clock of a stream */
    struct event e;
    struct ingest_zeek_cell special[ZEEK_COLUMNS];
    struct ingest_zeek_plan *last; /* asked for last; NULL: nothing follows it */
};

static inline const struct event_value *zeek_first(const struct ingest_zeek *z,
                                                   enum ingest_zeek_column c)
{
    const struct ingest_zeek_cell *cell = &z->special[c];
    return cell->n == 0 ? NULL : cell->many != NULL ? cell->many : &cell->one;
}

/* zeek_map.c: the event's fields from its special columns. */
void ingest_zeek_map_row(struct ingest_zeek *z);
/* A column as seconds, in nanoseconds; −1 when it is unset or negative. */
ts_ns ingest_zeek_map_span(const struct ingest_zeek *z, enum ingest_zeek_column c);
int64_t ingest_zeek_map_count(const struct ingest_zeek *z, enum ingest_zeek_column c);

/* zeek_conn.c: bytes, state and pieces of a connection. */
void ingest_zeek_conn_fields(struct ingest_zeek *z);
void ingest_zeek_conn_give(struct ingest_zeek *z, event_sink_fn sink, void *ctx);

#endif
