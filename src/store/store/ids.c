/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ids.h"

#include "store/db.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY_BYTES 44
#define SECRET_BYTES 32
#define GENERATIONS 16     /* at least, of which the names that are kept are made */
#define PAGE_NAMES 256     /* about: a page is read to find one */
#define PAGES_BITS_MOST 16 /* pages of a generation; its number stands above these bits */
#define NUMBER_MOST (INT64_C(1) << 46)
#define FILTER_BITS 16 /* a name; with as many probes one in 400 is wrong */
#define FILTER_PROBES 4
#define FILTER_BITS_LEAST 64

/* One in memory. */
struct young {
    struct store_id id;
    uint32_t before; /* place + 1 of the one of the same key that it hides; 0: none */
};

struct generation {
    int64_t number;
    uint64_t names;
    ts_ns max_time;
    unsigned page_bits; /* pages: so many first bits of the key */
    uint8_t *filter;
    size_t filter_n; /* bytes, a power of two */
    bool doomed;     /* dropped by the transaction that is open */
};

struct store_ids {
    struct store_db *db;
    struct hash_key secret[2];
    uint64_t most;
    size_t enough;  /* names in memory that make a generation */
    size_t ages_at; /* those that do now: more, after a generation could not be written */
    struct young *young;
    size_t n, cap;
    size_t written;         /* of them are in id_run */
    uint32_t *slots;        /* place + 1 of the newest of a key; 0: free */
    size_t slots_n;         /* a power of two, or 0; at least twice n */
    struct generation *old; /* oldest first */
    size_t old_n, old_cap;
    uint64_t forgotten;
    /* The transaction that is open. */
    size_t writing; /* written, when it is committed */
    bool ages;      /* all in memory became the generation `fresh` */
    struct generation fresh;
    uint64_t forgets;
};

static bool is_key(struct store_id_key x, struct store_id_key y)
{
    return x.a == y.a && x.b == y.b;
}

static int compare(struct store_id_key x, struct store_id_key y)
{
    return x.a != y.a ? (x.a > y.a) - (x.a < y.a) : (x.b > y.b) - (x.b < y.b);
}

/* The slot of a key, or the free one where it would be. */
static size_t slot_of(const struct store_ids *ids, struct store_id_key key)
{
    size_t mask = ids->slots_n - 1, at = key.a & mask;
    while (ids->slots[at] != 0 && !is_key(ids->young[ids->slots[at] - 1].id.key, key))
        at = (at + 1) & mask;
    return at;
}

static const struct store_id *find_young(const struct store_ids *ids, struct store_id_key key)
{
    uint32_t place = ids->slots_n > 0 ? ids->slots[slot_of(ids, key)] : 0;
    return place > 0 ? &ids->young[place - 1].id : NULL;
}

/* Rows. */

static void put_id(struct buf *out, const struct store_id *id)
{
    buf_le64(out, id->key.a);
    buf_le64(out, id->key.b);
    buf_le64(out, id->document);
    buf_le64(out, id->sequence);
    buf_le64(out, (uint64_t)id->time);
    buf_le32(out, id->version);
}

static struct store_id get_id(struct cursor *c)
{
    struct store_id id;
    id.key.a = cursor_le64(c);
    id.key.b = cursor_le64(c);
    id.document = cursor_le64(c);
    id.sequence = cursor_le64(c);
    id.time = (ts_ns)cursor_le64(c);
    id.version = cursor_le32(c);
    return id;
}

static struct store_id id_at(struct bytes page, size_t i)
{
    struct cursor c = cursor_make(page.p + i * ENTRY_BYTES, ENTRY_BYTES);
    return get_id(&c);
}

/* Filters. */

static size_t filter_bit(const struct generation *g, struct store_id_key key, int probe)
{
    uint64_t half = probe < 2 ? key.a : key.b;
    return (size_t)(uint32_t)(half >> 32 * (probe & 1)) & (g->filter_n * 8 - 1);
}

