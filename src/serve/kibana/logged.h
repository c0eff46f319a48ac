#ifndef KIBANA_LOGGED_H
#define KIBANA_LOGGED_H

/*
 * The searches that runs of a preview stand for, written as requests that can be sent by hand. A
 * run itself asks the store without them.
 *
 * Ownership: kibana_logged_free().
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"

struct format_node;
struct format_writer;
struct kibana_logged;

/* Of the rule that the object is (a copy is made): kibana_logged_free(). ERR_INVALID, ERR_MEMORY.
 */
enum err kibana_logged_new(const struct format_node *rule, struct kibana_logged **out,
                           struct err_text *why) ERR_MUST_CHECK;
void kibana_logged_free(struct kibana_logged *l); /* NULL is fine */

/* The requests of the run at that time, an array: the records of a machine_learning rule, else the
 * documents that the rule looks at; of rules that do not run none. took: of the run. */
enum err kibana_logged_write(const struct kibana_logged *l, ts_ns at, ts_ns took,
                             struct format_writer *w, struct err_text *why) ERR_MUST_CHECK;

#endif
