/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state_posted.h"

#include "store/state_priv.h"

#include "base/buf.h"

#include <zstd.h>

#define LEVEL 1 /* written with every post, read after a crash */

static enum err pack(const char *text, size_t n, struct buf *out)
{
    size_t bound = ZSTD_compressBound(n);
    char *to = buf_reserve(out, bound);
    ZSTD_CCtx *ctx = ZSTD_createCCtx();
    enum err rc = ERR_MEMORY;
    if (to != NULL && ctx != NULL) {
        ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, LEVEL);
        ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
        size_t got = ZSTD_compress2(ctx, to, bound, text, n);
        if (!ZSTD_isError(got)) {
            out->n += got;
            rc = ERR_NONE;
        }
    }
    ZSTD_freeCCtx(ctx);
    return rc;
}

static enum err unpack(struct bytes packed, struct buf *out)
{
    unsigned long long n = ZSTD_getFrameContentSize(packed.p, packed.n);
    if (n > STORE_POSTED_MAX) /* or not known, or no frame */
        return ERR_FORMAT;
    char *to = buf_reserve(out, (size_t)n + 1);
    if (to == NULL)
        return ERR_MEMORY;
    size_t got = ZSTD_decompress(to, (size_t)n, packed.p, packed.n);
    if (ZSTD_isError(got) || got != n)
        return ERR_FORMAT;
    to[got] = '\0';
    out->n += got;
    return ERR_NONE;
}

enum err store_state_posted_put(struct store_state *st, const char *job_id,
                                const struct store_posted *p, const char *text, size_t n)
{
    struct buf packed;
    if (n > STORE_POSTED_MAX)
        return ERR_LIMIT;
    buf_init(&packed);
    enum err rc = pack(text, n, &packed);
    if (rc == ERR_NONE) {
        struct store_db *db = store_state_lock(st);
        struct sqlite3_stmt *stmt =
            store_db_prepare(db, "INSERT INTO posted (job_id, time, closed, advance, skip,"
                                 " reset_start, reset_end, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
        if (stmt != NULL) {
            const ts_ns times[] = {p->time, p->closed,      p->advance,
                                   p->skip, p->reset_start, p->reset_end};
            store_db_bind_text(stmt, 1, job_id);
            for (int i = 0; i < 6; i++)
                store_db_bind_i64(stmt, i + 2, times[i]);
            store_db_bind_bytes(stmt, 8, packed.p, packed.n);
        }
        rc = store_state_finish(st, stmt);
    }
    buf_release(&packed);
    return rc;
}

enum err store_state_posted_next(struct store_state *st, const char *job_id, uint64_t after,
                                 struct store_posted *out, struct buf *text)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "SELECT number, time, closed, advance, skip, reset_start, reset_end, data FROM posted"
            " WHERE job_id = ? AND number > ? ORDER BY number LIMIT 1");
    enum err rc = store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, job_id);
        store_db_bind_i64(stmt, 2, (int64_t)after);
        rc = store_db_step(db, stmt);
        if (rc == ERR_NONE) {
            const struct store_posted p = {
                .number = (uint64_t)store_db_i64(stmt, 0),
                .time = store_db_i64(stmt, 1),
                .closed = store_db_i64(stmt, 2),
                .advance = store_db_i64(stmt, 3),
                .skip = store_db_i64(stmt, 4),
                .reset_start = store_db_i64(stmt, 5),
                .reset_end = store_db_i64(stmt, 6),
            };
            rc = unpack(store_db_bytes(stmt, 7), text);
            if (rc == ERR_NONE)
                *out = p;
            store_db_reset(stmt);
        }
    }
    store_state_unlock(st);
    return rc == ERR_END ? ERR_NOT_FOUND : rc;
}

enum err store_state_posted_newest(struct store_state *st, const char *job_id, uint64_t *out)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "SELECT max(number) FROM posted WHERE job_id = ?");
    enum err rc = store_db_error(db);
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, job_id);
        rc = store_db_step(db, stmt);
        if (rc == ERR_NONE) {
            *out = (uint64_t)store_db_i64(stmt, 0);
            store_db_reset(stmt);
        }
    }
    store_state_unlock(st);
    return rc;
}

enum err store_state_posted_drop(struct store_state *st, const char *job_id)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(db, "DELETE FROM posted WHERE job_id = ?");
    if (stmt != NULL)
        store_db_bind_text(stmt, 1, job_id);
    return store_state_finish(st, stmt);
}
