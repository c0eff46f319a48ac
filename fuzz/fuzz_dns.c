/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "proto/detect.h"
#include "proto/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct proto_dns_record *records, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ASSERT(records[i].name.n == strlen(records[i].name.s) && records[i].name.n > 0);
        ASSERT(records[i].data.n == strlen(records[i].data.s));
        for (size_t k = 0; k < records[i].data.n; k++)
            ASSERT(records[i].data.s[k] >= ' ' && records[i].data.s[k] < 0x7f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct proto_dns_message m;
    struct bytes b = bytes_make(data, size);
    arena_init(&arena, 0);
    enum proto_dns_verdict v = proto_dns_parse(b, &arena, &m);
    if (v != PROTO_DNS_SHORT && v != PROTO_DNS_NO_MEMORY) {
        check(m.answers, m.answer_n);
        check(m.authorities, m.authority_n);
        check(m.additionals, m.additional_n);
    }
    proto_detect_datagram(b, 53, 40000);
    proto_detect_datagram(b, 40001, 40000);
    arena_release(&arena);
    return 0;
}
