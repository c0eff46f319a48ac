#ifndef FIND_NAME_H
#define FIND_NAME_H

/*
 * Index names that hold a date: <logs-{now/d}>, <logs-{now/M{yyyy.MM}}>,
 * <logs-{now-1d/d{yyyy.MM.dd|Europe/Berlin}}>.
 *
 * What stands in braces is date math (query/datemath.h), rounded and written in UTC unless a zone
 * is given, as yyyy.MM.dd unless a format is. A backslash takes what follows it as it is.
 *
 * Threads: any.
 */

#include "base/err.h"
#include "base/time.h"

#include <stddef.h>

struct arena;

/*
 * A comma-separated list with each such name written out; without any it is given back as it is,
 * else the text lives in the arena. ERR_INVALID with a sentence, ERR_MEMORY.
 */
enum err find_name_resolve(const char *names, size_t n, ts_ns now, struct arena *arena,
                           const char **out, size_t *out_n, struct err_text *why) ERR_MUST_CHECK;

#endif
