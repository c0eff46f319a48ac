/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/categorize.h"

#include "base/map.h"
#include "base/mem.h"
#include "categorize/categorize_priv.h"
#include "categorize/pattern.h"

#include <string.h>

/* Categories of one message that are looked at closely. */
#define CLOSE_MAX 64
/* Before so many messages nothing is said about a group. */
#define JUDGED_FROM 100
/* What a group and a category take in tables, besides themselves. */
#define AROUND 128

enum err categorize_new(const struct categorize_options *options, struct categorize **out)
{
    struct categorize *c = mem_zero(1, sizeof(*c));
    if (c == NULL)
        return ERR_MEMORY;
    c->options = *options;
    c->by_name = map_new(options->seed);
    c->by_deciding = map_new(options->seed);
    c->seen = mem_zero(CATEGORIZE_SEEN, sizeof(*c->seen));
    enum err err = categorize_desk_init(&c->desk);
    if (err == ERR_NONE && (c->by_name == NULL || c->by_deciding == NULL || c->seen == NULL))
        err = ERR_MEMORY;
    if (err != ERR_NONE) {
        categorize_free(c);
        return err;
    }
    *out = c;
    return ERR_NONE;
}

void categorize_free(struct categorize *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->n; i++)
        categorize_category_free(c->list[i]);
    for (size_t i = 0; i < c->n_groups; i++)
        mem_free(c->groups[i].name);
    mem_free(c->list);
    mem_free(c->looks);
    mem_free(c->groups);
    mem_free(c->seen);
    map_free(c->by_name);
    map_free(c->by_deciding);
    categorize_desk_release(&c->desk);
    mem_free(c);
}

size_t categorize_bytes(const struct categorize *c)
{
    return sizeof(*c) + CATEGORIZE_SEEN * sizeof(*c->seen) +
           CATEGORIZE_KNOWN * sizeof(struct categorize_known) + c->bytes;
}

struct categorize_group *categorize_group_new(struct categorize *c, struct bytes name)
{
    void *list = c->groups;
    if (mem_grow(&list, &c->cap_groups, c->n_groups + 1, sizeof(*c->groups)) != 0)
        return NULL;
    c->groups = list;
    char *copy = mem_strndup((const char *)name.p, name.n);
    uint64_t *at = copy != NULL ? map_put(c->by_name, name.p, name.n, NULL) : NULL;
    if (at == NULL) {
        mem_free(copy);
        return NULL;
    }
    struct categorize_group *g = &c->groups[c->n_groups];
    *g = (struct categorize_group){.name = copy, .name_n = name.n};
    *at = ++c->n_groups;
    c->bytes += sizeof(*g) + 2 * mem_cost(name.n + 1) + AROUND;
    return g;
}

static struct categorize_group *group_of(struct categorize *c, struct bytes name, bool room)
{
    const uint64_t *at = map_get(c->by_name, name.p, name.n);
    if (at != NULL)
        return &c->groups[*at - 1];
    return room ? categorize_group_new(c, name) : NULL;
}

/* Where categories of one group with the same deciding words begin. */
struct chain_key {
    uint64_t group;
    uint64_t deciding;
};

bool categorize_category_add(struct categorize *c, struct categorize_category *x)
{
    const struct chain_key key = {x->group, x->deciding};
    void *list = c->list;
    if (mem_grow(&list, &c->cap, c->n + 1, sizeof(struct categorize_category *)) != 0)
        return false;
    c->list = list;
    void *looks = c->looks;
    if (mem_grow(&looks, &c->cap_looks, c->n + 1, sizeof(*c->looks)) != 0)
        return false;
    c->looks = looks;
    uint64_t *head = map_put(c->by_deciding, &key, sizeof(key), NULL);
    if (head == NULL)
        return false;
    c->looks[c->n] = (struct categorize_look){
        .sketch = categorize_category_sketch(x), .next = (uint32_t)*head, .dead = x->instead != 0};
    c->list[c->n++] = x;
    x->id = (uint32_t)c->n;
    *head = x->id;
    c->bytes += categorize_category_bytes(x) + AROUND;
    return true;
}

