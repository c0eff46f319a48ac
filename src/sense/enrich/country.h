#ifndef ENRICH_COUNTRY_H
#define ENRICH_COUNTRY_H

/*
 * Names of countries and continents, for databases that know codes only.
 *
 * The codes are ISO 3166-1's; the names are the usual English ones.
 *
 * Ownership: constant.
 * Threads:   any.
 */

#include <stddef.h>

struct enrich_country {
    char code[3];
    char continent[3]; /* AF AN AS EU NA OC SA */
    const char *name;
};

/* NULL when there is no country of that code, which is in capitals. */
const struct enrich_country *enrich_country_find(const char *code, size_t n);

/* "Europe"; NULL when there is no continent of that code. */
const char *enrich_country_continent(const char *code);

#endif
