/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A series as bytes: a version, then every field in the order of struct model_series. Numbers are
 * checked when read; what no series could hold is refused.
 */
#include "base/mem.h"
#include "model/number.h"
#include "model/series_priv.h"

#include <math.h>
#include <string.h>

#define VERSION 1
#define MOST 1e70              /* numbers are at most 1e30, and some are squares or sums */
#define MOST_CHANGE (1U << 24) /* buckets at another level, which is adopted long before */
#define MOST_LEVEL 1e36
#define MOST_MOVED 100.0F
#define MOST_SIZE 3.5F
#define MOST_TOLD 1e6F
#define MOST_LOG 1e4    /* of a level of logarithms, and what it grows by in a day */
#define MOST_DAY 200000 /* before and after 1970, of times in ns */

/* What a series has beside itself. */
enum {
    HAS_DAILY = 1,
    HAS_WEEKLY = 2,
    HAS_VARIANCE = 4,
    HAS_CYCLE = 8,
    HAS_SAMPLE = 16,
    HAS_MIXTURE = 32,
    HAS_ODD = 64,
    HAS_LASTING = 128,
};

/* All plain numbers of a series in order; what may be negative is told apart. */
struct field {
    double *d;
    float *f;
    bool any_sign;
};

#define FIELDS (15 + 5 * LEVELS + 9 + ALL_LAWS + 3 + 5 + 4)

#define POSITIVE(member)                                                                           \
    out[n++] = (struct field)                                                                      \
    {                                                                                              \
        &s->member, NULL, false                                                                    \
    }
#define ANY(member)                                                                                \
    out[n++] = (struct field)                                                                      \
    {                                                                                              \
        &s->member, NULL, true                                                                     \
    }
#define SMALL(member, sign)                                                                        \
    out[n++] = (struct field)                                                                      \
    {                                                                                              \
        NULL, &s->member, sign                                                                     \
    }

static size_t list_level(struct model_level *s, struct field *out)
{
    size_t n = 0;
    ANY(a);
    SMALL(b, true);
    SMALL(n, false);
    SMALL(recent, false);
    SMALL(ever, false);
    return n;
}

/* What a series keeps elsewhere, or not at all. */
struct apart {
    struct model_level level[LEVELS];
    double weight_mean;
};

/* levels: as many as belong to the seasons that there are. */
static size_t list_fields(struct model_series *s, struct apart *apart, int levels,
                          struct field out[FIELDS])
{
    size_t n = 0;
    POSITIVE(n);
    ANY(spread);
    POSITIVE(spread_weight);
    POSITIVE(occurred);
    POSITIVE(log_weight);
    ANY(log_mean);
    POSITIVE(log_squares);
    ANY(lin_mean);
    POSITIVE(lin_squares);
    ANY(day_mean);
    out[n++] = (struct field){&apart->weight_mean, NULL, false};
    SMALL(run_sum_mean, true);
    SMALL(run_sum_squares, false);
    SMALL(run_weight, false);
    SMALL(of_day, false);
    for (int i = 0; i < levels; i++)
        n += list_level(&apart->level[i], out + n);
    SMALL(spread_values, false);
    SMALL(variance_gain, true);
    SMALL(greatest, true);
    SMALL(least, true);
    SMALL(late, false);
    SMALL(late_mean, true);
    SMALL(here, false);
    SMALL(moved[0], true);
    SMALL(moved[1], true);
    for (int i = 0; i < ALL_LAWS; i++)
        SMALL(evidence[i], true);
    SMALL(wide.n, false);
    SMALL(wide.share, false);
    SMALL(wide.squares, false);
    for (int i = 0; i < 4; i++)
        SMALL(shape[i], true);
    SMALL(shape_last, true);
    for (int i = 0; i < 2; i++) {
        SMALL(tail_n[i], false);
        SMALL(tail_excess[i], false);
    }
    return n;
}

static size_t list_rival(struct model_rival *s, struct field out[FIELDS])
{
    size_t n = 0;
    ANY(mean);
    POSITIVE(squares);
    for (int i = 0; i < LAWS; i++)
        SMALL(evidence[i], true);
    return n;
}

