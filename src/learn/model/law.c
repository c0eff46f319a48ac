/* SPDX-License-Identifier: Apache-2.0 */
#include "model/count.h"
#include "model/extreme.h"
#include "model/number.h"
#include "model/series_priv.h"
#include "stats/dist.h"
#include "stats/special.h"

#include <math.h>

#define LOG_FLOOR (-690775.5)
#define LOG_SQRT_2PI 0.918938533204672741780329736406

#define MIDDLE_Z 1.5 /* within so many standard deviations any law will do */
#define SPARSE_SHARE 0.2
#define SPARSE_AFTER 50.0
#define SPARSE_YOUNG 4.0
#define SPARSE_ORDINARY (-3.0) /* ln 1/20 */

/* Beliefs before data, worth so many buckets. */
#define PRIOR_FADES 20.0
#define RATIO_PRIOR 0.25 /* over-dispersion: half the mean as a standard deviation */
#define RATIO_PRIOR_N 3.0
#define LEAST_DISPERSION 1e-9
#define LOG_PRIOR_N 4.0
#define LINEAR_PRIOR_N 3.0
#define ZERO_USUAL 0.02  /* share of empty buckets from which on they are usual */
#define SPARSE_PRIOR 1.2 /* sd of the logarithm of a rare event's size */
#define SPARSE_PRIOR_N 3.0
#define COUNTED 0.3    /* of what comes seldom, believed to be counts rather than amounts */
#define CUT_STEPS 12   /* to the mean of a law that lacks its zero */
#define CUT_LEAST 0.01 /* its mean, with the zero */
#define CUT_DISPERSION 1e4

/* The outer 5 % of each side show how heavy the tail is. */
#define TAIL_START 2.995732273553991 /* -ln 0.05 */
#define TAIL_MOST 8.0                /* what one value can add */
#define TAIL_PRIOR 10.0

#define BACK (-9.2)      /* ln 1e-4 */
#define BACK_ROOM 1.5    /* what comes back lies about where it was */
#define LOG_USUAL (-6.9) /* ln 1/1000 */
#define USUAL_APART 2.0  /* standard deviations, or it is the present that is usual */
#define USUAL_AFTER 48.0
#define PAST_DAYS 2.5
#define PAST_VALUES 8.0
#define MODE_AFTER 6.0
#define MODE_TAUS 4.0     /* outliers are few: they are remembered longer */
#define MODE_BELOW (-6.0) /* ln 1/400: what lies nearer needs no second mode */
#define MODE_LEAST 0.01
#define MODE_WIDE 1.2
#define KNOWN_MOST 500.0 /* values that tell of a spread, or of its shape */
#define AMOUNTS 2000.0   /* that tell what kind of law they have */
#define HEAVY 3.5
#define HEAVY_ERRORS 2.0
#define HEAVY_AFTER 20.0 /* values */
#define WIDE_PRIOR 0.01

static double mix(double log_a, double log_b, double weight_b)
{
    double a = 1 - weight_b > 0 ? log_a + log1p(-weight_b) : LOG_FLOOR;
    double b = weight_b > 0 ? log_b + log(weight_b) : LOG_FLOOR;
    return model_min(stats_special_log_add(a, b), 0);
}

/*
 * Whether values far out are so many that two widths are worth asking: the kurtosis about a slow
 * level, 3 for a normal law, whose own varies by 24 / n. was: they have been.
 */
static bool heavy(const struct model_series *s, bool was)
{
    double n = model_min(s->scale == SCALE_LINEAR ? s->n : s->log_weight, KNOWN_MOST);
    double room = was ? 0 : HEAVY_ERRORS * sqrt(24 / model_max(n, 1));
    double square = (double)s->shape[0];
    return n > HEAVY_AFTER && (double)s->shape[2] > (HEAVY + room) * square * square;
}

/* A law that is far behind is not asked: it takes the common one's likelihood, and is heard again
 * when what spoke against it has faded. */
static bool heard(const struct model_series *s, int law)
{
    return s->evidence[LAW_COMMON] - s->evidence[law] < MODEL_FAR_BEHIND;
}

/* Weights of the families. prior: before any evidence; 0 for one that there is not. */
static void weigh(const struct model_series *s, const double prior[LAWS], double out[LAWS])
{
    double best = -1e300;
    double all = 0;
    for (int f = 0; f < LAWS; f++)
        if (prior[f] > 0)
            best = model_max(best, (double)s->evidence[f]);
    for (int f = 0; f < LAWS; f++) {
        double behind = best - (double)s->evidence[f];
        out[f] = prior[f] > 0 && behind < 300 ? prior[f] * exp(-behind) : 0;
        all += out[f];
    }
    for (int f = 0; f < LAWS; f++)
        out[f] /= all;
}

