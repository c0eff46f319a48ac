/* SPDX-License-Identifier: Apache-2.0 */
/* New searches that are fed piece by piece, while events go on to arrive, know what they would know
 * had they been fed at once at the end. */
#include "hunt/hunt.h"

#include "base/rng.h"
#include "cmocka_head.h"
#include "judge/hunt/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEARCHES 4
#define ROUNDS 60

static struct hunt_spec *spec_of(int i)
{
    static const struct {
        enum hunt_type type;
        const char *members;
    } kinds[SEARCHES] = {
        {HUNT_QUERY, "\"query\":\"host.name:h1\""},
        {HUNT_THRESHOLD, "\"threshold\":{\"field\":[\"host.name\"],\"value\":5}"},
        {HUNT_NEW_TERMS,
         "\"new_terms_fields\":[\"user.name\"],\"history_window_start\":\"now-2h\""},
        {HUNT_EQL, "\"language\":\"eql\",\"query\":\"sequence by host.name [any where user.name == "
                   "\\\"u1\\\"] [any where user.name == \\\"u2\\\"]\""},
    };
    return field_spec(kinds[i].type, kinds[i].members);
}

static void add(struct field *f, struct rng *rng, struct hunt *const *hunts, ts_ns time)
{
    char json[200];
    snprintf(json, sizeof(json),
             "{\"event.id\":\"%zu\",\"event.category\":\"network\",\"host.name\":\"h%u\","
             "\"user.name\":\"u%u\"}",
             f->n, (unsigned)rng_below(rng, 3), (unsigned)rng_below(rng, 12));
    field_event(f, hunts, time, json);
}

/* In the two hours before noon, by the second, so that many are of one time. */
static ts_ns some_time(struct rng *rng)
{
    return NOON - (ts_ns)rng_below(rng, 7200) * TIME_S;
}

static void in_pieces(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 11);
    size_t pieces = 0, hits = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct field *f = malloc(sizeof(*f));
        assert_non_null(f);
        field_init(f);
        struct hunt_spec *specs[2 * SEARCHES];
        struct hunt *hunts[SEARCHES + 1] = {NULL};
        struct hunt_first list[SEARCHES];
        struct hunt_feeding *feeding;
        for (int i = 0; i < 100; i++)
            add(f, &rng, NULL, some_time(&rng));
        for (int i = 0; i < SEARCHES; i++) {
            specs[i] = spec_of(i);
            hunts[i] = hunt_new(specs[i], &f->ports, "rule", NULL);
            list[i] = (struct hunt_first){hunts[i],
                                          {.from = NOON - 30 * TIME_MIN,
                                           .to = NOON,
                                           .until = NOON,
                                           .now = NOON,
                                           .own = true}};
        }
        assert_int_equal(hunt_feeding_begin(list, SEARCHES, &f->ports, &feeding, NULL), ERR_NONE);
        while (hunt_feeding_at(feeding) != TIME_MAX) {
            for (int i = 0; i < SEARCHES; i++) {
                assert_false(hunt_is_new(hunts[i]));
                assert_true(hunt_is_between(hunts[i]));
            }
            /* Some lie where the pass has been, some do not. */
            for (unsigned n = (unsigned)rng_below(&rng, 8); n > 0; n--)
                add(f, &rng, hunts, some_time(&rng));
            ts_ns to = hunt_feeding_at(feeding) + (ts_ns)(1 + rng_below(&rng, 3000)) * TIME_S;
            assert_int_equal(
                hunt_feeding_go_on(feeding, to > NOON ? TIME_MAX : to, rng_below(&rng, 30), NULL),
                ERR_NONE);
            pieces++;
        }
        hunt_feeding_free(feeding);
        for (int i = 0; i < 5; i++)
            add(f, &rng, hunts, some_time(&rng));
        for (int i = 0; i < SEARCHES; i++) {
            assert_false(hunt_is_between(hunts[i]));
            specs[SEARCHES + i] = spec_of(i);
            struct hunt *whole = hunt_new(specs[SEARCHES + i], &f->ports, "rule", NULL);
            char *wanted = strdup(field_look_span(f, whole, &list[i].span));
            hits += f->hits;
            size_t searches = f->searches;
            assert_string_equal(field_look_span(f, hunts[i], &list[i].span), wanted);
            assert_int_equal(f->searches, searches); /* nobody was asked */
            free(wanted);
            hunt_free(whole);
            hunt_free(hunts[i]);
            hunt_spec_free(specs[i]);
            hunt_spec_free(specs[SEARCHES + i]);
        }
        field_release(f);
        free(f);
    }
    assert_true(pieces > 4 * ROUNDS);
    assert_true(hits > ROUNDS);
}

/* A search may go in the middle; others whose pass fails, or is given up, are new again. */
static void ends_early(void **state)
{
    (void)state;
    struct field *f = malloc(sizeof(*f));
    assert_non_null(f);
    field_init(f);
    struct hunt_spec *specs[2] = {spec_of(0), spec_of(1)};
    struct hunt_first list[2];
    struct hunt_feeding *feeding;
    struct rng rng;
    rng_init(&rng, 3);
    for (int i = 0; i < 50; i++)
        add(f, &rng, NULL, some_time(&rng));
    for (int i = 0; i < 2; i++)
        list[i] = (struct hunt_first){
            hunt_new(specs[i], &f->ports, "rule", NULL),
            {.from = NOON - TIME_HOUR, .to = NOON, .until = NOON, .now = NOON, .own = true}};
    assert_int_equal(hunt_feeding_begin(list, 2, &f->ports, &feeding, NULL), ERR_NONE);
    assert_int_equal(hunt_feeding_at(feeding), NOON - TIME_HOUR);
    assert_int_equal(hunt_feeding_go_on(feeding, NOON - 50 * TIME_MIN, 0, NULL), ERR_NONE);
    hunt_feeding_drop(feeding, list[1].hunt);
    hunt_free(list[1].hunt);
    assert_int_equal(hunt_feeding_go_on(feeding, NOON - 40 * TIME_MIN, 0, NULL), ERR_NONE);
    f->broken = true;
    assert_int_equal(hunt_feeding_go_on(feeding, TIME_MAX, 0, NULL), ERR_IO);
    f->broken = false;
    assert_true(hunt_is_between(list[0].hunt));
    hunt_feeding_free(feeding);
    assert_false(hunt_is_between(list[0].hunt));
    assert_true(hunt_is_new(list[0].hunt));
    field_look_span(f, list[0].hunt, &list[0].span);
    assert_true(f->hits > 0);
    hunt_free(list[0].hunt);
    hunt_feeding_free(NULL);
    for (int i = 0; i < 2; i++)
        hunt_spec_free(specs[i]);
    field_release(f);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_pieces),
        cmocka_unit_test(ends_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
