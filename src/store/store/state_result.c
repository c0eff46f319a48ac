/* SPDX-License-Identifier: Apache-2.0 */
#include "store/state.h"

#include "store/state_priv.h"

#include "base/buf.h"

#include <string.h>

enum err store_state_result_put(struct store_state *st, const struct store_result *result)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "REPLACE INTO result (job_id, id, type, time, score, is_interim, doc)"
                             " VALUES (?, ?, ?, ?, ?, ?, ?)");
    if (stmt != NULL) {
        size_t n = result->doc_len != 0 ? result->doc_len : strlen(result->doc);
        store_db_bind_text(stmt, 1, result->job_id);
        store_db_bind_text(stmt, 2, result->id);
        store_db_bind_text(stmt, 3, result->type);
        store_db_bind_i64(stmt, 4, result->time);
        store_db_bind_f64(stmt, 5, result->score);
        store_db_bind_i64(stmt, 6, result->is_interim);
        store_db_bind_text_n(stmt, 7, result->doc, n);
    }
    return store_state_finish(st, stmt);
}

/* The WHERE clause of a filter; bind_filter() gives its parameters in the same order. */
static void write_filter(const struct store_result_filter *f, struct buf *sql)
{
    buf_str(sql, " FROM result WHERE time >= ? AND time <= ? AND score >= ?");
    if (f->type != NULL)
        buf_str(sql, " AND type = ?");
    if (f->id != NULL)
        buf_str(sql, " AND id = ?");
    if (f->interim != STORE_INTERIM_ANY)
        buf_str(sql,
                f->interim == STORE_INTERIM_ONLY ? " AND is_interim = 1" : " AND is_interim = 0");
    if (f->jobs != NULL) {
        buf_str(sql, " AND job_id IN (");
        for (size_t i = 0; i < f->jobs_n; i++)
            buf_str(sql, i == 0 ? "?" : ",?");
        buf_char(sql, ')');
    }
}

static void bind_filter(const struct store_result_filter *f, struct sqlite3_stmt *stmt)
{
    int at = 1;
    store_db_bind_i64(stmt, at++, f->from);
    store_db_bind_i64(stmt, at++, f->to);
    store_db_bind_f64(stmt, at++, f->min_score);
    if (f->type != NULL)
        store_db_bind_text(stmt, at++, f->type);
    if (f->id != NULL)
        store_db_bind_text(stmt, at++, f->id);
    for (size_t i = 0; f->jobs != NULL && i < f->jobs_n; i++)
        store_db_bind_text(stmt, at++, f->jobs[i]);
}

static enum err count(struct store_db *db, const struct store_result_filter *f, uint64_t *out)
{
    struct buf sql;
    buf_init(&sql);
    buf_str(&sql, "SELECT count(*)");
    write_filter(f, &sql);
    struct sqlite3_stmt *stmt = buf_ok(&sql) ? store_db_prepare_once(db, buf_text(&sql)) : NULL;
    enum err rc = store_db_error(db);
    if (stmt != NULL) {
        bind_filter(f, stmt);
        rc = store_db_step(db, stmt);
        if (rc == ERR_NONE)
            *out = (uint64_t)store_db_i64(stmt, 0);
    }
    store_db_finish(stmt);
    buf_release(&sql);
    return rc;
}

