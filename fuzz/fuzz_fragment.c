/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "decode/fragment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lose(void *ctx, const struct decode_packet *p)
{
    *(uint64_t *)ctx += p->packets;
}

/* Fragments of few packets in a small table: what goes in comes out, whole or lost. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct decode_counters counters = {.packets = 0};
    struct decode_fragment_table *t;
    struct hash_key seed = {1, 2};
    uint64_t in = 0, out = 0;
    if (decode_fragment_table_new(40000, 20, seed, &counters, lose, &out, &t) != ERR_NONE)
        return 0;
    struct cursor c = cursor_make(data, size);
    for (ts_ns ts = 0; c.left >= 4; ts++) {
        struct decode_packet p = {.ts = ts, .packets = 1, .proto = 17}, whole;
        struct bytes b;
        uint64_t len;
        uint8_t flags = cursor_u8(&c);
        struct decode_fragment f = {.id = flags & 3, .more = (flags & 4) != 0};
        f.offset = cursor_u8(&c) * 8u << (flags >> 3 & 5);
        f.len = cursor_u8(&c) * 8u + (f.more ? 0 : flags >> 6);
        f.data = cursor_take(&c, f.len < c.left ? f.len : c.left);
        decode_fragment_table_expire(t, ts);
        decode_fragment_table_forget(t);
        enum decode_fragment_result r = decode_fragment_table_add(t, &p, &f, &whole, &b, &len);
        in += r == DECODE_FRAGMENT_WAITS || r == DECODE_FRAGMENT_WHOLE;
        out += r == DECODE_FRAGMENT_WHOLE ? whole.packets : 0;
        ASSERT(decode_fragment_table_bytes(t) <= 40000);
    }
    decode_fragment_table_flush(t);
    ASSERT(in == out);
    decode_fragment_table_free(t);
    return 0;
}
