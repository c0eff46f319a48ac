/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/jail.h"

#include "base/buf.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "deliver/courier.h"
#include "priv/jail.h"
#include "priv/monitor.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNTERS_SIZE 64

struct places {
    struct priv_place *items;
    size_t n;
    char library[STORE_LIBRARY_PATH_SIZE];
    char (*counters)[COUNTERS_SIZE]; /* folders of the interfaces' counters */
};

static void add(struct places *p, const char *path, enum priv_use use)
{
    p->items[p->n++] = (struct priv_place){path, use};
}

static void add_list(struct places *p, const struct conf_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        add(p, list->items[i], PRIV_USE_READ);
}

static bool make_places(struct places *p, const struct conf *conf, const char *data_dir)
{
    static const char *const data[] = {"/var/lib/location", "/usr/share/libloc-location",
                                       "/usr/share/publicsuffix"};
    const size_t fixed = sizeof(data) / sizeof(data[0]);
    size_t n = 2 + fixed + conf->follow.n + conf->geoip.n + conf->packages.n + conf->interfaces.n;
    p->items = mem_zero(n, sizeof(*p->items));
    p->counters = mem_zero(conf->interfaces.n + 1, sizeof(*p->counters));
    if (p->items == NULL || p->counters == NULL)
        return false;
    add(p, data_dir, PRIV_USE_WRITE);
    store_library_path(p->library);
    add(p, p->library, PRIV_USE_READ);
    for (size_t i = 0; i < fixed; i++)
        add(p, data[i], PRIV_USE_READ);
    add_list(p, &conf->follow);
    add_list(p, &conf->geoip);
    add_list(p, &conf->packages);
    for (size_t i = 0; i < conf->interfaces.n; i++) {
        /* Names of interfaces have at most 15 bytes; one that is cut is of nothing that is there.
         */
        snprintf(p->counters[i], COUNTERS_SIZE, "/sys/class/net/%.15s/statistics",
                 conf->interfaces.items[i]);
        add(p, p->counters[i], PRIV_USE_READ);
    }
    return true;
}

enum err daemon_jail_enter(const struct conf *conf, const char *data_dir,
                           const struct priv_monitor *monitor, struct buf *out,
                           struct err_text *why)
{
    struct priv_user user;
    struct priv_jail jail;
    struct places places = {0};
    struct priv_jail_settings settings = {
        .monitor = monitor != NULL ? priv_monitor_pid(monitor) : 0,
    };
    enum err err = ERR_NONE;
    if (conf->user[0] != '\0') {
        err = priv_user_find(conf->user, &user, why);
        settings.user = &user;
        if (err == ERR_NONE && geteuid() == 0)
            err = priv_user_own(data_dir, &user, why);
    }
    /* SQLite puts what it sorts where it may write afterwards. */
    if (err == ERR_NONE &&
        (!make_places(&places, conf, data_dir) || setenv("SQLITE_TMPDIR", data_dir, 1) != 0))
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    settings.places = places.items;
    settings.places_n = places.n;
    if (err == ERR_NONE)
        err = priv_jail_enter(&settings, &jail, why);
    if (err == ERR_NONE) {
        priv_jail_describe(&jail, out);
        if (monitor != NULL)
            buf_format(out, "; followed logs opened by the monitor, process %ld",
                       (long)settings.monitor);
        if (!buf_ok(out))
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    mem_free(places.items);
    mem_free(places.counters);
    return err;
}

enum err daemon_jail_send_courier(const struct conf *conf, struct deliver_courier **out,
                                  struct err_text *why)
{
    static const struct priv_place places[] = {
        {"/etc/resolv.conf", PRIV_USE_READ},
        {"/run/systemd/resolve", PRIV_USE_READ},
        {"/etc/hosts", PRIV_USE_READ},
        {"/etc/host.conf", PRIV_USE_READ},
        {"/etc/nsswitch.conf", PRIV_USE_READ},
        {"/etc/gai.conf", PRIV_USE_READ},
        {"/etc/services", PRIV_USE_READ},
        {"/etc/ssl/certs", PRIV_USE_READ},
        {"/etc/gnutls", PRIV_USE_READ},
        {"/usr/share/ca-certificates", PRIV_USE_READ},
        {"/usr/local/share/ca-certificates", PRIV_USE_READ},
    };
    struct priv_user user;
    struct priv_jail_settings settings = {
        .places = places, .places_n = sizeof(places) / sizeof(places[0]), .courier = true};
    enum err err = ERR_NONE;
    if (conf->user[0] != '\0') {
        err = priv_user_find(conf->user, &user, why);
        settings.user = &user;
    }
    return err == ERR_NONE ? deliver_courier_start(conf, &settings, out, why) : err;
}
