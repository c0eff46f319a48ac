/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/table.h"

#include "base/buf.h"
#include "format/node.h"
#include "rule/wrap.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define INDENT 4        /* of what stands below an alert's first line */
#define HANGING 8       /* of what does not fit on that line */
#define BLOCK_TEXT 14   /* where the texts of a block begin, behind their names */
#define DAY_LENGTH 11   /* of "2024-05-01 " */
#define GAP ((size_t)2) /* between columns */

enum { WHEN, SEVERITY, SCORE, WHO, WHOM, OVER, CAME, EXPECTED, RULE, COLUMNS };

/* Columns are as wide as what usually stands in them; longer text is cut, the last is not. */
struct column {
    const char *head;
    size_t width; /* columns of a terminal; 0: to the end of the line */
    bool right;
};

static const struct column columns[COLUMNS] = {
    [WHEN] = {"when (UTC)", 16, false}, [SEVERITY] = {"severity", 8, false},
    [SCORE] = {"score", 5, true},       [WHO] = {"who", 24, false},
    [WHOM] = {"to whom", 24, false},    [OVER] = {"over", 30, false},
    [CAME] = {"came", 13, true},        [EXPECTED] = {"expected", 13, true},
    [RULE] = {"rule", 0, false},
};

/* What an alert's lines are made of; views of its document. Texts that are put together for a line
 * are gathered in a scratch buffer, whose failure stays until the end. */
struct alert_texts {
    char when[17];
    char score[16];
    const char *cells[COLUMNS];
    char to[17];
    const char *job;
    const char *which;
};

static void add_cell(const char *s, size_t width, bool right, struct buf *out)
{
    size_t n = strlen(s);
    size_t shown = rule_wrap_columns(s, n) <= width ? n : rule_wrap_cut(s, n, width);
    size_t taken = rule_wrap_columns(s, shown) + (shown < n);
    size_t pad = taken < width ? width - taken : 0;
    for (size_t i = 0; right && i < pad; i++)
        buf_char(out, ' ');
    rule_wrap_plain(s, shown, out);
    if (shown < n)
        buf_str(out, "…");
    for (size_t i = 0; !right && i < pad; i++)
        buf_char(out, ' ');
}

/* All in one line, and what is longer than the line in its last column. */
static void add_wide_line(const char *const *cells, size_t width, struct buf *out)
{
    size_t at = 0;
    for (size_t i = 0; i < RULE; i++) {
        add_cell(cells[i], columns[i].width, columns[i].right, out);
        buf_str(out, "  ");
        at += columns[i].width + GAP;
    }
    rule_wrap_flow(cells[RULE], at, at, width, out);
    buf_char(out, '\n');
}

/* Without the rule and what it was over; who and whom share the room that the others leave. */
static void add_folded_line(const char *const *cells, size_t width, struct buf *out)
{
    static const uint8_t shown[] = {WHEN, SEVERITY, SCORE, WHO, WHOM, CAME, EXPECTED};
    size_t fixed = 0;
    for (size_t i = 0; i < sizeof(shown); i++)
        fixed += (shown[i] != WHO && shown[i] != WHOM ? columns[shown[i]].width : 0) + GAP;
    size_t share = (width + GAP - fixed) / 2;
    for (size_t i = 0; i < sizeof(shown); i++) {
        const struct column *col = &columns[shown[i]];
        bool shares = (shown[i] == WHO || shown[i] == WHOM) && share < col->width;
        if (i > 0)
            buf_str(out, "  ");
        add_cell(cells[shown[i]], shares ? share : col->width, col->right, out);
    }
    buf_char(out, '\n');
}

static void add_below(const char *text, size_t width, struct buf *out)
{
    buf_str(out, "    ");
    rule_wrap_flow(text, INDENT, HANGING, width, out);
    buf_char(out, '\n');
}

/* "2024-05-01T21:00:00.000Z" as "2024-05-01 21:00". */
static void short_time(const char *iso, char out[17])
{
    size_t n = strlen(iso);
    memset(out, 0, 17);
    memcpy(out, iso, n < 16 ? n : 16);
    if (n >= 16)
        out[10] = ' ';
}

/* "2024-05-01 18:00 to 21:00: source.ip: …" */
static void add_events(const struct alert_texts *t, struct buf *out)
{
    bool same_day = strncmp(t->when, t->to, DAY_LENGTH) == 0;
    buf_format(out, "%s to %s%s%s", t->when, same_day ? t->to + DAY_LENGTH : t->to,
               t->which[0] != '\0' ? ": " : "", t->which);
}

/* "job ded_…; events 2024-05-01 18:00 to 21:00: source.ip: …"; an alert of events has no job. */
static void add_origin(const struct alert_texts *t, size_t width, struct buf *scratch,
                       struct buf *out)
{
    size_t from = scratch->n;
    if (t->job[0] != '\0')
        buf_format(scratch, "job %s; ", t->job);
    buf_str(scratch, "events ");
    add_events(t, scratch);
    add_below(buf_text(scratch) + from, width, out);
}

