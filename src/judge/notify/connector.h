#ifndef NOTIFY_CONNECTOR_H
#define NOTIFY_CONNECTOR_H

/*
 * A connector: where messages go, and with what credentials, in Kibana's words.
 *
 *     {"name": …, "connector_type_id": ".webhook" | ".email" | ".syslog",
 *      "config": {…}, "secrets": {…}}
 *
 * Every key is checked; docs/method/notify.md lists them. Secrets are for sending alone: what
 * people see of a connector is written without them.
 *
 * Ownership: a view of the document.
 * Threads:   that of the document.
 */

#include "base/err.h"

#include <stdbool.h>

struct format_node;
struct format_writer;

enum notify_type {
    NOTIFY_WEBHOOK,
    NOTIFY_EMAIL,
    NOTIFY_SYSLOG,
    NOTIFY_TYPES,
};

struct notify_connector {
    enum notify_type type;
    const char *name;
    const struct format_node *config;
    const struct format_node *secrets; /* NULL: none */
};

/* ERR_INVALID, ERR_UNSUPPORTED for a type that is not known. */
enum err notify_connector_read(const struct format_node *doc, struct notify_connector *out,
                               struct err_text *why) ERR_MUST_CHECK;

/* What an action gives to a connector of that type: {"body": …} and so on. ERR_INVALID. */
enum err notify_connector_check_params(enum notify_type type, const struct format_node *params,
                                       struct err_text *why) ERR_MUST_CHECK;

const char *notify_type_name(enum notify_type type);  /* ".webhook" */
const char *notify_type_title(enum notify_type type); /* "Webhook" */
bool notify_type_find(const char *name, enum notify_type *out);

/* Whether it keeps secrets that a sender needs and that are not there. */
bool notify_connector_lacks_secrets(const struct notify_connector *c);

#endif
