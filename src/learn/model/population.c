/* SPDX-License-Identifier: Apache-2.0 */
#include "model/population.h"

#include "base/assert.h"
#include "model/number.h"
#include "stats/dist.h"
#include "stats/special.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define BIN_WIDTH 0.5
#define LOG_FLOOR (-690775.5)

#define OWN_PRIOR 0.6 /* sd of a member's logarithm about itself, worth so many values */
#define OWN_PRIOR_N 4.0
#define TOP_PRIOR 0.5 /* the same of the largest value of a bucket */
#define TOP_PRIOR_N 10.0
#define TOP_NEAR 2.0 /* standard deviations below the usual top, where nothing is said of it */
#define LATE_TOPS 4
#define EXCESS_PRIOR 1.0 /* mean excess of the logarithm in the tail */
#define EXCESS_PRIOR_N 5.0
#define TAIL_SHARE 0.1
#define TAIL_VALUES 40.0   /* fewer say nothing about a tail */
#define RANK_NONE 1.0      /* -ln of the share of values above: a third, where a leap is none */
#define RANK_FULL 6.0      /* and 1 in 400, where it counts in full */
#define LEAST_NEW 1e-3     /* fewer newcomers of all values are not told from so many */
#define SETTLED 8          /* buckets after which a new member is a newcomer */
#define LEARN_BUCKETS 3    /* before anything is judged */
#define LEARN_VALUES 100.0 /* or one bucket with so many first values */
#define YOUNG 1.0          /* bucket: ln p counts n / (n + YOUNG) while young */
#define OWN_KNOWN 2.0
#define OWN_OUTER 2.995732273553991 /* -ln 0.05 */
#define OWN_TAIL_PRIOR 10.0
#define OWN_EXCESS_MOST 8.0
#define OUTLIER (-13.8) /* ln 1e-6: counts little in a member's own history */
#define OUTLIER_WEIGHT 0.15
#define AGAIN_SHARE 0.6 /* of ln p is left each time a newcomer does the same again */
#define AGAIN 1.0       /* in the logarithm: not three times what the member carried before */

void model_population_init(struct model_population *p, const struct model_params *params)
{
    ASSERT(params->bucket_span > 0);
    memset(p, 0, sizeof(*p));
    p->params = *params;
    p->tau = model_min(model_max(28.0 * (double)TIME_DAY / (double)params->bucket_span, 100), 2000);
    p->last = TIME_NONE;
    p->open_top = -1;
}

void model_member_init(struct model_member *m)
{
    memset(m, 0, sizeof(*m));
    m->first = m->last = TIME_NONE;
}

static double measure(double value)
{
    return log1p(model_max(model_number_tame(value), 0));
}

static size_t bin_of(double y)
{
    double at = y / BIN_WIDTH;
    return at < MODEL_POPULATION_BINS - 1 ? (size_t)model_max(at, 0) : MODEL_POPULATION_BINS - 1;
}

/*
 * The outer tenth of a histogram follows an exponential law of the logarithm, which is Pareto's law
 * of the value (peaks over a threshold); within, the share of what lies above speaks for itself.
 */
static void settle_histogram(const float *bins, double total, float *above, struct model_tail *out)
{
    double sum = 0;
    double excess = 0; /* of the values above, over the threshold */
    /* Nothing (the first bin) is no small amount: the tail is one of amounts. */
    double least = model_max(TAIL_SHARE * (total - (double)bins[0]), 10);
    size_t start = MODEL_POPULATION_BINS;
    double start_sum = 0;
    double start_excess = 0;
    for (size_t bin = MODEL_POPULATION_BINS; bin-- > 0;) {
        excess += sum * BIN_WIDTH + (double)bins[bin] * BIN_WIDTH / 2;
        if (start_sum < least && bin > 0) {
            start = bin;
            start_sum = sum + (double)bins[bin];
            start_excess = excess;
        }
        sum += (double)bins[bin];
        above[bin] = (float)sum;
    }
    double n = start_sum + EXCESS_PRIOR_N;
    *out = (struct model_tail){total, (double)start * BIN_WIDTH, start_sum,
                               (start_excess + EXCESS_PRIOR * EXCESS_PRIOR_N) / n};
}

/* ln P(a value of this histogram >= y), with the uncertainty of the tail's rate. */
static double histogram_tail(const float *above, const struct model_tail *t, double y)
{
    if (y > t->threshold) {
        double n = t->above + EXCESS_PRIOR_N;
        double tail = -n * log1p((y - t->threshold) / (t->excess * n));
        return model_min(log((t->above + 0.5) / (t->total + 1)) + tail, 0);
    }
    size_t own = bin_of(y);
    double next = own + 1 < MODEL_POPULATION_BINS ? (double)above[own + 1] : 0;
    double inside = (y - (double)own * BIN_WIDTH) / BIN_WIDTH;
    double sum = (double)above[own] + (next - (double)above[own]) * inside;
    return model_min(log((model_max(sum, 0) + 0.5) / (t->total + 1)), 0);
}

