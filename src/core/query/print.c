/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "base/buf.h"
#include "format/write.h"
#include "query/build_priv.h"

#include <string.h>

static void print_node(struct format_writer *w, const struct query_node *v);

static void begin(struct format_writer *w, const char *key)
{
    format_write_key(w, key);
    format_write_begin_object(w);
}

static void print_value(struct format_writer *w, const struct query_value *v)
{
    if (v->written == QUERY_WRITTEN_STRING)
        format_write_str_n(w, v->s, v->len);
    else
        format_write_raw(w, v->s, v->len);
}

static void print_list(struct format_writer *w, const char *key, struct query_node *const *child,
                       uint32_t n, bool nots)
{
    bool any = false;
    for (uint32_t i = 0; i < n; i++) {
        if ((child[i]->op == QUERY_NOT) != nots)
            continue;
        if (!any) {
            format_write_key(w, key);
            format_write_begin_array(w);
        }
        any = true;
        print_node(w, nots ? child[i]->child[0] : child[i]);
    }
    if (any)
        format_write_end_array(w);
}

static void print_inner(struct format_writer *w, const struct query_node *v)
{
    begin(w, "bool");
    if (v->op == QUERY_OR) {
        format_write_key(w, "should");
        format_write_begin_array(w);
        for (uint32_t i = 0; i < v->n; i++)
            print_node(w, v->child[i]);
        format_write_end_array(w);
        format_write_field_i64(w, "minimum_should_match", v->min);
    } else if (v->op == QUERY_AND) {
        print_list(w, "filter", v->child, v->n, false);
        print_list(w, "must_not", v->child, v->n, true);
    } else {
        format_write_key(w, "must_not");
        format_write_begin_array(w);
        print_node(w, v->child[0]);
        format_write_end_array(w);
    }
    format_write_end_object(w);
}

static void print_one_term(struct format_writer *w, const struct query_node *v, uint32_t i)
{
    begin(w, "term");
    begin(w, v->field.name);
    format_write_key(w, "value");
    print_value(w, &v->values[i]);
    if (v->fold)
        format_write_field_bool(w, "case_insensitive", true);
    format_write_end_object(w);
    format_write_end_object(w);
}

static void print_terms(struct format_writer *w, const struct query_node *v)
{
    if (v->n == 1) {
        print_one_term(w, v, 0);
        return;
    }
    if (v->fold) {
        /* terms knows no case_insensitive */
        begin(w, "bool");
        format_write_key(w, "should");
        format_write_begin_array(w);
        for (uint32_t i = 0; i < v->n; i++) {
            format_write_begin_object(w);
            print_one_term(w, v, i);
            format_write_end_object(w);
        }
        format_write_end_array(w);
        format_write_field_i64(w, "minimum_should_match", 1);
        format_write_end_object(w);
        return;
    }
    begin(w, "terms");
    format_write_key(w, v->field.name);
    format_write_begin_array(w);
    for (uint32_t i = 0; i < v->n; i++)
        print_value(w, &v->values[i]);
    format_write_end_array(w);
    format_write_end_object(w);
}

static void print_ids(struct format_writer *w, const struct query_node *v)
{
    begin(w, "ids");
    format_write_key(w, "values");
    format_write_begin_array(w);
    for (uint32_t i = 0; i < v->n; i++)
        format_write_str_n(w, v->values[i].s, v->values[i].len);
    format_write_end_array(w);
    format_write_end_object(w);
}

static void print_phrase(struct format_writer *w, const struct query_node *v)
{
    struct buf text;
    buf_init(&text);
    for (uint32_t i = 0; i < v->n; i++) {
        if (i > 0)
            buf_char(&text, ' ');
        buf_add(&text, v->values[i].s, v->values[i].len);
    }
    begin(w, v->last_prefix ? "match_phrase_prefix" : "match_phrase");
    begin(w, v->field.name);
    format_write_key(w, "query");
    format_write_str_n(w, buf_text(&text), text.n);
    format_write_end_object(w);
    format_write_end_object(w);
    w->out->failed = w->out->failed || !buf_ok(&text);
    buf_release(&text);
}

