/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/group.h"

#include "base/rng.h"
#include "cmocka_head.h"

#include <stdio.h>
#include <string.h>

#define ALERTS 512

/* Alerts that are there. */
struct shelf {
    struct {
        char id[32];
        char instance[16];
        ts_ns began; /* kibana.alert.start */
        ts_ns start;
        ts_ns end;
        uint64_t docs;
        bool closed;
        unsigned run;
    } alert[ALERTS];
    size_t n;
    ts_ns now;
    unsigned run;
    unsigned updates;
    bool broken;
    bool past; /* ask which alert covers a candidate */
};

static enum err exists(void *ctx, const char *id, bool *out, struct err_text *why)
{
    const struct shelf *s = ctx;
    if (s->broken)
        return err_set(why, ERR_IO, "the disk is gone");
    *out = false;
    for (size_t i = 0; i < s->n; i++)
        *out |= strcmp(s->alert[i].id, id) == 0;
    return ERR_NONE;
}

static enum err find(void *ctx, const char *instance, ts_ns since, struct suppress_alert *out,
                     struct err_text *why)
{
    const struct shelf *s = ctx;
    enum err code = ERR_NOT_FOUND;
    ts_ns newest = TIME_NONE;
    (void)why;
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->alert[i].instance, instance) != 0 || s->alert[i].closed ||
            s->alert[i].began < since || (code == ERR_NONE && s->alert[i].began <= newest))
            continue;
        newest = s->alert[i].began;
        *out = (struct suppress_alert){s->alert[i].id, s->alert[i].start, s->alert[i].end,
                                       s->alert[i].docs, s->alert[i].run == s->run};
        code = ERR_NONE;
    }
    return code;
}

static enum err covered(void *ctx, const char *instance, ts_ns start, ts_ns end, bool *out,
                        struct err_text *why)
{
    const struct shelf *s = ctx;
    (void)why;
    *out = false;
    for (size_t i = 0; i < s->n; i++) {
        *out |= strcmp(s->alert[i].instance, instance) == 0 && !s->alert[i].closed &&
                s->alert[i].run != s->run && s->alert[i].start <= start && end <= s->alert[i].end;
    }
    return ERR_NONE;
}

static enum err create(void *ctx, const struct suppress_candidate *from,
                       const struct suppress_outcome *outcome, struct err_text *why)
{
    struct shelf *s = ctx;
    (void)why;
    assert_true(s->n < ALERTS);
    snprintf(s->alert[s->n].id, sizeof(s->alert[0].id), "%s", from->alert_id);
    snprintf(s->alert[s->n].instance, sizeof(s->alert[0].instance), "%s", from->instance);
    s->alert[s->n].began = s->now;
    s->alert[s->n].start = outcome->start;
    s->alert[s->n].end = outcome->end;
    s->alert[s->n].docs = outcome->docs;
    s->alert[s->n].closed = false;
    s->alert[s->n++].run = s->run;
    return ERR_NONE;
}

static enum err update(void *ctx, const char *id, const struct suppress_outcome *outcome,
                       struct err_text *why)
{
    struct shelf *s = ctx;
    (void)why;
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->alert[i].id, id) == 0) {
            s->alert[i].start = outcome->start;
            s->alert[i].end = outcome->end;
            s->alert[i].docs = outcome->docs;
            s->updates++;
            return ERR_NONE;
        }
    }
    fail();
    return ERR_NOT_FOUND;
}

static struct suppress_candidate at(const char *instance, const char *id, ts_ns t)
{
    return (struct suppress_candidate){.instance = instance, .alert_id = id, .start = t, .end = t};
}

