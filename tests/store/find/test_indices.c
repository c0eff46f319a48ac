/* SPDX-License-Identifier: Apache-2.0 */
/* The indices that are listed are those that searches show. */
#include "store/find/find_help.h"

struct found {
    char text[800];
    uint64_t bytes;
};

static void note(void *ctx, const struct find_index *index)
{
    struct found *f = ctx;
    size_t n = strlen(f->text);
    snprintf(f->text + n, sizeof(f->text) - n, "%s %u,", index->name, (unsigned)index->docs);
    assert_true(index->bytes > 0);
    f->bytes += index->bytes;
}

static void expect(struct find *f, const char *pattern, const char *expected, uint64_t bytes)
{
    struct found found = {.bytes = 0};
    struct find_error error;
    const struct find_request r = {.index = pattern, .now = FIND_NOW};
    if (find_indices(f, &r, note, &found, &error) != ERR_NONE)
        fail_msg("%s: %s", pattern, error.text.message);
    assert_string_equal(found.text, expected);
    if (bytes > 0)
        assert_in_range(found.bytes, bytes - 8, bytes); /* each share is rounded down */
}

static void sum(void *ctx, const char *dataset, uint64_t rows, uint64_t bytes)
{
    (void)dataset;
    (void)rows;
    *(uint64_t *)ctx += bytes;
}

static void fill(struct store *s)
{
    static const char *const docs[] = {
        "{\"@timestamp\":1,\"event\":{\"dataset\":\"flow\"}}",
        "{\"@timestamp\":2,\"event\":{\"dataset\":\"flow\"},\"weir\":{\"index\":\"packetbeat-8\"}}",
        "{\"@timestamp\":3,\"weir\":{\"index\":\"packetbeat-8\"}}",
        "{\"@timestamp\":4,\"event\":{\"dataset\":\"flow\"},"
        "\"data_stream\":{\"type\":\"metrics\",\"dataset\":\"cpu\",\"namespace\":\"prod\"}}",
        "{\"@timestamp\":5}",
    };
    struct err_text why;
    for (size_t i = 0; i < sizeof(docs) / sizeof(docs[0]); i++)
        help_add(s, docs[i]);
    help_good(store_commit(s, &why), &why);
}

static void those_that_searches_show(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct store *s;
    help_good(store_open(dir, NULL, &s, &why), &why);
    struct find *f = find_new(&(struct find_options){.store = s});
    assert_non_null(f);
    expect(f, NULL, "", 0);
    fill(s);
    help_good(store_seal(s, &why), &why);
    fill(s); /* sealed and hot */
    uint64_t bytes = 0;
    assert_int_equal(store_datasets(s, sum, &bytes), ERR_NONE);
    expect(f, NULL, "logs-flow-default 2,logs-generic-default 2,metrics-cpu-prod 2,packetbeat-8 4,",
           bytes);
    expect(f, "logs-*", "logs-flow-default 2,logs-generic-default 2,", 0);
    expect(f, "packetbeat-8", "packetbeat-8 4,", 0);
    struct find *none = find_new(&(struct find_options){.store = NULL});
    expect(none, NULL, "", 0);
    find_free(none);
    find_free(f);
    store_close(s);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(those_that_searches_show)};
    help_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
