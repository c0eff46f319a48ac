/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/category.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "categorize/word.h"

#include <string.h>

/* Least similarity of a message that fits. */
#define SIMILAR 0.7
/* The common part weighs at least this share of any message that fits, */
#define SHARE 0.4
/* and, when it shrinks, of the category's first message. */
#define BASE_SHARE 0.5
#define NOWHERE CATEGORIZE_TOKENS_MAX
#define GAP_MAX UINT8_MAX

_Static_assert(CATEGORIZE_TOKENS_MAX < UINT8_MAX, "places of tokens are bytes");
_Static_assert(CATEGORIZE_WORD_MAX <= UINT8_MAX, "lengths of tokens are bytes");

static uint64_t bit_of(uint64_t hash)
{
    return UINT64_C(1) << (hash >> 58);
}

void categorize_category_set(const struct categorize_tokens *tokens, struct categorize_set *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < tokens->n; i++) {
        size_t at = tokens->list[i].hash & 255;
        while (out->slots[at] != 0 && out->slots[at] != tokens->list[i].hash)
            at = (at + 1) & 255;
        out->slots[at] = tokens->list[i].hash;
        out->bits |= bit_of(tokens->list[i].hash);
        out->weight += tokens->list[i].weight;
    }
}

struct categorize_sketch categorize_category_sketch(const struct categorize_category *c)
{
    struct categorize_sketch s = {.open = c->gaps[c->n_parts] > 0};
    for (size_t i = 0; i < c->n_parts; i++) {
        if (c->parts[i].weight >= CATEGORIZE_WEIGHT_WORD)
            s.words |= bit_of(c->parts[i].hash);
        else
            s.values |= bit_of(c->parts[i].hash);
        s.weight += c->parts[i].weight;
        s.open |= c->gaps[i] > 0;
    }
    return s;
}

/* Whether that much in common can be enough: lost at least, and extra when no gap takes it. */
static bool can_be_enough(double shared, double lost, double message, bool open)
{
    double extra = !open && message > shared ? message - shared : 0;
    return shared >= SHARE * message && 2 * shared >= SIMILAR * (2 * shared + lost + extra);
}

bool categorize_category_may_fit(const struct categorize_sketch *s,
                                 const struct categorize_set *set)
{
    /* Each bit that the message has not is at least one part of that kind. */
    int words = __builtin_popcountll(s->words & ~set->bits);
    int values = __builtin_popcountll(s->values & ~set->bits);
    double lost = CATEGORIZE_WEIGHT_WORD * words + CATEGORIZE_WEIGHT_VALUE * values;
    if (s->weight == 0 || set->weight == 0)
        return s->weight == set->weight;
    return can_be_enough(s->weight - lost, lost, set->weight, s->open);
}

static bool has(const struct categorize_set *set, uint64_t hash)
{
    size_t at = hash & 255;
    while (set->slots[at] != 0 && set->slots[at] != hash)
        at = (at + 1) & 255;
    return set->slots[at] != 0;
}

uint64_t categorize_category_deciding(const struct categorize_tokens *tokens)
{
    uint64_t h = 1;
    for (size_t i = 0; i < tokens->n; i++) {
        if (tokens->list[i].weight == CATEGORIZE_WEIGHT_DECIDES)
            h = hash_mix(h * 3 + tokens->list[i].hash);
    }
    return h;
}

struct categorize_category *categorize_category_new(const struct categorize_tokens *tokens)
{
    size_t text_n = 0;
    for (size_t i = 0; i < tokens->n; i++)
        text_n += tokens->list[i].text.n;
    struct categorize_category *c = mem_zero(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->parts = mem_zero(tokens->n + 1, sizeof(*c->parts));
    c->gaps = mem_zero(tokens->n + 1, 1);
    c->text = mem_alloc(text_n + 1);
    if (c->parts == NULL || c->gaps == NULL || c->text == NULL) {
        categorize_category_free(c);
        return NULL;
    }
    for (size_t i = 0; i < tokens->n; i++) {
        const struct categorize_token *t = &tokens->list[i];
        c->parts[i] = (struct categorize_part){.hash = t->hash,
                                               .at = (uint32_t)c->text_n,
                                               .n = (uint8_t)t->text.n,
                                               .weight = t->weight};
        memcpy(c->text + c->text_n, t->text.p, t->text.n);
        c->text_n += t->text.n;
        c->base += t->weight;
    }
    c->n_parts = tokens->n;
    c->deciding = categorize_category_deciding(tokens);
    c->changed = true;
    return c;
}

void categorize_category_free(struct categorize_category *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->n_examples; i++)
        mem_free(c->examples[i]);
    mem_free(c->examples);
    mem_free(c->parts);
    mem_free(c->gaps);
    mem_free(c->text);
    mem_free(c);
}

