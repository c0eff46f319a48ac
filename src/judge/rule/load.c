/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/load.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "format/node.h"
#include "rule/rule.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX_BYTES ((size_t)64 << 20)
#define FOLDER_DEPTH 16
/* More is not read by anybody; the count goes on. */
#define PROBLEMS_MAX 10000
#define RULES_MAX 20000
/* One more than are read as exceptions: who reads them says that it is too many. */
#define OTHERS_MAX 100001

struct rule_set {
    struct rule **rules;
    size_t rules_n;
    size_t rules_cap;
    struct rule_other *others;
    size_t others_n;
    size_t others_cap;
    struct arena arena; /* of the others' texts */
    struct rule_problem *problems;
    size_t problems_n;
    size_t problems_cap;
    size_t refused;
    bool failed; /* memory was short for a problem */
};

struct rule_set *rule_set_new(void)
{
    struct rule_set *s = mem_zero(1, sizeof(*s));
    if (s != NULL)
        arena_init(&s->arena, 0);
    return s;
}

void rule_set_free(struct rule_set *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->rules_n; i++)
        rule_unref(s->rules[i]);
    mem_free(s->rules);
    mem_free(s->others);
    mem_free(s->problems);
    arena_release(&s->arena);
    mem_free(s);
}

size_t rule_set_count(const struct rule_set *s)
{
    return s->rules_n;
}

struct rule *rule_set_at(const struct rule_set *s, size_t i)
{
    return s->rules[i];
}

size_t rule_set_others(const struct rule_set *s)
{
    return s->others_n;
}

const struct rule_other *rule_set_other(const struct rule_set *s, size_t i)
{
    return &s->others[i];
}

size_t rule_set_problems(const struct rule_set *s)
{
    return s->problems_n;
}

const struct rule_problem *rule_set_problem(const struct rule_set *s, size_t i)
{
    return &s->problems[i];
}

size_t rule_set_refused(const struct rule_set *s)
{
    return s->refused;
}

static void add_problem(struct rule_set *s, bool fatal, const struct err_text *text)
{
    s->refused += fatal;
    if (s->problems_n == PROBLEMS_MAX)
        return;
    if (mem_grow((void **)&s->problems, &s->problems_cap, s->problems_n + 1,
                 sizeof(*s->problems)) != 0) {
        s->failed = true;
        return;
    }
    s->problems[s->problems_n++] = (struct rule_problem){fatal, *text};
}

/* Where in which file a document stands, for its warnings. */
struct place {
    struct rule_set *set;
    unsigned line; /* of an exported line; 0: the document has lines of its own */
};

static void move_to_line(struct err_text *text, unsigned line)
{
    if (line == 0)
        return;
    text->line = line;
}

static void on_warning(void *ctx, const struct err_text *why)
{
    const struct place *p = ctx;
    struct err_text text = *why;
    move_to_line(&text, p->line);
    add_problem(p->set, false, &text);
}

static enum err add_rule(struct rule_set *s, struct rule *r, struct err_text *why)
{
    if (s->rules_n == RULES_MAX)
        return err_set(why, ERR_LIMIT, "at most %d rules are read at once", RULES_MAX);
    for (size_t i = 0; i < s->rules_n; i++) {
        if (strcmp(s->rules[i]->rule_id, r->rule_id) == 0) {
            struct err_text text = {0};
            err_set_at(&text, ERR_EXISTS, r->file, r->line,
                       "rule_id %.60s was read before, from %.180s; each rule needs its own",
                       r->rule_id, s->rules[i]->file);
            add_problem(s, true, &text);
            rule_unref(r);
            return ERR_NONE;
        }
    }
    if (mem_grow((void **)&s->rules, &s->rules_cap, s->rules_n + 1, sizeof(*s->rules)) != 0)
        return err_set(why, ERR_MEMORY, "no memory is left to keep this rule");
    s->rules[s->rules_n++] = r;
    return ERR_NONE;
}

/* Takes root in any case. */
static enum err take_document(struct rule_set *s, struct format_node *root, enum rule_form form,
                              unsigned line, struct err_text *why)
{
    struct place place = {s, line};
    struct rule *r = NULL;
    struct err_text text = {0};
    enum err code = rule_new_take(root, form, on_warning, &place, &r, &text);
    if (code == ERR_NONE) {
        if (line != 0)
            r->line = line;
        code = add_rule(s, r, why);
        if (code != ERR_NONE)
            rule_unref(r);
        return code;
    }
    if (code == ERR_MEMORY) {
        format_node_free(root);
        return err_set(why, ERR_MEMORY, "%s", text.message);
    }
    if (text.file[0] == '\0')
        snprintf(text.file, sizeof(text.file), "%s", format_node_file_name(root));
    move_to_line(&text, line);
    add_problem(s, true, &text);
    format_node_free(root);
    return ERR_NONE;
}

