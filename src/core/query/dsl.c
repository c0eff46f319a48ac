/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "base/buf.h"
#include "format/node.h"
#include "query/parse_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct query_node *parse_clause(struct query_build *b, const struct format_node *v);

static void set_place(struct query_build *b, const struct format_node *v)
{
    b->file = format_node_file_name(v);
    b->line = format_node_line(v);
    b->column = 0;
}

__attribute__((format(printf, 4, 5))) static void *
fail_at(struct query_build *b, const struct format_node *v, enum err code, const char *format, ...)
{
    char message[400];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    set_place(b, v);
    return query_build_fail(b, code, "%s", message);
}

/* Keys that only move relevance, which there is none of here. */
static void ask_relevance(const struct format_node *v)
{
    (void)format_node_get(v, "boost");
    (void)format_node_get(v, "_name");
}

/* False when the object has a key that nobody asked for. */
static bool all_known(struct query_build *b, const struct format_node *v, const char *what)
{
    ask_relevance(v);
    const struct format_node *u = format_node_unknown(v);
    if (u != NULL)
        fail_at(b, u, ERR_INVALID, "unknown key '%.80s' in %s", format_node_key(u), what);
    return u == NULL;
}

static bool is_object(struct query_build *b, const struct format_node *v, const char *what)
{
    if (format_node_type(v) == FORMAT_OBJECT)
        return true;
    fail_at(b, v, ERR_INVALID, "expected an object for %s", what);
    return false;
}

/* A scalar as text: numbers as JSON writes them. */
static bool read_raw(struct query_build *b, const struct format_node *v, struct query_raw *out)
{
    struct buf text;
    switch (format_node_type(v)) {
    case FORMAT_STRING:
        *out = (struct query_raw){QUERY_WRITTEN_STRING, format_node_str(v, ""),
                                  format_node_str_len(v)};
        return true;
    case FORMAT_BOOL:
        out->written = QUERY_WRITTEN_BOOL;
        out->s = format_node_bool(v, false) ? "true" : "false";
        out->n = strlen(out->s);
        return true;
    case FORMAT_INT:
    case FORMAT_FLOAT:
        buf_init(&text);
        if (format_node_type(v) == FORMAT_INT)
            buf_i64(&text, format_node_int(v, 0));
        else
            buf_f64(&text, format_node_num(v, 0));
        out->written = QUERY_WRITTEN_NUMBER;
        out->n = text.n;
        out->s = buf_ok(&text) ? query_build_text(b, buf_text(&text), text.n)
                               : query_build_fail(b, ERR_MEMORY, "no memory for a query");
        buf_release(&text);
        return out->s != NULL;
    default:
        fail_at(b, v, ERR_INVALID, "expected a string, a number, true or false");
        return false;
    }
}

/* The one member that names a field, besides boost and _name. */
static const struct format_node *field_member(struct query_build *b, const struct format_node *v,
                                              const char *what)
{
    const struct format_node *found = NULL;
    if (!is_object(b, v, what))
        return NULL;
    for (size_t i = 0; i < format_node_count(v); i++) {
        const struct format_node *m = format_node_at(v, i);
        const char *key = format_node_key(m);
        if (strcmp(key, "boost") == 0 || strcmp(key, "_name") == 0)
            continue;
        if (found != NULL)
            return fail_at(b, m, ERR_INVALID, "expected one field in %s, found '%.80s' too", what,
                           key);
        found = m;
    }
    return found != NULL ? found
                         : fail_at(b, v, ERR_INVALID, "expected the name of a field in %s", what);
}

/* The leaf about the field that the member is named after. */
static struct query_node *leaf(struct query_build *b, const struct format_node *member,
                               const struct query_ask *ask)
{
    set_place(b, member);
    return query_build_exact(b, format_node_key(member), format_node_key_len(member), ask);
}

