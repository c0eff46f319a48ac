/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/deflate.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LITERALS 286
#define DISTANCES 30
#define CODE_LENGTHS 19
#define SHORTEST 3
#define LONGEST 258
#define CHAIN 128 /* zlib's level 6: candidates looked at */
#define LAZY 16   /* and the match length from which no better one is sought */
#define NONE 0xffffU
#define HEAD_AND_CHECKSUM 6
#define SPARED 4 /* bytes that own codes must win and more */

struct parse {
    uint32_t literal[LITERALS]; /* how often each literal or length code occurs */
    uint32_t distance[DISTANCES];
    size_t extra_bits;
};

struct window {
    const uint8_t *p;
    size_t n;
    unsigned hash_bits;
    uint16_t head[4096];
    uint16_t prev[STATS_DEFLATE_LARGEST];
};

static unsigned hash_at(const struct window *w, size_t i)
{
    uint32_t three = (uint32_t)w->p[i] << 16 | (uint32_t)w->p[i + 1] << 8 | w->p[i + 2];
    return (three * 2654435761U) >> (32 - w->hash_bits);
}

static void insert(struct window *w, size_t i)
{
    if (i + SHORTEST > w->n)
        return;
    unsigned h = hash_at(w, i);
    w->prev[i] = w->head[h];
    w->head[h] = (uint16_t)i;
}

/* The longest earlier match at i that is longer than `than`; its length, or 0. */
static size_t longest_match(const struct window *w, size_t i, size_t than, size_t *out_distance)
{
    if (i + SHORTEST > w->n)
        return 0;
    size_t most = w->n - i < LONGEST ? w->n - i : LONGEST;
    size_t best = than < SHORTEST - 1 ? SHORTEST - 1 : than;
    size_t found = 0;
    int chain = than >= 8 ? CHAIN / 4 : CHAIN;
    for (size_t j = w->head[hash_at(w, i)]; j != NONE && chain-- > 0 && best < most;
         j = w->prev[j]) {
        if (w->p[j + best] != w->p[i + best])
            continue;
        size_t length = 0;
        while (length < most && w->p[j + length] == w->p[i + length])
            length++;
        if (length > best) {
            best = length;
            found = length;
            *out_distance = i - j;
        }
    }
    /* zlib drops matches of three bytes from far away. */
    return found == SHORTEST && *out_distance > 4096 ? 0 : found;
}

static unsigned log2_floor(size_t x)
{
    return 31U - (unsigned)__builtin_clz((uint32_t)x);
}

static void count_match(struct parse *out, size_t length, size_t distance)
{
    /* RFC 1951, 3.2.5: codes grow by powers of two, four length codes and two distance codes a
     * doubling. */
    size_t l = length - SHORTEST;
    if (length == LONGEST) {
        out->literal[285]++;
    } else if (l < 8) {
        out->literal[257 + l]++;
    } else {
        unsigned bits = log2_floor(l) - 2;
        out->literal[257 + 4 * bits + (l >> bits)]++;
        out->extra_bits += bits;
    }
    size_t d = distance - 1;
    if (d < 4) {
        out->distance[d]++;
    } else {
        unsigned bits = log2_floor(d) - 1;
        out->distance[2 * bits + (d >> bits)]++;
        out->extra_bits += bits;
    }
}

static void parse_text(struct window *w, struct parse *out)
{
    size_t i = 0;
    size_t held_length = 0; /* a match at i - 1 that waits for a better one at i */
    size_t held_distance = 0;
    bool held = false; /* the byte at i - 1 is undecided */
    while (i < w->n) {
        size_t distance = 0;
        size_t length = held_length < LAZY ? longest_match(w, i, held_length, &distance) : 0;
        insert(w, i);
        if (held_length >= SHORTEST && length <= held_length) {
            count_match(out, held_length, held_distance);
            for (size_t k = 1; k + 1 < held_length; k++)
                insert(w, i + k);
            i += held_length - 1;
            held = false;
            held_length = 0;
            continue;
        }
        if (held)
            out->literal[w->p[i - 1]]++;
        held = true;
        held_length = length;
        held_distance = distance;
        i++;
    }
    if (held)
        out->literal[w->p[w->n - 1]]++;
    out->literal[256]++;
}

struct leaf {
    uint32_t weight;
    uint16_t symbol;
};

