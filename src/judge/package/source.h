#ifndef PACKAGE_SOURCE_H
#define PACKAGE_SOURCE_H

/*
 * Where a package's files come from: the binary, or a folder.
 *
 * Names inside a package are plain: no separators, no dot in front, so that a manifest from
 * elsewhere cannot reach beyond its folder.
 *
 * Threads: any.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct package_source {
    bool shipped;
    const char *base; /* the shipped package's name, or the folder */
};

#define PACKAGE_FILE_MAX ((size_t)8 << 20)

/* A file's bytes, added to out; folder may be "". ERR_NOT_FOUND, ERR_IO, ERR_LIMIT, ERR_MEMORY. */
enum err package_source_read(const struct package_source *s, const char *folder, const char *name,
                             struct buf *out, struct err_text *why) ERR_MUST_CHECK;

/* Where it is, for messages: "ded/ml/x.json". */
void package_source_name(const struct package_source *s, const char *folder, const char *name,
                         struct buf *out);

/* Calls back with the names of the rule files, in their order; no rules folder is no mistake. */
typedef enum err (*package_name_fn)(void *ctx, const char *name, struct err_text *why);
enum err package_source_rules(const struct package_source *s, package_name_fn fn, void *ctx,
                              struct err_text *why) ERR_MUST_CHECK;

/* Whether a name may stand in a manifest. */
bool package_source_plain(const char *name);

#endif
