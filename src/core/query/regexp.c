/* SPDX-License-Identifier: Apache-2.0 */
#include "query/regexp.h"

#include "base/assert.h"
#include "base/mem.h"
#include "query/regexp_priv.h"
#include "query/words.h"

#include <stdlib.h>
#include <string.h>

#define STATES_MAX 10000  /* as Elasticsearch's max_determinized_states */
#define CELLS_MAX 2000000 /* states times classes: 4 MB of table */
#define EXPRS_MAX 200000  /* expressions while compiling */
#define ASCII 128
#define ALT_MAX 1024 /* members of one alternative */

/* State 0 is dead: nothing leads out of it. */
struct query_regexp {
    uint32_t n_classes;
    uint32_t n_bounds;
    uint16_t start;
    uint16_t ascii[ASCII];  /* class of a character below 128 */
    const uint32_t *bounds; /* class i holds characters from bounds[i] to below bounds[i + 1] */
    const uint16_t *next;   /* [state * n_classes + class] */
    const bool *accepts;    /* [state] */
};

static uint32_t intern(struct regexp_pool *p, struct regexp_expr e)
{
    uint32_t key[5] = {e.kind, e.a, e.b, e.min, e.max};
    bool fresh;
    if (p->err == ERR_NONE && ++p->work > p->work_max)
        p->err = ERR_LIMIT;
    if (p->err != ERR_NONE)
        return REGEXP_ID_EMPTY;
    uint64_t *slot = map_put(p->seen, key, sizeof key, &fresh);
    if (slot == NULL || p->n_exprs >= EXPRS_MAX ||
        mem_grow((void **)&p->exprs, &p->cap_exprs, p->n_exprs + 1, sizeof e) != 0) {
        p->err = slot != NULL && p->n_exprs >= EXPRS_MAX ? ERR_LIMIT : ERR_MEMORY;
        return REGEXP_ID_EMPTY;
    }
    if (fresh) {
        *slot = p->n_exprs;
        p->exprs[p->n_exprs++] = e;
    }
    return (uint32_t)*slot;
}

bool query_regexp_pool_init(struct regexp_pool *p)
{
    *p = (struct regexp_pool){.work_max = QUERY_REGEXP_STEPS_MAX};
    /* An expression is a person's, not the traffic's: a fixed seed keeps compiling repeatable. */
    p->seen = map_new((struct hash_key){1, 2});
    if (p->seen == NULL)
        return false;
    intern(p, (struct regexp_expr){.kind = REGEXP_EMPTY});
    intern(p, (struct regexp_expr){.kind = REGEXP_BLANK, .blank = true});
    intern(p, (struct regexp_expr){.kind = REGEXP_NOT, .a = REGEXP_ID_EMPTY, .blank = true});
    return p->err == ERR_NONE;
}

void query_regexp_pool_release(struct regexp_pool *p)
{
    map_free(p->seen);
    mem_free(p->exprs);
    mem_free(p->sets);
    mem_free(p->ranges);
}

static int compare_ranges(const void *x, const void *y)
{
    const struct regexp_range *a = x, *b = y;
    return (a->first > b->first) - (a->first < b->first);
}

/* Ranges put in order and joined where they touch; returns how many are left. */
static size_t tidy(struct regexp_range *r, size_t n)
{
    size_t kept = 0;
    qsort(r, n, sizeof *r, compare_ranges);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && r[i].first <= r[kept - 1].last + 1) {
            if (r[i].last > r[kept - 1].last)
                r[kept - 1].last = r[i].last;
        } else {
            r[kept++] = r[i];
        }
    }
    return kept;
}

static bool add_range(struct regexp_pool *p, uint32_t first, uint32_t last)
{
    if (mem_grow((void **)&p->ranges, &p->cap_ranges, p->n_ranges + 1, sizeof *p->ranges) != 0) {
        p->err = ERR_MEMORY;
        return false;
    }
    p->ranges[p->n_ranges++] = (struct regexp_range){first, last};
    return true;
}

/* The number of an equal set, or of a new one made of the ranges from `at` on. */
static uint32_t find_set(struct regexp_pool *p, size_t at)
{
    size_t n = p->n_ranges - at;
    for (size_t i = 0; i < p->n_sets; i++) {
        if (p->sets[i].n == n &&
            memcmp(p->ranges + p->sets[i].at, p->ranges + at, n * sizeof *p->ranges) == 0) {
            p->n_ranges = at;
            return (uint32_t)i;
        }
    }
    if (mem_grow((void **)&p->sets, &p->cap_sets, p->n_sets + 1, sizeof *p->sets) != 0) {
        p->err = ERR_MEMORY;
        return 0;
    }
    p->sets[p->n_sets] = (struct regexp_set){(uint32_t)at, (uint32_t)n};
    return (uint32_t)p->n_sets++;
}

