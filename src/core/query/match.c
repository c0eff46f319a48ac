/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "base/assert.h"
#include "event/event.h"
#include "event/id.h"
#include "query/build_priv.h"
#include "query/index.h"
#include "query/leaf.h"
#include "query/words.h"

#include <string.h>

/* Lists this short are walked, longer ones are searched. */
#define WALK_MAX 6
#define TIMESTAMP "@timestamp"

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool query_leaf_equal_fold(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (small(a[i]) != small(b[i]))
            return false;
    }
    return true;
}

/* Length of the character that begins with this byte. */
static size_t char_len(const char *s, const char *end)
{
    size_t n;
    query_words_char(s, end, &n);
    return n;
}

bool query_leaf_wildcard(const char *pattern, size_t pattern_n, const char *s, size_t n, bool fold)
{
    const char *p = pattern, *p_end = pattern + pattern_n;
    const char *t = s, *t_end = s + n;
    const char *star = NULL; /* after the last '*' seen */
    const char *resume = s;  /* where in the text its next try begins */
    while (t < t_end) {
        bool fits = false;
        if (p < p_end && *p == '*') {
            star = ++p;
            resume = t;
            continue;
        }
        if (p < p_end && *p == '?') {
            t += char_len(t, t_end);
            p++;
            continue;
        }
        if (p < p_end) {
            const char *c = *p == '\\' && p + 1 < p_end ? p + 1 : p;
            fits = *c == *t || (fold && small(*c) == small(*t));
            if (fits) {
                p = c + 1;
                t++;
            }
        }
        if (!fits) {
            if (star == NULL)
                return false;
            p = star;
            resume += char_len(resume, t_end);
            t = resume;
        }
    }
    while (p < p_end && *p == '*')
        p++;
    return p == p_end;
}

/* Sorted by length, then bytes; when folding, both are small letters. */
static bool in_texts(const struct query_plan *plan, const char *s, size_t n, bool fold)
{
    size_t low = 0, high = plan->n;
    if (high <= WALK_MAX || fold) {
        for (size_t i = 0; i < high; i++) {
            const struct query_text *t = &plan->texts[i];
            if (t->n != n)
                continue;
            if (fold ? query_leaf_equal_fold(t->s, s, n) : memcmp(t->s, s, n) == 0)
                return true;
        }
        return false;
    }
    while (low < high) {
        size_t mid = (low + high) / 2;
        const struct query_text *t = &plan->texts[mid];
        int c = t->n != n ? (t->n < n ? -1 : 1) : memcmp(t->s, s, n);
        if (c == 0)
            return true;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

static bool in_ints(const struct query_plan *plan, int64_t v)
{
    size_t low = 0, high = plan->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (plan->ints[mid] < v)
            low = mid + 1;
        else
            high = mid;
    }
    return low < plan->n && plan->ints[low] == v;
}

static bool in_doubles(const struct query_plan *plan, double v)
{
    size_t low = 0, high = plan->n_doubles;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (plan->doubles[mid] < v)
            low = mid + 1;
        else
            high = mid;
    }
    return low < plan->n_doubles && !(plan->doubles[low] > v);
}

