/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of names in the event journal, as a damaged or foreign file may have them: opened, asked for
 * names, written on. */
#define _GNU_SOURCE /* mkdtemp */
#include "base/assert.h"
#include "base/bytes.h"
#include "store/db.h"
#include "store/ids.h"
#include "store/journal.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The tables that a journal makes, in files that are gone when the process is. */
static struct store_db *make_db(void)
{
    const struct store_db_kind kind = {
        .what = "names", .application_id = 0x57656972, .version = store_journal_version()};
    char dir[] = "/tmp/weir-fuzz-XXXXXX", text[64];
    struct store_journal *j;
    struct store_db *db;
    struct err_text why;
    ASSERT(mkdtemp(dir) != NULL);
    snprintf(text, sizeof(text), "%s/events.db", dir);
    ASSERT(store_journal_open(text, 0, &j, &why) == ERR_NONE);
    store_journal_close(j);
    ASSERT(store_db_open(text, &kind, &db, &why) == ERR_NONE);
    snprintf(text, sizeof(text), "rm -r '%s'", dir);
    ASSERT(system(text) == 0);
    return db;
}

static void put(struct store_db *db, const char *sql, const uint8_t *head, struct bytes data)
{
    struct sqlite3_stmt *stmt = store_db_prepare_once(db, sql);
    ASSERT(stmt != NULL);
    store_db_bind_bytes(stmt, 1, data.p, data.n);
    for (int i = 0; i < 4; i++)
        store_db_bind_i64(stmt, 2 + i, (int8_t)head[i]);
    ASSERT(store_db_exec(db, stmt) == ERR_NONE);
    store_db_finish(stmt);
}

/* How a file goes on with what it holds. */
static void use(struct store_db *db)
{
    struct store_ids *ids;
    struct store_id id = {.version = 1}, found;
    enum err err = store_ids_open(db, 16, &ids);
    if (err != ERR_NONE) {
        ASSERT(err == ERR_FORMAT);
        return;
    }
    for (uint64_t i = 0; i < 8; i++) {
        id.key = (struct store_id_key){i << 61, i};
        err = store_ids_find(ids, id.key, &found);
        if (err == ERR_AGAIN)
            err = store_ids_read(ids, id.key, &found);
        ASSERT(err == ERR_NONE || err == ERR_NOT_FOUND || err == ERR_FORMAT);
        ASSERT(store_ids_reserve(ids, 1) == ERR_NONE);
        store_ids_add(ids, &id);
        ASSERT(store_ids_find(ids, id.key, &found) == ERR_NONE);
    }
    if (store_ids_write(ids, store_ids_count(ids)) == ERR_NONE)
        store_ids_written(ids);
    else
        store_ids_unwritten(ids);
    store_ids_close(ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct store_db *db;
    struct cursor c = cursor_make(data, size);
    struct bytes head = cursor_take(&c, 4);
    size_t run_n = cursor_le16(&c), filter_n = cursor_le16(&c);
    struct bytes run = cursor_take(&c, run_n), filter = cursor_take(&c, filter_n);
    if (!cursor_ok(&c))
        return 0;
    if (db == NULL)
        db = make_db();
    ASSERT(store_db_begin(db) == ERR_NONE);
    put(db, "INSERT INTO id_run VALUES (coalesce(?2, ?3, ?4, ?5), ?1)", head.p, run);
    put(db, "INSERT INTO id_generation VALUES (?2, ?3, ?4, ?5, ?1)", head.p, filter);
    put(db, "INSERT INTO id_page VALUES ((?2 << 16) + coalesce(0, ?3, ?4, ?5), ?1)", head.p,
        cursor_rest(&c));
    use(db);
    store_db_rollback(db);
    return 0;
}
