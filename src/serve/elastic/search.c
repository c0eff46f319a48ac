/* SPDX-License-Identifier: Apache-2.0 */
#include "elastic/search.h"

#include "elastic/rows.h"

#include "api/api.h"
#include "api/form.h"
#include "auth/guard.h"
#include "base/clock.h"
#include "find/name.h"
#include "format/node.h"
#include "http/request.h"

#include <stdlib.h>
#include <string.h>

/* Searches of one _msearch, documents of one _mget. */
#define MANY_MOST 1000
/* Bytes of all their answers: each search has a limit of its own, and all are held until the last.
 */
#define MANY_BYTES ((size_t)64 << 20)

static bool is_gone(void *ctx)
{
    return http_request_is_gone(ctx);
}

enum err elastic_search_told(struct api_call *c, enum err err, const struct find_error *error,
                             struct err_text *why)
{
    char sentence[sizeof(error->text.file) + sizeof(error->text.message) + 32];
    if (err == ERR_NONE)
        return ERR_NONE;
    return api_call_fail(c, (unsigned)error->status, error->type, why, "%s",
                         err_format(&error->text, sentence, sizeof(sentence)));
}

/* Parameters of the query string as members of the body, which they outrank. */

static void put_list(struct format_writer *w, const char *text)
{
    format_write_begin_array(w);
    while (*text != '\0') {
        size_t n = strcspn(text, ",");
        if (n > 0)
            format_write_str_n(w, text, n);
        text += n + (text[n] == ',');
    }
    format_write_end_array(w);
}

/* "time:desc,_doc" */
static void put_sort(struct format_writer *w, const char *text)
{
    format_write_begin_array(w);
    while (*text != '\0') {
        size_t n = strcspn(text, ","), name = strcspn(text, ",:");
        format_write_begin_object(w);
        format_write_key_n(w, text, name);
        if (name < n)
            format_write_str_n(w, text + name + 1, n - name - 1);
        else
            format_write_str(w, name == 6 && memcmp(text, "_score", 6) == 0 ? "desc" : "asc");
        format_write_end_object(w);
        text += n + (text[n] == ',');
    }
    format_write_end_array(w);
}

/* A number or a truth as JSON, whatever else as text. */
static void put_plain(struct format_writer *w, const char *text)
{
    char *end;
    (void)strtoll(text, &end, 10);
    if (text[0] != '\0' && *end == '\0' && text[0] != ' ' && text[0] != '+')
        format_write_raw(w, text, strlen(text));
    else if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        format_write_raw(w, text, strlen(text));
    else
        format_write_str(w, text);
}

/* Lucene's query language, as ?q= has it. */
static void put_q(struct api_call *c, struct format_writer *w, const char *text)
{
    static const char *const names[][2] = {{"default_operator", "default_operator"},
                                           {"df", "default_field"}};
    format_write_begin_object(w);
    format_write_key(w, "query_string");
    format_write_begin_object(w);
    format_write_field_str(w, "query", text);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = http_request_param(c->request, names[i][0]);
        if (value != NULL)
            format_write_field_str(w, names[i][1], value);
    }
    format_write_end_object(w);
    format_write_end_object(w);
}

static bool put_source(struct api_call *c, struct format_writer *w)
{
    const char *source = http_request_param(c->request, "_source");
    const char *includes = http_request_param(c->request, "_source_includes");
    const char *excludes = http_request_param(c->request, "_source_excludes");
    if (source == NULL && includes == NULL && excludes == NULL)
        return false;
    format_write_key(w, "_source");
    if (includes == NULL && excludes == NULL) {
        if (strcmp(source, "true") == 0 || strcmp(source, "false") == 0)
            put_plain(w, source);
        else
            put_list(w, source);
        return true;
    }
    format_write_begin_object(w);
    if (includes != NULL) {
        format_write_key(w, "includes");
        put_list(w, includes);
    }
    if (excludes != NULL) {
        format_write_key(w, "excludes");
        put_list(w, excludes);
    }
    format_write_end_object(w);
    return true;
}

