/* SPDX-License-Identifier: Apache-2.0 */
#include "store/find/find_help.h"

#include "event/id.h"

static char *get(struct find *f, const char *index, const char *id, enum err *out)
{
    struct find_error error;
    struct buf b;
    const struct find_request r = {.index = index, .now = FIND_NOW};
    buf_init(&b);
    *out = find_get(f, &r, id, &b, &error);
    return buf_take(&b, NULL);
}

static void test_events(void **state)
{
    (void)state;
    struct err_text why;
    struct store *s;
    char *dir = help_mkdir();
    help_good(store_open(dir, NULL, &s, &why), &why);
    for (unsigned i = 0; i < 4; i++) {
        help_add(s, "{\"@timestamp\":\"2023-11-14T22:00:00.000Z\",\"event\":{\"dataset\":\"d\"},"
                    "\"user\":{\"name\":\"u\"}}");
        help_good(store_commit(s, &why), &why);
        if (i == 1)
            help_good(store_seal(s, &why), &why);
    }
    struct find *f = find_new(&(struct find_options){.store = s});
    assert_non_null(f);
    for (uint64_t n = 1; n <= 5; n++) {
        struct event e = {.time = 1699999200 * TIME_S, .sequence = n};
        char id[EVENT_ID_SIZE];
        char expected[400];
        enum err rc;
        event_id_write(&e, id);
        char *found = get(f, "logs-*", id, &rc);
        snprintf(expected, sizeof(expected),
                 n < 5
                     ? "{\"_index\":\"logs-d-default\",\"_id\":\"%s\",\"_version\":1,\"_seq_no\":0,"
                       "\"_primary_term\":1,\"found\":true,\"_source\":{\"@timestamp\":"
                       "\"2023-11-14T22:00:00.000Z\",\"event\":{\"dataset\":\"d\"},\"user\":{"
                       "\"name\":\"u\"}}}"
                     : "{\"_index\":\"logs-*\",\"_id\":\"%s\",\"found\":false}",
                 id);
        assert_string_equal(found, expected);
        assert_int_equal(rc, n < 5 ? ERR_NONE : ERR_NOT_FOUND);
        free(found);
        /* It is in that index and in no other. */
        found = get(f, "metrics-*", id, &rc);
        assert_int_equal(rc, ERR_NOT_FOUND);
        free(found);
    }
    enum err rc;
    free(get(f, "logs-*", "no such id", &rc));
    assert_int_equal(rc, ERR_NOT_FOUND);
    find_free(f);
    store_close(s);
    help_rmdir(dir);
}

/* What senders call indices and events is what these are called. */
static void test_senders(void **state)
{
    (void)state;
    struct err_text why;
    struct store *s;
    enum err rc;
    char *dir = help_mkdir();
    help_good(store_open(dir, NULL, &s, &why), &why);
    help_add(s, "{\"@timestamp\":\"1970-01-01T00:00:00.001Z\",\"weir\":{\"id\":\"mine\",\"index\":"
                "\"packetbeat-8.19.0\"},\"a\":1}");
    help_good(store_commit(s, &why), &why);
    help_good(store_seal(s, &why), &why);
    help_add(s, "{\"@timestamp\":\"1970-01-01T00:00:00.002Z\",\"weir\":{\"id\":\"other\",\"index\":"
                "\"test\"},\"a\":2}");
    help_good(store_commit(s, &why), &why);
    struct find *f = find_new(&(struct find_options){.store = s});
    assert_non_null(f);
    char *found = get(f, "packetbeat-*", "mine", &rc);
    assert_int_equal(rc, ERR_NONE);
    assert_string_equal(found, "{\"_index\":\"packetbeat-8.19.0\",\"_id\":\"mine\",\"_version\":1,"
                               "\"_seq_no\":0,\"_primary_term\":1,\"found\":true,\"_source\":{"
                               "\"@timestamp\":\"1970-01-01T00:00:00.001Z\",\"a\":1}}");
    free(found);
    help_expect(
        f, "packetbeat-*,test",
        "{\"sort\":[\"@timestamp\"],\"query\":{\"ids\":{\"values\":["
        "\"mine\",\"other\"]}}}",
        "hits/hits",
        "[{\"_index\":\"packetbeat-8.19.0\",\"_id\":\"mine\",\"_score\":null,\"_source\":{"
        "\"@timestamp\":\"1970-01-01T00:00:00.001Z\",\"a\":1},\"sort\":[1]},{\"_index\":\"test\","
        "\"_id\":\"other\",\"_score\":null,\"_source\":{\"@timestamp\":"
        "\"1970-01-01T00:00:00.002Z\",\"a\":2},\"sort\":[2]}]");
    help_expect(
        f, "*", "{\"size\":0,\"aggs\":{\"i\":{\"terms\":{\"field\":\"_index\"}}}}",
        "aggregations/i/buckets",
        "[{\"key\":\"packetbeat-8.19.0\",\"doc_count\":1},{\"key\":\"test\",\"doc_count\":1}]");
    find_free(f);
    store_close(s);
    help_rmdir(dir);
}

/* Of several events of one name the one that came last, wherever its time is. */
static void test_latest(void **state)
{
    (void)state;
    static const char *const index = "logs-generic-default";
    static const ts_ns times[] = {50, 90, 20, 70};
    struct err_text why;
    struct store *s;
    enum err rc;
    char *dir = help_mkdir();
    help_good(store_open(dir, NULL, &s, &why), &why);
    struct find *f = find_new(&(struct find_options){.store = s});
    assert_non_null(f);
    for (unsigned i = 0; i < 4; i++) {
        char expected[64];
        ts_ns at = HELP_BASE + times[i] * TIME_S;
        assert_int_equal(help_named(s, "other", i, false, at),
                         i == 0 ? STORE_NAME_FREE : STORE_NAME_OLDER);
        assert_int_equal(help_named(s, "x", i, false, at),
                         i == 0 ? STORE_NAME_FREE : STORE_NAME_OLDER);
        help_good(store_commit(s, &why), &why);
        if (i % 2 == 0)
            help_good(store_seal(s, &why), &why);
        char *found = get(f, index, "x", &rc);
        assert_int_equal(rc, ERR_NONE);
        snprintf(expected, sizeof(expected), "2023-11-14T22:1%d:%02d.000Z",
                 (int)(3 + (20 + times[i]) / 60), (int)((20 + times[i]) % 60));
        if (strstr(found, expected) == NULL || strstr(found, "\"_id\":\"x\"") == NULL)
            fail_msg("expected %s in %s", expected, found);
        free(found);
    }
    find_free(f);
    store_close(s);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_events),
                                       cmocka_unit_test(test_senders),
                                       cmocka_unit_test(test_latest)};
    help_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