/* Whether an empty bucket is a value. */
static bool has_zeros(const struct model_series *s)
{
    return s->kind != MODEL_VALUE && !s->empty_is_nothing;
}

static double zero_share(const struct model_series *s)
{
    /* A series that was never empty is not expected to be. */
    return (s->n - s->occurred + 0.02) / (s->n + 0.04);
}

/* What a belief before n values weighs: less and less, and nothing in the end. */
static double prior_weight(double n, double weight)
{
    double seen = n / PRIOR_FADES;
    return weight / (1 + seen * seen);
}

static double dispersion(const struct model_series *s, const struct model_point *p)
{
    /* Sums over m^2; the prior enters as RATIO_PRIOR_N buckets of the present mean. */
    double unit = model_max(p->mean * p->mean, 1e-6);
    double known = model_min(model_max(s->n, 1), model_min(s->spread_weight / unit, KNOWN_MOST));
    double prior = prior_weight(known, RATIO_PRIOR_N);
    double weight = s->spread_weight / unit + prior;
    double alpha = (s->spread / unit + RATIO_PRIOR * prior) / weight;
    alpha = model_max(alpha, 0);
    /* The variance, mean + alpha mean^2, goes with the hour. */
    if (p->vary != 1)
        alpha = model_max(alpha * p->vary + (p->vary - 1) / model_max(p->mean, 1e-3), 0);
    /* One standard error of the estimate is added: it is an estimate. */
    double n = known;
    double error = sqrt(2 / (n + RATIO_PRIOR_N)) * (alpha + 1 / model_max(p->mean, 0.05));
    double young = RATIO_PRIOR_N / (n + RATIO_PRIOR_N);
    alpha += model_min(error * 0.5, 0.05 + young);
    /* And the mean is one. */
    double a = p->n * p->mean + 0.5;
    alpha = alpha * (1 + 1 / model_max(p->n, 1)) + 1 / a + p->between / unit;
    return model_min(model_max(alpha, LEAST_DISPERSION), 1 / LEAST_DISPERSION);
}

double model_law_sd(const struct model_series *s, const struct model_point *p, double weight)
{
    double n = model_max(p->n, 1);
    switch (s->scale) {
    case SCALE_RATIO: {
        double m = model_max(p->mean, 1e-6);
        return sqrt(m + dispersion(s, p) * m * m);
    }
    case SCALE_LOG: {
        double w = prior_weight(s->log_weight, LOG_PRIOR_N);
        double v = (s->spread + MODEL_LOG_PRIOR * MODEL_LOG_PRIOR * w) / (s->spread_weight + w);
        return model_max(sqrt(v * p->vary * (1 + 1 / n) + p->between), MODEL_LOG_LEAST);
    }
    default: {
        double size = model_max(fabs(p->mean), 1e-9);
        double w = prior_weight((double)s->total, LINEAR_PRIOR_N);
        double v = (s->spread + MODEL_LINEAR_PRIOR * MODEL_LINEAR_PRIOR * size * size * w) /
                   (s->spread_weight + w);
        double sd =
            model_max(sqrt(v * p->vary * (1 + 1 / n) + p->between), MODEL_LINEAR_LEAST * size);
        /* The mean of few varies more than the mean of many. */
        if (s->kind == MODEL_VALUE && s->values->weight_mean > 0 && weight > 0)
            sd *= sqrt(model_min(model_max(s->values->weight_mean / weight, 1), 16));
        return sd;
    }
    }
}

struct tails {
    double upper;
    double lower;
    double self; /* ln of the value's own probability, for whole-number laws; else LOG_FLOOR */
};

/* The mean of the families' laws, by weight. */
static struct tails mix_all(const struct tails t[LAWS], const double weight[LAWS])
{
    struct tails most = {2 * LOG_FLOOR, 2 * LOG_FLOOR, LOG_FLOOR};
    double upper = 0;
    double lower = 0;
    for (int f = 0; f < LAWS; f++) {
        most.upper = model_max(most.upper, weight[f] > 0 ? t[f].upper : most.upper);
        most.lower = model_max(most.lower, weight[f] > 0 ? t[f].lower : most.lower);
    }
    for (int f = 0; f < LAWS; f++) {
        if (!(weight[f] > 0))
            continue;
        upper += weight[f] * exp(t[f].upper - most.upper);
        lower += weight[f] * exp(t[f].lower - most.lower);
    }
    return (struct tails){model_min(most.upper + log(upper), 0),
                          model_min(most.lower + log(lower), 0), LOG_FLOOR};
}

