/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for every n: nothing crashes or leaks, and what is missing comes
 * later. */
#include "cmocka_head.h"
#include "event/event.h"
#include "fault_memory.h"
#include "format/node.h"
#include "hunt/hunt.h"
#include "hunt/spec.h"
#include "hunt/tap.h"

#include <string.h>

#define T0 (1700000000 * TIME_S)

static struct event events[6];
static struct arena arena;
static size_t stored; /* how many of them the store has */
static bool broken;   /* the store cannot be read */

static const char *const names[] = {"anna", "anna", "bert", "bert", "carl", "anna"};

static struct hunt_source source_of(size_t i)
{
    static const char *const ids[] = {"0", "1", "2", "3", "4", "5"};
    return (struct hunt_source){i == 0 ? "logs-ti-default" : "logs-x-default", ids[i], "1",
                                &events[i]};
}

static enum err find(void *ctx, const struct hunt_search *search, hunt_source_fn fn, void *fn_ctx,
                     struct err_text *why)
{
    (void)ctx;
    if (broken)
        return err_set(why, ERR_IO, "the disk is broken");
    for (size_t i = 0; i < stored; i++) {
        const struct hunt_source source = source_of(i);
        bool indicator = search->index != NULL && search->from == TIME_NONE;
        if (events[i].time >= search->from && events[i].time < search->to &&
            (i == 0) == indicator && !fn(fn_ctx, &source))
            break;
    }
    return ERR_NONE;
}

static enum hunt_verdict take(void *ctx, const struct hunt_hit *hit)
{
    size_t *hits = ctx;
    assert_true(hit->event->time >= T0);
    ++*hits;
    return HUNT_TAKEN;
}

static const struct {
    enum hunt_type type;
    const char *rule;
} rules[] = {
    {HUNT_QUERY, "{\"query\":\"user.name: (anna or bert or carl)\"}"},
    {HUNT_THRESHOLD, "{\"threshold\":{\"field\":[\"user.name\"],\"value\":1,\"cardinality\":["
                     "{\"field\":\"event.id\",\"value\":1}]}}"},
    {HUNT_NEW_TERMS, "{\"new_terms_fields\":[\"user.name\"],\"history_window_start\":\"now-1h\"}"},
    {HUNT_THREAT_MATCH,
     "{\"index\":[\"logs-x*\"],\"threat_index\":[\"logs-ti*\"],\"filters\":[{\"exists\":{"
     "\"field\":\"user.name\"}}],\"threat_mapping\":[{\"entries\":[{\"field\":\"user.name\","
     "\"type\":\"mapping\",\"value\":\"threat.indicator.name\"}]}]}"},
};

/* From the rule to what two runs find. */
static enum err whole_chain(size_t rule, size_t *out_hits, bool *out_lost)
{
    const struct hunt_ports ports = {.find = find};
    struct format_node *root = NULL;
    struct hunt_spec *spec = NULL;
    struct hunt *h = NULL;
    struct hunt_tap *tap = NULL;
    struct err_text why;
    *out_hits = 0;
    *out_lost = false;
    stored = 3;
    const char *text = rules[rule].rule;
    enum err code = format_node_json(text, strlen(text), "rule", &root, &why);
    if (code == ERR_NONE)
        code = hunt_spec_new(root, rules[rule].type, &spec, &why);
    if (code == ERR_NONE) {
        h = hunt_new(spec, &ports, "rule", NULL);
        tap = hunt_tap_new();
        code = h != NULL && tap != NULL ? hunt_tap_add(tap, h, HUNT_EVENT | HUNT_INDICATOR)
                                        : ERR_MEMORY;
    }
    for (unsigned run = 0; run < 2 && code == ERR_NONE; run++) {
        ts_ns now = T0 + (run + 1) * TIME_MIN;
        const struct hunt_span span = {
            .from = T0 - TIME_HOUR, .to = now, .until = now, .now = now, .own = true};
        bool lost;
        size_t hits = 0;
        code = hunt_look(h, &span, take, &hits, &lost, &why);
        *out_lost |= lost;
        *out_hits += hits;
        for (; run == 0 && stored < 6; stored++) {
            const struct hunt_source source = source_of(stored);
            hunt_tap_feed(tap, &source);
        }
    }
    hunt_tap_free(tap);
    hunt_free(h);
    hunt_spec_free(spec);
    format_node_free(root);
    return code;
}

