/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/detect.h"

#include "base/mem.h"
#include "categorize/categorize.h"
#include "detect/engine_priv.h"

#include <math.h>
#include <string.h>

/* by × over × partition values of one record that count. */
#define COMBINATIONS_MAX 256
/* Empty buckets in a row that are judged one by one; a longer gap is passed over at once. */
#define EMPTY_MAX 100
#define OPEN_SPARE 64
/* A bucket with less than this share of the usual events is counted as sparse. */
#define SPARSE_SHARE 0.05
#define SPARSE_USUAL 20
#define SUMMARY_MAX 1e15
/* Buckets after which a job's peak says what it needs. */
#define SETTLED 20

static enum err init(struct detect *d)
{
    const struct detect_job *job = d->job;
    bool values_over = false;
    for (size_t i = 0; i < job->n_measures; i++) {
        values_over |=
            detect_kind_rare(job->detectors[i].function->kind) && job->detectors[i].over != NULL;
    }
    d->names = detect_names_new(d->options.seed);
    if (d->names == NULL)
        return ERR_MEMORY;
    d->table = detect_table_new(d->names, values_over);
    d->tests = mem_zero(job->n_measures, sizeof(*d->tests));
    d->influencer_history = mem_zero(job->n_influencers + 1, sizeof(*d->influencer_history));
    if (d->table == NULL || d->tests == NULL || d->influencer_history == NULL)
        return ERR_MEMORY;
    model_history_init(&d->bucket_history, job->bucket_span_ns);
    for (size_t i = 0; i < job->n_influencers; i++)
        model_history_init(&d->influencer_history[i], job->bucket_span_ns);
    enum err e = detect_plan_init(&d->plan, job);
    if (e == ERR_NONE)
        e = detect_row_init(&d->row, &d->plan);
    if (e == ERR_NONE)
        e = detect_messages_new(d);
    d->now = TIME_NONE;
    d->closed_until = TIME_NONE;
    d->next_prune = TIME_NONE;
    d->next_renormalize = TIME_NONE;
    d->counts.earliest_record = TIME_NONE;
    d->counts.latest_record = TIME_NONE;
    d->counts.latest_bucket = TIME_NONE;
    d->counts.latest_empty_bucket = TIME_NONE;
    d->counts.latest_sparse_bucket = TIME_NONE;
    d->max_open =
        (size_t)((job->latency_ns + d->options.delay_ns) / job->bucket_span_ns) + OPEN_SPARE;
    return e;
}

enum err detect_new(const struct detect_job *job, const struct detect_options *options,
                    struct detect **out)
{
    struct detect *d = mem_zero(1, sizeof(*d));
    if (d == NULL)
        return ERR_MEMORY;
    d->job = job;
    d->options = *options;
    enum err e = init(d);
    if (e != ERR_NONE) {
        detect_free(d);
        return e;
    }
    *out = d;
    return ERR_NONE;
}

void detect_free(struct detect *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->n_open; i++)
        detect_bucket_free(d->open[i]);
    mem_free(d->open);
    detect_row_release(&d->row);
    detect_plan_release(&d->plan);
    detect_table_free(d->table);
    detect_names_free(d->names);
    detect_schedule_free(d->schedule);
    categorize_free(d->categories);
    mem_free(d->tests);
    mem_free(d->influencer_history);
    mem_free(d);
}

void detect_take_schedule(struct detect *d, struct detect_schedule *schedule)
{
    detect_schedule_free(d->schedule);
    d->schedule = schedule;
}

/* ---- buckets ---- */

size_t detect_influence_bytes(const struct detect *d)
{
    if (d->job->n_influencers == 0)
        return 0;
    /* Shared by the buckets that latency and delay keep open. */
    ts_ns lag = d->job->latency_ns + d->options.delay_ns;
    return (size_t)(d->job->memory_limit / 8) / (1 + (size_t)(lag / d->job->bucket_span_ns));
}

