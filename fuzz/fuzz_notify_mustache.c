/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/buf.h"
#include "format/node.h"
#include "notify/mustache.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char values[] =
    "{\"a\":{\"b\":\"x\\\"y\",\"c.d\":[1,2,3]},\"l\":[{\"n\":1},{\"n\":null},"
    "[[]],\"s\"],\"t\":true,\"f\":false}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct format_node *node;
    struct err_text why;
    struct buf out;
    if (format_node_json(values, strlen(values), "values", &node, &why) != ERR_NONE)
        return 0;
    for (int escape = NOTIFY_PLAIN; escape <= NOTIFY_JSON; escape++) {
        buf_init(&out);
        (void)!notify_mustache_render(bytes_make(data, size), node, (enum notify_escape)escape,
                                      &out, &why);
        /* One text of the template may go over the limit, no more. */
        ASSERT(out.n <= NOTIFY_TEXT_MAX + NOTIFY_TEMPLATE_MAX);
        buf_release(&out);
    }
    format_node_free(node);
    return 0;
}
