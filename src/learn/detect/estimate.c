/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/estimate.h"

#include "base/mem.h"
#include "detect/engine_priv.h"

#include <math.h>
#include <string.h>

/* A value's text, when nothing is known of it. */
#define TEXT_BYTES 32
/* Different values or strings in one cell, when nothing is known of them. */
#define CELL_VALUES 64
/* Members that a rare value has, and by values that a member has in one bucket. */
#define VALUE_MEMBERS 16
#define MEMBER_VALUES 8
/* A datafeed's delay when it names none. */
#define QUERY_DELAY (60 * TIME_S)
#define MEGABYTE (1024.0 * 1024.0)
/* Beyond this nobody has the memory, and sums stay exact. */
#define MOST 1e15
/* Categories of messages, and what one of them takes with four examples. */
#define CATEGORIES 500
#define CATEGORY_BYTES 2048.0

/* What is asked, and what one of each thing takes. */
struct sizes {
    const struct detect_job *job;
    const struct detect_cardinality *list;
    size_t n;
    struct detect_table *table;
    double name;
    double series; /* grown as far as it may */
    double bytes;
};

static const struct detect_cardinality *find(const struct sizes *s, const char *field)
{
    /* Nobody counts categories before there are any. */
    static const struct detect_cardinality categories = {DETECT_CATEGORY_FIELD, CATEGORIES,
                                                         CATEGORIES};
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->list[i].field, field) == 0)
            return &s->list[i];
    }
    bool made = s->job->category_field != NULL && strcmp(field, DETECT_CATEGORY_FIELD) == 0;
    return made ? &categories : NULL;
}

/* Values of a field that splits; 1 when there is none. */
static enum err overall(const struct sizes *s, const char *field, double *out, struct err_text *why)
{
    const struct detect_cardinality *c = field != NULL ? find(s, field) : NULL;
    *out = 1;
    if (field == NULL)
        return ERR_NONE;
    if (c == NULL || c->overall == 0)
        return err_set(why, ERR_INVALID,
                       "how many values '%s' has is not known: expected it in overall_cardinality "
                       "(--cardinality %s=N)",
                       field, field);
    *out = (double)c->overall;
    return ERR_NONE;
}

/* Of as many things as may be, those that one bucket has. */
static double in_bucket(const struct sizes *s, const char *field, double all)
{
    const struct detect_cardinality *c = field != NULL ? find(s, field) : NULL;
    return c != NULL && c->bucket > 0 && (double)c->bucket < all ? (double)c->bucket : all;
}

/* A set of so many hashes: exact, or registers. */
static double set_bytes(double n)
{
    if (n <= 2)
        return 0;
    if (n > STATS_DISTINCT_EXACT)
        return DETECT_SKETCH_STEP;
    return 8 * exp2(ceil(log2(n * 4 / 3)) + 1);
}

/* Sketches beside a cell; what is in it may be known by its field. */
static double sketch_bytes(const struct sizes *s, const struct detect_detector *det)
{
    const struct detect_cardinality *c = det->field != NULL ? find(s, det->field) : NULL;
    double n = CELL_VALUES;
    if (c != NULL && c->bucket > 0)
        n = (double)c->bucket;
    else if (c != NULL && c->overall > 0 && (double)c->overall < n)
        n = (double)c->overall;
    switch ((enum detect_kind)det->function->kind) {
    case DETECT_DISTINCT_COUNT:
        return set_bytes(n);
    case DETECT_MEDIAN:
        return n * 32 < DETECT_SKETCH_STEP ? n * 32 : DETECT_SKETCH_STEP;
    case DETECT_INFO_CONTENT:
        return set_bytes(n) + n * TEXT_BYTES;
    default:
        return 0;
    }
}

/* Cells of one open bucket, and what came with the values of influencers. */
static void add_cells(struct sizes *s, const struct detect_detector *det, double cells)
{
    enum detect_kind kind = (enum detect_kind)det->function->kind;
    double each = (double)(offsetof(struct detect_cell, gather) + detect_gather_size(kind)) +
                  DETECT_AROUND_CELL + sketch_bytes(s, det);
    double parts = 0;
    for (size_t i = 0; i < s->job->n_influencers; i++) {
        const char *field = s->job->influencers[i];
        double values = in_bucket(s, field, MOST);
        bool own = (det->by != NULL && strcmp(det->by, field) == 0) ||
                   (det->over != NULL && strcmp(det->over, field) == 0) ||
                   (det->partition != NULL && strcmp(det->partition, field) == 0);
        parts += own || values < cells ? cells : values;
    }
    double lag = (double)s->job->latency_ns + (double)QUERY_DELAY;
    double open = 1 + lag / (double)s->job->bucket_span_ns;
    s->bytes += open * (cells * each + parts * DETECT_PART_COST);
}

static double cost(const struct sizes *s, enum detect_class class)
{
    return (double)detect_table_cost(s->table, class);
}

