/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/reader_priv.h"

#define HEADER_SIZE 24
#define RECORD_SIZE 16
#define RECORD_SIZE_LONG 24 /* with interface, protocol and packet type */

static enum err read_record(struct capture_file *f, struct capture_packet *out)
{
    enum err err = capture_source_need(&f->source, f->record_header_n);
    if (err != ERR_NONE) {
        if (err == ERR_END && f->source.left == 0 && !capture_source_cut(&f->source))
            return ERR_END;
        return capture_reader_end(f, err);
    }
    struct cursor c = cursor_make(f->source.p, RECORD_SIZE);
    int64_t seconds = capture_reader_u32(f, &c);
    int64_t ticks = capture_reader_u32(f, &c);
    uint32_t captured = capture_reader_u32(f, &c);
    uint32_t wire = capture_reader_u32(f, &c);
    if (captured > CAPTURE_RECORD_MAX)
        return capture_reader_damaged(f);
    err = capture_source_need(&f->source, f->record_header_n + captured);
    if (err != ERR_NONE)
        return capture_reader_end(f, err);

    *out = (struct capture_packet){
        .ts = seconds * TIME_S + ticks * f->tick_ns,
        .link = f->link,
        .wire_len = wire > captured ? wire : captured,
        .data = bytes_make(f->source.p + f->record_header_n, captured),
    };
    capture_source_skip(&f->source, f->record_header_n + captured);
    return ERR_NONE;
}

enum err capture_pcap_start(struct capture_file *f, struct err_text *why)
{
    struct cursor c = cursor_make(f->source.p, f->source.left);
    switch (cursor_be32(&c)) {
    case 0xa1b2c3d4:
    case 0xa1b23c4d:
    case 0xa1b2cd34:
        f->swap = true;
        break;
    case 0xd4c3b2a1:
    case 0x4d3cb2a1:
    case 0x34cdb2a1:
        break;
    default:
        return ERR_FORMAT;
    }
    enum err err = capture_source_need(&f->source, HEADER_SIZE);
    if (err == ERR_END)
        return err_set(why, ERR_FORMAT, "the pcap file ends within its header");
    if (err != ERR_NONE)
        return err;
    c = cursor_make(f->source.p, HEADER_SIZE);
    uint32_t magic = capture_reader_u32(f, &c);
    uint16_t major = capture_reader_u16(f, &c);
    uint16_t minor = capture_reader_u16(f, &c);
    cursor_skip(&c, 12);
    if (major != 2)
        return err_set(why, ERR_FORMAT, "this is pcap version %u.%u; only version 2 is read", major,
                       minor);
    /* The upper six bits may tell the length of the frame check sequence. */
    f->link = capture_reader_u32(f, &c) & 0x03ffffff;
    f->tick_ns = magic == 0xa1b23c4d ? 1 : TIME_US;
    f->record_header_n = magic == 0xa1b2cd34 ? RECORD_SIZE_LONG : RECORD_SIZE;
    f->read = read_record;
    capture_source_skip(&f->source, HEADER_SIZE);
    return ERR_NONE;
}
