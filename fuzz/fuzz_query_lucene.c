/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include <stddef.h>
#include <stdint.h>

#include "query_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct query *q;
    struct err_text why;
    if (query_parse_lucene((const char *)data, size, 1709209815 * TIME_S, &q, &why) == ERR_NONE)
        query_check(q);
    return 0;
}
