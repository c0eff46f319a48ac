/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* POLLRDHUP */
#include "store/worker.h"

#include "store/jail.h"
#include "store/worker_priv.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define IDLE_NS (60 * TIME_S)
#define BESIDES ((uint64_t)512 << 20) /* for batches, stacks, and what an allocator keeps */

enum err store_worker_error(struct store_worker *w, enum err code, const char *sentence)
{
    struct buf b;
    buf_init(&b);
    buf_le32(&b, (uint32_t)-code);
    store_frame_put_text(&b, sentence, strlen(sentence));
    enum err rc =
        buf_ok(&b) ? store_frame_send(w->fd, STORE_FRAME_ERROR, b.p, b.n, TIME_MAX) : ERR_MEMORY;
    buf_release(&b);
    return rc;
}

enum err store_worker_done(struct store_worker *w, uint64_t rows, bool more)
{
    struct buf b;
    buf_init(&b);
    buf_le64(&b, rows);
    buf_char(&b, more);
    enum err rc =
        buf_ok(&b) ? store_frame_send(w->fd, STORE_FRAME_DONE, b.p, b.n, TIME_MAX) : ERR_MEMORY;
    buf_release(&b);
    return rc;
}

/* The system's own words, which DuckDB passes on. */
static bool is_full(const char *text)
{
    return strstr(text, strerror(ENOSPC)) != NULL || strstr(text, strerror(EDQUOT)) != NULL ||
           strstr(text, strerror(EFBIG)) != NULL;
}

enum err store_worker_duck_error(struct store_worker *w, duckdb_error_type type, const char *text)
{
    enum err code = ERR_INVALID;
    if (text == NULL)
        text = "DuckDB failed without a word";
    switch (type) {
    case DUCKDB_ERROR_OUT_OF_MEMORY:
        code = ERR_LIMIT;
        break;
    case DUCKDB_ERROR_IO:
        code = is_full(text) ? ERR_FULL : ERR_IO;
        break;
    case DUCKDB_ERROR_INTERNAL:
    case DUCKDB_ERROR_FATAL:
        code = is_full(text) ? ERR_FULL : ERR_IO;
        break;
    case DUCKDB_ERROR_PERMISSION:
        code = ERR_DENIED;
        break;
    default:
        /* The step that failed does not always say its type. */
        if (is_full(text))
            code = ERR_FULL;
        else if (strncmp(text, "Out of Memory", 13) == 0)
            code = ERR_LIMIT;
        else if (strncmp(text, "IO Error", 8) == 0)
            code = ERR_IO;
        break;
    }
    return store_worker_error(w, code, text);
}

enum err store_worker_run(struct store_worker *w, const char *sql, bool *ok)
{
    const struct store_duck *d = &w->duck;
    duckdb_result result;
    enum err rc = ERR_NONE;
    *ok = d->query(w->con, sql, &result) == DuckDBSuccess;
    if (!*ok)
        rc = store_worker_duck_error(w, d->result_error_type(&result), d->result_error(&result));
    d->destroy_result(&result);
    return rc;
}

void store_worker_run_quietly(struct store_worker *w, const char *sql)
{
    duckdb_result result;
    (void)w->duck.query(w->con, sql, &result);
    w->duck.destroy_result(&result);
}

