#ifndef STORE_IDS_H
#define STORE_IDS_H

/*
 * Which event has which name, of those whose senders named them: who repeats a request is told what
 * is there already. Part of events.db: a name is written in the transaction of its event.
 *
 * Method: names are hashed to 16 bytes under a secret of the file. The newest are in memory and, as
 * they came, in rows of id_run. When there are enough of them they become a generation: sorted, cut
 * into pages, and with a Bloom filter (Bloom 1970) that stays in memory, so that a name which is
 * nowhere costs hardly a read. Generations are dropped whole: the oldest when there are too many
 * names, and those whose events are all gone. docs/format/store.md.
 *
 * Ownership: store_ids_close(); borrows the database.
 * Threads:   one owner at a time: the journal, which holds its lock of the database for all that
 *            reads or writes it: _open(), _read(), _write(), _prune().
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_db;
struct store_ids;

#define STORE_IDS_DEFAULT 8388608 /* names that are kept, unless told otherwise */
#define STORE_IDS_GENERATION                                                                       \
    262144 /* names of a generation then: 12 MiB on disk and, till then, in memory */

struct store_id_key {
    uint64_t a, b;
};

/* The event that has a name. */
struct store_id {
    struct store_id_key key;
    uint64_t document; /* hash of what was sent */
    uint64_t sequence;
    ts_ns time;
    uint32_t version; /* 1: the first of that name */
};

/* Reads what is there. most: how many names are kept, 0: STORE_IDS_DEFAULT. */
enum err store_ids_open(struct store_db *db, uint64_t most, struct store_ids **out) ERR_MUST_CHECK;
void store_ids_close(struct store_ids *ids); /* NULL is fine */

/* The key of a name in an index, and of one version of the event of that name. */
struct store_id_key store_ids_name(const struct store_ids *ids, const char *index, const char *id);
struct store_id_key store_ids_version(const struct store_ids *ids, struct store_id_key name,
                                      uint64_t document);

/* The newest of that key. ERR_NOT_FOUND; ERR_AGAIN: _read() must look for it in the database. */
enum err store_ids_find(const struct store_ids *ids, struct store_id_key key,
                        struct store_id *out) ERR_MUST_CHECK;
/* The newest on disk. ERR_NOT_FOUND; ERR_FORMAT, ERR_IO, ERR_MEMORY. */
enum err store_ids_read(struct store_ids *ids, struct store_id_key key,
                        struct store_id *out) ERR_MUST_CHECK;

/* Room for n more, so that _add() cannot fail. */
enum err store_ids_reserve(struct store_ids *ids, size_t n) ERR_MUST_CHECK;
void store_ids_add(struct store_ids *ids, const struct store_id *id);

/* How many are in memory; _rewind() takes out what was added since there were so many. */
size_t store_ids_count(const struct store_ids *ids);
void store_ids_rewind(struct store_ids *ids, size_t n);

/*
 * Writes the first n of those in memory, in a transaction of the caller's, who tells how it ended:
 * by _written(), or by _unwritten(), after which all is as it was before.
 */
enum err store_ids_write(struct store_ids *ids, size_t n) ERR_MUST_CHECK;
/* Drops the generations whose events are gone, in the same way. */
enum err store_ids_prune(struct store_ids *ids) ERR_MUST_CHECK;
void store_ids_written(struct store_ids *ids);
void store_ids_unwritten(struct store_ids *ids);

/* Names kept; and, since opening, those dropped for want of room while their events were there. */
void store_ids_totals(const struct store_ids *ids, uint64_t *out_kept, uint64_t *out_forgotten);

#endif