uint32_t query_regexp_set(struct regexp_pool *p, struct regexp_range *ranges, size_t n, bool negate)
{
    size_t at = p->n_ranges;
    uint32_t from = 0;
    bool full = false;
    n = tidy(ranges, n);
    for (size_t i = 0; i < n; i++) {
        if (!negate && !add_range(p, ranges[i].first, ranges[i].last))
            return REGEXP_ID_EMPTY;
        if (negate && ranges[i].first > from && !add_range(p, from, ranges[i].first - 1))
            return REGEXP_ID_EMPTY;
        full = ranges[i].last >= REGEXP_CHAR_MAX;
        from = ranges[i].last + 1;
    }
    if (negate && !full && !add_range(p, from, REGEXP_CHAR_MAX))
        return REGEXP_ID_EMPTY;
    if (p->n_ranges == at)
        return REGEXP_ID_EMPTY;
    uint32_t set = find_set(p, at);
    return intern(p, (struct regexp_expr){.kind = REGEXP_SET, .a = set});
}

uint32_t query_regexp_char(struct regexp_pool *p, uint32_t c, bool fold)
{
    bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z' && c < ASCII;
    struct regexp_range r[2] = {{c, c}, {c ^ 0x20, c ^ 0x20}};
    return query_regexp_set(p, r, fold && letter ? 2 : 1, false);
}

uint32_t query_regexp_cat(struct regexp_pool *p, uint32_t a, uint32_t b)
{
    if (a == REGEXP_ID_EMPTY || b == REGEXP_ID_EMPTY)
        return REGEXP_ID_EMPTY;
    if (a == REGEXP_ID_BLANK)
        return b;
    if (b == REGEXP_ID_BLANK)
        return a;
    /* (xy)z is x(yz), so that equal texts have one number. */
    size_t depth = 0;
    uint32_t parts[64];
    while (p->exprs[a].kind == REGEXP_CAT && depth < 64) {
        parts[depth++] = p->exprs[a].a;
        a = p->exprs[a].b;
    }
    uint32_t v = intern(p, (struct regexp_expr){.kind = REGEXP_CAT,
                                                .a = a,
                                                .b = b,
                                                .blank = p->exprs[a].blank && p->exprs[b].blank});
    while (depth > 0 && p->err == ERR_NONE) {
        uint32_t x = parts[--depth];
        v = intern(p, (struct regexp_expr){.kind = REGEXP_CAT,
                                           .a = x,
                                           .b = v,
                                           .blank = p->exprs[x].blank && p->exprs[v].blank});
    }
    return v;
}

static int compare_ids(const void *x, const void *y)
{
    uint32_t a, b;
    memcpy(&a, x, sizeof a);
    memcpy(&b, y, sizeof b);
    return (a > b) - (a < b);
}

/* The next member of a chain; chains are in the order of their members' numbers. */
static uint32_t member(const struct regexp_pool *p, enum regexp_kind kind, uint32_t *v, bool *more)
{
    uint32_t head = *v;
    *more = p->exprs[head].kind == kind;
    if (*more) {
        *v = p->exprs[head].b;
        return p->exprs[head].a;
    }
    return head;
}

/* Two chains as one, each member once; returns how many, cut at ALT_MAX. */
static size_t merge(const struct regexp_pool *p, enum regexp_kind kind, uint32_t a, uint32_t b,
                    uint32_t *out)
{
    bool more_a, more_b, has_a = true, has_b = true;
    uint32_t x = member(p, kind, &a, &more_a), y = member(p, kind, &b, &more_b);
    size_t n = 0;
    while ((has_a || has_b) && n < ALT_MAX) {
        bool take_a = has_a && (!has_b || x <= y);
        bool take_b = has_b && (!has_a || y <= x);
        out[n++] = take_a ? x : y;
        if (take_a) {
            has_a = more_a;
            x = has_a ? member(p, kind, &a, &more_a) : 0;
        }
        if (take_b) {
            has_b = more_b;
            y = has_b ? member(p, kind, &b, &more_b) : 0;
        }
    }
    return n;
}

