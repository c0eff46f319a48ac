/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/engine.h"

#include "base/rng.h"
#include "cmocka_head.h"
#include "format/node.h"
#include "judge/rule/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY (1700000000 / 86400 * 86400 * TIME_S)

static struct world *new_world(void)
{
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    world_init(w);
    world_add_job(w, "a_job", NULL);
    return w;
}

static void end_world(struct world *w)
{
    world_release(w);
    free(w);
}

static struct rule_engine *new_engine(struct world *w, const char *extra, ts_ns now, ts_ns previous)
{
    struct rule_engine *e = rule_engine_new(&w->ports);
    struct err_text why;
    assert_non_null(e);
    struct rule *r = world_rule(extra);
    assert_int_equal(rule_engine_put(e, r, now, previous, &why), ERR_NONE);
    rule_unref(r);
    return e;
}

static void advance(struct rule_engine *e, ts_ns now)
{
    struct err_text why;
    assert_int_equal(rule_engine_advance(e, now, &why), ERR_NONE);
}

static void rules_run_on_multiples_of_their_interval(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule_engine *e = new_engine(w, "interval = \"15m\"", DAY + TIME_MIN, TIME_NONE);
    assert_int_equal(rule_engine_next(e), DAY + 15 * TIME_MIN);
    advance(e, DAY + 15 * TIME_MIN - 1);
    assert_int_equal(w->statuses, 0);
    advance(e, DAY + 15 * TIME_MIN);
    assert_int_equal(w->statuses, 1);
    assert_int_equal(rule_engine_previous(e, "00000000-0000-4000-8000-000000000001"),
                     DAY + 15 * TIME_MIN);
    advance(e, DAY + 16 * TIME_MIN);
    assert_int_equal(w->statuses, 1);
    assert_int_equal(rule_engine_next(e), DAY + 30 * TIME_MIN);
    rule_engine_free(e);
    end_world(w);
}

static void a_final_result_is_alerted_directly(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule_engine *e = new_engine(w, "", DAY, TIME_NONE);
    advance(e, DAY);
    ts_ns final = DAY + 3 * TIME_HOUR + TIME_MIN;
    world_add_record(w, "a_job", DAY, final, 90, NULL);
    advance(e, final - TIME_S);
    assert_int_equal(w->alerts_n, 0);
    rule_engine_result(e, "another_job", final);
    rule_engine_result(e, "a_job", final);
    assert_int_equal(rule_engine_next(e), final);
    advance(e, final);
    assert_int_equal(w->alerts_n, 1);
    assert_int_equal(w->alerts[0].time, final);
    advance(e, final + TIME_HOUR);
    assert_int_equal(w->alerts_n, 1);
    assert_int_equal(w->repeats, 0);
    rule_engine_free(e);
    end_world(w);
}

/* A bucket's records are told one by one, and before or after the rule was put. */
/* A job that reads what was stored has results of the past: each is looked for in its own time. */
static void results_of_the_past_are_alerted_in_theirs(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule_engine *e = new_engine(w, "interval = \"15m\"", DAY + TIME_MIN, TIME_NONE);
    const char *id = "00000000-0000-4000-8000-000000000001";
    ts_ns before = DAY - 20 * TIME_HOUR, between = DAY - 2 * TIME_HOUR;
    world_add_record(w, "a_job", before - TIME_MIN, before, 90, NULL);
    rule_engine_result(e, "a_job", before);
    assert_int_equal(rule_engine_next(e), before);
    advance(e, before);
    assert_int_equal(w->alerts_n, 1);
    /* For the schedule nothing has happened. */
    assert_int_equal(w->statuses, 0);
    assert_int_equal(rule_engine_previous(e, id), TIME_NONE);
    advance(e, DAY + 15 * TIME_MIN);
    assert_int_equal(w->statuses, 1);
    world_add_record(w, "a_job", between - TIME_MIN, between, 90, NULL);
    rule_engine_result(e, "a_job", between);
    advance(e, between);
    assert_int_equal(w->alerts_n, 2);
    assert_int_equal(w->statuses, 1);
    assert_int_equal(rule_engine_previous(e, id), DAY + 15 * TIME_MIN);
    assert_int_equal(rule_engine_next(e), DAY + 30 * TIME_MIN);
    advance(e, DAY + 30 * TIME_MIN);
    assert_int_equal(w->alerts_n, 2);
    assert_int_equal(w->statuses, 2);
    rule_engine_free(e);
    end_world(w);
}

