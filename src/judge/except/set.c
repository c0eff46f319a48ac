/* SPDX-License-Identifier: Apache-2.0 */
#include "except/set.h"

#include "base/buf.h"
#include "base/mem.h"
#include "except/item.h"
#include "format/node.h"

#include <stdio.h>
#include <string.h>

/* More is not read by anybody; the count goes on. */
#define PROBLEMS_MAX 10000

struct except_set {
    struct except_list **lists;
    size_t lists_n, lists_cap;
    struct except_item **items;
    size_t items_n, items_cap;
    struct except_problem *problems;
    size_t problems_n, problems_cap;
    size_t refused;
    bool failed; /* memory was short for a problem */
};

struct except_set *except_set_new(void)
{
    return mem_zero(1, sizeof(struct except_set));
}

void except_set_free(struct except_set *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->lists_n; i++)
        except_list_free(s->lists[i]);
    for (size_t i = 0; i < s->items_n; i++)
        except_item_free(s->items[i]);
    mem_free(s->lists);
    mem_free(s->items);
    mem_free(s->problems);
    mem_free(s);
}

size_t except_set_lists(const struct except_set *s)
{
    return s->lists_n;
}

const struct except_list *except_set_list(const struct except_set *s, size_t i)
{
    return s->lists[i];
}

size_t except_set_items(const struct except_set *s)
{
    return s->items_n;
}

const struct except_item *except_set_item(const struct except_set *s, size_t i)
{
    return s->items[i];
}

size_t except_set_problems(const struct except_set *s)
{
    return s->problems_n;
}

const struct except_problem *except_set_problem(const struct except_set *s, size_t i)
{
    return &s->problems[i];
}

size_t except_set_refused(const struct except_set *s)
{
    return s->refused;
}

/* line: of the object in its file; 0: the text has a line of its own. */
static void add_problem(struct except_set *s, bool fatal, const struct err_text *text,
                        unsigned line)
{
    s->refused += fatal;
    if (s->problems_n == PROBLEMS_MAX)
        return;
    if (mem_grow((void **)&s->problems, &s->problems_cap, s->problems_n + 1,
                 sizeof(*s->problems)) != 0) {
        s->failed = true;
        return;
    }
    struct except_problem *p = &s->problems[s->problems_n++];
    *p = (struct except_problem){fatal, *text};
    if (line != 0)
        p->text.line = line;
}

struct place {
    struct except_set *set;
    unsigned line;
};

static void on_warning(void *ctx, const struct err_text *why)
{
    const struct place *p = ctx;
    add_problem(p->set, false, why, p->line);
}

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "no memory is left to read exceptions");
}

/* Takes root in any case. What is wrong with it is a problem of the set. */
static enum err take(struct except_set *s, struct format_node *root, enum except_what what,
                     unsigned line, struct err_text *why)
{
    struct place place = {s, line};
    struct err_text text = {0};
    enum err code = ERR_MEMORY;
    if (s->lists_n + s->items_n == EXCEPT_SET_MAX) {
        format_node_free(root);
        return err_set(why, ERR_LIMIT, "at most %d exceptions are read at once", EXCEPT_SET_MAX);
    }
    if (mem_grow((void **)&s->lists, &s->lists_cap, s->lists_n + 1, sizeof(*s->lists)) == 0 &&
        mem_grow((void **)&s->items, &s->items_cap, s->items_n + 1, sizeof(*s->items)) == 0)
        code = what == EXCEPT_LIST
                   ? except_list_new_take(root, on_warning, &place, &s->lists[s->lists_n], &text)
                   : except_item_new_take(root, on_warning, &place, &s->items[s->items_n], &text);
    if (code == ERR_NONE) {
        s->lists_n += what == EXCEPT_LIST;
        s->items_n += what == EXCEPT_ITEM;
        return ERR_NONE;
    }
    format_node_free(root);
    if (code == ERR_MEMORY)
        return no_memory(why);
    add_problem(s, true, &text, line);
    return ERR_NONE;
}

/* A mistake in the text itself. */
static enum err refuse(struct except_set *s, enum err code, const struct err_text *text,
                       unsigned line, struct err_text *why)
{
    if (code == ERR_MEMORY)
        return no_memory(why);
    add_problem(s, true, text, line);
    return ERR_NONE;
}