/* ALT and BOTH: associative, commutative, idempotent; zero ends it, one falls out. */
static uint32_t combine(struct regexp_pool *p, enum regexp_kind kind, uint32_t a, uint32_t b)
{
    uint32_t one = kind == REGEXP_ALT ? REGEXP_ID_EMPTY : REGEXP_ID_ALL;
    uint32_t zero = kind == REGEXP_ALT ? REGEXP_ID_ALL : REGEXP_ID_EMPTY;
    uint32_t list[ALT_MAX];
    if (p->err != ERR_NONE || a == zero || b == zero)
        return p->err != ERR_NONE ? REGEXP_ID_EMPTY : zero;
    if (a == one || a == b)
        return b;
    if (b == one)
        return a;
    size_t n = merge(p, kind, a, b, list);
    p->work += n;
    if (n == ALT_MAX)
        p->err = ERR_LIMIT;
    uint32_t v = list[n - 1];
    for (size_t i = n - 1; i-- > 0 && p->err == ERR_NONE;) {
        bool x = p->exprs[list[i]].blank, y = p->exprs[v].blank;
        v = intern(p, (struct regexp_expr){.kind = (uint8_t)kind,
                                           .a = list[i],
                                           .b = v,
                                           .blank = kind == REGEXP_ALT ? x || y : x && y});
    }
    return p->err == ERR_NONE ? v : REGEXP_ID_EMPTY;
}

uint32_t query_regexp_alt(struct regexp_pool *p, uint32_t a, uint32_t b)
{
    return combine(p, REGEXP_ALT, a, b);
}

uint32_t query_regexp_both(struct regexp_pool *p, uint32_t a, uint32_t b)
{
    return combine(p, REGEXP_BOTH, a, b);
}

uint32_t query_regexp_not(struct regexp_pool *p, uint32_t a)
{
    if (p->exprs[a].kind == REGEXP_NOT)
        return p->exprs[a].a;
    return intern(p, (struct regexp_expr){.kind = REGEXP_NOT, .a = a, .blank = !p->exprs[a].blank});
}

uint32_t query_regexp_many(struct regexp_pool *p, uint32_t a, uint32_t min, uint32_t max)
{
    if (a == REGEXP_ID_BLANK || (a == REGEXP_ID_EMPTY && min == 0))
        return REGEXP_ID_BLANK;
    if (a == REGEXP_ID_EMPTY || (min == 1 && max == 1))
        return a;
    if (p->exprs[a].blank)
        min = 0;
    if (p->exprs[a].kind == REGEXP_MANY && p->exprs[a].min == 0 && p->exprs[a].max == 0)
        return a;
    return intern(p, (struct regexp_expr){.kind = REGEXP_MANY,
                                          .a = a,
                                          .min = min,
                                          .max = max,
                                          .blank = min == 0 || p->exprs[a].blank});
}

static bool set_holds(const struct regexp_pool *p, uint32_t set, uint32_t c)
{
    const struct regexp_set *s = &p->sets[set];
    for (uint32_t i = 0; i < s->n; i++) {
        const struct regexp_range *r = &p->ranges[s->at + i];
        if (c >= r->first && c <= r->last)
            return true;
    }
    return false;
}

/* What is computed for one character: each expression's derivative once. */
struct derive {
    struct regexp_pool *pool;
    uint32_t c;
    uint32_t stamp;
    uint32_t *stamps; /* [expression] */
    uint32_t *values;
    size_t cap;
};

static bool make_room(struct derive *d)
{
    size_t cap_stamps = d->cap, cap_values = d->cap, need = d->pool->n_exprs + 1;
    if (need <= d->cap)
        return true;
    if (mem_grow((void **)&d->stamps, &cap_stamps, need, sizeof *d->stamps) != 0 ||
        mem_grow((void **)&d->values, &cap_values, need, sizeof *d->values) != 0) {
        d->pool->err = ERR_MEMORY;
        return false;
    }
    memset(d->stamps + d->cap, 0, (cap_stamps - d->cap) * sizeof *d->stamps);
    d->cap = cap_stamps < cap_values ? cap_stamps : cap_values;
    return true;
}

/*
 * a then b, for each alternative of a by itself (Antimirov 1996): so the parts of a derivative stay
 * as few as the expression is long, and its states as few as its sets of parts.
 */
static uint32_t cat_each(struct regexp_pool *p, uint32_t a, uint32_t b)
{
    uint32_t v = REGEXP_ID_EMPTY;
    while (p->exprs[a].kind == REGEXP_ALT && p->err == ERR_NONE) {
        v = query_regexp_alt(p, v, query_regexp_cat(p, p->exprs[a].a, b));
        a = p->exprs[a].b;
    }
    return query_regexp_alt(p, v, query_regexp_cat(p, a, b));
}

