/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/attempts.h"

#include "auth/secret.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"

#include <pthread.h>
#include <string.h>

#define WAIT_MOST (15 * TIME_MIN)
#define WAIT_ANYWHERE (30 * TIME_S)
#define FORGET_AFTER TIME_HOUR
#define KEY_SIZE 96

struct place {
    ts_ns last; /* wrong attempt */
    unsigned wrong;
    uint8_t key_n;
    char key[KEY_SIZE];
};

struct auth_attempts {
    pthread_mutex_t lock; /* guards what follows */
    struct map *at;       /* key to index of its place */
    size_t n;
    struct place places[AUTH_ATTEMPTS_PLACES];
};

struct auth_attempts *auth_attempts_new(void)
{
    struct auth_attempts *a = mem_zero(1, sizeof(*a));
    struct hash_key seed;
    if (a == NULL)
        return NULL;
    auth_secret_random(&seed, sizeof(seed));
    a->at = map_new(seed);
    if (a->at == NULL) {
        mem_free(a);
        return NULL;
    }
    pthread_mutex_init(&a->lock, NULL);
    return a;
}

void auth_attempts_free(struct auth_attempts *a)
{
    if (a == NULL)
        return;
    map_free(a->at);
    pthread_mutex_destroy(&a->lock);
    mem_free(a);
}

/* What is counted, each under keys of its own. */
enum kind { BY_NAME_HERE, BY_NAME, BY_ADDRESS, KINDS };

static const struct {
    char mark;
    unsigned free_ones;
    ts_ns most;
} kinds[KINDS] = {
    [BY_NAME_HERE] = {'b', AUTH_ATTEMPTS_NAME, WAIT_MOST},
    [BY_NAME] = {'n', AUTH_ATTEMPTS_ANYWHERE, WAIT_ANYWHERE},
    [BY_ADDRESS] = {'a', AUTH_ATTEMPTS_ADDRESS, WAIT_MOST},
};

/* Hosts of one IPv6 network are one. Names that are too long for an account share a place. */
static size_t make_key(enum kind kind, const char *name, const struct ip *peer, char out[KEY_SIZE])
{
    size_t n = 0;
    out[n++] = kinds[kind].mark;
    if (kind != BY_NAME) {
        size_t address = ip_is_v4(peer) ? 16 : 8;
        memcpy(out + n, peer->b, address);
        n += address;
    }
    if (kind != BY_ADDRESS) {
        size_t length = strnlen(name, KEY_SIZE - n);
        memcpy(out + n, name, length);
        n += length;
    }
    return n;
}

static ts_ns wait_of(const struct auth_attempts *a, enum kind kind, const char *key, size_t n,
                     ts_ns now)
{
    unsigned free_ones = kinds[kind].free_ones;
    const uint64_t *at = map_get(a->at, key, n);
    if (at == NULL)
        return 0;
    const struct place *p = &a->places[*at];
    if (p->wrong < free_ones || now - p->last >= FORGET_AFTER)
        return 0;
    unsigned doublings = p->wrong - free_ones;
    ts_ns wait = doublings >= 10 ? WAIT_MOST : TIME_S << doublings;
    if (wait > kinds[kind].most)
        wait = kinds[kind].most;
    return now - p->last < wait ? wait - (now - p->last) : 0;
}

ts_ns auth_attempts_wait(struct auth_attempts *a, const char *name, const struct ip *peer,
                         ts_ns now)
{
    char key[KEY_SIZE];
    ts_ns longest = 0;
    pthread_mutex_lock(&a->lock);
    for (int kind = 0; kind < KINDS; kind++) {
        size_t n = make_key((enum kind)kind, name, peer, key);
        ts_ns wait = wait_of(a, (enum kind)kind, key, n, now);
        longest = wait > longest ? wait : longest;
    }
    pthread_mutex_unlock(&a->lock);
    return longest;
}

/* A place that is free, or the one that was wrong longest ago. */
static size_t make_room(struct auth_attempts *a)
{
    size_t oldest = 0;
    if (a->n < AUTH_ATTEMPTS_PLACES)
        return a->n++;
    for (size_t i = 1; i < a->n; i++)
        if (a->places[i].last < a->places[oldest].last)
            oldest = i;
    map_remove(a->at, a->places[oldest].key, a->places[oldest].key_n);
    return oldest;
}

static void count(struct auth_attempts *a, const char *key, size_t n, ts_ns now)
{
    uint64_t *at = map_get(a->at, key, n);
    if (at == NULL) {
        size_t i = make_room(a);
        at = map_put(a->at, key, n, NULL);
        a->places[i] = (struct place){.key_n = at != NULL ? (uint8_t)n : 0, .last = now};
        memcpy(a->places[i].key, key, n);
        if (at == NULL)
            return; /* no memory: the next one is counted */
        *at = i;
    }
    struct place *p = &a->places[*at];
    if (now - p->last >= FORGET_AFTER)
        p->wrong = 0;
    p->wrong++;
    p->last = now;
}

void auth_attempts_wrong(struct auth_attempts *a, const char *name, const struct ip *peer,
                         ts_ns now)
{
    char key[KEY_SIZE];
    pthread_mutex_lock(&a->lock);
    for (int kind = 0; kind < KINDS; kind++) {
        size_t n = make_key((enum kind)kind, name, peer, key);
        count(a, key, n, now);
    }
    pthread_mutex_unlock(&a->lock);
}

static void forgive(struct auth_attempts *a, const char *key, size_t n)
{
    uint64_t *at = map_get(a->at, key, n);
    if (at != NULL)
        a->places[*at].wrong = 0;
}

void auth_attempts_right(struct auth_attempts *a, const char *name, const struct ip *peer)
{
    char key[KEY_SIZE];
    pthread_mutex_lock(&a->lock);
    forgive(a, key, make_key(BY_NAME_HERE, name, peer, key));
    forgive(a, key, make_key(BY_NAME, name, peer, key));
    pthread_mutex_unlock(&a->lock);
}