/* The id of the newest category with these deciding words; 0: there is none. */
static uint32_t first_of(const struct categorize *c, uint32_t group, uint64_t deciding)
{
    const struct chain_key key = {group, deciding};
    const uint64_t *head = map_get(c->by_deciding, &key, sizeof(key));
    return head != NULL ? (uint32_t)*head : 0;
}

/* The category that the tokens fit best, the older of two; NULL: none. */
static struct categorize_category *search(const struct categorize *c, uint32_t group,
                                          uint64_t deciding, struct categorize_fit *out)
{
    struct categorize_category *best = NULL;
    struct categorize_set set;
    struct categorize_fit fit;
    size_t close = 0;
    categorize_category_set(&c->tokens, &set);
    for (uint32_t id = first_of(c, group, deciding); id != 0 && close < CLOSE_MAX;
         id = c->looks[id - 1].next) {
        const struct categorize_look *look = &c->looks[id - 1];
        if (look->dead || !categorize_category_may_fit(&look->sketch, &set))
            continue;
        struct categorize_category *x = c->list[id - 1];
        double most = categorize_category_bound(x, &look->sketch, &set);
        if (most <= 0 || (best != NULL && most < out->similarity))
            continue;
        close++;
        if (!categorize_category_fit(x, &c->tokens, &fit))
            continue;
        /* Newer ones come first: the last of equals is the oldest. */
        if (best == NULL || fit.similarity >= out->similarity) {
            best = x;
            *out = fit;
        }
    }
    return best;
}

/* A category that has grown may have taken in others whole. */
static void take_in(struct categorize *c, struct categorize_category *x)
{
    const struct categorize_sketch *own = &c->looks[x->id - 1].sketch;
    for (uint32_t id = first_of(c, x->group, x->deciding); id != 0; id = c->looks[id - 1].next) {
        struct categorize_look *look = &c->looks[id - 1];
        uint64_t lacks = (own->words | own->values) & ~(look->sketch.words | look->sketch.values);
        struct categorize_category *y = c->list[id - 1];
        if (lacks != 0 || look->dead || y == x || !categorize_category_covers(x, y))
            continue;
        look->dead = true;
        y->instead = x->id;
        y->changed = true;
        x->changed = true;
    }
}

static struct categorize_category *begin(struct categorize *c, uint32_t group, ts_ns time)
{
    struct categorize_category *x = categorize_category_new(&c->tokens);
    if (x == NULL)
        return NULL;
    x->group = group;
    x->first = time;
    if (!categorize_category_add(c, x)) {
        categorize_category_free(x);
        return NULL;
    }
    return x;
}

/* The category of the tokens, found, widened or begun; NULL when there is no room. */
static struct categorize_category *settle(struct categorize *c, struct categorize_group *g,
                                          ts_ns time, bool room)
{
    struct categorize_fit fit;
    uint32_t group = (uint32_t)(g - c->groups);
    struct categorize_category *x =
        search(c, group, categorize_category_deciding(&c->tokens), &fit);
    if (x == NULL) {
        x = room && c->n < CATEGORIZE_MOST ? begin(c, group, time) : NULL;
        g->epoch += x != NULL;
        return x;
    }
    size_t before = categorize_category_bytes(x);
    if (categorize_category_take(x, &c->tokens, &fit)) {
        c->bytes -= before - categorize_category_bytes(x);
        c->looks[x->id - 1].sketch = categorize_category_sketch(x);
        g->epoch++;
        take_in(c, x);
    }
    return x;
}

