#ifndef NOTIFY_MUSTACHE_H
#define NOTIFY_MUSTACHE_H

/*
 * Templates of messages: text with names in double braces, filled from a JSON object.
 *
 * What is understood of Mustache: {{name}}, {{{name}}} and {{&name}} without escaping,
 * {{#section}}, {{^inverted}}, {{/end}}, {{.}} and {{! comments}}; a tag of a section or comment
 * alone on its line takes the line with it. Partials and other delimiters are refused.
 * docs/method/notify.md.
 *
 * A name with dots is looked for as it is, then part by part: documents may nest their keys or
 * write them flat. What is not there is empty; an object or array is written as JSON.
 *
 * Bounds: a template of at most NOTIFY_TEMPLATE_MAX bytes with sections at most 16 deep, a result
 * of at most NOTIFY_TEXT_MAX bytes, a million steps.
 *
 * Threads: any; data belongs to one thread (format/node.h).
 */

#include "base/bytes.h"
#include "base/err.h"

struct buf;
struct format_node;

#define NOTIFY_TEMPLATE_MAX ((size_t)64 << 10)
#define NOTIFY_TEXT_MAX ((size_t)128 << 10)

/* How values, not the template's own text, are written where two braces stand. */
enum notify_escape {
    NOTIFY_PLAIN,
    NOTIFY_JSON, /* as the inside of a JSON string */
};

/* Adds to out. ERR_INVALID when the template is wrong, ERR_LIMIT, ERR_MEMORY. */
enum err notify_mustache_render(struct bytes text, const struct format_node *data,
                                enum notify_escape escape, struct buf *out,
                                struct err_text *why) ERR_MUST_CHECK;

/* The value of a name in an object, as templates find it; NULL: there is none. */
const struct format_node *notify_mustache_find(const struct format_node *object, struct bytes name);

#endif