static int by_weight(const void *a, const void *b)
{
    const struct leaf *x = a;
    const struct leaf *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? -1 : 1;
    return x->symbol < y->symbol ? -1 : x->symbol > y->symbol;
}

/* The symbols that occur, in order; how many. */
static size_t list_used(const uint32_t *weight, size_t n, struct leaf *out)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        /* Most do not occur: four at a time. */
        while (i + 4 <= n && (weight[i] | weight[i + 1] | weight[i + 2] | weight[i + 3]) == 0)
            i += 4;
        if (i < n && weight[i] > 0)
            out[used++] = (struct leaf){weight[i], (uint16_t)i};
    }
    return used;
}

/* Huffman's code lengths by two queues: leaves in order of weight, and sums as they arise. The
 * limit of 15 bits is not enforced; texts this short do not reach it. */
static void code_lengths(const uint32_t *weight, size_t n, uint8_t *out)
{
    struct leaf leaf[LITERALS];
    uint32_t sum[LITERALS];
    uint16_t parent[2 * LITERALS];
    memset(out, 0, n);
    size_t leaves = list_used(weight, n, leaf);
    if (leaves <= 1) {
        if (leaves == 1)
            out[leaf[0].symbol] = 1;
        return;
    }
    qsort(leaf, leaves, sizeof(leaf[0]), by_weight);
    size_t next_leaf = 0;
    size_t next_sum = 0;
    for (size_t made = 0; made < leaves - 1; made++) {
        sum[made] = 0;
        for (int side = 0; side < 2; side++) {
            if (next_sum >= made ||
                (next_leaf < leaves && leaf[next_leaf].weight <= sum[next_sum])) {
                sum[made] += leaf[next_leaf].weight;
                parent[next_leaf++] = (uint16_t)(leaves + made);
            } else {
                sum[made] += sum[next_sum];
                parent[leaves + next_sum++] = (uint16_t)(leaves + made);
            }
        }
    }
    uint8_t depth[2 * LITERALS];
    size_t root = 2 * leaves - 2;
    depth[root] = 0;
    for (size_t node = root; node-- > 0;) {
        depth[node] = (uint8_t)(depth[parent[node]] + 1);
        if (node < leaves)
            out[leaf[node].symbol] = depth[node];
    }
}

/* Bits that describe the two codes: run-length coded lengths under a third code (RFC 1951, 3.2.7).
 */
static size_t description_bits(const uint8_t *literal, const uint8_t *distance)
{
    static const uint8_t order[CODE_LENGTHS] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t all[LITERALS + DISTANCES];
    size_t literals = LITERALS;
    size_t distances = DISTANCES;
    while (literals > 257 && literal[literals - 1] == 0)
        literals--;
    while (distances > 1 && distance[distances - 1] == 0)
        distances--;
    memcpy(all, literal, literals);
    memcpy(all + literals, distance, distances);
    uint32_t weight[CODE_LENGTHS] = {0};
    size_t bits = 0;
    size_t n = literals + distances;
    for (size_t i = 0; i < n;) {
        size_t run = 1;
        while (i + run < n && i + run != literals && all[i + run] == all[i])
            run++;
        size_t left = run;
        if (all[i] == 0) {
            for (; left >= 3; left -= left < 138 ? left : 138) {
                weight[left < 11 ? 17 : 18]++;
                bits += left < 11 ? 3 : 7;
            }
        } else {
            weight[all[i] < 15 ? all[i] : 15]++;
            left--;
            for (; left >= 3; left -= left < 6 ? left : 6) {
                weight[16]++;
                bits += 2;
            }
        }
        weight[all[i] < 15 ? all[i] : 15] += (uint32_t)left;
        i += run;
    }
    uint8_t length[CODE_LENGTHS];
    code_lengths(weight, CODE_LENGTHS, length);
    size_t sent = CODE_LENGTHS;
    while (sent > 4 && length[order[sent - 1]] == 0)
        sent--;
    bits += 5 + 5 + 4 + 3 * sent;
    for (size_t i = 0; i < CODE_LENGTHS; i++)
        bits += weight[i] * length[i];
    return bits;
}

/* Bits that describe a run of symbols that do not occur, at least. */
static size_t gap_least(size_t n)
{
    size_t bits = 0;
    for (; n >= 3; n -= n < 138 ? n : 138)
        bits += 1 + (n < 11 ? 3 : 7);
    return bits + n;
}

