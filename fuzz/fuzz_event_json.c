/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/buf.h"
#include "event/json.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read and written is read again, and written as the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event_json *r = event_json_new();
    struct arena arena;
    struct event e;
    struct buf first;
    struct buf second;
    arena_init(&arena, 0);
    buf_init(&first);
    buf_init(&second);
    if (event_json_read(r, (const char *)data, size, false, &arena, &e, NULL) == ERR_NONE) {
        event_json_write(&e, &first);
        ASSERT(event_json_read(r, buf_text(&first), first.n, false, &arena, &e, NULL) == ERR_NONE);
        event_json_write(&e, &second);
        ASSERT(first.n == second.n && memcmp(first.p, second.p, first.n) == 0);
    }
    buf_release(&first);
    buf_release(&second);
    arena_release(&arena);
    event_json_free(r);
    return 0;
}
