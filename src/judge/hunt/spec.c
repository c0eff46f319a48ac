/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/spec.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "eql/eql.h"
#include "format/node.h"
#include "format/write.h"
#include "query/index.h"
#include "query/query.h"

#include <stdio.h>
#include <string.h>

/* What Elastic's security solution looks at when a rule does not say. */
static const char *const default_patterns[] = {
    "apm-*-transaction*", "auditbeat-*",  "endgame-*",
    "filebeat-*",         "logs-*",       "packetbeat-*",
    "traces-apm*",        "winlogbeat-*", "-*elastic-cloud-logs-*",
};
/* The data view that holds just these; each space of Kibana has one. */
#define DEFAULT_VIEW "security-solution-"

struct owned {
    struct hunt_spec spec; /* first: hunt_spec_free() casts back */
    struct arena arena;
};

/* The texts of a list of strings, or of one string. */
static enum err read_texts(struct owned *o, const struct format_node *v, const char *const **out,
                           size_t *out_n)
{
    bool one = format_node_type(v) == FORMAT_STRING;
    size_t n = one ? 1 : format_node_count(v);
    const char **list = arena_alloc(&o->arena, (n + 1) * sizeof(*list));
    if (list == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct format_node *at = one ? v : format_node_at(v, i);
        list[i] = arena_strndup(&o->arena, format_node_str(at, ""), format_node_str_len(at));
        if (list[i] == NULL)
            return ERR_MEMORY;
    }
    *out = list;
    *out_n = n;
    return ERR_NONE;
}

static enum err read_field(struct owned *o, const struct format_node *v, struct hunt_field *out)
{
    out->len = format_node_str_len(v);
    out->name = arena_strndup(&o->arena, format_node_str(v, ""), out->len);
    return out->name != NULL ? ERR_NONE : ERR_MEMORY;
}

/* One list of patterns, with commas between them. */
static void write_patterns(struct format_writer *w, const char *s)
{
    while (*s != '\0') {
        size_t n = strcspn(s, ",");
        if (n > 0 && s[0] != '-') {
            format_write_begin_object(w);
            format_write_key(w, "wildcard");
            format_write_begin_object(w);
            format_write_key(w, "_index");
            format_write_str_n(w, s, n);
            format_write_end_object(w);
            format_write_end_object(w);
        }
        s += n + (s[n] == ',');
    }
}

/* For the store, which can leave other indices alone; what patterns exclude is seen to later. */
static enum err write_clause(struct owned *o, const char *const *patterns, size_t n,
                             const char **out)
{
    struct buf text;
    struct format_writer w;
    *out = NULL;
    if (n == 0 || patterns[0][0] == '-' || strpbrk(patterns[0], " <") != NULL)
        return ERR_NONE;
    buf_init(&text);
    format_write_init(&w, &text);
    buf_str(&text, "{\"bool\":{\"should\":");
    format_write_begin_array(&w);
    for (size_t i = 0; i < n; i++)
        write_patterns(&w, patterns[i]);
    format_write_end_array(&w);
    buf_str(&text, ",\"minimum_should_match\":1}}");
    *out = buf_ok(&text) ? arena_strndup(&o->arena, text.p, text.n) : NULL;
    buf_release(&text);
    return *out != NULL ? ERR_NONE : ERR_MEMORY;
}

static bool is_default_view(const char *id)
{
    return strncmp(id, DEFAULT_VIEW, strlen(DEFAULT_VIEW)) == 0;
}

static enum err read_index(struct owned *o, const struct format_node *rule, struct err_text *why)
{
    struct hunt_spec *s = &o->spec;
    const struct format_node *index = format_node_get(rule, "index");
    const struct format_node *view = format_node_get(rule, "data_view_id");
    s->patterns = default_patterns;
    s->patterns_n = sizeof(default_patterns) / sizeof(default_patterns[0]);
    enum err code = ERR_NONE;
    if (format_node_count(index) > 0)
        code = read_texts(o, index, &s->patterns, &s->patterns_n);
    else if (format_node_str_len(view) > 0 && !is_default_view(format_node_str(view, "")))
        code = read_texts(o, view, &s->patterns, &s->patterns_n); /* its id is its pattern */
    for (size_t i = 0; i < s->patterns_n; i++)
        s->hidden |= s->patterns[i][0] == '.';
    if (code == ERR_NONE)
        code = query_index_new(s->patterns, s->patterns_n, &s->index, why);
    return code == ERR_NONE ? write_clause(o, s->patterns, s->patterns_n, &s->index_clause) : code;
}