static bool read_bool(struct query_build *b, const struct format_node *v, const char *key,
                      bool otherwise, bool *out)
{
    const struct format_node *m = format_node_get(v, key);
    *out = otherwise;
    if (m == NULL)
        return true;
    const char *text = format_node_str(m, "");
    if (format_node_type(m) == FORMAT_BOOL)
        *out = format_node_bool(m, otherwise);
    else if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        *out = text[0] == 't';
    else
        return fail_at(b, m, ERR_INVALID, "expected true or false for %s", key) != NULL;
    return true;
}

/* A string member; NULL when it is missing. */
static bool read_text(struct query_build *b, const struct format_node *v, const char *key,
                      const char **out)
{
    const struct format_node *m = format_node_get(v, key);
    *out = format_node_str(m, NULL);
    if (m != NULL && *out == NULL)
        return fail_at(b, m, ERR_INVALID, "expected a string for %s", key) != NULL;
    return true;
}

/* minimum_should_match is a number or a text. */
static bool read_min(struct query_build *b, const struct format_node *v, const char **out)
{
    const struct format_node *m = format_node_get(v, "minimum_should_match");
    struct query_raw raw;
    *out = NULL;
    if (m == NULL)
        return true;
    if (!read_raw(b, m, &raw))
        return false;
    int64_t min;
    *out = query_build_text(b, raw.s, raw.n);
    if (*out != NULL && !query_build_min(*out, 1, &min))
        fail_at(b, m, ERR_INVALID, "expected minimum_should_match such as 2, -1 or 75%%");
    return b->err == ERR_NONE;
}

static bool read_operator(struct query_build *b, const struct format_node *v, const char *key,
                          bool *out_and)
{
    const char *s;
    if (!read_text(b, v, key, &s))
        return false;
    *out_and = s != NULL && (strcmp(s, "and") == 0 || strcmp(s, "AND") == 0);
    if (s != NULL && !*out_and && strcmp(s, "or") != 0 && strcmp(s, "OR") != 0)
        return fail_at(b, v, ERR_INVALID, "expected 'and' or 'or' for %s", key) != NULL;
    return true;
}

/* Refuses a key unless its value changes nothing. */
static bool only(struct query_build *b, const struct format_node *v, const char *key,
                 const char *allowed)
{
    const struct format_node *m = format_node_get(v, key);
    struct query_raw raw;
    if (m == NULL)
        return true;
    if (!read_raw(b, m, &raw))
        return false;
    if (allowed != NULL && strlen(allowed) == raw.n && memcmp(allowed, raw.s, raw.n) == 0)
        return true;
    return fail_at(b, m, ERR_UNSUPPORTED, "%s is not supported", key) != NULL;
}

static struct query_node *parse_all(struct query_build *b, const struct format_node *v)
{
    if (!is_object(b, v, "match_all") || !all_known(b, v, "match_all"))
        return NULL;
    return query_build_all(b);
}

static struct query_node *parse_none(struct query_build *b, const struct format_node *v)
{
    if (!is_object(b, v, "match_none") || !all_known(b, v, "match_none"))
        return NULL;
    return query_build_none(b);
}

/* A list of clauses, or one. */
static bool parse_list(struct query_build *b, const struct format_node *v, struct query_node ***out,
                       size_t *out_n)
{
    bool list = format_node_type(v) == FORMAT_ARRAY;
    size_t n = v == NULL || format_node_type(v) == FORMAT_NULL ? 0
               : list                                          ? format_node_count(v)
                                                               : 1;
    struct query_node **child = query_build_alloc(b, n * sizeof *child);
    if (child == NULL)
        return false;
    for (size_t i = 0; i < n; i++) {
        child[i] = parse_clause(b, list ? format_node_at(v, i) : v);
        if (child[i] == NULL)
            return false;
    }
    *out = child;
    *out_n = n;
    return true;
}

