/* SPDX-License-Identifier: Apache-2.0 */
/* Index names with dates in them: written out, or refused with a sentence. */
#include "base/arena.h"
#include "base/assert.h"
#include "find/name.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct err_text why = {0};
    const char *out = NULL;
    size_t n = 0;
    arena_init(&arena, 0);
    enum err err = find_name_resolve((const char *)data, size, (ts_ns)1708822800 * TIME_S, &arena,
                                     &out, &n, &why);
    if (err != ERR_NONE)
        ASSERT(why.message[0] != '\0');
    else if (n > 0)
        ASSERT(memchr(data, '<', size) != NULL || (out == (const char *)data && n == size));
    arena_release(&arena);
    return 0;
}
