/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/geo_priv.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "enrich/country.h"

#include <errno.h>
#include <libloc/database.h>
#include <libloc/libloc.h>
#include <stdio.h>
#include <string.h>

/* Names of networks that are kept; a database has some 80,000. */
#define NAMES_MAX 200000

struct enrich_loc {
    struct loc_ctx *ctx;
    struct loc_database *db;
    struct map *names; /* AS number to a NUL-terminated name in the arena */
    struct arena arena;
};

static enum err open_file(struct enrich_loc *l, const char *path, struct err_text *why)
{
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        enum err e = err_from_errno(errno);
        return err_set_at(why, e, path, 0, "cannot open the location database: %s", err_name(e));
    }
    int status = loc_database_new(l->ctx, &l->db, f);
    fclose(f);
    if (status != 0)
        return err_set_at(why, ERR_FORMAT, path, 0, "expected a database of libloc");
    return ERR_NONE;
}

enum err enrich_loc_new(const char *file, struct enrich_loc **out, struct err_text *why)
{
    static const char *const places[] = {"/var/lib/location/database.db",
                                         "/usr/share/libloc-location/location.db"};
    if (file != NULL && *file == '\0') {
        *out = NULL;
        return ERR_NONE;
    }
    struct enrich_loc *l = mem_zero(1, sizeof *l);
    enum err e = ERR_MEMORY;
    if (l == NULL)
        return err_set(why, e, "no memory for the location database");
    arena_init(&l->arena, 0);
    l->names = map_new((struct hash_key){1, 2}); /* keys are the database's, not the traffic's */
    if (l->names == NULL || loc_new(&l->ctx) != 0) {
        enrich_loc_free(l);
        return err_set(why, e, "no memory for the location database");
    }
    loc_set_log_priority(l->ctx, 0);
    e = ERR_NOT_FOUND;
    if (file != NULL)
        e = open_file(l, file, why);
    for (size_t i = 0; file == NULL && e == ERR_NOT_FOUND && i < sizeof places / sizeof *places;
         i++)
        e = open_file(l, places[i], why);
    if (e != ERR_NONE) {
        enrich_loc_free(l);
        l = NULL;
    }
    if (e != ERR_NONE && (file != NULL || e != ERR_NOT_FOUND))
        return e;
    *out = l;
    return ERR_NONE;
}

void enrich_loc_free(struct enrich_loc *l)
{
    if (l == NULL)
        return;
    if (l->db != NULL)
        loc_database_unref(l->db);
    if (l->ctx != NULL)
        loc_unref(l->ctx);
    map_free(l->names);
    arena_release(&l->arena);
    mem_free(l);
}

/* The name of a network, kept from the first time it is asked for. */
static struct enrich_text name_of(struct enrich_loc *l, uint32_t asn)
{
    struct enrich_text none = {0};
    struct loc_as *as = NULL;
    uint64_t *known = map_get(l->names, &asn, sizeof asn);
    const char *name = NULL;
    if (known != NULL) {
        name = (const char *)(uintptr_t)*known;
    } else if (map_count(l->names) < NAMES_MAX) {
        if (loc_database_get_as(l->db, &as, asn) == 0) {
            const char *s = loc_as_get_name(as);
            if (s != NULL && *s != '\0' && utf8_valid(s, strlen(s)))
                name = arena_strndup(&l->arena, s, strlen(s));
            loc_as_unref(as);
        }
        uint64_t *slot = map_put(l->names, &asn, sizeof asn, NULL);
        if (slot != NULL)
            *slot = (uint64_t)(uintptr_t)name;
    }
    return name != NULL ? (struct enrich_text){name, (uint32_t)strlen(name)} : none;
}

void enrich_loc_find(struct enrich_loc *l, const struct ip *a, bool places, bool networks,
                     struct enrich_place *place)
{
    struct loc_network *net = NULL;
    struct in6_addr address;
    memcpy(&address, a->b, sizeof address);
    if (l == NULL || loc_database_lookup(l->db, &address, &net) != 0)
        return;
    const char *code = loc_network_get_country_code(net);
    const struct enrich_country *c = NULL;
    if (places && code != NULL)
        c = enrich_country_find(code, strlen(code));
    if (c != NULL)
        place->country_code = (struct enrich_text){c->code, 2};
    if (networks) {
        place->asn = loc_network_get_asn(net);
        if (place->asn != 0)
            place->as_name = name_of(l, place->asn);
    }
    loc_network_unref(net);
}
