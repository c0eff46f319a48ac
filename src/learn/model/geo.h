#ifndef MODEL_GEO_H
#define MODEL_GEO_H

/*
 * Where on the earth something happens.
 *
 * A bounded number of clusters on the sphere, learned online, and a law of the distances at which
 * new ones are founded. A place is unusual when few buckets of the past would hold one that is met
 * as seldom. Method: docs/method/lat_long.md.
 *
 * Use, once a bucket (of each member of a population): model_geo_judge() for each of its places,
 * then model_geo_learn() for all of them.
 *
 * Ownership: a value of the caller; no memory behind it.
 * Threads:   one owner; judging only reads.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_GEO_CLUSTERS 32
#define MODEL_GEO_BINS 8
#define MODEL_GEO_PLACES 512 /* of one bucket */

/* Degrees: -90 … 90 and -180 … 180. */
struct model_geo_place {
    double lat;
    double lon;
};

struct model_geo_cluster {
    float middle[3]; /* on the unit sphere */
    float weight;    /* faded buckets in which it was visited */
    float scatter;   /* faded sum of 1 - cos of the angles to the middle */
};

struct model_geo {
    ts_ns bucket_span;
    ts_ns last;     /* bucket to which weights are faded; TIME_NONE before the first */
    double buckets; /* faded; each member of a population brings one */
    uint32_t seen;  /* buckets learned */
    uint8_t n;
    float founded[MODEL_GEO_BINS]; /* clusters, by the distance to the nearest other */
    struct model_geo_cluster clusters[MODEL_GEO_CLUSTERS];
};

struct model_geo_judgement {
    double log_p; /* ln probability; 0 when nothing can be said */
    bool judged;
    struct model_geo_place typical; /* the middle of the nearest usual cluster */
};

void model_geo_init(struct model_geo *g, ts_ns bucket_span);

void model_geo_judge(const struct model_geo *g, struct model_geo_place at,
                     struct model_geo_judgement *out);
/* n places of one bucket, at most MODEL_GEO_PLACES; bucket: its start. */
void model_geo_learn(struct model_geo *g, ts_ns bucket, const struct model_geo_place *places,
                     size_t n);

/* Along a great circle. */
double model_geo_km(struct model_geo_place a, struct model_geo_place b);

void model_geo_save(const struct model_geo *g, struct buf *out);
/* ERR_FORMAT for bytes that model_geo_save() did not write, ERR_VERSION for a newer form. */
ERR_MUST_CHECK enum err model_geo_load(struct cursor *in, ts_ns bucket_span, struct model_geo *out);

#endif
