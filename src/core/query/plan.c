/* SPDX-License-Identifier: Apache-2.0 */
#include "query/build_priv.h"

#include "query/leaf.h"

#include <stdlib.h>
#include <string.h>

static int compare_texts(const void *x, const void *y)
{
    const struct query_text *a = x, *b = y;
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    return a->n == 0 ? 0 : memcmp(a->s, b->s, a->n);
}

static int compare_ints(const void *x, const void *y)
{
    int64_t a, b;
    memcpy(&a, x, sizeof a);
    memcpy(&b, y, sizeof b);
    return (a > b) - (a < b);
}

static int compare_doubles(const void *x, const void *y)
{
    double a, b;
    memcpy(&a, x, sizeof a);
    memcpy(&b, y, sizeof b);
    return (a > b) - (a < b);
}

static int compare_spans(const void *x, const void *y)
{
    const struct query_span *a = x, *b = y;
    return memcmp(a->low.b, b->low.b, sizeof a->low.b);
}

static bool plan_texts(struct query_build *b, const struct query_node *leaf,
                       struct query_plan *plan)
{
    struct query_text *t = query_build_alloc(b, leaf->n * sizeof *t);
    double *d = query_build_alloc(b, leaf->n * sizeof *d);
    if (t == NULL || d == NULL)
        return false;
    for (uint32_t i = 0; i < leaf->n; i++) {
        const struct query_value *v = &leaf->values[i];
        t[i] = (struct query_text){v->len, v->s};
        if (leaf->fold) {
            char *small = query_build_text(b, v->s, v->len);
            if (small == NULL)
                return false;
            for (uint32_t k = 0; k < v->len; k++)
                if (small[k] >= 'A' && small[k] <= 'Z')
                    small[k] = (char)(small[k] + 32);
            t[i].s = small;
        }
        if (leaf->field.kind == QUERY_KIND_UNKNOWN && v->written == QUERY_WRITTEN_NUMBER &&
            leaf->op == QUERY_TERMS)
            d[plan->n_doubles++] = v->number;
    }
    qsort(t, leaf->n, sizeof *t, compare_texts);
    qsort(d, plan->n_doubles, sizeof *d, compare_doubles);
    plan->texts = t;
    plan->doubles = d;
    plan->n = leaf->n;
    return true;
}

/* Words of a phrase stay in their order. */
static bool plan_phrase(struct query_build *b, const struct query_node *leaf,
                        struct query_plan *plan)
{
    struct query_text *t = query_build_alloc(b, leaf->n * sizeof *t);
    if (t == NULL)
        return false;
    for (uint32_t i = 0; i < leaf->n; i++)
        t[i] = (struct query_text){leaf->values[i].len, leaf->values[i].s};
    plan->texts = t;
    plan->n = leaf->n;
    return true;
}

static bool plan_ints(struct query_build *b, const struct query_node *leaf, struct query_plan *plan)
{
    int64_t *v = query_build_alloc(b, leaf->n * sizeof *v);
    if (v == NULL)
        return false;
    for (uint32_t i = 0; i < leaf->n; i++) {
        if (leaf->values[i].possible)
            v[plan->n++] = leaf->values[i].i;
    }
    qsort(v, plan->n, sizeof *v, compare_ints);
    plan->ints = v;
    return true;
}

static bool plan_doubles(struct query_build *b, const struct query_node *leaf,
                         struct query_plan *plan)
{
    double *v = query_build_alloc(b, leaf->n * sizeof *v);
    if (v == NULL)
        return false;
    for (uint32_t i = 0; i < leaf->n; i++)
        v[plan->n_doubles++] = leaf->values[i].number;
    qsort(v, plan->n_doubles, sizeof *v, compare_doubles);
    plan->doubles = v;
    return true;
}

/* Nets that overlap become one span, so that one search by address is enough. */
static bool plan_spans(struct query_build *b, const struct query_node *leaf,
                       struct query_plan *plan)
{
    struct query_span *v = query_build_alloc(b, leaf->n * sizeof *v);
    if (v == NULL)
        return false;
    for (uint32_t i = 0; i < leaf->n; i++)
        v[i] = (struct query_span){leaf->values[i].low, leaf->values[i].high};
    qsort(v, leaf->n, sizeof *v, compare_spans);
    for (uint32_t i = 0; i < leaf->n; i++) {
        struct query_span *last = plan->n > 0 ? &v[plan->n - 1] : NULL;
        if (last == NULL || memcmp(v[i].low.b, last->high.b, 16) > 0)
            v[plan->n++] = v[i];
        else if (memcmp(v[i].high.b, last->high.b, 16) > 0)
            last->high = v[i].high;
    }
    plan->spans = v;
    return true;
}

static bool plan_below(struct query_build *b, const struct query_node *leaf,
                       struct query_plan *plan)
{
    const struct query_field *f = &leaf->field;
    event_field *v = NULL;
    for (int pass = 0; pass < 2; pass++) {
        plan->n = 0;
        for (event_field id = 0; id < EVENT_F_COUNT; id++) {
            const struct event_field_def *def = event_field_def(id);
            if (def->name_len <= f->path_len || def->name[f->path_len] != '.' ||
                memcmp(def->name, f->path, f->path_len) != 0)
                continue;
            if (v != NULL)
                v[plan->n] = id;
            plan->n++;
        }
        if (v == NULL && (v = query_build_alloc(b, plan->n * sizeof *v)) == NULL)
            return false;
    }
    plan->below = v;
    return true;
}

static bool plan_regexp(struct query_build *b, const struct query_node *leaf,
                        struct query_plan *plan)
{
    struct err_text why = {0};
    enum err e = query_regexp_new(leaf->values[0].s, leaf->values[0].len, leaf->regexp_flags,
                                  leaf->fold, &b->budget->steps, &b->q->arena, &plan->regexp, &why);
    if (e != ERR_NONE)
        query_build_fail(b, e, "%s", why.message);
    return e == ERR_NONE;
}

bool query_plan_make(struct query_build *b, struct query_node *leaf, struct query_plan *plan)
{
    switch ((enum query_op)leaf->op) {
    case QUERY_TERMS:
        if (leaf->field.kind == EVENT_KIND_LONG || leaf->field.kind == EVENT_KIND_BOOLEAN)
            return plan_ints(b, leaf, plan);
        if (leaf->field.kind == EVENT_KIND_DOUBLE)
            return plan_doubles(b, leaf, plan);
        if (leaf->field.kind == EVENT_KIND_IP)
            return plan_spans(b, leaf, plan);
        return plan_texts(b, leaf, plan);
    case QUERY_WORDS:
    case QUERY_IDS:
        return plan_texts(b, leaf, plan);
    case QUERY_PHRASE:
        return plan_phrase(b, leaf, plan);
    case QUERY_EXISTS:
        return plan_below(b, leaf, plan);
    case QUERY_REGEXP:
        return plan_regexp(b, leaf, plan);
    default:
        return true;
    }
}
