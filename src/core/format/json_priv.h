#ifndef FORMAT_JSON_PRIV_H
#define FORMAT_JSON_PRIV_H

/*
 * What the JSON adapter asks of json_where.c: rewriting a text that simdjson refuses, so that it
 * takes it.
 *
 * Ownership: the output is the caller's.
 * Threads:   any.
 */

#include "format/json.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Copies the text with ".0" after each whole number that does not fit 64 bits, which makes it a
 * double. Returns memory (mem_free) padded with FORMAT_JSON_PADDING bytes, or NULL when memory is
 * short.
 */
char *format_json_widen(const char *text, size_t n, size_t *out_n);

/*
 * Copies the text with bytes that are no UTF-8 written as \xhh and control characters in strings
 * escaped; likewise padded. *out_repaired is how many bytes that were.
 */
char *format_json_repair(const char *text, size_t n, size_t *out_n, size_t *out_repaired);

void format_json_drop(char *text);

#ifdef __cplusplus
}
#endif

#endif
