/* SPDX-License-Identifier: Apache-2.0 */
/* A backup, streamed to whoever asks: the daemon goes on meanwhile, and writes to no place of his.
 */
#include "request/request_priv.h"

#include "store/backup.h"

static bool send(void *ctx, const void *p, size_t n)
{
    struct request_asked *a = ctx;
    bool gone = a->out->gone != NULL && a->out->gone(a->out->ctx);
    return !gone && request_asked_print(a, p, n);
}

int request_backup(struct request_asked *a)
{
    struct err_text why;
    struct store_backup_totals totals;
    const struct store_backup_sink sink = {send, a};
    enum err err =
        store_backup(a->data->store, a->data->state, a->data->now(), &sink, &totals, &why);
    if (err != ERR_NONE)
        return request_asked_fail(a, err, &why);
    request_asked_remark(a, "weir: %zu files with %llu bytes are in the backup", totals.files,
                         (unsigned long long)totals.bytes);
    return 0;
}
