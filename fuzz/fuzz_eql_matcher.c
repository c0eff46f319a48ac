/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "eql/eql.h"
#include "eql/matcher.h"
#include "event/event.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sink(void *ctx, const struct eql_found *found)
{
    for (size_t i = 0; i < found->n; i++)
        *(size_t *)ctx += found->events[i].missing ? 1 : found->events[i].document.p[0];
}

/*
 * A query, a NUL, then three bytes an event: seconds since the one before, categories a to h as
 * bits, users as bits. The budget is the first of them, in units of 64 bytes.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *p = size > 0 ? memchr(data, 0, size) : NULL, *end = data + size;
    struct eql *q;
    struct arena arena;
    struct event e;
    size_t sum = 0;
    ts_ns time = 0;
    if (p == NULL || end - p < 2 ||
        eql_parse((const char *)data, (size_t)(p - data), NULL, &q, NULL) != ERR_NONE)
        return 0;
    uint64_t budget = p[1] * (uint64_t)64;
    struct eql_matcher *m = eql_matcher_new(
        q, &(struct eql_matcher_options){.bytes = budget, .sink = sink, .ctx = &sum});
    arena_init(&arena, 0);
    for (p += 2; end - p >= 3; p += 3) {
        time += p[0] * TIME_S;
        event_init(&e, &arena, time);
        for (int bit = 0; bit < 8; bit++) {
            if ((p[1] >> bit & 1) != 0)
                event_add_str(&e, EVENT_F_EVENT_CATEGORY, &"abcdefgh"[bit], 1);
            if ((p[2] >> bit & 1) != 0)
                event_add_str(&e, EVENT_F_USER_NAME, &"abcdefgh"[bit], 1);
        }
        eql_matcher_feed(m, &e, time, bytes_make("x", 1));
        arena_clear(&arena);
    }
    eql_matcher_advance(m, TIME_MAX);
    eql_matcher_finish(m);
    struct eql_counts counts = eql_matcher_counts(m);
    if (budget > 0 && counts.peak > budget)
        abort();
    eql_matcher_free(m);
    arena_release(&arena);
    eql_free(q);
    return 0;
}
