/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/distinct.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PRECISION 14
#define REGISTERS (1U << PRECISION)
#define RANKS (64 - PRECISION + 1)
#define FIRST_SLOTS 16

enum { FORM_EXACT = 1, FORM_REGISTERS = 2 };

void stats_distinct_init(struct stats_distinct *d)
{
    memset(d, 0, sizeof(*d));
}

void stats_distinct_release(struct stats_distinct *d)
{
    mem_free(d->set);
    stats_distinct_init(d);
}

void stats_distinct_clear(struct stats_distinct *d)
{
    if (d->registers) {
        stats_distinct_release(d);
        return;
    }
    if (d->set != NULL)
        memset(d->set, 0, d->cap * sizeof(*d->set));
    d->few[0] = d->few[1] = 0;
    d->n = 0;
    d->has_zero = false;
}

size_t stats_distinct_memory(const struct stats_distinct *d)
{
    return d->registers ? REGISTERS : d->cap * sizeof(*d->set);
}

static void register_add(uint8_t *registers, uint64_t hash)
{
    uint64_t rest = hash << PRECISION;
    uint8_t rank = (uint8_t)(rest == 0 ? RANKS : __builtin_clzll(rest) + 1);
    uint8_t *r = &registers[hash >> (64 - PRECISION)];
    if (rank > *r)
        *r = rank;
}

/* Open addressing; the slot that holds the hash or the free one where it belongs. */
static uint64_t *slot_of(uint64_t *set, uint32_t cap, uint64_t hash)
{
    uint32_t i = (uint32_t)hash_mix(hash) & (cap - 1);
    while (set[i] != 0 && set[i] != hash)
        i = (i + 1) & (cap - 1);
    return &set[i];
}

static bool grow_set(struct stats_distinct *d)
{
    uint32_t cap = d->cap == 0 ? FIRST_SLOTS : d->cap * 2;
    uint64_t *set = mem_zero(cap, sizeof(*set));
    if (set == NULL)
        return false;
    if (d->cap == 0) {
        for (int i = 0; i < 2; i++)
            if (d->few[i] != 0)
                *slot_of(set, cap, d->few[i]) = d->few[i];
    } else {
        for (uint32_t i = 0; i < d->cap; i++)
            if (d->set[i] != 0)
                *slot_of(set, cap, d->set[i]) = d->set[i];
    }
    mem_free(d->set);
    d->set = set;
    d->cap = cap;
    return true;
}

static bool become_registers(struct stats_distinct *d)
{
    uint8_t *registers = mem_zero(REGISTERS, 1);
    if (registers == NULL)
        return false;
    for (uint32_t i = 0; i < d->cap; i++)
        if (d->set[i] != 0)
            register_add(registers, d->set[i]);
    for (int i = 0; d->cap == 0 && i < 2; i++)
        if (d->few[i] != 0)
            register_add(registers, d->few[i]);
    if (d->has_zero)
        register_add(registers, 0);
    mem_free(d->set);
    d->set = (uint64_t *)(void *)registers;
    d->cap = 0;
    d->n = 0;
    d->has_zero = false;
    d->few[0] = d->few[1] = 0;
    d->registers = true;
    return true;
}

bool stats_distinct_add(struct stats_distinct *d, uint64_t hash)
{
    if (d->registers) {
        register_add((uint8_t *)d->set, hash);
        return true;
    }
    if (hash == 0) {
        if (!d->has_zero) {
            d->has_zero = true;
            d->n++;
        }
    } else if (d->cap == 0) {
        if (hash == d->few[0] || hash == d->few[1])
            return true;
        for (int i = 0; i < 2; i++) {
            if (d->few[i] == 0) {
                d->few[i] = hash;
                d->n++;
                return true;
            }
        }
        if (!grow_set(d))
            return false;
        *slot_of(d->set, d->cap, hash) = hash;
        d->n++;
    } else {
        uint64_t *slot = slot_of(d->set, d->cap, hash);
        if (*slot == hash)
            return true;
        /* Three quarters full at most. */
        if ((d->n + 1) * 4 > d->cap * 3) {
            if (!grow_set(d))
                return false;
            slot = slot_of(d->set, d->cap, hash);
        }
        *slot = hash;
        d->n++;
    }
    return d->n <= STATS_DISTINCT_EXACT || become_registers(d);
}

