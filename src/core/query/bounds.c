/* SPDX-License-Identifier: Apache-2.0 */
#include "query/build_priv.h"

#include "query/datemath.h"

#include <math.h>
#include <string.h>

/* One side of a range as it is being typed. */
struct side {
    const struct query_raw *raw;
    bool high;
    bool open;
};

static bool ip_step(struct ip *a, bool up)
{
    for (int i = 15; i >= 0; i--) {
        a->b[i] = (uint8_t)(a->b[i] + (up ? 1 : -1));
        if (a->b[i] != (up ? 0 : 0xff))
            return true;
    }
    return false;
}

static bool ip_side(struct query_bounds *o, const struct side *s)
{
    struct ip a;
    if (!ip_parse(s->raw->s, s->raw->n, &a))
        return false;
    if (s->open && !ip_step(&a, !s->high))
        o->empty = true;
    if (s->high)
        o->high_ip = a;
    else
        o->low_ip = a;
    return true;
}

/* Integers at or beyond a number: made inclusive, cut to what 64 bits hold. */
static bool long_side(struct query_bounds *o, const struct side *s)
{
    int64_t i;
    double d;
    int64_t *to = s->high ? &o->high_i : &o->low_i;
    if (query_build_integer(s->raw->s, s->raw->n, &i)) {
        if (s->open && __builtin_add_overflow(i, s->high ? -1 : 1, &i))
            o->empty = true;
        *to = i;
        return true;
    }
    if (!query_build_number(s->raw->s, s->raw->n, &d))
        return false;
    double whole = s->high ? floor(d) : ceil(d);
    if (s->open && whole == d)
        whole += s->high ? -1 : 1;
    if (whole >= 0x1p63) {
        o->empty = o->empty || !s->high;
        *to = INT64_MAX;
    } else if (whole < -0x1p63) {
        o->empty = o->empty || s->high;
        *to = INT64_MIN;
    } else {
        *to = (int64_t)whole;
    }
    return true;
}

static bool bool_side(struct query_bounds *o, const struct side *s)
{
    bool yes = s->raw->n == 4 && memcmp(s->raw->s, "true", 4) == 0;
    bool no = s->raw->n == 5 && memcmp(s->raw->s, "false", 5) == 0;
    int64_t v = yes ? 1 : 0;
    if (s->open)
        v += s->high ? -1 : 1;
    if (s->high)
        o->high_i = v;
    else
        o->low_i = v;
    return yes || no;
}

static bool double_side(struct query_bounds *o, const struct side *s)
{
    return query_build_number(s->raw->s, s->raw->n, s->high ? &o->high_f : &o->low_f);
}

static enum err date_side(struct query_bounds *o, const struct side *s,
                          const struct datemath_options *options, bool *out_uses_now,
                          struct err_text *why)
{
    struct datemath_span span;
    enum err e = query_datemath_parse(s->raw->s, s->raw->n, options, &span, why);
    if (e != ERR_NONE)
        return e;
    if (s->high)
        o->to = s->open ? span.from : span.to;
    else
        o->from = s->open ? span.to : span.from;
    *out_uses_now = *out_uses_now || span.uses_now;
    return ERR_NONE;
}

/* What a field that is not in the table is compared as: numbers if all sides are, else dates. */
static void guess(struct query_bounds *o, const struct query_ask *ask)
{
    double d;
    struct datemath_span span;
    struct datemath_options iso = {.format = "strict_date_optional_time"};
    bool numbers = true, dates = true;
    for (int i = 0; i < 2; i++) {
        const struct query_raw *r = &ask->values[i];
        if (r->s == NULL)
            continue;
        numbers = numbers && query_build_number(r->s, r->n, &d);
        dates = dates && query_datemath_parse(r->s, r->n, &iso, &span, NULL) == ERR_NONE;
    }
    bool told = ask->format != NULL || ask->time_zone != NULL;
    o->dates = told || (dates && !numbers);
    o->numeric = numbers && !told;
}

static bool set_texts(struct query_build *b, struct query_bounds *o, const struct query_ask *ask)
{
    const struct query_raw *low = &ask->values[0], *high = &ask->values[1];
    o->has_low = low->s != NULL;
    o->has_high = high->s != NULL;
    o->low_open = o->has_low && ask->low_open;
    o->high_open = o->has_high && ask->high_open;
    o->low_len = (uint32_t)low->n;
    o->high_len = (uint32_t)high->n;
    if (o->has_low)
        o->low_text = query_build_text(b, low->s, low->n);
    if (o->has_high)
        o->high_text = query_build_text(b, high->s, high->n);
    return b->err == ERR_NONE;
}

