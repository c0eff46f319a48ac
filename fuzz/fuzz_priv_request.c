/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/buf.h"
#include "priv/request.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct priv_request r;
    struct buf again;
    if (priv_request_read(bytes_make(data, size), &r) != ERR_NONE)
        return 0;
    ASSERT(strchr(r.name, '/') == NULL && strcmp(r.name, ".") != 0 && strcmp(r.name, "..") != 0);
    buf_init(&again);
    ASSERT(priv_request_write(&r, &again) == ERR_NONE);
    ASSERT(again.n == size && memcmp(buf_text(&again), data, size) == 0);
    buf_release(&again);
    return 0;
}
