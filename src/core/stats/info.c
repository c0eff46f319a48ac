/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/info.h"

#include "base/mem.h"
#include "stats/deflate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_HEAD 10  /* hash and length */
#define FIRST_BYTES 40 /* a short string, and what the allocator has beside it: 48 */
#define MOST_ENTRIES (STATS_INFO_BYTES / ENTRY_HEAD)
#define MOST_LEVELS 48

void stats_info_init(struct stats_info *s)
{
    memset(s, 0, sizeof(*s));
}

void stats_info_release(struct stats_info *s)
{
    mem_free(s->entries);
    stats_info_init(s);
}

void stats_info_clear(struct stats_info *s)
{
    s->used = 0;
    s->n = 0;
    s->levels = 0;
}

size_t stats_info_memory(const struct stats_info *s)
{
    return s->cap;
}

static uint64_t entry_hash(const uint8_t *e)
{
    uint64_t hash;
    memcpy(&hash, e, sizeof(hash));
    return hash;
}

static uint16_t entry_length(const uint8_t *e)
{
    uint16_t n;
    memcpy(&n, e + 8, sizeof(n));
    return n;
}

static bool wanted(uint64_t hash, uint32_t levels)
{
    return levels == 0 || hash >> (64 - levels) == 0;
}

static void drop_unwanted(struct stats_info *s)
{
    uint32_t to = 0;
    uint32_t n = 0;
    for (uint32_t at = 0; at < s->used;) {
        uint32_t size = ENTRY_HEAD + entry_length(s->entries + at);
        if (wanted(entry_hash(s->entries + at), s->levels)) {
            memmove(s->entries + to, s->entries + at, size);
            to += size;
            n++;
        }
        at += size;
    }
    s->used = to;
    s->n = n;
}

static bool grow(struct stats_info *s, uint32_t need)
{
    uint32_t cap = s->cap == 0 ? FIRST_BYTES : s->cap;
    while (cap < need)
        cap *= 2;
    cap = cap < STATS_INFO_BYTES ? cap : STATS_INFO_BYTES;
    if (cap <= s->cap)
        return true;
    uint8_t *entries = mem_resize(s->entries, cap, 1);
    if (entries == NULL)
        return false;
    s->entries = entries;
    s->cap = cap;
    return true;
}

bool stats_info_add(struct stats_info *s, uint64_t hash, const void *p, size_t n)
{
    if (!wanted(hash, s->levels))
        return true;
    for (uint32_t at = 0; at < s->used; at += ENTRY_HEAD + entry_length(s->entries + at))
        if (entry_hash(s->entries + at) == hash)
            return true;
    uint16_t length = (uint16_t)(n < STATS_INFO_STRING ? n : STATS_INFO_STRING);
    while (s->used + ENTRY_HEAD + length > STATS_INFO_BYTES) {
        if (s->levels == MOST_LEVELS)
            return true;
        s->levels++;
        drop_unwanted(s);
        if (!wanted(hash, s->levels))
            return true;
    }
    if (!grow(s, s->used + ENTRY_HEAD + length))
        return false;
    memcpy(s->entries + s->used, &hash, sizeof(hash));
    memcpy(s->entries + s->used + 8, &length, sizeof(length));
    if (length > 0)
        memcpy(s->entries + s->used + ENTRY_HEAD, p, length);
    s->used += ENTRY_HEAD + length;
    s->n++;
    return true;
}

bool stats_info_merge(struct stats_info *into, const struct stats_info *from)
{
    if (from->levels > into->levels) {
        into->levels = from->levels;
        drop_unwanted(into);
    }
    for (uint32_t at = 0; at < from->used;) {
        const uint8_t *e = from->entries + at;
        if (!stats_info_add(into, entry_hash(e), e + ENTRY_HEAD, entry_length(e)))
            return false;
        at += ENTRY_HEAD + entry_length(e);
    }
    return true;
}

struct ref {
    uint64_t hash;
    uint32_t at;
};

static int by_hash(const void *a, const void *b)
{
    const struct ref *x = a;
    const struct ref *y = b;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static uint32_t list_by_hash(const struct stats_info *s, struct ref *out)
{
    uint32_t n = 0;
    for (uint32_t at = 0; at < s->used; at += ENTRY_HEAD + entry_length(s->entries + at))
        out[n++] = (struct ref){entry_hash(s->entries + at), at};
    qsort(out, n, sizeof(*out), by_hash);
    return n;
}

double stats_info_content(const struct stats_info *s)
{
    if (s->n == 0)
        return 0;
    struct ref ref[MOST_ENTRIES];
    uint8_t text[STATS_INFO_BYTES];
    uint32_t n = list_by_hash(s, ref);
    size_t used = 0;
    size_t half = 0; /* bytes of the strings that the next level would keep: they come first */
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *e = s->entries + ref[i].at;
        memcpy(text + used, e + ENTRY_HEAD, entry_length(e));
        used += entry_length(e);
        if (i + 1 == (n + 1) / 2)
            half = used;
    }
    double whole = (double)stats_deflate_size(text, used);
    if (s->levels == 0 || half == used)
        return whole;
    /* The strings not kept cost what the later half of the kept ones cost. */
    double rate = (whole - (double)stats_deflate_size(text, half)) / (double)(used - half);
    double missed = (double)used * ((double)(1ULL << s->levels) - 1);
    return whole + rate * missed;
}

double stats_info_strings(const struct stats_info *s)
{
    return ldexp(s->n, (int)s->levels);
}

void stats_info_save(const struct stats_info *s, struct buf *out)
{
    struct ref ref[MOST_ENTRIES];
    uint32_t n = list_by_hash(s, ref);
    buf_char(out, (char)s->levels);
    buf_le32(out, n);
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *e = s->entries + ref[i].at;
        buf_le64(out, ref[i].hash);
        buf_le16(out, entry_length(e));
        buf_add(out, e + ENTRY_HEAD, entry_length(e));
    }
}

enum err stats_info_load(struct cursor *in, struct stats_info *out)
{
    struct stats_info s;
    stats_info_init(&s);
    s.levels = cursor_u8(in);
    uint32_t n = cursor_le32(in);
    enum err e = s.levels > MOST_LEVELS || n > MOST_ENTRIES ? ERR_FORMAT : ERR_NONE;
    for (uint32_t i = 0; i < n && e == ERR_NONE; i++) {
        uint64_t hash = cursor_le64(in);
        uint16_t length = cursor_le16(in);
        struct bytes b = cursor_take(in, length);
        uint32_t levels = s.levels;
        if (!cursor_ok(in) || length > STATS_INFO_STRING || !wanted(hash, s.levels))
            e = ERR_FORMAT;
        else if (!stats_info_add(&s, hash, b.p, b.n))
            e = ERR_MEMORY;
        else if (s.levels != levels || s.n != i + 1)
            e = ERR_FORMAT; /* more than fits, or one twice: nothing we wrote */
    }
    if (e == ERR_NONE && !cursor_ok(in))
        e = ERR_FORMAT;
    if (e != ERR_NONE) {
        stats_info_release(&s);
        return e;
    }
    *out = s;
    return ERR_NONE;
}
