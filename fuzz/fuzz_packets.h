#ifndef FUZZ_PACKETS_H
#define FUZZ_PACKETS_H

/* A small table with a transaction listener, whose sink holds every event against the field table.
 */

#include "base/assert.h"
#include "base/utf8.h"
#include "decode/packet.h"
#include "event/event.h"
#include "flow/table.h"
#include "trans/listener.h"

struct fuzz_world {
    struct flow_table *table;
    struct trans_listener *listener;
    uint64_t packets; /* in events, and given in */
    uint64_t given;
};

static inline void fuzz_world_event(void *ctx, struct event *e)
{
    struct fuzz_world *w = ctx;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct event_item *item = &e->items[i];
        ASSERT(item->field != EVENT_F_NONE && item->n > 0);
        for (uint32_t j = 0; j < item->n; j++) {
            const struct event_value *v = &event_values(item)[j];
            ASSERT(v->type != EVENT_NULL);
            ASSERT(v->type != EVENT_STR || (utf8_valid(v->s, v->len) && v->s[v->len] == '\0'));
        }
    }
    w->packets += (uint64_t)event_i64(e, EVENT_F_NETWORK_PACKETS, 0);
}

static inline void fuzz_world_packet(void *ctx, const struct decode_packet *p)
{
    struct fuzz_world *w = ctx;
    w->given += p->packets;
    flow_table_packet(w->table, p);
}

static inline void fuzz_world_open(struct fuzz_world *w)
{
    *w = (struct fuzz_world){.packets = 0};
    struct trans_listener_settings ls = trans_listener_settings_default();
    ls.max_waiting = 8;
    ls.session_bytes = 1u << 18;
    ASSERT(trans_listener_new(&ls, fuzz_world_event, w, &w->listener) == ERR_NONE);
    struct flow_listener face = trans_listener_face(w->listener);
    struct flow_table_settings s = flow_table_settings_default();
    s.max_flows = 16;
    s.max_streams = 8;
    s.stream_bytes = 1u << 16;
    s.stream_bytes_each = 1u << 14;
    ASSERT(flow_table_new(&s, fuzz_world_event, w, &face, &w->table) == ERR_NONE);
}

/* Every packet must have been in exactly one event. */
static inline void fuzz_world_close(struct fuzz_world *w)
{
    flow_table_flush(w->table);
    trans_listener_flush(w->listener);
    ASSERT(w->packets == w->given);
    flow_table_free(w->table);
    trans_listener_free(w->listener);
}

#endif