static struct tails student(double y, double mean, double sd, double nu)
{
    double t = (y - mean) / sd;
    double far = model_number_student_tail(fabs(t), nu);
    double near = stats_special_log_1m(far);
    return t > 0 ? (struct tails){far, near, LOG_FLOOR} : (struct tails){near, far, LOG_FLOOR};
}

/* The law of the greatest (sign 1) or, mirrored, of the least (-1) of many normal values. */
static struct tails extreme(double z, double sd, int sign, double *out_log_pdf)
{
    struct model_extreme_place p;
    model_extreme_judge(sign * z, &p);
    *out_log_pdf = p.log_pdf - log(sd);
    return sign > 0 ? (struct tails){p.upper, p.lower, LOG_FLOOR}
                    : (struct tails){p.lower, p.upper, LOG_FLOOR};
}

double model_law_log_pdf(double z, double sd, double nu)
{
    return -0.5 * (nu + 1) * log1p(z * z / nu) - log(sd) - LOG_SQRT_2PI;
}

/* The law of two widths: most values narrow, some several times as wide. */
static struct tails two_widths(const struct model_series *s, double z, double nu)
{
    double far = model_wide_tail(&s->wide, z, nu);
    double near = stats_special_log_1m(far);
    return z > 0 ? (struct tails){far, near, LOG_FLOOR} : (struct tails){near, far, LOG_FLOOR};
}

bool model_law_wide_heard(const struct model_series *s)
{
    bool ahead = s->evidence[LAW_WIDE] > s->evidence[LAW_COMMON];
    return heavy(s, ahead) && heard(s, LAW_WIDE);
}

/* What it says of a value so many standard deviations off; false when it is not asked. */
static bool place_wide(const struct model_series *s, double z, double sd, struct model_place *out)
{
    if (!model_law_wide_heard(s))
        return false;
    struct model_wide_place p;
    model_wide_judge(&s->wide, z, &p);
    out->log_pdf[LAW_WIDE] = p.log_pdf - log(sd);
    out->wide = p.wide;
    return true;
}

static void all_alike(double log_pdf[LAWS], double value)
{
    for (int f = 0; f < LAWS; f++)
        log_pdf[f] = value;
}

/*
 * The greatest and the least of many, and two widths, where there is reason to ask them: the prior
 * of one that is not asked becomes 0.
 */
static void place_beside(const struct model_series *s, double z, double sd, double prior[LAWS],
                         struct tails tails[LAWS], struct model_place *out)
{
    for (int f = LAW_GREATEST; f <= LAW_LEAST; f++) {
        if (prior[f] > 0 && heard(s, f))
            tails[f] = extreme(z, sd, f == LAW_GREATEST ? 1 : -1, &out->log_pdf[f]);
        else
            prior[f] = 0;
    }
    if (!place_wide(s, z, sd, out))
        prior[LAW_WIDE] = 0;
}

/* The laws' tails for a value so many standard deviations off, by weight. */
static struct tails weighed(const struct model_series *s, double z, double nu,
                            const double prior[LAWS], struct tails tails[LAWS])
{
    double weight[LAWS];
    weigh(s, prior, weight);
    if (prior[LAW_WIDE] > 0)
        tails[LAW_WIDE] = two_widths(s, z, nu);
    return mix_all(tails, weight);
}

/* The size of an event given that there is one, when events are rare: lognormal, wide at first. */
static struct tails sparse_tails(const struct model_series *s, double k)
{
    double n = s->log_weight;
    double mean = n > 0 ? s->log_mean : 0;
    double w = prior_weight(n, SPARSE_PRIOR_N);
    double v = (s->log_squares + SPARSE_PRIOR * SPARSE_PRIOR * w) / (n + w);
    v += exp(-2 * mean) / 12; /* what whole numbers hide of it (Sheppard 1898) */
    double sd = model_max(sqrt(v * (1 + 1 / model_max(n, 0.3))), MODEL_LOG_LEAST);
    double nu = n + SPARSE_PRIOR_N;
    struct tails at_least = student(log(k - 0.5), mean, sd, nu);
    struct tails more = student(log(k + 0.5), mean, sd, nu);
    /* Of whole numbers from 1 on: what the law has below one half is not there. */
    double all = student(-M_LN2, mean, sd, nu).upper;
    double share =
        at_least.upper + stats_special_log_1m(model_min(more.upper - at_least.upper, -1e-12));
    return (struct tails){model_min(at_least.upper - all, 0), more.lower, share - all};
}

