#ifndef CATEGORIZE_CATEGORIZE_PRIV_H
#define CATEGORIZE_CATEGORIZE_PRIV_H

/*
 * The inside of a job's categories, for those who categorise (categorize.c) and save (state.c).
 */

#include "categorize/analyzer.h"
#include "categorize/categorize.h"
#include "categorize/category.h"

struct map;

/* Messages that were seen as they are: their category needs no search. */
#define CATEGORIZE_SEEN 4096

struct categorize_group {
    char *name;
    size_t name_n;
    uint64_t documents;
    uint64_t failed;
    uint32_t epoch; /* rises when a category is made or changes: what was seen holds no more */
    bool warn;
    bool stopped;
    bool touched; /* it had messages since it was judged, */
    bool untold;  /* and since its statistics were told */
};

struct categorize_seen {
    uint64_t key;
    uint32_t id; /* 0: nothing */
    uint32_t epoch;
};

/* A category in the table that searches go through. */
struct categorize_look {
    struct categorize_sketch sketch;
    uint32_t next; /* id of another with the same deciding words; 0: none */
    bool dead;
};

struct categorize {
    struct categorize_options options;
    struct categorize_desk desk;
    struct categorize_tokens tokens;
    struct categorize_group *groups;
    size_t n_groups;
    size_t cap_groups;
    struct map *by_name;               /* groups + 1 */
    struct categorize_category **list; /* by id - 1 */
    struct categorize_look *looks;     /* likewise */
    size_t n;
    size_t cap;
    size_t cap_looks;
    struct map *by_deciding; /* group and deciding words to the newest category */
    struct categorize_seen *seen;
    size_t bytes;    /* of groups and categories */
    uint64_t failed; /* messages whose group had no room */
};

/* Makes a group; NULL when memory is short. */
struct categorize_group *categorize_group_new(struct categorize *c, struct bytes name);
/* Adds a category that is made, under the next id; false when memory is short. */
bool categorize_category_add(struct categorize *c, struct categorize_category *x);

#endif
