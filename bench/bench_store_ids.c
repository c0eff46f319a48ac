/* SPDX-License-Identifier: Apache-2.0 */
/* Names of events, as many as are kept and half as many again: written in commits of 4,096, looked
 * for where they are and where not, and read at opening. */
#include "../tests/store/store/store_help.h"

#include "base/clock.h"
#include "store/db.h"
#include "store/ids.h"
#include "store/journal.h"

#include <sys/resource.h>

#define NAMES (STORE_IDS_DEFAULT + STORE_IDS_DEFAULT / 2)
#define COMMIT 4096
#define LOOKS 500000

static double cpu_seconds(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static void check(enum err rc, const char *what)
{
    if (rc != ERR_NONE) {
        fprintf(stderr, "bench_store_ids: %s: %s\n", what, err_name(rc));
        exit(1);
    }
}

static void print(const char *what, uint64_t items, double begun)
{
    double cpu = cpu_seconds() - begun;
    printf("{\"bench\":\"store_ids\",\"case\":\"%s\",\"items\":%llu,\"cpu_ns_per_item\":%.0f}\n",
           what, (unsigned long long)items, cpu / (double)items * 1e9);
    fflush(stdout);
}

static struct store_id_key key_of(const struct store_ids *ids, uint64_t i)
{
    char text[48];
    snprintf(text, sizeof(text), "%040llx", (unsigned long long)i);
    return store_ids_name(ids, "logs-network_traffic.flow-default", text);
}

static enum err find(struct store_ids *ids, struct store_id_key key)
{
    struct store_id found;
    enum err err = store_ids_find(ids, key, &found);
    return err == ERR_AGAIN ? store_ids_read(ids, key, &found) : err;
}

static void write_names(struct store_db *db, struct store_ids *ids)
{
    double slowest = 0;
    double begun = cpu_seconds();
    for (uint64_t i = 0; i < NAMES; i++) {
        struct store_id id = {.key = key_of(ids, i), .sequence = i, .version = 1};
        if (find(ids, id.key) != ERR_NOT_FOUND)
            check(ERR_FORMAT, "a new name is known");
        check(store_ids_reserve(ids, 1), "names");
        store_ids_add(ids, &id);
        if (i % COMMIT == COMMIT - 1) {
            ts_ns at = clock_steady();
            check(store_db_begin(db), "a transaction");
            check(store_ids_write(ids, store_ids_count(ids)), "writing");
            check(store_db_commit(db), "a commit");
            store_ids_written(ids);
            double took = (double)(clock_steady() - at) * 1e-6;
            slowest = took > slowest ? took : slowest;
        }
    }
    print("write", NAMES, begun);
    printf("{\"bench\":\"store_ids\",\"case\":\"slowest_commit\",\"ms\":%.0f}\n", slowest);
}

static void look(struct store_ids *ids, const char *what, uint64_t from, bool there)
{
    struct rng rng;
    rng_init(&rng, 3);
    double begun = cpu_seconds();
    for (uint64_t i = 0; i < LOOKS; i++)
        if ((find(ids, key_of(ids, from + rng_below(&rng, STORE_IDS_DEFAULT / 2))) == ERR_NONE) !=
            there)
            check(ERR_FORMAT, what);
    print(what, LOOKS, begun);
}

int main(void)
{
    const struct store_db_kind kind = {
        .what = "names", .application_id = 0x57656972, .version = store_journal_version()};
    char dir[] = "/tmp/weir-bench-XXXXXX", path[64], command[64];
    struct err_text why;
    struct store_journal *j;
    struct store_db *db;
    struct store_ids *ids;
    struct stat st;
    uint64_t kept, forgotten;
    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(path, sizeof(path), "%s/events.db", dir);
    check(store_journal_open(path, 0, &j, &why), "the journal");
    store_journal_close(j);
    check(store_db_open(path, &kind, &db, &why), "the database");
    check(store_ids_open(db, 0, &ids), "names");
    write_names(db, ids);
    store_ids_totals(ids, &kept, &forgotten);
    look(ids, "known", NAMES - STORE_IDS_DEFAULT / 2 - COMMIT, true);
    look(ids, "unknown", NAMES, false);
    store_ids_close(ids);
    double begun = cpu_seconds();
    check(store_ids_open(db, 0, &ids), "names");
    print("open", kept, begun);
    store_ids_close(ids);
    store_db_close(db);
    if (stat(path, &st) != 0)
        return 1;
    printf("{\"bench\":\"store_ids\",\"case\":\"bytes_per_name\",\"bytes\":%.1f,\"names\":%llu}\n",
           (double)st.st_size / (double)kept, (unsigned long long)kept);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command) == 0 ? 0 : 1;
}
