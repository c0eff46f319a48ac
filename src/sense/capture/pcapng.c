/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "capture/reader_priv.h"

#define BLOCK_SECTION 0x0a0d0d0aU
#define BLOCK_INTERFACE 1
#define BLOCK_PACKET_OLD 2
#define BLOCK_PACKET_SIMPLE 3
#define BLOCK_PACKET 6
#define BYTE_ORDER_MAGIC 0x1a2b3c4dU
#define OPTION_END 0
#define OPTION_RESOLUTION 9
#define OPTION_OFFSET 14
#define BLOCK_FRAME 12 /* type and length before, length again behind */

/* A number of ticks of an interface, as nanoseconds; what no ts_ns holds becomes the nearest. */
static ts_ns to_ns(const struct capture_interface *i, uint64_t ticks)
{
    unsigned n = i->resolution & 0x7f;
    __int128 ns;
    if (i->resolution & 0x80) {
        uint64_t seconds = ticks >> n;
        uint64_t rest = ticks & ((UINT64_C(1) << n) - 1);
        ns = (__int128)seconds * TIME_S + (ts_ns)(((unsigned __int128)rest * TIME_S) >> n);
    } else {
        __int128 scale = 1;
        for (unsigned k = n < 9 ? n : 9; k < (n < 9 ? 9 : n); k++)
            scale *= 10;
        ns = n < 9 ? (__int128)ticks * scale : (__int128)ticks / scale;
    }
    ns += (__int128)i->offset_s * TIME_S;
    if (ns > TIME_MAX)
        return TIME_MAX;
    return ns <= TIME_NONE ? TIME_NONE + 1 : (ts_ns)ns;
}

/* Whether to_ns() can compute with it. */
static bool resolution_is_good(uint8_t resolution)
{
    return (resolution & 0x80) ? (resolution & 0x7f) < 64 : resolution <= 19;
}

static bool read_interface_options(struct capture_file *f, struct cursor *c,
                                   struct capture_interface *i)
{
    while (c->left >= 4) {
        uint16_t code = capture_reader_u16(f, c);
        uint16_t n = capture_reader_u16(f, c);
        if (code == OPTION_END)
            return true;
        struct cursor value = cursor_sub(c, n);
        if (code == OPTION_RESOLUTION && n == 1)
            i->resolution = cursor_u8(&value);
        else if (code == OPTION_OFFSET && n == 8)
            i->offset_s = (int64_t)(f->swap ? cursor_be64(&value) : cursor_le64(&value));
        size_t padding = (4 - n % 4u) % 4;
        cursor_skip(c, padding < c->left ? padding : c->left);
        if (!cursor_ok(c))
            return false;
    }
    return true;
}

static enum err add_interface(struct capture_file *f, struct cursor *c)
{
    struct capture_interface i = {.resolution = 6};
    i.link = capture_reader_u16(f, c);
    cursor_skip(c, 2);
    i.snaplen = capture_reader_u32(f, c);
    if (!cursor_ok(c) || !read_interface_options(f, c, &i) || !resolution_is_good(i.resolution) ||
        f->interface_n == CAPTURE_INTERFACES_MAX)
        return capture_reader_damaged(f);
    if (mem_grow((void **)&f->interfaces, &f->interface_cap, f->interface_n + 1, sizeof(i)) != 0)
        return ERR_MEMORY;
    f->interfaces[f->interface_n++] = i;
    return ERR_NONE;
}

/* A packet of interface id with its captured bytes next in the cursor; false to pass it over. */
static bool make_packet(struct capture_file *f, uint32_t id, struct cursor *c, uint32_t captured,
                        uint32_t wire, struct capture_packet *out)
{
    struct bytes data = cursor_take(c, captured);
    if (!cursor_ok(c) || id >= f->interface_n) {
        f->counters.skipped++;
        return false;
    }
    *out = (struct capture_packet){
        .link = f->interfaces[id].link,
        .interface = f->interface_base + id,
        .wire_len = wire > captured ? wire : captured,
        .data = data,
    };
    return true;
}

static bool read_packet(struct capture_file *f, uint32_t type, struct cursor *c,
                        struct capture_packet *out)
{
    uint32_t id;
    if (type == BLOCK_PACKET) {
        id = capture_reader_u32(f, c);
    } else {
        id = capture_reader_u16(f, c);
        cursor_skip(c, 2); /* packets dropped */
    }
    uint64_t high = capture_reader_u32(f, c);
    uint64_t ticks = high << 32 | capture_reader_u32(f, c);
    uint32_t captured = capture_reader_u32(f, c);
    uint32_t wire = capture_reader_u32(f, c);
    if (!make_packet(f, id, c, captured, wire, out))
        return false;
    out->ts = to_ns(&f->interfaces[id], ticks);
    f->last_ts = out->ts;
    return true;
}

