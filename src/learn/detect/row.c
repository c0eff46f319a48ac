/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/row.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "detect/validate_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int slot_of(struct detect_plan *p, const char *name)
{
    if (name == NULL)
        return DETECT_NO_SLOT;
    for (size_t i = 0; i < p->n_slots; i++) {
        if (strcmp(p->slots[i].name, name) == 0)
            return (int)i;
    }
    void *slots = p->slots;
    if (mem_grow(&slots, &p->cap, p->n_slots + 1, sizeof(*p->slots)) != 0)
        return -2;
    p->slots = slots;
    size_t n = strlen(name);
    struct detect_slot *s = &p->slots[p->n_slots];
    *s = (struct detect_slot){.name = name,
                              .field = event_field_by_name(name, n),
                              .runtime = detect_runtime_find(name, n),
                              .column = DETECT_NO_COLUMN};
    return (int)p->n_slots++;
}

/* A slot for a part of a field that is an object. */
static int part_slot(struct detect_plan *p, const char *field, const char *part)
{
    void *made = p->made;
    if (mem_grow(&made, &p->cap_made, p->n_made + 1, sizeof(*p->made)) != 0)
        return -2;
    p->made = made;
    size_t n = strlen(field);
    char *name = mem_alloc(n + strlen(part) + 1);
    if (name == NULL)
        return -2;
    memcpy(name, field, n);
    memcpy(name + n, part, strlen(part) + 1);
    p->made[p->n_made++] = name;
    return slot_of(p, name);
}

static bool add_point(struct detect_plan *p, const char *field, struct detect_reads *r)
{
    static const char *const parts[DETECT_POINT_PARTS] = {".lat", ".lon", ".coordinates"};
    for (size_t i = 0; i < DETECT_POINT_PARTS; i++) {
        r->point[i] = part_slot(p, field, parts[i]);
        if (r->point[i] < 0)
            return false;
    }
    return true;
}

/* The sources of runtime fields become slots of their own. */
static bool add_sources(struct detect_plan *p)
{
    for (size_t i = 0; i < p->n_slots; i++) {
        const struct detect_runtime *rt = p->slots[i].runtime;
        int sources[DETECT_RUNTIME_SOURCES];
        for (size_t k = 0; k < DETECT_RUNTIME_SOURCES; k++) {
            sources[k] = rt != NULL ? slot_of(p, rt->sources[k]) : DETECT_NO_SLOT;
            if (sources[k] < DETECT_NO_SLOT)
                return false;
        }
        memcpy(p->slots[i].sources, sources, sizeof(sources));
    }
    return true;
}