static void set_defaults(struct query_bounds *o)
{
    o->low_i = INT64_MIN;
    o->high_i = INT64_MAX;
    o->low_f = -HUGE_VAL;
    o->high_f = HUGE_VAL;
    o->from = INT64_MIN;
    o->to = TIME_MAX;
    memset(&o->low_ip, 0, sizeof o->low_ip);
    memset(&o->high_ip, 0xff, sizeof o->high_ip);
}

static bool remember_now(struct query_build *b, struct query_bounds *o, const struct query_ask *ask,
                         const struct query_zone *zone)
{
    struct query_moving *m = query_build_alloc(b, sizeof *m);
    if (m == NULL)
        return false;
    if (ask->format != NULL)
        m->format = query_build_text(b, ask->format, strlen(ask->format));
    m->bounds = o;
    m->zone = zone;
    m->next = b->q->moving;
    b->q->moving = m;
    return b->err == ERR_NONE;
}

/* NULL after query_build_fail(). */
static const struct query_zone *zone_of(struct query_build *b, const char *name)
{
    struct err_text why;
    for (const struct query_build_zone *z = b->zones; z != NULL; z = z->next) {
        if (strcmp(z->name, name) == 0)
            return &z->zone;
    }
    struct query_build_zone *z = query_build_alloc(b, sizeof *z);
    if (z == NULL || (z->name = query_build_text(b, name, strlen(name))) == NULL)
        return NULL;
    enum err e = query_zone_load(name, strlen(name), &b->q->arena, &z->zone, &why);
    if (e != ERR_NONE)
        return query_build_fail(b, e, "%s", why.message);
    z->next = b->zones;
    b->zones = z;
    return &z->zone;
}

static bool as_dates(struct query_build *b, struct query_bounds *o, const struct query_ask *ask,
                     bool *out_uses_now, bool *out_mismatch)
{
    struct datemath_options options = {.now = b->now, .format = ask->format};
    struct err_text why;
    if (ask->time_zone != NULL && (options.zone = zone_of(b, ask->time_zone)) == NULL)
        return false;
    bool uses_now = false;
    for (int i = 0; i < 2; i++) {
        struct side s = {&ask->values[i], i == 1, i == 1 ? ask->high_open : ask->low_open};
        if (s.raw->s == NULL)
            continue;
        enum err e = date_side(o, &s, &options, &uses_now, &why);
        if (e == ERR_INVALID && ask->lenient)
            *out_mismatch = true;
        else if (e != ERR_NONE)
            return query_build_fail(b, e, "%s", why.message) != NULL;
    }
    if (uses_now && !remember_now(b, o, ask, options.zone))
        return false;
    *out_uses_now = uses_now;
    return true;
}

struct query_bounds *query_bounds_make(struct query_build *b, const struct query_field *f,
                                       const struct query_ask *ask, bool *out_uses_now,
                                       bool *out_mismatch)
{
    struct query_bounds *o = query_build_alloc(b, sizeof *o);
    if (o == NULL || !set_texts(b, o, ask))
        return NULL;
    set_defaults(o);
    bool dates = f->kind == EVENT_KIND_DATE;
    bool numeric = false;
    if (f->kind == QUERY_KIND_UNKNOWN) {
        guess(o, ask);
        dates = o->dates;
        numeric = o->numeric;
    }
    if (dates)
        return as_dates(b, o, ask, out_uses_now, out_mismatch) ? o : NULL;
    for (int i = 0; i < 2; i++) {
        struct side s = {&ask->values[i], i == 1, i == 1 ? ask->high_open : ask->low_open};
        bool fits = true;
        if (s.raw->s == NULL)
            continue;
        if (f->kind == EVENT_KIND_IP)
            fits = ip_side(o, &s);
        else if (f->kind == EVENT_KIND_LONG)
            fits = long_side(o, &s);
        else if (f->kind == EVENT_KIND_BOOLEAN)
            fits = bool_side(o, &s);
        else if (f->kind == EVENT_KIND_DOUBLE || numeric)
            fits = double_side(o, &s);
        *out_mismatch = *out_mismatch || !fits;
    }
    return o;
}

void query_bounds_move(const struct query_moving *m, ts_ns now)
{
    struct query_bounds *o = m->bounds;
    struct datemath_options options = {.now = now, .format = m->format, .zone = m->zone};
    struct query_raw low = {.s = o->low_text, .n = o->low_len};
    struct query_raw high = {.s = o->high_text, .n = o->high_len};
    struct side sides[2] = {{&low, false, o->low_open}, {&high, true, o->high_open}};
    bool uses_now = false;
    bool held = true;
    for (int i = 0; i < 2; i++) {
        if (sides[i].raw->s != NULL)
            held = date_side(o, &sides[i], &options, &uses_now, NULL) == ERR_NONE && held;
    }
    o->empty = !held; /* now has left the years that can be told */
}