/* Which member a parameter becomes, NULL: none of the body's. */
static const char *member_of(const char *param)
{
    static const char *const names[] = {
        "size",         "from",    "track_total_hits",    "sort",    "terminate_after",
        "timeout",      "version", "seq_no_primary_term", "explain", "docvalue_fields",
        "stored_fields"};
    if (strcmp(param, "q") == 0)
        return "query";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], param) == 0)
            return names[i];
    return NULL;
}

/* The body with what the query string says; *out is a tree of its own, or NULL. */
static enum err merge(struct api_call *c, struct format_node *body, struct format_node **out,
                      struct err_text *why)
{
    struct buf text;
    struct format_writer w;
    const char *name, *value;
    buf_init(&text);
    format_write_init(&w, &text);
    format_write_begin_object(&w);
    bool source = put_source(c, &w), any = source;
    for (size_t i = 0; http_request_param_at(c->request, i, &name, &value); i++) {
        const char *member = member_of(name);
        if (member == NULL)
            continue;
        any = true;
        format_write_key(&w, member);
        if (strcmp(name, "q") == 0)
            put_q(c, &w, value);
        else if (strcmp(name, "sort") == 0)
            put_sort(&w, value);
        else if (strcmp(name, "docvalue_fields") == 0 || strcmp(name, "stored_fields") == 0)
            put_list(&w, value);
        else
            put_plain(&w, value);
    }
    for (size_t i = 0; i < format_node_count(body); i++) {
        const struct format_node *m = format_node_at(body, i);
        const char *key = format_node_key(m);
        bool outranked =
            strcmp(key, "query") == 0 ? http_request_param(c->request, "q") != NULL
            : strcmp(key, "_source") == 0
                ? source
                : member_of(key) != NULL && http_request_param(c->request, key) != NULL;
        if (outranked)
            continue;
        format_write_key_n(&w, key, format_node_key_len(m));
        format_node_write_value(m, &w);
    }
    format_write_end_object(&w);
    enum err err = ERR_NONE;
    *out = NULL;
    if (!buf_ok(&text))
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    else if (any)
        err = format_node_json(buf_text(&text), text.n, "request", out, why);
    buf_release(&text);
    return err;
}

/* Two keys of one name are one; a key and a user are not. */
const char *elastic_search_owner(struct api_call *c)
{
    if (c->guest == NULL)
        return "";
    size_t n = strlen(c->guest->name);
    char *owner = arena_alloc(&c->arena, n + 2);
    if (owner == NULL)
        return "";
    owner[0] = c->guest->means == AUTH_GUARD_KEY ? 'k' : 'u';
    memcpy(owner + 1, c->guest->name, n + 1);
    return owner;
}

enum err elastic_search_name(struct api_call *c, const char *names, const char **out,
                             struct err_text *why)
{
    size_t n;
    *out = names;
    if (names == NULL)
        return ERR_NONE;
    enum err err = find_name_resolve(names, strlen(names), c->now, &c->arena, out, &n, why);
    return err != ERR_INVALID
               ? err
               : api_call_fail(c, 400, "illegal_argument_exception", why, "%s", why->message);
}

enum err elastic_search_begin(struct api_call *c, bool has_index, struct find_request *out,
                              struct err_text *why)
{
    *out = (struct find_request){.index = has_index ? api_call_part(c, "index") : NULL,
                                 .now = c->now,
                                 .owner = elastic_search_owner(c),
                                 .cancel = {is_gone, c->request}};
    enum err err = elastic_search_name(c, out->index, &out->index, why);
    if (err == ERR_NONE)
        err = api_call_body(c, false, &out->body, why);
    if (err == ERR_NONE && out->body != NULL && format_node_type(out->body) != FORMAT_OBJECT)
        err = api_call_fail(c, 400, "parsing_exception", why, "the body must be an object");
    return err;
}

enum err elastic_search_flag(struct api_call *c, const char *name, bool *out, struct err_text *why)
{
    const char *text = http_request_param(c->request, name);
    *out = text != NULL && (text[0] == '\0' || strcmp(text, "true") == 0);
    if (text == NULL || *out || strcmp(text, "false") == 0)
        return ERR_NONE;
    return api_call_fail(c, 400, "illegal_argument_exception", why,
                         "Failed to parse value [%.100s] for [%s]: only [true] or [false] are "
                         "allowed",
                         text, name);
}

