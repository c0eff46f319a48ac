/* SPDX-License-Identifier: Apache-2.0 */
#include "query/regexp.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses flags; the expression ends at a NUL, the text follows. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct err_text why;
    const struct query_regexp *re;
    if (size < 1)
        return 0;
    const char *s = (const char *)data + 1;
    size_t n = 0;
    while (n < size - 1 && s[n] != '\0')
        n++;
    arena_init(&a, 0);
    if (query_regexp_new(s, n, data[0] & QUERY_REGEXP_ALL, data[0] & 0x80, NULL, &a, &re, &why) ==
        ERR_NONE) {
        (void)query_regexp_match(re, s + n, size - 1 - n);
        (void)query_regexp_match(re, s, n);
    }
    arena_release(&a);
    return 0;
}