static void drop_open(struct detect *d, size_t at)
{
    if (d->current == d->open[at])
        d->current = NULL;
    detect_bucket_free(d->open[at]);
    memmove(&d->open[at], &d->open[at + 1], (d->n_open - at - 1) * sizeof(struct detect_open *));
    d->n_open--;
    uint32_t oldest = detect_names_generation(d->names) + 1;
    for (size_t i = 0; i < d->n_open; i++) {
        if ((int32_t)(d->open[i]->generation - oldest) < 0)
            oldest = d->open[i]->generation;
    }
    detect_names_sweep(d->names, oldest);
    detect_names_next_generation(d->names);
}

void detect_empty(struct detect *d, ts_ns from, ts_ns to)
{
    for (size_t i = d->n_open; i-- > 0;)
        if (d->open[i]->start >= from && d->open[i]->start < to)
            drop_open(d, i);
}

/* Records move time, and the bucket that begins then ended when it was not so late: it is closed,
 * though nothing that it held could be. */
static bool is_over(const struct detect *d, ts_ns start)
{
    ts_ns lag = d->job->latency_ns + d->options.delay_ns;
    return d->options.follow_records && d->now != TIME_NONE &&
           start < time_floor(d->now - lag, d->job->bucket_span_ns);
}

/* The open bucket of a time, made if need be; NULL with *why when the record has to go. */
static struct detect_open *bucket_at(struct detect *d, ts_ns time, uint64_t **out_counter,
                                     enum err *out_err)
{
    ts_ns span = d->job->bucket_span_ns;
    ts_ns start = time_floor(time, span);
    if (d->closed_until != TIME_NONE ? start < d->closed_until : is_over(d, start)) {
        *out_counter = &d->counts.out_of_order;
        return NULL;
    }
    size_t at = d->n_open;
    while (at > 0 && d->open[at - 1]->start > start)
        at--;
    if (at > 0 && d->open[at - 1]->start == start)
        return d->open[at - 1];
    if (d->n_open >= d->max_open) {
        /* Times far ahead must not push out the present: the farthest gives way. */
        if (at == d->n_open) {
            *out_counter = &d->counts.invalid_dates;
            return NULL;
        }
        d->counts.invalid_dates += d->open[d->n_open - 1]->events;
        drop_open(d, d->n_open - 1);
    }
    void *open = d->open;
    if (mem_grow(&open, &d->cap_open, d->n_open + 1, sizeof(struct detect_open *)) != 0) {
        *out_err = ERR_MEMORY;
        return NULL;
    }
    d->open = open;
    detect_names_next_generation(d->names);
    struct detect_open *b =
        detect_bucket_new(start, detect_names_generation(d->names), detect_influence_bytes(d));
    if (b == NULL) {
        *out_err = ERR_MEMORY;
        return NULL;
    }
    memmove(&d->open[at + 1], &d->open[at], (d->n_open - at) * sizeof(struct detect_open *));
    d->open[at] = b;
    d->n_open++;
    return b;
}

static void count_closed(struct detect *d, const struct detect_open *b)
{
    struct detect_counts *n = &d->counts;
    n->buckets++;
    n->contributions += b->parts_dropped;
    n->latest_bucket = b->start;
    if (b->events == 0) {
        n->empty_buckets++;
        n->latest_empty_bucket = b->start;
        return;
    }
    double events = (double)b->events;
    if (d->usual_events >= SPARSE_USUAL && events < SPARSE_SHARE * d->usual_events) {
        n->sparse_buckets++;
        n->latest_sparse_bucket = b->start;
    }
    d->usual_events += (events - d->usual_events) / (d->usual_events > 0 ? 32 : 1);
}

/* All buckets before until are closed; what that did to memory is told when it changed. */
static void closed(struct detect *d, ts_ns until, uint8_t status_before)
{
    d->closed_until = until;
    if (d->status != status_before)
        detect_report_size(d);
}

/* One bucket that had no record. */
static enum err close_empty(struct detect *d, ts_ns start)
{
    uint8_t before = d->status;
    struct detect_open *b = detect_bucket_new(start, detect_names_generation(d->names), 0);
    if (b == NULL)
        return ERR_MEMORY;
    struct detect_closing c = {.bucket = b, .fraction = 1};
    enum err e = detect_close_bucket(d, &c);
    count_closed(d, b);
    detect_bucket_free(b);
    closed(d, start + d->job->bucket_span_ns, before);
    return e;
}