static double histogram_quantile(const float *bins, double total, double share)
{
    double want = share * total;
    double sum = 0;
    for (size_t i = 0; i < MODEL_POPULATION_BINS; i++) {
        double b = (double)bins[i];
        if (b > 0 && sum + b >= want)
            return ((double)i + (want - sum) / b) * BIN_WIDTH;
        sum += b;
    }
    return 0;
}

/*
 * The second largest of the last few tops: what has come twice in the last hours is no news,
 * however quiet the many before were, as they are on a morning.
 */
static double late_top(const struct model_population *p)
{
    if (p->tops_n <= LATE_TOPS)
        return 0;
    double most = 0;
    double second = 0;
    for (uint64_t i = p->tops_n - LATE_TOPS; i < p->tops_n; i++) {
        double top = (double)p->tops[i % MODEL_POPULATION_TOPS];
        second = model_max(second, model_min(most, top));
        most = model_max(most, top);
    }
    return second;
}

/* How far y lies beyond the usual largest value of a bucket, in standard deviations. */
static double top_reach(const struct model_population *p, double y)
{
    double n = model_min(p->tops_n, MODEL_POPULATION_TOPS);
    double v = (p->top_spread * n + TOP_PRIOR * TOP_PRIOR * TOP_PRIOR_N) / (n + TOP_PRIOR_N);
    return (y - model_max(p->top_middle, late_top(p))) / sqrt(v * (1 + 1 / n));
}

/* ln P(one member of a bucket reaches so far), from the largest values of the last buckets. */
static double top_tail(const struct model_population *p, double reach)
{
    if (reach <= 0)
        return 0;
    /* Beyond the usual top, any of the members may be the one; around it the top says little about
     * a single member. */
    double n = model_min(p->tops_n, MODEL_POPULATION_TOPS);
    double any = model_number_student_tail(reach, n + TOP_PRIOR_N);
    return model_min(any - log(model_max(p->per_bucket, 1)), 0) * model_min(reach, 1);
}

static double own_sd(const struct model_population *p, const struct model_member *m)
{
    double pooled =
        (p->within + OWN_PRIOR * OWN_PRIOR * OWN_PRIOR_N) / (p->within_weight + OWN_PRIOR_N);
    double w = (double)m->weight;
    double v = (m->spread + pooled * OWN_PRIOR_N) / (w + OWN_PRIOR_N);
    return sqrt(v * (1 + 1 / model_max(w, 1)));
}

/* What all members together show of how one varies counts for something. */
static double own_freedom(const struct model_population *p, const struct model_member *m)
{
    return (double)m->weight + OWN_PRIOR_N + model_min(p->within_weight / 4, 8);
}

/*
 * ln P(the member brings y or more) by its own history. Logarithms of traffic have heavier tails
 * than the law says; by how much, all members show together: the excess of -ln p over its 5 % point
 * would be exponential with mean 1.
 */
static double own_tail(const struct model_population *p, const struct model_member *m, double y,
                       double *out_raw)
{
    double raw = model_number_student_tail((y - m->mean) / own_sd(p, m), own_freedom(p, m));
    *out_raw = raw;
    double beyond = -raw - OWN_OUTER;
    if (beyond <= 0)
        return raw;
    double stretch = (p->own_excess + OWN_TAIL_PRIOR) / (p->own_outer + OWN_TAIL_PRIOR);
    return -(OWN_OUTER + beyond / model_max(stretch, 1));
}

/* Whether a member has been seen to carry about as much: each time it is less news. */
static bool again(const struct model_member *m, double y)
{
    return m->seen > 0 && y <= m->mean + AGAIN;
}

/* ln of the share of newcomers among all values. */
static double new_share(const struct model_population *p)
{
    double share = (p->first_tail.total + 0.5) / (p->all_tail.total + 1);
    return log(model_min(model_max(share, LEAST_NEW), 1));
}

