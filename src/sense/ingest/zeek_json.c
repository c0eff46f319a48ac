/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/zeek_json.h"

#include "event/json.h"
#include "format/json.h"

#include <string.h>

#define NAME_MAX_BYTES 250
#define VALUES_MAX 4096

/* A member of an object by key; 0 when it is not there. */
static uint32_t member(const struct format_json_tape *t, uint32_t object, const char *key)
{
    size_t want = strlen(key);
    uint32_t end = format_json_end(t, object);
    for (uint32_t i = object + 1; i < end; i = format_json_next(t, i)) {
        size_t n;
        const char *name = format_json_str(t, i++, &n);
        if (n == want && memcmp(name, key, n) == 0)
            return i;
    }
    return 0;
}

/*
 * The object that holds the columns: the document, or what stands in "zeek" under a log's name;
 * then *out_log and its length are set.
 */
static uint32_t columns_of(const struct format_json_tape *t, const char **out_log, size_t *out_n)
{
    if (format_json_type(t, FORMAT_JSON_ROOT) != FORMAT_OBJECT)
        return 0;
    if (member(t, FORMAT_JSON_ROOT, "ts") != 0)
        return FORMAT_JSON_ROOT;
    uint32_t zeek = member(t, FORMAT_JSON_ROOT, "zeek");
    if (zeek == 0 || format_json_type(t, zeek) != FORMAT_OBJECT)
        return 0;
    uint32_t end = format_json_end(t, zeek);
    for (uint32_t i = zeek + 1; i < end; i = format_json_next(t, i)) {
        const char *log = format_json_str(t, i++, out_n);
        if (format_json_type(t, i) == FORMAT_OBJECT && member(t, i, "ts") != 0) {
            *out_log = log;
            return i;
        }
    }
    return 0;
}

bool ingest_zeek_json_is(const struct event_json *reader)
{
    static const char *const names[] = {"_path", "@stream", "@path"};
    static const char *const columns[] = {"uid", "id.orig_h", "id_orig_h", "uids", "fuid", "id"};
    struct format_json_tape t;
    const char *log;
    size_t n;
    event_json_tape(reader, &t);
    if (format_json_type(&t, FORMAT_JSON_ROOT) != FORMAT_OBJECT)
        return false;
    uint32_t object = columns_of(&t, &log, &n);
    for (size_t i = 0; object != 0 && i < sizeof(columns) / sizeof(columns[0]); i++)
        if (member(&t, object, columns[i]) != 0)
            return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (member(&t, FORMAT_JSON_ROOT, names[i]) != 0)
            return true;
    return object != 0 && object != FORMAT_JSON_ROOT;
}

static bool scalar(const struct format_json_tape *t, uint32_t at, struct event_value *out)
{
    size_t n;
    const char *s;
    switch (format_json_type(t, at)) {
    case FORMAT_STRING:
        s = format_json_str(t, at, &n);
        if (n == 0 || n > UINT32_MAX / 8 || memchr(s, 0, n) != NULL)
            return false;
        *out = (struct event_value){.type = EVENT_STR, .len = (uint32_t)n, .s = s};
        return true;
    case FORMAT_INT:
        *out = (struct event_value){.type = EVENT_I64, .i = format_json_i64(t, at)};
        return true;
    case FORMAT_FLOAT:
        *out = (struct event_value){.type = EVENT_F64, .f = format_json_f64(t, at)};
        return true;
    case FORMAT_BOOL:
        *out = (struct event_value){.type = EVENT_BOOL, .b = format_json_bool(t, at)};
        return true;
    default:
        return false;
    }
}

struct row {
    struct ingest_zeek *z;
    const struct format_json_tape *t;
    struct arena *arena;
    size_t n;
    char name[NAME_MAX_BYTES + 2];
};

