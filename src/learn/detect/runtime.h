#ifndef DETECT_RUNTIME_H
#define DETECT_RUNTIME_H

/*
 * Fields that public datafeeds compute by script, built in and known by name.
 *
 * A runtime field is the first of its source fields that has a value, or a fixed text when none
 * has, or a small transformation of one. docs/method/detect.md lists them.
 *
 * Threads: any; the table is constant.
 */

#include "base/buf.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

#define DETECT_RUNTIME_SOURCES 6

struct detect_runtime {
    const char *name;
    const char *sources[DETECT_RUNTIME_SOURCES]; /* fields it reads; NULL ends the list */
    /*
     * Writes the value to out from the sources' first values ({NULL, 0} where missing); false:
     * the field has no value.
     */
    bool (*make)(const struct bytes *sources, struct buf *out);
};

/* NULL when the name is no built-in. */
const struct detect_runtime *detect_runtime_find(const char *name, size_t n);

/* The names, for messages: "dns_question_etld, file_directory, …". */
const char *detect_runtime_names(void);

#endif