/* The tokens in their order, in their group. */
static uint64_t key_of(const struct categorize *c, const struct categorize_group *g)
{
    uint64_t h = (uint64_t)(g - c->groups) + 1;
    for (size_t i = 0; i < c->tokens.n; i++)
        h = hash_mix(h * 3 + c->tokens.list[i].hash);
    return h;
}

static void count(struct categorize *c, struct categorize_category *x, struct bytes message,
                  bool room)
{
    size_t before = room ? categorize_category_bytes(x) : 0;
    x->matches++;
    if (message.n > x->longest) {
        size_t longest = message.n + message.n / 10;
        x->longest = (uint32_t)(longest < UINT32_MAX ? longest : UINT32_MAX);
        x->changed = true;
    }
    if (x->matches >= 2 * x->written)
        x->changed = true;
    if (room && categorize_category_example(x, message, c->options.examples))
        c->bytes += categorize_category_bytes(x) - before;
}

enum categorize_verdict categorize_message(struct categorize *c, struct bytes group,
                                           struct bytes message, ts_ns time, bool room,
                                           uint32_t *out_id)
{
    struct categorize_group *g = group_of(c, group, room);
    if (g == NULL) {
        c->failed++;
        return CATEGORIZE_FAILED;
    }
    if (g->stopped)
        return CATEGORIZE_STOPPED;
    categorize_analyzer_run(c->options.analyzer, &c->desk, c->options.seed, message, &c->tokens);
    uint64_t key = key_of(c, g);
    struct categorize_seen *seen = &c->seen[key % CATEGORIZE_SEEN];
    bool known = seen->id != 0 && seen->key == key && seen->epoch == g->epoch;
    struct categorize_category *x = known ? c->list[seen->id - 1] : settle(c, g, time, room);
    g->touched = g->untold = true;
    if (x == NULL) {
        g->failed++;
        return CATEGORIZE_FAILED;
    }
    *seen = (struct categorize_seen){key, x->id, g->epoch};
    g->documents++;
    count(c, x, message, room);
    *out_id = x->id;
    return CATEGORIZE_DONE;
}

/* ---- what others ask ---- */

static void add_category(const struct categorize_category *x, uint64_t documents,
                         struct categorize_stats *out)
{
    out->total++;
    out->frequent += x->matches > documents / 100;
    out->rare += x->matches == 1;
    out->dead += x->instead != 0;
}

/* docs/method/categorize.md has the reasons. */
static bool is_useless(const struct categorize_stats *s)
{
    if (s->documents <= JUDGED_FROM)
        return false;
    return s->total <= 1 || s->frequent == 0 || 10 * s->rare > 9 * s->total ||
           2 * s->dead > s->total || 2 * s->total > s->documents;
}

/* The statistics of all groups, in order; NULL when memory is short. */
static struct categorize_stats *stats_of(const struct categorize *c)
{
    struct categorize_stats *list = mem_zero(c->n_groups + 1, sizeof(*list));
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < c->n_groups; i++) {
        list[i].documents = c->groups[i].documents;
        list[i].failed = c->groups[i].failed;
        list[i].warn = c->groups[i].warn;
    }
    for (size_t i = 0; i < c->n; i++) {
        struct categorize_stats *s = &list[c->list[i]->group];
        add_category(c->list[i], s->documents, s);
    }
    return list;
}

void categorize_judge(struct categorize *c)
{
    bool any = false;
    for (size_t i = 0; i < c->n_groups; i++)
        any |= c->groups[i].touched;
    struct categorize_stats *stats = any ? stats_of(c) : NULL;
    if (stats == NULL)
        return;
    for (size_t i = 0; i < c->n_groups; i++) {
        struct categorize_group *g = &c->groups[i];
        if (!g->touched)
            continue;
        g->touched = false;
        g->warn = is_useless(&stats[i]);
        g->stopped |= g->warn && c->options.stop_on_warn;
    }
    mem_free(stats);
}