/*
 * Bits that own codes take at the least: no code beats the entropy (Shannon 1948), each distance
 * takes a bit, and the description has its fixed parts, the exact runs of symbols that do not
 * occur, and for each neighbour that does half a bit (a run of six for a bit and two more).
 */
static size_t own_least(const struct parse *parse, const struct leaf *used, size_t n)
{
    uint32_t distances = 0;
    uint32_t kinds = 0;
    for (size_t i = 0; i < DISTANCES; i++) {
        distances += parse->distance[i];
        kinds += parse->distance[i] > 0;
    }
    /* Two distances have codes of one bit, which are the last but one in the description's order.
     */
    size_t bits = 5 + 5 + 4 + 3 * (kinds <= 2 ? CODE_LENGTHS - 1 : 4) + 2;
    size_t halves = 0;
    size_t next = 0;
    double total = 0;
    double entropy = 0;
    for (size_t i = 0; i < n; i++) {
        size_t symbol = used[i].symbol;
        double weight = used[i].weight;
        bits += gap_least(symbol - next);
        halves += i == 0 || symbol > next ? 2 : 1;
        next = symbol + 1;
        total += weight;
        entropy -= weight > 1 ? weight * log2(weight) : 0;
    }
    entropy += total * log2(total);
    return parse->extra_bits + bits + halves / 2 + distances + (size_t)(entropy - 0.01);
}

static size_t fixed_bits(const struct parse *parse, const struct leaf *used, size_t n)
{
    size_t bits = parse->extra_bits;
    for (size_t i = 0; i < n; i++) {
        size_t symbol = used[i].symbol;
        bits += (size_t)used[i].weight * (symbol < 144   ? 8
                                          : symbol < 256 ? 9
                                          : symbol < 280 ? 7
                                                         : 8);
    }
    for (size_t i = 0; i < DISTANCES; i++)
        bits += (size_t)parse->distance[i] * 5;
    return bits;
}

static size_t own_bits(const struct parse *parse)
{
    uint8_t literal[LITERALS];
    uint8_t distance[DISTANCES];
    code_lengths(parse->literal, LITERALS, literal);
    /* zlib never sends a code of fewer than two distances. */
    uint32_t forced[DISTANCES];
    memcpy(forced, parse->distance, sizeof(forced));
    size_t used = 0;
    for (size_t i = 0; i < DISTANCES; i++)
        used += forced[i] > 0;
    for (size_t i = 0; used < 2; i++) {
        if (forced[i] == 0) {
            forced[i] = 1;
            used++;
        }
    }
    code_lengths(forced, DISTANCES, distance);
    size_t bits = parse->extra_bits + description_bits(literal, distance);
    for (size_t i = 0; i < LITERALS; i++)
        bits += (size_t)parse->literal[i] * literal[i];
    for (size_t i = 0; i < DISTANCES; i++)
        bits += (size_t)parse->distance[i] * distance[i];
    return bits;
}

/* Block head of three bits included. */
static size_t bytes_of(size_t bits)
{
    return (bits + 3 + 7) / 8;
}

/* zlib spares itself own codes that win four bytes or less. For a name or two that is plain before
 * they are made. */
static size_t coded_bytes(const struct parse *parse)
{
    struct leaf used[LITERALS];
    size_t n = list_used(parse->literal, LITERALS, used);
    size_t fixed = bytes_of(fixed_bits(parse, used, n));
    if (fixed <= bytes_of(own_least(parse, used, n)) + SPARED)
        return fixed;
    size_t own = bytes_of(own_bits(parse));
    return fixed <= own + SPARED ? fixed : own;
}

size_t stats_deflate_size(const uint8_t *p, size_t n)
{
    struct window w;
    struct parse parse;
    n = n < STATS_DEFLATE_LARGEST ? n : STATS_DEFLATE_LARGEST;
    w.p = p;
    w.n = n;
    w.hash_bits = n < 256 ? 8 : 12;
    memset(w.head, 0xff, sizeof(w.head[0]) << w.hash_bits);
    memset(&parse, 0, sizeof(parse));
    parse_text(&w, &parse);
    size_t coded = coded_bytes(&parse);
    size_t stored = n + 5;
    return HEAD_AND_CHECKSUM + (coded < stored ? coded : stored);
}