static enum err count_made_up(void *ctx, const struct rule *r, const struct rule_status *status,
                              struct err_text *why)
{
    struct world *w = ctx;
    (void)r;
    (void)why;
    w->made_up = status->date;
    return ERR_NONE;
}

/* Where engine time is known, what is found of the past is told of now, by a run that is told. */
static void results_behind_the_clock_are_made_up_for(void **state)
{
    (void)state;
    struct world *w = new_world();
    w->ports.made_up = count_made_up;
    struct rule_engine *e = new_engine(w, "interval = \"15m\"", DAY, TIME_NONE);
    ts_ns past = DAY - 20 * TIME_HOUR, clock = DAY + 7 * TIME_MIN;
    advance(e, clock);
    rule_engine_set_clock(e, clock);
    /* One run that finds nothing, one that does. */
    rule_engine_result(e, "a_job", past - TIME_DAY);
    advance(e, past - TIME_DAY);
    assert_int_equal(w->made_up, 0);
    world_add_record(w, "a_job", past - TIME_MIN, past, 90, NULL);
    rule_engine_result(e, "a_job", past);
    advance(e, past);
    assert_int_equal(w->alerts_n, 1);
    assert_int_equal(w->alerts[0].time, clock);
    assert_int_equal(w->made_up, past);
    assert_non_null(strstr(w->alerts[0].json, "\"kibana.alert.rule.execution.type\":\"manual\""));
    assert_int_equal(w->statuses, 1);
    assert_int_equal(rule_engine_next(e), DAY + 15 * TIME_MIN);
    /* What lies before the clock is made up for, too, when no run was after it. */
    world_add_record(w, "a_job", DAY + 5 * TIME_MIN, DAY + 6 * TIME_MIN, 90, NULL);
    rule_engine_result(e, "a_job", DAY + 6 * TIME_MIN);
    advance(e, DAY + 6 * TIME_MIN);
    assert_int_equal(w->alerts_n, 2);
    assert_int_equal(w->alerts[1].time, clock);
    /* At the clock it is a run as all are. */
    world_add_record(w, "a_job", clock - TIME_MIN, clock, 90, NULL);
    rule_engine_result(e, "a_job", clock);
    advance(e, clock);
    assert_int_equal(w->alerts_n, 3);
    assert_int_equal(w->statuses, 2);
    rule_engine_free(e);
    end_world(w);
}

/* A followed log that is behind has its own time: rules over its jobs run in it, and say so. */
static void rules_run_in_the_time_of_a_log_that_is_behind(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule_engine *e = new_engine(w, "interval = \"15m\"", DAY, TIME_NONE);
    const char *id = "00000000-0000-4000-8000-000000000001";
    ts_ns first = DAY - 20 * TIME_DAY + TIME_MIN, final = first + 3 * TIME_HOUR;
    /* What another process had found before is looked for, and begins nothing. */
    rule_engine_result(e, "a_job", first - TIME_HOUR);
    advance(e, first - TIME_HOUR);
    assert_int_equal(w->statuses, 0);
    rule_engine_begin(e, first);
    assert_int_equal(rule_engine_next(e), first + 14 * TIME_MIN);
    advance(e, first + 14 * TIME_MIN);
    assert_int_equal(w->statuses, 1);
    assert_int_equal(rule_engine_previous(e, id), first + 14 * TIME_MIN);
    world_add_record(w, "a_job", final - TIME_MIN, final, 90, NULL);
    rule_engine_result(e, "a_job", final);
    advance(e, final);
    assert_int_equal(w->alerts_n, 1);
    assert_int_equal(rule_engine_previous(e, id), final);
    assert_in_range(w->statuses, 2, 3 + 3 * 4);
    rule_engine_free(e);
    end_world(w);
}

static void a_rule_runs_when_it_is_asked_to(void **state)
{
    (void)state;
    struct world *w = new_world();
    const char *id = "00000000-0000-4000-8000-000000000001";
    struct rule_engine *e = new_engine(w, "interval = \"15m\"", DAY + TIME_MIN, TIME_NONE);
    assert_int_equal(rule_engine_ask(e, "another", DAY), ERR_NOT_FOUND);
    assert_int_equal(rule_engine_ask(e, id, DAY + TIME_MIN), ERR_NONE);
    assert_int_equal(rule_engine_next(e), DAY + TIME_MIN);
    advance(e, DAY + TIME_MIN);
    assert_int_equal(w->statuses, 1);
    assert_int_equal(rule_engine_previous(e, id), DAY + TIME_MIN);
    assert_int_equal(rule_engine_next(e), DAY + 15 * TIME_MIN);
    rule_engine_free(e);
    end_world(w);
}