void categorize_sum(const struct categorize *c, struct categorize_stats *out)
{
    *out = (struct categorize_stats){.failed = c->failed};
    for (size_t i = 0; i < c->n_groups; i++) {
        out->documents += c->groups[i].documents;
        out->failed += c->groups[i].failed;
        out->warn |= c->groups[i].warn;
    }
    for (size_t i = 0; i < c->n; i++)
        add_category(c->list[i], c->groups[c->list[i]->group].documents, out);
}

enum err categorize_each_group(struct categorize *c, categorize_group_fn fn, void *ctx)
{
    struct categorize_stats *stats = stats_of(c);
    if (stats == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < c->n_groups; i++) {
        struct categorize_group *g = &c->groups[i];
        if (g->untold)
            fn(ctx, bytes_make(g->name, g->name_n), &stats[i]);
        g->untold = false;
    }
    mem_free(stats);
    return ERR_NONE;
}

/* Whether a category is among those that are meant. */
static bool is_meant(const struct categorize_category *x, enum categorize_which which)
{
    return which == CATEGORIZE_ALL || x->changed ||
           (which == CATEGORIZE_GROWN && x->matches != x->written);
}

/* The ids of those that a category stands for now, in order; *out_n of them. */
static enum err list_preferred(const struct categorize *c, const struct categorize_category *x,
                               uint32_t **list, size_t *cap, size_t *out_n)
{
    *out_n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->list[i]->instead != x->id)
            continue;
        void *p = *list;
        if (mem_grow(&p, cap, *out_n + 1, sizeof(**list)) != 0)
            return ERR_MEMORY;
        *list = p;
        (*list)[(*out_n)++] = c->list[i]->id;
    }
    return ERR_NONE;
}

enum err categorize_each(const struct categorize *c, enum categorize_which which,
                         categorize_view_fn fn, void *ctx)
{
    struct buf terms, regex;
    uint32_t *list = NULL;
    size_t cap = 0;
    enum err err = ERR_NONE;
    bool dead = false;
    for (size_t i = 0; i < c->n; i++)
        dead |= c->list[i]->instead != 0;
    buf_init(&terms);
    buf_init(&regex);
    for (size_t i = 0; i < c->n && err == ERR_NONE; i++) {
        const struct categorize_category *x = c->list[i];
        const struct categorize_group *g = &c->groups[x->group];
        struct categorize_view v = {.id = x->id,
                                    .group = bytes_make(g->name, g->name_n),
                                    .examples = (const char *const *)x->examples,
                                    .n_examples = x->n_examples,
                                    .longest = x->longest,
                                    .matches = x->matches,
                                    .first = x->first};
        if (!is_meant(x, which))
            continue;
        buf_clear(&terms);
        buf_clear(&regex);
        categorize_category_terms(x, &terms);
        categorize_category_regex(x, &regex);
        if (dead)
            err = list_preferred(c, x, &list, &cap, &v.n_preferred);
        if (!buf_ok(&terms) || !buf_ok(&regex))
            err = ERR_MEMORY;
        v.terms = bytes_make(buf_text(&terms), terms.n);
        v.regex = bytes_make(buf_text(&regex), regex.n);
        v.preferred_to = list;
        if (err == ERR_NONE)
            fn(ctx, &v);
    }
    buf_release(&terms);
    buf_release(&regex);
    mem_free(list);
    return err;
}

void categorize_told(struct categorize *c, enum categorize_which which)
{
    for (size_t i = 0; i < c->n; i++) {
        struct categorize_category *x = c->list[i];
        if (!is_meant(x, which))
            continue;
        x->changed = false;
        x->written = x->matches;
    }
}

bool categorize_terms(const struct categorize *c, uint32_t id, struct buf *out)
{
    if (id == 0 || id > c->n)
        return false;
    categorize_category_terms(c->list[id - 1], out);
    return true;
}

uint64_t categorize_given_up(const struct categorize *c)
{
    return c->desk.given_up;
}
