/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* qsort_r */
#include "ml/page.h"

#include "base/mem.h"
#include "format/node.h"
#include "http/request.h"

#include <stdlib.h>
#include <string.h>

static enum err read_member(struct api_call *c, const struct format_node *page, const char *key,
                            int64_t *out, struct err_text *why)
{
    const struct format_node *v = format_node_get(page, key);
    if (format_node_type(v) == FORMAT_NULL)
        return ERR_NONE;
    if (format_node_type(v) != FORMAT_INT)
        return api_call_fail(c, 400, "x_content_parse_exception", why,
                             "[%u:%u] [page] failed to parse field [%s]", format_node_line(v),
                             format_node_column(v), key);
    *out = format_node_int(v, 0);
    return ERR_NONE;
}

enum err ml_page_read(struct api_call *c, uint64_t size, struct ml_page *out, struct err_text *why)
{
    int64_t from = 0, many = (int64_t)size;
    enum err err = api_call_int(c, "from", 0, INT64_MIN, INT64_MAX, &from, why);
    if (err == ERR_NONE)
        err = api_call_int(c, "size", many, INT64_MIN, INT64_MAX, &many, why);
    const struct format_node *page =
        format_node_type(c->body) == FORMAT_OBJECT ? format_node_get(c->body, "page") : NULL;
    if (err == ERR_NONE && page != NULL)
        err = read_member(c, page, "from", &from, why);
    if (err == ERR_NONE && page != NULL)
        err = read_member(c, page, "size", &many, why);
    if (err == ERR_NONE && page != NULL)
        err = api_call_unknown(c, page, why);
    if (err != ERR_NONE)
        return err;
    if (many == (int64_t)size && from > 0 && from <= ML_PAGE_MOST && from + many > ML_PAGE_MOST)
        many = ML_PAGE_MOST - from; /* as far as a list may be shown */
    if (from < 0 || many < 0)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "Parameter [%s] cannot be < 0", from < 0 ? "from" : "size");
    if (from > ML_PAGE_MOST || many > ML_PAGE_MOST || from + many > ML_PAGE_MOST)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "The sum of parameters [from] and [size] cannot be higher than "
                             "%d. Please use filters to reduce the number of results",
                             ML_PAGE_MOST);
    *out = (struct ml_page){(uint64_t)from, (uint64_t)many};
    return ERR_NONE;
}

enum err ml_page_time(struct api_call *c, const char *name, ts_ns otherwise, ts_ns *out,
                      struct err_text *why)
{
    const char *text = http_request_param(c->request, name);
    struct format_node *body = NULL;
    bool is_json = c->row->body_max > 0 && c->row->body_max <= API_ROW_LARGE;
    enum err err = is_json ? api_call_body(c, false, &body, why) : ERR_NONE;
    if (err != ERR_NONE)
        return err;
    const struct format_node *v =
        format_node_type(body) == FORMAT_OBJECT ? format_node_get(body, name) : NULL;
    if (format_node_type(v) != FORMAT_NULL)
        text = format_node_str(v, format_node_int(v, 0) == -1 ? "-1" : NULL);
    if (text != NULL && (strcmp(text, "-1") == 0 || text[0] == '\0')) {
        *out = otherwise;
        return ERR_NONE;
    }
    return api_call_time(c, name, otherwise, out, why);
}

void ml_page_cut(const struct ml_page *page, size_t n, size_t *out_first, size_t *out_n)
{
    size_t first = page->from < n ? (size_t)page->from : n;
    *out_first = first;
    *out_n = page->size < n - first ? (size_t)page->size : n - first;
}

bool ml_page_add(struct ml_docs *docs, const char *json, size_t n, ts_ns time)
{
    const char *copy = arena_strndup(docs->arena, json, n);
    if (copy == NULL ||
        mem_grow((void **)&docs->list, &docs->cap, docs->n + 1, sizeof(*docs->list)) != 0) {
        docs->failed = true;
        return false;
    }
    docs->list[docs->n++] = (struct ml_doc){.json = copy, .n = n, .time = time};
    return true;
}

void ml_page_release(struct ml_docs *docs)
{
    mem_free(docs->list);
    docs->list = NULL;
    docs->n = docs->cap = 0;
}

/* The member under a dotted name. */
static const struct format_node *reach(const struct format_node *v, const char *name)
{
    const struct format_node *whole = format_node_get(v, name);
    char part[256];
    while (whole == NULL && *name != '\0') {
        size_t n = strcspn(name, ".");
        if (n >= sizeof(part))
            return NULL;
        memcpy(part, name, n);
        part[n] = '\0';
        v = format_node_get(v, part);
        name += n + (name[n] == '.');
        if (*name == '\0')
            whole = v;
        if (v == NULL)
            return NULL;
    }
    return whole;
}

static int compare(const void *left, const void *right, void *ctx)
{
    const struct ml_doc *a = left, *b = right;
    int sign = *(const bool *)ctx ? -1 : 1;
    int order;
    if (a->there != b->there)
        return a->there ? -1 : 1;
    if ((a->text != NULL) != (b->text != NULL))
        order = a->text != NULL ? 1 : -1;
    else if (a->text != NULL)
        order = strcmp(a->text, b->text);
    else
        order = (a->number > b->number) - (a->number < b->number);
    if (order != 0)
        return sign * order;
    if (a->time != b->time)
        return sign * (a->time < b->time ? -1 : 1);
    return strcmp(a->json, b->json);
}

enum err ml_page_sort(struct ml_docs *docs, const char *field, bool desc, struct err_text *why)
{
    for (size_t i = 0; i < docs->n; i++) {
        struct ml_doc *d = &docs->list[i];
        struct format_node *root = NULL;
        enum err err = format_node_json(d->json, d->n, "result", &root, why);
        if (err != ERR_NONE)
            return err;
        const struct format_node *v = reach(root, field);
        if (format_node_type(v) == FORMAT_ARRAY)
            v = format_node_at(v, 0);
        const char *text = format_node_str(v, NULL);
        d->there = format_node_type(v) != FORMAT_NULL && format_node_type(v) != FORMAT_OBJECT;
        d->number =
            format_node_type(v) == FORMAT_BOOL ? format_node_bool(v, false) : format_node_num(v, 0);
        d->text = text != NULL ? arena_strndup(docs->arena, text, strlen(text)) : NULL;
        format_node_free(root);
        if (text != NULL && d->text == NULL)
            return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    if (docs->n > 1)
        qsort_r(docs->list, docs->n, sizeof(*docs->list), compare, &desc);
    return ERR_NONE;
}

void ml_page_write(const struct ml_docs *docs, const struct ml_page *page, const char *key,
                   struct format_writer *w)
{
    size_t first, n;
    ml_page_cut(page, docs->n, &first, &n);
    format_write_key(w, key);
    format_write_begin_array(w);
    for (size_t i = first; i < first + n; i++)
        format_write_raw(w, docs->list[i].json, docs->list[i].n);
    format_write_end_array(w);
}
