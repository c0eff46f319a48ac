/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/schema.h"

#include "format/node.h"
#include "rule/rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* No table goes deeper; documents can (they are 64 deep at most). */
#define DEPTH_MAX 16

/* A document with more unknown keys in one object is of another kind. */
#define STRAYS_MAX 64

static enum err check_table(const struct format_node *v, const struct rule_table *table,
                            const struct rule_check *check, unsigned depth, struct err_text *why);

static bool has_nul(const struct format_node *v)
{
    return strlen(format_node_str(v, "")) != format_node_str_len(v);
}

static void join_words(const char *const *words, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; words[i] != NULL; i++) {
        const char *glue = i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ";
        int got = snprintf(out + n, size - n, "%s%s", glue, words[i]);
        if (got < 0 || (size_t)got >= size - n)
            return;
        n += (size_t)got;
    }
}

static enum err check_str(const struct format_node *v, const char *name, const struct rule_key *key,
                          bool sized, struct err_text *why)
{
    if (format_node_type(v) != FORMAT_STRING)
        return format_node_err(v, why, ERR_INVALID, "%s must be a string", name);
    size_t n = format_node_str_len(v);
    const char *s = format_node_str(v, "");
    if (has_nul(v))
        return format_node_err(v, why, ERR_INVALID, "%s must not hold a NUL character", name);
    if (key->words != NULL) {
        for (size_t i = 0; key->words[i] != NULL; i++) {
            if (strcmp(s, key->words[i]) == 0)
                return ERR_NONE;
        }
        char words[256];
        join_words(key->words, words, sizeof(words));
        return format_node_err(v, why, ERR_INVALID, "%s must be %s, not \"%.60s\"", name, words, s);
    }
    if (sized && n == 0 && key->min > 0)
        return format_node_err(v, why, ERR_INVALID, "%s must not be empty", name);
    if (sized && key->max > 0 && n > (uint64_t)key->max)
        return format_node_err(v, why, ERR_INVALID, "%s must be at most %" PRId64 " bytes long",
                               name, key->max);
    if (key->good != NULL && !key->good(s, n))
        return format_node_err(v, why, ERR_INVALID, "%s must be %s, not \"%.60s\"", name,
                               key->expect, s);
    return ERR_NONE;
}

static enum err check_count(const struct format_node *v, const char *name,
                            const struct rule_key *key, struct err_text *why)
{
    uint64_t n = format_node_count(v);
    if (n < (uint64_t)key->min)
        return format_node_err(v, why, ERR_INVALID, "%s must have at least %" PRId64 " %s", name,
                               key->min, key->min == 1 ? "member" : "members");
    if (key->max > 0 && n > (uint64_t)key->max)
        return format_node_err(v, why, ERR_INVALID, "%s must have at most %" PRId64 " %s", name,
                               key->max, key->max == 1 ? "member" : "members");
    return ERR_NONE;
}

static enum err check_strs(const struct format_node *v, const char *name,
                           const struct rule_key *key, struct err_text *why)
{
    if (format_node_type(v) != FORMAT_ARRAY)
        return format_node_err(v, why, ERR_INVALID, "%s must be an array of strings", name);
    enum err code = check_count(v, name, key, why);
    for (size_t i = 0; code == ERR_NONE && i < format_node_count(v); i++)
        code = check_str(format_node_at(v, i), name, key, false, why);
    return code;
}

static enum err check_int(const struct format_node *v, const char *name, const struct rule_key *key,
                          struct err_text *why)
{
    int64_t i = format_node_int(v, 0);
    if (format_node_type(v) == FORMAT_INT && i >= key->min && i <= key->max)
        return ERR_NONE;
    if (format_node_type(v) != FORMAT_INT && key->max == INT64_MAX)
        return format_node_err(v, why, ERR_INVALID, "%s must be a whole number", name);
    if (key->max == INT64_MAX)
        return format_node_err(v, why, ERR_INVALID, "%s must be at least %" PRId64, name, key->min);
    return format_node_err(v, why, ERR_INVALID, "%s must be %" PRId64 " to %" PRId64, name,
                           key->min, key->max);
}

