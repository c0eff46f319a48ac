/* SPDX-License-Identifier: Apache-2.0 */
#include "promise.h"

#include "detect/engine_priv.h"

#include "base/arena.h"
#include "event/json.h"

#include <math.h>

#define SPAN TIME_HOUR
#define START ((ts_ns)1699920000 * TIME_S) /* a Tuesday, 00:00 UTC */
#define DAYS 28
#define EVENING ((DAYS - 1) * TIME_DAY + 20 * TIME_HOUR)

static const char *const columns[] = {"time", "user", "ip", "place"};

static void row(struct promise *p, ts_ns time, const char *user, const char *ip, double lat,
                double lon)
{
    struct help_row *x = promise_row(p, time);
    snprintf(x->text[0], sizeof(x->text[0]), "%s", user);
    snprintf(x->text[1], sizeof(x->text[1]), "%s", ip);
    snprintf(x->text[2], sizeof(x->text[2]), "%.4f,%.4f", lat, lon);
}

/* Two users about Berlin by day, one about Suva on both sides of the antimeridian, one now and then
 * in one of five towns. On the last evening `odd` is seen in Tokyo as well, unless it is NULL. */
static void habits(struct promise *p, uint64_t seed, const char *odd)
{
    static const double towns[][2] = {
        {40.71, -74.0}, {51.5, -0.12}, {48.85, 2.35}, {-33.87, 151.2}, {1.35, 103.8}};
    struct rng r;
    rng_init(&r, seed);
    for (int d = 0; d < DAYS; d++) {
        for (int h = 7; h < 22; h++) {
            ts_ns time = START + d * TIME_DAY + h * TIME_HOUR;
            double off = 0.1 * rng_normal(&r);
            double lon = 179.98 + off;
            size_t town = rng_below(&r, 5);
            if (odd != NULL && time == START + EVENING)
                row(p, time + TIME_MIN, odd, "203.0.113.66", 35.68, 139.77);
            row(p, time + 2 * TIME_MIN, "anna", "192.0.2.1", 52.5 + off, 13.4 - off);
            if (rng_below(&r, 2) == 0)
                row(p, time + 3 * TIME_MIN, "bert", "192.0.2.2", 52.4 - off, 13.1);
            row(p, time + 4 * TIME_MIN, "tevita", "192.0.2.3", -18.1 + off,
                lon > 180 ? lon - 360 : lon);
            row(p, time + 5 * TIME_MIN, "carla", "192.0.2.4", towns[town][0], towns[town][1]);
        }
    }
}

static char *run(const char *detector, uint64_t seed, const char *odd)
{
    struct promise p;
    char text[512];
    snprintf(text, sizeof(text),
             "{\"analysis_config\":{\"bucket_span\":\"1h\",\"detectors\":[{%s}],"
             "\"influencers\":[\"ip\",\"user\"]}}",
             detector);
    promise_begin(&p, text, columns, 4);
    habits(&p, seed, odd);
    char *out = promise_run(&p, NULL, 0);
    promise_end(&p);
    return out;
}

static void test_finds_and_stays_quiet(void **state)
{
    (void)state;
    static const char *const jobs[] = {
        "\"function\":\"lat_long\",\"field_name\":\"place\",\"by_field_name\":\"user\"",
        "\"function\":\"lat_long\",\"field_name\":\"place\",\"partition_field_name\":\"user\"",
        "\"function\":\"lat_long\",\"field_name\":\"place\",\"over_field_name\":\"user\""};
    for (uint64_t seed = 1; seed <= 5; seed++) {
        for (size_t i = 0; i < 3; i++) {
            char *quiet = run(jobs[i], seed, NULL);
            assert_true(promise_score(quiet, "") < 50);
            free(quiet);
            char *out = run(jobs[i], seed, "anna");
            assert_true(promise_score(out, "\"anna\"") >= 65);
            assert_true(promise_score(out, "\"carla\"") < 50);
            /* The address that came with the place, and not that of the rest of the hour. */
            assert_true(promise_score(out, "\"ip\":[\"203.0.113.66\"]") >= 65);
            assert_true(promise_score(out, "\"actual\":[35.68,139.77]") >= 65);
            assert_true(promise_score(out, "\"actual_point\":\"35.68,139.77\"") >= 65);
            assert_true(promise_score(out, "\"function_description\":\"lat_long\"") >= 65);
            assert_null(strstr(out, "confidence_bound"));
            free(out);
        }
    }
}

