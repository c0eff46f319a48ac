/* SPDX-License-Identifier: Apache-2.0 */
/* Which sequences are found: the documented example, spans, until, missing items, keys, runs,
 * budget. */
#include "eql/matcher.h"

#include "core/eql/support.h"

#include "cmocka_head.h"

#include <stdio.h>
#include <string.h>

#define AB "sequence by user.name [a where true] [b where true]"
#define ABC AB " [c where true]"

static void the_reference_example(void **state)
{
    (void)state;
    /* a attrib, b bash, c cat; r root, e elkbee: events 1 to 11 of Elastic's page */
    support_finds(ABC, "1a:r 2a:r 3b:e 4b:r 5b:r 6a:e 7a:r 8b:e 9c:r 10c:e 11c:r",
                  "[r: 2 4 9] [e: 6 8 10]");
}

static void the_most_recent_wins(void **state)
{
    (void)state;
    support_finds(AB, "1a:x 2a:x 3b:x 4b:x", "[x: 2 3]");
    support_finds(ABC, "1a:x 2b:x 3a:x 4b:x 5c:x 6c:x", "[x: 3 4 5]");
    support_finds(AB, "1a:x 2a:y 3b:z 4b:y 5b:x", "[y: 2 4] [x: 1 5]");
    support_finds("sequence [a where true] [b where true]", "1a:x 2b:y", "[1 2]");
    support_finds("sequence [a where true] [b where true]", "1b 2a", "");
}

static void overlapping(void **state)
{
    (void)state;
    support_finds("sequence [a where true] [a where true]", "1a 2a 3a", "[1 2] [2 3]");
    support_finds("sequence [a where true] with runs=3", "1a 2a 3a 4a", "[1 2 3] [2 3 4]");
    support_finds("sequence by user.name [a where true] [b where true] with runs=2 [c where true]",
                  "1a:x 2b:x 3b:x 4c:x", "[x: 1 2 3 4]");
    /* one event, two items: it is never twice in one sequence */
    support_finds("sequence [a where true] [b where true]", "1ab 2ab", "[1 2]");
    support_finds("sequence [any where true] [any where true] [any where true]", "1a 2b 3c 4d",
                  "[1 2 3] [2 3 4]");
    /* at one time the order is the order of feeding */
    support_finds("sequence [a where true] [b where true]", "1a 1b", "[1 2]");
    support_finds("sequence [a where true] [b where true]", "1b 1a", "");
}

static void within_maxspan(void **state)
{
    (void)state;
#define SPAN "sequence by user.name with maxspan=10s [a where true] [b where true] [c where true]"
    support_finds(SPAN, "1a:x 2b:x 11c:x", "[x: 1 2 3]");
    support_finds(SPAN, "1a:x 2b:x 12c:x", "");
    support_finds(SPAN, "1a:x 2b:x 5a:x 12b:x 15c:x", "[x: 3 4 5]");
    char out[SUPPORT_FOUND_SIZE];
    struct support_feed feed = {.after = TIME_DAY};
    support_find(SPAN, "1a:x 1a:y 2b:x 30a:x", &feed, out);
    assert_string_equal(out, "");
    assert_int_equal(feed.counts.expired, 3);
    assert_int_equal(feed.counts.held, 0);
    feed.after = 0;
    support_find(SPAN, "1a:x 1a:y 2b:x 30a:x", &feed, out);
    assert_int_equal(feed.counts.expired, 2);
    assert_true(feed.counts.held > 0);
}

static void until(void **state)
{
    (void)state;
#define UNTIL AB " until [c where true]"
    support_finds(UNTIL, "1a:x 2b:x", "[x: 1 2]");
    support_finds(UNTIL, "1a:x 2b:x 3c:x", "[x: 1 2]");
    support_finds(UNTIL, "1a:x 2c:x 3b:x", "");
    support_finds(UNTIL, "1a:x 2c:y 3b:x", "[x: 1 3]");
    support_finds(UNTIL, "1a:x 2c:x 3a:x 4b:x", "[x: 3 4]");
    support_finds(UNTIL, "1a:x 2c 3b:x", "[x: 1 3]"); /* no key: ends nothing */
    /* an event of the sequence is not between its events */
    support_finds(UNTIL, "1ac:x 2b:x", "[x: 1 2]");
    support_finds(UNTIL, "1a:x 2bc:x", "[x: 1 2]");
    support_finds(ABC " until [d where true]", "1a:x 2b:x 3d:x 4c:x", "");
    support_finds(ABC " until [d where true]", "1a:x 2bd:x 4c:x", "[x: 1 2 3]");
    support_finds("sequence [a where true] by user.name [b where true] by user.name "
                  "until [c where true] by user.id",
                  "1a:x 2c:x 3b:x", "[x: 1 3]");
    char out[SUPPORT_FOUND_SIZE];
    struct support_feed feed = {0};
    support_find(UNTIL, "1a:x 2a:y 3c:x,y", &feed, out);
    assert_int_equal(feed.counts.ended, 2);
    assert_int_equal(feed.counts.held, 0);
}