static bool may_hold(const struct generation *g, struct store_id_key key)
{
    for (int i = 0; i < FILTER_PROBES; i++) {
        size_t bit = filter_bit(g, key, i);
        if ((g->filter[bit / 8] >> bit % 8 & 1) == 0)
            return false;
    }
    return true;
}

static enum err make_filter(struct generation *g)
{
    size_t bits = FILTER_BITS_LEAST;
    while (bits < g->names * FILTER_BITS)
        bits *= 2;
    g->filter_n = bits / 8;
    g->filter = mem_zero(1, g->filter_n);
    return g->filter != NULL ? ERR_NONE : ERR_MEMORY;
}

/* Opening. */

static enum err load_secret(struct store_ids *ids)
{
    struct sqlite3_stmt *stmt = store_db_prepare(ids->db, "SELECT secret FROM id_secret");
    enum err rc = stmt != NULL ? store_db_step(ids->db, stmt) : store_db_error(ids->db);
    if (rc != ERR_NONE)
        return rc == ERR_END ? ERR_FORMAT : rc;
    struct bytes b = store_db_bytes(stmt, 0);
    struct cursor c = cursor_of(b);
    for (size_t i = 0; i < 2; i++) {
        ids->secret[i].k0 = cursor_le64(&c);
        ids->secret[i].k1 = cursor_le64(&c);
    }
    rc = b.n == SECRET_BYTES ? ERR_NONE : ERR_FORMAT;
    store_db_reset(stmt);
    return rc;
}

static enum err load_run(struct store_ids *ids, struct bytes run)
{
    size_t n = run.n / ENTRY_BYTES;
    if (run.n % ENTRY_BYTES != 0)
        return ERR_FORMAT;
    enum err rc = store_ids_reserve(ids, n);
    for (size_t i = 0; rc == ERR_NONE && i < n; i++) {
        struct store_id id = id_at(run, i);
        store_ids_add(ids, &id);
    }
    return rc;
}

static enum err load_runs(struct store_ids *ids)
{
    struct sqlite3_stmt *stmt = store_db_prepare(ids->db, "SELECT data FROM id_run ORDER BY run");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(ids->db);
    while (rc == ERR_NONE && (rc = store_db_step(ids->db, stmt)) == ERR_NONE)
        rc = load_run(ids, store_db_bytes(stmt, 0));
    if (stmt != NULL)
        store_db_reset(stmt);
    ids->written = ids->writing = ids->n;
    return rc == ERR_END ? ERR_NONE : rc;
}

static enum err load_generation(struct store_ids *ids, struct sqlite3_stmt *stmt)
{
    void *grown = ids->old;
    struct bytes filter = store_db_bytes(stmt, 4);
    int64_t number = store_db_i64(stmt, 0), names = store_db_i64(stmt, 1);
    int64_t bits = store_db_i64(stmt, 3);
    if (filter.n < FILTER_BITS_LEAST / 8 || (filter.n & (filter.n - 1)) != 0 || bits < 0 ||
        bits > PAGES_BITS_MOST || number <= 0 || number > NUMBER_MOST || names < 0 ||
        (uint64_t)names > filter.n * 8 / FILTER_BITS)
        return ERR_FORMAT;
    struct generation g = {
        .number = number,
        .names = (uint64_t)names,
        .max_time = store_db_i64(stmt, 2),
        .page_bits = (unsigned)bits,
        .filter = mem_alloc(filter.n),
        .filter_n = filter.n,
    };
    if (g.filter == NULL ||
        mem_grow(&grown, &ids->old_cap, ids->old_n + 1, sizeof(*ids->old)) != 0) {
        mem_free(g.filter);
        return ERR_MEMORY;
    }
    memcpy(g.filter, filter.p, filter.n);
    ids->old = grown;
    ids->old[ids->old_n++] = g;
    return ERR_NONE;
}