/*
 * What may follow c in texts of the expression. Depth is bounded: CAT, ALT and BOTH go down their
 * right sides in a chain as long as the expression is, so the recursion is as deep as that.
 */
static uint32_t derivative(struct derive *d, uint32_t id)
{
    struct regexp_pool *p = d->pool;
    if (p->err != ERR_NONE || ++p->work > p->work_max || !make_room(d)) {
        if (p->err == ERR_NONE)
            p->err = ERR_LIMIT;
        return REGEXP_ID_EMPTY;
    }
    if (d->stamps[id] == d->stamp)
        return d->values[id];
    struct regexp_expr e = p->exprs[id];
    uint32_t v = REGEXP_ID_EMPTY;
    switch ((enum regexp_kind)e.kind) {
    case REGEXP_EMPTY:
    case REGEXP_BLANK:
        break;
    case REGEXP_SET:
        v = set_holds(p, e.a, d->c) ? REGEXP_ID_BLANK : REGEXP_ID_EMPTY;
        break;
    case REGEXP_CAT: {
        bool blank = p->exprs[e.a].blank;
        v = cat_each(p, derivative(d, e.a), e.b);
        if (blank)
            v = query_regexp_alt(p, v, derivative(d, e.b));
        break;
    }
    case REGEXP_ALT:
        v = derivative(d, e.a);
        v = query_regexp_alt(p, v, derivative(d, e.b));
        break;
    case REGEXP_BOTH:
        v = derivative(d, e.a);
        v = query_regexp_both(p, v, derivative(d, e.b));
        break;
    case REGEXP_NOT:
        v = query_regexp_not(p, derivative(d, e.a));
        break;
    case REGEXP_MANY: {
        uint32_t rest;
        if (e.max == 1)
            rest = REGEXP_ID_BLANK;
        else
            rest = query_regexp_many(p, e.a, e.min > 0 ? e.min - 1 : 0, e.max > 0 ? e.max - 1 : 0);
        v = cat_each(p, derivative(d, e.a), rest);
        break;
    }
    }
    if (p->err != ERR_NONE || !make_room(d))
        return REGEXP_ID_EMPTY;
    d->stamps[id] = d->stamp;
    d->values[id] = v;
    return v;
}

static int compare_bounds(const void *x, const void *y)
{
    return compare_ids(x, y);
}

/* The characters at which any set begins or ends: between two of them all are alike. */
static uint32_t *make_bounds(const struct regexp_pool *p, uint32_t *out_n)
{
    uint32_t *v = mem_alloc((2 * p->n_ranges + 1) * sizeof *v);
    size_t n = 0, kept = 0;
    if (v == NULL)
        return NULL;
    v[n++] = 0;
    for (size_t i = 0; i < p->n_ranges; i++) {
        v[n++] = p->ranges[i].first;
        if (p->ranges[i].last < REGEXP_CHAR_MAX)
            v[n++] = p->ranges[i].last + 1;
    }
    qsort(v, n, sizeof *v, compare_bounds);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || v[kept - 1] != v[i])
            v[kept++] = v[i];
    }
    *out_n = (uint32_t)kept;
    return v;
}

static uint32_t class_of(const uint32_t *bounds, uint32_t n, uint32_t c)
{
    uint32_t low = 0, high = n;
    while (high - low > 1) {
        uint32_t mid = (low + high) / 2;
        if (bounds[mid] <= c)
            low = mid;
        else
            high = mid;
    }
    return low;
}

/* The table while it grows. */
struct table {
    uint32_t *exprs; /* [state]: its expression */
    size_t cap_exprs;
    uint16_t *next;
    size_t cap_next;
    size_t n;
    struct map *states; /* expression to state + 1 */
};

static size_t state_of(struct table *t, struct regexp_pool *p, uint32_t expr, size_t n_classes)
{
    bool fresh;
    uint64_t *slot = map_put(t->states, &expr, sizeof expr, &fresh);
    if (slot != NULL && !fresh)
        return *slot;
    if (t->n >= STATES_MAX || (t->n + 1) * n_classes > CELLS_MAX) {
        p->err = ERR_LIMIT;
        return 0;
    }
    if (slot == NULL ||
        mem_grow((void **)&t->exprs, &t->cap_exprs, t->n + 1, sizeof *t->exprs) != 0 ||
        mem_grow((void **)&t->next, &t->cap_next, (t->n + 1) * n_classes, sizeof *t->next) != 0) {
        p->err = ERR_MEMORY;
        return 0;
    }
    t->exprs[t->n] = expr;
    *slot = t->n;
    return t->n++;
}

