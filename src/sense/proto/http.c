/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http.h"

#include "base/mem.h"
#include "proto/http_priv.h"

#include <string.h>

#define HEAD_KEEP 4096 /* a larger buffer is given back after its message */
#define CHUNK_MAX ((uint64_t)1 << 60)
#define CHUNK_LINE_MAX 1024
#define METHOD_SIZE 24

enum part {
    PART_HEAD,        /* start line and headers */
    PART_BODY,        /* left bytes of body */
    PART_CHUNK_SIZE,  /* the line before a chunk */
    PART_CHUNK,       /* left bytes of a chunk */
    PART_CHUNK_END,   /* the line end after a chunk */
    PART_TRAILER,     /* lines after the last chunk, up to an empty one */
    PART_UNTIL_CLOSE, /* everything is body */
    PART_LOST,        /* wait for something that looks like a start line */
};

struct side {
    enum part part;
    char *head; /* bytes of the message up to the end of its headers */
    size_t head_n;
    size_t head_cap;
    size_t scanned; /* of head, for the empty line */
    uint64_t left;
    uint64_t chunk_size;
    unsigned line_n; /* bytes of the chunk size or trailer line so far */
    bool digits_done;
    bool in_message; /* the head was read, the message is not given out yet */
    bool one_seen;   /* a message came from this side: it does speak HTTP */
    struct proto_http_message m;
};

struct pending {
    uint8_t n;
    char method[METHOD_SIZE];
};

struct proto_http_conn {
    proto_http_message_fn message;
    void *ctx;
    enum proto_http_state state;
    struct side sides[2];
    uint64_t requests;                              /* numbers given to requests */
    uint64_t answered;                              /* numbers given to final responses */
    struct pending pending[PROTO_HTTP_PENDING_MAX]; /* methods by number */
};