/* With complete input a rule runs when there is something to find, and what it finds is the same.
 */
static void idle_runs_are_left_out_at_rest(void **state)
{
    (void)state;
    struct world *w = new_world();
    w->ports.at_rest = true;
    struct rule_engine *e = new_engine(w, "interval = \"15m\"", DAY, TIME_NONE);
    ts_ns final = DAY + 3 * TIME_HOUR + TIME_MIN;
    world_add_record(w, "a_job", DAY + 3 * TIME_HOUR, final, 90, NULL);
    for (ts_ns at = DAY; at < DAY + TIME_DAY; at += TIME_MIN) {
        if (at == final)
            rule_engine_result(e, "a_job", final);
        advance(e, at);
    }
    assert_int_equal(w->alerts_n, 1);
    assert_int_equal(w->alerts[0].time, final);
    assert_in_range(w->statuses, 2, 4);
    assert_int_equal(rule_engine_previous(e, "00000000-0000-4000-8000-000000000001"),
                     DAY + TIME_DAY - 15 * TIME_MIN);
    struct err_text why;
    size_t before = w->statuses;
    assert_int_equal(rule_engine_finish(e, DAY + TIME_DAY, &why), ERR_NONE);
    assert_true(w->statuses > before);
    rule_engine_free(e);
    end_world(w);
}

/* A process was killed after its rule had run: the next one begins before that run. */
static void time_goes_over_what_was_run_before(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule_engine *e = new_engine(w, "interval = \"15m\"", DAY, DAY + TIME_HOUR);
    advance(e, DAY + TIME_HOUR - 1);
    assert_int_equal(w->statuses, 0);
    assert_int_equal(rule_engine_next(e), DAY + TIME_HOUR);
    advance(e, DAY + TIME_HOUR);
    assert_int_equal(w->statuses, 1);
    rule_engine_free(e);
    end_world(w);
}

static void a_thousand_records_at_once_are_one_run(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule_engine *e = rule_engine_new(&w->ports);
    struct err_text why;
    ts_ns final = DAY + 7 * TIME_MIN;
    assert_non_null(e);
    rule_engine_result(e, "a_job", final);
    struct rule *r = world_rule("");
    assert_int_equal(rule_engine_put(e, r, DAY + TIME_MIN, TIME_NONE, &why), ERR_NONE);
    rule_unref(r);
    for (unsigned i = 0; i < 1000; i++)
        rule_engine_result(e, i % 2 == 0 ? "a_job" : "a_job_ea", final);
    assert_int_equal(rule_engine_next(e), final);
    advance(e, final);
    assert_int_equal(w->statuses, 1);
    /* The same result again is a new score: it is looked at again. */
    rule_engine_result(e, "a_job", final);
    assert_int_equal(rule_engine_next(e), final);
    advance(e, final);
    assert_int_equal(w->statuses, 2);
    rule_engine_free(e);
    end_world(w);
}

static void a_jump_costs_no_idle_runs(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule_engine *e = new_engine(w, "interval = \"1m\"", DAY, TIME_NONE);
    advance(e, DAY);
    w->searches = 0;
    advance(e, DAY + 3650 * TIME_DAY);
    assert_true(w->searches <= 2);
    /* What was left out counts as made: no gap is told. */
    assert_null(strstr(buf_text(&w->last_status), "gap_range"));
    assert_int_equal(rule_engine_previous(e, "00000000-0000-4000-8000-000000000001"),
                     DAY + 3650 * TIME_DAY);
    rule_engine_free(e);
    end_world(w);
}

static void a_pause_of_the_program_is_a_gap(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule_engine *e =
        new_engine(w, "from = \"now-30m\"\ninterval = \"15m\"", DAY, DAY - 10 * TIME_HOUR);
    advance(e, DAY + TIME_DAY);
    assert_true(w->statuses >= 1);
    rule_engine_free(e);
    end_world(w);

    w = new_world();
    e = new_engine(w, "from = \"now-30m\"\ninterval = \"15m\"", DAY, DAY - 10 * TIME_HOUR);
    advance(e, DAY);
    assert_non_null(strstr(buf_text(&w->last_status), "\"failed\""));
    assert_non_null(strstr(buf_text(&w->last_status), "gap_range"));
    advance(e, DAY + 15 * TIME_MIN);
    assert_non_null(strstr(buf_text(&w->last_status), "\"succeeded\""));
    rule_engine_free(e);
    end_world(w);
}