static bool in_spans(const struct query_plan *plan, const struct ip *a)
{
    size_t low = 0, high = plan->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (memcmp(plan->spans[mid].high.b, a->b, 16) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < plan->n && memcmp(plan->spans[low].low.b, a->b, 16) <= 0;
}

/* -1, 0, 1 as strings of bytes. */
static int compare(const char *a, size_t an, const char *b, size_t bn)
{
    size_t n = an < bn ? an : bn;
    int c = n > 0 ? memcmp(a, b, n) : 0;
    return c != 0 ? c : (an > bn) - (an < bn);
}

static bool text_between(const struct query_bounds *o, const char *s, size_t n)
{
    if (o->has_low) {
        int c = compare(s, n, o->low_text, o->low_len);
        if (c < 0 || (c == 0 && o->low_open))
            return false;
    }
    if (o->has_high) {
        int c = compare(s, n, o->high_text, o->high_len);
        if (c > 0 || (c == 0 && o->high_open))
            return false;
    }
    return true;
}

static bool double_between(const struct query_bounds *o, double v)
{
    bool above = o->low_open ? v > o->low_f : v >= o->low_f;
    bool below = o->high_open ? v < o->high_f : v <= o->high_f;
    return above && below;
}

static bool time_between(const struct query_bounds *o, ts_ns t)
{
    return t >= o->from && (t < o->to || !o->has_high);
}

/* One term of a list of texts: a whole keyword or a word of a text. */
static bool text_fits(const struct query_node *leaf, const char *s, size_t n)
{
    const struct query_value *v = leaf->values;
    double number;
    switch ((enum query_op)leaf->op) {
    case QUERY_TERMS:
    case QUERY_WORDS:
    case QUERY_IDS:
        if (in_texts(leaf->plan, s, n, leaf->fold))
            return true;
        return leaf->plan->n_doubles > 0 && query_build_number(s, n, &number) &&
               in_doubles(leaf->plan, number);
    case QUERY_PREFIX:
        if (v->len > n)
            return false;
        return leaf->fold ? query_leaf_equal_fold(s, v->s, v->len) : memcmp(s, v->s, v->len) == 0;
    case QUERY_WILDCARD:
        return query_leaf_wildcard(v->s, v->len, s, n, leaf->fold);
    case QUERY_REGEXP:
        return query_regexp_match(leaf->plan->regexp, s, n);
    case QUERY_RANGE:
        return text_between(leaf->bounds, s, n);
    default:
        ASSERT(false);
        return false;
    }
}

/* Whether the walker's current word and those after it are the phrase. */
static bool phrase_here(const struct query_node *leaf, struct query_words *w)
{
    const struct query_plan *plan = leaf->plan;
    for (uint32_t i = 0; i < plan->n; i++) {
        const struct query_text *t = &plan->texts[i];
        if (i > 0 && !query_words_next(w))
            return false;
        bool prefix = leaf->last_prefix && i + 1 == plan->n;
        if ((prefix ? w->n < t->n : w->n != t->n) || memcmp(w->word, t->s, t->n) != 0)
            return false;
    }
    return true;
}

/* A text field: any of its words; a phrase begins at any of them. */
static bool words_fit(const struct query_node *leaf, const char *s, size_t n)
{
    struct query_words w;
    query_words_init(&w, s, n);
    while (query_words_next(&w)) {
        if (leaf->op != QUERY_PHRASE) {
            if (text_fits(leaf, w.word, w.n))
                return true;
            continue;
        }
        const char *after = w.p;
        if (phrase_here(leaf, &w))
            return true;
        w.p = after;
    }
    return false;
}

/* A field that is not in the table: its text says what it is. */
static bool unknown_fits(const struct query_node *leaf, const char *s, size_t n)
{
    double number;
    ts_ns t;
    if (leaf->op == QUERY_RANGE && leaf->bounds->numeric)
        return query_build_number(s, n, &number) && double_between(leaf->bounds, number);
    if (leaf->op == QUERY_RANGE && leaf->bounds->dates)
        return time_parse_iso(s, n, &t) && time_between(leaf->bounds, t);
    return text_fits(leaf, s, n);
}

static bool number_fits(const struct query_node *leaf, const struct event_value *v)
{
    const struct query_bounds *o = leaf->bounds;
    bool range = leaf->op == QUERY_RANGE;
    if (leaf->field.kind == EVENT_KIND_DOUBLE) {
        double d;
        if (v->type == EVENT_F64)
            d = v->f;
        else if (v->type == EVENT_I64)
            d = (double)v->i;
        else
            return false;
        return range ? double_between(o, d) : in_doubles(leaf->plan, d);
    }
    int64_t i;
    if (v->type == EVENT_I64)
        i = v->i;
    else if (v->type == EVENT_BOOL)
        i = v->b;
    else
        return false;
    return range ? i >= o->low_i && i <= o->high_i : in_ints(leaf->plan, i);
}

static bool is_text_op(enum query_op op)
{
    return op == QUERY_PREFIX || op == QUERY_WILDCARD || op == QUERY_REGEXP;
}

/* One value of the leaf's field. */
static bool value_fits(const struct query_node *leaf, const struct event_value *v)
{
    uint8_t kind = leaf->field.kind;
    if (leaf->op == QUERY_EXISTS)
        return true;
    if (leaf->op == QUERY_RANGE && leaf->bounds->empty)
        return false;
    if (!is_text_op(leaf->op)) {
        switch (kind) {
        case EVENT_KIND_LONG:
        case EVENT_KIND_DOUBLE:
        case EVENT_KIND_BOOLEAN:
            return number_fits(leaf, v);
        case EVENT_KIND_DATE:
            return v->type == EVENT_TIME && time_between(leaf->bounds, v->t);
        case EVENT_KIND_IP:
            if (v->type != EVENT_IP)
                return false;
            if (leaf->op == QUERY_TERMS)
                return in_spans(leaf->plan, v->ip);
            return memcmp(v->ip->b, leaf->bounds->low_ip.b, 16) >= 0 &&
                   memcmp(v->ip->b, leaf->bounds->high_ip.b, 16) <= 0;
        default:
            break;
        }
    }
    char scratch[EVENT_TEXT_SIZE];
    const char *s = v->s;
    size_t n = v->len;
    if (v->type != EVENT_STR)
        s = event_value_text(v, scratch, &n);
    if (kind == EVENT_KIND_TEXT)
        return words_fit(leaf, s, n);
    if (kind == QUERY_KIND_UNKNOWN)
        return unknown_fits(leaf, s, n);
    return text_fits(leaf, s, n);
}

/* Whether a leaf fits what a tree is asked about. */
typedef bool (*leaf_fn)(const struct query_node *leaf, const void *asked);

/* A tree about one field, each leaf asked about the same. */
static bool tree_fits(const struct query_node *node, leaf_fn leaf_fits, const void *asked)
{
    uint32_t hits = 0;
    switch ((enum query_op)node->op) {
    case QUERY_ALL:
        return true;
    case QUERY_NONE:
        return false;
    case QUERY_NOT:
        return !tree_fits(node->child[0], leaf_fits, asked);
    case QUERY_AND:
        for (uint32_t i = 0; i < node->n; i++) {
            if (!tree_fits(node->child[i], leaf_fits, asked))
                return false;
        }
        return true;
    case QUERY_OR:
        for (uint32_t i = 0; i < node->n; i++) {
            if (tree_fits(node->child[i], leaf_fits, asked) && ++hits >= node->min)
                return true;
        }
        return false;
    default:
        return leaf_fits(node, asked);
    }
}

static bool is_leaf(const struct query_node *node)
{
    return node->op > QUERY_NOT;
}

/* The values of a field. */
struct value_list {
    const struct event_value *v;
    size_t n;
};

static bool any_fits(const struct query_node *leaf, const struct event_value *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (value_fits(leaf, &v[i]))
            return true;
    }
    return false;
}

