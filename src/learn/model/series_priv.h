#ifndef MODEL_SERIES_PRIV_H
#define MODEL_SERIES_PRIV_H

/*
 * The inside of a series, shared by its files: level.c foretells, season.c knows the hour, law.c
 * judges what is left over, spread.c knows how wide that is, series.c does one bucket,
 * series_state.c saves and loads.
 */

#include "model/mixture.h"
#include "model/recur.h"
#include "model/sample.h"
#include "model/season.h"
#include "model/series.h"
#include "model/week.h"
#include "model/wide.h"

/* Who foretells: plain levels of three speeds, one with a slope, and two each on top of the daily,
 * of the daily and weekly season, and of a cycle beside these. */
enum {
    LEVEL_SLOW,
    LEVEL_MID,
    LEVEL_FAST,
    LEVEL_TREND,
    LEVEL_DAILY,
    LEVEL_DAILY_MID,
    LEVEL_WEEKLY,
    LEVEL_WEEKLY_MID,
    LEVEL_CYCLE,
    LEVEL_CYCLE_MID,
    LEVELS
};

#define LEVEL_TAU_FAST 8.0
#define MODEL_LEAST_LOSS 0.02F /* added to a mean squared error before its logarithm */
#define LEVEL_TAU_MID 64.0

/* What the laws of a scale believe of a spread: before data, and at the least; linear ones in units
 * of the level. */
#define MODEL_LOG_PRIOR 0.7  /* standard deviation of the logarithm: a factor of two */
#define MODEL_LOG_LEAST 0.05 /* changes below 5 % are never news */
#define MODEL_LINEAR_PRIOR 0.1
#define MODEL_LINEAR_LEAST 1e-4
#define MODEL_MOST_EVIDENCE 40.0 /* nats that one value can say against a law */
#define MODEL_FAR_BEHIND 40.0F   /* nats, a weight of 1e-17: what is so far behind is not asked */

#define MODEL_VARIANCE_HEARD 25.0F /* nats in favour of a variance that goes with the hour */

/* How a series is measured. */
enum model_scale {
    SCALE_RATIO,  /* counts: levels are means, seasons multiply */
    SCALE_LOG,    /* positive amounts, apart from zeros: levels are of the logarithm */
    SCALE_LINEAR, /* anything: levels and seasons add */
};

/* No level of logarithms is farther away: its exponential is a number. */
#define MODEL_LOG_FARTHEST 700.0

struct model_level {
    double a;     /* ratio: faded sum of values; else the level */
    float b;      /* ratio: faded sum of season factors; trend: the slope */
    float n;      /* buckets learned, faded */
    float recent; /* mean squared error of late, in units of the law's variance */
    float ever;   /* the same over the series' whole memory */
    float weight; /* in what is foretold; sum 1 */
    float steady; /* the same, slower to change its mind */
};

/* What happened when: the run of values far outside that may become the new normal. */
struct model_run {
    uint32_t n;
    bool high;
    double mean;  /* on the scale of the levels */
    double freed; /* the same, freed of the seasons */
    double squares;
};

/* Outliers on one side, as a law of their own: where they come again and again, they are a mode. */
struct model_mode {
    double mean; /* on the scale of the levels */
    double squares;
    float n;     /* values, faded */
    float times; /* episodes, faded: buckets in a row are one */
};

/* The level before the last change: where a series comes back to, or swings to and fro. */
struct model_regime {
    double mean; /* on the scale of the levels, freed of the seasons if there were any */
    double sd;
    float n;       /* buckets spent there */
    float changes; /* faded number of changes */
    bool seasonal;
};

/* What only a series has in which something has lain far outside: most never do. */
struct model_odd {
    struct model_run change;
    struct model_regime other;
    struct model_recur recur;
    struct model_mode mode[2]; /* [high] */
    double left;               /* the level it left, and */
    double adopted;            /* the one it adopted */
};

#define MODEL_LASTING_SIZES 3

