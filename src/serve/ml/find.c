/* SPDX-License-Identifier: Apache-2.0 */
#include "ml/find.h"

#include "api/api.h"
#include "api/media.h"
#include "base/mem.h"
#include "format/node.h"
#include "ml/ask.h"

#include <stdio.h>
#include <string.h>

enum err ml_find_broken(enum err err, struct err_text *why)
{
    return err_set(why, err, "the state cannot be used: %s", err_name(err));
}

enum err ml_find_no_job(struct api_call *c, const char *id, struct err_text *why)
{
    return api_call_fail(c, 404, "resource_not_found_exception", why, "No known job with id '%s'",
                         id);
}

enum err ml_find_no_feed(struct api_call *c, const char *id, struct err_text *why)
{
    return api_call_fail(c, 404, "resource_not_found_exception", why,
                         "No datafeed with id [%s] exists", id);
}

const char *ml_find_part(const struct api_call *c, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = c->row->path; (p = strchr(p, '{')) != NULL; p++)
        if (strncmp(p + 1, name, n) == 0 && (p[1 + n] == '}' || p[1 + n] == '*'))
            return api_call_part(c, name);
    return NULL;
}

static bool is_all(const char *p, size_t n)
{
    return n == 4 && memcmp(p, "_all", 4) == 0;
}

/* The next pattern from *at on; false: there is none. */
static bool next_pattern(const char **at, const char **out, size_t *out_n)
{
    *at += strspn(*at, ",");
    *out = *at;
    *out_n = strcspn(*at, ",");
    *at += *out_n;
    return *out_n > 0;
}

bool ml_find_fits_one(const char *pattern, size_t n, const char *name)
{
    return is_all(pattern, n) || api_media_name_fits(pattern, n, name, strlen(name));
}

bool ml_find_fits(const char *patterns, const char *name)
{
    const char *p;
    size_t n;
    if (patterns[0] == '\0')
        return true;
    while (next_pattern(&patterns, &p, &n))
        if (ml_find_fits_one(p, n, name))
            return true;
    return false;
}

bool ml_find_complete(const char *patterns, bool all, ml_find_has_fn has, void *ctx,
                      char *out_missing, size_t size)
{
    const char *p;
    size_t n;
    while (next_pattern(&patterns, &p, &n)) {
        bool may_miss = !all && (is_all(p, n) || memchr(p, '*', n) != NULL);
        if (may_miss || has(ctx, p, n))
            continue;
        snprintf(out_missing, size, "%.*s", (int)n, p);
        return false;
    }
    return true;
}

bool ml_find_is_fed(const struct store_job *row)
{
    return strcmp(row->datafeed_state, "started") == 0;
}

bool ml_find_is_open(const struct store_job *row)
{
    return strcmp(row->state, "opened") == 0 ||
           (ml_find_is_fed(row) && strcmp(row->state, "failed") != 0);
}

const char *ml_find_state(const struct store_job *row)
{
    if (strcmp(row->state, "closed") == 0 && ml_find_is_fed(row))
        return "opening";
    return row->state;
}

/* All rows, copied. */
struct gathered {
    struct arena *arena;
    struct store_job *list;
    size_t n, cap;
    bool failed;
};

static const char *copy(struct gathered *g, const char *text)
{
    const char *out = text != NULL ? arena_strndup(g->arena, text, strlen(text)) : NULL;
    g->failed |= text != NULL && out == NULL;
    return out;
}

static bool gather(void *ctx, const struct store_job *row)
{
    struct gathered *g = ctx;
    if (mem_grow((void **)&g->list, &g->cap, g->n + 1, sizeof(*g->list)) != 0) {
        g->failed = true;
        return false;
    }
    struct store_job *job = &g->list[g->n++];
    *job = *row;
    job->id = copy(g, row->id);
    job->config = copy(g, row->config);
    job->datafeed = copy(g, row->datafeed);
    job->package = copy(g, row->package);
    job->state = copy(g, row->state);
    job->datafeed_state = copy(g, row->datafeed_state);
    job->message = copy(g, row->message);
    job->counts = copy(g, row->counts);
    return !g->failed;
}