static struct suppress_totals run(struct shelf *s, ts_ns now, const struct suppress_how *how,
                                  const struct suppress_candidate *list, size_t n)
{
    const struct suppress_ports ports = {s, exists, find, s->past ? covered : NULL, create, update};
    struct suppress_candidate copy[64];
    struct suppress_totals totals = {0};
    assert_true(n <= 64);
    if (n > 0)
        memcpy(copy, list, n * sizeof(*list));
    s->now = now;
    s->run++;
    assert_int_equal(suppress_group(copy, n, how, &ports, &totals, NULL), ERR_NONE);
    return totals;
}

static const struct suppress_how by_run = {.since = 0, .per_run = true, .max = 100};
static const struct suppress_how by_time = {.since = 0, .max = 100};

static void a_group_is_one_alert(void **state)
{
    (void)state;
    struct shelf s = {.n = 0};
    const struct suppress_candidate list[] = {at("x", "2", 20), at("y", "3", 15), at("x", "1", 10),
                                              at("x", "4", 30)};
    struct suppress_totals t = run(&s, 100, &by_run, list, 4);
    assert_int_equal(t.created, 2);
    assert_int_equal(t.suppressed, 2);
    assert_int_equal(t.existed + t.left, 0);
    assert_string_equal(s.alert[0].id, "1"); /* the first in time, of the group that began first */
    assert_int_equal(s.alert[0].docs, 2);
    assert_int_equal(s.alert[0].start, 10);
    assert_int_equal(s.alert[0].end, 30);
    assert_string_equal(s.alert[1].id, "3");
    assert_int_equal(s.alert[1].docs, 0);
}

/* By run: what was counted is passed over, what is new is a new alert. */
static void each_run_has_its_alert(void **state)
{
    (void)state;
    struct shelf s = {.n = 0};
    const struct suppress_candidate list[] = {at("x", "1", 10), at("x", "2", 20), at("x", "3", 30),
                                              at("x", "4", 40)};
    run(&s, 100, &by_run, list, 2);
    struct suppress_totals t = run(&s, 101, &by_run, list, 2);
    assert_int_equal(t.existed, 2);
    assert_int_equal(s.n, 1);
    t = run(&s, 102, &by_run, list, 4);
    assert_int_equal(t.existed, 2);
    assert_int_equal(t.created, 1);
    assert_int_equal(t.suppressed, 1);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.alert[1].id, "3");
    assert_int_equal(s.alert[0].docs, 1);
    assert_int_equal(s.updates, 0);
}

/* A later window of the same run counts on, and may move the start. */
static void windows_of_a_run_share_its_alert(void **state)
{
    (void)state;
    struct shelf s = {.n = 0};
    const struct suppress_candidate first[] = {at("x", "2", 20)};
    const struct suppress_candidate second[] = {at("x", "1", 10), at("x", "3", 30)};
    run(&s, 100, &by_run, first, 1);
    s.run--;
    struct suppress_totals t = run(&s, 100, &by_run, second, 2);
    assert_int_equal(t.created, 0);
    assert_int_equal(t.suppressed, 2);
    assert_int_equal(s.alert[0].docs, 2);
    assert_int_equal(s.alert[0].start, 10);
    assert_int_equal(s.alert[0].end, 30);
}

static void a_duration_counts_on_over_runs(void **state)
{
    (void)state;
    struct shelf s = {.n = 0};
    const struct suppress_candidate list[] = {at("x", "1", 10), at("x", "2", 20), at("x", "3", 30),
                                              at("x", "4", 40)};
    struct suppress_how how = by_time;
    run(&s, 100, &how, list, 2);
    struct suppress_totals t = run(&s, 110, &how, list, 3);
    assert_int_equal(t.created, 0);
    assert_int_equal(t.existed, 2);
    assert_int_equal(t.suppressed, 1);
    assert_int_equal(s.alert[0].docs, 2);
    assert_int_equal(s.alert[0].end, 30);
    assert_int_equal(s.alert[0].start, 10);
    /* Not after what was counted: passed over. */
    const struct suppress_candidate late[] = {at("x", "0", 25)};
    t = run(&s, 115, &how, late, 1);
    assert_int_equal(t.existed, 1);
    assert_int_equal(s.alert[0].docs, 2);
    /* The alert began before the window: a new one. */
    how.since = 101;
    t = run(&s, 120, &how, list, 4);
    assert_int_equal(t.created, 1);
    assert_string_equal(s.alert[1].id, "2"); /* 1 is an alert; the others are counted anew */
    assert_int_equal(s.alert[1].docs, 2);
}

