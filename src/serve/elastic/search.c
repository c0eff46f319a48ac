/* SPDX-License-Identifier: Apache-2.0 */
#include "elastic/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "find/find.h"
#include "format/node.h"
#include "http/request.h"

#include <stdlib.h>
#include <string.h>

/* Parameters that are members of the body in other clothes. */
static const struct {
    const char *name;
    enum { AS_TEXT, AS_NUMBER, AS_FLAG, AS_LIST, AS_SORT, AS_SOURCE, AS_TOTAL } kind;
} members[] = {
    {"from", AS_NUMBER},
    {"size", AS_NUMBER},
    {"sort", AS_SORT},
    {"_source", AS_SOURCE},
    {"track_total_hits", AS_TOTAL},
    {"timeout", AS_TEXT},
    {"version", AS_FLAG},
    {"seq_no_primary_term", AS_FLAG},
    {"docvalue_fields", AS_LIST},
    {"stored_fields", AS_LIST},
    {"terminate_after", AS_NUMBER},
};

static bool was_given(const struct api_call *c, const struct format_node *body, const char *name,
                      const char **out)
{
    *out = http_request_param(c->request, name);
    return *out != NULL && format_node_get(body, name) == NULL;
}

static void write_list(struct format_writer *w, const char *s)
{
    format_write_begin_array(w);
    while (*s != '\0') {
        size_t n = strcspn(s, ",");
        if (n > 0)
            format_write_str_n(w, s, n);
        s += s[n] == ',' ? n + 1 : n;
    }
    format_write_end_array(w);
}

/* "field:desc,other" */
static void write_sort(struct format_writer *w, const char *s)
{
    format_write_begin_array(w);
    while (*s != '\0') {
        size_t n = strcspn(s, ",");
        const char *colon = memchr(s, ':', n);
        size_t name = colon != NULL ? (size_t)(colon - s) : n;
        if (colon != NULL) {
            format_write_begin_object(w);
            format_write_key_n(w, s, name);
            format_write_str_n(w, colon + 1, n - name - 1);
            format_write_end_object(w);
        } else if (n > 0) {
            format_write_str_n(w, s, n);
        }
        s += s[n] == ',' ? n + 1 : n;
    }
    format_write_end_array(w);
}

static bool is_flag(const char *s)
{
    return strcmp(s, "true") == 0 || strcmp(s, "false") == 0 || *s == '\0';
}

static void write_member(struct format_writer *w, const char *s, int kind)
{
    char *end;
    long long n = strtoll(s, &end, 10);
    bool number = *s != '\0' && *end == '\0';
    switch (kind) {
    case AS_NUMBER:
    case AS_TOTAL:
        if (number)
            format_write_i64(w, n);
        else if (kind == AS_TOTAL && is_flag(s))
            format_write_bool(w, strcmp(s, "false") != 0);
        else
            format_write_str(w, s);
        return;
    case AS_FLAG:
        format_write_bool(w, strcmp(s, "false") != 0);
        return;
    case AS_SOURCE:
        if (is_flag(s))
            format_write_bool(w, strcmp(s, "false") != 0);
        else
            write_list(w, s);
        return;
    case AS_LIST:
        write_list(w, s);
        return;
    case AS_SORT:
        write_sort(w, s);
        return;
    default:
        format_write_str(w, s);
        return;
    }
}

/* _source_includes and _source_excludes. */
static void write_source(struct format_writer *w, const char *includes, const char *excludes)
{
    format_write_key(w, "_source");
    format_write_begin_object(w);
    if (includes != NULL) {
        format_write_key(w, "includes");
        write_list(w, includes);
    }
    if (excludes != NULL) {
        format_write_key(w, "excludes");
        write_list(w, excludes);
    }
    format_write_end_object(w);
}

/* q: a query string in Lucene's syntax. */
static void write_query(const struct api_call *c, struct format_writer *w, const char *q)
{
    const char *field = http_request_param(c->request, "df");
    const char *op = http_request_param(c->request, "default_operator");
    format_write_key(w, "query");
    format_write_begin_object(w);
    format_write_key(w, "query_string");
    format_write_begin_object(w);
    format_write_field_str(w, "query", q);
    if (field != NULL)
        format_write_field_str(w, "default_field", field);
    if (op != NULL)
        format_write_field_str(w, "default_operator", op);
    format_write_end_object(w);
    format_write_end_object(w);
}

