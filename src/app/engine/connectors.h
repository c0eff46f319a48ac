#ifndef ENGINE_CONNECTORS_H
#define ENGINE_CONNECTORS_H

/*
 * Connectors as lines of an export of rules: Kibana's saved objects of the type action. They hold
 * no secrets.
 *
 * Ownership: engine_connectors_release().
 * Threads:   as the state.
 */

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct rule;
struct store_state;

struct engine_connectors {
    struct buf lines;             /* each with its newline */
    struct buf missing, excluded; /* members of JSON arrays: those that rules name and nobody has,
                                     and those that are not for who asked */
    size_t n, missing_n, excluded_n;
};

void engine_connectors_init(struct engine_connectors *c);
void engine_connectors_release(struct engine_connectors *c);

/* Those that actions of the rules name, each once; without allowed all of them are excluded. */
enum err engine_connectors_export(struct store_state *state, struct rule *const *rules, size_t n,
                                  bool allowed, struct engine_connectors *out,
                                  struct err_text *why) ERR_MUST_CHECK;

/* From such a line to the object that makes a connector, added to out: {"id", "name",
 * "connector_type_id", "config"}. ERR_FORMAT, ERR_INVALID, ERR_MEMORY. */
enum err engine_connectors_read(const char *json, size_t n, struct buf *out,
                                struct err_text *why) ERR_MUST_CHECK;

#endif