/* The buckets from the last closed one up to `until` had no record. */
static enum err close_gap(struct detect *d, ts_ns until)
{
    ts_ns span = d->job->bucket_span_ns;
    if (d->closed_until == TIME_NONE)
        return ERR_NONE;
    for (int i = 0; i < EMPTY_MAX && d->closed_until < until; i++) {
        enum err e = close_empty(d, d->closed_until);
        if (e != ERR_NONE)
            return e;
    }
    if (d->closed_until < until) {
        uint64_t n = (uint64_t)((until - d->closed_until) / span);
        uint8_t before = d->status;
        detect_jump(d, d->closed_until, n);
        d->counts.buckets += n;
        d->counts.empty_buckets += n;
        d->counts.latest_empty_bucket = until - span;
        d->counts.latest_bucket = until - span;
        closed(d, until, before);
    }
    return ERR_NONE;
}

static enum err close_first(struct detect *d, bool partial)
{
    struct detect_open *b = d->open[0];
    enum err e = close_gap(d, b->start);
    if (e == ERR_NONE)
        e = detect_messages_close(d, false);
    uint8_t before = d->status;
    struct detect_closing c = {.bucket = b, .partial = partial, .fraction = 1};
    if (e == ERR_NONE)
        e = detect_close_bucket(d, &c);
    if (b->failed && e == ERR_NONE)
        d->failures++;
    count_closed(d, b);
    ts_ns end = b->start + d->job->bucket_span_ns;
    drop_open(d, 0);
    closed(d, end, before);
    return e;
}

enum err detect_advance(struct detect *d, ts_ns now)
{
    if (now > DETECT_TIME_BOUND)
        now = DETECT_TIME_BOUND;
    if (now < -DETECT_TIME_BOUND || (d->now != TIME_NONE && now <= d->now))
        return ERR_NONE;
    d->now = now;
    ts_ns span = d->job->bucket_span_ns;
    ts_ns lag = d->job->latency_ns + d->options.delay_ns;
    ts_ns until = time_floor(now - lag, span);
    while (d->n_open > 0 && d->open[0]->start < until) {
        enum err e = close_first(d, false);
        if (e != ERR_NONE)
            return e;
    }
    return close_gap(d, until);
}

enum err detect_finish(struct detect *d)
{
    while (d->n_open > 0) {
        ts_ns end = d->open[0]->start + d->job->bucket_span_ns;
        ts_ns seen = d->now;
        if (d->counts.latest_record != TIME_NONE && d->counts.latest_record > seen)
            seen = d->counts.latest_record;
        enum err e = close_first(d, d->n_open == 1 && seen < end);
        if (e != ERR_NONE)
            return e;
    }
    return detect_messages_close(d, true);
}

enum err detect_interim(struct detect *d)
{
    ts_ns span = d->job->bucket_span_ns;
    for (size_t i = 0; i < d->n_open; i++) {
        struct detect_open *b = d->open[i];
        ts_ns seen = d->now;
        if (d->counts.latest_record != TIME_NONE && d->counts.latest_record > seen)
            seen = d->counts.latest_record;
        double fraction = (double)(seen - b->start) / (double)span;
        if (!(fraction > 0))
            fraction = 1.0 / 1024;
        if (fraction > 1)
            fraction = 1;
        struct detect_closing c = {
            .bucket = b, .interim = true, .partial = fraction < 1, .fraction = fraction};
        enum err e = detect_close_bucket(d, &c);
        if (e != ERR_NONE)
            return e;
    }
    return ERR_NONE;
}

/* ---- records ---- */

/* What is new in an open bucket stops when it would leave models no room. */
static bool has_room(const struct detect *d)
{
    return (double)detect_memory(d) < DETECT_FULL * (double)d->job->memory_limit;
}

/*
 * The name of a field's k-th value; 0 when it is not known and there is no room for it. Neighbours
 * often have the same value: that one is tried first.
 */