/* Where messages are, and where their categories go. */
static bool add_messages(struct detect_plan *p)
{
    const struct detect_job *job = p->job;
    p->message = p->category = p->group = DETECT_NO_SLOT;
    if (job->category_field == NULL)
        return true;
    p->message = slot_of(p, job->category_field);
    p->category = slot_of(p, DETECT_CATEGORY_FIELD);
    for (size_t i = 0; i < job->n_measures; i++) {
        p->detectors[i].categorized = detect_validate_is_categorized(&job->detectors[i]);
        if (p->detectors[i].categorized && job->categories_apart)
            p->group = p->detectors[i].partition;
    }
    return p->message >= DETECT_NO_SLOT && p->category >= DETECT_NO_SLOT;
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

enum err detect_plan_init(struct detect_plan *p, const struct detect_job *job)
{
    *p = (struct detect_plan){.job = job, .summary = DETECT_NO_SLOT};
    p->detectors = mem_zero(job->n_measures, sizeof(*p->detectors));
    if (p->detectors == NULL)
        return ERR_MEMORY;
    bool ok = true;
    for (size_t i = 0; i < job->n_influencers; i++) {
        p->influencers[i] = slot_of(p, job->influencers[i]);
        ok &= p->influencers[i] >= DETECT_NO_SLOT;
    }
    for (size_t i = 0; i < job->n_measures; i++) {
        const struct detect_detector *d = &job->detectors[i];
        struct detect_reads *r = &p->detectors[i];
        r->field = slot_of(p, d->field);
        r->by = slot_of(p, d->by);
        r->over = slot_of(p, d->over);
        r->partition = slot_of(p, d->partition);
        ok &= r->field >= DETECT_NO_SLOT && r->by >= DETECT_NO_SLOT && r->over >= DETECT_NO_SLOT &&
              r->partition >= DETECT_NO_SLOT;
        if (d->function->kind == DETECT_LAT_LONG)
            ok = add_point(p, d->field, r) && ok;
        for (size_t k = 0; k < job->n_influencers; k++) {
            const char *name = job->influencers[k];
            if (!same(name, d->by) && !same(name, d->over) && !same(name, d->partition))
                r->influencers[r->n_influencers++] = (uint8_t)k;
        }
    }
    p->summary = slot_of(p, job->summary_count_field);
    ok = add_messages(p) && ok;
    ok = ok && p->summary >= DETECT_NO_SLOT && add_sources(p);
    p->event_time = strcmp(job->time_field, "@timestamp") == 0;
    p->time_field = event_field_by_name(job->time_field, strlen(job->time_field));
    p->time_column = DETECT_NO_COLUMN;
    if (!ok) {
        detect_plan_release(p);
        return ERR_MEMORY;
    }
    return ERR_NONE;
}

void detect_plan_release(struct detect_plan *p)
{
    for (size_t i = 0; i < p->n_made; i++)
        mem_free(p->made[i]);
    mem_free(p->made);
    mem_free(p->slots);
    mem_free(p->detectors);
    *p = (struct detect_plan){0};
}

static size_t column_of(const char *name, const struct bytes *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strlen(name) == names[i].n && memcmp(name, names[i].p, names[i].n) == 0)
            return i;
    }
    return DETECT_NO_COLUMN;
}

enum err detect_plan_columns(struct detect_plan *p, const struct bytes *names, size_t n,
                             struct err_text *why)
{
    size_t time = column_of(p->job->time_field, names, n);
    if (time == DETECT_NO_COLUMN)
        return err_set(why, ERR_INVALID,
                       "the header has no column \"%.100s\", the job's time field",
                       p->job->time_field);
    p->time_column = time;
    for (size_t i = 0; i < p->n_slots; i++)
        p->slots[i].column = column_of(p->slots[i].name, names, n);
    return ERR_NONE;
}

enum err detect_row_init(struct detect_row *r, const struct detect_plan *p)
{
    *r = (struct detect_row){0};
    buf_init(&r->made);
    r->values = mem_zero(p->n_slots > 0 ? p->n_slots : 1, sizeof(*r->values));
    return r->values != NULL ? ERR_NONE : ERR_MEMORY;
}

void detect_row_release(struct detect_row *r)
{
    mem_free(r->values);
    buf_release(&r->made);
    *r = (struct detect_row){0};
}

/* Runtime fields that the record does not carry itself. */
static void compute(struct detect_row *r, const struct detect_plan *p)
{
    for (size_t i = 0; i < p->n_slots; i++) {
        const struct detect_slot *s = &p->slots[i];
        if (s->runtime == NULL || r->values[i].n > 0)
            continue;
        struct bytes sources[DETECT_RUNTIME_SOURCES] = {{NULL, 0}};
        for (size_t k = 0; k < DETECT_RUNTIME_SOURCES && s->sources[k] >= 0; k++) {
            const struct detect_values *v = &r->values[s->sources[k]];
            if (v->n > 0)
                sources[k] = v->v[0].text;
        }
        struct buf made;
        buf_init(&made);
        if (s->runtime->make(sources, &made) && buf_ok(&made) && made.n > 0) {
            /* Each value has its own piece of the row's scratch, or the row's buffer. */
            struct detect_values *v = &r->values[i];
            const char *text = v->scratch[0];
            if (made.n <= EVENT_TEXT_SIZE)
                memcpy(v->scratch[0], made.p, made.n);
            else
                text = NULL;
            size_t at = r->made.n;
            if (text == NULL && r->made.cap - at > made.n) {
                buf_add(&r->made, made.p, made.n);
                text = r->made.p + at;
            }
            if (text != NULL) {
                v->n = 1;
                v->v[0] = (struct detect_value){.text = bytes_make(text, made.n), .numeric = -1};
                r->fields++;
            }
        }
        buf_release(&made);
    }
}