/* A level that may have moved by less than an outlier, from the time on at which days and weeks are
 * known. */
struct model_lasting {
    /* [up], by sizes: the sum, over the times at which it may have moved so far, of the likelihood
     * since against that of what was foretold. */
    float odds[2][MODEL_LASTING_SIZES];
    float clock[2];    /* the same of a clock that was moved an hour on, or back */
    float n[2];        /* [up]: buckets since */
    float moved[2];    /* means since: how far values lay from the slow foreteller; counts: these */
    float foretold[2]; /* what that one foretold */
    float size;        /* of the change that was adopted, in standard deviations */
    float told;        /* ln of how likely it is against the level before */
    float left;        /* buckets for which it is news; 0 none */
};

#define MODEL_DRIFT_DAYS 7

/* By how much days are above those a week before. */
struct model_drift {
    double day[MODEL_DRIFT_DAYS]; /* levels of the last days, of counts their logarithms */
    double mean;                  /* growth a day, */
    double spread;                /* its variance from day to day, */
    double follows;               /* and how it goes with that of the day before, which was off */
    double off;                   /* by so much */
    double sum;                   /* of the day that goes on */
    int64_t today;
    float days;    /* compared, faded */
    float growth;  /* believed, a bucket; not saved */
    uint8_t known; /* a bit for each of the last days */
};

#define SERIES_RUN 12
#define MODEL_RUN_PRIOR 24.0 /* beliefs about the sum of twelve, worth so many buckets */

/* Families of laws that are weighed against each other: by the scale, what each of them is. */
enum {
    LAW_COMMON,   /* negative binomial; lognormal; normal */
    LAW_SECOND,   /* zeros and rare sizes; gamma; none */
    LAW_GREATEST, /* zeros and rare counts; of many lognormal values; of many normal values */
    LAW_LEAST,    /* none; of content, counts of names; the same, the least */
    LAW_WIDE,     /* none; lognormal of two widths; normal of two widths */
    LAWS,
    LAW_MODES = LAWS, /* several modes, where they have been found */
    ALL_LAWS
};

/* What the laws of the other scale, logarithmic or plain, would have made of the same values. */
struct model_rival {
    double mean; /* how far values lay from what was expected, on that scale */
    double squares;
    float evidence[LAWS];
};

/* What only a series of a MODEL_VALUE has. */
struct model_of_values {
    struct model_rival rival;
    double weight_mean; /* of the observations' weights */
};

/* What only a series of a MODEL_CONTENT has: of the buckets that held names, faded. */
struct model_of_content {
    float n;
    float names; /* mean logarithm of how many there were, */
    float bytes; /* and of what they held */
    float names_squares;
    float products;
    float
        left; /* squares of what the number leaves unexplained of the logarithm of what they held */
    float spread; /* beyond the first name: sum of (x - m)^2 - m, over sum of m^2 */
    float spread_weight;
};

struct model_series {
    ts_ns bucket_span; /* these four as in struct model_params */
    enum model_kind kind : 8;
    enum model_side side : 8;
    bool empty_is_nothing : 1;
    bool no_more : 1;     /* may not begin what takes memory, */
    bool no_day : 1;      /* not even the day: model_series_allow(), not saved */
    bool wanted : 1;      /* to begin what it may not with the last bucket; not saved */
    bool cycle_alone : 1; /* not on top of day and week, which said nothing when it was found */
    bool mixture_seasonal : 1; /* its values are freed of seasons */
    bool modes_plain : 1; /* the mixture found with this bucket is of values, not of logarithms */
    enum model_scale scale : 8;
    uint8_t levels; /* all up to those on top of the last season that has been seen whole */
    uint8_t run_at;
    uint8_t noted;     /* enum model_change: adopted by the last bucket; not saved, as is */
    uint8_t mode_open; /* 1 + side of the episode of outliers that goes on; 0 none */
    ts_ns last;
    double tau;     /* buckets after which what was learned has faded to 1/e */
    double n;       /* buckets learned, faded */
    uint64_t total; /* buckets learned or skipped as zeros */