static enum err load_generations(struct store_ids *ids)
{
    struct sqlite3_stmt *stmt =
        store_db_prepare(ids->db, "SELECT generation, names, max_time, page_bits, filter"
                                  " FROM id_generation ORDER BY generation");
    enum err rc = stmt != NULL ? ERR_NONE : store_db_error(ids->db);
    while (rc == ERR_NONE && (rc = store_db_step(ids->db, stmt)) == ERR_NONE)
        rc = load_generation(ids, stmt);
    if (stmt != NULL)
        store_db_reset(stmt);
    return rc == ERR_END ? ERR_NONE : rc;
}

enum err store_ids_open(struct store_db *db, uint64_t most, struct store_ids **out)
{
    struct store_ids *ids = mem_zero(1, sizeof(*ids));
    if (ids == NULL)
        return ERR_MEMORY;
    ids->db = db;
    ids->most = most > 0 ? most : STORE_IDS_DEFAULT;
    ids->enough = STORE_IDS_GENERATION;
    if (ids->enough > ids->most / GENERATIONS)
        ids->enough = ids->most / GENERATIONS + 1;
    ids->ages_at = ids->enough;
    enum err rc = load_secret(ids);
    if (rc == ERR_NONE)
        rc = load_runs(ids);
    if (rc == ERR_NONE)
        rc = load_generations(ids);
    if (rc != ERR_NONE) {
        store_ids_close(ids);
        return rc;
    }
    *out = ids;
    return ERR_NONE;
}

void store_ids_close(struct store_ids *ids)
{
    if (ids == NULL)
        return;
    for (size_t i = 0; i < ids->old_n; i++)
        mem_free(ids->old[i].filter);
    mem_free(ids->fresh.filter);
    mem_free(ids->old);
    mem_free(ids->young);
    mem_free(ids->slots);
    mem_free(ids);
}

/* Keys. */

static struct store_id_key hash(const struct store_ids *ids, const void *p, size_t n)
{
    return (struct store_id_key){hash_bytes(ids->secret[0], p, n),
                                 hash_bytes(ids->secret[1], p, n)};
}

/* Of numbers, the same on every machine. */
static struct store_id_key hash_numbers(const struct store_ids *ids, const uint64_t *list, size_t n)
{
    uint8_t bytes[4 * 8];
    ASSERT(n <= 4);
    for (size_t i = 0; i < 8 * n; i++)
        bytes[i] = (uint8_t)(list[i / 8] >> 8 * (i % 8));
    return hash(ids, bytes, 8 * n);
}

struct store_id_key store_ids_name(const struct store_ids *ids, const char *index, const char *id)
{
    struct store_id_key x = hash(ids, index, strlen(index)), y = hash(ids, id, strlen(id));
    return hash_numbers(ids, (const uint64_t[]){x.a, x.b, y.a, y.b}, 4);
}

struct store_id_key store_ids_version(const struct store_ids *ids, struct store_id_key name,
                                      uint64_t document)
{
    return hash_numbers(ids, (const uint64_t[]){name.a, name.b, document}, 3);
}

/* Finding. */

enum err store_ids_find(const struct store_ids *ids, struct store_id_key key, struct store_id *out)
{
    const struct store_id *young = find_young(ids, key);
    if (young != NULL) {
        *out = *young;
        return ERR_NONE;
    }
    for (size_t i = 0; i < ids->old_n; i++)
        if (may_hold(&ids->old[i], key))
            return ERR_AGAIN;
    return ERR_NOT_FOUND;
}

static int64_t page_number(const struct generation *g, struct store_id_key key)
{
    uint64_t page = g->page_bits > 0 ? key.a >> (64 - g->page_bits) : 0;
    return g->number << PAGES_BITS_MOST | (int64_t)page;
}

/* Halving; ids of a page are in the order of their keys. */
static enum err find_in_page(struct bytes page, struct store_id_key key, struct store_id *out)
{
    size_t from = 0, to = page.n / ENTRY_BYTES;
    if (page.n % ENTRY_BYTES != 0)
        return ERR_FORMAT;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        struct store_id id = id_at(page, middle);
        int order = compare(id.key, key);
        if (order == 0) {
            *out = id;
            return ERR_NONE;
        }
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return ERR_NOT_FOUND;
}

