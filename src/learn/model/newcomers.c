/* SPDX-License-Identifier: Apache-2.0 */
#include "model/newcomers.h"

#include "base/assert.h"
#include "model/number.h"
#include "stats/dist.h"
#include "stats/special.h"

#include <math.h>
#include <string.h>

#define VERSION 1
#define LOG_FLOOR (-690775.5)
#define EULER 0.577215664901532861

#define LESSONS_BEFORE_JUDGING 8
#define LESSONS_BEFORE_WEIGHING 3
#define YOUNG 2.0        /* lessons: ln p counts n / (n + YOUNG) while young */
#define YOUNG_MEMORY 8.0 /* lessons, and half of those there have been: starts are not typical */

#define LOG_PRIOR                                                                                  \
    1.5 /* standard deviation of the logarithm: who comes differs by factors of ten                \
         */
#define LINEAR_PRIOR 0.1 /* of the mean */
#define PRIOR_N 3.0
#define PRIOR_FADES 20.0
#define LOG_LEAST 0.05
#define LINEAR_LEAST 0.001
#define DISPERSION_PRIOR 1.0 /* a geometric law */
#define DISPERSION_MOST 1e3
#define SUMMED 16.0 /* counts up to here have the probability of their own step */

#define OUTER 2.995732273553991 /* -ln 0.05 */
#define OUTER_PRIOR 10.0
#define OUTER_MOST 8.0 /* what one value can add */
#define OUTLIER (-9.2) /* ln 1e-4: teaches little */
#define OUTLIER_WEIGHT 0.15
#define MOST_EVIDENCE 40.0
#define WIDE_STRETCH 1.5

/* Families of laws: of the logarithm Student's, Gumbel's (Pareto's tail), and by the kind the
 * negative binomial law or Student's of the values themselves. */
enum { LAW_LOG, LAW_HEAVY, LAW_OTHER };
static const double prior[MODEL_NEWCOMERS_LAWS] = {1, 0.1, 0.3};

/* Everything that is known of the next value. */
struct fit {
    double nu; /* degrees of freedom */
    double log_mean;
    double log_sd;
    double mean;
    double sd;
    double size; /* of the negative binomial law */
    double weight[MODEL_NEWCOMERS_LAWS];
};

void model_newcomers_init(struct model_newcomers *m, const struct model_params *params)
{
    ASSERT(params->bucket_span > 0);
    memset(m, 0, sizeof(*m));
    m->params = *params;
    /* Whom nothing is known of has not shown yet what a name of its holds. */
    if (params->kind == MODEL_CONTENT)
        m->params.kind = MODEL_SUM;
    m->tau = model_min(model_max(28.0 * (double)TIME_DAY / (double)params->bucket_span, 100), 2000);
    m->last = TIME_NONE;
}

bool model_newcomers_takes(const struct model_newcomers *m, double value)
{
    return m->params.kind == MODEL_VALUE || value > 0;
}

static bool is_there(const struct model_newcomers *m, int law)
{
    return law == LAW_OTHER ? m->params.kind != MODEL_SUM : !m->plain;
}

static void weigh(const struct model_newcomers *m, double out[MODEL_NEWCOMERS_LAWS])
{
    double best = -1e300;
    double all = 0;
    for (int i = 0; i < MODEL_NEWCOMERS_LAWS; i++) {
        if (is_there(m, i))
            best = model_max(best, m->evidence[i]);
    }
    for (int i = 0; i < MODEL_NEWCOMERS_LAWS; i++) {
        out[i] = is_there(m, i) ? prior[i] * exp(m->evidence[i] - best) : 0;
        all += out[i];
    }
    for (int i = 0; i < MODEL_NEWCOMERS_LAWS; i++)
        out[i] /= all;
}

static struct fit fit(const struct model_newcomers *m)
{
    struct fit f = {.log_mean = m->log_mean, .mean = m->mean};
    double n = model_max(m->weight, 1e-9);
    /* So many lessons of equal weight would say as much. */
    double equal = model_max(n * n / model_max(m->squared, 1e-9), 1e-9);
    double before = PRIOR_N / (1 + equal / PRIOR_FADES);
    double known = equal + before;
    double wide = 1 + 1 / model_max(equal, 1);
    double v = (m->log_squares / n * equal + LOG_PRIOR * LOG_PRIOR * before) / known;
    f.nu = equal + PRIOR_N;
    f.log_sd = model_max(sqrt(v * wide), LOG_LEAST);
    double size = model_max(fabs(m->mean), 1e-9);
    double share = LINEAR_PRIOR * size;
    v = (m->squares / n * equal + share * share * before) / known;
    f.sd = model_max(sqrt(v * wide), LINEAR_LEAST * size);
    /* What comes beyond the first event. */
    double more = (equal * model_max(m->mean - 1, 0) + 0.5) / (equal + 1);
    double alpha = model_max(m->squares / n - more, 0) / (more * more);
    alpha = (alpha * equal + DISPERSION_PRIOR * before) / known * wide + 1 / (equal * more + 0.5);
    f.size = 1 / model_min(alpha, DISPERSION_MOST);
    if (m->params.kind == MODEL_COUNT)
        f.mean = more;
    weigh(m, f.weight);
    return f;
}

