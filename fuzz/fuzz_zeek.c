/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/utf8.h"
#include "event/event.h"
#include "ingest/parser.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every string of every event is valid UTF-8, whatever the log says. */
static void check(void *ctx, struct event *e)
{
    (void)ctx;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct event_value *v = event_values(&e->items[i]);
        ASSERT(utf8_valid(e->items[i].name, e->items[i].name_len));
        for (uint32_t k = 0; k < e->items[i].n; k++)
            ASSERT(v[k].type != EVENT_STR || utf8_valid(v[k].s, v[k].len));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ingest_settings settings;
    ingest_settings_default(&settings);
    settings.zeek.late_ns = size % 2 == 0 ? 0 : 3600 * TIME_S;
    struct ingest_parser *p = ingest_parser_new(&settings, size % 3 == 0 ? "conn.log" : "dns.log");
    const char *at = (const char *)data;
    const char *end = at + size;
    for (uint64_t number = 1; at < end; number++) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));
        const char *stop = nl != NULL ? nl : end;
        ingest_parser_line(p, at, (size_t)(stop - at), number, false, check, NULL);
        at = stop + 1;
    }
    const struct ingest_counts *c = ingest_parser_counts(p);
    ASSERT(c->records + ingest_counts_dropped(c) <= c->lines);
    ingest_parser_free(p);
    return 0;
}
