/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/tap.h"

#include "cmocka_head.h"
#include "event/event.h"
#include "event/json.h"
#include "hunt/hunt.h"
#include "judge/hunt/support.h"
#include "query/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const rules[] = {
    "\"query\":\"event.action:(a or b) and user.name:*\"",
    "\"query\":\"event.action:b\"",
    "\"query\":\"destination.port:80 and event.category:network\"",
    "\"query\":\"user.name:x*\"",
    "\"query\":\"\",\"index\":[\"logs-net*\"]",
    "\"query\":\"event.action:a\",\"index\":[\"logs-other*\"]",
    "\"query\":\"event.category:network\",\"index\":[\"metrics-*\"]",
};
#define RULES (sizeof(rules) / sizeof(rules[0]))

static uint64_t random_state = 5;

static unsigned draw(unsigned n)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)((random_state >> 33) % n);
}

/* Every search gets what it wants, once. */
static void nothing_wanted_is_kept_back(void **state)
{
    (void)state;
    struct field *f = malloc(sizeof(*f));
    assert_non_null(f);
    field_init(f);
    f->ports.find = NULL; /* searches take what arrives from the start */
    struct hunt_tap *tap = hunt_tap_new();
    struct hunt_spec *specs[RULES];
    struct hunt *tapped[RULES];
    struct hunt *all[RULES + 1] = {NULL};
    for (size_t i = 0; i < RULES; i++) {
        specs[i] = field_spec(HUNT_QUERY, rules[i]);
        tapped[i] = hunt_new(specs[i], &f->ports, "rule", NULL);
        all[i] = hunt_new(specs[i], &f->ports, "rule", NULL);
        assert_int_equal(hunt_tap_add(tap, tapped[i], HUNT_EVENT | HUNT_INDICATOR), ERR_NONE);
    }
    assert_int_equal(hunt_tap_count(tap), RULES);
    static const char *const actions[] = {"\"a\"", "\"b\"", "[\"a\",\"b\"]", "\"c\"", "[]"};
    static const char *const sets[] = {"net", "other", "third"};
    for (unsigned i = 0; i < 3000; i++) {
        char json[256];
        char name[QUERY_INDEX_NAME_SIZE];
        char id[32];
        snprintf(json, sizeof(json),
                 "{\"event.dataset\":\"%s\",\"data_stream.type\":\"%s\",\"event.action\":%s,"
                 "\"user.name\":\"%c\",\"destination.port\":%u,\"event.category\":\"%s\"}",
                 sets[draw(3)], draw(4) > 0 ? "logs" : "metrics", actions[draw(5)], "xyz"[draw(3)],
                 draw(2) ? 80 : 443, draw(2) ? "network" : "file");
        snprintf(id, sizeof(id), "%u", i);
        if (f->n == 1000) {
            arena_clear(&f->arena);
            f->n = 0;
        }
        field_event(f, NULL, NOON + i, json);
        struct event *e = f->events[f->n - 1];
        size_t n = query_index_name(e, name);
        const struct hunt_source source = {name, id, "1", e};
        assert_true(hunt_tap_feed(tap, &source));
        for (size_t k = 0; k < RULES; k++) {
            if ((hunt_roles(all[k], name, n) & HUNT_EVENT) != 0)
                hunt_feed(all[k], HUNT_EVENT, &source);
        }
    }
    for (size_t i = 0; i < RULES; i++) {
        struct hunt_stats a;
        struct hunt_stats b;
        hunt_stats(tapped[i], &a);
        hunt_stats(all[i], &b);
        assert_true(b.matched > 50);
        assert_int_equal(a.matched, b.matched);
        hunt_tap_remove(tap, tapped[i]);
        hunt_free(tapped[i]);
        hunt_free(all[i]);
        hunt_spec_free(specs[i]);
    }
    assert_int_equal(hunt_tap_count(tap), 0);
    hunt_tap_free(tap);
    field_release(f);
    free(f);
}

/* Names of indices come from traffic. */
static void many_names_cost_no_memory(void **state)
{
    (void)state;
    struct field *f = malloc(sizeof(*f));
    assert_non_null(f);
    field_init(f);
    f->ports.find = NULL;
    struct hunt_tap *tap = hunt_tap_new();
    struct hunt_spec *spec = field_spec(HUNT_QUERY, "\"query\":\"event.action:a\"");
    struct hunt *h = hunt_new(spec, &f->ports, "rule", NULL);
    assert_int_equal(hunt_tap_add(tap, h, HUNT_EVENT), ERR_NONE);
    field_event(f, NULL, NOON, "{\"event.action\":\"a\"}");
    for (unsigned i = 0; i < 5000; i++) {
        char name[32];
        snprintf(name, sizeof(name), "logs-%u-default", i);
        const struct hunt_source source = {name, name, "1", f->events[0]};
        hunt_tap_feed(tap, &source);
    }
    struct hunt_stats stats;
    hunt_stats(h, &stats);
    assert_int_equal(stats.matched, 5000);
    hunt_tap_free(tap);
    hunt_free(h);
    hunt_spec_free(spec);
    field_release(f);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_wanted_is_kept_back),
        cmocka_unit_test(many_names_cost_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
