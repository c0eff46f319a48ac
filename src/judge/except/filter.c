/* SPDX-License-Identifier: Apache-2.0 */
#include "except/filter.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "event/event.h"
#include "except/item.h"
#include "except/set.h"
#include "except/values.h"
#include "format/node.h"
#include "format/write.h"
#include "query/leaf.h"
#include "query/query.h"
#include "query/tree.h"

#include <string.h>

/* Elastic's agents apply this list themselves; rules name it and do not. */
#define ENDPOINT_LIST "endpoint_list"

/* What is told of items that are not applied; more is counted. */
#define TOLD_MAX 10

/* A field of events. */
struct place {
    const char *path;
    size_t n;
    event_field id;
};

/* A condition on one field. */
struct leaf {
    struct place place;
    struct query *query;
    bool excluded;
};

struct entry {
    bool excluded;
    struct query *query;          /* about an event, or NULL */
    struct except_values *values; /* about the values of place, or NULL */
    struct place place;
    struct leaf *parts; /* about one object: what no other entry is */
    size_t parts_n;
};

/* An item that no query can say. */
struct inner {
    struct entry *entries;
    size_t n;
};

struct except_filter {
    struct arena arena;
    struct query *query;
    struct inner *inner;
    size_t inner_n, inner_cap;
    size_t items;
    ts_ns until;
    struct buf warning;
    size_t unapplied;
};

/* A filter while it is made. */
struct making {
    struct except_filter *f;
    const struct except_source *source;
    ts_ns now;
    struct buf clauses; /* DSL of the items that queries can say, with commas */
    struct err_text *why;
};

static void entry_release(struct entry *e)
{
    query_free(e->query);
    except_values_unref(e->values);
    for (size_t i = 0; i < e->parts_n; i++)
        query_free(e->parts[i].query);
}

void except_filter_free(struct except_filter *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->inner_n; i++) {
        for (size_t k = 0; k < f->inner[i].n; k++)
            entry_release(&f->inner[i].entries[k]);
    }
    mem_free(f->inner);
    query_free(f->query);
    buf_release(&f->warning);
    arena_release(&f->arena);
    mem_free(f);
}

ts_ns except_filter_until(const struct except_filter *f)
{
    return f->until;
}

size_t except_filter_items(const struct except_filter *f)
{
    return f->items;
}

const struct query *except_filter_query(const struct except_filter *f)
{
    return f->query;
}

bool except_filter_exact(const struct except_filter *f)
{
    return f->inner_n == 0;
}

const char *except_filter_warning(const struct except_filter *f)
{
    return f->unapplied > 0 ? buf_text(&f->warning) : NULL;
}

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "no memory is left for a rule's exceptions");
}

static void tell(struct making *m, const char *what, const char *name, const char *reason)
{
    struct buf *b = &m->f->warning;
    if (m->f->unapplied++ < TOLD_MAX)
        buf_format(b, "%sthe exception %s \"%.100s\" is not applied: %.300s", b->n > 0 ? "; " : "",
                   what, name, reason);
    else if (m->f->unapplied == TOLD_MAX + 1)
        buf_str(b, "; and more");
}

static void write_object(struct format_writer *w, const char *key)
{
    format_write_begin_object(w);
    format_write_key(w, key);
}

static void write_phrase(const char *field, const struct format_node *value,
                         struct format_writer *w)
{
    write_object(w, "match_phrase");
    write_object(w, field);
    format_node_write_value(value, w);
    format_write_end_object(w);
    format_write_end_object(w);
}

/* Kinds on which a phrase and a term mean the same; a list of terms is the shorter query. */
static bool has_terms(const char *field)
{
    event_field f = event_field_by_name(field, strlen(field));
    if (f == EVENT_F_NONE)
        return false;
    enum event_kind kind = (enum event_kind)event_field_def(f)->kind;
    return kind == EVENT_KIND_KEYWORD || kind == EVENT_KIND_WILDCARD || kind == EVENT_KIND_IP ||
           kind == EVENT_KIND_LONG;
}