static enum err refuse(struct rule_set *s, enum err code, const struct err_text *text,
                       struct err_text *why)
{
    if (code == ERR_MEMORY)
        return err_set(why, ERR_MEMORY, "no memory is left to read rules");
    add_problem(s, true, text);
    return ERR_NONE;
}

static void add_other(struct rule_set *s, enum rule_other_kind kind, const struct format_node *v,
                      unsigned line)
{
    struct buf text;
    const char *name = format_node_file_name(v);
    if (s->others_n == OTHERS_MAX)
        return;
    buf_init(&text);
    format_node_write(v, &text);
    const struct rule_other other = {
        .kind = kind,
        .json = buf_ok(&text) ? arena_strndup(&s->arena, buf_text(&text), text.n) : NULL,
        .n = text.n,
        .file = arena_strndup(&s->arena, name, strlen(name)),
        .line = line,
    };
    if (other.json == NULL || other.file == NULL ||
        mem_grow((void **)&s->others, &s->others_cap, s->others_n + 1, sizeof(*s->others)) != 0)
        s->failed = true;
    else
        s->others[s->others_n++] = other;
    buf_release(&text);
}

/*
 * What an export holds besides rules: exception lists and their items, connectors, and the summary
 * that closes it. True when the line is such a thing; then it was seen to.
 */
static bool is_no_rule(struct rule_set *s, const struct format_node *v, size_t rules, unsigned line)
{
    struct err_text text = {0};
    if (format_node_get(v, "rule_id") != NULL)
        return false;
    if (format_node_get(v, "exported_count") != NULL ||
        format_node_get(v, "exported_rules_count") != NULL) {
        int64_t told = format_node_int(format_node_get(v, "exported_rules_count"), -1);
        if (told >= 0 && (uint64_t)told != rules) {
            (void)format_node_err(v, &text, ERR_INVALID,
                                  "the summary tells of %lld rules, %zu lines before it hold rules",
                                  (long long)told, rules);
            move_to_line(&text, line);
            add_problem(s, false, &text);
        }
        return true;
    }
    if (format_node_get(v, "severity") != NULL || format_node_get(v, "risk_score") != NULL)
        return false;
    if (format_node_get(v, "list_id") != NULL) {
        add_other(s, RULE_OTHER_EXCEPTION, v, line);
        return true;
    }
    if (format_node_get(v, "attributes") == NULL)
        return false;
    if (strcmp(format_node_str(format_node_get(v, "type"), ""), "action") == 0) {
        add_other(s, RULE_OTHER_CONNECTOR, v, line);
        return true;
    }
    (void)format_node_err(
        v, &text, ERR_UNSUPPORTED,
        "saved objects other than connectors are not read; this line is left out");
    move_to_line(&text, line);
    add_problem(s, false, &text);
    return true;
}

static enum err load_lines(struct rule_set *s, const char *text, size_t n, const char *name,
                           struct err_text *why)
{
    size_t rules = 0;
    unsigned line = 0;
    const char *end = text + n;
    enum err code = ERR_NONE;
    for (const char *p = text; p < end && code == ERR_NONE;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t len = stop != NULL ? (size_t)(stop - p) : (size_t)(end - p);
        const char *from = p;
        p += len + 1;
        line++;
        while (len > 0 && (from[len - 1] == '\r' || from[len - 1] == ' '))
            len--;
        if (len == 0)
            continue;
        struct format_node *root = NULL;
        struct err_text mistake = {0};
        enum err got = format_node_json(from, len, name, &root, &mistake);
        if (got != ERR_NONE) {
            move_to_line(&mistake, line);
            code = refuse(s, got, &mistake, why);
        } else if (format_node_type(root) == FORMAT_OBJECT && is_no_rule(s, root, rules, line)) {
            format_node_free(root);
        } else {
            rules++;
            code = take_document(s, root, RULE_FORM_API, line, why);
        }
        if (stop == NULL)
            break;
    }
    return code;
}

/* A file of the public repository that holds exceptions: lists with their items. */
static void take_exceptions(struct rule_set *s, const struct format_node *root)
{
    const struct format_node *exceptions = format_node_get(root, "exceptions");
    for (size_t i = 0; i < format_node_count(exceptions); i++) {
        const struct format_node *at = format_node_at(exceptions, i);
        const struct format_node *container = format_node_get(at, "container");
        const struct format_node *items = format_node_get(at, "items");
        if (container == NULL && items == NULL) {
            struct err_text text = {0};
            (void)format_node_err(at, &text, ERR_INVALID,
                                  "each of the exceptions must have a container or items");
            add_problem(s, true, &text);
        }
        if (format_node_type(container) == FORMAT_OBJECT)
            add_other(s, RULE_OTHER_EXCEPTION, container, format_node_line(container));
        for (size_t k = 0; k < format_node_count(items); k++) {
            const struct format_node *item = format_node_at(items, k);
            add_other(s, RULE_OTHER_EXCEPTION, item, format_node_line(item));
        }
    }
}

