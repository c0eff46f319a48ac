/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "base/arena.h"
#include "base/mem.h"
#include "format/node.h"
#include "kibana/rule.h"
#include "rule/digest.h"
#include "store/state.h"
#include "store/state_gap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A run, copied: the state may not be asked while it lists. */
struct run {
    ts_ns time, from, to;
    bool manual;
    const char *status, *message, *doc;
    uint64_t alerts;
    int64_t key; /* by which it is sorted */
};

struct runs {
    struct arena arena;
    struct run *list;
    size_t n, cap;
    enum err err;
};

static const char *copy(struct runs *r, const char *s)
{
    const char *out = arena_strndup(&r->arena, s != NULL ? s : "", s != NULL ? strlen(s) : 0);
    if (out == NULL)
        r->err = ERR_MEMORY;
    return out;
}

static bool keep(void *ctx, const struct store_run *row)
{
    struct runs *r = ctx;
    if (mem_grow((void **)&r->list, &r->cap, r->n + 1, sizeof(*r->list)) != 0)
        r->err = ERR_MEMORY;
    else
        r->list[r->n++] = (struct run){.time = row->time,
                                       .from = row->from,
                                       .to = row->to,
                                       .manual = row->manual,
                                       .status = copy(r, row->status),
                                       .message = copy(r, row->message),
                                       .doc = copy(r, row->doc),
                                       .alerts = row->alerts};
    return r->err == ERR_NONE;
}

/* "a,b" has the word, or nothing is asked for. */
static bool among(const char *words, const char *word)
{
    size_t n = strlen(word);
    if (words == NULL || words[0] == '\0')
        return true;
    for (const char *p = words; *p != '\0';) {
        size_t k = strcspn(p, ",");
        if (k == n && memcmp(p, word, n) == 0)
            return true;
        p += k + (p[k] == ',');
    }
    return false;
}

/* What runs are sorted by. */
enum sort {
    SORT_TIME,
    SORT_DURATION,
    SORT_GAP,
    SORT_INDEXING,
    SORT_SEARCH,
    SORT_DELAY, /* there is none: all are equal */
    SORTS,
};

static const char *const sorts[SORTS] = {"timestamp",          "duration_ms",
                                         "gap_duration_s",     "indexing_duration_ms",
                                         "search_duration_ms", "schedule_delay_ms"};

struct wanted {
    ts_ns start, end;
    const char *status, *type;
    enum sort sort;
    bool up;
    int64_t page, size;
};

static enum err read_sort(struct api_call *c, enum sort *out, struct err_text *why)
{
    const char *name;
    unsigned i = 0;
    enum err err = api_call_text(c, "sort_field", sorts[SORT_TIME], &name, why);
    if (err != ERR_NONE)
        return err;
    while (i < SORTS && strcmp(sorts[i], name) != 0)
        i++;
    if (i == SORTS)
        return api_call_fail(c, 400, NULL, why,
                             "sort_field is timestamp, duration_ms, gap_duration_s, "
                             "indexing_duration_ms, search_duration_ms or schedule_delay_ms, not "
                             "'%.50s'",
                             name);
    *out = (enum sort)i;
    return ERR_NONE;
}

static enum err read_wanted(struct api_call *c, struct wanted *w, struct err_text *why)
{
    const char *order;
    enum err err = api_call_time(c, "start", TIME_NONE, &w->start, why);
    if (err == ERR_NONE)
        err = api_call_time(c, "end", TIME_MAX, &w->end, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "status_filters", NULL, &w->status, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "run_type_filters", NULL, &w->type, why);
    if (err == ERR_NONE)
        err = read_sort(c, &w->sort, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "sort_order", "desc", &order, why);
    if (err == ERR_NONE)
        err = api_call_int(c, "page", 1, 1, 1000000, &w->page, why);
    if (err == ERR_NONE)
        err = api_call_int(c, "per_page", 20, 0, 1000, &w->size, why);
    if (err != ERR_NONE)
        return err;
    w->up = strcmp(order, "asc") == 0;
    if (!w->up && strcmp(order, "desc") != 0)
        return api_call_fail(c, 400, NULL, why, "sort_order is asc or desc, not '%.50s'", order);
    return ERR_NONE;
}

static bool fits(const struct run *r, const struct wanted *w)
{
    return r->time >= w->start && r->time <= w->end && among(w->status, r->status) &&
           among(w->type, r->manual ? "backfill" : "standard");
}

