/* SPDX-License-Identifier: Apache-2.0 */
#include "request/request_priv.h"

#include "base/arena.h"
#include "deliver/notify.h"
#include "engine/connectors.h"
#include "format/write.h"
#include "notify/connector.h"
#include "store/state_notify.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define ID_SIZE 37

static enum err state_fails(struct err_text *why, enum err err)
{
    return err_set(why, err, "connectors cannot be read or written: %s", err_name(err));
}

/* As Kibana shows it: never with secrets. */
static void write_public(struct format_writer *w, const char *id, const struct format_node *doc,
                         bool lacks)
{
    format_write_begin_object(w);
    format_write_field_str(w, "id", id);
    format_write_field_str(w, "name", format_node_str(format_node_get(doc, "name"), ""));
    format_write_field_str(w, "connector_type_id",
                           format_node_str(format_node_get(doc, "connector_type_id"), ""));
    format_write_key(w, "config");
    if (format_node_get(doc, "config") != NULL)
        format_node_write_value(format_node_get(doc, "config"), w);
    else
        format_write_raw(w, "{}", 2);
    format_write_field_bool(w, "is_preconfigured", false);
    format_write_field_bool(w, "is_deprecated", false);
    format_write_field_bool(w, "is_missing_secrets", lacks);
    format_write_field_bool(w, "is_system_action", false);
    format_write_end_object(w);
}

struct listing {
    struct request_asked *asked;
    bool documents; /* JSON, one a line; else a table */
};

static bool list_one(void *ctx, const struct store_connector *c)
{
    struct listing *l = ctx;
    struct format_node *doc;
    struct err_text ignored;
    if (format_node_json(c->doc, strlen(c->doc), c->id, &doc, &ignored) != ERR_NONE)
        return true;
    if (l->documents) {
        struct buf line;
        struct format_writer w;
        buf_init(&line);
        format_write_init(&w, &line);
        write_public(&w, c->id, doc, false);
        buf_char(&line, '\n');
        request_asked_print(l->asked, buf_text(&line), line.n);
        buf_release(&line);
    } else {
        request_asked_line(l->asked, "%-36s  %-9s  %s", c->id,
                           format_node_str(format_node_get(doc, "connector_type_id"), ""),
                           format_node_str(format_node_get(doc, "name"), ""));
    }
    format_node_free(doc);
    return true;
}

static enum err list(struct request_asked *a, struct err_text *why)
{
    struct listing l = {a, format_node_bool(format_node_get(a->request, "documents"), false)};
    if (!l.documents)
        request_asked_line(a, "%-36s  %-9s  %s", "CONNECTOR", "TYPE", "NAME");
    enum err err = store_state_connector_list(a->data->state, list_one, &l);
    return err == ERR_NONE ? err : state_fails(why, err);
}

static enum err absent(const char *id, struct err_text *why)
{
    return err_set(why, ERR_NOT_FOUND,
                   "there is no connector '%.100s'; weir connector list shows "
                   "them",
                   id);
}

/* The connector as it is kept, and its document; the row lives in the arena. */
static enum err read_kept(struct request_asked *a, const char *id, struct arena *arena,
                          struct store_connector *row, struct format_node **doc,
                          struct err_text *why)
{
    enum err err = store_state_connector_get(a->data->state, id, arena, row);
    if (err == ERR_NOT_FOUND)
        absent(id, why);
    else if (err != ERR_NONE)
        state_fails(why, err);
    else
        err = format_node_json(row->doc, strlen(row->doc), id, doc, why);
    return err;
}

static enum err get(struct request_asked *a, const char *id, struct err_text *why)
{
    struct store_connector row;
    struct format_node *doc = NULL, *secrets = NULL;
    struct notify_connector c;
    struct arena arena;
    arena_init(&arena, 0);
    enum err err = read_kept(a, id, &arena, &row, &doc, why);
    if (err == ERR_NONE)
        err = format_node_json(row.secrets, strlen(row.secrets), id, &secrets, why);
    if (err == ERR_NONE)
        err = notify_connector_read(doc, &c, why);
    if (err == ERR_NONE) {
        struct buf out;
        struct format_writer w;
        c.secrets = secrets;
        buf_init(&out);
        format_write_init(&w, &out);
        write_public(&w, id, doc, notify_connector_lacks_secrets(&c));
        buf_char(&out, '\n');
        if (buf_ok(&out))
            request_asked_print(a, buf_text(&out), out.n);
        else
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        buf_release(&out);
    }
    format_node_free(doc);
    format_node_free(secrets);
    arena_release(&arena);
    return err;
}

