/* SPDX-License-Identifier: Apache-2.0 */
#include "store/column.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

enum store_column_type store_column_type_of(event_field f)
{
    switch ((enum event_kind)event_field_def(f)->kind) {
    case EVENT_KIND_LONG:
        return STORE_COLUMN_INTEGER;
    case EVENT_KIND_DOUBLE:
        return STORE_COLUMN_NUMBER;
    case EVENT_KIND_BOOLEAN:
        return STORE_COLUMN_BOOLEAN;
    case EVENT_KIND_DATE:
        return STORE_COLUMN_TIME;
    case EVENT_KIND_KEYWORD:
    case EVENT_KIND_TEXT:
    case EVENT_KIND_WILDCARD:
    case EVENT_KIND_IP:
    case EVENT_KIND_GEO_POINT:
        break;
    }
    return STORE_COLUMN_TEXT;
}

/* The fields that ECS, Packetbeat and Elastic Defend document as arrays. */
bool store_column_is_list(event_field f)
{
    switch (f) {
    case EVENT_F_DNS_ADDITIONALS_CLASS:
    case EVENT_F_DNS_ADDITIONALS_DATA:
    case EVENT_F_DNS_ADDITIONALS_NAME:
    case EVENT_F_DNS_ADDITIONALS_TTL:
    case EVENT_F_DNS_ADDITIONALS_TYPE:
    case EVENT_F_DNS_ANSWERS_CLASS:
    case EVENT_F_DNS_ANSWERS_DATA:
    case EVENT_F_DNS_ANSWERS_NAME:
    case EVENT_F_DNS_ANSWERS_TTL:
    case EVENT_F_DNS_ANSWERS_TYPE:
    case EVENT_F_DNS_AUTHORITIES_CLASS:
    case EVENT_F_DNS_AUTHORITIES_NAME:
    case EVENT_F_DNS_AUTHORITIES_TYPE:
    case EVENT_F_DNS_HEADER_FLAGS:
    case EVENT_F_DNS_RESOLVED_IP:
    case EVENT_F_EVENT_CATEGORY:
    case EVENT_F_EVENT_TYPE:
    case EVENT_F_FILE_ATTRIBUTES:
    case EVENT_F_HOST_IP:
    case EVENT_F_HOST_MAC:
    case EVENT_F_PROCESS_ARGS:
    case EVENT_F_PROCESS_PARENT_ARGS:
    case EVENT_F_PROCESS_ENV_VARS:
    case EVENT_F_RELATED_HASH:
    case EVENT_F_RELATED_HOSTS:
    case EVENT_F_RELATED_IP:
    case EVENT_F_RELATED_USER:
    case EVENT_F_TAGS:
    case EVENT_F_THREAT_TACTIC_ID:
    case EVENT_F_THREAT_TECHNIQUE_ID:
    case EVENT_F_TLS_CLIENT_CERTIFICATE_CHAIN:
    case EVENT_F_TLS_CLIENT_SUPPORTED_CIPHERS:
    case EVENT_F_TLS_CLIENT_X509_ALTERNATIVE_NAMES:
    case EVENT_F_TLS_SERVER_CERTIFICATE_CHAIN:
    case EVENT_F_TLS_SERVER_X509_ALTERNATIVE_NAMES:
        return true;
    default:
        return false;
    }
}

bool store_column_fits(event_field f, enum event_type type)
{
    switch ((enum event_kind)event_field_def(f)->kind) {
    case EVENT_KIND_LONG:
        return type == EVENT_I64;
    case EVENT_KIND_DOUBLE:
        return type == EVENT_F64;
    case EVENT_KIND_BOOLEAN:
        return type == EVENT_BOOL;
    case EVENT_KIND_DATE:
        return type == EVENT_TIME;
    case EVENT_KIND_IP:
        return type == EVENT_IP;
    case EVENT_KIND_KEYWORD:
    case EVENT_KIND_TEXT:
    case EVENT_KIND_WILDCARD:
    case EVENT_KIND_GEO_POINT:
        break;
    }
    return type == EVENT_STR;
}

void store_columns_init(struct store_columns *c, struct arena *arena)
{
    memset(c, 0, sizeof(*c));
    c->arena = arena;
}

void store_columns_release(struct store_columns *c)
{
    mem_free(c->list);
    mem_free(c->rest);
    store_columns_init(c, c->arena);
}

static int compare(const char *a, size_t a_n, const char *b, size_t b_n)
{
    int order = memcmp(a, b, a_n < b_n ? a_n : b_n);
    return order != 0 ? order : (a_n > b_n) - (a_n < b_n);
}