static enum err check_tables(const struct format_node *v, const char *name,
                             const struct rule_key *key, const struct rule_check *check,
                             unsigned depth, struct err_text *why)
{
    if (format_node_type(v) != FORMAT_ARRAY)
        return format_node_err(v, why, ERR_INVALID, "%s must be an array of objects", name);
    enum err code = check_count(v, name, key, why);
    for (size_t i = 0; code == ERR_NONE && i < format_node_count(v); i++) {
        const struct format_node *item = format_node_at(v, i);
        if (format_node_type(item) != FORMAT_OBJECT)
            return format_node_err(item, why, ERR_INVALID, "each member of %s must be an object",
                                   name);
        if (key->sub != NULL)
            code = check_table(item, key->sub, check, depth + 1, why);
    }
    return code;
}

static enum err check_value(const struct format_node *v, const struct rule_key *key,
                            const struct rule_check *check, unsigned depth, struct err_text *why)
{
    const char *name = key->name;
    enum format_type type = format_node_type(v);
    switch ((enum rule_value)key->value) {
    case RULE_VALUE_STR:
        return check_str(v, name, key, true, why);
    case RULE_VALUE_INT:
        return check_int(v, name, key, why);
    case RULE_VALUE_BOOL:
        if (type != FORMAT_BOOL)
            return format_node_err(v, why, ERR_INVALID, "%s must be true or false", name);
        return ERR_NONE;
    case RULE_VALUE_STRS:
        return check_strs(v, name, key, why);
    case RULE_VALUE_STR_OR_STRS:
        if (type == FORMAT_STRING)
            return check_str(v, name, key, false, why);
        if (type != FORMAT_ARRAY)
            return format_node_err(v, why, ERR_INVALID,
                                   "%s must be a string or an array of strings", name);
        return check_strs(v, name, key, why);
    case RULE_VALUE_TABLE:
        if (type != FORMAT_OBJECT)
            return format_node_err(v, why, ERR_INVALID, "%s must be an object", name);
        return key->sub != NULL ? check_table(v, key->sub, check, depth + 1, why) : ERR_NONE;
    case RULE_VALUE_TABLES:
        return check_tables(v, name, key, check, depth, why);
    case RULE_VALUE_SCALAR:
        if (type == FORMAT_OBJECT || type == FORMAT_ARRAY)
            return format_node_err(v, why, ERR_INVALID, "%s must be a string, number or boolean",
                                   name);
        return ERR_NONE;
    case RULE_VALUE_LIST:
        if (type != FORMAT_ARRAY)
            return format_node_err(v, why, ERR_INVALID, "%s must be an array", name);
        return ERR_NONE;
    case RULE_VALUE_ANY:
        return ERR_NONE;
    }
    return ERR_NONE;
}

/* "query, eql and esql": the types in whose rules the key may stand. */
static void name_types(unsigned types, char *out, size_t size)
{
    const char *words[RULE_TYPES + 1];
    size_t n = 0;
    for (unsigned t = 0; t < RULE_TYPES; t++) {
        if (types & 1U << t)
            words[n++] = rule_type_name((enum rule_type)t);
    }
    words[n] = NULL;
    join_words(words, out, size);
}

static bool says_nothing(const struct format_node *v)
{
    enum format_type type = format_node_type(v);
    return (type == FORMAT_ARRAY && format_node_count(v) == 0) ||
           (type == FORMAT_STRING && format_node_str_len(v) == 0);
}

