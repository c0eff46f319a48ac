/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/place.h"

#include "cmocka_head.h"
#include "event/event.h"

/* Each is after all before it and after none behind it. */
static void places_are_in_order(void **state)
{
    (void)state;
    const struct engine_place places[] = {
        ENGINE_PLACE_NONE, {-5, 9, 9}, {0, 0, 0},          {0, 0, 7},
        {0, 3, 1},         {8, 0, 0},  {8, 1, UINT64_MAX},
    };
    size_t n = sizeof(places) / sizeof(places[0]);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            assert_true(engine_place_is_after(places[i], places[k]) == (i > k));
}

static void an_event_has_one(void **state)
{
    (void)state;
    const struct event e = {.time = 5, .source = 2, .sequence = 9};
    struct engine_place p = engine_place_of(&e);
    assert_true(p.time == 5 && p.source == 2 && p.sequence == 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_in_order),
        cmocka_unit_test(an_event_has_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