/* Where the column stands, or would. */
static size_t column_place(const struct store_columns *c, const char *name, size_t n, bool *found)
{
    size_t low = 0;
    size_t high = c->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = compare(c->list[mid].name, c->list[mid].len, name, n);
        if (order == 0) {
            *found = true;
            return mid;
        }
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *found = false;
    return low;
}

const struct store_column *store_columns_find(const struct store_columns *c, const char *name,
                                              size_t n)
{
    bool found;
    size_t at = column_place(c, name, n, &found);
    return found ? &c->list[at] : NULL;
}

const struct store_column *store_columns_add(struct store_columns *c, const char *name, size_t n,
                                             enum store_column_type type, bool list)
{
    bool found;
    size_t at = column_place(c, name, n, &found);
    if (found) {
        if (c->list[at].type != (uint8_t)type)
            c->list[at].type = STORE_COLUMN_TEXT;
        c->list[at].list = c->list[at].list || list;
        return &c->list[at];
    }
    void *grown = c->list;
    const char *copy = arena_strndup(c->arena, name, n);
    if (copy == NULL || mem_grow(&grown, &c->cap, c->n + 1, sizeof(*c->list)) != 0)
        return NULL;
    c->list = grown;
    memmove(&c->list[at + 1], &c->list[at], (c->n - at) * sizeof(*c->list));
    c->list[at] = (struct store_column){.name = copy,
                                        .len = (uint32_t)n,
                                        .field = event_field_by_name(name, n),
                                        .type = (uint8_t)type,
                                        .list = list};
    c->n++;
    return &c->list[at];
}

static size_t rest_place(const struct store_columns *c, const char *name, size_t n, bool *found)
{
    size_t low = 0;
    size_t high = c->rest_n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = compare(c->rest[mid], strlen(c->rest[mid]), name, n);
        if (order == 0) {
            *found = true;
            return mid;
        }
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *found = false;
    return low;
}

enum err store_columns_add_rest(struct store_columns *c, const char *name, size_t n)
{
    bool found;
    if (c->rest_any)
        return ERR_NONE;
    size_t at = rest_place(c, name, n, &found);
    if (found)
        return ERR_NONE;
    /* A name with a line break cannot stand in the list; one that is too many neither. */
    if (c->rest_n == STORE_REST_NAMES || memchr(name, '\n', n) != NULL || n == 0) {
        c->rest_any = true;
        return ERR_NONE;
    }
    void *grown = c->rest;
    const char *copy = arena_strndup(c->arena, name, n);
    if (copy == NULL || mem_grow(&grown, &c->rest_cap, c->rest_n + 1, sizeof(*c->rest)) != 0)
        return ERR_MEMORY;
    c->rest = grown;
    memmove(&c->rest[at + 1], &c->rest[at], (c->rest_n - at) * sizeof(*c->rest));
    c->rest[at] = copy;
    c->rest_n++;
    return ERR_NONE;
}

bool store_columns_in_rest(const struct store_columns *c, const char *name, size_t n)
{
    bool found;
    if (c->rest_any)
        return true;
    (void)rest_place(c, name, n, &found);
    return found;
}

/* One line "T name" or "T[] name"; false when it is none. The name is not copied. */
static bool read_line(const char *line, size_t n, struct store_column *out)
{
    if (n < 3 || memchr("SIFBT", line[0], 5) == NULL)
        return false;
    bool list = n > 3 && line[1] == '[' && line[2] == ']';
    size_t name = list ? 4 : 2;
    if (n <= name || line[name - 1] != ' ' || !utf8_valid(line + name, n - name))
        return false;
    *out = (struct store_column){
        .name = line + name, .len = (uint32_t)(n - name), .type = (uint8_t)line[0], .list = list};
    return true;
}

enum err store_columns_read(struct store_columns *c, const char *columns, const char *rest)
{
    enum err rc = ERR_NONE;
    while (*columns != '\0') {
        struct store_column one;
        size_t n = strcspn(columns, "\n");
        if (!read_line(columns, n, &one))
            return ERR_FORMAT;
        if (store_columns_add(c, one.name, one.len, (enum store_column_type)one.type, one.list) ==
            NULL)
            return ERR_MEMORY;
        columns += columns[n] == '\n' ? n + 1 : n;
    }
    if (strcmp(rest, "*") == 0) {
        c->rest_any = true;
        return rc;
    }
    while (rc == ERR_NONE && *rest != '\0') {
        size_t n = strcspn(rest, "\n");
        rc = store_columns_add_rest(c, rest, n);
        rest += rest[n] == '\n' ? n + 1 : n;
    }
    return rc;
}

