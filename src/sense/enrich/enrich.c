/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/enrich.h"

#include "base/mem.h"
#include "enrich/community.h"
#include "enrich/direction.h"
#include "enrich/domain.h"
#include "enrich/geo.h"
#include "event/event.h"

#include <stdio.h>
#include <string.h>

/* related.* are for searching: a list this long helps nobody. */
#define RELATED_MAX 64

struct enrich {
    struct ip_net *nets;
    struct enrich_home home;
    struct enrich_domain *domain;
    struct enrich_geo *geo;
    uint64_t events;
};

/* Fields of a host name's parts; EVENT_F_NONE: there is no such field. */
struct name_fields {
    event_field name;
    event_field registered;
    event_field suffix;
    event_field subdomain;
};

static const struct name_fields names[] = {
    {EVENT_F_DNS_QUESTION_NAME, EVENT_F_DNS_QUESTION_REGISTERED_DOMAIN,
     EVENT_F_DNS_QUESTION_TOP_LEVEL_DOMAIN, EVENT_F_DNS_QUESTION_SUBDOMAIN},
    {EVENT_F_URL_DOMAIN, EVENT_F_URL_REGISTERED_DOMAIN, EVENT_F_URL_TOP_LEVEL_DOMAIN,
     EVENT_F_URL_SUBDOMAIN},
    {EVENT_F_SOURCE_DOMAIN, EVENT_F_SOURCE_REGISTERED_DOMAIN, EVENT_F_SOURCE_TOP_LEVEL_DOMAIN,
     EVENT_F_SOURCE_SUBDOMAIN},
    {EVENT_F_DESTINATION_DOMAIN, EVENT_F_DESTINATION_REGISTERED_DOMAIN,
     EVENT_F_DESTINATION_TOP_LEVEL_DOMAIN, EVENT_F_NONE},
    {EVENT_F_CLIENT_DOMAIN, EVENT_F_CLIENT_REGISTERED_DOMAIN, EVENT_F_CLIENT_TOP_LEVEL_DOMAIN,
     EVENT_F_NONE},
    {EVENT_F_SERVER_DOMAIN, EVENT_F_SERVER_REGISTERED_DOMAIN, EVENT_F_SERVER_TOP_LEVEL_DOMAIN,
     EVENT_F_NONE},
};

/* Fields of a place. */
struct place_fields {
    event_field ip;
    event_field country_code;
    event_field country;
    event_field continent_code;
    event_field continent;
    event_field region_code;
    event_field region;
    event_field city;
    event_field postal_code;
    event_field timezone;
    event_field location;
    event_field asn;
    event_field as_name;
};

#define PLACE(side)                                                                                \
    {                                                                                              \
        EVENT_F_##side##_IP, EVENT_F_##side##_GEO_COUNTRY_ISO_CODE,                                \
            EVENT_F_##side##_GEO_COUNTRY_NAME, EVENT_F_##side##_GEO_CONTINENT_CODE,                \
            EVENT_F_##side##_GEO_CONTINENT_NAME, EVENT_F_##side##_GEO_REGION_ISO_CODE,             \
            EVENT_F_##side##_GEO_REGION_NAME, EVENT_F_##side##_GEO_CITY_NAME,                      \
            EVENT_F_##side##_GEO_POSTAL_CODE, EVENT_F_##side##_GEO_TIMEZONE,                       \
            EVENT_F_##side##_GEO_LOCATION, EVENT_F_##side##_AS_NUMBER,                             \
            EVENT_F_##side##_AS_ORGANIZATION_NAME                                                  \
    }

static const struct place_fields places[] = {PLACE(SOURCE), PLACE(DESTINATION)};

enum err enrich_new(const struct enrich_config *config, struct enrich **out, struct err_text *why)
{
    struct enrich *x = mem_zero(1, sizeof *x);
    struct enrich_geo_config geo = {.files = config->geoip,
                                    .n_files = config->n_geoip,
                                    .loc_file = config->loc_file,
                                    .cache_bytes = config->cache_bytes,
                                    .seed = config->seed};
    if (x == NULL)
        return err_set(why, ERR_MEMORY, "no memory to enrich events");
    enum err e = enrich_domain_new(config->suffix_file, config->seed, &x->domain, why);
    if (e == ERR_NONE)
        e = enrich_geo_new(&geo, &x->geo, why);
    if (e == ERR_NONE && config->n_home > 0) {
        x->nets = mem_zero(config->n_home, sizeof *x->nets);
        if (x->nets == NULL)
            e = err_set(why, ERR_MEMORY, "no memory to enrich events");
        else
            memcpy(x->nets, config->home, config->n_home * sizeof *x->nets);
    }
    if (e != ERR_NONE) {
        enrich_free(x);
        return e;
    }
    x->home = (struct enrich_home){x->nets, config->n_home};
    *out = x;
    return ERR_NONE;
}

