/* SPDX-License-Identifier: Apache-2.0 */
#include "elastic/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "elastic/target.h"
#include "format/node.h"
#include "http/request.h"
#include "store/state.h"

#include <string.h>

/*
 * Set-ups of shippers put templates, lifecycle policies, pipelines and data streams, and look
 * whether they are there. Weir needs none of them: the field table knows every field, retention is
 * a setting. They are kept and shown as they came.
 */

/* How one kind is written in an answer. */
struct kind {
    enum store_list list;
    const char *array; /* {"array":[{"name":…,"member":doc}]}; NULL: {"name":doc} */
    const char *member;
};

static const struct kind index_templates = {STORE_INDEX_TEMPLATES, "index_templates",
                                            "index_template"};
static const struct kind component_templates = {STORE_COMPONENT_TEMPLATES, "component_templates",
                                                "component_template"};
static const struct kind legacy_templates = {STORE_LEGACY_TEMPLATES, NULL, NULL};
static const struct kind lifecycles = {STORE_LIFECYCLES, NULL, NULL};
static const struct kind pipelines = {STORE_PIPELINES, NULL, NULL};
static const struct kind data_streams = {STORE_DATA_STREAMS, "data_streams", NULL};

static void acknowledge(struct api_call *c)
{
    format_write_begin_object(&c->out);
    format_write_field_bool(&c->out, "acknowledged", true);
    format_write_end_object(&c->out);
}

static enum err broken(enum err err, struct err_text *why)
{
    return err_set(why, err, "the state cannot be used: %s", err_name(err));
}

/* What a kind may hold: shippers may put, and listing reads all of it. */
#define KEPT_MOST 1000
#define KEPT_BYTES ((size_t)64 << 20)

struct room {
    const char *name; /* which is replaced, and counts no more */
    size_t n, bytes;
};

static bool measure(void *ctx, const char *id, const char *doc)
{
    struct room *room = ctx;
    if (strcmp(id, room->name) != 0) {
        room->n++;
        room->bytes += strlen(doc);
    }
    return true;
}

static enum err see_room(struct api_call *c, const struct kind *kind, size_t bytes,
                         struct err_text *why)
{
    struct room room = {.name = api_call_part(c, "name")};
    enum err err = store_state_listed_all(c->ports->state, kind->list, measure, &room);
    if (err != ERR_NONE)
        return broken(err, why);
    if (room.n >= KEPT_MOST || room.bytes + bytes > KEPT_BYTES)
        return api_call_fail(c, 429, "circuit_breaking_exception", why,
                             "at most %d of a kind, and 64 MiB of them, are kept", KEPT_MOST);
    return ERR_NONE;
}

static enum err put(struct api_call *c, const struct kind *kind, struct err_text *why)
{
    struct format_node *body;
    struct buf doc;
    enum err err = api_call_body(c, kind != &data_streams, &body, why);
    if (err != ERR_NONE)
        return err;
    if (body != NULL && format_node_type(body) != FORMAT_OBJECT)
        return api_call_fail(c, 400, "parse_exception", why, "the body must be an object");
    buf_init(&doc);
    if (body != NULL)
        format_node_write(body, &doc);
    else
        buf_str(&doc, "{}");
    err = buf_ok(&doc) ? see_room(c, kind, doc.n, why) : broken(ERR_MEMORY, why);
    if (err == ERR_NONE) {
        err = store_state_listed_put(c->ports->state, kind->list, api_call_part(c, "name"),
                                     buf_text(&doc));
        if (err != ERR_NONE)
            broken(err, why);
    }
    buf_release(&doc);
    if (err == ERR_NONE)
        acknowledge(c);
    return err;
}

struct shown {
    struct format_writer *w;
    const struct kind *kind;
    const char *patterns; /* NULL: all */
    size_t n;
};

static bool show(void *ctx, const char *id, const char *doc)
{
    struct shown *s = ctx;
    if (s->patterns != NULL && !elastic_target_fits(s->patterns, id))
        return true;
    s->n++;
    if (s->kind->array == NULL) {
        format_write_key(s->w, id);
        format_write_raw(s->w, doc, strlen(doc));
        return true;
    }
    format_write_begin_object(s->w);
    format_write_field_str(s->w, "name", id);
    if (s->kind->member != NULL) {
        format_write_key(s->w, s->kind->member);
        format_write_raw(s->w, doc, strlen(doc));
    } else {
        format_write_key(s->w, "timestamp_field");
        format_write_begin_object(s->w);
        format_write_field_str(s->w, "name", "@timestamp");
        format_write_end_object(s->w);
        format_write_key(s->w, "indices");
        format_write_begin_array(s->w);
        format_write_end_array(s->w);
        format_write_field_i64(s->w, "generation", 1);
        format_write_field_str(s->w, "status", "GREEN");
        format_write_field_bool(s->w, "hidden", false);
        format_write_field_bool(s->w, "system", false);
    }
    format_write_end_object(s->w);
    return true;
}

