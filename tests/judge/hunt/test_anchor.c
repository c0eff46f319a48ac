/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/anchor.h"

#include "base/buf.h"
#include "cmocka_head.h"
#include "query/query.h"

#include <string.h>

static void add(void *ctx, struct bytes value)
{
    struct buf *out = ctx;
    buf_char(out, ' ');
    buf_add(out, value.p, value.n);
}

/* "field value value", or "" when nothing is demanded. */
static void expect(const char *kql, const char *anchor)
{
    struct query *q = NULL;
    struct err_text why = {0};
    struct hunt_anchor found;
    struct buf text;
    buf_init(&text);
    if (query_parse_kql(kql, strlen(kql), 0, &q, &why) != ERR_NONE)
        fail_msg("%s", why.message);
    if (hunt_anchor_find(q, &found)) {
        buf_str(&text, found.field);
        hunt_anchor_each(&found, add, &text);
    }
    assert_string_equal(buf_text(&text), anchor);
    buf_release(&text);
    query_free(q);
}

static void what_every_match_has_is_found(void **state)
{
    (void)state;
    expect("event.action: connection", "event.action connection");
    expect("event.category: network and event.action: (a or b)", "event.action a b");
    expect("event.category: network and user.name: *x*", "event.category network");
    expect("destination.port: 4444 and source.ip: 192.0.2.1", "destination.port 4444");
    expect("event.category: network and (event.action: a or (event.action: b and user.name: x))",
           "event.category network");
    expect("not event.action: a", "");
    expect("event.action: a or user.name: b", "");
    expect("process.name.caseless: A", "");
    expect("user.name: (a* or b)", "");
    expect("", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_every_match_has_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
