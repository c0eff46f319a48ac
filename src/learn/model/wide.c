/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wide.h"

#include "model/number.h"
#include "stats/special.h"

#include <math.h>

#define LOG_SQRT_2PI 0.918938533204672741780329736406
/* Tukey's example, before any value: a tenth has three times the spread of the others. */
#define FIRST_SHARE 0.1F
#define FIRST_SQUARES 0.5F
#define FIRST_N 20.0
/* Fewer, or hardly wider ones cannot be told from one normal law. */
#define LEAST_SHARE 0.05
#define MOST_SHARE 0.5
#define LEAST_RATIO 4.0 /* of the variances */
#define MOST_SQUARES 0.95

struct variances {
    double narrow;
    double wide;
};

static struct variances variances(const struct model_wide *w)
{
    double share = (double)w->share;
    double squares = (double)w->squares;
    return (struct variances){(1 - squares) / (1 - share), squares / share};
}

/* Of the squares, at the least ratio of the variances. */
static double least_squares(double share)
{
    return LEAST_RATIO * share / (1 + (LEAST_RATIO - 1) * share);
}

void model_wide_init(struct model_wide *w)
{
    *w = (struct model_wide){0, FIRST_SHARE, FIRST_SQUARES};
}

void model_wide_judge(const struct model_wide *w, double z, struct model_wide_place *out)
{
    struct variances v = variances(w);
    double share = (double)w->share;
    /* The density of the wide part, and that of the rest in units of it. */
    double wide = share / sqrt(v.wide);
    double apart = z * z / 2 * (1 / v.narrow - 1 / v.wide);
    double rest = (1 - share) / sqrt(v.narrow) * exp(-apart);
    out->log_pdf = log(wide + rest) - z * z / 2 / v.wide - LOG_SQRT_2PI;
    out->wide = wide / (wide + rest);
}

double model_wide_tail(const struct model_wide *w, double z, double nu)
{
    struct variances v = variances(w);
    double share = (double)w->share;
    double far = fabs(z);
    double narrow = model_number_student_tail(far / sqrt(v.narrow), nu);
    double wide = model_number_student_tail(far / sqrt(v.wide), FIRST_N + (double)w->n * share);
    return stats_special_log_add(narrow + log1p(-share), wide + log(share));
}

void model_wide_learn(struct model_wide *w, double z, double wide, double keep)
{
    double n = (double)w->n * keep + 1;
    double share = (double)w->share;
    double squares = (double)w->squares;
    share += (wide - share) / (n + FIRST_N);
    squares += z * z * (wide - squares) / (n + FIRST_N + z * z);
    share = model_min(model_max(share, LEAST_SHARE), MOST_SHARE);
    squares = model_min(model_max(squares, least_squares(share)), MOST_SQUARES);
    *w = (struct model_wide){(float)n, (float)share, (float)squares};
}

bool model_wide_is_sound(const struct model_wide *w)
{
    const double room = 1e-6; /* of a float */
    double share = (double)w->share;
    double squares = (double)w->squares;
    return share >= LEAST_SHARE - room && share <= MOST_SHARE + room &&
           squares >= least_squares(share) - room && squares <= MOST_SQUARES + room;
}
