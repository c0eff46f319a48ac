/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/observer.h"

#include "event/event.h"

#include <string.h>

static void set(struct event *e, event_field f, const char *s)
{
    if (s != NULL)
        event_set_str_view(e, f, s, strlen(s));
}

void flow_observer_stamp(const struct flow_observer *o, const char *dataset, struct event *e)
{
    set(e, EVENT_F_EVENT_KIND, "event");
    set(e, EVENT_F_EVENT_DATASET, dataset);
    set(e, EVENT_F_DATA_STREAM_TYPE, "logs");
    set(e, EVENT_F_DATA_STREAM_DATASET, dataset);
    set(e, EVENT_F_DATA_STREAM_NAMESPACE, o->namespace != NULL ? o->namespace : "default");
    set(e, EVENT_F_ECS_VERSION, o->ecs_version != NULL ? o->ecs_version : FLOW_OBSERVER_ECS);
    set(e, EVENT_F_AGENT_TYPE, "packetbeat");
    set(e, EVENT_F_AGENT_ID, o->agent_id);
    set(e, EVENT_F_AGENT_NAME, o->agent_name);
    set(e, EVENT_F_AGENT_VERSION, o->agent_version);
    set(e, EVENT_F_HOST_NAME, o->host_name);
    set(e, EVENT_F_HOST_ID, o->host_id);
}
