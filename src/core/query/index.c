/* SPDX-License-Identifier: Apache-2.0 */
#include "query/index.h"

#include "base/arena.h"
#include "base/mem.h"
#include "event/event.h"
#include "query/leaf.h"

#include <string.h>

#define PATTERNS_MAX 10000

struct pattern {
    const char *s;
    size_t n;
    bool minus;
};

struct query_index {
    struct arena arena;
    struct pattern *patterns;
    size_t n;
    size_t cap;
    bool starts_all; /* nothing is chosen by name, so all is, but for what is excluded */
};

static bool is_text(const char *s, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(s, word, n) == 0;
}

static enum err add(struct query_index *x, const char *s, size_t n, struct err_text *why)
{
    while (n > 0 && *s == ' ') {
        s++;
        n--;
    }
    while (n > 0 && s[n - 1] == ' ')
        n--;
    if (n == 0)
        return ERR_NONE;
    if (*s == '<')
        return err_set(why, ERR_UNSUPPORTED, "date math in an index name is not supported: %.*s",
                       n > 100 ? 100 : (int)n, s);
    if (x->n >= PATTERNS_MAX)
        return err_set(why, ERR_LIMIT, "more than %d index patterns", PATTERNS_MAX);
    if (mem_grow((void **)&x->patterns, &x->cap, x->n + 1, sizeof *x->patterns) != 0)
        return err_set(why, ERR_MEMORY, "no memory for index patterns");
    bool minus = *s == '-' && n > 1;
    if (is_text(s, n, "_all")) {
        s = "*";
        n = 1;
    }
    struct pattern p = {arena_strndup(&x->arena, s + minus, n - minus), n - minus, minus};
    if (p.s == NULL)
        return err_set(why, ERR_MEMORY, "no memory for index patterns");
    x->patterns[x->n++] = p;
    return ERR_NONE;
}

enum err query_index_new(const char *const *patterns, size_t n, struct query_index **out,
                         struct err_text *why)
{
    struct query_index *x = mem_zero(1, sizeof *x);
    if (x == NULL)
        return err_set(why, ERR_MEMORY, "no memory for index patterns");
    arena_init(&x->arena, 1024);
    for (size_t i = 0; i < n; i++) {
        const char *s = patterns[i];
        while (true) {
            size_t len = strcspn(s, ",");
            enum err e = add(x, s, len, why);
            if (e != ERR_NONE) {
                query_index_free(x);
                return e;
            }
            if (s[len] == '\0')
                break;
            s += len + 1;
        }
    }
    x->starts_all = x->n == 0 || x->patterns[0].minus;
    *out = x;
    return ERR_NONE;
}

void query_index_free(struct query_index *x)
{
    if (x == NULL)
        return;
    arena_release(&x->arena);
    mem_free(x->patterns);
    mem_free(x);
}

bool query_index_match_name(const struct query_index *x, const char *name, size_t n)
{
    bool chosen = x->starts_all;
    for (size_t i = 0; i < x->n; i++) {
        const struct pattern *p = &x->patterns[i];
        if (chosen == p->minus && query_leaf_wildcard(p->s, p->n, name, n, false))
            chosen = !p->minus;
    }
    return chosen;
}

bool query_index_match(const struct query_index *x, const struct event *e)
{
    char name[QUERY_INDEX_NAME_SIZE];
    if (x->n == 0)
        return true;
    return query_index_match_name(x, name, query_index_name(e, name));
}

static void put(char out[QUERY_INDEX_NAME_SIZE], size_t *at, const char *s)
{
    size_t n = strlen(s);
    size_t room = QUERY_INDEX_NAME_SIZE - 1 - *at;
    if (n > room)
        n = room;
    memcpy(out + *at, s, n);
    *at += n;
}

size_t query_index_name(const struct event *e, char out[QUERY_INDEX_NAME_SIZE])
{
    size_t n = 0;
    const char *given = event_str(e, EVENT_F_WEIR_INDEX, NULL);
    const char *dataset = event_str(e, EVENT_F_DATA_STREAM_DATASET, NULL);
    if (given != NULL) {
        put(out, &n, given);
        out[n] = '\0';
        return n;
    }
    if (dataset == NULL)
        dataset = event_str(e, EVENT_F_EVENT_DATASET, "generic");
    put(out, &n, event_str(e, EVENT_F_DATA_STREAM_TYPE, "logs"));
    put(out, &n, "-");
    put(out, &n, dataset);
    put(out, &n, "-");
    put(out, &n, event_str(e, EVENT_F_DATA_STREAM_NAMESPACE, "default"));
    out[n] = '\0';
    return n;
}