static void rules_come_and_go(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule_engine *e = new_engine(w, "", DAY, TIME_NONE);
    struct err_text why;
    struct rule *second = world_rule("rule_id = \"00000000-0000-4000-8000-000000000000\"\n"
                                     "interval = \"5m\"");
    assert_int_equal(rule_engine_put(e, second, DAY, TIME_NONE, &why), ERR_NONE);
    assert_int_equal(rule_engine_put(e, second, DAY, TIME_NONE, &why), ERR_NONE);
    assert_int_equal(rule_engine_count(e), 2);
    rule_unref(second);
    advance(e, DAY + 10 * TIME_MIN);
    assert_true(w->statuses >= 3);
    assert_int_equal(rule_engine_remove(e, "00000000-0000-4000-8000-000000000000"), ERR_NONE);
    assert_int_equal(rule_engine_remove(e, "00000000-0000-4000-8000-000000000000"), ERR_NOT_FOUND);
    assert_int_equal(rule_engine_previous(e, "00000000-0000-4000-8000-000000000000"), TIME_NONE);
    struct rule *query = world_rule_api("{\"type\":\"query\",\"name\":\"q\",\"description\":\"d\","
                                        "\"risk_score\":1,\"severity\":\"low\",\"query\":\"*\"}");
    w->ports.events = NULL; /* events are not at hand */
    assert_int_equal(rule_engine_put(e, query, DAY, TIME_NONE, &why), ERR_UNSUPPORTED);
    rule_unref(query);
    assert_int_equal(rule_engine_remove(e, "00000000-0000-4000-8000-000000000001"), ERR_NONE);
    assert_int_equal(rule_engine_next(e), TIME_MAX);
    rule_engine_free(e);
    end_world(w);
}

static void at_the_end_every_rule_runs_once_more(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule_engine *e = new_engine(w, "", DAY, TIME_NONE);
    struct err_text why;
    advance(e, DAY);
    ts_ns end = DAY + 7 * TIME_MIN;
    world_add_record(w, "a_job", DAY - TIME_HOUR, end, 90, NULL);
    assert_int_equal(rule_engine_finish(e, end, &why), ERR_NONE);
    assert_int_equal(w->alerts_n, 1);
    size_t told = w->statuses;
    assert_int_equal(rule_engine_finish(e, end, &why), ERR_NONE);
    assert_int_equal(w->statuses, told);
    rule_engine_free(e);
    end_world(w);
}

static void a_full_disk_is_told_and_made_up_for(void **state)
{
    (void)state;
    struct world *w = new_world();
    struct rule_engine *e = new_engine(w, "", DAY, TIME_NONE);
    struct err_text why = {0};
    world_add_record(w, "a_job", DAY - TIME_HOUR, DAY, 90, NULL);
    w->break_create = true;
    assert_int_equal(rule_engine_advance(e, DAY, &why), ERR_FULL);
    assert_string_equal(why.message, "no space is left");
    w->break_create = false;
    advance(e, DAY + 15 * TIME_MIN);
    assert_int_equal(w->alerts_n, 1);
    rule_engine_free(e);
    end_world(w);
}

/*
 * Random buckets become final at random times, the engine is moved in random steps, some of them
 * long: each record is alerted exactly once, at the moment it became final.
 */
static void overlapping_runs_neither_repeat_nor_miss(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 3);
    for (unsigned draw = 0; draw < 60; draw++) {
        struct world *w = new_world();
        static const char *const rules[] = {
            "from = \"now-6h\"\ninterval = \"15m\"",
            "from = \"now-5h\"\ninterval = \"1m\"",
            "from = \"now-4h\"\ninterval = \"1h\"",
        };
        struct rule_engine *e = new_engine(w, rules[rng_u64(&rng) % 3], DAY, TIME_NONE);
        size_t good = 0;
        size_t at = 0;
        for (unsigned i = 0; i < 60; i++) {
            ts_ns start = DAY + (ts_ns)(rng_u64(&rng) % 96) * 15 * TIME_MIN;
            double score = (double)(rng_u64(&rng) % 1000) / 10;
            good += score >= 75;
            world_add_record(w, "a_job", start, start + 3 * TIME_HOUR + TIME_MIN, score, NULL);
        }
        ts_ns now = DAY;
        while (now < DAY + 30 * TIME_HOUR) {
            ts_ns step = rng_u64(&rng) % 10 == 0 ? 4 * TIME_HOUR : 10 * TIME_MIN;
            now += 1 + (ts_ns)(rng_u64(&rng) % (uint64_t)step);
            for (at = 0; at < w->records_n; at++) {
                if (w->records[at].visible <= now && w->records[at].visible > 0)
                    rule_engine_result(e, "a_job", w->records[at].visible);
            }
            advance(e, now);
        }
        assert_int_equal(w->alerts_n, good);
        assert_int_equal(w->repeats, 0);
        rule_engine_free(e);
        end_world(w);
    }
}

