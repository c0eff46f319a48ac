/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/job_id.h"

#include <string.h>

/* The newest generation of the public rules calls these jobs by a new name. */
static const struct {
    const char *newer;
    const char *ours;
} renamed[] = {
    {"dns_tunneling", "packetbeat_dns_tunneling"},
    {"rare_dns_question", "packetbeat_rare_dns_question"},
};

static const char *const generations[] = {"_euid", "_ea"};

bool rule_job_id_plain(const char *id, size_t n, char out[RULE_JOB_ID_SIZE])
{
    for (size_t i = 0; i < sizeof(generations) / sizeof(generations[0]); i++) {
        size_t end = strlen(generations[i]);
        if (n > end && memcmp(id + n - end, generations[i], end) == 0) {
            n -= end;
            break;
        }
    }
    for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++) {
        if (strlen(renamed[i].newer) == n && memcmp(id, renamed[i].newer, n) == 0) {
            id = renamed[i].ours;
            n = strlen(id);
            break;
        }
    }
    if (n >= RULE_JOB_ID_SIZE)
        return false;
    memcpy(out, id, n);
    out[n] = '\0';
    return true;
}

bool rule_job_id_same(const char *a, const char *b)
{
    char x[RULE_JOB_ID_SIZE];
    char y[RULE_JOB_ID_SIZE];
    return rule_job_id_plain(a, strlen(a), x) && rule_job_id_plain(b, strlen(b), y) &&
           strcmp(x, y) == 0;
}
