#ifndef ENRICH_GEO_H
#define ENRICH_GEO_H

/*
 * Where an address is and whose network it belongs to.
 *
 * Databases in MaxMind's format are taken as they come: their metadata says whether they tell
 * places (City, Country, Enterprise), networks (ASN, ISP, Enterprise) or both (ipinfo). What none
 * of them tells comes from libloc's database, which Debian ships: countries and networks only.
 *
 * Answers are kept in a cache of fixed size, direct-mapped by a seeded hash of the address: a
 * lookup in libloc costs 10 µs, one here 50 ns.
 *
 * Ownership: enrich_geo_free(). A place is a view that dies at the next enrich_geo_find().
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/hash.h"
#include "base/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct enrich_geo;

struct enrich_text {
    const char *s; /* valid UTF-8, not NUL-terminated; NULL: not known */
    uint32_t n;
};

struct enrich_place {
    struct enrich_text country_code; /* ISO 3166-1 */
    struct enrich_text country;
    struct enrich_text continent_code;
    struct enrich_text continent;
    struct enrich_text region_code; /* ISO 3166-2 without the country */
    struct enrich_text region;
    struct enrich_text city;
    struct enrich_text postal_code;
    struct enrich_text timezone;
    struct enrich_text as_name;
    double latitude;
    double longitude;
    uint32_t asn; /* 0: not known */
    bool has_location;
};

struct enrich_geo_config {
    const char *const *files; /* in MaxMind's format; the first that knows something wins */
    size_t n_files;
    const char *loc_file; /* libloc's; NULL: where Debian puts it; "": none */
    size_t cache_bytes;   /* 0: 2 MiB */
    struct hash_key seed;
};

struct enrich_geo_counts {
    uint64_t lookups;
    uint64_t cached;
};

/*
 * Fails when a named file cannot be read (ERR_IO, ERR_FORMAT) or tells neither places nor networks
 * (ERR_UNSUPPORTED). No database at all is no failure: nothing is found then.
 */
enum err enrich_geo_new(const struct enrich_geo_config *config, struct enrich_geo **out,
                        struct err_text *why) ERR_MUST_CHECK;
void enrich_geo_free(struct enrich_geo *g); /* NULL is fine */

/* NULL when nothing is known; reserved and private addresses are not looked up. */
const struct enrich_place *enrich_geo_find(struct enrich_geo *g, const struct ip *a);

struct enrich_geo_counts enrich_geo_counts(const struct enrich_geo *g);

#endif