static struct query_node *parse_bool(struct query_build *b, const struct format_node *v)
{
    static const char *const keys[4] = {"must", "filter", "should", "must_not"};
    struct query_node **lists[4];
    size_t counts[4];
    const char *min_text;
    if (!is_object(b, v, "bool"))
        return NULL;
    for (int i = 0; i < 4; i++) {
        if (!parse_list(b, format_node_get(v, keys[i]), &lists[i], &counts[i]))
            return NULL;
    }
    (void)format_node_get(v, "adjust_pure_negative");
    if (!read_min(b, v, &min_text) || !all_known(b, v, "bool"))
        return NULL;
    size_t wanted = counts[0] + counts[1];
    /* Optional clauses beside wanted ones move relevance only. */
    int64_t min = wanted == 0 && counts[2] > 0 ? 1 : 0;
    if (min_text != NULL && !query_build_min(min_text, counts[2], &min))
        return fail_at(b, v, ERR_INVALID, "expected minimum_should_match such as 2, -1 or 75%%");
    size_t n = 0;
    struct query_node **all = query_build_alloc(b, (wanted + counts[3] + 1) * sizeof *all);
    if (all == NULL)
        return NULL;
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < counts[i]; k++)
            all[n++] = lists[i][k];
    }
    if (min > 0)
        all[n++] = query_build_or(b, lists[2], counts[2], (size_t)min);
    for (size_t k = 0; k < counts[3]; k++)
        all[n++] = query_build_not(b, lists[3][k]);
    return query_build_and(b, all, n);
}

/* {"field": value} or {"field": {key: value, …}}: the value, and the object when there is one. */
static bool short_or_long(struct query_build *b, const struct format_node *member, const char *key,
                          const char *other_key, struct query_raw *out)
{
    const struct format_node *value = member;
    if (format_node_type(member) == FORMAT_OBJECT) {
        value = format_node_get(member, key);
        if (value == NULL && other_key != NULL)
            value = format_node_get(member, other_key);
        if (value == NULL)
            return fail_at(b, member, ERR_INVALID, "expected '%s'", key) != NULL;
    }
    return read_raw(b, value, out);
}

static struct query_node *parse_term(struct query_build *b, const struct format_node *v)
{
    const struct format_node *m = field_member(b, v, "term");
    struct query_raw raw;
    struct query_ask ask = {.op = QUERY_TERMS, .values = &raw, .n = 1};
    if (m == NULL || !short_or_long(b, m, "value", "term", &raw) ||
        !read_bool(b, m, "case_insensitive", false, &ask.fold))
        return NULL;
    if (format_node_type(m) == FORMAT_OBJECT && !all_known(b, m, "term"))
        return NULL;
    return leaf(b, m, &ask);
}

static struct query_node *parse_terms(struct query_build *b, const struct format_node *v)
{
    const struct format_node *m = field_member(b, v, "terms");
    if (m == NULL)
        return NULL;
    if (format_node_type(m) != FORMAT_ARRAY)
        return fail_at(b, m, format_node_type(m) == FORMAT_OBJECT ? ERR_UNSUPPORTED : ERR_INVALID,
                       "expected a list of values for terms (terms lookup is not supported)");
    size_t n = format_node_count(m);
    struct query_raw *raw = query_build_alloc(b, n * sizeof *raw);
    for (size_t i = 0; raw != NULL && i < n; i++) {
        if (!read_raw(b, format_node_at(m, i), &raw[i]))
            return NULL;
    }
    struct query_ask ask = {.op = QUERY_TERMS, .values = raw, .n = n};
    if (raw == NULL)
        return NULL;
    return n == 0 ? query_build_none(b) : leaf(b, m, &ask);
}

