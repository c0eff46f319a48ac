/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "detect/engine_priv.h"

#include "base/mem.h"

#include <string.h>

const char *detect_plot_feature(const struct detect_detector *det)
{
    bool over = det->over != NULL;
    switch ((enum detect_kind)det->function->kind) {
    case DETECT_NON_ZERO_COUNT:
        return "'non-zero count per bucket by person'";
    case DETECT_SUM:
        return over ? "'bucket sum by person and attribute'" : "'bucket sum by person'";
    case DETECT_NON_NULL_SUM:
        return "'bucket non-null sum by person'";
    case DETECT_MEAN:
        return over ? "'mean value by person and attribute'" : "'arithmetic mean value by person'";
    case DETECT_MEDIAN:
        return over ? "'median value by person and attribute'" : "'median value by person'";
    case DETECT_VARP:
        return over ? "'variance of values by person and attribute'"
                    : "'variance of values by person'";
    case DETECT_MIN:
        return over ? "'minimum value by person and attribute'" : "'minimum value by person'";
    case DETECT_MAX:
        return over ? "'maximum value by person and attribute'" : "'maximum value by person'";
    case DETECT_DISTINCT_COUNT:
        return over ? "'unique count per bucket by person and attribute'"
                    : "'unique count per bucket by person'";
    case DETECT_INFO_CONTENT:
        return over ? "'unique information content per bucket by person and attribute'"
                    : "'unique information content per bucket by person'";
    default:
        return over ? "'count per bucket by person and attribute'" : "'count per bucket by person'";
    }
}

static bool plotted(const struct detect *d, const struct detect_cell *c)
{
    const char *terms = d->job->model_plot_terms;
    if (terms == NULL)
        return true;
    const uint32_t ids[] = {c->by, c->over, c->partition};
    for (size_t i = 0; i < 3; i++) {
        struct bytes text = detect_names_text(d->names, ids[i]);
        for (const char *p = terms; *p != '\0';) {
            const char *comma = strchrnul(p, ',');
            if ((size_t)(comma - p) == text.n && memcmp(p, text.p, text.n) == 0 && text.n > 0)
                return true;
            p = *comma == ',' ? comma + 1 : comma;
        }
    }
    return false;
}

/* The models' expectation before they learn this bucket, in the order of the cells' hashes. */
enum err detect_report_plots(struct detect *d, const struct detect_closing *cl)
{
    if (!(d->job->model_plot || d->options.model_plot) || cl->interim || d->options.sink == NULL)
        return ERR_NONE;
    struct detect_cell **cells = detect_bucket_sorted(cl->bucket);
    if (cells == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < cl->bucket->n_cells; i++) {
        const struct detect_cell *c = cells[i];
        const struct detect_detector *det = &d->job->detectors[c->detector];
        void *e = c->entity;
        void *parent = c->parent;
        /* A document's id names the detector: of several measures the first is shown. */
        if (c->detector >= d->job->n_detectors)
            continue;
        if (e == NULL || detect_kind_rare(det->function->kind) ||
            detect_kind_shared(det->function->kind) || !plotted(d, c) ||
            (c->flags & DETECT_CELL_VALUE) == 0)
            continue;
        struct detect_result result = {.type = DETECT_RESULT_MODEL_PLOT,
                                       .job_id = d->job->id,
                                       .time = cl->bucket->start,
                                       .span_ns = d->job->bucket_span_ns};
        result.plot = (struct detect_model_plot){
            .detector = det->index,
            .feature = detect_plot_feature(det),
            .by_name = det->by,
            .over_name = det->over,
            .partition_name = det->partition,
            .by = detect_name_text(d, det->by, c->by),
            .over = detect_name_text(d, det->over, c->over),
            .partition = detect_name_text(d, det->partition, c->partition),
            .actual = c->value,
            .has_actual = true};
        if (det->over != NULL) {
            struct model_observation o = {cl->bucket->start, c->value, 1, 1};
            struct model_judgement j;
            model_population_judge(&((struct detect_population *)parent)->model,
                                   &((struct detect_member *)e)->model, &o, &j);
            result.plot.lower = j.lower;
            result.plot.median = j.typical;
            result.plot.upper = j.upper;
        } else {
            model_series_expect(((struct detect_metric *)e)->series, cl->bucket->start,
                                &result.plot.median, &result.plot.lower, &result.plot.upper);
        }
        d->options.sink(d->options.ctx, &result);
    }
    mem_free(cells);
    return ERR_NONE;
}
