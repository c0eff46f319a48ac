#ifndef CATEGORIZE_CATEGORIZE_H
#define CATEGORIZE_CATEGORIZE_H

/*
 * Messages of machines put into categories: one template of a program, one category.
 *
 * A message becomes tokens (analyzer.h), the tokens find the category they fit best (category.h) or
 * begin one. Categories have numbers from 1 in the order in which they began, over all groups; a
 * group (a partition) has categories of its own. The same messages in the same order give the same
 * categories; what a quick look remembers changes nothing. docs/method/categorize.md.
 *
 * Ownership: categorize_new() makes it; the analyzer is borrowed.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct categorize;
struct categorize_analyzer;

/* Categories of a job, over all its groups. */
#define CATEGORIZE_MOST 10000
#define CATEGORIZE_EXAMPLES_MOST 1000

struct categorize_options {
    const struct categorize_analyzer *analyzer;
    struct hash_key seed;
    size_t examples;   /* kept of each category, at most CATEGORIZE_EXAMPLES_MOST */
    bool stop_on_warn; /* a group that turns out to be of no use is given up */
};

enum err categorize_new(const struct categorize_options *options,
                        struct categorize **out) ERR_MUST_CHECK;
void categorize_free(struct categorize *c); /* NULL is fine */

enum categorize_verdict {
    CATEGORIZE_DONE,
    CATEGORIZE_FAILED,  /* no room for a new category, or too many: counted */
    CATEGORIZE_STOPPED, /* the group was given up */
};

/* room: whether memory may grow. Texts are valid UTF-8. *out_id is set when it is done. */
enum categorize_verdict categorize_message(struct categorize *c, struct bytes group,
                                           struct bytes message, ts_ns time, bool room,
                                           uint32_t *out_id);

/* What it takes, by what it holds: one that was loaded says the same. */
size_t categorize_bytes(const struct categorize *c);

struct categorize_stats {
    uint64_t documents; /* messages that have a category */
    uint64_t total;     /* categories */
    uint64_t frequent;  /* with more than one message in a hundred */
    uint64_t rare;      /* with a single message */
    uint64_t dead;      /* whose messages go to another now */
    uint64_t failed;    /* messages that wanted a category that could not be made */
    bool warn;          /* these categories are of no use */
};

/* Looks at groups that had messages since, and judges whether their categories are of use. */
void categorize_judge(struct categorize *c);
/* Over all groups; warn when one of them does. */
void categorize_sum(const struct categorize *c, struct categorize_stats *out);
typedef void (*categorize_group_fn)(void *ctx, struct bytes name,
                                    const struct categorize_stats *stats);
/* Those that had messages since they were told, in the order in which they began. ERR_MEMORY. */
enum err categorize_each_group(struct categorize *c, categorize_group_fn fn,
                               void *ctx) ERR_MUST_CHECK;

/* A category as it is told. */
struct categorize_view {
    uint32_t id;
    struct bytes group;
    struct bytes terms; /* tokens that all messages have, in order */
    struct bytes regex;
    const char *const *examples;
    size_t n_examples;
    uint64_t longest; /* bytes of a message, with a tenth to spare */
    uint64_t matches;
    const uint32_t *preferred_to; /* ids of categories whose messages come here */
    size_t n_preferred;
    ts_ns first; /* time of its first message */
};

typedef void (*categorize_view_fn)(void *ctx, const struct categorize_view *v);

enum categorize_which {
    CATEGORIZE_ALL,
    CATEGORIZE_CHANGED, /* since they were told: new, with other terms, or twice the messages */
    CATEGORIZE_GROWN,   /* or any more */
};

/* In order of id. ERR_MEMORY. */
enum err categorize_each(const struct categorize *c, enum categorize_which which,
                         categorize_view_fn fn, void *ctx) ERR_MUST_CHECK;
/* Those have been told. */
void categorize_told(struct categorize *c, enum categorize_which which);

/* Appends the terms of a category; false when there is none of that id. */
bool categorize_terms(const struct categorize *c, uint32_t id, struct buf *out);

/* Expressions of the job that passed a bound in one message or another. */
uint64_t categorize_given_up(const struct categorize *c);

/* state.c. docs/format/detect-state.md. */
void categorize_save(const struct categorize *c, struct buf *out);
/* Into one that is new. ERR_FORMAT, ERR_MEMORY; then it can only be freed. */
enum err categorize_load(struct categorize *c, struct cursor *in) ERR_MUST_CHECK;

#endif
