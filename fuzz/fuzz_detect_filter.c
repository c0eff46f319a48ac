/* SPDX-License-Identifier: Apache-2.0 */
/* Filters: read or refused with a sentence; what is read is written, and read again, the same. */
#include "base/assert.h"
#include "base/buf.h"
#include "detect/filter.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct detect_filter *f)
{
    struct detect_filters again = {0};
    struct err_text why = {0};
    struct buf a, b;
    buf_init(&a);
    buf_init(&b);
    detect_filter_write(f, &a);
    ASSERT(detect_filters_parse(&again, buf_text(&a), a.n, "", &why) == ERR_NONE && again.n == 1);
    detect_filter_write(again.list[0], &b);
    ASSERT(a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
    for (size_t i = 0; i < a.n && i < 64; i++) {
        struct bytes value = bytes_make(a.p + i, a.n - i < 20 ? a.n - i : 20);
        ASSERT(detect_filter_match(f, value) == detect_filter_match(again.list[0], value));
    }
    detect_filters_release(&again);
    buf_release(&a);
    buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct detect_filters set = {0};
    struct err_text why = {0};
    if (detect_filters_parse(&set, (const char *)data, size, "filter", &why) != ERR_NONE)
        ASSERT(set.n == 0 && why.message[0] != '\0');
    for (size_t i = 0; i < set.n && i < 16; i++)
        check(set.list[i]);
    detect_filters_release(&set);
    return 0;
}
