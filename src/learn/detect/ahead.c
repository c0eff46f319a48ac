/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

/* Cells between one step towards an entity and the next: enough to wait for memory once. */
#define STEP DETECT_AHEAD_STEP
#define RING (2 * STEP)

static uint64_t expect(const struct detect *d, const struct detect_cell *c)
{
    const struct detect_detector *det = &d->job->detectors[c->detector];
    enum detect_class class = DETECT_CLASS_METRIC;
    uint32_t over = 0;
    if (detect_kind_rare(det->function->kind)) {
        class = DETECT_CLASS_VALUE;
    } else if (c->kind == DETECT_LAT_LONG) {
        class = DETECT_CLASS_GEO;
    } else if (detect_kind_clock(det->function->kind)) {
        class = DETECT_CLASS_CLOCK;
    } else if (det->over != NULL) {
        class = DETECT_CLASS_MEMBER;
        over = c->over;
    }
    return detect_table_expect(d->table, class, c->detector, c->partition, over, c->by);
}

const struct detect_entity *detect_ahead_entity(struct detect_ahead *a, const struct detect *d,
                                                struct detect_cell **cells, size_t n, size_t i)
{
    for (size_t k = 0; i == 0 && k < RING && k < n; k++)
        a->expected[k] = expect(d, cells[k]);
    if (i + RING + STEP < n)
        __builtin_prefetch(cells[i + RING + STEP]);
    if (i > 0 && i - 1 + RING < n)
        a->expected[(i - 1) % RING] = expect(d, cells[i - 1 + RING]);
    if (i + STEP >= n)
        return NULL;
    return detect_table_approach(d->table, a->expected[(i + STEP) % RING]);
}
