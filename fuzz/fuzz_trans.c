/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations between two hosts: who speaks, over what, and any payload. */
#include "fuzz_packets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint16_t ports[] = {53, 80, 443, 8080};
    struct fuzz_world w;
    fuzz_world_open(&w);
    struct cursor c = cursor_make(data, n);
    struct decode_packet p = {.packets = 1, .ip_version = 4};
    uint32_t seq[2] = {0, 0};
    while (c.left > 3) {
        uint8_t how = cursor_u8(&c); /* bits: side, UDP, port, port, flags … */
        unsigned side = how & 1;
        p.ts += (ts_ns)cursor_u8(&c) * 20 * TIME_MS;
        p.proto = how & 2 ? DECODE_PROTO_UDP : DECODE_PROTO_TCP;
        p.has_ports = true;
        p.src = ip_from_v4((uint8_t[4]){10, 0, 0, (uint8_t)side});
        p.dst = ip_from_v4((uint8_t[4]){10, 0, 0, (uint8_t)!side});
        uint16_t port = ports[how >> 2 & 3];
        p.src_port = side ? port : 40000;
        p.dst_port = side ? 40000 : port;
        p.payload = cursor_take(&c, cursor_u8(&c) % (c.left + 1));
        p.payload_len = p.payload.n;
        p.tcp = (struct decode_tcp){seq[side], seq[!side], 9, how & 0xc0 ? 0x10 : how >> 4 & 7, 20};
        seq[side] += how & 8 ? (uint32_t)p.payload.n + 3 : (uint32_t)p.payload.n;
        fuzz_world_packet(&w, &p);
    }
    fuzz_world_close(&w);
    return 0;
}