/* ln P(x > 0) for a negative binomial law. */
static double log_some(double mean, double alpha)
{
    return log1p(-exp(-log1p(alpha * mean) / alpha));
}

/*
 * The same if the sizes are counts themselves: the negative binomial law without its zero that has
 * the mean and the variance of the sizes there have been. Of what is above zero, E x is m / P(x >
 * 0) and E x^2 / E x is 1 + m + alpha m.
 */
static struct tails counted_tails(const struct model_series *s, double k)
{
    double n = model_max(s->log_weight, 0.3);
    double mean = model_max(s->lin_mean, 1);
    double rest = mean + s->lin_squares / n / mean - 1;
    double alpha = 0;
    double m = mean;
    for (int i = 0; i < CUT_STEPS; i++) {
        double before = m;
        alpha = model_min(model_max(rest / m - 1, LEAST_DISPERSION), CUT_DISPERSION);
        m = model_max(mean * exp(log_some(m, alpha)), CUT_LEAST);
        if (fabs(m - before) < 1e-4 * before)
            break;
    }
    /* Half a standard error of the one estimate is added, and the variance of the other. */
    alpha += sqrt(2 / (n + 1)) * (alpha + 1 / m) / 2 + alpha / n + 1 / (n * m);
    double some = log_some(m, alpha);
    struct stats_tails t = stats_dist_negbin(k, m, 1 / alpha);
    double zero = stats_special_log_1m(model_min(some, -1e-300));
    double lower = t.lower > zero ? t.lower + stats_special_log_1m(zero - t.lower) : LOG_FLOOR;
    return (struct tails){model_min(t.upper - some, 0), model_min(lower - some, 0),
                          stats_dist_negbin_log_pmf(k, m, 1 / alpha) - some};
}

/* Both laws of sizes, and how likely an event is. One that is far behind is not asked. */
static struct tails sizes(const struct model_series *s, double k, double zero,
                          const double weight[LAWS], double log_pdf[LAWS])
{
    float ahead = s->evidence[LAW_GREATEST] - s->evidence[LAW_SECOND];
    struct tails t = ahead < MODEL_FAR_BEHIND ? sparse_tails(s, k) : counted_tails(s, k);
    double some = log1p(-zero);
    log_pdf[LAW_SECOND] = log_pdf[LAW_GREATEST] = t.self + some;
    if (fabsf(ahead) < MODEL_FAR_BEHIND) {
        struct tails counted = counted_tails(s, k);
        double of = weight[LAW_SECOND] + weight[LAW_GREATEST];
        double w = of > 0 ? weight[LAW_GREATEST] / of : COUNTED;
        log_pdf[LAW_GREATEST] = counted.self + some;
        t = (struct tails){mix(t.upper, counted.upper, w), mix(t.lower, counted.lower, w),
                           mix(t.self, counted.self, w)};
    }
    return (struct tails){t.upper + some, stats_special_log_add(log(zero), t.lower + some),
                          t.self + some};
}

static struct tails place_ratio(const struct model_series *s, const struct model_point *p,
                                double value, double log_pdf[LAWS])
{
    double k = floor(model_max(value, 0) + 0.5);
    double mean = model_max(p->mean, 1e-9);
    double size = 1 / dispersion(s, p);
    double zero = zero_share(s);
    struct model_count_place count;
    model_count_judge(k, mean, size, &count);
    struct tails common = {count.upper, count.lower, count.self};
    all_alike(log_pdf, common.self);
    /* A series that is seldom empty is not sparse, and spared the second law. */
    if (zero < SPARSE_SHARE && s->n > SPARSE_AFTER)
        return common;
    /* Nor does one that has never been empty ask about what any law calls ordinary. */
    if (s->n - s->occurred < 0.5 && s->n > SPARSE_YOUNG && k >= 1 &&
        model_min(common.upper, common.lower) > SPARSE_ORDINARY)
        return common;
    double second = model_min(model_max(zero, 0.01), 0.6);
    const double prior[LAWS] = {1 - second, (1 - COUNTED) * second, COUNTED * second, 0};
    double weight[LAWS];
    weigh(s, prior, weight);
    struct tails sparse = {0, log(zero), log(zero)};
    log_pdf[LAW_SECOND] = log_pdf[LAW_GREATEST] = sparse.self;
    if (k >= 1)
        sparse = sizes(s, k, zero, weight, log_pdf);
    double w = weight[LAW_SECOND] + weight[LAW_GREATEST];
    return (struct tails){mix(common.upper, sparse.upper, w), mix(common.lower, sparse.lower, w),
                          mix(common.self, sparse.self, w)};
}