/* The body with what the parameters say besides; the caller frees *out, which may be NULL. */
static enum err read_body(struct api_call *c, struct format_node **out, struct err_text *why)
{
    struct format_node *body = NULL;
    struct format_writer w;
    struct buf json;
    const char *s;
    const char *includes;
    const char *excludes;
    *out = NULL;
    enum err rc = api_call_body(c, false, &body, why);
    if (rc != ERR_NONE)
        return rc;
    if (body != NULL && format_node_type(body) != FORMAT_OBJECT)
        return api_call_fail(c, 400, "parsing_exception", why, "expected an object as the body");
    buf_init(&json);
    format_write_init(&w, &json);
    format_write_begin_object(&w);
    for (size_t i = 0; i < format_node_count(body); i++) {
        const struct format_node *one = format_node_at(body, i);
        format_write_key_n(&w, format_node_key(one), format_node_key_len(one));
        format_node_write_value(one, &w);
    }
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (!was_given(c, body, members[i].name, &s))
            continue;
        format_write_key(&w, members[i].name);
        write_member(&w, s, members[i].kind);
    }
    bool some = was_given(c, body, "_source_includes", &includes);
    some = was_given(c, body, "_source_excludes", &excludes) || some;
    if (some && !was_given(c, body, "_source", &s) && format_node_get(body, "_source") == NULL)
        write_source(&w, includes, excludes);
    if (was_given(c, body, "q", &s) && format_node_get(body, "query") == NULL)
        write_query(c, &w, s);
    format_write_end_object(&w);
    if (!buf_ok(&json))
        rc = err_set(why, ERR_MEMORY, "no memory for the search");
    else
        rc = format_node_json(buf_text(&json), json.n, "request body", out, why);
    buf_release(&json);
    return rc;
}

static bool is_gone(void *ctx)
{
    return http_request_is_gone(ctx);
}

static enum err refuse(struct api_call *c, const struct find_error *error, struct err_text *why)
{
    return api_call_fail(c, (unsigned)error->status, error->type, why, "%s", error->text.message);
}

/* One question to the room find. */
typedef enum err (*ask_fn)(struct find *f, const struct find_request *r, struct buf *out,
                           struct find_error *error);

static enum err flag(struct api_call *c, const char *name, bool *out, struct err_text *why)
{
    const char *s = http_request_param(c->request, name);
    if (s != NULL && !is_flag(s))
        return err_set(why, ERR_INVALID, "[%s] is true or false", name);
    *out = s != NULL && strcmp(s, "false") != 0;
    return ERR_NONE;
}

static enum err ask(struct api_call *c, const char *index, ask_fn fn, struct err_text *why)
{
    struct find_error error = {0};
    struct format_node *body = NULL;
    const struct find_options options = {.store = c->ports->store, .state = c->ports->state};
    struct find_request r = {
        .index = index, .now = c->now, .cancel = {.wanted = is_gone, .ctx = c->request}};
    struct find *f = find_new(&options);
    if (f == NULL)
        return err_set(why, ERR_MEMORY, "no memory for the search");
    enum err rc = read_body(c, &body, why);
    if (rc == ERR_NONE)
        rc = flag(c, "ignore_unavailable", &r.lenient, why);
    if (rc == ERR_NONE)
        rc = flag(c, "typed_keys", &r.typed_keys, why);
    if (rc == ERR_NONE)
        rc = flag(c, "rest_total_hits_as_int", &r.total_as_int, why);
    if (rc == ERR_NONE) {
        r.body = body;
        rc = fn(f, &r, c->out.out, &error);
        if (rc != ERR_NONE)
            rc = refuse(c, &error, why);
    }
    format_node_free(body);
    find_free(f);
    return rc;
}

static enum err search_all(struct api_call *c, struct err_text *why)
{
    return ask(c, NULL, find_search, why);
}

static enum err search(struct api_call *c, struct err_text *why)
{
    return ask(c, api_call_part(c, "index"), find_search, why);
}

static enum err count_all(struct api_call *c, struct err_text *why)
{
    return ask(c, NULL, find_count, why);
}

static enum err count(struct api_call *c, struct err_text *why)
{
    return ask(c, api_call_part(c, "index"), find_count, why);
}

/* caps and mapping take no body of a search: their own members only. */
static enum err caps_of(struct api_call *c, const char *index, bool mapping, struct err_text *why)
{
    struct find_error error = {0};
    struct format_node *body = NULL;
    const struct find_options options = {.store = c->ports->store, .state = c->ports->state};
    struct find_request r = {
        .index = index, .now = c->now, .cancel = {.wanted = is_gone, .ctx = c->request}};
    enum err rc = api_call_body(c, false, &body, why);
    if (rc == ERR_NONE)
        rc = flag(c, "ignore_unavailable", &r.lenient, why);
    if (rc != ERR_NONE)
        return rc;
    struct find *f = find_new(&options);
    if (f == NULL)
        return err_set(why, ERR_MEMORY, "no memory for the list of fields");
    r.body = body;
    rc = mapping
             ? find_mapping(f, &r, c->out.out, &error)
             : find_field_caps(f, &r, http_request_param(c->request, "fields"), c->out.out, &error);
    find_free(f);
    return rc == ERR_NONE ? rc : refuse(c, &error, why);
}

static enum err caps_all(struct api_call *c, struct err_text *why)
{
    return caps_of(c, NULL, false, why);
}

