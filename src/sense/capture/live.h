#ifndef CAPTURE_LIVE_H
#define CAPTURE_LIVE_H

/*
 * Packets from interfaces, as they pass.
 *
 * libpcap on each interface, read in turn. Times have nanoseconds where the system gives them.
 * Waiting ends after a timeout, so that the caller's time goes on while the wire is idle.
 *
 * Ownership: capture_live_open() makes the source; packets are views that die at the next call.
 * Threads:   one owner; capture_live_stop() from any thread or a signal handler.
 */

#include "base/err.h"
#include "capture/packet.h"

#include <stdbool.h>
#include <stddef.h>

struct capture_live;

struct capture_live_settings {
    const char *const *interfaces;
    size_t interface_n;  /* ≥ 1 */
    const char *filter;  /* BPF expression; NULL for none */
    uint32_t snaplen;    /* bytes kept of a packet; 0 means 262,144 */
    size_t buffer_bytes; /* kernel buffer of each interface; 0 means 32 MiB */
    bool promiscuous;
};

struct capture_live_counters {
    uint64_t packets;         /* given out */
    uint64_t kernel_received; /* passed the filter, as the kernel counts */
    uint64_t kernel_dropped;  /* no room in the kernel buffer: we were too slow */
    uint64_t link_dropped;    /* dropped by the interface or its driver */
    uint64_t interfaces_lost; /* interfaces that went away */
};

/*
 * ERR_NOT_FOUND when an interface is not there, ERR_DENIED without the right to capture,
 * ERR_INVALID when the filter is wrong, ERR_IO, ERR_MEMORY.
 */
enum err capture_live_open(const struct capture_live_settings *settings, struct err_text *why,
                           struct capture_live **out) ERR_MUST_CHECK;
void capture_live_close(struct capture_live *l); /* NULL is fine */

/*
 * The next packet. ERR_AGAIN when none came within timeout_ns, ERR_STOPPED after
 * capture_live_stop(), ERR_END when the last interface went away, ERR_IO.
 */
enum err capture_live_next(struct capture_live *l, ts_ns timeout_ns, struct err_text *why,
                           struct capture_packet *out) ERR_MUST_CHECK;
void capture_live_stop(struct capture_live *l);

/* Name of an interface by capture_packet.interface. */
const char *capture_live_name(const struct capture_live *l, uint32_t interface);
struct capture_live_counters capture_live_counters(struct capture_live *l);

#endif
