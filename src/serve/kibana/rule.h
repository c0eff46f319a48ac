#ifndef KIBANA_RULE_H
#define KIBANA_RULE_H

/*
 * Rules as state.db has them, and as Kibana's API shows them: the document, its switch, who made
 * and changed it, and how its last run went.
 *
 * A rule has two names: rule_id, which it keeps wherever it is installed, and id, of the object
 * here.
 *
 * Ownership: kibana_rules_release().
 * Threads:   one owner.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

struct api_call;
struct buf;
struct format_node;
struct format_writer;
struct kibana_change;

struct kibana_rule {
    const char *rule_id;
    const char *id;
    const char *name;
    struct format_node *doc;
    const char *package; /* that brought it, or NULL */
    bool enabled;
    ts_ns created;
    ts_ns updated;
    ts_ns last_run;
    const char *status; /* of the last run, or NULL */
    const char *message;
};

struct kibana_rules {
    struct arena arena;
    struct kibana_rule *list; /* in order of rule_id */
    size_t n, cap;
    const char *wanted; /* private: the id looked for */
    enum err err;
};

void kibana_rules_init(struct kibana_rules *r);
void kibana_rules_release(struct kibana_rules *r);

/* Adds all of them; documents that cannot be read are left out. */
enum err kibana_rules_read(struct api_call *c, struct kibana_rules *out,
                           struct err_text *why) ERR_MUST_CHECK;
/* Adds the one of that id or, when that is NULL, rule_id. 404 as Kibana says it, 400 without any.
 */
enum err kibana_rules_find(struct api_call *c, const char *id, const char *rule_id,
                           struct kibana_rules *out, struct err_text *why) ERR_MUST_CHECK;

/* The object as the API shows it. fields: names joined by commas, of which besides id and rule_id
 * it is to have those only; NULL: all. */
enum err kibana_rule_write(struct api_call *c, const struct kibana_rule *r, const char *fields,
                           struct format_writer *w, struct err_text *why) ERR_MUST_CHECK;

/* What is read of requests and not kept: the server says it by itself. */
void kibana_rule_forget_bookkeeping(struct kibana_change *change);
bool kibana_rule_is_bookkeeping(const char *key);

/* Puts a rule: the object (NULL: none) with the changes. fresh: there must be none of its rule_id;
 * else there must, of that revision (-1: any). */
enum err kibana_rule_put(struct api_call *c, const struct format_node *object,
                         const struct kibana_change *change, bool fresh, int revision,
                         struct err_text *why) ERR_MUST_CHECK;
/* Asks for one of the requests that take a rule's rule_id: enable, disable, delete. */
enum err kibana_rule_ask(struct api_call *c, const char *verb, const char *rule_id,
                         struct err_text *why) ERR_MUST_CHECK;

#endif
