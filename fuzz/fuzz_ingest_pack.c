/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/buf.h"
#include "event/event.h"
#include "ingest/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes are an event or refused; an event can be packed again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct event e;
    struct buf b;
    arena_init(&arena, 0);
    buf_init(&b);
    if (ingest_pack_get(bytes_make(data, size), &arena, &e)) {
        ingest_pack_put(&b, &e);
        ASSERT(ingest_pack_get(bytes_make(b.p, b.n), &arena, &e));
    }
    buf_release(&b);
    arena_release(&arena);
    return 0;
}
