/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/geo.h"

#include "enrich/country.h"
#include "enrich/geo_priv.h"

#include "base/mem.h"

#include <string.h>

#define CACHE_BYTES ((size_t)2 << 20)
#define SLOTS_MIN 64

struct slot {
    struct ip ip;
    bool used;
    bool known; /* place holds something */
    struct enrich_place place;
};

struct enrich_geo {
    struct enrich_mmdb *mmdb;
    struct enrich_loc *loc;
    struct hash_key seed;
    struct slot *slots;
    size_t mask;
    struct enrich_geo_counts counts;
};

enum err enrich_geo_new(const struct enrich_geo_config *config, struct enrich_geo **out,
                        struct err_text *why)
{
    struct enrich_geo *g = mem_zero(1, sizeof *g);
    enum err e = ERR_MEMORY;
    if (g == NULL)
        goto fail;
    size_t bytes = config->cache_bytes > 0 ? config->cache_bytes : CACHE_BYTES;
    size_t slots = SLOTS_MIN;
    while (slots * 2 * sizeof *g->slots <= bytes)
        slots *= 2;
    g->seed = config->seed;
    g->mask = slots - 1;
    g->slots = mem_zero(slots, sizeof *g->slots);
    if (g->slots == NULL)
        goto fail;
    e = enrich_mmdb_new(config->files, config->n_files, &g->mmdb, why);
    if (e != ERR_NONE)
        goto fail;
    e = enrich_loc_new(config->loc_file, &g->loc, why);
    if (e != ERR_NONE)
        goto fail;
    *out = g;
    return ERR_NONE;
fail:
    if (e == ERR_MEMORY)
        err_set(why, e, "no memory for the geo databases");
    enrich_geo_free(g);
    return e;
}

void enrich_geo_free(struct enrich_geo *g)
{
    if (g == NULL)
        return;
    enrich_mmdb_free(g->mmdb);
    enrich_loc_free(g->loc);
    mem_free(g->slots);
    mem_free(g);
}

static struct enrich_text text(const char *s)
{
    return (struct enrich_text){s, s != NULL ? (uint32_t)strlen(s) : 0};
}

/* Names for codes, where a database has only those. */
static void name_codes(struct enrich_place *p)
{
    if (p->country_code.s == NULL)
        return;
    const struct enrich_country *c = enrich_country_find(p->country_code.s, p->country_code.n);
    if (c == NULL)
        return;
    if (p->country.s == NULL)
        p->country = text(c->name);
    if (p->continent_code.s == NULL)
        p->continent_code = text(c->continent);
    if (p->continent.s == NULL)
        p->continent = text(enrich_country_continent(c->continent));
}

static bool look_up(struct enrich_geo *g, const struct ip *a, struct enrich_place *out)
{
    *out = (struct enrich_place){0};
    bool places = enrich_mmdb_places(g->mmdb), networks = enrich_mmdb_networks(g->mmdb);
    if (places || networks)
        enrich_mmdb_find(g->mmdb, a, out);
    if (!places || !networks)
        enrich_loc_find(g->loc, a, !places, !networks, out);
    name_codes(out);
    return out->country_code.s != NULL || out->continent_code.s != NULL || out->asn != 0 ||
           out->has_location;
}

const struct enrich_place *enrich_geo_find(struct enrich_geo *g, const struct ip *a)
{
    if (ip_is_reserved(a))
        return NULL;
    struct slot *s = &g->slots[hash_bytes(g->seed, a->b, sizeof a->b) & g->mask];
    g->counts.lookups++;
    if (s->used && ip_equal(&s->ip, a)) {
        g->counts.cached++;
        return s->known ? &s->place : NULL;
    }
    s->used = true;
    s->ip = *a;
    s->known = look_up(g, a, &s->place);
    return s->known ? &s->place : NULL;
}

struct enrich_geo_counts enrich_geo_counts(const struct enrich_geo *g)
{
    return g->counts;
}
