#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

/*
 * A BPF filter expression, applied to packets of any link type.
 *
 * libpcap compiles it anew for each link type that comes up.
 *
 * Ownership: capture_filter_new() makes the filter.
 * Threads:   one owner; libpcap's compiler itself is safe from any thread since 1.8.
 */

#include "base/err.h"
#include "capture/packet.h"

#include <stdbool.h>

struct capture_filter;

/* Checks the expression for Ethernet. ERR_INVALID with libpcap's own words; ERR_MEMORY. */
enum err capture_filter_new(const char *expression, struct err_text *why,
                            struct capture_filter **out) ERR_MUST_CHECK;
void capture_filter_free(struct capture_filter *f); /* NULL is fine */

/*
 * Whether the filter takes this packet. ERR_INVALID when the expression makes no sense for its link
 * type ("ether host …" on raw IP); ERR_MEMORY.
 */
enum err capture_filter_match(struct capture_filter *f, const struct capture_packet *p,
                              struct err_text *why, bool *out_match) ERR_MUST_CHECK;

#endif
