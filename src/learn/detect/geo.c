/* SPDX-License-Identifier: Apache-2.0 */
/* lat_long: events at unusual places. docs/method/lat_long.md. */
#include "detect/engine_priv.h"

#include <math.h>
#include <string.h>

/* By how much the places of a cell may grow at once. */
#define PLACES_STEP ((size_t)STATS_PLACES_MAX * 16)

static struct bytes trim(struct bytes b)
{
    while (b.n > 0 && (b.p[0] == ' ' || b.p[0] == '\t'))
        b = bytes_make(b.p + 1, b.n - 1);
    while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t'))
        b.n--;
    return b;
}

static bool number(struct bytes text, double *out)
{
    struct detect_value v = {.text = trim(text), .numeric = -1};
    return detect_row_number(&v, out);
}

/* Two numbers with `between` between them. */
static bool pair(struct bytes text, char between, double *out_first, double *out_second)
{
    const uint8_t *at = text.n > 0 ? memchr(text.p, between, text.n) : NULL;
    if (at == NULL)
        return false;
    size_t n = (size_t)(at - text.p);
    return number(bytes_make(text.p, n), out_first) &&
           number(bytes_make(at + 1, text.n - n - 1), out_second);
}

/* "lat,lon" or "POINT (lon lat)". */
static bool read_text(struct bytes text, struct detect_place *out)
{
    static const char point[] = "POINT";
    text = trim(text);
    size_t n = sizeof(point) - 1;
    if (text.n <= n || memcmp(text.p, point, n) != 0)
        return pair(text, ',', &out->lat, &out->lon);
    text = trim(bytes_make(text.p + n, text.n - n));
    if (text.n < 2 || text.p[0] != '(' || text.p[text.n - 1] != ')')
        return false;
    return pair(trim(bytes_make(text.p + 1, text.n - 2)), ' ', &out->lon, &out->lat);
}

static bool on_earth(const struct detect_place *p)
{
    return fabs(p->lat) <= 90 && fabs(p->lon) <= 180;
}

static void keep(struct detect_places *list, bool good, const struct detect_place *p)
{
    if (good && on_earth(p) && list->n < DETECT_ROW_VALUES)
        list->at[list->n++] = *p;
    else
        list->bad++;
}

/* Numbers in a row are pairs of longitude and latitude, as in GeoJSON. */
static void keep_pairs(struct detect_places *list, struct detect_values *v, uint32_t from,
                       uint32_t n)
{
    for (uint32_t i = from; i < from + n; i += 2) {
        struct detect_place p = {0, 0};
        bool good = i + 1 < from + n && detect_row_number(&v->v[i], &p.lon) &&
                    detect_row_number(&v->v[i + 1], &p.lat);
        keep(list, good, &p);
    }
}

static void keep_field(struct detect_places *list, struct detect_values *v)
{
    uint32_t i = 0;
    while (i < v->n) {
        double x;
        uint32_t n = 0;
        while (i + n < v->n && detect_row_number(&v->v[i + n], &x))
            n++;
        keep_pairs(list, v, i, n);
        i += n;
        if (i < v->n) {
            struct detect_place p = {0, 0};
            bool good = read_text(v->v[i++].text, &p);
            keep(list, good, &p);
        }
    }
}

bool detect_geo_given(const struct detect *d, const struct detect_reads *r)
{
    for (size_t i = 0; i < DETECT_POINT_PARTS; i++) {
        if (d->row.values[r->point[i]].n > 0)
            return true;
    }
    return d->row.values[r->field].n > 0;
}

void detect_geo_read(struct detect *d, const struct detect_reads *r, struct detect_places *out)
{
    out->n = 0;
    out->bad = 0;
    keep_field(out, &d->row.values[r->field]);
    struct detect_values *lat = &d->row.values[r->point[DETECT_POINT_LAT]];
    struct detect_values *lon = &d->row.values[r->point[DETECT_POINT_LON]];
    uint32_t n = lat->n > lon->n ? lat->n : lon->n;
    for (uint32_t i = 0; i < n; i++) {
        struct detect_place p = {0, 0};
        bool good = i < lat->n && i < lon->n && detect_row_number(&lat->v[i], &p.lat) &&
                    detect_row_number(&lon->v[i], &p.lon);
        keep(out, good, &p);
    }
    struct detect_values *list = &d->row.values[r->point[DETECT_POINT_COORDINATES]];
    keep_pairs(out, list, 0, list->n);
}