/* Those of a search. */
static enum err flags(struct api_call *c, struct find_request *r, struct err_text *why)
{
    enum err err = elastic_search_flag(c, "typed_keys", &r->typed_keys, why);
    if (err == ERR_NONE)
        err = elastic_search_flag(c, "rest_total_hits_as_int", &r->total_as_int, why);
    return err == ERR_NONE ? elastic_search_flag(c, "ignore_unavailable", &r->lenient, why) : err;
}

typedef enum err (*find_fn)(struct find *f, const struct find_request *r, struct buf *out,
                            struct find_error *error);

static enum err ask(struct api_call *c, bool has_index, find_fn fn, struct err_text *why)
{
    struct find_request r;
    struct find_error error;
    struct format_node *merged = NULL;
    enum err err = elastic_search_begin(c, has_index, &r, why);
    if (err == ERR_NONE)
        err = flags(c, &r, why);
    if (err == ERR_NONE)
        err = merge(c, r.body, &merged, why);
    const char *scroll = http_request_param(c->request, "scroll");
    if (err == ERR_NONE && scroll != NULL)
        err = elastic_search_told(c, find_read_keep(scroll, &r.keep, &error), &error, why);
    if (err != ERR_NONE) {
        format_node_free(merged);
        return err;
    }
    if (merged != NULL)
        r.body = merged;
    err = elastic_search_told(c, fn(c->ports->find, &r, c->out.out, &error), &error, why);
    format_node_free(merged);
    return err;
}

/* A search, or the first page of a scroll. */
static enum err search_or_scroll(struct find *f, const struct find_request *r, struct buf *out,
                                 struct find_error *error)
{
    return r->keep > 0 ? find_scroll_begin(f, r, out, error) : find_search(f, r, out, error);
}

static enum err search_all(struct api_call *c, struct err_text *why)
{
    return ask(c, false, search_or_scroll, why);
}

static enum err search(struct api_call *c, struct err_text *why)
{
    return ask(c, true, search_or_scroll, why);
}

static enum err count_all(struct api_call *c, struct err_text *why)
{
    return ask(c, false, find_count, why);
}

static enum err count(struct api_call *c, struct err_text *why)
{
    return ask(c, true, find_count, why);
}

static enum err caps(struct api_call *c, bool has_index, struct err_text *why)
{
    struct find_request r;
    struct find_error error;
    enum err err = elastic_search_begin(c, has_index, &r, why);
    if (err == ERR_NONE)
        err = elastic_search_flag(c, "ignore_unavailable", &r.lenient, why);
    if (err != ERR_NONE)
        return err;
    err = find_field_caps(c->ports->find, &r, http_request_param(c->request, "fields"), c->out.out,
                          &error);
    return elastic_search_told(c, err, &error, why);
}

static enum err caps_all(struct api_call *c, struct err_text *why)
{
    return caps(c, false, why);
}

static enum err caps_index(struct api_call *c, struct err_text *why)
{
    return caps(c, true, why);
}

static enum err mapping(struct api_call *c, bool has_index, struct err_text *why)
{
    struct find_request r;
    struct find_error error;
    enum err err = elastic_search_begin(c, has_index, &r, why);
    if (err == ERR_NONE)
        err = elastic_search_flag(c, "ignore_unavailable", &r.lenient, why);
    if (err != ERR_NONE)
        return err;
    return elastic_search_told(c, find_mapping(c->ports->find, &r, c->out.out, &error), &error,
                               why);
}

static enum err mapping_all(struct api_call *c, struct err_text *why)
{
    return mapping(c, false, why);
}

static enum err mapping_index(struct api_call *c, struct err_text *why)
{
    return mapping(c, true, why);
}

static enum err get(struct api_call *c, struct err_text *why)
{
    struct find_request r;
    struct find_error error;
    enum err err = elastic_search_begin(c, true, &r, why);
    if (err != ERR_NONE)
        return err;
    err = find_get(c->ports->find, &r, api_call_part(c, "id"), c->out.out, &error);
    if (err != ERR_NOT_FOUND || c->out.out->n == 0)
        return elastic_search_told(c, err, &error, why);
    http_answer_set_status(c->answer, 404); /* with "found": false */
    return ERR_NONE;
}