static size_t list_content(struct model_of_content *s, struct field out[FIELDS])
{
    size_t n = 0;
    SMALL(n, false);
    SMALL(names, false);
    SMALL(bytes, true);
    SMALL(names_squares, false);
    SMALL(products, true);
    SMALL(left, false);
    SMALL(spread, true);
    SMALL(spread_weight, false);
    return n;
}

static size_t list_odd(struct model_odd *s, struct field out[FIELDS])
{
    size_t n = 0;
    ANY(change.mean);
    ANY(change.freed);
    POSITIVE(change.squares);
    ANY(other.mean);
    POSITIVE(other.sd);
    SMALL(other.n, false);
    SMALL(other.changes, false);
    for (int i = 0; i < 2; i++) {
        ANY(mode[i].mean);
        POSITIVE(mode[i].squares);
        SMALL(mode[i].n, false);
        SMALL(mode[i].times, false);
    }
    return n;
}

static size_t list_lasting(struct model_lasting *s, struct field out[FIELDS])
{
    size_t n = 0;
    for (int up = 0; up < 2; up++) {
        for (int i = 0; i < MODEL_LASTING_SIZES; i++)
            SMALL(odds[up][i], false);
        SMALL(clock[up], false);
        SMALL(n[up], false);
        SMALL(moved[up], true);
        SMALL(foretold[up], true);
    }
    SMALL(size, true);
    SMALL(told, false);
    SMALL(left, false);
    return n;
}

static size_t list_drift(struct model_drift *s, struct field out[FIELDS])
{
    size_t n = 0;
    for (int i = 0; i < MODEL_DRIFT_DAYS; i++)
        ANY(day[i]);
    ANY(mean);
    POSITIVE(spread);
    ANY(follows);
    ANY(off);
    ANY(sum);
    SMALL(days, false);
    return n;
}

#undef POSITIVE
#undef ANY
#undef SMALL

static void save_fields(const struct field *field, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        buf_double(out, field[i].d != NULL ? *field[i].d : (double)*field[i].f);
}

static void load_fields(struct cursor *in, const struct field *field, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double most = field[i].d != NULL ? MOST : MOST_LEVEL;
        double x =
            field[i].any_sign ? model_number_load(in, most) : model_number_load_positive(in, most);
        if (field[i].d != NULL)
            *field[i].d = x;
        else
            *field[i].f = (float)x;
    }
}

static void save_odd(const struct model_odd *odd, struct buf *out)
{
    struct model_odd copy = *odd;
    struct field field[FIELDS];
    buf_char(out, (char)odd->change.high);
    buf_char(out, (char)odd->other.seasonal);
    buf_le32(out, odd->change.n);
    save_fields(field, list_odd(&copy, field), out);
    model_recur_save(&odd->recur, out);
}

static enum err load_odd(struct cursor *in, struct model_series *s)
{
    struct model_odd *odd = model_odd_make(s);
    struct field field[FIELDS];
    if (odd == NULL)
        return ERR_MEMORY;
    odd->change.high = cursor_u8(in) != 0;
    odd->other.seasonal = cursor_u8(in) != 0;
    odd->change.n = cursor_le32(in);
    load_fields(in, field, list_odd(odd, field));
    model_recur_load(in, &odd->recur);
    bool sound = odd->change.n <= MOST_CHANGE && !(odd->other.n > 0.0F && !(odd->other.sd > 0));
    return cursor_ok(in) && sound ? ERR_NONE : ERR_FORMAT;
}

