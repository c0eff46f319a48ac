/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/table.h"

#include "base/buf.h"
#include "format/node.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Columns are as wide as what usually stands in them; longer text is cut, the last is not. */
static const struct column {
    const char *head;
    unsigned width; /* characters; 0: to the end of the line */
    bool right;
} columns[] = {
    {"when (UTC)", 16, false}, {"severity", 8, false}, {"score", 5, true},
    {"who", 24, false},        {"to whom", 24, false}, {"over", 30, false},
    {"came", 13, true},        {"expected", 13, true}, {"rule", 0, false},
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* The next character of valid UTF-8; its bytes go to *out_n. */
static uint32_t next_char(const char *s, size_t n, size_t *out_n)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t want = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (want > n)
        want = n;
    uint32_t c = want == 1 ? p[0] : p[0] & (0xffU >> (want + 1));
    for (size_t i = 1; i < want; i++)
        c = c << 6 | (p[i] & 0x3fU);
    *out_n = want;
    return c;
}

/* Texts come from traffic: nothing in them may steer the terminal or turn the line around. */
static bool is_plain(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return false;
    if (c == 0x200e || c == 0x200f || c == 0x061c || c == 0xfeff)
        return false;
    return !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

static size_t chars_in(const char *s, size_t n)
{
    size_t count = 0;
    size_t step;
    for (size_t i = 0; i < n; i += step) {
        (void)next_char(s + i, n - i, &step);
        count++;
    }
    return count;
}

/* How many characters fit with a mark behind them: whole words, unless the last is a long one. */
static size_t cut_at(const char *s, size_t n, size_t room)
{
    size_t word = 0;
    size_t at = 0;
    for (size_t i = 0; i < room; i++) {
        size_t step;
        if (next_char(s + at, n - at, &step) == ' ')
            word = i;
        at += step;
    }
    return word >= room / 2 ? word : room - 1;
}

static void add_cell(const struct column *col, const char *s, struct buf *out)
{
    size_t n = strlen(s);
    size_t chars = chars_in(s, n);
    size_t room = col->width != 0 ? col->width : SIZE_MAX;
    size_t shown = chars <= room ? chars : cut_at(s, n, room);
    size_t taken = shown + (shown < chars);
    size_t pad = col->width != 0 && taken < room ? room - taken : 0;
    for (size_t i = 0; col->right && i < pad; i++)
        buf_char(out, ' ');
    size_t at = 0;
    for (size_t i = 0; i < shown; i++) {
        size_t step;
        if (is_plain(next_char(s + at, n - at, &step)))
            buf_add(out, s + at, step);
        else
            buf_char(out, '?');
        at += step;
    }
    if (shown < chars)
        buf_str(out, "…");
    for (size_t i = 0; !col->right && i < pad; i++)
        buf_char(out, ' ');
}

static void add_line(const char *const *cells, struct buf *out)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        if (i > 0)
            buf_str(out, "  ");
        add_cell(&columns[i], cells[i], out);
    }
    buf_char(out, '\n');
}

void rule_table_head(struct buf *out)
{
    const char *cells[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        cells[i] = columns[i].head;
    add_line(cells, out);
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

static void add_plain(const char *s, struct buf *out)
{
    static const struct column whole = {"", 0, false};
    add_cell(&whole, s, out);
}

#define DAY_LENGTH 11 /* of "2024-05-01 " */

/* "    job ded_…; events 2024-05-01 18:00 to 21:00: source.ip: …" */
static void add_origin(const struct format_node *root, struct buf *out)
{
    char from[17];
    char to[17];
    short_time(format_node_str(format_node_get(root, "weir.alert.from"), ""), from);
    short_time(format_node_str(format_node_get(root, "weir.alert.to"), ""), to);
    buf_str(out, "    job ");
    add_plain(format_node_str(format_node_get(root, "weir.alert.job"), ""), out);
    buf_str(out, "; events ");
    add_plain(from, out);
    buf_str(out, " to ");
    add_plain(strncmp(from, to, DAY_LENGTH) == 0 ? to + DAY_LENGTH : to, out);
    const char *which = format_node_str(format_node_get(root, "weir.alert.events.which"), "");
    if (which[0] != '\0')
        buf_str(out, ": ");
    add_plain(which, out);
    buf_char(out, '\n');
}

enum err rule_table_row(struct bytes alert_json, struct buf *out, struct err_text *why)
{
    struct format_node *root;
    enum err code = format_node_json((const char *)alert_json.p, alert_json.n, "alert", &root, why);
    if (code != ERR_NONE)
        return code;
    const char *rule = format_node_str(format_node_get(root, "kibana.alert.rule.name"), NULL);
    if (rule == NULL) {
        code = format_node_err(root, why, ERR_FORMAT, "an alert must name its rule");
        format_node_free(root);
        return code;
    }
    char when[17];
    char score[16];
    short_time(format_node_str(format_node_get(root, "weir.alert.from"), ""), when);
    double value = format_node_num(format_node_get(root, "weir.alert.score"), 0);
    snprintf(score, sizeof(score), "%.0f", floor(value));
    const char *cells[COLUMNS] = {
        when,
        format_node_str(format_node_get(root, "kibana.alert.severity"), ""),
        score,
        format_node_str(format_node_get(root, "weir.alert.who"), ""),
        format_node_str(format_node_get(root, "weir.alert.whom"), ""),
        format_node_str(format_node_get(root, "weir.alert.what"), ""),
        format_node_str(format_node_get(root, "weir.alert.came"), ""),
        format_node_str(format_node_get(root, "weir.alert.usual"), ""),
        rule,
    };
    add_line(cells, out);
    add_origin(root, out);
    format_node_free(root);
    return buf_ok(out) ? ERR_NONE : err_set(why, ERR_MEMORY, "no memory is left to write a table");
}
