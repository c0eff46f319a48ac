/* SPDX-License-Identifier: Apache-2.0 */
#include "elastic/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "base/clock.h"
#include "elastic/load.h"
#include "elastic/target.h"
#include "event/event.h"
#include "event/id.h"
#include "format/json.h"
#include "http/request.h"

#include <stdio.h>
#include <string.h>

/* The lines of a body. */
struct lines {
    const char *p, *end;
    unsigned number; /* of the line that was given last, 1-based */
};

static bool next_line(struct lines *l, const char **out, size_t *out_n)
{
    if (l->p >= l->end)
        return false;
    const char *end = memchr(l->p, '\n', (size_t)(l->end - l->p));
    size_t n = end != NULL ? (size_t)(end - l->p) : (size_t)(l->end - l->p);
    *out = l->p;
    l->p += n + (end != NULL);
    while (n > 0 && (*out)[n - 1] == '\r')
        n--;
    *out_n = n;
    l->number++;
    return true;
}

static bool is_blank(const char *p, size_t n)
{
    while (n > 0 && (*p == ' ' || *p == '\t')) {
        p++;
        n--;
    }
    return n == 0;
}

static bool is(const char *p, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(p, word, n) == 0;
}

struct bulk {
    struct api_call *call;
    struct elastic_load *load;
    struct format_json *json; /* of action lines */
    const char *index;        /* of the path, or NULL */
};

static enum err malformed(struct bulk *b, unsigned line, const char *what, struct err_text *why)
{
    return api_call_fail(b->call, 400, "illegal_argument_exception", why,
                         "Malformed action/metadata line [%u], %s", line, what);
}

/* A text of the action's object, copied: the tape dies with the next line. */
static bool take_text(struct bulk *b, const struct format_json_tape *t, uint32_t at,
                      const char **out, size_t *out_n)
{
    size_t n;
    if (format_json_type(t, at) != FORMAT_STRING)
        return false;
    const char *s = format_json_str(t, at, &n);
    *out = arena_strndup(&b->call->arena, s, n);
    *out_n = n;
    return *out != NULL && strlen(*out) == n;
}

/* Reads {"create":{"_index":"x","_id":"1"}}. */
static enum err read_action(struct bulk *b, const char *line, size_t n, unsigned number,
                            struct elastic_load_item *out, struct err_text *why)
{
    static const char *const actions[] = {"create", "index", "update", "delete"};
    struct format_json_bad bad;
    struct format_json_tape t;
    size_t name_n;
    enum err err = format_json_parse(b->json, line, n, &bad);
    if (err == ERR_FORMAT || err == ERR_LIMIT)
        return malformed(b, number, "expected a JSON object", why);
    if (err != ERR_NONE)
        return err_set(why, err, "%s", err_name(err));
    format_json_view(b->json, &t);
    uint32_t at = FORMAT_JSON_ROOT + 1, value = at + 1;
    if (format_json_type(&t, FORMAT_JSON_ROOT) != FORMAT_OBJECT ||
        at >= format_json_end(&t, FORMAT_JSON_ROOT))
        return malformed(b, number, "expected START_OBJECT and a field with the action", why);
    const char *name = format_json_str(&t, at, &name_n);
    *out = (struct elastic_load_item){.action = NULL};
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (is(name, name_n, actions[i]))
            out->action = actions[i];
    if (out->action == NULL || format_json_type(&t, value) != FORMAT_OBJECT)
        return malformed(b, number, "expected field [create], [delete], [index] or [update]", why);
    if (format_json_next(&t, value) != format_json_end(&t, FORMAT_JSON_ROOT))
        return malformed(b, number, "expected one action", why);
    for (uint32_t i = value + 1; i < format_json_end(&t, value); i = format_json_next(&t, i)) {
        const char *key = format_json_str(&t, i++, &name_n);
        bool fine = true;
        if (is(key, name_n, "_index"))
            fine = take_text(b, &t, i, &out->index, &out->index_n);
        else if (is(key, name_n, "_id") && format_json_type(&t, i) != FORMAT_NULL)
            fine = take_text(b, &t, i, &out->id, &out->id_n);
        if (!fine)
            return malformed(b, number, "_index and _id must be strings", why);
    }
    if (out->id_n == 0)
        out->id = NULL; /* shippers write an empty one for none */
    if (out->index == NULL && b->index != NULL) {
        out->index = b->index;
        out->index_n = strlen(b->index);
    }
    return ERR_NONE;
}

