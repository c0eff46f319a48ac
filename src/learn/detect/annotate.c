/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

#include "base/mem.h"
#include "detect/result.h"

#include <stdio.h>

/* A piece's, and a bucket's, annotations beyond these are told by their number. */
#define NOTES_A_PIECE 64
#define NOTES_A_BUCKET 50

void detect_annotate_take(struct detect_changes *notes, const struct detect_metric *m)
{
    struct detect_change note = {
        .partition = m->head.partition, .by = m->head.by, .detector = m->head.detector};
    model_series_changed(m->series, &note.changed);
    if (note.changed.kind == MODEL_CHANGE_NONE)
        return;
    if (notes->n >= NOTES_A_PIECE ||
        mem_grow((void **)&notes->list, &notes->cap, notes->n + 1, sizeof(note)) != 0)
        notes->left_out++;
    else
        notes->list[notes->n++] = note;
}

static void tell(const struct model_changed *c, char *text, size_t n)
{
    switch (c->kind) {
    case MODEL_CHANGE_LEVEL:
        snprintf(text, n, "The usual value has gone from %.4g to %.4g for good.", c->before,
                 c->after);
        break;
    case MODEL_CHANGE_CLOCK:
        snprintf(text, n, "Its hours now come %lld minutes %s than when they were learned.",
                 (long long)((c->clock_ns < 0 ? -c->clock_ns : c->clock_ns) / TIME_MIN),
                 c->clock_ns < 0 ? "later" : "earlier");
        break;
    case MODEL_CHANGE_SPREAD:
        snprintf(text, n, "It varies otherwise than it did, and for good.");
        break;
    case MODEL_CHANGE_NONE:
        break;
    }
}

static void send(struct detect *d, const struct detect_closing *c, const struct detect_change *note,
                 const char *text)
{
    struct detect_result result = {.type = DETECT_RESULT_ANNOTATION,
                                   .job_id = d->job->id,
                                   .time = c->bucket->start,
                                   .span_ns = d->job->bucket_span_ns};
    result.annotation.text = text;
    if (note != NULL) {
        const struct detect_detector *det = &d->job->detectors[note->detector];
        result.annotation.detector = det->index;
        result.annotation.by_name = det->by;
        result.annotation.partition_name = det->partition;
        result.annotation.by = detect_name_text(d, det->by, note->by);
        result.annotation.partition = detect_name_text(d, det->partition, note->partition);
    }
    d->options.sink(d->options.ctx, &result);
}

void detect_annotate_report(struct detect *d, const struct detect_closing *c,
                            const struct detect_changes *const *pieces, size_t n)
{
    size_t sent = 0;
    size_t left_out = 0;
    char text[160];
    for (size_t i = 0; i < n; i++) {
        left_out += pieces[i]->left_out;
        for (size_t k = 0; k < pieces[i]->n; k++) {
            const struct detect_change *note = &pieces[i]->list[k];
            /* A document's id names the detector: of several measures the first is told. */
            if (note->detector >= d->job->n_detectors)
                continue;
            if (sent == NOTES_A_BUCKET) {
                left_out++;
                continue;
            }
            tell(&note->changed, text, sizeof(text));
            send(d, c, note, text);
            sent++;
        }
    }
    if (left_out == 0)
        return;
    snprintf(text, sizeof(text), "%zu more series have changed for good.", left_out);
    send(d, c, NULL, text);
}
