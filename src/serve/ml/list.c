/* SPDX-License-Identifier: Apache-2.0 */
#include "ml/list.h"

static enum err write_all(struct api_call *c, const struct ml_list *list, void *ctx,
                          const struct ml_found *found, bool exporting, struct buf *out,
                          int64_t *out_n, struct err_text *why)
{
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_array(&w);
    for (size_t i = 0; i < found->n; i++) {
        enum err err = list->write(c, ctx, &found->list[i], exporting, &w, why);
        if (err != ERR_NONE && err != ERR_NOT_FOUND)
            return err;
        *out_n += err == ERR_NONE;
    }
    format_write_end_array(&w);
    return buf_ok(out) ? ERR_NONE : ml_find_broken(ERR_MEMORY, why);
}

enum err ml_list_answer(struct api_call *c, const struct ml_list *list, void *ctx,
                        struct err_text *why)
{
    bool allow, exporting = false;
    struct ml_found found;
    struct buf items;
    int64_t n = 0;
    enum err err = api_call_flag(c, "allow_no_match", true, &allow, why);
    if (err == ERR_NONE && list->exports)
        err = api_call_flag(c, "exclude_generated", false, &exporting, why);
    if (err == ERR_NONE)
        err = list->find(c, ml_find_part(c, list->part), allow, &found, why);
    if (err != ERR_NONE)
        return err;
    buf_init(&items);
    err = write_all(c, list, ctx, &found, exporting, &items, &n, why);
    if (err == ERR_NONE) {
        format_write_begin_object(&c->out);
        format_write_field_i64(&c->out, "count", n);
        format_write_key(&c->out, list->key);
        format_write_raw(&c->out, buf_text(&items), items.n);
        format_write_end_object(&c->out);
    }
    buf_release(&items);
    return err;
}