static uint32_t name_of(struct detect *d, struct detect_values *values, uint32_t k)
{
    struct detect_value *v = &values->v[k];
    if (v->id != 0)
        return v->id;
    uint32_t generation = detect_names_generation(d->names);
    if (k == 0 && values->last_generation == generation &&
        bytes_equal(detect_names_text(d->names, values->last_id), v->text)) {
        v->id = values->last_id;
        return v->id;
    }
    v->id =
        has_room(d) ? detect_names_put(d->names, v->text) : detect_names_find(d->names, v->text);
    if (k == 0 && v->id != 0) {
        values->last_id = v->id;
        values->last_generation = generation;
    }
    return v->id;
}

/* One of the values that split a record. */
struct split {
    struct detect_values *values; /* NULL: this detector does not split by it */
    uint32_t n;                   /* values, or 1 for none */
};

static bool split_of(struct detect *d, int slot, bool null_too, struct split *out)
{
    *out = (struct split){NULL, 1};
    if (slot == DETECT_NO_SLOT)
        return true;
    struct detect_values *v = &d->row.values[slot];
    if (v->n == 0)
        return null_too;
    *out = (struct split){v, v->n};
    return true;
}

/* False when the value's name cannot be had: then its cell is refused. */
static bool split_name(struct detect *d, const struct split *s, uint32_t k, uint32_t *out)
{
    *out = s->values != NULL ? name_of(d, s->values, k) : 0;
    return s->values == NULL || *out != 0;
}

/* What one record brings to one cell. */
struct brought {
    double sum; /* of the numbers, or the extreme */
    double count;
    bool any;
};

static struct brought add_numbers(struct detect *d, struct detect_open *open, struct detect_cell *c,
                                  struct detect_values *values, uint64_t weight)
{
    struct brought b = {0, 0, false};
    size_t before = detect_gather_memory(&c->gather, c->kind);
    /* Medians grow with what comes: at the limit further values are missed, and counted. */
    if (c->kind == DETECT_MEDIAN && detect_memory(d) + DETECT_SKETCH_STEP > d->job->memory_limit) {
        d->failures++;
        return b;
    }
    for (uint32_t i = 0; i < values->n; i++) {
        double x;
        if (!detect_row_number(&values->v[i], &x)) {
            d->counts.missing_fields += c->detector < d->job->n_detectors;
            continue;
        }
        if (!detect_gather_number(&c->gather, c->kind, x, weight))
            open->failed = true;
        if (c->kind == DETECT_MEAN || c->kind == DETECT_MEDIAN || c->kind == DETECT_VARP)
            b.sum += x * (double)weight;
        else if (c->kind == DETECT_MIN)
            b.sum = b.any && b.sum < x ? b.sum : x;
        else if (c->kind == DETECT_MAX)
            b.sum = b.any && b.sum > x ? b.sum : x;
        else
            b.sum += x;
        b.count += (double)weight;
        b.any = true;
    }
    open->sketch_bytes += detect_gather_memory(&c->gather, c->kind) - before;
    return b;
}

static void contribute(struct detect *d, struct detect_open *b, struct detect_cell *c,
                       const struct detect_reads *r, double weight, double count)
{
    bool room = r->n_influencers > 0 && has_room(d);
    for (size_t i = 0; i < r->n_influencers; i++) {
        unsigned f = r->influencers[i];
        struct detect_values *v = &d->row.values[d->plan.influencers[f]];
        for (uint32_t k = 0; k < v->n; k++) {
            uint32_t name = name_of(d, v, k);
            if (name != 0)
                detect_bucket_contribute(b, c, f, name, weight, count, room, d->names);
            else
                b->parts_dropped++;
        }
    }
}

