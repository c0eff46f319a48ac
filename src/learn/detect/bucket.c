/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* qsort_r */
#include "detect/bucket.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Contributions of one field of one cell that survive when memory is used up; fewer, when many
 * cells with few contributions each are what uses it up. */
#define KEEP_PARTS 24

/* Cells up to here are sorted by insertion. */
#define SORT_FEW 24
#define SORT_BITS 8
#define SORT_BINS ((size_t)1 << SORT_BITS)

struct detect_open *detect_bucket_new(ts_ns start, uint32_t generation, size_t influence_bytes)
{
    struct detect_open *b = mem_zero(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    b->start = start;
    b->generation = generation;
    arena_init(&b->arena, 16 * 1024);
    b->mask = 63;
    b->slots = mem_zero(b->mask + 1, sizeof(*b->slots));
    b->n_parts = 1;
    b->keep = KEEP_PARTS;
    b->parts_max = influence_bytes / 2 / DETECT_PART_COST;
    if (b->parts_max < 256)
        b->parts_max = 256;
    if (b->parts_max > (size_t)1 << 24)
        b->parts_max = (size_t)1 << 24;
    b->pairs_max = influence_bytes / 2 / DETECT_PAIR_COST;
    if (b->slots == NULL) {
        detect_bucket_free(b);
        return NULL;
    }
    return b;
}

void detect_bucket_free(struct detect_open *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < b->n_cells; i++)
        detect_gather_release(&b->cells[i]->gather, b->cells[i]->kind);
    arena_release(&b->arena);
    mem_free(b->cells);
    mem_free(b->slots);
    mem_free(b->parts);
    mem_free(b->part_slots);
    mem_free(b->pairs);
    mem_free(b);
}

/* By what is kept, not by what happens to be allocated: a restored bucket says the same. */
size_t detect_bucket_bytes(const struct detect_open *b)
{
    return sizeof(*b) + b->cell_bytes + b->n_cells * DETECT_AROUND_CELL +
           (b->n_parts - 1) * DETECT_PART_COST + b->n_pairs * DETECT_PAIR_COST + b->sketch_bytes;
}

uint64_t detect_bucket_hash(uint8_t detector, uint64_t partition, uint64_t over, uint64_t by)
{
    uint64_t h = hash_mix(partition + 0x9e3779b97f4a7c15U * (detector + 1U));
    h = hash_mix(h ^ (over + 0x632be59bd9b4e019U));
    return hash_mix(h ^ (by + 0xd1b54a32d192ed03U));
}

static uint64_t id_hash(uint8_t detector, uint32_t partition, uint32_t over, uint32_t by)
{
    return hash_mix(((uint64_t)partition << 32 | over) ^ hash_mix((uint64_t)by << 8 | detector));
}

static uint64_t cell_id_hash(const struct detect_cell *c)
{
    return id_hash(c->detector, c->partition, c->over, c->by);
}

static bool grow_cells(struct detect_open *b)
{
    size_t mask = b->mask * 2 + 1;
    uint32_t *slots = mem_zero(mask + 1, sizeof(*slots));
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < b->n_cells; i++) {
        size_t at = cell_id_hash(b->cells[i]) & mask;
        while (slots[at] != 0)
            at = (at + 1) & mask;
        slots[at] = (uint32_t)i + 1;
    }
    mem_free(b->slots);
    b->slots = slots;
    b->mask = mask;
    return true;
}

