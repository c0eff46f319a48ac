/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/connector.h"

#include "format/node.h"

#include <stdint.h>
#include <string.h>

enum value_kind {
    STRING,
    BOOLEAN,
    PORT,
    STRINGS,       /* an array of them */
    STRING_VALUES, /* an object of them */
};

struct key {
    const char *name;
    enum value_kind kind;
    bool required;
    const char *choices; /* " a b c ", NULL: any */
};

#define VERIFICATION                                                                               \
    {"verificationMode", STRING, false, " full certificate none "},                                \
    {                                                                                              \
        "ca", STRING, false, NULL                                                                  \
    }

static const struct key webhook_config[] = {
    {"url", STRING, true, NULL},
    {"method", STRING, false, " post put patch get delete "},
    {"hasAuth", BOOLEAN, false, NULL},
    {"authType", STRING, false, " webhook-authentication-basic "},
    {"headers", STRING_VALUES, false, NULL},
    VERIFICATION,
    {0},
};
static const struct key webhook_secrets[] = {
    {"user", STRING, false, NULL},
    {"password", STRING, false, NULL},
    {"secretHeaders", STRING_VALUES, false, NULL},
    {0},
};
static const struct key webhook_params[] = {
    {"body", STRING, false, NULL},
    {0},
};

static const struct key email_config[] = {
    {"from", STRING, true, NULL},
    {"host", STRING, true, NULL},
    {"port", PORT, false, NULL},
    {"secure", BOOLEAN, false, NULL},
    {"hasAuth", BOOLEAN, false, NULL},
    {"service", STRING, false, " other "},
    {"requireTLS", BOOLEAN, false, NULL},
    VERIFICATION,
    {0},
};
static const struct key email_secrets[] = {
    {"user", STRING, false, NULL},
    {"password", STRING, false, NULL},
    {0},
};
static const struct key email_params[] = {
    {"to", STRINGS, false, NULL},    {"cc", STRINGS, false, NULL},    {"bcc", STRINGS, false, NULL},
    {"subject", STRING, true, NULL}, {"message", STRING, true, NULL}, {0},
};

static const struct key syslog_config[] = {
    {"transport", STRING, true, " udp tcp tls local "},
    {"host", STRING, false, NULL},
    {"port", PORT, false, NULL},
    {"facility", STRING, false,
     " kern user mail daemon auth syslog lpr news uucp cron authpriv ftp local0 local1 local2 "
     "local3 local4 local5 local6 local7 "},
    {"appName", STRING, false, NULL},
    VERIFICATION,
    {0},
};
static const struct key no_keys[] = {{0}};
static const struct key syslog_params[] = {
    {"message", STRING, true, NULL},
    {"severity", STRING, false, NULL},
    {0},
};

static const struct {
    const char *name, *title;
    const struct key *config, *secrets, *params;
} types[NOTIFY_TYPES] = {
    [NOTIFY_WEBHOOK] = {".webhook", "Webhook", webhook_config, webhook_secrets, webhook_params},
    [NOTIFY_EMAIL] = {".email", "Email", email_config, email_secrets, email_params},
    [NOTIFY_SYSLOG] = {".syslog", "Syslog", syslog_config, no_keys, syslog_params},
};

const char *notify_type_name(enum notify_type type)
{
    return types[type].name;
}

const char *notify_type_title(enum notify_type type)
{
    return types[type].title;
}

bool notify_type_find(const char *name, enum notify_type *out)
{
    for (int i = 0; i < NOTIFY_TYPES; i++) {
        if (strcmp(types[i].name, name) == 0) {
            *out = (enum notify_type)i;
            return true;
        }
    }
    return false;
}

/* A text without NUL; controls are left to those who send. */
static bool is_text(const struct format_node *v)
{
    const char *s = format_node_str(v, NULL);
    return s != NULL && strlen(s) == format_node_str_len(v);
}

static bool fits(const struct format_node *v, const struct key *key)
{
    int64_t port;
    switch (key->kind) {
    case STRING:
        return is_text(v);
    case BOOLEAN:
        return format_node_type(v) == FORMAT_BOOL;
    case PORT:
        port = format_node_int(v, 0);
        return port >= 1 && port <= 65535;
    case STRINGS:
    case STRING_VALUES:
        if (format_node_type(v) != (key->kind == STRINGS ? FORMAT_ARRAY : FORMAT_OBJECT))
            return false;
        for (size_t i = 0; i < format_node_count(v); i++)
            if (!is_text(format_node_at(v, i)))
                return false;
        format_node_mark(v);
        return true;
    }
    return false;
}

