/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "priv/jail.h"

#include "base/buf.h"
#include "base/mem.h"
#include "priv/calls.h"

#include <errno.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What any program reads: libraries, times, numbers of processors, nothing secret. */
static const struct priv_place system_places[] = {
    {"/proc/self/exe", PRIV_USE_RUN},
    {"/proc/self", PRIV_USE_READ},
    {"/proc/meminfo", PRIV_USE_READ},
    {"/proc/sys/vm/overcommit_memory", PRIV_USE_READ},
    {"/proc/cpuinfo", PRIV_USE_READ},
    {"/proc/stat", PRIV_USE_READ},
    {"/lib", PRIV_USE_READ},
    {"/lib64", PRIV_USE_READ},
    {"/usr/lib", PRIV_USE_READ},
    {"/usr/lib64", PRIV_USE_READ},
    {"/usr/local/lib", PRIV_USE_READ},
    {"/etc/ld.so.cache", PRIV_USE_READ},
    {"/etc/ld.so.preload", PRIV_USE_READ},
    {"/etc/localtime", PRIV_USE_READ},
    {"/usr/share/zoneinfo", PRIV_USE_READ},
    {"/sys/devices/system/cpu", PRIV_USE_READ},
    {"/sys/devices/system/node", PRIV_USE_READ},
    {"/dev/urandom", PRIV_USE_READ},
    {"/dev/zero", PRIV_USE_READ},
    {"/dev/null", PRIV_USE_WRITE},
#ifdef PRIV_COVERAGE
    {PRIV_COVERAGE, PRIV_USE_WRITE},
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    {"/proc", PRIV_USE_READ}, /* the search for leaks */
#endif
};
#define SYSTEM_PLACES (sizeof(system_places) / sizeof(system_places[0]))

/* The first object is the program: the kernel runs the loader that it names. */
static int find_loader(struct dl_phdr_info *info, size_t size, void *out)
{
    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_INTERP)
            continue;
        uintptr_t at = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        memcpy(out, &at, sizeof(at));
        break;
    }
    return 1;
}

static enum err enter_land(const struct priv_jail_settings *settings, int *out_version,
                           struct err_text *why)
{
    const char *loader = NULL;
    size_t n = SYSTEM_PLACES;
    struct priv_place *places = mem_alloc((n + 1 + settings->places_n) * sizeof(*places));
    if (places == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    memcpy(places, system_places, sizeof(system_places));
    dl_iterate_phdr(find_loader, &loader);
    if (loader != NULL)
        places[n++] = (struct priv_place){loader, PRIV_USE_RUN};
    if (settings->places_n > 0)
        memcpy(places + n, settings->places, settings->places_n * sizeof(*places));
    enum err err =
        priv_land_enter(places, n + settings->places_n, settings->courier, out_version, why);
    mem_free(places);
    return err;
}

enum err priv_jail_enter(const struct priv_jail_settings *settings, struct priv_jail *out,
                         struct err_text *why)
{
    struct priv_jail jail = {0};
    enum err err =
        settings->user != NULL ? priv_user_become(settings->user, why) : priv_user_give_up(why);
    if (err != ERR_NONE)
        return err;
    jail.uid = geteuid();
    if (settings->monitor != 0) {
        /* Becoming another user has forgotten this. */
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != settings->monitor)
            return err_set(why, ERR_STOPPED, "the monitor is gone");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_set(why, ERR_DENIED, "new privileges cannot be given up: %s", strerror(errno));
    err = enter_land(settings, &jail.landlock, why);
    if (err == ERR_NONE)
        err = settings->courier ? priv_calls_courier(&jail.seccomp, why)
                                : priv_calls_engine(&jail.seccomp, why);
    if (err == ERR_NONE)
        *out = jail;
    return err;
}

void priv_jail_describe(const struct priv_jail *jail, struct buf *out)
{
    buf_format(out, "jailed: user %u, no new privileges, ", (unsigned)jail->uid);
    if (jail->landlock > 0)
        buf_format(out, "Landlock %d, ", jail->landlock);
    else
        buf_str(out, "no Landlock (the kernel has none), ");
    buf_str(out, jail->seccomp ? "seccomp" : "no seccomp (the kernel has none)");
}