struct detect_cell *detect_bucket_cell(struct detect_open *b, const struct detect_names *names,
                                       uint8_t detector, enum detect_kind kind, uint32_t partition,
                                       uint32_t over, uint32_t by, unsigned parent, bool make)
{
    uint64_t h = id_hash(detector, partition, over, by);
    size_t at = h & b->mask;
    while (b->slots[at] != 0) {
        struct detect_cell *c = b->cells[b->slots[at] - 1];
        if (c->partition == partition && c->over == over && c->by == by && c->detector == detector)
            return c;
        at = (at + 1) & b->mask;
    }
    if (!make)
        return NULL;
    if ((b->n_cells + 1) * 3 > b->mask * 2) {
        if (!grow_cells(b)) {
            b->failed = true;
            return NULL;
        }
        at = h & b->mask;
        while (b->slots[at] != 0)
            at = (at + 1) & b->mask;
    }
    void *cells = b->cells;
    if (b->n_cells >= UINT32_MAX - 1 ||
        mem_grow(&cells, &b->cap_cells, b->n_cells + 1, sizeof(*b->cells)) != 0) {
        b->failed = true;
        return NULL;
    }
    b->cells = cells;
    size_t size = offsetof(struct detect_cell, gather) + detect_gather_size(kind);
    struct detect_cell *c = arena_zero(&b->arena, size);
    if (c == NULL) {
        b->failed = true;
        return NULL;
    }
    uint64_t hp = detect_names_hash(names, partition);
    uint64_t ho = detect_names_hash(names, over);
    uint64_t hb = detect_names_hash(names, by);
    c->hash = detect_bucket_hash(detector, hp, ho, hb);
    c->parent_hash = detect_bucket_hash(detector, (parent & 1) != 0 ? hp : 0,
                                        (parent & 2) != 0 ? ho : 0, (parent & 4) != 0 ? hb : 0);
    c->partition = partition;
    c->over = over;
    c->by = by;
    c->detector = detector;
    c->kind = (uint8_t)kind;
    c->index = (uint32_t)b->n_cells;
    detect_gather_init(&c->gather, kind);
    b->cell_bytes += size;
    b->cells[b->n_cells++] = c;
    b->slots[at] = (uint32_t)b->n_cells;
    return c;
}

static uint64_t part_hash(uint32_t cell, unsigned field, uint32_t name)
{
    return hash_mix(((uint64_t)cell << 32 | name) + (uint64_t)field * 0x9e3779b97f4a7c15U);
}

static bool rehash_parts(struct detect_open *b, size_t mask)
{
    if (b->part_slots == NULL || mask != b->part_mask) {
        uint32_t *slots = mem_zero(mask + 1, sizeof(*slots));
        if (slots == NULL)
            return false;
        mem_free(b->part_slots);
        b->part_slots = slots;
        b->part_mask = mask;
    } else {
        memset(b->part_slots, 0, (mask + 1) * sizeof(*b->part_slots));
    }
    for (size_t i = 1; i < b->n_parts; i++) {
        const struct detect_part *p = &b->parts[i];
        size_t at = part_hash(p->cell, p->field, p->name) & mask;
        while (b->part_slots[at] != 0)
            at = (at + 1) & mask;
        b->part_slots[at] = (uint32_t)i;
    }
    return true;
}

static double part_weight(const struct detect_open *b, const struct detect_part *p)
{
    if (b->cells[p->cell]->kind == DETECT_MIN)
        return -p->weight;
    return b->cells[p->cell]->kind == DETECT_MAX ? p->weight : fabs(p->weight);
}

struct part_order {
    const struct detect_open *bucket;
    const struct detect_names *names;
};

/* By cell and field, heaviest first. */
static int by_rank(const void *x, const void *y, void *ctx)
{
    const struct part_order *order = ctx;
    const struct detect_part *a = &order->bucket->parts[*(const uint32_t *)x];
    const struct detect_part *b = &order->bucket->parts[*(const uint32_t *)y];
    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    if (a->field != b->field)
        return a->field < b->field ? -1 : 1;
    double wa = part_weight(order->bucket, a);
    double wb = part_weight(order->bucket, b);
    if (wa != wb)
        return wa > wb ? -1 : 1;
    uint64_t ha = detect_names_hash(order->names, a->name);
    uint64_t hb = detect_names_hash(order->names, b->name);
    return ha < hb ? -1 : ha > hb;
}

