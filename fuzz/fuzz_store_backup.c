/* SPDX-License-Identifier: Apache-2.0 */
/* A backup that is to be restored: as it is, and as what a zstd frame holds. */
#include "base/mem.h"
#include "store/backup.h"

#include <string.h>
#include <zstd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
    const uint8_t *p;
    size_t n;
};

static ptrdiff_t give(void *ctx, void *p, size_t n)
{
    struct source *s = ctx;
    size_t got = s->n < n ? s->n : n;
    memcpy(p, s->p, got);
    s->p += got;
    s->n -= got;
    return (ptrdiff_t)got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err_text why;
    struct store_backup_totals totals;
    struct source raw = {data, size};
    (void)!store_restore_check(give, &raw, "raw", &totals, &why);
    uint8_t *packed = mem_alloc(ZSTD_compressBound(size));
    if (packed == NULL)
        return 0;
    struct source tar = {packed, ZSTD_compress(packed, ZSTD_compressBound(size), data, size, 1)};
    (void)!store_restore_check(give, &tar, "tar", &totals, &why);
    mem_free(packed);
    return 0;
}
