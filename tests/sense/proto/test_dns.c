/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dns.h"

#include "base/rng.h"

#include "cmocka_head.h"
#include "sense/frames.h"

static struct frame f;
static struct arena arena;
static struct proto_dns_message m;

static enum proto_dns_verdict parse(size_t n)
{
    struct bytes b = frame_copy(f.b, n);
    arena_clear(&arena);
    enum proto_dns_verdict v = proto_dns_parse(b, &arena, &m);
    frame_drop(b); /* the message must not lead into it */
    return v;
}

static int start(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* A response about www.example.org: an alias, an address, a name server, its address, EDNS. */
static void make_response(void)
{
    f.n = 0;
    put_hex(&f, "abcd 85b3 0001 0002 0001 0002");
    put_hex(&f, "03 777777 07 6578616d706c65 03 6f7267 00 0001 0001");
    put_hex(&f, "c00c 0005 0001 0000003c 0006 03 637031 c010");
    put_hex(&f, "c02d 0001 8001 0000003d 0004 c0000207");
    put_hex(&f, "c010 0002 0001 00000e10 0005 02 6e73 c010");
    put_hex(&f, "c04f 001c 0001 00000e10 0010 20010db8000000000000000000000035");
    put_hex(&f, "00 0029 1000 01 00 8000 0000");
}

static void a_response(void **state)
{
    (void)state;
    make_response();
    assert_int_equal(parse(f.n), PROTO_DNS_OK);
    assert_int_equal(m.id, 0xabcd);
    assert_true(m.response && m.authoritative && m.recursion_desired && m.recursion_available);
    assert_true(m.authentic_data && m.checking_disabled && !m.truncated);
    assert_int_equal(m.opcode, 0);
    assert_int_equal(m.rcode, 0x13); /* 3, and 1 from EDNS above it */
    assert_int_equal(m.wire_len, f.n);
    assert_int_equal(m.question_n, 1);
    assert_string_equal(m.questions[0].name.s, "www.example.org");
    assert_int_equal(m.questions[0].name.n, 15);
    assert_int_equal(m.questions[0].type, 1);
    assert_int_equal(m.questions[0].class, 1);
    assert_int_equal(m.answer_n, 2);
    assert_string_equal(m.answers[0].name.s, "www.example.org");
    assert_string_equal(m.answers[0].data.s, "cp1.example.org");
    assert_int_equal(m.answers[0].ttl, 60);
    assert_false(m.answers[0].has_ip);
    assert_string_equal(m.answers[1].name.s, "cp1.example.org");
    assert_int_equal(m.answers[1].class, 1); /* the top bit is multicast DNS's */
    assert_string_equal(m.answers[1].data.s, "192.0.2.7");
    assert_true(m.answers[1].has_ip);
    assert_int_equal(m.answers[1].ip.b[15], 7);
    assert_int_equal(m.authority_n, 1);
    assert_string_equal(m.authorities[0].data.s, "ns.example.org");
    assert_int_equal(m.additional_count, 2);
    assert_int_equal(m.additional_n, 1);
    assert_string_equal(m.additionals[0].name.s, "ns.example.org");
    assert_string_equal(m.additionals[0].data.s, "2001:db8::35");
    assert_true(m.opt.present && m.opt.dnssec_ok);
    assert_int_equal(m.opt.udp_size, 4096);
    assert_int_equal(m.opt.extended_rcode, 1);
}

static void cut_anywhere_it_gives_what_was_before(void **state)
{
    (void)state;
    make_response();
    unsigned last = 0;
    for (size_t n = 0; n < f.n; n++) {
        enum proto_dns_verdict v = parse(n);
        if (n < 12) {
            assert_int_equal(v, PROTO_DNS_SHORT);
            continue;
        }
        assert_int_equal(v, PROTO_DNS_CUT);
        assert_int_equal(m.id, 0xabcd);
        unsigned items = m.question_n + m.answer_n + m.authority_n + m.additional_n + m.opt.present;
        assert_true(items >= last);
        last = items;
    }
    assert_int_equal(last, 5); /* all but the last of the six */
}

static void claims_without_records_cost_nothing(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "0001 8180 ffff ffff ffff ffff 00 0001 0001");
    assert_int_equal(parse(f.n), PROTO_DNS_CUT);
    assert_int_equal(m.question_n, 1);
    assert_int_equal(m.answer_count, 0xffff);
    assert_true(arena.used < 1000);
}

static void too_many_records_are_counted_not_kept(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "0001 8180 0000 03e8 0000 0000");
    for (int i = 0; i < 1000; i++)
        put_hex(&f, "00 0001 0001 00000001 0004 01020304");
    assert_int_equal(parse(f.n), PROTO_DNS_TOO_MUCH);
    assert_int_equal(m.answer_count, 1000);
    assert_int_equal(m.answer_n, PROTO_DNS_RECORDS_MAX);
}