/* An array's members become documents of their own; lines are those of the array. */
static enum err load_array(struct rule_set *s, const struct format_node *array, const char *name,
                           struct err_text *why)
{
    enum err code = ERR_NONE;
    for (size_t i = 0; i < format_node_count(array) && code == ERR_NONE; i++) {
        const struct format_node *at = format_node_at(array, i);
        struct buf text;
        struct format_node *root = NULL;
        buf_init(&text);
        format_node_write(at, &text);
        if (!buf_ok(&text))
            code = err_set(why, ERR_MEMORY, "no memory is left to read rules");
        else
            code = format_node_json(buf_text(&text), text.n, name, &root, why);
        if (code == ERR_NONE)
            code = take_document(s, root, RULE_FORM_API, format_node_line(at), why);
        buf_release(&text);
    }
    return code;
}

static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name);
    size_t end = strlen(ending);
    return n > end && strcmp(name + n - end, ending) == 0;
}

enum err rule_load_text(struct rule_set *s, const char *text, size_t n, const char *name,
                        struct err_text *why)
{
    enum err code;
    if (ends_in(name, ".ndjson")) {
        code = load_lines(s, text, n, name, why);
    } else {
        bool toml = ends_in(name, ".toml");
        struct format_node *root = NULL;
        struct err_text mistake = {0};
        code = toml ? format_node_toml(text, n, name, &root, &mistake)
                    : format_node_json(text, n, name, &root, &mistake);
        if (code != ERR_NONE) {
            code = refuse(s, code, &mistake, why);
        } else if (!toml && format_node_type(root) == FORMAT_ARRAY) {
            code = load_array(s, root, name, why);
            format_node_free(root);
        } else if (toml && format_node_get(root, "exceptions") != NULL) {
            take_exceptions(s, root);
            format_node_free(root);
        } else {
            code = take_document(s, root, toml ? RULE_FORM_FILE : RULE_FORM_API, 0, why);
        }
    }
    if (code == ERR_NONE && s->failed)
        return err_set(why, ERR_MEMORY, "no memory is left to keep what is wrong with the rules");
    return code;
}

static enum err load_file(struct rule_set *s, const char *path, struct err_text *why)
{
    struct buf text;
    buf_init(&text);
    enum err code = file_read(path, FILE_MAX_BYTES, &text, why);
    if (code == ERR_NONE)
        code = rule_load_text(s, buf_text(&text), text.n, path, why);
    buf_release(&text);
    return code;
}

/* JSON files in a folder can be anything, jobs and manifests for instance: those are named. */
static bool is_rule_file(const char *name)
{
    return ends_in(name, ".toml") || ends_in(name, ".ndjson");
}

static enum err load_folder(struct rule_set *s, const char *path, unsigned depth, size_t *files,
                            struct err_text *why);

static enum err load_entry(struct rule_set *s, const char *path, unsigned depth, size_t *files,
                           struct err_text *why)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return err_set_at(why, err_from_errno(errno), path, 0, "this file cannot be read: %s",
                          strerror(errno));
    if (S_ISDIR(st.st_mode))
        return load_folder(s, path, depth + 1, files, why);
    if (!S_ISREG(st.st_mode) || !is_rule_file(path))
        return ERR_NONE;
    (*files)++;
    return load_file(s, path, why);
}

static enum err load_folder(struct rule_set *s, const char *path, unsigned depth, size_t *files,
                            struct err_text *why)
{
    if (depth > FOLDER_DEPTH)
        return err_set_at(why, ERR_LIMIT, path, 0, "folders of rules may be nested %d deep",
                          FOLDER_DEPTH);
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    if (n < 0)
        return err_set_at(why, err_from_errno(errno), path, 0, "this folder cannot be read: %s",
                          strerror(errno));
    enum err code = ERR_NONE;
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        if (code == ERR_NONE && name[0] != '.') {
            struct buf full;
            buf_init(&full);
            buf_format(&full, "%s/%s", path, name);
            code = buf_ok(&full) ? load_entry(s, buf_text(&full), depth, files, why)
                                 : err_set(why, ERR_MEMORY, "no memory is left to read rules");
            buf_release(&full);
        }
        free(entries[i]);
    }
    free(entries);
    return code;
}

enum err rule_load_path(struct rule_set *s, const char *path, struct err_text *why)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return err_set_at(why, err_from_errno(errno), path, 0, "this file cannot be read: %s",
                          strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return load_file(s, path, why);
    size_t files = 0;
    enum err code = load_folder(s, path, 0, &files, why);
    if (code == ERR_NONE && files == 0)
        return err_set_at(why, ERR_NOT_FOUND, path, 0,
                          "no rule file is in this folder; .toml or .ndjson is expected");
    return code;
}