static enum err list(struct store_db *db, const struct store_result_filter *f, store_result_fn fn,
                     void *ctx)
{
    static const char *const orders[] = {
        [STORE_RESULT_BY_TIME] = " ORDER BY time, score DESC, job_id, id",
        [STORE_RESULT_BY_SCORE] = " ORDER BY score DESC, time, job_id, id",
        [STORE_RESULT_NEWEST] = " ORDER BY time DESC, score DESC, job_id, id",
        [STORE_RESULT_LOWEST] = " ORDER BY score, time, job_id, id",
    };
    struct buf sql;
    buf_init(&sql);
    buf_str(&sql, "SELECT job_id, id, type, time, score, is_interim, doc");
    write_filter(f, &sql);
    buf_str(&sql, orders[f->sort]);
    buf_format(&sql, " LIMIT %lld OFFSET %lld",
               f->limit == 0 || f->limit > INT64_MAX ? -1LL : (long long)f->limit,
               (long long)(f->skip > INT64_MAX ? INT64_MAX : f->skip));
    struct sqlite3_stmt *stmt = buf_ok(&sql) ? store_db_prepare_once(db, buf_text(&sql)) : NULL;
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(db);
    if (stmt != NULL)
        bind_filter(f, stmt);
    bool more = true;
    while (rc == ERR_NONE && more && (rc = store_db_step(db, stmt)) == ERR_NONE) {
        struct bytes doc = store_db_bytes(stmt, 6);
        struct store_result result = {
            .job_id = store_db_text(stmt, 0),
            .id = store_db_text(stmt, 1),
            .type = store_db_text(stmt, 2),
            .time = store_db_i64(stmt, 3),
            .score = store_db_f64(stmt, 4),
            .is_interim = store_db_i64(stmt, 5) != 0,
            .doc = store_db_text(stmt, 6),
            .doc_len = doc.n,
        };
        more = fn(ctx, &result);
    }
    store_db_finish(stmt);
    buf_release(&sql);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_state_result_list(struct store_state *st, const struct store_result_filter *filter,
                                 store_result_fn fn, void *ctx, uint64_t *out_total)
{
    struct store_db *db = store_state_lock(st);
    uint64_t total = 0;
    enum err rc = out_total != NULL ? count(db, filter, &total) : ERR_NONE;
    if (rc == ERR_NONE)
        rc = list(db, filter, fn, ctx);
    store_state_unlock(st);
    if (rc == ERR_NONE && out_total != NULL)
        *out_total = total;
    return rc;
}

enum err store_state_result_rescore(struct store_state *st, const char *job_id, const char *id,
                                    double score, const char *doc)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt = store_db_prepare(
        db, "UPDATE result SET score = ?3, doc = ?4 WHERE job_id = ?1 AND id = ?2");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, job_id);
        store_db_bind_text(stmt, 2, id);
        store_db_bind_f64(stmt, 3, score);
        store_db_bind_text(stmt, 4, doc);
    }
    return store_state_finish_one(st, stmt);
}

enum err store_state_result_delete(struct store_state *st, const char *job_id, ts_ns from, ts_ns to,
                                   bool interim_only)
{
    struct store_db *db = store_state_lock(st);
    /* What a category is belongs to no time: records of any may name it. */
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "DELETE FROM result WHERE job_id = ? AND time >= ? AND time < ?"
                             " AND is_interim >= ? AND type <> 'category_definition'");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, job_id);
        store_db_bind_i64(stmt, 2, from);
        store_db_bind_i64(stmt, 3, to);
        store_db_bind_i64(stmt, 4, interim_only);
    }
    return store_state_finish(st, stmt);
}

enum err store_state_result_delete_id(struct store_state *st, const char *job_id, const char *id)
{
    struct store_db *db = store_state_lock(st);
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "DELETE FROM result WHERE job_id = ? AND id = ?");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, job_id);
        store_db_bind_text(stmt, 2, id);
    }
    return store_state_finish_one(st, stmt);
}

enum err store_state_result_delete_ids(struct store_state *st, const char *job_id,
                                       const char *prefix)
{
    struct store_db *db = store_state_lock(st);
    /* The first bound lets the key's order be used, the second ends it. */
    struct sqlite3_stmt *stmt =
        store_db_prepare(db, "DELETE FROM result WHERE job_id = ?1 AND id >= ?2"
                             " AND id < ?2 || char(1114111)"
                             " AND substr(id, 1, length(?2)) = ?2");
    if (stmt != NULL) {
        store_db_bind_text(stmt, 1, job_id);
        store_db_bind_text(stmt, 2, prefix);
    }
    return store_state_finish_one(st, stmt);
}
