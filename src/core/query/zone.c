/* SPDX-License-Identifier: Apache-2.0 */
#include "query/zone.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/file.h"

#include <stdio.h>
#include <string.h>

#define FOLDER "/usr/share/zoneinfo/"
#define FILE_MAX ((size_t)1 << 20)
#define NAME_MAX_BYTES 100
#define OFFSET_MAX 93600 /* 26 hours, as RFC 8536 has it */

/* The head of a block: how many of what stand in it. */
struct head {
    uint8_t version;
    uint32_t utc_n;
    uint32_t standard_n;
    uint32_t leap_n;
    uint32_t time_n;
    uint32_t type_n;
    uint32_t char_n;
};

static bool read_head(struct cursor *c, struct head *out)
{
    struct bytes magic = cursor_take(c, 4);
    out->version = cursor_u8(c);
    cursor_skip(c, 15);
    out->utc_n = cursor_be32(c);
    out->standard_n = cursor_be32(c);
    out->leap_n = cursor_be32(c);
    out->time_n = cursor_be32(c);
    out->type_n = cursor_be32(c);
    out->char_n = cursor_be32(c);
    return cursor_ok(c) && memcmp(magic.p, "TZif", 4) == 0 && out->type_n > 0;
}

/* The second block of a file, whose times have eight bytes. */
static enum err read_block(struct cursor c, const struct head *h, struct arena *arena,
                           struct query_zone *out)
{
    struct query_zone z = {.n = h->time_n};
    struct cursor times = cursor_sub(&c, (size_t)h->time_n * 8);
    struct cursor indices = cursor_sub(&c, h->time_n);
    struct bytes types = cursor_take(&c, (size_t)h->type_n * 6);
    if (!cursor_ok(&c))
        return ERR_FORMAT;
    struct query_zone_change *changes = arena_alloc(arena, (z.n + 1) * sizeof(*changes));
    if (changes == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i <= z.n; i++) {
        /* The first type of all is what was before all changes. */
        uint8_t type = i < z.n ? cursor_u8(&indices) : 0;
        if (type >= h->type_n)
            return ERR_FORMAT;
        struct cursor one = cursor_make(types.p + (size_t)type * 6, 6);
        int32_t offset = (int32_t)cursor_be32(&one);
        if (offset > OFFSET_MAX || offset < -OFFSET_MAX)
            return ERR_FORMAT;
        if (i == z.n) {
            z.first_s = offset;
            break;
        }
        changes[i] = (struct query_zone_change){(int64_t)cursor_be64(&times), offset};
        if (i > 0 && changes[i].at <= changes[i - 1].at)
            return ERR_FORMAT;
    }
    z.changes = changes;
    *out = z;
    return ERR_NONE;
}

enum err query_zone_read(const void *p, size_t n, struct arena *arena, struct query_zone *out)
{
    struct cursor c = cursor_make(p, n);
    struct head h;
    if (!read_head(&c, &h) || h.version < '2')
        return ERR_FORMAT;
    cursor_skip(&c, (size_t)h.time_n * 5 + (size_t)h.type_n * 6 + h.char_n + (size_t)h.leap_n * 8 +
                        h.standard_n + h.utc_n);
    if (!read_head(&c, &h))
        return ERR_FORMAT;
    return read_block(c, &h, arena, out);
}

static bool read_two(const char *s, size_t n, size_t *at, int *out)
{
    if (n - *at < 2 || s[*at] < '0' || s[*at] > '9' || s[*at + 1] < '0' || s[*at + 1] > '9')
        return false;
    *out = (s[*at] - '0') * 10 + (s[*at + 1] - '0');
    *at += 2;
    return true;
}

size_t query_zone_read_offset(const char *s, size_t n, int *out_s)
{
    size_t at = 1;
    int hours, minutes = 0;
    if (n > 0 && *s == 'Z') {
        *out_s = 0;
        return 1;
    }
    if (n == 0 || (*s != '+' && *s != '-') || !read_two(s, n, &at, &hours))
        return 0;
    bool colon = at < n && s[at] == ':';
    at += colon;
    bool more = at < n && s[at] >= '0' && s[at] <= '9';
    if (((colon || more) && !read_two(s, n, &at, &minutes)) || hours > 18 || minutes > 59)
        return 0;
    *out_s = (*s == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return at;
}

static bool read_fixed(const char *s, size_t n, int *out_s)
{
    if (n == 3 && (memcmp(s, "UTC", 3) == 0 || memcmp(s, "GMT", 3) == 0)) {
        *out_s = 0;
        return true;
    }
    return n > 0 && query_zone_read_offset(s, n, out_s) == n;
}

static bool is_name(const char *s, size_t n)
{
    if (n == 0 || n > NAME_MAX_BYTES || *s == '/')
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        bool fine = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-' || c == '+' || c == '/';
        if (!fine || (c == '/' && s[i - 1] == '/'))
            return false;
    }
    return true;
}