static void print_bound(struct format_writer *w, const struct query_node *v, const char *key,
                        const char *s, size_t n)
{
    bool number = v->field.kind == EVENT_KIND_LONG || v->field.kind == EVENT_KIND_DOUBLE;
    format_write_key(w, key);
    if (number && query_build_json_number(s, n))
        format_write_raw(w, s, n);
    else
        format_write_str_n(w, s, n);
}

static void print_range(struct format_writer *w, const struct query_node *v)
{
    const struct query_bounds *o = v->bounds;
    begin(w, "range");
    begin(w, v->field.name);
    if (o->has_low)
        print_bound(w, v, o->low_open ? "gt" : "gte", o->low_text, o->low_len);
    if (o->has_high)
        print_bound(w, v, o->high_open ? "lt" : "lte", o->high_text, o->high_len);
    if (v->format != NULL)
        format_write_field_str(w, "format", v->format);
    if (v->time_zone != NULL)
        format_write_field_str(w, "time_zone", v->time_zone);
    format_write_end_object(w);
    format_write_end_object(w);
}

static void print_flags(struct format_writer *w, unsigned flags)
{
    static const char *const names[] = {"COMPLEMENT", "EMPTY", "ANYSTRING", "INTERSECTION",
                                        "INTERVAL"};
    char text[80] = "";
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if ((flags >> i & 1) == 0)
            continue;
        if (text[0] != '\0')
            strncat(text, "|", sizeof text - strlen(text) - 1);
        strncat(text, names[i], sizeof text - strlen(text) - 1);
    }
    if (flags != QUERY_REGEXP_ALL)
        format_write_field_str(w, "flags", flags == 0 ? "NONE" : text);
}

static void print_pattern(struct format_writer *w, const struct query_node *v, const char *key)
{
    begin(w, key);
    begin(w, v->field.name);
    format_write_key(w, "value");
    format_write_str_n(w, v->values[0].s, v->values[0].len);
    if (v->fold)
        format_write_field_bool(w, "case_insensitive", true);
    if (v->op == QUERY_REGEXP)
        print_flags(w, v->regexp_flags);
    format_write_end_object(w);
    format_write_end_object(w);
}

/* Text for query_string: `wild` leaves '*', '?' and what is escaped already. */
static void add_escaped(struct buf *out, const char *s, size_t n, bool wild)
{
    for (size_t i = 0; i < n; i++) {
        if (wild && s[i] == '\\' && i + 1 < n) {
            buf_char(out, '\\');
            buf_char(out, s[++i]);
            continue;
        }
        bool star = s[i] == '*' || s[i] == '?';
        bool wide = n - i >= 3 && memcmp(s + i, "\xe3\x80\x80", 3) == 0; /* a blank to Lucene */
        if (wide || (!(wild && star) && strchr(" \t\r\n+-=&|!(){}[]^\"~*?:\\/<>", s[i]) != NULL))
            buf_char(out, '\\');
        buf_char(out, s[i]);
    }
}

static void add_bound(struct buf *out, bool has, const char *s, size_t n)
{
    if (!has) {
        buf_char(out, '*');
        return;
    }
    buf_char(out, '"');
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"' || s[i] == '\\')
            buf_char(out, '\\');
        buf_char(out, s[i]);
    }
    buf_char(out, '"');
}

static void add_regexp(struct buf *out, const char *s, size_t n)
{
    buf_char(out, '/');
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\' && i + 1 < n)
            buf_char(out, s[i++]);
        else if (s[i] == '/')
            buf_char(out, '\\');
        buf_char(out, s[i]);
    }
    buf_char(out, '/');
}

/* The one pattern of fields; a '^' in it must not be taken for a boost. */
static void print_fields(struct format_writer *w, const struct query_field *f)
{
    struct buf name;
    buf_init(&name);
    buf_add(&name, f->path, f->path_len);
    if (memchr(f->path, '^', f->path_len) != NULL)
        buf_str(&name, "^1");
    format_write_key(w, "fields");
    format_write_begin_array(w);
    format_write_str_n(w, buf_text(&name), name.n);
    format_write_end_array(w);
    w->out->failed = w->out->failed || !buf_ok(&name);
    buf_release(&name);
}