static bool is_choice(const struct format_node *v, const char *choices)
{
    const char *s = format_node_str(v, "");
    size_t n = strlen(s);
    if (n == 0 || strchr(s, ' ') != NULL)
        return false;
    for (const char *p = choices + 1; (p = strstr(p, s)) != NULL; p++)
        if (p[-1] == ' ' && p[n] == ' ')
            return true;
    return false;
}

static enum err check(const struct format_node *object, const struct key *keys, const char *what,
                      struct err_text *why)
{
    static const char *const expected[] = {"a string", "true or false", "a port from 1 to 65535",
                                           "an array of strings", "an object of strings"};
    if (object != NULL && format_node_type(object) != FORMAT_OBJECT &&
        format_node_type(object) != FORMAT_NULL)
        return format_node_err(object, why, ERR_INVALID, "%s must be an object", what);
    for (; keys->name != NULL; keys++) {
        const struct format_node *v = format_node_get(object, keys->name);
        if (format_node_type(v) == FORMAT_NULL) {
            if (keys->required)
                return format_node_err(object, why, ERR_INVALID, "%s.%s is required", what,
                                       keys->name);
            continue;
        }
        if (!fits(v, keys))
            return format_node_err(v, why, ERR_INVALID, "%s.%s must be %s", what, keys->name,
                                   expected[keys->kind]);
        if (keys->choices != NULL && !is_choice(v, keys->choices))
            return format_node_err(v, why, ERR_INVALID, "%s.%s must be one of%s", what, keys->name,
                                   keys->choices);
    }
    const struct format_node *unknown = format_node_unknown(object);
    if (unknown != NULL)
        return format_node_err(unknown, why, ERR_INVALID, "%s.%.100s is not known", what,
                               format_node_key(unknown));
    return ERR_NONE;
}

/* What no table says. */
static enum err check_whole(const struct notify_connector *c, struct err_text *why)
{
    const char *url = format_node_str(format_node_get(c->config, "url"), "");
    const char *transport = format_node_str(format_node_get(c->config, "transport"), "");
    if (c->type == NOTIFY_WEBHOOK && strncmp(url, "http://", 7) != 0 &&
        strncmp(url, "https://", 8) != 0)
        return format_node_err(c->config, why, ERR_INVALID,
                               "config.url must begin with http:// or https://");
    if (c->type == NOTIFY_SYSLOG && strcmp(transport, "local") != 0 &&
        format_node_str_len(format_node_get(c->config, "host")) == 0)
        return format_node_err(c->config, why, ERR_INVALID,
                               "config.host is required with transport %s", transport);
    if (c->type != NOTIFY_SYSLOG &&
        format_node_bool(format_node_get(c->config, "hasAuth"), false) && c->secrets != NULL &&
        notify_connector_lacks_secrets(c))
        return format_node_err(c->secrets, why, ERR_INVALID,
                               "secrets.user and secrets.password are required with hasAuth");
    return ERR_NONE;
}

enum err notify_connector_read(const struct format_node *doc, struct notify_connector *out,
                               struct err_text *why)
{
    struct notify_connector c = {0};
    const struct format_node *name = format_node_get(doc, "name");
    const struct format_node *type = format_node_get(doc, "connector_type_id");
    c.name = format_node_str(name, "");
    c.config = format_node_get(doc, "config");
    c.secrets = format_node_get(doc, "secrets");
    if (!is_text(name) || c.name[0] == '\0' || strlen(c.name) > 256)
        return format_node_err(doc, why, ERR_INVALID, "name must be a string of 1 to 256 bytes");
    if (!is_text(type) || !notify_type_find(format_node_str(type, ""), &c.type))
        return format_node_err(doc, why, ERR_UNSUPPORTED,
                               "connector_type_id must be .webhook, .email or .syslog");
    enum err err = check(c.config, types[c.type].config, "config", why);
    if (err == ERR_NONE)
        err = check(c.secrets, types[c.type].secrets, "secrets", why);
    if (err == ERR_NONE)
        err = check_whole(&c, why);
    if (err == ERR_NONE)
        *out = c;
    return err;
}

enum err notify_connector_check_params(enum notify_type type, const struct format_node *params,
                                       struct err_text *why)
{
    enum err err = check(params, types[type].params, "params", why);
    if (err == ERR_NONE && type == NOTIFY_EMAIL &&
        format_node_count(format_node_get(params, "to")) +
                format_node_count(format_node_get(params, "cc")) +
                format_node_count(format_node_get(params, "bcc")) ==
            0)
        err = format_node_err(params, why, ERR_INVALID, "a mail needs params.to, cc or bcc");
    return err;
}

bool notify_connector_lacks_secrets(const struct notify_connector *c)
{
    return format_node_bool(format_node_get(c->config, "hasAuth"), false) &&
           (format_node_str_len(format_node_get(c->secrets, "user")) == 0 ||
            format_node_str(format_node_get(c->secrets, "password"), NULL) == NULL);
}