static void text_is_bounded(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "0001 8180 0000 0108 0000 0000");
    for (int i = 0; i < 264; i++) {
        put_hex(&f, "00 0010 0001 00000001 00fe fd");
        put_ramp(&f, 0x80, 100);
        put_zeros(&f, 153);
    }
    assert_int_equal(parse(f.n), PROTO_DNS_TOO_MUCH);
    size_t text = 0;
    for (int i = 0; i < m.answer_n; i++)
        text += m.answers[i].data.n;
    assert_true(text <= PROTO_DNS_TEXT_MAX);
    assert_true(m.answer_n > 200);
}

static void bad_data_is_kept_as_hex(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "0001 8180 0000 0002 0000 0000");
    put_hex(&f, "00 0001 0001 00000001 0003 010203");
    put_hex(&f, "00 0001 0001 00000001 0004 01020304");
    assert_int_equal(parse(f.n), PROTO_DNS_RECORD_BAD);
    assert_int_equal(m.answer_n, 2);
    assert_string_equal(m.answers[0].data.s, "\\# 3 010203");
    assert_false(m.answers[0].has_ip);
    assert_string_equal(m.answers[1].data.s, "1.2.3.4");
}

static void updates_have_records_without_data(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "0001 2800 0001 0001 0000 0000 01 61 00 0006 0001");
    put_hex(&f, "c00c 0001 00fe 00000000 0000");
    assert_int_equal(parse(f.n), PROTO_DNS_OK);
    assert_int_equal(m.opcode, 5);
    assert_int_equal(m.answers[0].class, 254);
    assert_string_equal(m.answers[0].data.s, "");
}

static void a_bad_question_ends_the_reading(void **state)
{
    (void)state;
    f.n = 0;
    put_hex(&f, "0001 0100 0001 0001 0000 0000 c00c 0001 0001");
    assert_int_equal(parse(f.n), PROTO_DNS_NAME_LOOP);
    assert_int_equal(m.question_n, 0);
    assert_int_equal(m.id, 1);
    f.n = 0;
    put_hex(&f, "0001 0100 0001 0000 0000 0000 41 61 00 0001 0001");
    assert_int_equal(parse(f.n), PROTO_DNS_NAME_BAD);
}

static void what_is_plausible(void **state)
{
    (void)state;
    make_response();
    assert_true(proto_dns_plausible(bytes_make(f.b, f.n)));
    f.n = 0;
    put_hex(&f, "0001 8185 0000 0000 0000 0000"); /* refused, and nothing else */
    assert_true(proto_dns_plausible(bytes_make(f.b, f.n)));
    f.b[3] = 0x80;
    assert_false(proto_dns_plausible(bytes_make(f.b, f.n)));
    struct rng rng;
    rng_init(&rng, 9);
    unsigned yes = 0;
    for (int round = 0; round < 20000; round++) {
        f.n = 0;
        for (int i = 0; i < 60; i++)
            put8(&f, (unsigned)rng_u64(&rng));
        yes += proto_dns_plausible(bytes_make(f.b, f.n));
    }
    assert_true(yes < 20);
}

static void random_changes_do_no_harm(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 10);
    unsigned ok = 0;
    for (int round = 0; round < 50000; round++) {
        make_response();
        for (uint64_t i = rng_below(&rng, 6); i > 0; i--)
            f.b[rng_below(&rng, f.n)] = (uint8_t)rng_u64(&rng);
        enum proto_dns_verdict v = parse(f.n);
        assert_true(v < PROTO_DNS_VERDICTS);
        ok += v == PROTO_DNS_OK;
        for (int i = 0; i < m.answer_n; i++)
            assert_int_equal(strlen(m.answers[i].data.s), m.answers[i].data.n);
    }
    assert_true(ok > 8000 && ok < 45000);
}

static void verdicts_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < PROTO_DNS_VERDICTS; i++)
        assert_string_not_equal(proto_dns_verdict_name((enum proto_dns_verdict)i), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response),
        cmocka_unit_test(cut_anywhere_it_gives_what_was_before),
        cmocka_unit_test(claims_without_records_cost_nothing),
        cmocka_unit_test(too_many_records_are_counted_not_kept),
        cmocka_unit_test(text_is_bounded),
        cmocka_unit_test(bad_data_is_kept_as_hex),
        cmocka_unit_test(updates_have_records_without_data),
        cmocka_unit_test(a_bad_question_ends_the_reading),
        cmocka_unit_test(what_is_plausible),
        cmocka_unit_test(random_changes_do_no_harm),
        cmocka_unit_test(verdicts_have_names),
    };
    return cmocka_run_group_tests(tests, start, end);
}
