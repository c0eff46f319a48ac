/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/run_priv.h"

#include "cmocka_head.h"
#include "judge/rule/support.h"

#include <stdlib.h>
#include <string.h>

#define NOON (1700000000 / 86400 * 86400 * TIME_S + 12 * TIME_HOUR)

static struct world *new_world(void)
{
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    world_init(w);
    return w;
}

static void records_come_best_first_and_too_many_are_told(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule("");
    struct rule_status status;
    struct rule_candidates found;
    struct err_text why;
    rule_status_init(&status, NOON);
    struct rule_running run = {
        .rule = r, .ports = &w->ports, .status = &status, .now = NOON, .max = 2};
    const struct rule_range range = {NOON - TIME_HOUR, NOON};
    for (unsigned i = 0; i < 4; i++)
        world_add_record(w, "a_job", NOON - TIME_MIN, 0, 80 + i, NULL);
    rule_candidates_init(&found);
    assert_int_equal(rule_records_find(&run, range, false, &found, &why), ERR_NONE);
    assert_int_equal(found.n, 2);
    assert_string_equal(found.at[0].id, w->records[3].id);
    assert_string_equal(found.at[1].id, w->records[2].id);
    assert_int_equal(status.found, 0); /* a window caught up with */
    assert_int_equal(rule_status_state(&status), RULE_WARNED);
    rule_candidates_release(&found);
    rule_candidates_init(&found);
    assert_int_equal(rule_records_find(&run, range, true, &found, &why), ERR_NONE);
    assert_int_equal(status.found, 4);
    rule_candidates_release(&found);
    rule_status_release(&status);
    rule_unref(r);
    world_release(w);
    free(w);
}

static void the_longest_name_is_a_records_job(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule *r = world_rule("machine_learning_job_id = [\"x\", \"x_y\", \"z\"]");
    struct rule_running run = {.rule = r, .ports = &w->ports};
    world_add_job(w, "x", "short");
    world_add_job(w, "x_y", "long");
    assert_string_equal(rule_records_job(&run, "x_y_record_1")->query, "long");
    assert_string_equal(rule_records_job(&run, "x_record_1")->query, "short");
    assert_null(rule_records_job(&run, "z_record_1")); /* not installed */
    rule_unref(r);
    world_release(w);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_best_first_and_too_many_are_told),
        cmocka_unit_test(the_longest_name_is_a_records_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
