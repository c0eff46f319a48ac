/* SPDX-License-Identifier: Apache-2.0 */
/* Many who post at once. */
#include "app/request/asked.h"

#include "engine/jobs.h"
#include "request/posts.h"

#include <pthread.h>

#define THREADS 8
#define POSTS 50

static const char job[] =
    "{\"job_id\": \"tiny\", \"analysis_config\": {\"bucket_span\": \"1m\", \"detectors\": "
    "[{\"function\": \"count\"}]}, \"data_description\": {\"time_field\": \"t\"}}";

struct poster {
    pthread_t thread;
    struct request_data *data;
    unsigned number;
    uint64_t records, failed;
};

static void *post_many(void *arg)
{
    struct poster *x = arg;
    for (unsigned i = 0; i < POSTS; i++) {
        char text[64];
        snprintf(text, sizeof(text), "{\"t\": %lld}{\"t\": 1}%s",
                 (long long)(HELP_BASE / TIME_S) + i % 60, i % 10 == 9 ? "wrong" : "");
        struct engine_post p = {.job_id = x->number == 0 ? "none" : "tiny",
                                .text = text,
                                .n = strlen(text),
                                .reset_start = TIME_NONE};
        request_posts_do(x->data, &p);
        x->records += p.err != ERR_BUSY ? p.posted.counts.records : 0;
        x->failed += p.err != ERR_NONE;
    }
    return NULL;
}

static void many(void **state)
{
    (void)state;
    struct world w;
    struct help_alerts alerts = {0};
    struct poster posters[THREADS];
    uint64_t records = 0;
    begin(&w);
    HELP_OK(engine_install_job(w.data->state, job, strlen(job), "job", NULL, 0, NULL, NULL,
                               HELP_BASE, TIME_NONE, &help_why));
    HELP_OK(store_state_job_set_state(w.data->state, "tiny", "opened", "stopped", NULL));
    w.data->pipeline = help_pipeline(w.data->state, w.data->store, &alerts, now());
    for (unsigned i = 0; i < THREADS; i++) {
        posters[i] = (struct poster){.data = w.data, .number = i};
        assert_int_equal(pthread_create(&posters[i].thread, NULL, post_many, &posters[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_int_equal(posters[i].failed, i == 0 ? POSTS : POSTS / 10);
        records += posters[i].records;
    }
    assert_int_equal(records, (THREADS - 1) * POSTS * 2);
    DONE("{\"command\":\"job\",\"verb\":\"stats\",\"id\":\"tiny\"}");
    assert_non_null(strstr(said(&w), "\"input_record_count\":700,"));
    engine_pipeline_free(w.data->pipeline);
    w.data->pipeline = NULL;
    struct engine_post p = {.job_id = "tiny", .text = "{}", .n = 2, .reset_start = TIME_NONE};
    request_posts_do(w.data, &p);
    assert_int_equal(p.err, ERR_BUSY);
    end(&w);
}

static enum err post_one(struct world *w, const char *text)
{
    struct engine_post p = {
        .job_id = "tiny", .text = text, .n = strlen(text), .reset_start = TIME_NONE};
    request_posts_do(w->data, &p);
    help_why = p.why;
    return p.err;
}

/* A disk that is full takes nothing, and what was taken before is there when it has space again. */
static void full(void **state)
{
    (void)state;
    struct world w;
    struct help_alerts alerts = {0};
    begin(&w);
    HELP_OK(engine_install_job(w.data->state, job, strlen(job), "job", NULL, 0, NULL, NULL,
                               HELP_BASE, TIME_NONE, &help_why));
    HELP_OK(store_state_job_set_state(w.data->state, "tiny", "opened", "stopped", NULL));
    w.data->pipeline = help_pipeline(w.data->state, w.data->store, &alerts, now());
    HELP_OK(post_one(&w, "{\"t\": 1700006400}"));
    help_limit_files(4096);
    assert_int_equal(post_one(&w, "{\"t\": 1700006500}"), ERR_FULL);
    assert_int_equal(post_one(&w, "{\"t\": 1700006500}"), ERR_FULL);
    help_limit_files(RLIM_INFINITY);
    enum err err = ERR_FULL;
    for (int i = 0; i < 100 && err == ERR_FULL; i++) {
        usleep(100000);
        err = post_one(&w, "{\"t\": 1700006500}");
    }
    HELP_OK(err);
    DONE("{\"command\":\"job\",\"verb\":\"stats\",\"id\":\"tiny\"}");
    assert_non_null(strstr(said(&w), "\"input_record_count\":2,"));
    engine_pipeline_free(w.data->pipeline);
    w.data->pipeline = NULL;
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many), cmocka_unit_test(full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
