/* SPDX-License-Identifier: Apache-2.0 */
#include "core/query/random_tree.h"

#include "base/buf.h"
#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum kind { KEYWORD, TEXT, LONG, DOUBLE, BOOLEAN, IP, DATE, UNKNOWN, KINDS };

struct field {
    const char *name;
    enum kind kind;
    bool query_only; /* another view of a field that events have */
};

static const struct field fields[] = {
    {"event.category", KEYWORD, false},
    {"process.name", KEYWORD, false},
    {"url.path", KEYWORD, false},
    {"process.name.caseless", KEYWORD, true},
    {"message", TEXT, false},
    {"process.command_line", KEYWORD, false},
    {"process.command_line.text", TEXT, true},
    {"source.port", LONG, false},
    {"destination.bytes", LONG, false},
    {"dns.answers.ttl", LONG, false},
    {"event.risk_score", DOUBLE, false},
    {"dns.flags.truncated_response", BOOLEAN, false},
    {"source.ip", IP, false},
    {"related.ip", IP, false},
    {"event.start", DATE, false},
    {"@timestamp", DATE, false},
    {"own.text", UNKNOWN, false},
    {"own.number", UNKNOWN, false},
};

static const char *const words[] = {"curl", "Curl", "network", "file",          "a b",  "",
                                    "x*y",  "x?y",  "C:\\x",   "stra\303\237e", "/a/b", "10"};
static const char *const texts[] = {"The quick brown fox",         "quick fox",
                                    "Brown-fox 3.14 cat_dog",      "fox",
                                    "\xc3\x84rger im B\xc3\xbcro", ""};
static const char *const integers[] = {
    "0", "1", "80", "443", "-5", "9007199254740993", "9223372036854775807"};
static const char *const doubles[] = {"0", "0.5", "2.5", "-1.25", "1e10", "99"};
static const char *const bools[] = {"true", "false"};
static const char *const addresses[] = {"10.0.0.1", "10.1.2.3",    "192.168.1.255",
                                        "8.8.8.8",  "2001:db8::1", "::ffff:10.0.0.1",
                                        "fe80::1",  "0.0.0.0"};
static const char *const nets[] = {"10.0.0.0/8", "10.0.0.1/32", "192.168.0.0/16", "2001:db8::/32",
                                   "0.0.0.0/0",  "::/0",        "10.1.2.3",       "fe80::/10"};
static const char *const dates[] = {"2024-01-01T00:00:00.000Z", "2024-02-29T12:00:00.123Z",
                                    "2024-02-29T12:00:00.123456Z", "2024-03-01T00:00:00Z",
                                    "2024-12-31T23:59:59.999Z"};
static const char *const date_bounds[] = {
    "2024-02-29",    "2024-02-29T12:00:00.123Z", "2024-02", "2024-02-29||/M", "now-1d/d",
    "1709208000123", "2024-03-01T00:00:00+01:00"};
static const char *const patterns[] = {"*",   "c*",  "*rl",   "?url",       "x\\\\*y", "x\\\\?y",
                                       "*o*", "???", "qu?ck", "*\xc3\xb6*", "stra?e",  "1*"};
static const char *const regexps[] = {"c.*",     "[a-z]+", "(curl|fox)", "~(c.*)",
                                      "<1-443>", ".{2,4}", "x\\\\*y",    "@",
                                      "[^a-f]*", "a b",    "qu.*&.*ck"};

#define PICK(r, list) ((list)[rng_below(r, COUNT(list))])

static const struct field *pick_field(struct rng *r)
{
    return &fields[rng_below(r, COUNT(fields))];
}

static void add_string(struct buf *out, const char *s)
{
    buf_char(out, '"');
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            buf_char(out, '\\');
        buf_char(out, *s);
    }
    buf_char(out, '"');
}

/* A value an event can have. */
static void add_value(struct rng *r, enum kind kind, struct buf *out)
{
    switch (kind) {
    case KEYWORD:
        add_string(out, PICK(r, words));
        break;
    case TEXT:
        add_string(out, PICK(r, texts));
        break;
    case LONG:
        buf_str(out, PICK(r, integers));
        break;
    case DOUBLE:
        buf_str(out, PICK(r, doubles));
        break;
    case BOOLEAN:
        buf_str(out, PICK(r, bools));
        break;
    case IP:
        add_string(out, PICK(r, addresses));
        break;
    case DATE:
        add_string(out, PICK(r, dates));
        break;
    default:
        if (rng_below(r, 2) == 0)
            add_value(r, (enum kind)rng_below(r, UNKNOWN), out);
        else
            add_string(out, PICK(r, words));
    }
}

