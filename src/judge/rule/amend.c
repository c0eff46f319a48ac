/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/amend.h"

#include "base/buf.h"
#include "format/node.h"
#include "format/write.h"

#include <stdbool.h>
#include <string.h>

static void write_change(const struct rule_amendment *c, struct format_writer *w)
{
    format_write_key(w, c->key);
    if (c->json.n > 0)
        format_write_raw(w, (const char *)c->json.p, c->json.n);
    else if (c->text != NULL)
        format_write_str(w, c->text);
    else if (c->time != 0)
        format_write_time(w, c->time);
    else
        format_write_i64(w, c->number);
}

static const struct rule_amendment *find_change(const struct rule_amendment *changes, size_t n,
                                                const char *key)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(changes[i].key, key) == 0)
            return &changes[i];
    }
    return NULL;
}

enum err rule_amend(struct bytes json, const struct rule_amendment *changes, size_t n,
                    struct buf *out, struct err_text *why)
{
    struct format_node *root;
    struct format_writer w;
    enum err code = format_node_json((const char *)json.p, json.n, "alert", &root, why);
    if (code != ERR_NONE)
        return code;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    for (size_t i = 0; i < format_node_count(root); i++) {
        const struct format_node *v = format_node_at(root, i);
        const struct rule_amendment *change = find_change(changes, n, format_node_key(v));
        if (change != NULL) {
            write_change(change, &w);
            continue;
        }
        format_write_key_n(&w, format_node_key(v), format_node_key_len(v));
        format_node_write_value(v, &w);
    }
    for (size_t i = 0; i < n; i++) {
        if (format_node_get(root, changes[i].key) == NULL)
            write_change(&changes[i], &w);
    }
    format_write_end_object(&w);
    format_node_free(root);
    return buf_ok(out) ? ERR_NONE
                       : err_set(why, ERR_MEMORY, "no memory is left to change an alert");
}

enum err rule_amend_status(struct bytes json, const char *status, ts_ns at, struct buf *out,
                           struct err_text *why)
{
    const struct rule_amendment changes[] = {
        {.key = "kibana.alert.workflow_status", .text = status},
        {.key = "kibana.alert.workflow_status_updated_at", .time = at},
    };
    return rule_amend(json, changes, sizeof(changes) / sizeof(changes[0]), out, why);
}