static enum err find_old(struct store_ids *ids, const struct generation *g, struct store_id_key key,
                         struct store_id *out)
{
    struct sqlite3_stmt *stmt =
        store_db_prepare(ids->db, "SELECT data FROM id_page WHERE page = ?");
    if (stmt == NULL)
        return store_db_error(ids->db);
    store_db_bind_i64(stmt, 1, page_number(g, key));
    enum err rc = store_db_step(ids->db, stmt);
    if (rc == ERR_NONE) {
        rc = find_in_page(store_db_bytes(stmt, 0), key, out);
        store_db_reset(stmt);
    }
    return rc == ERR_END ? ERR_NOT_FOUND : rc;
}

enum err store_ids_read(struct store_ids *ids, struct store_id_key key, struct store_id *out)
{
    enum err rc = ERR_NOT_FOUND;
    for (size_t i = ids->old_n; rc == ERR_NOT_FOUND && i-- > 0;)
        if (may_hold(&ids->old[i], key))
            rc = find_old(ids, &ids->old[i], key, out);
    return rc;
}

/* Adding. */

static void enter(struct store_ids *ids, size_t place)
{
    size_t slot = slot_of(ids, ids->young[place].id.key);
    ids->young[place].before = ids->slots[slot];
    ids->slots[slot] = (uint32_t)place + 1;
}

enum err store_ids_reserve(struct store_ids *ids, size_t n)
{
    void *grown = ids->young;
    size_t slots_n = ids->slots_n > 0 ? ids->slots_n : 1024;
    if (mem_grow(&grown, &ids->cap, ids->n + n, sizeof(*ids->young)) != 0)
        return ERR_MEMORY;
    ids->young = grown;
    while (slots_n < 2 * (ids->n + n))
        slots_n *= 2;
    if (slots_n == ids->slots_n)
        return ERR_NONE;
    uint32_t *slots = mem_zero(slots_n, sizeof(*slots));
    if (slots == NULL)
        return ERR_MEMORY;
    mem_free(ids->slots);
    ids->slots = slots;
    ids->slots_n = slots_n;
    /* In the order they came, which is what lets _rewind() empty slots. */
    for (size_t i = 0; i < ids->n; i++)
        enter(ids, i);
    return ERR_NONE;
}

void store_ids_add(struct store_ids *ids, const struct store_id *id)
{
    ASSERT(ids->n < ids->cap && 2 * (ids->n + 1) <= ids->slots_n);
    ids->young[ids->n].id = *id;
    enter(ids, ids->n++);
}

size_t store_ids_count(const struct store_ids *ids)
{
    return ids->n;
}

void store_ids_rewind(struct store_ids *ids, size_t n)
{
    ASSERT(n >= ids->written);
    /* Last come, first gone: no key that is still there was moved on by one that goes. */
    while (ids->n > n) {
        const struct young *y = &ids->young[--ids->n];
        ids->slots[slot_of(ids, y->id.key)] = y->before;
    }
}

/* Writing. */

static enum err insert_blob(struct store_ids *ids, const char *sql, int64_t number,
                            const struct buf *data)
{
    struct sqlite3_stmt *stmt = store_db_prepare(ids->db, sql);
    if (!buf_ok(data))
        return ERR_MEMORY;
    if (stmt != NULL) {
        if (number != 0)
            store_db_bind_i64(stmt, 1, number);
        store_db_bind_bytes(stmt, 2, data->p, data->n);
    }
    return store_db_exec(ids->db, stmt);
}

static enum err write_run(struct store_ids *ids, size_t n)
{
    struct buf data;
    if (n <= ids->written)
        return ERR_NONE;
    buf_init(&data);
    for (size_t i = ids->written; i < n; i++)
        put_id(&data, &ids->young[i].id);
    enum err rc = insert_blob(ids, "INSERT INTO id_run VALUES (?1, ?2)", 0, &data);
    buf_release(&data);
    return rc;
}

static int compare_ids(const void *x, const void *y)
{
    return compare((*(const struct store_id *const *)x)->key,
                   (*(const struct store_id *const *)y)->key);
}

