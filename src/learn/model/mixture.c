/* SPDX-License-Identifier: Apache-2.0 */
#include "model/mixture.h"

#include "model/number.h"
#include "stats/special.h"

#include <math.h>
#include <string.h>

#define ROUNDS 20
#define LEAST_SHARE 0.04 /* a part with less is no mode */
#define LEAST_VALUES 6.0
#define APART                                                                                      \
    3.6 /* standard deviations between neighbours, or they are one mode: a flat law has none */
#define TWO_SIDED 0.5
#define SETTLED 1e-2
#define BETTER 10.0 /* by which Schwarz's criterion must fall */
#define PRIOR_N 3.0 /* degrees of freedom before any value */
#define FLOOR (-690775.5)
#define LOG_SQRT_2PI 0.918938533204672741780329736406

/* A part's normal law as ln density = height - narrow (x - mean)^2. */
struct bell {
    double mean;
    double height;
    double narrow;
};

static double total(const struct model_mixture *m)
{
    double n = 0;
    for (unsigned k = 0; k < m->parts; k++)
        n += m->part[k].n;
    return n;
}

static void ring(const struct model_mixture *m, struct bell out[MODEL_MIXTURE_PARTS])
{
    double all = total(m);
    for (unsigned k = 0; k < m->parts; k++) {
        const struct model_mixture_part *p = &m->part[k];
        out[k] = (struct bell){
            p->mean, log(model_max(p->n, 1e-9) / all) - 0.5 * log(p->variance) - LOG_SQRT_2PI,
            0.5 / p->variance};
    }
}

/* The share of each part in a value. ln of the density is out_best and ln of what is returned. */
static double share_out(const struct bell *bell, unsigned parts, double x,
                        double share[MODEL_MIXTURE_PARTS], double *out_best)
{
    double best = -1e300;
    for (unsigned k = 0; k < parts; k++) {
        double e = x - bell[k].mean;
        share[k] = bell[k].height - bell[k].narrow * e * e;
        best = model_max(best, share[k]);
    }
    double sum = 0;
    for (unsigned k = 0; k < parts; k++) {
        double behind = share[k] - best;
        share[k] = behind > -40 ? behind < 0 ? exp(behind) : 1 : 0;
        sum += share[k];
    }
    for (unsigned k = 0; k < parts; k++)
        share[k] /= sum;
    *out_best = best;
    return sum;
}

static double log_density(const struct bell *bell, unsigned parts, double x)
{
    double share[MODEL_MIXTURE_PARTS];
    double best;
    double sum = share_out(bell, parts, x, share, &best);
    return best + log(sum);
}

static void responsible(const struct bell *bell, unsigned parts, double x,
                        double share[MODEL_MIXTURE_PARTS])
{
    double best;
    (void)share_out(bell, parts, x, share, &best);
}

/* One round; returns how far a mean moved at most, in standard deviations. */
static double maximise(const double *x, size_t n, double least, struct model_mixture *m)
{
    struct model_mixture next = {.parts = m->parts};
    struct bell bell[MODEL_MIXTURE_PARTS];
    double squares[MODEL_MIXTURE_PARTS] = {0};
    ring(m, bell);
    for (size_t i = 0; i < n; i++) {
        double share[MODEL_MIXTURE_PARTS];
        responsible(bell, m->parts, x[i], share);
        for (unsigned k = 0; k < m->parts; k++) {
            struct model_mixture_part *p = &next.part[k];
            if (!(share[k] > 0))
                continue;
            p->n += share[k];
            double e = x[i] - p->mean;
            p->mean += e * share[k] / p->n;
            squares[k] += share[k] * e * (x[i] - p->mean);
        }
    }
    double moved = 0;
    for (unsigned k = 0; k < m->parts; k++) {
        struct model_mixture_part *p = &next.part[k];
        p->variance = model_max(p->n > 0 ? squares[k] / p->n : 0, least);
        moved = model_max(moved, fabs(p->mean - m->part[k].mean) / sqrt(p->variance));
    }
    *m = next;
    return moved;
}

/* Parts spread evenly over the values, in order of their means. */
static void begin(const double *sorted, size_t n, unsigned parts, double variance,
                  struct model_mixture *m)
{
    *m = (struct model_mixture){.parts = parts};
    for (unsigned k = 0; k < parts; k++)
        m->part[k] = (struct model_mixture_part){sorted[n * (2 * k + 1) / (2 * parts)],
                                                 variance / (parts * parts), (double)n / parts};
}

static void sort(double *x, size_t n)
{
    for (size_t gap = n / 2; gap > 0; gap /= 2)
        for (size_t i = gap; i < n; i++)
            for (size_t j = i; j >= gap && x[j - gap] > x[j]; j -= gap) {
                double t = x[j];
                x[j] = x[j - gap];
                x[j - gap] = t;
            }
}

/* Every part is a mode of its own. */
static bool apart(const struct model_mixture *m, size_t n)
{
    for (unsigned k = 0; k < m->parts; k++) {
        const struct model_mixture_part *p = &m->part[k];
        if (p->n < LEAST_SHARE * (double)n || p->n < LEAST_VALUES)
            return false;
        if (k == 0)
            continue;
        const struct model_mixture_part *q = &m->part[k - 1];
        if (p->mean - q->mean < APART * (sqrt(p->variance) + sqrt(q->variance)) / 2)
            return false;
    }
    return true;
}

