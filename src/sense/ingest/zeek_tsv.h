#ifndef INGEST_ZEEK_TSV_H
#define INGEST_ZEEK_TSV_H

/*
 * Zeek's tab-separated logs of every version, line by line.
 *
 * Header lines (#separator, #set_separator, #empty_field, #unset_field, #path, #fields, #types) may
 * come anywhere and hold until the next; a log without them is read by the usual columns of the log
 * that its file name tells. Columns that were appended with several blanks instead of the separator
 * (labels) are taken apart. Escapes \xhh are undone.
 *
 * Ownership: the mapper is borrowed; strings of a row live in its arena.
 * Threads:   one owner.
 */

#include "ingest/zeek.h"

struct ingest_zeek_tsv;

/* log_hint: the log if no header says it, or NULL. NULL when memory is short. */
struct ingest_zeek_tsv *ingest_zeek_tsv_new(struct ingest_zeek *z, struct ingest_counts *counts,
                                            const char *log_hint);
void ingest_zeek_tsv_free(struct ingest_zeek_tsv *t); /* NULL is fine */

/*
 * A line: header, row or blank. True when it was a header, was blank, or gave an event; false when
 * it was dropped, with the reason in *out_reason and a sentence in *out_why.
 */
bool ingest_zeek_tsv_line(struct ingest_zeek_tsv *t, const char *line, size_t n,
                          struct arena *arena, event_sink_fn sink, void *ctx,
                          enum ingest_drop *out_reason, const char **out_why);

/* Whether the last line was a row (not header or blank). */
bool ingest_zeek_tsv_was_row(const struct ingest_zeek_tsv *t);

#endif