/* Opens DuckDB in memory, with nothing of the file system but the folder of the pieces. */
static enum err open_duck(struct store_worker *w, const char *folder, uint64_t memory,
                          uint32_t threads, struct err_text *why)
{
    const struct store_duck *d = &w->duck;
    duckdb_config config = NULL;
    char *error = NULL;
    char memory_text[32];
    char threads_text[16];
    struct buf spill;
    struct buf allowed;
    buf_init(&spill);
    buf_init(&allowed);
    /* Each worker its own: DuckDB gives its files fixed names. */
    buf_format(&spill, "%s/spill-%ld", folder, (long)getpid());
    buf_str(&allowed, "SET allowed_directories = [");
    store_column_quote_text(&allowed, folder, strlen(folder));
    buf_str(&allowed, "]; SET enable_external_access = false; SET TimeZone = 'UTC'; "
                      "SET lock_configuration = true");
    snprintf(memory_text, sizeof(memory_text), "%lluMiB", (unsigned long long)(memory >> 20));
    snprintf(threads_text, sizeof(threads_text), "%u", threads);
    const char *const settings[][2] = {
        {"memory_limit", memory_text},          {"threads", threads_text},
        {"temp_directory", buf_text(&spill)},   {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"}, {"allow_community_extensions", "false"},
    };
    enum err rc = d->create_config(&config) == DuckDBSuccess && buf_ok(&spill) && buf_ok(&allowed)
                      ? ERR_NONE
                      : err_set(why, ERR_MEMORY, "no memory for DuckDB");
    for (size_t i = 0; rc == ERR_NONE && i < sizeof(settings) / sizeof(settings[0]); i++)
        if (d->set_config(config, settings[i][0], settings[i][1]) != DuckDBSuccess)
            rc = err_set(why, ERR_UNSUPPORTED, "DuckDB knows no setting %s", settings[i][0]);
    if (rc == ERR_NONE && d->open_ext(NULL, &w->db, config, &error) != DuckDBSuccess)
        rc = err_set(why, ERR_UNSUPPORTED, "DuckDB does not start: %s", error);
    d->free(error);
    d->destroy_config(&config);
    if (rc == ERR_NONE && d->connect(w->db, &w->con) != DuckDBSuccess)
        rc = err_set(why, ERR_UNSUPPORTED, "DuckDB gives no connection");
    if (rc == ERR_NONE)
        rc = store_seal_register(w, why);
    if (rc == ERR_NONE)
        rc = store_leaf_register(w, why);
    if (rc == ERR_NONE) {
        duckdb_result result;
        if (d->query(w->con, buf_text(&allowed), &result) != DuckDBSuccess)
            rc = err_set(why, ERR_UNSUPPORTED, "DuckDB takes no limits: %s",
                         d->result_error(&result));
        d->destroy_result(&result);
    }
    buf_release(&spill);
    buf_release(&allowed);
    return rc;
}

static enum err hello(struct store_worker *w, struct cursor c)
{
    struct err_text why;
    uint32_t version = cursor_le32(&c);
    struct bytes folder = store_frame_text(&c);
    uint64_t memory = cursor_le64(&c);
    uint32_t threads = cursor_le32(&c);
    if (!cursor_ok(&c) || w->ready)
        return ERR_FORMAT;
    if (version != STORE_WIRE_VERSION)
        return store_worker_error(w, ERR_VERSION,
                                  "the program was replaced by another version while it runs: "
                                  "restart it");
    char *text = mem_strndup((const char *)folder.p, folder.n);
    enum err rc = text != NULL ? store_duck_load(&w->duck, &why)
                               : err_set(&why, ERR_MEMORY, "no memory for DuckDB");
    /* The library is loaded; from here on only pieces are opened. */
    if (rc == ERR_NONE)
        store_jail_bound(2 * memory + BESIDES);
    if (rc == ERR_NONE)
        rc = store_jail_enter(text, &why);
    if (rc == ERR_NONE)
        rc = open_duck(w, text, memory, threads, &why);
    mem_free(text);
    if (rc != ERR_NONE)
        return store_worker_error(w, rc, why.message);
    w->ready = true;
    return store_worker_done(w, 0, false);
}

/* Keeps a batch; what is wrong with it is told by the request that needs it. */
static enum err take_batch(struct store_worker *w, struct store_frame *f)
{
    void *grown = w->batches;
    if (mem_grow(&grown, &w->batches_cap, w->batches_n + 1, sizeof(*w->batches)) != 0)
        return ERR_MEMORY;
    w->batches = grown;
    struct store_worker_batch *b = &w->batches[w->batches_n];
    memset(b, 0, sizeof(*b));
    b->bytes = f->body;
    buf_init(&f->body);
    enum err rc = store_batch_open(bytes_make(b->bytes.p, b->bytes.n), &b->batch);
    if (rc != ERR_NONE) {
        buf_release(&b->bytes);
        return rc;
    }
    w->batches_n++;
    return ERR_NONE;
}

static enum err answer(struct store_worker *w, struct store_frame *f)
{
    struct cursor c = cursor_make(f->body.p, f->body.n);
    if (f->type == STORE_FRAME_HELLO)
        return hello(w, c);
    if (!w->ready)
        return ERR_FORMAT;
    switch ((enum store_frame_type)f->type) {
    case STORE_FRAME_BATCH:
        return take_batch(w, f);
    case STORE_FRAME_SEAL:
        return store_worker_seal(w, c);
    case STORE_FRAME_MERGE:
        return store_worker_merge(w, c);
    case STORE_FRAME_FIND:
        return store_worker_find(w, c);
    case STORE_FRAME_SELECT:
        return store_worker_select(w, c);
    case STORE_FRAME_COUNT:
        return store_worker_count(w, c);
    case STORE_FRAME_TABLE:
        return store_worker_table(w, c);
    case STORE_FRAME_STOP: /* came when the find had just ended */
        return ERR_NONE;
    default:
        return ERR_FORMAT;
    }
}

/* Ends the process when the store is gone, though a query is at work. */
static void *watch(void *arg)
{
    struct pollfd p = {.fd = *(const int *)arg, .events = POLLRDHUP};
    while (poll(&p, 1, -1) < 0 && errno == EINTR)
        continue;
    _exit(0);
}

int store_worker_main(int fd)
{
    struct store_worker w = {.fd = fd};
    pthread_t watcher;
    struct store_frame f = {0};
    buf_init(&f.body);
    store_jail_begin();
    if (pthread_create(&watcher, NULL, watch, &w.fd) != 0)
        _exit(1);
    enum err rc = ERR_NONE;
    while (rc == ERR_NONE) {
        rc = store_frame_receive(fd, &f, clock_steady() + IDLE_NS);
        if (rc == ERR_NONE)
            rc = answer(&w, &f);
    }
    /* The end of the socket or of patience is how it is meant to end; DuckDB needs no farewell. */
    _exit(rc == ERR_END || rc == ERR_STOPPED ? 0 : 1);
}