/* A leaf about many fields whose text only query_string can say. */
static void print_query_string(struct format_writer *w, const struct query_node *v)
{
    struct buf text;
    const struct query_bounds *o = v->bounds;
    const struct query_value *value = v->values;
    buf_init(&text);
    if (v->op == QUERY_RANGE) {
        buf_char(&text, o->low_open ? '{' : '[');
        add_bound(&text, o->has_low, o->low_text, o->low_len);
        buf_str(&text, " TO ");
        add_bound(&text, o->has_high, o->high_text, o->high_len);
        buf_char(&text, o->high_open ? '}' : ']');
    } else if (v->op == QUERY_REGEXP) {
        add_regexp(&text, value->s, value->len);
    } else {
        add_escaped(&text, value->s, value->len, v->op == QUERY_WILDCARD);
        if (v->op == QUERY_PREFIX)
            buf_char(&text, '*');
    }
    begin(w, "query_string");
    print_fields(w, &v->field);
    format_write_key(w, "query");
    format_write_str_n(w, buf_text(&text), text.n);
    format_write_field_bool(w, "lenient", true);
    if (v->time_zone != NULL)
        format_write_field_str(w, "time_zone", v->time_zone);
    format_write_end_object(w);
    w->out->failed = w->out->failed || !buf_ok(&text);
    buf_release(&text);
}

static void print_multi_match(struct format_writer *w, const struct query_node *v)
{
    begin(w, "multi_match");
    format_write_key(w, "query");
    print_value(w, &v->values[0]);
    print_fields(w, &v->field);
    format_write_field_bool(w, "lenient", true);
    if (v->op == QUERY_PHRASE)
        format_write_field_str(w, "type", v->last_prefix ? "phrase_prefix" : "phrase");
    else if (v->all_words)
        format_write_field_str(w, "operator", "and");
    format_write_end_object(w);
}

static void print_exists(struct format_writer *w, const struct query_node *v)
{
    begin(w, "exists");
    format_write_field_str(w, "field", v->field.name);
    format_write_end_object(w);
}

static void print_many(struct format_writer *w, const struct query_node *v)
{
    if (v->op == QUERY_EXISTS)
        print_exists(w, v);
    else if (v->op == QUERY_MATCH || v->op == QUERY_PHRASE)
        print_multi_match(w, v);
    else
        print_query_string(w, v);
}

static void print_node(struct format_writer *w, const struct query_node *v)
{
    format_write_begin_object(w);
    switch (v->by_kind != NULL ? QUERY_MATCH : (enum query_op)v->op) {
    case QUERY_ALL:
        begin(w, "match_all");
        format_write_end_object(w);
        break;
    case QUERY_NONE:
        begin(w, "match_none");
        format_write_end_object(w);
        break;
    case QUERY_AND:
    case QUERY_OR:
    case QUERY_NOT:
        print_inner(w, v);
        break;
    case QUERY_TERMS:
    case QUERY_WORDS:
    case QUERY_INDEX:
    case QUERY_TIER:
        print_terms(w, v);
        break;
    case QUERY_IDS:
        print_ids(w, v);
        break;
    case QUERY_PHRASE:
        print_phrase(w, v);
        break;
    case QUERY_EXISTS:
        print_exists(w, v);
        break;
    case QUERY_RANGE:
        print_range(w, v);
        break;
    case QUERY_PREFIX:
        print_pattern(w, v, "prefix");
        break;
    case QUERY_WILDCARD:
        print_pattern(w, v, "wildcard");
        break;
    case QUERY_REGEXP:
        print_pattern(w, v, "regexp");
        break;
    case QUERY_MATCH:
        print_many(w, v);
        break;
    }
    format_write_end_object(w);
}

void query_node_to_dsl(const struct query_node *node, struct buf *out)
{
    struct format_writer w;
    format_write_init(&w, out);
    print_node(&w, node);
}

void query_to_dsl(const struct query *q, struct buf *out)
{
    query_node_to_dsl(query_root(q), out);
}
