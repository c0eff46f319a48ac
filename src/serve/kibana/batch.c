/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/batch.h"

#include "api/call.h"
#include "format/node.h"

#include <string.h>

/* Objects of one request: while it is carried out, nothing else is. */
#define REQUEST_MAX 1000

void kibana_batch_init(struct kibana_batch *b, struct api_call *call, const char *command,
                       const char *verb, kibana_batch_fn fn, void *ctx)
{
    *b =
        (struct kibana_batch){.call = call, .command = command, .verb = verb, .fn = fn, .ctx = ctx};
    buf_init(&b->request);
}

void kibana_batch_release(struct kibana_batch *b)
{
    buf_release(&b->request);
}

static void begin(struct kibana_batch *b)
{
    buf_clear(&b->request);
    format_write_init(&b->w, &b->request);
    format_write_begin_object(&b->w);
    format_write_field_str(&b->w, "command", b->command);
    format_write_field_str(&b->w, "verb", b->verb);
    format_write_key(&b->w, "objects");
    format_write_begin_array(&b->w);
}

/* A line for each that was refused, in order; the others were done. */
static enum err tell(struct kibana_batch *b, const struct buf *said, struct err_text *why)
{
    const char *p = buf_text(said);
    size_t at = 0;
    if (!buf_ok(said))
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (const char *line; (line = strchr(p, '\n')) != NULL; p = line + 1) {
        struct format_node *refused;
        enum err err = format_node_json(p, (size_t)(line - p), "answer", &refused, why);
        if (err != ERR_NONE)
            return err == ERR_MEMORY ? err : err_set(why, ERR_IO, "the answer cannot be read");
        size_t i = (size_t)format_node_int(format_node_get(refused, "at"), 0);
        for (; at < i && at < b->n; at++)
            b->fn(b->ctx, b->sent + at, ERR_NONE, "");
        if (at < b->n)
            b->fn(b->ctx, b->sent + at++,
                  (enum err)format_node_int(format_node_get(refused, "code"), ERR_INVALID),
                  format_node_str(format_node_get(refused, "message"), ""));
        format_node_free(refused);
    }
    for (; at < b->n; at++)
        b->fn(b->ctx, b->sent + at, ERR_NONE, "");
    return ERR_NONE;
}

enum err kibana_batch_end(struct kibana_batch *b, struct err_text *why)
{
    struct buf said;
    if (b->n == 0)
        return ERR_NONE;
    buf_init(&said);
    format_write_end_array(&b->w);
    format_write_end_object(&b->w);
    enum err err = api_call_act(b->call, &b->request, &said, why);
    if (err == ERR_NONE)
        err = tell(b, &said, why);
    b->sent += b->n;
    b->n = 0;
    buf_release(&said);
    return err;
}

enum err kibana_batch_add(struct kibana_batch *b, const char *json, size_t n,
                          const struct kibana_batch_terms *terms, struct err_text *why)
{
    enum err err = b->n == REQUEST_MAX ? kibana_batch_end(b, why) : ERR_NONE;
    if (err != ERR_NONE)
        return err;
    if (b->n++ == 0)
        begin(b);
    format_write_begin_object(&b->w);
    format_write_field_bool(&b->w, "fresh", terms->fresh);
    if (terms->revision >= 0)
        format_write_field_i64(&b->w, "revision", terms->revision);
    if (terms->version != NULL)
        format_write_field_str(&b->w, "version", terms->version);
    format_write_key(&b->w, "text");
    format_write_str_n(&b->w, json, n);
    format_write_end_object(&b->w);
    return ERR_NONE;
}
