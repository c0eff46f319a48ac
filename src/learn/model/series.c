/* SPDX-License-Identifier: Apache-2.0 */
#include "model/series.h"

#include "base/assert.h"
#include "base/mem.h"
#include "model/nights.h"
#include "model/number.h"
#include "model/series_priv.h"
#include "stats/special.h"

#include <math.h>
#include <string.h>

#define LEARN_BEFORE_JUDGING 3.0
#define YOUNG 2.0 /* buckets: ln p counts n / (n + YOUNG) while young */
#define CONFIDENT 8.0
#define OUTLIER (-9.2)  /* ln 1e-4: not learned */
#define DOUBTFUL (-5.8) /* ln 3e-3: learned clipped */
#define CLIP_SD 3.0
#define RUN_AFTER 24.0 /* buckets before runs are judged */
#define RUN_LOUD 3.0   /* normal scores that stand out for themselves */
#define RUN_TOLD 3.0
#define RUN_STEP (SERIES_CLIP / INT16_MAX) /* in which they are kept */
#define RUN_OWN 1.0                        /* the bucket itself must lie so far out */
#define MODEL_RUN_PRIOR 24.0  /* beliefs about the sum of twelve, worth so many buckets */
#define RUN_COST 1.6094379    /* ln 5: two looks at one bucket, the run's the rarer one */
#define SINGLE_COST 0.2231436 /* ln 1.25 */
#define MODES 8.0             /* episodes of outliers that make a mode */
#define EXPLAINED_FADE 0.98
#define RECUR_BELOW (-3.0)
#define CLOCK_BELOW (-5.0)
#define CLOCK_SAID (-3.0)
#define RUN_GOES_ON 1.3
#define EVENTS_TAU 500.0 /* of what comes seldom */
#define SKIP_MOST 64     /* zeros learned one by one before the closed form */
#define CACHE_LINE 64

static size_t size_of(enum model_kind kind)
{
    size_t more = kind == MODEL_VALUE     ? sizeof(struct model_of_values)
                  : kind == MODEL_CONTENT ? sizeof(struct model_of_content)
                                          : 0;
    return sizeof(struct model_series) + more;
}

struct model_series *model_series_new(const struct model_params *params)
{
    ASSERT(params->bucket_span > 0);
    struct model_series *s = mem_zero(1, size_of(params->kind));
    if (s == NULL)
        return NULL;
    s->bucket_span = params->bucket_span;
    s->kind = params->kind;
    s->side = params->side;
    s->empty_is_nothing = params->empty_is_nothing;
    s->scale = params->kind == MODEL_COUNT   ? SCALE_RATIO
               : params->kind == MODEL_VALUE ? SCALE_LINEAR
                                             : SCALE_LOG;
    s->last = TIME_NONE;
    s->levels = LEVEL_DAILY;
    model_wide_init(&s->wide);
    /* Four weeks, but never fewer than 100 buckets nor more than 2,000. */
    s->tau = model_min(model_max(28.0 * (double)TIME_DAY / (double)params->bucket_span, 100), 2000);
    return s;
}

void model_series_free(struct model_series *s)
{
    if (s == NULL)
        return;
    model_seasons_forget(s);
    model_season_free(s->variance);
    model_find_forget(s);
    mem_free(s->odd);
    model_lasting_forget(s);
    mem_free(s->drift);
    mem_free(s);
}

size_t model_series_memory(const struct model_series *s)
{
    size_t n = mem_cost(size_of(s->kind)) + model_level_memory(s);
    if (s->daily != NULL)
        n += mem_cost(model_season_memory(s->daily));
    if (s->weekly != NULL)
        n += mem_cost(model_season_memory(s->weekly)) + mem_cost(model_week_memory());
    if (s->variance != NULL)
        n += mem_cost(model_season_memory(s->variance));
    if (s->cycle != NULL)
        n += mem_cost(model_season_memory(s->cycle));
    if (s->sample != NULL)
        n += mem_cost(model_sample_memory());
    if (s->mixture != NULL)
        n += mem_cost(sizeof(*s->mixture));
    if (s->lasting != NULL)
        n += mem_cost(sizeof(*s->lasting));
    if (s->drift != NULL)
        n += mem_cost(sizeof(*s->drift));
    if (s->odd != NULL)
        n += mem_cost(sizeof(*s->odd));
    return n;
}