/* A member is judged against where its peers are: a town of theirs is no news, though it never was
 * there itself; and a cause tells the place. */
static void test_peers(void **state)
{
    (void)state;
    static const char job[] = "\"function\":\"lat_long\",\"field_name\":\"place\","
                              "\"over_field_name\":\"user\"";
    struct promise p;
    char text[512];
    snprintf(text, sizeof(text),
             "{\"analysis_config\":{\"bucket_span\":\"1h\",\"detectors\":[{%s}]}}", job);
    for (int odd = 0; odd < 2; odd++) {
        promise_begin(&p, text, columns, 4);
        habits(&p, 3, NULL);
        row(&p, START + DAYS * TIME_DAY, "new", "192.0.2.9", odd != 0 ? -54.8 : 52.45,
            odd != 0 ? -68.3 : 13.3);
        row(&p, START + DAYS * TIME_DAY + SPAN, "anna", "192.0.2.1", 52.5, 13.4);
        char *out = promise_run(&p, NULL, 0);
        double score = promise_score(out, "\"over_field_value\":\"new\"");
        assert_true(odd != 0 ? score >= 65 : score < 25);
        const char *cause = strstr(out, "\"causes\":[{");
        if (odd != 0)
            assert_non_null(strstr(cause, "\"actual_point\":\"-54.8,-68.3\""));
        free(out);
        promise_end(&p);
    }
}

static void test_same_bytes(void **state)
{
    (void)state;
    struct promise p;
    promise_begin(
        &p,
        "{\"analysis_config\":{\"bucket_span\":\"3h\",\"detectors\":["
        "{\"function\":\"lat_long\",\"field_name\":\"place\",\"by_field_name\":\"user\"},"
        "{\"function\":\"lat_long\",\"field_name\":\"place\",\"over_field_name\":\"user\"},"
        "{\"function\":\"lat_long\",\"field_name\":\"place\",\"by_field_name\":\"ip\","
        "\"over_field_name\":\"user\"}],\"influencers\":[\"ip\"]},\"model_plot_config\":{}}",
        columns, 4);
    habits(&p, 7, "tevita");
    promise_same_bytes(&p);
    char *out = promise_run(&p, NULL, 0);
    assert_true(promise_score(out, "\"tevita\"") >= 50);
    free(out);
    promise_end(&p);
}

/* What one event with this field brings: how many places, and how many missing fields. */
static size_t read_event(const char *field, uint64_t *out_missing, char where[64])
{
    struct detect_job *job =
        help_job("{\"analysis_config\":{\"bucket_span\":\"1h\",\"detectors\":[{\"function\":"
                 "\"lat_long\",\"field_name\":\"source.geo.location\"}]},"
                 "\"data_description\":{\"time_field\":\"@timestamp\"}}");
    struct arena arena;
    struct event e;
    struct event_json *json = event_json_new();
    struct buf out;
    struct detect *d = NULL;
    char text[512];
    buf_init(&out);
    arena_init(&arena, 4096);
    struct detect_options o = help_options(&out, NULL);
    assert_int_equal(detect_new(job, &o, &d), ERR_NONE);
    snprintf(text, sizeof(text), "{\"@timestamp\":\"2026-01-01T00:00:00Z\",%s}", field);
    assert_int_equal(event_json_read(json, text, strlen(text), false, &arena, &e, NULL), ERR_NONE);
    assert_int_equal(detect_event(d, &e), ERR_NONE);
    *out_missing = detect_counts(d)->missing_fields;
    size_t n = 0;
    const struct detect_open *b = d->n_open > 0 ? d->open[0] : NULL;
    where[0] = '\0';
    if (b != NULL && b->n_cells > 0) {
        const struct stats_places *places = &b->cells[0]->gather.places;
        n = places->n;
        for (size_t i = 0; i < n && i < 1; i++) {
            double lat;
            double lon;
            stats_places_at(places, i, &lat, &lon);
            snprintf(where, 64, "%g,%g", lat, lon);
        }
    }
    detect_free(d);
    event_json_free(json);
    arena_release(&arena);
    detect_job_free(job);
    buf_release(&out);
    return n;
}

