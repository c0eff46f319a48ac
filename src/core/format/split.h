#ifndef FORMAT_SPLIT_H
#define FORMAT_SPLIT_H

/*
 * Cuts a text of many JSON objects into its objects, without reading them: one after the other,
 * one a line, or the items of an array.
 *
 * Only brackets and quotes are looked at; whoever reads an object says whether it is one.
 *
 * Threads: any.
 */

#include "base/err.h"

#include <stddef.h>

/*
 * The next object from *at on: *out_from and *out_n say where it is, *at moves behind it. ERR_END:
 * there is none; ERR_FORMAT: what stands at *at is no object, or does not end.
 */
enum err format_split_next(const char *text, size_t n, size_t *at, size_t *out_from,
                           size_t *out_n) ERR_MUST_CHECK;

#endif
