/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/eql.h"
#include "event/event.h"
#include "event/json.h"
#include "query/query.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A query, a NUL, an event as JSON: what is wanted meets the filter. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *end = size > 0 ? memchr(data, 0, size) : NULL;
    size_t n = end != NULL ? (size_t)(end - text) : size;
    struct eql *q;
    struct query *filter;
    struct arena arena;
    struct event e;
    if (end == NULL || eql_parse(text, n, NULL, &q, NULL) != ERR_NONE)
        return 0;
    struct event_json *reader = event_json_new();
    arena_init(&arena, 0);
    if (eql_filter(q, &filter) != ERR_NONE)
        abort();
    if (event_json_read(reader, end + 1, size - n - 1, false, &arena, &e, NULL) == ERR_NONE &&
        eql_match(q, &e, &arena) && !query_match(filter, &e))
        abort();
    query_free(filter);
    event_json_free(reader);
    arena_release(&arena);
    eql_free(q);
    return 0;
}