static void write_any(const char *field, const struct format_node *values, struct format_writer *w)
{
    if (has_terms(field)) {
        write_object(w, "terms");
        write_object(w, field);
        format_node_write_value(values, w);
        format_write_end_object(w);
        format_write_end_object(w);
        return;
    }
    write_object(w, "bool");
    write_object(w, "should");
    format_write_begin_array(w);
    for (size_t i = 0; i < format_node_count(values); i++)
        write_phrase(field, format_node_at(values, i), w);
    format_write_end_array(w);
    format_write_end_object(w);
    format_write_end_object(w);
}

/* The DSL of an entry about one field, whatever its operator. */
static void write_leaf(const struct format_node *entry, const char *field, struct buf *out)
{
    const char *type = format_node_str(format_node_get(entry, "type"), "");
    const struct format_node *value = format_node_get(entry, "value");
    struct format_writer w;
    format_write_init(&w, out);
    if (strcmp(type, "match") == 0) {
        write_phrase(field, value, &w);
    } else if (strcmp(type, "match_any") == 0) {
        write_any(field, value, &w);
    } else if (strcmp(type, "wildcard") == 0) {
        write_object(&w, "wildcard");
        write_object(&w, field);
        write_object(&w, "value");
        format_node_write_value(value, &w);
        format_write_end_object(&w);
        format_write_end_object(&w);
        format_write_end_object(&w);
    } else {
        write_object(&w, "exists");
        write_object(&w, "field");
        format_write_str(&w, field);
        format_write_end_object(&w);
        format_write_end_object(&w);
    }
}

static enum err parse(const struct making *m, const struct buf *dsl, struct query **out,
                      struct err_text *why)
{
    if (!buf_ok(dsl))
        return no_memory(why);
    return query_parse_json(buf_text(dsl), dsl->n, "exception", m->now, out, why);
}

/* Where in an event the values of a field are. */
static enum err find_place(struct making *m, const char *field, struct place *out,
                           struct err_text *why)
{
    struct query *exists;
    enum err code = query_new_exists(field, &exists, why);
    if (code != ERR_NONE)
        return code;
    const struct query_node *node = query_root(exists);
    if (node->op != QUERY_EXISTS || node->field.scope != QUERY_SCOPE_FIELD) {
        code = err_set(why, ERR_INVALID, "%.100s is no field whose values can be looked at", field);
    } else if (node->field.fold) {
        code = err_set(why, ERR_UNSUPPORTED, "value lists do not know fields without case");
    } else {
        out->n = node->field.path_len;
        out->id = node->field.id;
        out->path = arena_strndup(&m->f->arena, node->field.path, node->field.path_len);
        if (out->path == NULL)
            code = no_memory(why);
    }
    query_free(exists);
    return code;
}

/* Adds a clause of the item's DSL; an excluded one turned around. */
static void add_clause(struct buf *clauses, bool excluded, const struct buf *dsl)
{
    if (clauses->n > 0)
        buf_char(clauses, ',');
    if (excluded)
        buf_str(clauses, "{\"bool\":{\"must_not\":[");
    buf_add(clauses, dsl->p, dsl->n);
    if (excluded)
        buf_str(clauses, "]}}");
    if (!buf_ok(dsl))
        clauses->failed = true;
}

static bool is_excluded(const struct format_node *entry)
{
    return strcmp(format_node_str(format_node_get(entry, "operator"), ""), "excluded") == 0;
}

static enum err make_values(struct making *m, const struct format_node *from, struct entry *e,
                            struct buf *dsl, bool *out_said, struct err_text *why)
{
    const char *field = format_node_str(format_node_get(from, "field"), "");
    const struct format_node *named = format_node_get(from, "list");
    const char *id = format_node_str(format_node_get(named, "id"), "");
    const char *type = format_node_str(format_node_get(named, "type"), "");
    enum err code = find_place(m, field, &e->place, why);
    if (code == ERR_NONE)
        code = m->source->values(m->source->ctx, id, &e->values, why);
    if (code == ERR_NOT_FOUND)
        return err_set(why, ERR_NOT_FOUND, "there is no value list %.100s", id);
    if (code != ERR_NONE)
        return code;
    if (strcmp(type, except_values_type(e->values)) != 0)
        return err_set(why, ERR_INVALID, "the value list %.100s is of type %s, not %.40s", id,
                       except_values_type(e->values), type);
    *out_said = except_values_dsl(e->values, field, dsl);
    return ERR_NONE;
}