/* What match, match_phrase and multi_match have in common. */
static bool read_analysis(struct query_build *b, const struct format_node *v, struct query_ask *ask)
{
    (void)format_node_get(v, "max_expansions");
    (void)format_node_get(v, "prefix_length");
    (void)format_node_get(v, "tie_breaker");
    (void)format_node_get(v, "auto_generate_synonyms_phrase_query");
    (void)format_node_get(v, "fuzzy_transpositions");
    return only(b, v, "fuzziness", "0") && only(b, v, "slop", "0") &&
           only(b, v, "analyzer", "standard") && only(b, v, "zero_terms_query", "none") &&
           read_bool(b, v, "lenient", false, &ask->lenient) && read_min(b, v, &ask->min) &&
           read_operator(b, v, "operator", &ask->all_words);
}

static struct query_node *analysed(struct query_build *b, const struct format_node *v,
                                   struct query_ask *ask, const char *what)
{
    const struct format_node *m = field_member(b, v, what);
    struct query_raw raw;
    if (m == NULL || !short_or_long(b, m, "query", NULL, &raw))
        return NULL;
    ask->values = &raw;
    ask->n = 1;
    if (format_node_type(m) == FORMAT_OBJECT &&
        (!read_analysis(b, m, ask) || !all_known(b, m, what)))
        return NULL;
    return leaf(b, m, ask);
}

static struct query_node *parse_match(struct query_build *b, const struct format_node *v)
{
    return analysed(b, v, &(struct query_ask){.op = QUERY_MATCH}, "match");
}

static struct query_node *parse_phrase(struct query_build *b, const struct format_node *v)
{
    return analysed(b, v, &(struct query_ask){.op = QUERY_PHRASE}, "match_phrase");
}

static struct query_node *parse_phrase_prefix(struct query_build *b, const struct format_node *v)
{
    return analysed(b, v, &(struct query_ask){.op = QUERY_PHRASE, .last_prefix = true},
                    "match_phrase_prefix");
}

/* Length of a name without its boost: name^2. */
static size_t without_boost(const char *s)
{
    double boost;
    const char *hat = strrchr(s, '^');
    if (hat == NULL || !query_build_number(hat + 1, strlen(hat + 1), &boost))
        return strlen(s);
    return (size_t)(hat - s);
}

/* Names of fields; NULL for all. */
static bool read_fields(struct query_build *b, const struct format_node *v, const char ***out,
                        size_t *out_n)
{
    const struct format_node *list = format_node_get(v, "fields");
    bool one = format_node_type(list) == FORMAT_STRING;
    size_t n = one ? 1 : format_node_count(list);
    const char **names = query_build_alloc(b, n * sizeof *names);
    for (size_t i = 0; names != NULL && i < n; i++) {
        const struct format_node *m = one ? list : format_node_at(list, i);
        const char *s = format_node_str(m, NULL);
        if (s == NULL)
            return fail_at(b, m, ERR_INVALID, "expected the name of a field") != NULL;
        names[i] = query_build_text(b, s, without_boost(s));
        if (names[i] == NULL)
            return false;
    }
    *out = n > 0 ? names : NULL;
    *out_n = n;
    return names != NULL;
}

static struct query_node *parse_multi_match(struct query_build *b, const struct format_node *v)
{
    const char **fields;
    const char *type;
    size_t n;
    struct query_raw raw;
    struct query_ask ask = {.op = QUERY_MATCH, .values = &raw, .n = 1};
    if (!is_object(b, v, "multi_match") || !read_text(b, v, "type", &type) ||
        !read_analysis(b, v, &ask) || !read_fields(b, v, &fields, &n))
        return NULL;
    const struct format_node *text = format_node_get(v, "query");
    if (text == NULL)
        return fail_at(b, v, ERR_INVALID, "expected 'query' in multi_match");
    if (!read_raw(b, text, &raw) || !all_known(b, v, "multi_match"))
        return NULL;
    if (type != NULL && strncmp(type, "phrase", 6) == 0) {
        ask.op = QUERY_PHRASE;
        ask.last_prefix = strcmp(type, "phrase_prefix") == 0;
    } else if (type != NULL && strcmp(type, "best_fields") != 0 &&
               strcmp(type, "most_fields") != 0) {
        return fail_at(b, v, ERR_UNSUPPORTED, "multi_match of type %.40s is not supported", type);
    }
    if (ask.min != NULL)
        return fail_at(b, v, ERR_UNSUPPORTED,
                       "minimum_should_match is not supported in multi_match: use operator");
    set_place(b, v);
    if (fields == NULL)
        return query_build_leaf(b, "*", 1, &ask);
    struct query_node **any = query_build_alloc(b, n * sizeof *any);
    for (size_t i = 0; any != NULL && i < n; i++)
        any[i] = query_build_leaf(b, fields[i], strlen(fields[i]), &ask);
    return any != NULL ? query_build_or(b, any, n, 1) : NULL;
}