static enum err list(struct api_call *c, const struct kind *kind, const char *patterns,
                     struct err_text *why)
{
    struct shown s = {.w = &c->out, .kind = kind, .patterns = patterns};
    format_write_begin_object(&c->out);
    if (kind->array != NULL) {
        format_write_key(&c->out, kind->array);
        format_write_begin_array(&c->out);
    }
    enum err err = store_state_listed_all(c->ports->state, kind->list, show, &s);
    if (err != ERR_NONE)
        return broken(err, why);
    if (kind->array != NULL)
        format_write_end_array(&c->out);
    format_write_end_object(&c->out);
    if (s.n == 0 && patterns != NULL && strchr(patterns, '*') == NULL)
        return api_call_fail(c, 404, "resource_not_found_exception", why, "[%.200s] is missing",
                             patterns);
    return ERR_NONE;
}

static enum err drop(struct api_call *c, const struct kind *kind, struct err_text *why)
{
    const char *name = api_call_part(c, "name");
    enum err err = store_state_listed_delete(c->ports->state, kind->list, name);
    if (err == ERR_NOT_FOUND)
        return api_call_fail(c, 404, "resource_not_found_exception", why, "[%.200s] is missing",
                             name);
    if (err != ERR_NONE)
        return broken(err, why);
    acknowledge(c);
    return ERR_NONE;
}

/* The four routes of a kind. */
#define ROUTES(kind)                                                                               \
    static enum err put_##kind(struct api_call *c, struct err_text *why)                           \
    {                                                                                              \
        return put(c, &kind, why);                                                                 \
    }                                                                                              \
    static enum err get_##kind(struct api_call *c, struct err_text *why)                           \
    {                                                                                              \
        return list(c, &kind, api_call_part(c, "name"), why);                                      \
    }                                                                                              \
    static enum err all_##kind(struct api_call *c, struct err_text *why)                           \
    {                                                                                              \
        return list(c, &kind, NULL, why);                                                          \
    }                                                                                              \
    static enum err delete_##kind(struct api_call *c, struct err_text *why)                        \
    {                                                                                              \
        return drop(c, &kind, why);                                                                \
    }

ROUTES(index_templates)
ROUTES(component_templates)
ROUTES(legacy_templates)
ROUTES(lifecycles)
ROUTES(pipelines)
ROUTES(data_streams)

/* Policies may be set up wholly by the server: then shippers put none. */
static enum err ilm_status(struct api_call *c, struct err_text *why)
{
    (void)why;
    format_write_begin_object(&c->out);
    format_write_field_str(&c->out, "operation_mode", "RUNNING");
    format_write_end_object(&c->out);
    return ERR_NONE;
}

#define PARAMS                                                                                     \
    "master_timeout:span timeout:span create:boolean order:integer flat_settings:boolean "         \
    "include_type_name:boolean local:boolean cause:text include_defaults:boolean "                 \
    "expand_wildcards:text summary:boolean verbose:boolean"
#define ROW(method, path, right, body, summary, handle)                                            \
    {                                                                                              \
        method, path, right, API_FORM_ELASTIC, body, PARAMS, summary, handle, HTTP_LANE_SHORT      \
    }
#define ROWS(path, kind, what)                                                                     \
    ROW("PUT", path "/{name*}", AUTH_RIGHT_SHIP, API_ROW_LARGE, "Keep " what, put_##kind),         \
        ROW("POST", path "/{name*}", AUTH_RIGHT_SHIP, API_ROW_LARGE, "Keep " what, put_##kind),    \
        ROW("GET", path "/{name*}", AUTH_RIGHT_GREET, 0, "Show " what, get_##kind),                \
        ROW("GET", path, AUTH_RIGHT_GREET, 0, "Show all of the kind: " what, all_##kind),          \
        ROW("DELETE", path "/{name*}", AUTH_RIGHT_STEER, 0, "Forget " what, delete_##kind)

const struct api_row elastic_template_rows[] = {
    ROWS("/_index_template", index_templates, "an index template"),
    ROWS("/_component_template", component_templates, "a component template"),
    ROWS("/_template", legacy_templates, "an index template of the older kind"),
    ROWS("/_ilm/policy", lifecycles, "a lifecycle policy"),
    ROWS("/_ingest/pipeline", pipelines, "an ingest pipeline"),
    ROWS("/_data_stream", data_streams, "a data stream"),
    ROW("GET", "/_ilm/status", AUTH_RIGHT_GREET, 0, "Whether policies are carried out", ilm_status),
    {0},
};
