/* SPDX-License-Identifier: Apache-2.0 */
#include "http/route.h"

#include "base/arena.h"
#include "base/mem.h"
#include "http/server.h"
#include "http/text.h"

#include <stdint.h>
#include <string.h>

enum kind { KIND_LITERAL, KIND_NAME, KIND_ANY, KIND_REST };

/* A segment of the path of a route. */
struct segment {
    enum kind kind;
    const char *text; /* of a literal all of it, else the name */
    size_t n;
};

struct node {
    const char *text; /* the literal, not terminated; NULL for parts */
    size_t text_n;
    struct node **literals; /* in order of their text */
    size_t literals_n;
    size_t literals_cap;
    struct node *name;
    struct node *any;
    struct node *rest;
    const struct http_route **routes; /* that end here */
    size_t routes_n;
    size_t routes_cap;
};

struct http_routes {
    struct arena arena; /* nodes and their tables */
    struct node root;
};

static bool is_name(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] != '_' && !(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= '0' && s[i] <= '9'))
            return false;
    return n > 0;
}

/* The segment behind the slash at *path, which moves to the next slash or the end. */
static bool next_segment(const char **path, struct segment *out)
{
    const char *s = *path + 1;
    size_t n = strcspn(s, "/");
    *path = s + n;
    *out = (struct segment){KIND_LITERAL, s, n};
    if (n == 0 || s[0] != '{')
        return memchr(s, '{', n) == NULL && memchr(s, '}', n) == NULL;
    if (n < 3 || s[n - 1] != '}')
        return false;
    *out = (struct segment){KIND_NAME, s + 1, n - 2};
    if (out->n > 3 && memcmp(s + n - 4, "...", 3) == 0) {
        out->kind = KIND_REST;
        out->n -= 3;
        if (**path != '\0')
            return false;
    } else if (s[n - 2] == '*') {
        out->kind = KIND_ANY;
        out->n--;
    }
    return is_name(out->text, out->n);
}

/* As mem_grow(), in the arena. */
static bool grow(struct arena *arena, void **array, size_t *cap, size_t n, size_t size)
{
    if (n < *cap)
        return true;
    size_t wanted = *cap == 0 ? 4 : *cap * 2;
    char *fresh = arena_alloc(arena, wanted * size);
    if (fresh == NULL)
        return false;
    if (n > 0)
        memcpy(fresh, *array, n * size);
    *array = fresh;
    *cap = wanted;
    return true;
}

static int compare(const char *a, size_t a_n, const char *b, size_t b_n)
{
    int c = memcmp(a, b, a_n < b_n ? a_n : b_n);
    return c != 0 ? c : (a_n > b_n) - (a_n < b_n);
}