/* A sentence about a key begins with its name. */
static enum err blame(const struct format_node *at, const char *key, enum err code,
                      const struct err_text *said, struct err_text *why)
{
    return code == ERR_MEMORY
               ? code
               : format_node_err(at, why, code, "the %s cannot be read: %s", key, said->message);
}

static enum err read_language(const struct format_node *rule, const char *query_key,
                              const char *language_key, struct query **out, struct err_text *why)
{
    const struct format_node *v = format_node_get(rule, query_key);
    const struct format_node *language = format_node_get(rule, language_key);
    const char *name = format_node_str(language, "kuery");
    struct err_text said = {0};
    if (strcmp(name, "kuery") != 0 && strcmp(name, "lucene") != 0)
        return format_node_err(language, why, ERR_UNSUPPORTED,
                               "%s must be kuery or lucene in a rule of this type", language_key);
    enum err code =
        query_parse_language(name, format_node_str(v, ""), format_node_str_len(v), 0, out, &said);
    return code == ERR_NONE ? code : blame(v, query_key, code, &said, why);
}

/* A filter's clause: what stands under "query", or all of it that is not Kibana's own. */
static enum err read_clause(const struct format_node *filter, struct query **out,
                            struct err_text *why)
{
    const struct format_node *clause = format_node_get(filter, "query");
    struct buf text;
    struct format_writer w;
    if (clause != NULL)
        return query_parse_dsl(clause, 0, out, why);
    buf_init(&text);
    format_write_init(&w, &text);
    format_write_begin_object(&w);
    for (size_t i = 0; i < format_node_count(filter); i++) {
        const struct format_node *at = format_node_at(filter, i);
        const char *key = format_node_key(at);
        if (strcmp(key, "meta") == 0 || strcmp(key, "$state") == 0)
            continue;
        format_write_key(&w, key);
        format_node_write_value(at, &w);
    }
    format_write_end_object(&w);
    enum err code = buf_ok(&text) ? query_parse_json(buf_text(&text), text.n,
                                                     format_node_file_name(filter), 0, out, why)
                                  : ERR_MEMORY;
    buf_release(&text);
    return code;
}

/* What the filter asks for, or against. */
static enum err read_filter(const struct format_node *filter, struct query **out,
                            struct err_text *why)
{
    const struct format_node *meta = format_node_get(filter, "meta");
    struct query *clause = NULL;
    enum err code = read_clause(filter, &clause, why);
    if (code != ERR_NONE || !format_node_bool(format_node_get(meta, "negate"), false)) {
        *out = clause;
        return code;
    }
    code = query_not_take(clause, out);
    if (code != ERR_NONE)
        query_free(clause);
    return code;
}

/* Narrows *query, which stays the caller's in any case, by the filters. */
static enum err add_filters(const struct format_node *rule, const char *key, struct query **query,
                            struct err_text *why)
{
    const struct format_node *list = format_node_get(rule, key);
    struct err_text said = {0};
    for (size_t i = 0; i < format_node_count(list); i++) {
        const struct format_node *filter = format_node_at(list, i);
        const struct format_node *meta = format_node_get(filter, "meta");
        struct query *both[2] = {*query, NULL};
        if (format_node_type(filter) != FORMAT_OBJECT)
            return format_node_err(filter, why, ERR_INVALID, "%s must hold objects", key);
        if (format_node_bool(format_node_get(meta, "disabled"), false))
            continue;
        enum err code = read_filter(filter, &both[1], &said);
        if (code != ERR_NONE)
            return blame(filter, key, code, &said, why);
        code = query_all_of_take(both, 2, query);
        if (code != ERR_NONE) {
            query_free(both[1]);
            return code;
        }
    }
    return ERR_NONE;
}

