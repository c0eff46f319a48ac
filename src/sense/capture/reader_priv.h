#ifndef CAPTURE_READER_PRIV_H
#define CAPTURE_READER_PRIV_H

/*
 * What the two file formats share: the state of one open capture file.
 *
 * Threads: one owner.
 */

#include "capture/file.h"
#include "capture/filter.h"
#include "capture/source.h"

#define CAPTURE_RECORD_MAX ((uint32_t)16 * 1024 * 1024)
#define CAPTURE_INTERFACES_MAX 65536

struct capture_interface {
    uint32_t link;
    uint32_t snaplen;   /* 0 means no limit */
    uint8_t resolution; /* if_tsresol: digits of a second, or bits when the top bit is set */
    int64_t offset_s;   /* if_tsoffset */
};

struct capture_file {
    struct capture_source source;
    struct capture_filter *filter; /* NULL when there is none */
    struct capture_file_counters counters;
    char *name;
    uint64_t size;
    enum err (*read)(struct capture_file *f, struct capture_packet *out); /* next record */
    bool ended;
    bool swap; /* numbers are big-endian */

    /* pcap */
    uint32_t link;
    uint32_t record_header_n;
    int64_t tick_ns;

    /* pcapng */
    struct capture_interface *interfaces; /* of this section */
    size_t interface_n;
    size_t interface_cap;
    uint32_t interface_base; /* interfaces of the sections before */
    ts_ns last_ts;
};

static inline uint32_t capture_reader_u32(const struct capture_file *f, struct cursor *c)
{
    return f->swap ? cursor_be32(c) : cursor_le32(c);
}

static inline uint16_t capture_reader_u16(const struct capture_file *f, struct cursor *c)
{
    return f->swap ? cursor_be16(c) : cursor_le16(c);
}

/* The file ends here, cut off or damaged: says so in the counters. Returns ERR_END. */
enum err capture_reader_end(struct capture_file *f, enum err err);
enum err capture_reader_damaged(struct capture_file *f);

/* Look at the head of the file; ERR_FORMAT when it is of another kind. */
enum err capture_pcap_start(struct capture_file *f, struct err_text *why);
enum err capture_pcapng_start(struct capture_file *f, struct err_text *why);

#endif
