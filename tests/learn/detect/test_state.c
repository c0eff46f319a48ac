/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/detect.h"
#include "detect/engine_priv.h"

#include "help.h"

#include <stdlib.h>

static const char job_text[] =
    "{\"job_id\":\"s\",\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":"
    "\"count\",\"partition_field_name\":\"src\"},{\"function\":\"rare\",\"by_field_name\":\"port\","
    "\"over_field_name\":\"src\"},{\"function\":\"distinct_count\",\"field_name\":\"port\"}],"
    "\"influencers\":[\"src\"]}}";
static const char *const columns[] = {"time", "src", "port"};

static struct detect *engine(const struct detect_job *job, struct buf *out)
{
    struct detect *d = help_engine(job, out, NULL, columns, 3);
    struct rng r;
    rng_init(&r, 1);
    struct help_row row = {.time = 0};
    for (int i = 0; i < 3000; i++) {
        row.time += (ts_ns)rng_below(&r, 60) * TIME_S;
        snprintf(row.text[0], sizeof(row.text[0]), "h%u", (unsigned)rng_below(&r, 9));
        snprintf(row.text[1], sizeof(row.text[1]), "%u", (unsigned)rng_below(&r, 30));
        help_feed(d, &row, 1, 2);
    }
    return d;
}

static void test_damage_is_seen(void **state)
{
    (void)state;
    struct detect_job *job = help_job(job_text);
    struct buf out;
    struct buf saved;
    buf_init(&out);
    buf_init(&saved);
    struct detect *d = engine(job, &out);
    detect_save(d, &saved);
    struct detect_options o = help_options(&out, NULL);
    struct err_text why;
    struct detect *copy = NULL;
    for (size_t i = 0; i < saved.n; i += 1 + saved.n / 200) {
        saved.p[i] = (char)(saved.p[i] ^ 0x10);
        assert_int_not_equal(detect_restore(job, &o, saved.p, saved.n, &copy, &why), ERR_NONE);
        saved.p[i] = (char)(saved.p[i] ^ 0x10);
        assert_int_not_equal(detect_restore(job, &o, saved.p, i, &copy, &why), ERR_NONE);
    }
    assert_null(copy);
    assert_int_equal(detect_restore(job, &o, saved.p, saved.n, &copy, &why), ERR_NONE);
    detect_free(copy);
    detect_free(d);
    buf_release(&saved);
    buf_release(&out);
    detect_job_free(job);
}

/* Inside the envelope: cut or changed bytes are refused or give some engine, and nothing worse. */
static void test_raw_state(void **state)
{
    (void)state;
    struct detect_job *job = help_job(job_text);
    struct buf out;
    struct buf raw;
    buf_init(&out);
    buf_init(&raw);
    struct detect *d = engine(job, &out);
    detect_state_save(d, &raw);
    struct detect_options o = help_options(&out, NULL);
    struct rng r;
    rng_init(&r, 5);
    for (size_t i = 0; i < raw.n; i += 1 + raw.n / 150) {
        struct detect *copy = NULL;
        assert_int_equal(detect_new(job, &o, &copy), ERR_NONE);
        struct cursor c = cursor_make(raw.p, i);
        assert_int_not_equal(detect_state_load(copy, &c), ERR_NONE);
        detect_free(copy);
        char before = raw.p[i];
        raw.p[i] = (char)rng_u64(&r);
        copy = NULL;
        assert_int_equal(detect_new(job, &o, &copy), ERR_NONE);
        c = cursor_make(raw.p, raw.n);
        if (detect_state_load(copy, &c) == ERR_NONE)
            assert_int_equal(detect_finish(copy), ERR_NONE);
        detect_free(copy);
        raw.p[i] = before;
    }
    detect_free(d);
    buf_release(&raw);
    buf_release(&out);
    detect_job_free(job);
}

/* Results are JSON, and a name in them is text. */
static void test_a_name_that_is_no_text(void **state)
{
    (void)state;
    struct detect_job *job = help_job(job_text);
    struct buf out;
    struct buf raw;
    buf_init(&out);
    buf_init(&raw);
    struct detect *d = engine(job, &out);
    detect_state_save(d, &raw);
    /* A name of two letters: its length, then "h7". */
    static const char name[] = {2, 0, 0, 0, 'h', '7'};
    size_t at = 0;
    while (at + sizeof(name) < raw.n && memcmp(raw.p + at, name, sizeof(name)) != 0)
        at++;
    assert_true(at + sizeof(name) < raw.n);
    for (int good = 1; good >= 0; good--) {
        struct detect_options o = help_options(&out, NULL);
        struct detect *copy = NULL;
        raw.p[at + 5] = good ? '7' : (char)0xff;
        struct cursor c = cursor_make(raw.p, raw.n);
        assert_int_equal(detect_new(job, &o, &copy), ERR_NONE);
        assert_int_equal(detect_state_load(copy, &c), good ? ERR_NONE : ERR_FORMAT);
        detect_free(copy);
    }
    detect_free(d);
    buf_release(&raw);
    buf_release(&out);
    detect_job_free(job);
}

static void test_versions_and_jobs(void **state)
{
    (void)state;
    struct detect_job *job = help_job(job_text);
    struct detect_job *other = help_job(
        "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":\"count\"}]}}");
    struct buf out;
    struct buf saved;
    buf_init(&out);
    buf_init(&saved);
    struct detect *d = engine(job, &out);
    detect_save(d, &saved);
    struct detect_options o = help_options(&out, NULL);
    struct err_text why = {0};
    struct detect *copy = NULL;
    assert_int_equal(detect_restore(other, &o, saved.p, saved.n, &copy, &why), ERR_INVALID);
    saved.p[8] = 9;
    assert_int_equal(detect_restore(job, &o, saved.p, saved.n, &copy, &why), ERR_VERSION);
    assert_int_equal(detect_restore(job, &o, "WEIR", 4, &copy, &why), ERR_FORMAT);
    detect_free(d);
    buf_release(&saved);
    buf_release(&out);
    detect_job_free(other);
    detect_job_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damage_is_seen), cmocka_unit_test(test_raw_state),
        cmocka_unit_test(test_a_name_that_is_no_text), cmocka_unit_test(test_versions_and_jobs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
