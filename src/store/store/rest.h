#ifndef STORE_REST_H
#define STORE_REST_H

/*
 * The column `rest`: fields that have no column, as one JSON object with dotted keys.
 *
 * Threads: one owner for each parser.
 */

#include "base/buf.h"
#include "base/err.h"
#include "event/event.h"

#include <stddef.h>

struct format_json;
struct format_writer;
struct store_cell;

/* One field of a row as a member. */
void store_rest_write(struct format_writer *w, struct store_cell *cell);

/*
 * Adds the fields of a text to an event. Values that JSON can hold but fields cannot are left out.
 * ERR_FORMAT: no JSON object; ERR_MEMORY.
 */
enum err store_rest_read(struct format_json *parser, const char *text, size_t n,
                         struct event *e) ERR_MUST_CHECK;

#endif
