/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/assert.h"
#include "base/buf.h"
#include "event/event.h"
#include "event/id.h"
#include "event/json.h"
#include "format/node.h"
#include "hunt/hunt.h"
#include "query/index.h"
#include "rule/engine.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "rule/run.h"
#include "rule/table.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define START (1700000000 * TIME_S)
#define EVENTS_MAX 64

static enum err alert_exists(void *ctx, const char *id, bool *out, struct err_text *why)
{
    (void)ctx;
    (void)id;
    (void)why;
    *out = false;
    return ERR_NONE;
}

/* Whatever stands in rule and events, an alert is one JSON document that a table can show. */
static enum err alert_create(void *ctx, const struct rule_alert *alert, struct err_text *why)
{
    struct format_node *v = NULL;
    struct buf row;
    (void)ctx;
    buf_init(&row);
    ASSERT(format_node_json((const char *)alert->json.p, alert->json.n, "alert", &v, why) ==
           ERR_NONE);
    ASSERT(rule_table_row(alert->json, 120, &row, why) == ERR_NONE);
    format_node_free(v);
    buf_release(&row);
    return ERR_NONE;
}

static void feed(struct rule_engine *e, struct event_json *reader, const char *text, size_t n,
                 unsigned number)
{
    struct arena arena;
    struct event event;
    char index[QUERY_INDEX_NAME_SIZE];
    char id[EVENT_ID_SIZE];
    arena_init(&arena, 0);
    if (event_json_read(reader, text, n, false, &arena, &event, NULL) == ERR_NONE) {
        event.time = START + number * 7 * TIME_S;
        event.sequence = number;
        query_index_name(&event, index);
        event_id_write(&event, id);
        const struct hunt_source source = {index, id, "1", &event};
        rule_engine_event(e, &source);
    }
    arena_release(&arena);
}

/* The first line is a rule, each other line an event. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct hunt_ports events = {.find = NULL};
    const struct rule_ports ports = {
        .events = &events, .alert_exists = alert_exists, .alert_create = alert_create};
    const char *text = (const char *)data;
    const char *end = memchr(text, '\n', size);
    size_t n = end != NULL ? (size_t)(end - text) : size;
    struct rule_set *set = rule_set_new();
    struct rule_engine *e = rule_engine_new(&ports);
    struct event_json *reader = event_json_new();
    (void)!rule_load_text(set, text, n, "r.ndjson", NULL);
    struct rule *r = rule_set_count(set) == 1 ? rule_set_at(set, 0) : NULL;
    if (r != NULL && r->hunt != NULL && !r->suppression.on && r->interval_ns >= TIME_S &&
        rule_engine_put(e, r, START, TIME_NONE, NULL) == ERR_NONE) {
        for (unsigned i = 0; i < EVENTS_MAX && n + 1 < size; i++) {
            const char *from = text + n + 1;
            size_t left = size - n - 1;
            const char *stop = memchr(from, '\n', left);
            size_t len = stop != NULL ? (size_t)(stop - from) : left;
            feed(e, reader, from, len, i);
            n += len + 1;
            (void)!rule_engine_advance(e, START + i * 7 * TIME_S, NULL);
        }
        (void)!rule_engine_finish(e, START + EVENTS_MAX * 7 * TIME_S, NULL);
    }
    event_json_free(reader);
    rule_engine_free(e);
    rule_set_free(set);
    return 0;
}
