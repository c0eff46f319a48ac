/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "engine/undelivered.h"
#include "store/state_notify.h"

static void check(struct store_state *st, const char *status, const char *message)
{
    struct store_rule row;
    struct arena arena;
    arena_init(&arena, 0);
    HELP_OK(store_state_rule_get(st, "r", &arena, &row));
    if (status == NULL)
        assert_null(row.status);
    else
        assert_string_equal(row.status, status);
    assert_true(message == NULL || strstr(row.message, message) != NULL);
    arena_release(&arena);
}

/* What was given up stands in the rule's status after each run, until it is sent or dismissed. */
static void stands(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    const struct store_rule rule = {.id = "r", .doc = "{}"};
    const struct store_message_out m = {.connector = "c", .rule_id = "r", .params = "{}"};
    uint64_t n;
    HELP_OK(store_state_rule_put(st, &rule));
    HELP_OK(engine_undelivered_tell(st, "r", RULE_SUCCEEDED, "well", &help_why));
    check(st, NULL, NULL);
    HELP_OK(store_state_outbox_put(st, &m));
    HELP_OK(engine_undelivered_tell(st, "r", RULE_SUCCEEDED, "well", &help_why));
    check(st, NULL, NULL);
    HELP_OK(store_state_outbox_give_up(st, 1, "nobody there"));
    HELP_OK(engine_undelivered_tell(st, "r", RULE_SUCCEEDED, "well", &help_why));
    check(st, "partial failure", "1 message about alerts could not be sent");
    check(st, "partial failure", "nobody there");
    HELP_OK(engine_undelivered_tell(st, "r", RULE_FAILED, "ill", &help_why));
    check(st, "failed", "ill, 1 message");
    HELP_OK(engine_undelivered_tell(st, "gone", RULE_FAILED, "ill", &help_why));
    HELP_OK(store_state_outbox_dismiss(st, 0, &n));
    HELP_OK(store_state_rule_set_status(st, "r", "succeeded", "well"));
    HELP_OK(engine_undelivered_tell(st, "r", RULE_SUCCEEDED, "well", &help_why));
    check(st, "succeeded", "well");
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