static enum err caps(struct api_call *c, struct err_text *why)
{
    return caps_of(c, api_call_part(c, "index"), false, why);
}

static enum err mapping_all(struct api_call *c, struct err_text *why)
{
    return caps_of(c, NULL, true, why);
}

static enum err mapping(struct api_call *c, struct err_text *why)
{
    return caps_of(c, api_call_part(c, "index"), true, why);
}

/* A document that is not there is an answer, with 404. */
static enum err document(struct api_call *c, struct err_text *why)
{
    struct find_error error = {0};
    const struct find_options options = {.store = c->ports->store, .state = c->ports->state};
    const struct find_request r = {.index = api_call_part(c, "index"),
                                   .now = c->now,
                                   .cancel = {.wanted = is_gone, .ctx = c->request}};
    struct buf *out = c->out.out;
    size_t before = out->n;
    struct find *f = find_new(&options);
    if (f == NULL)
        return err_set(why, ERR_MEMORY, "no memory for the document");
    enum err rc = find_get(f, &r, api_call_part(c, "id"), out, &error);
    find_free(f);
    if (rc == ERR_NOT_FOUND && out->n > before) {
        http_answer_set_status(c->answer, 404);
        return ERR_NONE;
    }
    return rc == ERR_NONE ? rc : refuse(c, &error, why);
}

#define WHERE                                                                                      \
    "ignore_unavailable:boolean allow_no_indices:boolean expand_wildcards:text "                   \
    "ignore_throttled:boolean preference:text routing:text "
#define QUERY                                                                                      \
    "q:text df:text default_operator:text analyzer:text analyze_wildcard:boolean lenient:boolean "
#define SEARCH                                                                                     \
    WHERE QUERY                                                                                    \
        "from:integer size:integer sort:text _source:text _source_includes:text "                  \
        "_source_excludes:text docvalue_fields:text stored_fields:text track_total_hits:text "     \
        "track_scores:boolean timeout:text terminate_after:integer version:boolean "               \
        "seq_no_primary_term:boolean typed_keys:boolean rest_total_hits_as_int:boolean "           \
        "search_type:text request_cache:boolean batched_reduce_size:integer "                      \
        "ccs_minimize_roundtrips:boolean max_concurrent_shard_requests:integer "                   \
        "pre_filter_shard_size:integer allow_partial_search_results:boolean"
#define COUNT WHERE QUERY "min_score:number terminate_after:integer"
#define CAPS                                                                                       \
    WHERE "fields:text include_unmapped:boolean filters:text types:text "                          \
          "include_empty_fields:boolean"
#define MAPPING WHERE "local:boolean master_timeout:text"
#define DOCUMENT                                                                                   \
    "preference:text realtime:boolean refresh:boolean routing:text version:integer "               \
    "version_type:text"

#define ROW(method, path, body, params, summary, handle)                                           \
    {                                                                                              \
        method, path, AUTH_RIGHT_READ, API_FORM_ELASTIC, body, params, summary, handle             \
    }

const struct api_row elastic_search_rows[] = {
    ROW("GET", "/_search", API_ROW_SMALL, SEARCH, "Search all events", search_all),
    ROW("POST", "/_search", API_ROW_SMALL, SEARCH, "Search all events", search_all),
    ROW("GET", "/{index}/_search", API_ROW_SMALL, SEARCH,
        "Search events, alerts or results of jobs", search),
    ROW("POST", "/{index}/_search", API_ROW_SMALL, SEARCH,
        "Search events, alerts or results of jobs", search),
    ROW("GET", "/_count", API_ROW_SMALL, COUNT, "Count all events", count_all),
    ROW("POST", "/_count", API_ROW_SMALL, COUNT, "Count all events", count_all),
    ROW("GET", "/{index}/_count", API_ROW_SMALL, COUNT, "Count events, alerts or results of jobs",
        count),
    ROW("POST", "/{index}/_count", API_ROW_SMALL, COUNT, "Count events, alerts or results of jobs",
        count),
    ROW("GET", "/_field_caps", API_ROW_SMALL, CAPS, "Say what fields there are", caps_all),
    ROW("POST", "/_field_caps", API_ROW_SMALL, CAPS, "Say what fields there are", caps_all),
    ROW("GET", "/{index}/_field_caps", API_ROW_SMALL, CAPS, "Say what fields there are", caps),
    ROW("POST", "/{index}/_field_caps", API_ROW_SMALL, CAPS, "Say what fields there are", caps),
    ROW("GET", "/_mapping", 0, MAPPING, "Say what types fields have", mapping_all),
    ROW("GET", "/{index}/_mapping", 0, MAPPING, "Say what types fields have", mapping),
    ROW("GET", "/{index}/_doc/{id*}", 0, DOCUMENT, "Give an event, an alert or a result", document),
    {0},
};
