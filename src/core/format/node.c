/* SPDX-License-Identifier: Apache-2.0 */
#include "format/node.h"

#include "base/buf.h"
#include "base/mem.h"
#include "format/node_priv.h"
#include "format/write.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Up to here a key is found by walking; above, by halving. */
#define WALK_MAX 12

struct format_tree *format_tree_new(const char *file)
{
    struct format_tree *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    arena_init(&t->arena, 0);
    t->file = arena_strndup(&t->arena, file != NULL ? file : "", file != NULL ? strlen(file) : 0);
    if (t->file == NULL) {
        format_tree_free(t);
        return NULL;
    }
    return t;
}

void format_tree_free(struct format_tree *t)
{
    if (t == NULL)
        return;
    arena_release(&t->arena);
    mem_free(t);
}

static bool is_box(const struct format_node *v)
{
    return v != NULL && (v->type == FORMAT_OBJECT || v->type == FORMAT_ARRAY);
}

enum err format_tree_add(struct format_tree *t, struct format_node *parent, enum format_type type,
                         const char *key, size_t key_len, struct format_node **out)
{
    if (t->values == FORMAT_NODE_MAX_VALUES)
        return ERR_LIMIT;
    struct format_node *v = arena_zero(&t->arena, sizeof(*v));
    if (v == NULL)
        return ERR_MEMORY;
    v->type = (uint8_t)type;
    v->tree = t;
    v->self = v;
    if (key != NULL) {
        v->key = arena_strndup(&t->arena, key, key_len);
        v->key_len = key_len;
        if (v->key == NULL)
            return ERR_MEMORY;
    }
    if (type == FORMAT_STRING)
        v->as.str.p = "";
    t->values++;
    if (parent == NULL) {
        t->root = v;
    } else {
        if (parent->as.box.last != NULL)
            parent->as.box.last->next = v;
        else
            parent->as.box.first = v;
        parent->as.box.last = v;
        parent->as.box.count++;
    }
    *out = v;
    return ERR_NONE;
}

enum err format_tree_set_str(struct format_node *v, const char *s, size_t n)
{
    v->as.str.p = arena_strndup(&v->tree->arena, s, n);
    v->as.str.n = n;
    return v->as.str.p != NULL ? ERR_NONE : ERR_MEMORY;
}

struct format_node *format_tree_root(const struct format_tree *t)
{
    return t->root;
}

static int compare_text(const char *a, size_t a_n, const char *b, size_t b_n)
{
    int c = memcmp(a, b, a_n < b_n ? a_n : b_n);
    if (c != 0)
        return c;
    return a_n < b_n ? -1 : a_n > b_n;
}

static int compare_keys(const void *a, const void *b)
{
    const struct format_node *x = *(struct format_node *const *)a;
    const struct format_node *y = *(struct format_node *const *)b;
    int c = compare_text(x->key, x->key_len, y->key, y->key_len);
    if (c != 0)
        return c;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

static enum err twice(const struct format_node *v, struct err_text *why)
{
    return format_node_err(v, why, ERR_FORMAT,
                           "the key \"%.100s\" is given twice in one object; give it once", v->key);
}

enum err format_tree_close(struct format_node *box, struct err_text *why)
{
    size_t n = box->as.box.count;
    if (n == 0)
        return ERR_NONE;
    struct arena *arena = &box->tree->arena;
    struct format_node **at = arena_alloc(arena, n * sizeof(struct format_node *));
    if (at == NULL)
        return ERR_MEMORY;
    size_t i = 0;
    for (struct format_node *v = box->as.box.first; v != NULL; v = v->next)
        at[i++] = v;
    box->as.box.at = at;
    if (box->type != FORMAT_OBJECT)
        return ERR_NONE;
    if (n <= WALK_MAX) {
        for (size_t a = 1; a < n; a++) {
            for (size_t b = 0; b < a; b++) {
                if (at[a]->key_len == at[b]->key_len &&
                    memcmp(at[a]->key, at[b]->key, at[a]->key_len) == 0)
                    return twice(at[a], why);
            }
        }
        return ERR_NONE;
    }
    struct format_node **sorted = arena_copy(arena, at, n * sizeof(struct format_node *));
    if (sorted == NULL)
        return ERR_MEMORY;
    qsort(sorted, n, sizeof(struct format_node *), compare_keys);
    for (size_t a = 1; a < n; a++) {
        if (sorted[a]->key_len == sorted[a - 1]->key_len &&
            memcmp(sorted[a]->key, sorted[a - 1]->key, sorted[a]->key_len) == 0)
            return twice(sorted[a], why);
    }
    box->as.box.by_key = sorted;
    return ERR_NONE;
}

void format_node_free(struct format_node *root)
{
    if (root != NULL)
        format_tree_free(root->tree);
}

static enum err read_file(const char *path, struct buf *text, struct err_text *why)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        int saved = errno;
        enum err code = saved == ENOENT ? ERR_NOT_FOUND : ERR_IO;
        err_set_at(why, code, path, 0, "this file cannot be opened: %s", strerror(saved));
        errno = saved;
        return code;
    }
    enum err code = ERR_NONE;
    for (;;) {
        char *room = buf_reserve(text, 65536);
        if (room == NULL) {
            code = err_set_at(why, ERR_MEMORY, path, 0, "no memory is left to read this file");
            break;
        }
        size_t got = fread(room, 1, 65536, f);
        text->n += got;
        if (got == 0)
            break;
        if (text->n > FORMAT_NODE_MAX_TEXT) {
            code = err_set_at(why, ERR_LIMIT, path, 0, "at most 64 MiB are read from such a file");
            break;
        }
    }
    if (code == ERR_NONE && ferror(f)) {
        int saved = errno;
        code = err_set_at(why, ERR_IO, path, 0, "this file cannot be read: %s", strerror(saved));
        errno = saved;
    }
    int saved = errno;
    fclose(f);
    errno = saved;
    return code;
}

