/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "store/search_priv.h"
#include "store/store_priv.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"

#include <string.h>

#define SQL_ROWS 10000
#define SQL_TIMEOUT (30 * TIME_S)

/* Gives the rows of one answer; false when no more are wanted. */
static enum err give_rows(const struct store_frame *f, store_row_fn sink, void *ctx, bool *more)
{
    struct cursor c = cursor_make(f->body.p, f->body.n);
    uint32_t n = cursor_le32(&c);
    for (uint32_t i = 0; i < n && *more; i++) {
        struct bytes text = store_frame_text(&c);
        if (!cursor_ok(&c))
            return ERR_FORMAT;
        *more = sink(ctx, (const char *)text.p, text.n);
    }
    return ERR_NONE;
}

static enum err select_rows(struct store_client *client, const struct bytes *batches, size_t n,
                            const struct buf *payload, ts_ns timeout_ns, store_row_fn sink,
                            void *ctx, struct store_sql_result *out, struct err_text *why)
{
    bool more = true;
    enum err rc =
        store_client_request(client, batches, n, STORE_FRAME_SELECT, payload, timeout_ns, why);
    while (rc == ERR_NONE && more) {
        const struct store_frame *f = store_client_answer(client);
        if (f->type != STORE_FRAME_ROWS) {
            struct cursor c = cursor_make(f->body.p, f->body.n);
            out->rows = cursor_le64(&c);
            out->truncated = cursor_u8(&c) != 0;
            return cursor_ok(&c) ? ERR_NONE
                                 : err_set(why, ERR_IO, "the query worker's answer cannot be read");
        }
        rc = give_rows(f, sink, ctx, &more);
        if (rc != ERR_NONE)
            err_set(why, rc, "the query worker's rows cannot be read");
        else if (more)
            rc = store_client_next(client, why);
    }
    store_client_stop(client);
    return rc;
}

enum err store_sql(struct store *s, const char *text, const struct store_sql_limits *limits,
                   store_row_fn sink, void *ctx, struct store_sql_result *out, struct err_text *why)
{
    struct store_searching search;
    struct store_search all = {.from = TIME_NONE, .to = TIME_MAX};
    struct store_sql_result result = {0};
    struct buf payload;
    uint64_t rows = limits != NULL && limits->rows > 0 ? limits->rows : SQL_ROWS;
    ts_ns timeout = limits != NULL && limits->timeout_ns > 0 ? limits->timeout_ns : SQL_TIMEOUT;
    if (limits != NULL)
        all.cancel = limits->cancel;
    if (s->finder == NULL)
        return err_set(why, ERR_UNSUPPORTED,
                       "SQL needs the query worker, and this store was opened without one");
    enum err rc = store_searching_init(&search, s, &all, why);
    if (rc != ERR_NONE)
        return rc;
    struct bytes *batches = mem_alloc((search.view.hot_n + 1) * sizeof(*batches));
    if (batches == NULL)
        rc = err_set(why, ERR_MEMORY, "no memory for the query");
    for (size_t i = 0; rc == ERR_NONE && i < search.view.hot_n; i++)
        batches[i] = search.view.hot[i].data;
    buf_init(&payload);
    store_frame_put_text(&payload, text, strlen(text));
    buf_le64(&payload, rows);
    buf_le32(&payload, (uint32_t)search.view.pieces_n);
    for (size_t i = 0; rc == ERR_NONE && i < search.view.pieces_n; i++) {
        const struct store_piece *p = &search.view.pieces[i];
        char *path = store_piece_path(s, p->id, "parquet");
        if (path != NULL)
            store_frame_put_piece(&payload, path, p->columns, p->rest);
        else
            rc = err_set(why, ERR_MEMORY, "no memory for the query");
        mem_free(path);
    }
    if (rc == ERR_NONE && !buf_ok(&payload))
        rc = err_set(why, ERR_MEMORY, "no memory for the query");
    if (rc == ERR_NONE)
        rc = store_client_lock_unless(s->finder, &all.cancel, why);
    if (rc == ERR_NONE) {
        rc = select_rows(s->finder, batches, search.view.hot_n, &payload, timeout, sink, ctx,
                         &result, why);
        store_client_unlock(s->finder);
    }
    mem_free(batches);
    buf_release(&payload);
    store_searching_release(&search);
    if (rc == ERR_NONE && out != NULL)
        *out = result;
    return rc;
}

enum err store_datasets(struct store *s, store_dataset_fn fn, void *ctx)
{
    struct store_view_filter filter = {.first = INT64_MIN, .last = TIME_MAX, .with_pieces = true};
    struct store_snapshot_view view;
    struct store_hot_total *hot;
    struct arena arena;
    size_t hot_n = 0;
    struct err_text why;
    arena_init(&arena, 0);
    /* Hot ones first: what is sealed in between is listed twice, not left out. */
    enum err rc = store_journal_hot_totals(s->journal, &arena, &hot, &hot_n);
    if (rc == ERR_NONE)
        rc = store_journal_view(s->journal, &filter, &view, &why);
    if (rc == ERR_NONE) {
        size_t n = 0;
        struct store_hot_total *all =
            arena_alloc(&arena, (view.pieces_n + hot_n + 1) * sizeof(*all));
        for (size_t i = 0; all != NULL && i < view.pieces_n + hot_n; i++) {
            struct store_hot_total one;
            size_t k = 0;
            if (i < hot_n)
                one = hot[i];
            else
                one = (struct store_hot_total){view.pieces[i - hot_n].dataset,
                                               view.pieces[i - hot_n].rows,
                                               view.pieces[i - hot_n].bytes};
            while (k < n && strcmp(all[k].dataset, one.dataset) != 0)
                k++;
            if (k == n)
                all[n++] = (struct store_hot_total){one.dataset, 0, 0};
            all[k].rows += one.rows;
            all[k].bytes += one.bytes;
        }
        if (all == NULL)
            rc = ERR_MEMORY;
        for (size_t k = 0; rc == ERR_NONE && k < n; k++)
            fn(ctx, all[k].dataset, all[k].rows, all[k].bytes);
        store_journal_view_release(&view);
    }
    arena_release(&arena);
    return rc;
}
