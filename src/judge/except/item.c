/* SPDX-License-Identifier: Apache-2.0 */
#include "except/item.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "format/node.h"
#include "format/write.h"
#include "rule/digest.h"
#include "rule/schema.h"

#include <string.h>

#define API (1U << RULE_FORM_API)

#define KEY(name_, value_, ...)                                                                    \
    {                                                                                              \
        .name = (name_), .value = (value_), .where = API, __VA_ARGS__                              \
    }
#define WORDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define TABLE(table_, what_)                                                                       \
    static const struct rule_table table_ = {(what_), table_##_keys,                               \
                                             sizeof(table_##_keys) / sizeof(table_##_keys[0])}

static bool good_time(const char *s, size_t n)
{
    ts_ns t;
    return time_parse_iso(s, n, &t);
}

/* Patterns of field names are no matter of exceptions. */
static bool good_field(const char *s, size_t n)
{
    return n <= 1000 && memchr(s, '*', n) == NULL;
}

#define BOOKKEEPING                                                                                \
    KEY("id", RULE_VALUE_STR, .min = 1), KEY("_version", RULE_VALUE_STR),                          \
        KEY("tie_breaker_id", RULE_VALUE_STR), KEY("created_at", RULE_VALUE_STR),                  \
        KEY("created_by", RULE_VALUE_STR), KEY("updated_at", RULE_VALUE_STR),                      \
        KEY("updated_by", RULE_VALUE_STR), KEY("meta", RULE_VALUE_TABLE),                          \
        KEY("tags", RULE_VALUE_STRS),                                                              \
        KEY("os_types", RULE_VALUE_STRS, .words = WORDS("linux", "macos", "windows")),             \
        KEY("namespace_type", RULE_VALUE_STR, .words = WORDS("single", "agnostic")),               \
        KEY("list_id", RULE_VALUE_STR, .need = API, .min = 1),                                     \
        KEY("name", RULE_VALUE_STR, .need = API, .min = 1), KEY("description", RULE_VALUE_STR)

static const struct rule_key list_keys[] = {
    BOOKKEEPING,
    KEY("type", RULE_VALUE_STR, .need = API,
        .words = WORDS("detection", "rule_default", "endpoint", "endpoint_trusted_apps",
                       "endpoint_trusted_devices", "endpoint_events",
                       "endpoint_host_isolation_exceptions", "endpoint_blocklists")),
    KEY("immutable", RULE_VALUE_BOOL),
    KEY("version", RULE_VALUE_INT, .min = 1, .max = INT64_MAX),
};
TABLE(list, "an exception list");

static const struct rule_key comment_keys[] = {
    KEY("comment", RULE_VALUE_STR, .need = API, .min = 1),
    KEY("id", RULE_VALUE_STR),
    KEY("created_at", RULE_VALUE_STR),
    KEY("created_by", RULE_VALUE_STR),
    KEY("updated_at", RULE_VALUE_STR),
    KEY("updated_by", RULE_VALUE_STR),
};
TABLE(comment, "a comment");

static const struct rule_key item_keys[] = {
    BOOKKEEPING,
    KEY("item_id", RULE_VALUE_STR, .min = 1),
    KEY("type", RULE_VALUE_STR, .need = API, .words = WORDS("simple")),
    KEY("comments", RULE_VALUE_TABLES, .sub = &comment),
    KEY("entries", RULE_VALUE_TABLES, .need = API, .min = 1, .max = 1000),
    KEY("expire_time", RULE_VALUE_STR, .min = 1, .good = good_time,
        .expect = "a time such as 2024-01-31T00:00:00Z"),
};
TABLE(item, "an exception item");

#define FIELD                                                                                      \
    KEY("field", RULE_VALUE_STR, .need = API, .min = 1, .good = good_field,                        \
        .expect = "the name of one field")
#define OPERATOR                                                                                   \
    KEY("operator", RULE_VALUE_STR, .need = API, .words = WORDS("included", "excluded"))
#define TYPE KEY("type", RULE_VALUE_STR, .need = API)

static const struct rule_key match_keys[] = {FIELD, OPERATOR, TYPE,
                                             KEY("value", RULE_VALUE_STR, .need = API, .min = 1)};
TABLE(match, "an entry that matches a value");
static const struct rule_key match_any_keys[] = {
    FIELD, OPERATOR, TYPE, KEY("value", RULE_VALUE_STRS, .need = API, .min = 1, .max = 10000)};
TABLE(match_any, "an entry that matches any of several values");
static const struct rule_key wildcard_keys[] = {
    FIELD, OPERATOR, TYPE, KEY("value", RULE_VALUE_STR, .need = API, .min = 1, .max = 1000)};
TABLE(wildcard, "an entry that matches a pattern");
static const struct rule_key exists_keys[] = {FIELD, OPERATOR, TYPE};
TABLE(exists, "an entry that asks whether a field is there");
static const struct rule_key named_keys[] = {KEY("id", RULE_VALUE_STR, .need = API, .min = 1),
                                             KEY("type", RULE_VALUE_STR, .need = API, .min = 1)};
TABLE(named, "a value list's name");
static const struct rule_key values_keys[] = {
    FIELD, OPERATOR, TYPE, KEY("list", RULE_VALUE_TABLE, .need = API, .sub = &named)};
TABLE(values, "an entry that asks a value list");
static const struct rule_key nested_keys[] = {
    FIELD, TYPE, KEY("entries", RULE_VALUE_TABLES, .need = API, .min = 1, .max = 100)};
TABLE(nested, "an entry about one object of a list");

static const struct {
    const char *type;
    const struct rule_table *table;
    bool inside; /* may stand inside a nested one */
} entry_types[] = {
    {"match", &match, true},        {"match_any", &match_any, true}, {"exists", &exists, true},
    {"wildcard", &wildcard, false}, {"list", &values, false},        {"nested", &nested, false},
};

static enum err hold(const struct format_node *v, const struct rule_table *table,
                     struct rule_listener *l, struct err_text *why)
{
    const struct rule_check check = {
        .form = RULE_FORM_API, .unknown = rule_schema_stray, .unknown_ctx = l};
    return rule_schema_check(v, table, &check, why);
}

static enum err check_entries(const struct format_node *entries, bool inside,
                              struct rule_listener *l, struct err_text *why)
{
    for (size_t i = 0; i < format_node_count(entries); i++) {
        const struct format_node *entry = format_node_at(entries, i);
        const struct format_node *v = format_node_get(entry, "type");
        const char *type = format_node_str(v, "");
        const struct rule_table *table = NULL;
        for (size_t t = 0; t < sizeof(entry_types) / sizeof(entry_types[0]); t++) {
            if (strcmp(entry_types[t].type, type) == 0 && (entry_types[t].inside || !inside))
                table = entry_types[t].table;
        }
        if (table == NULL)
            return format_node_err(v != NULL ? v : entry, why, ERR_INVALID,
                                   inside ? "an entry inside a nested one has the type match, "
                                            "match_any or exists"
                                          : "an entry has the type match, match_any, exists, "
                                            "wildcard, list or nested");
        enum err code = hold(entry, table, l, why);
        if (code == ERR_NONE && table == &nested)
            code = check_entries(format_node_get(entry, "entries"), true, l, why);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "no memory is left for an exception");
}

/* What is handed out, and what it is made of. */
struct owned_list {
    struct except_list list; /* first: the pointers are cast back */
    struct format_node *root;
    char id[RULE_UUID_SIZE];
};

struct owned_item {
    struct except_item item; /* first */
    struct format_node *root;
    char id[RULE_UUID_SIZE];
    char item_id[RULE_UUID_SIZE];
};

/* The id that was written, else one that follows from what the object is called. */
static const char *id_of(const struct format_node *root, const char *namespace_type,
                         const char *name, char made[RULE_UUID_SIZE])
{
    const char *id = format_node_str(format_node_get(root, "id"), NULL);
    if (id != NULL)
        return id;
    struct bytes parts[] = {bytes_make(namespace_type, strlen(namespace_type)), bytes_make(":", 1),
                            bytes_make(name, strlen(name))};
    char hex[RULE_HEX_SIZE];
    rule_digest_hex(parts, sizeof(parts) / sizeof(parts[0]), hex);
    rule_digest_uuid(hex, strlen(hex), made);
    return made;
}

enum err except_list_new_take(struct format_node *root, rule_warn_fn warn, void *warn_ctx,
                              struct except_list **out, struct err_text *why)
{
    struct rule_listener l = {warn, warn_ctx};
    enum err code = hold(root, &list, &l, why);
    if (code != ERR_NONE)
        return code;
    struct owned_list *o = mem_zero(1, sizeof(*o));
    if (o == NULL)
        return no_memory(why);
    o->root = root;
    o->list = (struct except_list){
        .list_id = format_node_str(format_node_get(root, "list_id"), ""),
        .namespace_type = format_node_str(format_node_get(root, "namespace_type"), "single"),
        .type = format_node_str(format_node_get(root, "type"), ""),
        .name = format_node_str(format_node_get(root, "name"), ""),
        .node = root,
    };
    o->list.id = id_of(root, o->list.namespace_type, o->list.list_id, o->id);
    *out = &o->list;
    return ERR_NONE;
}

void except_list_free(struct except_list *l)
{
    if (l == NULL)
        return;
    struct owned_list *o = (struct owned_list *)(void *)l;
    format_node_free(o->root);
    mem_free(o);
}

/* An item without an id gets one that follows from what it says, so that a second import finds it.
 */
static enum err invent_id(struct owned_item *o)
{
    struct buf text;
    buf_init(&text);
    format_node_write(o->root, &text);
    bool ok = buf_ok(&text);
    if (ok)
        rule_digest_uuid(text.p, text.n, o->item_id);
    buf_release(&text);
    o->item.item_id = o->item_id;
    return ok ? ERR_NONE : ERR_MEMORY;
}

enum err except_item_new_take(struct format_node *root, rule_warn_fn warn, void *warn_ctx,
                              struct except_item **out, struct err_text *why)
{
    struct rule_listener l = {warn, warn_ctx};
    enum err code = hold(root, &item, &l, why);
    if (code == ERR_NONE)
        code = check_entries(format_node_get(root, "entries"), false, &l, why);
    if (code != ERR_NONE)
        return code;
    struct owned_item *o = mem_zero(1, sizeof(*o));
    if (o == NULL)
        return no_memory(why);
    const struct format_node *expires = format_node_get(root, "expire_time");
    o->root = root;
    o->item = (struct except_item){
        .item_id = format_node_str(format_node_get(root, "item_id"), NULL),
        .list_id = format_node_str(format_node_get(root, "list_id"), ""),
        .namespace_type = format_node_str(format_node_get(root, "namespace_type"), "single"),
        .name = format_node_str(format_node_get(root, "name"), ""),
        .expires = TIME_MAX,
        .entries = format_node_get(root, "entries"),
        .node = root,
    };
    if (expires != NULL)
        (void)time_parse_iso(format_node_str(expires, ""), format_node_str_len(expires),
                             &o->item.expires);
    if (o->item.item_id == NULL && invent_id(o) != ERR_NONE) {
        mem_free(o);
        return no_memory(why);
    }
    o->item.id = id_of(root, o->item.namespace_type, o->item.item_id, o->id);
    *out = &o->item;
    return ERR_NONE;
}

void except_item_free(struct except_item *i)
{
    if (i == NULL)
        return;
    struct owned_item *o = (struct owned_item *)(void *)i;
    format_node_free(o->root);
    mem_free(o);
}

static void write_members(const struct format_node *node, struct format_writer *w)
{
    for (size_t i = 0; i < format_node_count(node); i++) {
        const struct format_node *v = format_node_at(node, i);
        if (format_node_type(v) == FORMAT_NULL)
            continue;
        format_write_key_n(w, format_node_key(v), format_node_key_len(v));
        format_node_write_value(v, w);
    }
}

static bool lacks(const struct format_node *node, const char *key)
{
    return format_node_type(format_node_get(node, key)) == FORMAT_NULL;
}

static void write_missing_list(const struct format_node *node, const char *key,
                               struct format_writer *w)
{
    if (!lacks(node, key))
        return;
    format_write_key(w, key);
    format_write_begin_array(w);
    format_write_end_array(w);
}

static void write_missing(const struct format_node *node, struct format_writer *w)
{
    if (lacks(node, "namespace_type"))
        format_write_field_str(w, "namespace_type", "single");
    if (lacks(node, "description"))
        format_write_field_str(w, "description", "");
    write_missing_list(node, "tags", w);
    write_missing_list(node, "os_types", w);
}

void except_list_write(const struct except_list *l, struct format_writer *w)
{
    format_write_begin_object(w);
    if (lacks(l->node, "id"))
        format_write_field_str(w, "id", l->id);
    write_members(l->node, w);
    write_missing(l->node, w);
    if (lacks(l->node, "immutable"))
        format_write_field_bool(w, "immutable", false);
    if (lacks(l->node, "version"))
        format_write_field_i64(w, "version", 1);
    format_write_end_object(w);
}

void except_item_write(const struct except_item *i, struct format_writer *w)
{
    format_write_begin_object(w);
    if (lacks(i->node, "id"))
        format_write_field_str(w, "id", i->id);
    write_members(i->node, w);
    if (lacks(i->node, "item_id"))
        format_write_field_str(w, "item_id", i->item_id);
    write_missing(i->node, w);
    write_missing_list(i->node, "comments", w);
    format_write_end_object(w);
}

enum except_what except_what(const struct format_node *v)
{
    if (format_node_type(v) != FORMAT_OBJECT || format_node_get(v, "rule_id") != NULL ||
        format_node_get(v, "risk_score") != NULL || format_node_get(v, "exported_count") != NULL ||
        format_node_get(v, "attributes") != NULL)
        return EXCEPT_NEITHER;
    if (format_node_get(v, "entries") != NULL || format_node_get(v, "item_id") != NULL)
        return EXCEPT_ITEM;
    return format_node_get(v, "list_id") != NULL ? EXCEPT_LIST : EXCEPT_NEITHER;
}