static void make_events(void)
{
    for (size_t i = 0; i < 6; i++) {
        event_init(&events[i], &arena, T0 + (ts_ns)i * 20 * TIME_S);
        events[i].sequence = i;
        const struct event_value name = event_value_str("anna", 4);
        if (i == 0)
            event_add_named(&events[i], "threat.indicator.name", 21, &name);
        else
            event_set_text(&events[i], EVENT_F_USER_NAME, names[i]);
        event_set_text(&events[i], EVENT_F_EVENT_ID, names[i]);
    }
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    make_events();
    for (size_t rule = 0; rule < sizeof(rules) / sizeof(rules[0]); rule++) {
        size_t all;
        size_t told = 0;
        size_t n = 0;
        bool lost;
        assert_int_equal(whole_chain(rule, &all, &lost), ERR_NONE);
        assert_false(lost);
        assert_true(all >= 2);
        for (;; n++) {
            size_t hits;
            fault_arm(n + 1);
            enum err code = whole_chain(rule, &hits, &lost);
            bool hit = fault_disarm();
            assert_true(code == ERR_NONE || code == ERR_MEMORY);
            if (code == ERR_NONE && !lost)
                assert_int_equal(hits, all); /* the store made up for it */
            told += code == ERR_MEMORY || lost;
            if (!hit)
                break;
        }
        assert_true(told > 10);
    }
    arena_release(&arena);
}

/* A search whose first feeding failed, and that found no memory to begin anew: it begins with the
 * next look. */
static enum err look_twice(struct hunt *h, uint64_t n, bool *out_hit, size_t *out_hits)
{
    const struct hunt_span span = {.from = T0 - TIME_HOUR,
                                   .to = T0 + TIME_HOUR,
                                   .until = T0 + TIME_HOUR,
                                   .now = T0 + TIME_HOUR,
                                   .own = true};
    struct err_text why;
    bool lost;
    *out_hits = 0;
    broken = true;
    fault_arm(n);
    enum err code = hunt_look(h, &span, take, out_hits, &lost, &why);
    *out_hit = fault_disarm();
    assert_int_not_equal(code, ERR_NONE);
    assert_int_equal(*out_hits, 0);
    broken = false;
    return hunt_look(h, &span, take, out_hits, &lost, &why);
}

static void what_cannot_begin_anew_does_later(void **state)
{
    (void)state;
    const struct hunt_ports ports = {.find = find};
    arena_init(&arena, 0);
    make_events();
    stored = 6;
    for (size_t rule = 0; rule < sizeof(rules) / sizeof(rules[0]); rule++) {
        bool hit = true;
        size_t all = 0;
        for (uint64_t n = 1; hit; n++) {
            struct format_node *root;
            struct hunt_spec *spec;
            struct err_text why;
            size_t hits;
            const char *text = rules[rule].rule;
            assert_int_equal(format_node_json(text, strlen(text), "rule", &root, &why), ERR_NONE);
            assert_int_equal(hunt_spec_new(root, rules[rule].type, &spec, &why), ERR_NONE);
            struct hunt *h = hunt_new(spec, &ports, "rule", NULL);
            assert_non_null(h);
            assert_int_equal(look_twice(h, n, &hit, &hits), ERR_NONE);
            assert_true(hits > 0);
            assert_true(n == 1 || hits == all);
            all = hits;
            hunt_free(h);
            hunt_spec_free(spec);
            format_node_free(root);
        }
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(what_cannot_begin_anew_does_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
