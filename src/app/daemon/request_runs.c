/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/request_priv.h"

#include "base/arena.h"
#include "rule/gap.h"
#include "store/state.h"
#include "store/state_gap.h"

#include <string.h>

enum err daemon_request_see_rule(struct daemon_asked *a, const char *id, struct err_text *why)
{
    struct arena arena;
    struct store_rule row;
    arena_init(&arena, 0);
    enum err err = store_state_rule_get(a->data->state, id, &arena, &row);
    arena_release(&arena);
    if (err == ERR_NOT_FOUND)
        return err_set(why, err, "there is no rule '%s'; weir rule list shows them", id);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "the rule cannot be read: %s", err_name(err));
}

static int64_t metric(const struct format_node *doc, const char *key)
{
    return format_node_int(format_node_get(format_node_get(doc, "metrics"), key), 0);
}

static bool print_run(void *ctx, const struct store_run *run)
{
    struct format_node *doc = NULL;
    struct err_text ignored;
    char time[TIME_TEXT_SIZE];
    if (run->doc == NULL ||
        format_node_json(run->doc, strlen(run->doc), "run", &doc, &ignored) != ERR_NONE)
        doc = NULL;
    time_format_iso(run->time, time);
    bool more = daemon_asked_line(
        ctx, "%-24s %-9s %-15s %7llu %10lld %8lld %8lld %s", time,
        run->manual ? "manual" : "scheduled", run->status, (unsigned long long)run->alerts,
        (long long)metric(doc, "alerts_suppressed"), (long long)metric(doc, "candidates_excepted"),
        (long long)(metric(doc, "total_search_duration_ms") +
                    metric(doc, "total_indexing_duration_ms")),
        run->message != NULL ? run->message : "");
    format_node_free(doc);
    return more;
}

static enum err history(struct daemon_asked *a, const char *id, struct err_text *why)
{
    daemon_asked_line(a, "%-24s %-9s %-15s %7s %10s %8s %8s %s", "TIME", "TYPE", "STATUS", "ALERTS",
                      "SUPPRESSED", "EXCEPTED", "MS", "MESSAGE");
    enum err err = store_state_run_list(a->data->state, id,
                                        (uint64_t)daemon_asked_number(a, "limit", 0), print_run, a);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "the runs cannot be read: %s", err_name(err));
}

static bool print_gap(void *ctx, const struct store_gap *row)
{
    struct rule_gap gap;
    struct err_text ignored;
    char from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE], span[RULE_SPAN_SIZE];
    if (rule_gap_read(row->doc, strlen(row->doc), &gap, &ignored) != ERR_NONE)
        return true;
    time_format_iso(gap.range.from, from);
    time_format_iso(gap.range.to, to);
    rule_schedule_span(gap.range.to - gap.range.from - rule_gap_filled_ns(&gap), span);
    rule_gap_release(&gap);
    return daemon_asked_line(ctx, "%-24s %-24s %-16s %s", from, to, row->status, span);
}

static enum err gaps(struct daemon_asked *a, const char *id, struct err_text *why)
{
    daemon_asked_line(a, "%-24s %-24s %-16s %s", "FROM", "TO", "STATUS", "LEFT");
    enum err err = store_state_gap_list(a->data->state, id, TIME_NONE, TIME_MAX, print_gap, a);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "the gaps cannot be read: %s", err_name(err));
}

bool daemon_request_runs(struct daemon_asked *a, const char *verb, enum err *out,
                         struct err_text *why)
{
    const char *id = daemon_asked_text(a, "id", "");
    bool is_history = strcmp(verb, "history") == 0;
    if (!is_history && strcmp(verb, "gaps") != 0)
        return false;
    *out = daemon_request_see_rule(a, id, why);
    if (*out == ERR_NONE)
        *out = is_history ? history(a, id, why) : gaps(a, id, why);
    return true;
}
