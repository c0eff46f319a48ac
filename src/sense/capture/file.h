#ifndef CAPTURE_FILE_H
#define CAPTURE_FILE_H

/*
 * Packets from a capture file.
 *
 * pcap (micro- and nanoseconds, both byte orders, also with Kuznetzov's longer record headers)
 * and pcapng (several sections and interfaces, each interface with its own link type and time
 * resolution), plain or compressed with gzip or zstd, from a path or a descriptor. A file that ends
 * within a packet gives the packets before and says so in its counters; so does one with a broken
 * record in its middle. Format: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.
 *
 * Ownership: capture_file_open() makes the reader, which owns its descriptor and buffers; packets
 *            are views that die at the next call.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "capture/packet.h"

#include <stdbool.h>

struct capture_file;

struct capture_file_counters {
    uint64_t packets;  /* given out */
    uint64_t bytes;    /* of the file, before decompression; grows as it is read */
    uint64_t filtered; /* packets the filter left out */
    uint64_t no_time;  /* packets without a time of their own (simple packet blocks) */
    uint64_t skipped;  /* pcapng blocks that carry no packet, or one for an unknown interface */
    bool truncated;    /* the file ended within a record */
    bool damaged;      /* a record could not be right; what follows it was not read */
};

/* Whether these first bytes of a file (8 are enough) begin a capture file, or a compressed file. */
bool capture_file_is_capture(struct bytes head);
bool capture_file_is_compressed(struct bytes head);

/*
 * path "-" is standard input. filter is a BPF expression as of tcpdump, NULL for none; it is
 * compiled anew for each link type. ERR_NOT_FOUND, ERR_DENIED, ERR_IO, ERR_MEMORY; ERR_FORMAT when
 * it is no capture file (an empty file is none); ERR_INVALID when the filter is wrong.
 */
enum err capture_file_open(const char *path, const char *filter, struct err_text *why,
                           struct capture_file **out) ERR_MUST_CHECK;

/*
 * The same for a descriptor, which the reader owns from now on even when this fails. head are bytes
 * that were read from it before (to see what it is); name is for messages.
 */
enum err capture_file_open_fd(int fd, struct bytes head, const char *name, const char *filter,
                              struct err_text *why, struct capture_file **out) ERR_MUST_CHECK;
void capture_file_close(struct capture_file *f); /* NULL is fine */

/*
 * The next packet. ERR_END at the end, also at the end of a truncated or damaged file; ERR_IO,
 * ERR_MEMORY; ERR_INVALID when the filter cannot be compiled for a link type first met here.
 */
enum err capture_file_next(struct capture_file *f, struct err_text *why,
                           struct capture_packet *out) ERR_MUST_CHECK;

const struct capture_file_counters *capture_file_counters(const struct capture_file *f);
const char *capture_file_name(const struct capture_file *f);
/* Size of the file in bytes, 0 when it is not known (a pipe): for progress against counters.bytes.
 */
uint64_t capture_file_size(const struct capture_file *f);

#endif