static struct tails place_log(const struct model_series *s, const struct model_point *p,
                              double value, struct model_place *out)
{
    double sd = out->sd;
    double *log_pdf = out->log_pdf;
    /* Zeros have a share of their own. */
    bool zeros = has_zeros(s);
    double zero = zeros ? zero_share(s) : 0;
    if (!(value > 0)) {
        double log_zero = zeros ? log(zero) : LOG_FLOOR;
        all_alike(log_pdf, log_zero);
        return (struct tails){0, log_zero, log_zero};
    }
    double y = log(value);
    if (!(model_level_of(s, LEVEL_SLOW)->n > 0)) {
        /* Never anything but zeros: that something came can be judged, not how much. */
        all_alike(log_pdf, log1p(-zero));
        return (struct tails){log_pdf[LAW_COMMON], 0, LOG_FLOOR};
    }
    double nu = (double)s->spread_values + LOG_PRIOR_N;
    double z = (y - p->mean) / sd;
    struct tails tails[LAWS];
    tails[LAW_COMMON] = student(y, p->mean, sd, nu);
    all_alike(log_pdf, model_law_log_pdf(z, sd, nu));
    /* Sums have no greatest or least of many; values may be one. */
    bool sum = s->kind != MODEL_VALUE;
    double many = sum ? 0.002 : 0.1;
    double least = sum ? 0 : 0.1;
    double prior[LAWS] = {0.7 - many - least - WIDE_PRIOR, 0.3, many, least, WIDE_PRIOR};
    /* The gamma law with the same mean and spread of the logarithm: trigamma(a) is about
     * 1/a + 1/(2 a^2), and E ln x is digamma(a) + ln scale. */
    double v = sd * sd;
    double shape = (1 + sqrt(1 + 2 * v)) / (2 * v);
    double ratio = 0;
    if (heard(s, LAW_SECOND)) {
        double log_scale = p->mean - stats_special_digamma(shape);
        ratio = exp(model_min(y - log_scale, 600));
        log_pdf[LAW_SECOND] = shape * (y - log_scale) - ratio - stats_special_log_gamma(shape);
    } else {
        prior[LAW_SECOND] = 0;
    }
    place_beside(s, z, sd, prior, tails, out);
    struct tails t = tails[LAW_COMMON];
    if (fabs(z) > MIDDLE_Z) {
        if (prior[LAW_SECOND] > 0) {
            struct stats_tails gamma = stats_dist_gamma(ratio, shape, 1);
            tails[LAW_SECOND] = (struct tails){gamma.upper, gamma.lower, LOG_FLOOR};
        }
        t = weighed(s, z, nu, prior, tails);
    }
    if (s->kind == MODEL_CONTENT)
        model_content_place(s, p, value, out, &t.upper, &t.lower, &t.self);
    if (zero > 0) {
        double some = log1p(-zero);
        t.upper += some;
        t.lower += some;
        /* Where emptiness is no part of the usual, a value is low among those that are not. */
        if (zero > ZERO_USUAL)
            t.lower = model_min(stats_special_log_add(log(zero), t.lower), 0);
    }
    return t;
}

static struct tails place_linear(const struct model_series *s, const struct model_point *p,
                                 double value, struct model_place *out)
{
    double sd = out->sd;
    double nu = (double)s->spread_values + LINEAR_PRIOR_N;
    double z = (value - p->mean) / sd;
    struct tails tails[LAWS];
    tails[LAW_COMMON] = student(value, p->mean, sd, nu);
    all_alike(out->log_pdf, model_law_log_pdf(z, sd, nu));
    double prior[LAWS] = {0.8 - WIDE_PRIOR, 0, 0.1, 0.1, WIDE_PRIOR};
    place_beside(s, z, sd, prior, tails, out);
    return fabs(z) > MIDDLE_Z ? weighed(s, z, nu, prior, tails) : tails[LAW_COMMON];
}

double model_law_best(const struct model_series *s)
{
    double best = (double)s->evidence[0];
    for (int f = 1; f < LAWS; f++)
        best = model_max(best, (double)s->evidence[f]);
    return best;
}

