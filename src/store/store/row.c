/* SPDX-License-Identifier: Apache-2.0 */
#include "store/row.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>
#include <zstd.h>

#define BATCH_HEAD 25
#define BATCH_RAW 0
#define BATCH_ZSTD 1
#define CELL_LIST 0x08
#define VARINT_MAX 10
#define VALUE_MAX 24 /* any value but the bytes of a text, with its type */

static uint64_t zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* Writes at p, which has room for ten bytes; returns where the next byte goes. */
static inline char *write_varint(char *p, uint64_t v)
{
    while (v >= 0x80) {
        *p++ = (char)(v | 0x80);
        v >>= 7;
    }
    *p++ = (char)v;
    return p;
}

static void put_varint(struct buf *b, uint64_t v)
{
    char text[VARINT_MAX];
    buf_add(b, text, (size_t)(write_varint(text, v) - text));
}

static uint64_t get_long_varint(struct cursor *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = cursor_u8(c);
        if (shift == 63 && byte > 1)
            break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return v;
    }
    cursor_skip(c, SIZE_MAX); /* longer than any number: fail */
    return 0;
}

/* Most numbers are one byte long. */
static inline uint64_t get_varint(struct cursor *c)
{
    if (c->left > 0 && c->p[0] < 0x80 && !c->failed) {
        c->left--;
        return *c->p++;
    }
    return get_long_varint(c);
}

static uint32_t get_count(struct cursor *c)
{
    uint64_t v = get_varint(c);
    /* Whatever is counted takes at least one byte. */
    if (v > c->left)
        cursor_skip(c, SIZE_MAX);
    return c->failed ? 0 : (uint32_t)v;
}

enum err store_rows_init(struct store_rows *r)
{
    memset(r, 0, sizeof(*r));
    /* Names come from whoever made the events; where this lies in memory nobody outside knows. */
    r->others = map_new((struct hash_key){(uint64_t)(uintptr_t)r, 0x726f7773});
    r->known = mem_zero(EVENT_F_COUNT, sizeof(*r->known));
    if (r->others == NULL || r->known == NULL) {
        store_rows_release(r);
        return ERR_MEMORY;
    }
    buf_init(&r->rows);
    buf_init(&r->names);
    buf_init(&r->row);
    return ERR_NONE;
}

void store_rows_release(struct store_rows *r)
{
    map_free(r->others);
    mem_free(r->known);
    buf_release(&r->rows);
    buf_release(&r->names);
    buf_release(&r->row);
    memset(r, 0, sizeof(*r));
}

void store_rows_clear(struct store_rows *r)
{
    buf_clear(&r->rows);
    buf_clear(&r->names);
    map_clear(r->others);
    memset(r->known, 0, EVENT_F_COUNT * sizeof(*r->known));
    r->names_n = 0;
    r->rows_n = 0;
}

size_t store_rows_size(const struct store_rows *r)
{
    return r->rows.n + r->names.n;
}

/* Room that a value takes at most. */
static inline size_t value_room(const struct event_value *v)
{
    return VALUE_MAX + (v->type == EVENT_STR ? v->len : 0);
}

/* Writes at p, which has room; returns where the next byte goes. */
static inline char *write_value(char *p, const struct event_value *v, ts_ns time)
{
    uint64_t bits;
    uint8_t length;
    switch ((enum event_type)v->type) {
    case EVENT_STR:
        p = write_varint(p, v->len);
        memcpy(p, v->s, v->len);
        p += v->len;
        *p++ = '\0';
        break;
    case EVENT_I64:
        p = write_varint(p, zigzag(v->i));
        break;
    case EVENT_F64:
        memcpy(&bits, &v->f, sizeof(bits));
        for (unsigned i = 0; i < 8; i++)
            *p++ = (char)(bits >> 8 * i);
        break;
    case EVENT_BOOL:
        *p++ = v->b ? 1 : 0;
        break;
    case EVENT_IP:
        length = ip_is_v4(v->ip) ? 4 : 16;
        *p++ = (char)length;
        memcpy(p, v->ip->b + 16 - length, length);
        p += length;
        break;
    case EVENT_TIME:
        p = write_varint(p, zigzag((int64_t)((uint64_t)v->t - (uint64_t)time)));
        break;
    case EVENT_NULL:
        break;
    }
    return p;
}

