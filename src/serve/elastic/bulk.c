/* SPDX-License-Identifier: Apache-2.0 */
#include "elastic/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "base/clock.h"
#include "elastic/load.h"
#include "elastic/pipeline.h"
#include "elastic/read.h"
#include "elastic/search.h"
#include "elastic/target.h"
#include "event/event.h"
#include "event/id.h"
#include "http/request.h"

#include <stdio.h>
#include <string.h>

static void write_shards(struct format_writer *w)
{
    format_write_key(w, "_shards");
    format_write_begin_object(w);
    format_write_field_i64(w, "total", 1);
    format_write_field_i64(w, "successful", 1);
    format_write_field_i64(w, "failed", 0);
    format_write_end_object(w);
}

/* Where the document is that has the id: an index of one shard, and no identity but its name. */
static void write_place(struct format_writer *w, const struct elastic_load_item *item)
{
    format_write_field_str(w, "index_uuid", "_na_");
    format_write_field_str(w, "shard", "0");
    format_write_key(w, "index");
    format_write_str_n(w, item->index, item->index_n);
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
        if (item->status == 409)
            write_place(w, item);
        format_write_end_object(w);
        return;
    }
    format_write_field_i64(w, "_version", item->version);
    format_write_field_str(w, "result", item->status == 201 ? "created" : "updated");
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
    struct elastic_pipelines pipelines = {.state = c->ports->state};
    const struct elastic_read what = {.index = index,
                                      .pipeline = http_request_param(c->request, "pipeline"),
                                      .pipelines = &pipelines,
                                      .now = c->now};
    ts_ns began = clock_steady();
    struct bytes body = http_request_body(c->request);
    struct elastic_load *load = elastic_load_new(c->now);
    enum err err =
        load != NULL ? elastic_read_bulk((const char *)body.p, body.n, &what, load, &c->arena, why)
                     : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_INVALID)
        err = api_call_fail(c, 400, "illegal_argument_exception", why, "%s", why->message);
    if (err == ERR_LIMIT)
        err = api_call_fail(c, 413, "content_too_long_exception", why, "%s", why->message);
    if (err == ERR_NONE)
        err = elastic_load_send(load, c->ports, why);
    if (err == ERR_NONE)
        write_items(c, load, clock_steady() - began);
    elastic_load_free(load);
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

static enum err see_pipeline(struct api_call *c, struct err_text *why)
{
    struct elastic_pipelines pipelines = {.state = c->ports->state};
    enum err err =
        elastic_pipelines_see(&pipelines, http_request_param(c->request, "pipeline"), why);
    if (err == ERR_INVALID)
        return api_call_fail(c, 400, "illegal_argument_exception", why, "%s", why->message);
    return err;
}

/* One document by itself. */
static enum err write_one(struct api_call *c, const char *id, bool create, struct err_text *why)
{
    const char *index;
    struct bytes body = http_request_body(c->request);
    enum err err = see_pipeline(c, why);
    if (err == ERR_NONE)
        err = elastic_search_name(c, api_call_part(c, "index"), &index, why);
    if (err != ERR_NONE)
        return err;
    struct elastic_load_item target = {.action = create ? "create" : "index",
                                       .index = index,
                                       .index_n = strlen(index),
                                       .id = id,
                                       .id_n = id != NULL ? strlen(id) : 0};
    err = elastic_target_check(index, strlen(index), why);
    if (err != ERR_NONE)
        return api_call_fail(c, 400, "invalid_index_name_exception", why, "%s", why->message);
    if (body.n == 0)
        return api_call_fail(c, 400, "parse_exception", why, "request body is required");
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
        http_answer_set_status(c->answer, item->status);
        format_write_begin_object(&c->out);
        write_item(&c->out, item);
        format_write_end_object(&c->out);
    }
    elastic_load_free(load);
    return err;
}

/* Whether the document must be new: ?op_type=create. */
static enum err read_type(struct api_call *c, bool *out_create, struct err_text *why)
{
    const char *type = http_request_param(c->request, "op_type");
    *out_create = type != NULL && strcmp(type, "create") == 0;
    if (type == NULL || *out_create || strcmp(type, "index") == 0)
        return ERR_NONE;
    return api_call_fail(c, 400, "illegal_argument_exception", why,
                         "opType must be 'create' or 'index', found: [%.100s]", type);
}

static enum err doc(struct api_call *c, struct err_text *why)
{
    bool create;
    enum err err = read_type(c, &create, why);
    return err == ERR_NONE ? write_one(c, NULL, create, why) : err;
}

static enum err doc_id(struct api_call *c, struct err_text *why)
{
    bool create;
    enum err err = read_type(c, &create, why);
    return err == ERR_NONE ? write_one(c, api_call_part(c, "id"), create, why) : err;
}

static enum err create_id(struct api_call *c, struct err_text *why)
{
    return write_one(c, api_call_part(c, "id"), true, why);
}

/* What is acknowledged can be searched already. */
static enum err refresh(struct api_call *c, struct err_text *why)
{
    (void)why;
    format_write_begin_object(&c->out);
    write_shards(&c->out);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

#define BULK_PARAMS                                                                                \
    "refresh:text pipeline:text routing:text timeout:span wait_for_active_shards:text "            \
    "require_alias:boolean require_data_stream:boolean list_executed_pipelines:boolean "           \
    "include_source_on_error:boolean"
#define DOC_PARAMS BULK_PARAMS " op_type:text"
#define ROW(method, path, body, params, summary, handle)                                           \
    {                                                                                              \
        method, path, AUTH_RIGHT_SHIP, API_FORM_ELASTIC, body, params, summary, handle,            \
            HTTP_LANE_WRITE                                                                        \
    }

#define REFRESH(method, path, summary)                                                             \
    {                                                                                              \
        method, path, AUTH_RIGHT_GREET, API_FORM_ELASTIC, 0,                                       \
            "ignore_unavailable:boolean allow_no_indices:boolean expand_wildcards:text", summary,  \
            refresh, HTTP_LANE_SHORT                                                               \
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
    ROW("POST", "/{index}/_create/{id*}", API_ROW_LARGE, DOC_PARAMS,
        "Write an event with an id that no event has", create_id),
    ROW("PUT", "/{index}/_create/{id*}", API_ROW_LARGE, DOC_PARAMS,
        "Write an event with an id that no event has", create_id),
    REFRESH("GET", "/_refresh", "Have all events searchable, which they are"),
    REFRESH("POST", "/_refresh", "Have all events searchable, which they are"),
    REFRESH("GET", "/{index}/_refresh", "Have an index searchable, which it is"),
    REFRESH("POST", "/{index}/_refresh", "Have an index searchable, which it is"),
    {0},
};
