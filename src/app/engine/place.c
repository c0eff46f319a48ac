/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/place.h"

#include "event/event.h"

struct engine_place engine_place_of(const struct event *e)
{
    return (struct engine_place){e->time, e->source, e->sequence};
}

bool engine_place_is_after(struct engine_place a, struct engine_place b)
{
    if (a.time != b.time)
        return a.time > b.time;
    if (a.source != b.source)
        return a.source > b.source;
    return a.sequence > b.sequence;
}
