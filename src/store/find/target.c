/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "find/target.h"

#include "base/buf.h"
#include "base/mem.h"
#include "format/write.h"
#include "query/index.h"
#include "query/query.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

#define ALIAS_SIZE 512

/* One name or pattern of the list. */
struct part {
    const char *s;
    size_t n;
    bool minus;
};

static bool next_part(const char **at, struct part *out)
{
    while (**at == ',' || **at == ' ')
        ++*at;
    if (**at == '\0')
        return false;
    size_t n = strcspn(*at, ",");
    *out = (struct part){.s = *at, .n = n};
    *at += n;
    while (out->n > 0 && out->s[out->n - 1] == ' ')
        out->n--;
    out->minus = out->n > 1 && *out->s == '-';
    out->s += out->minus;
    out->n -= out->minus;
    return true;
}

static bool is(const struct part *p, const char *word)
{
    return strlen(word) == p->n && memcmp(p->s, word, p->n) == 0;
}

static bool is_all(const struct part *p)
{
    return is(p, "*") || is(p, "_all");
}

struct looking {
    const struct part *part;
    bool found;
};

/* "-dataset-" stands in the name of every index of a dataset. */
static void look_at(void *ctx, const char *dataset, uint64_t rows, uint64_t bytes)
{
    struct looking *l = ctx;
    char middle[320];
    (void)rows;
    (void)bytes;
    int n = snprintf(middle, sizeof(middle), "-%s-", dataset);
    l->found = l->found || strcmp(dataset, "other") == 0 ||
               (n > 0 && (size_t)n < sizeof(middle) &&
                memmem(l->part->s, l->part->n, middle, (size_t)n) != NULL);
}

static bool stop(void *ctx, struct event *e)
{
    (void)e;
    *(bool *)ctx = true;
    return false;
}

/* Whether some event bears the name, which a sender may have given it. */
static enum err find_named(const struct part *p, struct store *store, bool *out,
                           struct find_error *error)
{
    struct err_text why;
    struct query *q;
    char *name = mem_strndup(p->s, p->n);
    if (name == NULL)
        return find_error_memory(error);
    enum err rc = query_new_terms("_index", (const char *const[]){name}, 1, &q, &why);
    mem_free(name);
    if (rc == ERR_NONE) {
        const struct store_search what = {.query = q,
                                          .from = TIME_NONE,
                                          .to = TIME_MAX,
                                          .order = STORE_NEWEST_FIRST,
                                          .limit = 1,
                                          .fields = (const char *const[]){"weir.index"},
                                          .fields_n = 1};
        rc = store_search(store, &what, stop, out, &why);
        query_free(q);
    }
    if (rc != ERR_NONE && error != NULL)
        error->text = why;
    return rc == ERR_NONE ? rc : find_error_of(error, rc);
}

static enum err check_part(const struct part *p, struct store *store, struct find_error *error)
{
    struct looking l = {.part = p};
    if (memchr(p->s, '*', p->n) != NULL || is_all(p) || p->minus || memchr(p->s, ':', p->n) != NULL)
        return ERR_NONE;
    if (*p->s == '.') {
        size_t alias = strlen(FIND_RESULTS_ALIAS);
        bool known = is(p, FIND_ALERTS_INDEX) || is(p, FIND_ALERTS_ALIAS) ||
                     is(p, FIND_MESSAGES_INDEX) ||
                     (p->n > alias && memcmp(p->s, FIND_RESULTS_ALIAS, alias) == 0);
        return known ? ERR_NONE : find_error_index(error, p->s, p->n);
    }
    enum err rc = store_datasets(store, look_at, &l);
    if (rc != ERR_NONE)
        return find_error_of(error, err_set(error != NULL ? &error->text : NULL, rc,
                                            "cannot list the datasets: %s", err_name(rc)));
    if (!l.found) {
        rc = find_named(p, store, &l.found, error);
        if (rc != ERR_NONE)
            return rc;
    }
    return l.found ? ERR_NONE : find_error_index(error, p->s, p->n);
}