/* Without a time: takes that of the packet before. */
static bool read_simple_packet(struct capture_file *f, struct cursor *c, struct capture_packet *out)
{
    uint32_t wire = capture_reader_u32(f, c);
    uint32_t captured = wire;
    if (f->interface_n > 0 && f->interfaces[0].snaplen > 0 && captured > f->interfaces[0].snaplen)
        captured = f->interfaces[0].snaplen;
    if (captured > c->left)
        captured = (uint32_t)c->left;
    if (!make_packet(f, 0, c, captured, wire, out))
        return false;
    out->ts = f->last_ts;
    f->counters.no_time++;
    return true;
}

/* The section header is next: sets the byte order. ERR_FORMAT when it is none. */
static enum err read_section(struct capture_file *f)
{
    enum err err = capture_source_need(&f->source, 16);
    if (err != ERR_NONE)
        return err;
    struct cursor c = cursor_make(f->source.p, 16);
    cursor_skip(&c, 8);
    uint32_t magic = cursor_le32(&c);
    if (magic != BYTE_ORDER_MAGIC && magic != __builtin_bswap32(BYTE_ORDER_MAGIC))
        return ERR_FORMAT;
    f->swap = magic != BYTE_ORDER_MAGIC;
    if (capture_reader_u16(f, &c) != 1)
        return ERR_VERSION;
    f->interface_base += (uint32_t)f->interface_n;
    f->interface_n = 0;
    return ERR_NONE;
}

static bool is_wanted(uint32_t type)
{
    return type == BLOCK_INTERFACE || type == BLOCK_PACKET || type == BLOCK_PACKET_OLD ||
           type == BLOCK_PACKET_SIMPLE;
}

/* Reads blocks until one is a packet. */
static enum err read_blocks(struct capture_file *f, struct capture_packet *out)
{
    for (;;) {
        enum err err = capture_source_need(&f->source, BLOCK_FRAME);
        if (err != ERR_NONE) {
            if (err == ERR_END && f->source.left == 0 && !capture_source_cut(&f->source))
                return ERR_END;
            return capture_reader_end(f, err);
        }
        struct cursor c = cursor_make(f->source.p, 8);
        uint32_t type = capture_reader_u32(f, &c);
        if (type == BLOCK_SECTION) {
            err = read_section(f);
            if (err != ERR_NONE)
                return err == ERR_FORMAT || err == ERR_VERSION ? capture_reader_damaged(f)
                                                               : capture_reader_end(f, err);
            c = cursor_make(f->source.p + 4, 4);
        }
        uint32_t length = capture_reader_u32(f, &c);
        if (length < BLOCK_FRAME || length % 4 != 0)
            return capture_reader_damaged(f);
        if (!is_wanted(type)) {
            f->counters.skipped += type != BLOCK_SECTION;
            err = capture_source_pass(&f->source, length);
            if (err != ERR_NONE)
                return capture_reader_end(f, err);
            continue;
        }
        if (length > CAPTURE_RECORD_MAX)
            return capture_reader_damaged(f);
        err = capture_source_need(&f->source, length);
        if (err != ERR_NONE)
            return capture_reader_end(f, err);
        c = cursor_make(f->source.p + length - 4, 4);
        if (capture_reader_u32(f, &c) != length)
            return capture_reader_damaged(f);
        c = cursor_make(f->source.p + 8, length - BLOCK_FRAME);
        capture_source_skip(&f->source, length);
        if (type == BLOCK_INTERFACE) {
            err = add_interface(f, &c);
            if (err != ERR_NONE)
                return err;
        } else if (type == BLOCK_PACKET_SIMPLE ? read_simple_packet(f, &c, out)
                                               : read_packet(f, type, &c, out)) {
            return ERR_NONE;
        }
    }
}

enum err capture_pcapng_start(struct capture_file *f, struct err_text *why)
{
    struct cursor c = cursor_make(f->source.p, f->source.left);
    if (cursor_be32(&c) != BLOCK_SECTION)
        return ERR_FORMAT;
    enum err err = read_section(f);
    if (err == ERR_END)
        return err_set(why, ERR_FORMAT, "the pcapng file ends within its header");
    if (err == ERR_VERSION)
        return err_set(why, ERR_FORMAT,
                       "this is a later version of pcapng; only version 1 is read");
    if (err == ERR_NONE)
        f->read = read_blocks;
    return err;
}