/* "id_orig_h" is "id.orig_h", whatever the shipper thinks of dots. */
static void add_cell(struct row *r, const struct ingest_zeek_cell *cell)
{
    static const char *const ends[] = {"id_orig_h", "id_orig_p", "id_resp_h", "id_resp_p"};
    if (r->n == 9 && r->name[2] == '_') {
        for (int i = 0; i < 4; i++)
            if (memcmp(r->name, ends[i], 9) == 0)
                r->name[2] = '.';
    }
    ingest_zeek_column(r->z, ingest_zeek_plan(r->z, r->name, r->n), cell);
}

static void add_members(struct row *r, uint32_t object);

static void add_value(struct row *r, uint32_t at)
{
    struct ingest_zeek_cell cell = {.n = 0};
    switch (format_json_type(r->t, at)) {
    case FORMAT_OBJECT:
        r->name[r->n++] = '.';
        add_members(r, at);
        r->n--;
        return;
    case FORMAT_ARRAY: {
        uint32_t count = 0;
        uint32_t end = format_json_end(r->t, at);
        for (uint32_t i = at + 1; i < end; i = format_json_next(r->t, i))
            count++;
        if (count > VALUES_MAX)
            count = VALUES_MAX;
        struct event_value *many = arena_alloc(r->arena, (count + 1) * sizeof(*many));
        if (many == NULL)
            return;
        for (uint32_t i = at + 1; i < end && cell.n < count; i = format_json_next(r->t, i))
            cell.n += scalar(r->t, i, &many[cell.n]);
        cell.many = many;
        break;
    }
    default:
        cell.n = scalar(r->t, at, &cell.one);
    }
    if (cell.n > 0)
        add_cell(r, &cell);
}

/* Depth is bounded by the parser. */
static void add_members(struct row *r, uint32_t object)
{
    uint32_t end = format_json_end(r->t, object);
    size_t kept = r->n;
    for (uint32_t i = object + 1; i < end; i = format_json_next(r->t, i)) {
        size_t n;
        const char *key = format_json_str(r->t, i++, &n);
        if (n > NAME_MAX_BYTES - kept || memchr(key, 0, n) != NULL) {
            ingest_zeek_column(r->z, NULL, &(struct ingest_zeek_cell){.n = 1});
            continue;
        }
        memcpy(r->name + kept, key, n);
        r->n = kept + n;
        add_value(r, i);
        r->n = kept;
    }
}

bool ingest_zeek_json_row(struct ingest_zeek *z, const struct event_json *reader,
                          const char *log_hint, struct arena *arena, event_sink_fn sink, void *ctx,
                          enum ingest_drop *out_reason, const char **out_why)
{
    static const char *const names[] = {"_path", "@stream", "@path"};
    struct format_json_tape t;
    const char *log = log_hint;
    size_t n = log != NULL ? strlen(log) : 0;
    event_json_tape(reader, &t);
    uint32_t object = columns_of(&t, &log, &n);
    if (object == 0) {
        *out_reason = INGEST_DROP_TIME;
        *out_why = "a record of Zeek needs a time in ts";
        return false;
    }
    for (size_t i = 0; i < 3 && object == FORMAT_JSON_ROOT; i++) {
        uint32_t at = member(&t, object, names[i]);
        if (at != 0 && format_json_type(&t, at) == FORMAT_STRING) {
            log = format_json_str(&t, at, &n);
            break;
        }
    }
    if (log == NULL) {
        /* Nobody says which log it is; a connection's state is telling enough. */
        log = member(&t, object, "conn_state") != 0 ? "conn" : "unknown";
        n = strlen(log);
    }
    ingest_zeek_select(z, log, n);
    struct row r = {.z = z, .t = &t, .arena = arena};
    ingest_zeek_begin(z, arena);
    add_members(&r, object);
    if (ingest_zeek_end(z, sink, ctx))
        return true;
    *out_reason = INGEST_DROP_TIME;
    *out_why = "the time in ts cannot be read";
    return false;
}