bool stats_distinct_merge(struct stats_distinct *into, const struct stats_distinct *from)
{
    if (from->registers) {
        if (!into->registers && !become_registers(into))
            return false;
        uint8_t *a = (uint8_t *)into->set;
        const uint8_t *b = (const uint8_t *)from->set;
        for (uint32_t i = 0; i < REGISTERS; i++)
            a[i] = a[i] > b[i] ? a[i] : b[i];
        return true;
    }
    bool good = true;
    if (from->has_zero)
        good = stats_distinct_add(into, 0);
    for (int i = 0; from->cap == 0 && i < 2; i++)
        if (from->few[i] != 0)
            good = stats_distinct_add(into, from->few[i]) && good;
    for (uint32_t i = 0; i < from->cap; i++)
        if (from->set[i] != 0)
            good = stats_distinct_add(into, from->set[i]) && good;
    return good;
}

/* Ertl 2017, section 2.2: sigma and tau mend the ends of the raw estimate without tables. */
static double sigma(double x)
{
    if (x >= 1)
        return 1e300;
    double y = 1;
    double z = x;
    double before;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z > before);
    return z;
}

static double tau(double x)
{
    if (x <= 0 || x >= 1)
        return 0;
    double y = 1;
    double z = 1 - x;
    double before;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z < before);
    return z / 3;
}

double stats_distinct_count(const struct stats_distinct *d)
{
    if (!d->registers)
        return d->n;
    uint32_t histogram[RANKS + 1] = {0};
    const uint8_t *registers = (const uint8_t *)d->set;
    for (uint32_t i = 0; i < REGISTERS; i++)
        histogram[registers[i]]++;
    const double m = REGISTERS;
    double z = m * tau(1 - histogram[RANKS] / m);
    for (int k = RANKS - 1; k >= 1; k--)
        z = 0.5 * (z + histogram[k]);
    z += m * sigma(histogram[0] / m);
    return m * m / (2 * M_LN2 * z);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

void stats_distinct_save(const struct stats_distinct *d, struct buf *out)
{
    if (d->registers) {
        buf_char(out, FORM_REGISTERS);
        buf_add(out, d->set, REGISTERS);
        return;
    }
    /* Sorted, so that equal sets save as equal bytes. */
    uint64_t values[STATS_DISTINCT_EXACT + 1];
    uint32_t n = 0;
    if (d->has_zero)
        values[n++] = 0;
    for (int i = 0; d->cap == 0 && i < 2; i++)
        if (d->few[i] != 0)
            values[n++] = d->few[i];
    for (uint32_t i = 0; i < d->cap; i++)
        if (d->set[i] != 0 && n <= STATS_DISTINCT_EXACT)
            values[n++] = d->set[i];
    qsort(values, n, sizeof(values[0]), compare_u64);
    buf_char(out, FORM_EXACT);
    buf_le32(out, n);
    for (uint32_t i = 0; i < n; i++)
        buf_le64(out, values[i]);
}

enum err stats_distinct_load(struct cursor *in, struct stats_distinct *out)
{
    struct stats_distinct d;
    stats_distinct_init(&d);
    uint8_t form = cursor_u8(in);
    if (form == FORM_REGISTERS) {
        struct bytes b = cursor_take(in, REGISTERS);
        if (b.p == NULL)
            return ERR_FORMAT;
        for (uint32_t i = 0; i < REGISTERS; i++)
            if (b.p[i] > RANKS)
                return ERR_FORMAT;
        if (!become_registers(&d))
            return ERR_MEMORY;
        memcpy(d.set, b.p, REGISTERS);
    } else if (form == FORM_EXACT) {
        uint32_t n = cursor_le32(in);
        if (n > STATS_DISTINCT_EXACT)
            return ERR_FORMAT;
        for (uint32_t i = 0; i < n; i++) {
            uint64_t hash = cursor_le64(in);
            if (!cursor_ok(in) || !stats_distinct_add(&d, hash)) {
                stats_distinct_release(&d);
                return cursor_ok(in) ? ERR_MEMORY : ERR_FORMAT;
            }
        }
        if (!cursor_ok(in))
            return ERR_FORMAT;
    } else {
        return ERR_FORMAT;
    }
    *out = d;
    return ERR_NONE;
}
