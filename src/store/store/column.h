#ifndef STORE_COLUMN_H
#define STORE_COLUMN_H

/*
 * Which column of a piece a field of an event goes to.
 *
 * A field of the field table has a column of its own type; fields that ECS defines as arrays have a
 * list column. What does not fit (unknown fields, several values in a plain column, a value of
 * another type) goes to the column `rest` as JSON. docs/format/store.md, "A piece".
 *
 * Ownership: a set owns its names.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "event/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum store_column_type {
    STORE_COLUMN_TEXT = 'S',
    STORE_COLUMN_INTEGER = 'I',
    STORE_COLUMN_NUMBER = 'F',
    STORE_COLUMN_BOOLEAN = 'B',
    STORE_COLUMN_TIME = 'T',
};

struct store_column {
    const char *name; /* dotted field name, NUL-terminated */
    uint32_t len;
    event_field field; /* EVENT_F_NONE when this build does not know it */
    uint8_t type;      /* enum store_column_type */
    bool list;
};

struct store_columns {
    struct store_column *list; /* in order of name */
    size_t n;
    size_t cap;
    const char **rest; /* names that occur in rest, in order */
    size_t rest_n;
    size_t rest_cap;
    bool rest_any; /* more names than are kept */
    struct arena *arena;
};

#define STORE_REST_NAMES 1000

enum store_column_type store_column_type_of(event_field f);
bool store_column_is_list(event_field f);
/* Whether a value of that event type fits a column of that field. */
bool store_column_fits(event_field f, enum event_type type);

/* The arena must outlive the set. */
void store_columns_init(struct store_columns *c, struct arena *arena);
void store_columns_release(struct store_columns *c);
/*
 * The column of that name, added when it is missing; NULL without memory. One that is there with
 * another type (pieces of different builds) becomes what can hold both: a list, a text.
 */
const struct store_column *store_columns_add(struct store_columns *c, const char *name, size_t n,
                                             enum store_column_type type, bool list);
const struct store_column *store_columns_find(const struct store_columns *c, const char *name,
                                              size_t n);
/* ERR_MEMORY. */
enum err store_columns_add_rest(struct store_columns *c, const char *name, size_t n) ERR_MUST_CHECK;
/* Whether a field of that name may occur in rest. */
bool store_columns_in_rest(const struct store_columns *c, const char *name, size_t n);
/* Whether there is a column `rest` at all. */
static inline bool store_columns_has_rest(const struct store_columns *c)
{
    return c->rest_any || c->rest_n > 0;
}

/* Adds what two texts of a piece say (columns, rest). ERR_FORMAT when they break the form. */
enum err store_columns_read(struct store_columns *c, const char *columns,
                            const char *rest) ERR_MUST_CHECK;
void store_columns_write(const struct store_columns *c, struct buf *columns, struct buf *rest);

/* A piece, or the hot events (path NULL), with the columns it has. */
struct store_part {
    const char *path;
    const char *columns; /* as store_columns_write() writes them */
};

/*
 * Adds what stands after FROM: all parts together, each column with the type that it has in c.
 * ERR_FORMAT: a part's columns break the form; ERR_MEMORY.
 */
enum err store_columns_source(const struct store_columns *c, const struct store_part *parts,
                              size_t n, struct buf *sql) ERR_MUST_CHECK;

/* "name" in double quotes, as SQL wants it. */
void store_column_quote(struct buf *sql, const char *name);
/* 'text' in single quotes. */
void store_column_quote_text(struct buf *sql, const char *s, size_t n);

#endif