ts_ns model_series_last(const struct model_series *s)
{
    return s->last;
}

double model_series_weight(const struct model_series *s)
{
    return s->n;
}

/* A value as others have it. */
static double told(const struct model_series *s, double value)
{
    return s->kind == MODEL_CONTENT ? model_content_in_bytes(s, value) : value;
}

void model_series_changed(const struct model_series *s, struct model_changed *out)
{
    *out = (struct model_changed){.kind = (enum model_change)s->noted, .clock_ns = s->clock};
    if (out->kind != MODEL_CHANGE_LEVEL)
        return;
    const struct model_odd *odd = model_odd_of(s);
    out->before = told(s, s->scale == SCALE_LOG ? exp(odd->left) : odd->left);
    out->after = told(s, s->scale == SCALE_LOG ? exp(odd->adopted) : odd->adopted);
}

void model_series_allow(struct model_series *s, enum model_growth growth)
{
    s->no_day = growth > MODEL_GROWTH_DAY;
    s->no_more = growth > MODEL_GROWTH_ANY;
}

bool model_series_wanted_more(const struct model_series *s)
{
    return s->wanted;
}

bool model_series_may_begin(struct model_series *s, enum model_growth what)
{
    bool may = what == MODEL_GROWTH_ANY ? !s->no_more : !s->no_day;
    s->wanted |= !may;
    return may;
}

uint32_t model_series_retry(const struct model_series *s, double buckets)
{
    uint64_t most = UINT32_MAX;
    uint64_t at = s->total < most ? s->total + (uint64_t)buckets : most;
    return (uint32_t)(at < most ? at : most);
}

void model_series_approach(const struct model_series *s)
{
    const char *p = (const char *)s;
    for (size_t at = 0; at < sizeof(*s); at += CACHE_LINE)
        __builtin_prefetch(p + at);
}

static double taken(const struct model_series *s, const struct model_observation *o)
{
    double v = model_number_tame(o->value);
    if (s->kind == MODEL_CONTENT)
        return model_content_in_names(s, v, o->weight);
    return s->kind == MODEL_COUNT ? model_max(v, 0) : v;
}

/* A bucket's part in the run: its normal score, and how far opinion has moved towards it. */
static double run_score(const struct model_point *p, const struct model_place *place)
{
    /* What stands out for itself stays that, whatever has moved. */
    double moved = fabs(place->z) < RUN_LOUD ? (p->mean - p->steady) / place->sd : 0;
    double z = place->z + moved;
    return model_min(model_max(z, -SERIES_CLIP), SERIES_CLIP);
}

/* The sum of the last 12 normal scores against what such sums have been. */
static double judge_run(const struct model_series *s, double z, double own)
{
    if (s->n < RUN_AFTER || fabs(z) < 1 || own * z < 0 || fabs(own) < RUN_OWN)
        return 0;
    double sum = z;
    int same = 0;
    int told = 0;
    for (int i = 0; i < SERIES_RUN; i++) {
        double other = RUN_STEP * s->run_z[i];
        if (i == s->run_at)
            continue;
        if (fabs(own) < RUN_TOLD && fabs(other) >= RUN_LOUD) {
            told++;
            continue;
        }
        sum += other;
        same += other * z > 0.5;
    }
    /* What stood out for itself has been told, and counts as the others do, or the end of an outage
     * would be one more; of a few others that would be saying too much. */
    if (2 * told > SERIES_RUN)
        return 0;
    if (told > 0)
        sum *= (double)SERIES_RUN / (SERIES_RUN - told);
    if (same < 3 || sum * z <= 0)
        return 0;
    double n = (double)s->run_weight;
    double weight = n + MODEL_RUN_PRIOR;
    double mean = (double)s->run_sum_mean * n / weight;
    double variance = ((double)s->run_sum_squares + SERIES_RUN * MODEL_RUN_PRIOR) / weight;
    double score = (sum - mean) / sqrt(model_max(variance, SERIES_RUN));
    if (score * z <= 0)
        return 0;
    /* Sums of twelve overlap: a hundred buckets hold about ten independent ones. */
    double nu = 10 + weight / SERIES_RUN;
    return model_number_student_tail(fabs(score), nu);
}