static struct query_node *parse_exists(struct query_build *b, const struct format_node *v)
{
    const char *field;
    if (!is_object(b, v, "exists") || !read_text(b, v, "field", &field) ||
        !all_known(b, v, "exists"))
        return NULL;
    set_place(b, v);
    if (field == NULL)
        return query_build_fail(b, ERR_INVALID, "expected 'field' in exists");
    return query_build_leaf(b, field, strlen(field), &(struct query_ask){.op = QUERY_EXISTS});
}

static struct query_node *parse_ids(struct query_build *b, const struct format_node *v)
{
    if (!is_object(b, v, "ids"))
        return NULL;
    const struct format_node *list = format_node_get(v, "values");
    size_t n = format_node_count(list);
    struct query_raw *raw = query_build_alloc(b, n * sizeof *raw);
    if (format_node_type(list) != FORMAT_ARRAY)
        return fail_at(b, v, ERR_INVALID, "expected a list 'values' in ids");
    for (size_t i = 0; raw != NULL && i < n; i++) {
        if (!read_raw(b, format_node_at(list, i), &raw[i]))
            return NULL;
    }
    if (raw == NULL || !all_known(b, v, "ids"))
        return NULL;
    struct query_ask ask = {.op = QUERY_TERMS, .values = raw, .n = n};
    return n == 0 ? query_build_none(b) : query_build_exact(b, "_id", 3, &ask);
}

/* One side of a range; null is no side. */
static bool read_side(struct query_build *b, const struct format_node *v, const char *key,
                      struct query_raw *out, int *out_count)
{
    const struct format_node *m = format_node_get(v, key);
    if (m == NULL || format_node_type(m) == FORMAT_NULL)
        return true;
    if ((*out_count)++ > 0)
        return fail_at(b, m, ERR_INVALID, "the range has this side twice") != NULL;
    return read_raw(b, m, out);
}

static struct query_node *parse_range(struct query_build *b, const struct format_node *v)
{
    const struct format_node *m = field_member(b, v, "range");
    struct query_raw sides[2] = {{0}, {0}};
    struct query_ask ask = {.op = QUERY_RANGE, .values = sides, .n = 2};
    int low = 0, high = 0;
    bool include_low, include_high;
    if (m == NULL || !is_object(b, m, "range"))
        return NULL;
    bool read = read_side(b, m, "gt", &sides[0], &low);
    ask.low_open = low > 0;
    read = read && read_side(b, m, "lt", &sides[1], &high);
    ask.high_open = high > 0;
    read = read && read_side(b, m, "gte", &sides[0], &low) &&
           read_side(b, m, "lte", &sides[1], &high) && read_side(b, m, "from", &sides[0], &low) &&
           read_side(b, m, "to", &sides[1], &high) &&
           read_bool(b, m, "include_lower", true, &include_low) &&
           read_bool(b, m, "include_upper", true, &include_high) &&
           read_text(b, m, "format", &ask.format) && read_text(b, m, "time_zone", &ask.time_zone) &&
           only(b, m, "relation", "INTERSECTS") && all_known(b, m, "range");
    if (!read)
        return NULL;
    ask.low_open = ask.low_open || !include_low;
    ask.high_open = ask.high_open || !include_high;
    return leaf(b, m, &ask);
}

