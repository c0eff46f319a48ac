/* SPDX-License-Identifier: Apache-2.0 */
#include "elastic/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "auth/guard.h"
#include "elastic/search.h"
#include "elastic/target.h"
#include "http/request.h"

#include <stdio.h>
#include <string.h>

/* The version whose API this is: clients refuse what they do not know. */
#define CLAIMED "8.19.0"
#define CLUSTER "weir"
/* Of a cluster of one node there is no use for different ones; the form is that of Elasticsearch.
 */
#define CLUSTER_UUID "d2VpcmNsdXN0ZXJ1dWlkMQ"
#define NODE_ID "d2VpcndlaXJ3ZWlyd2Vpcg"

static enum err root(struct api_call *c, struct err_text *why)
{
    struct format_writer *w = &c->out;
    (void)why;
    format_write_begin_object(w);
    format_write_field_str(w, "name", CLUSTER);
    format_write_field_str(w, "cluster_name", CLUSTER);
    format_write_field_str(w, "cluster_uuid", CLUSTER_UUID);
    format_write_key(w, "version");
    format_write_begin_object(w);
    format_write_field_str(w, "number", CLAIMED);
    format_write_field_str(w, "build_flavor", "default");
    format_write_field_str(w, "build_type", "deb");
    format_write_field_str(w, "build_hash", "unknown");
    format_write_field_str(w, "build_date", "2026-01-01T00:00:00.000Z");
    format_write_field_bool(w, "build_snapshot", false);
    format_write_field_str(w, "lucene_version", "9.12.2");
    format_write_field_str(w, "minimum_wire_compatibility_version", "7.17.0");
    format_write_field_str(w, "minimum_index_compatibility_version", "7.0.0");
    format_write_end_object(w);
    /* Clients look whether this is there. */
    format_write_field_str(w, "tagline", "You Know, for Search");
    format_write_end_object(w);
    return ERR_NONE;
}

static enum err health(struct api_call *c, struct err_text *why)
{
    static const char *const zero[] = {
        "relocating_shards",
        "initializing_shards",
        "unassigned_shards",
        "delayed_unassigned_shards",
        "number_of_pending_tasks",
        "number_of_in_flight_fetch",
        "task_max_waiting_in_queue_millis",
    };
    struct format_writer *w = &c->out;
    struct err_text reason;
    (void)why;
    bool well = c->ports->healthy(c->ports->ctx, &reason);
    format_write_begin_object(w);
    format_write_field_str(w, "cluster_name", CLUSTER);
    format_write_field_str(w, "status", well ? "green" : "red");
    format_write_field_bool(w, "timed_out", false);
    format_write_field_i64(w, "number_of_nodes", 1);
    format_write_field_i64(w, "number_of_data_nodes", 1);
    format_write_field_i64(w, "active_primary_shards", 1);
    format_write_field_i64(w, "active_shards", 1);
    for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
        format_write_field_i64(w, zero[i], 0);
    format_write_field_f64(w, "active_shards_percent_as_number", 100);
    format_write_end_object(w);
    return ERR_NONE;
}

/* Nothing is held back: what Elasticsearch has behind its licences and Weir has, is there. */
static enum err license(struct api_call *c, struct err_text *why)
{
    struct format_writer *w = &c->out;
    (void)why;
    format_write_begin_object(w);
    format_write_key(w, "license");
    format_write_begin_object(w);
    format_write_field_str(w, "status", "active");
    format_write_field_str(w, "uid", "00000000-0000-0000-0000-000000000000");
    format_write_field_str(w, "type", "platinum");
    format_write_field_str(w, "issue_date", "2026-01-01T00:00:00.000Z");
    format_write_field_i64(w, "issue_date_in_millis", 1767225600000);
    format_write_field_i64(w, "max_nodes", 1);
    format_write_field_str(w, "issued_to", CLUSTER);
    format_write_field_str(w, "issuer", CLUSTER);
    format_write_field_i64(w, "start_date_in_millis", -1);
    format_write_end_object(w);
    format_write_end_object(w);
    return ERR_NONE;
}

static enum err xpack(struct api_call *c, struct err_text *why)
{
    static const struct {
        const char *name;
        bool there;
    } features[] = {
        {"aggregate_metric", false},
        {"analytics", false},
        {"ccr", false},
        {"data_streams", true},
        {"eql", true},
        {"graph", false},
        {"ilm", true},
        {"logstash", false},
        {"ml", true},
        {"monitoring", false},
        {"rollup", false},
        {"searchable_snapshots", false},
        {"security", true},
        {"slm", false},
        {"sql", false},
        {"transform", false},
        {"watcher", false},
    };
    struct format_writer *w = &c->out;
    (void)why;
    format_write_begin_object(w);
    format_write_key(w, "build");
    format_write_begin_object(w);
    format_write_field_str(w, "hash", "unknown");
    format_write_field_str(w, "date", "2026-01-01T00:00:00.000Z");
    format_write_end_object(w);
    format_write_key(w, "license");
    format_write_begin_object(w);
    format_write_field_str(w, "uid", "00000000-0000-0000-0000-000000000000");
    format_write_field_str(w, "type", "platinum");
    format_write_field_str(w, "mode", "platinum");
    format_write_field_str(w, "status", "active");
    format_write_end_object(w);
    format_write_key(w, "features");
    format_write_begin_object(w);
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        format_write_key(w, features[i].name);
        format_write_begin_object(w);
        format_write_field_bool(w, "available", features[i].there);
        format_write_field_bool(w, "enabled", features[i].there);
        format_write_end_object(w);
    }
    format_write_end_object(w);
    format_write_end_object(w);
    return ERR_NONE;
}

