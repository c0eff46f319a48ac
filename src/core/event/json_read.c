/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "event/json.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "event/json_names.h"
#include "format/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 2000

struct event_json {
    struct format_json *parser;
    struct event_json_counts counts;
    struct event_json_names *names;
    bool nul; /* the document may hold a NUL in a string */
};

struct event_json *event_json_new(void)
{
    struct event_json *r = mem_zero(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->parser = format_json_new();
    r->names = event_json_names_new();
    if (r->parser == NULL || r->names == NULL) {
        event_json_free(r);
        return NULL;
    }
    return r;
}

void event_json_free(struct event_json *r)
{
    if (r == NULL)
        return;
    format_json_free(r->parser);
    event_json_names_free(r->names);
    mem_free(r);
}

const struct event_json_counts *event_json_counts(const struct event_json *r)
{
    return &r->counts;
}

void event_json_tape(const struct event_json *r, struct format_json_tape *out)
{
    format_json_view(r->parser, out);
}

bool event_json_time_number(double v, ts_ns *out)
{
    double size = fabs(v);
    double unit = size < 1e11 ? 1e6 : size < 1e14 ? 1e3 : size < 1e17 ? 1 : 1e-3;
    double us = round(v * unit);
    if (!(fabs(us) < 9.2e15))
        return false;
    *out = (ts_ns)us * TIME_US;
    return true;
}

bool event_json_decimal(const char *s, size_t n, int64_t *out_whole, int64_t *out_nano)
{
    bool negative = n > 0 && s[0] == '-';
    size_t i = negative;
    int64_t whole = 0;
    int64_t nano = 0;
    size_t from = i;
    for (; i < n && s[i] >= '0' && s[i] <= '9'; i++) {
        if (i - from >= 18)
            return false;
        whole = whole * 10 + (s[i] - '0');
    }
    if (i == from)
        return false;
    if (i < n && s[i] == '.') {
        int64_t place = 100000000;
        for (i++; i < n && s[i] >= '0' && s[i] <= '9'; i++, place /= 10)
            nano += (s[i] - '0') * place;
    }
    if (i != n)
        return false;
    *out_whole = negative ? -whole : whole;
    *out_nano = negative ? -nano : nano;
    return true;
}

/* A whole number and nano (billionths of it) of the unit that the number's size tells. */
static bool scale(int64_t whole, int64_t nano, ts_ns *out)
{
    static const struct {
        int64_t below;
        ts_ns unit;
    } sizes[] = {{100000000000, TIME_S},
                 {100000000000000, TIME_MS},
                 {100000000000000000, TIME_US},
                 {INT64_MAX, 1}};
    size_t i = 0;
    while (whole >= sizes[i].below || whole <= -sizes[i].below) {
        if (++i == 4)
            return false;
    }
    ts_ns t;
    if (__builtin_mul_overflow(whole, sizes[i].unit, &t) ||
        __builtin_add_overflow(t, nano / (TIME_S / sizes[i].unit), &t))
        return false;
    *out = t;
    return true;
}

bool event_json_time_text(const char *s, size_t n, ts_ns *out)
{
    int64_t whole;
    int64_t nano;
    if (n >= 10 && s[4] == '-' && time_parse_iso(s, n, out))
        return true;
    if (event_json_decimal(s, n, &whole, &nano))
        return scale(whole, nano, out);
    char text[48];
    char *end;
    if (n == 0 || n >= sizeof(text) || strchr("0123456789-", s[0]) == NULL)
        return time_parse_iso(s, n, out);
    memcpy(text, s, n);
    text[n] = '\0';
    double v = strtod(text, &end); /* with an exponent */
    return *end == '\0' && strpbrk(text, "xXnN") == NULL ? event_json_time_number(v, out)
                                                         : time_parse_iso(s, n, out);
}

static void read_time(const struct format_json_tape *t, uint32_t at, struct event *e)
{
    ts_ns time;
    size_t n;
    const char *s;
    bool fine = false;
    switch (format_json_type(t, at)) {
    case FORMAT_STRING:
        s = format_json_str(t, at, &n);
        fine = event_json_time_text(s, n, &time);
        break;
    case FORMAT_INT:
        fine = scale(format_json_i64(t, at), 0, &time);
        break;
    case FORMAT_FLOAT:
        fine = event_json_time_number(format_json_f64(t, at), &time);
        break;
    case FORMAT_ARRAY:
        if (at + 1 < format_json_end(t, at))
            read_time(t, at + 1, e);
        return;
    default:
        break;
    }
    if (fine)
        e->time = time;
}

static void add_value(struct event_json *r, const struct format_json_tape *t, uint32_t at,
                      uint32_t name, struct event *e)
{
    struct event_value v;
    size_t n;
    const char *s;
    switch (format_json_type(t, at)) {
    case FORMAT_STRING:
        s = format_json_str(t, at, &n);
        if (n >= UINT32_MAX / 8) {
            r->counts.dropped_fields++;
            return;
        }
        v = (struct event_value){.type = EVENT_STR, .len = (uint32_t)n, .s = s};
        if (r->nul && memchr(s, 0, n) != NULL) {
            size_t bad = 0;
            char *to = arena_alloc(e->arena, utf8_escape_bound(n) + 1);
            if (to == NULL) {
                e->failed = true;
                return;
            }
            v.len = (uint32_t)utf8_escape(s, n, to, &bad);
            v.s = to;
            r->counts.repaired_bytes += bad;
        }
        break;
    case FORMAT_INT:
        v = (struct event_value){.type = EVENT_I64, .i = format_json_i64(t, at)};
        break;
    case FORMAT_FLOAT:
        v = (struct event_value){.type = EVENT_F64, .f = format_json_f64(t, at)};
        break;
    case FORMAT_BOOL:
        v = (struct event_value){.type = EVENT_BOOL, .b = format_json_bool(t, at)};
        break;
    default:
        return;
    }
    const struct event_json_name *to = event_json_names_at(r->names, name);
    if (e->n >= FIELDS_MAX)
        r->counts.dropped_fields++;
    else if (to->field != EVENT_F_NONE)
        event_add_value_view(e, to->field, &v);
    else
        event_add_unknown_view(e, to->text, to->len, &v);
}

static void add_members(struct event_json *r, const struct format_json_tape *t, uint32_t at,
                        uint32_t name, struct event *e);

static void add_any(struct event_json *r, const struct format_json_tape *t, uint32_t at,
                    uint32_t name, struct event *e)
{
    switch (format_json_tag(t, at)) {
    case '{':
        add_members(r, t, at, name, e);
        break;
    case '[': {
        uint32_t end = format_json_end(t, at);
        for (uint32_t i = at + 1; i < end; i = format_json_next(t, i))
            add_any(r, t, i, name, e);
        break;
    }
    default:
        add_value(r, t, at, name, e);
    }
}

/* The members of an object with that name. Depth is bounded by the parser. */
static void add_members(struct event_json *r, const struct format_json_tape *t, uint32_t at,
                        uint32_t name, struct event *e)
{
    uint32_t end = format_json_end(t, at);
    uint32_t before = 0;
    for (uint32_t i = at + 1; i < end; i = format_json_next(t, i)) {
        size_t n;
        const char *key = format_json_str(t, i++, &n);
        uint32_t member = r->nul && memchr(key, 0, n) != NULL
                              ? 0
                              : event_json_names_step(r->names, name, before, key, n);
        if (member == 0) {
            r->counts.dropped_fields++;
            e->failed |= event_json_names_starved(r->names);
            continue;
        }
        before = member;
        if (event_json_names_at(r->names, member)->is_time)
            read_time(t, i, e);
        else
            add_any(r, t, i, member, e);
    }
}

void event_json_add(struct event_json *r, struct event *e, uint32_t at)
{
    struct format_json_tape t;
    format_json_view(r->parser, &t);
    if (format_json_type(&t, at) == FORMAT_OBJECT)
        add_members(r, &t, at, EVENT_JSON_NAMES_ROOT, e);
}

enum err event_json_parse(struct event_json *r, const char *text, size_t n, bool padded,
                          struct format_json_bad *bad)
{
    struct format_json_bad mine;
    size_t repaired = 0;
    event_json_names_trim(r->names);
    enum err code = padded ? format_json_parse_padded(r->parser, text, n, &mine)
                           : format_json_parse(r->parser, text, n, &mine);
    if (code == ERR_FORMAT)
        code = format_json_parse_repaired(r->parser, text, n, &repaired, &mine);
    r->counts.repaired_bytes += repaired;
    const char *escape = memchr(text, '\\', n);
    r->nul = repaired > 0 ||
             (escape != NULL && memmem(escape, n - (size_t)(escape - text), "\\u0000", 6) != NULL);
    if (code == ERR_FORMAT && bad != NULL)
        *bad = mine;
    return code;
}

enum err event_json_read(struct event_json *r, const char *text, size_t n, bool padded,
                         struct arena *arena, struct event *out, struct format_json_bad *bad)
{
    enum err code = event_json_parse(r, text, n, padded, bad);
    if (code != ERR_NONE)
        return code;
    struct format_json_tape t;
    format_json_view(r->parser, &t);
    if (format_json_type(&t, FORMAT_JSON_ROOT) != FORMAT_OBJECT) {
        if (bad != NULL)
            *bad = (struct format_json_bad){0, "an object is expected"};
        return ERR_FORMAT;
    }
    struct event e;
    event_init(&e, arena, TIME_NONE);
    add_members(r, &t, FORMAT_JSON_ROOT, EVENT_JSON_NAMES_ROOT, &e);
    if (e.failed)
        return ERR_MEMORY;
    *out = e;
    return ERR_NONE;
}