static bool read_flags(struct query_build *b, const struct format_node *v, unsigned *out)
{
    static const struct {
        const char *name;
        unsigned flag;
    } names[] = {
        {"ALL", QUERY_REGEXP_ALL},
        {"NONE", 0},
        {"COMPLEMENT", QUERY_REGEXP_COMPLEMENT},
        {"EMPTY", QUERY_REGEXP_EMPTY},
        {"ANYSTRING", QUERY_REGEXP_ANYSTRING},
        {"INTERSECTION", QUERY_REGEXP_INTERSECTION},
        {"INTERVAL", QUERY_REGEXP_INTERVAL},
    };
    const char *s;
    *out = QUERY_REGEXP_ALL;
    if (!read_text(b, v, "flags", &s))
        return false;
    if (s == NULL || *s == '\0')
        return true;
    *out = 0;
    while (true) {
        size_t n = strcspn(s, "|"), i = 0;
        while (i < sizeof names / sizeof *names &&
               (strlen(names[i].name) != n || memcmp(names[i].name, s, n) != 0))
            i++;
        if (i == sizeof names / sizeof *names)
            return fail_at(b, v, ERR_INVALID, "unknown regexp flag '%.*s'", n > 40 ? 40 : (int)n,
                           s) != NULL;
        *out |= names[i].flag;
        if (s[n] == '\0')
            return true;
        s += n + 1;
    }
}

static struct query_node *pattern(struct query_build *b, const struct format_node *v,
                                  enum query_op op, const char *what, const char *other_key)
{
    const struct format_node *m = field_member(b, v, what);
    struct query_raw raw;
    struct query_ask ask = {.op = op, .values = &raw, .n = 1};
    if (m == NULL || !short_or_long(b, m, "value", other_key, &raw))
        return NULL;
    if (format_node_type(m) == FORMAT_OBJECT) {
        (void)format_node_get(m, "rewrite");
        if (op == QUERY_REGEXP)
            (void)format_node_get(m, "max_determinized_states");
        if (!read_bool(b, m, "case_insensitive", false, &ask.fold) ||
            (op == QUERY_REGEXP && !read_flags(b, m, &ask.flags)) || !all_known(b, m, what))
            return NULL;
    } else if (op == QUERY_REGEXP) {
        ask.flags = QUERY_REGEXP_ALL;
    }
    return leaf(b, m, &ask);
}

static struct query_node *parse_prefix(struct query_build *b, const struct format_node *v)
{
    return pattern(b, v, QUERY_PREFIX, "prefix", "prefix");
}

static struct query_node *parse_wildcard(struct query_build *b, const struct format_node *v)
{
    return pattern(b, v, QUERY_WILDCARD, "wildcard", "wildcard");
}

static struct query_node *parse_regexp(struct query_build *b, const struct format_node *v)
{
    return pattern(b, v, QUERY_REGEXP, "regexp", NULL);
}

static struct query_node *parse_constant_score(struct query_build *b, const struct format_node *v)
{
    if (!is_object(b, v, "constant_score"))
        return NULL;
    const struct format_node *filter = format_node_get(v, "filter");
    if (!all_known(b, v, "constant_score"))
        return NULL;
    if (filter == NULL)
        return fail_at(b, v, ERR_INVALID, "expected 'filter' in constant_score");
    return parse_clause(b, filter);
}

static struct query_node *parse_dis_max(struct query_build *b, const struct format_node *v)
{
    struct query_node **any;
    size_t n;
    if (!is_object(b, v, "dis_max"))
        return NULL;
    const struct format_node *list = format_node_get(v, "queries");
    (void)format_node_get(v, "tie_breaker");
    if (!all_known(b, v, "dis_max") || !parse_list(b, list, &any, &n))
        return NULL;
    return query_build_or(b, any, n, 1);
}