/* Conditions that one object of a list must meet; a single one needs no object. */
static enum err make_nested(struct making *m, const struct format_node *from, struct entry *e,
                            struct buf *clauses, bool *out_said, struct err_text *why)
{
    const char *parent = format_node_str(format_node_get(from, "field"), "");
    const struct format_node *parts = format_node_get(from, "entries");
    size_t n = format_node_count(parts);
    struct buf field;
    struct buf dsl;
    enum err code = ERR_NONE;
    buf_init(&field);
    buf_init(&dsl);
    e->parts = arena_zero(&m->f->arena, n * sizeof(*e->parts));
    if (e->parts == NULL)
        code = no_memory(why);
    for (size_t i = 0; i < n && code == ERR_NONE; i++) {
        const struct format_node *at = format_node_at(parts, i);
        struct leaf *part = &e->parts[i];
        buf_clear(&field);
        buf_clear(&dsl);
        buf_format(&field, "%s.%s", parent, format_node_str(format_node_get(at, "field"), ""));
        write_leaf(at, buf_text(&field), &dsl);
        part->excluded = is_excluded(at);
        e->parts_n++;
        code = buf_ok(&field) ? find_place(m, buf_text(&field), &part->place, why) : no_memory(why);
        if (code == ERR_NONE)
            code = parse(m, &dsl, &part->query, why);
        if (code == ERR_NONE && n == 1 && !part->excluded) {
            add_clause(clauses, false, &dsl);
            *out_said = true;
        }
    }
    buf_release(&field);
    buf_release(&dsl);
    return code;
}

/* out_said: a clause was added that says the whole entry. */
static enum err make_entry(struct making *m, const struct format_node *from, struct entry *e,
                           struct buf *clauses, bool *out_said, struct err_text *why)
{
    const char *type = format_node_str(format_node_get(from, "type"), "");
    *out_said = false;
    if (strcmp(type, "nested") == 0)
        return make_nested(m, from, e, clauses, out_said, why);
    struct buf dsl;
    enum err code = ERR_NONE;
    buf_init(&dsl);
    e->excluded = is_excluded(from);
    if (strcmp(type, "list") == 0) {
        code = make_values(m, from, e, &dsl, out_said, why);
    } else {
        write_leaf(from, format_node_str(format_node_get(from, "field"), ""), &dsl);
        code = parse(m, &dsl, &e->query, why);
        *out_said = true;
    }
    if (code == ERR_NONE && *out_said)
        add_clause(clauses, e->excluded, &dsl);
    buf_release(&dsl);
    return code;
}

/* All entries said: one more member of the query. Otherwise the item is kept for memory. */
static enum err keep_item(struct making *m, struct entry *entries, size_t n, bool said,
                          const struct buf *clauses, struct err_text *why)
{
    m->f->items++;
    if (said) {
        if (m->clauses.n > 0)
            buf_char(&m->clauses, ',');
        buf_str(&m->clauses, "{\"bool\":{\"filter\":[");
        buf_add(&m->clauses, clauses->p, clauses->n);
        buf_str(&m->clauses, "]}}");
        for (size_t i = 0; i < n; i++)
            entry_release(&entries[i]);
        return buf_ok(clauses) && buf_ok(&m->clauses) ? ERR_NONE : no_memory(why);
    }
    if (mem_grow((void **)&m->f->inner, &m->f->inner_cap, m->f->inner_n + 1,
                 sizeof(*m->f->inner)) != 0) {
        for (size_t i = 0; i < n; i++)
            entry_release(&entries[i]);
        return no_memory(why);
    }
    m->f->inner[m->f->inner_n++] = (struct inner){entries, n};
    return ERR_NONE;
}

/* Whether a mistake is the item's: then it is told, and the item left out. */
static bool is_own_fault(enum err code)
{
    return code == ERR_INVALID || code == ERR_UNSUPPORTED || code == ERR_FORMAT ||
           code == ERR_NOT_FOUND || code == ERR_LIMIT;
}

