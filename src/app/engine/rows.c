/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rows.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "detect/aggs.h"
#include "detect/detect.h"
#include "detect/feed.h"
#include "engine/jobs.h"
#include "event/event.h"
#include "find/rows.h"

#include <string.h>

/* Columns before the fields of a row. */
enum { COLUMN_TIME, COLUMN_COUNT, COLUMNS };

struct engine_rows {
    struct find_rows *rows;
    struct bytes *names;  /* of the columns */
    struct bytes *fields; /* of the row that is given */
    struct buf texts;     /* that were made for it */
    size_t n;
    ts_ns interval;
    struct detect *engine; /* while rows are given */
    ts_ns given;           /* up to there; TIME_NONE */
    uint64_t late;
};

void engine_rows_free(struct engine_rows *r)
{
    if (r == NULL)
        return;
    find_rows_free(r->rows);
    buf_release(&r->texts);
    mem_free(r->names);
    mem_free(r->fields);
    mem_free(r);
}

static struct bytes text_of(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

enum err engine_rows_new(const struct detect_feed *feed, struct find_rows_pool *pool,
                         struct engine_rows **out, struct err_text *why)
{
    const struct detect_aggs *aggs = feed->aggs;
    const struct find_rows_options options = {.seed = ENGINE_JOBS_SEED.k0, .pool = pool};
    struct engine_rows *r = mem_zero(1, sizeof(*r));
    if (r == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    buf_init(&r->texts);
    r->interval = aggs->interval_ns;
    r->given = TIME_NONE;
    enum err err =
        find_rows_new(aggs->text, strlen(aggs->text), aggs->interval_ns, &options, &r->rows, why);
    if (err == ERR_NONE) {
        size_t n;
        const char *const *names = find_rows_names(r->rows, &n);
        r->n = n + COLUMNS;
        r->names = mem_zero(r->n, sizeof(*r->names));
        r->fields = mem_zero(r->n, sizeof(*r->fields));
        if (r->names == NULL || r->fields == NULL) {
            engine_rows_free(r);
            return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        }
        r->names[COLUMN_TIME] = text_of(aggs->time_field);
        r->names[COLUMN_COUNT] = text_of("doc_count");
        for (size_t i = 0; i < n; i++)
            r->names[COLUMNS + i] = text_of(names[i]);
    }
    if (err != ERR_NONE) {
        engine_rows_free(r);
        return err;
    }
    *out = r;
    return ERR_NONE;
}

enum err engine_rows_check(const struct detect_feed *feed, struct err_text *why)
{
    struct engine_rows *r = NULL;
    enum err err = feed->aggs != NULL ? engine_rows_new(feed, NULL, &r, why) : ERR_NONE;
    engine_rows_free(r);
    return err;
}

enum err engine_rows_event(struct engine_rows *r, const struct event *e)
{
    return find_rows_add(r->rows, e);
}

ts_ns engine_rows_first(const struct engine_rows *r)
{
    ts_ns first, last;
    return find_rows_open(r->rows, &first, &last) ? first : TIME_NONE;
}

ts_ns engine_rows_last(const struct engine_rows *r)
{
    ts_ns first, last;
    return find_rows_open(r->rows, &first, &last) ? last : TIME_NONE;
}

/* A value as text of the row, where it was made for it; its place is found once all are made. */
static void write_value(struct buf *out, const struct event_value *v)
{
    char scratch[EVENT_TEXT_SIZE];
    size_t n;
    if (v->type == EVENT_NULL)
        return;
    if (v->type == EVENT_F64) {
        buf_f64(out, v->f);
        return;
    }
    const char *text = event_value_text(v, scratch, &n);
    buf_add(out, text, n);
}

static enum err give(void *ctx, const struct find_row *row)
{
    struct engine_rows *r = ctx;
    buf_clear(&r->texts);
    for (size_t i = 0; i < r->n; i++) {
        size_t before = r->texts.n;
        if (i == COLUMN_COUNT)
            buf_format(&r->texts, "%llu", (unsigned long long)row->docs);
        else if (i >= COLUMNS)
            write_value(&r->texts, &row->values[i - COLUMNS]);
        r->fields[i].n = r->texts.n - before;
    }
    if (!buf_ok(&r->texts))
        return ERR_MEMORY;
    size_t at = 0;
    for (size_t i = 0; i < r->n; i++) {
        r->fields[i].p = (const uint8_t *)r->texts.p + at;
        at += r->fields[i].n;
    }
    return detect_record(r->engine, row->time, r->fields);
}

enum err engine_rows_give(struct engine_rows *r, ts_ns to, struct detect *engine)
{
    struct err_text why;
    r->engine = engine;
    enum err err = detect_columns(engine, r->names, r->n, &why);
    return err == ERR_NONE ? find_rows_take(r->rows, to, give, r) : err;
}

void engine_rows_tell_lost(struct engine_rows *r, struct find_rows_lost *out)
{
    *out = find_rows_tell_lost(r->rows);
}

uint64_t engine_rows_lost(struct engine_rows *r)
{
    return find_rows_tell_lost(r->rows).events;
}

enum err engine_rows_follow(struct engine_rows *r, const struct event *e, ts_ns latency,
                            struct detect *engine)
{
    if (e->time > FIND_ROWS_TIME || e->time < -FIND_ROWS_TIME)
        return engine_rows_event(r, e);
    if (r->given != TIME_NONE && e->time < r->given) {
        r->late++;
        return ERR_NONE;
    }
    ts_ns to = time_floor(e->time - latency, r->interval);
    enum err err = ERR_NONE;
    if (to > r->given) {
        r->given = to;
        err = engine_rows_give(r, to, engine);
    }
    return err == ERR_NONE ? engine_rows_event(r, e) : err;
}

uint64_t engine_rows_late(const struct engine_rows *r)
{
    return r->late;
}
