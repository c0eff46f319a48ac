/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/places.h"

#include "base/assert.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

#define STEPS 1000000.0      /* a degree */
#define LAT_STEPS 180000000U /* from pole to pole */
#define LON_STEPS 360000000U /* around */
#define LEVEL_MAX 28         /* the whole grid is one cell */
#define FIRST_CAP 4

void stats_places_init(struct stats_places *s)
{
    memset(s, 0, sizeof(*s));
}

void stats_places_release(struct stats_places *s)
{
    mem_free(s->keys);
    stats_places_init(s);
}

size_t stats_places_memory(const struct stats_places *s)
{
    return s->cap * sizeof(*s->keys);
}

static uint64_t make_key(uint64_t row, uint64_t column)
{
    return row << 32 | column;
}

static uint64_t row_of(uint64_t key)
{
    return key >> 32;
}

static uint64_t column_of(uint64_t key)
{
    return key & UINT32_MAX;
}

uint64_t stats_places_key(double lat, double lon)
{
    ASSERT(fabs(lat) <= 90 && fabs(lon) <= 180);
    uint64_t row = (uint64_t)llround((lat + 90) * STEPS);
    uint64_t column = (uint64_t)llround((lon + 180) * STEPS);
    /* Both sides of the antimeridian are one, and so is every longitude of a pole. */
    if (row == 0 || row == LAT_STEPS)
        column = LON_STEPS / 2;
    return make_key(row, column % LON_STEPS);
}

static uint64_t coarser(uint64_t key, unsigned by)
{
    return make_key(row_of(key) >> by, column_of(key) >> by);
}

/* One level up: rows stay in order, columns of one row too, but two rows may become one. */
static void coarsen(struct stats_places *s)
{
    uint16_t n = 0;
    for (uint16_t i = 0; i < s->n; i++) {
        uint64_t key = coarser(s->keys[i], 1);
        uint16_t at = n;
        while (at > 0 && s->keys[at - 1] > key)
            at--;
        if (at > 0 && s->keys[at - 1] == key)
            continue;
        memmove(&s->keys[at + 1], &s->keys[at], (size_t)(n - at) * sizeof(*s->keys));
        s->keys[at] = key;
        n++;
    }
    s->n = n;
    s->level++;
}

/* Where the key is or belongs. */
static uint16_t find(const struct stats_places *s, uint64_t key)
{
    uint16_t low = 0;
    uint16_t high = s->n;
    while (low < high) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        if (s->keys[middle] < key)
            low = (uint16_t)(middle + 1);
        else
            high = middle;
    }
    return low;
}

static bool grow(struct stats_places *s)
{
    uint16_t cap = s->cap == 0 ? FIRST_CAP : (uint16_t)(s->cap * 2);
    uint64_t *keys = mem_alloc(cap * sizeof(*keys));
    if (keys == NULL)
        return false;
    if (s->n > 0)
        memcpy(keys, s->keys, s->n * sizeof(*keys));
    mem_free(s->keys);
    s->keys = keys;
    s->cap = cap;
    return true;
}

/* A key of the finest grid. */
static bool add(struct stats_places *s, uint64_t fine)
{
    uint64_t key = coarser(fine, s->level);
    uint16_t at = find(s, key);
    if (at < s->n && s->keys[at] == key)
        return true;
    if (s->n == STATS_PLACES_MAX) {
        /* The new one counts among those that must fit, so the level is that of the whole set. */
        do {
            coarsen(s);
            key = coarser(fine, s->level);
            at = find(s, key);
            if (at < s->n && s->keys[at] == key)
                return true;
        } while (s->n == STATS_PLACES_MAX);
    }
    if (s->n == s->cap && !grow(s))
        return false;
    memmove(&s->keys[at + 1], &s->keys[at], (size_t)(s->n - at) * sizeof(*s->keys));
    s->keys[at] = key;
    s->n++;
    return true;
}

bool stats_places_add(struct stats_places *s, double lat, double lon)
{
    return add(s, stats_places_key(lat, lon));
}

bool stats_places_merge(struct stats_places *into, const struct stats_places *from)
{
    bool good = true;
    while (into->level < from->level)
        coarsen(into);
    for (uint16_t i = 0; i < from->n; i++) {
        /* Any key of the finest grid in the cell. */
        uint64_t key = from->keys[i];
        uint64_t fine = make_key(row_of(key) << from->level, column_of(key) << from->level);
        good = add(into, fine) && good;
    }
    return good;
}

/* The middle of a cell, in degrees: whole steps before the division, so that what came with six
 * digits leaves with them. */
static double middle(uint64_t index, unsigned level, uint32_t steps)
{
    uint64_t at = (index << level) + (level > 0 ? (uint64_t)1 << (level - 1) : 0);
    return ((double)(at < steps ? at : steps) - steps / 2.0) / STEPS;
}

void stats_places_at(const struct stats_places *s, size_t i, double *out_lat, double *out_lon)
{
    *out_lat = middle(row_of(s->keys[i]), s->level, LAT_STEPS);
    *out_lon = middle(column_of(s->keys[i]), s->level, LON_STEPS);
}

void stats_places_save(const struct stats_places *s, struct buf *out)
{
    buf_char(out, (char)s->level);
    buf_le16(out, s->n);
    for (uint16_t i = 0; i < s->n; i++)
        buf_le64(out, s->keys[i]);
}

enum err stats_places_load(struct cursor *in, struct stats_places *out)
{
    struct stats_places s;
    stats_places_init(&s);
    s.level = cursor_u8(in);
    uint16_t n = cursor_le16(in);
    if (!cursor_ok(in) || s.level > LEVEL_MAX || n > STATS_PLACES_MAX)
        return ERR_FORMAT;
    for (uint16_t i = 0; i < n; i++) {
        uint64_t key = cursor_le64(in);
        bool sound = cursor_ok(in) && row_of(key) <= LAT_STEPS >> s.level &&
                     column_of(key) <= (LON_STEPS - 1) >> s.level &&
                     (i == 0 || key > s.keys[i - 1]);
        if (!sound || (s.n == s.cap && !grow(&s))) {
            stats_places_release(&s);
            return sound ? ERR_MEMORY : ERR_FORMAT;
        }
        s.keys[s.n++] = key;
    }
    *out = s;
    return ERR_NONE;
}
