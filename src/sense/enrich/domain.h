#ifndef ENRICH_DOMAIN_H
#define ENRICH_DOMAIN_H

/*
 * A host name taken apart at its public suffix: www.example.co.uk is www, example.co.uk, co.uk.
 *
 * Method: the Public Suffix List (publicsuffix.org) by libpsl; a suffix that the list does not know
 * is one label long. "The last two labels" would make tunnels of co.uk.
 *
 * Answers are kept for names that come again: a direct-mapped cache of fixed size (400 KB), since a
 * search in the list costs more than a microsecond.
 *
 * Ownership: enrich_domain_free(); parts are views into the name's small-letter copy in `name`.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>

struct enrich_domain;

#define ENRICH_DOMAIN_MAX 1020 /* 255 bytes of a name, each written as \\DDD */

struct enrich_parts {
    char name[ENRICH_DOMAIN_MAX + 1]; /* small letters, without a final dot */
    const char *registered;           /* example.co.uk; NUL-terminated */
    const char *suffix;               /* co.uk; NUL-terminated */
    size_t subdomain_len;             /* of www in name; 0: none */
};

/* file NULL: the system's list, else the one libpsl was built with. ERR_IO, ERR_NOT_FOUND. */
enum err enrich_domain_new(const char *file, struct hash_key seed, struct enrich_domain **out,
                           struct err_text *why) ERR_MUST_CHECK;
void enrich_domain_free(struct enrich_domain *d); /* NULL is fine */

/*
 * False when the name has no registered domain: an address, a suffix itself, a single label, or no
 * name at all.
 */
bool enrich_domain_split(struct enrich_domain *d, const char *name, size_t n,
                         struct enrich_parts *out);

#endif