    struct model_level own[LEVEL_DAILY];
    struct model_level *more;   /* those on top of seasons, from LEVEL_DAILY on */
    struct model_season *daily; /* NULL until looked for */
    struct model_season *weekly;
    struct model_week *week;       /* the parts of weekly; NULL until it has been cut */
    struct model_season *cycle;    /* of a length that was found */
    struct model_sample *sample;   /* NULL while nothing asks for a closer look */
    struct model_mixture *mixture; /* NULL while one mode is enough */
    float shape[4]; /* faded means of the 2nd to 4th power, and of the product with the last, of how
                       far values lie from a slow level */
    struct model_season *variance; /* by the hour: squares of what is left over, 1 on the whole */
    float variance_gain;           /* what it would have added to the log likelihood, faded */
    float late;                    /* mean square of the last hours' normal scores, and */
    float late_mean;               /* their mean */
    float here;                    /* buckets spent at the present level, faded */
    uint32_t season_retry;         /* total at which a season that did not help is tried again, */
    uint32_t sample_retry;         /* and a sample may be begun again: model_series_retry() */

    /* Spread. Ratio: sum of (x - m)^2 - m over sum of m^2 is the over-dispersion. Else: sum of
     * squared residuals over the weight. */
    double spread;
    double spread_weight;

    /* Zeros against the rest, and plain moments of the logarithms of the rest. */
    double occurred;
    double log_weight;
    double log_mean;
    double log_squares;
    double lin_mean; /* the same of the values: to choose the scale; ratio: of those above zero */
    double lin_squares;
    float spread_values; /* equally heard ones that would tell as much of the spread */
    float greatest;      /* of what has been learned */
    float least;
    double day_mean; /* over the last day, outliers too: what seasons begin with */

    float evidence[ALL_LAWS]; /* faded log predictive probability of each family of laws */
    struct model_wide wide;   /* of what is left over, in standard deviations */
    float tail_n[2];          /* [high]: how many values fell in the outer 5 % */
    float tail_excess[2];     /* and the sum of how far, in -ln p beyond that */
    float shape_last;         /* how far the last value lay from a slow level */

    int16_t run_z[SERIES_RUN]; /* the last buckets as normal scores, clipped, in steps */
    float run_sum_mean;        /* of the sum over the run */
    float run_sum_squares;
    float run_weight;
    float of_day; /* buckets learned in the day that goes on */

    ts_ns clock;    /* the seasons' clock is so far ahead of UTC's when they were learned */
    float moved[2]; /* that it has moved an hour on, or back: ln of the sum, over the times at which
                       it may have, of the likelihood since against that of none */
    struct model_lasting *lasting; /* NULL while days and weeks are not known */
    struct model_drift *drift;     /* NULL until there is a day to measure by */
    struct model_odd *odd;         /* NULL until something has lain far outside */
    struct model_of_values
        values[]; /* one of a MODEL_VALUE, or what a MODEL_CONTENT has; else none */
};

/* What the levels foretell for one bucket. */
struct model_point {
    double foretold[LEVELS];
    double daily;   /* season factor (ratio) or addend at the time, or 1 / 0 */
    double weekly;  /* both seasons together */
    double cycle;   /* and with the cycle */
    double mean;    /* what is expected, on the scale of the levels */
    double steady;  /* the same, slower to change its mind: for runs */
    double between; /* variance between those who foretell */
    double vary;    /* the law's variance at this hour, as a multiple of the usual one */
    double varied;  /* what the ring says, believed or not */
    double n;       /* effective number of buckets behind it */
};

