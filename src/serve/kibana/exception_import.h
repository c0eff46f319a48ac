#ifndef KIBANA_EXCEPTION_IMPORT_H
#define KIBANA_EXCEPTION_IMPORT_H

/*
 * Exception lists and items of a file, put all together: lists first, wherever they stand.
 *
 * As new ones, lists and items get names of their own, and items and rules of the file that name a
 * list of the file mean the new one.
 *
 * Ownership: kibana_exception_import_release(). Objects that are added must live until then.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/err.h"
#include "format/write.h"

#include <stdbool.h>
#include <stddef.h>

struct api_call;
struct format_node;
struct kibana_change;

/* An object of the file, and its list_id or item_id. */
struct kibana_exception_object {
    const char *json;
    size_t n;
    const char *name;
    bool item;
};

/* A list of the file and what it is called now. */
struct kibana_exception_renamed {
    const char *list_id, *namespace_type;
    const char *new_list_id, *new_id;
};

struct kibana_exception_import {
    struct api_call *call;
    bool overwrite, as_new;
    struct kibana_exception_object *objects;
    size_t n, cap;
    struct kibana_exception_renamed *renamed;
    size_t renamed_n, renamed_cap;
    const struct kibana_exception_object **sent; /* private: of the request under way */
    struct buf errors;                           /* a JSON array, once it has ended */
    struct format_writer error;
    size_t lists, items; /* that are there now */
    size_t failed_lists, failed_items;
};

void kibana_exception_import_init(struct kibana_exception_import *x, struct api_call *call);
void kibana_exception_import_release(struct kibana_exception_import *x);

/* One object. What is wrong with it is told among the errors. */
enum err kibana_exception_import_add(struct kibana_exception_import *x, const char *json, size_t n,
                                     struct err_text *why) ERR_MUST_CHECK;
/* Puts all of them. */
enum err kibana_exception_import_end(struct kibana_exception_import *x,
                                     struct err_text *why) ERR_MUST_CHECK;
/* A rule's exceptions_list, where it names lists that were renamed. */
void kibana_exception_import_rename(const struct kibana_exception_import *x,
                                    const struct format_node *rule, struct kibana_change *change);

/* Copies the list that is a rule's own (of the type rule_default; a rule has at most one), with its
 * items, expired ones only if wanted, and changes the rule to mean the copy. */
enum err kibana_exception_import_own(struct api_call *c, const struct format_node *rule,
                                     bool expired, struct kibana_change *change,
                                     struct err_text *why) ERR_MUST_CHECK;

#endif
