/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/categorize.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "categorize/categorize_priv.h"
#include "categorize/word.h"

#include <string.h>

/* docs/format/detect-state.md */
#define VERSION 1
#define GROUP_WARN 1
#define GROUP_STOPPED 2
#define GROUP_TOUCHED 4
#define GROUP_UNTOLD 8
/* Groups and categories take at least so many bytes each: counts beyond that are none. */
#define GROUP_LEAST 21
#define CATEGORY_LEAST 45
#define EXAMPLE_MAX (CATEGORIZE_EXAMPLE_MAX + 3)

static void save_group(const struct categorize_group *g, struct buf *out)
{
    buf_le32(out, (uint32_t)g->name_n);
    buf_add(out, g->name, g->name_n);
    buf_le64(out, g->documents);
    buf_le64(out, g->failed);
    buf_char(out, (char)((g->warn ? GROUP_WARN : 0) | (g->stopped ? GROUP_STOPPED : 0) |
                         (g->touched ? GROUP_TOUCHED : 0) | (g->untold ? GROUP_UNTOLD : 0)));
}

static void save_category(const struct categorize_category *x, struct buf *out)
{
    buf_le32(out, x->group);
    buf_le32(out, x->instead);
    buf_le64(out, x->matches);
    buf_le64(out, x->written);
    buf_char(out, x->changed);
    buf_le64(out, (uint64_t)x->first);
    buf_le32(out, x->base);
    buf_le32(out, x->longest);
    buf_char(out, (char)x->n_parts);
    for (size_t i = 0; i < x->n_parts; i++) {
        buf_char(out, (char)x->parts[i].weight);
        buf_char(out, (char)x->parts[i].n);
        buf_add(out, x->text + x->parts[i].at, x->parts[i].n);
    }
    buf_add(out, x->gaps, x->n_parts + 1);
    buf_le16(out, (uint16_t)x->n_examples);
    for (size_t i = 0; i < x->n_examples; i++) {
        size_t n = strlen(x->examples[i]);
        buf_le16(out, (uint16_t)n);
        buf_add(out, x->examples[i], n);
    }
}

void categorize_save(const struct categorize *c, struct buf *out)
{
    buf_char(out, VERSION);
    buf_le64(out, c->failed);
    buf_le32(out, (uint32_t)c->n_groups);
    for (size_t i = 0; i < c->n_groups; i++)
        save_group(&c->groups[i], out);
    buf_le32(out, (uint32_t)c->n);
    for (size_t i = 0; i < c->n; i++)
        save_category(c->list[i], out);
}

static enum err load_group(struct categorize *c, struct cursor *in)
{
    uint32_t n = cursor_le32(in);
    struct bytes name = cursor_take(in, n);
    size_t before = c->n_groups;
    if (!cursor_ok(in) || !utf8_valid((const char *)name.p, name.n))
        return ERR_FORMAT;
    for (size_t i = 0; i < before; i++) {
        if (c->groups[i].name_n == name.n && memcmp(c->groups[i].name, name.p, name.n) == 0)
            return ERR_FORMAT;
    }
    struct categorize_group *g = categorize_group_new(c, name);
    if (g == NULL)
        return ERR_MEMORY;
    g->documents = cursor_le64(in);
    g->failed = cursor_le64(in);
    uint8_t flags = cursor_u8(in);
    g->warn = (flags & GROUP_WARN) != 0;
    g->stopped = (flags & GROUP_STOPPED) != 0;
    g->touched = (flags & GROUP_TOUCHED) != 0;
    g->untold = (flags & GROUP_UNTOLD) != 0;
    return cursor_ok(in) && flags < 16 ? ERR_NONE : ERR_FORMAT;
}

static bool is_weight(uint8_t w)
{
    return w == CATEGORIZE_WEIGHT_VALUE || w == CATEGORIZE_WEIGHT_WORD ||
           w == CATEGORIZE_WEIGHT_DECIDES;
}

/* The parts as the tokens of a message, which make the category. */
static bool load_parts(struct categorize *c, struct cursor *in)
{
    uint8_t n = cursor_u8(in);
    c->tokens.n = 0;
    for (unsigned i = 0; i < n; i++) {
        uint8_t weight = cursor_u8(in);
        struct bytes text = cursor_take(in, cursor_u8(in));
        if (!cursor_ok(in) || !is_weight(weight) || text.n == 0 || text.n > CATEGORIZE_WORD_MAX ||
            !utf8_valid((const char *)text.p, text.n) || !categorize_token_add(&c->tokens, text))
            return false;
        struct categorize_token *t = &c->tokens.list[c->tokens.n - 1];
        t->weight = weight;
        t->hash = hash_bytes(c->options.seed, text.p, text.n);
    }
    return cursor_ok(in);
}