void enrich_free(struct enrich *x)
{
    if (x == NULL)
        return;
    enrich_domain_free(x->domain);
    enrich_geo_free(x->geo);
    mem_free(x->nets);
    mem_free(x);
}

static const char *text_of(const struct event *e, event_field f)
{
    return event_str(e, f, "");
}

static int protocol_of(struct event *e)
{
    static const struct {
        const char *name;
        int number;
    } known[] = {{"tcp", 6},    {"udp", 17},    {"icmp", 1}, {"ipv6-icmp", 58}, {"icmp6", 58},
                 {"sctp", 132}, {"icmpv6", 58}, {"gre", 47}, {"esp", 50}};
    const char *transport = text_of(e, EVENT_F_NETWORK_TRANSPORT);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(transport, known[i].name) == 0)
            return known[i].number;
    }
    const char *number = text_of(e, EVENT_F_NETWORK_IANA_NUMBER);
    int v = 0;
    size_t n = 0;
    for (; number[n] >= '0' && number[n] <= '9' && n < 4; n++)
        v = v * 10 + (number[n] - '0');
    return n > 0 && number[n] == '\0' && v < 256 ? v : -1;
}

static bool port(struct event *e, event_field f, uint16_t *out)
{
    int64_t v = event_has(e, f) ? event_i64(e, f, -1) : -1;
    if (v < 0 || v > UINT16_MAX)
        return false;
    *out = (uint16_t)v;
    return true;
}

/* ICMP's type and code stand for ports; some logs write them as such. */
static bool icmp_ports(struct event *e, struct enrich_community *c)
{
    if (port(e, EVENT_F_ICMP_REQUEST_TYPE, &c->source_port)) {
        if (!port(e, EVENT_F_ICMP_REQUEST_CODE, &c->destination_port))
            c->destination_port = 0;
        return true;
    }
    if (port(e, EVENT_F_ICMP_RESPONSE_TYPE, &c->source_port)) {
        struct ip swap = c->source; /* an answer goes the other way */
        c->source = c->destination;
        c->destination = swap;
        if (!port(e, EVENT_F_ICMP_RESPONSE_CODE, &c->destination_port))
            c->destination_port = 0;
        return true;
    }
    return port(e, EVENT_F_SOURCE_PORT, &c->source_port) &&
           port(e, EVENT_F_DESTINATION_PORT, &c->destination_port);
}

static void add_community(struct event *e, const struct ip *source, const struct ip *destination)
{
    int protocol = protocol_of(e);
    if (protocol < 0 || event_has(e, EVENT_F_NETWORK_COMMUNITY_ID))
        return;
    /* IPv6's ICMP is called icmp too by some. */
    if (protocol == 1 && !ip_is_v4(source))
        protocol = 58;
    struct enrich_community c = {*source, *destination, (uint8_t)protocol, 0, 0};
    bool known = true;
    if (protocol == 1 || protocol == 58)
        known = icmp_ports(e, &c);
    else if (protocol == 6 || protocol == 17 || protocol == 132)
        known = port(e, EVENT_F_SOURCE_PORT, &c.source_port) &&
                port(e, EVENT_F_DESTINATION_PORT, &c.destination_port);
    char id[ENRICH_COMMUNITY_SIZE];
    size_t n = known ? enrich_community_id(&c, id) : 0;
    if (n > 0)
        event_set_str(e, EVENT_F_NETWORK_COMMUNITY_ID, id, n);
}

/* A log's own flag on whether an end is local: 1, 0, or -1 when it says nothing. */
static int local_flag(struct event *e, event_field f)
{
    const struct event_item *item = event_get(e, f);
    if (item == NULL || event_values(item)->type != EVENT_BOOL)
        return -1;
    return event_values(item)->b;
}

/* Which ends are at home, as an event's own word on its direction has it; false: it has none. */
static bool ends_of_direction(struct event *e, bool *out_from, bool *out_to)
{
    static const struct {
        const char *name;
        bool from, to;
    } words[] = {
        {"outbound", true, false}, {"egress", true, false},  {"inbound", false, true},
        {"ingress", false, true},  {"internal", true, true}, {"external", false, false},
    };
    if (!event_has(e, EVENT_F_NETWORK_DIRECTION))
        return false;
    const char *direction = text_of(e, EVENT_F_NETWORK_DIRECTION);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i].name, direction) == 0) {
            *out_from = words[i].from;
            *out_to = words[i].to;
            return true;
        }
    return false;
}

