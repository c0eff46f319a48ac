/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/sum.h"

#include <math.h>
#include <stdbool.h>

#define STEP_BITS 40
#define LARGEST 0x1p100

/* Adds high:low, shifted left by `words` words, with the sign carried through. */
static void add_words(struct stats_sum *s, const uint64_t add[3])
{
    unsigned __int128 carry = 0;
    for (int i = 0; i < 3; i++) {
        carry += (unsigned __int128)s->word[i] + add[i];
        s->word[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

static void negate(uint64_t word[3])
{
    unsigned __int128 carry = 1;
    for (int i = 0; i < 3; i++) {
        carry += ~word[i];
        word[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

/* mantissa * 2^shift, 0 <= shift <= 127 - so that 64 bits of mantissa fit in 192. */
static void place(uint64_t mantissa, unsigned shift, uint64_t out[3])
{
    unsigned word = shift / 64;
    unsigned bit = shift % 64;
    out[0] = out[1] = out[2] = 0;
    out[word] = mantissa << bit;
    if (bit > 0 && word < 2)
        out[word + 1] = mantissa >> (64 - bit);
}

void stats_sum_add(struct stats_sum *s, double x)
{
    if (isnan(x))
        return;
    double size = fmin(fabs(x), LARGEST);
    int exponent;
    /* The mantissa as a whole number of 53 bits. */
    double fraction = frexp(size, &exponent);
    int shift = exponent - 53 + STEP_BITS;
    uint64_t add[3];
    if (shift >= 0)
        place((uint64_t)ldexp(fraction, 53), (unsigned)shift, add);
    else
        place((uint64_t)rint(ldexp(size, STEP_BITS)), 0, add);
    if (x < 0)
        negate(add);
    add_words(s, add);
}

void stats_sum_add_int(struct stats_sum *s, int64_t x)
{
    uint64_t add[3];
    place(x < 0 ? 0 - (uint64_t)x : (uint64_t)x, STEP_BITS, add);
    if (x < 0)
        negate(add);
    add_words(s, add);
}

void stats_sum_merge(struct stats_sum *into, const struct stats_sum *from)
{
    add_words(into, from->word);
}

double stats_sum_value(const struct stats_sum *s)
{
    uint64_t word[3] = {s->word[0], s->word[1], s->word[2]};
    bool negative = word[2] >> 63 != 0;
    if (negative)
        negate(word);
    /* The top 64 bits that are set, the rest folded into a sticky last bit: one rounding. */
    int top = 2;
    while (top > 0 && word[top] == 0)
        top--;
    double size;
    if (top == 0) {
        size = (double)word[0];
    } else {
        unsigned lead = (unsigned)__builtin_clzll(word[top]);
        uint64_t high = word[top] << lead;
        uint64_t rest = word[top - 1];
        if (lead > 0) {
            high |= word[top - 1] >> (64 - lead);
            rest = word[top - 1] << lead;
        }
        if (rest != 0 || (top == 2 && word[0] != 0))
            high |= 1;
        size = ldexp((double)high, 64 * top - (int)lead);
    }
    size = ldexp(size, -STEP_BITS);
    return negative ? -size : size;
}

void stats_sum_save(const struct stats_sum *s, struct buf *out)
{
    for (int i = 0; i < 3; i++)
        buf_le64(out, s->word[i]);
}

void stats_sum_load(struct cursor *in, struct stats_sum *out)
{
    struct stats_sum s;
    for (int i = 0; i < 3; i++)
        s.word[i] = cursor_le64(in);
    if (cursor_ok(in))
        *out = s;
}
