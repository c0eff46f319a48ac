/* SPDX-License-Identifier: Apache-2.0 */
/* The first line is the media type, the rest the body. */
#include "kibana/multipart.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kibana_file file;
    struct err_text why;
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t n = end != NULL ? (size_t)(end - data) : 0;
    char *type = mem_strndup((const char *)data, n);
    struct bytes body = end != NULL ? bytes_make(end + 1, size - n - 1) : bytes_make(data, size);
    enum err err = kibana_multipart_find(type, body, "file", &file, &why);
    if (err == ERR_NONE && file.content.n > 0 &&
        (file.content.p < body.p || file.content.p + file.content.n > body.p + body.n))
        __builtin_trap();
    mem_free(type);
    return 0;
}