void detect_row_event(struct detect_row *r, const struct detect_plan *p, const struct event *e)
{
    r->fields = 0;
    r->bytes = 0;
    buf_clear(&r->made);
    /* Room for computed texts up front: growing would move those already given out. */
    (void)buf_reserve(&r->made, p->n_slots * (size_t)4096);
    for (size_t i = 0; i < p->n_slots; i++) {
        const struct detect_slot *s = &p->slots[i];
        struct detect_values *out = &r->values[i];
        out->n = 0;
        const struct event_item *item = s->field != EVENT_F_NONE
                                            ? event_get(e, s->field)
                                            : event_find(e, s->name, strlen(s->name));
        if (item == NULL)
            continue;
        const struct event_value *values = event_values(item);
        for (uint32_t k = 0; k < item->n; k++) {
            if (out->n == DETECT_ROW_VALUES) {
                r->dropped += item->n - k;
                break;
            }
            size_t n = 0;
            const char *text = event_value_text(&values[k], out->scratch[out->n], &n);
            if (n == 0)
                continue;
            struct detect_value *v = &out->v[out->n++];
            *v = (struct detect_value){.text = bytes_make(text, n)};
            v->numeric = event_value_number(&values[k], &v->number) && isfinite(v->number);
            r->fields++;
            r->bytes += n;
        }
    }
    compute(r, p);
}

/* Whether every byte is plain ASCII and no NUL, eight at a time. */
static bool plain(const uint8_t *p, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t w;
        memcpy(&w, p + i, 8);
        /* No top bit set, and no byte zero. */
        if (((w | (w - 0x0101010101010101U)) & 0x8080808080808080U) != 0)
            return false;
    }
    for (; i < n; i++) {
        if (p[i] == 0 || p[i] >= 0x80)
            return false;
    }
    return true;
}

/* Foreign bytes become valid UTF-8. */
static struct bytes sound(struct detect_row *r, struct bytes text)
{
    if (plain(text.p, text.n) || utf8_valid((const char *)text.p, text.n))
        return text;
    size_t at = r->made.n;
    size_t need = utf8_escape_bound(text.n) + 1;
    if (r->made.cap - at < need) {
        /* No room that would not move what was given out: shorter is better than wrong. */
        size_t fits = r->made.cap - at < 5 ? 0 : (r->made.cap - at - 1) / 4;
        text.n = text.n < fits ? text.n : fits;
    }
    if (text.n == 0)
        return bytes_make("", 0);
    size_t n = utf8_escape((const char *)text.p, text.n, r->made.p + at, NULL);
    r->made.n += n + 1;
    return bytes_make(r->made.p + at, n);
}

void detect_row_columns(struct detect_row *r, const struct detect_plan *p,
                        const struct bytes *fields)
{
    r->fields = 0;
    r->bytes = 0;
    if (r->made.cap == 0)
        (void)buf_reserve(&r->made, (p->n_slots + 1) * (size_t)8192);
    buf_clear(&r->made);
    bool computed = false;
    for (size_t i = 0; i < p->n_slots; i++) {
        const struct detect_slot *s = &p->slots[i];
        struct detect_values *out = &r->values[i];
        out->n = 0;
        computed |= s->runtime != NULL;
        if (s->column == DETECT_NO_COLUMN || fields[s->column].n == 0)
            continue;
        struct bytes text = sound(r, fields[s->column]);
        if (text.n == 0)
            continue;
        out->n = 1;
        out->v[0] = (struct detect_value){.text = text, .numeric = -1};
        r->fields++;
        r->bytes += text.n;
    }
    if (computed)
        compute(r, p);
}