bool detect_geo_feed(struct detect *d, struct detect_open *b, struct detect_cell *c,
                     const struct detect_places *places, uint64_t weight)
{
    if (c->detector < d->job->n_detectors)
        d->counts.missing_fields += places->bad;
    if (places->n == 0)
        return false;
    c->gather.count += weight;
    /* Places grow with what comes: at the limit further ones are missed, and counted. */
    if (detect_memory(d) + PLACES_STEP > d->job->memory_limit) {
        d->failures++;
        return true;
    }
    size_t before = detect_gather_memory(&c->gather, c->kind);
    for (size_t i = 0; i < places->n; i++) {
        if (!stats_places_add(&c->gather.places, places->at[i].lat, places->at[i].lon))
            b->failed = true;
    }
    b->sketch_bytes += detect_gather_memory(&c->gather, c->kind) - before;
    return true;
}

void detect_geo_carry(const struct detect *d, struct detect_open *b, const struct detect_cell *c,
                      const struct detect_reads *r, const struct detect_places *places, bool room)
{
    for (size_t i = 0; i < r->n_influencers; i++) {
        unsigned f = r->influencers[i];
        const struct detect_values *v = &d->row.values[d->plan.influencers[f]];
        for (uint32_t k = 0; k < v->n; k++) {
            if (v->v[k].id == 0)
                continue;
            uint64_t name = detect_names_hash(d->names, v->v[k].id);
            for (size_t p = 0; p < places->n; p++)
                (void)detect_bucket_pair(
                    b, c, f, name, stats_places_key(places->at[p].lat, places->at[p].lon), room);
        }
    }
}

bool detect_geo_came_with(const struct detect *d, const struct detect_open *b,
                          const struct detect_candidate *x, const struct detect_part *p)
{
    /* On a coarser grid the place is not known exactly: whoever brought events carries it. */
    if (x->cell->gather.places.level > 0)
        return true;
    return detect_bucket_paired(b, x->cell, p->field, detect_names_hash(d->names, p->name),
                                stats_places_key(x->place.lat, x->place.lon));
}

/* As people write places: to ten metres. */
static double rounded(double degrees)
{
    return round(degrees * 1e4) / 1e4;
}

bool detect_geo_judge(struct detect_cell *c, struct detect_candidate *x)
{
    void *e = c->entity;
    const struct stats_places *places = &c->gather.places;
    if (e == NULL)
        return false;
    const struct model_geo *geo = &((struct detect_geo *)e)->model;
    struct model_geo_judgement worst = {.log_p = 1};
    for (size_t i = 0; i < places->n; i++) {
        struct model_geo_place at;
        struct model_geo_judgement j;
        stats_places_at(places, i, &at.lat, &at.lon);
        model_geo_judge(geo, at, &j);
        if (j.log_p < worst.log_p) {
            worst = j;
            x->place = (struct detect_place){at.lat, at.lon};
        }
    }
    if (worst.log_p > 0)
        return false;
    x->has_place = true;
    x->high = true; /* what came from there is more than usual */
    x->usual_place = (struct detect_place){rounded(worst.typical.lat), rounded(worst.typical.lon)};
    x->log_p = worst.log_p;
    x->single_log_p = worst.log_p;
    x->multi_bucket = -5;
    return worst.judged;
}

void detect_geo_learn(const struct detect_cell *c, ts_ns start)
{
    void *e = c->entity;
    const struct stats_places *places = &c->gather.places;
    struct model_geo_place list[MODEL_GEO_PLACES];
    size_t n = places->n < MODEL_GEO_PLACES ? places->n : MODEL_GEO_PLACES;
    for (size_t i = 0; i < n; i++)
        stats_places_at(places, i, &list[i].lat, &list[i].lon);
    model_geo_learn(&((struct detect_geo *)e)->model, start, list, n);
}