static enum err read_all(struct api_call *c, struct ml_found *out, struct err_text *why)
{
    struct gathered g = {.arena = &c->arena};
    enum err err = ml_ask_may(c, why);
    if (err != ERR_NONE)
        return err;
    err = store_state_job_list(c->ports->state, gather, &g);
    if (err == ERR_NONE && g.failed)
        err = ERR_MEMORY;
    struct store_job *list =
        err == ERR_NONE ? arena_alloc(&c->arena, (g.n + 1) * sizeof(*list)) : NULL;
    if (err == ERR_NONE && list == NULL)
        err = ERR_MEMORY;
    if (err == ERR_NONE) {
        if (g.n > 0)
            memcpy(list, g.list, g.n * sizeof(*list));
        *out = (struct ml_found){list, g.n};
    }
    mem_free(g.list);
    return err == ERR_NONE ? ERR_NONE : ml_find_broken(err, why);
}

/* Names of a row: its id and its groups, or the id of its datafeed. */
struct named {
    const char **names;
    size_t n;
};

/* Whether the JSON text can hold a name that is asked for: among thousands of documents few are
 * read. Names have no characters that JSON escapes, but may have been written so. */
static bool may_hold(const char *text, const char *patterns)
{
    return patterns[0] == '_' || strpbrk(patterns, "*,") != NULL ||
           strstr(text, patterns) != NULL || strchr(text, '\\') != NULL;
}

static enum err job_names(struct api_call *c, const struct store_job *row, const char *patterns,
                          struct named *out)
{
    struct format_node *config = NULL;
    struct err_text why;
    size_t groups_n = 0;
    const struct format_node *groups = NULL;
    if (may_hold(row->config, patterns) &&
        format_node_json(row->config, strlen(row->config), row->id, &config, &why) == ERR_NONE) {
        groups = format_node_get(config, "groups");
        groups_n = format_node_type(groups) == FORMAT_STRING ? 1 : format_node_count(groups);
    }
    out->names = arena_zero(&c->arena, (groups_n + 1) * sizeof(*out->names));
    out->n = 0;
    if (out->names != NULL)
        out->names[out->n++] = row->id;
    for (size_t i = 0; out->names != NULL && i < groups_n; i++) {
        bool single = format_node_type(groups) == FORMAT_STRING;
        const char *name = format_node_str(single ? groups : format_node_at(groups, i), NULL);
        const char *kept = name != NULL ? arena_strndup(&c->arena, name, strlen(name)) : NULL;
        if (kept != NULL)
            out->names[out->n++] = kept;
    }
    format_node_free(config);
    return out->names != NULL ? ERR_NONE : ERR_MEMORY;
}

/* One that was made without a datafeed and is fed takes everything. */
static bool has_feed(const struct store_job *row)
{
    return row->datafeed != NULL || ml_find_is_fed(row);
}

static enum err feed_names(struct api_call *c, const struct store_job *row, const char *patterns,
                           struct named *out)
{
    (void)patterns;
    const char *id = ml_find_feed_id(c, row);
    out->names = arena_zero(&c->arena, sizeof(*out->names));
    out->n = 0;
    if (out->names == NULL || (id == NULL && has_feed(row)))
        return ERR_MEMORY;
    if (id != NULL)
        out->names[out->n++] = id;
    return ERR_NONE;
}

struct wanted {
    const struct named *rows;
    size_t n;
};

static bool has_name(void *ctx, const char *pattern, size_t n)
{
    const struct wanted *w = ctx;
    for (size_t i = 0; i < w->n; i++)
        for (size_t k = 0; k < w->rows[i].n; k++)
            if (ml_find_fits_one(pattern, n, w->rows[i].names[k]))
                return true;
    return false;
}

static bool is_wanted(const struct named *row, const char *patterns)
{
    for (size_t k = 0; k < row->n; k++)
        if (ml_find_fits(patterns, row->names[k]))
            return true;
    return false;
}

typedef enum err (*names_fn)(struct api_call *c, const struct store_job *row, const char *patterns,
                             struct named *out);
typedef enum err (*missing_fn)(struct api_call *c, const char *id, struct err_text *why);

