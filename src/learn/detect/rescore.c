/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/rescore.h"

#include "base/buf.h"
#include "format/node.h"
#include "format/write.h"

#include <string.h>

static void copy(struct format_writer *w, const struct format_node *v, struct buf *out)
{
    struct buf raw;
    buf_init(&raw);
    format_node_write(v, &raw);
    format_write_raw(w, buf_text(&raw), raw.n);
    out->failed |= !buf_ok(&raw);
    buf_release(&raw);
}

static const char *score_key(uint8_t type)
{
    switch ((enum detect_result_type)type) {
    case DETECT_RESULT_RECORD:
        return "record_score";
    case DETECT_RESULT_INFLUENCER:
        return "influencer_score";
    default:
        return "anomaly_score";
    }
}

/* An object again with its score (key) as u has it. */
static void write_object(struct format_writer *w, const struct format_node *v, const char *key,
                         const struct detect_update *u, struct buf *out);

static void write_influencers(struct format_writer *w, const struct format_node *list,
                              const struct detect_update *u, struct buf *out)
{
    const char *name = u->influencer != NULL ? u->influencer : "bucket_time";
    const struct detect_update own = {.score = u->score};
    format_write_begin_array(w);
    for (size_t i = 0; i < format_node_count(list); i++) {
        const struct format_node *item = format_node_at(list, i);
        const char *field = format_node_str(format_node_get(item, "influencer_field_name"), "");
        if (strcmp(field, name) == 0)
            write_object(w, item, "anomaly_score", &own, out);
        else
            copy(w, item, out);
    }
    format_write_end_array(w);
}

static void write_object(struct format_writer *w, const struct format_node *v, const char *key,
                         const struct detect_update *u, struct buf *out)
{
    format_write_begin_object(w);
    for (size_t i = 0; i < format_node_count(v); i++) {
        const struct format_node *member = format_node_at(v, i);
        const char *name = format_node_key(member);
        format_write_key_n(w, name, format_node_key_len(member));
        if (strcmp(name, key) == 0 && u->influencer == NULL)
            format_write_f64(w, u->score);
        else if (strcmp(name, "bucket_influencers") == 0 &&
                 format_node_type(member) == FORMAT_ARRAY)
            write_influencers(w, member, u, out);
        else
            copy(w, member, out);
    }
    format_write_end_object(w);
}

enum err detect_rescore_write(const char *doc, size_t n, const struct detect_update *u,
                              struct buf *out)
{
    struct format_node *node;
    struct format_writer w;
    struct err_text why;
    enum err err = format_node_json(doc, n, "result", &node, &why);
    if (err != ERR_NONE)
        return err;
    if (format_node_type(node) == FORMAT_OBJECT) {
        format_write_init(&w, out);
        write_object(&w, node, score_key(u->type), u, out);
        err = buf_ok(out) ? ERR_NONE : ERR_MEMORY;
    } else {
        err = ERR_FORMAT;
    }
    format_node_free(node);
    return err;
}
