/* SPDX-License-Identifier: Apache-2.0 */
/* Events that have names: what is there under a name, and who gets it. */
#include "store/journal.h"

#include "store/db.h"
#include "store/ids.h"
#include "store/journal_priv.h"
#include "store/store.h"

#include "event/event.h"

/* The database is read under its lock, and not at all for a name that is surely nowhere. */
static enum err find_id(struct store_journal *j, struct store_id_key key, struct store_id *out)
{
    enum err rc = store_ids_find(j->ids, key, out);
    if (rc != ERR_AGAIN)
        return rc;
    pthread_mutex_lock(&j->lock);
    rc = store_ids_read(j->ids, key, out);
    pthread_mutex_unlock(&j->lock);
    return rc;
}

/* What is known of the name of an event of that document. */
static enum err look(struct store_journal *j, struct store_id_key key, struct store_name *name)
{
    struct store_id newest, same;
    enum err rc = find_id(j, key, &newest);
    name->version = 0;
    name->sequence = 0;
    name->state = STORE_NAME_FREE;
    if (rc != ERR_NONE)
        return rc == ERR_NOT_FOUND ? ERR_NONE : rc;
    rc = ERR_NOT_FOUND;
    if (!name->create && newest.document != name->document && newest.version > 1)
        rc = find_id(j, store_ids_version(j->ids, key, name->document), &same);
    if (rc != ERR_NONE && rc != ERR_NOT_FOUND)
        return rc;
    if (rc == ERR_NOT_FOUND)
        same = newest;
    name->version = same.version;
    name->sequence = same.sequence;
    name->state = name->create                      ? STORE_NAME_TAKEN
                  : same.document == name->document ? STORE_NAME_SAME
                                                    : STORE_NAME_OLDER;
    return ERR_NONE;
}

enum err store_journal_look(struct store_journal *j, const char *index, const char *id,
                            struct store_name *name)
{
    pthread_mutex_lock(&j->writer);
    enum err rc = look(j, store_ids_name(j->ids, index, id), name);
    if (rc == ERR_NONE && (name->state == STORE_NAME_TAKEN || name->state == STORE_NAME_SAME))
        j->repeated++;
    pthread_mutex_unlock(&j->writer);
    return rc;
}

/* The name's newest event; and of a name that has several, each by its document. */
static enum err append_named(struct store_journal *j, struct event *e, struct store_id_key key,
                             struct store_name *name)
{
    struct store_id older = {.version = 0};
    enum err rc = name->state == STORE_NAME_OLDER ? find_id(j, key, &older) : ERR_NONE;
    if (rc == ERR_NONE)
        rc = store_ids_reserve(j->ids, 3);
    if (rc == ERR_NONE)
        rc = store_journal_add(j, e);
    if (rc != ERR_NONE)
        return rc;
    struct store_id id = {.key = key,
                          .document = name->document,
                          .sequence = e->sequence,
                          .time = e->time,
                          .version = older.version + (older.version < UINT32_MAX)};
    store_ids_add(j->ids, &id);
    name->version = id.version;
    name->sequence = id.sequence;
    if (id.version > 1) {
        id.key = store_ids_version(j->ids, key, id.document);
        store_ids_add(j->ids, &id);
    }
    if (older.version == 1) {
        older.key = store_ids_version(j->ids, key, older.document);
        store_ids_add(j->ids, &older);
    }
    return ERR_NONE;
}

enum err store_journal_append_named(struct store_journal *j, struct event *e, const char *index,
                                    const char *id, struct store_name *name)
{
    pthread_mutex_lock(&j->writer);
    enum err rc = append_named(j, e, store_ids_name(j->ids, index, id), name);
    pthread_mutex_unlock(&j->writer);
    return rc;
}

enum err store_journal_named(struct store_journal *j, const char *index, const char *id,
                             ts_ns *out_time, uint64_t *out_sequence)
{
    struct store_id found;
    pthread_mutex_lock(&j->writer);
    enum err rc = find_id(j, store_ids_name(j->ids, index, id), &found);
    pthread_mutex_unlock(&j->writer);
    if (rc == ERR_NONE) {
        *out_time = found.time;
        *out_sequence = found.sequence;
    }
    return rc;
}

enum err store_journal_prune(struct store_journal *j, struct err_text *why)
{
    pthread_mutex_lock(&j->writer);
    pthread_mutex_lock(&j->lock);
    enum err rc = store_db_begin(j->db);
    if (rc == ERR_NONE)
        rc = store_ids_prune(j->ids);
    if (rc == ERR_NONE)
        rc = store_db_commit(j->db);
    if (rc != ERR_NONE) {
        err_set_at(why, rc, j->path, 0, "cannot forget names of events: %s",
                   store_db_message(j->db));
        store_db_rollback(j->db);
        store_ids_unwritten(j->ids);
    } else {
        store_ids_written(j->ids);
    }
    pthread_mutex_unlock(&j->lock);
    pthread_mutex_unlock(&j->writer);
    return rc;
}

void store_journal_names(struct store_journal *j, struct store_journal_names *out)
{
    pthread_mutex_lock(&j->writer);
    store_ids_totals(j->ids, &out->kept, &out->forgotten);
    out->repeated = j->repeated;
    pthread_mutex_unlock(&j->writer);
}
