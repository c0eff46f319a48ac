#ifndef TESTS_SENSE_CAPTURE_FILES_H
#define TESTS_SENSE_CAPTURE_FILES_H

/* Capture files made by hand, and descriptors to read them from. */

#include "sense/frames.h"

#include <stdio.h>
#include <unistd.h>

/* Numbers in the byte order of the machine that captured. */
static inline void order16(struct frame *f, bool big, unsigned v)
{
    put8(f, big ? v >> 8 : v);
    put8(f, big ? v : v >> 8);
}

static inline void order32(struct frame *f, bool big, uint32_t v)
{
    order16(f, big, big ? v >> 16 : v & 0xffff);
    order16(f, big, big ? v & 0xffff : v >> 16);
}

static inline void put_pcap_header(struct frame *f, bool big, uint32_t magic, uint32_t link)
{
    order32(f, big, magic);
    order16(f, big, 2);
    order16(f, big, 4);
    order32(f, big, 0);
    order32(f, big, 0);
    order32(f, big, 65535);
    order32(f, big, link);
}

static inline void put_pcap_record(struct frame *f, bool big, uint32_t s, uint32_t ticks,
                                   const char *text, uint32_t wire)
{
    order32(f, big, s);
    order32(f, big, ticks);
    order32(f, big, (uint32_t)strlen(text));
    order32(f, big, wire);
    put_text(f, text);
}

/* A pcapng block: begin, add its body, end. */
static inline size_t begin_block(struct frame *f, bool big, uint32_t type)
{
    order32(f, big, type);
    order32(f, big, 0);
    return f->n;
}

static inline void end_block(struct frame *f, bool big, size_t start)
{
    while (f->n % 4 != 0)
        put8(f, 0);
    uint32_t length = (uint32_t)(f->n - start + 12);
    size_t n = f->n;
    f->n = start - 4;
    order32(f, big, length);
    f->n = n;
    order32(f, big, length);
}

static inline void put_section(struct frame *f, bool big)
{
    size_t b = begin_block(f, big, 0x0a0d0d0a);
    order32(f, big, 0x1a2b3c4d);
    order16(f, big, 1);
    order16(f, big, 0);
    order32(f, big, 0xffffffff);
    order32(f, big, 0xffffffff);
    end_block(f, big, b);
}

static inline void put_option8(struct frame *f, bool big, unsigned code, unsigned v)
{
    order16(f, big, code);
    order16(f, big, 1);
    put8(f, v);
    put_zeros(f, 3);
}

/* resolution 0 leaves the option out. */
static inline void put_interface(struct frame *f, bool big, unsigned link, unsigned resolution)
{
    size_t b = begin_block(f, big, 1);
    order16(f, big, link);
    order16(f, big, 0);
    order32(f, big, 0);
    if (resolution != 0)
        put_option8(f, big, 9, resolution);
    end_block(f, big, b);
}

static inline void put_packet_block(struct frame *f, bool big, uint32_t interface, uint64_t ticks,
                                    const char *text, uint32_t wire)
{
    size_t b = begin_block(f, big, 6);
    order32(f, big, interface);
    order32(f, big, (uint32_t)(ticks >> 32));
    order32(f, big, (uint32_t)ticks);
    order32(f, big, (uint32_t)strlen(text));
    order32(f, big, wire);
    put_text(f, text);
    end_block(f, big, b);
}

/* A descriptor that reads these bytes from their beginning. */
static inline int file_of(const void *p, size_t n)
{
    char path[] = "/tmp/weir-test-XXXXXX";
    int fd = mkstemp(path);
    assert(fd >= 0);
    unlink(path);
    ssize_t written = write(fd, p, n);
    assert(written == (ssize_t)n);
    off_t at = lseek(fd, 0, SEEK_SET);
    assert(at == 0);
    return fd;
}

#endif
