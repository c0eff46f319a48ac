/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "auth/guard.h"
#include "base/buf.h"
#include "format/node.h"
#include "kibana/rule.h"
#include "package/package.h"
#include "store/state.h"

#include <string.h>

/* The version whose API this is, as elastic's root says it. */
#define CLAIMED "8.19.0"

static enum err status(struct api_call *c, struct err_text *why)
{
    struct format_writer *w = &c->out;
    struct err_text reason;
    (void)why;
    bool well = c->ports->healthy(c->ports->ctx, &reason);
    format_write_begin_object(w);
    format_write_field_str(w, "name", "weir");
    format_write_field_str(w, "uuid", "00000000-0000-0000-0000-000000000000");
    format_write_key(w, "version");
    format_write_begin_object(w);
    format_write_field_str(w, "number", CLAIMED);
    format_write_field_str(w, "build_hash", "unknown");
    format_write_field_i64(w, "build_number", 0);
    format_write_field_bool(w, "build_snapshot", false);
    format_write_field_str(w, "build_flavor", "traditional");
    format_write_end_object(w);
    format_write_key(w, "status");
    format_write_begin_object(w);
    format_write_key(w, "overall");
    format_write_begin_object(w);
    format_write_field_str(w, "level", well ? "available" : "critical");
    format_write_field_str(w, "summary", well ? "All is well" : reason.message);
    format_write_end_object(w);
    format_write_end_object(w);
    format_write_end_object(w);
    return ERR_NONE;
}

struct counted {
    int64_t custom, packaged;
};

static bool count_rule(void *ctx, const struct store_rule *row)
{
    struct counted *n = ctx;
    n->custom += row->package == NULL;
    n->packaged += row->package != NULL;
    return true;
}

/* How many rules the packages have that are not installed. */
static enum err count_shipped(struct api_call *c, int64_t *out, struct err_text *why)
{
    enum err err = ERR_NONE;
    *out = 0;
    for (size_t i = 0; i < package_shipped_count() && err == ERR_NONE; i++) {
        const struct package_options options = {.now = c->now};
        struct package *p;
        err = package_open(package_shipped_name(i), &options, &p, why);
        if (err != ERR_NONE)
            return err;
        *out += (int64_t)package_rules(p);
        package_free(p);
    }
    return err;
}

static enum err prepackaged(struct api_call *c, struct err_text *why)
{
    struct format_writer *w = &c->out;
    struct counted n = {0};
    int64_t shipped;
    enum err err = count_shipped(c, &shipped, why);
    if (err != ERR_NONE)
        return err;
    err = store_state_rule_list(c->ports->state, count_rule, &n);
    if (err != ERR_NONE)
        return err_set(why, err, "rules cannot be read: %s", err_name(err));
    format_write_begin_object(w);
    format_write_field_i64(w, "rules_custom_installed", n.custom);
    format_write_field_i64(w, "rules_installed", n.packaged);
    format_write_field_i64(w, "rules_not_installed",
                           shipped > n.packaged ? shipped - n.packaged : 0);
    format_write_field_i64(w, "rules_not_updated", 0);
    format_write_field_i64(w, "timelines_installed", 0);
    format_write_field_i64(w, "timelines_not_installed", 0);
    format_write_field_i64(w, "timelines_not_updated", 0);
    format_write_end_object(w);
    return ERR_NONE;
}

/* The rules of packages that are not there, switched off, as Kibana installs its own. */
static enum err install_prepackaged(struct api_call *c, struct err_text *why)
{
    static const char text[] = "{\"command\":\"package\",\"verb\":\"rules\"}";
    struct format_writer *w = &c->out;
    struct format_node *done = NULL;
    struct buf request, said;
    buf_init(&request);
    buf_init(&said);
    buf_str(&request, text);
    enum err err = api_call_act(c, &request, &said, why);
    if (err == ERR_NONE)
        err = format_node_json(buf_text(&said), said.n, "answer", &done, why);
    if (err == ERR_NONE) {
        format_write_begin_object(w);
        format_write_field_i64(w, "rules_installed",
                               format_node_int(format_node_get(done, "installed"), 0));
        format_write_field_i64(w, "rules_updated", 0);
        format_write_field_i64(w, "timelines_installed", 0);
        format_write_field_i64(w, "timelines_updated", 0);
        format_write_end_object(w);
    }
    format_node_free(done);
    buf_release(&request);
    buf_release(&said);
    return err;
}

static enum err privileges(struct api_call *c, struct err_text *why)
{
    struct format_writer *w = &c->out;
    bool read = auth_role_may(c->guest->role, AUTH_RIGHT_READ);
    bool write = auth_role_may(c->guest->role, AUTH_RIGHT_TRIAGE);
    (void)why;
    format_write_begin_object(w);
    format_write_field_str(w, "username", c->guest->name);
    format_write_field_bool(w, "is_authenticated", true);
    format_write_field_bool(w, "has_encryption_key", true);
    format_write_field_bool(w, "has_all_requested",
                            auth_role_may(c->guest->role, AUTH_RIGHT_STEER));
    format_write_key(w, "index");
    format_write_begin_object(w);
    format_write_key(w, ".alerts-security.alerts-default");
    format_write_begin_object(w);
    format_write_field_bool(w, "read", read);
    format_write_field_bool(w, "write", write);
    format_write_field_bool(w, "maintenance", write);
    format_write_field_bool(w, "view_index_metadata", read);
    format_write_end_object(w);
    format_write_end_object(w);
    format_write_end_object(w);
    return ERR_NONE;
}

/* Alerts are always there to be written; nothing need be made. */
static enum err alert_index(struct api_call *c, struct err_text *why)
{
    (void)why;
    format_write_begin_object(&c->out);
    format_write_field_str(&c->out, "name", ".alerts-security.alerts-default");
    format_write_field_bool(&c->out, "index_mapping_outdated", false);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

static enum err make_index(struct api_call *c, struct err_text *why)
{
    (void)why;
    format_write_begin_object(&c->out);
    format_write_field_bool(&c->out, "acknowledged", true);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

#define ROW(method, path, right, params, summary, handle)                                          \
    {                                                                                              \
        method, path, right, API_FORM_KIBANA, 0, params, summary, handle, HTTP_LANE_SHORT          \
    }

const struct api_row kibana_status_rows[] = {
    ROW("GET", "/api/status", AUTH_RIGHT_GREET, "", "Version and health, in Kibana's words",
        status),
    ROW("GET", "/api/detection_engine/rules/prepackaged/_status", AUTH_RIGHT_READ, "",
        "How many rules are installed, how many more packages have", prepackaged),
    ROW("PUT", "/api/detection_engine/rules/prepackaged", AUTH_RIGHT_STEER, "",
        "Install the rules of packages that are not there, switched off", install_prepackaged),
    ROW("GET", "/api/detection_engine/privileges", AUTH_RIGHT_READ, "", "What the guest may do",
        privileges),
    ROW("GET", "/api/detection_engine/index", AUTH_RIGHT_READ, "", "Where alerts are", alert_index),
    ROW("POST", "/api/detection_engine/index", AUTH_RIGHT_TRIAGE, "",
        "Make a place for alerts, which there always is", make_index),
    {0},
};
