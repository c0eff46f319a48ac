/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/observer.h"

#include "event/event.h"

#include "cmocka_head.h"

static void stamps_what_is_known(void **state)
{
    (void)state;
    struct arena a;
    struct event e;
    arena_init(&a, 0);
    event_init(&e, &a, 0);
    struct flow_observer o = {.host_name = "gate", .namespace = "office"};
    flow_observer_stamp(&o, "network_traffic.flow", &e);
    assert_string_equal(event_str(&e, EVENT_F_HOST_NAME, ""), "gate");
    assert_string_equal(event_str(&e, EVENT_F_DATA_STREAM_NAMESPACE, ""), "office");
    assert_string_equal(event_str(&e, EVENT_F_EVENT_DATASET, ""), "network_traffic.flow");
    assert_string_equal(event_str(&e, EVENT_F_ECS_VERSION, ""), FLOW_OBSERVER_ECS);
    assert_false(event_has(&e, EVENT_F_HOST_ID));
    o.namespace = NULL;
    o.ecs_version = "9.0.0";
    flow_observer_stamp(&o, "network_traffic.dns", &e);
    assert_string_equal(event_str(&e, EVENT_F_DATA_STREAM_NAMESPACE, ""), "default");
    assert_string_equal(event_str(&e, EVENT_F_ECS_VERSION, ""), "9.0.0");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stamps_what_is_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