/* What leaves home, whoever began: docs/method/home_exfil.md. */
static void add_home(struct event *e, const struct ip *source, const struct ip *destination,
                     bool from_home, bool to_home)
{
    event_remove(e, EVENT_F_WEIR_HOME_IP);
    event_remove(e, EVENT_F_WEIR_HOME_BYTES_OUT);
    event_remove(e, EVENT_F_WEIR_PEER_IP);
    event_remove(e, EVENT_F_WEIR_PEER_BEGAN);
    if (from_home == to_home)
        return;
    event_set_ip(e, EVENT_F_WEIR_HOME_IP, from_home ? source : destination);
    event_set_ip(e, EVENT_F_WEIR_PEER_IP, from_home ? destination : source);
    event_set_bool(e, EVENT_F_WEIR_PEER_BEGAN, to_home);
    int64_t bytes = event_i64(e, from_home ? EVENT_F_SOURCE_BYTES : EVENT_F_DESTINATION_BYTES, -1);
    if (bytes >= 0)
        event_set_i64(e, EVENT_F_WEIR_HOME_BYTES_OUT, bytes);
}

/* A log's own flags come first, then its own word, then the home networks. */
static void add_direction(const struct enrich *x, struct event *e, const struct ip *source,
                          const struct ip *destination)
{
    int from = local_flag(e, EVENT_F_ZEEK_CONNECTION_LOCAL_ORIG);
    int to = local_flag(e, EVENT_F_ZEEK_CONNECTION_LOCAL_RESP);
    bool from_home, to_home;
    if (from >= 0 || to >= 0 || !ends_of_direction(e, &from_home, &to_home)) {
        from_home = from >= 0 ? from == 1 : enrich_direction_home(&x->home, source);
        to_home = to >= 0 ? to == 1 : enrich_direction_home(&x->home, destination);
    }
    add_home(e, source, destination, from_home, to_home);
    if (event_has(e, EVENT_F_NETWORK_DIRECTION))
        return;
    const char *name = enrich_direction_name(enrich_direction(from_home, to_home));
    event_set_str_view(e, EVENT_F_NETWORK_DIRECTION, name, strlen(name));
}

static void set_once(struct event *e, event_field f, const char *s, size_t n)
{
    if (f != EVENT_F_NONE && n > 0 && !event_has(e, f))
        event_set_str(e, f, s, n);
}

/* The name a client asked for in TLS is the server's, where nobody named it. */
static void name_server(struct event *e)
{
    const struct event_item *item = event_get(e, EVENT_F_TLS_CLIENT_SERVER_NAME);
    if (item == NULL || event_values(item)->type != EVENT_STR)
        return;
    const struct event_value *v = event_values(item);
    const char *s = v->s;
    size_t n = v->len;
    set_once(e, EVENT_F_DESTINATION_DOMAIN, s, n);
    set_once(e, EVENT_F_SERVER_DOMAIN, s, n);
}

static void add_domains(struct enrich *x, struct event *e)
{
    struct enrich_parts p;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct name_fields *f = &names[i];
        const struct event_item *item = event_get(e, f->name);
        if (item == NULL || event_values(item)->type != EVENT_STR || event_has(e, f->registered))
            continue;
        const struct event_value *v = event_values(item);
        if (!enrich_domain_split(x->domain, v->s, v->len, &p))
            continue;
        set_once(e, f->registered, p.registered, strlen(p.registered));
        set_once(e, f->suffix, p.suffix, strlen(p.suffix));
        set_once(e, f->subdomain, p.name, p.subdomain_len);
        if (f->name == EVENT_F_DNS_QUESTION_NAME)
            set_once(e, EVENT_F_DNS_QUESTION_ETLD_PLUS_ONE, p.registered, strlen(p.registered));
    }
}

static void set_text(struct event *e, event_field f, struct enrich_text t)
{
    if (t.s != NULL)
        event_set_str(e, f, t.s, t.n);
}

static void set_place(struct event *e, const struct place_fields *f, const struct enrich_place *p)
{
    char text[64];
    set_text(e, f->country_code, p->country_code);
    set_text(e, f->country, p->country);
    set_text(e, f->continent_code, p->continent_code);
    set_text(e, f->continent, p->continent);
    set_text(e, f->region, p->region);
    set_text(e, f->city, p->city);
    set_text(e, f->postal_code, p->postal_code);
    set_text(e, f->timezone, p->timezone);
    if (p->region_code.s != NULL && p->country_code.s != NULL) {
        int n = snprintf(text, sizeof text, "%.*s-%.*s", (int)p->country_code.n, p->country_code.s,
                         (int)p->region_code.n, p->region_code.s);
        if (n > 0 && (size_t)n < sizeof text)
            event_set_str(e, f->region_code, text, (size_t)n);
    }
    if (p->has_location) {
        int n = snprintf(text, sizeof text, "%.4f,%.4f", p->latitude, p->longitude);
        event_set_str(e, f->location, text, (size_t)n);
    }
}

