#ifndef FORMAT_JSON_H
#define FORMAT_JSON_H

/*
 * Fast JSON for events: one document in, a flat tape out, which is walked without calls.
 *
 * simdjson checks the text completely (RFC 8259, UTF-8) and writes a tape: one 64-bit word for each
 * bracket, key, string, and atom, two for a number. The inline functions below are all that knows
 * that form. A place on the tape is an index; a container's members lie between its own index and
 * format_json_end(). Members with the same key are all there, in order.
 *
 * Whole numbers of 64 bits are exact; larger ones become doubles, as all others do.
 *
 * Ownership: format_json_new() makes the parser, which grows to the largest document seen; the tape
 *            dies at the next parse.
 * Threads:   one owner.
 */

#include "format/node.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FORMAT_JSON_PADDING                                                                        \
    64                       /* bytes that may be read past a padded text; their value is free     \
                              */
#define FORMAT_JSON_DEPTH 64 /* deepest nesting that is taken */
#define FORMAT_JSON_MAX ((size_t)1 << 30)

struct format_json;

/* Where a text is no JSON. */
struct format_json_bad {
    size_t offset;        /* in bytes */
    const char *expected; /* a sentence, for people */
};

/* NULL when memory is short. */
struct format_json *format_json_new(void);
void format_json_free(struct format_json *p); /* NULL is fine */

/*
 * Parses a document. ERR_FORMAT (*bad is set, unless bad is NULL), ERR_LIMIT when it is too long,
 * ERR_MEMORY.
 */
enum err format_json_parse(struct format_json *p, const char *text, size_t n,
                           struct format_json_bad *bad) ERR_MUST_CHECK;
/* The same without a copy: FORMAT_JSON_PADDING bytes after the text can be read. */
enum err format_json_parse_padded(struct format_json *p, const char *text, size_t n,
                                  struct format_json_bad *bad) ERR_MUST_CHECK;
/*
 * Parses what careless programs write: a byte that is no UTF-8 becomes \xhh and a bare control
 * character in a string is taken as it is. *out_repaired counts them.
 */
enum err format_json_parse_repaired(struct format_json *p, const char *text, size_t n,
                                    size_t *out_repaired,
                                    struct format_json_bad *bad) ERR_MUST_CHECK;

/* The first place where the text is no JSON, in plain words; false when it is JSON. */
bool format_json_where(const char *text, size_t n, struct format_json_bad *out);

/* The document of the last successful parse; its root value is at FORMAT_JSON_ROOT. */
struct format_json_tape {
    const uint64_t *word;
    const uint8_t *strings;
};

#define FORMAT_JSON_ROOT ((uint32_t)1)

void format_json_view(const struct format_json *p, struct format_json_tape *out);

static inline char format_json_tag(const struct format_json_tape *t, uint32_t at)
{
    return (char)(t->word[at] >> 56);
}

static inline enum format_type format_json_type(const struct format_json_tape *t, uint32_t at)
{
    switch (format_json_tag(t, at)) {
    case '{':
        return FORMAT_OBJECT;
    case '[':
        return FORMAT_ARRAY;
    case '"':
        return FORMAT_STRING;
    case 'l':
        return FORMAT_INT;
    case 'u':
    case 'd':
        return FORMAT_FLOAT;
    case 't':
    case 'f':
        return FORMAT_BOOL;
    default:
        return FORMAT_NULL;
    }
}

/* Of an object or array: the index of its closing bracket; its first member is at at + 1. */
static inline uint32_t format_json_end(const struct format_json_tape *t, uint32_t at)
{
    return (uint32_t)t->word[at] - 1;
}

/* The index after a value: the next key, value or closing bracket. A key takes one word. */
static inline uint32_t format_json_next(const struct format_json_tape *t, uint32_t at)
{
    switch (format_json_tag(t, at)) {
    case '{':
    case '[':
        return (uint32_t)t->word[at];
    case 'l':
    case 'u':
    case 'd':
        return at + 2;
    default:
        return at + 1;
    }
}

/* Of a string or key: NUL-terminated (and may hold a NUL), valid UTF-8. */
static inline const char *format_json_str(const struct format_json_tape *t, uint32_t at,
                                          size_t *out_n)
{
    const uint8_t *p = t->strings + (t->word[at] & 0xffffffffffffffU);
    uint32_t n;
    memcpy(&n, p, sizeof(n));
    *out_n = n;
    return (const char *)p + sizeof(n);
}

/* Of FORMAT_INT. */
static inline int64_t format_json_i64(const struct format_json_tape *t, uint32_t at)
{
    return (int64_t)t->word[at + 1];
}

/* Of FORMAT_INT and FORMAT_FLOAT. */
static inline double format_json_f64(const struct format_json_tape *t, uint32_t at)
{
    double d;
    switch (format_json_tag(t, at)) {
    case 'l':
        return (double)(int64_t)t->word[at + 1];
    case 'u':
        return (double)t->word[at + 1];
    default:
        memcpy(&d, &t->word[at + 1], sizeof(d));
        return d;
    }
}

/* Of FORMAT_BOOL. */
static inline bool format_json_bool(const struct format_json_tape *t, uint32_t at)
{
    return format_json_tag(t, at) == 't';
}

#ifdef __cplusplus
}
#endif

#endif
