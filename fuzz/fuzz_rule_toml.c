/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/buf.h"
#include "rule/export.h"
#include "rule/load.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A rule that is read can be exported, and the export is read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rule_set *first = rule_set_new();
    struct rule_set *second = rule_set_new();
    struct buf lines;
    buf_init(&lines);
    ASSERT(rule_load_text(first, (const char *)data, size, "f.toml", NULL) == ERR_NONE);
    if (rule_set_count(first) == 1) {
        struct rule *r = rule_set_at(first, 0);
        rule_export(&r, 1, NULL, &lines);
        ASSERT(rule_load_text(second, lines.p, lines.n, "f.ndjson", NULL) == ERR_NONE);
        ASSERT(rule_set_count(second) == 1);
    }
    rule_set_free(first);
    rule_set_free(second);
    buf_release(&lines);
    return 0;
}
