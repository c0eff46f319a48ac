/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/gaps.h"

#include "base/buf.h"
#include "base/mem.h"
#include "format/write.h"
#include "rule/gap.h"
#include "store/state_gap.h"

#include <string.h>

static enum err put(struct store_state *state, const char *rule_id, const struct rule_gap *gap)
{
    struct buf doc;
    struct format_writer w;
    buf_init(&doc);
    format_write_init(&w, &doc);
    rule_gap_write(gap, &w);
    const struct store_gap row = {
        .rule_id = rule_id,
        .from = gap->range.from,
        .to = gap->range.to,
        .status = rule_gap_state_name(rule_gap_state(gap)),
        .doc = buf_text(&doc),
    };
    enum err err = buf_ok(&doc) ? store_state_gap_put(state, &row) : ERR_MEMORY;
    buf_release(&doc);
    return err;
}

/* The gaps that a span meets. */
struct met {
    struct rule_gap *gaps;
    size_t n, cap;
    enum err err;
};

static bool meet(void *ctx, const struct store_gap *row)
{
    struct met *m = ctx;
    struct err_text ignored;
    if (mem_grow((void **)&m->gaps, &m->cap, m->n + 1, sizeof(*m->gaps)) != 0) {
        m->err = ERR_MEMORY;
        return false;
    }
    m->err = rule_gap_read(row->doc, strlen(row->doc), &m->gaps[m->n], &ignored);
    m->n += m->err == ERR_NONE;
    return m->err == ERR_NONE;
}

static enum err find(struct store_state *state, const char *rule_id, ts_ns from, ts_ns to,
                     struct met *out)
{
    *out = (struct met){.n = 0};
    enum err err = store_state_gap_list(state, rule_id, from, to, meet, out);
    return err != ERR_NONE ? err : out->err;
}

static void release(struct met *m)
{
    for (size_t i = 0; i < m->n; i++)
        rule_gap_release(&m->gaps[i]);
    mem_free(m->gaps);
}

enum err engine_gaps_note(struct store_state *state, const char *rule_id, ts_ns from, ts_ns to,
                          ts_ns now, struct err_text *why)
{
    struct rule_gap gap;
    rule_gap_init(&gap, (struct rule_range){from, to});
    enum err err = store_state_gap_trim(state, now - ENGINE_GAPS_KEPT);
    if (err == ERR_NONE)
        err = put(state, rule_id, &gap);
    rule_gap_release(&gap);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "a gap cannot be written: %s", err_name(err));
}

enum err engine_gaps_fill(struct store_state *state, const char *rule_id, ts_ns from, ts_ns to,
                          struct err_text *why)
{
    struct met met;
    enum err err = find(state, rule_id, from, to, &met);
    for (size_t i = 0; i < met.n && err == ERR_NONE; i++) {
        bool changed;
        err = rule_gap_fill(&met.gaps[i], (struct rule_range){from, to}, &changed);
        if (err == ERR_NONE && changed)
            err = put(state, rule_id, &met.gaps[i]);
    }
    release(&met);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "gaps cannot be filled: %s", err_name(err));
}
