/* SPDX-License-Identifier: Apache-2.0 */
#include "query_check.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/buf.h"
#include "event/event.h"
#include "query/query.h"

#include <string.h>

static bool ask(const struct query *q)
{
    static const char texts[] = "The quick brown fox";
    struct arena a;
    struct event e;
    struct event_value own = {.type = EVENT_F64, .f = 2.5};
    struct ip ip = ip_from_v4((const uint8_t[4]){10, 1, 2, 3});
    arena_init(&a, 0);
    event_init(&e, &a, 1709209815 * TIME_S);
    event_set_text(&e, EVENT_F_PROCESS_NAME, "curl");
    event_set_str(&e, EVENT_F_MESSAGE, texts, strlen(texts));
    event_set_i64(&e, EVENT_F_SOURCE_PORT, 443);
    event_set_ip(&e, EVENT_F_SOURCE_IP, &ip);
    event_add_named(&e, "own.f", 5, &own);
    bool hit = query_match(q, &e);
    arena_release(&a);
    return hit;
}

void query_check(struct query *q)
{
    struct buf one, two;
    struct query *again;
    buf_init(&one);
    buf_init(&two);
    bool hit = ask(q);
    query_to_dsl(q, &one);
    ASSERT(buf_ok(&one));
    /* what nests too deep for JSON's limit is not read again */
    if (query_parse_json(buf_text(&one), one.n, "again", 1709209815 * TIME_S, &again, NULL) ==
        ERR_NONE) {
        query_to_dsl(again, &two);
        ASSERT(two.n == one.n && memcmp(one.p, two.p, one.n) == 0);
        ASSERT(ask(again) == hit);
        query_free(again);
    }
    query_set_now(q, 0);
    (void)ask(q);
    query_free(q);
    buf_release(&one);
    buf_release(&two);
}