/* Digits with an optional sign and fraction, exact where a double can be; else strtod. */
static bool parse_number(struct bytes text, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
    size_t i = 0;
    bool minus = text.n > 0 && text.p[0] == '-';
    if (minus)
        i++;
    uint64_t digits = 0;
    size_t used = 0;
    size_t point = 0;
    bool fraction = false;
    for (; i < text.n && used <= 18; i++) {
        uint8_t c = text.p[i];
        if (c >= '0' && c <= '9') {
            digits = digits * 10 + (uint64_t)(c - '0');
            used++;
            point += fraction;
        } else if (c == '.' && !fraction) {
            fraction = true;
        } else {
            break;
        }
    }
    if (i == text.n && used > 0 && used <= 18 && digits <= (uint64_t)1 << 53) {
        double v = (double)digits / powers[point];
        *out = minus ? -v : v;
        return true;
    }
    char copy[512];
    if (text.n == 0 || text.n >= sizeof(copy))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    char *end = NULL;
    double v = strtod(copy, &end);
    if (end != copy + text.n || !isfinite(v))
        return false;
    *out = v;
    return true;
}

bool detect_row_number(struct detect_value *v, double *out)
{
    if (v->numeric < 0)
        v->numeric = parse_number(v->text, &v->number);
    if (v->numeric == 0)
        return false;
    *out = v->number;
    return true;
}

bool detect_row_parse_time(enum detect_time_format format, struct bytes text, ts_ns *out)
{
    ts_ns t;
    if (text.n >= 10 && text.p[4] == '-') {
        if (!time_parse_iso((const char *)text.p, text.n, &t))
            return false;
    } else {
        /* Whole part and fraction apart: a double would lose nanoseconds. */
        size_t i = text.n > 0 && text.p[0] == '-' ? 1 : 0;
        bool minus = i == 1;
        uint64_t whole = 0;
        size_t first = i;
        for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
            if (i - first >= 18)
                return false;
            whole = whole * 10 + (uint64_t)(text.p[i] - '0');
        }
        if (i == first)
            return false;
        ts_ns unit =
            format == DETECT_TIME_EPOCH_S || (format == DETECT_TIME_ISO && whole < 100000000000U)
                ? TIME_S
                : TIME_MS;
        if (whole > (uint64_t)(DETECT_TIME_BOUND / unit))
            return false;
        t = (ts_ns)whole * unit;
        if (i < text.n && text.p[i] == '.') {
            ts_ns step = unit / 10;
            for (i++; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
                t += step * (text.p[i] - '0');
                step /= 10;
            }
        }
        if (i < text.n)
            return false;
        if (minus)
            t = -t;
    }
    if (t > DETECT_TIME_BOUND || t < -DETECT_TIME_BOUND)
        return false;
    *out = t;
    return true;
}

bool detect_row_event_time(const struct detect_plan *p, const struct event *e, ts_ns *out)
{
    ts_ns t = e->time;
    if (!p->event_time) {
        const char *name = p->job->time_field;
        const struct event_item *item = p->time_field != EVENT_F_NONE
                                            ? event_get(e, p->time_field)
                                            : event_find(e, name, strlen(name));
        if (item == NULL)
            return false;
        const struct event_value *v = event_values(item);
        char scratch[EVENT_TEXT_SIZE];
        size_t n = 0;
        if (v->type == EVENT_TIME) {
            t = v->t;
        } else {
            const char *text = event_value_text(v, scratch, &n);
            if (!detect_row_parse_time(p->job->time_format, bytes_make(text, n), &t))
                return false;
        }
    }
    if (t > DETECT_TIME_BOUND || t < -DETECT_TIME_BOUND)
        return false;
    *out = t;
    return true;
}