/* The number of a name, which is entered when it is new; all or nothing. */
static enum err name_number(struct store_rows *r, const struct event_item *item, uint32_t *out)
{
    bool known = item->field != EVENT_F_NONE;
    const uint64_t *slot = known ? NULL : map_get(r->others, item->name, item->name_len);
    uint64_t number = known ? r->known[item->field] : slot != NULL ? *slot : 0;
    if (number != 0) {
        *out = (uint32_t)(number - 1);
        return ERR_NONE;
    }
    if (r->names_n == STORE_NAMES_MAX)
        return ERR_LIMIT;
    if (buf_reserve(&r->names, (size_t)item->name_len + 11) == NULL) {
        r->names.failed = false;
        return ERR_MEMORY;
    }
    if (known) {
        r->known[item->field] = (uint16_t)(r->names_n + 1);
    } else {
        uint64_t *made = map_put(r->others, item->name, item->name_len, NULL);
        if (made == NULL)
            return ERR_MEMORY;
        *made = r->names_n + 1;
    }
    put_varint(&r->names, item->name_len);
    buf_add(&r->names, item->name, item->name_len);
    buf_char(&r->names, '\0');
    *out = r->names_n++;
    return ERR_NONE;
}

static enum err put_fields(struct store_rows *r, const struct event *e)
{
    for (uint32_t i = 0; i < e->n; i++) {
        const struct event_item *item = &e->items[i];
        const struct event_value *v = event_values(item);
        uint32_t number;
        enum err rc = name_number(r, item, &number);
        if (rc != ERR_NONE)
            return rc;
        size_t room = 2 * VARINT_MAX + 1;
        for (uint32_t k = 0; k < item->n; k++)
            room += value_room(&v[k]);
        char *begin = buf_reserve(&r->row, room);
        if (begin == NULL)
            return ERR_MEMORY;
        char *p = write_varint(begin, number);
        if (item->n == 1) {
            *p++ = (char)v->type;
            p = write_value(p, v, e->time);
        } else {
            *p++ = CELL_LIST;
            p = write_varint(p, item->n);
            for (uint32_t k = 0; k < item->n; k++) {
                *p++ = (char)v[k].type;
                p = write_value(p, &v[k], e->time);
            }
        }
        r->row.n += (size_t)(p - begin);
    }
    return ERR_NONE;
}

enum err store_rows_add(struct store_rows *r, const struct event *e)
{
    ts_ns base = r->rows_n == 0 ? e->time : r->base;
    buf_clear(&r->row);
    put_varint(&r->row, zigzag((int64_t)((uint64_t)e->time - (uint64_t)base)));
    put_varint(&r->row, e->source);
    put_varint(&r->row, e->sequence);
    put_varint(&r->row, e->n);
    enum err rc = put_fields(r, e);
    if (rc != ERR_NONE)
        return rc;
    if (!buf_ok(&r->row))
        return ERR_MEMORY;
    if (r->row.n > STORE_ROW_MAX || store_rows_size(r) + r->row.n + 10 > STORE_BATCH_MAX)
        return ERR_LIMIT;
    size_t before = r->rows.n;
    put_varint(&r->rows, r->row.n);
    buf_add(&r->rows, r->row.p, r->row.n);
    if (!buf_ok(&r->rows)) {
        /* The rows so far are still there; only this one is not. */
        r->rows.failed = false;
        r->rows.n = before;
        return ERR_MEMORY;
    }
    if (r->rows_n == 0) {
        r->base = r->min_time = r->max_time = e->time;
    } else if (e->time < r->min_time) {
        r->min_time = e->time;
    } else if (e->time > r->max_time) {
        r->max_time = e->time;
    }
    r->rows_n++;
    return ERR_NONE;
}

static void put_head(const struct store_rows *r, uint8_t packing, struct buf *out)
{
    buf_add(out, "WRB\1", 4);
    buf_char(out, (char)packing);
    buf_le32(out, r->rows_n);
    buf_le32(out, r->names_n);
    buf_le64(out, (uint64_t)r->base);
    buf_le32(out, (uint32_t)store_rows_size(r));
}

/* Names and rows are two pieces of memory, one zstd frame: fed one after the other. */
static enum err compress(const struct store_rows *r, int level, struct buf *out)
{
    size_t bound = ZSTD_compressBound(store_rows_size(r)) + 64;
    char *to = buf_reserve(out, bound);
    ZSTD_CCtx *ctx = ZSTD_createCCtx();
    enum err rc = ERR_MEMORY;
    if (to == NULL || ctx == NULL)
        goto done;
    ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setPledgedSrcSize(ctx, store_rows_size(r));
    ZSTD_outBuffer dst = {to, bound, 0};
    ZSTD_inBuffer names = {buf_text(&r->names), r->names.n, 0};
    ZSTD_inBuffer rows = {buf_text(&r->rows), r->rows.n, 0};
    size_t left = ZSTD_compressStream2(ctx, &dst, &names, ZSTD_e_continue);
    while (!ZSTD_isError(left) && names.pos < names.size)
        left = ZSTD_compressStream2(ctx, &dst, &names, ZSTD_e_continue);
    if (!ZSTD_isError(left))
        left = ZSTD_compressStream2(ctx, &dst, &rows, ZSTD_e_end);
    if (!ZSTD_isError(left) && left == 0) {
        out->n += dst.pos;
        rc = ERR_NONE;
    }
done:
    ZSTD_freeCCtx(ctx);
    return rc;
}