/* A value a query can ask for. */
static void add_term(struct rng *r, enum kind kind, struct buf *out)
{
    if (kind == IP)
        add_string(out, PICK(r, nets));
    else if (kind == DATE)
        add_string(out, PICK(r, date_bounds));
    else if (kind == LONG && rng_below(r, 8) == 0)
        buf_str(out, PICK(r, doubles));
    else
        add_value(r, kind, out);
}

static void add_bound(struct rng *r, enum kind kind, struct buf *out)
{
    if (kind == IP)
        add_string(out, PICK(r, addresses));
    else if (kind == TEXT)
        add_string(out, PICK(r, words));
    else
        add_term(r, kind, out);
}

static void begin(struct buf *out, const char *clause, const char *field)
{
    buf_format(out, "{\"%s\":{\"%s\":", clause, field);
}

static void add_range(struct rng *r, const struct field *f, struct buf *out)
{
    static const char *const low[] = {"gt", "gte"}, *const high[] = {"lt", "lte"};
    uint64_t sides = 1 + rng_below(r, 3);
    begin(out, "range", f->name);
    buf_char(out, '{');
    if (sides & 1) {
        buf_format(out, "\"%s\":", PICK(r, low));
        add_bound(r, f->kind, out);
    }
    if (sides == 3)
        buf_char(out, ',');
    if (sides & 2) {
        buf_format(out, "\"%s\":", PICK(r, high));
        add_bound(r, f->kind, out);
    }
    buf_str(out, "}}}");
}

static void add_terms(struct rng *r, const struct field *f, struct buf *out)
{
    uint64_t n = rng_below(r, 10);
    begin(out, "terms", f->name);
    buf_char(out, '[');
    for (uint64_t i = 0; i < n; i++) {
        if (i > 0)
            buf_char(out, ',');
        add_term(r, f->kind, out);
    }
    buf_str(out, "]}}");
}

static void add_match(struct rng *r, const struct field *f, struct buf *out)
{
    static const char *const clauses[] = {"match", "match_phrase", "match_phrase_prefix"};
    static const char *const options[] = {"", ",\"operator\":\"and\"",
                                          ",\"minimum_should_match\":\"50%\""};
    const char *clause = PICK(r, clauses);
    begin(out, clause, f->name);
    buf_str(out, "{\"query\":");
    if (strcmp(clause, "match_phrase_prefix") == 0)
        add_string(out, f->kind == TEXT ? PICK(r, texts) : PICK(r, words));
    else
        add_term(r, f->kind, out);
    if (strcmp(clause, "match") == 0)
        buf_str(out, PICK(r, options));
    buf_str(out, "}}}");
}

static void add_pattern(struct rng *r, const struct field *f, struct buf *out)
{
    static const char *const clauses[] = {"prefix", "wildcard", "regexp"};
    const char *clause = PICK(r, clauses);
    begin(out, clause, f->name);
    buf_str(out, "{\"value\":");
    if (strcmp(clause, "prefix") == 0)
        add_string(out, PICK(r, words));
    else if (strcmp(clause, "wildcard") == 0)
        buf_format(out, "\"%s\"", PICK(r, patterns));
    else
        buf_format(out, "\"%s\"", PICK(r, regexps));
    if (rng_below(r, 3) == 0)
        buf_str(out, ",\"case_insensitive\":true");
    buf_str(out, "}}}");
}