static struct query_node *parse_query_string(struct query_build *b, const struct format_node *v)
{
    struct query_lucene_options o = {0};
    const char *default_field, *type;
    const char **fields;
    bool leading;
    if (!is_object(b, v, "query_string"))
        return NULL;
    const struct format_node *query = format_node_get(v, "query");
    (void)format_node_get(v, "analyze_wildcard");
    (void)format_node_get(v, "tie_breaker");
    (void)format_node_get(v, "rewrite");
    (void)format_node_get(v, "auto_generate_synonyms_phrase_query");
    (void)format_node_get(v, "enable_position_increments");
    (void)format_node_get(v, "max_determinized_states");
    if (!read_text(b, v, "default_field", &default_field) ||
        !read_fields(b, v, &fields, &o.n_fields) || !read_text(b, v, "type", &type) ||
        !read_text(b, v, "time_zone", &o.time_zone) ||
        !read_operator(b, v, "default_operator", &o.default_and) ||
        !read_bool(b, v, "lenient", false, &o.lenient) ||
        !read_bool(b, v, "allow_leading_wildcard", true, &leading) || !read_min(b, v, &o.min) ||
        !only(b, v, "analyzer", "standard") || !only(b, v, "phrase_slop", "0") ||
        !only(b, v, "fuzziness", "AUTO") || !all_known(b, v, "query_string"))
        return NULL;
    if (type != NULL && strcmp(type, "best_fields") != 0 && strcmp(type, "most_fields") != 0)
        return fail_at(b, v, ERR_UNSUPPORTED, "query_string of type %.40s is not supported", type);
    if (!leading)
        return fail_at(b, v, ERR_UNSUPPORTED, "allow_leading_wildcard: false is not supported");
    if (format_node_type(query) != FORMAT_STRING)
        return fail_at(b, v, ERR_INVALID, "expected a string 'query' in query_string");
    o.fields = fields;
    if (fields == NULL && default_field != NULL) {
        o.fields = &default_field;
        o.n_fields = 1;
    }
    set_place(b, query);
    return query_lucene_node(b, format_node_str(query, ""), format_node_str_len(query), &o);
}

static struct query_node *parse_simple(struct query_build *b, const struct format_node *v)
{
    struct query_lucene_options o = {0};
    const char **fields, *flags;
    if (!is_object(b, v, "simple_query_string"))
        return NULL;
    const struct format_node *query = format_node_get(v, "query");
    (void)format_node_get(v, "analyze_wildcard");
    (void)format_node_get(v, "auto_generate_synonyms_phrase_query");
    (void)format_node_get(v, "fuzzy_max_expansions");
    (void)format_node_get(v, "fuzzy_prefix_length");
    (void)format_node_get(v, "fuzzy_transpositions");
    if (!read_fields(b, v, &fields, &o.n_fields) ||
        !read_operator(b, v, "default_operator", &o.default_and) ||
        !read_bool(b, v, "lenient", false, &o.lenient) || !read_min(b, v, &o.min) ||
        !read_text(b, v, "flags", &flags) || !only(b, v, "analyzer", "standard") ||
        !all_known(b, v, "simple_query_string"))
        return NULL;
    if (format_node_type(query) != FORMAT_STRING)
        return fail_at(b, v, ERR_INVALID, "expected a string 'query' in simple_query_string");
    o.fields = fields;
    set_place(b, query);
    return query_simple_node(b, format_node_str(query, ""), format_node_str_len(query), &o, flags);
}

