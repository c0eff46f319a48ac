#ifndef FEED_FOLDER_H
#define FEED_FOLDER_H

/*
 * The files that a folder stands for when it is named as an input.
 *
 * Ownership: feed_folder_list() makes the list, feed_folder_free() ends it.
 * Threads:   any.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

bool feed_folder_is(const char *path);

/*
 * The paths of the regular files in a folder, links to such included, in the order of the bytes of
 * their names. Hidden files and what stands in folders below are left out; an empty list is fine.
 * ERR_NOT_FOUND, ERR_DENIED, ERR_IO, ERR_MEMORY.
 */
enum err feed_folder_list(const char *folder, char ***out, size_t *out_n,
                          struct err_text *why) ERR_MUST_CHECK;
void feed_folder_free(char **paths, size_t n); /* NULL is fine */

#endif