/* What shippers ask to learn versions, ingest plugins and whether they may. */
static enum err nodes(struct api_call *c, struct err_text *why)
{
    struct format_writer *w = &c->out;
    (void)why;
    format_write_begin_object(w);
    format_write_key(w, "_nodes");
    format_write_begin_object(w);
    format_write_field_i64(w, "total", 1);
    format_write_field_i64(w, "successful", 1);
    format_write_field_i64(w, "failed", 0);
    format_write_end_object(w);
    format_write_field_str(w, "cluster_name", CLUSTER);
    format_write_key(w, "nodes");
    format_write_begin_object(w);
    format_write_key(w, NODE_ID);
    format_write_begin_object(w);
    format_write_field_str(w, "name", CLUSTER);
    format_write_field_str(w, "version", CLAIMED);
    format_write_key(w, "roles");
    format_write_begin_array(w);
    static const char *const roles[] = {"data", "ingest", "master", "ml"};
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        format_write_str(w, roles[i]);
    format_write_end_array(w);
    format_write_key(w, "ingest");
    format_write_begin_object(w);
    format_write_key(w, "processors");
    format_write_begin_array(w);
    format_write_end_array(w);
    format_write_end_object(w);
    format_write_end_object(w);
    format_write_end_object(w);
    format_write_end_object(w);
    return ERR_NONE;
}

static enum err authenticate(struct api_call *c, struct err_text *why)
{
    struct format_writer *w = &c->out;
    bool key = c->guest->means == AUTH_GUARD_KEY;
    (void)why;
    format_write_begin_object(w);
    format_write_field_str(w, "username", c->guest->name);
    format_write_key(w, "roles");
    format_write_begin_array(w);
    format_write_str(w, auth_role_name(c->guest->role));
    format_write_end_array(w);
    format_write_key(w, "full_name");
    format_write_null(w);
    format_write_key(w, "email");
    format_write_null(w);
    format_write_key(w, "metadata");
    format_write_begin_object(w);
    format_write_end_object(w);
    format_write_field_bool(w, "enabled", true);
    format_write_field_str(w, "authentication_type", key ? "api_key" : "realm");
    if (key) {
        format_write_key(w, "api_key");
        format_write_begin_object(w);
        format_write_field_str(w, "id", c->guest->id);
        format_write_field_str(w, "name", c->guest->name);
        format_write_end_object(w);
    }
    format_write_end_object(w);
    return ERR_NONE;
}

/* What is told of an index, in the order in which it is told. */
static const char *const columns[] = {"health", "status", "index", "docs.count", "store.size"};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct cat {
    struct format_writer *w;
    const char *patterns;  /* NULL: all */
    size_t shown[COLUMNS]; /* places in columns */
    size_t shown_n;
    size_t n; /* lines */
    bool json;
};

static void cat_values(struct cat *x, const char *const *values)
{
    if (x->json)
        format_write_begin_object(x->w);
    for (size_t i = 0; i < x->shown_n; i++) {
        if (x->json)
            format_write_field_str(x->w, columns[x->shown[i]], values[x->shown[i]]);
        else
            buf_format(x->w->out, "%s%s", i > 0 ? " " : "", values[x->shown[i]]);
    }
    if (x->json)
        format_write_end_object(x->w);
    else
        buf_char(x->w->out, '\n');
}

/* One line an index, as curl shows them. */
static void cat_line(void *ctx, const struct find_index *index)
{
    struct cat *x = ctx;
    char docs[24], size[24];
    snprintf(docs, sizeof(docs), "%llu", (unsigned long long)index->docs);
    snprintf(size, sizeof(size), "%llu", (unsigned long long)index->bytes);
    if (x->patterns != NULL && !elastic_target_fits(x->patterns, index->name))
        return;
    x->n++;
    cat_values(x, (const char *const[COLUMNS]){"green", "open", index->name, docs, size});
}