static int64_t metric(const struct format_node *doc, const char *key)
{
    return format_node_int(format_node_get(format_node_get(doc, "metrics"), key), 0);
}

static void write_run(struct format_writer *w, const char *id, const struct run *r)
{
    struct format_node *doc = NULL;
    struct err_text ignored;
    char text[200], uuid[RULE_UUID_SIZE];
    bool failed = strcmp(r->status, "failed") == 0;
    if (r->doc[0] == '\0' ||
        format_node_json(r->doc, strlen(r->doc), "run", &doc, &ignored) != ERR_NONE)
        doc = NULL;
    /* As alerts name the run that made them (rule/alert.c). */
    int n = snprintf(text, sizeof(text), "%.120s at %lld", id, (long long)r->time);
    rule_digest_uuid(text, (size_t)n, uuid);
    int64_t search = metric(doc, "total_search_duration_ms");
    int64_t indexing = metric(doc, "total_indexing_duration_ms");
    format_write_begin_object(w);
    format_write_field_str(w, "execution_uuid", uuid);
    format_write_key(w, "timestamp");
    format_write_time(w, r->time);
    format_write_field_i64(w, "duration_ms", search + indexing);
    format_write_field_str(w, "status", failed ? "failure" : "success");
    format_write_field_str(w, "message", r->message);
    format_write_field_i64(w, "num_active_alerts", (int64_t)r->alerts);
    format_write_field_i64(w, "num_new_alerts", (int64_t)r->alerts);
    format_write_field_i64(w, "num_recovered_alerts", 0);
    format_write_field_i64(w, "schedule_delay_ms", 0);
    format_write_field_bool(w, "timed_out", false);
    format_write_field_i64(w, "total_search_duration_ms", search);
    format_write_field_i64(w, "search_duration_ms", search);
    format_write_field_i64(w, "indexing_duration_ms", indexing);
    format_write_field_i64(w, "gap_duration_s", metric(doc, "execution_gap_duration_s"));
    format_write_field_str(w, "security_status", r->status);
    format_write_field_str(w, "security_message", r->message);
    if (r->manual) {
        format_write_key(w, "backfill");
        format_write_begin_object(w);
        format_write_key(w, "from");
        format_write_time(w, r->from);
        format_write_key(w, "to");
        format_write_time(w, r->to);
        format_write_end_object(w);
    }
    format_write_key(w, "metrics");
    if (doc != NULL)
        format_node_write_value(format_node_get(doc, "metrics"), w);
    else
        format_write_raw(w, "{}", 2);
    format_write_end_object(w);
    format_node_free(doc);
}

static int64_t key_of(const struct run *r, enum sort sort)
{
    struct format_node *doc = NULL;
    struct err_text ignored;
    int64_t key = 0;
    if (r->doc[0] == '\0' ||
        format_node_json(r->doc, strlen(r->doc), "run", &doc, &ignored) != ERR_NONE)
        return 0;
    if (sort == SORT_SEARCH || sort == SORT_DURATION)
        key += metric(doc, "total_search_duration_ms");
    if (sort == SORT_INDEXING || sort == SORT_DURATION)
        key += metric(doc, "total_indexing_duration_ms");
    if (sort == SORT_GAP)
        key += metric(doc, "execution_gap_duration_s");
    format_node_free(doc);
    return key;
}

/* Equal ones newest first, as all of them stood. */
static int compare_runs(const void *a, const void *b)
{
    const struct run *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->time < y->time) - (x->time > y->time);
}

static void sort_runs(struct runs *r, const struct wanted *w)
{
    for (size_t i = 0; i < r->n; i++) {
        struct run *run = &r->list[i];
        int64_t key = w->sort == SORT_TIME ? run->time : key_of(run, w->sort);
        run->key = w->up ? key : -key;
    }
    if (r->n > 1)
        qsort(r->list, r->n, sizeof(*r->list), compare_runs);
}

static void write_runs(struct format_writer *w, const char *id, const struct runs *r,
                       const struct wanted *wanted)
{
    int64_t total = 0;
    format_write_begin_object(w);
    format_write_key(w, "events");
    format_write_begin_array(w);
    for (size_t i = 0; i < r->n; i++) {
        const struct run *run = &r->list[i];
        if (!fits(run, wanted))
            continue;
        if (total >= (wanted->page - 1) * wanted->size && total < wanted->page * wanted->size)
            write_run(w, id, run);
        total++;
    }
    format_write_end_array(w);
    format_write_field_i64(w, "total", total);
    format_write_end_object(w);
}

