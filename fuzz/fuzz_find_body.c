/* SPDX-License-Identifier: Apache-2.0 */
/* A search's body from anybody: read, or refused with a sentence; then asked of two documents. */
#include "find/body.h"
#include "find/tally.h"

#include "base/buf.h"
#include "event/event.h"
#include "format/node.h"
#include "query/query.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct format_node *node;
    struct find_target target = {.events = true};
    struct find_body body;
    struct find_error error;
    if (size > 65536 ||
        format_node_json((const char *)data, size, "body", &node, &error.text) != ERR_NONE)
        return 0;
    /* By its length one of the three that are no count. */
    static const enum find_body_kind kinds[] = {FIND_BODY_SEARCH, FIND_BODY_MOMENT,
                                                FIND_BODY_SCROLL};
    if (find_body_parse(node, 1700000000 * TIME_S, &target, kinds[size % 3], &body, &error) ==
        ERR_NONE) {
        const struct find_tally_options options = {.memory = 1 << 20, .seed = 1};
        struct find_tally *t = find_tally_new(&body.aggs, &options);
        struct event e;
        event_init(&e, &body.arena, 1700000000 * TIME_S);
        event_set_i64(&e, EVENT_F_SOURCE_BYTES, 7);
        event_set_text(&e, EVENT_F_HOST_NAME, "h");
        for (uint64_t i = 1; t != NULL && i < 3; i++) {
            e.sequence = i;
            find_tally_collect(t, &(struct find_doc){.e = &e, .stamp = i});
        }
        find_tally_free(t);
        find_body_release(&body);
    } else if (error.type == NULL || error.text.message[0] == '\0') {
        abort();
    }
    query_free(target.query);
    format_node_free(node);
    return 0;
}