/* The columns of h, or all. */
static enum err cat_columns(struct api_call *c, struct cat *x, struct err_text *why)
{
    const char *at = http_request_param(c->request, "h");
    if (at == NULL || at[0] == '\0')
        for (; x->shown_n < COLUMNS; x->shown_n++)
            x->shown[x->shown_n] = x->shown_n;
    while (at != NULL && *at != '\0') {
        size_t n = strcspn(at, ","), i = 0;
        while (i < COLUMNS && (strlen(columns[i]) != n || memcmp(columns[i], at, n) != 0))
            i++;
        if (i == COLUMNS || x->shown_n == COLUMNS)
            return api_call_fail(c, 400, "illegal_argument_exception", why,
                                 "h takes each of health, status, index, docs.count and "
                                 "store.size once, not [%.*s]",
                                 n < 100 ? (int)n : 100, at);
        x->shown[x->shown_n++] = i;
        at += n + (at[n] == ',');
    }
    return ERR_NONE;
}

static enum err cat_form(struct api_call *c, struct cat *x, struct err_text *why)
{
    const char *form = http_request_param(c->request, "format");
    const char *accept = http_request_header(c->request, "Accept");
    x->json = form != NULL ? strcmp(form, "json") == 0
                           : accept != NULL && strncmp(accept, "application/json", 16) == 0;
    if (form == NULL || x->json || strcmp(form, "text") == 0)
        return ERR_NONE;
    return api_call_fail(c, 400, "illegal_argument_exception", why,
                         "format must be text or json, not [%.100s]", form);
}

static enum err cat_some(struct api_call *c, const char *patterns, struct err_text *why)
{
    struct cat x = {.w = &c->out, .patterns = patterns};
    struct find_request r;
    struct find_error error;
    bool heads;
    enum err err = api_call_flag(c, "v", false, &heads, why);
    if (err == ERR_NONE)
        err = cat_form(c, &x, why);
    if (err == ERR_NONE)
        err = cat_columns(c, &x, why);
    if (err != ERR_NONE)
        return err;
    if (x.json)
        format_write_begin_array(x.w);
    if (heads && !x.json)
        cat_values(&x, columns);
    /* All of them, so that sizes add up. */
    err = elastic_search_begin(c, false, &r, why);
    if (err == ERR_NONE)
        err = elastic_search_told(c, find_indices(c->ports->find, &r, cat_line, &x, &error), &error,
                                  why);
    if (err != ERR_NONE)
        return err;
    if (x.n == 0 && x.patterns != NULL && strchr(x.patterns, '*') == NULL)
        return api_call_fail(c, 404, "index_not_found_exception", why, "no such index [%.200s]",
                             x.patterns);
    if (x.json)
        format_write_end_array(x.w);
    else
        api_call_plain(c, "text/plain; charset=UTF-8");
    return ERR_NONE;
}

static enum err cat_indices(struct api_call *c, struct err_text *why)
{
    return cat_some(c, NULL, why);
}

static enum err cat_index(struct api_call *c, struct err_text *why)
{
    return cat_some(c, api_call_part(c, "index"), why);
}

#define CAT "v:boolean h:text format:text"
#define ROW(method, path, right, params, summary, handle)                                          \
    {                                                                                              \
        method, path, right, API_FORM_ELASTIC, 0, params, summary, handle, HTTP_LANE_SHORT         \
    }
#define CAT_ROW(path, summary, handle)                                                             \
    {                                                                                              \
        "GET", path, AUTH_RIGHT_READ, API_FORM_ELASTIC, 0, CAT, summary, handle, HTTP_LANE_LONG    \
    }

const struct api_row elastic_cluster_rows[] = {
    ROW("GET", "/", AUTH_RIGHT_GREET, "", "Name and version", root),
    ROW("GET", "/_cluster/health", AUTH_RIGHT_GREET,
        "timeout:span master_timeout:span wait_for_status:text wait_for_nodes:text level:text "
        "local:boolean",
        "Whether the server is well, in Elasticsearch's words", health),
    ROW("GET", "/_cluster/health/{index*}", AUTH_RIGHT_GREET,
        "timeout:span master_timeout:span wait_for_status:text level:text local:boolean",
        "The same for an index", health),
    ROW("GET", "/_license", AUTH_RIGHT_GREET, "local:boolean accept_enterprise:boolean",
        "What is held back: nothing", license),
    ROW("GET", "/_xpack", AUTH_RIGHT_GREET, "categories:text accept_enterprise:boolean",
        "Which of Elasticsearch's features are there", xpack),
    ROW("GET", "/_nodes", AUTH_RIGHT_GREET, "timeout:span flat_settings:boolean", "The one node",
        nodes),
    ROW("GET", "/_nodes/{what*}", AUTH_RIGHT_GREET, "timeout:span flat_settings:boolean",
        "The same in part", nodes),
    ROW("GET", "/_security/_authenticate", AUTH_RIGHT_GREET, "", "Who asks", authenticate),
    CAT_ROW("/_cat/indices", "Indices, one a line", cat_indices),
    CAT_ROW("/_cat/indices/{index}", "Some indices, one a line", cat_index),
    {0},
};
