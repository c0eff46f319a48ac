/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/runtime.h"

#include <string.h>

static void add(struct buf *out, struct bytes b)
{
    buf_add(out, b.p, b.n);
}

static bool first_or_none(const struct bytes *sources, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        if (sources[i].n > 0) {
            add(out, sources[i]);
            return true;
        }
    }
    buf_str(out, "None");
    return true;
}

static bool make_etld(const struct bytes *sources, struct buf *out)
{
    return first_or_none(sources, 2, out);
}

static bool make_logon_type(const struct bytes *sources, struct buf *out)
{
    return first_or_none(sources, 1, out);
}

/* What stands before the last separator of a path, of either kind. */
static bool make_directory(const struct bytes *sources, struct buf *out)
{
    size_t n = sources[0].n;
    while (n > 0 && sources[0].p[n - 1] != '/' && sources[0].p[n - 1] != '\\')
        n--;
    if (n == 0)
        return false;
    if (n > 1)
        n--;
    buf_add(out, sources[0].p, n);
    return true;
}

/* user.email, else user.id, else user.name at the host it is known on. */
static bool make_user_entity(const struct bytes *sources, struct buf *out)
{
    struct bytes email = sources[0];
    struct bytes id = sources[1];
    struct bytes name = sources[2];
    struct bytes host = sources[3].n > 0 ? sources[3] : sources[4];
    if (email.n == 0 && id.n == 0 && name.n == 0)
        return false;
    buf_str(out, "user:");
    if (email.n > 0) {
        add(out, email);
    } else if (id.n > 0) {
        add(out, id);
    } else {
        add(out, name);
        if (host.n > 0) {
            buf_char(out, '@');
            add(out, host);
        }
    }
    return true;
}

static bool make_host_entity(const struct bytes *sources, struct buf *out)
{
    for (size_t i = 0; i < 3; i++) {
        if (sources[i].n > 0) {
            buf_str(out, "host:");
            add(out, sources[i]);
            return true;
        }
    }
    return false;
}

#define USER_SOURCES                                                                               \
    {                                                                                              \
        "user.email", "user.id", "user.name", "host.id", "host.name", NULL                         \
    }
#define HOST_SOURCES                                                                               \
    {                                                                                              \
        "host.id", "host.name", "host.hostname", NULL, NULL, NULL                                  \
    }

static const struct detect_runtime fields[] = {
    {"dns_question_etld",
     {"dns.question.etld_plus_one", "dns.question.registered_domain", NULL},
     make_etld},
    {"winlog_logon_type", {"winlog.event_data.LogonType", NULL}, make_logon_type},
    {"file_directory", {"file.path", NULL}, make_directory},
    {"user.entity.id_computed", USER_SOURCES, make_user_entity},
    {"host.entity.id_computed", HOST_SOURCES, make_host_entity},
    {"euid_user_entity", USER_SOURCES, make_user_entity},
    {"euid_host_entity", HOST_SOURCES, make_host_entity},
};

const struct detect_runtime *detect_runtime_find(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (strlen(fields[i].name) == n && memcmp(fields[i].name, name, n) == 0)
            return &fields[i];
    }
    return NULL;
}

const char *detect_runtime_names(void)
{
    return "dns_question_etld, winlog_logon_type, file_directory, user.entity.id_computed and "
           "host.entity.id_computed";
}