static void add_texts(struct detect *d, struct detect_open *b, struct detect_cell *c,
                      const struct detect_reads *r, struct detect_values *values, uint64_t weight)
{
    size_t before = detect_gather_memory(&c->gather, c->kind);
    /* Sketches grow with what comes: at the limit they stay as they are, and too small. */
    if (detect_memory(d) + DETECT_SKETCH_STEP > d->job->memory_limit) {
        c->gather.count += weight * values->n;
        d->failures++;
        return;
    }
    bool room = has_room(d);
    for (uint32_t i = 0; i < values->n; i++) {
        struct bytes text = values->v[i].text;
        uint64_t hash = hash_bytes(d->options.seed, text.p, text.n);
        if (!detect_gather_text(&c->gather, c->kind, hash, text, weight))
            b->failed = true;
        double size = c->kind == DETECT_INFO_CONTENT ? (double)text.n : 1;
        for (size_t f = 0; f < r->n_influencers; f++) {
            unsigned field = r->influencers[f];
            struct detect_values *v = &d->row.values[d->plan.influencers[field]];
            for (uint32_t k = 0; k < v->n; k++) {
                uint32_t name = name_of(d, v, k);
                if (name == 0) {
                    b->parts_dropped++;
                    continue;
                }
                bool fresh =
                    detect_bucket_pair(b, c, field, detect_names_hash(d->names, name), hash, room);
                detect_bucket_contribute(b, c, field, name, fresh ? size : 0, (double)weight, room,
                                         d->names);
            }
        }
    }
    b->sketch_bytes += detect_gather_memory(&c->gather, c->kind) - before;
}

unsigned detect_parent_bits(const struct detect_detector *det)
{
    if (detect_kind_rare(det->function->kind))
        return 1;
    return det->over != NULL ? 1 | 4 : 1 | 2 | 4;
}

static struct detect_cell *cell_of(struct detect *d, struct detect_open *b, size_t detector,
                                   uint32_t partition, uint32_t over, uint32_t by)
{
    const struct detect_detector *det = &d->job->detectors[detector];
    enum detect_kind kind = det->function->kind;
    struct detect_cell *c = detect_bucket_cell(b, d->names, (uint8_t)detector, kind, partition,
                                               over, by, detect_parent_bits(det), false);
    if (c != NULL)
        return c;
    if (!has_room(d)) {
        d->failures++;
        return NULL;
    }
    return detect_bucket_cell(b, d->names, (uint8_t)detector, kind, partition, over, by,
                              detect_parent_bits(det), true);
}

static void feed_slot(struct detect *d, size_t detector, struct detect_cell *c, uint64_t weight)
{
    enum model_clock_cycle cycle = detect_clock_cycle(&d->job->detectors[detector]);
    detect_gather_slot(&c->gather, model_clock_slot(cycle, d->record_time), weight);
}

static void feed_places(struct detect *d, struct detect_open *b, struct detect_cell *c,
                        const struct detect_reads *r, uint64_t weight)
{
    struct detect_places places;
    detect_geo_read(d, r, &places);
    if (!detect_geo_feed(d, b, c, &places, weight))
        return;
    contribute(d, b, c, r, (double)weight, (double)weight);
    detect_geo_carry(d, b, c, r, &places, has_room(d));
}

static void feed_cell(struct detect *d, struct detect_open *b, size_t detector,
                      struct detect_cell *c, uint64_t weight)
{
    const struct detect_reads *r = &d->plan.detectors[detector];
    switch ((enum detect_kind)c->kind) {
    case DETECT_DISTINCT_COUNT:
    case DETECT_INFO_CONTENT:
        add_texts(d, b, c, r, &d->row.values[r->field], weight);
        return;
    case DETECT_TIME_OF_DAY:
    case DETECT_TIME_OF_WEEK:
        feed_slot(d, detector, c, weight);
        contribute(d, b, c, r, (double)weight, (double)weight);
        return;
    case DETECT_LAT_LONG:
        feed_places(d, b, c, r, weight);
        return;
    case DETECT_COUNT:
    case DETECT_NON_ZERO_COUNT:
    case DETECT_RARE:
    case DETECT_FREQ_RARE:
        c->gather.count += weight;
        contribute(d, b, c, r, (double)weight, (double)weight);
        return;
    default: {
        struct brought x = add_numbers(d, b, c, &d->row.values[r->field], weight);
        if (x.any)
            contribute(d, b, c, r, x.sum, x.count);
        return;
    }
    }
}

static bool lacks_field(const struct detect *d, const struct detect_detector *det,
                        const struct detect_reads *r)
{
    if (r->field == DETECT_NO_SLOT)
        return false;
    if (det->function->kind == DETECT_LAT_LONG)
        return !detect_geo_given(d, r);
    return d->row.values[r->field].n == 0;
}