/* Gumbel's law with this mean and spread; how steep its tail is has been estimated, too. */
static double heavy_reach(const struct fit *f, double y, double *out_scale, double *out_turn)
{
    double scale = f->log_sd * sqrt(6) / M_PI;
    double z = (y - f->log_mean) / scale + EULER;
    *out_scale = scale;
    *out_turn = z > 0 ? f->nu / (f->nu + z) : 1;
    return z > 0 ? f->nu * log1p(z / f->nu) : z;
}

/* ln P(the logarithm is y or more) */
static double log_tail(const struct fit *f, int law, double y)
{
    if (law == LAW_LOG)
        return model_number_student_tail((y - f->log_mean) / f->log_sd, f->nu);
    double scale;
    double turn;
    double z = heavy_reach(f, y, &scale, &turn);
    return z > 30 ? -z : stats_special_log_1m(-exp(-z));
}

/* ln of its density there */
static double log_density(const struct fit *f, int law, double y)
{
    if (law == LAW_LOG)
        return stats_dist_student_log_pdf(y, f->log_mean, f->log_sd, f->nu);
    double scale;
    double turn;
    double z = heavy_reach(f, y, &scale, &turn);
    return model_max(-z - exp(-z), LOG_FLOOR) + log(turn / scale);
}

/* ln P(x or more) by one law. A whole number begins half a step below itself. */
static double tail(const struct model_newcomers *m, const struct fit *f, int law, double x)
{
    bool count = m->params.kind == MODEL_COUNT;
    if (law != LAW_OTHER)
        return log_tail(f, law, log(count ? x - 0.5 : x));
    if (count)
        return stats_dist_negbin(x - 1, f->mean, f->size).upper;
    return model_number_student_tail((x - f->mean) / f->sd, f->nu);
}

/* ln of the probability, or of the density, of x by one law. */
static double likely(const struct model_newcomers *m, const struct fit *f, int law, double x)
{
    if (m->params.kind != MODEL_COUNT) {
        return law == LAW_OTHER ? stats_dist_student_log_pdf(x, f->mean, f->sd, f->nu)
                                : log_density(f, law, log(x)) - log(x);
    }
    if (law == LAW_OTHER)
        return stats_dist_negbin_log_pmf(x - 1, f->mean, f->size);
    if (x > SUMMED)
        return log_density(f, law, log(x)) - log(x);
    double p = exp(log_tail(f, law, log(x - 0.5))) - exp(log_tail(f, law, log(x + 0.5)));
    return log(model_max(p, 1e-300));
}

/* ln P(x or more), as the laws together have it. */
static double together(const struct model_newcomers *m, const struct fit *f, double x)
{
    double log_p = LOG_FLOOR;
    for (int i = 0; i < MODEL_NEWCOMERS_LAWS; i++) {
        if (f->weight[i] > 0)
            log_p = stats_special_log_add(log_p, tail(m, f, i, x) + log(f->weight[i]));
    }
    return model_min(log_p, 0);
}

static double stretch(const struct model_newcomers *m)
{
    return model_max((m->excess + OUTER_PRIOR) / (m->outer + OUTER_PRIOR), 1);
}

/* The excess of -ln p over its 5 % point would be exponential with mean 1. */
static double calibrated(const struct model_newcomers *m, double log_p)
{
    double beyond = -log_p - OUTER;
    return beyond > 0 ? -(OUTER + beyond / stretch(m)) : log_p;
}

/* A whole number of events, but what the model takes. */
static double taken(const struct model_newcomers *m, double value)
{
    double x = model_number_tame(value);
    return m->params.kind == MODEL_COUNT ? model_max(x, 1) : x;
}

void model_newcomers_judge(const struct model_newcomers *m, const struct model_observation *o,
                           struct model_judgement *out)
{
    memset(out, 0, sizeof(*out));
    out->multi_bucket = -5;
    out->confidence = m->weight / (m->weight + LESSONS_BEFORE_JUDGING);
    double x = taken(m, o->value);
    if (m->lessons < LESSONS_BEFORE_JUDGING || !model_newcomers_takes(m, o->value))
        return;
    struct fit f = fit(m);
    bool logs = !m->plain && (m->params.kind != MODEL_VALUE || f.weight[LAW_OTHER] < 0.5);
    double two = 1.96;
    if (logs) {
        out->typical = exp(model_min(f.log_mean, 600));
        out->lower = exp(model_min(f.log_mean - two * f.log_sd, 600));
        out->upper = exp(model_min(f.log_mean + two * f.log_sd, 600));
    } else {
        out->typical = m->mean;
        out->lower = m->mean - two * f.sd;
        out->upper = m->mean + two * f.sd;
    }
    out->judged = true;
    out->high = x > out->typical;
    /* What is not positive is below all that logarithms know. */
    double log_p = m->plain || x > 0 ? calibrated(m, together(m, &f, x)) : 0;
    double young = m->weight / (m->weight + YOUNG);
    out->single_log_p = out->high ? model_max(log_p, LOG_FLOOR) * young : 0;
    out->log_p = out->single_log_p;
    out->high_variance = stretch(m) > WIDE_STRETCH;
}

