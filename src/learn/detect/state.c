/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/utf8.h"
#include "categorize/categorize.h"
#include "detect/engine_priv.h"

#include <math.h>
#include <string.h>
#include <zstd.h>

/* docs/format/detect-state.md */
#define MAGIC "WEIRDET1"
#define HEAD 48
#define VERSION 1
#define RAW_MAX ((uint64_t)8 << 30)

double detect_loading_double(struct cursor *in)
{
    uint64_t bits = cursor_le64(in);
    double v;
    memcpy(&v, &bits, sizeof(v));
    if (!isfinite(v)) {
        in->failed = true;
        in->left = 0;
        return 0;
    }
    return v;
}

static void put_text(struct buf *out, const char *s)
{
    size_t n = s != NULL ? strlen(s) : 0;
    buf_char(out, s != NULL);
    buf_le32(out, (uint32_t)n);
    buf_add(out, s != NULL ? s : "", n);
}

/* What a state fits to: everything that decides what is counted and how it is split. */
static uint64_t signature(const struct detect_job *job)
{
    static const struct hash_key key = {0x6a6f62736967, 0x6e6174757265};
    struct buf b;
    buf_init(&b);
    buf_le64(&b, (uint64_t)job->bucket_span_ns);
    for (size_t i = 0; i < job->n_detectors; i++) {
        const struct detect_detector *d = &job->detectors[i];
        put_text(&b, d->function->full);
        put_text(&b, d->field);
        put_text(&b, d->by);
        put_text(&b, d->over);
        put_text(&b, d->partition);
        buf_char(&b, d->use_null);
    }
    for (size_t i = 0; i < job->n_influencers; i++)
        put_text(&b, job->influencers[i]);
    put_text(&b, job->summary_count_field);
    if (job->category_field != NULL) {
        put_text(&b, job->category_field);
        buf_char(&b, job->categories_apart);
    }
    uint64_t h = buf_ok(&b) ? hash_bytes(key, b.p, b.n) : 0;
    buf_release(&b);
    return h;
}

/* ---- save ---- */

/* The counters, then the times: TIME_NONE or a time of a record. */
static const size_t count_at[] = {
    offsetof(struct detect_counts, records),       offsetof(struct detect_counts, processed),
    offsetof(struct detect_counts, fields),        offsetof(struct detect_counts, input_bytes),
    offsetof(struct detect_counts, invalid_dates), offsetof(struct detect_counts, missing_fields),
    offsetof(struct detect_counts, out_of_order),  offsetof(struct detect_counts, buckets),
    offsetof(struct detect_counts, empty_buckets), offsetof(struct detect_counts, sparse_buckets),
    offsetof(struct detect_counts, combinations),  offsetof(struct detect_counts, contributions)};
static const size_t time_at[] = {offsetof(struct detect_counts, earliest_record),
                                 offsetof(struct detect_counts, latest_record),
                                 offsetof(struct detect_counts, latest_bucket),
                                 offsetof(struct detect_counts, latest_empty_bucket),
                                 offsetof(struct detect_counts, latest_sparse_bucket)};

#define COUNTS (sizeof(count_at) / sizeof(count_at[0]))
#define TIMES (sizeof(time_at) / sizeof(time_at[0]))

/* Bucket ends may lie a span, and due times a little more, beyond the times of records. */
static bool time_sound(ts_ns t)
{
    const ts_ns bound = DETECT_TIME_BOUND + 2000 * TIME_DAY;
    return t == TIME_NONE || (t <= bound && t >= -bound);
}

static void save_episode(const struct detect_episode *e, struct buf *out)
{
    buf_le64(out, (uint64_t)e->last);
    buf_double(out, (double)e->peak);
    buf_le32(out, e->run);
    buf_double(out, (double)e->own.episodes);
    buf_double(out, (double)e->own.height);
}

static bool load_episode(struct cursor *in, struct detect_episode *e)
{
    e->last = (ts_ns)cursor_le64(in);
    e->peak = (float)detect_loading_double(in);
    e->run = cursor_le32(in);
    e->own.episodes = (float)detect_loading_double(in);
    e->own.height = (float)detect_loading_double(in);
    return cursor_ok(in) && e->own.episodes >= 0 && e->own.episodes <= 1e9F && e->own.height >= 0 &&
           e->own.height <= 100 && time_sound(e->last) && e->last != TIME_NONE && e->peak >= 0 &&
           e->peak <= 100;
}

