#ifndef FEED_INPUTS_H
#define FEED_INPUTS_H

/*
 * Files at rest, of any kind, turned into events.
 *
 * Captures among the inputs are read as one, in order of time, through one flow table; logs are
 * read one after the other. "-" is standard input; what it holds is told by its first bytes, as of
 * files. Every source of events has a number, and its events are counted in
 * sequence, so that events of equal time have an order.
 *
 * Ownership: borrows settings; events are borrowed until the sink returns.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"
#include "event/sink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct feed_inputs;
struct format_writer;

struct feed_inputs_settings {
    const char *format; /* auto, pcap, ecs, zeek */
    const char *filter; /* BPF for captures, or NULL */
    const char *sensor;
    bool flows_only;
    bool (*stop)(void *ctx); /* asked now and then; NULL: never */
    /* Told now and then how much of the input, 0 to 1, is read; NULL: nobody wants to know. */
    void (*progress)(void *ctx, double share, uint64_t events);
    /* Told which files of a folder are left out; NULL: nobody wants to know. */
    void (*remark)(void *ctx, const char *sentence);
    void *ctx;
    event_sink_fn sink;
    void *sink_ctx;
};

/*
 * Paths are files, or folders, of which the files in them are taken that hold something known. A
 * named file that holds something else is ERR_FORMAT, and so is a folder in which nothing is known.
 * Else as opening files fails.
 */
enum err feed_inputs_new(const struct feed_inputs_settings *settings, const char *const *paths,
                         size_t n, struct feed_inputs **out, struct err_text *why) ERR_MUST_CHECK;
void feed_inputs_free(struct feed_inputs *in); /* NULL is fine */

/* Reads all to the end, or until stop() says so (ERR_STOPPED; what was begun is reported first). */
enum err feed_inputs_run(struct feed_inputs *in, struct err_text *why) ERR_MUST_CHECK;

struct feed_inputs_totals {
    uint64_t packets;
    uint64_t bytes;
    uint64_t events;
    uint64_t flows;
    uint64_t records; /* lines of logs */
    bool truncated;   /* a capture ended within a packet */
    bool damaged;
    const char *first_cut;           /* the first such capture, NULL when none */
    uint64_t malformed;              /* records of logs that could not be read */
    struct err_text first_malformed; /* place of the first, when there are any */
};
void feed_inputs_totals(const struct feed_inputs *in, struct feed_inputs_totals *out);
/* Adds "reason": count for all that was dropped, inside an open object. */
void feed_inputs_dropped(const struct feed_inputs *in, struct format_writer *w);

#endif
