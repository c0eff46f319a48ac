/* SPDX-License-Identifier: Apache-2.0 */
/* Segments in any order: each place is given once, in order, and the budgets hold. */
#include "base/assert.h"
#include "flow/assembly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool hear_data(void *ctx, ts_ns ts, struct bytes b)
{
    (void)ts;
    ASSERT(b.n > 0);
    *(uint64_t *)ctx += b.n;
    return true;
}

static bool hear_gap(void *ctx, ts_ns ts, uint64_t missing)
{
    (void)ts;
    ASSERT(missing > 0);
    *(uint64_t *)ctx += missing;
    return true;
}

static bool hear_close(void *ctx, ts_ns ts)
{
    (void)ctx;
    (void)ts;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    uint64_t given = 0;
    struct flow_assembly_sink sink = {&given, hear_data, hear_gap, hear_close};
    struct flow_assembly_pool pool;
    struct flow_assembly a;
    struct cursor c = cursor_make(data, n);
    flow_assembly_pool_init(&pool, 4096, 2048);
    flow_assembly_init(&a);
    uint32_t first = cursor_be32(&c);
    flow_assembly_begin(&a, first);
    for (ts_ns ts = 0; c.left > 3; ts += 10 * TIME_MS) {
        uint8_t how = cursor_u8(&c);
        uint32_t seq = first + cursor_be16(&c);
        if (how == 255) {
            ASSERT(flow_assembly_acked(&a, &pool, ts, seq, &sink));
            continue;
        }
        struct bytes b = cursor_take(&c, how % 64 % (c.left + 1));
        size_t cut = how & 64 ? 7 : 0;
        ASSERT(flow_assembly_push(&a, &pool, ts, seq, b, b.n + cut, (how & 128) != 0, &sink));
        ASSERT(pool.budget.used <= 4096 && a.next - first == (uint32_t)given);
    }
    ASSERT(flow_assembly_finish(&a, &pool, 0, &sink) && pool.budget.used == 0);
    flow_assembly_release(&a, &pool);
    return 0;
}