static enum err add_item(struct making *m, const struct except_item *item)
{
    if (item->expires <= m->now)
        return ERR_NONE;
    if (item->expires < m->f->until)
        m->f->until = item->expires;
    size_t n = format_node_count(item->entries);
    struct entry *entries = arena_zero(&m->f->arena, n * sizeof(*entries));
    if (entries == NULL)
        return no_memory(m->why);
    struct buf clauses;
    struct err_text reason = {0};
    enum err code = ERR_NONE;
    bool all = true;
    buf_init(&clauses);
    for (size_t i = 0; i < n && code == ERR_NONE; i++) {
        bool said;
        code =
            make_entry(m, format_node_at(item->entries, i), &entries[i], &clauses, &said, &reason);
        all &= said;
    }
    if (code == ERR_NONE) {
        code = keep_item(m, entries, n, all, &clauses, m->why);
    } else {
        for (size_t i = 0; i < n; i++)
            entry_release(&entries[i]);
        if (is_own_fault(code)) {
            tell(m, "item", item->name, reason.message);
            code = ERR_NONE;
        } else if (m->why != NULL) {
            *m->why = reason;
        }
    }
    buf_release(&clauses);
    return code;
}

static enum err add_list(struct making *m, const struct except_named *named)
{
    if (strcmp(named->list_id, ENDPOINT_LIST) == 0)
        return ERR_NONE;
    struct except_set *set = except_set_new();
    if (set == NULL)
        return no_memory(m->why);
    struct err_text reason = {0};
    enum err code = m->source->items(m->source->ctx, named, set, &reason);
    for (size_t i = 0; code == ERR_NONE && i < except_set_items(set); i++)
        code = add_item(m, except_set_item(set, i));
    if (code == ERR_NOT_FOUND) {
        tell(m, "list", named->list_id, "there is no such list");
        code = ERR_NONE;
    } else if (code != ERR_NONE && reason.message[0] != '\0' && m->why != NULL) {
        *m->why = reason;
    }
    for (size_t i = 0; i < except_set_problems(set); i++) {
        const struct except_problem *p = except_set_problem(set, i);
        if (p->fatal)
            tell(m, "list", named->list_id, p->text.message);
    }
    except_set_free(set);
    return code;
}

static enum err make_query(struct making *m)
{
    struct buf dsl;
    if (m->clauses.n == 0)
        return ERR_NONE;
    buf_init(&dsl);
    buf_str(&dsl, "{\"bool\":{\"should\":[");
    buf_add(&dsl, m->clauses.p, m->clauses.n);
    buf_str(&dsl, "]}}");
    enum err code = parse(m, &dsl, &m->f->query, m->why);
    buf_release(&dsl);
    return code;
}

/* Whether an entry about one field is a query. */
static enum err check_leaf(const struct making *m, const struct format_node *entry,
                           const char *field, struct err_text *why)
{
    struct query *query = NULL;
    struct buf dsl;
    buf_init(&dsl);
    write_leaf(entry, field, &dsl);
    enum err code = parse(m, &dsl, &query, why);
    query_free(query);
    buf_release(&dsl);
    return code;
}

static enum err check_nested(const struct making *m, const struct format_node *entry,
                             struct err_text *why)
{
    const char *parent = format_node_str(format_node_get(entry, "field"), "");
    const struct format_node *parts = format_node_get(entry, "entries");
    struct buf field;
    enum err code = ERR_NONE;
    buf_init(&field);
    for (size_t i = 0; i < format_node_count(parts) && code == ERR_NONE; i++) {
        const struct format_node *at = format_node_at(parts, i);
        buf_clear(&field);
        buf_format(&field, "%s.%s", parent, format_node_str(format_node_get(at, "field"), ""));
        code = buf_ok(&field) ? check_leaf(m, at, buf_text(&field), why) : no_memory(why);
    }
    buf_release(&field);
    return code;
}

enum err except_filter_check(const struct except_item *item, ts_ns now, struct err_text *why)
{
    const struct making m = {.now = now};
    struct err_text reason = {0};
    enum err code = ERR_NONE;
    for (size_t i = 0; i < format_node_count(item->entries) && code == ERR_NONE; i++) {
        const struct format_node *entry = format_node_at(item->entries, i);
        const char *type = format_node_str(format_node_get(entry, "type"), "");
        if (strcmp(type, "nested") == 0)
            code = check_nested(&m, entry, &reason);
        else if (strcmp(type, "list") != 0)
            code = check_leaf(&m, entry, format_node_str(format_node_get(entry, "field"), ""),
                              &reason);
    }
    if (code == ERR_NONE)
        return ERR_NONE;
    return is_own_fault(code) ? err_set(why, ERR_INVALID,
                                        "the exception item \"%.100s\" cannot be applied: %.300s",
                                        item->name, reason.message)
                              : err_set(why, code, "%s", reason.message);
}