static void missing_between(void **state)
{
    (void)state;
#define BETWEEN                                                                                    \
    "sequence by user.name with maxspan=1h [a where true] ![b where true] [c where true]"
    support_finds(BETWEEN, "1a:x 2c:x", "[x: 1 ! 2]");
    support_finds(BETWEEN, "1a:x 2b:x 3c:x", "");
    support_finds(BETWEEN, "1a:x 2b:y 3c:x", "[x: 1 ! 3]");
    support_finds(BETWEEN, "1b:x 2a:x 3c:x 4b:x", "[x: 2 ! 3]");
    support_finds(BETWEEN, "1a:x 2b:x 3a:x 4c:x", "[x: 3 ! 4]");
    support_finds(BETWEEN, "1ab:x 2bc:x", "[x: 1 ! 2]"); /* they are events of the sequence */
    support_finds("sequence by user.name with maxspan=1h [a where true] ![b where true] "
                  "[c where true] [d where true]",
                  "1a:x 2c:x 3b:x 4d:x", "[x: 1 ! 2 4]");
    support_finds("sequence with maxspan=1h [a where true] ![b where true] ![c where true] "
                  "[d where true]",
                  "1a 2d 3a 4b 5d 6a 7c 8d", "[1 ! ! 2]");
}

static void missing_before(void **state)
{
    (void)state;
#define BEFORE                                                                                     \
    "sequence by user.name with maxspan=10s ![b where true] [a where true] [c where true]"
    support_finds(BEFORE, "1a:x 2c:x", "[x: ! 1 2]");
    support_finds(BEFORE, "1b:x 2a:x 3c:x", "");
    support_finds(BEFORE, "1b:y 2a:x 3c:x", "[x: ! 2 3]");
    support_finds(BEFORE, "1a:x 2b:x 3c:x", "[x: ! 1 3]");
    /* from maxspan before the last event */
    support_finds(BEFORE, "1b:x 6a:x 11c:x", "");
    support_finds(BEFORE, "1b:x 6a:x 12c:x", "[x: ! 2 3]");
    support_finds(BEFORE, "1ab:x 2c:x", "[x: ! 1 2]");
    support_finds(BEFORE, "1ab:x 2a:x 3c:x", "");
    support_finds("sequence by user.name with maxspan=5s ![b where true] [a where true]",
                  "1a:x 2b:x 7a:x 8a:x 8a:y", "[x: ! 1] [x: ! 4] [y: ! 5]");
    char out[SUPPORT_FOUND_SIZE];
    struct support_feed feed = {.after = 0};
    support_find(BEFORE, "1b:x 2b:y 3b:z 13d", &feed, out);
    assert_true(feed.counts.held > 0); /* z, for a while */
    feed.after = TIME_MIN;
    support_find(BEFORE, "1b:x 2b:y 3b:z 13d", &feed, out);
    assert_int_equal(feed.counts.held, 0);
}

static void missing_after(void **state)
{
    (void)state;
#define AFTER "sequence by user.name with maxspan=5s [a where true] ![b where true]"
    support_finds(AFTER, "1a:x", "[x: 1 !]");
    support_finds(AFTER, "1a:x 3b:x", "");
    support_finds(AFTER, "1a:x 6b:x", "");
    support_finds(AFTER, "1a:x 7b:x", "[x: 1 !]");
    support_finds(AFTER, "1a:x 2a:x 4b:y", "[x: 1 !] [x: 2 !]");
    support_finds(AFTER, "1a:x 2a:y 3b:x 4a:x", "[y: 2 !] [x: 4 !]");
    support_finds(AFTER, "1ab:x", "[x: 1 !]");
    support_finds("sequence with maxspan=5s [a where true] [c where true] ![b where true]",
                  "1a 2c 6b 11a 12c 17b", "[4 5 !]");
    support_finds("sequence with maxspan=5s ![b where true] [a where true] ![b where true]",
                  "1b 5a 20a 22b 40a", "[! 5 !]");
    /* the time is not over: nothing is said */
    char out[SUPPORT_FOUND_SIZE];
    struct support_feed feed = {.after = 5 * TIME_S};
    assert_string_equal(support_find(AFTER, "1a:x", &feed, out), "");
    feed.after++;
    assert_string_equal(support_find(AFTER, "1a:x", &feed, out), "[x: 1 !]");
    assert_int_equal(feed.counts.held, 0);
    /* until comes too late for what is complete but for the missing item */
    support_finds(AFTER " until [c where true]", "1a:x 2c:x", "[x: 1 !]");
}

