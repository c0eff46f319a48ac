/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/utf8.h"
#include "proto/x509.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct proto_tls_certificate c;
    arena_init(&arena, 0);
    proto_x509_read(bytes_make(data, size), &arena, &c);
    const char *const texts[] = {c.subject,
                                 c.issuer,
                                 c.common_name,
                                 c.issuer_common_name,
                                 c.serial,
                                 c.public_key_algorithm,
                                 c.signature_algorithm};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ASSERT(utf8_valid(texts[i], strlen(texts[i])));
    for (size_t i = 0; i < c.name_n; i++)
        ASSERT(utf8_valid(c.names[i], strlen(c.names[i])));
    ASSERT(arena.used < 200000 + 8 * size);
    arena_release(&arena);
    return 0;
}
