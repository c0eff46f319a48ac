#ifndef TESTS_KIBANA_HELP_H
#define TESTS_KIBANA_HELP_H

/*
 * Kibana's rows asked without a server: a state with some rules in it, and what was asked of the
 * daemon.
 */

#include "store/store/store_help.h"

#include "api/call.h"
#include "base/arena.h"
#include "format/node.h"
#include "kibana/rows.h"
#include "store/state.h"
#include "store/state_except.h"

#include "serve/api/fake_http.h"

static const struct api_row *const kibana_tables[] = {
    kibana_rule_rows,    kibana_bulk_rows,   kibana_transfer_rows,  kibana_import_rows,
    kibana_run_rows,     kibana_signal_rows, kibana_exception_rows, kibana_value_rows,
    kibana_preview_rows, kibana_module_rows, kibana_status_rows,
};

/* Of a name as of an id: "r1" is "Rule r1". */
static inline void put_rule(struct fake_world *w, const char *id, bool enabled, const char *more)
{
    char doc[2000];
    snprintf(doc, sizeof(doc),
             "{\"id\":\"id-%s\",\"rule_id\":\"%s\",\"name\":\"Rule %s\",\"description\":\"d\","
             "\"type\":\"query\",\"query\":\"a: 1\",\"severity\":\"low\",\"risk_score\":3,"
             "\"revision\":4,\"version\":2,\"tags\":[\"%s\",\"all\"]%s}",
             id, id, id, id, more);
    const struct store_rule row = {.id = id,
                                   .doc = doc,
                                   .enabled = enabled,
                                   .created = FAKE_NOW - TIME_DAY,
                                   .updated = FAKE_NOW - TIME_HOUR,
                                   .last_run = TIME_NONE};
    assert_int_equal(store_state_rule_put(w->state, &row), ERR_NONE);
}

static inline void open_world(struct fake_world *w)
{
    fake_open(w, kibana_tables, sizeof(kibana_tables) / sizeof(kibana_tables[0]));
}

/* params: up to three pairs, ended by NULL. Checks the status and what the answer holds. */
static inline void ask_with(struct fake_world *w, const char *method, const char *path,
                            const struct fake_pair *params, const char *body, unsigned status,
                            const char *expected)
{
    struct auth_guest guest = {.role = AUTH_ROLE_ADMIN, .means = AUTH_GUARD_KEY, .name = "eva"};
    struct http_answer a;
    struct http_request r = {.method = method,
                             .path = path,
                             .body = body,
                             .route = fake_route(w, method, path),
                             .guest = &guest};
    for (size_t i = 0; params != NULL && params[i].name != NULL; i++) {
        if (params[i].name[0] == '{')
            r.parts[0] = (struct fake_pair){params[i].name + 1, params[i].value};
        else
            r.params[i] = params[i];
    }
    buf_clear(&w->acted);
    fake_ask(w, &r, &a);
    if (a.status != status || strstr(buf_text(&a.body), expected) == NULL)
        fail_msg("%s %s: %u %s, expected %u %s", method, path, a.status, buf_text(&a.body), status,
                 expected);
    buf_release(&a.body);
}

static inline void ask(struct fake_world *w, const char *method, const char *path, const char *name,
                       const char *value, const char *body, unsigned status, const char *expected)
{
    const struct fake_pair params[] = {{name, value}, {NULL, NULL}};
    ask_with(w, method, path, params, body, status, expected);
}

static inline void acted(const struct fake_world *w, const char *expected)
{
    if (strstr(buf_text(&w->acted), expected) == NULL)
        fail_msg("acted: %s, expected %s", buf_text(&w->acted), expected);
}

/* A call by itself, for functions below the rows. */
static inline struct api_call make_call(struct fake_world *w)
{
    struct api_call c = {.api = w->api, .ports = api_ports_of(w->api), .now = FAKE_NOW};
    arena_init(&c.arena, 0);
    return c;
}

static inline struct format_node *read_json(const char *text)
{
    struct err_text why;
    struct format_node *out = NULL;
    assert_int_equal(format_node_json(text, strlen(text), "test", &out, &why), ERR_NONE);
    return out;
}

#endif
