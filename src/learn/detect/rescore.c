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

static bool is_bucket_time(const struct format_node *v)
{
    return strcmp(format_node_str(format_node_get(v, "influencer_field_name"), ""),
                  "bucket_time") == 0;
}

/* An object again with one number changed, and that of the bucket's own influencer in it. */
static void write_object(struct format_writer *w, const struct format_node *v, const char *key,
                         double score, struct buf *out)
{
    format_write_begin_object(w);
    for (size_t i = 0; i < format_node_count(v); i++) {
        const struct format_node *member = format_node_at(v, i);
        format_write_key_n(w, format_node_key(member), format_node_key_len(member));
        if (strcmp(format_node_key(member), key) == 0) {
            format_write_f64(w, score);
        } else if (strcmp(format_node_key(member), "bucket_influencers") == 0 &&
                   format_node_type(member) == FORMAT_ARRAY) {
            format_write_begin_array(w);
            for (size_t k = 0; k < format_node_count(member); k++) {
                const struct format_node *item = format_node_at(member, k);
                if (is_bucket_time(item))
                    write_object(w, item, key, score, out);
                else
                    copy(w, item, out);
            }
            format_write_end_array(w);
        } else {
            copy(w, member, out);
        }
    }
    format_write_end_object(w);
}

enum err detect_rescore_write(const char *doc, size_t n, enum detect_result_type type, double score,
                              struct buf *out)
{
    const char *key = type == DETECT_RESULT_RECORD       ? "record_score"
                      : type == DETECT_RESULT_INFLUENCER ? "influencer_score"
                                                         : "anomaly_score";
    struct format_node *node;
    struct format_writer w;
    struct err_text why;
    enum err err = format_node_json(doc, n, "result", &node, &why);
    if (err != ERR_NONE)
        return err;
    if (format_node_type(node) == FORMAT_OBJECT) {
        format_write_init(&w, out);
        write_object(&w, node, key, score, out);
        err = buf_ok(out) ? ERR_NONE : ERR_MEMORY;
    } else {
        err = ERR_FORMAT;
    }
    format_node_free(node);
    return err;
}