/* A change beyond what could be adopted would be beyond what arithmetic bears. */
static enum err load_lasting(struct cursor *in, struct model_series *s, uint8_t scale)
{
    struct field field[FIELDS];
    struct model_lasting *l = mem_zero(1, sizeof(*l));
    s->lasting = l;
    if (l == NULL)
        return ERR_MEMORY;
    load_fields(in, field, list_lasting(l, field));
    bool sound = fabsf(l->size) <= MOST_SIZE && l->told <= MOST_TOLD && l->left <= MOST_CHANGE;
    for (int up = 0; up < 2; up++) {
        float most = fmaxf(fabsf(l->moved[up]), fabsf(l->foretold[up]));
        sound = sound && (scale != SCALE_LOG || most <= 1e3F) &&
                (scale != SCALE_RATIO || (l->moved[up] >= 0.0F && l->foretold[up] >= 0.0F));
    }
    return cursor_ok(in) && sound ? ERR_NONE : ERR_FORMAT;
}

static void save_drift(const struct model_drift *drift, struct buf *out)
{
    struct model_drift copy = *drift;
    struct field field[FIELDS];
    buf_char(out, (char)drift->known);
    buf_le64(out, (uint64_t)drift->today);
    save_fields(field, list_drift(&copy, field), out);
}

static enum err load_drift(struct cursor *in, struct model_series *s, uint8_t scale)
{
    struct field field[FIELDS];
    model_drift_begin(s);
    struct model_drift *d = s->drift;
    if (d == NULL)
        return ERR_MEMORY;
    d->known = cursor_u8(in);
    d->today = (int64_t)cursor_le64(in);
    load_fields(in, field, list_drift(d, field));
    double most = scale == SCALE_LINEAR ? MOST_LEVEL : MOST_LOG;
    double far = model_max(fabs(d->mean), fabs(d->off));
    for (int i = 0; i < MODEL_DRIFT_DAYS; i++)
        far = model_max(far, fabs(d->day[i]));
    bool sound = d->known < 1U << MODEL_DRIFT_DAYS && d->today >= -MOST_DAY &&
                 d->today <= MOST_DAY && far <= most && d->spread <= most * most &&
                 fabs(d->follows) <= most * most && (scale != SCALE_RATIO || d->sum >= 0);
    return cursor_ok(in) && sound ? ERR_NONE : ERR_FORMAT;
}

/* Levels in a saved series that has such seasons; those of one not yet seen whole know nothing. */
static int levels_for(unsigned seasons)
{
    return (seasons & HAS_CYCLE) != 0    ? LEVELS
           : (seasons & HAS_WEEKLY) != 0 ? LEVEL_CYCLE
           : (seasons & HAS_DAILY) != 0  ? LEVEL_WEEKLY
                                         : LEVEL_DAILY;
}

void model_series_save(const struct model_series *s, struct buf *out)
{
    struct model_series copy = *s;
    struct apart apart = {0};
    struct field field[FIELDS];
    unsigned has = (s->daily != NULL ? HAS_DAILY : 0U) | (s->weekly != NULL ? HAS_WEEKLY : 0U) |
                   (s->variance != NULL ? HAS_VARIANCE : 0U) | (s->cycle != NULL ? HAS_CYCLE : 0U) |
                   (s->sample != NULL ? HAS_SAMPLE : 0U) | (s->mixture != NULL ? HAS_MIXTURE : 0U) |
                   (s->odd != NULL ? HAS_ODD : 0U) | (s->lasting != NULL ? HAS_LASTING : 0U);
    for (int i = 0; i < s->levels; i++)
        apart.level[i] = *model_level_of(s, i);
    if (s->kind == MODEL_VALUE)
        apart.weight_mean = s->values->weight_mean;
    buf_char(out, VERSION);
    buf_char(out, (char)s->scale);
    buf_char(out, (char)has);
    buf_char(out, (char)s->run_at);
    buf_char(out, (char)s->mode_open);
    buf_char(out, (char)s->cycle_alone);
    buf_char(out, (char)s->mixture_seasonal);
    buf_char(out, (char)(s->drift != NULL));
    buf_le64(out, (uint64_t)s->last);
    buf_le64(out, s->total);
    buf_le64(out, s->season_retry);
    buf_le64(out, s->sample_retry);
    buf_le64(out, (uint64_t)s->clock);
    save_fields(field, list_fields(&copy, &apart, levels_for(has), field), out);
    for (int i = 0; i < SERIES_RUN; i++)
        buf_le16(out, (uint16_t)s->run_z[i]);
    if (s->kind == MODEL_VALUE) {
        struct model_rival rival = s->values->rival;
        save_fields(field, list_rival(&rival, field), out);
    }
    if (s->kind == MODEL_CONTENT) {
        struct model_of_content content = *model_content_of(s);
        save_fields(field, list_content(&content, field), out);
    }
    if (s->odd != NULL)
        save_odd(s->odd, out);
    if (s->lasting != NULL) {
        struct model_lasting lasting = *s->lasting;
        save_fields(field, list_lasting(&lasting, field), out);
    }
    if (s->drift != NULL)
        save_drift(s->drift, out);
    if (s->daily != NULL)
        model_season_save(s->daily, out);
    if (s->weekly != NULL) {
        model_season_save(s->weekly, out);
        model_week_save(s->week, out);
    }
    if (s->variance != NULL)
        model_season_save(s->variance, out);
    if (s->cycle != NULL)
        model_season_save(s->cycle, out);
    if (s->sample != NULL)
        model_sample_save(s->sample, out);
    if (s->mixture != NULL)
        model_mixture_save(s->mixture, out);
}