static enum err read_fields(struct owned *o, const struct format_node *v)
{
    struct hunt_spec *s = &o->spec;
    bool one = format_node_type(v) == FORMAT_STRING;
    size_t n = one ? format_node_str_len(v) > 0 : format_node_count(v);
    for (size_t i = 0; i < n && i < HUNT_FIELDS_MAX; i++) {
        const struct format_node *at = one ? v : format_node_at(v, i);
        if (format_node_str_len(at) == 0)
            continue; /* [""]: no grouping */
        enum err code = read_field(o, at, &s->fields[s->fields_n++]);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

static enum err read_threshold(struct owned *o, const struct format_node *rule,
                               struct err_text *why)
{
    struct hunt_spec *s = &o->spec;
    const struct format_node *v = format_node_get(rule, "threshold");
    const struct format_node *list = format_node_get(v, "cardinality");
    size_t n = format_node_count(list);
    if (n > HUNT_FIELDS_MAX)
        return format_node_err(list, why, ERR_INVALID,
                               "a threshold may have at most %d cardinality", HUNT_FIELDS_MAX);
    struct hunt_cardinality *cardinality = arena_zero(&o->arena, (n + 1) * sizeof(*cardinality));
    enum err code = cardinality != NULL ? read_fields(o, format_node_get(v, "field")) : ERR_MEMORY;
    for (size_t i = 0; i < n && code == ERR_NONE; i++) {
        const struct format_node *at = format_node_at(list, i);
        code = read_field(o, format_node_get(at, "field"), &cardinality[i].field);
        cardinality[i].least = (uint64_t)format_node_int(format_node_get(at, "value"), 0);
    }
    s->least = (uint64_t)format_node_int(format_node_get(v, "value"), 1);
    s->cardinality = cardinality;
    s->cardinality_n = n;
    return code;
}

/* Files hold a table new_terms, the API keys of the rule itself. */
static enum err read_new_terms(struct owned *o, const struct format_node *rule,
                               struct err_text *why)
{
    struct hunt_spec *s = &o->spec;
    const struct format_node *table = format_node_get(rule, "new_terms");
    const struct format_node *fields = format_node_get(rule, "new_terms_fields");
    const struct format_node *history = format_node_get(rule, "history_window_start");
    if (fields == NULL)
        fields = format_node_get(table, "value");
    if (history == NULL)
        history = format_node_get(format_node_at(format_node_get(table, "history_window_start"), 0),
                                  "value");
    s->history =
        arena_strndup(&o->arena, format_node_str(history, ""), format_node_str_len(history));
    enum err code = s->history != NULL ? read_fields(o, fields) : ERR_MEMORY;
    if (code == ERR_NONE && (s->fields_n == 0 || s->history[0] == '\0'))
        return format_node_err(rule, why, ERR_INVALID,
                               "a rule of type new_terms must have new_terms_fields and "
                               "history_window_start");
    return code;
}

/* Entries that are negated come last. */
static enum err read_item(struct owned *o, const struct format_node *v, struct hunt_item *out,
                          struct err_text *why)
{
    const struct format_node *list = format_node_get(v, "entries");
    size_t n = format_node_count(list);
    if (n > HUNT_ENTRIES_MAX)
        return format_node_err(list, why, ERR_INVALID,
                               "an item of the threat_mapping may have at most %d entries",
                               HUNT_ENTRIES_MAX);
    for (unsigned negated = 0; negated < 2; negated++) {
        for (size_t i = 0; i < n; i++) {
            const struct format_node *at = format_node_at(list, i);
            if (format_node_bool(format_node_get(at, "negate"), false) != (negated == 1))
                continue;
            enum err code = read_field(o, format_node_get(at, "field"), &out->field[out->n]);
            if (code == ERR_NONE)
                code = read_field(o, format_node_get(at, "value"), &out->indicator[out->n]);
            if (code != ERR_NONE)
                return code;
            out->plain += negated == 0;
            out->n++;
        }
    }
    if (out->plain > 0)
        return ERR_NONE;
    return format_node_err(v, why, ERR_INVALID,
                           "an item of the threat_mapping must have an entry that is not negated");
}

static enum err read_threat(struct owned *o, const struct format_node *rule, struct err_text *why)
{
    struct hunt_spec *s = &o->spec;
    const struct format_node *list = format_node_get(rule, "threat_mapping");
    const char *path = format_node_str(format_node_get(rule, "threat_indicator_path"), "");
    const char *const *patterns;
    size_t patterns_n;
    size_t n = format_node_count(list);
    struct hunt_item *items = arena_zero(&o->arena, (n + 1) * sizeof(*items));
    enum err code =
        items != NULL ? read_texts(o, format_node_get(rule, "threat_index"), &patterns, &patterns_n)
                      : ERR_MEMORY;
    if (code == ERR_NONE)
        code = query_index_new(patterns, patterns_n, &s->threat_index, why);
    if (code == ERR_NONE)
        code = write_clause(o, patterns, patterns_n, &s->threat_clause);
    for (size_t i = 0; i < n && code == ERR_NONE; i++)
        code = read_item(o, format_node_at(list, i), &items[i], why);
    s->items = items;
    s->items_n = n;
    if (path[0] == '\0')
        path = "threat.indicator";
    s->indicator_path = arena_strndup(&o->arena, path, strlen(path));
    if (code == ERR_NONE && s->indicator_path == NULL)
        code = ERR_MEMORY;
    if (code == ERR_NONE)
        code = read_language(rule, "threat_query", "threat_language", &s->threat_query, why);
    return code == ERR_NONE ? add_filters(rule, "threat_filters", &s->threat_query, why) : code;
}

/* The store and the tap need to know what may be wanted; the rest is the matcher's. */
static enum err read_eql(struct owned *o, const struct format_node *rule, struct err_text *why)
{
    const struct format_node *v = format_node_get(rule, "query");
    const struct format_node *category = format_node_get(rule, "event_category_override");
    const char *language = format_node_str(format_node_get(rule, "language"), "eql");
    const struct eql_options options = {
        .category_field = format_node_str_len(category) > 0 ? format_node_str(category, "") : NULL};
    struct err_text said = {0};
    if (strcmp(language, "eql") != 0)
        return format_node_err(format_node_get(rule, "language"), why, ERR_INVALID,
                               "language must be eql in a rule of this type");
    enum err code =
        eql_parse(format_node_str(v, ""), format_node_str_len(v), &options, &o->spec.eql, &said);
    if (code != ERR_NONE)
        return blame(v, "query", code, &said, why);
    return eql_filter(o->spec.eql, &o->spec.query);
}

static enum err read_type(struct owned *o, const struct format_node *rule, struct err_text *why)
{
    switch (o->spec.type) {
    case HUNT_QUERY:
        return ERR_NONE;
    case HUNT_THRESHOLD:
        return read_threshold(o, rule, why);
    case HUNT_NEW_TERMS:
        return read_new_terms(o, rule, why);
    case HUNT_THREAT_MATCH:
        return read_threat(o, rule, why);
    case HUNT_EQL:
        return ERR_NONE;
    }
    return ERR_NONE;
}

static enum err read_time(struct owned *o, const struct format_node *rule)
{
    const struct format_node *v = format_node_get(rule, "timestamp_override");
    if (o->spec.type == HUNT_EQL && format_node_str_len(v) == 0)
        v = format_node_get(rule, "timestamp_field");
    if (format_node_str_len(v) == 0 || strcmp(format_node_str(v, ""), "@timestamp") == 0)
        return ERR_NONE;
    o->spec.no_fallback =
        format_node_bool(format_node_get(rule, "timestamp_override_fallback_disabled"), false);
    return read_field(o, v, &o->spec.time);
}

enum err hunt_spec_new(const struct format_node *rule, enum hunt_type type, struct hunt_spec **out,
                       struct err_text *why)
{
    struct owned *o = mem_zero(1, sizeof(*o));
    if (o == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    arena_init(&o->arena, 1024);
    o->spec.type = type;
    enum err code = read_index(o, rule, why);
    if (code == ERR_NONE)
        code = type == HUNT_EQL ? read_eql(o, rule, why)
                                : read_language(rule, "query", "language", &o->spec.query, why);
    if (code == ERR_NONE)
        code = add_filters(rule, "filters", &o->spec.query, why);
    if (code == ERR_NONE)
        code = read_time(o, rule);
    if (code == ERR_NONE)
        code = read_type(o, rule, why);
    if (code != ERR_NONE) {
        hunt_spec_free(&o->spec);
        return code == ERR_MEMORY ? err_set(why, code, "no memory is left for a rule's search")
                                  : code;
    }
    *out = &o->spec;
    return ERR_NONE;
}

void hunt_spec_free(struct hunt_spec *s)
{
    if (s == NULL)
        return;
    struct owned *o = (struct owned *)(void *)s;
    eql_free(s->eql);
    query_free(s->query);
    query_free(s->threat_query);
    query_index_free(s->index);
    query_index_free(s->threat_index);
    arena_release(&o->arena);
    mem_free(o);
}

void hunt_spec_set_now(struct hunt_spec *s, ts_ns now)
{
    if (query_uses_now(s->query))
        query_set_now(s->query, now);
    if (s->threat_query != NULL && query_uses_now(s->threat_query))
        query_set_now(s->threat_query, now);
}
