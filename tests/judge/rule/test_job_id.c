/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/job_id.h"

#include "cmocka_head.h"
#include <string.h>

static void generations_mean_one_job(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        const char *plain;
    } cases[] = {
        {"ded_high_sent_bytes_destination_port", "ded_high_sent_bytes_destination_port"},
        {"ded_high_sent_bytes_destination_port_ea", "ded_high_sent_bytes_destination_port"},
        {"suspicious_login_activity_euid", "suspicious_login_activity"},
        {"dns_tunneling_ea", "packetbeat_dns_tunneling"},
        {"packetbeat_dns_tunneling_ea", "packetbeat_dns_tunneling"},
        {"rare_dns_question", "packetbeat_rare_dns_question"},
        {"area", "area"},
        {"_ea", "_ea"},
        {"", ""},
    };
    char out[RULE_JOB_ID_SIZE];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(rule_job_id_plain(cases[i].id, strlen(cases[i].id), out));
        assert_string_equal(out, cases[i].plain);
        assert_true(rule_job_id_same(cases[i].id, cases[i].plain));
    }
    assert_false(rule_job_id_same("a", "b"));
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    char id[RULE_JOB_ID_SIZE + 1];
    char out[RULE_JOB_ID_SIZE] = "untouched";
    memset(id, 'x', sizeof(id));
    assert_false(rule_job_id_plain(id, RULE_JOB_ID_SIZE, out));
    assert_string_equal(out, "untouched");
    assert_true(rule_job_id_plain(id, RULE_JOB_ID_SIZE - 1, out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generations_mean_one_job),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