/* Classes that came later are there for jobs that use them: older states of others stay readable.
 */
static bool class_saved(const struct detect_job *job, size_t class)
{
    bool clock = false;
    bool geo = false;
    bool newcomers = false;
    for (size_t i = 0; i < job->n_detectors; i++) {
        clock |= detect_kind_clock(job->detectors[i].function->kind);
        geo |= job->detectors[i].function->kind == DETECT_LAT_LONG;
        newcomers |= detect_newcomers_wanted(&job->detectors[i]);
    }
    return (class != DETECT_CLASS_CLOCK || clock) && (class != DETECT_CLASS_GEO || geo) &&
           (class != DETECT_CLASS_NEWCOMERS || newcomers);
}

static void save_entity(const struct detect *d, const struct detect_entity *e, struct buf *out)
{
    const void *whole = e;
    buf_char(out, (char)e->detector);
    buf_le32(out, e->partition);
    buf_le32(out, e->over);
    buf_le32(out, e->by);
    switch ((enum detect_class)e->class) {
    case DETECT_CLASS_METRIC: {
        const struct detect_metric *m = whole;
        buf_le32(out, m->seen);
        buf_le64(out, (uint64_t)m->first_seen);
        buf_le64(out, (uint64_t)m->last_seen);
        save_episode(&m->episode, out);
        model_series_save(m->series, out);
        break;
    }
    case DETECT_CLASS_POPULATION:
        model_population_save(&((const struct detect_population *)whole)->model, out);
        break;
    case DETECT_CLASS_MEMBER:
        save_episode(&((const struct detect_member *)whole)->episode, out);
        model_member_save(&((const struct detect_member *)whole)->model, out);
        break;
    case DETECT_CLASS_POOL: {
        const struct detect_pool *p = whole;
        model_rare_save(&p->model, out);
        stats_distinct_save(&p->members, out);
        break;
    }
    case DETECT_CLASS_VALUE:
        model_rare_value_save(&((const struct detect_rare_value *)whole)->model, out);
        if (d->job->detectors[e->detector].over != NULL)
            stats_distinct_save(&((const struct detect_rare_value_over *)whole)->members, out);
        break;
    case DETECT_CLASS_SCALE: {
        const struct detect_scale *s = whole;
        buf_le64(out, (uint64_t)s->last_score);
        model_history_save(&s->history, out);
        break;
    }
    case DETECT_CLASS_CLOCK:
        model_clock_save(&((const struct detect_clock *)whole)->model, out);
        break;
    case DETECT_CLASS_GEO:
        model_geo_save(&((const struct detect_geo *)whole)->model, out);
        break;
    case DETECT_CLASS_NEWCOMERS:
        model_newcomers_save(&((const struct detect_newcomers *)whole)->model, out);
        break;
    case DETECT_CLASSES:
        break;
    }
}

static void save_recent(const struct detect *d, struct buf *out)
{
    buf_le32(out, (uint32_t)d->n_recent);
    for (size_t i = 0; i < d->n_recent; i++) {
        size_t at = (d->at_recent + DETECT_RECENT_MAX - d->n_recent + i) % DETECT_RECENT_MAX;
        const struct detect_recent *x = &d->recent[at];
        uint32_t field = UINT32_MAX;
        for (size_t k = 0; k < d->job->n_influencers; k++) {
            if (x->key.field == d->job->influencers[k])
                field = (uint32_t)k;
        }
        buf_char(out, (char)x->key.type);
        buf_le32(out, x->key.detector);
        buf_le32(out, field);
        buf_le64(out, (uint64_t)x->key.time);
        buf_le64(out, x->key.hash);
        buf_le64(out, x->key.len);
        buf_double(out, x->anchor);
        buf_double(out, x->score);
        buf_double(out, x->own);
        buf_le32(out, x->partition);
    }
}

/* Where a state goes: all of it into one buffer, or piece by piece through it. */
struct saver {
    struct buf *raw;
    void (*full)(struct saver *s); /* takes what raw holds and empties it; NULL: it grows */
};

#define PIECE ((size_t)256 * 1024)

static void piece_done(struct saver *s)
{
    if (s->full != NULL && s->raw->n >= PIECE)
        s->full(s);
}

