#ifndef KIBANA_CONNECTOR_IMPORT_H
#define KIBANA_CONNECTOR_IMPORT_H

/*
 * Connectors of a file of rules. Files hold no secrets: those are added afterwards.
 *
 * Only who may make connectors may import them; others are told which are missing.
 *
 * Ownership: kibana_connector_import_release(). Objects that are added must live until then.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/err.h"
#include "format/write.h"

#include <stdbool.h>
#include <stddef.h>

struct api_call;
struct rule_set;

struct kibana_connector_object {
    const char *json;
    size_t n;
    const char *id;
    bool lacks; /* it needs secrets */
};

struct kibana_connector_import {
    struct api_call *call;
    bool overwrite; /* else those that are there stay as they are */
    struct kibana_connector_object *objects;
    size_t n, cap;
    struct buf errors; /* a JSON array, once it has ended */
    struct format_writer error;
    size_t done, failed, lacking;
};

void kibana_connector_import_init(struct kibana_connector_import *x, struct api_call *call);
void kibana_connector_import_release(struct kibana_connector_import *x);

/* A saved object of the type action: {"id":…, "attributes":{"actionTypeId":…, "name":…, …}}. */
enum err kibana_connector_import_add(struct kibana_connector_import *x, const char *json, size_t n,
                                     struct err_text *why) ERR_MUST_CHECK;
/* Puts all of them; what actions of the rules name and is still not there is an error. */
enum err kibana_connector_import_end(struct kibana_connector_import *x, const struct rule_set *set,
                                     struct err_text *why) ERR_MUST_CHECK;
/* The list of warnings. */
void kibana_connector_import_warn(const struct kibana_connector_import *x, struct format_writer *w);

#endif