/* One action with its document, if it has one. */
static enum err read_one(struct bulk *b, struct lines *l, const char *line, size_t n,
                         struct err_text *why)
{
    struct elastic_load_item item;
    struct err_text reason;
    unsigned number = l->number;
    const char *text;
    size_t text_n;
    enum err err = read_action(b, line, n, number, &item, why);
    if (err != ERR_NONE)
        return err;
    if (strcmp(item.action, "delete") != 0 && !next_line(l, &text, &text_n))
        return api_call_fail(b->call, 400, "illegal_argument_exception", why,
                             "The bulk request must be terminated by a newline [\\n]");
    if (item.index == NULL)
        return malformed(b, number, "an _index is required", why);
    if (strcmp(item.action, "update") == 0 || strcmp(item.action, "delete") == 0)
        return elastic_load_refuse(b->load, &item, 400, "illegal_argument_exception",
                                   "only write ops with an op_type of create or index are allowed: "
                                   "events are not changed once they are kept",
                                   why);
    if (item.id_n > ELASTIC_TARGET_ID_MOST)
        return elastic_load_refuse(b->load, &item, 400, "illegal_argument_exception",
                                   "id is too long, at most 512 bytes", why);
    if (elastic_target_check(item.index, item.index_n, &reason) != ERR_NONE)
        return elastic_load_refuse(b->load, &item, 400, "invalid_index_name_exception",
                                   reason.message, why);
    bool padded = (size_t)(l->end - text) >= text_n + FORMAT_JSON_PADDING;
    return elastic_load_add(b->load, &item, text, text_n, padded, why);
}

static enum err read_all(struct bulk *b, struct err_text *why)
{
    struct bytes body = http_request_body(b->call->request);
    struct lines l = {(const char *)body.p, (const char *)body.p + body.n, 0};
    const char *line;
    size_t n;
    enum err err = ERR_NONE;
    if (body.n == 0)
        return api_call_fail(b->call, 400, "parse_exception", why, "request body is required");
    while (err == ERR_NONE && next_line(&l, &line, &n))
        if (!is_blank(line, n))
            err = read_one(b, &l, line, n, why);
    return err;
}

static void write_shards(struct format_writer *w)
{
    format_write_key(w, "_shards");
    format_write_begin_object(w);
    format_write_field_i64(w, "total", 1);
    format_write_field_i64(w, "successful", 1);
    format_write_field_i64(w, "failed", 0);
    format_write_end_object(w);
}

/* _index, _id and what became of it; the caller has begun the object. */
static void write_item(struct format_writer *w, const struct elastic_load_item *item)
{
    format_write_key(w, "_index");
    format_write_str_n(w, item->index, item->index_n);
    format_write_key(w, "_id");
    if (item->id != NULL) {
        format_write_str_n(w, item->id, item->id_n);
    } else if (item->type == NULL) {
        char id[EVENT_ID_SIZE];
        const struct event e = {
            .time = item->time, .source = item->source, .sequence = item->sequence};
        event_id_write(&e, id);
        format_write_str(w, id);
    } else {
        format_write_null(w);
    }
    if (item->type != NULL) {
        format_write_field_i64(w, "status", item->status);
        format_write_key(w, "error");
        format_write_begin_object(w);
        format_write_field_str(w, "type", item->type);
        format_write_field_str(w, "reason", item->reason);
        format_write_end_object(w);
        return;
    }
    format_write_field_i64(w, "_version", 1);
    format_write_field_str(w, "result", "created");
    write_shards(w);
    format_write_field_i64(w, "_seq_no", (int64_t)item->sequence);
    format_write_field_i64(w, "_primary_term", 1);
}

static void write_items(struct api_call *c, const struct elastic_load *load, ts_ns took)
{
    struct format_writer *w = &c->out;
    bool errors = false;
    for (size_t i = 0; i < elastic_load_count(load); i++)
        errors |= elastic_load_item(load, i)->type != NULL;
    format_write_begin_object(w);
    format_write_field_bool(w, "errors", errors);
    format_write_field_i64(w, "took", took / TIME_MS);
    format_write_key(w, "items");
    format_write_begin_array(w);
    for (size_t i = 0; i < elastic_load_count(load); i++) {
        const struct elastic_load_item *item = elastic_load_item(load, i);
        format_write_begin_object(w);
        format_write_key(w, item->action);
        format_write_begin_object(w);
        write_item(w, item);
        if (item->type == NULL)
            format_write_field_i64(w, "status", item->status);
        format_write_end_object(w);
        format_write_end_object(w);
    }
    format_write_end_array(w);
    format_write_end_object(w);
}

