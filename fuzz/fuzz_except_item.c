/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "event/json.h"
#include "except/filter.h"
#include "except/set.h"
#include "query/query.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *text;
static size_t text_n;

static enum err items(void *ctx, const struct except_named *list, struct except_set *out,
                      struct err_text *why)
{
    (void)ctx;
    (void)list;
    return except_set_load(out, (const char *)text, text_n, "f.ndjson", why);
}

static enum err values(void *ctx, const char *id, struct except_values **out, struct err_text *why)
{
    (void)ctx;
    (void)id;
    (void)out;
    (void)why;
    return ERR_NOT_FOUND;
}

/* A filter of whatever items; its query takes out no event that the filter leaves. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char event[] =
        "{\"@timestamp\":\"2024-01-01T00:00:00Z\",\"user.name\":[\"alice\",\"b\"],\"source.ip\":"
        "\"192.0.2.1\",\"dns\":{\"answers\":[{\"type\":\"A\",\"data\":\"x\"},{\"type\":\"B\"}]}}";
    static const struct except_named named = {"l", "single"};
    static const struct except_source source = {NULL, items, values};
    struct except_filter *f;
    struct event_json *reader = event_json_new();
    struct arena arena;
    struct event e;
    text = data;
    text_n = size;
    arena_init(&arena, 0);
    ASSERT(event_json_read(reader, event, sizeof(event) - 1, false, &arena, &e, NULL) == ERR_NONE);
    ASSERT(except_filter_new(&named, 1, &source, 0, &f, NULL) == ERR_NONE);
    bool out = except_filter_match(f, &e);
    const struct query *q = except_filter_query(f);
    ASSERT(q == NULL || out || !query_match(q, &e));
    except_filter_free(f);
    event_json_free(reader);
    arena_release(&arena);
    return 0;
}
