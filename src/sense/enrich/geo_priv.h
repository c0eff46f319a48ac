#ifndef ENRICH_GEO_PRIV_H
#define ENRICH_GEO_PRIV_H

/*
 * The two kinds of database behind geo.h.
 *
 * Ownership: each is freed by its owner; texts they give live as long as they do.
 * Threads:   one owner each.
 */

#include "enrich/geo.h"

struct enrich_mmdb;

/* Files in MaxMind's format. No files: an empty set. */
enum err enrich_mmdb_new(const char *const *files, size_t n, struct enrich_mmdb **out,
                         struct err_text *why) ERR_MUST_CHECK;
void enrich_mmdb_free(struct enrich_mmdb *m);
bool enrich_mmdb_places(const struct enrich_mmdb *m);   /* some file tells places */
bool enrich_mmdb_networks(const struct enrich_mmdb *m); /* some file tells networks */
/* Fills in what is known and not there yet. */
void enrich_mmdb_find(const struct enrich_mmdb *m, const struct ip *a, struct enrich_place *place);

struct enrich_loc;

/* libloc's database. A default place without a file gives *out NULL and no error. */
enum err enrich_loc_new(const char *file, struct enrich_loc **out,
                        struct err_text *why) ERR_MUST_CHECK;
void enrich_loc_free(struct enrich_loc *l);
/* l NULL: finds nothing. */
void enrich_loc_find(struct enrich_loc *l, const struct ip *a, bool places, bool networks,
                     struct enrich_place *place);

#endif