enum err except_filter_new(const struct except_named *lists, size_t n,
                           const struct except_source *source, ts_ns now,
                           struct except_filter **out, struct err_text *why)
{
    struct except_filter *f = mem_zero(1, sizeof(*f));
    if (f == NULL)
        return no_memory(why);
    struct making m = {.f = f, .source = source, .now = now, .why = why};
    enum err code = ERR_NONE;
    arena_init(&f->arena, 1024);
    buf_init(&f->warning);
    buf_init(&m.clauses);
    f->until = TIME_MAX;
    for (size_t i = 0; i < n && code == ERR_NONE; i++)
        code = add_list(&m, &lists[i]);
    if (code == ERR_NONE)
        code = make_query(&m);
    if (code == ERR_NONE && !buf_ok(&f->warning))
        code = no_memory(why);
    buf_release(&m.clauses);
    if (code != ERR_NONE) {
        except_filter_free(f);
        return code;
    }
    *out = f;
    return ERR_NONE;
}

/* The field's values; those of the time stand in scratch. NULL: none. */
static const struct event_value *values_of(const struct event *e, const struct place *p,
                                           struct event_value *scratch, size_t *out_n)
{
    if (strcmp(p->path, "@timestamp") == 0) {
        *scratch = event_value_time(e->time);
        *out_n = 1;
        return scratch;
    }
    const struct event_item *item =
        p->id != EVENT_F_NONE ? event_get(e, p->id) : event_find(e, p->path, p->n);
    *out_n = item != NULL ? item->n : 0;
    return item != NULL ? event_values(item) : NULL;
}

static bool match_values(const struct entry *entry, const struct event *e)
{
    struct event_value scratch;
    size_t n;
    const struct event_value *values = values_of(e, &entry->place, &scratch, &n);
    for (size_t i = 0; i < n; i++) {
        if (except_values_has(entry->values, &values[i]))
            return true;
    }
    return false;
}

/* Whether the condition holds of the object's value; at beyond n: the object has none. */
static bool match_part(const struct leaf *part, const struct event *e, size_t at)
{
    struct event_value value;
    char scratch[EVENT_TEXT_SIZE];
    size_t n;
    const struct event_value *values = values_of(e, &part->place, &value, &n);
    bool holds = false;
    if (at < n) {
        size_t len;
        const char *text = event_value_text(&values[at], scratch, &len);
        holds = query_leaf_text(query_root(part->query), text, len);
    }
    return holds != part->excluded;
}

/*
 * Objects of a list are kept as parallel lists. Lists of one length belong together, and a field
 * that is missing is missing in each object; of other lists nobody can tell which values were one
 * object's, and then the entry holds of none.
 */
static bool match_nested(const struct entry *entry, const struct event *e)
{
    size_t objects = 0;
    for (size_t i = 0; i < entry->parts_n; i++) {
        struct event_value scratch;
        size_t n;
        (void)values_of(e, &entry->parts[i].place, &scratch, &n);
        if (n != 0 && objects != 0 && n != objects)
            return false;
        objects = n > objects ? n : objects;
    }
    for (size_t at = 0; at < objects; at++) {
        size_t i = 0;
        while (i < entry->parts_n && match_part(&entry->parts[i], e, at))
            i++;
        if (i == entry->parts_n)
            return true;
    }
    return false;
}

static bool match_entry(const struct entry *entry, const struct event *e)
{
    bool holds;
    if (entry->query != NULL)
        holds = query_match(entry->query, e);
    else if (entry->values != NULL)
        holds = match_values(entry, e);
    else
        holds = match_nested(entry, e);
    return holds != entry->excluded;
}

bool except_filter_match(const struct except_filter *f, const struct event *e)
{
    if (f->query != NULL && query_match(f->query, e))
        return true;
    for (size_t i = 0; i < f->inner_n; i++) {
        size_t k = 0;
        while (k < f->inner[i].n && match_entry(&f->inner[i].entries[k], e))
            k++;
        if (k == f->inner[i].n)
            return true;
    }
    return false;
}
