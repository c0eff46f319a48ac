/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/buf.h"
#include "format/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A tree that was read can be written, and what was written is read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct format_node *v;
    struct format_node *again;
    struct err_text why;
    if (format_node_toml((const char *)data, size, "fuzz", &v, &why) != ERR_NONE)
        return 0;
    struct buf b;
    buf_init(&b);
    format_node_write(v, &b);
    ASSERT(format_node_json(buf_text(&b), b.n, "again", &again, &why) == ERR_NONE);
    ASSERT(format_node_count(again) == format_node_count(v));
    format_node_free(again);
    buf_release(&b);
    format_node_free(v);
    return 0;
}