static double judge_high(const struct model_population *p, const struct model_member *m, double y)
{
    bool fresh = (double)m->weight < OWN_KNOWN;
    /* Beyond what the whole population reaches, by a member from which it was not expected. */
    double reach = top_reach(p, y);
    double top = top_tail(p, reach);
    /* One that is new and among the largest; of what is far from them this view knows nothing. */
    if (fresh && reach > -TOP_NEAR) {
        double share = (p->top_new + 0.5) / model_min((double)p->closed + 1, p->tau);
        top += log(model_min(share, 1)) * model_min(1 + reach / TOP_NEAR, 1);
    }
    double law = 0;
    if (fresh && p->first_tail.total >= TAIL_VALUES)
        law = histogram_tail(p->first_above, &p->first_tail, y);
    else if (p->all_tail.total >= TAIL_VALUES)
        law = histogram_tail(p->all_above, &p->all_tail, y);
    /* Where newcomers are few, one among the largest is two rare things at once. */
    if (fresh && p->closed >= SETTLED && p->all_tail.total >= TAIL_VALUES)
        law += new_share(p) * model_min(-law / RANK_FULL, 1);
    /* Two looks; the weaker of peers and own history decides. */
    double peers = model_min(model_min(top, law) + M_LN2, 0);
    if (fresh)
        return again(m, y) ? peers * pow(AGAIN_SHARE, m->seen) : peers;
    double raw;
    double own = own_tail(p, m, y, &raw);
    /* A member that leaps far beyond itself into the upper end of all values is news too, although
     * others are always there. */
    double rank = p->all_tail.total >= TAIL_VALUES ? -law : 0;
    double leap = own * model_min(model_max((rank - RANK_NONE) / (RANK_FULL - RANK_NONE), 0), 1);
    return model_max(model_min(peers, leap), own);
}

/* Little is unusual when it is little for the member and little among all. */
static double judge_low(const struct model_population *p, const struct model_member *m, double y)
{
    if ((double)m->weight < OWN_KNOWN || p->all_tail.total < TAIL_VALUES)
        return 0;
    double above = 1 - exp(histogram_tail(p->all_above, &p->all_tail, y));
    double peers = log((above * p->all_tail.total + 0.5) / (p->all_tail.total + 1));
    double own = model_number_student_tail((m->mean - y) / own_sd(p, m), own_freedom(p, m));
    return model_min(model_max(peers, own), 0);
}

void model_population_judge(const struct model_population *p, const struct model_member *m,
                            const struct model_observation *o, struct model_judgement *out)
{
    memset(out, 0, sizeof(*out));
    double n = (double)p->closed;
    bool many = p->first_tail.total >= LEARN_VALUES;
    out->multi_bucket = -5;
    out->confidence = n / (n + 8);
    if (p->closed < (many ? 1U : LEARN_BUCKETS))
        return;
    double y = measure(o->value);
    out->judged = true;
    double middle = p->quantile[1];
    bool known = (double)m->weight >= OWN_KNOWN;
    out->typical = expm1(model_min(known ? m->mean : middle, 600));
    out->lower = expm1(p->quantile[0]);
    out->upper = expm1(p->quantile[2]);
    out->high = y > (known ? m->mean : middle);
    double high = judge_high(p, m, y);
    double low = o->fraction < 1 ? 0 : judge_low(p, m, y);
    double log_p = p->params.side == MODEL_HIGH  ? high
                   : p->params.side == MODEL_LOW ? low
                                                 : model_min(model_min(high, low) + M_LN2, 0);
    double seen = n + (many ? p->first_tail.total / LEARN_VALUES : 0);
    out->single_log_p = model_max(log_p, LOG_FLOOR) * seen / (seen + YOUNG);
    out->log_p = out->single_log_p;
    out->high_variance = sqrt(p->top_spread) > 1.5;
}

/* Of all values, by their bins: the first is taken as 0, as half events hardly occur. */
static double mean_value(const struct model_population *p)
{
    double sum = 0.5;
    for (size_t i = 1; i < MODEL_POPULATION_BINS; i++) {
        if (p->all[i] > 0)
            sum += (double)p->all[i] * expm1(((double)i + 0.5) * BIN_WIDTH);
    }
    return sum / (p->all_weight + 1);
}

double model_population_burst_log_p(const struct model_population *p, const struct model_member *m,
                                    double value)
{
    double mean = mean_value(p);
    double own = expm1(model_min(model_max(m->mean, 0), 600));
    double w = (double)m->weight;
    mean = model_max(mean, (own * w + mean) / (w + 1));
    return model_max(-model_max(value, 0) * log1p(1 / mean), LOG_FLOOR);
}