static void test_forms(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        size_t places;
        uint64_t missing;
        const char *first;
    } cases[] = {
        {"\"source.geo.location\":\"41.12,-71.34\"", 1, 0, "41.12,-71.34"},
        {"\"source.geo.location\":\" 41.12 , -71.34 \"", 1, 0, "41.12,-71.34"},
        {"\"source\":{\"geo\":{\"location\":{\"lat\":41.12,\"lon\":-71.34}}}", 1, 0,
         "41.12,-71.34"},
        {"\"source.geo.location\":{\"lat\":\"41.12\",\"lon\":\"-71.34\"}", 1, 0, "41.12,-71.34"},
        {"\"source.geo.location\":[-71.34,41.12]", 1, 0, "41.12,-71.34"},
        {"\"source.geo.location\":[-71,41]", 1, 0, "41,-71"},
        {"\"source.geo.location\":[[-71.34,41.12],[13.4,52.5]]", 2, 0, "41.12,-71.34"},
        {"\"source.geo.location\":[\"41.12,-71.34\",\"52.5,13.4\"]", 2, 0, "41.12,-71.34"},
        {"\"source.geo.location\":[{\"lat\":1,\"lon\":2},{\"lat\":3,\"lon\":4}]", 2, 0, "1,2"},
        {"\"source.geo.location\":\"POINT (-71.34 41.12)\"", 1, 0, "41.12,-71.34"},
        {"\"source.geo.location\":{\"type\":\"Point\",\"coordinates\":[-71.34,41.12]}", 1, 0,
         "41.12,-71.34"},
        {"\"source.geo.location\":\"90,180\"", 1, 0, "90,0"},
        {"\"source.geo.location\":\"90.001,0\"", 0, 1, ""},
        {"\"source.geo.location\":\"0,-180.5\"", 0, 1, ""},
        {"\"source.geo.location\":\"41.12\"", 0, 1, ""},
        {"\"source.geo.location\":\"41.12,\"", 0, 1, ""},
        {"\"source.geo.location\":\"drm3btev3e86\"", 0, 1, ""},
        {"\"source.geo.location\":\"POINT (1,2)\"", 0, 1, ""},
        {"\"source.geo.location\":\"nan,nan\"", 0, 1, ""},
        {"\"source.geo.location\":[1,2,3]", 1, 1, "2,1"},
        {"\"source.geo.location\":[\"41.12,-71.34\",\"x\"]", 1, 1, "41.12,-71.34"},
        {"\"source.geo.location\":{\"lat\":41.12}", 0, 1, ""},
        {"\"source.geo.location\":null", 0, 1, ""},
        {"\"a\":1", 0, 1, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t missing;
        char where[64];
        size_t n = read_event(cases[i].field, &missing, where);
        if (n != cases[i].places || missing != cases[i].missing ||
            strcmp(where, cases[i].first) != 0)
            fail_msg("%s: %zu places, %llu missing, first \"%s\"", cases[i].field, n,
                     (unsigned long long)missing, where);
    }
}

/* More places in a bucket than are kept apart: still judged, and within memory. */
static void test_many_places(void **state)
{
    (void)state;
    struct promise p;
    promise_begin(&p,
                  "{\"analysis_config\":{\"bucket_span\":\"1h\",\"detectors\":[{\"function\":"
                  "\"lat_long\",\"field_name\":\"place\"}],\"influencers\":[\"user\"]},"
                  "\"analysis_limits\":{\"model_memory_limit\":\"2mb\"}}",
                  columns, 4);
    struct rng r;
    rng_init(&r, 11);
    for (int b = 0; b < 60; b++) {
        for (int i = 0; i < 1500; i++)
            row(&p, START + b * SPAN + i * TIME_S, "u", "192.0.2.1",
                40 + (double)rng_below(&r, 1000000) / 1e5, (double)rng_below(&r, 1000000) / 1e5);
        if (b == 50)
            row(&p, START + b * SPAN + 2000 * TIME_S, "odd", "192.0.2.2", -40, -170);
    }
    promise_same_bytes(&p);
    char *out = promise_run(&p, NULL, 0);
    assert_true(promise_score(out, "\"timestamp\":1700100000000") >= 25);
    assert_true(promise_score(out, "\"timestamp\":1700096400000") < 25);
    assert_non_null(strstr(out, "\"memory_status\":\"ok\""));
    free(out);
    promise_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_and_stays_quiet), cmocka_unit_test(test_peers),
        cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_forms),
        cmocka_unit_test(test_many_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