void model_newcomers_open(struct model_newcomers *m, ts_ns time, size_t newcomers)
{
    bool first = m->last == TIME_NONE;
    double gone = first ? 0 : model_max((double)time - (double)m->last, 0);
    m->last = time;
    m->share = 0;
    if (first)
        return;
    double memory = YOUNG_MEMORY + (double)m->lessons / 2;
    double keep = (1 - 1 / memory) * exp(-gone / (double)m->params.bucket_span / m->tau);
    m->weight *= keep;
    m->squared = m->squared * keep * keep + 1;
    m->log_squares *= keep;
    m->squares *= keep;
    m->outer *= keep;
    m->excess *= keep;
    for (int i = 0; i < MODEL_NEWCOMERS_LAWS; i++)
        m->evidence[i] *= keep;
    m->lessons += m->lessons < UINT32_MAX;
    m->share = 1 / (double)newcomers;
}

/* Who foretold this one how well, and how far out it lies. Returns what it is to weigh. */
static double compare(struct model_newcomers *m, double x)
{
    struct fit f = fit(m);
    double log_p = together(m, &f, x);
    double weight = calibrated(m, log_p) < OUTLIER ? m->share * OUTLIER_WEIGHT : m->share;
    double best = LOG_FLOOR;
    for (int i = 0; i < MODEL_NEWCOMERS_LAWS; i++) {
        if (is_there(m, i)) {
            m->evidence[i] += weight * model_max(likely(m, &f, i, x), LOG_FLOOR);
            best = model_max(best, m->evidence[i]);
        }
    }
    for (int i = 0; i < MODEL_NEWCOMERS_LAWS; i++)
        m->evidence[i] = is_there(m, i) ? model_max(m->evidence[i] - best, -MOST_EVIDENCE) : 0;
    if (-log_p > OUTER) {
        m->outer += m->share;
        m->excess += m->share * model_min(-log_p - OUTER, OUTER_MOST);
    }
    return weight;
}

static void add(double x, double weight, double whole, double *mean, double *squares)
{
    double e = x - *mean;
    *mean += e * weight / whole;
    *squares += model_max(weight * e * (x - *mean), 0);
}

void model_newcomers_learn(struct model_newcomers *m, const struct model_observation *o)
{
    double x = taken(m, o->value);
    double weight = m->share;
    if (!(weight > 0))
        return;
    m->plain |= x <= 0;
    if (m->lessons > LESSONS_BEFORE_WEIGHING)
        weight = compare(m, x);
    m->weight += weight;
    if (!m->plain)
        add(log(x), weight, m->weight, &m->log_mean, &m->log_squares);
    add(x, weight, m->weight, &m->mean, &m->squares);
}

void model_newcomers_save(const struct model_newcomers *m, struct buf *out)
{
    buf_char(out, VERSION);
    buf_le64(out, (uint64_t)m->last);
    buf_le64(out, m->lessons);
    buf_char(out, (char)m->plain);
    const double numbers[] = {m->weight,   m->squared,     m->outer, m->excess,
                              m->log_mean, m->log_squares, m->mean,  m->squares};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        buf_double(out, numbers[i]);
    for (int i = 0; i < MODEL_NEWCOMERS_LAWS; i++)
        buf_double(out, -m->evidence[i]);
}

enum err model_newcomers_load(struct cursor *in, const struct model_params *params,
                              struct model_newcomers *out)
{
    struct model_newcomers m;
    uint8_t version = cursor_u8(in);
    if (!cursor_ok(in))
        return ERR_FORMAT;
    if (version != VERSION)
        return version > VERSION ? ERR_VERSION : ERR_FORMAT;
    model_newcomers_init(&m, params);
    m.last = (ts_ns)cursor_le64(in);
    m.lessons = cursor_le64(in);
    uint8_t plain = cursor_u8(in);
    m.weight = model_number_load_positive(in, 1e6);
    m.squared = model_number_load_positive(in, 1e6);
    m.outer = model_number_load_positive(in, 1e6);
    m.excess = model_number_load_positive(in, 1e7);
    m.log_mean = model_number_load(in, 1e3);
    m.log_squares = model_number_load_positive(in, 1e12);
    m.mean = model_number_load(in, 1e30);
    m.squares = model_number_load_positive(in, 1e70);
    for (int i = 0; i < MODEL_NEWCOMERS_LAWS; i++)
        m.evidence[i] = -model_number_load_positive(in, MOST_EVIDENCE);
    m.plain = plain != 0;
    if (!cursor_ok(in) || plain > 1 || (m.plain && params->kind != MODEL_VALUE) ||
        m.lessons > UINT32_MAX || (m.last == TIME_NONE && m.lessons > 0))
        return ERR_FORMAT;
    *out = m;
    return ERR_NONE;
}