static void a_closed_alert_counts_no_more(void **state)
{
    (void)state;
    struct shelf s = {.n = 0};
    const struct suppress_candidate list[] = {at("x", "1", 10), at("x", "2", 20), at("x", "3", 30)};
    run(&s, 100, &by_time, list, 2);
    s.alert[0].closed = true;
    struct suppress_totals t = run(&s, 110, &by_time, list, 3);
    assert_int_equal(t.existed, 1); /* the closed alert itself does not come again */
    assert_int_equal(t.created, 1);
    assert_string_equal(s.alert[1].id, "2");
    assert_int_equal(s.alert[1].docs, 1);
    assert_int_equal(s.alert[0].docs, 1);
}

static void the_newest_alert_counts(void **state)
{
    (void)state;
    struct shelf s = {.n = 0};
    const struct suppress_candidate one[] = {at("x", "1", 10)};
    const struct suppress_candidate two[] = {at("x", "2", 20)};
    const struct suppress_candidate three[] = {at("x", "3", 30)};
    struct suppress_how how = by_time;
    run(&s, 100, &how, one, 1);
    how.since = 150;
    run(&s, 200, &how, two, 1);
    how.since = 0;
    run(&s, 210, &how, three, 1);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.alert[0].docs, 0);
    assert_int_equal(s.alert[1].docs, 1);
}

/* Runs over the past find alerts of later times: what those cover counts, not where they end. */
static void the_past_is_counted_by_what_is_covered(void **state)
{
    (void)state;
    struct shelf s = {.n = 0};
    const struct suppress_candidate later[] = {at("x", "5", 50), at("x", "6", 60)};
    const struct suppress_candidate past[] = {at("x", "1", 10), at("x", "2", 20), at("x", "3", 30)};
    run(&s, 100, &by_run, later, 2);
    s.past = true;
    struct suppress_totals t = run(&s, 200, &by_run, past, 2);
    assert_int_equal(t.created, 1);
    assert_int_equal(t.suppressed, 1);
    t = run(&s, 201, &by_run, past, 3);
    assert_int_equal(t.existed, 2);
    assert_int_equal(t.created, 1); /* what nobody covered */
    t = run(&s, 202, &by_run, past, 3);
    assert_int_equal(t.created + t.suppressed, 0);
    t = run(&s, 203, &by_run, later, 2);
    assert_int_equal(t.created + t.suppressed, 0);
    assert_int_equal(s.n, 3);
}

static void the_limit_leaves_the_latest(void **state)
{
    (void)state;
    struct shelf s = {.n = 0};
    const struct suppress_how how = {.since = 0, .max = 2};
    const struct suppress_candidate list[] = {at("z", "5", 5), at("x", "1", 10), at("x", "2", 20),
                                              at("y", "3", 15), at("w", "6", 16)};
    struct suppress_totals t = run(&s, 100, &how, list, 5);
    assert_int_equal(t.created, 2);
    assert_int_equal(t.left, 2);
    assert_int_equal(t.suppressed, 1);
    assert_string_equal(s.alert[0].id, "5");
    assert_string_equal(s.alert[1].id, "1");
    /* What was left comes with the next run. */
    t = run(&s, 110, &how, list, 5);
    assert_int_equal(t.created, 2);
    assert_int_equal(t.left, 0);
}

static void candidates_may_count_themselves(void **state)
{
    (void)state;
    struct shelf s = {.n = 0};
    struct suppress_candidate list[] = {at("x", "1", 10), at("x", "2", 20)};
    list[0].docs = 4;
    list[0].end = 50;
    list[1].docs = 2;
    run(&s, 100, &by_time, list, 2);
    assert_int_equal(s.alert[0].docs, 7);
    assert_int_equal(s.alert[0].end, 50);
}