static void save_names(const struct detect *d, struct saver *s)
{
    struct buf *out = s->raw;
    buf_le32(out, detect_names_generation(d->names));
    buf_le32(out, (uint32_t)detect_names_count(d->names));
    for (uint32_t id = detect_names_next(d->names, 0); id != 0;
         id = detect_names_next(d->names, id)) {
        struct bytes text = detect_names_text(d->names, id);
        buf_le32(out, id);
        buf_le32(out, detect_names_used(d->names, id));
        buf_le32(out, (uint32_t)text.n);
        buf_add(out, text.p, text.n);
        piece_done(s);
    }
}

static void save_state(const struct detect *d, struct saver *s)
{
    struct buf *out = s->raw;
    const char *counts = (const char *)&d->counts;
    uint64_t v;
    for (size_t i = 0; i < COUNTS; i++) {
        memcpy(&v, counts + count_at[i], sizeof(v));
        buf_le64(out, v);
    }
    for (size_t i = 0; i < TIMES; i++) {
        memcpy(&v, counts + time_at[i], sizeof(v));
        buf_le64(out, v);
    }
    buf_le64(out, (uint64_t)d->now);
    buf_le64(out, (uint64_t)d->closed_until);
    buf_le64(out, (uint64_t)d->next_prune);
    buf_le64(out, (uint64_t)d->next_renormalize);
    buf_le64(out, d->failures);
    buf_le64(out, d->peak_bytes);
    buf_char(out, (char)d->status);
    buf_le32(out, d->pressure);
    buf_double(out, d->last_score);
    buf_double(out, d->usual_events);
    for (size_t i = 0; i < d->job->n_measures; i++)
        buf_double(out, d->tests[i].per_bucket);
    model_history_save(&d->bucket_history, out);
    for (size_t i = 0; i < d->job->n_influencers; i++)
        model_history_save(&d->influencer_history[i], out);
    save_names(d, s);
    for (size_t c = 0; c < DETECT_CLASSES; c++) {
        if (!class_saved(d->job, c))
            continue;
        size_t slots = detect_table_slots(d->table, (enum detect_class)c);
        buf_le64(out, detect_table_count(d->table, (enum detect_class)c));
        for (size_t i = 0; i < slots; i++) {
            const struct detect_entity *e = detect_table_at(d->table, (enum detect_class)c, i);
            if (e != NULL)
                save_entity(d, e, out);
            piece_done(s);
        }
    }
    save_recent(d, out);
    buf_le32(out, (uint32_t)d->n_open);
    for (size_t i = 0; i < d->n_open; i++) {
        detect_bucket_save(d->open[i], out);
        piece_done(s);
    }
    if (d->categories != NULL)
        categorize_save(d->categories, out);
}

void detect_state_save(const struct detect *d, struct buf *out)
{
    struct saver s = {.raw = out};
    save_state(d, &s);
}

static uint64_t checksum(const void *p, size_t n)
{
    static const struct hash_key key = {0x77656972, 0x7374617465};
    return hash_bytes(key, p, n);
}

/* Compresses as it goes: a state in the clear is as large as what it is of. */
struct packer {
    struct saver saver; /* first: what full() is given */
    ZSTD_CCtx *zstd;
    struct buf *out;
    uint64_t raw_n;
};

static void pack(struct packer *p, ZSTD_EndDirective how)
{
    struct buf *raw = p->saver.raw;
    ZSTD_inBuffer in = {raw->p, raw->n, 0};
    size_t left = 1;
    while (!p->out->failed && (in.pos < in.size || (how == ZSTD_e_end && left > 0))) {
        size_t room = ZSTD_CStreamOutSize();
        char *to = buf_reserve(p->out, room);
        if (to == NULL)
            break;
        ZSTD_outBuffer out = {to, room, 0};
        left = ZSTD_compressStream2(p->zstd, &out, &in, how);
        p->out->n += out.pos;
        p->out->failed |= ZSTD_isError(left) != 0;
    }
    p->out->failed |= !buf_ok(raw);
    p->raw_n += raw->n;
    buf_clear(raw);
}

static void pack_piece(struct saver *s)
{
    void *whole = s;
    pack(whole, ZSTD_e_continue);
}

static void put_le64(char *to, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        to[i] = (char)(v >> (8 * i));
}