static bool any_of_list_fits(const struct query_node *leaf, const void *asked)
{
    const struct value_list *list = asked;
    return any_fits(leaf, list->v, list->n);
}

static bool list_fits(const struct query_node *tree, const struct event_value *v, size_t n)
{
    const struct value_list list = {v, n};
    /* Nearly always a single leaf; saves a call through a pointer for each field of an event. */
    return is_leaf(tree) ? any_fits(tree, v, n) : tree_fits(tree, any_of_list_fits, &list);
}

/* exists: the field itself, or any below it. */
static bool exists(const struct query_node *leaf, const struct event *e)
{
    const struct query_field *f = &leaf->field;
    const struct query_plan *plan = leaf->plan;
    if (f->id != EVENT_F_NONE && (event_get(e, f->id) != NULL || plan->n == 0))
        return event_get(e, f->id) != NULL;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct event_item *item = &e->items[i];
        if (e->ids[i] == EVENT_F_NONE) {
            if (item->name_len >= f->path_len && memcmp(item->name, f->path, f->path_len) == 0 &&
                (item->name_len == f->path_len || item->name[f->path_len] == '.'))
                return true;
            continue;
        }
        for (uint32_t k = 0; k < plan->n; k++) {
            if (plan->below[k] == e->ids[i])
                return true;
        }
    }
    return false;
}

static bool is_time(const struct query_field *f)
{
    return f->kind == EVENT_KIND_DATE && f->id == EVENT_F_NONE;
}

static bool field_fits(const struct query_node *leaf, const struct event *e)
{
    const struct query_field *f = &leaf->field;
    if (is_time(f)) {
        struct event_value t = {.type = EVENT_TIME, .t = e->time};
        return value_fits(leaf, &t);
    }
    if (leaf->op == QUERY_EXISTS)
        return exists(leaf, e);
    const struct event_item *item =
        f->id != EVENT_F_NONE ? event_get(e, f->id) : event_find(e, f->path, f->path_len);
    return item != NULL && any_fits(leaf, event_values(item), item->n);
}

bool query_field_covers(const struct query_field *f, const char *name, size_t n)
{
    if (f->scope == QUERY_SCOPE_ANY)
        return true;
    if (f->scope == QUERY_SCOPE_PATTERN)
        return query_leaf_wildcard(f->path, f->path_len, name, n, false);
    return f->path_len == n && memcmp(f->path, name, n) == 0;
}

