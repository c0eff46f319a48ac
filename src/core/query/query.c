/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "base/mem.h"
#include "query/build_priv.h"

#include <string.h>

enum err query_parse_language(const char *language, const char *text, size_t n, ts_ns now,
                              struct query **out, struct err_text *why)
{
    if (strcmp(language, "kuery") == 0 || strcmp(language, "kql") == 0)
        return query_parse_kql(text, n, now, out, why);
    if (strcmp(language, "lucene") == 0)
        return query_parse_lucene(text, n, now, out, why);
    return err_set(why, ERR_UNSUPPORTED, "expected the query language kuery or lucene, found '%s'",
                   language);
}

void query_free(struct query *q)
{
    if (q == NULL)
        return;
    struct query *parts = q->parts;
    arena_release(&q->arena);
    mem_free(q);
    while (parts != NULL) {
        struct query *next = parts->next;
        query_free(parts);
        parts = next;
    }
}

enum err query_new_all(struct query **out)
{
    struct query_build b;
    enum err e = query_build_init(&b, 0, NULL);
    return e != ERR_NONE ? e : query_build_finish(&b, query_build_all(&b), out);
}

enum err query_new_none(struct query **out)
{
    struct query_build b;
    enum err e = query_build_init(&b, 0, NULL);
    return e != ERR_NONE ? e : query_build_finish(&b, query_build_none(&b), out);
}

enum err query_new_leaf(const char *field, size_t field_n, const struct query_ask *ask, ts_ns now,
                        struct query_budget *budget, struct query **out, struct err_text *why)
{
    struct query_build b;
    enum err e = query_build_init(&b, now, why);
    if (e != ERR_NONE)
        return e;
    if (budget != NULL)
        b.budget = budget;
    return query_build_finish(&b, query_build_exact(&b, field, field_n, ask), out);
}

static enum err new_leaf(const char *field, const struct query_ask *ask, struct query **out,
                         struct err_text *why)
{
    return query_new_leaf(field, strlen(field), ask, 0, NULL, out, why);
}

enum err query_new_terms(const char *field, const char *const *values, size_t n, struct query **out,
                         struct err_text *why)
{
    struct query_raw *raw = mem_zero(n > 0 ? n : 1, sizeof *raw);
    if (raw == NULL)
        return err_set(why, ERR_MEMORY, "no memory for a query");
    for (size_t i = 0; i < n; i++)
        raw[i] = (struct query_raw){QUERY_WRITTEN_STRING, values[i], strlen(values[i])};
    struct query_ask ask = {.op = QUERY_TERMS, .values = raw, .n = n};
    enum err e = n == 0 ? query_new_none(out) : new_leaf(field, &ask, out, why);
    mem_free(raw);
    return e;
}

enum err query_new_exists(const char *field, struct query **out, struct err_text *why)
{
    return new_leaf(field, &(struct query_ask){.op = QUERY_EXISTS}, out, why);
}

enum err query_new_wildcard(const char *field, const char *pattern, struct query **out,
                            struct err_text *why)
{
    struct query_raw raw = {QUERY_WRITTEN_STRING, pattern, strlen(pattern)};
    struct query_ask ask = {.op = QUERY_WILDCARD, .values = &raw, .n = 1};
    return new_leaf(field, &ask, out, why);
}

enum err query_new_time(const char *field, ts_ns from, ts_ns to, struct query **out,
                        struct err_text *why)
{
    char texts[2][TIME_TEXT_SIZE];
    struct query_raw sides[2] = {{0}, {0}};
    if (from != TIME_NONE)
        sides[0].n = time_format_iso(from, texts[0]);
    if (to != TIME_NONE)
        sides[1].n = time_format_iso(to, texts[1]);
    for (int i = 0; i < 2; i++)
        sides[i].s = sides[i].n > 0 ? texts[i] : NULL;
    struct query_ask ask = {.op = QUERY_RANGE,
                            .values = sides,
                            .n = 2,
                            .high_open = true,
                            .format = "strict_date_optional_time_nanos"};
    return new_leaf(field, &ask, out, why);
}

static void take(struct query *owner, struct query *part)
{
    part->next = owner->parts;
    owner->parts = part;
}

/* AND or OR over queries that move into a new one. */
static enum err join(bool all, struct query *const *list, size_t n, struct query **out)
{
    struct query_build b;
    enum err e = query_build_init(&b, 0, NULL);
    if (e != ERR_NONE)
        return e;
    struct query_node **child = query_build_alloc(&b, n * sizeof *child);
    size_t used = 0;
    for (size_t i = 0; child != NULL && i < n; i++) {
        if (list[i] != NULL)
            child[used++] = list[i]->root;
    }
    struct query_node *root = NULL;
    if (child != NULL && all)
        root = query_build_and(&b, child, used);
    else if (child != NULL)
        root = query_build_or(&b, child, used, 1);
    struct query *q;
    e = query_build_finish(&b, root, &q);
    if (e != ERR_NONE)
        return e;
    for (size_t i = 0; i < n; i++) {
        if (list[i] != NULL)
            take(q, list[i]);
    }
    *out = q;
    return ERR_NONE;
}

enum err query_all_of_take(struct query *const *list, size_t n, struct query **out)
{
    return join(true, list, n, out);
}

enum err query_any_of_take(struct query *const *list, size_t n, struct query **out)
{
    return join(false, list, n, out);
}

enum err query_not_take(struct query *q, struct query **out)
{
    struct query_build b;
    enum err e = query_build_init(&b, 0, NULL);
    if (e != ERR_NONE)
        return e;
    struct query *made;
    e = query_build_finish(&b, query_build_not(&b, q->root), &made);
    if (e != ERR_NONE)
        return e;
    take(made, q);
    *out = made;
    return ERR_NONE;
}

bool query_uses_now(const struct query *q)
{
    bool uses = q->moving != NULL;
    for (const struct query *p = q->parts; p != NULL && !uses; p = p->next)
        uses = query_uses_now(p);
    return uses;
}

void query_set_now(struct query *q, ts_ns now)
{
    for (const struct query_moving *m = q->moving; m != NULL; m = m->next)
        query_bounds_move(m, now);
    for (struct query *p = q->parts; p != NULL; p = p->next)
        query_set_now(p, now);
}

const struct query_node *query_root(const struct query *q)
{
    return q->root;
}
