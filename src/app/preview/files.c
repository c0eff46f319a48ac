/* SPDX-License-Identifier: Apache-2.0 */
#include "preview/files.h"

#include "enrich/enrich.h"
#include "event/event.h"
#include "feed/enricher.h"
#include "feed/inputs.h"
#include "ingest/sort.h"

#include <stdio.h>

/* Events between two looks at stop() and progress(). */
#define LOOK_EVERY 16384

struct run {
    struct preview *preview;
    const struct preview_files *files;
    struct enrich *enrich;
    struct ingest_sort *sort;
    ts_ns last;
    uint64_t read; /* events of the inputs */
    uint64_t played;
    enum err failed;
    bool stopped;
};

static bool stop(void *ctx)
{
    struct run *r = ctx;
    r->stopped |= r->files->stop != NULL && r->files->stop(r->files->ctx);
    return r->stopped || r->failed != ERR_NONE;
}

static void progress(void *ctx, double share, uint64_t events)
{
    const struct run *r = ctx;
    if (r->files->progress != NULL)
        r->files->progress(r->files->ctx, share, events);
}

static void read_progress(void *ctx, double share, uint64_t events)
{
    progress(ctx, share / 2, events);
}

static void remark(void *ctx, const char *sentence)
{
    const struct run *r = ctx;
    if (r->files->remark != NULL)
        r->files->remark(r->files->ctx, sentence);
}

/* Only what the job takes is put in order. */
static void gather(void *ctx, struct event *e)
{
    struct run *r = ctx;
    r->read++;
    enrich_event(r->enrich, e);
    if (r->failed != ERR_NONE || !preview_wants(r->preview, e))
        return;
    if (r->last == TIME_NONE || e->time > r->last)
        r->last = e->time;
    r->failed = ingest_sort_add(r->sort, e);
}

static void play(void *ctx, struct event *e)
{
    struct run *r = ctx;
    if (r->failed != ERR_NONE || r->stopped)
        return;
    r->failed = preview_event(r->preview, e);
    if (++r->played % LOOK_EVERY == 0) {
        double share = (double)r->played / (double)ingest_sort_count(r->sort);
        progress(r, 0.5 + share / 2, r->played);
        (void)stop(r);
    }
}

static void tell_troubles(struct run *r, const struct feed_inputs *in)
{
    struct feed_inputs_totals t;
    char text[900], line[1000];
    feed_inputs_totals(in, &t);
    if (t.malformed > 0) {
        snprintf(line, sizeof(line), "%llu records could not be read; the first: %s",
                 (unsigned long long)t.malformed,
                 err_format(&t.first_malformed, text, sizeof(text)));
        remark(r, line);
    }
    if (t.first_cut != NULL) {
        snprintf(line, sizeof(line), "%s is cut short or damaged; what came before was read",
                 t.first_cut);
        remark(r, line);
    }
}

static enum err read_all(struct run *r, struct err_text *why)
{
    const struct preview_files *f = r->files;
    const struct feed_inputs_settings settings = {
        .format = f->format,
        .filter = f->filter,
        .sensor = f->sensor,
        .stop = stop,
        .progress = read_progress,
        .remark = remark,
        .ctx = r,
        .sink = gather,
        .sink_ctx = r,
    };
    struct feed_inputs *in = NULL;
    enum err err = feed_inputs_new(&settings, f->paths, f->paths_n, &in, why);
    if (err != ERR_NONE)
        return err;
    err = feed_inputs_run(in, why);
    if (r->failed != ERR_NONE)
        err = err_set(why, r->failed, "events cannot be put in order: %s", err_name(r->failed));
    if (err == ERR_NONE)
        tell_troubles(r, in);
    struct feed_inputs_totals t;
    feed_inputs_totals(in, &t);
    if (err == ERR_NONE && t.events == 0 && t.malformed > 0)
        err = err_set(why, ERR_FORMAT, "nothing of the input could be read");
    feed_inputs_free(in);
    return err;
}

static enum err run(struct run *r, struct err_text *why)
{
    enum err err = read_all(r, why);
    if (err != ERR_NONE)
        return err;
    if (r->last != TIME_NONE)
        preview_expect(r->preview, r->last);
    if ((err = ingest_sort_drain(r->sort, play, r)) != ERR_NONE)
        return err_set(why, err, "the events in order cannot be read: %s", err_name(err));
    if (r->stopped)
        return err_set(why, ERR_STOPPED, "stopped before the end of the input");
    if (r->failed == ERR_NONE)
        r->failed = preview_finish(r->preview, TIME_MAX);
    if (r->failed != ERR_NONE)
        return err_set(why, r->failed, "the job failed: %s", err_name(r->failed));
    return ERR_NONE;
}

enum err preview_files(struct preview *p, const struct preview_files *files, struct err_text *why)
{
    struct run r = {.preview = p, .files = files, .last = TIME_NONE};
    enum err err =
        feed_enricher_new(files->home, files->home_n, files->geoip, files->geoip_n, &r.enrich, why);
    if (err == ERR_NONE && (r.sort = ingest_sort_new(0, NULL)) == NULL)
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE)
        err = run(&r, why);
    ingest_sort_free(r.sort);
    enrich_free(r.enrich);
    return err;
}
