/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/group.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* A group that is to become a new alert. */
struct fresh {
    const struct suppress_candidate *first;
    struct suppress_outcome outcome;
    uint64_t others; /* candidates besides the first */
};

struct grouping {
    const struct suppress_how *how;
    const struct suppress_ports *ports;
    struct suppress_totals totals;
    struct fresh *fresh;
    size_t fresh_n, fresh_cap;
};

static int by_time(const struct suppress_candidate *a, const struct suppress_candidate *b)
{
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    return strcmp(a->alert_id, b->alert_id);
}

static int by_instance(const void *left, const void *right)
{
    const struct suppress_candidate *a = left;
    const struct suppress_candidate *b = right;
    int c = strcmp(a->instance, b->instance);
    return c != 0 ? c : by_time(a, b);
}

static int by_first(const void *left, const void *right)
{
    const struct fresh *a = left;
    const struct fresh *b = right;
    return by_time(a->first, b->first);
}

static ts_ns later(ts_ns a, ts_ns b)
{
    return a > b ? a : b;
}

/* Drops the candidates that are alerts already; *n shrinks. */
static enum err drop_existing(struct grouping *g, struct suppress_candidate *list, size_t *n,
                              struct err_text *why)
{
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        bool exists = kept > 0 && strcmp(list[kept - 1].alert_id, list[i].alert_id) == 0;
        enum err code = ERR_NONE;
        if (!exists)
            code = g->ports->exists(g->ports->ctx, list[i].alert_id, &exists, why);
        if (code != ERR_NONE)
            return code;
        if (exists)
            g->totals.existed++;
        else
            list[kept++] = list[i];
    }
    *n = kept;
    return ERR_NONE;
}

/* What was counted before; *n shrinks. there: the alert found, or NULL. */
static enum err drop_counted(struct grouping *g, const struct suppress_alert *there,
                             struct suppress_candidate *list, size_t *n, struct err_text *why)
{
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        bool counted = there != NULL && !there->same_run && there->end >= list[i].end;
        enum err code = ERR_NONE;
        if (g->ports->covered != NULL)
            code = g->ports->covered(g->ports->ctx, list[i].instance, list[i].start, list[i].end,
                                     &counted, why);
        if (code != ERR_NONE)
            return code;
        if (counted)
            g->totals.existed++;
        else
            list[kept++] = list[i];
    }
    *n = kept;
    return ERR_NONE;
}

/* Counts a group in the alert that is there. */
static enum err count_in(struct grouping *g, const struct suppress_alert *there,
                         const struct fresh *group, struct err_text *why)
{
    bool earlier = there->same_run && group->outcome.start < there->start;
    const struct suppress_outcome outcome = {
        .start = earlier ? group->outcome.start : there->start,
        .end = later(there->end, group->outcome.end),
        .docs = there->docs + group->outcome.docs + 1,
    };
    enum err code = g->ports->update(g->ports->ctx, there->id, &outcome, why);
    if (code == ERR_NONE)
        g->totals.suppressed += group->others + 1;
    return code;
}

/* The candidates of one instance, in the order of time. */
static enum err take_group(struct grouping *g, struct suppress_candidate *list, size_t n,
                           struct err_text *why)
{
    struct suppress_alert there;
    enum err code = drop_existing(g, list, &n, why);
    if (code != ERR_NONE || n == 0)
        return code;
    code = g->ports->find(g->ports->ctx, list[0].instance, g->how->since, &there, why);
    if (code != ERR_NONE && code != ERR_NOT_FOUND)
        return code;
    bool found = code == ERR_NONE;
    code = drop_counted(g, found ? &there : NULL, list, &n, why);
    if (code != ERR_NONE || n == 0)
        return code;
    struct fresh group = {
        .first = &list[0], .outcome = {list[0].start, list[0].end, list[0].docs}, .others = n - 1};
    for (size_t i = 1; i < n; i++) {
        group.outcome.docs += list[i].docs + 1;
        group.outcome.end = later(group.outcome.end, list[i].end);
    }
    if (found && (there.same_run || !g->how->per_run))
        return count_in(g, &there, &group, why);
    if (mem_grow((void **)&g->fresh, &g->fresh_cap, g->fresh_n + 1, sizeof(*g->fresh)) != 0)
        return err_set(why, ERR_MEMORY, "no memory is left to group alerts");
    g->fresh[g->fresh_n++] = group;
    return ERR_NONE;
}

/* The earliest first, as many as may be made. */
static enum err make_alerts(struct grouping *g, struct err_text *why)
{
    if (g->fresh_n > 0)
        qsort(g->fresh, g->fresh_n, sizeof(*g->fresh), by_first);
    for (size_t i = 0; i < g->fresh_n; i++) {
        const struct fresh *f = &g->fresh[i];
        if (g->totals.created == g->how->max) {
            g->totals.left = g->fresh_n - i;
            return ERR_NONE;
        }
        enum err code = g->ports->create(g->ports->ctx, f->first, &f->outcome, why);
        if (code == ERR_EXISTS) {
            g->totals.existed++;
        } else if (code != ERR_NONE) {
            return code;
        } else {
            g->totals.created++;
            g->totals.suppressed += f->others;
        }
    }
    return ERR_NONE;
}

enum err suppress_group(struct suppress_candidate *list, size_t n, const struct suppress_how *how,
                        const struct suppress_ports *ports, struct suppress_totals *out_totals,
                        struct err_text *why)
{
    struct grouping g = {.how = how, .ports = ports};
    enum err code = ERR_NONE;
    if (n > 0)
        qsort(list, n, sizeof(*list), by_instance);
    for (size_t i = 0; i < n && code == ERR_NONE;) {
        size_t end = i + 1;
        while (end < n && strcmp(list[end].instance, list[i].instance) == 0)
            end++;
        code = take_group(&g, list + i, end - i, why);
        i = end;
    }
    if (code == ERR_NONE)
        code = make_alerts(&g, why);
    mem_free(g.fresh);
    *out_totals = g.totals;
    return code;
}
