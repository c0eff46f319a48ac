/* SPDX-License-Identifier: Apache-2.0 */
#include "promise.h"

#define SPAN TIME_HOUR
#define START ((ts_ns)1700000000 * TIME_S / TIME_DAY * TIME_DAY)
#define WEEKS 3
#define BUCKETS (WEEKS * 7 * 24)
#define HOSTS 40

static const char job[] =
    "{\"job_id\":\"freq\",\"analysis_config\":{\"bucket_span\":\"1h\",\"detectors\":[{"
    "\"function\":\"freq_rare\",\"by_field_name\":\"uri\",\"over_field_name\":\"host\"}],"
    "\"influencers\":[\"host\",\"agent\"]}}";
static const char *const columns[] = {"time", "uri", "host", "agent"};

static void row(struct promise *p, int bucket, uint64_t host, const char *uri, unsigned long long k)
{
    struct help_row *x = promise_row(p, START + bucket * SPAN + (ts_ns)p->n % SPAN);
    snprintf(x->text[0], sizeof(x->text[0]), "/%s/%llu", uri, k);
    snprintf(x->text[1], sizeof(x->text[1]), "host%llu", (unsigned long long)host);
    snprintf(x->text[2], sizeof(x->text[2]), "%s", "browser");
}

/* Forty hosts ask for thirty usual pages, now and then for one that few or none else ask for. */
static void ordinary(struct promise *p, int from, int buckets, uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed);
    for (int b = from; b < buckets; b++) {
        for (uint64_t host = 0; host < HOSTS; host++) {
            for (uint64_t i = 1 + rng_below(&r, 4); i > 0; i--) {
                bool odd = rng_below(&r, 50) == 0;
                row(p, b, host, odd ? "odd" : "page", rng_below(&r, odd ? 3000 : 30));
            }
        }
    }
}

/* One host asks for page after page that nobody has, as a scanner does. */
static void scan(struct promise *p, int bucket)
{
    for (unsigned long long i = 0; i < 40; i++)
        row(p, bucket, 7, "scan", i);
}

static void test_finds_and_stays_quiet(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct promise p;
        promise_begin(&p, job, columns, 4);
        ordinary(&p, 0, BUCKETS, seed);
        char *quiet = promise_run(&p, NULL, 0);
        assert_true(promise_score(quiet, "") < 50);
        free(quiet);
        scan(&p, BUCKETS);
        ordinary(&p, BUCKETS, BUCKETS + 2, seed + 100);
        char *text = promise_run(&p, NULL, 0);
        assert_true(promise_score(text, "\"over_field_value\":\"host7\"") >= 75);
        const char *record = strstr(text, "\"over_field_value\":\"host7\"");
        assert_non_null(strstr(record, "\"by_field_value\":\"/scan/"));
        assert_non_null(strstr(record, "\"actual\":[40]"));
        free(text);
        promise_end(&p);
    }
}

/* Where every member meets rare values often, one that does so is no news. */
static void test_all_are_odd(void **state)
{
    (void)state;
    struct promise p;
    struct rng r;
    rng_init(&r, 6);
    promise_begin(&p, job, columns, 4);
    for (int b = 0; b < 200; b++) {
        for (uint64_t host = 0; host < HOSTS; host++) {
            for (uint64_t i = 30 + rng_below(&r, 20); i > 0; i--)
                row(&p, b, host, "own", rng_below(&r, 1000000));
        }
    }
    char *text = promise_run(&p, NULL, 0);
    assert_true(promise_score(text, "") < 50);
    free(text);
    promise_end(&p);
}

static void test_same_bytes(void **state)
{
    (void)state;
    struct promise p;
    promise_begin(&p, job, columns, 4);
    ordinary(&p, 0, 60, 9);
    scan(&p, 60);
    promise_same_bytes(&p);
    char *text = promise_run(&p, NULL, 0);
    assert_true(promise_score(text, "host7") > 0);
    free(text);
    promise_end(&p);
}

static void refused(const char *detector)
{
    char text[512];
    struct detect_job *made = NULL;
    struct err_text why = {0};
    snprintf(text, sizeof(text),
             "{\"analysis_config\":{\"detectors\":[{\"function\":\"freq_rare\"%s}]}}", detector);
    assert_int_equal(detect_job_parse(text, strlen(text), "", NULL, 0, &made, &why), ERR_INVALID);
    assert_true(strlen(why.message) > 10);
}

static void test_wrong_combinations(void **state)
{
    (void)state;
    refused("");
    refused(",\"by_field_name\":\"a\"");
    refused(",\"over_field_name\":\"a\"");
    refused(",\"by_field_name\":\"a\",\"over_field_name\":\"b\",\"field_name\":\"c\"");
    refused(",\"by_field_name\":\"a\",\"over_field_name\":\"b\",\"exclude_frequent\":\"all\"");
    refused(",\"by_field_name\":\"a\",\"over_field_name\":\"b\",\"custom_rules\":[{\"conditions\":"
            "[{\"applies_to\":\"actual\",\"operator\":\"gt\",\"value\":1}]}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_and_stays_quiet), cmocka_unit_test(test_all_are_odd),
        cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_wrong_combinations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
