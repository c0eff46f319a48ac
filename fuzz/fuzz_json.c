/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "format/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* simdjson and our scanner agree on what is JSON, and a repaired text never gets worse. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct format_json *p = format_json_new();
    struct format_json_bad bad;
    size_t repaired = 0;
    enum err code = format_json_parse(p, (const char *)data, size, &bad);
    struct format_json_bad own;
    ASSERT((code == ERR_FORMAT) == format_json_where((const char *)data, size, &own));
    enum err mended = format_json_parse_repaired(p, (const char *)data, size, &repaired, &bad);
    ASSERT(code != ERR_NONE || (mended == ERR_NONE && repaired == 0));
    format_json_free(p);
    return 0;
}