static size_t fill(struct table *t, struct regexp_pool *p, uint32_t root, const uint32_t *bounds,
                   uint32_t n)
{
    struct derive d = {.pool = p};
    state_of(t, p, REGEXP_ID_EMPTY, n);
    size_t start = state_of(t, p, root, n);
    for (size_t s = 0; s < t->n && p->err == ERR_NONE; s++) {
        for (uint32_t k = 0; k < n && p->err == ERR_NONE; k++) {
            d.c = bounds[k];
            d.stamp++;
            size_t to = state_of(t, p, derivative(&d, t->exprs[s]), n);
            t->next[s * n + k] = (uint16_t)to;
        }
    }
    mem_free(d.stamps);
    mem_free(d.values);
    return start;
}

/* Copies the finished table into the arena. */
static struct query_regexp *finish(const struct table *t, const struct regexp_pool *p, size_t start,
                                   const uint32_t *bounds, uint32_t n, struct arena *arena)
{
    struct query_regexp *re = arena_zero(arena, sizeof *re);
    bool *accepts = arena_zero(arena, t->n * sizeof *accepts);
    const uint32_t *own_bounds = arena_copy(arena, bounds, n * sizeof *bounds);
    const uint16_t *next = arena_copy(arena, t->next, t->n * n * sizeof *next);
    if (re == NULL || accepts == NULL || own_bounds == NULL || next == NULL)
        return NULL;
    for (size_t s = 0; s < t->n; s++)
        accepts[s] = p->exprs[t->exprs[s]].blank;
    for (uint32_t c = 0; c < ASCII; c++)
        re->ascii[c] = (uint16_t)class_of(bounds, n, c);
    re->n_classes = n;
    re->n_bounds = n;
    re->start = (uint16_t)start;
    re->bounds = own_bounds;
    re->next = next;
    re->accepts = accepts;
    return re;
}

enum err query_regexp_new(const char *s, size_t n, unsigned flags, bool fold, uint64_t *budget,
                          struct arena *arena, const struct query_regexp **out,
                          struct err_text *why)
{
    struct regexp_pool pool;
    struct table t = {0};
    uint32_t root = REGEXP_ID_EMPTY, n_bounds = 0;
    uint32_t *bounds = NULL;
    const struct query_regexp *re = NULL;
    enum err e = ERR_MEMORY;
    if (n > QUERY_REGEXP_LENGTH_MAX)
        return err_set(why, ERR_LIMIT, "expected a regular expression of at most %d bytes",
                       QUERY_REGEXP_LENGTH_MAX);
    if (!query_regexp_pool_init(&pool))
        goto done;
    if (budget != NULL && *budget < pool.work_max)
        pool.work_max = *budget;
    e = query_regexp_parse(&pool, s, n, flags, fold, &root, why);
    if (e != ERR_NONE)
        goto done;
    e = ERR_MEMORY;
    bounds = make_bounds(&pool, &n_bounds);
    t.states = map_new((struct hash_key){1, 2});
    if (bounds == NULL || t.states == NULL || pool.err == ERR_MEMORY)
        goto done;
    size_t start = fill(&t, &pool, root, bounds, n_bounds);
    if (pool.err == ERR_LIMIT)
        e = err_set(why, ERR_LIMIT,
                    pool.work_max < QUERY_REGEXP_STEPS_MAX
                        ? "the regular expressions of the query are too complex together"
                        : "the regular expression is too complex");
    if (pool.err == ERR_NONE)
        re = finish(&t, &pool, start, bounds, n_bounds, arena);
    if (re != NULL)
        e = ERR_NONE;
done:
    if (budget != NULL)
        *budget -= pool.work < *budget ? pool.work : *budget;
    if (e == ERR_MEMORY)
        err_set(why, e, "no memory for a regular expression");
    query_regexp_pool_release(&pool);
    map_free(t.states);
    mem_free(t.exprs);
    mem_free(t.next);
    mem_free(bounds);
    if (e == ERR_NONE)
        *out = re;
    return e;
}

bool query_regexp_match(const struct query_regexp *re, const char *s, size_t n)
{
    size_t state = re->start;
    const char *end = s + n;
    while (s < end && state != 0) {
        size_t step = 1;
        uint32_t class;
        if ((unsigned char)*s < ASCII)
            class = re->ascii[(unsigned char)*s];
        else
            class = class_of(re->bounds, re->n_bounds, query_words_char(s, end, &step));
        state = re->next[state * re->n_classes + class];
        s += step;
    }
    return re->accepts[state];
}
