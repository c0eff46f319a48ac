#ifndef KIBANA_DOC_H
#define KIBANA_DOC_H

/*
 * Objects that are changed member by member: read, written anew with some members replaced.
 *
 * Ownership: texts are views into the arena given, or into the document.
 * Threads:   one owner.
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api_call;
struct buf;
struct format_node;
struct format_writer;

#define KIBANA_UUID_SIZE 37
#define KIBANA_MEMBERS_MAX 128

/* A member and its new value as JSON; NULL: it is left out. */
struct kibana_member {
    const char *key;
    const char *json;
};

/* Members that are to be changed, in a list of fixed size. */
struct kibana_change {
    struct arena *arena;
    struct kibana_member members[KIBANA_MEMBERS_MAX];
    size_t n;
    enum err err; /* sticky: ERR_MEMORY, ERR_LIMIT */
};

void kibana_change_init(struct kibana_change *c, struct arena *arena);
/* Later ones win over earlier ones of the same key. */
void kibana_change_json(struct kibana_change *c, const char *key, const char *json);
void kibana_change_node(struct kibana_change *c, const char *key, const struct format_node *v);
void kibana_change_text(struct kibana_change *c, const char *key, const char *s);
void kibana_change_number(struct kibana_change *c, const char *key, int64_t v);
void kibana_change_flag(struct kibana_change *c, const char *key, bool v);
void kibana_change_time(struct kibana_change *c, const char *key, ts_ns t);
/* Every member of the object; null leaves one out. */
void kibana_change_all(struct kibana_change *c, const struct format_node *object);

/* The members of the object (NULL, or no object: none) with the changes made, into an object that
 * was begun: changed ones in their places, new ones at the end. */
void kibana_doc_members(const struct format_node *object, const struct kibana_change *change,
                        struct format_writer *w);
/* The whole object as JSON text, added to out. What failed in the change is returned. */
enum err kibana_doc_write(const struct format_node *object, const struct kibana_change *change,
                          struct buf *out, struct err_text *why) ERR_MUST_CHECK;

/* A random UUID (version 4). */
void kibana_doc_uuid(char out[KIBANA_UUID_SIZE]);
/* The guest's name, for created_by and updated_by. */
const char *kibana_doc_guest(const struct api_call *c);

#endif