static void add_places(struct enrich *x, struct event *e)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const struct place_fields *f = &places[i];
        const struct ip *a = event_has(e, f->ip) ? event_ip(e, f->ip) : NULL;
        if (a == NULL)
            continue;
        bool placed = event_has(e, f->country_code) || event_has(e, f->country) ||
                      event_has(e, f->location) || event_has(e, f->continent) ||
                      event_has(e, f->city);
        bool owned = event_has(e, f->asn) || event_has(e, f->as_name);
        if (placed && owned)
            continue;
        const struct enrich_place *p = enrich_geo_find(x->geo, a);
        if (p == NULL)
            continue;
        if (!placed)
            set_place(e, f, p);
        if (!owned && p->asn != 0) {
            event_set_i64(e, f->asn, p->asn);
            set_text(e, f->as_name, p->as_name);
        }
    }
}

static void relate_ips(struct event *e, event_field from)
{
    const struct event_item *item = event_get(e, from);
    uint32_t n = item != NULL ? item->n : 0;
    for (uint32_t i = 0; i < n; i++) {
        /* adding may move the items, so they are found anew */
        item = event_get(e, from);
        const struct event_value *v = &event_values(item)[i];
        const struct event_item *list = event_get(e, EVENT_F_RELATED_IP);
        bool there = v->type != EVENT_IP || (list != NULL && list->n >= RELATED_MAX);
        for (uint32_t k = 0; list != NULL && k < list->n && !there; k++) {
            const struct event_value *o = &event_values(list)[k];
            there = o->type == EVENT_IP && ip_equal(o->ip, v->ip);
        }
        if (!there)
            event_add_ip(e, EVENT_F_RELATED_IP, v->ip);
    }
}

static void relate_host(struct event *e, event_field from)
{
    const struct event_item *item = event_get(e, from);
    if (item == NULL || event_values(item)->type != EVENT_STR || event_values(item)->len == 0)
        return;
    const char *s = event_values(item)->s;
    size_t n = event_values(item)->len;
    const struct event_item *list = event_get(e, EVENT_F_RELATED_HOSTS);
    bool there = list != NULL && list->n >= RELATED_MAX;
    for (uint32_t k = 0; list != NULL && k < list->n && !there; k++) {
        const struct event_value *o = &event_values(list)[k];
        there = o->type == EVENT_STR && o->len == n && memcmp(o->s, s, n) == 0;
    }
    if (!there)
        event_add_str(e, EVENT_F_RELATED_HOSTS, s, n);
}

static void add_related(struct event *e)
{
    static const event_field ips[] = {
        EVENT_F_SOURCE_IP,       EVENT_F_DESTINATION_IP, EVENT_F_CLIENT_IP,
        EVENT_F_SERVER_IP,       EVENT_F_SOURCE_NAT_IP,  EVENT_F_DESTINATION_NAT_IP,
        EVENT_F_DNS_RESOLVED_IP,
    };
    static const event_field hosts[] = {
        EVENT_F_DNS_QUESTION_NAME, EVENT_F_URL_DOMAIN,    EVENT_F_DESTINATION_DOMAIN,
        EVENT_F_SOURCE_DOMAIN,     EVENT_F_SERVER_DOMAIN, EVENT_F_TLS_CLIENT_SERVER_NAME,
    };
    for (size_t i = 0; i < sizeof ips / sizeof *ips; i++)
        relate_ips(e, ips[i]);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        relate_host(e, hosts[i]);
}

void enrich_event(struct enrich *x, struct event *e)
{
    x->events++;
    if (event_has(e, EVENT_F_SOURCE_IP) && event_has(e, EVENT_F_DESTINATION_IP)) {
        const struct ip *source = event_ip(e, EVENT_F_SOURCE_IP);
        const struct ip *destination = event_ip(e, EVENT_F_DESTINATION_IP);
        if (source != NULL && destination != NULL) {
            /* copies: adding fields may move what the event holds */
            struct ip from = *source, to = *destination;
            add_community(e, &from, &to);
            add_direction(x, e, &from, &to);
        }
    }
    name_server(e);
    add_domains(x, e);
    add_places(x, e);
    add_related(e);
}

struct enrich_counts enrich_counts(const struct enrich *x)
{
    struct enrich_geo_counts g = enrich_geo_counts(x->geo);
    return (struct enrich_counts){x->events, g.lookups, g.cached};
}
