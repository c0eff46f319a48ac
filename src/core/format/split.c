/* SPDX-License-Identifier: Apache-2.0 */
#include "format/split.h"

#include <stdbool.h>
#include <string.h>

/* What may stand between objects: white space, and what holds an array together. */
static bool is_between(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == '[' || c == ']';
}

/* Behind the text that begins at i; n when it does not end. */
static size_t skip_text(const char *text, size_t n, size_t i)
{
    for (i++; i < n && text[i] != '"'; i++)
        if (text[i] == '\\')
            i++;
    return i < n ? i + 1 : n;
}

enum err format_split_next(const char *text, size_t n, size_t *at, size_t *out_from, size_t *out_n)
{
    size_t i = *at, depth = 0;
    while (i < n && is_between(text[i]))
        i++;
    *at = i;
    if (i == n)
        return ERR_END;
    if (text[i] != '{')
        return ERR_FORMAT;
    while (i < n) {
        char c = text[i];
        if (c == '"') {
            i = skip_text(text, n, i);
            continue;
        }
        i++;
        depth += c == '{';
        if (c == '}' && --depth == 0) {
            *out_from = *at;
            *out_n = i - *at;
            *at = i;
            return ERR_NONE;
        }
    }
    return ERR_FORMAT;
}