/* One document of several, or why not. doc: an object with _id, or the id alone. */
static enum err get_one(struct api_call *c, struct find_request *r, const struct format_node *doc,
                        struct err_text *why)
{
    static const char *const known[] = {"_id", "_index"};
    const struct format_node *named = format_node_get(doc, "_index");
    const char *index = format_node_str(named, r->index);
    bool object = format_node_type(doc) == FORMAT_OBJECT;
    const char *id = format_node_str(object ? format_node_get(doc, "_id") : doc, NULL);
    for (size_t i = 0; object && i < format_node_count(doc); i++) {
        const char *key = format_node_key(format_node_at(doc, i));
        if (strcmp(key, known[0]) != 0 && strcmp(key, known[1]) != 0)
            return api_call_fail(c, 400, "illegal_argument_exception", why,
                                 "of a document _id and _index are asked for, not [%.100s]", key);
    }
    if (id == NULL || index == NULL)
        return api_call_fail(c, 400, "action_request_validation_exception", why,
                             "Validation Failed: 1: %s is missing;", id == NULL ? "id" : "index");
    struct find_request one = *r;
    struct find_error error;
    struct buf answer;
    buf_init(&answer);
    enum err err = elastic_search_name(c, index, &one.index, why);
    if (err != ERR_NONE)
        return err;
    err = find_get(c->ports->find, &one, id, &answer, &error);
    if (err == ERR_NONE || (err == ERR_NOT_FOUND && answer.n > 0)) {
        format_write_raw(&c->out, answer.p, answer.n);
    } else {
        format_write_begin_object(&c->out);
        format_write_field_str(&c->out, "_index", index);
        format_write_field_str(&c->out, "_id", id);
        format_write_key(&c->out, "error");
        format_write_begin_object(&c->out);
        format_write_field_str(&c->out, "type", error.type);
        format_write_field_str(&c->out, "reason", error.text.message);
        format_write_end_object(&c->out);
        format_write_end_object(&c->out);
    }
    buf_release(&answer);
    return ERR_NONE;
}

static enum err get_many(struct api_call *c, bool has_index, struct err_text *why)
{
    struct find_request r;
    enum err err = elastic_search_begin(c, has_index, &r, why);
    if (err != ERR_NONE)
        return err;
    const struct format_node *list = format_node_get(r.body, "docs");
    if (list == NULL)
        list = format_node_get(r.body, "ids");
    size_t n = format_node_count(list);
    if (format_node_count(r.body) != 1 || format_node_type(list) != FORMAT_ARRAY || n == 0)
        return api_call_fail(c, 400, "action_request_validation_exception", why,
                             "Validation Failed: 1: no documents to get: docs or ids are asked "
                             "for, and nothing else;");
    if (n > MANY_MOST)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "at most %d documents in a request", MANY_MOST);
    format_write_begin_object(&c->out);
    format_write_key(&c->out, "docs");
    format_write_begin_array(&c->out);
    for (size_t i = 0; i < n && err == ERR_NONE; i++) {
        if (is_gone(c->request))
            err = err_set(why, ERR_STOPPED, "nobody waits for the answer");
        else if (c->out.out->n > MANY_BYTES)
            err = api_call_fail(c, 429, "circuit_breaking_exception", why,
                                "the documents are larger than 64 MiB together: ask in several "
                                "requests");
        else
            err = get_one(c, &r, format_node_at(list, i), why);
    }
    format_write_end_array(&c->out);
    format_write_end_object(&c->out);
    return err;
}

static enum err get_many_all(struct api_call *c, struct err_text *why)
{
    return get_many(c, false, why);
}

static enum err get_many_index(struct api_call *c, struct err_text *why)
{
    return get_many(c, true, why);
}

/* One search of many: its answer or its failure, with the status in it. all is what the request
 * says for each of them. */
