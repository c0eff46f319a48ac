/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/domain.h"

#include "cmocka_head.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct hash_key seed = {1, 2};

static void splits(void **state)
{
    (void)state;
    static const struct {
        const char *name, *registered, *suffix, *subdomain;
    } cases[] = {
        {"www.example.co.uk", "example.co.uk", "co.uk", "www"},
        {"WWW.Example.COM.", "example.com", "com", "www"},
        {"example.com", "example.com", "com", ""},
        {"a.b.c.example.com.br", "example.com.br", "com.br", "a.b.c"},
        {"x.y.intranet", "y.intranet", "intranet", "x"},
        {"4.3.2.1.in-addr.arpa", "1.in-addr.arpa", "in-addr.arpa", "4.3.2"},
        {"city.kawasaki.jp", "city.kawasaki.jp", "kawasaki.jp", ""},
        {"a.b.xn--p1ai", "b.xn--p1ai", "xn--p1ai", "a"},
    };
    static const char *const none[] = {
        "",         ".",      "com",         "co.uk",   "localhost",   "1.2.3.4",
        "a..b.com", ".a.com", "2001:db8::1", "a b.com", "http://a.com"};
    struct enrich_domain *d;
    struct err_text why;
    assert_int_equal(enrich_domain_new(NULL, seed, &d, &why), ERR_NONE);
    struct enrich_parts p;
    for (size_t k = 0; k < 2 * (sizeof cases / sizeof *cases); k++) {
        size_t i = k / 2; /* each twice: from the list, from the cache */
        if (!enrich_domain_split(d, cases[i].name, strlen(cases[i].name), &p))
            fail_msg("no domain: %s", cases[i].name);
        assert_string_equal(p.registered, cases[i].registered);
        assert_string_equal(p.suffix, cases[i].suffix);
        assert_int_equal(p.subdomain_len, strlen(cases[i].subdomain));
        assert_memory_equal(p.name, cases[i].subdomain, p.subdomain_len);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        if (enrich_domain_split(d, none[i], strlen(none[i]), &p))
            fail_msg("a domain: %s", none[i]);
    }
    char longest[ENRICH_DOMAIN_MAX + 1];
    memset(longest, 'a', sizeof longest);
    memcpy(longest + sizeof longest - 4, ".com", 4);
    assert_true(enrich_domain_split(d, longest + 1, ENRICH_DOMAIN_MAX, &p));
    assert_false(enrich_domain_split(d, longest, ENRICH_DOMAIN_MAX + 1, &p));
    enrich_domain_free(d);
}

static void reads_another_list(void **state)
{
    (void)state;
    char path[] = "/tmp/weir_suffix_XXXXXX";
    int fd = mkstemp(path);
    static const char list[] = "// ===BEGIN ICANN DOMAINS===\nlan\noffice.lan\n";
    assert_true(fd >= 0);
    assert_int_equal(write(fd, list, sizeof list - 1), sizeof list - 1);
    close(fd);
    struct enrich_domain *d;
    struct enrich_parts p;
    assert_int_equal(enrich_domain_new(path, seed, &d, NULL), ERR_NONE);
    assert_true(enrich_domain_split(d, "a.b.office.lan", 14, &p));
    assert_string_equal(p.registered, "b.office.lan");
    enrich_domain_free(d);
    unlink(path);
    struct err_text why;
    assert_int_equal(enrich_domain_new(path, seed, &d, &why), ERR_IO);
    assert_non_null(strstr(why.message, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits),
        cmocka_unit_test(reads_another_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
