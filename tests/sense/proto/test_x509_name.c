/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/x509_priv.h"

#include "base/utf8.h"

#include "cmocka_head.h"
#include "sense/proto/der.h"

static struct frame f;
static struct arena arena;
static const char *text;
static const char *common_name;

static bool read_name(void)
{
    struct bytes b = frame_copy(f.b, f.n);
    struct cursor c = cursor_of(b);
    arena_clear(&arena);
    bool ok = proto_x509_read_name(&c, &arena, &text, &common_name);
    frame_drop(b);
    return ok;
}

static size_t begin_name(void)
{
    f.n = 0;
    return der_begin(&f, 0x30);
}

static void expect(const char *want, const char *want_common)
{
    assert_true(read_name());
    assert_string_equal(text, want);
    assert_string_equal(common_name, want_common);
}

static void in_reverse_order(void **state)
{
    (void)state;
    size_t n = begin_name();
    der_attribute(&f, "550406", "13 02 4e4f");
    der_attribute(&f, "55040a", "0c 03 61c3a9");
    der_attribute(&f, "550403", "13 01 61");
    der_attribute(&f, "550403", "13 01 62");
    der_end(&f, n);
    expect("CN=b,CN=a,O=a\xc3\xa9,C=NO", "a");
    n = begin_name();
    der_end(&f, n);
    expect("", "");
}

static void several_attributes_in_one_part(void **state)
{
    (void)state;
    size_t n = begin_name();
    size_t set = der_begin(&f, 0x31);
    for (int i = 0; i < 2; i++) {
        size_t one = der_begin(&f, 0x30);
        der_put(&f, 6, i == 0 ? "550403" : "55040b");
        der_text(&f, 0x13, i == 0 ? "x" : "y");
        der_end(&f, one);
    }
    der_end(&f, set);
    der_end(&f, n);
    expect("CN=x+OU=y", "x");
}

static void kinds_of_strings(void **state)
{
    (void)state;
    size_t n = begin_name();
    der_attribute(&f, "550403", "14 03 61e962");            /* Latin 1 */
    der_attribute(&f, "55040a", "1e 04 0061 20ac");         /* UTF-16 */
    der_attribute(&f, "55040b", "1c 08 00000061 0001f600"); /* UTF-32 */
    der_attribute(&f, "550407", "0c 02 61ff");              /* broken UTF-8 */
    der_attribute(&f, "550408", "02 01 05");                /* no string */
    der_attribute(&f, "2a03", "16 01 7a");                  /* an unknown attribute */
    der_end(&f, n);
    expect("1.2.3=z,ST=#0205,L=a\\xff,OU=a\xf0\x9f\x98\x80,O=a\xe2\x82\xac,CN=a\xc3\xa9"
           "b",
           "a\xc3\xa9"
           "b");
}

static void what_has_a_meaning_is_escaped(void **state)
{
    (void)state;
    size_t n = begin_name();
    der_attribute(&f, "550403", "0c 0a 20 2c 2b 22 5c 3c 3e 3b 00 20");
    der_attribute(&f, "55040a", "0c 02 23 61");
    der_end(&f, n);
    expect("O=\\#a,CN=\\ \\,\\+\\\"\\\\\\<\\>\\;\\00\\ ", " ,+\"\\<>;\\x00 ");
}

static void long_names_end_in_dots(void **state)
{
    (void)state;
    size_t n = begin_name();
    for (int i = 0; i < 80; i++)
        der_attribute(&f, "55040b",
                      "0c 40 6161616161616161616161616161616161616161616161616161616161"
                      "61616161616161616161616161616161616161616161616161616161616161"
                      "61616161");
    der_end(&f, n);
    assert_true(read_name());
    assert_string_equal(text + strlen(text) - 3, "...");
    assert_true(strlen(text) < 2100);
    n = begin_name();
    size_t set = der_begin(&f, 0x31);
    size_t one = der_begin(&f, 0x30);
    der_put(&f, 6, "550403");
    size_t value = der_begin(&f, 4); /* a long value that is no string */
    put_zeros(&f, 60000);
    der_end(&f, value);
    der_end(&f, one);
    der_end(&f, set);
    der_end(&f, n);
    assert_true(read_name());
    assert_true(strlen(text) < 2100);
}

static void endless_attributes_are_cut(void **state)
{
    (void)state;
    size_t n = begin_name();
    size_t set = der_begin(&f, 0x31);
    for (int i = 0; i < 4000; i++) {
        size_t one = der_begin(&f, 0x30);
        der_put(&f, 6, "2a0304");
        der_text(&f, 0x13, "x");
        der_end(&f, one);
    }
    der_end(&f, set);
    der_end(&f, n);
    assert_true(read_name());
    assert_string_equal(text + strlen(text) - 3, "...");
    assert_true(arena.used < 10000);
}

static void what_is_no_name(void **state)
{
    (void)state;
    size_t n = begin_name();
    der_attribute(&f, "550403", "0c 01 61");
    der_end(&f, n);
    size_t whole = f.n;
    for (f.n = 0; f.n < whole; f.n++)
        assert_false(read_name());
    f.b[0] = 0x31;
    assert_false(read_name());
    f.b[0] = 0x30;
    f.b[2] = 0x30; /* no set */
    assert_false(read_name());
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_reverse_order),       cmocka_unit_test(several_attributes_in_one_part),
        cmocka_unit_test(kinds_of_strings),       cmocka_unit_test(what_has_a_meaning_is_escaped),
        cmocka_unit_test(long_names_end_in_dots), cmocka_unit_test(endless_attributes_are_cut),
        cmocka_unit_test(what_is_no_name),
    };
    return cmocka_run_group_tests(tests, start, end);
}
