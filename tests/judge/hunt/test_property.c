/* SPDX-License-Identifier: Apache-2.0 */
/* What was fed as it came and what is fed from the store give the same answer. */
#include "cmocka_head.h"
#include "hunt/hunt.h"
#include "judge/hunt/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state;

static unsigned draw(unsigned n)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)((random_state >> 33) % n);
}

static void put_event(struct field *f, struct hunt *h, ts_ns time, unsigned number)
{
    struct hunt *list[] = {h, NULL};
    char json[256];
    if (draw(20) == 0)
        snprintf(json, sizeof(json),
                 "{\"event.dataset\":\"ti_x\",\"threat.indicator.ip\":\"192.0.2.%u\"}", draw(40));
    else
        snprintf(json, sizeof(json),
                 "{\"event.dataset\":\"net\",\"event.id\":\"%u\",\"user.name\":[\"u%u\",\"u%u\"],"
                 "\"destination.port\":%u,\"destination.ip\":\"192.0.2.%u\"}",
                 number, draw(12), draw(12), draw(9), draw(250));
    field_event(f, list, time, json);
}

static const struct {
    enum hunt_type type;
    const char *members;
} rules[] = {
    {HUNT_QUERY, "\"query\":\"destination.port:(3 or 4)\",\"index\":[\"logs-net*\"]"},
    {HUNT_THRESHOLD, "\"threshold\":{\"field\":[\"user.name\"],\"value\":9}"},
    {HUNT_THRESHOLD, "\"threshold\":{\"field\":\"user.name\",\"value\":2,\"cardinality\":[{"
                     "\"field\":\"destination.port\",\"value\":6}]}"},
    {HUNT_NEW_TERMS, "\"new_terms_fields\":[\"user.name\",\"destination.port\"],"
                     "\"history_window_start\":\"now-20m\""},
    {HUNT_NEW_TERMS, "\"new_terms_fields\":[\"destination.ip\"],"
                     "\"history_window_start\":\"now-2h/h\""},
    {HUNT_EQL, "\"language\":\"eql\",\"query\":\"any where destination.port == 3\""},
    {HUNT_EQL,
     "\"language\":\"eql\",\"index\":[\"logs-net*\"],\"query\":\"sequence by user.name with "
     "maxspan=2m [any where destination.port == 1] [any where destination.port == 2]\""},
    {HUNT_EQL,
     "\"language\":\"eql\",\"index\":[\"logs-net*\"],\"query\":\"sequence with maxspan=30s [any "
     "where destination.port == 1] ![any where destination.port == 2]\""},
    {HUNT_THREAT_MATCH,
     "\"index\":[\"logs-net*\"],\"threat_index\":[\"logs-ti*\"],\"threat_mapping\":[{\"entries\":["
     "{\"field\":\"destination.ip\",\"type\":\"mapping\",\"value\":\"threat.indicator.ip\"}]}]"},
};

static void run_rule(enum hunt_type type, const char *members)
{
    struct field *f = malloc(sizeof(*f));
    assert_non_null(f);
    field_init(f);
    struct hunt_spec *spec = field_spec(type, members);
    struct hunt *kept = hunt_new(spec, &f->ports, "rule", NULL);
    unsigned number = 0;
    size_t hits = 0;
    for (unsigned minute = 0; minute < 90; minute++) {
        const ts_ns now = NOON + minute * TIME_MIN;
        struct hunt_span span = {
            .from = now - 6 * TIME_MIN, .to = now, .until = now, .now = now, .own = true};
        char *text = strdup(field_look_span(f, kept, &span));
        struct hunt *fresh = hunt_new(spec, &f->ports, "rule", NULL);
        assert_string_equal(field_look_span(f, fresh, &span), text);
        assert_false(f->lost);
        hunt_free(fresh);
        /* And as a span of the past. */
        span.own = false;
        assert_string_equal(field_look_span(f, kept, &span), text);
        hits += f->hits;
        free(text);
        for (unsigned n = draw(40); n > 0; n--) {
            /* Most in the minute to come, some late, some ahead. */
            ts_ns time = now + draw(60) * TIME_S;
            if (draw(10) == 0)
                time -= draw(300) * TIME_S;
            if (draw(10) == 0)
                time += draw(300) * TIME_S;
            put_event(f, kept, time, number++);
        }
    }
    assert_true(hits > 20);
    hunt_free(kept);
    hunt_spec_free(spec);
    field_release(f);
    free(f);
}

static void kept_and_stored_give_the_same(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 2; seed++) {
        for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
            random_state = seed * 1000 + i;
            run_rule(rules[i].type, rules[i].members);
        }
    }
}

/* Lines that are not there yet: sequences are shown as long as they lie in the span. */
static void add_new(struct buf *out, const char *lines)
{
    while (*lines != '\0') {
        size_t n = strcspn(lines, "\n") + 1;
        char *line = strndup(lines, n);
        if (strstr(buf_text(out), line) == NULL)
            buf_add(out, line, n);
        free(line);
        lines += n;
    }
}

/* When runs that are idle are left out, the same is found once in all. */
static void run_with_idle(enum hunt_type type, const char *members, bool skip, struct buf *out)
{
    struct field *f = malloc(sizeof(*f));
    assert_non_null(f);
    field_init(f);
    struct hunt_spec *spec = field_spec(type, members);
    struct hunt *h = hunt_new(spec, &f->ports, "rule", NULL);
    unsigned number = 0;
    for (unsigned minute = 0; minute < 200; minute++) {
        const ts_ns now = NOON + minute * TIME_MIN;
        const struct hunt_span span = {
            .from = now - 6 * TIME_MIN, .to = now, .until = now, .now = now, .own = true};
        if (!skip || !hunt_is_idle(h, &span))
            add_new(out, field_look(f, h, span.from, span.to));
        for (unsigned n = draw(6) == 0 ? draw(40) : 0; n > 0; n--)
            put_event(f, h, now + draw(100) * TIME_S, number++);
    }
    hunt_free(h);
    hunt_spec_free(spec);
    field_release(f);
    free(f);
}

static void idle_runs_find_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct buf all;
        struct buf some;
        buf_init(&all);
        buf_init(&some);
        random_state = 77 + i;
        run_with_idle(rules[i].type, rules[i].members, false, &all);
        random_state = 77 + i;
        run_with_idle(rules[i].type, rules[i].members, true, &some);
        assert_true(all.n > 0);
        assert_string_equal(buf_text(&all), buf_text(&some));
        buf_release(&all);
        buf_release(&some);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_and_stored_give_the_same),
        cmocka_unit_test(idle_runs_find_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