/* How a value lies in the law. */
struct model_place {
    double upper;  /* ln P(at least the value), calibrated */
    double lower;  /* ln P(at most the value) */
    double raw[2]; /* [high]: before calibration, half of the value's own probability left out */
    double sd;     /* on the scale of the levels */
    double some;   /* ln P(not empty), of what came where most buckets are empty; else 0 */
    double log_pdf[ALL_LAWS];
    double counted; /* of a MODEL_CONTENT that is not empty: how many names are expected */
    double wide;    /* probability that it is one of the wide ones; < 0 where that was not asked */
    bool back;      /* an outlier here, ordinary at the other level */
    double z;       /* normal score, clipped to +-SERIES_CLIP */
};

/* odd.c */
/* What there is to be read: nothing of note where it has not been made. */
const struct model_odd *model_odd_of(const struct model_series *s);
/* To be changed; NULL when memory is short. */
struct model_odd *model_odd_make(struct model_series *s);
/* No change is under way, there is no other level, there are no other modes, nothing recurs. */
void model_odd_forget_change(struct model_series *s);
void model_odd_forget_levels(struct model_series *s);
void model_odd_forget_modes(struct model_series *s);
void model_odd_forget_recurring(struct model_series *s);
/* Of the modes those that lie within so much of the mean. */
void model_odd_forget_modes_near(struct model_series *s, double mean, double room);

/* Of what two hours are apart, by which a season may be wrong. */
#define MODEL_CLOCK_ROOM 0.3

/* series.c */
/* Whether something may be begun that is wanted now and takes memory. */
bool model_series_may_begin(struct model_series *s, enum model_growth what);
/* The total after so many more buckets, as far as 32 bits go: beyond, nothing is waited for. */
uint32_t model_series_retry(const struct model_series *s, double buckets);

/* seasons.c */
/* The seasons as the other scale, the logarithmic one or the plain one, has them. */
void model_seasons_measure(struct model_series *s, bool logarithm);
/* Begins those that there is reason to look for. */
void model_seasons_look(struct model_series *s);
void model_seasons_learn(struct model_series *s, const struct model_point *p, ts_ns time, double y,
                         double sd);
/* Those that have not helped go, and are tried again later. */
void model_seasons_drop(struct model_series *s);
void model_seasons_forget(struct model_series *s);
void model_seasons_forget_cycle(struct model_series *s);
/* Begins the cycle of so many buckets, alone or on top of day and week. False when memory is short.
 */
bool model_seasons_cycle(struct model_series *s, const struct model_point *p, double buckets,
                         bool alone);

/* find.c: cycles of unknown length and several modes, by a sample. */
/* The value as the mixture takes it: freed of seasons if it is a seasonal one, counts by their
 * roots.
 */
double model_find_measure(const struct model_series *s, const struct model_point *p, double y);
void model_find_learn(struct model_series *s, const struct model_point *p, double y, double sd,
                      bool outlier);
/* Whether two points explain how values lie about a slow level. */
bool model_find_two_sided(const struct model_series *s);
void model_find_forget(struct model_series *s);

/* content.c: the values of a MODEL_CONTENT are as many names as usually hold its bytes. */
const struct model_of_content *model_content_of(const struct model_series *s);
struct model_of_content *model_content_at(struct model_series *s);
/* What the arithmetic relies on. */
bool model_content_is_sound(const struct model_of_content *c);
double model_content_in_names(const struct model_series *s, double bytes, double names);
double model_content_in_bytes(const struct model_series *s, double names);
/* Puts the law of counts beside those of amounts, for what is not empty: tails, the value's own
 * probability, and its density in out. */
void model_content_place(const struct model_series *s, const struct model_point *p, double value,
                         struct model_place *out, double *upper, double *lower, double *self);
/* The first that is not empty. */
void model_content_begin(struct model_series *s, const struct model_observation *o);
/* value: o's in names; y: its logarithm, clipped. */
void model_content_learn(struct model_series *s, const struct model_point *p,
                         const struct model_place *place, double value, double y,
                         const struct model_observation *o);

/* scale.c */
/* What a bucket says for the other scale; one that did better for long is adopted. After
 * model_law_learn(). */
void model_scale_learn(struct model_series *s, const struct model_point *p,
                       const struct model_place *place, double value);