void model_population_learn(struct model_population *p, struct model_member *m,
                            const struct model_observation *o)
{
    double y = measure(o->value);
    bool fresh = m->seen == 0;
    /* Only what lies in the outer tail of all can be an outlier. */
    double weight = 1;
    if (p->closed > 0 && y > p->all_tail.threshold && !again(m, y) && judge_high(p, m, y) < OUTLIER)
        weight = OUTLIER_WEIGHT;
    size_t bin = bin_of(y);
    p->all[bin] += 1.0F;
    p->all_weight += 1;
    if (fresh) {
        p->first[bin] += 1.0F;
        p->first_weight += 1;
        p->members++;
        m->first = o->time;
    }
    if (y > p->open_top) {
        p->open_top = y;
        p->open_top_new = fresh;
    }
    p->open_members++;

    double keep = (double)m->weight >= p->tau ? 1 - 1 / p->tau : 1;
    if ((double)m->weight >= OWN_KNOWN + 1) {
        double raw;
        (void)own_tail(p, m, y, &raw);
        if (-raw > OWN_OUTER) {
            p->own_outer += 1;
            p->own_excess += model_min(-raw - OWN_OUTER, OWN_EXCESS_MOST);
        }
    }
    double w = (double)m->weight * keep + weight;
    double e = y - m->mean;
    m->mean += e * weight / w;
    double square = model_max(weight * e * (y - m->mean), 0);
    m->spread = m->spread * keep + square;
    m->weight = (float)w;
    if (!fresh && weight >= 1) {
        p->within += square;
        p->within_weight += 1;
    }
    m->seen += m->seen < UINT32_MAX;
    m->last = o->time;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static void settle_histograms(struct model_population *p)
{
    settle_histogram(p->all, p->all_weight, p->all_above, &p->all_tail);
    settle_histogram(p->first, p->first_weight, p->first_above, &p->first_tail);
    p->quantile[0] = histogram_quantile(p->all, p->all_weight, 0.025);
    p->quantile[1] = histogram_quantile(p->all, p->all_weight, 0.5);
    p->quantile[2] = histogram_quantile(p->all, p->all_weight, 0.975);
}

/* Median, and spread by the median of the deviations: one attack does not move them. */
static void settle_tops(struct model_population *p)
{
    float sorted[MODEL_POPULATION_TOPS];
    size_t n = p->tops_n < MODEL_POPULATION_TOPS ? p->tops_n : MODEL_POPULATION_TOPS;
    memcpy(sorted, p->tops, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), compare_floats);
    p->top_middle = ((double)sorted[(n - 1) / 2] + (double)sorted[n / 2]) / 2;
    for (size_t i = 0; i < n; i++)
        sorted[i] = (float)fabs((double)sorted[i] - p->top_middle);
    qsort(sorted, n, sizeof(*sorted), compare_floats);
    double deviation = ((double)sorted[(n - 1) / 2] + (double)sorted[n / 2]) / 2;
    p->top_spread = deviation * deviation * 1.4826 * 1.4826;
}

void model_population_close(struct model_population *p, ts_ns time)
{
    if (p->open_members > 0) {
        double keep = 1 - 1 / p->tau;
        for (size_t i = 0; i < MODEL_POPULATION_BINS; i++) {
            p->all[i] *= (float)keep;
        }
        p->all_weight *= keep;
        /* At first all are new: the first buckets' newcomers are none, and soon forgotten. */
        double keep_first = p->closed < SETTLED ? 0.5 : keep;
        p->first_weight *= keep_first;
        for (size_t i = 0; i < MODEL_POPULATION_BINS; i++)
            p->first[i] *= (float)keep_first;
        p->within *= keep;
        p->within_weight *= keep;
        p->own_outer *= keep;
        p->own_excess *= keep;
        p->top_new = p->top_new * keep + (p->open_top_new ? 1 : 0);
        p->tops[p->tops_n++ % MODEL_POPULATION_TOPS] = (float)p->open_top;
        if (p->tops_n == 2 * MODEL_POPULATION_TOPS)
            p->tops_n = MODEL_POPULATION_TOPS;
        settle_tops(p);
        settle_histograms(p);
        p->closed++;
        double share = model_max(1 / (double)p->closed, 0.02);
        p->per_bucket += ((double)p->open_members - p->per_bucket) * share;
    }
    p->open_top = -1;
    p->open_top_new = false;
    p->open_members = 0;
    p->last = time;
}

