/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/column.h"

static void test_types(void **state)
{
    (void)state;
    assert_int_equal(store_column_type_of(EVENT_F_SOURCE_IP), STORE_COLUMN_TEXT);
    assert_int_equal(store_column_type_of(EVENT_F_SOURCE_PORT), STORE_COLUMN_INTEGER);
    assert_int_equal(store_column_type_of(EVENT_F_EVENT_START), STORE_COLUMN_TIME);
    assert_int_equal(store_column_type_of(EVENT_F_FLOW_FINAL), STORE_COLUMN_BOOLEAN);
    assert_int_equal(store_column_type_of(EVENT_F_EVENT_RISK_SCORE), STORE_COLUMN_NUMBER);
    assert_true(store_column_is_list(EVENT_F_EVENT_CATEGORY));
    assert_false(store_column_is_list(EVENT_F_HOST_NAME));
    /* Each kind takes one type of value. */
    for (event_field f = 0; f < EVENT_F_COUNT; f++) {
        int fits = 0;
        for (int type = EVENT_STR; type <= EVENT_TIME; type++)
            fits += store_column_fits(f, (enum event_type)type);
        assert_int_equal(fits, 1);
    }
    assert_true(store_column_fits(EVENT_F_SOURCE_IP, EVENT_IP));
    assert_false(store_column_fits(EVENT_F_SOURCE_IP, EVENT_STR));
}

/* What was written is read again, in order of name whatever the order of adding. */
static void test_round_trip(void **state)
{
    (void)state;
    struct arena arena;
    struct store_columns c;
    struct buf columns;
    struct buf rest;
    arena_init(&arena, 0);
    buf_init(&columns);
    buf_init(&rest);
    store_columns_init(&c, &arena);
    assert_non_null(store_columns_add(&c, "tags", 4, STORE_COLUMN_TEXT, true));
    assert_non_null(store_columns_add(&c, "host.name", 9, STORE_COLUMN_TEXT, false));
    assert_non_null(store_columns_add(&c, "host", 4, STORE_COLUMN_INTEGER, false));
    assert_non_null(store_columns_add(&c, "tags", 4, STORE_COLUMN_TEXT, true));
    assert_int_equal(store_columns_add_rest(&c, "z z", 3), ERR_NONE);
    assert_int_equal(store_columns_add_rest(&c, "custom.a", 8), ERR_NONE);
    assert_int_equal(store_columns_add_rest(&c, "z z", 3), ERR_NONE);
    store_columns_write(&c, &columns, &rest);
    assert_string_equal(buf_text(&columns), "I host\nS host.name\nS[] tags\n");
    assert_string_equal(buf_text(&rest), "custom.a\nz z\n");
    store_columns_release(&c);
    assert_int_equal(store_columns_read(&c, buf_text(&columns), buf_text(&rest)), ERR_NONE);
    assert_int_equal(c.n, 3);
    assert_true(store_columns_find(&c, "tags", 4)->list);
    assert_int_equal(store_columns_find(&c, "host.name", 9)->field, EVENT_F_HOST_NAME);
    assert_int_equal(store_columns_find(&c, "host", 4)->field, EVENT_F_NONE);
    assert_null(store_columns_find(&c, "hos", 3));
    assert_true(store_columns_in_rest(&c, "z z", 3));
    assert_false(store_columns_in_rest(&c, "z", 1));
    static const char *const broken[] = {"X name\n", "S\n", "Sname\n", "S[]name\n",
                                         "S[]\n",    "\n",  "S \xff\n"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        assert_int_equal(store_columns_read(&c, broken[i], ""), ERR_FORMAT);
    store_columns_release(&c);
    buf_release(&columns);
    buf_release(&rest);
    arena_release(&arena);
}

/* Pieces that do not agree on a type: what holds both, and each piece converted to it. */
static void test_promotion(void **state)
{
    (void)state;
    struct arena arena;
    struct store_columns c;
    struct buf sql;
    static const struct store_part parts[] = {
        {"/1.parquet", "S host.name\nI source.port\nS tags\n"},
        {"/2.parquet", "S host.name\nS source.port\nS[] tags\n"},
        {"/3.parquet", "S host.name\n"},
        {NULL, "S host.name\n"},
    };
    arena_init(&arena, 0);
    buf_init(&sql);
    store_columns_init(&c, &arena);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(store_columns_read(&c, parts[i].columns, ""), ERR_NONE);
    assert_int_equal(store_columns_find(&c, "source.port", 11)->type, STORE_COLUMN_TEXT);
    assert_true(store_columns_find(&c, "tags", 4)->list);
    assert_int_equal(store_columns_source(&c, parts, 4, &sql), ERR_NONE);
    assert_string_equal(
        buf_text(&sql),
        "(SELECT * REPLACE (CASE WHEN \"source.port\" IS NOT NULL THEN CAST(\"source.port\" AS "
        "VARCHAR) END AS \"source.port\", CASE WHEN \"tags\" IS NOT NULL THEN [\"tags\"] END AS "
        "\"tags\") FROM read_parquet('/1.parquet') UNION ALL BY NAME SELECT * FROM weir_hot UNION "
        "ALL BY NAME SELECT * FROM read_parquet(['/2.parquet','/3.parquet'], union_by_name=true))");
    store_columns_release(&c);
    buf_release(&sql);
    arena_release(&arena);
}

/* Too many names, or one that cannot be listed: any name may then be there. */
static void test_rest_overflows(void **state)
{
    (void)state;
    struct arena arena;
    struct store_columns c;
    struct buf columns;
    struct buf rest;
    char name[32];
    arena_init(&arena, 0);
    buf_init(&columns);
    buf_init(&rest);
    store_columns_init(&c, &arena);
    for (unsigned i = 0; i < STORE_REST_NAMES; i++) {
        snprintf(name, sizeof(name), "f%u", i);
        assert_int_equal(store_columns_add_rest(&c, name, strlen(name)), ERR_NONE);
    }
    assert_false(store_columns_in_rest(&c, "other", 5));
    assert_int_equal(store_columns_add_rest(&c, "one more", 8), ERR_NONE);
    assert_true(store_columns_in_rest(&c, "other", 5));
    store_columns_write(&c, &columns, &rest);
    assert_string_equal(buf_text(&rest), "*");
    store_columns_release(&c);
    assert_false(store_columns_has_rest(&c));
    assert_int_equal(store_columns_add_rest(&c, "a\nb", 3), ERR_NONE);
    assert_true(store_columns_in_rest(&c, "other", 5));
    store_columns_release(&c);
    buf_release(&columns);
    buf_release(&rest);
    arena_release(&arena);
}

static void test_quotes(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    store_column_quote(&b, "a\"b.c");
    store_column_quote_text(&b, "it's", 4);
    assert_string_equal(buf_text(&b), "\"a\"\"b.c\"'it''s'");
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),     cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_promotion), cmocka_unit_test(test_rest_overflows),
        cmocka_unit_test(test_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
