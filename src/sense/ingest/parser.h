#ifndef INGEST_PARSER_H
#define INGEST_PARSER_H

/*
 * Lines of foreign records to events: one parser for each file, whoever reads the lines.
 *
 * A line that cannot be read is dropped and counted by reason, with the place of the first; it is
 * never an error of the whole. Byte counts are put right (ingest/truth.h), running totals become
 * differences (ingest/delta.h).
 *
 * Ownership: ingest_parser_new() makes it. Events and their strings are borrowed until the sink
 *            returns.
 * Threads:   one owner.
 */

#include "base/hash.h"
#include "event/sink.h"
#include "ingest/counts.h"
#include "ingest/detect.h"
#include "ingest/zeek.h"

struct ingest_delta;

/* Opens for reading what this process may not open itself; −1 when that fails too. */
struct ingest_opener {
    int (*open)(void *ctx, const char *path); /* NULL: there is none */
    void *ctx;
};

struct ingest_settings {
    enum ingest_format format; /* of lines; AUTO, ECS or ZEEK */
    uint32_t source;           /* number of the source, put into each event */
    struct ingest_zeek_options zeek;
    struct ingest_delta *delta;  /* for running totals, shared by parsers; NULL: totals stay */
    struct ingest_opener opener; /* for followed files and folders */
};

/* AUTO, source 0, a report a minute for long connections, no limit of lateness, totals stay. */
void ingest_settings_default(struct ingest_settings *s);

struct ingest_parser;

/* file is for messages and to tell a Zeek log by its name. NULL when memory is short. */
struct ingest_parser *ingest_parser_new(const struct ingest_settings *settings, const char *file);
void ingest_parser_free(struct ingest_parser *p); /* NULL is fine */

/* The line with that number (1-based); with padded, 64 bytes can be read after it. */
void ingest_parser_line(struct ingest_parser *p, const char *line, size_t n, uint64_t number,
                        bool padded, event_sink_fn sink, void *ctx);

/* A header line that was read before, when reading goes on behind it; nothing is counted. */
void ingest_parser_header(struct ingest_parser *p, const char *line, size_t n);

/* Counts a line that could not even be read. */
void ingest_parser_drop(struct ingest_parser *p, enum ingest_drop reason, uint64_t number,
                        const char *why);

const struct ingest_counts *ingest_parser_counts(struct ingest_parser *p);

/* Sequence number that the next event will bear; for resuming. */
uint64_t ingest_parser_sequence(const struct ingest_parser *p);
void ingest_parser_set_sequence(struct ingest_parser *p, uint64_t sequence);

#endif