/* Keeps the heaviest contributions of each field of each cell. */
static bool prune_parts(struct detect_open *b, const struct detect_names *names)
{
    struct part_order order = {b, names};
    size_t n = b->n_parts - 1;
    uint32_t *rank = mem_alloc(n * sizeof(*rank));
    if (rank == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        rank[i] = (uint32_t)i + 1;
    qsort_r(rank, n, sizeof(*rank), by_rank, &order);
    size_t run = 0;
    for (size_t i = 0; i < n; i++) {
        const struct detect_part *p = &b->parts[rank[i]];
        const struct detect_part *before = i > 0 ? &b->parts[rank[i - 1]] : p;
        run = i > 0 && p->cell == before->cell && p->field == before->field ? run + 1 : 0;
        b->parts[rank[i]].next = run < b->keep; /* for now: whether it stays */
    }
    mem_free(rank);
    for (size_t i = 0; i < b->n_cells; i++)
        b->cells[i]->influence = 0;
    size_t m = 1;
    for (size_t i = 1; i <= n; i++) {
        struct detect_part p = b->parts[i];
        if (p.next == 0) {
            b->parts_dropped++;
            continue;
        }
        struct detect_cell *c = b->cells[p.cell];
        p.next = c->influence;
        c->influence = (uint32_t)m;
        b->parts[m++] = p;
    }
    b->n_parts = m;
    return rehash_parts(b, b->part_mask);
}

/*
 * Whether there is room for one more contribution. Pruning that freed little would have to be done
 * again at once: then fewer stay each time, and at last what is new is dropped without looking.
 */
static bool make_room(struct detect_open *b, const struct detect_names *names)
{
    size_t before = b->n_parts;
    if (b->keep > 0) {
        if (!prune_parts(b, names)) {
            b->failed = true;
            return false;
        }
        if (b->n_parts > before - before / 4)
            b->keep /= 2;
    }
    if (b->n_parts < b->parts_max)
        return true;
    b->parts_dropped++;
    return false;
}

void detect_bucket_contribute(struct detect_open *b, struct detect_cell *c, unsigned field,
                              uint32_t name, double weight, double count, bool room,
                              const struct detect_names *names)
{
    if (b->part_slots == NULL && !rehash_parts(b, 127)) {
        b->failed = true;
        return;
    }
    size_t at = part_hash(c->index, field, name) & b->part_mask;
    while (b->part_slots[at] != 0) {
        struct detect_part *p = &b->parts[b->part_slots[at]];
        if (p->cell == c->index && p->name == name && p->field == field) {
            p->count += (float)count;
            if (c->kind == DETECT_MIN)
                p->weight = weight < p->weight ? weight : p->weight;
            else if (c->kind == DETECT_MAX)
                p->weight = weight > p->weight ? weight : p->weight;
            else
                p->weight += weight;
            return;
        }
        at = (at + 1) & b->part_mask;
    }
    if (!room) {
        b->parts_dropped++;
        return;
    }
    if (b->n_parts >= b->parts_max) {
        if (!make_room(b, names))
            return;
        at = part_hash(c->index, field, name) & b->part_mask;
        while (b->part_slots[at] != 0)
            at = (at + 1) & b->part_mask;
    }
    void *parts = b->parts;
    if (mem_grow(&parts, &b->cap_parts, b->n_parts + 1, sizeof(*b->parts)) != 0) {
        b->failed = true;
        return;
    }
    b->parts = parts;
    if ((b->n_parts + 1) * 3 > b->part_mask * 2) {
        if (!rehash_parts(b, b->part_mask * 2 + 1)) {
            b->failed = true;
            return;
        }
        at = part_hash(c->index, field, name) & b->part_mask;
        while (b->part_slots[at] != 0)
            at = (at + 1) & b->part_mask;
    }
    b->parts[b->n_parts] = (struct detect_part){.cell = c->index,
                                                .name = name,
                                                .next = c->influence,
                                                .field = (uint8_t)field,
                                                .count = (float)count,
                                                .weight = weight};
    c->influence = (uint32_t)b->n_parts;
    b->part_slots[at] = (uint32_t)b->n_parts;
    b->n_parts++;
}

static bool add_pair(struct detect_open *b, uint64_t key, bool room)
{
    if (key == 0)
        key = 1;
    /* When the room is used up every event counts: a value is then too heavy, not missing. */
    if (!room)
        return true;
    if (b->pairs == NULL || (b->n_pairs + 1) * 3 > b->pair_mask * 2) {
        size_t mask = b->pairs == NULL ? 255 : b->pair_mask * 2 + 1;
        uint64_t *pairs = mask < b->pairs_max ? mem_zero(mask + 1, sizeof(*pairs)) : NULL;
        if (pairs == NULL)
            return true;
        for (size_t i = 0; b->pairs != NULL && i <= b->pair_mask; i++) {
            if (b->pairs[i] == 0)
                continue;
            size_t at = b->pairs[i] & mask;
            while (pairs[at] != 0)
                at = (at + 1) & mask;
            pairs[at] = b->pairs[i];
        }
        mem_free(b->pairs);
        b->pairs = pairs;
        b->pair_mask = mask;
    }
    size_t at = key & b->pair_mask;
    while (b->pairs[at] != 0) {
        if (b->pairs[at] == key)
            return false;
        at = (at + 1) & b->pair_mask;
    }
    b->pairs[at] = key;
    b->n_pairs++;
    return true;
}

static uint64_t pair_key(const struct detect_cell *c, unsigned field, uint64_t name_hash,
                         uint64_t string_hash)
{
    return hash_mix(c->hash ^ hash_mix(name_hash ^ ((uint64_t)field << 56))) ^
           hash_mix(string_hash);
}

bool detect_bucket_pair(struct detect_open *b, const struct detect_cell *c, unsigned field,
                        uint64_t name_hash, uint64_t string_hash, bool room)
{
    return add_pair(b, pair_key(c, field, name_hash, string_hash), room);
}

bool detect_bucket_paired(const struct detect_open *b, const struct detect_cell *c, unsigned field,
                          uint64_t name_hash, uint64_t string_hash)
{
    uint64_t key = pair_key(c, field, name_hash, string_hash);
    if (b->pairs == NULL)
        return false;
    if (key == 0)
        key = 1;
    size_t at = key & b->pair_mask;
    while (b->pairs[at] != 0 && b->pairs[at] != key)
        at = (at + 1) & b->pair_mask;
    return b->pairs[at] == key;
}

/* Sorted apart from the cells, which lie all over memory. */
struct cell_order {
    uint64_t parent;
    uint64_t hash;
    struct detect_cell *cell;
};

static bool comes_before(const struct cell_order *a, const struct cell_order *b)
{
    return a->parent != b->parent ? a->parent < b->parent : a->hash < b->hash;
}

static void sort_few(struct cell_order *list, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct cell_order x = list[i];
        size_t to = i;
        for (; to > 0 && comes_before(&x, &list[to - 1]); to--)
            list[to] = list[to - 1];
        list[to] = x;
    }
}