/* What the arithmetic relies on beyond the range of each number. */
static bool sound(const struct model_series *s)
{
    bool ratios = s->scale == SCALE_RATIO;
    ts_ns by_clock;
    bool begun = s->n > 0 || s->total > 0;
    if (begun && (s->last == TIME_NONE || __builtin_add_overflow(s->last, s->clock, &by_clock)))
        return false;
    if (s->clock <= -TIME_DAY || s->clock >= TIME_DAY || fabsf(s->moved[0]) > MOST_MOVED ||
        fabsf(s->moved[1]) > MOST_MOVED ||
        (s->daily != NULL && model_season_is_ratio(s->daily) != ratios) ||
        (s->weekly != NULL && model_season_is_ratio(s->weekly) != ratios) ||
        (s->cycle != NULL && model_season_is_ratio(s->cycle) != ratios) ||
        (s->variance != NULL && !model_season_is_ratio(s->variance)))
        return false;
    bool kind_fits = s->kind == MODEL_COUNT     ? s->scale == SCALE_RATIO
                     : s->kind == MODEL_CONTENT ? s->scale == SCALE_LOG
                                                : s->scale != SCALE_RATIO;
    if (!kind_fits || s->run_at >= SERIES_RUN || s->mode_open > 2 || s->occurred > s->n + 1e-6 ||
        (double)s->spread_values > (double)s->total + 1 || !model_wide_is_sound(&s->wide))
        return false;
    if (s->kind == MODEL_CONTENT && !model_content_is_sound(model_content_of(s)))
        return false;
    for (int i = 0; i < s->levels; i++) {
        const struct model_level *l = model_level_of(s, i);
        bool ratio = s->scale == SCALE_RATIO && i != LEVEL_TREND;
        if (fabs(l->a) > MOST_LEVEL || fabs((double)l->b) > 2 * MOST_LEVEL)
            return false;
        if (s->scale == SCALE_LOG && (fabs(l->a) > 1e3 || fabs((double)l->b) > 1e3))
            return false;
        if (ratio && l->n > 0.0F && (l->a < 0 || l->b < 0))
            return false;
        if (i >= LEVEL_DAILY && l->n > 0.0F &&
            (i >= LEVEL_CYCLE    ? s->cycle
             : i >= LEVEL_WEEKLY ? s->weekly
                                 : s->daily) == NULL)
            return false;
    }
    return true;
}

/* A level on top of a season that has not been seen whole, or is not there, can know nothing. */
static enum err take_levels(struct model_series *s, const struct model_level level[LEVELS])
{
    if (!model_level_fit(s))
        return ERR_MEMORY;
    for (int i = 0; i < s->levels; i++)
        *model_level_at(s, i) = level[i];
    for (int i = s->levels; i < LEVELS; i++) {
        if (level[i].n > 0.0F)
            return ERR_FORMAT;
    }
    return ERR_NONE;
}

