/* SPDX-License-Identifier: Apache-2.0 */
#include "app/request/asked.h"

#include "store/state_notify.h"

#define ASK(verb, rest) "{\"command\": \"message\", \"verb\": \"" verb "\"" rest "}"
#define DOCUMENTS ", \"documents\": true"

static void messages(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    const struct store_message_out m = {
        .connector = "c", .rule_id = "r", .params = "{\"body\":\"b\"}", .due = HELP_BASE};
    for (int i = 0; i < 3; i++)
        HELP_OK(store_state_outbox_put(w.data->state, &m));
    HELP_OK(store_state_outbox_give_up(w.data->state, 2, "nobody there"));
    HELP_OK(store_state_outbox_unwritten(w.data->state, "r", "no template", HELP_BASE));
    DONE(ASK("list", ""));
    assert_int_equal(lines(&w), 5);
    assert_non_null(strstr(said(&w), "given up"));
    DONE(ASK("list", DOCUMENTS));
    assert_int_equal(lines(&w), 4);
    assert_ptr_equal(strstr(said(&w), "{\"id\":2,\"connector_id\":\"c\",\"rule_id\":\"r\","
                                      "\"status\":\"given_up\","),
                     said(&w));
    assert_non_null(strstr(said(&w), "\"next_attempt_at\":null,\"attempts\":1,\"error\":\"nobody "
                                     "there\",\"params\":{\"body\":\"b\"}}"));
    assert_non_null(strstr(said(&w), "\"error\":\"no template\",\"params\":null}"));
    assert_non_null(strstr(said(&w), "\"status\":\"waiting\""));
    WRONG(ASK("retry", ", \"id\": \"1\""), "no message 1 that was given up");
    WRONG(ASK("retry", ", \"id\": 4"), "can be sent again"); /* there is nothing to be sent */
    WRONG(ASK("retry", ", \"id\": \"x\""), "has a number");
    WRONG(ASK("retry", ", \"id\": []"), "has a number");
    WRONG(ASK("sing", ""), "list, retry or dismiss");
    DONE(ASK("retry", DOCUMENTS));
    assert_string_equal(said(&w), "{\"total\":1}\n");
    DONE(ASK("retry", ""));
    assert_non_null(strstr(remarks(&w), "0 messages"));
    DONE(ASK("dismiss", ", \"id\": 4"));
    DONE(ASK("list", DOCUMENTS));
    assert_int_equal(lines(&w), 3);
    assert_null(strstr(said(&w), "given_up"));
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(messages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