/* The lead of either scale shrinks to so much of it; among its own laws all stays as it is. */
void model_scale_forget(struct model_series *s, double keep);
/* After all else of a bucket: from logarithms to plain values, if those have the modes found. */
void model_scale_follow_modes(struct model_series *s);
/* A negative amount in a series measured in logarithms: from now on it is plain. */
void model_scale_become_linear(struct model_series *s);

/* change.c */
/* A value far outside is not learned; a run of them on one side is, when it lasts: true then. */
bool model_change_outlier(struct model_series *s, const struct model_point *p,
                          const struct model_place *place, double y);
/* The level was left for to, where it has been for n buckets: levels slower than that start anew,
 * around plain, and around freed on top of seasons. False when memory is short. */
bool model_change_adopt(struct model_series *s, double left, double to, double plain, double freed,
                        double n);
/* Whether a level is so far below what a season is measured against that it says nothing of it. */
bool model_change_stands_still(const struct model_series *s, double level);
/* What a bucket, so many standard deviations off, says of a spread that has changed; true when a
 * new one is adopted with it. */
bool model_change_spread_learn(struct model_series *s, const struct model_point *p, double z);
/* Whether there is a season by which a moved clock could be told. */
bool model_change_clock_heard(const struct model_series *s);
/* By how much the season's clock goes on (k = 0) or back (1). */
ts_ns model_change_clock_step(int k);
/* ln of the odds that it has, each way, when this bucket comes. */
void model_change_clock_odds(const struct model_series *s, ts_ns time, double out[2]);
/* What a bucket says of it; true when the move is adopted with it. out_there: what each way
 * foretold, where a clock is heard. */
bool model_change_clock_learn(struct model_series *s, const struct model_point *p, ts_ns time,
                              double y, double weight, double out_there[2]);
/* Buckets that a level must have lasted. */
uint32_t model_change_after(const struct model_series *s);

/* drift.c */
/* Makes room for what is compared; stays without when memory is short. */
void model_drift_begin(struct model_series *s);
/* Nothing is known of any growth. */
void model_drift_forget(struct model_series *s);
/* What a bucket says of its day; levels grow by a bucket. */
void model_drift_learn(struct model_series *s, ts_ns time, double y);
/* A level was left for another: days before are not compared with those after. */
void model_drift_part(struct model_series *s);
/* What is believed of the growth; also after loading. */
void model_drift_believe(struct model_series *s);

/* lasting.c */
/* What a bucket that is no outlier says of a level that has moved; true when a new one, which has
 * lasted for so many buckets (after), is adopted with it. there: what a moved clock foretells. */
bool model_lasting_learn(struct model_series *s, const struct model_point *p,
                         const struct model_place *place, const double there[2], double after);
/* ln P(a level that has not moved looks as one that was adopted today), told once, with a value
 * that lies farther on than the new one by so many standard deviations; else 0. */
double model_lasting_judge(const struct model_series *s, double z);
/* The odds of a level that has moved so against one that has not. */
double model_lasting_odds(const struct model_series *s);
void model_lasting_forget(struct model_series *s);

#define SERIES_CLIP 3.5

/* On the scale of the levels: ln x for SCALE_LOG (x > 0), else x. */
double model_level_measure(const struct model_series *s, double value);

/* Level i of those that there are (i < levels): to be changed, and to be read. */
static inline struct model_level *model_level_at(struct model_series *s, int i)
{
    return i < LEVEL_DAILY ? &s->own[i] : &s->more[i - LEVEL_DAILY];
}

static inline const struct model_level *model_level_of(const struct model_series *s, int i)
{
    return i < LEVEL_DAILY ? &s->own[i] : &s->more[i - LEVEL_DAILY];
}

/* Has those on top of the seasons that have been seen whole, and no others; new ones know nothing.
 * False when memory is short: all is as it was. */