struct proto_http_conn *proto_http_conn_new(proto_http_message_fn message, void *ctx)
{
    struct proto_http_conn *c = mem_zero(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->message = message;
    c->ctx = ctx;
    return c;
}

void proto_http_conn_free(struct proto_http_conn *c)
{
    if (c == NULL)
        return;
    mem_free(c->sides[0].head);
    mem_free(c->sides[1].head);
    mem_free(c);
}

static void start_head(struct side *s)
{
    s->part = PART_HEAD;
    s->head_n = 0;
    s->scanned = 0;
    s->in_message = false;
    if (s->head_cap > HEAD_KEEP) {
        mem_free(s->head);
        s->head = NULL;
        s->head_cap = 0;
    }
}

static void finish(struct proto_http_conn *c, struct side *s, bool complete)
{
    s->m.complete = complete;
    c->message(c->ctx, &s->m);
    start_head(s);
}

/* Bytes that cannot be followed: what was being read is given as incomplete. */
static void lose(struct proto_http_conn *c, struct side *s)
{
    if (s->in_message)
        finish(c, s, false);
    start_head(s);
    s->part = PART_LOST;
}

static void number_request(struct proto_http_conn *c, struct proto_http_message *m)
{
    struct pending *p = &c->pending[c->requests % PROTO_HTTP_PENDING_MAX];
    p->n = (uint8_t)(m->method.n < METHOD_SIZE ? m->method.n : METHOD_SIZE);
    memcpy(p->method, m->method.p, p->n);
    m->number = c->requests++;
}

static void number_response(struct proto_http_conn *c, struct proto_http_message *m)
{
    bool final = m->status >= 200 || m->status == 101;
    m->number = c->answered;
    m->answers = c->answered < c->requests;
    if (m->answers && c->requests - m->number <= PROTO_HTTP_PENDING_MAX) {
        const struct pending *p = &c->pending[m->number % PROTO_HTTP_PENDING_MAX];
        m->method = bytes_make(p->method, p->n);
    }
    if (!final)
        return;
    c->answered++;
    if (c->requests < c->answered) /* the request was not seen: its number is used up */
        c->requests = c->answered;
}

static bool method_is(const struct proto_http_message *m, const char *name)
{
    return m->method.n == strlen(name) && memcmp(m->method.p, name, m->method.n) == 0;
}

/* What follows the headers (RFC 9112, 6.3). */
static void start_body(struct proto_http_conn *c, struct side *s)
{
    const struct proto_http_message *m = &s->m;
    bool success = m->status >= 200 && m->status < 300;
    if (m->response && (m->status == 101 || (success && method_is(m, "CONNECT")))) {
        c->state = PROTO_HTTP_UPGRADED;
        finish(c, s, true);
    } else if (m->response &&
               (m->status < 200 || m->status == 204 || m->status == 304 || method_is(m, "HEAD"))) {
        finish(c, s, true);
    } else if (m->chunked) {
        s->part = PART_CHUNK_SIZE;
        s->line_n = 0;
        s->chunk_size = 0;
        s->digits_done = false;
    } else if (m->has_content_length && m->content_length > 0) {
        s->part = PART_BODY;
        s->left = m->content_length;
    } else if (m->has_content_length || !m->response) {
        finish(c, s, true);
    } else {
        s->part = PART_UNTIL_CLOSE;
    }
}

static void read_head(struct proto_http_conn *c, struct side *s, enum proto_dir dir, ts_ns ts)
{
    ts_ns first_ts = s->m.first_ts;
    s->m = (struct proto_http_message){.dir = dir,
                                       .first_ts = first_ts,
                                       .head_ts = ts,
                                       .last_ts = ts,
                                       .head_bytes = s->head_n,
                                       .wire_bytes = s->head_n};
    if (!proto_http_read_head(bytes_make(s->head, s->head_n), &s->m)) {
        if (!s->one_seen)
            c->state = PROTO_HTTP_NOT;
        lose(c, s);
        return;
    }
    s->one_seen = true;
    s->in_message = true;
    if (s->m.response)
        number_response(c, &s->m);
    else
        number_request(c, &s->m);
    start_body(c, s);
}

/* How many bytes of head end it with an empty line; 0 while there is none. */
static size_t find_head_end(struct side *s)
{
    for (size_t i = s->scanned; i < s->head_n; i++) {
        if (s->head[i] != '\n')
            continue;
        size_t before = i;
        if (before > 0 && s->head[before - 1] == '\r')
            before--;
        if (before > 0 && s->head[before - 1] == '\n')
            return i + 1;
    }
    s->scanned = s->head_n;
    return 0;
}

/* Takes bytes of the head; gives how many of data belong to it. */
static size_t feed_head(struct proto_http_conn *c, struct side *s, enum proto_dir dir, ts_ns ts,
                        struct bytes data)
{
    size_t blank = 0;
    if (s->head_n == 0) {
        blank = proto_http_skip_blank(data);
        if (blank == data.n)
            return blank;
        s->m.first_ts = ts;
    }
    size_t room = PROTO_HTTP_HEAD_MAX - s->head_n;
    size_t n = data.n - blank < room ? data.n - blank : room;
    size_t before = s->head_n;
    if (mem_grow((void **)&s->head, &s->head_cap, before + n, 1) != 0) {
        lose(c, s);
        return data.n;
    }
    memcpy(s->head + before, data.p + blank, n);
    s->head_n += n;
    enum http_guess guess = proto_http_guess(bytes_make(s->head, s->head_n));
    if (guess == HTTP_GUESS_NO) {
        if (!s->one_seen)
            c->state = PROTO_HTTP_NOT;
        lose(c, s);
        return data.n;
    }
    size_t end = find_head_end(s);
    if (end > 0) {
        s->head_n = end;
        read_head(c, s, dir, ts);
        return blank + end - before;
    }
    if (s->head_n == PROTO_HTTP_HEAD_MAX) {
        lose(c, s);
        return data.n;
    }
    return blank + n;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* One byte of the line that tells a chunk's size; extensions after the number are passed over. */
static bool feed_chunk_size(struct side *s, uint8_t b)
{
    if (b == '\n') {
        if (s->line_n == 0)
            return false;
        s->part = s->chunk_size > 0 ? PART_CHUNK : PART_TRAILER;
        s->left = s->chunk_size;
        s->line_n = 0;
        return true;
    }
    int digit = hex_digit(b);
    if (digit < 0 || s->digits_done) {
        s->digits_done = true;
        return s->line_n++ > 0 && s->line_n < CHUNK_LINE_MAX;
    }
    s->line_n++;
    s->chunk_size = s->chunk_size * 16 + (unsigned)digit;
    return s->chunk_size <= CHUNK_MAX;
}

/* One byte of the framing around chunks; false when it does not fit. */
static bool feed_framing(struct proto_http_conn *c, struct side *s, uint8_t b)
{
    switch (s->part) {
    case PART_CHUNK_SIZE:
        return feed_chunk_size(s, b);
    case PART_CHUNK_END:
        if (b == '\r')
            return true;
        s->part = PART_CHUNK_SIZE;
        s->line_n = 0;
        s->chunk_size = 0;
        s->digits_done = false;
        return b == '\n';
    default: /* PART_TRAILER */
        if (b == '\n') {
            if (s->line_n == 0)
                finish(c, s, true);
            s->line_n = 0;
        } else if (b != '\r') {
            s->line_n++;
        }
        return s->line_n < PROTO_HTTP_HEAD_MAX;
    }
}

/* Bytes of a body or chunk that are n long, seen or missed; gives how many belong to it. */
static uint64_t pass_body(struct proto_http_conn *c, struct side *s, uint64_t n)
{
    uint64_t step = s->part == PART_UNTIL_CLOSE || n < s->left ? n : s->left;
    s->m.body_bytes += step;
    s->m.wire_bytes += step;
    if (s->part == PART_UNTIL_CLOSE)
        return step;
    s->left -= step;
    if (s->left == 0 && s->part == PART_BODY)
        finish(c, s, true);
    else if (s->left == 0)
        s->part = PART_CHUNK_END;
    return step;
}

static bool starts_message(struct bytes data)
{
    enum http_guess guess = proto_http_guess(data);
    if (guess == HTTP_GUESS_RESPONSE)
        return true;
    if (guess != HTTP_GUESS_REQUEST)
        return false;
    const uint8_t *end = memchr(data.p, '\n', data.n);
    size_t n = end != NULL ? (size_t)(end - data.p) : data.n;
    static const char version[] = " HTTP/1.";
    for (size_t i = 0; i + sizeof(version) - 1 <= n; i++)
        if (memcmp(data.p + i, version, sizeof(version) - 1) == 0)
            return true;
    return false;
}

/* Behind a gap the next answer is most likely to the latest question. */
static void resume(struct proto_http_conn *c, struct side *s, struct bytes data)
{
    start_head(s);
    if (proto_http_guess(data) == HTTP_GUESS_RESPONSE) {
        if (c->requests > 0 && c->answered + 1 < c->requests)
            c->answered = c->requests - 1;
    } else if (c->requests < c->answered) {
        c->requests = c->answered;
    }
}

enum proto_http_state proto_http_conn_feed(struct proto_http_conn *c, enum proto_dir dir, ts_ns ts,
                                           struct bytes data)
{
    struct side *s = &c->sides[dir];
    while (c->state == PROTO_HTTP_MORE && data.n > 0) {
        size_t used = 1;
        if (s->in_message)
            s->m.last_ts = ts;
        switch (s->part) {
        case PART_HEAD:
            used = feed_head(c, s, dir, ts, data);
            break;
        case PART_BODY:
        case PART_CHUNK:
        case PART_UNTIL_CLOSE:
            used = (size_t)pass_body(c, s, data.n);
            break;
        case PART_CHUNK_SIZE:
        case PART_CHUNK_END:
        case PART_TRAILER:
            s->m.wire_bytes++;
            if (!feed_framing(c, s, data.p[0]))
                lose(c, s);
            break;
        case PART_LOST:
            if (!starts_message(data))
                return c->state;
            resume(c, s, data);
            continue;
        }
        data = bytes_make(data.p + used, data.n - used);
    }
    return c->state;
}

enum proto_http_state proto_http_conn_gap(struct proto_http_conn *c, enum proto_dir dir, ts_ns ts,
                                          uint64_t missing)
{
    struct side *s = &c->sides[dir];
    if (c->state != PROTO_HTTP_MORE || missing == 0)
        return c->state;
    if (s->part == PART_BODY || s->part == PART_CHUNK || s->part == PART_UNTIL_CLOSE) {
        s->m.last_ts = ts;
        missing -= pass_body(c, s, missing);
    }
    if (missing > 0)
        lose(c, s);
    return c->state;
}

void proto_http_conn_end(struct proto_http_conn *c, enum proto_dir dir, ts_ns ts)
{
    struct side *s = &c->sides[dir];
    if (!s->in_message)
        return;
    s->m.last_ts = ts;
    finish(c, s, s->part == PART_UNTIL_CLOSE);
    s->part = PART_LOST;
}

size_t proto_http_conn_bytes(const struct proto_http_conn *c)
{
    return sizeof(*c) + c->sides[0].head_cap + c->sides[1].head_cap;
}