size_t categorize_category_bytes(const struct categorize_category *c)
{
    size_t n = mem_cost(sizeof(*c)) + mem_cost((c->n_parts + 1) * sizeof(*c->parts)) +
               mem_cost(c->n_parts + 1) + mem_cost(c->text_n + 1);
    if (c->n_examples > 0)
        n += mem_cost(c->n_examples * sizeof(*c->examples));
    for (size_t i = 0; i < c->n_examples; i++)
        n += mem_cost(strlen(c->examples[i]) + 1);
    return n;
}

static double weight_of(const struct categorize_category *c)
{
    double w = 0;
    for (size_t i = 0; i < c->n_parts; i++)
        w += c->parts[i].weight;
    return w;
}

double categorize_category_bound(const struct categorize_category *c,
                                 const struct categorize_sketch *s,
                                 const struct categorize_set *set)
{
    /* What may be lost when there is nothing else that differs. */
    double most_lost = s->weight * (2 - 2 * SIMILAR) / (2 - SIMILAR) + 1e-9;
    double lost = 0;
    for (size_t i = 0; i < c->n_parts && lost <= most_lost; i++)
        lost += has(set, c->parts[i].hash) ? 0 : c->parts[i].weight;
    if (c->n_parts == 0 || set->weight == 0)
        return c->n_parts == 0 && set->weight == 0 ? 1 : 0;
    double shared = s->weight - lost;
    if (lost > most_lost || !can_be_enough(shared, lost, set->weight, s->open))
        return 0;
    double extra = !s->open && set->weight > shared ? set->weight - shared : 0;
    return 2 * shared / (2 * shared + lost + extra);
}

/* All parts in order, each at the first place there is; false when one is not there. */
static bool lay_simply(const struct categorize_category *c, const struct categorize_tokens *tokens,
                       uint8_t at[CATEGORIZE_TOKENS_MAX])
{
    size_t i = 0;
    for (size_t k = 0; k < tokens->n && i < c->n_parts; k++) {
        if (tokens->list[k].hash == c->parts[i].hash)
            at[i++] = (uint8_t)k;
    }
    return i == c->n_parts;
}

/* The heaviest common subsequence. */
static void lay_best(const struct categorize_category *c, const struct categorize_tokens *tokens,
                     uint8_t at[CATEGORIZE_TOKENS_MAX])
{
    uint16_t best[CATEGORIZE_TOKENS_MAX + 1][CATEGORIZE_TOKENS_MAX + 1];
    size_t n = c->n_parts, m = tokens->n;
    for (size_t k = 0; k <= m; k++)
        best[n][k] = 0;
    for (size_t i = n; i-- > 0;) {
        best[i][m] = 0;
        for (size_t k = m; k-- > 0;) {
            uint16_t w = best[i + 1][k] > best[i][k + 1] ? best[i + 1][k] : best[i][k + 1];
            uint16_t with = (uint16_t)(best[i + 1][k + 1] + c->parts[i].weight);
            if (c->parts[i].hash == tokens->list[k].hash && with > w)
                w = with;
            best[i][k] = w;
        }
    }
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        while (k < m && best[i][k] == best[i][k + 1] && best[i][k] > best[i + 1][k])
            k++;
        bool here = k < m && c->parts[i].hash == tokens->list[k].hash &&
                    best[i][k] == best[i + 1][k + 1] + c->parts[i].weight;
        at[i] = here ? (uint8_t)k : NOWHERE;
        k += here;
    }
}

/* A stretch between two parts that the message has. */
struct region {
    size_t allowed; /* tokens */
    double lost;    /* weight of parts that are not there */
    size_t lost_n;
};

static void close_region(const struct categorize_tokens *tokens, struct region *r, size_t from,
                         size_t to, double *lost, double *extra, bool *same)
{
    double weight = 0;
    size_t count = to - from;
    for (size_t k = from; k < to; k++)
        weight += tokens->list[k].weight;
    *lost += r->lost;
    if (count > r->allowed)
        *extra += weight * (double)(count - r->allowed) / (double)count;
    *same = *same && count <= r->allowed && r->lost_n == 0;
    *r = (struct region){0};
}

