/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/kql.h"

#include "base/buf.h"
#include "query/tree.h"

#include <string.h>

void rule_kql_quote(const char *s, size_t n, struct buf *out)
{
    buf_char(out, '"');
    for (size_t i = 0; i < n; i++) {
        switch (s[i]) {
        case '"':
        case '\\':
            buf_char(out, '\\');
            buf_char(out, s[i]);
            break;
        case '\n':
            buf_str(out, "\\n");
            break;
        case '\r':
            buf_str(out, "\\r");
            break;
        case '\t':
            buf_str(out, "\\t");
            break;
        default:
            buf_char(out, s[i]);
        }
    }
    buf_char(out, '"');
}

/* Outside quotes only '*' is a wildcard, and these would end or split the word. */
static void add_bare(char c, struct buf *out)
{
    if (strchr("\\():<>\"*{} ", c) != NULL && c != '\0')
        buf_char(out, '\\');
    buf_char(out, c);
}

static bool write_node(const struct query_node *node, bool inner, struct buf *out);

static void write_field(const struct query_field *f, struct buf *out)
{
    if (f->scope == QUERY_SCOPE_ANY)
        return;
    buf_str(out, f->scope == QUERY_SCOPE_PATTERN ? f->path : f->name);
    buf_str(out, ": ");
}

static bool write_children(const struct query_node *node, const char *glue, bool inner,
                           struct buf *out)
{
    if (node->n == 1)
        return write_node(node->child[0], inner, out);
    if (inner)
        buf_char(out, '(');
    for (uint32_t i = 0; i < node->n; i++) {
        if (i > 0)
            buf_str(out, glue);
        if (!write_node(node->child[i], true, out))
            return false;
    }
    if (inner)
        buf_char(out, ')');
    return true;
}

static bool write_terms(const struct query_node *node, struct buf *out)
{
    if (node->fold || node->n == 0)
        return false;
    if (node->op == QUERY_IDS || node->op == QUERY_INDEX)
        buf_str(out, node->op == QUERY_IDS ? "_id: " : "_index: ");
    else
        write_field(&node->field, out);
    if (node->n > 1)
        buf_char(out, '(');
    for (uint32_t i = 0; i < node->n; i++) {
        const struct query_value *v = &node->values[i];
        if (i > 0)
            buf_str(out, " or ");
        if (v->written == QUERY_WRITTEN_STRING)
            rule_kql_quote(v->s, v->len, out);
        else
            buf_add(out, v->s, v->len);
    }
    if (node->n > 1)
        buf_char(out, ')');
    return true;
}

/* One phrase out of a leaf's words. */
static bool write_phrase(const struct query_node *node, struct buf *out)
{
    if (node->last_prefix || node->n == 0)
        return false;
    struct buf phrase;
    buf_init(&phrase);
    for (uint32_t i = 0; i < node->n; i++) {
        if (i > 0)
            buf_char(&phrase, ' ');
        buf_add(&phrase, node->values[i].s, node->values[i].len);
    }
    write_field(&node->field, out);
    rule_kql_quote(buf_text(&phrase), phrase.n, out);
    if (!buf_ok(&phrase))
        out->failed = true;
    buf_release(&phrase);
    return true;
}

static bool write_pattern(const struct query_node *node, struct buf *out)
{
    if (node->fold || node->n != 1)
        return false;
    const struct query_value *v = &node->values[0];
    bool prefix = node->op == QUERY_PREFIX;
    write_field(&node->field, out);
    for (uint32_t i = 0; i < v->len; i++) {
        char c = v->s[i];
        if (!prefix && c == '?')
            return false;
        if (!prefix && c == '*')
            buf_char(out, '*');
        else if (!prefix && c == '\\' && i + 1 < v->len)
            add_bare(v->s[++i], out);
        else
            add_bare(c, out);
    }
    if (prefix)
        buf_char(out, '*');
    return true;
}

static void write_side(const struct query_field *f, const char *op, const char *text, size_t n,
                       struct buf *out)
{
    buf_str(out, f->name);
    buf_str(out, op);
    rule_kql_quote(text, n, out);
}

static void write_time_side(const struct query_field *f, const char *op, ts_ns t, struct buf *out)
{
    char text[TIME_TEXT_SIZE];
    size_t n = time_format_iso(t, text);
    write_side(f, op, text, n, out);
}

static bool write_range(const struct query_node *node, bool inner, struct buf *out)
{
    const struct query_bounds *b = node->bounds;
    const struct query_field *f = &node->field;
    if (f->scope != QUERY_SCOPE_FIELD || b->empty || (!b->has_low && !b->has_high))
        return false;
    bool both = b->has_low && b->has_high;
    bool date = f->kind == EVENT_KIND_DATE;
    if (inner && both)
        buf_char(out, '(');
    if (b->has_low && date)
        write_time_side(f, " >= ", b->from, out);
    else if (b->has_low)
        write_side(f, b->low_open ? " > " : " >= ", b->low_text, b->low_len, out);
    if (both)
        buf_str(out, " and ");
    if (b->has_high && date)
        write_time_side(f, " < ", b->to, out);
    else if (b->has_high)
        write_side(f, b->high_open ? " < " : " <= ", b->high_text, b->high_len, out);
    if (inner && both)
        buf_char(out, ')');
    return true;
}

static void write_none(bool inner, struct buf *out)
{
    buf_str(out, inner ? "(not *)" : "not *");
}

static bool write_node(const struct query_node *node, bool inner, struct buf *out)
{
    if (node->field.fold)
        return false;
    switch ((enum query_op)node->op) {
    case QUERY_ALL:
        buf_char(out, '*');
        return true;
    case QUERY_NONE:
        write_none(inner, out);
        return true;
    case QUERY_TIER:
        if (node->hot)
            buf_char(out, '*');
        else
            write_none(inner, out);
        return true;
    case QUERY_MATCH:
        return (!node->all_words || node->n == 1) && write_terms(node, out);
    case QUERY_AND:
        return write_children(node, " and ", inner, out);
    case QUERY_OR:
        if (node->min == 1)
            return write_children(node, " or ", inner, out);
        return node->min == node->n && write_children(node, " and ", inner, out);
    case QUERY_NOT:
        buf_str(out, "not ");
        return write_node(node->child[0], true, out);
    case QUERY_TERMS:
    case QUERY_WORDS:
    case QUERY_IDS:
    case QUERY_INDEX:
        return write_terms(node, out);
    case QUERY_PHRASE:
        return write_phrase(node, out);
    case QUERY_EXISTS:
        write_field(&node->field, out);
        buf_char(out, '*');
        return true;
    case QUERY_RANGE:
        return write_range(node, inner, out);
    case QUERY_PREFIX:
    case QUERY_WILDCARD:
        return write_pattern(node, out);
    case QUERY_REGEXP:
        return false;
    }
    return false;
}

bool rule_kql_write(const struct query_node *node, struct buf *out)
{
    size_t before = out->n;
    if (write_node(node, true, out))
        return true;
    out->n = before;
    if (out->p != NULL)
        out->p[before] = '\0';
    return false;
}
