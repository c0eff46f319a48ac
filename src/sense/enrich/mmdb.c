/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/geo_priv.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <errno.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct file {
    MMDB_s db;
    bool open;
    bool places;
    bool networks;
    bool flat; /* ipinfo: no nested maps */
};

struct enrich_mmdb {
    struct file *files;
    size_t n;
    bool places;
    bool networks;
};

/* What the file tells, by its name for itself. */
static void recognise(struct file *f)
{
    const char *type = f->db.metadata.database_type;
    bool both = strstr(type, "Enterprise") != NULL;
    f->flat = strncmp(type, "ipinfo", 6) == 0;
    f->places = both || f->flat || strstr(type, "City") != NULL || strstr(type, "Country") != NULL;
    f->networks = both || f->flat || strstr(type, "ASN") != NULL || strstr(type, "ISP") != NULL;
}

enum err enrich_mmdb_new(const char *const *files, size_t n, struct enrich_mmdb **out,
                         struct err_text *why)
{
    struct enrich_mmdb *m = mem_zero(1, sizeof *m);
    struct file *list = mem_zero(n > 0 ? n : 1, sizeof *list);
    if (m == NULL || list == NULL) {
        mem_free(m);
        mem_free(list);
        return err_set(why, ERR_MEMORY, "no memory for the geo databases");
    }
    m->files = list;
    for (size_t i = 0; i < n; i++) {
        struct file *f = &m->files[m->n];
        int status = MMDB_open(files[i], MMDB_MODE_MMAP, &f->db);
        if (status != MMDB_SUCCESS) {
            bool system = status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR;
            enrich_mmdb_free(m);
            return err_set_at(why, system ? ERR_IO : ERR_FORMAT, files[i], 0,
                              "expected a database in MaxMind's format: %s", MMDB_strerror(status));
        }
        m->n++;
        recognise(f);
        if (!f->places && !f->networks) {
            enum err e = err_set_at(why, ERR_UNSUPPORTED, files[i], 0,
                                    "expected a database of places or networks, found type %.100s",
                                    f->db.metadata.database_type);
            enrich_mmdb_free(m);
            return e;
        }
        m->places = m->places || f->places;
        m->networks = m->networks || f->networks;
    }
    *out = m;
    return ERR_NONE;
}

void enrich_mmdb_free(struct enrich_mmdb *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->n; i++)
        MMDB_close(&m->files[i].db);
    mem_free(m->files);
    mem_free(m);
}

bool enrich_mmdb_places(const struct enrich_mmdb *m)
{
    return m->places;
}

bool enrich_mmdb_networks(const struct enrich_mmdb *m)
{
    return m->networks;
}

static bool get(MMDB_entry_s *entry, const char *const *path, MMDB_entry_data_s *out)
{
    return MMDB_aget_value(entry, out, path) == MMDB_SUCCESS && out->has_data;
}

/* Sets what is not set yet. Texts are views into the mapped file. */
static void take_text(MMDB_entry_s *entry, const char *const *path, struct enrich_text *to)
{
    MMDB_entry_data_s d;
    if (to->s == NULL && get(entry, path, &d) && d.type == MMDB_DATA_TYPE_UTF8_STRING &&
        d.data_size > 0 && utf8_valid(d.utf8_string, d.data_size))
        *to = (struct enrich_text){d.utf8_string, d.data_size};
}

#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

static void find_location(MMDB_entry_s *entry, struct enrich_place *p)
{
    MMDB_entry_data_s lat, lon;
    if (p->has_location || !get(entry, PATH("location", "latitude"), &lat) ||
        !get(entry, PATH("location", "longitude"), &lon) || lat.type != MMDB_DATA_TYPE_DOUBLE ||
        lon.type != MMDB_DATA_TYPE_DOUBLE)
        return;
    if (!(lat.double_value >= -90 && lat.double_value <= 90 && lon.double_value >= -180 &&
          lon.double_value <= 180))
        return;
    p->latitude = lat.double_value;
    p->longitude = lon.double_value;
    p->has_location = true;
}