/* Where several modes have been found: their law, weighed against the others. */
static void place_modes(const struct model_series *s, const struct model_point *p, double value,
                        struct tails *t, double log_pdf[ALL_LAWS])
{
    double y = model_level_measure(s, value);
    double u = model_find_measure(s, p, y);
    struct model_mixture_place m;
    model_mixture_judge(s->mixture, u, &m);
    /* Of a count, not of its root. */
    double stretch = s->scale == SCALE_RATIO ? -log(2 * sqrt(model_max(y, 0) + 0.25)) : 0;
    log_pdf[LAW_MODES] = m.log_pdf + stretch;
    double behind = model_law_best(s) - (double)s->evidence[LAW_MODES];
    double weight = 1 / (1 + exp(model_min(behind, 300)));
    t->upper = mix(t->upper, m.upper, weight);
    t->lower = mix(t->lower, m.lower, weight);
}

/* log_p: given that there is an event, where most buckets are empty; events: how many there were.
 */
static double tail_calibrated(const struct model_series *s, int side, double log_p, double events)
{
    double u = -log_p;
    if (u <= TAIL_START)
        return log_p;
    double n = (double)s->tail_n[side];
    /* How far beyond: 1 when the law is right (the excess of -ln p is exponential). */
    double stretch = ((double)s->tail_excess[side] + TAIL_PRIOR) / (n + TAIL_PRIOR);
    /* How often: 5 % when the law is right. */
    double share = (n + 0.05 * TAIL_PRIOR * 4) / (events + TAIL_PRIOR * 4) / 0.05;
    double v = TAIL_START + (u - TAIL_START) / model_max(stretch, 1) - log(model_max(share, 1));
    return -model_min(model_max(v, TAIL_START), -LOG_FLOOR);
}

/*
 * ln P(an outlier of this side, as far out or farther), from the outliers there have been. The
 * first few episodes count for nothing: they are news, each time.
 */
static double mode_tail(const struct model_series *s, int side, double y)
{
    const struct model_mode *m = &model_odd_of(s)->mode[side];
    double times = (double)m->times - MODE_AFTER;
    if (times <= 0)
        return LOG_FLOOR;
    double sd = sqrt(m->squares / (double)m->n);
    double least = s->scale == SCALE_LOG ? MODEL_LOG_LEAST : MODE_LEAST * fabs(m->mean);
    double far = (side ? y - m->mean : m->mean - y) / model_max(sd * MODE_WIDE, least + 1e-12);
    double n = model_min((double)s->total, MODE_TAUS * s->tau);
    return log(times / (n + 1)) + stats_special_log_normal_tail(far);
}

double model_law_other(const struct model_series *s, const struct model_point *p, double y)
{
    const struct model_regime *o = &model_odd_of(s)->other;
    bool ratio = s->scale == SCALE_RATIO;
    double mean = !o->seasonal ? o->mean : ratio ? o->mean * p->weekly : o->mean + p->weekly;
    double sd = o->seasonal && ratio ? o->sd * p->weekly : o->sd;
    if (!(o->n > 0) || !(o->changes > 0))
        return LOG_FLOOR;
    double all = model_min((double)s->total, s->tau) + 1;
    double share = (double)o->n / ((double)o->n + (double)s->here);
    double hazard = model_min((double)o->changes / all, 0.5);
    double z = fabs(y - mean) / (sd * BACK_ROOM);
    return log(hazard * share) + M_LN2 + stats_special_log_normal_tail(z);
}

/*
 * ln P(things are again as they have been for weeks at this hour, and a value so far from that or
 * farther): what only those who follow the last hours have forgotten.
 */
static double usual_tail(const struct model_series *s, const struct model_point *p, double y,
                         double weight, double now_sd)
{
    int best = LEVEL_SLOW;
    for (int i = LEVEL_DAILY; i < s->levels; i += 2)
        if (model_level_of(s, i)->n > 0 &&
            model_level_of(s, i)->ever < model_level_of(s, best)->ever)
            best = i;
    struct model_point usual = *p;
    usual.mean = p->foretold[best];
    usual.between = 0;
    double sd = model_law_sd(s, &usual, weight);
    if (fabs(usual.mean - p->mean) < USUAL_APART * model_min(sd, now_sd))
        return LOG_FLOOR;
    double z = fabs(y - usual.mean) / sd;
    return LOG_USUAL + M_LN2 + stats_special_log_normal_tail(z);
}

double model_law_again(const struct model_series *s, const struct model_point *p, double value,
                       double weight, double sd)
{
    if (s->scale == SCALE_LOG && !(value > 0))
        return LOG_FLOOR;
    double y = model_level_measure(s, value);
    double usual = s->n > USUAL_AFTER ? usual_tail(s, p, y, weight, sd) : LOG_FLOOR;
    return model_max(usual, model_law_other(s, p, y));
}

