#ifndef FLOW_OBSERVER_H
#define FLOW_OBSERVER_H

/*
 * Who says so: the constant part of every event that is made from packets.
 *
 * Ownership: the texts are borrowed and must outlive every event made with them.
 * Threads:   a value that nobody changes.
 */

struct event;

/* NUL-terminated, valid UTF-8; NULL leaves a field out. */
struct flow_observer {
    const char *host_name;
    const char *host_id;
    const char *agent_id;
    const char *agent_name;
    const char *agent_version;
    const char *namespace;   /* of the data stream; NULL means "default" */
    const char *ecs_version; /* NULL means FLOW_OBSERVER_ECS */
};

#define FLOW_OBSERVER_ECS "8.17.0"

/*
 * Sets host.*, agent.*, ecs.version, data_stream.*, event.kind and event.dataset. The dataset
 * ("network_traffic.flow") must be a constant.
 */
void flow_observer_stamp(const struct flow_observer *o, const char *dataset, struct event *e);

#endif
