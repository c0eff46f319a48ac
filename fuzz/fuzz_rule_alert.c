/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/buf.h"
#include "rule/alert.h"
#include "rule/candidate.h"
#include "rule/load.h"
#include "rule/run.h"
#include "rule/table.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any record document makes an alert that a table can show, or is refused. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] =
        "{\"type\":\"machine_learning\",\"name\":\"n\",\"description\":\"d\",\"risk_score\":1,"
        "\"severity\":\"low\",\"anomaly_threshold\":1,\"machine_learning_job_id\":\"j\"}";
    struct rule_set *set = rule_set_new();
    struct rule_candidates found;
    const struct rule_job job = {.installed = true};
    struct buf out;
    struct buf line;
    static const unsigned widths[] = {0, 200, 120, 60};
    buf_init(&out);
    buf_init(&line);
    ASSERT(rule_load_text(set, text, strlen(text), "r.json", NULL) == ERR_NONE);
    rule_candidates_init(&found);
    ASSERT(rule_candidates_add_record(&found, "id", "index", bytes_make(data, size)) == ERR_NONE);
    if (rule_alert_write(rule_set_at(set, 0), found.at, &job, 0, &out, NULL) == ERR_NONE)
        for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
            ASSERT(rule_table_row(bytes_make(out.p, out.n), widths[i], &line, NULL) == ERR_NONE);
    rule_candidates_release(&found);
    buf_release(&line);
    buf_release(&out);
    rule_set_free(set);
    return 0;
}