enum err store_rows_pack(const struct store_rows *r, int level, struct buf *out)
{
    put_head(r, level > 0 ? BATCH_ZSTD : BATCH_RAW, out);
    if (level > 0) {
        enum err rc = compress(r, level, out);
        if (rc != ERR_NONE)
            return rc;
    } else {
        buf_add(out, r->names.p, r->names.n);
        buf_add(out, r->rows.p, r->rows.n);
    }
    return buf_ok(out) ? ERR_NONE : ERR_MEMORY;
}

/* Unpacks the body into memory of the batch. */
static enum err unpack(struct cursor packed, size_t length, struct store_batch *b)
{
    /* A batch cannot be made small and then claim gigabytes: the length was checked before. */
    b->body = mem_alloc(length + 1);
    if (b->body == NULL)
        return ERR_MEMORY;
    size_t got = ZSTD_decompress(b->body, length, packed.p, packed.left);
    if (ZSTD_isError(got) || got != length)
        return ERR_FORMAT;
    b->rest = cursor_make(b->body, length);
    return ERR_NONE;
}

static enum err read_names(struct store_batch *b)
{
    b->names = mem_zero(b->names_n + 1U, sizeof(*b->names));
    if (b->names == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < b->names_n; i++) {
        uint32_t n = get_count(&b->rest);
        struct bytes name = cursor_take(&b->rest, (size_t)n + 1);
        if (!cursor_ok(&b->rest) || name.p[n] != '\0' || !utf8_valid((const char *)name.p, n))
            return ERR_FORMAT;
        b->names[i].name = (const char *)name.p;
        b->names[i].len = n;
        b->names[i].field = event_field_by_name((const char *)name.p, n);
    }
    return ERR_NONE;
}

enum err store_batch_open(struct bytes bytes, struct store_batch *out)
{
    struct cursor c = cursor_of(bytes);
    struct store_batch b = {0};
    struct bytes magic = cursor_take(&c, 4);
    uint8_t packing = cursor_u8(&c);
    b.rows_n = b.rows_left = cursor_le32(&c);
    b.names_n = cursor_le32(&c);
    b.base = (ts_ns)cursor_le64(&c);
    uint32_t length = cursor_le32(&c);
    if (!cursor_ok(&c) || memcmp(magic.p, "WRB", 3) != 0)
        return ERR_FORMAT;
    if (magic.p[3] != 1)
        return magic.p[3] > 1 ? ERR_VERSION : ERR_FORMAT;
    if (length > STORE_BATCH_MAX)
        return ERR_LIMIT;
    /* A row takes at least five bytes, a name two. */
    if (b.names_n > STORE_NAMES_MAX || b.names_n > length / 2 || b.rows_n > length / 5 + 1)
        return ERR_FORMAT;
    enum err rc = ERR_FORMAT;
    if (packing == BATCH_ZSTD) {
        rc = unpack(c, length, &b);
    } else if (packing == BATCH_RAW && c.left == length) {
        b.rest = c;
        rc = ERR_NONE;
    }
    if (rc == ERR_NONE)
        rc = read_names(&b);
    if (rc != ERR_NONE) {
        store_batch_release(&b);
        return rc;
    }
    *out = b;
    return ERR_NONE;
}

void store_batch_release(struct store_batch *b)
{
    mem_free(b->body);
    mem_free(b->names);
    memset(b, 0, sizeof(*b));
}

bool store_batch_next(struct store_batch *b, struct store_row *out)
{
    if (b->rows_left == 0) {
        b->bad = b->bad || b->rest.left != 0;
        return false;
    }
    struct cursor c = cursor_sub(&b->rest, get_count(&b->rest));
    out->time = (ts_ns)((uint64_t)b->base + (uint64_t)unzigzag(get_varint(&c)));
    uint64_t source = get_varint(&c);
    out->source = (uint32_t)source;
    out->sequence = get_varint(&c);
    out->fields_n = get_count(&c);
    out->fields = cursor_rest(&c);
    if (!cursor_ok(&c) || source > UINT32_MAX) {
        b->bad = true;
        b->rows_left = 0;
        b->rest.left = 0;
        return false;
    }
    b->rows_left--;
    return true;
}