void store_columns_write(const struct store_columns *c, struct buf *columns, struct buf *rest)
{
    for (size_t i = 0; i < c->n; i++) {
        buf_char(columns, (char)c->list[i].type);
        buf_str(columns, c->list[i].list ? "[] " : " ");
        buf_str(columns, c->list[i].name);
        buf_char(columns, '\n');
    }
    if (c->rest_any) {
        buf_char(rest, '*');
        return;
    }
    for (size_t i = 0; i < c->rest_n; i++) {
        buf_str(rest, c->rest[i]);
        buf_char(rest, '\n');
    }
}

void store_column_quote(struct buf *sql, const char *name)
{
    buf_char(sql, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"')
            buf_char(sql, '"');
        buf_char(sql, *name);
    }
    buf_char(sql, '"');
}

void store_column_quote_text(struct buf *sql, const char *s, size_t n)
{
    buf_char(sql, '\'');
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\'')
            buf_char(sql, '\'');
        buf_char(sql, s[i]);
    }
    buf_char(sql, '\'');
}

/* One column of a part in another type: a text, a list, a list of texts. */
static void convert(struct buf *sql, const struct store_column *from, const struct store_column *to)
{
    bool text = from->type != to->type;
    buf_str(sql, "CASE WHEN ");
    store_column_quote(sql, to->name);
    buf_str(sql, " IS NOT NULL THEN ");
    buf_str(sql, to->list && !from->list ? "[" : "");
    buf_str(sql, text ? "CAST(" : "");
    store_column_quote(sql, to->name);
    if (text)
        buf_str(sql, from->list ? " AS VARCHAR[])" : " AS VARCHAR)");
    buf_str(sql, to->list && !from->list ? "]" : "");
    buf_str(sql, " END AS ");
    store_column_quote(sql, to->name);
}

/* " REPLACE (…)" for the columns of a part that have another type; nothing when none has. */
static enum err replace(const struct store_columns *c, const char *columns, struct buf *sql,
                        bool *out_any)
{
    *out_any = false;
    while (*columns != '\0') {
        struct store_column one;
        size_t n = strcspn(columns, "\n");
        if (!read_line(columns, n, &one))
            return ERR_FORMAT;
        const struct store_column *to = store_columns_find(c, one.name, one.len);
        if (to != NULL && (to->type != one.type || to->list != one.list)) {
            buf_str(sql, *out_any ? ", " : " REPLACE (");
            *out_any = true;
            convert(sql, &one, to);
        }
        columns += columns[n] == '\n' ? n + 1 : n;
    }
    if (*out_any)
        buf_char(sql, ')');
    return ERR_NONE;
}

enum err store_columns_source(const struct store_columns *c, const struct store_part *parts,
                              size_t n, struct buf *sql)
{
    struct buf plain; /* paths of pieces that need no conversion: nearly always all */
    struct buf changes;
    bool first = true;
    enum err rc = ERR_NONE;
    buf_init(&plain);
    buf_init(&changes);
    buf_char(sql, '(');
    for (size_t i = 0; rc == ERR_NONE && i < n; i++) {
        bool any;
        buf_clear(&changes);
        rc = replace(c, parts[i].columns, &changes, &any);
        if (rc != ERR_NONE || (!any && parts[i].path != NULL)) {
            buf_str(&plain, plain.n > 0 ? "," : "");
            if (rc == ERR_NONE)
                store_column_quote_text(&plain, parts[i].path, strlen(parts[i].path));
            continue;
        }
        buf_str(sql, first ? "SELECT *" : " UNION ALL BY NAME SELECT *");
        first = false;
        buf_add(sql, changes.p, changes.n);
        buf_str(sql, " FROM ");
        if (parts[i].path != NULL) {
            buf_str(sql, "read_parquet(");
            store_column_quote_text(sql, parts[i].path, strlen(parts[i].path));
            buf_char(sql, ')');
        } else {
            buf_str(sql, "weir_hot");
        }
    }
    if (plain.n > 0) {
        buf_str(sql, first ? "SELECT *" : " UNION ALL BY NAME SELECT *");
        buf_str(sql, " FROM read_parquet([");
        buf_add(sql, plain.p, plain.n);
        buf_str(sql, "], union_by_name=true)");
    }
    buf_char(sql, ')');
    if (rc == ERR_NONE && (!buf_ok(sql) || !buf_ok(&plain) || !buf_ok(&changes)))
        rc = ERR_MEMORY;
    buf_release(&plain);
    buf_release(&changes);
    return rc;
}
