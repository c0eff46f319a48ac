/* SPDX-License-Identifier: Apache-2.0 */
/* Messages whose categories are counted. docs/method/categorize.md. */
#include "detect/engine_priv.h"

#include "categorize/categorize.h"

#include <stdio.h>

enum err detect_messages_new(struct detect *d)
{
    const struct detect_job *job = d->job;
    if (job->category_field == NULL)
        return ERR_NONE;
    const struct categorize_options options = {.analyzer = job->analyzer,
                                               .seed = d->options.seed,
                                               .examples = job->category_examples,
                                               .stop_on_warn = job->stop_on_warn};
    return categorize_new(&options, &d->categories);
}

static void add_category(struct detect_values *out, uint32_t id)
{
    char *text = out->scratch[out->n];
    int n = snprintf(text, EVENT_TEXT_SIZE, "%u", id);
    struct detect_value v = {.text = bytes_make(text, (size_t)n), .number = id, .numeric = 1};
    for (uint32_t i = 0; i < out->n; i++) {
        if (bytes_equal(out->v[i].text, v.text))
            return;
    }
    out->v[out->n++] = v;
}

bool detect_messages_take(struct detect *d, ts_ns time, bool room)
{
    const struct detect_plan *p = &d->plan;
    const struct detect_values *messages = &d->row.values[p->message];
    struct detect_values *out = &d->row.values[p->category];
    struct bytes group = bytes_make("", 0);
    out->n = 0;
    if (p->group != DETECT_NO_SLOT) {
        if (d->row.values[p->group].n == 0)
            return true;
        group = d->row.values[p->group].v[0].text;
    }
    bool all = true;
    for (uint32_t i = 0; i < messages->n; i++) {
        uint32_t id;
        enum categorize_verdict verdict =
            categorize_message(d->categories, group, messages->v[i].text, time, room, &id);
        if (verdict == CATEGORIZE_DONE)
            add_category(out, id);
        d->failures += verdict == CATEGORIZE_FAILED;
        all &= verdict == CATEGORIZE_DONE;
    }
    /* Without a category there is nothing that the record could count for. */
    return all || out->n > 0;
}

static void send(void *ctx, const struct categorize_view *v)
{
    struct detect *d = ctx;
    const struct detect_plan *p = &d->plan;
    struct detect_result r = {
        .type = DETECT_RESULT_CATEGORY,
        .job_id = d->job->id,
        .time = time_floor(v->first, d->job->bucket_span_ns),
        .span_ns = d->job->bucket_span_ns,
        .category = {.id = v->id,
                     .terms = v->terms,
                     .regex = v->regex,
                     .examples = v->examples,
                     .n_examples = v->n_examples,
                     .longest = v->longest,
                     .matches = v->matches,
                     .preferred_to = v->preferred_to,
                     .n_preferred = v->n_preferred},
    };
    if (p->group != DETECT_NO_SLOT) {
        r.category.partition_name = p->slots[p->group].name;
        r.category.partition = v->group;
    }
    d->options.sink(d->options.ctx, &r);
}

static enum err send_all(struct detect *d, enum categorize_which which)
{
    if (d->categories == NULL || d->options.sink == NULL)
        return ERR_NONE;
    return categorize_each(d->categories, which, send, d);
}

enum err detect_messages_close(struct detect *d, bool last)
{
    if (d->categories == NULL)
        return ERR_NONE;
    enum categorize_which which = last ? CATEGORIZE_GROWN : CATEGORIZE_CHANGED;
    struct categorize_stats before, after;
    enum err err = send_all(d, which);
    if (err != ERR_NONE)
        return err;
    categorize_told(d->categories, which);
    categorize_sum(d->categories, &before);
    categorize_judge(d->categories);
    categorize_sum(d->categories, &after);
    if (before.warn != after.warn)
        detect_report_size(d);
    return ERR_NONE;
}

enum err detect_report_categories(struct detect *d, bool all)
{
    return send_all(d, all ? CATEGORIZE_ALL : CATEGORIZE_GROWN);
}

static struct detect_category_counts counts(const struct categorize_stats *s)
{
    return (struct detect_category_counts){.documents = s->documents,
                                           .total = s->total,
                                           .frequent = s->frequent,
                                           .rare = s->rare,
                                           .dead = s->dead,
                                           .failed = s->failed,
                                           .warn = s->warn};
}

void detect_category_counts(const struct detect *d, struct detect_category_counts *out)
{
    struct categorize_stats s = {0};
    if (d->categories != NULL)
        categorize_sum(d->categories, &s);
    *out = counts(&s);
}

static void send_stats(void *ctx, struct bytes name, const struct categorize_stats *stats)
{
    struct detect *d = ctx;
    const struct detect_plan *p = &d->plan;
    struct detect_result r = {.type = DETECT_RESULT_CATEGORIZER_STATS,
                              .job_id = d->job->id,
                              .time = d->closed_until != TIME_NONE ? d->closed_until : 0,
                              .span_ns = d->job->bucket_span_ns,
                              .categorizer = {.counts = counts(stats)}};
    if (p->group != DETECT_NO_SLOT) {
        r.categorizer.partition_name = p->slots[p->group].name;
        r.categorizer.partition = name;
    }
    d->options.sink(d->options.ctx, &r);
}

void detect_messages_report_size(struct detect *d)
{
    /* They are statistics: when memory is so short that they cannot be made, the next will be. */
    if (d->categories != NULL && d->options.sink != NULL)
        (void)!categorize_each_group(d->categories, send_stats, d);
}

uint64_t detect_given_up(const struct detect *d)
{
    return d->categories != NULL ? categorize_given_up(d->categories) : 0;
}

bool detect_category_terms(const struct detect *d, struct bytes value, struct buf *out)
{
    uint32_t id = 0;
    if (d->categories == NULL || value.n == 0 || value.n > 9)
        return false;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return false;
        id = id * 10 + (uint32_t)(value.p[i] - '0');
    }
    return categorize_terms(d->categories, id, out);
}