void model_law_learn_mode(struct model_series *s, int side, double y)
{
    double keep = 1 - 1 / (MODE_TAUS * s->tau);
    for (int i = 0; i < 2 && s->odd != NULL; i++) {
        s->odd->mode[i].n *= (float)keep;
        s->odd->mode[i].times *= (float)keep;
        s->odd->mode[i].squares *= keep;
    }
    bool same = side >= 0 && s->mode_open == 1 + side;
    s->mode_open = (uint8_t)(1 + side);
    struct model_odd *odd = side >= 0 ? model_odd_make(s) : NULL;
    if (odd == NULL)
        return;
    struct model_mode *m = &odd->mode[side];
    m->times += same ? 0.0F : 1.0F;
    m->n += 1.0F;
    double e = y - m->mean;
    m->mean += e / (double)m->n;
    m->squares += model_max(e * (y - m->mean), 0);
}

/*
 * ln P(at least, or at most, the value) by all the values there have been, at any hour, if it lies
 * among them. While no day has been seen twice, what was usual this morning is not unheard of after
 * a quiet night.
 */
static double past_tail(const struct model_series *s, int side, double value)
{
    double days = (double)s->total * (double)s->bucket_span / (double)TIME_DAY;
    bool linear = s->scale == SCALE_LINEAR;
    double n = linear ? s->n : s->log_weight;
    if (days > PAST_DAYS || n < PAST_VALUES || (!linear && !(value > 0)) ||
        value > (double)s->greatest || value < (double)s->least)
        return LOG_FLOOR;
    double y = linear ? value : log(value);
    double mean = linear ? s->lin_mean : s->log_mean;
    double sd = sqrt((linear ? s->lin_squares : s->log_squares) / n);
    if (!(sd > 0))
        return LOG_FLOOR;
    double z = (y - mean) / sd * (side ? 1 : -1);
    double share = has_zeros(s) && side ? log1p(-zero_share(s)) : 0;
    return (z > 0 ? model_number_student_tail(z, n) : -M_LN2) + share;
}

void model_law_place(const struct model_series *s, const struct model_point *p, double value,
                     double weight, struct model_place *out)
{
    struct tails t;
    out->back = false;
    out->log_pdf[LAW_MODES] = 0;
    out->wide = -1;
    out->sd = model_law_sd(s, p, weight);
    switch (s->scale) {
    case SCALE_RATIO:
        t = place_ratio(s, p, value, out->log_pdf);
        break;
    case SCALE_LOG:
        t = place_log(s, p, value, out);
        break;
    default:
        t = place_linear(s, p, value, out);
    }
    if (s->mixture != NULL && (s->scale != SCALE_LOG || value > 0))
        place_modes(s, p, value, &t, out->log_pdf);
    t.upper = model_max(model_min(t.upper, 0), LOG_FLOOR);
    t.lower = model_max(model_min(t.lower, 0), LOG_FLOOR);
    /* Half of the value's own probability belongs to each side, or whole-number laws would look
     * too calm. */
    double half = t.self - M_LN2;
    out->raw[1] = t.upper > half ? t.upper + stats_special_log_1m(half - t.upper) : t.upper - M_LN2;
    out->raw[0] = t.lower > half ? t.lower + stats_special_log_1m(half - t.lower) : t.lower - M_LN2;
    /* Where most buckets are empty, that something came is no tail; how much came may be. */
    double zero = s->scale == SCALE_LINEAR || !has_zeros(s) ? 0 : zero_share(s);
    out->some = zero > SPARSE_SHARE && value > 0 ? log1p(-zero) : 0;
    if (out->some < 0) {
        double some = out->some;
        /* At an hour that is less often empty than others no less than the half of its own. */
        double own = model_max(exp(half), 1e-300);
        double below = model_max(exp(out->raw[0]) - zero, own);
        out->raw[1] = model_min(out->raw[1] - some, 0);
        out->raw[0] = model_min(log(below) - some, 0);
        out->upper = tail_calibrated(s, 1, model_min(t.upper - some, 0), s->occurred) + some;
        out->lower = t.lower;
    } else {
        out->upper = tail_calibrated(s, 1, t.upper, s->n);
        out->lower = tail_calibrated(s, 0, t.lower, s->n);
    }
    for (int side = 0; side < 2; side++) {
        double *tail = side ? &out->upper : &out->lower;
        if (*tail < MODE_BELOW)
            *tail = model_max(*tail, past_tail(s, side, value));
        if (!(*tail < MODE_BELOW) || (s->scale == SCALE_LOG && !(value > 0)))
            continue;
        double y = model_level_measure(s, value);
        double other = model_law_other(s, p, y);
        if (s->n > USUAL_AFTER)
            *tail = model_max(*tail, usual_tail(s, p, y, weight, out->sd));
        out->back = out->back || (other > *tail && other > BACK);
        *tail = model_max(*tail, model_max(mode_tail(s, side, y), other));
    }
    bool high = out->raw[1] < out->raw[0];
    double z = model_number_score(model_min(high ? out->raw[1] : out->raw[0], -M_LN2));
    out->z = model_min(z, SERIES_CLIP) * (high ? 1 : -1);
}