static double sided(const struct model_series *s, const struct model_place *p, double fraction)
{
    enum model_side side = s->side;
    if (side == MODEL_HIGH || fraction < 1)
        return side == MODEL_LOW ? 0 : p->upper;
    if (side == MODEL_LOW)
        return p->lower;
    return model_min(model_min(p->upper, p->lower) + M_LN2, 0);
}

/* ln P(the clock has not moved), and ln of the odds of the two moves. times: ln of how many times
 * as likely as on any day. */
static double clock_stood(const struct model_series *s, ts_ns time, double times,
                          double out_odds[2])
{
    model_change_clock_odds(s, time, out_odds);
    for (int k = 0; k < 2; k++)
        out_odds[k] += times;
    return -stats_special_log_add(0, stats_special_log_add(out_odds[0], out_odds[1]));
}

/* The same in the light of clocks that may have moved by an hour: hardly ever but on some nights.
 */
static double judge_clocks(const struct model_series *s, const struct model_observation *o,
                           const struct model_point *here, double value, double young, double log_p)
{
    double odds[2];
    double none = clock_stood(s, o->time, model_nights_log_times(o->time), odds);
    double all = log_p + none;
    for (int k = 0; k < 2; k++) {
        struct model_point point;
        struct model_place place;
        model_level_foretell_by(s, o->time, s->clock + model_change_clock_step(k), &point);
        double room = MODEL_CLOCK_ROOM * (point.mean - here->mean);
        point.between += room * room;
        model_law_place(s, &point, value, o->weight, &place);
        double moved = sided(s, &place, o->fraction) * young;
        all = stats_special_log_add(all, moved + odds[k] + none);
    }
    return model_min(all, 0);
}

/* What is expected of a bucket, and how its value lies in that: for judging and for learning. */
struct view {
    struct model_point point;
    struct model_place place;
};

static void look(const struct model_series *s, ts_ns time, double value, double weight,
                 struct view *out)
{
    model_level_foretell(s, time, &out->point);
    model_law_place(s, &out->point, value, weight, &out->place);
}

/* All of a judgement but what is expected. */
static void judge(const struct model_series *s, const struct model_observation *o, double value,
                  const struct view *v, struct model_judgement *out)
{
    const struct model_place *place = &v->place;
    out->judged = true;
    out->high = place->raw[1] < place->raw[0];
    double young = s->n / (s->n + YOUNG);
    out->single_log_p = sided(s, place, o->fraction) * young;
    if (out->single_log_p < CLOCK_BELOW && model_change_clock_heard(s))
        out->single_log_p = judge_clocks(s, o, &v->point, value, young, out->single_log_p);
    if (out->single_log_p < RECUR_BELOW)
        out->single_log_p =
            model_max(out->single_log_p,
                      model_recur_judge(&model_odd_of(s)->recur, o->time, s->bucket_span, value));
    bool wanted = s->side == MODEL_BOTH || (s->side == MODEL_HIGH) == out->high;
    if (wanted && o->fraction >= 1)
        out->multi_log_p = model_min(judge_run(s, run_score(&v->point, place), place->z) +
                                         (s->side == MODEL_BOTH ? M_LN2 : 0),
                                     0) *
                           young;
    if (o->fraction >= 1)
        out->multi_log_p = model_min(out->multi_log_p, model_lasting_judge(s, place->z) * young);
    /* What is again as it has been ends a run, and is none. */
    if (out->multi_log_p < CLOCK_BELOW)
        out->multi_log_p =
            model_max(out->multi_log_p, model_law_again(s, &v->point, value, o->weight, place->sd));
    if (out->multi_log_p < CLOCK_BELOW && model_change_clock_heard(s)) {
        /* A moved clock makes a run that is none. */
        double odds[2];
        double moved = stats_special_log_1m(clock_stood(s, o->time, 0, odds));
        /* Only what buckets have said for it: that clocks move once a year explains no run. */
        if (moved > CLOCK_SAID)
            out->multi_log_p = model_max(out->multi_log_p, moved);
    }
    double single = model_min(out->single_log_p + SINGLE_COST, 0);
    double multi = model_min(out->multi_log_p + RUN_COST, 0);
    out->log_p = model_min(single, multi);
    double total = -(out->single_log_p + out->multi_log_p);
    out->multi_bucket =
        total > 0 ? model_min(model_max(5 * (out->single_log_p - out->multi_log_p) / total, -5), 5)
                  : 0;
    double stretch = ((double)s->tail_excess[out->high] + 10) / ((double)s->tail_n[out->high] + 10);
    out->high_variance = stretch > 1.5 || (s->scale == SCALE_LOG && place->sd > 1.5);
    const struct model_mode *mode = model_odd_of(s)->mode;
    out->multimodal = (double)mode[0].times > MODES || (double)mode[1].times > MODES;
}