enum err query_zone_load(const char *s, size_t n, struct arena *arena, struct query_zone *out,
                         struct err_text *why)
{
    char path[sizeof(FOLDER) + NAME_MAX_BYTES];
    struct buf content;
    int offset;
    if (read_fixed(s, n, &offset)) {
        *out = (struct query_zone){.first_s = offset};
        return ERR_NONE;
    }
    if (!is_name(s, n))
        return err_set(why, ERR_INVALID, "expected a time zone such as +01:00 or Europe/Berlin");
    snprintf(path, sizeof(path), FOLDER "%.*s", (int)n, s);
    buf_init(&content);
    enum err rc = file_read(path, FILE_MAX, &content, NULL);
    if (rc == ERR_NONE)
        rc = query_zone_read(content.p, content.n, arena, out);
    buf_release(&content);
    if (rc == ERR_MEMORY)
        return err_set(why, rc, "no memory for a time zone");
    if (rc != ERR_NONE)
        return err_set(why, ERR_INVALID, "the time zone %.*s is not known here", (int)n, s);
    return ERR_NONE;
}

static int64_t floor_seconds(ts_ns t)
{
    return t / TIME_S - (t % TIME_S < 0);
}

/* How many changes are not after an instant. */
static size_t changes_until(const struct query_zone *z, ts_ns t)
{
    int64_t s = floor_seconds(t);
    size_t low = 0;
    size_t high = z->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (z->changes[mid].at <= s)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

ts_ns query_zone_offset(const struct query_zone *z, ts_ns t)
{
    size_t n = changes_until(z, t);
    return (n > 0 ? z->changes[n - 1].offset_s : z->first_s) * TIME_S;
}

ts_ns query_zone_change(const struct query_zone *z, ts_ns t)
{
    size_t n = changes_until(z, t);
    ts_ns at;
    if (n == 0 || __builtin_mul_overflow(z->changes[n - 1].at, TIME_S, &at))
        return TIME_NONE;
    return at;
}

static ts_ns subtract(ts_ns a, ts_ns b)
{
    ts_ns d;
    return __builtin_sub_overflow(a, b, &d) ? (b > 0 ? INT64_MIN + 1 : INT64_MAX) : d;
}

ts_ns query_zone_local(const struct query_zone *z, ts_ns t)
{
    return subtract(t, -query_zone_offset(z, t));
}

/* As query_zone_date(), and whether no clock shows it. */
static ts_ns resolve(const struct query_zone *z, ts_ns local, bool *out_skipped)
{
    *out_skipped = false;
    if (z->n == 0)
        return subtract(local, z->first_s * TIME_S);
    /* No zone changes twice within two days. */
    ts_ns before = query_zone_offset(z, subtract(local, TIME_DAY));
    ts_ns after = query_zone_offset(z, subtract(local, -TIME_DAY));
    ts_ns t = subtract(local, before);
    if (before == after || query_zone_offset(z, t) == before)
        return t;
    ts_ns later = subtract(local, after);
    *out_skipped = query_zone_offset(z, later) != after;
    return *out_skipped ? t : later;
}

ts_ns query_zone_instant(const struct query_zone *z, ts_ns local)
{
    bool skipped;
    ts_ns t = resolve(z, local, &skipped);
    return skipped ? query_zone_change(z, t) : t;
}

ts_ns query_zone_date(const struct query_zone *z, ts_ns local)
{
    bool skipped;
    return resolve(z, local, &skipped);
}

ts_ns query_zone_near(const struct query_zone *z, ts_ns local, ts_ns offset)
{
    ts_ns t = subtract(local, offset);
    return query_zone_offset(z, t) == offset ? t : query_zone_date(z, local);
}