static void find_place(MMDB_entry_s *entry, struct enrich_place *p)
{
    take_text(entry, PATH("country", "iso_code"), &p->country_code);
    take_text(entry, PATH("country", "names", "en"), &p->country);
    take_text(entry, PATH("continent", "code"), &p->continent_code);
    take_text(entry, PATH("continent", "names", "en"), &p->continent);
    take_text(entry, PATH("subdivisions", "0", "iso_code"), &p->region_code);
    take_text(entry, PATH("subdivisions", "0", "names", "en"), &p->region);
    take_text(entry, PATH("city", "names", "en"), &p->city);
    take_text(entry, PATH("postal", "code"), &p->postal_code);
    take_text(entry, PATH("location", "time_zone"), &p->timezone);
    find_location(entry, p);
}

static void find_network(MMDB_entry_s *entry, struct enrich_place *p)
{
    MMDB_entry_data_s d;
    bool found = get(entry, PATH("autonomous_system_number"), &d) ||
                 get(entry, PATH("traits", "autonomous_system_number"), &d);
    if (p->asn == 0 && found && d.type == MMDB_DATA_TYPE_UINT32)
        p->asn = d.uint32;
    take_text(entry, PATH("autonomous_system_organization"), &p->as_name);
    take_text(entry, PATH("traits", "autonomous_system_organization"), &p->as_name);
}

/* ipinfo: {"country_code": "DE", "country": "Germany", "asn": "AS3320", "as_name": …} */
static void find_flat(MMDB_entry_s *entry, struct enrich_place *p)
{
    MMDB_entry_data_s d;
    struct enrich_text country = {0};
    take_text(entry, PATH("country_code"), &p->country_code);
    take_text(entry, PATH("country"), &country);
    if (p->country_code.s == NULL && country.n == 2)
        p->country_code = country;
    else if (p->country.s == NULL && country.n > 2)
        p->country = country;
    take_text(entry, PATH("continent_code"), &p->continent_code);
    take_text(entry, PATH("region"), &p->region);
    take_text(entry, PATH("city"), &p->city);
    take_text(entry, PATH("postal_code"), &p->postal_code);
    take_text(entry, PATH("timezone"), &p->timezone);
    take_text(entry, PATH("as_name"), &p->as_name);
    if (p->asn != 0 || !get(entry, PATH("asn"), &d) || d.type != MMDB_DATA_TYPE_UTF8_STRING ||
        d.data_size < 3 || memcmp(d.utf8_string, "AS", 2) != 0)
        return;
    uint64_t asn = 0;
    for (uint32_t i = 2; i < d.data_size && asn <= UINT32_MAX; i++) {
        if (d.utf8_string[i] < '0' || d.utf8_string[i] > '9')
            return;
        asn = asn * 10 + (uint64_t)(d.utf8_string[i] - '0');
    }
    p->asn = asn <= UINT32_MAX ? (uint32_t)asn : 0;
}

void enrich_mmdb_find(const struct enrich_mmdb *m, const struct ip *a, struct enrich_place *place)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    bool is_v4 = ip_is_v4(a);
    memcpy(&v4.sin_addr, a->b + 12, 4);
    memcpy(&v6.sin6_addr, a->b, 16);
    const void *address = is_v4 ? (const void *)&v4 : (const void *)&v6;
    for (size_t i = 0; i < m->n; i++) {
        const struct file *f = &m->files[i];
        int status;
        if (!is_v4 && f->db.metadata.ip_version == 4)
            continue;
        MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&f->db, address, &status);
        if (status != MMDB_SUCCESS || !found.found_entry)
            continue;
        if (f->flat)
            find_flat(&found.entry, place);
        if (f->places && !f->flat)
            find_place(&found.entry, place);
        if (f->networks && !f->flat)
            find_network(&found.entry, place);
    }
}