static enum err find(struct api_call *c, const char *patterns, bool allow_no_match, names_fn names,
                     missing_fn missing, struct ml_found *out, struct err_text *why)
{
    struct ml_found all;
    char absent[200];
    const char *wanted = patterns != NULL ? patterns : "_all";
    enum err err = read_all(c, &all, why);
    if (err != ERR_NONE)
        return err;
    struct named *rows = arena_zero(&c->arena, (all.n + 1) * sizeof(*rows));
    struct store_job *kept = arena_zero(&c->arena, (all.n + 1) * sizeof(*kept));
    if (rows == NULL || kept == NULL)
        return ml_find_broken(ERR_MEMORY, why);
    size_t n = 0;
    for (size_t i = 0; i < all.n; i++) {
        if ((err = names(c, &all.list[i], wanted, &rows[i])) != ERR_NONE)
            return ml_find_broken(err, why);
        if (is_wanted(&rows[i], wanted))
            kept[n++] = all.list[i];
    }
    struct wanted w = {rows, all.n};
    if (!ml_find_complete(wanted, !allow_no_match, has_name, &w, absent, sizeof(absent)))
        return missing(c, absent, why);
    *out = (struct ml_found){kept, n};
    return ERR_NONE;
}

enum err ml_find_jobs(struct api_call *c, const char *patterns, bool allow_no_match,
                      struct ml_found *out, struct err_text *why)
{
    return find(c, patterns, allow_no_match, job_names, ml_find_no_job, out, why);
}

enum err ml_find_feeds(struct api_call *c, const char *patterns, bool allow_no_match,
                       struct ml_found *out, struct err_text *why)
{
    return find(c, patterns, allow_no_match, feed_names, ml_find_no_feed, out, why);
}

enum err ml_find_job(struct api_call *c, const char *id, struct store_job *out,
                     struct err_text *why)
{
    enum err err = ml_ask_may(c, why);
    if (err != ERR_NONE)
        return err;
    err = store_state_job_get(c->ports->state, id, &c->arena, out);
    if (err == ERR_NOT_FOUND)
        return ml_find_no_job(c, id, why);
    return err == ERR_NONE ? ERR_NONE : ml_find_broken(err, why);
}

/* *out: the job whose datafeed has that id, of all; NULL: there is none. */
static enum err look_for_feed(struct api_call *c, const char *id, const struct store_job **out,
                              struct err_text *why)
{
    struct ml_found all;
    enum err err = read_all(c, &all, why);
    *out = NULL;
    for (size_t i = 0; err == ERR_NONE && i < all.n && *out == NULL; i++) {
        const struct store_job *row = &all.list[i];
        bool by_job = strncmp(id, "datafeed-", 9) == 0 && strcmp(id + 9, row->id) == 0;
        if (!by_job && (row->datafeed == NULL || !may_hold(row->datafeed, id)))
            continue;
        const char *feed = ml_find_feed_id(c, row);
        if (feed != NULL && strcmp(feed, id) == 0)
            *out = row;
        else if (feed == NULL && has_feed(row))
            err = ml_find_broken(ERR_MEMORY, why);
    }
    return err;
}

enum err ml_find_feed(struct api_call *c, const char *id, struct store_job *out,
                      struct err_text *why)
{
    const struct store_job *row;
    enum err err = look_for_feed(c, id, &row, why);
    if (err == ERR_NONE && row == NULL)
        err = ml_find_no_feed(c, id, why);
    if (err == ERR_NONE)
        *out = *row;
    return err;
}

enum err ml_find_unused_feed(struct api_call *c, const char *id, struct err_text *why)
{
    const struct store_job *row;
    enum err err = look_for_feed(c, id, &row, why);
    if (err == ERR_NONE && row != NULL)
        err = api_call_fail(c, 400, "resource_already_exists_exception", why,
                            "A datafeed with id [%s] already exists", id);
    return err;
}

const char *ml_find_feed_id(struct api_call *c, const struct store_job *row)
{
    struct format_node *feed = NULL;
    struct err_text why;
    const char *id = NULL;
    enum err err = ERR_NONE;
    if (!has_feed(row))
        return NULL;
    if (row->datafeed != NULL)
        err = format_node_json(row->datafeed, strlen(row->datafeed), row->id, &feed, &why);
    if (err == ERR_MEMORY)
        return NULL;
    if (err == ERR_NONE && feed != NULL)
        id = format_node_str(format_node_get(feed, "datafeed_id"), NULL);
    size_t n = strlen(row->id);
    char *out;
    if (id != NULL && id[0] != '\0' && strstr(id, "JOB_ID") == NULL) {
        out = arena_strndup(&c->arena, id, strlen(id));
    } else if ((out = arena_zero(&c->arena, n + 10)) != NULL) {
        memcpy(out, "datafeed-", 9);
        memcpy(out + 9, row->id, n);
    }
    format_node_free(feed);
    return out;
}
