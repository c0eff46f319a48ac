#ifndef ENRICH_ENRICH_H
#define ENRICH_ENRICH_H

/*
 * What can be told about an event from its addresses and names alone.
 *
 * Adds, where they are missing: network.community_id, network.direction, the registered domain of
 * every host name, source.geo.*, source.as.* and destination's, related.ip and related.hosts. What
 * an event already says is never changed: a log's own word on direction or place outranks ours.
 * docs/method/enrich.md.
 *
 * Ownership: enrich_free(); the configuration's texts and nets are copied.
 * Threads:   one owner; a thread that enriches has its own.
 */

#include "base/err.h"
#include "base/hash.h"
#include "base/ip.h"

#include <stddef.h>
#include <stdint.h>

struct enrich;
struct event;

struct enrich_config {
    const struct ip_net *home; /* home networks */
    size_t n_home;             /* 0: the private ranges */
    const char *const *geoip;  /* databases in MaxMind's format */
    size_t n_geoip;
    const char *loc_file;    /* libloc's database; NULL: where Debian puts it; "": none */
    const char *suffix_file; /* public suffix list; NULL: where Debian puts it */
    size_t cache_bytes;      /* for answers about addresses; 0: 2 MiB */
    struct hash_key seed;    /* of the cache */
};

struct enrich_counts {
    uint64_t events;
    uint64_t geo_lookups;
    uint64_t geo_cached;
};

/* ERR_IO, ERR_FORMAT, ERR_UNSUPPORTED for a named file, ERR_NOT_FOUND without a suffix list. */
enum err enrich_new(const struct enrich_config *config, struct enrich **out,
                    struct err_text *why) ERR_MUST_CHECK;
void enrich_free(struct enrich *x); /* NULL is fine */

void enrich_event(struct enrich *x, struct event *e);

struct enrich_counts enrich_counts(const struct enrich *x);

#endif