/* Where the literal stands, or would. */
static size_t place(const struct node *node, const char *text, size_t n, bool *out_there)
{
    size_t low = 0;
    size_t high = node->literals_n;
    *out_there = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = compare(node->literals[middle]->text, node->literals[middle]->text_n, text, n);
        if (c == 0) {
            *out_there = true;
            return middle;
        }
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct node *child(struct http_routes *t, struct node *node, const struct segment *s)
{
    struct node **slot = s->kind == KIND_NAME  ? &node->name
                         : s->kind == KIND_ANY ? &node->any
                                               : &node->rest;
    if (s->kind == KIND_LITERAL) {
        bool there;
        size_t at = place(node, s->text, s->n, &there);
        if (there)
            return node->literals[at];
        void *list = node->literals;
        if (!grow(&t->arena, &list, &node->literals_cap, node->literals_n, sizeof(struct node *)))
            return NULL;
        node->literals = list;
        struct node *made = arena_zero(&t->arena, sizeof(*made));
        if (made == NULL)
            return NULL;
        memmove(node->literals + at + 1, node->literals + at,
                (node->literals_n - at) * sizeof(*node->literals));
        node->literals[at] = made;
        node->literals_n++;
        made->text = s->text;
        made->text_n = s->n;
        return made;
    }
    if (*slot == NULL)
        *slot = arena_zero(&t->arena, sizeof(**slot));
    return *slot;
}

static enum err add(struct http_routes *t, const struct http_route *route, struct err_text *why)
{
    struct node *node = &t->root;
    const char *path = route->path;
    size_t parts = 0;
    if (!http_text_is_token(route->method) || path[0] != '/' || route->handle == NULL)
        return err_set(why, ERR_INVALID, "%s %s: expected a method, a path and a handler",
                       route->method, path);
    while (*path != '\0') {
        struct segment segment;
        if (!next_segment(&path, &segment))
            return err_set(why, ERR_INVALID, "%s: expected segments, {name}, {name*} or {name...}",
                           route->path);
        parts += segment.kind != KIND_LITERAL;
        node = child(t, node, &segment);
        if (node == NULL)
            return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    if (parts > HTTP_ROUTE_PARTS_MAX)
        return err_set(why, ERR_INVALID, "%s: more parts than are kept", route->path);
    for (size_t i = 0; i < node->routes_n; i++)
        if (strcmp(node->routes[i]->method, route->method) == 0)
            return err_set(why, ERR_INVALID, "%s %s is there twice", route->method, route->path);
    void *list = node->routes;
    if (!grow(&t->arena, &list, &node->routes_cap, node->routes_n, sizeof(route)))
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    node->routes = list;
    node->routes[node->routes_n++] = route;
    return ERR_NONE;
}

enum err http_route_compile(const struct http_route *routes, size_t n, struct http_routes **out,
                            struct err_text *why)
{
    struct http_routes *t = mem_zero(1, sizeof(*t));
    enum err rc = ERR_NONE;
    if (t == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    arena_init(&t->arena, 0);
    for (size_t i = 0; i < n && rc == ERR_NONE; i++)
        rc = add(t, &routes[i], why);
    if (rc != ERR_NONE) {
        http_route_free(t);
        return rc;
    }
    *out = t;
    return ERR_NONE;
}

void http_route_free(struct http_routes *t)
{
    if (t == NULL)
        return;
    arena_release(&t->arena);
    mem_free(t);
}

/* One search: what is asked for, and what was found on the way. */
struct search {
    const char *method;
    const char *const *segments;
    size_t n;
    const char *values[HTTP_ROUTE_PARTS_MAX];
    size_t values_n;
    struct http_match *match;
};

static void note_methods(struct search *s, const struct node *node)
{
    struct http_match *m = s->match;
    for (size_t i = 0; i < node->routes_n; i++) {
        bool known = m->allow_n == HTTP_ROUTE_METHODS_MAX;
        for (size_t k = 0; k < m->allow_n && !known; k++)
            known = strcmp(m->allow[k], node->routes[i]->method) == 0;
        if (!known)
            m->allow[m->allow_n++] = node->routes[i]->method;
    }
}

/* The path has come to its end here. */
static bool arrive(struct search *s, const struct node *node, size_t rest)
{
    struct http_match *m = s->match;
    note_methods(s, node);
    for (size_t i = 0; i < node->routes_n; i++)
        if (strcmp(node->routes[i]->method, s->method) == 0) {
            m->route = node->routes[i];
            memcpy(m->values, s->values, sizeof(m->values));
            m->rest = rest;
            return true;
        }
    return false;
}

static bool walk(struct search *s, const struct node *node, size_t at);

static bool through_part(struct search *s, const struct node *node, size_t at)
{
    if (node == NULL || s->values_n == HTTP_ROUTE_PARTS_MAX)
        return false;
    s->values[s->values_n++] = s->segments[at];
    bool found = walk(s, node, at + 1);
    s->values[--s->values_n] = NULL;
    return found;
}

static bool through_rest(struct search *s, const struct node *node, size_t at)
{
    if (node == NULL)
        return false;
    for (size_t i = at; i < s->n; i++)
        if (strchr(s->segments[i], '/') != NULL)
            return false;
    return arrive(s, node, at);
}

static bool walk(struct search *s, const struct node *node, size_t at)
{
    if (at == s->n)
        return arrive(s, node, SIZE_MAX);
    const char *segment = s->segments[at];
    bool there;
    size_t i = place(node, segment, strlen(segment), &there);
    if (there && walk(s, node->literals[i], at + 1))
        return true;
    if (segment[0] != '\0' && (segment[0] != '_' || strcmp(segment, "_all") == 0) &&
        through_part(s, node->name, at))
        return true;
    if (segment[0] != '\0' && through_part(s, node->any, at))
        return true;
    return through_rest(s, node->rest, at);
}

void http_route_find(const struct http_routes *t, const char *method, const char *const *segments,
                     size_t n, struct http_match *out)
{
    memset(out, 0, sizeof(*out));
    out->rest = SIZE_MAX;
    struct search s = {.method = method, .segments = segments, .n = n, .match = out};
    if (!walk(&s, &t->root, 0) && strcmp(method, "HEAD") == 0) {
        s.method = "GET";
        (void)walk(&s, &t->root, 0);
    }
}

size_t http_route_part(const struct http_route *route, const char *name)
{
    const char *path = route->path;
    size_t n = strlen(name);
    size_t i = 0;
    while (*path != '\0') {
        struct segment segment;
        if (!next_segment(&path, &segment) || segment.kind == KIND_LITERAL)
            continue;
        if (segment.n == n && memcmp(segment.text, name, n) == 0)
            return i;
        i++;
    }
    return SIZE_MAX;
}
