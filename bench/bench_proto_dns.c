/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages to structs with their names and data as text. */
#include "base/clock.h"
#include "proto/dns.h"

#include <stdio.h>

#define MESSAGES 3000000u

static int run(const char *name, struct bytes message)
{
    struct arena arena;
    struct proto_dns_message m;
    uint64_t text = 0;
    arena_init(&arena, 0);
    ts_ns begin = clock_cpu();
    for (uint32_t i = 0; i < MESSAGES; i++) {
        arena_clear(&arena);
        if (proto_dns_parse(message, &arena, &m) != PROTO_DNS_OK)
            return 1;
        text += m.questions[0].name.n;
    }
    double s = (double)(clock_cpu() - begin) / 1e9;
    printf("{\"bench\":\"proto_dns\",\"case\":\"%s\",\"messages\":%u,\"seconds\":%.4f,"
           "\"messages_per_s\":%.0f,\"ns_per_message\":%.1f,\"text\":%llu}\n",
           name, MESSAGES, s, MESSAGES / s, s * 1e9 / MESSAGES, (unsigned long long)text);
    arena_release(&arena);
    return 0;
}

int main(void)
{
    static const uint8_t query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0"
                                   "\3www\7example\3org\0\0\1\0\1";
    static const uint8_t answer[] = "\x12\x34\x81\x80\0\1\0\3\0\0\0\0"
                                    "\3www\7example\3org\0\0\1\0\1"
                                    "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3cp1\xc0\x10"
                                    "\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\7"
                                    "\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x8";
    static const uint8_t tunnel[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0"
                                    "\x3c"
                                    "5f1c0197a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b"
                                    "\x3c"
                                    "4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f70819"
                                    "\6tunnel\7example\0\0\x10\0\1"
                                    "\xc0\x0c\0\x10\0\1\0\0\0\x3c\0\x21\x20"
                                    "ce0197a2b3c4d5e6f708192a3b4c5d6e";
    return run("query", bytes_make(query, sizeof(query) - 1)) ||
           run("answer", bytes_make(answer, sizeof(answer) - 1)) ||
           run("tunnel", bytes_make(tunnel, sizeof(tunnel) - 1));
}