/* Moves past one value; false when it breaks a rule. */
static bool check_value(const struct store_batch *b, struct cursor *c, uint8_t type)
{
    uint32_t n;
    uint8_t byte;
    struct bytes text;
    switch ((enum event_type)type) {
    case EVENT_STR:
        n = get_count(c);
        text = cursor_take(c, (size_t)n + 1);
        return text.p != NULL && text.p[n] == '\0' &&
               (b->checked || utf8_valid((const char *)text.p, n));
    case EVENT_I64:
    case EVENT_TIME:
        (void)get_varint(c);
        return cursor_ok(c);
    case EVENT_F64:
        /* All ones in the exponent is no number. */
        return (~cursor_le64(c) & 0x7ff0000000000000U) != 0 && cursor_ok(c);
    case EVENT_BOOL:
        return cursor_u8(c) <= 1 && cursor_ok(c);
    case EVENT_IP:
        byte = cursor_u8(c);
        cursor_skip(c, byte);
        return (byte == 4 || byte == 16) && cursor_ok(c);
    case EVENT_NULL:
        break;
    }
    return false;
}

bool store_row_next(const struct store_batch *b, const struct store_row *row, struct cursor *at,
                    struct store_cell *out, bool *bad)
{
    if (at->left == 0)
        return false;
    uint64_t number = get_varint(at);
    uint8_t tag = cursor_u8(at);
    bool ok = cursor_ok(at) && number < b->names_n && (tag == CELL_LIST || tag < CELL_LIST);
    if (ok) {
        *out = (struct store_cell){
            .name = &b->names[number], .n = 1, .type = tag, .rest = *at, .time = row->time};
        if (tag == CELL_LIST) {
            out->list = true;
            out->n = get_count(at);
            out->rest = *at;
            ok = out->n > 0;
            for (uint32_t i = 0; ok && i < out->n; i++)
                ok = check_value(b, at, cursor_u8(at));
        } else {
            ok = check_value(b, at, tag);
        }
    }
    if (!ok)
        *bad = true;
    return ok;
}

void store_cell_value(struct store_cell *cell, struct event_value *out, struct ip *ip)
{
    struct cursor *c = &cell->rest;
    uint8_t type = cell->list ? cursor_u8(c) : cell->type;
    struct bytes bytes;
    *out = (struct event_value){.type = type};
    switch ((enum event_type)type) {
    case EVENT_STR:
        out->len = (uint32_t)get_varint(c);
        bytes = cursor_take(c, (size_t)out->len + 1);
        out->s = (const char *)bytes.p;
        return;
    case EVENT_I64:
        out->i = unzigzag(get_varint(c));
        return;
    case EVENT_F64: {
        uint64_t bits = cursor_le64(c);
        memcpy(&out->f, &bits, sizeof(bits));
        return;
    }
    case EVENT_BOOL:
        out->b = cursor_u8(c) != 0;
        return;
    case EVENT_IP:
        bytes = cursor_take(c, cursor_u8(c));
        *ip = bytes.n == 4 ? ip_from_v4(bytes.p) : ip_from_v6(bytes.p);
        out->ip = ip;
        return;
    case EVENT_TIME:
        out->t = (ts_ns)((uint64_t)cell->time + (uint64_t)unzigzag(get_varint(c)));
        return;
    case EVENT_NULL:
        break;
    }
}

/* Fills the values of one item; false when memory is short. */
static bool read_values(struct store_cell *cell, struct arena *arena, struct event_item *item)
{
    struct event_value *to = &item->one;
    if (cell->n > 1) {
        to = item->many = arena_alloc(arena, cell->n * sizeof(*to));
        item->cap = cell->n;
        if (to == NULL)
            return false;
    }
    for (uint32_t i = 0; i < cell->n; i++) {
        struct ip ip;
        store_cell_value(cell, &to[i], &ip);
        if (to[i].type == EVENT_IP) {
            to[i].ip = arena_copy(arena, &ip, sizeof(ip));
            if (to[i].ip == NULL)
                return false;
        }
    }
    item->n = cell->n;
    return true;
}

enum err store_row_event(const struct store_batch *b, const struct store_row *row,
                         struct arena *arena, struct event *out)
{
    struct event e = {
        .time = row->time, .sequence = row->sequence, .source = row->source, .arena = arena};
    if (!event_reserve(&e, row->fields_n + 4))
        return ERR_MEMORY;
    struct cursor at = cursor_of(row->fields);
    struct store_cell cell;
    bool bad = false;
    while (store_row_next(b, row, &at, &cell, &bad)) {
        if (e.n == row->fields_n)
            return ERR_FORMAT;
        struct event_item *item = &e.items[e.n];
        *item = (struct event_item){
            .field = cell.name->field, .name = cell.name->name, .name_len = cell.name->len};
        if (!read_values(&cell, arena, item))
            return ERR_MEMORY;
        e.ids[e.n++] = item->field;
        if (item->field != EVENT_F_NONE)
            e.has[item->field / 64] |= (uint64_t)1 << item->field % 64;
    }
    if (bad || e.n != row->fields_n)
        return ERR_FORMAT;
    *out = e;
    return ERR_NONE;
}
