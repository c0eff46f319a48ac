/* SPDX-License-Identifier: Apache-2.0 */
#include "model/geo.h"

#include "base/assert.h"
#include "model/number.h"

#include <math.h>
#include <string.h>

#define VERSION 1
#define EARTH_KM 6371.0
#define BUCKETS_MIN 20 /* as rare values are not judged before */
#define TALLY_AFTER 5  /* buckets in which everything is new say nothing */
#define DOUBT 0.5
/* From a rate to a probability: docs/method/rare.md. A rate that was met before is no guess. */
#define STEEPNESS_NEW 0.5
#define FORGOTTEN 0.05
#define USUAL 0.1 /* of the most visited cluster's weight */

/* 1 - cos of the angle of one standard deviation. */
#define SPREAD_OF(km) ((km) / EARTH_KM * ((km) / EARTH_KM))
#define SPREAD_MIN SPREAD_OF(50.0)
#define SPREAD_REACH_MAX SPREAD_OF(300.0)
#define SPREAD_MAX 1.0
/* A place belongs to a cluster within three standard deviations: kappa (1 - cos) up to 9 / 2. */
#define REACH 4.5

/* The law of human travel (Brockmann, Hufnagel, Geisel 2006): P(farther than d). */
#define TRAVEL_KM 100.0
#define TRAVEL_EXPONENT 0.6
#define BIN_KM 200.0

struct vector {
    double x[3];
};

void model_geo_init(struct model_geo *g, ts_ns bucket_span)
{
    ASSERT(bucket_span > 0);
    memset(g, 0, sizeof(*g));
    g->bucket_span = bucket_span;
    g->last = TIME_NONE;
}

static struct vector vector_of(struct model_geo_place p)
{
    double lat = p.lat * M_PI / 180;
    double lon = p.lon * M_PI / 180;
    return (struct vector){{cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)}};
}

static struct model_geo_place place_of(const struct model_geo_cluster *c)
{
    double x = (double)c->middle[0];
    double y = (double)c->middle[1];
    return (struct model_geo_place){atan2((double)c->middle[2], hypot(x, y)) * 180 / M_PI,
                                    atan2(y, x) * 180 / M_PI};
}

static struct vector middle_of(const struct model_geo_cluster *c)
{
    return (struct vector){{(double)c->middle[0], (double)c->middle[1], (double)c->middle[2]}};
}

/* 1 - cos of the angle between two places, by the chord, which keeps its digits where the angle is
 * small. */
static double apart(const struct vector *a, const struct vector *b)
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += (a->x[i] - b->x[i]) * (a->x[i] - b->x[i]);
    return model_min(sum / 2, 2);
}

static double km_of(double apart)
{
    return EARTH_KM * 2 * asin(model_min(sqrt(apart / 2), 1));
}

double model_geo_km(struct model_geo_place a, struct model_geo_place b)
{
    struct vector u = vector_of(a);
    struct vector v = vector_of(b);
    return km_of(apart(&u, &v));
}

static double spread_of(const struct model_geo_cluster *c)
{
    double s = c->weight > 0 ? (double)c->scatter / (double)c->weight : 0;
    return model_min(model_max(s, SPREAD_MIN), SPREAD_MAX);
}

/* ---- judging ---- */

/* Of a von Mises-Fisher law: its density in the middle but for 1 / 2 pi, and what of it lies
 * beyond the other side of the sphere. */
struct law {
    double kappa;
    double peak; /* times the weight */
    double rest; /* e^(-2 kappa) */
};

static struct law law_of(const struct model_geo_cluster *c)
{
    double kappa = 1 / spread_of(c);
    double rest = exp(-2 * kappa);
    return (struct law){kappa, (double)c->weight * kappa / (1 - rest), rest};
}

/* How many buckets of the past would be expected to hold a place of a known cluster that is met no
 * more often than places about x. */
