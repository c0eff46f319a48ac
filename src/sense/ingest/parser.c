/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/parser.h"

#include "base/arena.h"
#include "base/mem.h"
#include "event/json.h"
#include "format/json.h"
#include "ingest/delta.h"
#include "ingest/truth.h"
#include "ingest/zeek_json.h"
#include "ingest/zeek_tsv.h"

#include <string.h>

/* What one record may leave in the arena before its blocks go back. */
#define ARENA_BLOCK ((size_t)64 << 10)

struct ingest_parser {
    struct ingest_settings settings;
    struct ingest_counts counts;
    struct arena arena;
    struct event_json *json;
    struct ingest_zeek *zeek;
    struct ingest_zeek_tsv *tsv;
    char *file;
    bool has_log;
    char log[32];
    bool json_lines; /* the first record was JSON: what is none is a mistake in JSON */
    uint64_t sequence;
    uint64_t number; /* of the line at hand */
    event_sink_fn sink;
    void *sink_ctx;
};

void ingest_settings_default(struct ingest_settings *s)
{
    *s =
        (struct ingest_settings){.format = INGEST_FORMAT_AUTO, .zeek.report_every_ns = 60 * TIME_S};
}

struct ingest_parser *ingest_parser_new(const struct ingest_settings *settings, const char *file)
{
    struct ingest_parser *p = mem_zero(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->settings = *settings;
    arena_init(&p->arena, ARENA_BLOCK);
    p->file = mem_strdup(file);
    p->has_log = ingest_zeek_log_of(file, p->log);
    p->json = event_json_new();
    p->zeek = ingest_zeek_new(&settings->zeek, &p->counts);
    if (p->zeek != NULL)
        p->tsv = ingest_zeek_tsv_new(p->zeek, &p->counts, p->has_log ? p->log : NULL);
    if (p->file == NULL || p->json == NULL || p->tsv == NULL) {
        ingest_parser_free(p);
        return NULL;
    }
    return p;
}

void ingest_parser_free(struct ingest_parser *p)
{
    if (p == NULL)
        return;
    ingest_zeek_tsv_free(p->tsv);
    ingest_zeek_free(p->zeek);
    event_json_free(p->json);
    arena_release(&p->arena);
    mem_free(p->file);
    mem_free(p);
}

void ingest_parser_drop(struct ingest_parser *p, enum ingest_drop reason, uint64_t number,
                        const char *why)
{
    ingest_counts_drop(&p->counts, reason, p->file, number, 0, why);
}

/* Every event passes here on its way out. */
static void stamp(void *ctx, struct event *e)
{
    struct ingest_parser *p = ctx;
    e->source = p->settings.source;
    e->sequence = p->sequence++;
    if (p->settings.delta != NULL)
        ingest_delta_apply(p->settings.delta, e);
    ingest_truth_correct(e, &p->counts);
    if (e->failed) {
        ingest_parser_drop(p, INGEST_DROP_MEMORY, p->number, "no memory is left for this record");
        return;
    }
    p->counts.events++;
    p->sink(p->sink_ctx, e);
}

/* {"index":{…}}: what comes before a document in a bulk request. */
static bool is_bulk_action(const struct format_json_tape *t)
{
    static const char *const actions[] = {"index", "create", "update", "delete"};
    uint32_t end = format_json_end(t, FORMAT_JSON_ROOT);
    size_t n;
    if (FORMAT_JSON_ROOT + 1 >= end)
        return false;
    const char *key = format_json_str(t, FORMAT_JSON_ROOT + 1, &n);
    uint32_t value = FORMAT_JSON_ROOT + 2;
    if (format_json_type(t, value) != FORMAT_OBJECT || format_json_next(t, value) != end)
        return false;
    for (int i = 0; i < 4; i++)
        if (strlen(actions[i]) == n && memcmp(actions[i], key, n) == 0)
            return true;
    return false;
}

/* Where the document is: the root, or "_source" of a search hit. */
static uint32_t document_of(const struct format_json_tape *t)
{
    uint32_t end = format_json_end(t, FORMAT_JSON_ROOT);
    size_t n;
    if (FORMAT_JSON_ROOT + 1 >= end)
        return FORMAT_JSON_ROOT;
    const char *key = format_json_str(t, FORMAT_JSON_ROOT + 1, &n);
    if (n == 0 || key[0] != '_')
        return FORMAT_JSON_ROOT;
    for (uint32_t i = FORMAT_JSON_ROOT + 1; i < end; i = format_json_next(t, i)) {
        key = format_json_str(t, i++, &n);
        if (n == 7 && memcmp(key, "_source", 7) == 0 && format_json_type(t, i) == FORMAT_OBJECT)
            return i;
    }
    return FORMAT_JSON_ROOT;
}

static void ecs(struct ingest_parser *p, const struct format_json_tape *t, uint64_t number)
{
    if (is_bulk_action(t))
        return;
    struct event e;
    event_init(&e, &p->arena, TIME_NONE);
    event_json_add(p->json, &e, document_of(t));
    if (e.time == TIME_NONE && !e.failed) {
        ingest_parser_drop(p, INGEST_DROP_TIME, number,
                           "an event needs a time in @timestamp that can be read");
        return;
    }
    p->counts.records += !e.failed;
    stamp(p, &e);
}

static void json(struct ingest_parser *p, const char *line, size_t n, uint64_t number, bool padded)
{
    struct format_json_bad bad = {0, ""};
    struct event_json_counts before = *event_json_counts(p->json);
    enum err code = event_json_parse(p->json, line, n, padded, &bad);
    if (code != ERR_NONE) {
        enum ingest_drop reason = code == ERR_FORMAT  ? INGEST_DROP_JSON
                                  : code == ERR_LIMIT ? INGEST_DROP_LONG
                                                      : INGEST_DROP_MEMORY;
        ingest_counts_drop(&p->counts, reason, p->file, number, (unsigned)bad.offset + 1,
                           code == ERR_FORMAT ? bad.expected : err_name(code));
        return;
    }
    struct format_json_tape t;
    event_json_tape(p->json, &t);
    enum ingest_drop reason;
    const char *why;
    if (format_json_type(&t, FORMAT_JSON_ROOT) != FORMAT_OBJECT) {
        ingest_counts_drop(&p->counts, INGEST_DROP_JSON, p->file, number, 1,
                           "an object is expected on each line");
    } else if (p->settings.format == INGEST_FORMAT_ECS ||
               (p->settings.format == INGEST_FORMAT_AUTO && !ingest_zeek_json_is(p->json))) {
        ecs(p, &t, number);
    } else if (ingest_zeek_json_row(p->zeek, p->json, p->has_log ? p->log : NULL, &p->arena, stamp,
                                    p, &reason, &why)) {
        p->counts.records++;
    } else {
        ingest_parser_drop(p, reason, number, why);
    }
    const struct event_json_counts *after = event_json_counts(p->json);
    p->counts.repaired_bytes += after->repaired_bytes - before.repaired_bytes;
    p->counts.dropped_fields += after->dropped_fields - before.dropped_fields;
}

static void tsv(struct ingest_parser *p, const char *line, size_t n, uint64_t number)
{
    enum ingest_drop reason;
    const char *why;
    if (!ingest_zeek_tsv_line(p->tsv, line, n, &p->arena, stamp, p, &reason, &why))
        ingest_parser_drop(p, reason, number, why);
    else if (ingest_zeek_tsv_was_row(p->tsv))
        p->counts.records++;
}

void ingest_parser_line(struct ingest_parser *p, const char *line, size_t n, uint64_t number,
                        bool padded, event_sink_fn sink, void *ctx)
{
    p->sink = sink;
    p->sink_ctx = ctx;
    p->number = number;
    p->counts.lines++;
    p->counts.bytes += n + 1;
    size_t at = 0;
    while (at < n && (line[at] == ' ' || line[at] == '\t' || line[at] == '\r'))
        at++;
    if (at == n)
        return;
    if (line[at] == '{' && p->counts.lines == 1)
        p->json_lines = true;
    if (line[at] == '{' || p->json_lines || p->settings.format == INGEST_FORMAT_ECS)
        json(p, line + at, n - at, number, padded);
    else
        tsv(p, line, n, number);
    arena_clear(&p->arena);
}

void ingest_parser_header(struct ingest_parser *p, const char *line, size_t n)
{
    size_t at = 0;
    while (at < n && (line[at] == ' ' || line[at] == '\t'))
        at++;
    enum ingest_drop reason;
    const char *why;
    if (at < n && line[at] == '#')
        (void)ingest_zeek_tsv_line(p->tsv, line, n, &p->arena, stamp, p, &reason, &why);
}

const struct ingest_counts *ingest_parser_counts(struct ingest_parser *p)
{
    return &p->counts;
}

uint64_t ingest_parser_sequence(const struct ingest_parser *p)
{
    return p->sequence;
}

void ingest_parser_set_sequence(struct ingest_parser *p, uint64_t sequence)
{
    p->sequence = sequence;
}