/* What a mixture explains, as Schwarz's criterion has it: less is better. */
static double criterion(const double *x, size_t n, const struct model_mixture *m)
{
    struct bell bell[MODEL_MIXTURE_PARTS];
    double sum = (3 * m->parts - 1) * log((double)n);
    ring(m, bell);
    for (size_t i = 0; i < n; i++)
        sum -= 2 * log_density(bell, m->parts, x[i]);
    return sum;
}

/* (skewness^2 + 1) / kurtosis: 1 for two points, 1/3 for a normal law, 5/9 for a flat one. */
static double two_sided(const double *x, size_t n, double mean)
{
    double m2 = 0;
    double m3 = 0;
    double m4 = 0;
    for (size_t i = 0; i < n; i++) {
        double e = x[i] - mean;
        m2 += e * e;
        m3 += e * e * e;
        m4 += e * e * e * e;
    }
    m2 /= (double)n;
    m3 /= (double)n;
    m4 /= (double)n;
    return m4 > 0 ? (m3 * m3 / m2 + m2 * m2) / m4 : 0;
}

bool model_mixture_fit(const double *x, size_t n, double least, struct model_mixture *out)
{
    double sorted[MODEL_MIXTURE_SAMPLE];
    struct model_mixture one = {.parts = 1, .part = {{0, 1, (double)n}}};
    if (n < 32 || n > MODEL_MIXTURE_SAMPLE)
        return false;
    maximise(x, n, least, &one);
    if (two_sided(x, n, one.part[0].mean) < TWO_SIDED)
        return false;
    memcpy(sorted, x, n * sizeof(*x));
    sort(sorted, n);
    double best = criterion(x, n, &one) - BETTER;
    bool found = false;
    for (unsigned parts = 2; parts <= MODEL_MIXTURE_PARTS; parts++) {
        struct model_mixture m;
        begin(sorted, n, parts, one.part[0].variance, &m);
        for (int round = 0; round < ROUNDS && maximise(x, n, least, &m) > SETTLED; round++)
            ;
        if (!apart(&m, n))
            continue;
        double now = criterion(x, n, &m);
        if (now < best) {
            best = now - BETTER;
            *out = m;
            found = true;
        }
    }
    return found;
}

void model_mixture_judge(const struct model_mixture *m, double x, struct model_mixture_place *out)
{
    struct bell bell[MODEL_MIXTURE_PARTS];
    double all = total(m);
    ring(m, bell);
    out->log_pdf = model_max(log_density(bell, m->parts, x), FLOOR);
    out->upper = out->lower = FLOOR;
    for (unsigned k = 0; k < m->parts; k++) {
        const struct model_mixture_part *p = &m->part[k];
        double t = (x - p->mean) / sqrt(p->variance * (1 + 1 / model_max(p->n, 1)));
        double far = model_number_student_tail(fabs(t), p->n + PRIOR_N);
        double near = stats_special_log_1m(far);
        double weight = log(model_max(p->n, 1e-9) / all);
        out->upper = stats_special_log_add(out->upper, weight + (t > 0 ? far : near));
        out->lower = stats_special_log_add(out->lower, weight + (t > 0 ? near : far));
    }
    out->upper = model_min(out->upper, 0);
    out->lower = model_min(out->lower, 0);
}

void model_mixture_learn(struct model_mixture *m, double x, double keep, double least)
{
    double share[MODEL_MIXTURE_PARTS];
    struct bell bell[MODEL_MIXTURE_PARTS];
    ring(m, bell);
    responsible(bell, m->parts, x, share);
    for (unsigned k = 0; k < m->parts; k++) {
        struct model_mixture_part *p = &m->part[k];
        /* A mode that is seldom visited keeps its place: it fades no further than to a few. */
        p->n = model_max(p->n * keep, model_min(p->n, LEAST_VALUES)) + share[k];
        double gain = share[k] / p->n;
        double e = x - p->mean;
        p->mean += e * gain;
        p->variance = model_max(p->variance + (e * (x - p->mean) - p->variance) * gain, least);
    }
}

void model_mixture_save(const struct model_mixture *m, struct buf *out)
{
    buf_char(out, (char)m->parts);
    for (unsigned k = 0; k < m->parts; k++) {
        buf_double(out, m->part[k].mean);
        buf_double(out, m->part[k].variance);
        buf_double(out, m->part[k].n);
    }
}

bool model_mixture_load(struct cursor *in, struct model_mixture *out)
{
    struct model_mixture m = {.parts = cursor_u8(in)};
    if (!cursor_ok(in) || m.parts < 2 || m.parts > MODEL_MIXTURE_PARTS)
        return false;
    for (unsigned k = 0; k < m.parts; k++) {
        struct model_mixture_part *p = &m.part[k];
        p->mean = model_number_load(in, 1e31);
        p->variance = model_number_load_positive(in, 1e70);
        p->n = model_number_load_positive(in, 1e9);
        if (!cursor_ok(in) || !(p->variance > 1e-300) || !(p->n > 0))
            return false;
    }
    *out = m;
    return true;
}