/* A UUID of version 4. */
static enum err make_id(char out[ID_SIZE], struct err_text *why)
{
    unsigned char r[16];
    size_t at = 0;
    if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
        return err_set(why, ERR_IO, "the system gives no random numbers");
    r[6] = (unsigned char)((r[6] & 0x0f) | 0x40);
    r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof(r); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        snprintf(out + at, ID_SIZE - at, "%02x", (unsigned)r[i]);
        at += 2;
    }
    return ERR_NONE;
}

static bool id_ok(const char *id)
{
    size_t n = strlen(id);
    return n > 0 && n <= 128 &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

static enum err keep(struct request_asked *a, const char *id, const struct format_node *doc,
                     const char *old_secrets, struct err_text *why)
{
    struct buf text, secrets;
    struct format_writer w;
    const struct format_node *given = format_node_get(doc, "secrets");
    buf_init(&text);
    buf_init(&secrets);
    format_write_init(&w, &text);
    format_write_begin_object(&w);
    format_write_field_str(&w, "name", format_node_str(format_node_get(doc, "name"), ""));
    format_write_field_str(&w, "connector_type_id",
                           format_node_str(format_node_get(doc, "connector_type_id"), ""));
    format_write_key(&w, "config");
    if (format_node_get(doc, "config") != NULL)
        format_node_write_value(format_node_get(doc, "config"), &w);
    else
        format_write_raw(&w, "{}", 2);
    format_write_end_object(&w);
    if (format_node_type(given) == FORMAT_OBJECT)
        format_node_write(given, &secrets);
    else
        buf_str(&secrets, old_secrets);
    enum err err = ERR_MEMORY;
    if (buf_ok(&text) && buf_ok(&secrets)) {
        const struct store_connector row = {.id = id,
                                            .doc = buf_text(&text),
                                            .secrets = buf_text(&secrets),
                                            .updated = a->data->now()};
        err = store_state_connector_put(a->data->state, &row);
    }
    buf_release(&text);
    buf_release(&secrets);
    return err == ERR_NONE ? err : state_fails(why, err);
}

/* A change that does not say the type means the one it had. */
static enum err add_type(struct request_asked *a, const char *id, const char *text, struct buf *out,
                         struct err_text *why)
{
    struct store_connector row;
    struct format_node *doc = NULL, *old = NULL;
    struct arena arena;
    size_t n = strlen(text);
    arena_init(&arena, 0);
    enum err err = format_node_json(text, n, "connector", &doc, why);
    if (err == ERR_NONE)
        err = store_state_connector_get(a->data->state, id, &arena, &row);
    if (err == ERR_NOT_FOUND)
        absent(id, why);
    else if (err != ERR_NONE && doc != NULL)
        state_fails(why, err);
    if (err == ERR_NONE)
        err = format_node_json(row.doc, strlen(row.doc), id, &old, why);
    while (n > 0 && text[n - 1] != '}')
        n--;
    if (err == ERR_NONE && (format_node_type(doc) != FORMAT_OBJECT ||
                            format_node_get(doc, "connector_type_id") != NULL)) {
        buf_str(out, text);
    } else if (err == ERR_NONE) {
        buf_add(out, text, n - 1);
        buf_format(out, "%s\"connector_type_id\":\"%s\"}", format_node_count(doc) > 0 ? "," : "",
                   format_node_str(format_node_get(old, "connector_type_id"), ""));
    }
    format_node_free(doc);
    format_node_free(old);
    arena_release(&arena);
    if (err == ERR_NONE && !buf_ok(out))
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    return err;
}

static enum err see_and_keep(struct request_asked *a, const char *id, bool make,
                             const struct format_node *doc, struct err_text *why)
{
    struct store_connector old = {.secrets = "{}"};
    struct arena arena;
    arena_init(&arena, 0);
    enum err err = store_state_connector_get(a->data->state, id, &arena, &old);
    if (err == ERR_NONE && make)
        err = err_set(why, ERR_EXISTS, "there is a connector '%s' already", id);
    else if (err == ERR_NOT_FOUND)
        err = make ? ERR_NONE : absent(id, why);
    else if (err != ERR_NONE)
        state_fails(why, err);
    if (err == ERR_NONE)
        err = keep(a, id, doc, old.secrets, why);
    arena_release(&arena);
    return err;
}

/* In one transaction: nobody comes between the look and what is kept. */
static enum err replace(struct request_asked *a, const char *id, bool make,
                        const struct format_node *doc, struct err_text *why)
{
    enum err err = store_state_begin(a->data->state);
    if (err != ERR_NONE)
        return state_fails(why, err);
    err = see_and_keep(a, id, make, doc, why);
    if (err == ERR_NONE)
        return store_state_commit(a->data->state, why);
    store_state_rollback(a->data->state);
    return err;
}

/* Whether a connector has a member of that name. */
static bool is_known(const char *key)
{
    static const char *const known[] = {"id",
                                        "name",
                                        "connector_type_id",
                                        "config",
                                        "secrets",
                                        "is_preconfigured",
                                        "is_deprecated",
                                        "is_missing_secrets",
                                        "is_system_action"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i], key) == 0)
            return true;
    return false;
}