static enum err check_key(const struct format_node *object, const struct rule_table *table,
                          const struct rule_key *key, const struct rule_check *check,
                          unsigned depth, struct err_text *why)
{
    unsigned form = 1U << check->form;
    if (!(key->where & form))
        return ERR_NONE;
    const struct format_node *v = format_node_get(object, key->name);
    bool mine = key->types == 0 || !check->typed || (key->types & 1U << check->type);
    if (format_node_type(v) == FORMAT_NULL) {
        if (!(key->need & form) || !mine)
            return ERR_NONE;
        return format_node_err(object, why, ERR_INVALID, "%s must have the key %s", table->what,
                               key->name);
    }
    /* Some exports show the keys of all types, empty. */
    if (!mine && check->form == RULE_FORM_API && says_nothing(v))
        return ERR_NONE;
    if (!mine) {
        char types[160];
        name_types(key->types, types, sizeof(types));
        return format_node_err(v, why, ERR_INVALID,
                               "%s belongs to rules of type %s, not to one of type %s", key->name,
                               types, rule_type_name((enum rule_type)check->type));
    }
    return check_value(v, key, check, depth, why);
}

static enum err check_table(const struct format_node *v, const struct rule_table *table,
                            const struct rule_check *check, unsigned depth, struct err_text *why)
{
    if (depth > DEPTH_MAX)
        return format_node_err(v, why, ERR_INVALID, "objects may be nested %u deep", DEPTH_MAX);
    for (size_t i = 0; i < table->n; i++) {
        enum err code = check_key(v, table, &table->keys[i], check, depth, why);
        if (code != ERR_NONE)
            return code;
    }
    const struct format_node *stray;
    for (unsigned i = 0; (stray = format_node_unknown(v)) != NULL; i++) {
        if (i == STRAYS_MAX)
            return format_node_err(stray, why, ERR_INVALID,
                                   "%s has more than %u unknown keys; this is something else",
                                   table->what, STRAYS_MAX);
        format_node_mark(stray);
        enum err code = check->unknown(check->unknown_ctx, stray, table, why);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

enum err rule_schema_check(const struct format_node *v, const struct rule_table *table,
                           const struct rule_check *check, struct err_text *why)
{
    if (format_node_type(v) != FORMAT_OBJECT)
        return format_node_err(v, why, ERR_INVALID, "%s must be an object", table->what);
    return check_table(v, table, check, 0, why);
}

/*
 * The distance between two words with letters inserted, left out, changed or two neighbours
 * swapped, by the restricted Damerau-Levenshtein recurrence; words are short.
 */
#define NEAR_MAX 48

static unsigned distance(const char *a, size_t a_n, const char *b, size_t b_n)
{
    unsigned row[3][NEAR_MAX + 1];
    for (size_t j = 0; j <= b_n; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_n; i++) {
        unsigned *now = row[i % 3];
        const unsigned *last = row[(i - 1) % 3];
        const unsigned *before = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_n; j++) {
            unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[a_n % 3][b_n];
}

const char *rule_schema_near(const struct rule_table *table, const char *name, size_t n)
{
    if (n < 4 || n > NEAR_MAX)
        return NULL;
    const char *found = NULL;
    unsigned best = n < 8 ? 1 : 2;
    for (size_t i = 0; i < table->n; i++) {
        const char *key = table->keys[i].name;
        size_t key_n = strlen(key);
        /* Short words resemble each other by chance: note and node. */
        if (key_n < 4 || key_n > NEAR_MAX)
            continue;
        unsigned d = distance(name, n, key, key_n);
        if (d > 0 && d <= best) {
            found = key;
            if (d == 1)
                break;
            best = d - 1;
        }
    }
    return found;
}

enum err rule_schema_stray(void *listener, const struct format_node *key,
                           const struct rule_table *table, struct err_text *why)
{
    const struct rule_listener *l = listener;
    const char *name = format_node_key(key);
    const char *near = rule_schema_near(table, name, format_node_key_len(key));
    if (near != NULL)
        return format_node_err(key, why, ERR_INVALID, "%s has no key %.60s; did you mean %s?",
                               table->what, name, near);
    if (l->warn != NULL) {
        struct err_text text = {0};
        (void)format_node_err(key, &text, ERR_INVALID,
                              "the key %.60s is not known for %s and has no effect", name,
                              table->what);
        l->warn(l->ctx, &text);
    }
    return ERR_NONE;
}