/* Large and small steps of the same time line give the same alerts at the same times. */
static void steps_do_not_matter(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 9);
    for (unsigned draw = 0; draw < 20; draw++) {
        struct world *a = new_world();
        struct world *b = new_world();
        /* More records than a run may raise, so that what a window holds matters. */
        const char *extra = "from = \"now-2h\"\ninterval = \"15m\"\nmax_signals = 3";
        struct rule_engine *x = new_engine(a, extra, DAY, TIME_NONE);
        struct rule_engine *y = new_engine(b, extra, DAY, TIME_NONE);
        for (unsigned i = 0; i < 40; i++) {
            ts_ns start = DAY + (ts_ns)(rng_u64(&rng) % 20) * 15 * TIME_MIN;
            double score = 70 + (double)(rng_u64(&rng) % 30);
            ts_ns final = start + 16 * TIME_MIN;
            world_add_record(a, "a_job", start, final, score, NULL);
            world_add_record(b, "a_job", start, final, score, NULL);
            rule_engine_result(y, "a_job", final);
        }
        for (ts_ns now = DAY; now <= DAY + 12 * TIME_HOUR; now += TIME_MIN) {
            for (size_t i = 0; i < a->records_n; i++) {
                if (a->records[i].visible == now)
                    rule_engine_result(x, "a_job", now);
            }
            advance(x, now);
        }
        advance(y, DAY + 12 * TIME_HOUR);
        assert_int_equal(a->alerts_n, b->alerts_n);
        for (size_t i = 0; i < a->alerts_n; i++) {
            assert_string_equal(a->alerts[i].id, b->alerts[i].id);
            assert_int_equal(a->alerts[i].time, b->alerts[i].time);
            assert_string_equal(a->alerts[i].json, b->alerts[i].json);
        }
        rule_engine_free(x);
        rule_engine_free(y);
        end_world(a);
        end_world(b);
    }
}

#define SEARCH(id, type, more)                                                                     \
    "{\"name\":\"n\",\"description\":\"d\",\"severity\":\"low\",\"risk_score\":21,\"rule_id\":"    \
    "\"" id "\",\"type\":\"" type                                                                  \
    "\",\"interval\":\"5m\",\"from\":\"now-10m\",\"query\":\"*:*\"," more "}"

static void put_searches(struct rule_engine *e, ts_ns now)
{
    static const char *const rules[] = {
        SEARCH("new", "new_terms",
               "\"new_terms_fields\":[\"user.name\"],\"history_window_start\":\"now-5d\""),
        SEARCH("many", "threshold", "\"threshold\":{\"field\":[\"host.name\"],\"value\":2}"),
    };
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct err_text why;
        struct rule *r = world_rule_api(rules[i]);
        if (rule_engine_put(e, r, now, TIME_NONE, &why) != ERR_NONE)
            fail_msg("%s", why.message);
        rule_unref(r);
    }
}

/* Every ten minutes of four days; the last minutes have one user that nobody knows. */
static void add_past(struct world *w, ts_ns now)
{
    char json[200];
    for (int i = 4 * 144; i > 0; i--) {
        snprintf(json, sizeof(json), "{\"user.name\":\"u%d\",\"host.name\":\"h\"}", i % 7);
        world_add_event(w, NULL, now - i * 10 * TIME_MIN, json);
    }
    world_add_event(w, NULL, now - 3 * TIME_MIN, "{\"user.name\":\"x\",\"host.name\":\"h\"}");
    world_add_event(w, NULL, now - 2 * TIME_MIN, "{\"user.name\":\"u1\",\"host.name\":\"h\"}");
}

/* Rules wait until their searches have the past piece by piece; others run, events come in, and in
 * the end there are the alerts that there would have been. */