static double expected_known(const struct model_geo *g, const struct vector *x)
{
    struct law laws[MODEL_GEO_CLUSTERS];
    double density = 0;
    for (size_t i = 0; i < g->n; i++) {
        struct vector m = middle_of(&g->clusters[i]);
        laws[i] = law_of(&g->clusters[i]);
        density += laws[i].peak * exp(-laws[i].kappa * apart(&m, x));
    }
    double sum = 0;
    for (size_t i = 0; i < g->n; i++) {
        double r = model_min(density / laws[i].peak, 1);
        double share = model_max(r - laws[i].rest, 0) / (1 - laws[i].rest);
        sum += (double)g->clusters[i].weight * share;
    }
    return sum;
}

/* The bin of a distance, and where in it, counted in bins. */
static double bin_of(double km)
{
    double at = km < BIN_KM ? km / BIN_KM : 1 + log2(km / BIN_KM);
    return model_min(at, MODEL_GEO_BINS - 1e-9);
}

static double from_km(size_t bin)
{
    return bin == 0 ? 0 : BIN_KM * exp2((double)bin - 1);
}

/* P(farther than so far), by the law of human travel. */
static double farther(double km)
{
    return pow(1 + km / TRAVEL_KM, -TRAVEL_EXPONENT);
}

/*
 * How many places so far from all that is known there were. Of k that were far the next one is the
 * farthest of all with a chance of 1 / (k + 1), however far the others were (Renyi 1962); beyond
 * them it goes on as travel does.
 */
static double expected_new(const struct model_geo *g, double km)
{
    double at = bin_of(km);
    size_t bin = (size_t)at;
    size_t farthest = 0;
    double sum = (double)g->founded[bin] * (1 - (at - (double)bin));
    double far = 0;
    for (size_t i = 1; i < MODEL_GEO_BINS; i++) {
        sum += i > bin ? (double)g->founded[i] : 0;
        far += (double)g->founded[i];
        farthest = (double)g->founded[i] > FORGOTTEN ? i : farthest;
    }
    double beyond = farther(model_max(km, from_km(farthest))) / farther(from_km(farthest));
    return model_max(sum, farthest > 0 ? far / (far + 1) * beyond : 0);
}

/* Index of the nearest cluster of at least so much weight; n when there is none. */
static size_t nearest(const struct model_geo *g, const struct vector *x, double weight,
                      double *out_apart)
{
    size_t best = g->n;
    for (size_t i = 0; i < g->n; i++) {
        struct vector m = middle_of(&g->clusters[i]);
        double a = apart(&m, x);
        if ((double)g->clusters[i].weight >= weight && (best == g->n || a < *out_apart)) {
            best = i;
            *out_apart = a;
        }
    }
    return best;
}

void model_geo_judge(const struct model_geo *g, struct model_geo_place at,
                     struct model_geo_judgement *out)
{
    *out = (struct model_geo_judgement){.typical = at};
    if (g->n == 0)
        return;
    struct vector x = vector_of(at);
    double most = 0;
    for (size_t i = 0; i < g->n; i++)
        most = model_max(most, (double)g->clusters[i].weight);
    double a = 0;
    out->typical = place_of(&g->clusters[nearest(g, &x, USUAL * most, &a)]);
    if (g->seen < BUCKETS_MIN || g->buckets < BUCKETS_MIN)
        return;
    (void)nearest(g, &x, 0, &a);
    double km = km_of(a);
    double met = expected_known(g, &x) + expected_new(g, km);
    double never = DOUBT * farther(km);
    double rate = model_min((met + never) / (g->buckets + 1), 1);
    out->judged = true;
    out->log_p = (1 + STEEPNESS_NEW / (1 + met)) * log(rate);
}

/* ---- learning ---- */

