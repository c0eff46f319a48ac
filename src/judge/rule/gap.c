/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/gap.h"

#include "base/mem.h"
#include "format/node.h"
#include "format/write.h"

#include <string.h>

void rule_gap_init(struct rule_gap *g, struct rule_range range)
{
    *g = (struct rule_gap){.range = range};
}

void rule_gap_release(struct rule_gap *g)
{
    mem_free(g->filled);
}

ts_ns rule_gap_filled_ns(const struct rule_gap *g)
{
    ts_ns sum = 0;
    for (size_t i = 0; i < g->filled_n; i++)
        sum += g->filled[i].to - g->filled[i].from;
    return sum;
}

/* Spans that touch or overlap become one. */
enum err rule_gap_fill(struct rule_gap *g, struct rule_range span, bool *out_changed)
{
    ts_ns before = rule_gap_filled_ns(g);
    *out_changed = false;
    if (span.from < g->range.from)
        span.from = g->range.from;
    if (span.to > g->range.to)
        span.to = g->range.to;
    if (span.from >= span.to)
        return ERR_NONE;
    if (mem_grow((void **)&g->filled, &g->filled_cap, g->filled_n + 1, sizeof(*g->filled)) != 0)
        return ERR_MEMORY;
    size_t at = 0;
    while (at < g->filled_n && g->filled[at].to < span.from)
        at++;
    size_t end = at;
    while (end < g->filled_n && g->filled[end].from <= span.to) {
        if (g->filled[end].from < span.from)
            span.from = g->filled[end].from;
        if (g->filled[end].to > span.to)
            span.to = g->filled[end].to;
        end++;
    }
    memmove(&g->filled[at + 1], &g->filled[end], (g->filled_n - end) * sizeof(*g->filled));
    g->filled_n = g->filled_n - (end - at) + 1;
    g->filled[at] = span;
    *out_changed = rule_gap_filled_ns(g) != before;
    return ERR_NONE;
}

bool rule_gap_next_unfilled(const struct rule_gap *g, ts_ns from, struct rule_range *out)
{
    struct rule_range left = {from > g->range.from ? from : g->range.from, g->range.to};
    for (size_t i = 0; i < g->filled_n; i++) {
        if (left.from < g->filled[i].from) {
            left.to = g->filled[i].from;
            break;
        }
        if (left.from < g->filled[i].to)
            left.from = g->filled[i].to;
    }
    if (left.from >= left.to)
        return false;
    *out = left;
    return true;
}

enum rule_gap_state rule_gap_state(const struct rule_gap *g)
{
    ts_ns filled = rule_gap_filled_ns(g);
    if (filled == 0)
        return RULE_GAP_UNFILLED;
    return filled < g->range.to - g->range.from ? RULE_GAP_PARTIALLY_FILLED : RULE_GAP_FILLED;
}

const char *rule_gap_state_name(enum rule_gap_state state)
{
    switch (state) {
    case RULE_GAP_UNFILLED:
        return "unfilled";
    case RULE_GAP_PARTIALLY_FILLED:
        return "partially_filled";
    case RULE_GAP_FILLED:
        return "filled";
    }
    return "unfilled";
}

static void write_range(struct rule_range range, struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_key(w, "gte");
    format_write_time(w, range.from);
    format_write_key(w, "lte");
    format_write_time(w, range.to);
    format_write_end_object(w);
}

static void write_unfilled(const struct rule_gap *g, struct format_writer *w)
{
    struct rule_range left = {.to = g->range.from};
    while (rule_gap_next_unfilled(g, left.to, &left))
        write_range(left, w);
}

void rule_gap_write(const struct rule_gap *g, struct format_writer *w)
{
    ts_ns total = g->range.to - g->range.from;
    ts_ns filled = rule_gap_filled_ns(g);
    format_write_begin_object(w);
    format_write_key(w, "range");
    write_range(g->range, w);
    format_write_field_str(w, "status", rule_gap_state_name(rule_gap_state(g)));
    format_write_key(w, "filled_intervals");
    format_write_begin_array(w);
    for (size_t i = 0; i < g->filled_n; i++)
        write_range(g->filled[i], w);
    format_write_end_array(w);
    format_write_key(w, "in_progress_intervals");
    format_write_begin_array(w);
    format_write_end_array(w);
    format_write_key(w, "unfilled_intervals");
    format_write_begin_array(w);
    write_unfilled(g, w);
    format_write_end_array(w);
    format_write_field_i64(w, "total_gap_duration_ms", total / TIME_MS);
    format_write_field_i64(w, "filled_duration_ms", filled / TIME_MS);
    format_write_field_i64(w, "in_progress_duration_ms", 0);
    format_write_field_i64(w, "unfilled_duration_ms", (total - filled) / TIME_MS);
    format_write_end_object(w);
}

static bool read_time(const struct format_node *v, ts_ns *out)
{
    return time_parse_iso(format_node_str(v, ""), format_node_str_len(v), out);
}

static bool read_range(const struct format_node *v, struct rule_range *out)
{
    return read_time(format_node_get(v, "gte"), &out->from) &&
           read_time(format_node_get(v, "lte"), &out->to) && out->from <= out->to;
}

enum err rule_gap_read(const char *json, size_t n, struct rule_gap *out, struct err_text *why)
{
    struct format_node *root;
    struct rule_gap gap;
    struct rule_range range;
    enum err code = format_node_json(json, n, "gap", &root, why);
    if (code != ERR_NONE)
        return code;
    if (!read_range(format_node_get(root, "range"), &range))
        code = err_set(why, ERR_FORMAT, "a gap must have a range");
    else
        rule_gap_init(&gap, range);
    const struct format_node *filled = format_node_get(root, "filled_intervals");
    for (size_t i = 0; code == ERR_NONE && i < format_node_count(filled); i++) {
        bool changed;
        if (read_range(format_node_at(filled, i), &range))
            code = rule_gap_fill(&gap, range, &changed);
        else
            code = err_set(why, ERR_FORMAT, "a filled interval must have a beginning and an end");
        if (code != ERR_NONE)
            rule_gap_release(&gap);
    }
    format_node_free(root);
    if (code == ERR_NONE)
        *out = gap;
    return code;
}