static void feed_detector(struct detect *d, struct detect_open *b, size_t detector, uint64_t weight)
{
    const struct detect_detector *det = &d->job->detectors[detector];
    const struct detect_reads *r = &d->plan.detectors[detector];
    struct split partition;
    struct split over;
    struct split by;
    /* A conversation counts once, however often it is reported. */
    if (d->withheld && r->categorized)
        return;
    if (d->row.continues &&
        (det->function->kind == DETECT_COUNT || det->function->kind == DETECT_NON_ZERO_COUNT))
        return;
    if (lacks_field(d, det, r) || !split_of(d, r->partition, det->use_null, &partition) ||
        !split_of(d, r->over, false, &over) || !split_of(d, r->by, det->use_null, &by)) {
        d->counts.missing_fields += detector < d->job->n_detectors;
        return;
    }
    uint32_t done = 0;
    uint32_t np;
    uint32_t no;
    uint32_t ny;
    for (uint32_t p = 0; p < partition.n; p++) {
        bool known_p = split_name(d, &partition, p, &np);
        for (uint32_t o = 0; o < over.n; o++) {
            bool known_o = known_p && split_name(d, &over, o, &no);
            for (uint32_t y = 0; y < by.n; y++) {
                if (done++ >= COMBINATIONS_MAX) {
                    d->counts.combinations += detector < d->job->n_detectors;
                    continue;
                }
                struct detect_cell *c = NULL;
                if (known_o && split_name(d, &by, y, &ny))
                    c = cell_of(d, b, detector, np, no, ny);
                else
                    d->failures++;
                if (c != NULL)
                    feed_cell(d, b, detector, c, weight);
            }
        }
    }
}

/* How many events the record stands for; 0: none. */
static uint64_t weight_of(struct detect *d)
{
    if (d->plan.summary == DETECT_NO_SLOT)
        return 1;
    struct detect_values *v = &d->row.values[d->plan.summary];
    double x = 0;
    if (v->n == 0 || !detect_row_number(&v->v[0], &x) || !(x >= 1)) {
        d->counts.missing_fields++;
        return 0;
    }
    return (uint64_t)(x < SUMMARY_MAX ? x : SUMMARY_MAX);
}

/* The row is filled. */
static enum err take(struct detect *d, ts_ns time)
{
    struct detect_counts *n = &d->counts;
    n->records++;
    struct detect_open *b = d->current;
    if (b == NULL || time < b->start || time - b->start >= d->job->bucket_span_ns) {
        uint64_t *counter = NULL;
        enum err e = ERR_NONE;
        b = bucket_at(d, time, &counter, &e);
        if (b == NULL) {
            if (counter != NULL)
                (*counter)++;
            return e;
        }
        d->current = b;
    }
    if (n->earliest_record == TIME_NONE || time < n->earliest_record)
        n->earliest_record = time;
    if (n->latest_record == TIME_NONE || time > n->latest_record)
        n->latest_record = time;
    n->processed++;
    n->fields += d->row.fields;
    n->input_bytes += d->row.bytes;
    n->combinations += d->row.dropped;
    d->row.dropped = 0;
    uint64_t weight = weight_of(d);
    if (weight == 0)
        return ERR_NONE;
    b->events += weight;
    d->record_time = time;
    d->withheld = d->categories != NULL && !detect_messages_take(d, time, has_room(d));
    for (size_t i = 0; i < d->job->n_measures; i++)
        feed_detector(d, b, i, weight);
    return ERR_NONE;
}

/* Time first: a record that begins a new bucket ends the old ones before it counts. */
static enum err follow(struct detect *d, ts_ns time)
{
    if (!d->options.follow_records || (d->now != TIME_NONE && time <= d->now))
        return ERR_NONE;
    return detect_advance(d, time);
}

enum err detect_event(struct detect *d, const struct event *e)
{
    ts_ns time;
    if (!detect_row_event_time(&d->plan, e, &time)) {
        d->counts.records++;
        d->counts.invalid_dates++;
        return ERR_NONE;
    }
    enum err r = follow(d, time);
    if (r != ERR_NONE)
        return r;
    detect_row_event(&d->row, &d->plan, e);
    d->row.continues = event_i64(e, EVENT_F_WEIR_FLOW_REPORTS, 1) > 1;
    return take(d, time);
}