static void say_expected(const struct model_series *s, const struct model_point *p,
                         struct model_judgement *out)
{
    out->typical = told(s, model_law_typical(s, p));
    model_law_bounds(s, p, &out->lower, &out->upper);
    out->lower = told(s, out->lower);
    out->upper = told(s, out->upper);
}

void model_series_judge(const struct model_series *s, const struct model_observation *o,
                        struct model_judgement *out)
{
    struct view v;
    double value = taken(s, o);
    *out = (struct model_judgement){.confidence = s->n / (s->n + CONFIDENT)};
    if (s->n < LEARN_BEFORE_JUDGING)
        return;
    look(s, o->time, value, o->weight, &v);
    judge(s, o, value, &v, out);
    say_expected(s, &v.point, out);
}

static void push_run(struct model_series *s, double z)
{
    double sum = z;
    for (int i = 0; i < SERIES_RUN; i++)
        if (i != s->run_at)
            sum += RUN_STEP * s->run_z[i];
    s->run_z[s->run_at] = (int16_t)lrint(z / RUN_STEP);
    s->run_at = (uint8_t)((s->run_at + 1) % SERIES_RUN);
    if (s->n < SERIES_RUN)
        return;
    double n = (double)s->run_weight;
    double squares = (double)s->run_sum_squares;
    double keep = n >= s->tau ? 1 - 1 / s->tau : 1;
    /* Sums beyond three standard deviations are what is looked for, not what is usual. */
    double most = 3 * sqrt((squares + SERIES_RUN * MODEL_RUN_PRIOR) / (n + MODEL_RUN_PRIOR));
    sum = model_min(model_max(sum, -most), most);
    n = n * keep + 1;
    double mean = (double)s->run_sum_mean;
    mean += (sum - mean) / n;
    double e = sum - mean;
    s->run_weight = (float)n;
    s->run_sum_mean = (float)mean;
    s->run_sum_squares = (float)(squares * keep + e * e);
}

static void learn_linear(struct model_series *s, double value, double n, double keep)
{
    double e = value - s->lin_mean;
    s->lin_mean += e / n;
    s->lin_squares = s->lin_squares * keep + model_max(e * (value - s->lin_mean), 0);
}

static void learn_occurrence(struct model_series *s, double value)
{
    double keep = s->n >= s->tau ? 1 - 1 / s->tau : 1;
    s->n = s->n * keep + 1;
    s->occurred = s->occurred * keep + (value > 0 ? 1 : 0);
}

static void learn_moments(struct model_series *s, double value, double weight)
{
    double keep = s->n >= s->tau ? 1 - 1 / s->tau : 1;
    bool some = s->scale == SCALE_LINEAR || value > 0;
    learn_occurrence(s, value);
    s->total++;
    s->greatest = s->total == 1 || (float)value > s->greatest ? (float)value : s->greatest;
    s->least = s->total == 1 || (float)value < s->least ? (float)value : s->least;
    if (some && value > 0) {
        double y = log(value);
        /* Sizes of what comes seldom: remembered by what came, not by the time it took. */
        double most = s->scale == SCALE_RATIO ? EVENTS_TAU : s->tau;
        double kept = s->kind == MODEL_VALUE ? keep : s->log_weight >= most ? 1 - 1 / most : 1;
        s->log_weight = s->log_weight * kept + 1;
        double d = y - s->log_mean;
        s->log_mean += d / s->log_weight;
        s->log_squares = s->log_squares * kept + model_max(d * (y - s->log_mean), 0);
        if (s->scale == SCALE_RATIO)
            learn_linear(s, value, s->log_weight, kept);
    }
    if (s->scale != SCALE_RATIO)
        learn_linear(s, value, s->n, keep);
    if (s->kind == MODEL_VALUE)
        s->values->weight_mean +=
            (model_min(model_max(weight, 1), 1e15) - s->values->weight_mean) / model_min(s->n, 100);
}