/* make: there must be none of that id; else there must be one, whose type and, unless there are
 * new ones, secrets stay. show: answers with it. */
static enum err put(struct request_asked *a, const char *wanted, bool make, const char *text,
                    bool show, struct err_text *why)
{
    struct format_node *doc;
    struct notify_connector c;
    char made[ID_SIZE];
    enum err err =
        format_node_json(text, strlen(text), request_asked_text(a, "name", "connector"), &doc, why);
    if (err != ERR_NONE)
        return err;
    const char *own = format_node_str(format_node_get(doc, "id"), "");
    const char *id = wanted[0] != '\0' ? wanted : own;
    err = notify_connector_read(doc, &c, why);
    for (size_t i = 0; i < format_node_count(doc) && err == ERR_NONE; i++) {
        const char *key = format_node_key(format_node_at(doc, i));
        if (!is_known(key))
            err = format_node_err(format_node_at(doc, i), why, ERR_INVALID,
                                  "%.100s is not known in a connector", key);
    }
    if (err == ERR_NONE && id[0] == '\0' && (err = make_id(made, why)) == ERR_NONE)
        id = made;
    if (err == ERR_NONE && !id_ok(id))
        err = err_set(why, ERR_INVALID,
                      "a connector's id has 1 to 128 letters, digits, '-', '_' and '.'");
    if (err == ERR_NONE)
        err = replace(a, id, make, doc, why);
    if (err == ERR_NONE && show)
        err = get(a, id, why);
    format_node_free(doc);
    return err;
}

static enum err update(struct request_asked *a, const char *id, struct err_text *why)
{
    struct buf text;
    buf_init(&text);
    enum err err = add_type(a, id, request_asked_text(a, "text", ""), &text, why);
    if (err == ERR_NONE)
        err = put(a, id, false, buf_text(&text), true, why);
    buf_release(&text);
    return err;
}

enum err request_import_connector(struct request_asked *a, const char *json, size_t n, bool fresh,
                                  struct err_text *why)
{
    struct buf text;
    buf_init(&text);
    enum err err = engine_connectors_read(json, n, &text, why);
    if (err == ERR_NONE)
        err = put(a, "", fresh, buf_text(&text), false, why);
    if (err == ERR_NOT_FOUND && !fresh)
        err = put(a, "", true, buf_text(&text), false, why);
    buf_release(&text);
    return err;
}

/* Lines of an export, each for itself. */
static enum err import(struct request_asked *a, struct err_text *why)
{
    const struct format_node *objects = format_node_get(a->request, "objects");
    enum err err = ERR_NONE;
    for (size_t i = 0; i < format_node_count(objects) && err == ERR_NONE; i++) {
        const struct format_node *at = format_node_at(objects, i);
        const struct format_node *text = format_node_get(at, "text");
        err = request_import_connector(a, format_node_str(text, ""), format_node_str_len(text),
                                       format_node_bool(format_node_get(at, "fresh"), true), why);
        if (err != ERR_NONE && err != ERR_MEMORY && err != ERR_IO && err != ERR_FULL)
            err = request_asked_refuse(a, i, err, why);
    }
    return err;
}

