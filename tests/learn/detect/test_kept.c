/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States of earlier versions, kept in data/: this program restores each, goes on, and finds what
 * was recorded. docs/format/detect-state.md has the rule.
 *
 *   learn.detect.test_kept --write            makes the state and the results of this version, and
 *                                             the seed of fuzz_detect_state
 *   learn.detect.test_kept --record VERSION   records anew what an earlier state leads to
 */
#include "../../../fuzz/detect_help.h"
#include "detect/engine_priv.h"
#include "help.h"

#include <math.h>
#include <stdlib.h>

#define DATA WEIR_SOURCE_DIR "/tests/learn/detect/data/"
#define SEED WEIR_SOURCE_DIR "/fuzz/seeds/detect_state/engine.bin"
#define START (1700000000 / 900 * 900 * TIME_S)
#define SAVED_ROWS 2400 /* a hundred hours */
#define MORE_ROWS 720
#define VERSIONS 1 /* states in data/, from 1 on */

static const char job_text[] =
    "{\"job_id\":\"kept\",\"analysis_config\":{\"bucket_span\":\"30m\",\"latency\":\"30m\","
    "\"detectors\":[{\"function\":\"count\"},{\"function\":\"sum\",\"field_name\":\"v\","
    "\"partition_field_name\":\"a\"},{\"function\":\"mean\",\"field_name\":\"v\"},{\"function\":"
    "\"metric\",\"field_name\":\"v\"},{\"function\":\"median\",\"field_name\":\"v\"},{"
    "\"function\":\"varp\",\"field_name\":\"v\"},{\"function\":\"high_sum\",\"field_name\":\"v\","
    "\"over_field_name\":\"b\"},{\"function\":\"distinct_count\",\"field_name\":\"b\"},{"
    "\"function\":\"info_content\",\"field_name\":\"b\",\"over_field_name\":\"a\"},{\"function\":"
    "\"rare\",\"by_field_name\":\"b\"},{\"function\":\"rare\",\"by_field_name\":\"a\","
    "\"over_field_name\":\"b\"},{\"function\":\"freq_rare\",\"by_field_name\":\"v\","
    "\"over_field_name\":\"a\"},{\"function\":\"time_of_day\",\"by_field_name\":\"a\"},{"
    "\"function\":\"time_of_week\",\"over_field_name\":\"b\"},{\"function\":\"lat_long\","
    "\"field_name\":\"g\",\"by_field_name\":\"a\"}],\"influencers\":[\"a\",\"b\"]}}";
static const char *const columns[] = {"time", "a", "b", "v", "g"};

/* Rows from one number on, so that a restored engine gets what comes next. */
static void feed(struct detect *d, int from, int to)
{
    for (int i = from; i < to; i++) {
        struct rng r;
        rng_init(&r, (uint64_t)i);
        struct help_row row = {.time = START + i * 150 * TIME_S};
        bool odd = i >= SAVED_ROWS + 400 && i < SAVED_ROWS + 430;
        snprintf(row.text[0], 48, "a%u", odd ? 9 : (unsigned)rng_below(&r, 3));
        snprintf(row.text[1], 48, "b%u", odd ? (unsigned)i : (unsigned)rng_below(&r, 6));
        snprintf(row.text[2], 48, "%u", (odd ? 5000 : 10) + (unsigned)rng_below(&r, 20));
        snprintf(row.text[3], 48, "%d.5,%u", odd ? -30 : 48, (unsigned)rng_below(&r, 3));
        help_feed(d, &row, 1, 4);
    }
}

static char *read_all(const char *path, size_t *out_n)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    struct buf b;
    buf_init(&b);
    char piece[4096];
    size_t n;
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        buf_add(&b, piece, n);
    fclose(f);
    return buf_take(&b, out_n);
}

static bool write_all(const char *path, const char *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    bool ok = f != NULL && fwrite(p, 1, n, f) == n;
    if (f != NULL)
        ok &= fclose(f) == 0;
    printf("%s: %zu bytes%s\n", path, n, ok ? "" : " were NOT written");
    return ok;
}

static void path_of(char *out, unsigned version, const char *what)
{
    snprintf(out, 512, DATA "state-%u.%s", version, what);
}

/* What the state of a version leads to. */
static char *go_on(unsigned version)
{
    char path[512];
    size_t n = 0;
    struct buf out;
    struct detect *d = NULL;
    struct err_text why = {0};
    struct bytes names[5];
    struct detect_job *job = help_job(job_text);
    struct detect_options o = help_options(&out, NULL);
    buf_init(&out);
    path_of(path, version, "bin");
    char *state = read_all(path, &n);
    assert_non_null(state);
    if (detect_restore(job, &o, state, n, &d, &why) != ERR_NONE)
        fail_msg("%s: %s", path, why.message);
    for (size_t i = 0; i < 5; i++)
        names[i] = bytes_make(columns[i], strlen(columns[i]));
    assert_int_equal(detect_columns(d, names, 5, NULL), ERR_NONE);
    feed(d, SAVED_ROWS, SAVED_ROWS + MORE_ROWS);
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_renormalize(d);
    detect_free(d);
    detect_job_free(job);
    free(state);
    return buf_take(&out, NULL);
}

