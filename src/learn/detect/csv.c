/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/csv.h"

#include "base/buf.h"
#include "base/mem.h"

#include <string.h>

#define RECORD_MAX ((size_t)16 << 20)
#define FIELDS_MAX 4096

struct detect_csv {
    detect_csv_header_fn header;
    detect_csv_row_fn row;
    void *ctx;
    struct bytes *fields;
    size_t cap;
    size_t n_header;  /* 0 until the header line came */
    struct buf held;  /* the beginning of a record whose end is not there yet */
    struct buf plain; /* fields of a quoted record without their quotes */
    size_t seen;      /* bytes of held already searched for the record's end */
    bool quoted;      /* at seen we are inside quotes */
    bool skipping;    /* dropping a record that is too long */
    uint64_t line;    /* 1-based line of the next record */
    uint64_t lines_held;
    struct detect_csv_counts counts;
};

struct detect_csv *detect_csv_new(detect_csv_header_fn header, detect_csv_row_fn row, void *ctx)
{
    struct detect_csv *c = mem_zero(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->header = header;
    c->row = row;
    c->ctx = ctx;
    c->line = 1;
    buf_init(&c->held);
    buf_init(&c->plain);
    return c;
}

void detect_csv_free(struct detect_csv *c)
{
    if (c == NULL)
        return;
    buf_release(&c->held);
    buf_release(&c->plain);
    mem_free(c->fields);
    mem_free(c);
}

const struct detect_csv_counts *detect_csv_counts(const struct detect_csv *c)
{
    return &c->counts;
}

static bool room(struct detect_csv *c, size_t n)
{
    if (n < c->cap)
        return true;
    void *fields = c->fields;
    if (mem_grow(&fields, &c->cap, n + 1, sizeof(*c->fields)) != 0)
        return false;
    c->fields = fields;
    return true;
}

/* What the record must not pass: its field count where the header is known. */
static size_t field_limit(const struct detect_csv *c)
{
    return c->n_header > 0 ? c->n_header : FIELDS_MAX;
}

/* Splits a record without quotes. Returns the number of fields seen; SIZE_MAX: no memory. */
static size_t split_plain(struct detect_csv *c, const char *p, size_t n)
{
    const char *end = p + n;
    size_t limit = field_limit(c);
    size_t count = 0;
    for (;;) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma != NULL ? comma : end;
        if (count < limit) {
            if (!room(c, count))
                return SIZE_MAX;
            c->fields[count] = bytes_make(p, (size_t)(stop - p));
        }
        count++;
        if (comma == NULL)
            return count;
        if (count > limit)
            return count; /* enough to know that the row is too long */
        p = comma + 1;
    }
}

/* Splits a record with quotes; fields are copied, since doubled quotes shrink. */
static size_t split_quoted(struct detect_csv *c, const char *p, size_t n)
{
    const char *end = p + n;
    size_t limit = field_limit(c);
    size_t count = 0;
    buf_clear(&c->plain);
    if (buf_reserve(&c->plain, n + 1) == NULL)
        return SIZE_MAX;
    char *to = c->plain.p;
    for (;;) {
        char *begin = to;
        bool quoted = p < end && *p == '"';
        if (quoted)
            p++;
        while (p < end) {
            if (quoted && *p == '"') {
                if (p + 1 < end && p[1] == '"') {
                    *to++ = '"';
                    p += 2;
                } else {
                    quoted = false;
                    p++;
                }
            } else if (!quoted && *p == ',') {
                break;
            } else {
                *to++ = *p++;
            }
        }
        if (count < limit) {
            if (!room(c, count))
                return SIZE_MAX;
            c->fields[count] = bytes_make(begin, (size_t)(to - begin));
        }
        count++;
        if (p >= end || count > limit)
            return count;
        p++;
    }
}

static enum err emit(struct detect_csv *c, const char *p, size_t n, bool quotes, uint64_t line)
{
    if (n > 0 && p[n - 1] == '\r')
        n--;
    /* A byte order mark may stand before the header. */
    if (c->n_header == 0 && n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
        n -= 3;
    }
    if (n == 0)
        return ERR_NONE;
    size_t count = quotes ? split_quoted(c, p, n) : split_plain(c, p, n);
    if (count == SIZE_MAX)
        return ERR_MEMORY;
    if (c->n_header == 0) {
        c->n_header = count < FIELDS_MAX ? count : FIELDS_MAX;
        return c->header(c->ctx, c->fields, c->n_header);
    }
    c->counts.rows++;
    if (count > c->n_header)
        c->counts.long_rows++;
    if (count < c->n_header) {
        c->counts.short_rows++;
        if (!room(c, c->n_header))
            return ERR_MEMORY;
        for (size_t i = count; i < c->n_header; i++)
            c->fields[i] = bytes_make("", 0);
    }
    struct detect_csv_row row = {c->fields, c->n_header, line};
    return c->row(c->ctx, &row) ? ERR_NONE : ERR_STOPPED;
}

