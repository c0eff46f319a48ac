/* SPDX-License-Identifier: Apache-2.0 */
/* Searches that are gone on with: points in time and scrolls. */
#include "find/find_priv.h"

#include "base/buf.h"
#include "base/clock.h"
#include "format/node.h"
#include "format/write.h"

#include <string.h>

static const char *owner_of(const char *owner)
{
    return owner != NULL ? owner : "";
}

enum err find_read_keep(const char *text, ts_ns *out, struct find_error *error)
{
    ts_ns keep;
    if (!time_parse_span(text, strlen(text), &keep) || keep <= 0)
        return find_error_argument(error, "[%.100s] is no time to keep a search for, such as 1m",
                                   text);
    if (keep > FIND_CONTEXT_KEEP_MOST)
        return find_error_argument(
            error, "Keep alive for request (%.100s) is too large. It must be less than (1d).",
            text);
    *out = keep;
    return ERR_NONE;
}

static enum err told(enum err err, const char *name, struct find_error *error)
{
    switch (err) {
    case ERR_NONE:
        return ERR_NONE;
    case ERR_NOT_FOUND:
        return find_error_context(error, name);
    case ERR_LIMIT:
        return find_error_contexts(error, FIND_CONTEXTS_OWN);
    case ERR_BUSY:
        return find_error_argument(error, "another request reads the next page of this scroll");
    default:
        return find_error_memory(error);
    }
}

/* What both are at first. */
static struct find_context begun(const struct find *f, const struct find_request *r,
                                 enum find_context_kind kind)
{
    return (struct find_context){
        .kind = kind,
        .index = r->index,
        .before = f->options.store != NULL ? store_arrived(f->options.store) + 1 : 0,
        .lenient = r->lenient,
        .now = r->now,
    };
}

enum err find_moment_open(struct find *f, const struct find_request *r, struct buf *out,
                          struct find_error *error)
{
    const struct find_context what = begun(f, r, FIND_CONTEXT_MOMENT);
    struct find_context *c;
    struct find_target target;
    struct format_writer w;
    if (format_node_count(r->body) > 0)
        return find_error_argument(error,
                                   "[%.60s] is not supported: a point in time is of whole indices",
                                   format_node_key(format_node_at(r->body, 0)));
    /* That an index is there is asked now, not by the first search. */
    enum err err = find_target_parse(r->index, f->options.store, r->lenient, &target, error);
    if (err != ERR_NONE)
        return err;
    find_target_release(&target);
    err = find_context_open(f->contexts, &what, owner_of(r->owner), r->keep, clock_steady(), &c);
    if (err != ERR_NONE)
        return told(err, "", error);
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_str(&w, "id", c->name);
    find_write_shards(&w);
    format_write_end_object(&w);
    find_context_give(f->contexts, c, clock_steady());
    return buf_ok(out) ? ERR_NONE : find_error_memory(error);
}

/* {"id": …, "keep_alive": …} */
static enum err read_pit(const struct format_node *v, const char **out_name, ts_ns *out_keep,
                         struct find_error *error)
{
    const struct format_node *name = format_node_get(v, "id");
    const struct format_node *keep = format_node_get(v, "keep_alive");
    *out_name = format_node_str(name, "");
    *out_keep = 0;
    if (format_node_type(v) != FORMAT_OBJECT || format_node_type(name) != FORMAT_STRING)
        return find_error_parse(error, v, "expected an object with an id as [pit]");
    const struct format_node *other = format_node_unknown(v);
    if (other != NULL)
        return find_error_parse(error, other, "[pit] knows no key [%.60s]", format_node_key(other));
    return keep == NULL ? ERR_NONE : find_read_keep(format_node_str(keep, ""), out_keep, error);
}