/*
 * Into bins by the first eight bits in which the list differs, then each bin: hashes are spread
 * evenly, so bins are soon small. spare has room for n.
 */
static void sort_order(struct cell_order *list, struct cell_order *spare, size_t n)
{
    if (n <= SORT_FEW) {
        sort_few(list, n);
        return;
    }
    uint64_t parents = 0;
    uint64_t hashes = 0;
    for (size_t i = 1; i < n; i++) {
        parents |= list[i].parent ^ list[0].parent;
        hashes |= list[i].hash ^ list[0].hash;
    }
    bool by_parent = parents != 0;
    uint64_t differ = by_parent ? parents : hashes;
    if (differ == 0)
        return;
    unsigned top = 64 - (unsigned)__builtin_clzll(differ);
    unsigned shift = top > SORT_BITS ? top - SORT_BITS : 0;
    size_t end[SORT_BINS] = {0};
    for (size_t i = 0; i < n; i++)
        end[(by_parent ? list[i].parent : list[i].hash) >> shift & (SORT_BINS - 1)]++;
    size_t sum = 0;
    for (size_t k = 0; k < SORT_BINS; k++) {
        size_t begin = sum;
        sum += end[k];
        end[k] = begin;
    }
    for (size_t i = 0; i < n; i++)
        spare[end[(by_parent ? list[i].parent : list[i].hash) >> shift & (SORT_BINS - 1)]++] =
            list[i];
    memcpy(list, spare, n * sizeof(*list));
    for (size_t k = 0; k < SORT_BINS; k++) {
        size_t begin = k > 0 ? end[k - 1] : 0;
        if (end[k] - begin > 1)
            sort_order(list + begin, spare + begin, end[k] - begin);
    }
}

struct detect_cell **detect_bucket_sorted(const struct detect_open *b)
{
    struct cell_order *order = mem_alloc(2 * (b->n_cells + 1) * sizeof(*order));
    struct detect_cell **list = mem_alloc((b->n_cells + 1) * sizeof(struct detect_cell *));
    if (order == NULL || list == NULL) {
        mem_free(order);
        mem_free(list);
        return NULL;
    }
    for (size_t i = 0; i < b->n_cells; i++) {
        struct detect_cell *c = b->cells[i];
        order[i] = (struct cell_order){c->parent_hash, c->hash, c};
    }
    sort_order(order, order + b->n_cells, b->n_cells);
    for (size_t i = 0; i < b->n_cells; i++)
        list[i] = order[i].cell;
    mem_free(order);
    return list;
}