static enum err load_mixture(struct cursor *in, struct model_series *s)
{
    s->mixture = mem_alloc(sizeof(*s->mixture));
    if (s->mixture == NULL)
        return ERR_MEMORY;
    return model_mixture_load(in, s->mixture) ? ERR_NONE : ERR_FORMAT;
}

enum err model_series_load(struct cursor *in, const struct model_params *params,
                           struct model_series **out)
{
    uint8_t version = cursor_u8(in);
    if (!cursor_ok(in))
        return ERR_FORMAT;
    if (version != VERSION)
        return version > VERSION ? ERR_VERSION : ERR_FORMAT;
    struct model_series *s = model_series_new(params);
    if (s == NULL)
        return ERR_MEMORY;
    uint8_t scale = cursor_u8(in);
    uint8_t seasons = cursor_u8(in);
    struct apart apart = {0};
    s->run_at = cursor_u8(in);
    s->mode_open = cursor_u8(in);
    s->cycle_alone = cursor_u8(in) != 0;
    s->mixture_seasonal = cursor_u8(in) != 0;
    bool drifts = cursor_u8(in) != 0;
    s->last = (ts_ns)cursor_le64(in);
    s->total = cursor_le64(in);
    uint64_t retry[2] = {cursor_le64(in), cursor_le64(in)};
    s->season_retry = (uint32_t)(retry[0] < UINT32_MAX ? retry[0] : UINT32_MAX);
    s->sample_retry = (uint32_t)(retry[1] < UINT32_MAX ? retry[1] : UINT32_MAX);
    s->clock = (ts_ns)cursor_le64(in);
    struct field field[FIELDS];
    load_fields(in, field, list_fields(s, &apart, levels_for(seasons), field));
    for (int i = 0; i < SERIES_RUN; i++)
        s->run_z[i] = (int16_t)cursor_le16(in);
    if (params->kind == MODEL_VALUE) {
        s->values->weight_mean = apart.weight_mean;
        load_fields(in, field, list_rival(&s->values->rival, field));
    }
    if (params->kind == MODEL_CONTENT)
        load_fields(in, field, list_content(model_content_at(s), field));
    enum err e =
        cursor_ok(in) && scale <= SCALE_LINEAR && (seasons & (HAS_DAILY | HAS_WEEKLY)) != HAS_WEEKLY
            ? ERR_NONE
            : ERR_FORMAT;
    if (e == ERR_NONE && (seasons & HAS_ODD) != 0)
        e = load_odd(in, s);
    if (e == ERR_NONE && (seasons & HAS_LASTING) != 0)
        e = load_lasting(in, s, scale);
    if (e == ERR_NONE && drifts)
        e = load_drift(in, s, scale);
    if (e == ERR_NONE && (seasons & HAS_DAILY) != 0)
        e = model_season_load(in, &s->daily);
    if (e == ERR_NONE && (seasons & HAS_WEEKLY) != 0)
        e = model_season_load(in, &s->weekly);
    if (e == ERR_NONE && (seasons & HAS_WEEKLY) != 0)
        e = model_week_load(in, &s->week);
    if (e == ERR_NONE && (seasons & HAS_VARIANCE) != 0)
        e = model_season_load(in, &s->variance);
    if (e == ERR_NONE && (seasons & HAS_CYCLE) != 0)
        e = model_season_load(in, &s->cycle);
    if (e == ERR_NONE && (seasons & HAS_SAMPLE) != 0)
        e = model_sample_load(in, &s->sample);
    if (e == ERR_NONE && (seasons & HAS_MIXTURE) != 0)
        e = load_mixture(in, s);
    s->scale = e == ERR_NONE ? (enum model_scale)scale : SCALE_LINEAR;
    if (e == ERR_NONE)
        e = take_levels(s, apart.level);
    if (e == ERR_NONE && !sound(s))
        e = ERR_FORMAT;
    if (e != ERR_NONE) {
        model_series_free(s);
        return e;
    }
    if (s->drift != NULL)
        model_drift_believe(s);
    model_level_weigh(s);
    *out = s;
    return ERR_NONE;
}
