/* SPDX-License-Identifier: Apache-2.0 */
#include "app/request/asked.h"

#include "store/state_notify.h"

#include <pthread.h>

#define HOOK                                                                                       \
    "{\"name\":\"H\",\"connector_type_id\":\".webhook\",\"config\":{\"url\":\"http://x/\"}}"

#define LINE(id, config)                                                                           \
    "{\\\"id\\\":\\\"" id "\\\",\\\"type\\\":\\\"action\\\",\\\"attributes\\\":{"                  \
    "\\\"actionTypeId\\\":\\\".webhook\\\",\\\"name\\\":\\\"n\\\",\\\"config\\\":{" config "}}}"
#define URL "\\\"url\\\":\\\"http://y/\\\",\\\"certType\\\":null"

/* As a client's import asks for it: one that is wrong does not hold back the others. */
static void asked(void **state)
{
    (void)state;
    struct world w;
    struct store_connector row;
    struct arena arena;
    begin(&w);
    arena_init(&arena, 0);
    const struct store_connector hook = {.id = "hook", .doc = HOOK, .secrets = "{\"user\":\"u\"}"};
    HELP_OK(store_state_connector_put(w.data->state, &hook));
    DONE("{\"command\": \"connector\", \"verb\": \"import\", \"objects\": ["
         "{\"fresh\": true, \"text\": \"" LINE(
             "hook", URL) "\"},"
                          "{\"fresh\": true, \"text\": \"" LINE(
                              "bad",
                              "\\\"port\\\":1") "\"},"
                                                "{\"fresh\": true, \"text\": \"" LINE(
                                                    "new",
                                                    URL) "\"},"
                                                         "{\"fresh\": false, \"text\": \"" LINE(
                                                             "newer", URL) "\"}]}");
    assert_int_equal(lines(&w), 2);
    assert_non_null(strstr(said(&w), "{\"at\":0,\"code\":-6,"));
    assert_non_null(strstr(said(&w), "{\"at\":1,\"code\":-7,"));
    HELP_OK(store_state_connector_get(w.data->state, "new", &arena, &row));
    HELP_OK(store_state_connector_get(w.data->state, "newer", &arena, &row));
    DONE("{\"command\": \"connector\", \"verb\": \"import\", \"objects\": ["
         "{\"fresh\": false, \"text\": \"" LINE("hook", URL) "\"}]}");
    HELP_OK(store_state_connector_get(w.data->state, "hook", &arena, &row));
    assert_non_null(strstr(row.doc, "http://y/"));
    assert_string_equal(row.secrets, "{\"user\":\"u\"}");
    arena_release(&arena);
    end(&w);
}

/* A member that no connector has, whatever it is called. */
static void refused(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
#define MAKE(more)                                                                                 \
    "{\"command\": \"connector\", \"verb\": \"add\", \"text\": \"{\\\"name\\\":\\\"n\\\","         \
    "\\\"connector_type_id\\\":\\\".webhook\\\",\\\"config\\\":{\\\"url\\\":\\\"http://x/"         \
    "\\\"}" more "}\"}"
    WRONG(MAKE(",\\\"\\\":1"), "not known in a connector");
    WRONG(MAKE(",\\\" \\\":1"), "not known in a connector");
    WRONG(MAKE(",\\\" id\\\":1"), "not known in a connector");
    WRONG(MAKE(",\\\"id name\\\":1"), "not known in a connector");
    WRONG(MAKE(",\\\"nam\\\":1"), "not known in a connector");
    DONE(MAKE(",\\\"is_deprecated\\\":false"));
    end(&w);
}

struct maker {
    struct world *w;
    unsigned round;
    enum err err;
    pthread_t thread;
    pthread_barrier_t *start;
};

static void *make(void *arg)
{
    struct maker *m = arg;
    struct err_text why;
    struct buf out;
    char request[300];
    buf_init(&out);
    snprintf(request, sizeof(request),
             "{\"command\":\"connector\",\"verb\":\"add\",\"text\":\"{\\\"id\\\":\\\"r%u\\\","
             "\\\"name\\\":\\\"n\\\",\\\"connector_type_id\\\":\\\".webhook\\\",\\\"config\\\":{"
             "\\\"url\\\":\\\"http://x/\\\"}}\"}",
             m->round);
    pthread_barrier_wait(m->start);
    m->err = request_act(m->w->data, request, strlen(request), NULL, NULL, &out, &why);
    buf_release(&out);
    return NULL;
}

/* Two who make one of the same id: one of them is told that it is there. */
static void at_once(void **state)
{
    (void)state;
    struct world w;
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, 2);
    begin(&w);
    for (unsigned round = 0; round < 200; round++) {
        struct maker m[2];
        for (int i = 0; i < 2; i++) {
            m[i] = (struct maker){.w = &w, .round = round, .start = &start};
            assert_int_equal(pthread_create(&m[i].thread, NULL, make, &m[i]), 0);
        }
        for (int i = 0; i < 2; i++)
            pthread_join(m[i].thread, NULL);
        assert_int_equal((m[0].err == ERR_NONE) + (m[1].err == ERR_NONE), 1);
        assert_int_equal((m[0].err == ERR_EXISTS) + (m[1].err == ERR_EXISTS), 1);
    }
    pthread_barrier_destroy(&start);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(asked), cmocka_unit_test(refused),
                                       cmocka_unit_test(at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
