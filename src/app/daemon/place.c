/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/place.h"

#include "event/event.h"

struct daemon_place daemon_place_of(const struct event *e)
{
    return (struct daemon_place){e->time, e->source, e->sequence};
}

bool daemon_place_is_after(struct daemon_place a, struct daemon_place b)
{
    if (a.time != b.time)
        return a.time > b.time;
    if (a.source != b.source)
        return a.source > b.source;
    return a.sequence > b.sequence;
}