enum err detect_columns(struct detect *d, const struct bytes *names, size_t n, struct err_text *why)
{
    enum err e = detect_plan_columns(&d->plan, names, n, why);
    if (e == ERR_NONE)
        d->columns = true;
    return e;
}

enum err detect_record(struct detect *d, ts_ns time, const struct bytes *fields)
{
    if (time > DETECT_TIME_BOUND || time < -DETECT_TIME_BOUND) {
        d->counts.records++;
        d->counts.invalid_dates++;
        return ERR_NONE;
    }
    enum err e = follow(d, time);
    if (e != ERR_NONE)
        return e;
    detect_row_columns(&d->row, &d->plan, fields);
    return take(d, time);
}

enum err detect_row(struct detect *d, const struct bytes *fields)
{
    ts_ns time;
    if (!detect_row_parse_time(d->job->time_format, fields[d->plan.time_column], &time)) {
        d->counts.records++;
        d->counts.invalid_dates++;
        return ERR_NONE;
    }
    return detect_record(d, time, fields);
}

/* ---- what others ask ---- */

const struct detect_counts *detect_counts(const struct detect *d)
{
    return &d->counts;
}

ts_ns detect_final_until(const struct detect *d)
{
    return d->closed_until;
}

ts_ns detect_now(const struct detect *d)
{
    return d->now;
}

double detect_last_score(const struct detect *d)
{
    return d->last_score;
}

/* Entities of a class that stand for a value of their detector's by or partition field. */
static void count_split(const struct detect *d, enum detect_class class, uint64_t *by,
                        uint64_t *partition)
{
    size_t n = detect_table_slots(d->table, class);
    for (size_t i = 0; i < n; i++) {
        const struct detect_entity *e = detect_table_at(d->table, class, i);
        /* A series of three measures is one. */
        if (e == NULL || e->detector >= d->job->n_detectors)
            continue;
        const struct detect_detector *det = &d->job->detectors[e->detector];
        if ((class == DETECT_CLASS_METRIC || class == DETECT_CLASS_CLOCK ||
             class == DETECT_CLASS_GEO) &&
            det->by != NULL)
            (*by)++;
        else if (det->partition != NULL && !detect_freq_population(det, class))
            (*partition)++;
    }
}

void detect_size(const struct detect *d, struct detect_size_stats *out)
{
    size_t used = detect_memory(d);
    uint64_t by = detect_table_count(d->table, DETECT_CLASS_VALUE);
    uint64_t partition = 0;
    count_split(d, DETECT_CLASS_METRIC, &by, &partition);
    count_split(d, DETECT_CLASS_CLOCK, &by, &partition);
    count_split(d, DETECT_CLASS_GEO, &by, &partition);
    count_split(d, DETECT_CLASS_POPULATION, &by, &partition);
    count_split(d, DETECT_CLASS_POOL, &by, &partition);
    *out = (struct detect_size_stats){
        .model_bytes = used,
        .peak_model_bytes = used > d->peak_bytes ? used : d->peak_bytes,
        .memory_limit = d->job->memory_limit,
        .bytes_exceeded = used > d->job->memory_limit ? used - d->job->memory_limit : 0,
        .allocation_failures = d->failures,
        .by_fields = by,
        .over_fields = detect_table_count(d->table, DETECT_CLASS_MEMBER),
        .partition_fields = partition,
        .status = d->status,
        .settled = d->counts.buckets >= SETTLED};
    detect_category_counts(d, &out->categories);
}

void detect_report_size(struct detect *d)
{
    if (d->options.sink == NULL)
        return;
    struct detect_result r = {.type = DETECT_RESULT_MODEL_SIZE_STATS,
                              .job_id = d->job->id,
                              .time = d->closed_until != TIME_NONE ? d->closed_until : 0,
                              .span_ns = d->job->bucket_span_ns};
    detect_size(d, &r.size);
    d->options.sink(d->options.ctx, &r);
    detect_messages_report_size(d);
}

void detect_snapshot_id(const struct detect *d, struct buf *out)
{
    ts_ns latest = d->counts.latest_record;
    buf_format(out, "%s-%lld", d->job->id,
               (long long)(latest == TIME_NONE ? 0 : time_floor(latest, TIME_S) / TIME_S));
}
