#ifndef FORMAT_NODE_PRIV_H
#define FORMAT_NODE_PRIV_H

/*
 * How the readers of JSON and TOML build a tree: values in the order written, each container
 * closed when its members are complete.
 *
 * Ownership: format_tree_free() frees everything made in the tree.
 * Threads:   one owner.
 */

#include "base/arena.h"
#include "format/node.h"

#define FORMAT_NODE_DEPTH 64
#define FORMAT_NODE_MAX_TEXT ((size_t)64 << 20)
#define FORMAT_NODE_MAX_VALUES ((size_t)4 << 20) /* a tree costs some 120 bytes a value */

#ifdef __cplusplus
extern "C" {
#endif

struct format_tree {
    struct arena arena;
    const char *file;
    size_t values;
    struct format_node *root;
};

struct format_node {
    uint8_t type; /* enum format_type */
    bool known;   /* somebody asked for it */
    unsigned line;
    unsigned column;
    const char *key; /* NULL in an array and at the root; NUL-terminated */
    size_t key_len;
    struct format_tree *tree;
    struct format_node *self; /* this node, to be marked through a const view */
    struct format_node *next; /* in its container, in the order written */
    union {
        bool b;
        int64_t i;
        double f;
        struct {
            const char *p; /* NUL-terminated */
            size_t n;
        } str;
        struct {
            size_t count;
            struct format_node *first;
            struct format_node *last;
            struct format_node **at;     /* the order written; NULL until closed */
            struct format_node **by_key; /* sorted, for objects with many members; else NULL */
        } box;
    } as;
};

struct format_tree *format_tree_new(const char *file); /* NULL when memory is short */
void format_tree_free(struct format_tree *t);

/*
 * A value of that type (empty), last in its container, NULL for the root; key is copied (NULL
 * where there is none). ERR_MEMORY, ERR_LIMIT.
 */
enum err format_tree_add(struct format_tree *t, struct format_node *parent, enum format_type type,
                         const char *key, size_t key_len, struct format_node **out) ERR_MUST_CHECK;
enum err format_tree_set_str(struct format_node *v, const char *s, size_t n) ERR_MUST_CHECK;

struct format_node *format_tree_root(const struct format_tree *t);

/* The container is complete. ERR_MEMORY; ERR_FORMAT when a key came twice. */
enum err format_tree_close(struct format_node *box, struct err_text *why) ERR_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