static struct query_node *parse_kql(struct query_build *b, const struct format_node *v)
{
    if (!is_object(b, v, "kql"))
        return NULL;
    const struct format_node *query = format_node_get(v, "query");
    if (!all_known(b, v, "kql"))
        return NULL;
    if (format_node_type(query) != FORMAT_STRING)
        return fail_at(b, v, ERR_INVALID, "expected a string 'query' in kql");
    set_place(b, query);
    return query_kql_node(b, format_node_str(query, ""), format_node_str_len(query));
}

static struct query_node *parse_clause(struct query_build *b, const struct format_node *v)
{
    static const struct {
        const char *name;
        struct query_node *(*parse)(struct query_build *b, const struct format_node *v);
    } clauses[] = {
        {"bool", parse_bool},
        {"term", parse_term},
        {"terms", parse_terms},
        {"match", parse_match},
        {"match_phrase", parse_phrase},
        {"match_phrase_prefix", parse_phrase_prefix},
        {"multi_match", parse_multi_match},
        {"match_all", parse_all},
        {"match_none", parse_none},
        {"exists", parse_exists},
        {"range", parse_range},
        {"prefix", parse_prefix},
        {"wildcard", parse_wildcard},
        {"regexp", parse_regexp},
        {"ids", parse_ids},
        {"query_string", parse_query_string},
        {"simple_query_string", parse_simple},
        {"kql", parse_kql},
        {"constant_score", parse_constant_score},
        {"dis_max", parse_dis_max},
    };
    static const char *const elsewhere[] = {
        "nested",
        "fuzzy",
        "script",
        "script_score",
        "terms_set",
        "function_score",
        "boosting",
        "geo_distance",
        "geo_shape",
        "has_child",
        "has_parent",
        "parent_id",
        "percolate",
        "knn",
        "geo_bounding_box",
        "distance_feature",
        "rank_feature",
        "more_like_this",
        "intervals",
        "combined_fields",
        "match_bool_prefix",
        "pinned",
        "wrapper",
        "span_term",
        "span_near",
        "span_or",
        "span_not",
        "span_first",
    };
    if (!is_object(b, v, "a query"))
        return NULL;
    if (format_node_count(v) != 1)
        return fail_at(b, v, ERR_INVALID,
                       "expected one kind of query such as bool, term or range, found %zu keys",
                       format_node_count(v));
    const struct format_node *m = format_node_at(v, 0);
    const char *name = format_node_key(m);
    for (size_t i = 0; i < sizeof clauses / sizeof *clauses; i++) {
        if (strcmp(name, clauses[i].name) == 0)
            return clauses[i].parse(b, m);
    }
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        if (strcmp(name, elsewhere[i]) == 0)
            return fail_at(b, m, ERR_UNSUPPORTED, "queries of kind '%s' are not supported", name);
    }
    return fail_at(b, m, ERR_INVALID,
                   "expected a kind of query such as bool, term or range, found '%.80s'", name);
}

enum err query_parse_dsl(const struct format_node *v, ts_ns now, struct query **out,
                         struct err_text *why)
{
    struct query_budget own = QUERY_BUDGET;
    return query_parse_dsl_within(v, now, &own, out, why);
}

enum err query_parse_dsl_within(const struct format_node *v, ts_ns now, struct query_budget *budget,
                                struct query **out, struct err_text *why)
{
    struct query_build b;
    enum err e = query_build_init(&b, now, why);
    if (e != ERR_NONE)
        return e;
    b.budget = budget;
    bool empty = v == NULL || (format_node_type(v) == FORMAT_OBJECT && format_node_count(v) == 0);
    struct query_node *root = empty ? query_build_all(&b) : parse_clause(&b, v);
    format_node_mark(v);
    return query_build_finish(&b, root, out);
}

enum err query_parse_json(const char *text, size_t n, const char *file, ts_ns now,
                          struct query **out, struct err_text *why)
{
    struct format_node *v;
    enum err e = format_node_json(text, n, file, &v, why);
    if (e != ERR_NONE)
        return e;
    e = query_parse_dsl(v, now, out, why);
    format_node_free(v);
    return e;
}
