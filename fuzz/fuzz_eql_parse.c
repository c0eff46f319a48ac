/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/eql.h"
#include "query/query.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every query that can be read has a filter; every mistake has a place and a sentence. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct eql *q;
    struct query *filter;
    struct err_text why = {0};
    if (eql_parse((const char *)data, size, NULL, &q, &why) != ERR_NONE) {
        if (why.message[0] == '\0')
            abort();
        return 0;
    }
    if (eql_filter(q, &filter) != ERR_NONE)
        abort();
    query_free(filter);
    eql_free(q);
    return 0;
}
