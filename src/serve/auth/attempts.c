/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/attempts.h"

#include "auth/secret.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"

#include <pthread.h>
#include <string.h>

#define WAIT_MOST (15 * TIME_MIN)
#define FORGET_AFTER TIME_HOUR
#define KEY_SIZE 80

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

/* Names that are too long for an account share a place. */
static size_t name_key(const char *name, char out[KEY_SIZE])
{
    size_t n = strlen(name);
    if (n > KEY_SIZE - 1)
        n = KEY_SIZE - 1;
    out[0] = 'n';
    memcpy(out + 1, name, n);
    return n + 1;
}

static size_t address_key(const struct ip *peer, char out[KEY_SIZE])
{
    size_t n = ip_is_v4(peer) ? 16 : 8;
    out[0] = 'a';
    memcpy(out + 1, peer->b, n);
    return n + 1;
}

static ts_ns wait_of(const struct auth_attempts *a, const char *key, size_t n, unsigned free_ones,
                     ts_ns now)
{
    const uint64_t *at = map_get(a->at, key, n);
    if (at == NULL)
        return 0;
    const struct place *p = &a->places[*at];
    if (p->wrong < free_ones || now - p->last >= FORGET_AFTER)
        return 0;
    unsigned doublings = p->wrong - free_ones;
    ts_ns wait = doublings >= 10 ? WAIT_MOST : TIME_S << doublings;
    if (wait > WAIT_MOST)
        wait = WAIT_MOST;
    return now - p->last < wait ? wait - (now - p->last) : 0;
}

ts_ns auth_attempts_wait(struct auth_attempts *a, const char *name, const struct ip *peer,
                         ts_ns now)
{
    char key[KEY_SIZE];
    size_t n = name_key(name, key);
    pthread_mutex_lock(&a->lock);
    ts_ns by_name = wait_of(a, key, n, AUTH_ATTEMPTS_NAME, now);
    n = address_key(peer, key);
    ts_ns by_address = wait_of(a, key, n, AUTH_ATTEMPTS_ADDRESS, now);
    pthread_mutex_unlock(&a->lock);
    return by_name > by_address ? by_name : by_address;
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
    size_t n = name_key(name, key);
    count(a, key, n, now);
    n = address_key(peer, key);
    count(a, key, n, now);
    pthread_mutex_unlock(&a->lock);
}

void auth_attempts_right(struct auth_attempts *a, const char *name)
{
    char key[KEY_SIZE];
    size_t n = name_key(name, key);
    pthread_mutex_lock(&a->lock);
    uint64_t *at = map_get(a->at, key, n);
    if (at != NULL)
        a->places[*at].wrong = 0;
    pthread_mutex_unlock(&a->lock);
}