/* The same text, numbers that have a fraction to 10^-6: other processors round otherwise. */
static void expect_same(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        char *a_end;
        char *b_end;
        size_t same = 0;
        while (a[same] == b[same] && a[same] != '\0' && strchr("-.0123456789", a[same]) == NULL)
            same++;
        a += same;
        b += same;
        bool ended = *a == '\0' || *b == '\0'; /* strchr() would find it, too */
        if (ended || strchr("-.0123456789", *a) == NULL || strchr("-.0123456789", *b) == NULL)
            break;
        double x = strtod(a, &a_end);
        double y = strtod(b, &b_end);
        if (a_end == a || b_end == b) {
            if (*a++ != *b++)
                fail_msg("%.100s\nnot %.100s", a, b);
            continue;
        }
        if (fabs(x - y) > 1e-6 * (1 + fabs(x)))
            fail_msg("%.200s\nnot %.200s", a, b);
        a = a_end;
        b = b_end;
    }
    assert_int_equal(*a, *b);
}

static void test_earlier_states(void **state)
{
    (void)state;
    for (unsigned v = 1; v <= VERSIONS; v++) {
        char path[512];
        char *found = go_on(v);
        path_of(path, v, "results");
        char *recorded = read_all(path, NULL);
        assert_non_null(recorded);
        assert_non_null(strstr(recorded, "\"result_type\":\"record\""));
        expect_same(found, recorded);
        free(found);
        free(recorded);
    }
}

/* A seed that is refused at its first bytes would attack nothing. */
static void test_seed_is_read(void **state)
{
    (void)state;
    size_t n = 0;
    struct buf out;
    buf_init(&out);
    char *seed = read_all(SEED, &n);
    assert_non_null(seed);
    struct detect_job *job = help_fuzz_job();
    struct detect *d = help_fuzz_engine(job, &out);
    struct cursor in = cursor_make(seed, n);
    assert_int_equal(detect_state_load(d, &in), ERR_NONE);
    detect_free(d);
    detect_job_free(job);
    free(seed);
    buf_release(&out);
}

static bool record(unsigned version)
{
    char path[512];
    path_of(path, version, "results");
    char *found = go_on(version);
    bool ok = write_all(path, found, strlen(found));
    free(found);
    return ok;
}

static bool write_state(void)
{
    char path[512];
    struct buf out;
    struct buf saved;
    buf_init(&out);
    buf_init(&saved);
    struct detect_job *job = help_job(job_text);
    struct detect *d = help_engine(job, &out, NULL, columns, 5);
    feed(d, 0, SAVED_ROWS);
    detect_save(d, &saved);
    path_of(path, VERSIONS, "bin");
    bool ok = buf_ok(&saved) && write_all(path, saved.p, saved.n);
    detect_free(d);
    detect_job_free(job);
    buf_release(&saved);
    buf_release(&out);
    return ok;
}

/* The state of the fuzz target's own job, without its envelope. */
static bool write_seed(void)
{
    static const char *const names[] = {"t", "a", "b", "v", "c", "g"};
    struct buf out;
    struct buf raw;
    struct bytes head[6];
    buf_init(&out);
    buf_init(&raw);
    struct detect_job *job = help_fuzz_job();
    struct detect *d = help_fuzz_engine(job, &out);
    for (size_t i = 0; i < 6; i++)
        head[i] = bytes_make(names[i], strlen(names[i]));
    bool ok = detect_columns(d, head, 6, NULL) == ERR_NONE;
    for (int i = 0; i < 400 && ok; i++) {
        char text[6][24] = {"0"};
        struct bytes fields[6];
        snprintf(text[1], 24, "a%d", i % 3);
        snprintf(text[2], 24, "b%d", i * 7 % 5);
        snprintf(text[3], 24, "%d", i * 37 % 101);
        snprintf(text[4], 24, "c%d", i % 2);
        snprintf(text[5], 24, "%d,%d", i % 7, i % 5);
        for (size_t k = 0; k < 6; k++)
            fields[k] = bytes_make(text[k], strlen(text[k]));
        ok = detect_record(d, i * 4 * TIME_MIN, fields) == ERR_NONE;
    }
    detect_state_save(d, &raw);
    ok = ok && buf_ok(&raw) && write_all(SEED, raw.p, raw.n);
    detect_free(d);
    detect_job_free(job);
    buf_release(&raw);
    buf_release(&out);
    return ok;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_earlier_states),
                                       cmocka_unit_test(test_seed_is_read)};
    if (argc == 2 && strcmp(argv[1], "--write") == 0)
        return write_state() && record(VERSIONS) && write_seed() ? 0 : 1;
    if (argc == 3 && strcmp(argv[1], "--record") == 0)
        return record((unsigned)strtoul(argv[2], NULL, 10)) ? 0 : 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