/* The newest of each key in memory, in the order of keys; NULL without memory. */
static const struct store_id **sort(const struct store_ids *ids, size_t *out_n)
{
    const struct store_id **list = mem_alloc(ids->n * sizeof(*list));
    size_t n = 0;
    for (size_t i = 0; list != NULL && i < ids->n; i++)
        if (find_young(ids, ids->young[i].id.key) == &ids->young[i].id)
            list[n++] = &ids->young[i].id;
    if (list != NULL)
        qsort(list, n, sizeof(*list), compare_ids);
    *out_n = n;
    return list;
}

static enum err write_pages(struct store_ids *ids, const struct generation *g,
                            const struct store_id *const *list, size_t n)
{
    struct buf data;
    enum err rc = ERR_NONE;
    buf_init(&data);
    for (size_t i = 0; rc == ERR_NONE && i < n; i++) {
        int64_t page = page_number(g, list[i]->key);
        put_id(&data, list[i]);
        if (i + 1 < n && page_number(g, list[i + 1]->key) == page)
            continue;
        rc = insert_blob(ids, "INSERT INTO id_page VALUES (?1, ?2)", page, &data);
        buf_clear(&data);
    }
    buf_release(&data);
    return rc;
}

static enum err write_generation(struct store_ids *ids, const struct generation *g)
{
    struct sqlite3_stmt *stmt =
        store_db_prepare(ids->db, "INSERT INTO id_generation VALUES (?, ?, ?, ?, ?)");
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, g->number);
        store_db_bind_i64(stmt, 2, (int64_t)g->names);
        store_db_bind_i64(stmt, 3, g->max_time);
        store_db_bind_i64(stmt, 4, g->page_bits);
        store_db_bind_bytes(stmt, 5, g->filter, g->filter_n);
    }
    return store_db_exec(ids->db, stmt);
}

/* All in memory becomes a generation. */
static enum err age(struct store_ids *ids)
{
    struct generation g = {.number = 1, .max_time = TIME_NONE};
    size_t n;
    const struct store_id **list = sort(ids, &n);
    void *grown = ids->old;
    if (list == NULL || mem_grow(&grown, &ids->old_cap, ids->old_n + 1, sizeof(*ids->old)) != 0) {
        mem_free(list);
        return ERR_MEMORY;
    }
    ids->old = grown;
    if (ids->old_n > 0)
        g.number = ids->old[ids->old_n - 1].number + 1;
    g.names = n;
    while (g.page_bits < PAGES_BITS_MOST && n >> g.page_bits > PAGE_NAMES)
        g.page_bits++;
    enum err rc = make_filter(&g);
    for (size_t i = 0; rc == ERR_NONE && i < n; i++) {
        g.max_time = list[i]->time > g.max_time ? list[i]->time : g.max_time;
        for (int k = 0; k < FILTER_PROBES; k++) {
            size_t bit = filter_bit(&g, list[i]->key, k);
            g.filter[bit / 8] |= (uint8_t)(1U << bit % 8);
        }
    }
    if (rc == ERR_NONE)
        rc = write_pages(ids, &g, list, n);
    if (rc == ERR_NONE)
        rc = write_generation(ids, &g);
    if (rc == ERR_NONE)
        rc = store_db_exec(ids->db, store_db_prepare(ids->db, "DELETE FROM id_run"));
    mem_free(list);
    ids->fresh = g;
    return rc;
}

/* Of all events; TIME_MAX: there is none. */
static enum err find_earliest(struct store_ids *ids, ts_ns *out)
{
    struct sqlite3_stmt *stmt = store_db_prepare(
        ids->db, "SELECT min(t) FROM (SELECT min(min_time) AS t FROM piece UNION ALL"
                 " SELECT min(min_time) FROM batch)");
    enum err rc = stmt != NULL ? store_db_step(ids->db, stmt) : store_db_error(ids->db);
    if (rc == ERR_NONE) {
        *out = store_db_text(stmt, 0) != NULL ? store_db_i64(stmt, 0) : TIME_MAX;
        store_db_reset(stmt);
    }
    return rc;
}