static enum err load_examples(struct categorize_category *x, struct cursor *in)
{
    uint16_t n = cursor_le16(in);
    if (!cursor_ok(in) || n > CATEGORIZE_EXAMPLES_MOST || n > in->left / 2)
        return ERR_FORMAT;
    x->examples = n > 0 ? mem_zero(n, sizeof(*x->examples)) : NULL;
    if (n > 0 && x->examples == NULL)
        return ERR_MEMORY;
    for (unsigned i = 0; i < n; i++) {
        struct bytes text = cursor_take(in, cursor_le16(in));
        if (!cursor_ok(in) || text.n > EXAMPLE_MAX || !utf8_valid((const char *)text.p, text.n))
            return ERR_FORMAT;
        x->examples[i] = mem_strndup((const char *)text.p, text.n);
        if (x->examples[i] == NULL)
            return ERR_MEMORY;
        x->n_examples = i + 1;
    }
    return ERR_NONE;
}

/* What stands before the parts. */
struct head {
    uint32_t group, instead;
    uint64_t matches, written;
    uint8_t changed;
    ts_ns first;
    uint32_t base, longest;
};

static bool load_head(const struct categorize *c, struct cursor *in, struct head *h)
{
    h->group = cursor_le32(in);
    h->instead = cursor_le32(in);
    h->matches = cursor_le64(in);
    h->written = cursor_le64(in);
    h->changed = cursor_u8(in);
    h->first = (ts_ns)cursor_le64(in);
    h->base = cursor_le32(in);
    h->longest = cursor_le32(in);
    return cursor_ok(in) && h->group < c->n_groups && h->changed <= 1 && h->matches > 0 &&
           h->written <= h->matches && h->matches <= c->groups[h->group].documents &&
           h->first <= TIME_MAX / 2 && h->first >= -(TIME_MAX / 2);
}

static enum err load_category(struct categorize *c, struct cursor *in)
{
    struct head h;
    if (!load_head(c, in, &h) || !load_parts(c, in))
        return ERR_FORMAT;
    struct categorize_category *x = categorize_category_new(&c->tokens);
    if (x == NULL)
        return ERR_MEMORY;
    struct bytes gaps = cursor_take(in, x->n_parts + 1);
    enum err err = cursor_ok(in) && x->base <= h.base ? ERR_NONE : ERR_FORMAT;
    if (err == ERR_NONE) {
        memcpy(x->gaps, gaps.p, gaps.n);
        x->group = h.group;
        x->instead = h.instead;
        x->matches = h.matches;
        x->written = h.written;
        x->changed = h.changed != 0;
        x->first = h.first;
        x->base = h.base;
        x->longest = h.longest;
        err = load_examples(x, in);
    }
    if (err == ERR_NONE && !categorize_category_add(c, x))
        err = ERR_MEMORY;
    if (err != ERR_NONE)
        categorize_category_free(x);
    return err;
}

/* What categories say of each other and of their groups. */
static bool is_sound(struct categorize *c)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct categorize_category *x = c->list[i];
        struct categorize_group *g = &c->groups[x->group];
        if (x->instead > c->n || x->instead == x->id ||
            (x->instead != 0 && c->list[x->instead - 1]->group != x->group))
            return false;
        /* Counted down here, and up again below. */
        if (x->matches > g->documents)
            return false;
        g->documents -= x->matches;
    }
    for (size_t i = 0; i < c->n_groups; i++) {
        if (c->groups[i].documents != 0)
            return false;
    }
    for (size_t i = 0; i < c->n; i++)
        c->groups[c->list[i]->group].documents += c->list[i]->matches;
    return true;
}

enum err categorize_load(struct categorize *c, struct cursor *in)
{
    enum err err = ERR_NONE;
    uint8_t version = cursor_u8(in);
    c->failed = cursor_le64(in);
    uint32_t groups = cursor_le32(in);
    if (!cursor_ok(in) || groups > in->left / GROUP_LEAST)
        return ERR_FORMAT;
    if (version > VERSION)
        return ERR_VERSION;
    for (uint32_t i = 0; i < groups && err == ERR_NONE; i++)
        err = load_group(c, in);
    uint32_t n = cursor_le32(in);
    if (err == ERR_NONE && (!cursor_ok(in) || n > CATEGORIZE_MOST || n > in->left / CATEGORY_LEAST))
        err = ERR_FORMAT;
    for (uint32_t i = 0; i < n && err == ERR_NONE; i++)
        err = load_category(c, in);
    if (err == ERR_NONE && !is_sound(c))
        err = ERR_FORMAT;
    return err;
}