void detect_save(const struct detect *d, struct buf *out)
{
    struct buf raw;
    struct packer p = {
        .saver = {.raw = &raw, .full = pack_piece}, .zstd = ZSTD_createCCtx(), .out = out};
    size_t begin = out->n;
    if (p.zstd == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(p.zstd, ZSTD_c_compressionLevel, 1))) {
        ZSTD_freeCCtx(p.zstd);
        out->failed = true;
        return;
    }
    buf_init(&raw);
    buf_add(out, MAGIC, 8);
    buf_le16(out, VERSION);
    buf_le16(out, 0);
    buf_le32(out, 0);
    buf_le64(out, d->options.seed.k0);
    buf_le64(out, d->options.seed.k1);
    buf_le64(out, 0); /* the length, known at the end */
    buf_le64(out, signature(d->job));
    save_state(d, &p.saver);
    pack(&p, ZSTD_e_end);
    buf_release(&raw);
    ZSTD_freeCCtx(p.zstd);
    if (!buf_ok(out))
        return;
    put_le64(out->p + begin + 32, p.raw_n);
    buf_le64(out, checksum(out->p + begin, out->n - begin));
}

/* ---- load ---- */

static enum err load_head(struct detect *d, struct cursor *in)
{
    char *counts = (char *)&d->counts;
    bool times = true;
    for (size_t i = 0; i < COUNTS; i++) {
        uint64_t v = cursor_le64(in);
        memcpy(counts + count_at[i], &v, sizeof(v));
    }
    for (size_t i = 0; i < TIMES; i++) {
        ts_ns t = (ts_ns)cursor_le64(in);
        times &= time_sound(t);
        memcpy(counts + time_at[i], &t, sizeof(t));
    }
    d->now = (ts_ns)cursor_le64(in);
    d->closed_until = (ts_ns)cursor_le64(in);
    d->next_prune = (ts_ns)cursor_le64(in);
    d->next_renormalize = (ts_ns)cursor_le64(in);
    d->failures = cursor_le64(in);
    d->peak_bytes = cursor_le64(in);
    d->status = cursor_u8(in);
    d->pressure = cursor_le32(in);
    d->last_score = detect_loading_double(in);
    d->usual_events = detect_loading_double(in);
    for (size_t i = 0; i < d->job->n_measures; i++) {
        d->tests[i].per_bucket = detect_loading_double(in);
        if (d->tests[i].per_bucket < 0)
            return ERR_FORMAT;
    }
    ts_ns span = d->job->bucket_span_ns;
    enum err e = model_history_load(in, span, &d->bucket_history);
    for (size_t i = 0; i < d->job->n_influencers && e == ERR_NONE; i++)
        e = model_history_load(in, span, &d->influencer_history[i]);
    if (e != ERR_NONE)
        return e;
    times = times && time_sound(d->now) && time_sound(d->closed_until) &&
            time_sound(d->next_prune) && time_sound(d->next_renormalize) &&
            (d->closed_until == TIME_NONE || d->closed_until % span == 0);
    if (!cursor_ok(in) || d->status > DETECT_MEMORY_HARD || d->pressure > 8 || !times ||
        d->usual_events < 0 || d->last_score < 0 || d->last_score > 100)
        return ERR_FORMAT;
    return ERR_NONE;
}

/* Saved numbers of names to new ones. */
static enum err load_names(struct detect *d, struct cursor *in, uint32_t **out_ids, size_t *out_n)
{
    uint32_t generation = cursor_le32(in);
    uint32_t count = cursor_le32(in);
    if (count > in->left / 12)
        return ERR_FORMAT;
    detect_names_set_generation(d->names, generation);
    uint32_t *ids = NULL;
    size_t cap = 0;
    size_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id = cursor_le32(in);
        uint32_t used = cursor_le32(in);
        uint32_t len = cursor_le32(in);
        struct bytes text = cursor_take(in, len);
        /* Numbers rise, and not far beyond what was handed out: the table stays small. */
        if (!cursor_ok(in) || id < n || len > DETECT_NAME_MAX || (int32_t)(generation - used) < 0 ||
            id > (uint64_t)count * 64 + (1U << 20) || !utf8_valid((const char *)text.p, text.n)) {
            mem_free(ids);
            return ERR_FORMAT;
        }
        void *list = ids;
        if (mem_grow(&list, &cap, (size_t)id + 1, sizeof(*ids)) != 0) {
            mem_free(ids);
            return ERR_MEMORY;
        }
        ids = list;
        memset(&ids[n], 0, ((size_t)id - n) * sizeof(*ids));
        ids[id] = detect_names_put(d->names, text);
        n = (size_t)id + 1;
        if (ids[id] == 0) {
            mem_free(ids);
            return ERR_MEMORY;
        }
        detect_names_set_used(d->names, ids[id], used);
    }
    *out_ids = ids;
    *out_n = n;
    return ERR_NONE;
}

