#ifndef FEED_ENRICHER_H
#define FEED_ENRICHER_H

/*
 * An enricher from what people write: home networks as text, databases by name.
 *
 * Ownership: enrich_free() ends what is made.
 * Threads:   any.
 */

#include "base/err.h"

#include <stddef.h>

struct enrich;

/* ERR_INVALID when a home network is none; else as enrich_new(). enrich_free() ends it. */
enum err feed_enricher_new(const char *const *home, size_t home_n, const char *const *geoip,
                           size_t geoip_n, struct enrich **out,
                           struct err_text *why) ERR_MUST_CHECK;

#endif