static enum err doom(struct store_ids *ids, struct generation *g)
{
    struct sqlite3_stmt *stmt =
        store_db_prepare(ids->db, "DELETE FROM id_page WHERE page >= ? AND page < ?");
    if (stmt != NULL) {
        store_db_bind_i64(stmt, 1, g->number << PAGES_BITS_MOST);
        store_db_bind_i64(stmt, 2, (g->number + 1) << PAGES_BITS_MOST);
    }
    enum err rc = store_db_exec(ids->db, stmt);
    if (rc != ERR_NONE)
        return rc;
    stmt = store_db_prepare(ids->db, "DELETE FROM id_generation WHERE generation = ?");
    if (stmt != NULL)
        store_db_bind_i64(stmt, 1, g->number);
    g->doomed = true;
    return store_db_exec(ids->db, stmt);
}

/* The oldest go while there are more than may be kept. */
static enum err make_room(struct store_ids *ids)
{
    uint64_t kept = ids->fresh.names;
    ts_ns earliest = TIME_MAX;
    enum err rc = ERR_NONE;
    for (size_t i = 0; i < ids->old_n; i++)
        kept += ids->old[i].names;
    if (kept > ids->most)
        rc = find_earliest(ids, &earliest);
    for (size_t i = 0; rc == ERR_NONE && kept > ids->most && i < ids->old_n; i++) {
        kept -= ids->old[i].names;
        ids->forgets += ids->old[i].max_time >= earliest ? ids->old[i].names : 0;
        rc = doom(ids, &ids->old[i]);
    }
    return rc;
}

enum err store_ids_write(struct store_ids *ids, size_t n)
{
    ids->ages = n == ids->n && n >= ids->ages_at;
    ids->writing = n;
    if (!ids->ages)
        return write_run(ids, n);
    enum err rc = age(ids);
    return rc == ERR_NONE ? make_room(ids) : rc;
}

enum err store_ids_prune(struct store_ids *ids)
{
    ts_ns earliest = TIME_NONE;
    enum err rc = ids->old_n > 0 ? find_earliest(ids, &earliest) : ERR_NONE;
    for (size_t i = 0; rc == ERR_NONE && i < ids->old_n; i++)
        if (ids->old[i].max_time < earliest)
            rc = doom(ids, &ids->old[i]);
    return rc;
}

void store_ids_written(struct store_ids *ids)
{
    size_t kept = 0;
    for (size_t i = 0; i < ids->old_n; i++) {
        if (ids->old[i].doomed)
            mem_free(ids->old[i].filter);
        else
            ids->old[kept++] = ids->old[i];
    }
    ids->old_n = kept;
    ids->written = ids->writing;
    if (ids->ages) {
        ids->old[ids->old_n++] = ids->fresh;
        ids->fresh.filter = NULL;
        ids->n = ids->written = ids->writing = 0;
        ids->ages_at = ids->enough;
        memset(ids->slots, 0, ids->slots_n * sizeof(*ids->slots));
    }
    ids->ages = false;
    ids->forgotten += ids->forgets;
    ids->forgets = 0;
}

void store_ids_unwritten(struct store_ids *ids)
{
    for (size_t i = 0; i < ids->old_n; i++)
        ids->old[i].doomed = false;
    mem_free(ids->fresh.filter);
    ids->fresh.filter = NULL;
    /* A disk that has no room for a generation may have some for the events. */
    if (ids->ages)
        ids->ages_at = ids->n + ids->enough / GENERATIONS + 1;
    ids->ages = false;
    ids->writing = ids->written;
    ids->forgets = 0;
}

void store_ids_totals(const struct store_ids *ids, uint64_t *out_kept, uint64_t *out_forgotten)
{
    *out_kept = ids->n;
    for (size_t i = 0; i < ids->old_n; i++)
        *out_kept += ids->old[i].names;
    *out_forgotten = ids->forgotten;
}