static enum err load_payload(struct detect *d, struct detect_entity *e, struct cursor *in)
{
    void *whole = e;
    ts_ns span = d->job->bucket_span_ns;
    struct model_params params = detect_params(d, e->detector);
    enum err r = ERR_NONE;
    switch ((enum detect_class)e->class) {
    case DETECT_CLASS_METRIC: {
        struct detect_metric *m = whole;
        m->seen = cursor_le32(in);
        m->first_seen = (ts_ns)cursor_le64(in);
        m->last_seen = (ts_ns)cursor_le64(in);
        if (!time_sound(m->first_seen) || m->first_seen == TIME_NONE || !time_sound(m->last_seen) ||
            !load_episode(in, &m->episode))
            return ERR_FORMAT;
        r = model_series_load(in, &params, &m->series);
        if (r == ERR_NONE) {
            m->bytes = (uint32_t)model_series_memory(m->series);
            d->series_bytes += m->bytes;
        }
        return r;
    }
    case DETECT_CLASS_POPULATION:
        return model_population_load(in, &params, &((struct detect_population *)whole)->model);
    case DETECT_CLASS_MEMBER:
        if (!load_episode(in, &((struct detect_member *)whole)->episode))
            return ERR_FORMAT;
        return model_member_load(in, &((struct detect_member *)whole)->model);
    case DETECT_CLASS_POOL: {
        struct detect_pool *p = whole;
        r = model_rare_load(in, span, &p->model);
        if (r == ERR_NONE)
            r = stats_distinct_load(in, &p->members);
        if (r != ERR_NONE)
            stats_distinct_init(&p->members);
        else
            d->series_bytes += stats_distinct_memory(&p->members);
        return r;
    }
    case DETECT_CLASS_VALUE: {
        struct detect_rare_value *v = whole;
        r = model_rare_value_load(in, &v->model);
        if (r == ERR_NONE && d->job->detectors[e->detector].over != NULL) {
            struct stats_distinct *members = detect_table_value_members(v);
            r = stats_distinct_load(in, members);
            if (r != ERR_NONE)
                stats_distinct_init(members);
            else
                d->series_bytes += stats_distinct_memory(members);
        }
        return r;
    }
    case DETECT_CLASS_SCALE: {
        struct detect_scale *s = whole;
        s->last_score = (ts_ns)cursor_le64(in);
        return model_history_load(in, span, &s->history);
    }
    case DETECT_CLASS_CLOCK:
        return model_clock_load(in, detect_clock_cycle(&d->job->detectors[e->detector]),
                                &((struct detect_clock *)whole)->model);
    case DETECT_CLASS_GEO:
        return model_geo_load(in, span, &((struct detect_geo *)whole)->model);
    case DETECT_CLASS_NEWCOMERS: {
        struct detect_newcomers *n = whole;
        bool home = e->partition == 0 || d->job->detectors[e->detector].by != NULL;
        r = model_newcomers_load(in, &params, &n->model);
        if (!home || e->over != 0 || e->by != 0 || !time_sound(n->model.last))
            return ERR_FORMAT;
        return r;
    }
    case DETECT_CLASSES:
        break;
    }
    return ERR_FORMAT;
}

/* Whether a detector has entities of this class. */
static bool fits(const struct detect_detector *det, enum detect_class class)
{
    bool rare = detect_kind_rare(det->function->kind);
    bool freq = det->function->kind == DETECT_FREQ_RARE;
    bool clock = detect_kind_clock(det->function->kind);
    bool shared = detect_kind_shared(det->function->kind);
    switch (class) {
    case DETECT_CLASS_METRIC:
        return !rare && !shared && det->over == NULL;
    case DETECT_CLASS_POPULATION:
    case DETECT_CLASS_MEMBER:
        return freq || (!rare && !shared && det->over != NULL);
    case DETECT_CLASS_POOL:
    case DETECT_CLASS_VALUE:
        return rare;
    case DETECT_CLASS_CLOCK:
        return clock;
    case DETECT_CLASS_GEO:
        return shared && !clock;
    case DETECT_CLASS_NEWCOMERS:
        return detect_newcomers_wanted(det);
    default:
        return true;
    }
}