/* _index of these events, as a query. */
static void write_names(const char *pattern, bool minus, struct buf *json)
{
    struct format_writer w;
    struct part p;
    bool any = false;
    format_write_init(&w, json);
    for (const char *at = pattern; next_part(&at, &p);) {
        if (p.minus != minus || p.n == 0 || *p.s == '.' || memchr(p.s, ':', p.n) != NULL)
            continue;
        buf_str(json, any ? ",{\"wildcard\":{\"_index\":" : "{\"wildcard\":{\"_index\":");
        format_write_str_n(&w, p.s, p.n);
        buf_str(json, "}}");
        w.comma = false;
        any = true;
    }
}

static enum err events_query(const char *pattern, bool only_minus, struct find_target *out,
                             struct find_error *error)
{
    struct buf json;
    struct err_text *why = error != NULL ? &error->text : NULL;
    buf_init(&json);
    buf_str(&json, "{\"bool\":{");
    if (!only_minus) {
        buf_str(&json, "\"should\":[");
        write_names(pattern, false, &json);
        buf_str(&json, "],\"minimum_should_match\":1,");
    }
    buf_str(&json, "\"must_not\":[");
    write_names(pattern, true, &json);
    buf_str(&json, "]}}");
    enum err rc = buf_ok(&json)
                      ? query_parse_json(buf_text(&json), json.n, "index", 0, &out->query, why)
                      : ERR_MEMORY;
    buf_release(&json);
    return rc == ERR_NONE ? rc : find_error_of(error, rc);
}

enum err find_target_parse(const char *pattern, struct store *store, bool lenient,
                           struct find_target *out, struct find_error *error)
{
    struct part p;
    bool all = false;
    bool named = false;
    bool minus = false;
    bool dots = false;
    size_t n = 0;
    memset(out, 0, sizeof(*out));
    if (pattern == NULL)
        pattern = "";
    for (const char *at = pattern; next_part(&at, &p); n++) {
        enum err rc = lenient || store == NULL ? ERR_NONE : check_part(&p, store, error);
        if (rc != ERR_NONE)
            return rc;
        dots = dots || (!p.minus && *p.s == '.');
        all = all || (!p.minus && is_all(&p));
        named = named || (!p.minus && *p.s != '.' && memchr(p.s, ':', p.n) == NULL);
        minus = minus || (p.minus && *p.s != '.');
    }
    /* A list that only takes away takes away from all. */
    if (n > 0 && !named && !dots && minus)
        all = true;
    out->events = n == 0 || all || named;
    struct err_text *why = error != NULL ? &error->text : NULL;
    enum err rc = query_index_new(&pattern, 1, &out->names, why);
    if (rc != ERR_NONE)
        return find_error_of(error, rc);
    out->alerts =
        dots && (query_index_match_name(out->names, FIND_ALERTS_INDEX, strlen(FIND_ALERTS_INDEX)) ||
                 query_index_match_name(out->names, FIND_ALERTS_ALIAS, strlen(FIND_ALERTS_ALIAS)));
    out->results = dots && strstr(pattern, ".ml-anomalies") != NULL;
    if (dots && !out->results)
        out->results =
            query_index_match_name(out->names, FIND_RESULTS_INDEX, strlen(FIND_RESULTS_INDEX));
    out->messages = dots && query_index_match_name(out->names, FIND_MESSAGES_INDEX,
                                                   strlen(FIND_MESSAGES_INDEX));
    if (out->events && (minus || (named && !all)))
        rc = events_query(pattern, all || !named, out, error);
    if (rc != ERR_NONE)
        find_target_release(out);
    return rc;
}

void find_target_release(struct find_target *t)
{
    query_free(t->query);
    query_index_free(t->names);
    memset(t, 0, sizeof(*t));
}

bool find_target_kept(const struct find_target *t)
{
    return t->alerts || t->results || t->messages;
}

bool find_target_job(const struct find_target *t, const char *job_id)
{
    char alias[ALIAS_SIZE];
    int n = snprintf(alias, sizeof(alias), FIND_RESULTS_ALIAS "%s", job_id);
    return query_index_match_name(t->names, FIND_RESULTS_INDEX, strlen(FIND_RESULTS_INDEX)) ||
           (n > 0 && (size_t)n < sizeof(alias) &&
            query_index_match_name(t->names, alias, (size_t)n));
}
