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

bool event_field_is_list(event_field f)
{
    static const bool lists[EVENT_F_COUNT] = {
        [EVENT_F_CLIENT_PROCESS_ARGS] = true,
        [EVENT_F_CONTAINER_IMAGE_HASH_ALL] = true,
        [EVENT_F_CONTAINER_IMAGE_TAG] = true,
        [EVENT_F_DNS_ADDITIONALS_CLASS] = true,
        [EVENT_F_DNS_ADDITIONALS_DATA] = true,
        [EVENT_F_DNS_ADDITIONALS_NAME] = true,
        [EVENT_F_DNS_ADDITIONALS_TTL] = true,
        [EVENT_F_DNS_ADDITIONALS_TYPE] = true,
        [EVENT_F_DNS_ANSWERS_CLASS] = true,
        [EVENT_F_DNS_ANSWERS_DATA] = true,
        [EVENT_F_DNS_ANSWERS_NAME] = true,
        [EVENT_F_DNS_ANSWERS_TTL] = true,
        [EVENT_F_DNS_ANSWERS_TYPE] = true,
        [EVENT_F_DNS_AUTHORITIES_CLASS] = true,
        [EVENT_F_DNS_AUTHORITIES_NAME] = true,
        [EVENT_F_DNS_AUTHORITIES_TYPE] = true,
        [EVENT_F_DNS_HEADER_FLAGS] = true,
        [EVENT_F_DNS_RESOLVED_IP] = true,
        [EVENT_F_EVENT_CATEGORY] = true,
        [EVENT_F_EVENT_TYPE] = true,
        [EVENT_F_FILE_ATTRIBUTES] = true,
        [EVENT_F_HOST_IP] = true,
        [EVENT_F_HOST_MAC] = true,
        [EVENT_F_PROCESS_ARGS] = true,
        [EVENT_F_PROCESS_ENV_VARS] = true,
        [EVENT_F_PROCESS_EXT_ANCESTRY] = true,
        [EVENT_F_PROCESS_PARENT_ARGS] = true,
        [EVENT_F_RELATED_HASH] = true,
        [EVENT_F_RELATED_HOSTS] = true,
        [EVENT_F_RELATED_IP] = true,
        [EVENT_F_RELATED_USER] = true,
        [EVENT_F_SERVER_PROCESS_ARGS] = true,
        [EVENT_F_SOURCE_USER_ROLES] = true,
        [EVENT_F_TAGS] = true,
        [EVENT_F_THREAT_TACTIC_ID] = true,
        [EVENT_F_THREAT_TECHNIQUE_ID] = true,
        [EVENT_F_TLS_CLIENT_CERTIFICATE_CHAIN] = true,
        [EVENT_F_TLS_CLIENT_SUPPORTED_CIPHERS] = true,
        [EVENT_F_TLS_CLIENT_X509_ALTERNATIVE_NAMES] = true,
        [EVENT_F_TLS_CLIENT_X509_ISSUER_COMMON_NAME] = true,
        [EVENT_F_TLS_CLIENT_X509_SUBJECT_COMMON_NAME] = true,
        [EVENT_F_TLS_SERVER_CERTIFICATE_CHAIN] = true,
        [EVENT_F_TLS_SERVER_X509_ALTERNATIVE_NAMES] = true,
        [EVENT_F_TLS_SERVER_X509_ISSUER_COMMON_NAME] = true,
        [EVENT_F_TLS_SERVER_X509_ISSUER_ORGANIZATION] = true,
        [EVENT_F_TLS_SERVER_X509_SUBJECT_COMMON_NAME] = true,
        [EVENT_F_TLS_SERVER_X509_SUBJECT_ORGANIZATION] = true,
        [EVENT_F_WEIR_UNTRUE] = true,
        [EVENT_F_ZEEK_HTTP_TAGS] = true,
    };
    return lists[f];
}

bool event_field_object_array(const char *name, size_t n)
{
    static const char *const arrays[] = {"dns.answers", "dns.authorities", "dns.additionals"};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        if (strlen(arrays[i]) == n && memcmp(arrays[i], name, n) == 0)
            return true;
    return false;
}