static void one_of_many(struct api_call *c, const struct find_request *all, const char *head,
                        size_t head_n, const char *body, size_t body_n)
{
    struct format_writer *w = &c->out;
    struct format_node *header = NULL, *query = NULL;
    struct find_error error = {.type = "parsing_exception", .status = 400};
    struct buf answer, index;
    buf_init(&answer);
    buf_init(&index);
    struct find_request r = *all;
    enum err err =
        head_n > 0 ? format_node_json(head, head_n, "header", &header, &error.text) : ERR_NONE;
    if (err == ERR_NONE)
        err = format_node_json(body, body_n, "body", &query, &error.text);
    const struct format_node *named = format_node_get(header, "index");
    for (size_t i = 0; i < format_node_count(named); i++) {
        buf_str(&index, i > 0 ? "," : "");
        buf_str(&index, format_node_str(format_node_at(named, i), ""));
    }
    if (format_node_type(named) == FORMAT_STRING)
        buf_str(&index, format_node_str(named, ""));
    r.index = index.n > 0 ? buf_text(&index) : all->index;
    r.lenient = format_node_bool(format_node_get(header, "ignore_unavailable"), all->lenient);
    r.body = query;
    size_t n;
    if (err == ERR_NONE && r.index != NULL)
        err = find_name_resolve(r.index, strlen(r.index), c->now, &c->arena, &r.index, &n,
                                &error.text);
    if (err == ERR_NONE)
        err = find_search(c->ports->find, &r, &answer, &error);
    if (err == ERR_NONE && answer.n > 1) {
        answer.n--; /* its closing bracket: the status is one more member */
        format_write_raw(w, answer.p, answer.n);
        buf_str(w->out, ",\"status\":200}");
    } else {
        char sentence[1000];
        buf_clear(&answer);
        api_form_error(&answer, API_FORM_ELASTIC, (unsigned)error.status, error.type,
                       err_format(&error.text, sentence, sizeof(sentence)));
        format_write_raw(w, buf_text(&answer), answer.n);
    }
    format_node_free(header);
    format_node_free(query);
    buf_release(&answer);
    buf_release(&index);
}

static bool line(const char **at, const char *end, const char **out, size_t *out_n)
{
    if (*at >= end)
        return false;
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    *out = *at;
    *out_n = (size_t)((stop != NULL ? stop : end) - *at);
    *at += *out_n + (stop != NULL);
    return true;
}