static enum err run(struct api_call *c, const char *index, struct err_text *why)
{
    ts_ns began = clock_steady();
    struct bulk b = {
        .call = c, .load = elastic_load_new(c->now), .json = format_json_new(), .index = index};
    enum err err = b.load != NULL && b.json != NULL
                       ? read_all(&b, why)
                       : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE)
        err = elastic_load_send(b.load, c->ports, why);
    if (err == ERR_NONE)
        write_items(c, b.load, clock_steady() - began);
    format_json_free(b.json);
    elastic_load_free(b.load);
    return err;
}

static enum err bulk(struct api_call *c, struct err_text *why)
{
    return run(c, NULL, why);
}

static enum err bulk_index(struct api_call *c, struct err_text *why)
{
    return run(c, api_call_part(c, "index"), why);
}

/* One document by itself. */
static enum err write_one(struct api_call *c, const char *id, struct err_text *why)
{
    const char *index = api_call_part(c, "index");
    struct bytes body = http_request_body(c->request);
    struct elastic_load_item target = {.action = "index",
                                       .index = index,
                                       .index_n = strlen(index),
                                       .id = id,
                                       .id_n = id != NULL ? strlen(id) : 0};
    enum err err = elastic_target_check(index, strlen(index), why);
    if (err != ERR_NONE)
        return api_call_fail(c, 400, "invalid_index_name_exception", why, "%s", why->message);
    if (target.id_n > ELASTIC_TARGET_ID_MOST)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "id is too long, at most %d bytes", ELASTIC_TARGET_ID_MOST);
    struct elastic_load *load = elastic_load_new(c->now);
    err = load != NULL ? elastic_load_add(load, &target, (const char *)body.p, body.n, false, why)
                       : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    const struct elastic_load_item *item = err == ERR_NONE ? elastic_load_item(load, 0) : NULL;
    if (item != NULL && item->type == NULL)
        err = elastic_load_send(load, c->ports, why);
    if (err == ERR_NONE && item->type != NULL)
        err = api_call_fail(c, item->status, item->type, why, "%s", item->reason);
    if (err == ERR_NONE) {
        http_answer_set_status(c->answer, 201);
        format_write_begin_object(&c->out);
        write_item(&c->out, item);
        format_write_end_object(&c->out);
    }
    elastic_load_free(load);
    return err;
}

static enum err doc(struct api_call *c, struct err_text *why)
{
    return write_one(c, NULL, why);
}

static enum err doc_id(struct api_call *c, struct err_text *why)
{
    return write_one(c, api_call_part(c, "id"), why);
}

#define BULK_PARAMS                                                                                \
    "refresh:text pipeline:text routing:text timeout:span wait_for_active_shards:text "            \
    "require_alias:boolean require_data_stream:boolean list_executed_pipelines:boolean "           \
    "include_source_on_error:boolean"
#define DOC_PARAMS BULK_PARAMS " op_type:text"
#define ROW(method, path, body, params, summary, handle)                                           \
    {                                                                                              \
        method, path, AUTH_RIGHT_SHIP, API_FORM_ELASTIC, body, params, summary, handle             \
    }

const struct api_row elastic_bulk_rows[] = {
    ROW("POST", "/_bulk", API_ROW_BULK, BULK_PARAMS, "Write many events", bulk),
    ROW("PUT", "/_bulk", API_ROW_BULK, BULK_PARAMS, "Write many events", bulk),
    ROW("POST", "/{index}/_bulk", API_ROW_BULK, BULK_PARAMS, "Write many events to an index",
        bulk_index),
    ROW("PUT", "/{index}/_bulk", API_ROW_BULK, BULK_PARAMS, "Write many events to an index",
        bulk_index),
    ROW("POST", "/{index}/_doc", API_ROW_LARGE, DOC_PARAMS, "Write an event", doc),
    ROW("POST", "/{index}/_doc/{id*}", API_ROW_LARGE, DOC_PARAMS, "Write an event with an id",
        doc_id),
    ROW("PUT", "/{index}/_doc/{id*}", API_ROW_LARGE, DOC_PARAMS, "Write an event with an id",
        doc_id),
    ROW("POST", "/{index}/_create/{id*}", API_ROW_LARGE, DOC_PARAMS, "Write an event with an id",
        doc_id),
    ROW("PUT", "/{index}/_create/{id*}", API_ROW_LARGE, DOC_PARAMS, "Write an event with an id",
        doc_id),
    {0},
};