static enum err results(struct api_call *c, struct err_text *why)
{
    struct kibana_rules rules;
    struct wanted wanted;
    struct runs runs = {.n = 0};
    kibana_rules_init(&rules);
    arena_init(&runs.arena, 0);
    enum err err = read_wanted(c, &wanted, why);
    if (err == ERR_NONE)
        err = kibana_rules_find(c, api_call_part(c, "id"), NULL, &rules, why);
    if (err == ERR_NONE) {
        err = store_state_run_list(c->ports->state, rules.list[0].rule_id, 0, keep, &runs);
        if (err == ERR_NONE)
            err = runs.err;
        if (err != ERR_NONE)
            err_set(why, err, "the runs cannot be read: %s", err_name(err));
    }
    if (err == ERR_NONE) {
        sort_runs(&runs, &wanted);
        write_runs(&c->out, rules.list[0].id, &runs, &wanted);
    }
    mem_free(runs.list);
    arena_release(&runs.arena);
    kibana_rules_release(&rules);
    return err;
}

struct gaps {
    struct format_writer *w;
    const struct format_node *statuses; /* NULL: any */
    int64_t skip, most, total;
};

static bool is_listed(const struct format_node *texts, const char *s)
{
    for (size_t i = 0; i < format_node_count(texts); i++)
        if (strcmp(format_node_str(format_node_at(texts, i), ""), s) == 0)
            return true;
    return false;
}

static bool show_gap(void *ctx, const struct store_gap *gap)
{
    struct gaps *g = ctx;
    if (g->statuses != NULL && !is_listed(g->statuses, gap->status))
        return true;
    if (g->total >= g->skip && g->total < g->skip + g->most)
        format_write_raw(g->w, gap->doc, strlen(gap->doc));
    g->total++;
    return true;
}

static enum err gaps(struct api_call *c, struct err_text *why)
{
    struct kibana_rules rules;
    struct gaps g = {.w = &c->out};
    struct format_node *body;
    const char *id;
    ts_ns start, end;
    int64_t page;
    kibana_rules_init(&rules);
    enum err err = api_call_body(c, false, &body, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "rule_id", NULL, &id, why);
    if (err == ERR_NONE)
        err = api_call_time(c, "start", TIME_NONE, &start, why);
    if (err == ERR_NONE)
        err = api_call_time(c, "end", TIME_MAX, &end, why);
    if (err == ERR_NONE)
        err = api_call_int(c, "page", 1, 1, 1000000, &page, why);
    if (err == ERR_NONE)
        err = api_call_int(c, "per_page", 10, 0, 10000, &g.most, why);
    if (err == ERR_NONE) /* the id of the object, as Kibana's alerting calls it */
        err = kibana_rules_find(c, id, NULL, &rules, why);
    if (err == ERR_NONE) {
        g.statuses = format_node_get(body, "statuses");
        g.skip = (page - 1) * g.most;
        format_write_begin_object(&c->out);
        format_write_key(&c->out, "data");
        format_write_begin_array(&c->out);
        err =
            store_state_gap_list(c->ports->state, rules.list[0].rule_id, start, end, show_gap, &g);
        if (err != ERR_NONE)
            err_set(why, err, "the gaps cannot be read: %s", err_name(err));
        format_write_end_array(&c->out);
        format_write_field_i64(&c->out, "page", page);
        format_write_field_i64(&c->out, "per_page", g.most);
        format_write_field_i64(&c->out, "total", g.total);
        format_write_end_object(&c->out);
    }
    kibana_rules_release(&rules);
    return err;
}

const struct api_row kibana_run_rows[] = {
    {"GET", "/internal/detection_engine/rules/{id}/execution/results", AUTH_RIGHT_READ,
     API_FORM_KIBANA, 0,
     "start:time end:time status_filters:text run_type_filters:text sort_field:text "
     "sort_order:text page:integer per_page:integer",
     "How a rule's runs went, newest first", results, HTTP_LANE_SHORT},
    {"POST", "/internal/alerting/rules/gaps/_find", AUTH_RIGHT_READ, API_FORM_KIBANA, API_ROW_SMALL,
     "", "Spans that no run of a rule looked at", gaps, HTTP_LANE_SHORT},
    {0},
};