static void keys(void **state)
{
    (void)state;
    support_finds(AB, "1a 2b", "");
    support_finds("sequence by ?user.name [a where true] [b where true]", "1a 2b 3a:x 4b",
                  "[null: 1 2]");
    support_finds(AB, "1a:x,y 2b:y 3b:x", "[y: 1 2] [x: 1 3]");
    support_finds(AB, "1a:x,y,x 2b:x,y,y", "[x: 1 2] [y: 1 2]");
    support_finds("sequence [a where true] by user.name, event.category [b where true] by "
                  "user.name, event.action",
                  "1a:x 2b:x", "");
    support_finds("sequence by user.name, event.category [any where true] [any where true]",
                  "1a:x 2b:x 3a:x 4ab:x", "[x,a: 1 3] [x,a: 3 4] [x,b: 2 4]");
}

static void single_events(void **state)
{
    (void)state;
    support_finds("a where user.name == \"x\"", "1a:x 2b:x 3a:y 4a:x", "[1] [4]");
    support_finds("any where true", "1a 1b", "[1] [2]");
    support_finds("\"a\" where true", "1a 1b", "[1]");
}

static void the_budget(void **state)
{
    (void)state;
    char out[SUPPORT_FOUND_SIZE];
    char events[4000];
    int n = 0;
    for (int i = 0; i < 100; i++)
        n += snprintf(events + n, sizeof events - n, "%da:u%d ", i, i);
    snprintf(events + n, sizeof events - n, "200b:u1 201b:u99");
    struct support_feed feed = {.bytes = 4000};
    support_find(AB, events, &feed, out);
    assert_string_equal(out, "[u99: 100 102]"); /* the oldest went */
    assert_in_range(feed.counts.evicted, 50, 99);
    assert_in_range(feed.counts.peak, 1, 4000);
    assert_int_equal(feed.counts.refused, 0);
    feed = (struct support_feed){.bytes = 100};
    support_find(AB, events, &feed, out);
    assert_string_equal(out, "");
    assert_int_equal(feed.counts.refused, 100);
    assert_int_equal(feed.counts.held, 0);
    feed = (struct support_feed){.bytes = 2000};
    support_find(BEFORE, "1b:u 1b:v 1b:w 1b:x 1b:y 1b:z 1b:p 1b:q 1b:r 1b:s 1b:t", &feed, out);
    assert_in_range(feed.counts.evicted, 1, 10);
}

static void out_of_order(void **state)
{
    (void)state;
    char out[SUPPORT_FOUND_SIZE];
    struct support_feed feed = {0};
    support_find(AB, "5a:x 3b:x 6b:x", &feed, out);
    assert_string_equal(out, "[x: 1 3]");
    assert_int_equal(feed.counts.disordered, 1);
    assert_int_equal(feed.counts.events, 3);
    assert_int_equal(feed.counts.found, 1);
    support_find(AB, "1a:x 2a:x 3b:x", &feed, out);
    assert_int_equal(feed.counts.replaced, 1);
    support_find(BETWEEN, "1a:x 2b:x", &feed, out);
    assert_int_equal(feed.counts.refuted, 1);
}

static void many_key_values(void **state)
{
    (void)state;
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, SUPPORT_START);
    event_set_text(&e, EVENT_F_EVENT_CATEGORY, "a");
    for (int i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "u%d", i);
        event_add_str(&e, EVENT_F_USER_NAME, name, strlen(name));
    }
    struct eql *q = support_parse("sequence by user.name [a where true] with runs=2");
    struct eql_matcher *m =
        eql_matcher_new(q, &(struct eql_matcher_options){.sink = NULL, .ctx = NULL});
    assert_non_null(m);
    eql_matcher_feed(m, &e, e.time, bytes_make("x", 1));
    struct eql_counts counts = eql_matcher_counts(m);
    assert_int_equal(counts.keys_cut, 1);
    assert_true(counts.held > 0);
    eql_matcher_free(m);
    eql_free(q);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_example),
        cmocka_unit_test(the_most_recent_wins),
        cmocka_unit_test(overlapping),
        cmocka_unit_test(within_maxspan),
        cmocka_unit_test(until),
        cmocka_unit_test(missing_between),
        cmocka_unit_test(missing_before),
        cmocka_unit_test(missing_after),
        cmocka_unit_test(keys),
        cmocka_unit_test(single_events),
        cmocka_unit_test(the_budget),
        cmocka_unit_test(out_of_order),
        cmocka_unit_test(many_key_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