bool categorize_category_fit(const struct categorize_category *c,
                             const struct categorize_tokens *tokens, struct categorize_fit *out)
{
    double matched = 0, lost = 0, extra = 0, all = 0;
    struct region r = {0};
    size_t from = 0;
    if (!lay_simply(c, tokens, out->at))
        lay_best(c, tokens, out->at);
    out->same = true;
    for (size_t i = 0; i < c->n_parts; i++) {
        const struct categorize_part *p = &c->parts[i];
        r.allowed += c->gaps[i];
        if (out->at[i] == NOWHERE) {
            if (p->weight == CATEGORIZE_WEIGHT_DECIDES)
                return false;
            r.lost += p->weight;
            r.lost_n++;
            continue;
        }
        close_region(tokens, &r, from, out->at[i], &lost, &extra, &out->same);
        from = (size_t)out->at[i] + 1;
        matched += p->weight;
    }
    r.allowed += c->gaps[c->n_parts];
    close_region(tokens, &r, from, tokens->n, &lost, &extra, &out->same);
    for (size_t k = 0; k < tokens->n; k++)
        all += tokens->list[k].weight;
    if (c->n_parts == 0 || tokens->n == 0) {
        out->similarity = 1;
        return c->n_parts == tokens->n;
    }
    out->similarity = 2 * matched / (2 * matched + lost + extra);
    return out->similarity >= SIMILAR && matched >= SHARE * all &&
           (lost <= 0 || matched >= BASE_SHARE * (double)c->base);
}

static uint8_t gap(size_t tokens)
{
    return (uint8_t)(tokens < GAP_MAX ? tokens : GAP_MAX);
}

bool categorize_category_take(struct categorize_category *c, const struct categorize_tokens *tokens,
                              const struct categorize_fit *fit)
{
    if (fit->same)
        return false;
    size_t kept = 0, from = 0, allowed = 0, text_n = 0;
    for (size_t i = 0; i < c->n_parts; i++) {
        struct categorize_part p = c->parts[i];
        allowed += c->gaps[i];
        if (fit->at[i] == NOWHERE) {
            allowed++;
            continue;
        }
        size_t between = fit->at[i] - from;
        from = (size_t)fit->at[i] + 1;
        memmove(c->text + text_n, c->text + p.at, p.n);
        p.at = (uint32_t)text_n;
        text_n += p.n;
        c->gaps[kept] = gap(between > allowed ? between : allowed);
        c->parts[kept++] = p;
        allowed = 0;
    }
    allowed += c->gaps[c->n_parts];
    size_t behind = tokens->n - from;
    c->gaps[kept] = gap(behind > allowed ? behind : allowed);
    c->n_parts = kept;
    c->text_n = text_n;
    c->changed = true;
    return true;
}

bool categorize_category_covers(const struct categorize_category *c,
                                const struct categorize_category *other)
{
    size_t i = 0, between = 0;
    double all = 0;
    if (c->n_parts == 0 || other->n_parts < c->n_parts)
        return false;
    for (size_t k = 0; k < other->n_parts; k++) {
        all += other->parts[k].weight;
        between += other->gaps[k];
        if (i < c->n_parts && other->parts[k].hash == c->parts[i].hash) {
            if (between > c->gaps[i])
                return false;
            between = 0;
            i++;
        } else {
            between++;
        }
    }
    between += other->gaps[other->n_parts];
    return i == c->n_parts && between <= c->gaps[i] && weight_of(c) >= SHARE * all;
}

bool categorize_category_example(struct categorize_category *c, struct bytes message, size_t most)
{
    if (c->n_examples >= most)
        return false;
    size_t whole = strnlen((const char *)message.p, message.n);
    size_t n = utf8_cut((const char *)message.p, whole, CATEGORIZE_EXAMPLE_MAX);
    for (size_t i = 0; i < c->n_examples; i++) {
        if (strncmp(c->examples[i], (const char *)message.p, n) == 0 &&
            strcmp(c->examples[i] + n, n < message.n ? "..." : "") == 0)
            return false;
    }
    char **list = mem_resize(c->examples, c->n_examples + 1, sizeof(*list));
    if (list == NULL)
        return false;
    c->examples = list;
    char *text = mem_alloc(n + 4);
    if (text == NULL)
        return false;
    memcpy(text, message.p, n);
    memcpy(text + n, n < message.n ? "..." : "", n < message.n ? 4 : 1);
    list[c->n_examples++] = text;
    c->changed = true;
    return true;
}

void categorize_category_terms(const struct categorize_category *c, struct buf *out)
{
    for (size_t i = 0; i < c->n_parts; i++) {
        if (i > 0)
            buf_char(out, ' ');
        buf_add(out, c->text + c->parts[i].at, c->parts[i].n);
    }
}

static void escape(struct buf *out, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '\0' && strchr("\\.[]{}()<>*+-=!?^$|", p[i]) != NULL)
            buf_char(out, '\\');
        buf_char(out, p[i]);
    }
}

void categorize_category_regex(const struct categorize_category *c, struct buf *out)
{
    for (size_t i = 0; i < c->n_parts; i++) {
        buf_str(out, i == 0 ? ".*?" : ".+?");
        escape(out, c->text + c->parts[i].at, c->parts[i].n);
    }
    buf_str(out, ".*");
}
