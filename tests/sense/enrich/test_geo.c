/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/geo.h"

#include "cmocka_head.h"

#include <string.h>

#define DATA WEIR_SOURCE_DIR "/tests/sense/enrich/data/"

static const struct enrich_place *find(struct enrich_geo *g, const char *text)
{
    struct ip a;
    assert_true(ip_parse(text, strlen(text), &a));
    return enrich_geo_find(g, &a);
}

static void is(struct enrich_text t, const char *s)
{
    assert_int_equal(t.n, strlen(s));
    assert_memory_equal(t.s, s, t.n);
}

static void tells_places_and_networks(void **state)
{
    (void)state;
    const char *files[] = {DATA "city.mmdb", DATA "asn.mmdb"};
    struct enrich_geo_config c = {.files = files, .n_files = 2, .loc_file = ""};
    struct enrich_geo *g;
    struct err_text why;
    assert_int_equal(enrich_geo_new(&c, &g, &why), ERR_NONE);
    const struct enrich_place *p = find(g, "81.2.69.160");
    assert_non_null(p);
    is(p->country_code, "GB");
    is(p->country, "United Kingdom");
    is(p->continent_code, "EU");
    is(p->continent, "Europe");
    is(p->region_code, "ENG");
    is(p->region, "England");
    is(p->city, "Weirford");
    is(p->postal_code, "W1");
    is(p->timezone, "Europe/London");
    is(p->as_name, "Sluice Networks");
    assert_int_equal(p->asn, 64500);
    assert_true(p->has_location);
    assert_true(p->latitude > 51.4 && p->latitude < 51.6);
    p = find(g, "89.160.20.1");
    is(p->country, "Sweden"); /* from our own table */
    is(p->continent, "Europe");
    assert_null(p->city.s); /* was no UTF-8 */
    assert_int_equal(p->asn, 0);
    is(find(g, "2a02:1234::1")->country_code, "DE");
    assert_null(find(g, "8.8.8.8"));
    assert_null(find(g, "8.8.8.8"));
    assert_null(find(g, "10.0.0.1"));
    struct enrich_geo_counts n = enrich_geo_counts(g);
    assert_int_equal(n.lookups, 5); /* the private address was none */
    assert_int_equal(n.cached, 1);
    enrich_geo_free(g);
}

static void reads_flat_databases(void **state)
{
    (void)state;
    const char *files[] = {DATA "flat.mmdb"};
    struct enrich_geo_config c = {.files = files, .n_files = 1, .loc_file = ""};
    struct enrich_geo *g;
    assert_int_equal(enrich_geo_new(&c, &g, NULL), ERR_NONE);
    const struct enrich_place *p = find(g, "81.2.69.1");
    is(p->country_code, "FR");
    is(p->continent, "Europe");
    is(p->as_name, "Ecluse");
    assert_int_equal(p->asn, 64501);
    enrich_geo_free(g);
}

static void refuses_other_files(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum err err;
    } cases[] = {
        {DATA "other.mmdb", ERR_UNSUPPORTED},
        {DATA "missing.mmdb", ERR_IO},
        {WEIR_SOURCE_DIR "/layers.txt", ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct enrich_geo_config c = {.files = &cases[i].file, .n_files = 1, .loc_file = ""};
        struct enrich_geo *g;
        struct err_text why;
        assert_int_equal(enrich_geo_new(&c, &g, &why), cases[i].err);
        assert_string_equal(why.file, cases[i].file);
    }
    struct enrich_geo_config c = {.loc_file = WEIR_SOURCE_DIR "/layers.txt"};
    struct enrich_geo *g;
    struct err_text why;
    assert_int_equal(enrich_geo_new(&c, &g, &why), ERR_FORMAT);
    c.loc_file = DATA "missing.db";
    assert_int_equal(enrich_geo_new(&c, &g, &why), ERR_NOT_FOUND);
}

/* Debian's database; where it is not installed nothing is known, which is no failure. */
static void falls_back_to_libloc(void **state)
{
    (void)state;
    struct enrich_geo_config c = {.cache_bytes = 1};
    struct enrich_geo *g;
    assert_int_equal(enrich_geo_new(&c, &g, NULL), ERR_NONE);
    const struct enrich_place *p = find(g, "8.8.8.8");
    if (p == NULL) {
        print_message("libloc's database is not installed\n");
        enrich_geo_free(g);
        return;
    }
    is(p->country_code, "US");
    is(p->country, "United States");
    is(p->continent, "North America");
    assert_int_equal(p->asn, 15169);
    assert_non_null(p->as_name.s);
    p = find(g, "2001:4860:4860::8888");
    assert_int_equal(p->asn, 15169);
    /* the cache has 64 slots: evicted answers come back the same */
    for (unsigned i = 1; i < 1000; i++) {
        struct ip a = ip_from_v4((uint8_t[4]){(uint8_t)(1 + i % 220), (uint8_t)i, 1, 1});
        (void)enrich_geo_find(g, &a);
    }
    assert_int_equal(find(g, "8.8.8.8")->asn, 15169);
    enrich_geo_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_places_and_networks),
        cmocka_unit_test(reads_flat_databases),
        cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(falls_back_to_libloc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
