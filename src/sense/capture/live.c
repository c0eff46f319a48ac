/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live.h"

#include "base/assert.h"
#include "base/mem.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SNAPLEN_DEFAULT 262144
#define BUFFER_DEFAULT ((size_t)32 * 1024 * 1024)
#define BLOCK_TIMEOUT_MS 50 /* a kernel block that does not fill is handed over after this */

struct tap {
    pcap_t *pcap; /* NULL once the interface went away */
    char *name;
    int fd;
    uint32_t link;
    bool nano;
    struct pcap_stat last; /* as counted so far: libpcap's numbers have 32 bits */
};

struct capture_live {
    struct tap *taps;
    size_t tap_n;
    size_t turn; /* who is asked next */
    atomic_bool stop;
    int stop_fd;          /* wakes a wait */
    struct pollfd *polls; /* of the taps, then of stop_fd */
    struct capture_live_counters counters;
};

static enum err explain_activate(int rc, const struct tap *t, struct err_text *why)
{
    const char *detail = pcap_geterr(t->pcap);
    switch (rc) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
        return err_set(why, ERR_NOT_FOUND, "there is no interface \"%s\"", t->name);
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
        return err_set(why, ERR_DENIED,
                       "capturing on \"%s\" is not allowed: CAP_NET_RAW is needed%s%s", t->name,
                       *detail != '\0' ? "; " : "", detail);
    case PCAP_ERROR_IFACE_NOT_UP:
        return err_set(why, ERR_IO, "interface \"%s\" is down", t->name);
    default:
        return err_set(why, ERR_IO, "cannot capture on \"%s\": %s", t->name,
                       *detail != '\0' ? detail : pcap_statustostr(rc));
    }
}

static enum err set_filter(struct tap *t, const char *filter, struct err_text *why)
{
    struct bpf_program bpf;
    if (pcap_compile(t->pcap, &bpf, filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
        return err_set(why, ERR_INVALID, "filter \"%s\" on interface \"%s\": %s", filter, t->name,
                       pcap_geterr(t->pcap));
    int rc = pcap_setfilter(t->pcap, &bpf);
    pcap_freecode(&bpf);
    if (rc != 0)
        return err_set(why, ERR_IO, "cannot filter on \"%s\": %s", t->name, pcap_geterr(t->pcap));
    return ERR_NONE;
}

static enum err open_tap(struct tap *t, const struct capture_live_settings *settings,
                         const char *name, struct err_text *why)
{
    char text[PCAP_ERRBUF_SIZE];
    t->name = mem_strdup(name);
    if (t->name == NULL)
        return ERR_MEMORY;
    t->pcap = pcap_create(name, text);
    if (t->pcap == NULL)
        return err_set(why, ERR_IO, "cannot capture on \"%s\": %s", name, text);
    uint32_t snaplen = settings->snaplen != 0 ? settings->snaplen : SNAPLEN_DEFAULT;
    size_t buffer = settings->buffer_bytes != 0 ? settings->buffer_bytes : BUFFER_DEFAULT;
    if (buffer > INT32_MAX)
        buffer = INT32_MAX;
    /* These fail only on a handle that runs already. */
    pcap_set_snaplen(t->pcap, (int)(snaplen < SNAPLEN_DEFAULT ? snaplen : SNAPLEN_DEFAULT));
    pcap_set_promisc(t->pcap, settings->promiscuous);
    pcap_set_timeout(t->pcap, BLOCK_TIMEOUT_MS);
    pcap_set_buffer_size(t->pcap, (int)buffer);
    t->nano = pcap_set_tstamp_precision(t->pcap, PCAP_TSTAMP_PRECISION_NANO) == 0;
    int rc = pcap_activate(t->pcap);
    if (rc < 0)
        return explain_activate(rc, t, why);
    t->nano = pcap_get_tstamp_precision(t->pcap) == PCAP_TSTAMP_PRECISION_NANO;
    int dlt = pcap_datalink(t->pcap);
    t->link = dlt == DLT_RAW ? 101 : (uint32_t)dlt;
    if (settings->filter != NULL) {
        enum err err = set_filter(t, settings->filter, why);
        if (err != ERR_NONE)
            return err;
    }
    t->fd = pcap_get_selectable_fd(t->pcap);
    if (t->fd < 0)
        return err_set(why, ERR_UNSUPPORTED, "interface \"%s\" cannot be waited for", name);
    if (pcap_setnonblock(t->pcap, 1, text) != 0)
        return err_set(why, ERR_IO, "cannot capture on \"%s\": %s", name, text);
    return ERR_NONE;
}

enum err capture_live_open(const struct capture_live_settings *settings, struct err_text *why,
                           struct capture_live **out)
{
    ASSERT(settings->interface_n > 0);
    enum err err = ERR_MEMORY;
    struct capture_live *l = mem_zero(1, sizeof(*l));
    if (l == NULL)
        return err;
    l->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->stop_fd < 0) {
        err = err_set(why, err_from_errno(errno), "cannot make an eventfd: %s", strerror(errno));
        goto fail;
    }
    l->taps = mem_zero(settings->interface_n, sizeof(l->taps[0]));
    l->polls = mem_zero(settings->interface_n + 1, sizeof(l->polls[0]));
    if (l->taps == NULL || l->polls == NULL)
        goto fail;
    for (size_t i = 0; i < settings->interface_n; i++) {
        l->tap_n = i + 1;
        err = open_tap(&l->taps[i], settings, settings->interfaces[i], why);
        if (err != ERR_NONE)
            goto fail;
    }
    *out = l;
    return ERR_NONE;
fail:
    capture_live_close(l);
    return err;
}

void capture_live_close(struct capture_live *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->tap_n; i++) {
        if (l->taps[i].pcap != NULL)
            pcap_close(l->taps[i].pcap);
        mem_free(l->taps[i].name);
    }
    if (l->stop_fd >= 0)
        close(l->stop_fd);
    mem_free(l->taps);
    mem_free(l->polls);
    mem_free(l);
}

