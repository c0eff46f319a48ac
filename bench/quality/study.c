/* SPDX-License-Identifier: Apache-2.0 */
#include "study.h"

#include "form.h"
#include "learner.h"
#include "model/score.h"

#include <math.h>
#include <stdlib.h>

#define FORESEEN 64 /* buckets, or a day, for which a learner is asked */
#define LEARNERS QUALITY_KNOWINGS

static const char *const names[LEARNERS] = {"form", "law", "scale"};

struct student {
    struct quality_learner *learner[LEARNERS];
    bool taught;
    ts_ns until;
    double *value; /* of all buckets so far */
};

struct quality_study {
    const struct quality_family *family;
    const struct quality_run *run;
    struct student *student;
    size_t n;
    double tests_per_day;
    struct quality_tally engine;
    struct quality_tally learner[LEARNERS];
};

struct quality_study *quality_study_new(const struct quality_family *f,
                                        const struct quality_run *run, size_t series)
{
    struct quality_study *s = quality_form_known(f) ? calloc(1, sizeof(*s)) : NULL;
    if (s == NULL)
        return NULL;
    s->family = f;
    s->run = run;
    s->tests_per_day = (double)series * (double)TIME_DAY / (double)f->span;
    s->student = calloc(series, sizeof(*s->student));
    s->n = s->student == NULL ? 0 : series;
    bool good = s->student != NULL;
    for (size_t i = 0; good && i < series; i++) {
        s->student[i].value = calloc((size_t)(QUALITY_END / f->span), sizeof(double));
        good = s->student[i].value != NULL;
    }
    if (good)
        return s;
    quality_study_free(s);
    return NULL;
}

static void dismiss(struct student *x)
{
    for (int i = 0; i < LEARNERS; i++) {
        quality_learner_free(x->learner[i]);
        x->learner[i] = NULL;
    }
    x->taught = false;
}

void quality_study_free(struct quality_study *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n; i++) {
        dismiss(&s->student[i]);
        free(s->student[i].value);
    }
    free(s->student);
    free(s);
}

/* Learns all that came before the time. */
static void teach(const struct quality_study *s, struct student *x, ts_ns time)
{
    ts_ns most = FORESEEN * s->family->span;
    dismiss(x);
    for (int i = 0; i < LEARNERS; i++) {
        x->learner[i] = quality_learner_new(s->family, s->run->held_out, (enum quality_knowing)i);
        if (x->learner[i] != NULL &&
            !quality_learner_fit(x->learner[i], x->value, (size_t)(time / s->family->span))) {
            dismiss(x);
            return;
        }
    }
    x->taught = true;
    x->until = time + (most > TIME_DAY ? most : TIME_DAY);
}

/* Asks all of them, and counts what they say. */
static void ask(struct quality_study *s, const struct student *x, ts_ns time, double value,
                enum quality_kind kind)
{
    for (int i = 0; i < LEARNERS; i++) {
        if (x->learner[i] == NULL)
            continue;
        double log_p = quality_learner_log_p(x->learner[i], time, value);
        double score = model_score_anchor(log_p, s->tests_per_day);
        if (kind == QUALITY_NONE)
            quality_tally_quiet(&s->learner[i], score);
        else
            quality_tally_found(&s->learner[i], kind, score, -1);
        if (kind != QUALITY_NONE && s->run->verbose)
            fprintf(stderr, "learned %s day %.3f value %g knows %s probability 1e%.1f\n",
                    s->family->name, (double)time / (double)TIME_DAY, value, names[i],
                    log_p / M_LN10);
    }
}

void quality_study_value(struct quality_study *s, size_t series, ts_ns time, double value,
                         enum quality_kind kind, double engine)
{
    struct student *x = &s->student[series];
    bool put_in = kind == QUALITY_WEAK || kind == QUALITY_PLAIN;
    if (put_in)
        teach(s, x, time);
    if (x->taught && (time >= x->until || kind == QUALITY_CHANGES))
        dismiss(x);
    if (x->taught && (put_in || kind == QUALITY_NONE))
        ask(s, x, time, value, kind);
    if (x->taught && put_in)
        quality_tally_found(&s->engine, kind, engine, -1);
    x->value[time / s->family->span] = value;
}

static double share(const double *found, const double *all, enum quality_kind kind)
{
    return found[kind] / fmax(all[kind], 1);
}

void quality_study_print(FILE *out, const struct quality_study *s)
{
    for (int i = 0; i < LEARNERS; i++) {
        const struct quality_tally *t = &s->learner[i];
        if (!quality_learner_is(s->family, (enum quality_knowing)i))
            continue;
        double per = fmax(t->buckets, 1) / 1e4;
        fprintf(out,
                "{\"bench\":\"quality_learner\",\"family\":\"%s\",\"seed\":%llu,\"held_out\":%s,"
                "\"knows\":\"%s\",\"plain\":{\"n\":%.0f,\"at_75\":%.3f,\"engine_75\":%.3f},"
                "\"weak\":{\"n\":%.0f,\"at_50\":%.3f,\"engine_50\":%.3f},\"series_buckets\":%.0f,"
                "\"false_per_10k\":{\"25\":%.2f,\"50\":%.2f,\"75\":%.3f}}\n",
                s->family->name, (unsigned long long)s->run->seed,
                s->run->held_out ? "true" : "false", names[i], t->injected[QUALITY_PLAIN],
                share(t->at_75, t->injected, QUALITY_PLAIN),
                share(s->engine.at_75, s->engine.injected, QUALITY_PLAIN),
                t->injected[QUALITY_WEAK], share(t->at_50, t->injected, QUALITY_WEAK),
                share(s->engine.at_50, s->engine.injected, QUALITY_WEAK), t->buckets,
                t->false_at[0] / per, t->false_at[1] / per, t->false_at[2] / per);
    }
    fflush(out);
}
