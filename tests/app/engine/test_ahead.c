/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that events move: leaps are believed when others agree. */
#include "app/help.h"

#include "engine/ahead.h"
#include "event/event.h"

struct given {
    struct engine_ahead *ahead;
    int64_t days[400];
    size_t n;
    enum err refuse;
};

static enum err take(void *ctx, struct event *e)
{
    struct given *g = ctx;
    assert_true(g->n < sizeof(g->days) / sizeof(g->days[0]));
    g->days[g->n++] = e->time / TIME_DAY;
    return g->refuse;
}

static void begin(struct given *g)
{
    *g = (struct given){.n = 0};
    g->ahead = engine_ahead_new(take, g);
    assert_non_null(g->ahead);
}

static enum err send(struct given *g, ts_ns time)
{
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, time);
    event_set_text(&e, EVENT_F_HOST_NAME, "a");
    enum err err = engine_ahead_event(g->ahead, &e);
    arena_release(&arena);
    return err;
}

static void send_days(struct given *g, const int *days, size_t n)
{
    for (size_t i = 0; i < n; i++)
        HELP_OK(send(g, days[i] * TIME_DAY));
}

static void end(struct given *g, size_t given, uint64_t aside)
{
    HELP_OK(engine_ahead_end(g->ahead));
    assert_int_equal(g->n, given);
    assert_int_equal(engine_ahead_count(g->ahead), aside);
    engine_ahead_free(g->ahead);
}

/* Wrong dates among right ones, first, in the middle, side by side and last. */
static void wrong_dates_are_set_aside(void **state)
{
    (void)state;
    struct given g;
    begin(&g);
    HELP_OK(send(&g, 47000 * TIME_DAY));
    for (int i = 0; i < 300; i++) {
        HELP_OK(send(&g, 100 * TIME_DAY + i * TIME_MIN));
        if (i % 100 == 50)
            HELP_OK(send(&g, (47000 - i) * TIME_DAY));
        if (i == 150)
            HELP_OK(send(&g, TIME_MAX));
    }
    HELP_OK(send(&g, 46000 * TIME_DAY));
    end(&g, 300, 6);
    for (size_t i = 0; i < g.n; i++)
        assert_int_equal(g.days[i], 100);
}

/* Among the first nobody is believed for having come first. */
static void the_first_are_judged_together(void **state)
{
    (void)state;
    static const int days[][12] = {
        {47000, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100},
        {47000, 46000, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100},
        {100, 47000, 100, 100, 100, 100, 100, 100, 46000, 100, 100, 100},
        {100, 0, 100, 100, 100, 100, 100, 100, 100, 0, 100, 100},
    };
    static const uint64_t aside[] = {1, 2, 2, 0};
    for (size_t i = 0; i < 4; i++) {
        struct given g;
        begin(&g);
        HELP_OK(send(&g, TIME_NONE)); /* without a time: somebody else's to count */
        assert_int_equal(g.n, 1);
        send_days(&g, days[i], 12);
        end(&g, 13 - aside[i], aside[i]);
    }
    struct given g;
    begin(&g);
    send_days(&g, days[0], 3);
    end(&g, 2, 1);
}

/* A hole in the file is one: what follows agrees, and nothing is lost or out of order. */
static void leaps_are_believed(void **state)
{
    (void)state;
    struct given g;
    begin(&g);
    for (int i = 0; i < 20; i++)
        HELP_OK(send(&g, 5 * TIME_DAY + i * TIME_MIN));
    for (int i = 0; i < 20; i++)
        HELP_OK(send(&g, 50 * TIME_DAY - i * TIME_MIN));
    for (int i = 0; i < 3; i++)
        HELP_OK(send(&g, 90 * TIME_DAY + i * TIME_MIN));
    end(&g, 43, 0);
    for (size_t i = 0; i < g.n; i++)
        assert_int_equal(g.days[i], i < 20 ? 5 : i == 20 ? 50 : i < 40 ? 49 : 90);
}

/* The last one alone is believed in proportion to what came before it. */
static void the_last_one(void **state)
{
    (void)state;
    for (int day = 1; day < 100; day++) {
        struct given g;
        begin(&g);
        for (int i = 0; i <= 100; i++)
            HELP_OK(send(&g, i * TIME_DAY / 4));
        HELP_OK(send(&g, (25 + day) * TIME_DAY));
        end(&g, day <= 25 ? 102 : 101, day <= 25 ? 0 : 1);
    }
}

/* Few records, all far from each other: none is lost, whatever the number. */
static void seldom_is_not_wrong(void **state)
{
    (void)state;
    for (int n = 1; n < 60; n++) {
        struct given g;
        begin(&g);
        for (int i = 0; i < n; i++)
            HELP_OK(send(&g, i * 7 * TIME_DAY));
        end(&g, (size_t)n, 0);
        for (int i = 0; i < n; i++)
            assert_int_equal(g.days[i], i * 7);
    }
}

/* What comes late is not ahead. */
static void late_ones_pass(void **state)
{
    (void)state;
    static const int days[] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 3, 9, 1, 10, -9};
    struct given g;
    begin(&g);
    send_days(&g, days, sizeof(days) / sizeof(days[0]));
    end(&g, sizeof(days) / sizeof(days[0]), 0);
    begin(&g);
    g.refuse = ERR_MEMORY;
    send_days(&g, days, 9);
    assert_int_equal(send(&g, 9 * TIME_DAY), ERR_MEMORY);
    assert_int_equal(send(&g, 9 * TIME_DAY), ERR_MEMORY);
    engine_ahead_free(g.ahead);
    engine_ahead_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_dates_are_set_aside),
        cmocka_unit_test(the_first_are_judged_together),
        cmocka_unit_test(leaps_are_believed),
        cmocka_unit_test(seldom_is_not_wrong),
        cmocka_unit_test(the_last_one),
        cmocka_unit_test(late_ones_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