/* value: o's as it is taken; seen: how it was judged just now; NULL: it was not. */
static void learn(struct model_series *s, const struct model_observation *o, double value,
                  const struct view *seen)
{
    struct view own;
    ts_ns time = o->time;
    double weight = o->weight;
    s->noted = MODEL_CHANGE_NONE;
    s->wanted = false;
    if (s->scale == SCALE_LOG && value < 0) {
        model_scale_become_linear(s);
        seen = NULL;
    }
    bool known = s->n > 0 && model_level_of(s, LEVEL_SLOW)->n > 0;
    bool measurable = s->scale != SCALE_LOG || value > 0;
    double y = measurable ? model_level_measure(s, value) : 0;
    if (!known) {
        if (measurable) {
            model_level_restart(s, y, y, 1);
            s->day_mean = y;
        }
        learn_moments(s, value, weight);
        if (s->kind == MODEL_CONTENT && measurable)
            model_content_begin(s, o);
        model_level_weigh(s);
        s->last = time;
        return;
    }
    if (seen == NULL) {
        look(s, time, value, weight, &own);
        seen = &own;
    }
    const struct model_point *point = &seen->point;
    const struct model_place *place = &seen->place;
    double log_p = model_min(place->upper, place->lower);
    /* That something came is learned, however seldom it does, if its size is not out of the way. */
    if (place->some < 0 && place->upper - place->some > DOUBTFUL)
        log_p = model_min(place->upper - place->some, place->lower);
    bool outlier = (log_p < OUTLIER || place->back) && s->n >= 10;
    double fade = 1 - 1 / s->tau;
    /* Where a season explains the swings, the other level is none. */
    double season = model_level_seasonal(s);
    if (s->odd != NULL) {
        s->odd->other.n *= (float)(season > 0.5 ? EXPLAINED_FADE : fade);
        s->odd->other.changes *= (float)fade;
    }
    s->here = s->here * (float)fade + 1.0F;
    int high = place->raw[1] < place->raw[0];
    bool far = measurable && s->n >= 10 && model_min(place->raw[0], place->raw[1]) < OUTLIER;
    /* Judged without the mode, or a mode that has formed would not be kept. */
    bool awaited = far && model_recur_judge(&model_odd_of(s)->recur, time, s->bucket_span, value) >
                              RECUR_BELOW;
    model_law_learn_mode(s, far && !awaited ? high : -1, y);
    if (far && model_odd_make(s) != NULL)
        model_recur_learn(&s->odd->recur, time, s->bucket_span, value);
    /* A run is begun by an outlier, and goes on with whatever lies clearly on its side. */
    const struct model_run *run = &model_odd_of(s)->change;
    bool goes_on = run->n > 0 && run->high == high && fabs(place->z) > RUN_GOES_ON;
    double there[2] = {point->mean, point->mean};
    bool moved = measurable && model_change_clock_learn(s, point, time, y, weight, there);
    bool changed = moved;
    if (measurable && !moved && (outlier || goes_on))
        changed = model_change_outlier(s, point, place, y);
    else if (s->odd != NULL && s->odd->change.n > 0)
        s->odd->change.n--;
    if (changed)
        model_lasting_forget(s);
    else if (measurable && !outlier)
        changed = model_lasting_learn(s, point, place, there, model_change_after(s));
    double clipped = y;
    if (log_p < DOUBTFUL)
        clipped = model_min(model_max(y, point->mean - CLIP_SD * place->sd),
                            point->mean + CLIP_SD * place->sd);
    if (measurable) {
        double day = (double)TIME_DAY / (double)s->bucket_span;
        s->day_mean += (y - s->day_mean) / model_min((double)s->total + 1, model_max(day, 1));
        model_seasons_look(s);
        model_seasons_learn(s, point, time, y, place->sd);
        model_find_learn(s, point, y, place->sd, outlier);
        model_level_compare(s, point, y, place->sd);
    }
    if (!outlier && !changed) {
        if (measurable) {
            model_law_learn(s, point, place, value, clipped);
            changed = model_change_spread_learn(s, point, (y - point->mean) / place->sd);
            model_level_learn(s, point, clipped);
            model_drift_learn(s, time, clipped);
        } else {
            model_law_learn(s, point, place, value, 0);
        }
        learn_moments(s, value, weight);
        model_scale_learn(s, point, place, value);
        if (s->kind == MODEL_CONTENT && measurable)
            model_content_learn(s, point, place, value, clipped, o);
    } else {
        s->total++;
        if (place->some < 0)
            learn_occurrence(s, value);
    }
    model_seasons_drop(s);
    model_scale_follow_modes(s);
    model_level_weigh(s);
    if (changed)
        memset(s->run_z, 0, sizeof(s->run_z)); /* what led to a new level is no run about it */
    else
        push_run(s, run_score(point, place));
    s->last = time;
}