enum err except_set_add(struct except_set *s, const char *json, size_t n, const char *file,
                        unsigned line, struct err_text *why)
{
    struct format_node *root = NULL;
    struct err_text mistake = {0};
    enum err code = format_node_json(json, n, file, &root, &mistake);
    if (code != ERR_NONE)
        return refuse(s, code, &mistake, line, why);
    enum except_what what = except_what(root);
    if (what != EXCEPT_NEITHER)
        return take(s, root, what, line, why);
    format_node_free(root);
    return ERR_NONE;
}

static enum err load_lines(struct except_set *s, const char *text, size_t n, const char *name,
                           struct err_text *why)
{
    unsigned line = 0;
    const char *end = text + n;
    enum err code = ERR_NONE;
    for (const char *p = text; p < end && code == ERR_NONE;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t len = stop != NULL ? (size_t)(stop - p) : (size_t)(end - p);
        const char *from = p;
        p += len + (stop != NULL);
        line++;
        while (len > 0 && (from[len - 1] == '\r' || from[len - 1] == ' '))
            len--;
        if (len == 0)
            continue;
        code = except_set_add(s, from, len, name, line, why);
    }
    return code;
}

/* A member of a larger document becomes one of its own. */
static enum err take_copy(struct except_set *s, const struct format_node *v, enum except_what what,
                          const char *name, struct err_text *why)
{
    struct buf text;
    struct format_node *root = NULL;
    buf_init(&text);
    format_node_write(v, &text);
    enum err code = buf_ok(&text) ? format_node_json(buf_text(&text), text.n, name, &root, why)
                                  : no_memory(why);
    if (code == ERR_NONE)
        code = take(s, root, what, format_node_line(v), why);
    buf_release(&text);
    return code;
}

static enum err load_array(struct except_set *s, const struct format_node *array, const char *name,
                           struct err_text *why)
{
    enum err code = ERR_NONE;
    for (size_t i = 0; i < format_node_count(array) && code == ERR_NONE; i++) {
        const struct format_node *at = format_node_at(array, i);
        enum except_what what = except_what(at);
        if (what != EXCEPT_NEITHER)
            code = take_copy(s, at, what, name, why);
    }
    return code;
}

static enum err load_file_form(struct except_set *s, const struct format_node *root,
                               const char *name, struct err_text *why)
{
    const struct format_node *exceptions = format_node_get(root, "exceptions");
    enum err code = ERR_NONE;
    for (size_t i = 0; i < format_node_count(exceptions) && code == ERR_NONE; i++) {
        const struct format_node *at = format_node_at(exceptions, i);
        const struct format_node *container = format_node_get(at, "container");
        const struct format_node *items = format_node_get(at, "items");
        if (format_node_type(container) == FORMAT_OBJECT)
            code = take_copy(s, container, EXCEPT_LIST, name, why);
        for (size_t k = 0; k < format_node_count(items) && code == ERR_NONE; k++)
            code = take_copy(s, format_node_at(items, k), EXCEPT_ITEM, name, why);
    }
    return code;
}

static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name);
    size_t end = strlen(ending);
    return n > end && strcmp(name + n - end, ending) == 0;
}

static enum err load_document(struct except_set *s, const char *text, size_t n, const char *name,
                              struct err_text *why)
{
    bool toml = ends_in(name, ".toml");
    struct format_node *root = NULL;
    struct err_text mistake = {0};
    enum err code = toml ? format_node_toml(text, n, name, &root, &mistake)
                         : format_node_json(text, n, name, &root, &mistake);
    if (code != ERR_NONE)
        return refuse(s, code, &mistake, 0, why);
    if (toml) {
        code = load_file_form(s, root, name, why);
    } else if (format_node_type(root) == FORMAT_ARRAY) {
        code = load_array(s, root, name, why);
    } else {
        enum except_what what = except_what(root);
        if (what != EXCEPT_NEITHER)
            return take(s, root, what, 0, why);
    }
    format_node_free(root);
    return code;
}

enum err except_set_load(struct except_set *s, const char *text, size_t n, const char *name,
                         struct err_text *why)
{
    enum err code = ends_in(name, ".ndjson") ? load_lines(s, text, n, name, why)
                                             : load_document(s, text, n, name, why);
    if (code == ERR_NONE && s->failed)
        return no_memory(why);
    return code;
}