static void add_folded(const struct alert_texts *t, size_t width, struct buf *scratch,
                       struct buf *out)
{
    const char *over = t->cells[OVER];
    size_t from = scratch->n;
    add_folded_line(t->cells, width, out);
    buf_format(scratch, "%s%s%s", t->cells[RULE], over[0] != '\0' ? ": " : "", over);
    add_below(buf_text(scratch) + from, width, out);
    add_origin(t, width, scratch, out);
}

static void add_named(const char *name, const char *text, size_t width, struct buf *out)
{
    if (text[0] == '\0')
        return;
    buf_format(out, "    %-*s", BLOCK_TEXT - INDENT, name);
    rule_wrap_flow(text, BLOCK_TEXT, BLOCK_TEXT, width, out);
    buf_char(out, '\n');
}

static void add_block(const struct alert_texts *t, size_t width, struct buf *scratch,
                      struct buf *out)
{
    const char *usual = t->cells[EXPECTED];
    size_t from = scratch->n;
    buf_format(scratch, "%s  %s  %s%s%s", t->when, t->cells[SEVERITY], t->score,
               t->score[0] != '\0' ? "  " : "", t->cells[RULE]);
    rule_wrap_flow(buf_text(scratch) + from, 0, INDENT, width, out);
    buf_char(out, '\n');
    add_named("who", t->cells[WHO], width, out);
    add_named("to whom", t->cells[WHOM], width, out);
    add_named("over", t->cells[OVER], width, out);
    from = scratch->n;
    buf_format(scratch, "%s%s%s", t->cells[CAME], usual[0] != '\0' ? "; expected " : "", usual);
    add_named("came", buf_text(scratch) + from, width, out);
    add_named("job", t->job, width, out);
    from = scratch->n;
    add_events(t, scratch);
    add_named("events", buf_text(scratch) + from, width, out);
}

static size_t bound(unsigned width)
{
    return width == 0 || width >= RULE_TABLE_LEAST ? width : RULE_TABLE_LEAST;
}

void rule_table_head(unsigned width, struct buf *out)
{
    const char *cells[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        cells[i] = columns[i].head;
    if (width == 0 || width >= RULE_TABLE_WIDE)
        add_wide_line(cells, width, out);
    else if (width >= RULE_TABLE_BLOCKS)
        add_folded_line(cells, width, out);
}

static const char *text_at(const struct format_node *root, const char *key)
{
    return format_node_str(format_node_get(root, key), "");
}

static void read_texts(const struct format_node *root, struct alert_texts *out)
{
    const struct format_node *score = format_node_get(root, "weir.alert.score");
    short_time(text_at(root, "weir.alert.from"), out->when);
    short_time(text_at(root, "weir.alert.to"), out->to);
    out->score[0] = '\0'; /* alerts of events have none */
    if (score != NULL)
        snprintf(out->score, sizeof(out->score), "%.0f", floor(format_node_num(score, 0)));
    out->cells[WHEN] = out->when;
    out->cells[SEVERITY] = text_at(root, "kibana.alert.severity");
    out->cells[SCORE] = out->score;
    out->cells[WHO] = text_at(root, "weir.alert.who");
    out->cells[WHOM] = text_at(root, "weir.alert.whom");
    out->cells[OVER] = text_at(root, "weir.alert.what");
    out->cells[CAME] = text_at(root, "weir.alert.came");
    out->cells[EXPECTED] = text_at(root, "weir.alert.usual");
    out->cells[RULE] = text_at(root, "kibana.alert.rule.name");
    out->job = text_at(root, "weir.alert.job");
    out->which = text_at(root, "weir.alert.events.which");
}

enum err rule_table_row(struct bytes alert_json, unsigned width, struct buf *out,
                        struct err_text *why)
{
    struct format_node *root;
    struct alert_texts texts;
    struct buf scratch;
    enum err code = format_node_json((const char *)alert_json.p, alert_json.n, "alert", &root, why);
    if (code != ERR_NONE)
        return code;
    if (format_node_str(format_node_get(root, "kibana.alert.rule.name"), NULL) == NULL) {
        code = format_node_err(root, why, ERR_FORMAT, "an alert must name its rule");
        format_node_free(root);
        return code;
    }
    read_texts(root, &texts);
    buf_init(&scratch);
    if (width == 0 || width >= RULE_TABLE_WIDE) {
        add_wide_line(texts.cells, width, out);
        add_origin(&texts, width, &scratch, out);
    } else if (width >= RULE_TABLE_BLOCKS) {
        add_folded(&texts, width, &scratch, out);
    } else {
        add_block(&texts, bound(width), &scratch, out);
    }
    bool whole = buf_ok(out) && buf_ok(&scratch);
    buf_release(&scratch);
    format_node_free(root);
    return whole ? ERR_NONE : err_set(why, ERR_MEMORY, "no memory is left to write a table");
}
