#ifndef KIBANA_TRANSFER_H
#define KIBANA_TRANSFER_H

/*
 * Rules as files: what answers of an export hold.
 *
 * Threads: any.
 */

#include "base/err.h"

#include <stdbool.h>

struct api_call;
struct format_node;
struct format_writer;
struct kibana_file;
struct kibana_rules;

/* A list of rule_ids (NULL: all) as the answer: a file, with or without the summary line. */
enum err kibana_transfer_export(struct api_call *c, const struct format_node *rule_ids,
                                bool details, const char *name,
                                struct err_text *why) ERR_MUST_CHECK;

/* The uploaded file of the request. */
enum err kibana_transfer_file(struct api_call *c, struct kibana_file *out,
                              struct err_text *why) ERR_MUST_CHECK;

/* A flag of the query string: bodies of these rows are no JSON. */
enum err kibana_transfer_flag(struct api_call *c, const char *name, bool otherwise, bool *out,
                              struct err_text *why) ERR_MUST_CHECK;

/* The answer is a file of that name. */
void kibana_transfer_name(struct api_call *c, const char *type, const char *name);

/* One entry of errors: what it is about ("rule_id", "id" …), the status, the sentence. */
void kibana_transfer_error(struct format_writer *w, const char *key, const char *id,
                           unsigned status, const char *message);

#endif