static enum err add_detector(struct sizes *s, const struct detect_detector *det,
                             struct err_text *why)
{
    double partition;
    double over;
    double by;
    enum err e = overall(s, det->partition, &partition, why);
    if (e == ERR_NONE)
        e = overall(s, det->over, &over, why);
    if (e == ERR_NONE)
        e = overall(s, det->by, &by, why);
    if (e != ERR_NONE)
        return e;
    double series = partition * by;
    double members = series * over;
    enum detect_kind kind = (enum detect_kind)det->function->kind;
    if (detect_kind_rare(kind)) {
        double lists = det->over != NULL ? set_bytes(VALUE_MEMBERS) : 0;
        s->bytes += partition * (cost(s, DETECT_CLASS_POOL) + set_bytes(over)) +
                    series * (cost(s, DETECT_CLASS_VALUE) + lists);
        if (kind == DETECT_FREQ_RARE)
            s->bytes += partition * cost(s, DETECT_CLASS_POPULATION) +
                        partition * over * cost(s, DETECT_CLASS_MEMBER);
    } else if (detect_kind_clock(kind)) {
        s->bytes += series * cost(s, DETECT_CLASS_CLOCK);
    } else if (kind == DETECT_LAT_LONG) {
        s->bytes += members * cost(s, DETECT_CLASS_GEO);
    } else if (det->over != NULL) {
        s->bytes +=
            series * cost(s, DETECT_CLASS_POPULATION) + members * cost(s, DETECT_CLASS_MEMBER);
    } else {
        s->bytes += series * (cost(s, DETECT_CLASS_METRIC) + s->series);
        if (detect_newcomers_wanted(det))
            s->bytes += (det->by != NULL ? partition : 1) * cost(s, DETECT_CLASS_NEWCOMERS);
    }
    s->bytes += partition * cost(s, DETECT_CLASS_SCALE);
    double by_cells = in_bucket(s, det->by, by);
    if (det->over != NULL && by_cells > MEMBER_VALUES)
        by_cells = MEMBER_VALUES;
    double cells =
        in_bucket(s, det->partition, partition) * by_cells * in_bucket(s, det->over, over);
    add_cells(s, det, cells);
    return ERR_NONE;
}

/* Each field's values are kept once, whatever it is for. */
static enum err add_names(struct sizes *s, struct err_text *why)
{
    for (size_t i = 0; i < s->job->n_influencers; i++) {
        const struct detect_cardinality *c = find(s, s->job->influencers[i]);
        if (c == NULL || (c->overall == 0 && c->bucket == 0))
            return err_set(why, ERR_INVALID,
                           "how many values '%s' has in a bucket is not known: expected it in "
                           "max_bucket_cardinality (--max-bucket-cardinality %s=N)",
                           s->job->influencers[i], s->job->influencers[i]);
    }
    for (size_t i = 0; i < s->n; i++) {
        const struct detect_cardinality *c = &s->list[i];
        bool splits = false;
        for (size_t k = 0; k < s->job->n_detectors; k++) {
            const struct detect_detector *det = &s->job->detectors[k];
            splits |= (det->by != NULL && strcmp(det->by, c->field) == 0) ||
                      (det->over != NULL && strcmp(det->over, c->field) == 0) ||
                      (det->partition != NULL && strcmp(det->partition, c->field) == 0);
        }
        /* What only influences is known while a bucket is open. */
        double values = splits || c->bucket == 0 ? (double)c->overall : 2 * (double)c->bucket;
        s->bytes += values * s->name;
    }
    return ERR_NONE;
}

static enum err measure(struct sizes *s, struct detect_names *names, struct err_text *why)
{
    struct model_params params = {.bucket_span = s->job->bucket_span_ns, .kind = MODEL_SUM};
    struct model_series *series = model_series_new(&params);
    char text[TEXT_BYTES] = {0};
    size_t before = detect_names_bytes(names);
    if (series == NULL || detect_names_put(names, bytes_make(text, sizeof(text))) == 0) {
        model_series_free(series);
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    s->name = (double)(detect_names_bytes(names) - before);
    s->series = (double)model_series_memory(series);
    if (s->job->bucket_span_ns <= DETECT_SEASON_SPAN && s->series < DETECT_GROWN_BYTES)
        s->series = DETECT_GROWN_BYTES;
    model_series_free(series);
    s->bytes = (double)sizeof(struct detect) + (double)before +
               (double)detect_table_bytes(s->table) + 2 * (double)sizeof(struct detect_open);
    if (s->job->category_field != NULL)
        s->bytes += CATEGORIES * CATEGORY_BYTES;
    enum err e = add_names(s, why);
    for (size_t i = 0; i < s->job->n_measures && e == ERR_NONE; i++)
        e = add_detector(s, &s->job->detectors[i], why);
    return e;
}

enum err detect_estimate(const struct detect_job *job, const struct detect_cardinality *list,
                         size_t n, uint64_t *out_bytes, struct err_text *why)
{
    bool values_over = false;
    for (size_t i = 0; i < job->n_measures; i++)
        values_over |=
            detect_kind_rare(job->detectors[i].function->kind) && job->detectors[i].over != NULL;
    struct detect_names *names = detect_names_new((struct hash_key){1, 2});
    struct sizes s = {.job = job,
                      .list = list,
                      .n = n,
                      .table = names != NULL ? detect_table_new(names, values_over) : NULL};
    enum err e = s.table != NULL ? measure(&s, names, why)
                                 : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    detect_table_free(s.table);
    detect_names_free(names);
    if (e != ERR_NONE)
        return e;
    double wanted = s.bytes < MOST ? s.bytes : MOST;
    *out_bytes = (uint64_t)(ceil(wanted / DETECT_SOFT / MEGABYTE) * MEGABYTE);
    return ERR_NONE;
}