static void the_past_comes_in_pieces(void **state)
{
    (void)state;
    size_t alerts[2];
    char *ids[2];
    ts_ns now = DAY + 10 * TIME_HOUR;
    for (int in_pieces = 0; in_pieces < 2; in_pieces++) {
        struct world *w = new_world();
        w->ports.in_pieces = in_pieces == 1;
        add_past(w, now);
        struct rule_engine *e = new_engine(w, "interval = \"1m\"", now, TIME_NONE);
        put_searches(e, now);
        ts_ns at = now;
        if (in_pieces) {
            unsigned pieces = 0;
            advance(e, at);
            assert_int_equal(w->statuses, 1); /* of the rule that searches nothing */
            assert_int_equal(rule_engine_next(e), at + TIME_MIN);
            assert_true(rule_engine_wants_feeding(e, at));
            assert_false(rule_engine_wants_feeding(e, at - 1));
            for (; rule_engine_wants_feeding(e, at); pieces++) {
                rule_engine_feed(e, at);
                at += TIME_S;
                world_add_event(w, e, at, "{\"user.name\":\"u2\",\"host.name\":\"h\"}");
                advance(e, at);
            }
            assert_in_range(pieces, 8, 60);
            assert_false(rule_engine_wants_feeding(e, at + TIME_HOUR));
        } else {
            for (; at < now + 30 * TIME_S; at += TIME_S)
                world_add_event(w, e, at + TIME_S, "{\"user.name\":\"u2\",\"host.name\":\"h\"}");
            assert_false(rule_engine_wants_feeding(e, at));
        }
        advance(e, now + TIME_MIN);
        struct buf list;
        buf_init(&list);
        alerts[in_pieces] = w->alerts_n;
        for (size_t i = 0; i < w->alerts_n; i++)
            buf_format(&list, "%s\n", w->alerts[i].id);
        ids[in_pieces] = strdup(buf_text(&list));
        buf_release(&list);
        rule_engine_free(e);
        end_world(w);
    }
    assert_int_equal(alerts[0], 2);
    assert_int_equal(alerts[1], 2);
    assert_string_equal(ids[0], ids[1]);
    free(ids[0]);
    free(ids[1]);
}

/* A store that fails: the run feeds all at once, and says what is wrong. A rule may go meanwhile.
 */
static void pieces_that_fail(void **state)
{
    (void)state;
    struct world *w = new_world();
    ts_ns now = DAY + 10 * TIME_HOUR;
    w->ports.in_pieces = true;
    add_past(w, now);
    struct rule_engine *e = rule_engine_new(&w->ports);
    assert_non_null(e);
    put_searches(e, now);
    for (int i = 0; i < 4; i++)
        rule_engine_feed(e, now);
    assert_true(rule_engine_wants_feeding(e, now));
    assert_int_equal(rule_engine_remove(e, "many"), ERR_NONE);
    w->break_search = true;
    for (int i = 0; i < 4 && rule_engine_wants_feeding(e, now); i++)
        rule_engine_feed(e, now);
    assert_false(rule_engine_wants_feeding(e, now));
    assert_int_equal(rule_engine_next(e), now);
    advance(e, now);
    assert_int_equal(w->statuses, 1);
    assert_non_null(strstr(buf_text(&w->last_status), "the disk is gone"));
    w->break_search = false;
    advance(e, now + 5 * TIME_MIN);
    assert_int_equal(w->alerts_n, 1);
    rule_engine_free(e);
    end_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_past_comes_in_pieces),
        cmocka_unit_test(pieces_that_fail),
        cmocka_unit_test(rules_run_on_multiples_of_their_interval),
        cmocka_unit_test(a_final_result_is_alerted_directly),
        cmocka_unit_test(idle_runs_are_left_out_at_rest),
        cmocka_unit_test(time_goes_over_what_was_run_before),
        cmocka_unit_test(results_of_the_past_are_alerted_in_theirs),
        cmocka_unit_test(results_behind_the_clock_are_made_up_for),
        cmocka_unit_test(rules_run_in_the_time_of_a_log_that_is_behind),
        cmocka_unit_test(a_rule_runs_when_it_is_asked_to),
        cmocka_unit_test(a_thousand_records_at_once_are_one_run),
        cmocka_unit_test(a_jump_costs_no_idle_runs),
        cmocka_unit_test(a_pause_of_the_program_is_a_gap),
        cmocka_unit_test(rules_come_and_go),
        cmocka_unit_test(at_the_end_every_rule_runs_once_more),
        cmocka_unit_test(a_full_disk_is_told_and_made_up_for),
        cmocka_unit_test(overlapping_runs_neither_repeat_nor_miss),
        cmocka_unit_test(steps_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