static void fade(struct model_geo *g, ts_ns bucket)
{
    if (g->last != TIME_NONE && bucket > g->last) {
        double tau =
            model_min(model_max(28.0 * (double)TIME_DAY / (double)g->bucket_span, 100), 3000);
        double keep = exp(-((double)bucket - (double)g->last) / (double)g->bucket_span / tau);
        uint8_t n = 0;
        for (size_t i = 0; i < g->n; i++) {
            struct model_geo_cluster c = g->clusters[i];
            c.weight *= (float)keep;
            c.scatter *= (float)keep;
            if ((double)c.weight >= FORGOTTEN)
                g->clusters[n++] = c;
        }
        g->n = n;
        g->buckets *= keep;
        for (size_t i = 0; i < MODEL_GEO_BINS; i++)
            g->founded[i] *= (float)keep;
    }
    if (g->last == TIME_NONE || bucket > g->last) {
        g->last = bucket;
        g->seen += g->seen < UINT32_MAX;
    }
}

/* Moves the middle of c towards x by a share; where they lie opposite, it stays. */
static void move(struct model_geo_cluster *c, const struct vector *x, double share)
{
    double to[3];
    double size = 0;
    for (int i = 0; i < 3; i++) {
        to[i] = (double)c->middle[i] + share * (x->x[i] - (double)c->middle[i]);
        size += to[i] * to[i];
    }
    size = sqrt(size);
    if (size < 1e-3)
        return;
    for (int i = 0; i < 3; i++)
        c->middle[i] = (float)(to[i] / size);
}

/* a and b become a. */
static void unite(struct model_geo_cluster *a, const struct model_geo_cluster *b)
{
    struct vector x = middle_of(a);
    struct vector y = middle_of(b);
    double wa = (double)a->weight;
    double wb = (double)b->weight;
    double w = wa + wb;
    double between = w > 0 ? wa * wb / w * apart(&x, &y) : 0;
    move(a, &y, w > 0 ? wb / w : 0.5);
    a->weight = (float)w;
    a->scatter = (float)((double)a->scatter + (double)b->scatter + between);
}

/*
 * Makes one of the two clusters whose union adds least scatter (Ward 1963), the founded ones of
 * this bucket weighing the one visit that they will. Places of the last cluster are those of its
 * new index.
 */
static void make_room(struct model_geo *g, uint8_t *of, size_t n)
{
    size_t a = 0;
    size_t b = 1;
    double least = (double)INFINITY;
    for (size_t i = 0; i < g->n; i++) {
        for (size_t k = i + 1; k < g->n; k++) {
            struct vector x = middle_of(&g->clusters[i]);
            struct vector y = middle_of(&g->clusters[k]);
            double wi = (double)g->clusters[i].weight + 1;
            double wk = (double)g->clusters[k].weight + 1;
            double cost = wi * wk / (wi + wk) * apart(&x, &y);
            if (cost < least) {
                least = cost;
                a = i;
                b = k;
            }
        }
    }
    unite(&g->clusters[a], &g->clusters[b]);
    g->n--;
    g->clusters[b] = g->clusters[g->n];
    for (size_t i = 0; i < n; i++) {
        if (of[i] == b)
            of[i] = (uint8_t)a;
        else if (of[i] == g->n)
            of[i] = (uint8_t)b;
    }
}

/* The cluster that a place belongs to; n when to none. */
static size_t reached(const struct model_geo *g, const struct vector *x)
{
    size_t best = g->n;
    double least = REACH;
    for (size_t i = 0; i < g->n; i++) {
        struct vector m = middle_of(&g->clusters[i]);
        double t = apart(&m, x) / model_min(spread_of(&g->clusters[i]), SPREAD_REACH_MAX);
        if (t <= least) {
            least = t;
            best = i;
        }
    }
    return best;
}

/* A cluster without weight at a place. */
static size_t found(struct model_geo *g, const struct vector *x, uint8_t *of, size_t n)
{
    double a = 0;
    if (g->seen > TALLY_AFTER && nearest(g, x, 0, &a) < g->n)
        g->founded[(size_t)bin_of(km_of(a))] += 1.0F;
    if (g->n == MODEL_GEO_CLUSTERS)
        make_room(g, of, n);
    struct model_geo_cluster *c = &g->clusters[g->n];
    *c = (struct model_geo_cluster){.weight = 0};
    for (int i = 0; i < 3; i++)
        c->middle[i] = (float)x->x[i];
    return g->n++;
}

