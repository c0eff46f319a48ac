/* SPDX-License-Identifier: Apache-2.0 */
#include "find/digest.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 16
#define GROWTH 1.01       /* from one cell to the next */
#define LEAST_CELL 1e-300 /* what is nearer to nought is nought */
#define CELL_BIAS 200000  /* more than there are cells on one side of nought */

void find_digest_init(struct find_digest *d)
{
    memset(d, 0, sizeof(*d));
}

void find_digest_release(struct find_digest *d)
{
    mem_free(d->slots);
    find_digest_init(d);
}

/* Cells in the order of their values: …, -2, -1, 0 is nought, 1, 2, … shifted by the bias. */
static double cell_of(double x)
{
    double size = fabs(x);
    if (size < LEAST_CELL)
        return 0;
    double n = ceil(log(size) / log(GROWTH)) + CELL_BIAS;
    return x < 0 ? -n : n;
}

static double middle_of(double cell)
{
    if (cell == 0)
        return 0;
    double upper = exp((fabs(cell) - CELL_BIAS) * log(GROWTH));
    double middle = 2 * upper / (1 + GROWTH);
    return cell < 0 ? -middle : middle;
}

static size_t place(const struct find_digest_slot *slots, size_t cap, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    size_t at = (size_t)hash_mix(bits) & (cap - 1);
    while (slots[at].count > 0 && slots[at].value != value)
        at = (at + 1) & (cap - 1);
    return at;
}

/* A table of cap slots with all there is, as values or as cells. */
static bool rebuild(struct find_digest *d, size_t cap, bool cells)
{
    struct find_digest_slot *slots = mem_zero(cap, sizeof(*slots));
    size_t used = 0;
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < d->cap; i++) {
        if (d->slots[i].count == 0)
            continue;
        double value = d->slots[i].value;
        if (cells && !d->cells)
            value = cell_of(value);
        size_t at = place(slots, cap, value);
        used += slots[at].count == 0;
        slots[at].value = value;
        slots[at].count += d->slots[i].count;
    }
    mem_free(d->slots);
    d->slots = slots;
    d->cap = cap;
    d->used = used;
    d->cells = cells;
    return true;
}

bool find_digest_add(struct find_digest *d, double value, uint64_t count)
{
    ASSERT(!d->sorted);
    if (count == 0)
        return true;
    if (value == 0)
        value = 0; /* there is one nought */
    if (!d->cells && d->used == FIND_DIGEST_EXACT && !rebuild(d, d->cap, true))
        return false;
    if ((d->used + 1) * 4 > d->cap * 3 &&
        !rebuild(d, d->cap > 0 ? d->cap * 2 : FIRST_CAP, d->cells))
        return false;
    double key = d->cells ? cell_of(value) : value;
    size_t at = place(d->slots, d->cap, key);
    d->used += d->slots[at].count == 0;
    d->slots[at].value = key;
    d->slots[at].count += count;
    d->least = d->count == 0 || value < d->least ? value : d->least;
    d->greatest = d->count == 0 || value > d->greatest ? value : d->greatest;
    d->count += count;
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct find_digest_slot *x = a;
    const struct find_digest_slot *y = b;
    /* Free ones come last. */
    if ((x->count == 0) != (y->count == 0))
        return x->count == 0 ? 1 : -1;
    return (x->value > y->value) - (x->value < y->value);
}

static double value_of(const struct find_digest *d, size_t i)
{
    double v = d->cells ? middle_of(d->slots[i].value) : d->slots[i].value;
    return v < d->least ? d->least : v > d->greatest ? d->greatest : v;
}

/* The first of n values stands at nought, the last at a hundred, the others evenly between. */
double find_digest_value(struct find_digest *d, double percent)
{
    if (d->count == 0)
        return (double)NAN;
    if (!d->sorted)
        qsort(d->slots, d->cap, sizeof(*d->slots), compare);
    d->sorted = true;
    double rank = percent / 100 * (double)(d->count - 1);
    if (rank <= 0)
        return d->least;
    if (rank >= (double)(d->count - 1))
        return d->greatest;
    uint64_t below = (uint64_t)rank; /* the value of that number, from 0, and the next */
    uint64_t passed = 0;
    size_t i = 0;
    while (passed + d->slots[i].count <= below)
        passed += d->slots[i++].count;
    double low = value_of(d, i);
    double high = below + 1 < passed + d->slots[i].count ? low : value_of(d, i + 1);
    return low + (high - low) * (rank - (double)below);
}