void model_series_learn(struct model_series *s, const struct model_observation *o)
{
    learn(s, o, taken(s, o), NULL);
}

void model_series_judge_and_learn(struct model_series *s, const struct model_observation *o,
                                  double told, struct model_judgement *out)
{
    struct view v;
    double value = taken(s, o);
    *out = (struct model_judgement){.confidence = s->n / (s->n + CONFIDENT)};
    bool judged = s->n >= LEARN_BEFORE_JUDGING;
    if (judged) {
        look(s, o->time, value, o->weight, &v);
        judge(s, o, value, &v, out);
        if (out->log_p < told)
            say_expected(s, &v.point, out);
    }
    learn(s, o, value, judged ? &v : NULL);
}

void model_series_skip(struct model_series *s, ts_ns first, uint64_t buckets)
{
    if (buckets == 0)
        return;
    ts_ns span = s->bucket_span;
    uint64_t one_by_one = buckets < SKIP_MOST ? buckets : SKIP_MOST;
    bool nothing = s->kind == MODEL_VALUE || s->empty_is_nothing;
    for (uint64_t i = 0; i < one_by_one && !nothing; i++) {
        struct model_observation o = {first + (ts_ns)i * span, 0, 1, 1};
        learn(s, &o, 0, NULL);
    }
    double rest = (double)(buckets - one_by_one);
    if (!nothing && rest > 0) {
        /* Many zeros: what was there fades, and zero is what is known. */
        double keep = exp(-rest / s->tau);
        s->n = model_min(s->n + rest, s->tau);
        s->occurred *= keep;
        if (s->scale == SCALE_LINEAR) {
            s->lin_mean *= keep;
            s->lin_squares *= keep;
        }
        s->total += buckets - one_by_one;
        model_law_forget(s, keep);
        model_level_fade(s, rest);
        model_level_weigh(s);
        memset(s->run_z, 0, sizeof(s->run_z));
        model_odd_forget_change(s);
        model_odd_forget_modes(s);
        model_odd_forget_levels(s);
        s->mode_open = 0;
    }
    uint64_t most = (uint64_t)((INT64_MAX - (first > 0 ? first : 0)) / span);
    s->last = first + (ts_ns)(buckets - 1 < most ? buckets - 1 : most) * span;
}

double model_series_log_p_empty(const struct model_series *s, ts_ns time)
{
    if (s->kind == MODEL_VALUE || s->empty_is_nothing || s->n < LEARN_BEFORE_JUDGING ||
        s->side == MODEL_HIGH)
        return 0;
    struct model_observation o = {time, 0, 1, 1};
    struct model_judgement j;
    model_series_judge(s, &o, &j);
    return j.log_p;
}

void model_series_expect(const struct model_series *s, ts_ns time, double *out_typical,
                         double *out_lower, double *out_upper)
{
    struct model_point point;
    *out_typical = *out_lower = *out_upper = 0;
    if (!(model_level_of(s, LEVEL_SLOW)->n > 0))
        return;
    model_level_foretell(s, time, &point);
    *out_typical = told(s, model_law_typical(s, &point));
    model_law_bounds(s, &point, out_lower, out_upper);
    *out_lower = told(s, *out_lower);
    *out_upper = told(s, *out_upper);
}
