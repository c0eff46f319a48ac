/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/run_priv.h"

#include "hunt/hunt.h"
#include "rule/alert.h"
#include "rule/rule.h"
#include "rule/status.h"

#include <stdio.h>

/* So many findings are looked at in a window when alike ones become one alert; what is beyond is
 * counted, up to a bound. */
#define SUPPRESSED_MAX 5000
#define LEFT_MAX 100000

/* What a search shows, kept while it is over. */
struct gathering {
    struct rule_running *run;
    struct rule_candidates *out;
    uint64_t found;
    uint64_t left; /* found, and beyond what is looked at */
    bool full;
    enum err code;
    struct err_text *why;
};

/* What has its alert is passed over and takes no place among the alerts of the window. */
static enum hunt_verdict gather(void *ctx, const struct hunt_hit *hit)
{
    struct gathering *g = ctx;
    const struct rule_candidate named = {
        .id = hit->id, .index = hit->index, .version = hit->version, .also = hit->also};
    char id[RULE_ALERT_ID_SIZE];
    bool exists = false;
    g->found++;
    if (g->full) /* there is no room to look at more: they are counted */
        return ++g->left < LEFT_MAX ? HUNT_LEFT : HUNT_ENOUGH;
    rule_alert_id(g->run->rule, &named, id);
    g->code = g->run->ports->alert_exists(g->run->ports->ctx, id, &exists, g->why);
    if (g->code != ERR_NONE)
        return HUNT_ENOUGH;
    if (exists) {
        g->run->status->existed++;
        return HUNT_KNOWN;
    }
    /* Many that are suppressed make one alert. */
    g->full = g->out->n == (g->run->rule->suppression.on ? SUPPRESSED_MAX : g->run->max);
    if (g->full && !g->run->rule->suppression.on)
        return HUNT_ENOUGH;
    if (g->full)
        return ++g->left < LEFT_MAX ? HUNT_LEFT : HUNT_ENOUGH;
    g->code = rule_candidates_add_hit(g->out, hit);
    return g->code == ERR_NONE ? HUNT_TAKEN : HUNT_ENOUGH;
}

static bool is_excepted(void *ctx, const struct event *e)
{
    return rule_run_excepted(ctx, e);
}

enum err rule_hits_find(struct rule_running *run, struct rule_range range, bool own,
                        struct rule_candidates *out, struct err_text *why)
{
    struct hunt_span span = {.from = range.from,
                             .to = range.to,
                             .until = run->at_end ? run->now + 1 : run->now,
                             .now = run->at,
                             .own = own && run->kept};
    struct gathering g = {.run = run, .out = out, .why = why};
    bool lost = false;
    if (run->except.match != NULL) {
        span.except = is_excepted;
        span.except_ctx = run;
    }
    if (span.own && hunt_is_idle(run->hunt, &span))
        return ERR_NONE;
    enum err code = hunt_look(run->hunt, &span, gather, &g, &lost, why);
    if (code == ERR_NONE)
        code = g.code;
    if (code == ERR_MEMORY)
        err_set(why, code, "no memory is left for what a rule found");
    if (own)
        run->status->found = g.found;
    if (lost)
        rule_status_warn(run->status, "more matched than there is room to keep, so alerts may be "
                                      "missing; a narrower query needs less");
    if (g.full) {
        char text[RULE_RUN_MESSAGE];
        if (run->rule->suppression.on)
            snprintf(text, sizeof(text),
                     "%llu%s events more were found than the %d that one run groups: they are "
                     "neither alerts nor counted in one, unless a later run still looks at their "
                     "time",
                     (unsigned long long)g.left, g.left == LEFT_MAX ? " or more" : "",
                     SUPPRESSED_MAX);
        else
            snprintf(text, sizeof(text),
                     "more than %zu alerts would be raised, which is the most one run may; the "
                     "others are left to later runs, as far as those still look at their time",
                     run->max);
        rule_status_warn(run->status, text);
        run->status->left += g.left;
    }
    return code;
}