static enum err load_entities(struct detect *d, struct cursor *in, const struct detect_loading *l)
{
    for (size_t c = 0; c < DETECT_CLASSES; c++) {
        enum detect_class class = (enum detect_class)c;
        if (!class_saved(d->job, c))
            continue;
        uint64_t n = cursor_le64(in);
        for (uint64_t i = 0; i < n; i++) {
            uint8_t detector = cursor_u8(in);
            uint32_t id[3] = {cursor_le32(in), cursor_le32(in), cursor_le32(in)};
            if (!cursor_ok(in) || detector >= d->job->n_measures ||
                !fits(&d->job->detectors[detector], class))
                return ERR_FORMAT;
            for (size_t k = 0; k < 3; k++) {
                if (!detect_loading_name(l, id[k], &id[k]))
                    return ERR_FORMAT;
            }
            if (detect_table_find(d->table, class, detector, id[0], id[1], id[2]) != NULL)
                return ERR_FORMAT;
            struct detect_entity *e =
                detect_table_add(d->table, class, detector, id[0], id[1], id[2]);
            if (e == NULL)
                return ERR_MEMORY;
            enum err r = load_payload(d, e, in);
            if (r != ERR_NONE)
                return r;
        }
    }
    return cursor_ok(in) ? ERR_NONE : ERR_FORMAT;
}

static enum err load_recent(struct detect *d, struct cursor *in, const struct detect_loading *l)
{
    uint32_t n = cursor_le32(in);
    if (n > DETECT_RECENT_MAX)
        return ERR_FORMAT;
    for (uint32_t i = 0; i < n; i++) {
        struct detect_recent x = {.key = {.type = cursor_u8(in)}};
        x.key.detector = cursor_le32(in);
        uint32_t field = cursor_le32(in);
        x.key.time = (ts_ns)cursor_le64(in);
        x.key.hash = cursor_le64(in);
        x.key.len = cursor_le64(in);
        x.anchor = detect_loading_double(in);
        x.score = detect_loading_double(in);
        x.own = detect_loading_double(in);
        bool named = detect_loading_name(l, cursor_le32(in), &x.partition);
        bool has_field =
            x.key.type == DETECT_RESULT_INFLUENCER || x.key.type == DETECT_RESULT_BUCKET_INFLUENCER;
        if (!cursor_ok(in) || !named || x.key.type > DETECT_RESULT_BUCKET_INFLUENCER ||
            x.key.detector >= d->job->n_detectors || x.anchor < 0 || x.anchor > 100 || x.own < 0 ||
            (has_field && field >= d->job->n_influencers))
            return ERR_FORMAT;
        if (has_field)
            x.key.field = d->job->influencers[field];
        detect_names_ref(d->names, x.partition);
        d->recent[i] = x;
        d->n_recent++;
    }
    d->at_recent = n % DETECT_RECENT_MAX;
    return ERR_NONE;
}

static enum err load_open(struct detect *d, struct cursor *in, const struct detect_loading *l)
{
    ts_ns span = d->job->bucket_span_ns;
    uint32_t n = cursor_le32(in);
    if (n > d->max_open)
        return ERR_FORMAT;
    d->open = mem_zero(n + 1, sizeof(struct detect_open *));
    if (d->open == NULL)
        return ERR_MEMORY;
    d->cap_open = n + 1;
    ts_ns least = d->closed_until;
    for (uint32_t i = 0; i < n; i++) {
        ts_ns start = (ts_ns)cursor_le64(in);
        uint32_t generation = cursor_le32(in);
        if (!cursor_ok(in) || (int32_t)(detect_names_generation(d->names) - generation) < 0 ||
            start % span != 0 || start == TIME_NONE || !time_sound(start) ||
            (least != TIME_NONE && start < least))
            return ERR_FORMAT;
        least = start + span;
        struct detect_open *b = detect_bucket_new(start, generation, detect_influence_bytes(d));
        if (b == NULL)
            return ERR_MEMORY;
        d->open[d->n_open++] = b;
        enum err e = detect_bucket_load(b, in, l);
        if (e != ERR_NONE)
            return e;
    }
    return ERR_NONE;
}

