/* SPDX-License-Identifier: Apache-2.0 */
#include "find/find.h"

#include "base/arena.h"
#include "base/buf.h"
#include "event/id.h"
#include "event/json.h"
#include "find/find_priv.h"
#include "find/hit.h"
#include "find/kept.h"
#include "find/target.h"
#include "format/write.h"
#include "query/query.h"
#include "store/store.h"

#include <string.h>

/* One document being looked for. */
struct getting {
    const struct find_target *target;
    const char *id;
    uint64_t sequence; /* of the one that is meant; 0: any of that id */
    struct buf *out;
    bool found;
    enum err error;
};

static void write_head(const char *index, const char *id, bool found, struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_field_str(w, "_index", index);
    format_write_field_str(w, "_id", id);
    if (found) {
        format_write_field_i64(w, "_version", 1);
        format_write_field_i64(w, "_seq_no", 0);
        format_write_field_i64(w, "_primary_term", 1);
    }
    format_write_field_bool(w, "found", found);
}

static bool write_event(void *ctx, struct event *e)
{
    struct getting *g = ctx;
    char index[QUERY_INDEX_NAME_SIZE];
    struct format_writer w;
    struct buf json;
    if (g->target->query != NULL && !query_match(g->target->query, e))
        return true;
    if (g->sequence != 0 && g->sequence != e->sequence)
        return true;
    (void)query_index_name(e, index);
    event_remove(e, EVENT_F_WEIR_ID);
    event_remove(e, EVENT_F_WEIR_INDEX);
    buf_init(&json);
    event_json_write(e, &json);
    if (!buf_ok(&json))
        g->error = ERR_MEMORY;
    format_write_init(&w, g->out);
    write_head(index, g->id, true, &w);
    format_write_key(&w, "_source");
    format_write_raw(&w, buf_text(&json), json.n);
    format_write_end_object(&w);
    buf_release(&json);
    g->found = true;
    return false;
}

static bool write_kept(void *ctx, const struct find_doc *doc)
{
    struct getting *g = ctx;
    struct format_writer w;
    format_write_init(&w, g->out);
    write_head(doc->index, doc->id, true, &w);
    format_write_key(&w, "_source");
    format_write_raw(&w, doc->json, doc->json_n);
    format_write_end_object(&w);
    g->found = true;
    return false;
}

/* Those of one moment. */
static enum err get_at(struct find *f, struct store_search *what, ts_ns time, struct getting *g,
                       struct err_text *why)
{
    what->from = time;
    what->to = time + 1;
    return store_search(f->options.store, what, write_event, g, why);
}

/* By the name its sender gave, where that is known: the latest that came of several. */
static enum err get_named(struct find *f, const char *index, struct store_search *what,
                          struct getting *g, struct err_text *why)
{
    ts_ns time;
    enum err rc = index != NULL
                      ? store_name_find(f->options.store, index, g->id, &time, &g->sequence)
                      : ERR_NOT_FOUND;
    if (rc == ERR_NONE)
        rc = get_at(f, what, time, g, why);
    g->sequence = 0;
    return rc == ERR_NOT_FOUND ? ERR_NONE : rc;
}

/* An event by its name, which says where it is; else by the one its sender gave, newest first. */
static enum err get_event(struct find *f, const struct find_request *r, struct getting *g,
                          struct err_text *why)
{
    ts_ns time;
    uint32_t source;
    uint64_t sequence;
    struct store_search what = {.from = TIME_NONE,
                                .to = TIME_MAX,
                                .order = STORE_NEWEST_FIRST,
                                .timeout_ns = r->timeout_ns,
                                .cancel = r->cancel};
    struct query *q;
    struct format_writer w;
    struct buf json;
    bool named = event_id_read(g->id, strlen(g->id), &time, &source, &sequence) &&
                 time != TIME_NONE && time != TIME_MAX;
    buf_init(&json);
    format_write_init(&w, &json);
    buf_str(&json, "{\"ids\":{\"values\":[");
    format_write_str(&w, g->id);
    buf_str(&json, "]}}");
    enum err rc = buf_ok(&json) ? query_parse_json(buf_text(&json), json.n, "id", 0, &q, why)
                                : err_set(why, ERR_MEMORY, "no memory for the query");
    buf_release(&json);
    if (rc != ERR_NONE)
        return rc;
    what.query = q;
    if (named)
        rc = get_at(f, &what, time, g, why);
    if (rc == ERR_NONE && !g->found)
        rc = get_named(f, r->index, &what, g, why);
    if (rc == ERR_NONE && !g->found) {
        what.from = TIME_NONE;
        what.to = TIME_MAX;
        rc = store_search(f->options.store, &what, write_event, g, why);
    }
    query_free(q);
    return rc;
}

enum err find_get(struct find *f, const struct find_request *r, const char *id, struct buf *out,
                  struct find_error *error)
{
    struct find_target target;
    struct err_text why = {.message = ""};
    size_t before = out->n;
    enum err rc = find_target_parse(r->index, f->options.store, r->lenient, &target, error);
    if (rc != ERR_NONE)
        return rc;
    struct getting g = {.target = &target, .id = id, .out = out};
    if (target.events && f->options.store != NULL)
        rc = get_event(f, r, &g, &why);
    if (rc == ERR_NONE && !g.found && find_target_kept(&target) && f->options.state != NULL) {
        rc = find_kept_get(f->options.state, &target, id, write_kept, &g, &why);
        rc = rc == ERR_NOT_FOUND ? ERR_NONE : rc;
    }
    if (rc == ERR_NONE)
        rc = g.error;
    if (rc == ERR_NONE && !g.found) {
        struct format_writer w;
        format_write_init(&w, out);
        write_head(r->index != NULL ? r->index : "", id, false, &w);
        format_write_end_object(&w);
    }
    find_target_release(&target);
    if (rc == ERR_NONE && !buf_ok(out))
        rc = ERR_MEMORY;
    if (rc != ERR_NONE) {
        out->n = before < out->n ? before : out->n;
        if (error != NULL)
            error->text = why;
        return find_error_of(error, rc);
    }
    return g.found ? ERR_NONE : ERR_NOT_FOUND;
}