void model_population_save(const struct model_population *p, struct buf *out)
{
    buf_char(out, VERSION);
    buf_le64(out, p->closed);
    buf_le64(out, p->members);
    buf_le32(out, p->tops_n);
    buf_char(out, (char)p->open_top_new);
    buf_le64(out, p->open_members);
    buf_le64(out, (uint64_t)p->last);
    const double numbers[] = {p->all_weight, p->first_weight, p->top_spread,    p->top_new,
                              p->per_bucket, p->within,       p->within_weight, p->own_outer,
                              p->own_excess, p->top_middle,   p->open_top};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        buf_double(out, numbers[i]);
    for (size_t i = 0; i < MODEL_POPULATION_BINS; i++) {
        buf_double(out, (double)p->all[i]);
        buf_double(out, (double)p->first[i]);
    }
    for (size_t i = 0; i < MODEL_POPULATION_TOPS; i++)
        buf_double(out, (double)p->tops[i]);
    for (size_t i = 0; i < MODEL_POPULATION_BINS; i++) {
        buf_double(out, (double)p->all_above[i]);
        buf_double(out, (double)p->first_above[i]);
    }
    const struct model_tail *const tails[] = {&p->all_tail, &p->first_tail};
    for (size_t i = 0; i < 2; i++) {
        buf_double(out, tails[i]->total);
        buf_double(out, tails[i]->threshold);
        buf_double(out, tails[i]->above);
        buf_double(out, tails[i]->excess);
    }
    for (size_t i = 0; i < 3; i++)
        buf_double(out, p->quantile[i]);
}

enum err model_population_load(struct cursor *in, const struct model_params *params,
                               struct model_population *out)
{
    struct model_population p;
    uint8_t version = cursor_u8(in);
    if (!cursor_ok(in))
        return ERR_FORMAT;
    if (version != VERSION)
        return version > VERSION ? ERR_VERSION : ERR_FORMAT;
    model_population_init(&p, params);
    p.closed = cursor_le64(in);
    p.members = cursor_le64(in);
    p.tops_n = cursor_le32(in);
    uint8_t top_new = cursor_u8(in);
    p.open_members = cursor_le64(in);
    p.last = (ts_ns)cursor_le64(in);
    double *const positive[] = {&p.all_weight,    &p.first_weight, &p.top_spread,
                                &p.top_new,       &p.per_bucket,   &p.within,
                                &p.within_weight, &p.own_outer,    &p.own_excess};
    for (size_t i = 0; i < sizeof(positive) / sizeof(positive[0]); i++)
        *positive[i] = model_number_load_positive(in, 1e15);
    p.top_middle = model_number_load(in, 1e3);
    p.open_top = model_number_load(in, 1e3);
    for (size_t i = 0; i < MODEL_POPULATION_BINS; i++) {
        p.all[i] = (float)model_number_load_positive(in, 1e15);
        p.first[i] = (float)model_number_load_positive(in, 1e15);
    }
    for (size_t i = 0; i < MODEL_POPULATION_TOPS; i++)
        p.tops[i] = (float)model_number_load(in, 1e3);
    for (size_t i = 0; i < MODEL_POPULATION_BINS; i++) {
        p.all_above[i] = (float)model_number_load_positive(in, 1e15);
        p.first_above[i] = (float)model_number_load_positive(in, 1e15);
    }
    struct model_tail *const tails[] = {&p.all_tail, &p.first_tail};
    for (size_t i = 0; i < 2; i++) {
        tails[i]->total = model_number_load_positive(in, 1e15);
        tails[i]->threshold = model_number_load_positive(in, 1e3);
        tails[i]->above = model_number_load_positive(in, 1e15);
        tails[i]->excess = model_number_load_positive(in, 1e3);
    }
    for (size_t i = 0; i < 3; i++)
        p.quantile[i] = model_number_load_positive(in, 1e3);
    if (!cursor_ok(in) || top_new > 1 || p.tops_n >= 2 * MODEL_POPULATION_TOPS ||
        (p.closed > 0 && p.tops_n == 0) || (p.closed > 0 && !(p.all_tail.excess > 0)) ||
        (p.closed > 0 && !(p.first_tail.excess > 0)))
        return ERR_FORMAT;
    p.open_top_new = top_new != 0;
    *out = p;
    return ERR_NONE;
}

void model_member_save(const struct model_member *m, struct buf *out)
{
    buf_double(out, m->mean);
    buf_double(out, m->spread);
    buf_double(out, (double)m->weight);
    buf_le32(out, m->seen);
    buf_le64(out, (uint64_t)m->first);
    buf_le64(out, (uint64_t)m->last);
}

enum err model_member_load(struct cursor *in, struct model_member *out)
{
    struct model_member m;
    m.mean = model_number_load(in, 1e3);
    m.spread = model_number_load_positive(in, 1e15);
    m.weight = (float)model_number_load_positive(in, 1e9);
    m.seen = cursor_le32(in);
    m.first = (ts_ns)cursor_le64(in);
    m.last = (ts_ns)cursor_le64(in);
    if (!cursor_ok(in))
        return ERR_FORMAT;
    *out = m;
    return ERR_NONE;
}