static void visit(struct model_geo_cluster *c, const struct vector *x, double weight)
{
    struct vector m = middle_of(c);
    double w = (double)c->weight;
    c->scatter += (float)(w * weight / (w + weight) * apart(&m, x));
    move(c, x, weight / (w + weight));
    c->weight = (float)(w + weight);
}

void model_geo_learn(struct model_geo *g, ts_ns bucket, const struct model_geo_place *places,
                     size_t n)
{
    uint8_t of[MODEL_GEO_PLACES];
    uint16_t visits[MODEL_GEO_CLUSTERS] = {0};
    if (n > MODEL_GEO_PLACES)
        n = MODEL_GEO_PLACES;
    if (n == 0)
        return;
    fade(g, bucket);
    for (size_t i = 0; i < n; i++) {
        struct vector x = vector_of(places[i]);
        size_t c = reached(g, &x);
        of[i] = (uint8_t)(c < g->n ? c : found(g, &x, of, i));
    }
    for (size_t i = 0; i < n; i++)
        visits[of[i]]++;
    for (size_t i = 0; i < n; i++) {
        struct vector x = vector_of(places[i]);
        visit(&g->clusters[of[i]], &x, 1.0 / visits[of[i]]);
    }
    g->buckets += 1;
}

/* ---- state ---- */

void model_geo_save(const struct model_geo *g, struct buf *out)
{
    buf_char(out, VERSION);
    buf_char(out, (char)g->n);
    buf_le32(out, g->seen);
    buf_le64(out, (uint64_t)g->last);
    buf_double(out, g->buckets);
    for (size_t i = 0; i < MODEL_GEO_BINS; i++)
        buf_double(out, (double)g->founded[i]);
    for (size_t i = 0; i < g->n; i++) {
        const struct model_geo_cluster *c = &g->clusters[i];
        for (int k = 0; k < 3; k++)
            buf_double(out, (double)c->middle[k]);
        buf_double(out, (double)c->weight);
        buf_double(out, (double)c->scatter);
    }
}

static bool load_cluster(struct cursor *in, struct model_geo_cluster *c)
{
    double size = 0;
    for (int k = 0; k < 3; k++) {
        double v = model_number_load(in, 2);
        c->middle[k] = (float)v;
        size += v * v;
    }
    c->weight = (float)model_number_load_positive(in, 1e9);
    c->scatter = (float)model_number_load_positive(in, 4e9);
    /* Within what rounding does; 1 - cos is at most 2. */
    return cursor_ok(in) && fabs(size - 1) < 1e-5 && (double)c->weight > 0.99 * FORGOTTEN &&
           (double)c->scatter <= 2.001 * (double)c->weight;
}

enum err model_geo_load(struct cursor *in, ts_ns bucket_span, struct model_geo *out)
{
    struct model_geo g;
    uint8_t version = cursor_u8(in);
    uint8_t n = cursor_u8(in);
    if (!cursor_ok(in) || n > MODEL_GEO_CLUSTERS)
        return ERR_FORMAT;
    if (version != VERSION)
        return version > VERSION ? ERR_VERSION : ERR_FORMAT;
    model_geo_init(&g, bucket_span);
    g.n = n;
    g.seen = cursor_le32(in);
    g.last = (ts_ns)cursor_le64(in);
    g.buckets = model_number_load_positive(in, 1e9);
    for (size_t i = 0; i < MODEL_GEO_BINS; i++)
        g.founded[i] = (float)model_number_load_positive(in, 1e9);
    if (!cursor_ok(in) || (g.seen == 0) != (g.last == TIME_NONE) || (g.seen == 0 && n > 0))
        return ERR_FORMAT;
    for (size_t i = 0; i < n; i++) {
        if (!load_cluster(in, &g.clusters[i]))
            return ERR_FORMAT;
    }
    *out = g;
    return ERR_NONE;
}