static void count_drops(struct capture_live *l, struct tap *t)
{
    struct pcap_stat now;
    if (t->pcap == NULL || pcap_stats(t->pcap, &now) != 0)
        return;
    /* Unsigned differences are right when the 32 bits wrap. */
    l->counters.kernel_received += (uint32_t)(now.ps_recv - t->last.ps_recv);
    l->counters.kernel_dropped += (uint32_t)(now.ps_drop - t->last.ps_drop);
    l->counters.link_dropped += (uint32_t)(now.ps_ifdrop - t->last.ps_ifdrop);
    t->last = now;
}

static void lose_tap(struct capture_live *l, struct tap *t)
{
    count_drops(l, t);
    pcap_close(t->pcap);
    t->pcap = NULL;
    l->counters.interfaces_lost++;
}

/* Asks each interface once, beginning where the last packet did not come from. */
static bool take_packet(struct capture_live *l, struct capture_packet *out)
{
    for (size_t tried = 0; tried < l->tap_n; tried++) {
        size_t i = l->turn;
        l->turn = (l->turn + 1) % l->tap_n;
        struct tap *t = &l->taps[i];
        struct pcap_pkthdr *header;
        const u_char *data;
        if (t->pcap == NULL)
            continue;
        int rc = pcap_next_ex(t->pcap, &header, &data);
        if (rc < 0) {
            lose_tap(l, t);
            continue;
        }
        if (rc == 0)
            continue;
        *out = (struct capture_packet){
            .ts = (ts_ns)header->ts.tv_sec * TIME_S +
                  (ts_ns)header->ts.tv_usec * (t->nano ? 1 : TIME_US),
            .link = t->link,
            .interface = (uint32_t)i,
            .wire_len = header->len > header->caplen ? header->len : header->caplen,
            .data = bytes_make(data, header->caplen),
        };
        l->counters.packets++;
        return true;
    }
    return false;
}

enum err capture_live_next(struct capture_live *l, ts_ns timeout_ns, struct err_text *why,
                           struct capture_packet *out)
{
    if (atomic_load_explicit(&l->stop, memory_order_relaxed))
        return ERR_STOPPED;
    if (take_packet(l, out))
        return ERR_NONE;
    if (l->counters.interfaces_lost == l->tap_n)
        return err_set(why, ERR_END, "the last interface went away");

    for (size_t i = 0; i < l->tap_n; i++)
        l->polls[i] =
            (struct pollfd){.fd = l->taps[i].pcap != NULL ? l->taps[i].fd : -1, .events = POLLIN};
    l->polls[l->tap_n] = (struct pollfd){.fd = l->stop_fd, .events = POLLIN};
    ts_ns wait_ms = (timeout_ns + TIME_MS - 1) / TIME_MS;
    int rc = poll(l->polls, l->tap_n + 1, wait_ms < INT32_MAX ? (int)wait_ms : INT32_MAX);
    if (rc < 0 && errno != EINTR)
        return err_set(why, ERR_IO, "cannot wait for packets: %s", strerror(errno));
    if (atomic_load_explicit(&l->stop, memory_order_relaxed))
        return ERR_STOPPED;
    return rc > 0 && take_packet(l, out) ? ERR_NONE : ERR_AGAIN;
}

void capture_live_stop(struct capture_live *l)
{
    atomic_store_explicit(&l->stop, true, memory_order_relaxed);
    uint64_t one = 1;
    /* Fails only when the counter is full, which is a stop as well. */
    ssize_t n = write(l->stop_fd, &one, sizeof(one));
    (void)n;
}

const char *capture_live_name(const struct capture_live *l, uint32_t interface)
{
    return interface < l->tap_n ? l->taps[interface].name : "";
}

struct capture_live_counters capture_live_counters(struct capture_live *l)
{
    for (size_t i = 0; i < l->tap_n; i++)
        count_drops(l, &l->taps[i]);
    return l->counters;
}
