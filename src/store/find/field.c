/* SPDX-License-Identifier: Apache-2.0 */
#include "find/field.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "event/id.h"
#include "format/write.h"

#include <math.h>
#include <string.h>

static bool is(const char *s, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(s, word, n) == 0;
}

static bool ends(const char *s, size_t n, const char *end, size_t *out_n)
{
    size_t m = strlen(end);
    if (n <= m || memcmp(s + n - m, end, m) != 0)
        return false;
    *out_n = n - m;
    return true;
}

static uint8_t meta_of(const char *s, size_t n)
{
    static const struct {
        const char *name;
        uint8_t meta;
    } all[] = {
        {"@timestamp", FIND_META_TIME},  {"_index", FIND_META_INDEX},
        {"_id", FIND_META_ID},           {"_doc", FIND_META_ORDER},
        {"_shard_doc", FIND_META_ORDER}, {"_seq_no", FIND_META_ORDER},
        {"_score", FIND_META_SCORE},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (is(s, n, all[i].name))
            return all[i].meta;
    return FIND_META_NONE;
}

bool find_field_init(struct find_field *f, const char *name, size_t n, struct arena *arena)
{
    memset(f, 0, sizeof(*f));
    if (n == 0 || n > FIND_FIELD_NAME_MOST)
        return false;
    f->name = f->path = arena_strndup(arena, name, n);
    f->path_len = (uint32_t)n;
    f->meta = meta_of(name, n);
    f->id = event_field_by_name(name, n);
    f->kind = f->id != EVENT_F_NONE ? event_field_def(f->id)->kind : FIND_KIND_UNKNOWN;
    if (f->meta == FIND_META_TIME)
        f->kind = EVENT_KIND_DATE;
    else if (f->meta == FIND_META_INDEX || f->meta == FIND_META_ID)
        f->kind = EVENT_KIND_KEYWORD;
    else if (f->meta != FIND_META_NONE)
        f->kind = EVENT_KIND_LONG;
    size_t base;
    if (f->id == EVENT_F_NONE && f->meta == FIND_META_NONE &&
        (ends(name, n, ".keyword", &base) || ends(name, n, ".caseless", &base))) {
        f->id = event_field_by_name(name, base);
        f->path = arena_strndup(arena, name, base);
        f->path_len = (uint32_t)base;
        if (f->id != EVENT_F_NONE) {
            f->kind = event_field_def(f->id)->kind;
            if (f->kind == EVENT_KIND_TEXT)
                f->kind = EVENT_KIND_KEYWORD;
        }
    }
    return f->name != NULL && f->path != NULL;
}

bool find_field_is_number(const struct find_field *f)
{
    return f->kind == EVENT_KIND_LONG || f->kind == EVENT_KIND_DOUBLE ||
           f->kind == EVENT_KIND_BOOLEAN || f->kind == FIND_KIND_UNKNOWN;
}

bool find_field_is_date(const struct find_field *f)
{
    return f->kind == EVENT_KIND_DATE;
}

bool find_field_is_text(const struct find_field *f)
{
    return f->kind == EVENT_KIND_TEXT;
}

void find_field_values(const struct find_field *f, const struct find_doc *doc,
                       struct find_values *out)
{
    const struct event_item *item;
    const char *id;
    out->v = &out->one;
    out->n = 1;
    switch ((enum find_meta)f->meta) {
    case FIND_META_TIME:
        out->one = event_value_time(doc->e->time);
        return;
    case FIND_META_INDEX:
        if (doc->index != NULL)
            out->one = event_value_str(doc->index, strlen(doc->index));
        else
            out->one = event_value_str(out->text, query_index_name(doc->e, out->text));
        return;
    case FIND_META_ID:
        id = doc->id != NULL ? doc->id : event_id_of(doc->e, out->text);
        out->one = event_value_str(id, strlen(id));
        return;
    case FIND_META_ORDER:
        out->one = event_value_i64((int64_t)doc->e->sequence);
        return;
    case FIND_META_SCORE:
        out->one = (struct event_value){.type = EVENT_F64, .f = 1};
        return;
    case FIND_META_NONE:
        break;
    }
    item =
        f->id != EVENT_F_NONE ? event_get(doc->e, f->id) : event_find(doc->e, f->path, f->path_len);
    out->n = item != NULL ? item->n : 0;
    out->v = item != NULL ? event_values(item) : NULL;
}

static bool as_text(const struct event_value *v, struct event_value *out, struct find_room *room)
{
    size_t n;
    const char *text = event_value_text(v, room->text, &n);
    *out = event_value_str(text, n);
    return v->type != EVENT_NULL;
}

bool find_field_value(const struct find_field *f, const struct event_value *v,
                      struct event_value *out, struct find_room *room)
{
    *out = *v;
    switch (f->kind) {
    case EVENT_KIND_LONG:
        return v->type == EVENT_I64;
    case EVENT_KIND_DOUBLE:
        if (v->type == EVENT_I64)
            *out = (struct event_value){.type = EVENT_F64, .f = (double)v->i};
        if (out->type == EVENT_F64 && out->f == 0)
            out->f = 0; /* there is one nought */
        return out->type == EVENT_F64;
    case EVENT_KIND_BOOLEAN:
        return v->type == EVENT_BOOL;
    case EVENT_KIND_DATE:
        return v->type == EVENT_TIME;
    case EVENT_KIND_IP:
        if (v->type == EVENT_STR && ip_parse(v->s, v->len, &room->ip))
            *out = event_value_ip(&room->ip);
        return out->type == EVENT_IP;
    case FIND_KIND_UNKNOWN:
        if (v->type == EVENT_F64 && v->f == 0)
            out->f = 0;
        return v->type != EVENT_NULL;
    default:
        return as_text(v, out, room);
    }
}

static int compare_numbers(double a, double b)
{
    return (a > b) - (a < b);
}

static bool is_number(const struct event_value *v)
{
    return v->type == EVENT_I64 || v->type == EVENT_F64;
}

int find_value_compare(const struct event_value *a, const struct event_value *b)
{
    if (is_number(a) && is_number(b) && (a->type == EVENT_F64 || b->type == EVENT_F64)) {
        int order = compare_numbers(a->type == EVENT_F64 ? a->f : (double)a->i,
                                    b->type == EVENT_F64 ? b->f : (double)b->i);
        return order != 0 ? order : (int)a->type - (int)b->type;
    }
    if (a->type != b->type) {
        if (a->type == EVENT_NULL || b->type == EVENT_NULL)
            return a->type == EVENT_NULL ? 1 : -1;
        return (int)a->type - (int)b->type;
    }
    switch ((enum event_type)a->type) {
    case EVENT_STR: {
        int order = memcmp(a->s, b->s, a->len < b->len ? a->len : b->len);
        return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
    }
    case EVENT_I64:
        return (a->i > b->i) - (a->i < b->i);
    case EVENT_F64:
        return compare_numbers(a->f, b->f);
    case EVENT_BOOL:
        return (int)a->b - (int)b->b;
    case EVENT_IP:
        return memcmp(a->ip->b, b->ip->b, sizeof(a->ip->b));
    case EVENT_TIME:
        return (a->t > b->t) - (a->t < b->t);
    case EVENT_NULL:
        break;
    }
    return 0;
}

bool find_value_copy(struct event_value *out, const struct event_value *v)
{
    *out = *v;
    if (v->type == EVENT_STR) {
        out->s = mem_strndup(v->s, v->len);
        return out->s != NULL;
    }
    if (v->type == EVENT_IP) {
        struct ip *ip = mem_alloc(sizeof(*ip));
        if (ip != NULL)
            *ip = *v->ip;
        out->ip = ip;
        return ip != NULL;
    }
    return true;
}

void find_value_free(struct event_value *v)
{
    if (v->type == EVENT_STR)
        mem_free((char *)(uintptr_t)v->s);
    else if (v->type == EVENT_IP)
        mem_free((struct ip *)(uintptr_t)v->ip);
    v->type = EVENT_NULL;
}

struct bytes find_value_bytes(const struct event_value *v, uint8_t room[17])
{
    if (v->type == EVENT_STR)
        return bytes_make(v->s, v->len);
    size_t n = 1;
    room[0] = v->type;
    switch ((enum event_type)v->type) {
    case EVENT_IP:
        memcpy(room + 1, v->ip->b, 16);
        n = 17;
        break;
    case EVENT_BOOL:
        room[1] = v->b;
        n = 2;
        break;
    case EVENT_NULL:
    case EVENT_STR:
        break;
    case EVENT_I64:
    case EVENT_F64:
    case EVENT_TIME:
        memcpy(room + 1, &v->i, 8);
        n = 9;
        break;
    }
    return bytes_make(room, n);
}

int64_t find_ms(ts_ns t)
{
    return t / TIME_MS - (t % TIME_MS < 0);
}

ts_ns find_ns(int64_t ms)
{
    if (ms >= INT64_MAX / TIME_MS)
        return INT64_MAX - 1;
    if (ms <= INT64_MIN / TIME_MS)
        return INT64_MIN + 1;
    return ms * TIME_MS;
}

bool find_value_number(const struct event_value *v, double *out)
{
    switch ((enum event_type)v->type) {
    case EVENT_I64:
        *out = (double)v->i;
        return true;
    case EVENT_F64:
        *out = v->f;
        return isfinite(v->f);
    case EVENT_BOOL:
        *out = v->b;
        return true;
    case EVENT_TIME:
        *out = (double)find_ms(v->t);
        return true;
    case EVENT_STR:
    case EVENT_IP:
    case EVENT_NULL:
        break;
    }
    return false;
}

void find_value_write(struct format_writer *w, const struct event_value *v)
{
    char text[IP_TEXT_SIZE];
    switch ((enum event_type)v->type) {
    case EVENT_STR:
        format_write_str_n(w, v->s, v->len);
        return;
    case EVENT_I64:
        format_write_i64(w, v->i);
        return;
    case EVENT_F64:
        format_write_f64(w, v->f);
        return;
    case EVENT_BOOL:
        format_write_bool(w, v->b);
        return;
    case EVENT_IP:
        format_write_str_n(w, text, ip_format(v->ip, text));
        return;
    case EVENT_TIME:
        format_write_i64(w, find_ms(v->t));
        return;
    case EVENT_NULL:
        format_write_null(w);
        return;
    }
}
