/* SPDX-License-Identifier: Apache-2.0 */
#include "event/field.h"

#include "base/assert.h"

#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
static const struct field_name *field_lookup(register const char *str, register size_t len);
#include "field_names.inc"
#pragma GCC diagnostic pop

#define KEYWORD EVENT_KIND_KEYWORD
#define TEXT EVENT_KIND_TEXT
#define WILDCARD EVENT_KIND_WILDCARD
#define LONG EVENT_KIND_LONG
#define DOUBLE EVENT_KIND_DOUBLE
#define BOOLEAN EVENT_KIND_BOOLEAN
#define IP EVENT_KIND_IP
#define DATE EVENT_KIND_DATE
#define GEO_POINT EVENT_KIND_GEO_POINT

static const struct event_field_def defs[] = {
#define FIELD(id, name, kind) {name, sizeof(name) - 1, kind},
#include "event/field_list.h"
#undef FIELD
};

const struct event_field_def *event_field_def(event_field f)
{
    ASSERT(f < EVENT_F_COUNT);
    return &defs[f];
}

event_field event_field_by_name(const char *name, size_t n)
{
    const struct field_name *found = field_lookup(name, n);
    return found != NULL ? found->field : EVENT_F_NONE;
}

const char *event_kind_name(enum event_kind kind)
{
    static const char *const names[] = {
        "keyword", "text", "wildcard", "long", "double", "boolean", "ip", "date", "geo_point",
    };
    return names[kind];
}

bool event_field_object_array(const char *name, size_t n)
{
    static const char *const arrays[] = {"dns.answers", "dns.authorities", "dns.additionals"};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        if (strlen(arrays[i]) == n && memcmp(arrays[i], name, n) == 0)
            return true;
    return false;
}
