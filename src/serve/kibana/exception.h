#ifndef KIBANA_EXCEPTION_H
#define KIBANA_EXCEPTION_H

/*
 * Exception lists and their items as state.db has them; how one is put there.
 *
 * Lists have a list_id and items an item_id, within a namespace; besides, each has an id of its
 * own.
 *
 * Ownership: kibana_exceptions_release().
 * Threads:   one owner.
 */

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct api_call;
struct format_node;
struct kibana_change;

/* Which of the two. */
struct kibana_exception_kind {
    bool item;
    const char *what; /* for messages */
    const char *key;  /* "list_id", "item_id" */
};
extern const struct kibana_exception_kind kibana_exception_list, kibana_exception_item;

struct kibana_exception {
    const char *name; /* list_id or item_id */
    const char *list_id;
    const char *namespace_type;
    const char *id;
    const char *text;        /* the document */
    struct format_node *doc; /* the same, once it was read */
};

struct kibana_exceptions {
    struct arena arena;
    struct kibana_exception *list;
    size_t n, cap;
    enum err err;
};

void kibana_exceptions_init(struct kibana_exceptions *x);
void kibana_exceptions_release(struct kibana_exceptions *x);

/* Reads the document, of which a list of many keeps none read: they take twenty times as much. */
enum err kibana_exception_read(struct kibana_exception *x, struct err_text *why) ERR_MUST_CHECK;
void kibana_exception_forget(struct kibana_exception *x);

/* All lists; or the items of a list, with list_id NULL of all lists. */
enum err kibana_exceptions_lists(struct api_call *c, struct kibana_exceptions *out,
                                 struct err_text *why) ERR_MUST_CHECK;
enum err kibana_exceptions_items(struct api_call *c, const char *list_id,
                                 const char *namespace_type, struct kibana_exceptions *out,
                                 struct err_text *why) ERR_MUST_CHECK;
/* The one of that id or, when it is NULL, name, read: into out, which is empty. 404 as Kibana says
 * it. */
enum err kibana_exceptions_find(struct api_call *c, const struct kibana_exception_kind *kind,
                                const char *id, const char *name, const char *namespace_type,
                                struct kibana_exceptions *out, struct err_text *why) ERR_MUST_CHECK;

/* Whether an item's expire_time is over. */
enum err kibana_exception_expired(const struct api_call *c, struct kibana_exception *x, bool *out,
                                  struct err_text *why) ERR_MUST_CHECK;

/* Puts one: the object (NULL: none) with the changes, in place of the one of that _version.
 * ERR_BUSY: it is another by now. version NULL: there must be none; ERR_EXISTS. */
enum err kibana_exception_put(struct api_call *c, const struct format_node *object,
                              const struct kibana_change *change, const char *version,
                              struct err_text *why) ERR_MUST_CHECK;
enum err kibana_exception_delete(struct api_call *c, const struct kibana_exception_kind *kind,
                                 const struct kibana_exception *x,
                                 struct err_text *why) ERR_MUST_CHECK;

#endif