bool model_level_fit(struct model_series *s);
/* What levels take from the heap once all seasons that there are have been seen whole. */
size_t model_level_memory(const struct model_series *s);
/* Nothing is known of any level. */
void model_level_clear(struct model_series *s);

/* How far values lie from what the weekly season says. */
struct model_week_noise model_level_noise(const struct model_series *s);

/* A season has been found: what was left over before it was known says little of what is left now.
 */
void model_level_explained(struct model_series *s);

/* Who is heard how much, from losses and records; after every change of these. */
void model_level_weigh(struct model_series *s);

/* The weight of all who foretell on top of a season. */
double model_level_seasonal(const struct model_series *s);
/* The weight of all on top of a season that follows the clock; cycles of other lengths do not. */
double model_level_by_clock(const struct model_series *s);
/* The slow one of them with the best record. */
int model_level_slow_by_clock(const struct model_series *s);
/* What foreteller i alone says of the same bucket (p) if the seasons' clock were so far ahead. */
void model_level_one(const struct model_series *s, int i, ts_ns time, ts_ns clock,
                     struct model_point *p);
void model_level_foretell_by(const struct model_series *s, ts_ns time, ts_ns clock,
                             struct model_point *out);
/* By the clock as it is. */
void model_level_foretell(const struct model_series *s, ts_ns time, struct model_point *out);
/* Who foretold how well; also for values that are not learned. */
void model_level_compare(struct model_series *s, const struct model_point *p, double y, double sd);
void model_level_learn(struct model_series *s, const struct model_point *p, double y);
/* All levels before first_kept start anew around y with the weight of n buckets. */
/* All levels start anew with the weight of n buckets: around y, those on top of seasons around
 * freed. */
void model_level_restart(struct model_series *s, double y, double freed, double n);
/* The same for those that remember more than n buckets. */
void model_level_restart_slow(struct model_series *s, double y, double freed, double n);
/* What is added (ratio: multiplied) on top of level i by its seasons. */
double model_level_season(const struct model_series *s, const struct model_point *p, int i);
void model_level_fade(struct model_series *s, double buckets); /* zeros for a long time */

/* spread.c */
/* Buckets remembered: of a young series the second half, a start is seldom typical. */
double model_spread_memory(const struct model_series *s);
/* square: how far a value lay from the mean, freed of the mean's own error. */
void model_spread_learn(struct model_series *s, const struct model_point *p, double square);
/* Only this share of what is known stays. */
void model_spread_forget(struct model_series *s, double keep);

/* ln of the common law's density so many standard deviations off. nu: values it is known from. */
double model_law_log_pdf(double z, double sd, double nu);
/* Whether the law of two widths is asked. */
bool model_law_wide_heard(const struct model_series *s);
double model_law_sd(const struct model_series *s, const struct model_point *p, double weight);
void model_law_place(const struct model_series *s, const struct model_point *p, double value,
                     double weight, struct model_place *out);
/* ln P(a change back to the other level, and a value so far from it or farther). */
double model_law_other(const struct model_series *s, const struct model_point *p, double y);
/* ln P(things are again as they have been, at the other level or by the seasons, and a value so far
 * from that or farther). sd: the law's. */
double model_law_again(const struct model_series *s, const struct model_point *p, double value,
                       double weight, double sd);
/* An outlier came (side: 1 high), or none did (side < 0). */
void model_law_learn_mode(struct model_series *s, int side, double y);
void model_law_learn(struct model_series *s, const struct model_point *p,
                     const struct model_place *place, double value, double y_clipped);
/* 95 % of the law: the values at which both tails are 2.5 %. */
void model_law_bounds(const struct model_series *s, const struct model_point *p, double *out_lower,
                      double *out_upper);
/* Of what is known of spread and tails, only this share stays. */
void model_law_forget(struct model_series *s, double keep);
/* The evidence of the best law with one mode. */
double model_law_best(const struct model_series *s);
/* The expected value itself (median on the logarithmic scale). */
double model_law_typical(const struct model_series *s, const struct model_point *p);

#endif