static enum err many(struct api_call *c, const char *index, struct err_text *why)
{
    struct bytes body = http_request_body(c->request);
    const char *at = (const char *)body.p, *end = at + body.n, *head, *query;
    size_t head_n, query_n, n = 0;
    struct find_request all = {.index = index,
                               .now = c->now,
                               .owner = elastic_search_owner(c),
                               .cancel = {is_gone, c->request}};
    ts_ns began = clock_steady();
    if (body.n == 0)
        return api_call_fail(c, 400, "parse_exception", why, "request body is required");
    enum err err = flags(c, &all, why);
    if (err != ERR_NONE)
        return err;
    format_write_begin_object(&c->out);
    format_write_key(&c->out, "responses");
    format_write_begin_array(&c->out);
    while (line(&at, end, &head, &head_n)) {
        if (is_gone(c->request))
            return err_set(why, ERR_STOPPED, "nobody waits for the answer");
        if (!line(&at, end, &query, &query_n))
            return api_call_fail(c, 400, "illegal_argument_exception", why,
                                 "the msearch request must be terminated by a newline [\\n]");
        if (n++ == MANY_MOST)
            return api_call_fail(c, 400, "illegal_argument_exception", why,
                                 "at most %d searches in a request", MANY_MOST);
        if (is_gone(c->request))
            return err_set(why, ERR_STOPPED, "nobody waits for the answers any more");
        one_of_many(c, &all, head, head_n, query, query_n);
        if (c->out.out->n > MANY_BYTES)
            return api_call_fail(c, 429, "circuit_breaking_exception", why,
                                 "the answers are larger than 64 MiB together: ask in several "
                                 "requests");
    }
    format_write_end_array(&c->out);
    format_write_field_i64(&c->out, "took", (clock_steady() - began) / TIME_MS);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

static enum err many_all(struct api_call *c, struct err_text *why)
{
    return many(c, NULL, why);
}

static enum err many_index(struct api_call *c, struct err_text *why)
{
    return many(c, api_call_part(c, "index"), why);
}

#define WHERE                                                                                      \
    "ignore_unavailable:boolean allow_no_indices:boolean expand_wildcards:text "                   \
    "ignore_throttled:boolean preference:text routing:text "
#define LUCENE                                                                                     \
    "q:text df:text default_operator:text analyzer:text analyze_wildcard:boolean lenient:boolean "
#define SEARCH                                                                                     \
    WHERE LUCENE                                                                                   \
        "size:integer from:integer sort:text track_total_hits:text _source:text "                  \
        "_source_includes:text _source_excludes:text timeout:span terminate_after:integer "        \
        "scroll:span typed_keys:boolean rest_total_hits_as_int:boolean version:boolean "           \
        "seq_no_primary_term:boolean explain:boolean docvalue_fields:text stored_fields:text "     \
        "request_cache:boolean search_type:text "                                                  \
        "batched_reduce_size:integer ccs_minimize_roundtrips:boolean "                             \
        "max_concurrent_shard_requests:integer pre_filter_shard_size:integer "                     \
        "allow_partial_search_results:boolean"
#define COUNT WHERE LUCENE "min_score:number terminate_after:integer"
#define CAPS                                                                                       \
    WHERE "fields:text include_unmapped:boolean filters:text types:text "                          \
          "include_empty_fields:boolean"
#define MAPPING WHERE "local:boolean master_timeout:span timeout:span"
#define GET "realtime:boolean refresh:boolean preference:text routing:text"
#define MANY                                                                                       \
    WHERE "typed_keys:boolean rest_total_hits_as_int:boolean max_concurrent_searches:integer "     \
          "ccs_minimize_roundtrips:boolean max_concurrent_shard_requests:integer "                 \
          "pre_filter_shard_size:integer search_type:text"
#define ROW(method, path, params, summary, handle)                                                 \
    {                                                                                              \
        method, path, AUTH_RIGHT_READ, API_FORM_ELASTIC, API_ROW_SMALL, params, summary, handle,   \
            HTTP_LANE_LONG                                                                         \
    }

const struct api_row elastic_search_rows[] = {
    ROW("GET", "/_search", SEARCH, "Search all events", search_all),
    ROW("POST", "/_search", SEARCH, "Search all events", search_all),
    ROW("GET", "/{index}/_search", SEARCH, "Search an index", search),
    ROW("POST", "/{index}/_search", SEARCH, "Search an index", search),
    ROW("GET", "/_count", COUNT, "Count events", count_all),
    ROW("POST", "/_count", COUNT, "Count events", count_all),
    ROW("GET", "/{index}/_count", COUNT, "Count what an index holds", count),
    ROW("POST", "/{index}/_count", COUNT, "Count what an index holds", count),
    ROW("GET", "/_msearch", MANY, "Several searches", many_all),
    ROW("POST", "/_msearch", MANY, "Several searches", many_all),
    ROW("GET", "/{index}/_msearch", MANY, "Several searches of an index", many_index),
    ROW("POST", "/{index}/_msearch", MANY, "Several searches of an index", many_index),
    ROW("GET", "/_field_caps", CAPS, "Which fields there are", caps_all),
    ROW("POST", "/_field_caps", CAPS, "Which fields there are", caps_all),
    ROW("GET", "/{index}/_field_caps", CAPS, "Which fields an index has", caps_index),
    ROW("POST", "/{index}/_field_caps", CAPS, "Which fields an index has", caps_index),
    ROW("GET", "/_mapping", MAPPING, "Fields and their types", mapping_all),
    ROW("GET", "/{index}/_mapping", MAPPING, "Fields of an index and their types", mapping_index),
    ROW("GET", "/{index}/_doc/{id*}", GET, "One document", get),
    ROW("GET", "/_mget", GET, "Several documents", get_many_all),
    ROW("POST", "/_mget", GET, "Several documents", get_many_all),
    ROW("GET", "/{index}/_mget", GET, "Several documents of an index", get_many_index),
    ROW("POST", "/{index}/_mget", GET, "Several documents of an index", get_many_index),
    ROW("GET", "/{index}", MAPPING " include_defaults:boolean flat_settings:boolean features:text",
        "What an index is", mapping_index),
    {0},
};
