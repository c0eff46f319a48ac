/* SPDX-License-Identifier: Apache-2.0 */
#include "app/request/asked.h"

#include "store/state_notify.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(asked), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
