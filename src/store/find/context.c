/* SPDX-License-Identifier: Apache-2.0 */
#include "find/context.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"
#include "find/field.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACE_BYTES 65536

struct entry {
    struct find_context context; /* first: what is given is found again */
    char *owner;
    char *index, *body;
    size_t bytes;
    ts_ns keep, until;
    unsigned takers;
    bool closed; /* the last taker frees it */
};

struct find_contexts {
    pthread_mutex_t lock; /* guards all below */
    struct entry *list[FIND_CONTEXTS_MAX];
    size_t n;
    size_t bytes;
    uint64_t seed;
    uint64_t made;
};

struct find_contexts *find_contexts_new(uint64_t seed)
{
    struct find_contexts *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    pthread_mutex_init(&t->lock, NULL);
    t->seed = seed;
    return t;
}

static void forget_place(struct find_context *c)
{
    for (size_t i = 0; i < c->after_n; i++)
        find_value_free(&c->after[i]);
    mem_free(c->after);
    c->after = NULL;
    c->after_n = 0;
}

static void free_entry(struct entry *e)
{
    forget_place(&e->context);
    mem_free(e->owner);
    mem_free(e->index);
    mem_free(e->body);
    mem_free(e);
}

void find_contexts_free(struct find_contexts *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->n; i++) {
        ASSERT(t->list[i]->takers == 0);
        free_entry(t->list[i]);
    }
    pthread_mutex_destroy(&t->lock);
    mem_free(t);
}

/* Those below want the lock held. */

/* Out of the list; freed, or left to those who have it. */
static void drop(struct find_contexts *t, size_t at)
{
    struct entry *e = t->list[at];
    t->bytes -= e->bytes;
    t->list[at] = t->list[--t->n];
    e->closed = true;
    if (e->takers == 0)
        free_entry(e);
}

static void drop_old(struct find_contexts *t, ts_ns steady)
{
    for (size_t i = t->n; i-- > 0;)
        if (t->list[i]->takers == 0 && t->list[i]->until <= steady)
            drop(t, i);
}

static bool is_own(const struct entry *e, enum find_context_kind kind, const char *name,
                   const char *owner)
{
    return e->context.kind == kind && strcmp(e->owner, owner) == 0 &&
           (name == NULL || strcmp(e->context.name, name) == 0);
}

static bool has_room(const struct find_contexts *t, const char *owner, size_t bytes)
{
    size_t own = 0;
    for (size_t i = 0; i < t->n; i++)
        own += strcmp(t->list[i]->owner, owner) == 0;
    return own < FIND_CONTEXTS_OWN && t->n < FIND_CONTEXTS_MAX &&
           bytes <= FIND_CONTEXTS_BYTES - t->bytes;
}

static struct entry *make(struct find_contexts *t, const struct find_context *what,
                          const char *owner, size_t bytes)
{
    struct entry *e = mem_zero(1, sizeof(*e));
    if (e == NULL)
        return NULL;
    e->context = *what;
    e->context.after = NULL;
    e->context.after_n = 0;
    e->owner = mem_strdup(owner);
    e->index = what->index != NULL ? mem_strdup(what->index) : NULL;
    e->body = what->body != NULL ? mem_strndup(what->body, what->body_n) : NULL;
    if (e->owner == NULL || (what->index != NULL && e->index == NULL) ||
        (what->body != NULL && e->body == NULL)) {
        free_entry(e);
        return NULL;
    }
    e->context.index = e->index;
    e->context.body = e->body;
    e->bytes = bytes;
    const struct hash_key key = {t->seed, 11};
    t->made++;
    (void)snprintf(e->context.name, sizeof(e->context.name), "%016" PRIx64 "%016" PRIx64,
                   hash_bytes(key, &t->made, sizeof(t->made)), t->made);
    return e;
}

enum err find_context_open(struct find_contexts *t, const struct find_context *what,
                           const char *owner, ts_ns keep, ts_ns steady, struct find_context **out)
{
    size_t bytes = sizeof(struct entry) + what->body_n +
                   (what->index != NULL ? strlen(what->index) : 0) + strlen(owner);
    pthread_mutex_lock(&t->lock);
    drop_old(t, steady);
    enum err err = has_room(t, owner, bytes) ? ERR_NONE : ERR_LIMIT;
    struct entry *e = err == ERR_NONE ? make(t, what, owner, bytes) : NULL;
    if (e != NULL) {
        e->keep = keep;
        e->until = steady + keep;
        e->takers = 1;
        t->bytes += bytes;
        t->list[t->n++] = e;
        *out = &e->context;
    } else if (err == ERR_NONE) {
        err = ERR_MEMORY;
    }
    pthread_mutex_unlock(&t->lock);
    return err;
}

enum err find_context_take(struct find_contexts *t, enum find_context_kind kind, const char *name,
                           const char *owner, ts_ns keep, ts_ns steady, struct find_context **out)
{
    enum err err = ERR_NOT_FOUND;
    pthread_mutex_lock(&t->lock);
    drop_old(t, steady);
    for (size_t i = 0; i < t->n && err == ERR_NOT_FOUND; i++) {
        struct entry *e = t->list[i];
        if (!is_own(e, kind, name, owner))
            continue;
        err = kind == FIND_CONTEXT_SCROLL && e->takers > 0 ? ERR_BUSY : ERR_NONE;
        if (err == ERR_BUSY)
            break;
        e->keep = keep > 0 ? keep : e->keep;
        e->takers++;
        *out = &e->context;
    }
    pthread_mutex_unlock(&t->lock);
    return err;
}

void find_context_give(struct find_contexts *t, struct find_context *c, ts_ns steady)
{
    struct entry *e = (struct entry *)c;
    pthread_mutex_lock(&t->lock);
    ASSERT(e->takers > 0);
    e->takers--;
    e->until = steady + e->keep;
    if (e->closed && e->takers == 0)
        free_entry(e);
    pthread_mutex_unlock(&t->lock);
}

enum err find_context_place(struct find_context *c, const struct event_value *values, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += values[i].type == EVENT_STR ? values[i].len : 0;
    if (bytes > PLACE_BYTES)
        return ERR_LIMIT;
    /* The place it has stays until there is another: the page is asked for again. */
    struct find_context next = {.after = mem_zero(n, sizeof(*next.after))};
    while (next.after != NULL && next.after_n < n &&
           find_value_copy(&next.after[next.after_n], &values[next.after_n]))
        next.after_n++;
    if (next.after == NULL || next.after_n < n) {
        forget_place(&next);
        return ERR_MEMORY;
    }
    forget_place(c);
    c->after = next.after;
    c->after_n = n;
    return ERR_NONE;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t find_context_close(struct find_contexts *t, enum find_context_kind kind, const char **names,
                          size_t n, const char *owner)
{
    size_t closed = 0;
    if (names != NULL)
        qsort(names, n, sizeof(*names), compare_names);
    pthread_mutex_lock(&t->lock);
    for (size_t i = t->n; i-- > 0;) {
        const char *name = t->list[i]->context.name;
        if (is_own(t->list[i], kind, NULL, owner) &&
            (names == NULL || bsearch(&name, names, n, sizeof(*names), compare_names) != NULL)) {
            drop(t, i);
            closed++;
        }
    }
    pthread_mutex_unlock(&t->lock);
    return closed;
}

size_t find_context_count(struct find_contexts *t, ts_ns steady)
{
    pthread_mutex_lock(&t->lock);
    drop_old(t, steady);
    size_t n = t->n;
    pthread_mutex_unlock(&t->lock);
    return n;
}