enum err find_search_moment(struct find *f, const struct find_request *r, struct buf *out,
                            struct find_error *error)
{
    struct find_page page = {.kind = FIND_BODY_MOMENT, .named = "pit_id"};
    struct find_request asked = *r;
    const char *name;
    ts_ns keep;
    enum err err = read_pit(format_node_get(r->body, "pit"), &name, &keep, error);
    if (err == ERR_NONE && r->index != NULL)
        err = find_error_argument(error, "[indices] cannot be used with point in time. Do not "
                                         "specify any index with point in time.");
    if (err != ERR_NONE)
        return err;
    err = find_context_take(f->contexts, FIND_CONTEXT_MOMENT, name, owner_of(r->owner), keep,
                            clock_steady(), &page.context);
    if (err != ERR_NONE)
        return told(err, name, error);
    asked.index = page.context->index;
    asked.lenient = page.context->lenient;
    err = find_search_page(f, &asked, &page, out, error);
    find_context_give(f->contexts, page.context, clock_steady());
    return err;
}

static enum err give_page(struct find *f, const struct find_request *r, struct find_context *c,
                          struct buf *out, struct find_error *error)
{
    const struct find_page page = {.kind = FIND_BODY_SCROLL, .context = c, .named = "_scroll_id"};
    return find_search_page(f, r, &page, out, error);
}

enum err find_scroll_begin(struct find *f, const struct find_request *r, struct buf *out,
                           struct find_error *error)
{
    struct find_context what = begun(f, r, FIND_CONTEXT_SCROLL);
    struct find_context *c;
    struct format_writer w;
    struct buf body;
    if (format_node_type(format_node_get(r->body, "pit")) != FORMAT_NULL)
        return find_error_argument(error, "using [point in time] is not allowed in a scroll "
                                          "context");
    buf_init(&body);
    format_write_init(&w, &body);
    if (r->body != NULL)
        format_node_write_value(r->body, &w);
    enum err err = buf_ok(&body) ? ERR_NONE : ERR_MEMORY;
    what.body = r->body != NULL ? buf_text(&body) : NULL;
    what.body_n = body.n;
    if (err == ERR_NONE)
        err =
            find_context_open(f->contexts, &what, owner_of(r->owner), r->keep, clock_steady(), &c);
    buf_release(&body);
    if (err != ERR_NONE)
        return told(err, "", error);
    err = give_page(f, r, c, out, error);
    const char *name = c->name;
    if (err != ERR_NONE)
        (void)find_context_close(f->contexts, FIND_CONTEXT_SCROLL, &name, 1, owner_of(r->owner));
    find_context_give(f->contexts, c, clock_steady());
    return err;
}

enum err find_scroll_next(struct find *f, const struct find_request *r, const char *name,
                          struct buf *out, struct find_error *error)
{
    struct find_context *c;
    struct format_node *body = NULL;
    struct find_request asked = *r;
    enum err err = find_context_take(f->contexts, FIND_CONTEXT_SCROLL, name, owner_of(r->owner),
                                     r->keep, clock_steady(), &c);
    if (err != ERR_NONE)
        return told(err, name, error);
    if (c->body != NULL)
        err = format_node_json(c->body, c->body_n, "body", &body,
                               error != NULL ? &error->text : NULL);
    asked.index = c->index;
    asked.lenient = c->lenient;
    asked.now = c->now;
    asked.body = body;
    err = err == ERR_NONE ? give_page(f, &asked, c, out, error) : find_error_memory(error);
    format_node_free(body);
    find_context_give(f->contexts, c, clock_steady());
    return err;
}

size_t find_moment_close(struct find *f, const char *owner, const char **names, size_t n)
{
    return find_context_close(f->contexts, FIND_CONTEXT_MOMENT, names, n, owner_of(owner));
}

size_t find_scroll_close(struct find *f, const char *owner, const char **names, size_t n)
{
    return find_context_close(f->contexts, FIND_CONTEXT_SCROLL, names, n, owner_of(owner));
}

size_t find_open_count(struct find *f)
{
    return find_context_count(f->contexts, clock_steady());
}
