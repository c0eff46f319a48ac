#ifndef EXCEPT_ITEM_H
#define EXCEPT_ITEM_H

/*
 * Exception lists and their items, as Elastic's API and exports have them, read and checked.
 *
 * An item says what is to raise no alert: all of its entries must hold. Every known key is checked
 * for its type and form; a key that nobody knows is warned of, unless it is so close to a known one
 * that it is a slip of the pen: then the object is refused. docs/format/exception.md.
 *
 * Ownership: _free() ends a list or item with the document it was made of; texts live as long.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"
#include "rule/rule.h"

struct format_node;
struct format_writer;

struct except_list {
    const char *id; /* the object's own; follows from its names when it has none */
    const char *list_id;
    const char *namespace_type; /* "single", "agnostic" */
    const char *type;           /* "detection", "rule_default" … */
    const char *name;
    const struct format_node *node; /* as written */
};

struct except_item {
    const char *id;
    const char *item_id; /* made from the item's text when it has none */
    const char *list_id;
    const char *namespace_type;
    const char *name;
    ts_ns expires;                     /* from then on it says nothing; TIME_MAX: never */
    const struct format_node *entries; /* checked: an array, not empty */
    const struct format_node *node;
};

/* The document belongs to the result on success and stays the caller's on failure. warn may be
 * NULL. ERR_INVALID, ERR_MEMORY. */
enum err except_list_new_take(struct format_node *root, rule_warn_fn warn, void *warn_ctx,
                              struct except_list **out, struct err_text *why) ERR_MUST_CHECK;
void except_list_free(struct except_list *l); /* NULL is fine */
enum err except_item_new_take(struct format_node *root, rule_warn_fn warn, void *warn_ctx,
                              struct except_item **out, struct err_text *why) ERR_MUST_CHECK;
void except_item_free(struct except_item *i); /* NULL is fine */

/* The object as the API shows it: what was written, with defaults filled in. */
void except_list_write(const struct except_list *l, struct format_writer *w);
void except_item_write(const struct except_item *i, struct format_writer *w);

/* Which of the two an object is, by its keys; a rule or a summary is neither. */
enum except_what {
    EXCEPT_NEITHER,
    EXCEPT_LIST,
    EXCEPT_ITEM,
};
enum except_what except_what(const struct format_node *v);

#endif