static void add_leaf(struct rng *r, struct buf *out)
{
    static const char *const exists[] = {"process",    "source.ip", "dns",  "own",
                                         "own.number", "event.*",   "none", "@timestamp"};
    static const char *const anywhere[] = {
        "{\"multi_match\":{\"query\":\"curl\",\"fields\":[\"*\"]}}",
        "{\"multi_match\":{\"query\":\"brown fox\",\"fields\":[\"*\"],\"type\":\"phrase\"}}",
        "{\"multi_match\":{\"query\":443,\"fields\":[\"source.*\"]}}",
        "{\"query_string\":{\"query\":\"event.*:[a TO n]\"}}",
        "{\"query_string\":{\"query\":\"*rl OR own.*:/[0-9]+/\"}}",
        "{\"match_all\":{}}",
        "{\"match_none\":{}}",
        "{\"terms\":{\"_tier\":[\"data_cold\"]}}",
        "{\"wildcard\":{\"_index\":\"logs-*\"}}",
    };
    const struct field *f = pick_field(r);
    switch (rng_below(r, 8)) {
    case 0:
    case 1:
        begin(out, "term", f->name);
        add_term(r, f->kind, out);
        buf_str(out, "}}");
        break;
    case 2:
        add_terms(r, f, out);
        break;
    case 3:
        add_range(r, f, out);
        break;
    case 4:
        add_match(r, f, out);
        break;
    case 5:
        add_pattern(r, f, out);
        break;
    case 6:
        buf_format(out, "{\"exists\":{\"field\":\"%s\"}}", PICK(r, exists));
        break;
    default:
        buf_str(out, PICK(r, anywhere));
    }
}

void random_query(struct rng *r, unsigned depth, struct buf *out)
{
    static const char *const keys[] = {"must", "filter", "should", "must_not"};
    if (depth == 0 || rng_below(r, 3) == 0) {
        add_leaf(r, out);
        return;
    }
    buf_str(out, "{\"bool\":{");
    bool first = true;
    for (size_t k = 0; k < COUNT(keys); k++) {
        uint64_t n = rng_below(r, 2) == 0 ? 0 : 1 + rng_below(r, k == 2 ? 4 : 2);
        if (n == 0)
            continue;
        buf_format(out, "%s\"%s\":[", first ? "" : ",", keys[k]);
        first = false;
        for (uint64_t i = 0; i < n; i++) {
            if (i > 0)
                buf_char(out, ',');
            random_query(r, depth - 1, out);
        }
        buf_char(out, ']');
    }
    if (rng_below(r, 4) == 0)
        buf_format(out, "%s\"minimum_should_match\":%u", first ? "" : ",",
                   (unsigned)rng_below(r, 2));
    buf_str(out, "}}");
}

static void kql_leaf(struct rng *r, struct buf *out)
{
    static const char *const leaves[] = {
        "process.name:curl",
        "process.name:c*",
        "event.category:(network or file)",
        "source.port >= 80",
        "destination.bytes < 443",
        "source.ip:10.0.0.0/8",
        "message:\"brown fox\"",
        "message:fox cat",
        "event.start > \"2024-02-29\"",
        "own.number:1",
        "own.text:*",
        "process.command_line:*x*",
        "related.ip:*",
        "curl",
        "event.*:network",
        "event.risk_score <= 2.5",
    };
    buf_str(out, PICK(r, leaves));
}

void random_kql(struct rng *r, unsigned depth, struct buf *out)
{
    if (depth == 0 || rng_below(r, 3) == 0) {
        kql_leaf(r, out);
        return;
    }
    uint64_t n = 1 + rng_below(r, 3);
    bool by_and = rng_below(r, 2) == 0;
    for (uint64_t i = 0; i < n; i++) {
        if (i > 0)
            buf_str(out, by_and ? " and " : " or ");
        if (rng_below(r, 4) == 0)
            buf_str(out, "not ");
        buf_char(out, '(');
        random_kql(r, depth - 1, out);
        buf_char(out, ')');
    }
}

void random_event(struct rng *r, struct buf *out)
{
    buf_str(out, "{\"@timestamp\":");
    add_string(out, PICK(r, dates));
    for (size_t i = 0; i < COUNT(fields); i++) {
        const struct field *f = &fields[i];
        if (f->query_only || strcmp(f->name, "@timestamp") == 0 || rng_below(r, 4) == 0)
            continue;
        uint64_t n = rng_below(r, 3) == 0 ? rng_below(r, 4) : 1;
        buf_format(out, ",\"%s\":", f->name);
        if (n == 1) {
            add_value(r, f->kind, out);
            continue;
        }
        buf_char(out, '[');
        for (uint64_t k = 0; k < n; k++) {
            if (k > 0)
                buf_char(out, ',');
            add_value(r, f->kind, out);
        }
        buf_char(out, ']');
    }
    buf_char(out, '}');
}