/* What is sent when nothing is said. */
static const char *test_params(const char *type)
{
    if (strcmp(type, ".webhook") == 0)
        return "{\"body\":\"{\\\"message\\\":\\\"This is a test of a connector of Weir.\\\"}\"}";
    return strcmp(type, ".syslog") == 0
               ? "{\"message\":\"This is a test of a connector of Weir.\",\"severity\":\"info\"}"
               : NULL;
}

/* The parameters asked for, or those of a test: a mail to its own sender. */
static enum err write_params(struct request_asked *a, const char *id, struct buf *out,
                             struct err_text *why)
{
    const struct format_node *given = format_node_get(a->request, "params");
    struct store_connector row;
    struct format_node *doc = NULL;
    struct arena arena;
    if (format_node_type(given) == FORMAT_OBJECT) {
        format_node_write(given, out);
        return ERR_NONE;
    }
    arena_init(&arena, 0);
    enum err err = read_kept(a, id, &arena, &row, &doc, why);
    if (err == ERR_NONE) {
        const char *text =
            test_params(format_node_str(format_node_get(doc, "connector_type_id"), ""));
        const struct format_node *config = format_node_get(doc, "config");
        struct format_writer w;
        format_write_init(&w, out);
        if (text != NULL) {
            buf_str(out, text);
        } else {
            format_write_begin_object(&w);
            format_write_key(&w, "to");
            format_write_begin_array(&w);
            format_write_str(&w, format_node_str(format_node_get(config, "from"), ""));
            format_write_end_array(&w);
            format_write_field_str(&w, "subject", "A test of a connector of Weir");
            format_write_field_str(&w, "message", "This is a test of a connector of Weir.\n");
            format_write_end_object(&w);
        }
    }
    format_node_free(doc);
    arena_release(&arena);
    return err;
}

static enum err execute(struct request_asked *a, const char *id, struct err_text *why)
{
    enum notify_outcome outcome = NOTIFY_LATER;
    struct buf params;
    if (a->data->notify == NULL)
        return err_set(why, ERR_STOPPED, "a connector is tested by a running daemon: weir serve");
    buf_init(&params);
    enum err err = write_params(a, id, &params, why);
    if (err == ERR_NONE && !buf_ok(&params))
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE)
        err = deliver_notify_execute(a->data->notify, id, buf_text(&params), &outcome, why);
    buf_release(&params);
    if (err != ERR_NONE)
        return err;
    struct buf out;
    struct format_writer w;
    buf_init(&out);
    format_write_init(&w, &out);
    format_write_begin_object(&w);
    format_write_field_str(&w, "connector_id", id);
    format_write_field_str(&w, "status", outcome == NOTIFY_SENT ? "ok" : "error");
    if (outcome != NOTIFY_SENT) {
        format_write_field_str(&w, "message", "the message was not sent");
        format_write_field_str(&w, "service_message", why->message);
        format_write_field_bool(&w, "retry", outcome == NOTIFY_LATER);
    }
    format_write_end_object(&w);
    buf_char(&out, '\n');
    request_asked_print(a, buf_text(&out), out.n);
    buf_release(&out);
    return ERR_NONE;
}

static enum err delete_one(struct request_asked *a, const char *id, struct err_text *why)
{
    enum err err = store_state_connector_delete(a->data->state, id);
    if (err == ERR_NOT_FOUND)
        return absent(id, why);
    return err == ERR_NONE ? err : state_fails(why, err);
}

int request_connector(struct request_asked *a, const char *verb)
{
    struct err_text why;
    const char *id = request_asked_text(a, "id", "");
    enum err err;
    a->hold = true; /* a listing holds the state's lock */
    if (strcmp(verb, "list") == 0)
        err = list(a, &why);
    else if (strcmp(verb, "get") == 0)
        err = get(a, id, &why);
    else if (strcmp(verb, "add") == 0)
        err = put(a, id, true, request_asked_text(a, "text", ""), true, &why);
    else if (strcmp(verb, "import") == 0)
        err = import(a, &why);
    else if (strcmp(verb, "update") == 0)
        err = update(a, id, &why);
    else if (strcmp(verb, "remove") == 0)
        err = delete_one(a, id, &why);
    else if (strcmp(verb, "test") == 0)
        err = execute(a, id, &why);
    else
        err = err_set(&why, ERR_INVALID,
                      "connector expects list, get, add, update, remove or test, not '%s'", verb);
    return request_asked_finish(a, err, &why);
}