enum err format_node_file(const char *path, struct format_node **out, struct err_text *why)
{
    struct buf text;
    buf_init(&text);
    enum err code = read_file(path, &text, why);
    if (code == ERR_NONE) {
        size_t n = strlen(path);
        bool toml = n > 5 && strcmp(path + n - 5, ".toml") == 0;
        code = toml ? format_node_toml(buf_text(&text), text.n, path, out, why)
                    : format_node_json(buf_text(&text), text.n, path, out, why);
    }
    int saved = errno;
    buf_release(&text);
    errno = saved;
    return code;
}

enum format_type format_node_type(const struct format_node *v)
{
    return v != NULL ? (enum format_type)v->type : FORMAT_NULL;
}

unsigned format_node_line(const struct format_node *v)
{
    return v != NULL ? v->line : 0;
}

unsigned format_node_column(const struct format_node *v)
{
    return v != NULL ? v->column : 0;
}

const char *format_node_file_name(const struct format_node *v)
{
    return v != NULL ? v->tree->file : "";
}

const char *format_node_key(const struct format_node *v)
{
    return v != NULL ? v->key : NULL;
}

size_t format_node_key_len(const struct format_node *v)
{
    return v != NULL ? v->key_len : 0;
}

size_t format_node_count(const struct format_node *v)
{
    return is_box(v) ? v->as.box.count : 0;
}

struct format_node *format_node_at(const struct format_node *v, size_t i)
{
    return i < format_node_count(v) ? v->as.box.at[i] : NULL;
}

static struct format_node *find_sorted(const struct format_node *v, const char *key, size_t n)
{
    size_t low = 0;
    size_t high = v->as.box.count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        struct format_node *m = v->as.box.by_key[mid];
        int c = compare_text(m->key, m->key_len, key, n);
        if (c == 0)
            return m;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

struct format_node *format_node_get(const struct format_node *v, const char *key)
{
    if (v == NULL || v->type != FORMAT_OBJECT)
        return NULL;
    size_t n = strlen(key);
    struct format_node *found = NULL;
    if (v->as.box.by_key != NULL) {
        found = find_sorted(v, key, n);
    } else {
        for (size_t i = 0; i < v->as.box.count && found == NULL; i++) {
            struct format_node *m = v->as.box.at[i];
            if (m->key_len == n && memcmp(m->key, key, n) == 0)
                found = m;
        }
    }
    if (found != NULL)
        found->known = true;
    return found;
}

const char *format_node_str(const struct format_node *v, const char *otherwise)
{
    return v != NULL && v->type == FORMAT_STRING ? v->as.str.p : otherwise;
}

size_t format_node_str_len(const struct format_node *v)
{
    return v != NULL && v->type == FORMAT_STRING ? v->as.str.n : 0;
}

int64_t format_node_int(const struct format_node *v, int64_t otherwise)
{
    return v != NULL && v->type == FORMAT_INT ? v->as.i : otherwise;
}

double format_node_num(const struct format_node *v, double otherwise)
{
    if (v == NULL)
        return otherwise;
    if (v->type == FORMAT_INT)
        return (double)v->as.i;
    return v->type == FORMAT_FLOAT ? v->as.f : otherwise;
}

bool format_node_bool(const struct format_node *v, bool otherwise)
{
    return v != NULL && v->type == FORMAT_BOOL ? v->as.b : otherwise;
}

const struct format_node *format_node_unknown(const struct format_node *object)
{
    if (object == NULL || object->type != FORMAT_OBJECT)
        return NULL;
    for (size_t i = 0; i < object->as.box.count; i++) {
        if (!object->as.box.at[i]->known)
            return object->as.box.at[i];
    }
    return NULL;
}

void format_node_mark(const struct format_node *v)
{
    if (v == NULL)
        return;
    v->self->known = true;
    for (size_t i = 0; i < format_node_count(v); i++)
        format_node_mark(v->as.box.at[i]);
}

enum err format_node_err(const struct format_node *v, struct err_text *why, enum err code,
                         const char *format, ...)
{
    if (why == NULL)
        return code;
    char message[sizeof(why->message)];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    err_set_at(why, code, format_node_file_name(v), format_node_line(v), "%s", message);
    why->column = format_node_column(v);
    return code;
}

void format_node_write_value(const struct format_node *v, struct format_writer *w)
{
    switch (format_node_type(v)) {
    case FORMAT_NULL:
        format_write_null(w);
        break;
    case FORMAT_BOOL:
        format_write_bool(w, v->as.b);
        break;
    case FORMAT_INT:
        format_write_i64(w, v->as.i);
        break;
    case FORMAT_FLOAT:
        format_write_f64(w, v->as.f);
        break;
    case FORMAT_STRING:
        format_write_str_n(w, v->as.str.p, v->as.str.n);
        break;
    case FORMAT_ARRAY:
        format_write_begin_array(w);
        for (size_t i = 0; i < v->as.box.count; i++)
            format_node_write_value(v->as.box.at[i], w);
        format_write_end_array(w);
        break;
    case FORMAT_OBJECT:
        format_write_begin_object(w);
        for (size_t i = 0; i < v->as.box.count; i++) {
            format_write_key_n(w, v->as.box.at[i]->key, v->as.box.at[i]->key_len);
            format_node_write_value(v->as.box.at[i], w);
        }
        format_write_end_object(w);
        break;
    }
}

void format_node_write(const struct format_node *v, struct buf *out)
{
    struct format_writer w;
    format_write_init(&w, out);
    format_node_write_value(v, &w);
}