void detect_bucket_save(const struct detect_open *b, struct buf *out)
{
    buf_le64(out, (uint64_t)b->start);
    buf_le32(out, b->generation);
    buf_le64(out, b->events);
    buf_le64(out, b->parts_dropped);
    buf_le32(out, b->keep);
    buf_le32(out, (uint32_t)b->n_cells);
    for (size_t i = 0; i < b->n_cells; i++) {
        const struct detect_cell *c = b->cells[i];
        buf_char(out, (char)c->detector);
        buf_le32(out, c->partition);
        buf_le32(out, c->over);
        buf_le32(out, c->by);
        detect_gather_save(&c->gather, c->kind, out);
    }
    buf_le32(out, (uint32_t)(b->n_parts - 1));
    for (size_t i = 1; i < b->n_parts; i++) {
        const struct detect_part *p = &b->parts[i];
        buf_le32(out, p->cell);
        buf_char(out, (char)p->field);
        buf_le32(out, p->name);
        buf_double(out, (double)p->count);
        buf_double(out, p->weight);
    }
    buf_le32(out, (uint32_t)b->n_pairs);
    for (size_t i = 0; b->pairs != NULL && i <= b->pair_mask; i++) {
        if (b->pairs[i] != 0)
            buf_le64(out, b->pairs[i]);
    }
}

static enum err load_cells(struct detect_open *b, struct cursor *in, const struct detect_loading *l)
{
    uint32_t n = cursor_le32(in);
    for (uint32_t i = 0; i < n && cursor_ok(in); i++) {
        uint8_t detector = cursor_u8(in);
        uint32_t id[3] = {cursor_le32(in), cursor_le32(in), cursor_le32(in)};
        if (!cursor_ok(in) || detector >= l->n_detectors)
            return ERR_FORMAT;
        for (size_t k = 0; k < 3; k++) {
            if (!detect_loading_name(l, id[k], &id[k]))
                return ERR_FORMAT;
        }
        enum detect_kind kind = l->kinds[detector];
        size_t before = b->n_cells;
        struct detect_cell *c = detect_bucket_cell(b, l->names, detector, kind, id[0], id[1], id[2],
                                                   l->parents[detector], true);
        if (c == NULL)
            return ERR_MEMORY;
        if (b->n_cells == before)
            return ERR_FORMAT; /* the same cell twice */
        struct detect_gather g;
        enum err e = detect_gather_load(in, kind, &g);
        if (e != ERR_NONE)
            return e;
        memcpy(&c->gather, &g, detect_gather_size(kind));
        b->sketch_bytes += detect_gather_memory(&c->gather, kind);
    }
    return cursor_ok(in) ? ERR_NONE : ERR_FORMAT;
}

static enum err load_parts(struct detect_open *b, struct cursor *in, const struct detect_loading *l)
{
    uint32_t n = cursor_le32(in);
    for (uint32_t i = 0; i < n && cursor_ok(in); i++) {
        uint32_t cell = cursor_le32(in);
        uint8_t field = cursor_u8(in);
        uint32_t name = cursor_le32(in);
        double count = detect_loading_double(in);
        double weight = detect_loading_double(in);
        if (!cursor_ok(in) || cell >= b->n_cells || field >= l->n_influencers ||
            !detect_loading_name(l, name, &name) || name == 0)
            return ERR_FORMAT;
        detect_bucket_contribute(b, b->cells[cell], field, name, weight, count, true, l->names);
    }
    return cursor_ok(in) ? ERR_NONE : ERR_FORMAT;
}

enum err detect_bucket_load(struct detect_open *b, struct cursor *in,
                            const struct detect_loading *l)
{
    b->events = cursor_le64(in);
    b->parts_dropped = cursor_le64(in);
    uint32_t keep = cursor_le32(in);
    if (keep > KEEP_PARTS)
        return ERR_FORMAT;
    enum err e = load_cells(b, in, l);
    if (e == ERR_NONE)
        e = load_parts(b, in, l);
    if (e != ERR_NONE)
        return e;
    b->keep = keep;
    uint32_t n = cursor_le32(in);
    for (uint32_t i = 0; i < n && cursor_ok(in); i++)
        (void)add_pair(b, cursor_le64(in), true);
    if (b->failed)
        return ERR_MEMORY;
    return cursor_ok(in) ? ERR_NONE : ERR_FORMAT;
}