void model_law_forget(struct model_series *s, double keep)
{
    model_spread_forget(s, keep);
    s->wide.n *= (float)keep;
    for (int side = 0; side < 2; side++) {
        s->tail_n[side] *= (float)keep;
        s->tail_excess[side] *= (float)keep;
    }
    model_scale_forget(s, keep);
}

void model_law_learn(struct model_series *s, const struct model_point *p,
                     const struct model_place *place, double value, double y)
{
    double keep = 1 - 1 / model_min(s->tau, model_spread_memory(s));
    /* Of what comes seldom, by what came: nothing else tells the laws of its size apart. Of what
     * kind amounts are changes less often than how much they are. */
    double told = s->kind == MODEL_SUM ? AMOUNTS : s->tau;
    double known = s->scale == SCALE_LINEAR || value > 0 ? 1 - 1 / told : 1;
    for (int f = 0; f < (s->mixture != NULL ? ALL_LAWS : LAWS); f++)
        s->evidence[f] = (float)((double)s->evidence[f] * known +
                                 model_max(place->log_pdf[f], -MODEL_MOST_EVIDENCE));
    /* Where there is nothing heavy to explain, what spoke for two widths is past. */
    if (!heavy(s, true)) {
        float past = fmaxf(s->evidence[LAW_WIDE] - s->evidence[LAW_COMMON], 0);
        s->evidence[LAW_WIDE] -= past;
        for (int f = 0; f < LAWS && s->kind == MODEL_VALUE; f++)
            s->values->rival.evidence[f] -= past;
    }
    for (int side = 0; side < 2; side++) {
        double excess = -place->raw[side] - TAIL_START;
        s->tail_n[side] *= (float)keep;
        s->tail_excess[side] *= (float)keep;
        if (excess > 0) {
            s->tail_n[side] += 1.0F;
            /* A law that has not formed yet says nothing about tails. */
            s->tail_excess[side] +=
                (float)model_min(excess, s->log_weight < TAIL_PRIOR ? 1 : TAIL_MOST);
        }
    }
    bool some = s->scale != SCALE_LOG || value > 0;
    if (some) {
        double e = y - p->mean;
        if (place->wide >= 0)
            model_wide_learn(&s->wide, e / place->sd, place->wide, keep);
        /* The mean is an estimate, which is added where a value is judged. */
        model_spread_learn(s, p, e * e / (1 + 1 / model_max(p->n, 1)));
    }
}

double model_law_typical(const struct model_series *s, const struct model_point *p)
{
    if (s->scale != SCALE_LOG)
        return p->mean;
    if (has_zeros(s) && zero_share(s) > 0.5)
        return 0;
    return exp(model_min(p->mean, 600));
}

void model_law_bounds(const struct model_series *s, const struct model_point *p, double *out_lower,
                      double *out_upper)
{
    const double z = 1.959963984540054;
    double sd = model_law_sd(s, p, 0);
    if (s->scale == SCALE_LINEAR) {
        *out_lower = p->mean - z * sd;
        *out_upper = p->mean + z * sd;
        return;
    }
    double zero = s->kind == MODEL_VALUE ? 0 : zero_share(s);
    if (s->scale == SCALE_LOG) {
        *out_lower = zero > 0.025 ? 0 : exp(model_min(p->mean - z * sd, 600));
        *out_upper = zero > 0.975 ? 0 : exp(model_min(p->mean + z * sd, 600));
        return;
    }
    /* Wilson and Hilferty 1931: the cube root of a gamma variate is nearly normal. */
    double mean = model_max(p->mean, 1e-9);
    double ninth = sd * sd / (9 * mean * mean);
    double low = 1 - ninth - z * sqrt(ninth);
    double high = 1 - ninth + z * sqrt(ninth);
    *out_lower = low > 0 ? model_min(mean * low * low * low, 1e300) : 0;
    *out_upper = model_min(model_max(high > 0 ? mean * high * high * high : 0, mean), 1e300);
}