static bool pattern_fits(const struct query_node *leaf, const struct event *e)
{
    const struct query_node *date = leaf->by_kind[EVENT_KIND_DATE];
    if (date != NULL && query_field_covers(&leaf->field, TIMESTAMP, strlen(TIMESTAMP))) {
        struct event_value t = {.type = EVENT_TIME, .t = e->time};
        if (list_fits(date, &t, 1))
            return true;
    }
    for (uint32_t i = 0; i < e->n; i++) {
        const struct event_item *item = &e->items[i];
        uint8_t kind = QUERY_KIND_UNKNOWN;
        if (item->field != EVENT_F_NONE)
            kind = event_field_def(item->field)->kind;
        if (leaf->by_kind[kind] != NULL &&
            query_field_covers(&leaf->field, item->name, item->name_len) &&
            list_fits(leaf->by_kind[kind], event_values(item), item->n))
            return true;
    }
    return false;
}

/* The name of an index, of any of the leaf's patterns. */
static bool name_fits(const struct query_node *leaf, const char *name, size_t n)
{
    for (uint32_t i = 0; i < leaf->n; i++) {
        if (query_leaf_wildcard(leaf->values[i].s, leaf->values[i].len, name, n, false))
            return true;
    }
    return false;
}

static bool index_fits(const struct query_node *leaf, const struct event *e)
{
    char name[QUERY_INDEX_NAME_SIZE];
    return name_fits(leaf, name, query_index_name(e, name));
}

static bool id_fits(const struct query_node *leaf, const struct event *e)
{
    char scratch[EVENT_ID_SIZE];
    const char *id = event_id_of(e, scratch);
    return text_fits(leaf, id, strlen(id));
}

static bool node_fits(const struct query_node *node, const struct event *e)
{
    uint32_t hits = 0;
    switch ((enum query_op)node->op) {
    case QUERY_ALL:
        return true;
    case QUERY_NONE:
        return false;
    case QUERY_AND:
        for (uint32_t i = 0; i < node->n; i++) {
            if (!node_fits(node->child[i], e))
                return false;
        }
        return true;
    case QUERY_OR:
        for (uint32_t i = 0; i < node->n; i++) {
            if (node_fits(node->child[i], e) && ++hits >= node->min)
                return true;
        }
        return false;
    case QUERY_NOT:
        return !node_fits(node->child[0], e);
    case QUERY_INDEX:
        return index_fits(node, e);
    case QUERY_IDS:
        return id_fits(node, e);
    case QUERY_TIER:
        return node->hot;
    default:
        return node->by_kind != NULL ? pattern_fits(node, e) : field_fits(node, e);
    }
}

bool query_match(const struct query *q, const struct event *e)
{
    return node_fits(q->root, e);
}

/* The value a text stands for, by the leaf's kind; false when it is none of that kind. */
static bool read_value(uint8_t kind, const char *s, size_t n, struct event_value *out,
                       struct ip *out_ip)
{
    double d;
    *out = (struct event_value){.type = EVENT_STR, .len = (uint32_t)n, .s = s};
    switch (kind) {
    case EVENT_KIND_LONG:
        out->type = EVENT_I64;
        return query_build_integer(s, n, &out->i);
    case EVENT_KIND_DOUBLE:
        out->type = EVENT_F64;
        if (!query_build_number(s, n, &d))
            return false;
        out->f = d;
        return true;
    case EVENT_KIND_BOOLEAN:
        out->type = EVENT_BOOL;
        out->b = n == 4 && memcmp(s, "true", 4) == 0;
        return out->b || (n == 5 && memcmp(s, "false", 5) == 0);
    case EVENT_KIND_IP:
        out->type = EVENT_IP;
        out->ip = out_ip;
        return ip_parse(s, n, out_ip);
    case EVENT_KIND_DATE:
        out->type = EVENT_TIME;
        return time_parse_iso(s, n, &out->t);
    default:
        return true;
    }
}

/* A value as text. */
struct asked_text {
    const char *s;
    size_t n;
};

static bool text_leaf_fits(const struct query_node *leaf, const void *asked)
{
    const struct asked_text *text = asked;
    struct event_value v;
    struct ip ip;
    switch ((enum query_op)leaf->op) {
    case QUERY_INDEX:
        return name_fits(leaf, text->s, text->n);
    case QUERY_TIER:
        return leaf->hot;
    default:
        ASSERT(leaf->by_kind == NULL);
        if (is_text_op(leaf->op) && leaf->field.kind != EVENT_KIND_TEXT)
            return text_fits(leaf, text->s, text->n);
        return read_value(leaf->field.kind, text->s, text->n, &v, &ip) && value_fits(leaf, &v);
    }
}

bool query_leaf_text(const struct query_node *node, const char *s, size_t n)
{
    const struct asked_text text = {s, n};
    return tree_fits(node, text_leaf_fits, &text);
}
