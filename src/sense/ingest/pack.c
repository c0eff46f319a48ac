/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/pack.h"

#include "base/buf.h"
#include "event/event.h"

/*
 * time, sequence: 8 bytes each; source, fields: 4 each; then for each field: its number (2), for
 * an unknown one its name (4 + bytes), the count of values (4), and each value: type (1), then 8
 * bytes, or 16 of an address, or 4 + bytes + a NUL of a string. All little-endian.
 */

static void put_value(struct buf *out, const struct event_value *v)
{
    buf_char(out, (char)v->type);
    switch ((enum event_type)v->type) {
    case EVENT_STR:
        buf_le32(out, v->len);
        buf_add(out, v->s, v->len);
        buf_char(out, '\0');
        break;
    case EVENT_I64:
        buf_le64(out, (uint64_t)v->i);
        break;
    case EVENT_F64:
        buf_double(out, v->f);
        break;
    case EVENT_BOOL:
        buf_char(out, v->b ? 1 : 0);
        break;
    case EVENT_IP:
        buf_add(out, v->ip->b, sizeof(v->ip->b));
        break;
    case EVENT_TIME:
        buf_le64(out, (uint64_t)v->t);
        break;
    case EVENT_NULL:
        break;
    }
}

void ingest_pack_put(struct buf *out, const struct event *e)
{
    buf_le64(out, (uint64_t)e->time);
    buf_le64(out, e->sequence);
    buf_le32(out, e->source);
    buf_le32(out, e->n);
    for (uint32_t i = 0; i < e->n; i++) {
        const struct event_item *item = &e->items[i];
        const struct event_value *v = event_values(item);
        buf_le16(out, item->field);
        if (item->field == EVENT_F_NONE) {
            buf_le32(out, item->name_len);
            buf_add(out, item->name, item->name_len);
        }
        buf_le32(out, item->n);
        for (uint32_t k = 0; k < item->n; k++)
            put_value(out, &v[k]);
    }
}

static bool get_value(struct cursor *c, struct arena *arena, struct event_value *out)
{
    *out = (struct event_value){.type = cursor_u8(c)};
    switch ((enum event_type)out->type) {
    case EVENT_STR: {
        uint32_t n = cursor_le32(c);
        struct bytes s = cursor_take(c, (size_t)n + 1);
        out->len = n;
        out->s = (const char *)s.p;
        return cursor_ok(c) && s.p[n] == '\0';
    }
    case EVENT_I64:
        out->i = (int64_t)cursor_le64(c);
        break;
    case EVENT_F64: {
        uint64_t bits = cursor_le64(c);
        memcpy(&out->f, &bits, sizeof(bits));
        break;
    }
    case EVENT_BOOL:
        out->b = cursor_u8(c) != 0;
        break;
    case EVENT_IP: {
        struct bytes b = cursor_take(c, 16);
        out->ip = cursor_ok(c) ? arena_copy(arena, b.p, 16) : NULL;
        return out->ip != NULL;
    }
    case EVENT_TIME:
        out->t = (ts_ns)cursor_le64(c);
        break;
    case EVENT_NULL:
        break;
    default:
        return false;
    }
    return cursor_ok(c);
}

bool ingest_pack_get(struct bytes from, struct arena *arena, struct event *out)
{
    struct cursor c = cursor_of(from);
    struct event e;
    event_init(&e, arena, (ts_ns)cursor_le64(&c));
    e.sequence = cursor_le64(&c);
    e.source = cursor_le32(&c);
    uint32_t fields = cursor_le32(&c);
    for (uint32_t i = 0; i < fields && cursor_ok(&c); i++) {
        event_field field = cursor_le16(&c);
        struct bytes name = {NULL, 0};
        if (field == EVENT_F_NONE)
            name = cursor_take(&c, cursor_le32(&c));
        else if (field >= EVENT_F_COUNT)
            return false;
        uint32_t n = cursor_le32(&c);
        for (uint32_t k = 0; k < n; k++) {
            struct event_value v;
            if (!get_value(&c, arena, &v))
                return false;
            if (field == EVENT_F_NONE)
                event_add_named_view(&e, (const char *)name.p, name.n, &v);
            else
                event_add_value_view(&e, field, &v);
        }
    }
    if (!cursor_ok(&c) || c.left != 0 || e.failed)
        return false;
    *out = e;
    return true;
}
