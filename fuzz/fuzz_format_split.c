/* SPDX-License-Identifier: Apache-2.0 */
/* A text of many objects is cut into pieces that lie in it, one behind the other. */
#include "base/assert.h"
#include "format/split.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t at = 0, behind = 0, from = 0, n = 0;
    enum err err;
    while ((err = format_split_next(text, size, &at, &from, &n)) == ERR_NONE) {
        ASSERT(from >= behind && n >= 2 && n <= size - from && at == from + n);
        ASSERT(text[from] == '{' && text[at - 1] == '}');
        behind = at;
    }
    ASSERT(err == ERR_FORMAT || (err == ERR_END && at == size));
    return 0;
}
