/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/doc.h"

#include "api/call.h"
#include "auth/guard.h"
#include "auth/secret.h"
#include "base/buf.h"
#include "format/node.h"
#include "format/write.h"

#include <stdio.h>
#include <string.h>

void kibana_change_init(struct kibana_change *c, struct arena *arena)
{
    c->arena = arena;
    c->n = 0;
    c->err = ERR_NONE;
}

static void put(struct kibana_change *c, const char *key, const char *json)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->members[i].key, key) == 0) {
            c->members[i].json = json;
            return;
        }
    if (c->n == KIBANA_MEMBERS_MAX)
        c->err = ERR_LIMIT;
    else
        c->members[c->n++] = (struct kibana_member){key, json};
}

void kibana_change_json(struct kibana_change *c, const char *key, const char *json)
{
    const char *copy = json != NULL ? arena_strndup(c->arena, json, strlen(json)) : NULL;
    const char *name = arena_strndup(c->arena, key, strlen(key));
    if (name == NULL || (json != NULL && copy == NULL))
        c->err = ERR_MEMORY;
    else
        put(c, name, copy);
}

/* What was written becomes the member's value. */
static void put_text(struct kibana_change *c, const char *key, struct buf *json)
{
    if (buf_ok(json))
        kibana_change_json(c, key, buf_text(json));
    else
        c->err = ERR_MEMORY;
    buf_release(json);
}

void kibana_change_node(struct kibana_change *c, const char *key, const struct format_node *v)
{
    struct buf json;
    buf_init(&json);
    format_node_write(v, &json);
    put_text(c, key, &json);
}

void kibana_change_text(struct kibana_change *c, const char *key, const char *s)
{
    struct buf json;
    struct format_writer w;
    buf_init(&json);
    format_write_init(&w, &json);
    format_write_str(&w, s);
    put_text(c, key, &json);
}

void kibana_change_number(struct kibana_change *c, const char *key, int64_t v)
{
    struct buf json;
    buf_init(&json);
    buf_i64(&json, v);
    put_text(c, key, &json);
}

void kibana_change_flag(struct kibana_change *c, const char *key, bool v)
{
    kibana_change_json(c, key, v ? "true" : "false");
}

void kibana_change_time(struct kibana_change *c, const char *key, ts_ns t)
{
    struct buf json;
    struct format_writer w;
    buf_init(&json);
    format_write_init(&w, &json);
    format_write_time(&w, t);
    put_text(c, key, &json);
}

/* Lists have members too, but without keys. */
static size_t members_of(const struct format_node *v)
{
    return format_node_type(v) == FORMAT_OBJECT ? format_node_count(v) : 0;
}

void kibana_change_all(struct kibana_change *c, const struct format_node *object)
{
    for (size_t i = 0; i < members_of(object); i++) {
        const struct format_node *v = format_node_at(object, i);
        if (format_node_type(v) == FORMAT_NULL)
            kibana_change_json(c, format_node_key(v), NULL);
        else
            kibana_change_node(c, format_node_key(v), v);
    }
}

static const struct kibana_member *find(const struct kibana_change *c, const char *key)
{
    for (size_t i = 0; c != NULL && i < c->n; i++)
        if (strcmp(c->members[i].key, key) == 0)
            return &c->members[i];
    return NULL;
}

static void write_member(const struct kibana_member *m, struct format_writer *w)
{
    if (m->json == NULL)
        return;
    format_write_key(w, m->key);
    format_write_raw(w, m->json, strlen(m->json));
}

void kibana_doc_members(const struct format_node *object, const struct kibana_change *change,
                        struct format_writer *w)
{
    for (size_t i = 0; i < members_of(object); i++) {
        const struct format_node *v = format_node_at(object, i);
        const struct kibana_member *m = find(change, format_node_key(v));
        if (m != NULL) {
            write_member(m, w);
        } else {
            format_write_key_n(w, format_node_key(v), format_node_key_len(v));
            format_node_write_value(v, w);
        }
    }
    for (size_t i = 0; change != NULL && i < change->n; i++)
        if (format_node_get(object, change->members[i].key) == NULL)
            write_member(&change->members[i], w);
}

enum err kibana_doc_write(const struct format_node *object, const struct kibana_change *change,
                          struct buf *out, struct err_text *why)
{
    struct format_writer w;
    if (change->err == ERR_LIMIT)
        return err_set(why, ERR_INVALID, "an object has at most %d members", KIBANA_MEMBERS_MAX);
    format_write_init(&w, out);
    format_write_begin_object(&w);
    kibana_doc_members(object, change, &w);
    format_write_end_object(&w);
    if (change->err != ERR_NONE || !buf_ok(out))
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    return ERR_NONE;
}

void kibana_doc_uuid(char out[KIBANA_UUID_SIZE])
{
    unsigned char b[16];
    auth_secret_random(b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(out, KIBANA_UUID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

const char *kibana_doc_guest(const struct api_call *c)
{
    return c->guest != NULL ? c->guest->name : "weir";
}
