/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is short at any moment: a clean refusal of a query, a lost event and no more. */
#include "core/eql/support.h"

#include "fault_memory.h"
#include "query/query.h"

#include "cmocka_head.h"

#include <stdio.h>
#include <string.h>

static const char sequence[] =
    "sequence by user.name, ?host.id with maxspan=1m ![x where `a` == \"\\n\"] [a where user.name "
    ": "
    "(\"x*\", \"y\", \"z\") and length(user.name) > 0 and not a in (1, 2.5)] with runs=2 "
    "[b where string(user.name) regex \"[a-z]+\" and cidrMatch(source.ip, \"10.0.0.0/8\") == "
    "false] "
    "until [c where concat(user.name, 1, true, \"a\", \"b\") == \"x\"] | tail 3";

static void parsing(void **state)
{
    (void)state;
    bool hit = true;
    uint64_t n = 1;
    for (; hit; n++) {
        struct eql *q = NULL;
        struct err_text why = {.message = ""};
        fault_arm(n);
        enum err e = eql_parse(sequence, strlen(sequence), NULL, &q, &why);
        hit = fault_disarm();
        if (e == ERR_NONE) {
            assert_false(hit);
            eql_free(q);
            continue;
        }
        assert_int_equal(e, ERR_MEMORY);
        assert_null(q);
        assert_string_not_equal(why.message, "");
    }
    assert_in_range(n, 20, 5000);
}

static void filtering(void **state)
{
    (void)state;
    struct eql *q = support_parse(sequence);
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct query *filter = NULL;
        fault_arm(n);
        enum err e = eql_filter(q, &filter);
        hit = fault_disarm();
        assert_int_equal(e, hit ? ERR_MEMORY : ERR_NONE);
        query_free(filter);
    }
    eql_free(q);
}

static void count(void *ctx, const struct eql_found *found)
{
    (void)found;
    ++*(int *)ctx;
}

static int run(const struct eql *q, const struct event *events, int n_events)
{
    int found = 0;
    struct eql_matcher *m =
        eql_matcher_new(q, &(struct eql_matcher_options){.sink = count, .ctx = &found});
    if (m == NULL)
        return -1;
    for (int i = 0; i < n_events; i++)
        eql_matcher_feed(m, &events[i], events[i].time, bytes_make("document", 8));
    eql_matcher_advance(m, events[n_events - 1].time + TIME_DAY);
    eql_matcher_finish(m);
    eql_matcher_free(m);
    return found;
}

static void matching(const char *text, const char *categories, int expected)
{
    struct event events[20];
    struct arena arena;
    struct eql *q = support_parse(text);
    int n_events = (int)strlen(categories);
    arena_init(&arena, 0);
    for (int i = 0; i < n_events; i++) {
        event_init(&events[i], &arena, SUPPORT_START + i * TIME_S);
        event_set_str(&events[i], EVENT_F_EVENT_CATEGORY, &categories[i], 1);
        event_set_text(&events[i], EVENT_F_USER_NAME, "xy");
    }
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        fault_arm(n);
        int found = run(q, events, n_events);
        hit = fault_disarm();
        assert_in_range(found + 1, 0, n_events); /* a lost event may have had to be missing */
        if (!hit)
            assert_int_equal(found, expected);
    }
    eql_free(q);
    arena_release(&arena);
}

static void matching_sequences(void **state)
{
    (void)state;
    matching(sequence, "aabcaabaacb", 3);
    matching("sequence by user.name with maxspan=2s [a where true] ![b where true]", "aaaabcccc",
             2);
}

static void matching_samples(void **state)
{
    (void)state;
    matching("sample by user.name [a where true] [b where true] | tail 2", "aabb", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parsing),
        cmocka_unit_test(filtering),
        cmocka_unit_test(matching_sequences),
        cmocka_unit_test(matching_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
