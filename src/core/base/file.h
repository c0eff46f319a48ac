#ifndef BASE_FILE_H
#define BASE_FILE_H

/*
 * A whole file of modest size into memory: configuration, rules, packages.
 *
 * Threads: any.
 */

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

/*
 * Adds the file's bytes to out. ERR_NOT_FOUND, ERR_DENIED, ERR_IO and what else opening and reading
 * can meet, ERR_LIMIT when it holds more than max bytes, ERR_MEMORY; why names the file.
 */
enum err file_read(const char *path, size_t max, struct buf *out,
                   struct err_text *why) ERR_MUST_CHECK;

#endif
