/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once while fragments are put together: no byte goes uncounted. */
#include "decode/decoder.h"

#include "cmocka_head.h"
#include "fault_memory.h"
#include "sense/frames.h"

static struct frame f;

static void count(void *ctx, const struct decode_packet *p)
{
    *(uint64_t *)ctx += p->wire_len;
}

static void run_once(void)
{
    struct decode_settings s = decode_settings_default();
    struct decode_decoder *d;
    uint64_t given = 0;
    uint64_t sent = 0;
    if (decode_decoder_new(&s, count, &given, &d) != ERR_NONE)
        return;
    for (unsigned i = 0; i < 30; i++) {
        f.n = 0;
        put_eth(&f, 0x0800);
        put_ip4(&f, 17, 1480, i % 10, (i / 10 * 185) | (i < 20 ? 0x2000 : 0));
        put_zeros(&f, 1480);
        struct decode_input in = {
            .ts = i, .link = 1, .wire_len = (uint32_t)f.n, .data = bytes_make(f.b, f.n)};
        enum decode_verdict v = decode_decoder_feed(d, &in);
        /* A whole datagram of zeros has a UDP length of 0: "the rest". */
        assert_true(v == DECODE_FRAGMENT_KEPT || v == DECODE_FRAGMENT_DROPPED || v == DECODE_OK);
        sent += f.n;
    }
    decode_decoder_flush(d);
    assert_int_equal(given, sent);
    decode_decoder_free(d);
}

static void fragments(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        assert_true(n < 10000);
        fault_arm(n);
        run_once();
        if (!fault_disarm())
            return;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fragments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