static void failures_are_handed_on(void **state)
{
    (void)state;
    struct shelf s = {.broken = true};
    const struct suppress_ports ports = {&s, exists, find, NULL, create, update};
    struct suppress_candidate list[] = {at("x", "1", 10)};
    struct suppress_totals totals;
    struct err_text why;
    assert_int_equal(suppress_group(list, 1, &by_time, &ports, &totals, &why), ERR_IO);
    assert_string_equal(why.message, "the disk is gone");
    assert_int_equal(suppress_group(NULL, 0, &by_time, &ports, &totals, &why), ERR_NONE);
}

/* Whatever order candidates come in, and however often the same are looked at. */
static void order_does_not_matter(void **state)
{
    (void)state;
    static const char *const instances[] = {"a", "b", "c", "d"};
    struct rng rng;
    rng_init(&rng, 3);
    for (unsigned round = 0; round < 500; round++) {
        char ids[24][8];
        struct suppress_candidate list[24];
        struct suppress_candidate other[24];
        struct shelf one = {.n = 0};
        struct shelf two = {.n = 0};
        struct suppress_how how = {.since = (ts_ns)rng_below(&rng, 120),
                                   .per_run = rng_below(&rng, 2) == 0,
                                   .max = 1 + rng_below(&rng, 6)};
        for (unsigned i = 0; i < 24; i++) {
            snprintf(ids[i], sizeof(ids[i]), "%u", i);
            list[i] = at(instances[rng_below(&rng, 4)], ids[i], (ts_ns)rng_below(&rng, 30));
        }
        for (unsigned pass = 0; pass < 4; pass++) {
            size_t n = 6 * (pass + 1);
            memcpy(other, list, sizeof(list));
            for (size_t i = n; i > 1; i--) {
                size_t k = rng_below(&rng, i);
                struct suppress_candidate swap = other[i - 1];
                other[i - 1] = other[k];
                other[k] = swap;
            }
            struct suppress_totals x = run(&one, 100 + (ts_ns)pass * 10, &how, list, n);
            struct suppress_totals y = run(&two, 100 + (ts_ns)pass * 10, &how, other, n);
            assert_memory_equal(&x, &y, sizeof(x));
            assert_int_equal(one.n, two.n);
            for (size_t i = 0; i < one.n; i++) {
                assert_string_equal(one.alert[i].id, two.alert[i].id);
                assert_int_equal(one.alert[i].docs, two.alert[i].docs);
                assert_int_equal(one.alert[i].end, two.alert[i].end);
            }
            if (x.left == 0 && how.since == 0) {
                uint64_t counted = 0;
                for (size_t i = 0; i < one.n; i++)
                    counted += one.alert[i].docs;
                x = run(&one, 101 + (ts_ns)pass * 10, &how, list, n);
                run(&two, 101 + (ts_ns)pass * 10, &how, other, n);
                assert_int_equal(x.created + x.suppressed, 0);
                for (size_t i = 0; i < one.n; i++)
                    counted -= one.alert[i].docs;
                assert_int_equal(counted, 0);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_is_one_alert),
        cmocka_unit_test(each_run_has_its_alert),
        cmocka_unit_test(windows_of_a_run_share_its_alert),
        cmocka_unit_test(a_duration_counts_on_over_runs),
        cmocka_unit_test(a_closed_alert_counts_no_more),
        cmocka_unit_test(the_newest_alert_counts),
        cmocka_unit_test(the_past_is_counted_by_what_is_covered),
        cmocka_unit_test(the_limit_leaves_the_latest),
        cmocka_unit_test(candidates_may_count_themselves),
        cmocka_unit_test(failures_are_handed_on),
        cmocka_unit_test(order_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