enum err detect_state_load(struct detect *d, struct cursor *in)
{
    uint8_t kinds[DETECT_MEASURES_MAX];
    uint8_t parents[DETECT_MEASURES_MAX];
    for (size_t i = 0; i < d->job->n_measures; i++) {
        kinds[i] = d->job->detectors[i].function->kind;
        parents[i] = (uint8_t)detect_parent_bits(&d->job->detectors[i]);
    }
    enum err e = load_head(d, in);
    if (e != ERR_NONE)
        return e;
    uint32_t *ids = NULL;
    struct detect_loading l = {.names = d->names,
                               .n_detectors = d->job->n_measures,
                               .n_influencers = d->job->n_influencers,
                               .kinds = kinds,
                               .parents = parents};
    e = load_names(d, in, &ids, &l.n_ids);
    l.ids = ids;
    if (e == ERR_NONE)
        e = load_entities(d, in, &l);
    if (e == ERR_NONE)
        e = load_recent(d, in, &l);
    if (e == ERR_NONE)
        e = load_open(d, in, &l);
    if (e == ERR_NONE && d->categories != NULL)
        e = categorize_load(d->categories, in);
    if (e == ERR_NONE && (!cursor_ok(in) || in->left != 0))
        e = ERR_FORMAT;
    mem_free(ids);
    if (e == ERR_NONE && d->closed_until != TIME_NONE)
        detect_reserve(d, d->closed_until);
    return e;
}

static enum err unpack(const struct detect_job *job, const struct detect_options *options,
                       struct cursor *in, uint64_t raw_n, struct detect **out)
{
    struct bytes packed = cursor_rest(in);
    char *raw = mem_alloc(raw_n > 0 ? raw_n : 1);
    if (raw == NULL)
        return ERR_MEMORY;
    size_t n = ZSTD_decompress(raw, raw_n, packed.p, packed.n - 8);
    if (ZSTD_isError(n) || n != raw_n) {
        mem_free(raw);
        return ERR_FORMAT;
    }
    struct detect *d = NULL;
    enum err e = detect_new(job, options, &d);
    if (e == ERR_NONE) {
        struct cursor c = cursor_make(raw, n);
        e = detect_state_load(d, &c);
    }
    mem_free(raw);
    if (e != ERR_NONE) {
        detect_free(d);
        return e;
    }
    *out = d;
    return ERR_NONE;
}

enum err detect_restore(const struct detect_job *job, const struct detect_options *options,
                        const void *state, size_t n, struct detect **out, struct err_text *why)
{
    struct cursor in = cursor_make(state, n);
    struct bytes magic = cursor_take(&in, 8);
    if (magic.p == NULL || memcmp(magic.p, MAGIC, 8) != 0)
        return err_set(why, ERR_FORMAT, "this is no saved state of a job");
    uint16_t version = cursor_le16(&in);
    if (cursor_ok(&in) && version > VERSION)
        return err_set(why, ERR_VERSION,
                       "the state was saved by a newer program (format %u; this one reads %u)",
                       version, VERSION);
    cursor_skip(&in, 6);
    struct detect_options o = *options;
    o.seed.k0 = cursor_le64(&in);
    o.seed.k1 = cursor_le64(&in);
    uint64_t raw_n = cursor_le64(&in);
    uint64_t sign = cursor_le64(&in);
    bool sound = cursor_ok(&in) && in.left > 8 && raw_n < RAW_MAX && raw_n / 4096 <= in.left;
    if (sound) {
        struct cursor tail = cursor_make((const uint8_t *)state + n - 8, 8);
        sound = cursor_le64(&tail) == checksum(state, n - 8);
    }
    if (!sound)
        return err_set(why, ERR_FORMAT, "the saved state of the job is damaged");
    if (sign != signature(job))
        return err_set(why, ERR_INVALID,
                       "the saved state belongs to a job with other detectors, influencers or "
                       "bucket span");
    enum err e = unpack(job, &o, &in, raw_n, out);
    if (e == ERR_FORMAT)
        return err_set(why, e, "the saved state of the job is damaged");
    if (e == ERR_VERSION)
        return err_set(why, e, "a model in the state was saved by a newer program");
    if (e != ERR_NONE)
        return err_set(why, e, "no memory to restore the job");
    return ERR_NONE;
}