/*
 * Looks for the line break that ends the record, from *at on. Quotes toggle; a doubled quote
 * toggles twice. Returns the break's place or SIZE_MAX.
 */
static size_t record_end(const char *p, size_t n, size_t *at, bool *quoted, bool *quotes,
                         uint64_t *lines)
{
    size_t i = *at;
    for (;;) {
        if (!*quoted) {
            const char *lf = memchr(p + i, '\n', n - i);
            size_t stop = lf != NULL ? (size_t)(lf - p) : n;
            const char *quote = memchr(p + i, '"', stop - i);
            if (quote == NULL) {
                *at = stop;
                return lf != NULL ? stop : SIZE_MAX;
            }
            *quotes = true;
            *quoted = true;
            i = (size_t)(quote - p) + 1;
        } else {
            const char *quote = memchr(p + i, '"', n - i);
            size_t stop = quote != NULL ? (size_t)(quote - p) : n;
            for (size_t k = i; k < stop; k++)
                *lines += p[k] == '\n';
            if (quote == NULL) {
                *at = n;
                return SIZE_MAX;
            }
            *quoted = false;
            i = stop + 1;
        }
    }
}

/* The held beginning gets longer, until its end comes. Returns how many bytes of p were used. */
static enum err feed_held(struct detect_csv *c, const char *p, size_t n, size_t *used)
{
    size_t before = c->held.n;
    size_t take = n;
    if (before + n > RECORD_MAX)
        take = RECORD_MAX > before ? RECORD_MAX - before : 0;
    buf_add(&c->held, p, take);
    if (!buf_ok(&c->held))
        return ERR_MEMORY;
    bool quotes = false;
    size_t at = c->seen;
    size_t end = record_end(c->held.p, c->held.n, &at, &c->quoted, &quotes, &c->lines_held);
    c->seen = at;
    if (end == SIZE_MAX) {
        *used = take;
        if (take < n) {
            c->counts.too_long++;
            c->skipping = true;
            buf_clear(&c->held);
            c->seen = 0;
            c->quoted = false;
        }
        return ERR_NONE;
    }
    *used = end + 1 - before;
    quotes = memchr(c->held.p, '"', end) != NULL;
    uint64_t line = c->line;
    c->line += 1 + c->lines_held;
    c->lines_held = 0;
    c->seen = 0;
    enum err e = emit(c, c->held.p, end, quotes, line);
    buf_clear(&c->held);
    return e;
}

enum err detect_csv_feed(struct detect_csv *c, const char *p, size_t n)
{
    while (n > 0) {
        if (c->skipping) {
            const char *lf = memchr(p, '\n', n);
            if (lf == NULL)
                return ERR_NONE;
            n -= (size_t)(lf - p) + 1;
            p = lf + 1;
            c->skipping = false;
            c->line++;
            continue;
        }
        if (c->held.n > 0) {
            size_t used = 0;
            enum err e = feed_held(c, p, n, &used);
            if (e != ERR_NONE)
                return e;
            p += used;
            n -= used;
            continue;
        }
        size_t at = 0;
        bool quoted = false;
        bool quotes = false;
        uint64_t lines = 0;
        size_t end = record_end(p, n, &at, &quoted, &quotes, &lines);
        if (end == SIZE_MAX) {
            size_t used = 0;
            c->seen = 0;
            c->quoted = false;
            c->lines_held = 0;
            enum err e = feed_held(c, p, n, &used);
            if (e != ERR_NONE)
                return e;
            p += used;
            n -= used;
            continue;
        }
        uint64_t line = c->line;
        c->line += 1 + lines;
        enum err e = emit(c, p, end, quotes, line);
        if (e != ERR_NONE)
            return e;
        p += end + 1;
        n -= end + 1;
    }
    return ERR_NONE;
}

enum err detect_csv_end(struct detect_csv *c)
{
    if (c->held.n == 0)
        return ERR_NONE;
    if (c->quoted)
        c->counts.unclosed++;
    bool quotes = memchr(c->held.p, '"', c->held.n) != NULL;
    uint64_t line = c->line;
    c->line += 1 + c->lines_held;
    enum err e = emit(c, c->held.p, c->held.n, quotes, line);
    buf_clear(&c->held);
    c->seen = 0;
    c->quoted = false;
    return e;
}
